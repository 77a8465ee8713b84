// Whether a contact has what an update asked for.
import { isArray, isObject, isUnset, type JsonObject, objectsIn } from "../internal/json.js"
import type { Contact } from "./contact.js"
import type { ContactUpdate } from "./contactInput.js"

const isSame = (sent: unknown, found: unknown): boolean =>
  isUnset(sent) ? isUnset(found) : JSON.stringify(sent) === JSON.stringify(found)

const lowerCase = (value: unknown) => (typeof value === "string" ? value.toLowerCase() : value)

const sortedTags = (tags: unknown) => (isArray(tags) ? Array.from(new Set(tags.map(lowerCase))).sort() : tags)

/** Every part that was sent is found; what was not sent stays as it was. */
const hasParts = (sent: unknown, found: unknown): boolean =>
  isObject(sent) && isObject(found)
    ? Object.entries(sent).every(([key, value]) => hasParts(value, found[key]))
    : isSame(sent, found)

/** A field is written with `field_value` and read with `value`. */
const valuesById = (fields: unknown): JsonObject =>
  Object.fromEntries(objectsIn(fields).map(({ id, value, field_value }) => [String(id), value ?? field_value] as const))

/** Answers have no `name`, but its parts. */
const nameOf = ({ name, firstName, lastName }: Contact): string | undefined =>
  name ?? [firstName, lastName].filter((part) => !isUnset(part)).join(" ")

/** The fields that the service does not save as they were sent, but in a way that is known. */
const comparisons: { readonly [field: string]: (sent: unknown, found: unknown, contact: Contact) => boolean } = {
  name: (sent, _, contact) => isSame(sent, nameOf(contact)),
  email: (sent, found) => isSame(lowerCase(sent), lowerCase(found)),
  tags: (sent, found) => isSame(sortedTags(sent), sortedTags(found)),
  dndSettings: hasParts,
  customFields: (sent, found) => {
    const values = valuesById(found)
    return Object.entries(valuesById(sent)).every(([id, value]) => isSame(value, values[id]))
  }
}

/**
 * Whether the contact has all changes, given in the spelling of their request body. One that the service has saved in
 * another form, or does not answer, counts as not there.
 */
export const isApplied = (changes: typeof ContactUpdate.Encoded, contact: Contact): boolean =>
  Object.entries(changes).every(([field, sent]) => (comparisons[field] ?? isSame)(sent, contact[field], contact))
