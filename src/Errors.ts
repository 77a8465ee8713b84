/**
 * The errors of a call.
 *
 * No error holds a request, a header, a token or a contact's data. The service's own sentences are cut, and in them tokens,
 * email addresses, phone numbers and the values that the call sent are blanked.
 *
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

/** The fields of every error. */
const common = {
  /** The method that failed, such as `getContact`. */
  operation: Schema.String,
  /** What happened, in at most 500 characters, without tokens and without a contact's data. */
  message: Schema.String,
  /** How often the request was sent: 0 where it was refused before. */
  attempts: Schema.NonNegativeInt,
  /** The HTTP status, where there was a response. */
  status: optional(Schema.Number),
  /** The service's id of the request, for its support. */
  traceId: optional(Schema.String),
  /** One line for each fault that the service, or the validation, reports; none by default. */
  details: Schema.optionalWith(Schema.Array(Schema.String), { exact: true, default: () => [] })
} as const

/** The fields of a refusal: nothing was applied, unless an earlier attempt of the call left that open. */
const fields = {
  ...common,
  /** Whether a write may have been applied: `"NotApplied"` by default. */
  outcome: Schema.optionalWith(Outcome, { exact: true, default: () => "NotApplied" as const })
} as const

/** The fields of an error after which a write may have been applied. */
const unknownOutcomeFields = {
  ...common,
  /** Whether a write may have been applied. */
  outcome: Outcome,
  /** Whether the same call can be repeated without harm, and may succeed. */
  isRetryable: Schema.Boolean
} as const

const retryAfterField = {
  /** How long the service asked to wait, or how long until the limit has room. */
  retryAfter: optional(Schema.DurationFromMillis)
} as const

/**
 * 400: the service knows no such contact, or does not allow a duplicate. Repeating the call gives the same answer.
 * `reason` is there when the service has answered; without it {@link BadRequest.isContactNotFound} reads the message.
 *
 * @since 0.1.0
 * @category documented
 */
export class BadRequest extends Schema.TaggedError<BadRequest>(identifier("BadRequest"))("BadRequest", {
  ...fields,
  /** Whether the service refused an unknown contact, or something else. */
  reason: optional(Schema.Literal("ContactNotFound", "Other")),
  /**
   * The id of the contact that has the email or phone already, where the service refuses a duplicate and names it.
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
  /** Whether the same call may succeed when it is repeated: never. */
  get isRetryable(): boolean {
    return false
  }

  /** Whether the contact is unknown or deleted. The service answers 400, not 404, and tells by its message. */
  get isContactNotFound(): boolean {
    return this.reason === undefined ? isContactNotFound(this.message) : this.reason === "ContactNotFound"
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
  /** Whether the customer must connect the app again, because its OAuth grant is dead or missing. */
  reconnect: optional(Schema.Boolean),
  /** The location whose grant it is. */
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
  ...retryAfterField
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
  ...unknownOutcomeFields,
  ...retryAfterField
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
  ...unknownOutcomeFields,
  /** The transport's own name for the failure, such as `ECONNREFUSED`, or `TIMEOUT`. */
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
 * The errors of a network and of a service in trouble, as a schema.
 *
 * @since 0.2.0
 * @category models
 */
export const OperationalError = Schema.Union(Forbidden, RateLimited, ServerError, TransportError, UnexpectedResponse)

/**
 * The errors of a network and of a service in trouble.
 *
 * @since 0.1.0
 * @category models
 */
export type OperationalError = Forbidden | RateLimited | ServerError | TransportError | UnexpectedResponse

/**
 * Every way in which a call can fail, as a schema: an error that is encoded in one process is the same error where it is
 * decoded, in a workflow, an RPC or a queue.
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
