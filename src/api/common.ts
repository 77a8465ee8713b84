// Properties and helpers that the endpoints of all resources share.
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ContactsError } from "../Errors.js"
import { ContactId, LocationId } from "../fields/ids.js"
import type { Endpoint, Lookup, RetryTiming } from "./endpoint.js"

/** The statuses that most endpoints document as errors. */
export const documentedErrors = [400, 401, 422]

/** The properties that most endpoints share: the documented Versions, which have the same bodies, and the errors. */
export const endpointDefaults = {
  version: "2021-07-28",
  versions: { "2021-07-28": identity, v3: identity },
  errors: documentedErrors
} as const

export const always = (): boolean => true
export const never = (): boolean => false

/** The tolerance of time comparisons, in milliseconds, because all clocks are read in whole milliseconds. */
const rounding = 2

/**
 * Whether a record was created at or after the first attempt of a call that may have been applied, by the service's clock.
 * That clock is read from the `Date` header, in whole seconds, so a record of up to a second earlier counts as well.
 */
export const wasCreatedSince = (dateAdded: DateTime.Utc | undefined, { elapsed, serverTime }: RetryTiming): boolean =>
  dateAdded !== undefined && serverTime !== undefined && dateAdded.epochMillis >= serverTime - elapsed - rounding

/** Whether an error means that the record does not exist. The service responds with 400 then; a 404 is an unknown path. */
const isNotFound = (error: ContactsError): boolean =>
  error._tag === "BadRequest" &&
  (error.isContactNotFound || /\bid is invalid|not found|does not exist/i.test(error.message))

const done: Option.Option<object> = Option.some({})

/** Settles a delete of unknown outcome: a record that can no longer be read has been deleted. */
export const deletionVerification = <
  Params extends Schema.Schema.AnyNoContext,
  Answer extends Schema.Schema.AnyNoContext,
  Version extends string
>(
  read: Endpoint<Params, typeof Schema.Undefined, typeof Schema.Undefined, Answer, Version>
) => ({
  isSafeToRetry: always,
  reconcileError: (error: ContactsError) => (isNotFound(error) ? done : Option.none()),
  verify: (lookup: Lookup, { params }: { readonly params: Schema.Schema.Type<Params> }) =>
    Effect.matchEffect(lookup(read, { params }), {
      onSuccess: () => Effect.succeed(Option.none<object>()),
      onFailure: (error) => (isNotFound(error) ? Effect.succeed(done) : Effect.fail(error))
    })
})

export const ContactPath = Schema.Struct({ contactId: ContactId })

export const LocationPath = Schema.Struct({ locationId: LocationId })

/** Returns the URL of an endpoint's documentation. */
export const pageOf = (name: string): string => `https://marketplace.gohighlevel.com/docs/ghl/contacts/${name}`

/** Returns the URL of the documentation of an endpoint of locations. */
export const locationPageOf = (name: string): string => `https://marketplace.gohighlevel.com/docs/ghl/locations/${name}`

/** The service's id of a request. A value that is not text is ignored. */
export const traceId = Schema.optional(Schema.Unknown)

/**
 * The success flags of a response, `succeded` (sic) and `succeeded`: the service sends either or both. A 2xx response with a
 * flag that is `false` is not a success.
 */
export const flags = {
  succeded: Schema.optional(Schema.NullOr(Schema.Literal(true))),
  succeeded: Schema.optional(Schema.NullOr(Schema.Literal(true)))
} as const

/** The answer of an endpoint that returns no data, only success flags. */
export const Done = Schema.Struct({ ...flags, traceId })
