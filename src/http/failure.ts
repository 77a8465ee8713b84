// Pure functions that convert a response, a failed transport or an invalid input into an error.
import * as Duration from "effect/Duration"
import * as Struct from "effect/Struct"
import { type Duplicate, duplicateOf, isContactNotFound } from "../fields/refusals.js"
import {
  BadRequest,
  type ContactsError,
  Forbidden,
  type Outcome,
  RateLimited,
  ServerError,
  TransportError,
  Unauthorized,
  UnexpectedResponse,
  Unprocessable
} from "../Errors.js"
import { isArray, isObject, parseJson } from "../runtime/json.js"
import { type Conceal, concealing, cut, limits, redactedLines } from "./redact.js"
import { dailyResetMillis, type Head, retryAfter } from "./retryAfter.js"
import { causes, codeOf, type SendState, sendStateOf } from "./transportFailure.js"

export { faults } from "./faults.js"
export { retryAfter, serverTime } from "./retryAfter.js"

/** The call that an error is about. */
export interface ErrorContext {
  readonly operation: string
  /** The number of requests that were sent. */
  readonly attempts: number
  /** The statuses that its endpoint documents. */
  readonly declares: ReadonlyArray<number>
  /** Whether the call is a write. */
  readonly isWrite: boolean
  /** Whether the call can be sent again although it may have been applied already. */
  readonly isSafeToRetry: boolean
  /** Whether an earlier attempt may have been applied. */
  readonly mayBeApplied: boolean
  /** Texts that no message may show: the bearer, and the values that were sent. */
  readonly secrets: () => ReadonlyArray<string>
}

/** A complete HTTP response. */
export interface Response extends Head {
  /** The body as text. */
  readonly body: string
}

/** The outcome of the call after this attempt and the earlier ones. */
const outcomeOf = (call: ErrorContext, outcome: Outcome): Outcome =>
  call.isWrite && (call.mayBeApplied || outcome === "Unknown") ? "Unknown" : "NotApplied"

/** Whether a status is a 2xx. */
export const isSuccess = ({ status }: { readonly status: number }): boolean => status >= 200 && status <= 299

const verdict = (call: ErrorContext, outcome: Outcome, isTransient = true) => {
  const settled = outcomeOf(call, outcome)
  return { outcome: settled, isRetryable: isTransient && (settled === "NotApplied" || call.isSafeToRetry) } as const
}

// --- the body of an error ----------------------------------------------------------------------------------------------

const linesOf = (value: unknown): ReadonlyArray<string> =>
  (isArray(value) ? value : [value]).filter((line): line is string => typeof line === "string" && line !== "")

const isTraceId = (value: unknown): value is string => typeof value === "string" && /^[\w.:-]{1,100}$/.test(value)

interface ErrorBody {
  readonly messages: ReadonlyArray<string>
  readonly details: ReadonlyArray<string>
  readonly traceId?: string
  readonly duplicate?: Duplicate
}

const parseErrorBody = (body: unknown, conceal: Conceal): ErrorBody => {
  if (!isObject(body)) return { messages: [], details: [] }
  const { message, error, error_description, traceId, meta } = body
  const messages = [message, error_description, error].map(linesOf).find((lines) => lines.length > 0) ?? []
  return {
    messages,
    details: redactedLines(messages, conceal),
    duplicate: duplicateOf(meta),
    ...(isTraceId(traceId) && conceal(traceId) === traceId ? { traceId } : {})
  }
}

const mediaType = (response: Response) => {
  const type = (response.headers["content-type"] ?? "").split(";")[0]!.trim().toLowerCase()
  return /^[\w.+-]+\/[\w.+-]+$/.test(type) ? cut(type, limits.name) : "no known type"
}

const messageOf = (response: Response, body: unknown, details: ReadonlyArray<string>): string => {
  if (details.length > 0) return cut(details.join("; "), limits.message)
  if (response.body === "") return `The service responded with ${response.status} without a body`
  const form = body === undefined ? `not JSON but ${mediaType(response)}` : "JSON without a message"
  return `The service responded with ${response.status}, ${form}, ${response.body.length} characters`
}

// --- from another error ------------------------------------------------------------------------------------------------

/** The fields that all errors have. */
const commonFields = ["operation", "attempts", "message", "status", "traceId", "details", "outcome"] as const

/** A copy of an error with other fields. */
const copied = (error: ContactsError, fields: object): ContactsError => {
  // The constructors of all error classes accept the fields that all errors have.
  const Class = error.constructor as new (fields: object) => ContactsError
  // The `message` of an Error is not enumerable, so a spread does not copy it.
  return new Class({ ...error, message: error.message, ...fields })
}

/**
 * Converts an error that ended a call before its next request was sent into an error of that call, with its `operation` and
 * `attempts`. Its outcome is that of the requests that the call has sent, not that of a token exchange.
 */
export const withCallContext = (call: ErrorContext, error: ContactsError): ContactsError =>
  copied(error, { operation: call.operation, attempts: call.attempts, outcome: outcomeOf(call, "NotApplied") })

/**
 * The error of a call that has not got its bearer. A 400 or 422 of the token endpoint refuses the app or its grant, not the
 * input of the call, so it becomes `Unauthorized`.
 */
export const fromCredentials = (call: ErrorContext, error: ContactsError): ContactsError => {
  const isOfApp = error._tag === "BadRequest" || error._tag === "Unprocessable"
  return withCallContext(call, isOfApp ? new Unauthorized(Struct.pick(error, ...commonFields)) : error)
}

/** The same error with another message. */
export const withMessage = (error: ContactsError, message: string): ContactsError =>
  copied(error, { message: cut(message, limits.message) })

// --- from a response ---------------------------------------------------------------------------------------------------

const documented: { readonly [status: number]: typeof BadRequest | typeof Unauthorized | typeof Unprocessable } = {
  400: BadRequest,
  401: Unauthorized,
  422: Unprocessable
}

/** CDN statuses for a request that did not reach the service: it is down, cannot be found, or the TLS handshake failed. */
const notDelivered = new Set([521, 523, 525, 526])

/** The 5xx statuses that a retry does not change. */
const permanent = new Set([501, 505])

/** The transient 4xx. 425: the request was not processed (RFC 8470, 5.2); some servers send 408 after processing began. */
const transient = new Set([408, 425])

/**
 * The error for a response that is no success, whatever its status and its body. `now` is the time of the response, in
 * milliseconds of the epoch: a `Retry-After` date is counted from it if the response has no `Date` header.
 */
export const fromResponse = (call: ErrorContext, response: Response, now: number): ContactsError => {
  const body = parseJson(response.body)
  const { messages, details, traceId, duplicate } = parseErrorBody(body, concealing(call.secrets()))
  const { status } = response
  const props = {
    operation: call.operation,
    attempts: call.attempts,
    message: messageOf(response, body, details),
    status,
    details,
    ...(traceId === undefined ? {} : { traceId })
  }
  const refusal = { outcome: outcomeOf(call, "NotApplied") }
  const Documented = call.declares.includes(status) ? documented[status] : undefined
  if (Documented === BadRequest) {
    // The reason is read from the original message, before secrets in it are redacted.
    const reason = messages.some((line) => isContactNotFound(line)) ? "ContactNotFound" : "Other"
    return new BadRequest({ ...props, ...refusal, reason, ...duplicate })
  }
  if (Documented !== undefined) return new Documented({ ...props, ...refusal })
  if (status === 403) return new Forbidden({ ...props, ...refusal })
  if (status === 429) return new RateLimited({ ...props, ...refusal, ...waitOf(response, now) })
  if (status >= 500) {
    const outcome = notDelivered.has(status) ? "NotApplied" : "Unknown"
    const judged = verdict(call, outcome, !permanent.has(status))
    return new ServerError({ ...props, ...judged, ...waitOf(response, now) })
  }
  const outcome = status >= 400 && status !== 408 ? "NotApplied" : "Unknown"
  return new UnexpectedResponse({ ...props, ...verdict(call, outcome, transient.has(status)) })
}

/**
 * The error for a 2xx whose body cannot be decoded: a write has probably been applied.
 */
export const fromUnreadable = (
  call: ErrorContext,
  response: Response,
  reasons: ReadonlyArray<string>
): UnexpectedResponse => {
  const conceal = concealing(call.secrets())
  const { traceId } = parseErrorBody(parseJson(response.body), conceal)
  const details = redactedLines(reasons, conceal)
  return new UnexpectedResponse({
    operation: call.operation,
    attempts: call.attempts,
    message: cut(`The response cannot be decoded: ${details.join("; ")}`, limits.message),
    status: response.status,
    details,
    ...(traceId === undefined ? {} : { traceId }),
    ...verdict(call, "Unknown")
  })
}

/** The error for a 2xx whose body is larger than the limit: a write has probably been applied. */
export const fromTooLarge = (call: ErrorContext, status: number, message: string): UnexpectedResponse =>
  new UnexpectedResponse({
    operation: call.operation,
    attempts: call.attempts,
    message,
    status,
    ...verdict(call, "Unknown", false)
  })

/** The tag of the error for a status, given the statuses that the endpoint documents; `undefined` for a 2xx. */
export const tagOfStatus = (declares: ReadonlyArray<number>, status: number): ContactsError["_tag"] | undefined => {
  if (isSuccess({ status })) return undefined
  const Documented = declares.includes(status) ? documented[status] : undefined
  if (Documented !== undefined) return Documented._tag
  if (status === 403) return "Forbidden"
  if (status === 429) return "RateLimited"
  return status >= 500 ? "ServerError" : "UnexpectedResponse"
}

/**
 * The error for a redirect that is not followed. 307 and 308 ask for the same request at another URL, so nothing was
 * applied. The other redirects may be responses to a write that was applied (RFC 9110, 15.4).
 */
export const fromRedirect = (call: ErrorContext, status: number, reason: string): UnexpectedResponse =>
  new UnexpectedResponse({
    operation: call.operation,
    attempts: call.attempts,
    message: cut(`Redirect (${status}) not followed: ${reason}`, limits.message),
    status,
    ...verdict(call, status === 307 || status === 308 ? "NotApplied" : "Unknown", false)
  })

const waitOf = (response: Response, now: number): { readonly retryAfter?: Duration.Duration } => {
  const waits = [retryAfter(response, now), dailyResetMillis(response)].filter((millis) => millis !== undefined)
  return waits.length === 0 ? {} : { retryAfter: Duration.millis(Math.max(...waits)) }
}

// --- from a transport --------------------------------------------------------------------------------------------------

const sendStates: { readonly [state in SendState]: readonly [what: string, outcome: Outcome, isTransient: boolean] } = {
  NotBuilt: ["The request could not be built", "NotApplied", false],
  NotTrusted: ["The service could not be trusted", "NotApplied", false],
  NotConnected: ["The service could not be reached", "NotApplied", true],
  Sent: ["The connection failed before the complete response arrived", "Unknown", true]
}

/**
 * The error for a failed transport. The error keeps the cause's code, but not the cause. `isSent` is false if the transport
 * knows that nothing of the request was sent.
 */
export const fromTransport = (call: ErrorContext, cause: unknown, isSent = true): TransportError => {
  const chain = causes(cause)
  const code = codeOf(chain)
  const state = sendStateOf(chain, code)
  const [what, outcome, isTransient] = sendStates[state === "Sent" && !isSent ? "NotConnected" : state]
  return new TransportError({
    operation: call.operation,
    attempts: call.attempts,
    message: code === undefined ? what : `${what} (${code})`,
    ...(code === undefined ? {} : { code }),
    ...verdict(call, outcome, isTransient)
  })
}

/**
 * The error for an attempt that timed out. `isSent` is whether its request was sent before the timeout.
 */
export const fromTimeout = (call: ErrorContext, limit: Duration.Duration, isSent: boolean): TransportError =>
  new TransportError({
    operation: call.operation,
    attempts: call.attempts,
    message: `Timed out after ${Duration.format(limit)} ${isSent ? "waiting for the response" : "before the request was sent"}`,
    code: "TIMEOUT",
    ...verdict(call, isSent ? "Unknown" : "NotApplied")
  })

/**
 * The error for a call whose base URL cannot be used: nothing was sent.
 */
export const fromConfiguration = (call: ErrorContext, reason: string): TransportError =>
  new TransportError({
    operation: call.operation,
    attempts: 0,
    message: reason,
    ...verdict(call, "NotApplied", false)
  })

// --- from a refused input ----------------------------------------------------------------------------------------------

/**
 * The error for an invalid input, with a line per fault. Nothing was sent.
 */
export const fromFaults = (operation: string, lines: ReadonlyArray<string>): Unprocessable => {
  const more = lines.length - limits.faults
  const shown = redactedLines(lines, concealing([]), limits.faults)
  const details = more <= 0 ? shown : [...shown, `and ${more} more`]
  return new Unprocessable({ operation, attempts: 0, details, message: cut(details.join("; "), limits.message) })
}
