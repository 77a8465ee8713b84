/**
 * The errors of a call, and how an answer, a failed transport or a refused input becomes one.
 *
 * No error holds a request, a header, a token or a contact's data: what the service says is bounded in size, and what
 * looks like a secret, an email address or a phone number, and whatever the call itself sent, is blanked out.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { isArray, isObject, type JsonObject, parseOption } from "./internal/json.js"

// --- the classes -------------------------------------------------------------------------------------------------------

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

const identifier = (name: string) => `effect-growthhub/${name}`

/**
 * Whether a write may have happened: `NotApplied` is certain that it did not (a read never does), `Unknown` is not.
 *
 * @since 0.1.0
 * @category models
 */
export const Outcome = Schema.Literal("NotApplied", "Unknown")

/**
 * @since 0.1.0
 * @category models
 */
export type Outcome = typeof Outcome.Type

/** What every error says. */
const common = {
  operation: Schema.String,
  message: Schema.String,
  attempts: Schema.NonNegativeInt,
  status: optional(Schema.Number),
  traceId: optional(Schema.String),
  details: Schema.optionalWith(Schema.Array(Schema.String), { exact: true, default: () => [] })
} as const

/** What is said where the answer was a refusal: nothing happened, unless an earlier attempt of the call left that open. */
const fields = {
  ...common,
  outcome: Schema.optionalWith(Outcome, { exact: true, default: () => "NotApplied" as const })
} as const

/** What is said where a request was sent and no verdict came back. */
const undecided = { ...common, outcome: Outcome, isRetryable: Schema.Boolean } as const

/** How long the service asked to wait. */
const waiting = { retryAfter: optional(Schema.DurationFromMillis) } as const

const contactNotFound = /^contact (?:with id \S+ )?not found\b/i

/**
 * 400: the service knows no such contact, or does not allow a duplicate. Repeating the call gives the same answer.
 * `reason` is there when the service has answered; without it {@link BadRequest.isContactNotFound} reads the message.
 *
 * @since 0.1.0
 * @category documented
 */
export class BadRequest extends Schema.TaggedError<BadRequest>(identifier("BadRequest"))("BadRequest", {
  ...fields,
  reason: optional(Schema.Literal("ContactNotFound", "Other"))
}) {
  /** Whether the same call may succeed when it is repeated: never. */
  get isRetryable(): boolean {
    return false
  }

  /** Whether the contact is unknown or deleted. The service answers 400, not 404, and tells by its message. */
  get isContactNotFound(): boolean {
    return this.reason === undefined ? contactNotFound.test(this.message) : this.reason === "ContactNotFound"
  }
}

/**
 * 401: the token is not valid, has expired or lacks the scope, or the `Version` header was refused; or the token given
 * to the layer cannot be sent as a bearer (then `attempts` is 0). A 401 does not always mean that a token has expired:
 * read the message. `reconnect` is true where an OAuth grant is dead, or not there: the customer of that `locationId` must
 * connect the app again.
 *
 * @since 0.1.0
 * @category documented
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>(identifier("Unauthorized"))("Unauthorized", {
  ...fields,
  reconnect: optional(Schema.Boolean),
  locationId: optional(Schema.String),
  /** The company (agency) whose grant may be used for the location: the `companyId` to give to the credentials. */
  companyId: optional(Schema.String)
}) {
  /** Whether the same call may succeed when it is repeated with the same token: never. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * 422, or refused before it was sent (then `attempts` is 0 and `status` is absent). `details` has one line per fault.
 *
 * @since 0.1.0
 * @category documented
 */
export class Unprocessable extends Schema.TaggedError<Unprocessable>(identifier("Unprocessable"))(
  "Unprocessable",
  fields
) {
  /** Whether the same call may succeed when it is repeated: never. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * 403: the contact or the location belongs to somebody else, or the edge has blocked the request.
 *
 * @since 0.1.0
 * @category operational
 */
export class Forbidden extends Schema.TaggedError<Forbidden>(identifier("Forbidden"))("Forbidden", fields) {
  /** Whether the same call may succeed when it is repeated: never. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * 429: the quota of the burst or of the day is used up. `retryAfter` is there when the service said how long to wait. Or the
 * call would have to wait for its turn beyond its deadline: then no request was sent, `status` is absent, and `retryAfter`
 * says when there will be room.
 *
 * @since 0.1.0
 * @category operational
 */
export class RateLimited extends Schema.TaggedError<RateLimited>(identifier("RateLimited"))("RateLimited", {
  ...fields,
  ...waiting
}) {
  /** Whether the same call may succeed when it is repeated: yes, later. */
  get isRetryable(): boolean {
    return true
  }
}

/**
 * 5xx. `outcome` says whether the write may have happened, `isRetryable` whether the same call can be repeated without
 * harm, `retryAfter` how long to wait, when the service said so.
 *
 * @since 0.1.0
 * @category operational
 */
export class ServerError extends Schema.TaggedError<ServerError>(identifier("ServerError"))("ServerError", {
  ...undecided,
  ...waiting
}) {}

/**
 * No whole answer came: refused, reset, cut off, not found, or not in time. `code` is the transport's own name for it,
 * such as `ECONNREFUSED`, where there is one. `outcome` says whether the write may have happened, `isRetryable` whether
 * the same call can be repeated without harm.
 *
 * @since 0.1.0
 * @category operational
 */
export class TransportError extends Schema.TaggedError<TransportError>(identifier("TransportError"))("TransportError", {
  ...undecided,
  code: optional(Schema.String)
}) {}

/**
 * An answer that the documentation does not know: another status, a redirect to another origin, or a success whose body
 * cannot be read. In the last case a write has probably been applied: see `outcome`.
 *
 * @since 0.1.0
 * @category operational
 */
export class UnexpectedResponse extends Schema.TaggedError<UnexpectedResponse>(identifier("UnexpectedResponse"))(
  "UnexpectedResponse",
  undecided
) {}

/**
 * What the API documents for every endpoint.
 *
 * @since 0.1.0
 * @category models
 */
export type DocumentedError = BadRequest | Unauthorized | Unprocessable

/**
 * What a network and a service in trouble can do besides.
 *
 * @since 0.1.0
 * @category models
 */
export type OperationalError = Forbidden | RateLimited | ServerError | TransportError | UnexpectedResponse

/**
 * Every way in which a call can fail.
 *
 * @since 0.1.0
 * @category models
 */
export type ContactsError = DocumentedError | OperationalError

/**
 * @since 0.1.0
 * @category guards
 */
export const isDocumented = (error: unknown): error is DocumentedError =>
  error instanceof BadRequest || error instanceof Unauthorized || error instanceof Unprocessable

/**
 * @since 0.1.0
 * @category guards
 */
export const isOperational = (error: unknown): error is OperationalError =>
  error instanceof Forbidden ||
  error instanceof RateLimited ||
  error instanceof ServerError ||
  error instanceof TransportError ||
  error instanceof UnexpectedResponse

/**
 * Turns the operational errors into defects, for an app that handles only what the API documents.
 *
 * @example
 * import * as Effect from "effect/Effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as Errors from "effect-growthhub/Errors"
 * import type { ContactId } from "effect-growthhub/Schema"
 *
 * // Effect<Contact, BadRequest | Unauthorized | Unprocessable, ContactsService>
 * export const contact = (id: ContactId) =>
 *   Effect.flatMap(ContactsService, (contacts) => contacts.getContact(id)).pipe(Errors.orDieOperational)
 *
 * @since 0.1.0
 * @category combinators
 */
export const orDieOperational = <A, E, R>(
  self: Effect.Effect<A, E, R>
): Effect.Effect<A, Exclude<E, OperationalError>, R> =>
  Effect.catchAll(self, (error) =>
    // The guard takes exactly the operational members out of E, which TypeScript cannot see through a type parameter.
    isOperational(error) ? Effect.die(error) : Effect.fail(error as Exclude<E, OperationalError>)
  )

// --- what a call is, as far as its errors care -------------------------------------------------------------------------

/**
 * The call that an error tells about.
 *
 * - `attempts`: how many times it was sent.
 * - `declares`: the statuses that its endpoint documents.
 * - `isWrite`: whether it changes anything.
 * - `isRepeatable`: whether it can be sent again although it may have been applied already.
 * - `mayBeApplied`: whether an earlier attempt left open if it was applied.
 * - `secrets`: texts that no message may show: the bearer, and the values that were sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  readonly operation: string
  readonly attempts: number
  readonly declares: ReadonlyArray<number>
  readonly isWrite: boolean
  readonly isRepeatable: boolean
  readonly mayBeApplied: boolean
  readonly secrets: () => ReadonlyArray<string>
}

/**
 * An HTTP answer, whole: header names in lower case, the body as text.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer {
  readonly status: number
  readonly headers: { readonly [name: string]: string | undefined }
  readonly body: string
}

/** What is open after this attempt, and after those before it. */
const outcomeOf = (call: Call, outcome: Outcome): Outcome =>
  call.isWrite && (call.mayBeApplied || outcome === "Unknown") ? "Unknown" : "NotApplied"

const verdict = (call: Call, outcome: Outcome, isTransient = true) => {
  const settled = outcomeOf(call, outcome)
  return { outcome: settled, isRetryable: isTransient && (settled === "NotApplied" || call.isRepeatable) } as const
}

// --- what may be told --------------------------------------------------------------------------------------------------

const limits = { scanned: 2048, prefix: 64, message: 500, line: 300, lines: 20, faults: 100, name: 100 } as const

const cut = (text: string, length: number) => (text.length <= length ? text : `${text.slice(0, length - 1)}…`)

const blank = "[redacted]"

const tokens = /\bBearer\s+\S+|\bpit-[\w-]+|\beyJ[\w-]+(?:\.[\w-]*)*/gi
const emails = /[^\s@"'<>()[\]:;,]{1,64}@[^\s@"'<>()[\]:;,]{1,255}/g
/** Runs of digits as people write phone numbers; a date is none. */
const phones = /(?<![\p{L}\p{N}-])(?!\d{4}-\d\d-\d\d(?!\d))\+?\(?\d[\d\s().-]{5,30}\d(?![\p{L}\p{N}-])/gu

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")

/** The words that the service's own sentences are made of: one that was also sent, as a tag say, gives nothing away. */
const vocabulary = new Set(
  (
    "a access address allow allowed an and are array at be boolean can cannot characters code contact contacts date " +
    "does duplicate duplicated duplicates each email empty exist field for found has have id in invalid is it least " +
    "location longer missing must name no not number object of one only or phone property required should shorter " +
    "string tag tags text than the this to token type unknown valid value was with"
  ).split(" ")
)

/** Scripts that write words without blanks between them. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u

const isWord = (text: string) => text.length < 12 && /^[\p{L}\p{N}]+$/u.test(text) && !unspaced.test(text)

/** The same text is the same, however its blanks and accents were written. */
const normalized = (text: string) => text.normalize("NFC").replace(/\s+/g, " ").trim()

/** A value in the forms in which it comes back: whole, percent-encoded, a name in its parts, a long text by its beginning. */
const forms = (secret: string): ReadonlyArray<string> => {
  const text = normalized(secret).toLowerCase()
  const parts = text.split(" ")
  const encoded = Option.getOrElse(Option.liftThrowable(encodeURIComponent)(text), () => text).toLowerCase()
  return [text.slice(0, limits.prefix), encoded.slice(0, limits.prefix), ...(parts.length <= 3 ? parts : [])]
}

/** Short texts count as words only; long ones occur nowhere by chance. */
const occurrences = (phrase: string) =>
  phrase.length >= 12 || unspaced.test(phrase)
    ? new RegExp(`${escaped(phrase)}${phrase.length === limits.prefix ? ".*" : ""}`, "giu")
    : new RegExp(`(?<![\\p{L}\\p{N}])${escaped(phrase)}(?![\\p{L}\\p{N}])`, "giu")

/** Blanks out what was sent, whatever its case. Words are looked up: there may be very many of them. */
const concealing = (secrets: ReadonlyArray<string>): ((text: string) => string) => {
  const known = Array.from(new Set(secrets.flatMap(forms))).filter(
    (secret) => (secret.length > 1 || unspaced.test(secret)) && !vocabulary.has(secret)
  )
  const words = new Set(known.filter(isWord))
  const phrases = known.filter((secret) => !isWord(secret)).sort((a, b) => b.length - a.length)
  return (text) => {
    const lowered = text.toLowerCase()
    return phrases
      .filter((phrase) => lowered.includes(phrase))
      .reduce((hidden, phrase) => hidden.replace(occurrences(phrase), blank), text)
      .replace(/[\p{L}\p{N}]+/gu, (word) => (words.has(word.toLowerCase()) ? blank : word))
  }
}

type Conceal = ReturnType<typeof concealing>

/** Lines that may be shown: without what was sent and what looks like a secret, on one line each, and bounded. */
const tellable = (lines: ReadonlyArray<string>, conceal: Conceal, most: number = limits.lines): ReadonlyArray<string> =>
  lines.slice(0, most).map((line) => {
    const hidden = conceal(normalized(line.slice(0, limits.scanned)))
      .replace(tokens, blank)
      .replace(emails, blank)
      .replace(phones, blank)
    return cut(hidden.replace(/\p{Cc}+/gu, " ").trim(), limits.line)
  })

const linesOf = (value: unknown): ReadonlyArray<string> =>
  (isArray(value) ? value : [value]).filter((line): line is string => typeof line === "string" && line !== "")

const isTraceId = (value: unknown): value is string => typeof value === "string" && /^[\w.:-]{1,100}$/.test(value)

interface Told {
  readonly said: ReadonlyArray<string>
  readonly details: ReadonlyArray<string>
  readonly traceId?: string
}

const told = (body: Option.Option<unknown>, conceal: Conceal): Told => {
  if (Option.isNone(body) || !isObject(body.value)) return { said: [], details: [] }
  const { message, error, error_description, traceId } = body.value
  const said = [message, error_description, error].map(linesOf).find((lines) => lines.length > 0) ?? []
  return {
    said,
    details: tellable(said, conceal),
    ...(isTraceId(traceId) && conceal(traceId) === traceId ? { traceId } : {})
  }
}

const mediaType = (answer: Answer) => {
  const type = (answer.headers["content-type"] ?? "").split(";")[0]!.trim().toLowerCase()
  return /^[\w.+-]+\/[\w.+-]+$/.test(type) ? cut(type, limits.name) : "no known type"
}

const described = (answer: Answer, body: Option.Option<unknown>, details: ReadonlyArray<string>): string => {
  if (details.length > 0) return cut(details.join("; "), limits.message)
  if (answer.body === "") return `The service answered ${answer.status} without a body`
  const form = Option.isNone(body) ? `not JSON but ${mediaType(answer)}` : "JSON without a message"
  return `The service answered ${answer.status}, ${form}, ${answer.body.length} characters`
}

// --- from what came before ---------------------------------------------------------------------------------------------

/**
 * An error that ended a call before another request of it left, as one of that call: `attempts` as many as were sent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromBefore = (call: Call, error: ContactsError): ContactsError => {
  // All classes take what all have.
  const Class = error.constructor as new (fields: object) => ContactsError
  // The message of an Error does not spread.
  const { message } = error
  return new Class({ ...error, message, attempts: call.attempts, outcome: outcomeOf(call, error.outcome) })
}

// --- from an answer ----------------------------------------------------------------------------------------------------

const documented: { readonly [status: number]: typeof BadRequest | typeof Unauthorized | typeof Unprocessable } = {
  400: BadRequest,
  401: Unauthorized,
  422: Unprocessable
}

/** Told by the edge before anything reached the service: it is down, cannot be found, or refuses the edge's handshake. */
const beforeTheService = new Set([521, 523, 525, 526])

/** 5xx that the same request will always meet. */
const permanent = new Set([501, 505])

/** 4xx that may pass. 425 says that the request was not taken up (RFC 8470, 5.2); some send 408 after the work has begun. */
const passing = new Set([408, 425])

/**
 * The error for an answer that is no success, whatever its status and whatever its body. `now` is the time at which it
 * came, in milliseconds of the epoch: a `Retry-After` date is counted from it where the service does not tell its own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromAnswer = (call: Call, answer: Answer, now: number): ContactsError => {
  const body = parseOption(answer.body)
  const { said, details, traceId } = told(body, concealing(call.secrets()))
  const { status } = answer
  const props = {
    operation: call.operation,
    attempts: call.attempts,
    message: described(answer, body, details),
    status,
    details,
    ...(traceId === undefined ? {} : { traceId })
  }
  const refusal = { outcome: outcomeOf(call, "NotApplied") }
  const Documented = call.declares.includes(status) ? documented[status] : undefined
  if (Documented === BadRequest) {
    // Decided from the service's own words, before anything in them is blanked out.
    const reason = said.some((line) => contactNotFound.test(line)) ? "ContactNotFound" : "Other"
    return new BadRequest({ ...props, ...refusal, reason })
  }
  if (Documented !== undefined) return new Documented({ ...props, ...refusal })
  if (status === 403) return new Forbidden({ ...props, ...refusal })
  if (status === 429) return new RateLimited({ ...props, ...refusal, ...waitOf(answer, now) })
  if (status >= 500) {
    const outcome = beforeTheService.has(status) ? "NotApplied" : "Unknown"
    const judged = verdict(call, outcome, !permanent.has(status))
    return new ServerError({ ...props, ...judged, ...waitOf(answer, now) })
  }
  const outcome = status >= 400 && status !== 408 ? "NotApplied" : "Unknown"
  return new UnexpectedResponse({ ...props, ...verdict(call, outcome, passing.has(status)) })
}

/**
 * The error for a success whose body is not what the endpoint answers: a write has probably been applied.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromUnreadable = (call: Call, answer: Answer, reasons: ReadonlyArray<string>): UnexpectedResponse => {
  const conceal = concealing(call.secrets())
  const { traceId } = told(parseOption(answer.body), conceal)
  const details = tellable(reasons, conceal)
  return new UnexpectedResponse({
    operation: call.operation,
    attempts: call.attempts,
    message: cut(`The answer cannot be read: ${details.join("; ")}`, limits.message),
    status: answer.status,
    details,
    ...(traceId === undefined ? {} : { traceId }),
    ...verdict(call, "Unknown")
  })
}

/**
 * The error for a redirect that is not followed. 307 and 308 ask for the same request elsewhere, so nothing was applied;
 * the others may be the answer to a write that was (RFC 9110, 15.4).
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromRedirect = (call: Call, status: number, reason: string): UnexpectedResponse =>
  new UnexpectedResponse({
    operation: call.operation,
    attempts: call.attempts,
    message: cut(`Redirect (${status}) not followed: ${reason}`, limits.message),
    status,
    ...verdict(call, status === 307 || status === 308 ? "NotApplied" : "Unknown", false)
  })

// --- how long to wait --------------------------------------------------------------------------------------------------

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")

const clockTime = /(\d\d:\d\d:\d\d)/.source

/** The three forms of an HTTP date (RFC 9110, 5.6.7), the two obsolete ones brought into the form of the first. */
const dateForms: ReadonlyArray<readonly [RegExp, (parts: ReadonlyArray<string>, now: number) => string]> = [
  [
    new RegExp(`^(\\w{3}), (\\d\\d) (\\w{3}) (\\d{4}) ${clockTime} GMT$`),
    ([weekday, day, month, year, time]) => `${weekday}, ${day} ${month} ${year} ${time} GMT`
  ],
  [
    new RegExp(`^(Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day, (\\d\\d)-(\\w{3})-(\\d\\d) ${clockTime} GMT$`),
    ([weekday = "", day, month, year, time], now) =>
      `${weekday.slice(0, 3)}, ${day} ${month} ${fullYear(Number(year), now)} ${time} GMT`
  ],
  [
    new RegExp(`^(\\w{3}) (\\w{3}) ([ \\d]\\d) ${clockTime} (\\d{4})$`),
    ([weekday, month, day = "", time, year]) => `${weekday}, ${day.replace(" ", "0")} ${month} ${year} ${time} GMT`
  ]
]

/** Of a year with two digits, the one that is not more than 50 years ahead. */
const fullYear = (year: number, now: number): number => {
  const thisYear = new Date(now).getUTCFullYear()
  const inThisCentury = thisYear - (thisYear % 100) + year
  return inThisCentury > thisYear + 50 ? inThisCentury - 100 : inThisCentury
}

/** The moment of an HTTP date that exists: no 30th of February, and no Monday that was a Tuesday. */
const millisOfDate = (date: string | undefined, now: number): number | undefined => {
  if (date === undefined) return undefined
  for (const [form, toFixdate] of dateForms) {
    const match = form.exec(date)
    if (match === null) continue
    const [, ...parts] = match
    const fixdate = toFixdate(parts, now)
    const [, day, month = "", year, time] = fixdate.split(" ")
    const moment = new Date(`${year}-${String(months.indexOf(month) + 1).padStart(2, "0")}-${day}T${time}Z`)
    return !Number.isNaN(moment.getTime()) && moment.toUTCString() === fixdate ? moment.getTime() : undefined
  }
  return undefined
}

/** Fractions of a millisecond are rounded up: not earlier than told. */
const millisOfText = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,12}(?:\.\d{1,9})?$/.test(text.trim()) ? Math.ceil(Number(text)) : undefined

/**
 * How long an answer asks to wait, in milliseconds: `Retry-After-Ms` and `X-Ms-Retry-After-Ms`, or `Retry-After` in seconds
 * or as a date against the server's own `Date` (RFC 9110, 10.2.3). What is negative, past or not exactly of one of these
 * forms is ignored.
 *
 * @since 0.1.0
 * @category getters
 */
export const retryAfter = (answer: Omit<Answer, "body">, now: number): number | undefined => {
  const { headers } = answer
  const millis = millisOfText(headers["retry-after-ms"]) ?? millisOfText(headers["x-ms-retry-after-ms"])
  if (millis !== undefined) return millis
  const value = headers["retry-after"]?.trim()
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const then = millisOfDate(value, now)
  if (then === undefined) return undefined
  const wait = then - (serverTime(answer, now) ?? now)
  return wait >= 0 ? wait : undefined
}

/** Of a day with nothing left: until it begins anew. */
const dayOver = ({ status, headers }: Answer): number | undefined =>
  status === 429 && headers["x-ratelimit-daily-remaining"] === "0"
    ? millisOfText(headers["x-ratelimit-daily-reset"])
    : undefined

const waitOf = (answer: Answer, now: number): { readonly retryAfter?: Duration.Duration } => {
  const waits = [retryAfter(answer, now), dayOver(answer)].filter((millis) => millis !== undefined)
  return waits.length === 0 ? {} : { retryAfter: Duration.millis(Math.max(...waits)) }
}

/**
 * The server's own clock when it answered, in milliseconds of the epoch (whole seconds), if it told.
 *
 * @since 0.1.0
 * @category getters
 */
export const serverTime = (answer: Pick<Answer, "headers">, now: number): number | undefined =>
  millisOfDate(answer.headers["date"]?.trim(), now)

// --- from a transport --------------------------------------------------------------------------------------------------

const causes = (error: unknown, depth = 5): ReadonlyArray<JsonObject> => {
  if (!isObject(error) || depth === 0) return []
  const inner = isArray(error["errors"]) ? error["errors"] : [error["cause"]]
  return [error, ...inner.flatMap((cause) => causes(cause, depth - 1))]
}

const codeOf = (chain: ReturnType<typeof causes>) =>
  chain
    .map(({ code }) => code)
    .find((code): code is string => typeof code === "string" && /^[A-Z][A-Z0-9_]{2,60}$/.test(code))

/** Failures that come before a connection stands, so that the request was certainly not sent. */
const beforeSending = new Set(["connect", "getaddrinfo"])
const notConnected =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|UND_ERR_CLOSED)$/
/** The same, and no second try would end otherwise. */
const notTrusted = /^(?:CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|ERR_TLS_CERT_\w+)$/
/** node:tls has no code of its own for it. */
const duringHandshake = "Client network socket disconnected before secure TLS connection was established"

/** A request that the platform could not even build. */
const isUnbuilt = ({ _tag, reason }: JsonObject) =>
  _tag === "RequestError" && (reason === "Encode" || reason === "InvalidUrl")

type Sending = "NotBuilt" | "NotTrusted" | "NotConnected" | "Sent"

/** How far a request came. */
const sendingOf = (chain: ReturnType<typeof causes>, code: string | undefined): Sending => {
  if (chain.some(isUnbuilt)) return "NotBuilt"
  if (code !== undefined && notTrusted.test(code)) return "NotTrusted"
  if (chain.some(({ message }) => message === duringHandshake)) return "NotConnected"
  const syscalls = chain.flatMap(({ syscall }) => (typeof syscall === "string" ? [syscall] : []))
  const isNotConnected =
    syscalls.length > 0
      ? syscalls.every((syscall) => beforeSending.has(syscall))
      : code !== undefined && notConnected.test(code)
  return isNotConnected ? "NotConnected" : "Sent"
}

const sendings: { readonly [sending in Sending]: readonly [what: string, outcome: Outcome, isTransient: boolean] } = {
  NotBuilt: ["The request could not be built", "NotApplied", false],
  NotTrusted: ["The service could not be trusted", "NotApplied", false],
  NotConnected: ["The service could not be reached", "NotApplied", true],
  Sent: ["The connection failed before the whole answer came", "Unknown", true]
}

/**
 * The error for a transport that failed: the cause is read for its code and then forgotten.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromTransport = (call: Call, cause: unknown): TransportError => {
  const chain = causes(cause)
  const code = codeOf(chain)
  const [what, outcome, isTransient] = sendings[sendingOf(chain, code)]
  return new TransportError({
    operation: call.operation,
    attempts: call.attempts,
    message: code === undefined ? what : `${what} (${code})`,
    ...(code === undefined ? {} : { code }),
    ...verdict(call, outcome, isTransient)
  })
}

/**
 * The error for an attempt that took longer than it may. `isSent` tells whether its request had left by then.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromTimeout = (call: Call, limit: Duration.Duration, isSent: boolean): TransportError =>
  new TransportError({
    operation: call.operation,
    attempts: call.attempts,
    message: `No whole answer within ${Duration.format(limit)}`,
    code: "TIMEOUT",
    ...verdict(call, isSent ? "Unknown" : "NotApplied")
  })

/**
 * The error for a call whose base URL cannot be used: nothing was sent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromConfiguration = (call: Call, reason: string): TransportError =>
  new TransportError({
    operation: call.operation,
    attempts: 0,
    message: reason,
    ...verdict(call, "NotApplied", false)
  })

// --- from a refused input ----------------------------------------------------------------------------------------------

/**
 * The faults of a value, one line each, as a path and what is expected there. The value itself is never repeated.
 *
 * @since 0.1.0
 * @category formatting
 */
export const faults = (issue: ParseResult.ParseIssue): ReadonlyArray<string> =>
  Array.from(new Set(faultLines(issue, [])))

const isAbsence = (ast: AST.AST) => AST.isUndefinedKeyword(ast) || (AST.isLiteral(ast) && ast.literal === null)

const annotatedMessage = (issue: ParseResult.ParseIssue): string | undefined => {
  if (issue._tag === "Pointer" || issue._tag === "Unexpected" || issue._tag === "Missing") return undefined
  // What is wrong inside an object or an array says more than that it is none; not so with the members of a union.
  if (issue._tag === "Composite" && !AST.isUnion(issue.ast)) return undefined
  const message = Option.getOrUndefined(AST.getMessageAnnotation(issue.ast))?.(issue)
  return typeof message === "string" ? message : undefined
}

const faultLines = (issue: ParseResult.ParseIssue, path: ReadonlyArray<PropertyKey>): ReadonlyArray<string> => {
  const name = path.length === 0 ? "the input" : cut(path.map(String).join("."), limits.name)
  const message = annotatedMessage(issue)
  if (message !== undefined) return [`${name} ${message}`]
  switch (issue._tag) {
    case "Pointer":
      return faultLines(issue.issue, path.concat(issue.path))
    case "Unexpected":
      // A name that is none may be a person's data that went astray.
      return [`property ${/^[\w.-]{1,100}$/.test(name) ? name : "that is not known"} should not exist`]
    case "Missing":
      return [`${name} should not be empty`]
    case "Composite": {
      const inner: ReadonlyArray<ParseResult.ParseIssue> = "_tag" in issue.issues ? [issue.issues] : issue.issues
      return inner.flatMap((one) => (one._tag === "Type" && isAbsence(one.ast) ? [] : faultLines(one, path)))
    }
    case "Refinement":
    case "Transformation":
      return faultLines(issue.issue, path)
    case "Type":
    case "Forbidden":
      return [`${name} ${issue.message ?? `must be ${String(issue.ast)}`}`]
  }
}

/**
 * The error for input that was refused before anything was sent, with a line per fault.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromFaults = (operation: string, lines: ReadonlyArray<string>): Unprocessable => {
  const more = lines.length - limits.faults
  const shown = tellable(lines, concealing([]), limits.faults)
  const details = more <= 0 ? shown : [...shown, `and ${more} more`]
  return new Unprocessable({ operation, attempts: 0, details, message: cut(details.join("; "), limits.message) })
}
