// The search of contacts: what is asked, the contact as it is answered there, and the endpoint.
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
    /** The pipeline that it is in. */
    pipelineId: id,
    /** The stage of the pipeline. */
    pipelineStageId: id,
    /** What it is worth, in the currency of the location. */
    monetaryValue: number,
    /** `open`, `won`, `lost` or `abandoned`. */
    status: text
  }
)

/**
 * An opportunity of a contact, as a search answers it.
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
    // What stands in JSON.
    arbitrary: () => (fc) => fc.array(fc.oneof(fc.string(), fc.integer(), fc.constant(null)), { minLength: 1 })
  })
)

const searchedFields = {
  ...contactFields,
  /** The street and the number, as a search spells the field; `address1` has the same. */
  address: text,
  /** The first and the last name in lower case. */
  contactName: text,
  /** The name of the business of the contact. */
  businessName: text,
  /** The label of the phone number, such as `Home`. */
  phoneLabel: text,
  /** The opportunities of the contact; not every answer has them. */
  opportunities: array(nested(opportunity)),
  /** Where the next page of the same search begins if this contact is the last of a page; kept as it came. */
  searchAfter: field(cursor, (value) => (isArray(value) && value.length > 0 ? value : undefined))
}

/** As it travels: what is unset is null, and a date of birth is milliseconds of the epoch. */
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
 * A contact, as a search answers it: a {@link Contact} with the fields that only a search has. It lacks `createdBy`,
 * `lastUpdatedBy`, `lastActivity`, `attachments`, `visitorId`, `emailLowerCase` and `fullNameLowerCase`, which `getContact`
 * answers.
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

// --- what is asked -----------------------------------------------------------------------------------------------------

/** The contacts of a page, at most. */
export const largestPage = 500

/** The contacts that can be reached by `page`. */
export const searchWindow = 10_000

const whole = (least: number, most: number) =>
  Schema.Number.annotations(Input.withMessage("must be a number")).pipe(
    Schema.filter(
      (value) =>
        (Number.isInteger(value) && value >= least && value <= most) ||
        `must be a whole number from ${least} to ${most}`,
      { arbitrary: () => (fc) => fc.integer({ min: least, max: most }) }
    )
  )

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
 * By which field a search sorts, and in which direction.
 *
 * @since 0.2.0
 * @category search
 */
export const SearchSort = Schema.Struct({
  /** The field. The service sorts by these and no others. */
  field: Schema.Literal(...sortFields).annotations(Input.withMessage(`must be one of ${sortFields.join(", ")}`)),
  /** `asc` begins with the smallest value, `desc` with the greatest. */
  direction: Schema.Literal("asc", "desc").annotations(Input.withMessage("must be asc or desc"))
}).annotations({ ...Input.named("SearchSort"), ...Input.anObject })

/**
 * @since 0.2.0
 * @category search
 */
export interface SearchSort extends Schema.Schema.Type<typeof SearchSort> {}

const asked = {
  /** The location to search in. */
  locationId: LocationId,
  /** The number of the page, from 1. Pages reach the first 10,000 contacts; `searchAfter` goes on behind them. */
  page: Schema.optional(whole(1, searchWindow)),
  /**
   * Where to go on: `searchAfter` of the page before, or of any contact of it. Filters, sort and query have to be the same.
   * Not together with `page`.
   */
  searchAfter: Schema.optional(cursor),
  /** What a contact has to match, all of them; see the module `Filter`. */
  filters: Schema.optional(Schema.Array(Filter).annotations(Input.anArray)),
  /** One field or two to sort by; `dateAdded`, newest first, by default. */
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
  /** A text that one of the fields contains that the location's settings mark as searchable; 75 characters at most. */
  query: Schema.optional(
    Input.text.pipe(
      Schema.maxLength(longestText, Input.withMessage(`must not be longer than ${longestText} characters`))
    )
  )
} as const

const pageLimit = whole(1, largestPage)

/** How many contacts a page has where nothing is said. */
export const usualPage = 100

/** What is wrong with the way in which a query asks for a page. */
const pagingFault = ({
  page,
  pageLimit = usualPage,
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
    : { path: ["page"], message: `must not reach beyond ${searchWindow} contacts: use searchAfter to go on` }
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
  ...asked,
  /** How many contacts a page has: 1 to 500, 100 by default. */
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
  /** How many contacts match, on all pages together. */
  readonly total: number
  /** Where the next page begins; absent where this page has no contacts, so that there is no next one. */
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
  body: Schema.Struct({ ...asked, pageLimit })
    .annotations(Input.anObject)
    .pipe(Schema.filter((query) => pagingFault(query))),
  answer: Schema.Struct({ contacts: Schema.Array(SearchedContact), total: Schema.Number, traceId }),
  errors: [400, 401],
  isRead: true,
  isRepeatable: always
})

/** The rows of the search, by name. */
export const searchRows = { searchContacts }
