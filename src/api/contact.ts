// The contact of a response.
import * as Schema from "effect/Schema"
import { isObject, type JsonObject } from "../runtime/json.js"
import { CustomField, CustomFieldValue, normalizeCustomField } from "./customFields.js"
import { DndSettings, normalizeDndSettings } from "./dnd.js"
import { ContactId, isId, LocationId } from "../fields/ids.js"
import { array, day, field, flag, instant, model, nested, text, textOrFlag, texts } from "../fields/model.js"
import { normalizeId } from "../fields/lenient.js"

const attribution = model(
  "Attribution",
  {},
  {
    /** The page that the visitor came to. */
    url: text,
    /** The name of the campaign. */
    campaign: text,
    /** The `utm_source` of the URL. */
    utmSource: text,
    /** The `utm_medium` of the URL. */
    utmMedium: text,
    /** The `utm_content` of the URL. */
    utmContent: text,
    /** The page that led to the URL. */
    referrer: text,
    /** The id of the campaign. */
    campaignId: text,
    /** The click id of Facebook. */
    fbclid: text,
    /** The click id of Google Ads. */
    gclid: text,
    /** The click id of Microsoft Ads, under the name that the API documents. */
    msclikid: text,
    /** The click id of Google Display ads. */
    dclid: text,
    /** The click cookie of Facebook (`_fbc`). */
    fbc: text,
    /** The browser cookie of Facebook (`_fbp`). */
    fbp: text,
    /** The event id of Facebook. */
    fbEventId: text,
    /** The browser of the visitor. */
    userAgent: text,
    /** The IP address of the visitor. */
    ip: text,
    /** The medium of the visit, such as `form` or `calendar`. */
    medium: text,
    /** The id of the medium, such as that of the form or calendar. */
    mediumId: text,
    /** The kind of the session, such as `Direct traffic`. */
    sessionSource: text
  },
  (wire) => {
    if (!isObject(wire) || !("msclickid" in wire)) return wire
    const { msclickid, ...rest } = wire
    return { msclikid: msclickid, ...rest }
  }
)

/**
 * The origin of a contact. Keys that are not listed here (`utmTerm`, `adName`, `gbraid`, …) are kept.
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
    /** The kind of the actor, such as `WEB_USER` or `INTEGRATION`. */
    source: text,
    /** The channel of the change, such as `APP` or `OAUTH`. */
    channel: text,
    /** The id of the user or the app. */
    sourceId: text,
    /** The name of the user or the app. */
    sourceName: text,
    /** When the change was made. */
    timestamp: instant
  }
)

/**
 * The user or app that created or changed a contact, and the time of the change.
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
export const CustomFieldInResponse = Schema.transform(
  Schema.Struct({ id: Schema.String, key: Schema.optional(Schema.String), value: CustomFieldValue }),
  Schema.typeSchema(CustomField),
  { strict: true, decode: (field) => field, encode: (field) => field }
)

export const normalizeLocationId = (value: unknown) => (isId(value) ? value : undefined)

/** Converts bare text to an object with one field of this name. */
const ofText = (name: string) => (value: unknown) => (typeof value === "string" ? { [name]: value } : value)

/** An email besides the main one; it may come as bare text. */
export const additionalEmail = nested(
  model(
    "AdditionalEmail",
    {},
    {
      /** The email address. */
      email: text
    },
    ofText("email")
  )
)

/** A phone besides the main one; it may come as bare text. */
export const additionalPhone = nested(
  model(
    "AdditionalPhone",
    {},
    {
      /** The phone number. */
      phone: text,
      /** The label of the phone number, such as `Home`. */
      phoneLabel: text
    },
    ofText("phone")
  )
)

/** The field that a contact always has. */
export const contactId = {
  /** The id of the contact. */
  id: field(ContactId, normalizeId)
}

/** The fields of a contact that may be absent. */
export const contactFields = {
  /** The location (sub-account) that the contact belongs to. */
  locationId: field(LocationId, normalizeLocationId),
  /** The full name. */
  name: text,
  /** The first name. */
  firstName: text,
  /** The last name. */
  lastName: text,
  /** The main email address. */
  email: text,
  /** The main phone number, such as `+18832327657`. */
  phone: text,
  /** The name of the company. */
  companyName: text,
  /** The street and the number. */
  address1: text,
  /** The city. */
  city: text,
  /** The state or region. */
  state: text,
  /** The two-letter code of the country. */
  country: text,
  /** The postal code. */
  postalCode: text,
  /** The website. */
  website: text,
  /** The time zone, such as `Australia/Adelaide`. */
  timezone: text,
  /** The gender. */
  gender: text,
  /** The date of birth as `YYYY-MM-DD`; text that is not a date is kept as the service sent it. */
  dateOfBirth: day,
  /** The social security number. */
  ssn: text,
  /** The type, such as `lead` or `customer`. */
  type: text,
  /** The source of the contact, such as `public api`. */
  source: text,
  /** The keyword of the campaign. */
  keyword: text,
  /** The id of the user that the contact is assigned to. */
  assignedTo: text,
  /** The id of the business of the contact. */
  businessId: text,
  /** The id of the visitor of a tracked website. */
  visitorId: text,
  /** The email address in lower case. */
  emailLowerCase: text,
  /** The first name in lower case. */
  firstNameLowerCase: text,
  /** The last name in lower case. */
  lastNameLowerCase: text,
  /** The full name in lower case. */
  fullNameLowerCase: text,
  /** Whether do-not-disturb is on for all channels. */
  dnd: flag,
  /** Do-not-disturb by channel, for messages to the contact. */
  dndSettings: field(DndSettings, normalizeDndSettings),
  /** Do-not-disturb for messages from the contact. */
  inboundDndSettings: field(DndSettings, normalizeDndSettings),
  /** The tags. */
  tags: texts,
  /** The ids of the users who follow the contact. */
  followers: texts,
  /** The URLs of the attachments. */
  attachments: texts,
  /** The custom fields that have a value. */
  customFields: array(field(CustomFieldInResponse, normalizeCustomField)),
  /** The first origin of the contact. */
  attributionSource: nested(attribution),
  /** The last origin of the contact. */
  lastAttributionSource: nested(attribution),
  /** All origins of the contact. */
  attributions: array(nested(attribution)),
  /** Email addresses besides the main one. */
  additionalEmails: array(additionalEmail),
  /** Phone numbers besides the main one. */
  additionalPhones: array(additionalPhone),
  /** The user or app that created the contact. */
  createdBy: nested(actor),
  /** The user or app that last changed the contact. */
  lastUpdatedBy: nested(actor),
  /** Whether the contact was deleted. */
  deleted: flag,
  /** Whether messages to the email address bounced. */
  bounceEmail: textOrFlag,
  /** Whether the contact unsubscribed from emails. */
  unsubscribeEmail: textOrFlag,
  /** Whether the email address was validated. */
  validEmail: textOrFlag,
  /** When the contact was created. */
  dateAdded: instant,
  /** When the contact was last changed. */
  dateUpdated: instant,
  /** When the contact was last active. */
  lastActivity: instant,
  /** When the last session of the contact on a website was active. */
  lastSessionActivityAt: instant,
  /** When the email address was validated. */
  validEmailDate: instant
}

const contact = model("Contact", contactId, contactFields)

/** Brings the fields of a contact into the form of the model. */
export const { normalize: normalizeContact } = contact

/** The schema of a contact's JSON, field by field, for documents that describe an API. */
export const ContactJson = Schema.encodedSchema(contact.struct)

/**
 * A contact in a response. Every field but `id` may be absent: the service omits unset fields.
 *
 * - Timestamps (`dateAdded`, `dateUpdated`, `lastActivity`, …) are `DateTime.Utc`; one that cannot be read is absent.
 * - `dateOfBirth` is `YYYY-MM-DD`, whichever format the service sent (eight formats, ISO text, epoch milliseconds); text
 *   that is not a day is kept as the service sent it.
 * - Fields that are not described here stay reachable under their own names, as `unknown`.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-contact
 *
 * @since 0.1.0
 * @category contact
 */
export interface Contact extends Schema.Schema.Type<typeof contact.struct> {}

/**
 * The codec of {@link Contact}: decodes a contact of a response, and encodes a contact for a cache or a fixture.
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
 * A contact in the response to a write, with the names of the fields that the service ignored.
 *
 * @since 0.2.0
 * @category contact
 */
export interface WrittenContact extends Contact {
  /**
   * The fields that were sent and that the response does not have as sent; usually none. The service can respond with
   * success although it kept another value, for example if a phone belongs to another contact. Another form of the same
   * value does not count: lower-cased tags and emails, a phone in E.164, another format of a day, a name in its parts.
   *
   * @since 0.2.0
   */
  readonly ignored: ReadonlyArray<string>
}

/**
 * The contact that an upsert created or matched.
 *
 * @since 0.1.0
 * @category contact
 */
export interface UpsertedContact extends WrittenContact {
  /** Whether this upsert created the contact. */
  readonly new: boolean
  /** The service's id of this request, for its support. */
  readonly traceId?: string
}
