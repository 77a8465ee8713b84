// The contacts of a business: their models and endpoints.
import * as Schema from "effect/Schema"
import { ContactId, Id, LocationId } from "../fields/ids.js"
import { anArray, anObject, count, named, text } from "../fields/schemas.js"
import { always, documentedErrors, pageOf, traceId, endpointDefaults } from "./common.js"
import { ContactList, pageLimit } from "./contactList.js"
import { endpoint } from "./endpoint.js"

const service = "ContactsService"

/** The last contact of the previous page, sent as `name,id`. The name is in lower case, because the list is sorted by it. */
const LastListed = Schema.transform(
  Schema.String.annotations({
    description: "With Version v3: the name in lower case and the id of the last contact, separated by a comma"
  }),
  Schema.Struct({
    /** The `contactName` of the contact; empty if it has none. */
    name: text,
    /** The id of the contact. */
    id: ContactId.pipe(
      Schema.filter((id) => !id.includes(",") || "must not have a comma, which separates it from the name")
    )
  }).annotations(anObject),
  {
    strict: true,
    decode: (sent) => ({ name: sent.slice(0, sent.lastIndexOf(",")), id: sent.slice(sent.lastIndexOf(",") + 1) }),
    encode: ({ name, id }) => `${name.toLowerCase()},${id}`
  }
)

/**
 * The query of `getContactsByBusiness`.
 *
 * @since 0.2.0
 * @category businesses
 */
export const BusinessContactsQuery = Schema.Struct({
  /** The location of the business. */
  locationId: LocationId,
  /** The number of contacts per page: 1 to 100, 25 by default. */
  limit: pageLimit,
  /** The number of contacts to skip, as many as the previous pages had; 0 by default. */
  skip: Schema.optional(count(0, Infinity)),
  /**
   * The last contact of the previous page: its `contactName` and its `id`. The page begins after that contact, so that no
   * contact is skipped or listed twice when others are added or removed. Only with Version `v3`, which the layer's option
   * `versions` sets for `getContactsByBusiness`: in the default Version the service refuses the field with `Unprocessable`.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-contacts-by-business-id
   */
  startAfter: Schema.optional(LastListed),
  /** The text to search for in names, emails and phones. */
  query: Schema.optional(text)
})

/**
 * @since 0.2.0
 * @category businesses
 */
export interface BusinessContactsQuery extends Schema.Schema.Type<typeof BusinessContactsQuery> {}

/** `GET /contacts/business/{businessId}` */
export const getContactsByBusiness = endpoint({
  name: "getContactsByBusiness",
  service,
  scope: "contacts.readonly",
  page: pageOf("get-contacts-by-business-id"),
  method: "GET",
  path: "/contacts/business/{businessId}",
  ...endpointDefaults,
  params: Schema.Struct({ businessId: Id }),
  query: BusinessContactsQuery,
  answer: ContactList,
  isSafeToRetry: always
})

/** The maximum number of contacts per request. */
const mostContacts = 50

/**
 * The contacts of a bulk change, and the business to assign them to.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/add-remove-contact-from-business
 *
 * @since 0.2.0
 * @category businesses
 */
export const BusinessInBulk = Schema.Struct({
  /** The location of the contacts and the business. */
  locationId: LocationId,
  /** The contacts, 1 to 50. */
  ids: Schema.Array(ContactId)
    .annotations(anArray)
    .pipe(
      Schema.filter(
        ({ length }) => (length > 0 && length <= mostContacts) || `must have 1 to ${mostContacts} ids; it has ${length}`
      )
    ),
  /** The id of the business, or `null` to remove the contacts from their business. */
  businessId: Schema.NullOr(Id)
}).annotations({ ...named("BusinessInBulk"), ...anObject })

/**
 * @since 0.2.0
 * @category businesses
 */
export interface BusinessInBulk extends Schema.Schema.Type<typeof BusinessInBulk> {}

/** `POST /contacts/bulk/business` */
export const setBusinessInBulk = endpoint({
  name: "setBusinessInBulk",
  service,
  scope: "contacts.write",
  page: pageOf("add-remove-contact-from-business"),
  method: "POST",
  path: "/contacts/bulk/business",
  ...endpointDefaults,
  body: BusinessInBulk,
  answer: Schema.Struct({
    success: Schema.optional(Schema.NullOr(Schema.Literal(true))),
    ids: Schema.optional(Schema.NullOr(Schema.Array(Schema.String))),
    traceId
  }),
  // Only 422 is documented, but the service checks the token of this endpoint, too.
  errors: documentedErrors,
  isSafeToRetry: always,
  // The `ids` of a retry lack the contacts that an earlier attempt already changed.
  reconcile: ({ ids: _, ...answer }) => answer
})

/** The endpoints of businesses, by name. */
export const businessRows = { getContactsByBusiness, setBusinessInBulk }
