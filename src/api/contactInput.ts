// The contact in requests.
import * as Schema from "effect/Schema"
import { isObject, type JsonObject, objectsIn } from "../runtime/json.js"
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
  /** The first name. */
  firstName: nullableText,
  /** The last name. */
  lastName: nullableText,
  /** The full name. */
  name: nullableText,
  /** The main email address. */
  email: Schema.optional(Schema.NullOr(email)),
  /** The main phone number, such as `+18832327657`. */
  phone: nullableText,
  /** The street and the number. */
  address1: nullableText,
  /** The city. */
  city: nullableText,
  /** The state or region. */
  state: nullableText,
  /** The website. */
  website: nullableText,
  /** The time zone, such as `Australia/Adelaide`. */
  timezone: nullableText,
  /** Do-not-disturb by channel, for messages to the contact. */
  dndSettings: Schema.optional(DndSettingsInput),
  /** Do-not-disturb for messages from the contact. */
  inboundDndSettings: Schema.optional(InboundDndSettingsInput),
  /** All tags of the contact: tags that are not listed are removed. */
  tags: Schema.optional(texts),
  /** The custom fields to set. */
  customFields: Schema.optional(Schema.Array(CustomField).annotations(anArray)),
  /** The date of birth: text in one of eight formats, or a `DateTime`. It is sent as `YYYY-MM-DD`. */
  dateOfBirth: Schema.optional(Schema.NullOr(DateOfBirth)),
  /** The two-letter code of the country. */
  country: Schema.optional(Country)
} as const

/**
 * The fields of an update. `null` clears a field, an absent field is unchanged; `tags` overwrites all tags of the contact.
 * `locationId` must not be sent.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/update-contact
 *
 * @since 0.1.0
 * @category contact
 */
export const ContactUpdate = Schema.Struct({
  ...writtenFields,
  /** The postal code. */
  postalCode: nullableText,
  /** Whether do-not-disturb is on for all channels. */
  dnd: Schema.optional(Schema.NullOr(flag)),
  /** The source of the contact, such as `public api`. */
  source: nullableText,
  /** The id of the user to assign the contact to. */
  assignedTo: nullableText
}).annotations({ ...named("ContactUpdate"), ...anObject })

/**
 * @since 0.1.0
 * @category contact
 */
export interface ContactUpdate extends Schema.Schema.Type<typeof ContactUpdate> {}

const createdFields = {
  /** The location (sub-account) of the contact. */
  locationId: LocationId,
  ...writtenFields,
  /** The postal code. */
  postalCode: optionalText,
  /** The name of the company. */
  companyName: nullableText,
  /** The gender. */
  gender: optionalText,
  /** Whether do-not-disturb is on for all channels. */
  dnd: Schema.optional(flag),
  /** The source of the contact, such as `public api`. */
  source: optionalText,
  /** The id of the user to assign the contact to. */
  assignedTo: optionalText
} as const

/**
 * The fields of a new contact. If the location does not allow duplicates, a contact with the email or phone of another
 * contact is refused with a `BadRequest` that names the other contact.
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
 * The fields of an upsert. With an `email` or a `phone` the service looks for a matching contact; with
 * `createNewIfDuplicateAllowed: true`, in a location that allows duplicates, it creates a contact without looking.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/upsert-contact
 *
 * @since 0.1.0
 * @category contact
 */
export const ContactUpsert = Schema.Struct({
  ...createdFields,
  /** Whether to create a contact although another one matches, if the location allows duplicates. Not safe to retry. */
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
 * Renames fields in the body of an update or an upsert for `Version: v3`: the channels are `call`, `email`, `sms`,
 * `whatsApp`, `gmb` and `fb`, and the value of a custom field is `fieldValue`.
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
