// What the rows of all resources have in common.
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ContactsError } from "../Errors.js"
import { ContactId, LocationId } from "../fields/ids.js"
import type { Endpoint, Lookup, Repeat } from "./endpoint.js"

/** The statuses that most endpoints document as errors. */
export const documentedErrors = [400, 401, 422]

/** What most endpoints have in common: the documented Versions, in which bodies are spelt alike, and the errors. */
export const usual = {
  version: "2021-07-28",
  versions: { "2021-07-28": identity, v3: identity },
  errors: documentedErrors
} as const

export const always = (): boolean => true
export const never = (): boolean => false

/** All clocks are read in whole milliseconds. */
const rounding = 2

/**
 * Whether something was made at or after the first attempt of a call that may have been applied, by the service's own clock.
 * The service tells it by `Date`, in whole seconds, so that up to a second before counts as well.
 */
export const isSince = (dateAdded: DateTime.Utc | undefined, { elapsed, serverTime }: Repeat): boolean =>
  dateAdded !== undefined && serverTime !== undefined && dateAdded.epochMillis >= serverTime - elapsed - rounding

/** The service answers 400 for what is not there; a 404 is taken alike. */
const isGone = (error: ContactsError): boolean =>
  error.status === 404 ||
  (error._tag === "BadRequest" && (error.isContactNotFound || /not found|invalid|does not exist/i.test(error.message)))

const done: Option.Option<object> = Option.some({})

/** How a delete is settled whose outcome is unknown: what cannot be read any more has been deleted. */
export const settledByAbsence = <
  Params extends Schema.Schema.AnyNoContext,
  Answer extends Schema.Schema.AnyNoContext,
  Version extends string
>(
  read: Endpoint<Params, typeof Schema.Undefined, typeof Schema.Undefined, Answer, Version>
) => ({
  isRepeatable: always,
  reconcileError: (error: ContactsError) => (isGone(error) ? done : Option.none()),
  verify: (lookup: Lookup, { params }: { readonly params: Schema.Schema.Type<Params> }) =>
    Effect.matchEffect(lookup(read, { params }), {
      onSuccess: () => Effect.succeed(Option.none<object>()),
      onFailure: (error) => (isGone(error) ? Effect.succeed(done) : Effect.fail(error))
    })
})

export const ContactPath = Schema.Struct({ contactId: ContactId })

export const LocationPath = Schema.Struct({ locationId: LocationId })

/** Where the documentation of an endpoint is. */
export const pageOf = (name: string): string => `https://marketplace.gohighlevel.com/docs/ghl/contacts/${name}`

/** Where the documentation of an endpoint of locations is. */
export const locationPageOf = (name: string): string => `https://marketplace.gohighlevel.com/docs/ghl/locations/${name}`

/** The service's id of a request. Any other value than text is as good as none. */
export const traceId = Schema.optional(Schema.Unknown)

/**
 * The flags of a success, `succeded` (sic) and `succeeded`: both were seen, together and alone. A 2xx whose own flag says that
 * nothing was done is no success.
 */
export const flags = {
  succeded: Schema.optional(Schema.NullOr(Schema.Literal(true))),
  succeeded: Schema.optional(Schema.NullOr(Schema.Literal(true)))
} as const

/** The answer of an endpoint that only says that it is done. */
export const Done = Schema.Struct({ ...flags, traceId })
