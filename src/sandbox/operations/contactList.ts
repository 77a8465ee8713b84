/**
 * The operations on the older lists of contacts, as the service performs them.
 *
 * @since 0.2.0
 */
import type { contactListRows } from "../../api/contactList.js"
import { isUnset, type JsonObject } from "../../runtime/json.js"
import * as ContactBody from "../ContactBody.js"
import type { StoredContact } from "../ContactRecord.js"
import * as Directory from "../Directory.js"
import type { Operation, Operations } from "../Operation.js"
import { Refusal } from "../Reply.js"
import { digits, object, required, type Rule, text } from "../Rules.js"

const lowerCase = (value: unknown) => (typeof value === "string" ? value.toLowerCase() : null)

const orNull = (value: unknown) => (isUnset(value) ? null : value)

const unset = {
  email: null,
  phone: null,
  companyName: null,
  assignedTo: null,
  businessId: null,
  city: null,
  state: null,
  source: null,
  followers: []
}

/** A contact as the older lists return it: unset fields are null, and names are in lower case. */
export const listed = (contact: StoredContact, version: string): JsonObject => {
  const { attributionSource: _, lastAttributionSource: __, ...answered } = ContactBody.toResponse(contact, version)
  const { firstName, lastName } = contact
  return {
    ...unset,
    ...answered,
    contactName: [firstName, lastName].flatMap(Directory.textsOf).join(" ").toLowerCase(),
    firstName: lowerCase(firstName),
    lastName: lowerCase(lastName),
    firstNameRaw: orNull(firstName),
    lastNameRaw: orNull(lastName),
    attributions: []
  }
}

/** The rule for the number of contacts of a page. */
export const limit: Rule = digits(1, 100)

const addedAt = ({ dateAdded }: StoredContact): number => Date.parse(String(dateAdded)) || 0

/** The contacts of a location that contain a text in one of the fields, newest first. */
export const contactsOf = (
  directory: Directory.Directory,
  locationId: string,
  query: unknown,
  fields: ReadonlyArray<string>
): ReadonlyArray<StoredContact> => {
  const wanted = typeof query === "string" ? query.toLowerCase() : ""
  const isFound = (contact: StoredContact) =>
    wanted === "" ||
    fields.some((field) =>
      JSON.stringify(contact[field] ?? "")
        .toLowerCase()
        .includes(wanted)
    )
  return Array.from(directory.contacts.values())
    .filter((contact) => contact.locationId === locationId && isFound(contact))
    .sort((one, other) => addedAt(other) - addedAt(one) || (one.id < other.id ? -1 : 1))
}

const startOf = (contacts: ReadonlyArray<StoredContact>, query: JsonObject): number => {
  const { startAfter, startAfterId } = query
  if ((startAfter === undefined) !== (startAfterId === undefined)) {
    throw new Refusal(422, ["startAfter and startAfterId must be sent together"])
  }
  return contacts.findIndex(({ id }) => id === startAfterId) + 1
}

const metaOf = (total: number, page: ReadonlyArray<StoredContact>, start: number, size: number): JsonObject => {
  const last = page.at(-1)
  const isEnd = last === undefined || start + page.length >= total
  const currentPage = Math.floor(start / size) + 1
  return {
    total,
    currentPage,
    nextPage: isEnd ? null : currentPage + 1,
    prevPage: currentPage === 1 ? null : currentPage - 1,
    ...(last === undefined ? {} : { startAfterId: last.id, startAfter: addedAt(last) }),
    nextPageUrl: isEnd ? null : `http://localhost/contacts/?startAfter=${addedAt(last)}&startAfterId=${last.id}`
  }
}

const searched = ["firstName", "lastName", "phone", "email", "tags", "companyName"]

const getContacts: Operation = {
  query: object({ locationId: required, limit, query: text, startAfter: digits(0, Infinity), startAfterId: text }, [
    "locationId"
  ]),
  perform: (directory, caller, { query }) => {
    const { id } = Directory.locationOf(directory, caller, query["locationId"])
    const found = contactsOf(directory, id, query["query"], searched)
    const start = startOf(found, query)
    const size = Number(query["limit"] ?? 20)
    const page = found.slice(start, start + size)
    return {
      body: {
        contacts: page.map((contact) => listed(contact, caller.version)),
        meta: metaOf(found.length, page, start, size)
      }
    }
  }
}

/**
 * @since 0.2.0
 * @category operations
 */
export const contactListOperations = {
  getContacts
} satisfies Operations<typeof contactListRows>
