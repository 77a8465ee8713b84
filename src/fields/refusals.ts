// Reads facts from the message and `meta` of an error response. Pure.
import { isObject } from "../runtime/json.js"
import { type ContactId, isContactId } from "./ids.js"

const contactNotFound = /^contact (?:with id \S+ )?not found\b/i

/** Whether a message says that the contact is unknown or deleted. The service responds with 400 then, not 404. */
export const isContactNotFound = (message: string): boolean => contactNotFound.test(message)

/** The contact that a 400 response names as the duplicate, and the matching field. The contact's name is not read. */
export interface Duplicate {
  readonly duplicateOf?: ContactId
  readonly matchingField?: string
}

export const duplicateOf = (meta: unknown): Duplicate => {
  if (!isObject(meta)) return {}
  const { contactId, matchingField } = meta
  return {
    ...(isContactId(contactId) ? { duplicateOf: contactId } : {}),
    ...(typeof matchingField === "string" && /^[A-Za-z]\w{0,49}$/.test(matchingField) ? { matchingField } : {})
  }
}
