// Contacts as the older lists answer them, which is not as `getContact` does.
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
import { additionalEmail, additionalPhone, AnsweredCustomField, normalizeLocationId } from "./contact.js"
import { normalizeCustomField } from "./customFields.js"
import { endpoint } from "./endpoint.js"

const attribution = model(
  "ListedAttribution",
  {},
  {
    /** The page that the contact came to. */
    url: text,
    /** What began the session, such as `Direct traffic`. */
    utmSessionSource: text,
    /** The campaign by its name. */
    utmCampaign: text,
    /** The campaign by its id. */
    utmCampaignId: text,
    /** The ad by its id. */
    utmAdId: text,
    /** The medium, such as `cpc`. */
    utmMedium: text,
    /** The content of the ad. */
    utmContent: text,
    /** The source, such as `google`. */
    utmSource: text,
    /** Where the ad was shown. */
    adSource: text,
    /** What made the contact, such as `form`. */
    medium: text,
    /** The id of that. */
    mediumId: text,
    /** Whether it is the first attribution of the contact. */
    isFirst: flag,
    /** Whether it is the latest one. */
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
    /** The location that it belongs to. */
    locationId: field(LocationId, normalizeLocationId),
    /** First and last name, in lower case. */
    contactName: text,
    /** The first name in lower case: see `firstNameRaw`. */
    firstName: text,
    /** The last name in lower case: see `lastNameRaw`. */
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
    /** Whether nothing may be sent to the contact. */
    dnd: flag,
    /** The type, such as `lead`. */
    type: text,
    /** Where the contact came from. */
    source: text,
    /** The user who looks after it. */
    assignedTo: id,
    /** The street and the house number. */
    address1: text,
    /** The city. */
    city: text,
    /** The state. */
    state: text,
    /** The postal code. */
    postalCode: text,
    /** The country, two letters as a rule. */
    country: text,
    /** The website. */
    website: text,
    /** The time zone. */
    timezone: text,
    /** The day of birth, `YYYY-MM-DD` where it is a day. */
    dateOfBirth: day,
    /** The business that it belongs to. */
    businessId: id,
    /** Its tags. */
    tags: texts,
    /** The users who follow it. */
    followers: texts,
    /** Its custom fields. */
    customFields: array(field(AnsweredCustomField, normalizeCustomField)),
    /** Its other emails. */
    additionalEmails: array(additionalEmail),
    /** Its other phones. */
    additionalPhones: array(additionalPhone),
    /** Where it came from, with keys of their own. */
    attributions: array(nested(attribution)),
    /** Whether its email is valid. */
    validEmail: textOrFlag,
    /** When it was made. */
    dateAdded: instant,
    /** When it was changed. */
    dateUpdated: instant
  }
)

/**
 * A contact as `getContacts` and `getContactsByBusiness` answer it: names in lower case, with the true ones in `firstNameRaw` and
 * `lastNameRaw`. Fields that are not described here are kept.
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
    /** How many contacts there are in all. */
    total: number,
    /** The `startAfter` of the next page, in milliseconds of the epoch. */
    startAfter: number,
    /** The `startAfterId` of the next page. */
    startAfterId: id,
    /** The number of this page. */
    currentPage: number,
    /** The number of the next page; absent at the end. */
    nextPage: number,
    /** The number of the page before; absent at the beginning. */
    prevPage: number,
    /** The address of the next page. Do not follow it: the host is not always the API's. */
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
    /** How many contacts there are, as the service counts them. */
    count: number,
    /** Where the next page begins. */
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

/** How many contacts a page may have. */
export const pageLimit = Schema.optional(count(1, 100))

/**
 * Which contacts `getContacts` answers.
 *
 * @since 0.2.0
 * @category lists
 */
export const ContactListQuery = Schema.Struct({
  /** The location to look in. */
  locationId: LocationId,
  /** How many contacts a page has: 1 to 100, 20 by default. */
  limit: pageLimit,
  /** What to look for in names, phones, emails, tags and companies. */
  query: Schema.optional(inputText),
  /** `meta.startAfter` of the page before, together with `startAfterId`. Milliseconds of the epoch. */
  startAfter: Schema.optional(count(0, Infinity)),
  /** `meta.startAfterId` of the page before, together with `startAfter`. */
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

/** `GET /contacts/`, which v3 does not document any more */
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
  isRepeatable: always
})

/** The rows of the older lists, by name. */
export const contactListRows = { getContacts }
