// The contacts of the older list endpoints, whose fields differ from those of `getContact`.
import { identity } from "effect/Function"
import * as Schema from "effect/Schema"
import { isObject, type JsonObject } from "../runtime/json.js"
import { ContactId, LocationId } from "../fields/ids.js"
import {
  array,
  day,
  field,
  flag,
  id,
  instant,
  model,
  nested,
  number,
  text,
  textOrFlag,
  texts
} from "../fields/model.js"
import { normalizeId } from "../fields/lenient.js"
import { count, text as inputText } from "../fields/schemas.js"
import { always, documentedErrors, pageOf } from "./common.js"
import { additionalEmail, additionalPhone, CustomFieldInResponse, normalizeLocationId } from "./contact.js"
import { normalizeCustomField } from "./customFields.js"
import { endpoint } from "./endpoint.js"

const attribution = model(
  "ListedAttribution",
  {},
  {
    /** The page that the contact came to. */
    url: text,
    /** The kind of the session, such as `Direct traffic`. */
    utmSessionSource: text,
    /** The name of the campaign. */
    utmCampaign: text,
    /** The id of the campaign. */
    utmCampaignId: text,
    /** The id of the ad. */
    utmAdId: text,
    /** The medium, such as `cpc`. */
    utmMedium: text,
    /** The content of the ad. */
    utmContent: text,
    /** The source, such as `google`. */
    utmSource: text,
    /** The platform that showed the ad. */
    adSource: text,
    /** The medium that created the contact, such as `form`. */
    medium: text,
    /** The id of the medium, such as that of the form. */
    mediumId: text,
    /** Whether this is the first attribution of the contact. */
    isFirst: flag,
    /** Whether this is the latest attribution of the contact. */
    isLast: flag
  }
)

const listed = model(
  "ListedContact",
  {
    /** The id of the contact. */
    id: field(ContactId, normalizeId)
  },
  {
    /** The location of the contact. */
    locationId: field(LocationId, normalizeLocationId),
    /** First and last name, in lower case. */
    contactName: text,
    /** The first name in lower case; `firstNameRaw` has the original. */
    firstName: text,
    /** The last name in lower case; `lastNameRaw` has the original. */
    lastName: text,
    /** The first name as it was written. */
    firstNameRaw: text,
    /** The last name as it was written. */
    lastNameRaw: text,
    /** The company. */
    companyName: text,
    /** The main email. */
    email: text,
    /** The main phone. */
    phone: text,
    /** Whether do-not-disturb is on for all channels. */
    dnd: flag,
    /** The type, such as `lead`. */
    type: text,
    /** The source of the contact. */
    source: text,
    /** The id of the user that the contact is assigned to. */
    assignedTo: id,
    /** The street and the house number. */
    address1: text,
    /** The city. */
    city: text,
    /** The state. */
    state: text,
    /** The postal code. */
    postalCode: text,
    /** The country, usually as a two-letter code. */
    country: text,
    /** The website. */
    website: text,
    /** The time zone. */
    timezone: text,
    /** The date of birth as `YYYY-MM-DD`; text that is not a date is kept as the service sent it. */
    dateOfBirth: day,
    /** The id of the business of the contact. */
    businessId: id,
    /** The tags of the contact. */
    tags: texts,
    /** The ids of the users who follow the contact. */
    followers: texts,
    /** The custom fields that have a value. */
    customFields: array(field(CustomFieldInResponse, normalizeCustomField)),
    /** Email addresses besides the main one. */
    additionalEmails: array(additionalEmail),
    /** Phone numbers besides the main one. */
    additionalPhones: array(additionalPhone),
    /** The origins of the contact; their keys differ from those of `getContact`. */
    attributions: array(nested(attribution)),
    /** Whether the email address is valid. */
    validEmail: textOrFlag,
    /** When the contact was created. */
    dateAdded: instant,
    /** When the contact was last changed. */
    dateUpdated: instant
  }
)

/**
 * A contact in a response of `getContacts` or `getContactsByBusiness`: names are in lower case, and the original names are
 * in `firstNameRaw` and `lastNameRaw`. Fields that are not described here are kept.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-contacts
 *
 * @since 0.2.0
 * @category lists
 */
export interface ListedContact extends Schema.Schema.Type<typeof listed.struct> {}

/**
 * The codec of {@link ListedContact}.
 *
 * @since 0.2.0
 * @category lists
 */
export const ListedContact: Schema.Schema<ListedContact, JsonObject> = listed.schema

const meta = model(
  "ContactListMeta",
  {},
  {
    /** The total number of contacts. */
    total: number,
    /** The `startAfter` of the next page, in milliseconds since the epoch. */
    startAfter: number,
    /** The `startAfterId` of the next page. */
    startAfterId: id,
    /** The number of this page. */
    currentPage: number,
    /** The number of the next page; absent at the end. */
    nextPage: number,
    /** The number of the previous page; absent at the beginning. */
    prevPage: number,
    /** The URL of the next page. Do not follow it: the host is not always the API's. */
    nextPageUrl: text
  }
)

const list = model(
  "ContactList",
  {
    /** The contacts of this page. */
    contacts: array(nested(listed))
  },
  {
    /** The number of contacts, as reported by the service. */
    count: number,
    /** The totals and the cursor of the next page. */
    meta: nested(meta)
  },
  (wire) => (isObject(wire) && wire["contacts"] === null ? { ...wire, contacts: [] } : wire)
)

/**
 * A page of contacts.
 *
 * @since 0.2.0
 * @category lists
 */
export interface ContactList extends Schema.Schema.Type<typeof list.struct> {}

/**
 * The codec of {@link ContactList}.
 *
 * @since 0.2.0
 * @category lists
 */
export const ContactList: Schema.Schema<ContactList, JsonObject> = list.schema

/** The number of contacts per page. */
export const pageLimit = Schema.optional(count(1, 100))

/**
 * The query of `getContacts`.
 *
 * @since 0.2.0
 * @category lists
 */
export const ContactListQuery = Schema.Struct({
  /** The location to search. */
  locationId: LocationId,
  /** The number of contacts per page: 1 to 100, 20 by default. */
  limit: pageLimit,
  /** The text to search for in names, phones, emails, tags and companies. */
  query: Schema.optional(inputText),
  /** `meta.startAfter` of the previous page, together with `startAfterId`. Milliseconds since the epoch. */
  startAfter: Schema.optional(count(0, Infinity)),
  /** `meta.startAfterId` of the previous page, together with `startAfter`. */
  startAfterId: Schema.optional(inputText)
}).pipe(
  Schema.filter(
    ({ startAfter, startAfterId }) =>
      (startAfter === undefined) === (startAfterId === undefined) || "startAfter and startAfterId go together"
  )
)

/**
 * @since 0.2.0
 * @category lists
 */
export interface ContactListQuery extends Schema.Schema.Type<typeof ContactListQuery> {}

/** `GET /contacts/`, which v3 no longer documents */
export const getContacts = endpoint({
  name: "getContacts",
  service: "ContactsService",
  scope: "contacts.readonly",
  page: pageOf("get-contacts"),
  method: "GET",
  path: "/contacts/",
  version: "2021-07-28",
  versions: { "2021-07-28": identity },
  query: ContactListQuery,
  answer: ContactList,
  errors: documentedErrors,
  isSafeToRetry: always
})

/** The endpoints of the older lists, by name. */
export const contactListRows = { getContacts }
