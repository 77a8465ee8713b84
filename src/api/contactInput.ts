// The contact, as it is written.
import * as Schema from "effect/Schema"
import { isObject, type JsonObject, objectsIn } from "../internal/json.js"
import { Country } from "./country.js"
import { CustomField } from "./customFields.js"
import { DateOfBirth } from "./dateOfBirth.js"
import { DndSettingsInput, InboundDndSettingsInput } from "./dnd.js"
import { anArray, anObject, flag, named, text, texts } from "../fields/schemas.js"
import { LocationId } from "../fields/ids.js"

const optionalText = Schema.optional(text)
const nullableText = Schema.optional(Schema.NullOr(text))
const email = text.pipe(
  Schema.filter((address) => /^[^\s@]+@[^\s@]+$/.test(address) || "must be an email", {
    arbitrary: () => (fc) => fc.emailAddress()
  })
)

/** The fields that an update and an upsert take in the same way. */
const writtenFields = {
  firstName: nullableText,
  lastName: nullableText,
  name: nullableText,
  email: Schema.optional(Schema.NullOr(email)),
  phone: nullableText,
  address1: nullableText,
  city: nullableText,
  state: nullableText,
  website: nullableText,
  timezone: nullableText,
  dndSettings: Schema.optional(DndSettingsInput),
  inboundDndSettings: Schema.optional(InboundDndSettingsInput),
  tags: Schema.optional(texts),
  customFields: Schema.optional(Schema.Array(CustomField).annotations(anArray)),
  dateOfBirth: Schema.optional(Schema.NullOr(DateOfBirth)),
  country: Schema.optional(Country)
} as const

/**
 * The fields of an update. `null` clears a field, an absent field is left as it is; `tags` overwrites all tags of the
 * contact. `locationId` must not be sent.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/update-contact
 *
 * @since 0.1.0
 * @category contact
 */
export const ContactUpdate = Schema.Struct({
  ...writtenFields,
  postalCode: nullableText,
  dnd: Schema.optional(Schema.NullOr(flag)),
  source: nullableText,
  assignedTo: nullableText
}).annotations({ ...named("ContactUpdate"), ...anObject })

/**
 * @since 0.1.0
 * @category contact
 */
export interface ContactUpdate extends Schema.Schema.Type<typeof ContactUpdate> {}

const createdFields = {
  locationId: LocationId,
  ...writtenFields,
  postalCode: optionalText,
  companyName: nullableText,
  gender: optionalText,
  dnd: Schema.optional(flag),
  source: optionalText,
  assignedTo: optionalText
} as const

/**
 * The fields of a new contact. Where the location does not allow duplicates, one with the email or phone of another contact is
 * refused with a `BadRequest` that names that contact.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/create-contact
 *
 * @since 0.2.0
 * @category contact
 */
export const ContactCreate = Schema.Struct(createdFields).annotations({ ...named("ContactCreate"), ...anObject })

/**
 * @since 0.2.0
 * @category contact
 */
export interface ContactCreate extends Schema.Schema.Type<typeof ContactCreate> {}

/**
 * The fields of an upsert. With an `email` or a `phone` the service looks for a contact that matches; with
 * `createNewIfDuplicateAllowed: true`, in a location that allows duplicates, it creates one at once.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/upsert-contact
 *
 * @since 0.1.0
 * @category contact
 */
export const ContactUpsert = Schema.Struct({
  ...createdFields,
  createNewIfDuplicateAllowed: Schema.optional(flag)
}).annotations({ ...named("ContactUpsert"), ...anObject })

/**
 * @since 0.1.0
 * @category contact
 */
export interface ContactUpsert extends Schema.Schema.Type<typeof ContactUpsert> {}

// --- Version v3 --------------------------------------------------------------------------------------------------------

const v3Channels: { readonly [channel: string]: string } = {
  Call: "call",
  Email: "email",
  SMS: "sms",
  WhatsApp: "whatsApp",
  GMB: "gmb",
  FB: "fb"
}

/**
 * Respells the body of an update or an upsert for `Version: v3`: channels are `call, email, sms, whatsApp, gmb, fb`, and
 * a custom field carries `fieldValue`.
 *
 * @since 0.1.0
 * @category envelopes
 */
export const toV3 = (body: JsonObject): JsonObject => {
  const { dndSettings, customFields, ...rest } = body
  return {
    ...rest,
    ...(isObject(dndSettings)
      ? {
          dndSettings: Object.fromEntries(
            Object.entries(dndSettings).map(([channel, setting]) => [v3Channels[channel] ?? channel, setting])
          )
        }
      : {}),
    ...(customFields === undefined
      ? {}
      : {
          customFields: objectsIn(customFields).map(({ field_value, ...field }) => ({
            ...field,
            fieldValue: field_value
          }))
        })
  }
}
