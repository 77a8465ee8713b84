// The types of one attempt of a call. Each stage between a call and the transport wraps a `Send` in another `Send`.
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Errors from "../Errors.js"
import type * as Failure from "./failure.js"
import type { Level } from "../RateLimit.js"
import type { EncodedRequest } from "./endpoint.js"
import type { Restore } from "../runtime/fiber.js"

/** The data that the attempts of one call share. All times are milliseconds of the monotonic clock. */
export interface Call {
  readonly encoded: EncodedRequest
  /** The statuses that the endpoint documents as errors. */
  readonly declares: ReadonlyArray<number>
  readonly isWrite: boolean
  /** Whether the same input can be sent again although it may have been applied. */
  readonly isSafeToRetry: boolean
  /** Texts of the input that no error may show. */
  readonly secrets: () => ReadonlyArray<string>
  /** The fiber that makes the call. */
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown>
  /** Makes a wait interruptible if the calling fiber is interruptible. A call cannot be interrupted between its waits. */
  readonly restore: Restore
  readonly clock: Clock.Clock
  readonly startedAt: number
  /** The latest time at which the call ends. */
  readonly deadline: number
  /** The timeout of one request, in milliseconds. It starts when the request has its permit. */
  readonly timeoutMillis: number
  readonly priority: Level
  /** Whether a tracer is installed. */
  readonly isTraced: boolean
}

/** One attempt. Stages that add to a request (bearer, redirect) pass on a copy. */
export interface Attempt {
  readonly call: Call
  readonly request: HttpClientRequest.HttpClientRequest
  readonly startedAt: number
  /** The number of requests that the call has already sent. */
  readonly requestsBefore: number
  /** The time at which the first request that may have been applied was sent. Absent if there is no such request. */
  readonly unknownSince?: number | undefined
}

/** A complete response: header names in lower case, the body as text. */
export interface Response extends Failure.Response {
  /** The time at which its request was sent. */
  readonly sentAt: number
  /** The number of requests that the call has sent, this one included. */
  readonly requests: number
  /** The request that led to this response, bearer included. */
  readonly request: HttpClientRequest.HttpClientRequest
}

/** The failure of an attempt. */
export interface AttemptFailure {
  readonly error: Errors.ContactsError
  /** The time at which the attempt's last request was sent. Absent if nothing was sent. */
  readonly sentAt?: number | undefined
  /** Whether the call must not be retried, even if `error.isRetryable` is true. */
  readonly isFinal?: boolean
}

export type Send = (attempt: Attempt) => Effect.Effect<Response, AttemptFailure>

const bearerOf = ({ request }: Attempt): ReadonlyArray<string> => {
  const bearer = request.headers["authorization"]?.replace(/^Bearer /, "")
  return bearer === undefined ? [] : [bearer]
}

/** The properties of an attempt that its errors contain. */
export const errorContext = (attempt: Attempt, isSent = true): Failure.ErrorContext => {
  const { call, requestsBefore, unknownSince } = attempt
  return {
    operation: call.encoded.name,
    attempts: requestsBefore + (isSent ? 1 : 0),
    declares: call.declares,
    isWrite: call.isWrite,
    isSafeToRetry: call.isSafeToRetry,
    mayBeApplied: unknownSince !== undefined,
    secrets: () => [...bearerOf(attempt), ...call.secrets()]
  }
}
