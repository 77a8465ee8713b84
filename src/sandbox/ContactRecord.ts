/**
 * Creates and changes the stored form of a contact. Pure.
 *
 * @since 0.2.0
 */
import { isArray, isUnset, type JsonObject, objectsIn } from "../runtime/json.js"

/**
 * A contact as the sandbox stores it: the JSON of a response.
 *
 * @since 0.1.0
 * @category models
 */
export interface StoredContact {
  /** The id of the contact. */
  readonly id: string
  /** The location that the contact belongs to. */
  readonly locationId: string
  readonly [field: string]: unknown
}

/** A time in the format of the service: ISO 8601 in UTC, with milliseconds. */
export const isoOf = (now: number): string => new Date(now).toISOString()

const actor = (now: number) => ({
  source: "INTEGRATION",
  channel: "OAUTH",
  sourceId: "sandbox",
  timestamp: isoOf(now)
})

/** A new contact with these fields, and with the values that the service adds. */
export const newContact = (id: string, fields: JsonObject, locationId: string, now: number): StoredContact => {
  const dateAdded = isoOf(now)
  const blank = {
    id,
    locationId,
    type: "lead",
    tags: [],
    customFields: [],
    dateAdded,
    createdBy: actor(now)
  }
  return changed(blank, fields, now)
}

/** A contact after these changes. */
export const changed = (contact: StoredContact, changes: JsonObject, now: number): StoredContact => {
  const merged: StoredContact = {
    ...contact,
    ...changes,
    ...namesOf(contact, changes),
    id: contact.id,
    locationId: contact.locationId,
    tags: tagsOf(changes["tags"] ?? contact["tags"]),
    customFields: customFieldsOf(contact["customFields"], changes["customFields"]),
    dndSettings: dndSettingsOf(contact["dndSettings"], changes["dndSettings"]),
    dateUpdated: isoOf(now),
    lastUpdatedBy: actor(now)
  }
  return completed(merged)
}

/** Adds the lower-case fields of a contact, and removes unset fields. */
export const completed = (contact: StoredContact): StoredContact =>
  set({
    ...contact,
    emailLowerCase: lowerCase(contact["email"]),
    firstNameLowerCase: lowerCase(contact["firstName"]),
    lastNameLowerCase: lowerCase(contact["lastName"]),
    fullNameLowerCase: lowerCase(contact["name"])
  })

/** Removes unset fields. */
const set = (contact: StoredContact): StoredContact =>
  // `id` and `locationId`, which the type requires, are always set.
  Object.fromEntries(Object.entries(contact).filter(([, value]) => !isUnset(value))) as StoredContact

const lowerCase = (value: unknown) => (typeof value === "string" ? value.toLowerCase() : undefined)

/** Derives the full name from the first and last name, or the parts from the full name, whichever was given. */
const namesOf = (contact: StoredContact, changes: JsonObject) => {
  const isGiven = (field: string) => changes[field] !== undefined
  if (isGiven("firstName") || isGiven("lastName")) {
    if (isGiven("name")) return {}
    const parts = ["firstName", "lastName"].map((field) => (isGiven(field) ? changes[field] : contact[field]))
    return { name: parts.filter((part) => !isUnset(part)).join(" ") }
  }
  if (!isGiven("name")) return {}
  const name = typeof changes["name"] === "string" ? changes["name"] : ""
  const [firstName, ...lastName] = name.split(" ")
  return { firstName, lastName: lastName.join(" ") }
}

/** Tags in lower case, each once. */
export const tagsOf = (tags: unknown) =>
  isArray(tags) ? Array.from(new Set(tags.map((tag) => String(tag).toLowerCase()))) : []

const dndSettingsOf = (before: unknown, changes: unknown) =>
  before === undefined && changes === undefined ? undefined : { ...(before ?? {}), ...(changes ?? {}) }

const customFieldsOf = (before: unknown, changes: unknown) => {
  const values = new Map<unknown, unknown>()
  for (const fields of [before, changes]) {
    for (const { id, value } of objectsIn(fields)) values.set(id, value)
  }
  return Array.from(values, ([id, value]) => ({ id, value })).filter(({ value }) => !isUnset(value))
}
