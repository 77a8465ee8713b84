/**
 * The operations on the contacts of a business, as the service performs them.
 *
 * @since 0.2.0
 */
import type { businessRows } from "../../api/businesses.js"
import { isArray } from "../../runtime/json.js"
import { changed, type StoredContact } from "../ContactRecord.js"
import * as Directory from "../Directory.js"
import type { Operation, Operations } from "../Operation.js"
import { Refusal } from "../Reply.js"
import { digits, nullable, object, required, type Rule, someTexts, text } from "../Rules.js"
import { contactNameOf } from "../SearchFilter.js"
import { contactsOf, limit, listed } from "./contactList.js"

const searched = ["firstName", "lastName", "email", "phone"]

/** The position of a contact in the list of v3: its name in lower case, then its id. */
type ListPosition = readonly [name: string, id: string]

const positionOf = (contact: StoredContact): ListPosition => [contactNameOf(contact), contact.id]

const isBefore = ([name, id]: ListPosition, [otherName, otherId]: ListPosition): boolean =>
  name === otherName ? id < otherId : name < otherName

/** The rule for the place of the last contact of a page: `name,id` as one text, or as a parameter that is sent twice. */
const startAfter: Rule = (path, value) =>
  startOf(value) === undefined ? [`${path} must be a name and an id, separated by a comma`] : []

const startOf = (value: unknown): ListPosition | undefined => {
  const [, name, id] = /^(.*),([^,]+)$/s.exec(isArray(value) ? value.join(",") : String(value)) ?? []
  return name === undefined || id === undefined ? undefined : [name.toLowerCase(), id]
}

/** The contacts after the place in `startAfter`, a parameter that only v3 has. */
const after = (found: ReadonlyArray<StoredContact>, sent: unknown, version: string): ReadonlyArray<StoredContact> => {
  if (version !== "v3" && sent !== undefined) throw new Refusal(422, ["property startAfter should not exist"])
  const start = sent === undefined ? undefined : startOf(sent)
  return start === undefined ? found : found.filter((contact) => isBefore(start, positionOf(contact)))
}

const getContactsByBusiness: Operation = {
  query: object({ locationId: required, limit, skip: digits(0, Infinity), startAfter, query: text }, ["locationId"]),
  perform: (directory, caller, { params, query }) => {
    const { id } = Directory.locationOf(directory, caller, query["locationId"])
    const found = contactsOf(directory, id, query["query"], searched)
      .filter(({ businessId }) => businessId === params["businessId"])
      .sort((one, other) => (isBefore(positionOf(one), positionOf(other)) ? -1 : 1))
    const rest = after(found, query["startAfter"], caller.version)
    const skip = Number(query["skip"] ?? 0)
    const page = rest.slice(skip, skip + Number(query["limit"] ?? 25))
    return { body: { contacts: page.map((contact) => listed(contact, caller.version)), count: found.length } }
  }
}

const atMost50: Rule = (path, value) =>
  isArray(value) && value.length > 50 ? [`${path} must contain no more than 50 elements`] : someTexts(path, value)

const setBusinessInBulk: Operation = {
  body: () =>
    object({ locationId: required, ids: atMost50, businessId: nullable(text) }, ["locationId", "ids", "businessId"]),
  perform: (directory, caller, { body }) => {
    const { id: locationId } = Directory.locationOf(directory, caller, body["locationId"])
    const ids = new Set(isArray(body["ids"]) ? body["ids"].map(String) : [])
    const found = Array.from(directory.contacts.values()).filter(
      (contact) => ids.has(contact.id) && contact.locationId === locationId
    )
    const changing = found.filter(({ businessId }) => (businessId ?? null) !== body["businessId"])
    for (const contact of changing) {
      Directory.put(directory, changed(contact, { businessId: body["businessId"] }, caller.now))
    }
    const contactIds = changing.map(({ id }) => id)
    return { body: { success: true, ids: contactIds }, contactIds }
  }
}

/**
 * @since 0.2.0
 * @category operations
 */
export const businessOperations = {
  getContactsByBusiness,
  setBusinessInBulk
} satisfies Operations<typeof businessRows>
