// One attempt of a call, and what it can come to. Every stage between a call and the wire is a `Send` over another `Send`.
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Errors from "../Errors.js"
import type * as Failure from "./failure.js"
import type { Level } from "../RateLimit.js"
import type { EncodedRequest } from "./endpoint.js"
import type { Restore } from "../runtime/fiber.js"

/** What the attempts of one call share. All times are milliseconds of the monotonic clock. */
export interface Call {
  readonly encoded: EncodedRequest
  /** The statuses that the endpoint documents as errors. */
  readonly declares: ReadonlyArray<number>
  readonly isWrite: boolean
  /** Whether the same input can be sent again although it may have been applied. */
  readonly isRepeatable: boolean
  /** Texts of the input that no error may show. */
  readonly secrets: () => ReadonlyArray<string>
  /** The fiber that makes the call. */
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown>
  /** Makes a wait interruptible, where the caller of the call is. A call cannot be interrupted in between. */
  readonly restore: Restore
  readonly clock: Clock.Clock
  readonly startedAt: number
  /** When the call has to end. */
  readonly deadline: number
  /** How long one request may take once it has its permit. */
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
  /** How many requests the call has sent before. */
  readonly requestsBefore: number
  /** When the first of the earlier requests was sent that may have been applied; absent where none was. */
  readonly unknownSince?: number | undefined
}

/** A whole response: header names in lower case, the body as text. */
export interface Response extends Failure.Response {
  /** When its request was sent. */
  readonly sentAt: number
  /** How many requests the call has sent, this one included. */
  readonly requests: number
  /** The request that it answers, bearer included. */
  readonly request: HttpClientRequest.HttpClientRequest
}

/** Why an attempt failed. */
export interface AttemptFailure {
  readonly error: Errors.ContactsError
  /** When its last request was sent; absent where nothing was sent. */
  readonly sentAt?: number | undefined
  /** Whether no further attempt could end otherwise, whatever the error says. */
  readonly isFinal?: boolean
}

export type Send = (attempt: Attempt) => Effect.Effect<Response, AttemptFailure>

const bearerOf = ({ request }: Attempt): ReadonlyArray<string> => {
  const bearer = request.headers["authorization"]?.replace(/^Bearer /, "")
  return bearer === undefined ? [] : [bearer]
}

/** An attempt as its errors describe it. */
export const errorContext = (attempt: Attempt, isSent = true): Failure.Call => {
  const { call, requestsBefore, unknownSince } = attempt
  return {
    operation: call.encoded.name,
    attempts: requestsBefore + (isSent ? 1 : 0),
    declares: call.declares,
    isWrite: call.isWrite,
    isRepeatable: call.isRepeatable,
    mayBeApplied: unknownSince !== undefined,
    secrets: () => [...bearerOf(attempt), ...call.secrets()]
  }
}
