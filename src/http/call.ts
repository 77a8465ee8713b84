// Performs a call: encodes its input, sends the request, retries it and decodes the response.
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Errors from "../Errors.js"
import * as Failure from "./failure.js"
import * as RateLimit from "../RateLimit.js"
import * as RetryPolicy from "../RetryPolicy.js"
import { type Attempt, type Call, type Response, type Send } from "./attempt.js"
import { type AnyEndpoint, isRead, type Lookup, type Perform, type RetryTiming } from "../api/endpoint.js"
import { decode, encode, type EncodedRequest, secretsOf } from "./endpoint.js"
import { retry } from "./retry.js"
import { makeRetryBudget } from "./retryDecision.js"
import { clockOf, servicesOf, uninterruptible } from "../runtime/fiber.js"
import * as telemetry from "../runtime/telemetry.js"
import { measuredCall } from "./telemetry.js"
import { monotonic } from "../runtime/timer.js"

/** The settings and functions that the calls of one service share. */
export interface HttpEnvironment {
  /** The URL that paths are appended to, without a slash at the end. */
  readonly baseUrl: string
  readonly send: Send
  /** By endpoint name, the `Version` to use instead of the endpoint's default. It must be a documented one. */
  readonly versions?: { readonly [endpoint: string]: string | undefined } | undefined
  /** The retry policy of calls whose effect has none of its own. */
  readonly retryPolicy: RetryPolicy.Policy
}

/** The retry policy that was provided to an effect. `Context.get` would return the default if there is none. */
const policyOf = (context: Context.Context<never>): RetryPolicy.Policy | undefined =>
  context.unsafeMap.get(RetryPolicy.RetryPolicy.key) as RetryPolicy.Policy | undefined

/** Makes the function that performs the calls of one service. */
export const makePerform = (environment: HttpEnvironment): Perform => {
  const budget = makeRetryBudget()
  const requestOf = requestBuilder(environment.baseUrl)
  const { retryPolicy, send, versions } = environment

  const performCall = (
    row: AnyEndpoint,
    input: object,
    mapAnswer: MapAnswer
  ): Effect.Effect<unknown, Errors.ContactsError> =>
    uninterruptible((restore, fiber) => {
      const encoded = encode(row, versions?.[row.name] ?? (row.version as string), input)
      if (Either.isLeft(encoded)) return Effect.fail(encoded.left)
      const policy = policyOf(fiber.currentContext) ?? retryPolicy
      const call = callOf(row, encoded.right, input, policy, { fiber, restore })
      const { verify } = row
      const performed = retry(
        {
          policy,
          budget,
          send,
          decode: (attempt, response) =>
            Either.map(answerOf(row, attempt, response, input), (answer) => mapAnswer(row, attempt, answer, response)),
          verify:
            verify &&
            ((limit, unknownSince) =>
              RetryPolicy.withPolicy(verify(lookup(unknownSince), input as never), { ...policy, deadline: limit }))
        },
        { call, request: requestOf(row, encoded.right), startedAt: call.startedAt, requestsBefore: 0 }
      )
      const measured = measuredCall(withReason(row, performed), call)
      return call.isTraced
        ? telemetry.spanned(measured, {
            name: `${row.service ?? "ContactsHttp"}.${row.name}`,
            kind: "internal",
            attributes: encoded.right.params,
            tagOf: ({ _tag }) => _tag
          })
        : measured
    })

  /** Performs a read that verifies a write, and adds the times of that write to the answer. */
  const lookup = (unknownSince: number) =>
    ((row, input) =>
      performCall(row, input, (_, attempt, answer, response) => ({
        answer,
        ...retryTimingOf(attempt, unknownSince, response)
      }))) as Lookup

  // The types of input and answer come from the endpoint's definition.
  return ((row, input) => performCall(row, input, reconcile)) as Perform
}

/** Turns the decoded answer into the result of the call. */
type MapAnswer = (row: AnyEndpoint, attempt: Attempt, answer: unknown, response: Response) => unknown

/** Decodes a response. If a retry is refused because an earlier attempt was applied, that counts as success. */
const answerOf = (
  row: AnyEndpoint,
  attempt: Attempt,
  response: Response,
  input: object
): Either.Either<unknown, Errors.ContactsError> => {
  const answer = decode(row, attempt, response, input)
  if (Either.isRight(answer) || attempt.unknownSince === undefined || row.reconcileError === undefined) return answer
  return Option.match(row.reconcileError(answer.left), { onNone: () => answer, onSome: Either.right })
}

/** Adds the endpoint's `unverifiable` reason to the message of an error whose outcome is unknown. */
const withReason = <A>(
  { unverifiable }: AnyEndpoint,
  performed: Effect.Effect<A, Errors.ContactsError>
): Effect.Effect<A, Errors.ContactsError> =>
  unverifiable === undefined
    ? performed
    : Effect.mapError(performed, (error) =>
        error.outcome === "Unknown" ? Failure.withMessage(error, `${error.message}; ${unverifiable}`) : error
      )

const callOf = (
  row: AnyEndpoint,
  encoded: EncodedRequest,
  input: { readonly body?: unknown },
  policy: RetryPolicy.Policy,
  { fiber, restore }: Pick<Call, "fiber" | "restore">
): Call => {
  const services = servicesOf(fiber)
  const clock = clockOf(services)
  const startedAt = monotonic(clock)
  return {
    encoded,
    declares: row.errors,
    isWrite: !isRead(row),
    isSafeToRetry: row.isSafeToRetry(input.body),
    secrets: () => secretsOf(encoded),
    fiber,
    restore,
    clock,
    startedAt,
    deadline: startedAt + Duration.toMillis(policy.deadline),
    timeoutMillis: Duration.toMillis(policy.attemptTimeout),
    priority: Context.get(fiber.currentContext, RateLimit.Priority),
    isTraced: telemetry.isTracing(services)
  }
}

/** Makes a function that builds requests. All requests of an endpoint have the same headers, which are made once. */
const requestBuilder = (baseUrl: string) => {
  const blanks = new WeakMap<AnyEndpoint, HttpClientRequest.HttpClientRequest>()
  return (row: AnyEndpoint, { method, path, version, body }: EncodedRequest): HttpClientRequest.HttpClientRequest => {
    let blank = blanks.get(row)
    if (blank === undefined) {
      blank = HttpClientRequest.make(method)("", { headers: { accept: "application/json", version } })
      blanks.set(row, blank)
    }
    const request = HttpClientRequest.setUrl(blank, baseUrl + path)
    return body === undefined ? request : HttpClientRequest.setBody(request, HttpBody.text(body, "application/json"))
  }
}

/** Passes the answer of a retry to the endpoint's `reconcile` if an earlier attempt may have been applied. */
const reconcile: MapAnswer = (row, attempt, answer, response) =>
  attempt.unknownSince === undefined || row.reconcile === undefined
    ? answer
    : row.reconcile(answer, retryTimingOf(attempt, attempt.unknownSince, response))

const retryTimingOf = (attempt: Attempt, unknownSince: number, response: Response): RetryTiming => ({
  elapsed: monotonic(attempt.call.clock) - unknownSince,
  serverTime: Failure.serverTime(response, attempt.call.clock.unsafeCurrentTimeMillis())
})
