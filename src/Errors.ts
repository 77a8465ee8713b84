/**
 * The errors of a call.
 *
 * No error holds a request, a header, a token or a contact's data. The service's messages are shortened, and tokens, email
 * addresses, phone numbers and the values that the call sent are redacted in them.
 *
 * @module
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ContactId } from "./fields/ids.js"
import { isContactNotFound } from "./fields/refusals.js"

// --- the classes -------------------------------------------------------------------------------------------------------

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

const identifier = (name: string) => `effect-growthhub/${name}`

/**
 * Whether a write may have been applied: with `NotApplied` it certainly was not (as with every read), with `Unknown` it may
 * have been.
 *
 * @since 0.1.0
 * @category models
 */
export const Outcome = Schema.Literal("NotApplied", "Unknown")

/**
 * Whether a write may have been applied.
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome = typeof Outcome.Type

/** The fields of every error. */
const common = {
  /** The method that failed, such as `getContact`. */
  operation: Schema.String,
  /** A description of the error in at most 500 characters, without tokens and without a contact's data. */
  message: Schema.String,
  /** The number of attempts of the call: 0 if it was refused before it was sent. */
  attempts: Schema.NonNegativeInt,
  /** The HTTP status; absent if there was no response. */
  status: optional(Schema.Number),
  /** The service's id of the request, for its support; absent if there was no response or it had none. */
  traceId: optional(Schema.String),
  /** One line for each fault that the service or the validation reports; none by default. */
  details: Schema.optionalWith(Schema.Array(Schema.String), { exact: true, default: () => [] })
} as const

/** The fields of a refusal. The outcome is `Unknown` only if an earlier attempt of the call may have been applied. */
const fields = {
  ...common,
  /** Whether a write may have been applied: `"NotApplied"` by default. */
  outcome: Schema.optionalWith(Outcome, { exact: true, default: () => "NotApplied" as const })
} as const

/** The fields of an error after which a write may have been applied. */
const unknownOutcomeFields = {
  ...common,
  /** Whether a write may have been applied: `"Unknown"` by default. */
  outcome: Schema.optionalWith(Outcome, { exact: true, default: () => "Unknown" as const }),
  /** Whether retrying the call is safe and may succeed: `false` by default. */
  isRetryable: Schema.optionalWith(Schema.Boolean, { exact: true, default: () => false })
} as const

const retryAfterField = {
  /** The delay before a retry; absent if it is not known. */
  retryAfter: optional(Schema.DurationFromMillis)
} as const

/**
 * 400: for example, the contact does not exist, or the service does not allow a duplicate. A retry gets the same response.
 *
 * @since 0.1.0
 * @category documented
 */
export class BadRequest extends Schema.TaggedError<BadRequest>(identifier("BadRequest"))("BadRequest", {
  ...fields,
  /**
   * Whether the service refused an unknown contact, or something else. Absent if the error does not come from a response of
   * the service; {@link BadRequest.isContactNotFound} reads the message then.
   */
  reason: optional(Schema.Literal("ContactNotFound", "Other")),
  /**
   * The id of the contact that has the email or phone already, if the service refused a duplicate and named it.
   *
   * @since 0.2.0
   */
  duplicateOf: optional(ContactId),
  /**
   * The field by which the duplicate was found, such as `email` or `phone`, as the service spells it.
   *
   * @since 0.2.0
   */
  matchingField: optional(Schema.String)
}) {
  /** Whether retrying the call may succeed: never. */
  get isRetryable(): boolean {
    return false
  }

  /** Whether the contact is unknown or deleted. The service responds with 400, not 404, and says so in its message. */
  get isContactNotFound(): boolean {
    return this.reason === undefined ? isContactNotFound(this.message) : this.reason === "ContactNotFound"
  }
}

/**
 * 401: the token is invalid, has expired or lacks the scope, or the `Version` header was refused. The message says which.
 * Without a request (`attempts` is 0): the token cannot be sent as a bearer, there is no valid OAuth grant, or the vendor's
 * token endpoint refuses the app, for example because its client secret was replaced; `status` is then that of the endpoint.
 * If `reconnect` is `true`, the customer of `locationId` must reconnect the app.
 *
 * @since 0.1.0
 * @category documented
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>(identifier("Unauthorized"))("Unauthorized", {
  ...fields,
  /** Whether the customer must reconnect the app, because the OAuth grant is missing or no longer valid. */
  reconnect: optional(Schema.Boolean),
  /** The location whose grant is missing or no longer valid. */
  locationId: optional(Schema.String),
  /** The company (agency) whose grant may be used for the location: the `companyId` to give to the credentials. */
  companyId: optional(Schema.String)
}) {
  /** Whether retrying the call with the same token may succeed: never. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * 422, or an input that the library refused without a request (`attempts` is 0 and `status` is absent). `details` has one
 * line for each fault.
 *
 * @since 0.1.0
 * @category documented
 */
export class Unprocessable extends Schema.TaggedError<Unprocessable>(identifier("Unprocessable"))(
  "Unprocessable",
  fields
) {
  /** Whether retrying the call may succeed: never. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * 403: the token may not use this contact or location, or the service's firewall has blocked the request.
 *
 * @since 0.1.0
 * @category operational
 */
export class Forbidden extends Schema.TaggedError<Forbidden>(identifier("Forbidden"))("Forbidden", fields) {
  /** Whether retrying the call may succeed: never. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * 429: the rate limit or the daily quota is exhausted. `retryAfter` is present if the service said how long to wait.
 *
 * Without a request (`attempts` is 0 and `status` is absent): the rate limit would let the request be sent only after the
 * deadline of the call. `retryAfter` is the time until the request could be sent.
 *
 * @since 0.1.0
 * @category operational
 */
export class RateLimited extends Schema.TaggedError<RateLimited>(identifier("RateLimited"))("RateLimited", {
  ...fields,
  ...retryAfterField
}) {
  /** Whether retrying the call may succeed: yes, after `retryAfter`. */
  get isRetryable(): boolean {
    return true
  }
}

/**
 * 5xx: the service failed. `retryAfter` is present if the service said how long to wait.
 *
 * @since 0.1.0
 * @category operational
 */
export class ServerError extends Schema.TaggedError<ServerError>(identifier("ServerError"))("ServerError", {
  ...unknownOutcomeFields,
  ...retryAfterField
}) {}

/**
 * There was no complete response: the connection was refused, reset or cut off, the host was not found, or the attempt timed
 * out.
 *
 * @since 0.1.0
 * @category operational
 */
export class TransportError extends Schema.TaggedError<TransportError>(identifier("TransportError"))("TransportError", {
  ...unknownOutcomeFields,
  /** The transport's name for the failure, such as `ECONNREFUSED`, or `TIMEOUT`; absent if it has none. */
  code: optional(Schema.String)
}) {}

/**
 * A response that the API does not document: another status, a redirect to another origin, or a success whose body cannot be
 * decoded. After such a success a write was probably applied, and `outcome` is `Unknown`.
 *
 * @since 0.1.0
 * @category operational
 */
export class UnexpectedResponse extends Schema.TaggedError<UnexpectedResponse>(identifier("UnexpectedResponse"))(
  "UnexpectedResponse",
  unknownOutcomeFields
) {}

/**
 * The errors that the API documents for every endpoint, as a schema.
 *
 * @since 0.2.0
 * @category models
 */
export const DocumentedError = Schema.Union(BadRequest, Unauthorized, Unprocessable)

/**
 * The errors that the API documents for every endpoint.
 *
 * @since 0.1.0
 * @category models
 */
export type DocumentedError = BadRequest | Unauthorized | Unprocessable

/**
 * The errors of the network and of a service that fails, limits or refuses requests, as a schema.
 *
 * @since 0.2.0
 * @category models
 */
export const OperationalError = Schema.Union(Forbidden, RateLimited, ServerError, TransportError, UnexpectedResponse)

/**
 * The errors of the network and of a service that fails, limits or refuses requests.
 *
 * @since 0.1.0
 * @category models
 */
export type OperationalError = Forbidden | RateLimited | ServerError | TransportError | UnexpectedResponse

/**
 * Every error of a call, as a schema: an error that one process encodes is an instance of the same class where another
 * process decodes it. For workflows, RPC and queues.
 *
 * @example
 * import * as Schema from "effect/Schema"
 * import { ContactsError } from "effect-growthhub/Errors"
 *
 * const toJson = Schema.encodeSync(Schema.parseJson(ContactsError))
 * const fromJson = Schema.decodeSync(Schema.parseJson(ContactsError))
 *
 * export const copy = (error: ContactsError) => fromJson(toJson(error))
 *
 * @since 0.2.0
 * @category models
 */
export const ContactsError = Schema.Union(DocumentedError, OperationalError)

/**
 * Every error of a call.
 *
 * @since 0.1.0
 * @category models
 */
export type ContactsError = DocumentedError | OperationalError

/**
 * Whether an error is a {@link DocumentedError}.
 *
 * @since 0.1.0
 * @category guards
 */
export const isDocumented = (error: unknown): error is DocumentedError =>
  error instanceof BadRequest || error instanceof Unauthorized || error instanceof Unprocessable

/**
 * Whether an error is an {@link OperationalError}.
 *
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
    // The guard excludes exactly the operational members of E; TypeScript cannot narrow a type parameter.
    isOperational(error) ? Effect.die(error) : Effect.fail(error as Exclude<E, OperationalError>)
  )
