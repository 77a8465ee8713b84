// The contact, as it is answered.
import * as Schema from "effect/Schema"
import { isObject, type JsonObject } from "../internal/json.js"
import { CustomField, CustomFieldValue, normalizeCustomField } from "./customFields.js"
import { DndSettings, normalizeDndSettings } from "./dnd.js"
import { ContactId, isId, LocationId } from "../fields/ids.js"
import { array, day, field, flag, instant, model, nested, text, textOrFlag, texts } from "../fields/model.js"
import { normalizeId } from "../fields/lenient.js"

const attribution = model(
  "Attribution",
  {},
  {
    url: text,
    campaign: text,
    utmSource: text,
    utmMedium: text,
    utmContent: text,
    referrer: text,
    campaignId: text,
    fbclid: text,
    gclid: text,
    msclikid: text,
    dclid: text,
    fbc: text,
    fbp: text,
    fbEventId: text,
    userAgent: text,
    ip: text,
    medium: text,
    mediumId: text,
    sessionSource: text
  },
  (wire) => {
    if (!isObject(wire) || !("msclickid" in wire)) return wire
    const { msclickid, ...rest } = wire
    return { msclikid: msclickid, ...rest }
  }
)

/**
 * Where a contact came from. Keys that are not listed here (`utmTerm`, `adName`, `gbraid`, …) are kept.
 *
 * @since 0.1.0
 * @category contact
 */
export interface Attribution extends Schema.Schema.Type<typeof attribution.struct> {}

/**
 * @since 0.1.0
 * @category contact
 */
export const Attribution: Schema.Schema<
  Attribution,
  Schema.Schema.Encoded<typeof attribution.struct>
> = attribution.struct

const actor = model(
  "Actor",
  {},
  {
    source: text,
    channel: text,
    sourceId: text,
    sourceName: text,
    timestamp: instant
  }
)

/**
 * Who created or changed a contact, and when.
 *
 * @since 0.1.0
 * @category contact
 */
export interface Actor extends Schema.Schema.Type<typeof actor.struct> {}

/**
 * @since 0.1.0
 * @category contact
 */
export const Actor: Schema.Schema<Actor, Schema.Schema.Encoded<typeof actor.struct>> = actor.struct

/** A custom field in a response is `{ id, value }`; in a request it is `{ id, field_value }`. */
export const AnsweredCustomField = Schema.transform(
  Schema.Struct({ id: Schema.String, key: Schema.optional(Schema.String), value: CustomFieldValue }),
  Schema.typeSchema(CustomField),
  { strict: true, decode: (field) => field, encode: (field) => field }
)

export const normalizeLocationId = (value: unknown) => (isId(value) ? value : undefined)

/** Bare text as the object that it stands for. */
const ofText = (name: string) => (value: unknown) => (typeof value === "string" ? { [name]: value } : value)

/** An email besides the main one; it may come as bare text. */
export const additionalEmail = nested(model("AdditionalEmail", {}, { email: text }, ofText("email")))

/** A phone besides the main one; it may come as bare text. */
export const additionalPhone = nested(model("AdditionalPhone", {}, { phone: text, phoneLabel: text }, ofText("phone")))

const contact = model(
  "Contact",
  { id: field(ContactId, normalizeId) },
  {
    locationId: field(LocationId, normalizeLocationId),
    name: text,
    firstName: text,
    lastName: text,
    email: text,
    phone: text,
    companyName: text,
    address1: text,
    city: text,
    state: text,
    country: text,
    postalCode: text,
    website: text,
    timezone: text,
    gender: text,
    dateOfBirth: day,
    ssn: text,
    type: text,
    source: text,
    keyword: text,
    assignedTo: text,
    businessId: text,
    visitorId: text,
    emailLowerCase: text,
    firstNameLowerCase: text,
    lastNameLowerCase: text,
    fullNameLowerCase: text,
    dnd: flag,
    dndSettings: field(DndSettings, normalizeDndSettings),
    inboundDndSettings: field(DndSettings, normalizeDndSettings),
    tags: texts,
    followers: texts,
    attachments: texts,
    customFields: array(field(AnsweredCustomField, normalizeCustomField)),
    attributionSource: nested(attribution),
    lastAttributionSource: nested(attribution),
    attributions: array(nested(attribution)),
    additionalEmails: array(additionalEmail),
    additionalPhones: array(additionalPhone),
    createdBy: nested(actor),
    lastUpdatedBy: nested(actor),
    deleted: flag,
    bounceEmail: textOrFlag,
    unsubscribeEmail: textOrFlag,
    validEmail: textOrFlag,
    dateAdded: instant,
    dateUpdated: instant,
    lastActivity: instant,
    lastSessionActivityAt: instant,
    validEmailDate: instant
  }
)

/** A contact as it travels, field by field, for documents that describe an API. */
export const ContactWire = Schema.encodedSchema(contact.struct)

/**
 * A contact, as answered. Every field but `id` may be absent: the service leaves unset fields out.
 *
 * - Moments (`dateAdded`, `dateUpdated`, `lastActivity`, …) are `DateTime.Utc`; one that cannot be read is absent.
 * - `dateOfBirth` is a day, `YYYY-MM-DD` whatever the service wrote (eight formats, ISO text, epoch milliseconds); text
 *   that is no day is kept as it came.
 * - Fields that are not described here stay reachable under their own names, as `unknown`.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-contact
 *
 * @since 0.1.0
 * @category contact
 */
export interface Contact extends Schema.Schema.Type<typeof contact.struct> {}

/**
 * Decodes a contact of an answer, encodes one for a cache or a fixture.
 *
 * @example
 * import * as Schema from "effect/Schema"
 * import { Contact } from "effect-growthhub/Schema"
 *
 * const contact = Schema.decodeUnknownSync(Contact)({ id: "seD4PfOuKoVMLkEZqohJ", phone: null, score: 7 })
 * // { id: "seD4PfOuKoVMLkEZqohJ", score: 7 }
 *
 * @since 0.1.0
 * @category contact
 */
export const Contact: Schema.Schema<Contact, JsonObject> = contact.schema

/**
 * The contact that an upsert created or matched.
 *
 * @since 0.1.0
 * @category contact
 */
export interface UpsertedContact extends Contact {
  /** Whether this upsert created the contact. */
  readonly new: boolean
  /** The service's id of this request, for its support. */
  readonly traceId?: string
}
