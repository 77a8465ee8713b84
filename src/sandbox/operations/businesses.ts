/**
 * The operations on the contacts of a business, as the service performs them.
 *
 * @since 0.2.0
 */
import type { businessRows } from "../../api/businesses.js"
import { isArray } from "../../runtime/json.js"
import { changed } from "../ContactRecord.js"
import * as Directory from "../Directory.js"
import type { Operation, Operations } from "../Operation.js"
import { digits, nullable, object, required, type Rule, someTexts, text } from "../Rules.js"
import { contactsOf, limit, listed } from "./contactList.js"

const searched = ["firstName", "lastName", "email", "phone"]

const getContactsByBusiness: Operation = {
  query: object({ locationId: required, limit, skip: digits(0, Infinity), query: text }, ["locationId"]),
  perform: (directory, caller, { params, query }) => {
    const { id } = Directory.locationOf(directory, caller, query["locationId"])
    const found = contactsOf(directory, id, query["query"], searched).filter(
      ({ businessId }) => businessId === params["businessId"]
    )
    const skip = Number(query["skip"] ?? 0)
    const page = found.slice(skip, skip + Number(query["limit"] ?? 25))
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
