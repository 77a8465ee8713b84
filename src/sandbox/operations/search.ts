/**
 * The search of contacts, as the service performs it.
 *
 * @since 0.2.0
 */
import type { searchRows } from "../../api/search.js"
import { isArray, isUnset, type JsonObject, objectsIn } from "../../runtime/json.js"
import * as ContactBody from "../ContactBody.js"
import type { StoredContact } from "../ContactRecord.js"
import * as CustomFieldInput from "../CustomFieldInput.js"
import * as Directory from "../Directory.js"
import type { Operation, Operations } from "../Operation.js"
import { badSearch } from "../Reply.js"
import { accepting, anything, each, number, object, oneOf, type Rule, text } from "../Rules.js"
import { contactNameOf, predicate, type Predicate } from "../SearchFilter.js"
import * as SearchIndex from "../SearchIndex.js"

// --- the request -------------------------------------------------------------------------------------------------------

const largestPage = 500
const window = 10_000
const longestQuery = 75

const locationId: Rule = (_, value) => (isUnset(value) ? ["locationId can't be undefined"] : text("locationId", value))

const pageLimit: Rule = (path, value) => {
  if (typeof value !== "number" || value < 1) return [...number(path, value), `${path} must not be less than 1`]
  return value > largestPage ? [`${path} must not be greater than ${largestPage}`] : []
}

const sortFields = ["firstNameLowerCase", "lastNameLowerCase", "businessName", "dateAdded", "dateUpdated", "email"]

const sort = object({ field: oneOf(...sortFields, "dnd", "source"), direction: oneOf("asc", "desc") }, [
  "field",
  "direction"
])

const upTo =
  (most: number, rule: Rule): Rule =>
  (path, value) =>
    isArray(value) && value.length > most ? [`${path} must contain no more than ${most} elements`] : rule(path, value)

const filter = object({ field: text, operator: text, value: anything, group: text, filters: each(anything) })

const rule = object(
  {
    locationId,
    pageLimit,
    page: accepting((value) => typeof value === "number" && value >= 1, "must not be less than 1"),
    searchAfter: accepting(isArray, "must be an array"),
    filters: each(filter),
    sort: upTo(2, each(sort)),
    query: accepting(
      (value) => typeof value === "string" && value.length <= longestQuery,
      `must be shorter than or equal to ${longestQuery} characters`
    )
  },
  ["locationId", "pageLimit"]
)

// --- order and place ---------------------------------------------------------------------------------------------------

const newestFirst = [{ field: "dateAdded", direction: "desc" }]

const sortValue =
  (field: string) =>
  (contact: StoredContact): SearchIndex.SortValue => {
    const value = contact[field]
    if (field === "dnd") return value === true
    if (typeof value !== "string" || value === "") return null
    return field.startsWith("date") ? Date.parse(value) : value.toLowerCase()
  }

const sortOf = (sort: unknown) => {
  const given = objectsIn(sort)
  return (given.length === 0 ? newestFirst : given).map(({ field, direction }) => ({
    valueOf: sortValue(String(field)),
    direction: direction === "desc" ? ("desc" as const) : ("asc" as const)
  }))
}

/** The index of the first match of a page. */
const beginning = (
  { page, pageLimit, searchAfter }: JsonObject,
  matches: ReadonlyArray<SearchIndex.Match>,
  directions: ReadonlyArray<SearchIndex.Direction>
): number => {
  if (searchAfter === undefined) {
    const end = Number(page ?? 1) * Number(pageLimit)
    if (end > window) throw badSearch(`page * pageLimit must not exceed ${window}: use searchAfter`)
    return end - Number(pageLimit)
  }
  if (page !== undefined) throw badSearch("page and searchAfter must not be used together")
  const place = searchAfter as ReadonlyArray<SearchIndex.SortValue>
  if (place.length !== directions.length + 1 || place.some((value) => typeof value === "object" && value !== null)) {
    throw badSearch("Invalid searchAfter")
  }
  return SearchIndex.positionAfter(matches, directions, { values: place.slice(0, -1), id: String(place.at(-1)) })
}

const textOf = (value: unknown) => (typeof value === "string" ? value : "")

/** The searchable fields by the default settings of a location. */
const searchable = ["firstName", "lastName", "email", "phone", "companyName", "businessName"]

const matchesOf = ({ filters, query }: JsonObject, hasCustomField: (id: string) => boolean): Predicate => {
  const all = objectsIn(filters).map((filter) => predicate(filter, hasCustomField))
  const words = typeof query === "string" ? query.toLowerCase() : ""
  return (contact) =>
    all.every((matches) => matches(contact)) &&
    (words === "" ||
      contactNameOf(contact).includes(words) ||
      searchable.some((field) => textOf(contact[field]).toLowerCase().includes(words)))
}

// --- the response ------------------------------------------------------------------------------------------------------

const nullFields = Object.fromEntries(
  (
    "lastName lastNameLowerCase email phone phoneLabel companyName businessId businessName city state postalCode website " +
    "source assignedTo timezone dateOfBirth validEmail"
  )
    .split(" ")
    .map((field) => [field, null])
)

const emptyLists = { tags: [], customFields: [], additionalEmails: [], additionalPhones: [], followers: [] }

const emptyObjects = { dndSettings: {}, inboundDndSettings: {}, attributionSource: {}, lastAttributionSource: {} }

const searched = ({ contact, id, values }: SearchIndex.Match, version: string): JsonObject => {
  const {
    address1 = null,
    emailLowerCase: _,
    fullNameLowerCase: __,
    createdBy: ___,
    lastUpdatedBy: ____,
    lastActivity: _____,
    attachments: ______,
    visitorId: _______,
    ...rest
  } = ContactBody.toResponse(contact, version)
  const { dateOfBirth } = rest
  return {
    ...nullFields,
    ...emptyLists,
    ...emptyObjects,
    dnd: false,
    ...rest,
    address: address1,
    contactName: contactNameOf(contact),
    ...(typeof dateOfBirth === "string" ? { dateOfBirth: Date.parse(dateOfBirth) } : {}),
    searchAfter: [...values, id]
  }
}

const searchContacts: Operation = {
  body: () => rule,
  perform: (directory, caller, { body }) => {
    const location = Directory.locationOf(directory, caller, body["locationId"])
    const index = Directory.searchIndexOf(directory, location.id)
    const sort = sortOf(body["sort"])
    const key = JSON.stringify([body["filters"], body["query"], body["sort"]])
    const definitions = CustomFieldInput.definitionsOf(directory, location.id)
    // A location without definitions stores, and finds, custom fields of any id.
    const hasCustomField = (id: string) => definitions.length === 0 || definitions.some((one) => one.id === id)
    const matches = SearchIndex.find(index, key, matchesOf(body, hasCustomField), sort)
    const start = beginning(
      body,
      matches,
      sort.map(({ direction }) => direction)
    )
    const page = matches.slice(start, start + Number(body["pageLimit"]))
    return { body: { contacts: page.map((match) => searched(match, caller.version)), total: matches.length } }
  }
}

/**
 * @since 0.2.0
 * @category operations
 */
export const searchOperations = { searchContacts } satisfies Operations<typeof searchRows>
