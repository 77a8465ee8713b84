// The search for contacts: its request, the contacts of its response, and its endpoint.
import { identity } from "effect/Function"
import * as Schema from "effect/Schema"
import { isArray, isObject, type JsonObject } from "../runtime/json.js"
import { LocationId } from "../fields/ids.js"
import { array, field, id, model, nested, number, text } from "../fields/model.js"
import * as Input from "../fields/schemas.js"
import { always, pageOf, traceId } from "./common.js"
import { contactFields, contactId } from "./contact.js"
import { endpoint } from "./endpoint.js"
import { Filter, longestText } from "./filter.js"

// --- the contact of a search -------------------------------------------------------------------------------------------

const opportunity = model(
  "Opportunity",
  {},
  {
    /** The id of the opportunity. */
    id,
    /** The id of the pipeline of the opportunity. */
    pipelineId: id,
    /** The id of the stage in the pipeline. */
    pipelineStageId: id,
    /** The value of the opportunity, in the currency of the location. */
    monetaryValue: number,
    /** The status: `open`, `won`, `lost` or `abandoned`. */
    status: text
  }
)

/**
 * An opportunity of a contact in the response of a search.
 *
 * @since 0.2.0
 * @category search
 */
export interface Opportunity extends Schema.Schema.Type<typeof opportunity.struct> {}

/**
 * The codec of {@link Opportunity}.
 *
 * @since 0.2.0
 * @category search
 */
export const Opportunity: Schema.Schema<
  Opportunity,
  Schema.Schema.Encoded<typeof opportunity.struct>
> = opportunity.struct

const cursor = Schema.Array(Schema.Unknown).pipe(
  Schema.filter((values) => values.length > 0 || "must not be empty", {
    // Only JSON values are generated, as in a response.
    arbitrary: () => (fc) => fc.array(fc.oneof(fc.string(), fc.integer(), fc.constant(null)), { minLength: 1 })
  })
)

const searchedFields = {
  ...contactFields,
  /** The street and the number, under the name that a search uses; `address1` has the same value. */
  address: text,
  /** The first and the last name in lower case. */
  contactName: text,
  /** The name of the business of the contact. */
  businessName: text,
  /** The label of the phone number, such as `Home`. */
  phoneLabel: text,
  /** The opportunities of the contact; not every response has them. */
  opportunities: array(nested(opportunity)),
  /** The cursor of the contact: the same search continues after this contact. It is kept as the service sent it. */
  searchAfter: field(cursor, (value) => (isArray(value) && value.length > 0 ? value : undefined))
}

/** The contact's JSON in a search: unset fields are null, and the date of birth is in milliseconds since the epoch. */
const searchedWire = Schema.Struct(
  {
    id: Schema.String,
    ...Object.fromEntries(
      Object.entries<{ readonly schema: Schema.Schema.AnyNoContext }>(searchedFields).map(([name, { schema }]) => [
        name,
        Schema.optional(Schema.NullOr(name === "dateOfBirth" ? Schema.Number : Schema.encodedSchema(schema)))
      ])
    )
  },
  Input.unknownFields
)

const searchedContact = model(
  "SearchedContact",
  contactId,
  searchedFields,
  (wire) =>
    isObject(wire) && wire["address1"] === undefined && typeof wire["address"] === "string"
      ? { ...wire, address1: wire["address"] }
      : wire,
  searchedWire
)

/**
 * A contact in the response of a search: a {@link Contact} with the fields that only a search returns. It lacks `createdBy`,
 * `lastUpdatedBy`, `lastActivity`, `attachments`, `visitorId`, `emailLowerCase` and `fullNameLowerCase`, which `getContact`
 * returns.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/search-contacts-advanced
 *
 * @since 0.2.0
 * @category search
 */
export interface SearchedContact extends Schema.Schema.Type<typeof searchedContact.struct> {}

/**
 * The codec of {@link SearchedContact}.
 *
 * @since 0.2.0
 * @category search
 */
export const SearchedContact: Schema.Schema<SearchedContact, JsonObject> = searchedContact.schema

// --- the request -------------------------------------------------------------------------------------------------------

/** The maximum number of contacts per page. */
export const maximumPageSize = 500

/** The number of contacts that `page` can reach. */
export const searchWindow = 10_000

const sortFields = [
  "dateAdded",
  "dateUpdated",
  "firstNameLowerCase",
  "lastNameLowerCase",
  "businessName",
  "email",
  "dnd",
  "source"
] as const

/**
 * The field by which a search sorts, and the direction.
 *
 * @since 0.2.0
 * @category search
 */
export const SearchSort = Schema.Struct({
  /** The field. The service does not sort by any other field. */
  field: Schema.Literal(...sortFields).annotations(Input.withMessage(`must be one of ${sortFields.join(", ")}`)),
  /** The direction: `asc` begins with the smallest value, `desc` with the greatest. */
  direction: Schema.Literal("asc", "desc").annotations(Input.withMessage("must be asc or desc"))
}).annotations({ ...Input.named("SearchSort"), ...Input.anObject })

/**
 * @since 0.2.0
 * @category search
 */
export interface SearchSort extends Schema.Schema.Type<typeof SearchSort> {}

const searchFields = {
  /** The location to search in. */
  locationId: LocationId,
  /** The number of the page, from 1. Pages reach the first 10,000 contacts; `searchAfter` reaches all. */
  page: Schema.optional(Input.count(1, searchWindow)),
  /**
   * The cursor after which the page begins: `searchAfter` of the previous page, or of any contact. Filters, sort and query
   * have to be the same as for that page. Not together with `page`.
   */
  searchAfter: Schema.optional(cursor),
  /** The filters; a contact has to match all of them. See the module `Filter`. */
  filters: Schema.optional(Schema.Array(Filter).annotations(Input.anArray)),
  /** One or two fields to sort by; `dateAdded`, newest first, by default. */
  sort: Schema.optional(
    Schema.Array(SearchSort)
      .annotations(Input.anArray)
      .pipe(
        Schema.filter((sorts) => (sorts.length >= 1 && sorts.length <= 2) || "must have one or two fields", {
          arbitrary: () => (fc) =>
            fc.array(fc.record({ field: fc.constantFrom(...sortFields), direction: fc.constantFrom("asc", "desc") }), {
              minLength: 1,
              maxLength: 2
            })
        })
      )
  ),
  /** The text to find in the fields that the location's settings mark as searchable; 75 characters at most. */
  query: Schema.optional(
    Input.text.pipe(
      Schema.maxLength(longestText, Input.withMessage(`must not be longer than ${longestText} characters`))
    )
  )
} as const

const pageLimit = Input.count(1, maximumPageSize)

/** The default number of contacts per page. */
export const defaultPageSize = 100

/** Returns the fault if `page`, `pageLimit` and `searchAfter` do not fit together; undefined if they do. */
const pagingFault = ({
  page,
  pageLimit = defaultPageSize,
  searchAfter
}: {
  readonly page?: number | undefined
  readonly pageLimit?: number | undefined
  readonly searchAfter?: ReadonlyArray<unknown> | undefined
}) => {
  if (page === undefined) return undefined
  if (searchAfter !== undefined) return { path: ["page"], message: "must be absent with searchAfter" }
  return page * pageLimit <= searchWindow
    ? undefined
    : { path: ["page"], message: `must not reach beyond ${searchWindow} contacts: use searchAfter to continue` }
}

/**
 * A search for contacts.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/search-contacts-advanced
 *
 * @since 0.2.0
 * @category search
 */
export const ContactSearch = Schema.Struct({
  ...searchFields,
  /** The number of contacts per page: 1 to 500, 100 by default. */
  pageLimit: Schema.optional(pageLimit)
}).annotations({ ...Input.named("ContactSearch"), ...Input.anObject })

/**
 * @since 0.2.0
 * @category search
 */
export interface ContactSearch extends Schema.Schema.Type<typeof ContactSearch> {}

/**
 * A page of a search.
 *
 * @since 0.2.0
 * @category search
 */
export interface SearchPage {
  /** The contacts, in the order of the search. */
  readonly contacts: ReadonlyArray<SearchedContact>
  /** The number of contacts that match, on all pages. */
  readonly total: number
  /** The cursor of the next page; absent if this page is empty, because there is no next page then. */
  readonly searchAfter?: ReadonlyArray<unknown>
}

// --- the endpoint ------------------------------------------------------------------------------------------------------

/** `POST /contacts/search` */
export const searchContacts = endpoint({
  name: "searchContacts",
  service: "ContactsService",
  scope: "contacts.readonly",
  page: pageOf("search-contacts-advanced"),
  method: "POST",
  path: "/contacts/search",
  version: "2021-07-28",
  versions: { "2021-07-28": identity, "2021-04-15": identity, "2023-02-21": identity, v3: identity },
  body: Schema.Struct({ ...searchFields, pageLimit })
    .annotations(Input.anObject)
    .pipe(Schema.filter((query) => pagingFault(query))),
  answer: Schema.Struct({ contacts: Schema.Array(SearchedContact), total: Schema.Number, traceId }),
  errors: [400, 401],
  isRead: true,
  isSafeToRetry: always
})

/** The endpoint of the search, by name. */
export const searchRows = { searchContacts }
