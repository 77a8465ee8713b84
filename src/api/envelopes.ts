// The bodies of successful responses.
import * as Schema from "effect/Schema"
import { Contact } from "./contacts.js"

/** Any other value than text is as good as none. */
const traceId = Schema.optional(Schema.Unknown)

/** A 200 whose own flag says that nothing was done is no success. */
const succeeded = Schema.optional(Schema.NullOr(Schema.Literal(true)))

/**
 * The answer of get contact.
 *
 * @since 0.1.0
 * @category envelopes
 */
export const GetContactAnswer = Schema.Struct({ contact: Contact, traceId })

/**
 * The answer of update contact: `succeded` (sic) and `succeeded` were both seen, together and alone.
 *
 * @since 0.1.0
 * @category envelopes
 */
export const UpdateContactAnswer = Schema.Struct({ succeded: succeeded, succeeded, contact: Contact, traceId })

/**
 * The answer of upsert contact.
 *
 * @since 0.1.0
 * @category envelopes
 */
export const UpsertContactAnswer = Schema.Struct({
  new: Schema.Boolean,
  succeded: succeeded,
  succeeded,
  contact: Contact,
  traceId
})
