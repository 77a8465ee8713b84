/**
 * The records that the sandbox stores: locations, contacts, and the records that belong to them. Pure; the HTTP server and
 * `ContactsTest` both use it.
 *
 * @since 0.1.0
 */
import { objectsIn } from "../runtime/json.js"
import { type StoredContact, tagsOf } from "./ContactRecord.js"
import type { Change, Location, PartKind, StoredOfLocation, StoredPart } from "./DirectoryRecord.js"
import type * as Duplicates from "./Duplicates.js"
import { Refusal } from "./Reply.js"
import * as SearchIndex from "./SearchIndex.js"

// --- models ------------------------------------------------------------------------------------------------------------

export type {
  /**
   * @since 0.2.0
   * @category models
   */
  CustomFieldInput,
  /**
   * @since 0.1.0
   * @category models
   */
  Location,
  /**
   * @since 0.2.0
   * @category models
   */
  StoredOfLocation,
  /**
   * @since 0.2.0
   * @category models
   */
  StoredPart
} from "./DirectoryRecord.js"

/**
 * All records of all locations, with an index of emails and phones for finding duplicates.
 *
 * @since 0.1.0
 * @category models
 */
export interface Directory {
  readonly locations: Map<string, Location>
  readonly contacts: Map<string, StoredContact>
  /** The ids of the contacts that have an email or a phone, by location and value. */
  readonly index: Map<string, ReadonlyArray<string>>
  readonly notes: Map<string, StoredPart>
  /** The custom fields of the locations, by id. */
  readonly customFields: Map<string, StoredOfLocation>
  /** The tags of the locations, by id. */
  readonly locationTags: Map<string, StoredOfLocation>
  readonly tasks: Map<string, StoredPart>
  readonly appointments: Map<string, StoredPart>
  /** The enrollments of contacts in campaigns and workflows. */
  readonly enrollments: Map<string, StoredPart>
  /** The search indexes, by location. */
  readonly searchIndexes: Map<string, SearchIndex.SearchIndex>
  /** The time of the request that is being performed; undefined if there is none. */
  now: number | undefined
  /** The changes so far of the operation that is being performed, in order. */
  changes: Array<Change>
  /** The number of ids that were made. */
  created: number
}

/**
 * The caller of a request: the location that its token belongs to, its Version, and its time (milliseconds of the epoch).
 *
 * @since 0.1.0
 * @category models
 */
export interface Caller {
  readonly locationId: string
  readonly version: string
  readonly now: number
}

/**
 * An empty directory.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty = (locations: ReadonlyArray<Location>): Directory => ({
  locations: new Map(locations.map((location) => [location.id, location])),
  contacts: new Map(),
  index: new Map(),
  notes: new Map(),
  customFields: new Map(),
  locationTags: new Map(),
  tasks: new Map(),
  appointments: new Map(),
  enrollments: new Map(),
  searchIndexes: new Map(),
  now: undefined,
  changes: [],
  created: 0
})

// --- duplicates --------------------------------------------------------------------------------------------------------

const keyOf: { readonly [field in Duplicates.Field]: (value: string) => string } = {
  email: (email) => email.toLowerCase(),
  // Only the digits are compared, because their grouping varies. A phone without digits is compared as text.
  phone: (phone) => phone.replace(/\D/g, "") || phone.toLowerCase()
}

const indexKey = (locationId: string, field: Duplicates.Field, value: string) =>
  `${locationId} ${field} ${keyOf[field](value)}`

/**
 * A list with the value if it is a non-empty text, otherwise an empty list.
 *
 * @since 0.2.0
 * @category queries
 */
export const textsOf = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string" && value !== "" ? [value] : []

/** The index keys of a contact: its email, its secondary emails, and its phone. */
const indexKeys = (contact: StoredContact): ReadonlyArray<string> => {
  const additional = objectsIn(contact["additionalEmails"]).map((entry) => entry["email"])
  const emails = [contact["email"], ...additional].flatMap(textsOf)
  const phones = textsOf(contact["phone"])
  return [
    ...emails.map((email) => indexKey(contact.locationId, "email", email)),
    ...phones.map((phone) => indexKey(contact.locationId, "phone", phone))
  ]
}

/**
 * The id of the contact of a location that has this email or phone.
 *
 * @since 0.1.0
 * @category queries
 */
export const find =
  (directory: Directory, locationId: string) =>
  (field: Duplicates.Field, value: string): string | undefined =>
    directory.index.get(indexKey(locationId, field, value))?.[0]

// --- search ------------------------------------------------------------------------------------------------------------

/**
 * The search index of a location, up to date at the time of the current request.
 *
 * @since 0.2.0
 * @category queries
 */
export const searchIndexOf = ({ searchIndexes, now }: Directory, locationId: string): SearchIndex.SearchIndex => {
  const index = searchIndexes.get(locationId) ?? SearchIndex.empty()
  searchIndexes.set(locationId, index)
  if (now !== undefined) SearchIndex.advance(index, now)
  return index
}

/** Adds a write to the search index: the write of an operation after the lag of the location, a seed at once. */
const indexWrite = (directory: Directory, locationId: string, id: string, contact: StoredContact | undefined): void => {
  const { locations, now } = directory
  const lag = locations.get(locationId)?.indexLag ?? 0
  const visibleAt = now === undefined || lag === 0 ? undefined : now + lag
  SearchIndex.write(searchIndexOf(directory, locationId), id, contact, visibleAt)
}

// --- changes -----------------------------------------------------------------------------------------------------------

/** Seeds are not recorded as changes, so they send no webhooks. */
const recordChange = ({ changes, now }: Directory, change: Change): void => {
  if (now !== undefined) changes.push(change)
}

/**
 * Adds a note or a task, or replaces the one with its id.
 *
 * @since 0.2.0
 * @category operations
 */
export const putPart = (directory: Directory, kind: PartKind, part: StoredPart): void => {
  const parts = directory[`${kind}s`]
  recordChange(directory, { kind, before: parts.get(part.id), after: part })
  parts.set(part.id, part)
}

/**
 * Removes a note or a task.
 *
 * @since 0.2.0
 * @category operations
 */
export const removePart = (directory: Directory, kind: PartKind, part: StoredPart): void => {
  recordChange(directory, { kind, before: part })
  directory[`${kind}s`].delete(part.id)
}

// --- contacts ----------------------------------------------------------------------------------------------------------

const unindex = ({ index }: Directory, contact: StoredContact): void => {
  for (const key of indexKeys(contact)) {
    const left = (index.get(key) ?? []).filter((id) => id !== contact.id)
    if (left.length === 0) index.delete(key)
    else index.set(key, left)
  }
}

/**
 * Adds a contact, or replaces the one with its id. Its new tags become tags of the location.
 *
 * @since 0.1.0
 * @category operations
 */
export const put = (directory: Directory, contact: StoredContact): void => {
  const previous = directory.contacts.get(contact.id)
  if (previous !== undefined) unindex(directory, previous)
  for (const key of new Set(indexKeys(contact))) {
    directory.index.set(key, [...(directory.index.get(key) ?? []), contact.id])
  }
  directory.contacts.set(contact.id, contact)
  const tagsBefore = tagsOf(previous?.["tags"])
  ensureLocationTags(
    directory,
    contact.locationId,
    tagsOf(contact["tags"]).filter((tag) => !tagsBefore.includes(tag))
  )
  indexWrite(directory, contact.locationId, contact.id, contact)
  recordChange(directory, { kind: "contact", before: previous, after: contact })
}

const partsOf = ({ appointments, enrollments, notes, tasks }: Directory) => [notes, tasks, appointments, enrollments]

/**
 * Removes a contact with its notes, tasks, appointments and enrollments.
 *
 * @since 0.2.0
 * @category operations
 */
export const remove = (directory: Directory, contact: StoredContact): void => {
  unindex(directory, contact)
  directory.contacts.delete(contact.id)
  indexWrite(directory, contact.locationId, contact.id, undefined)
  recordChange(directory, { kind: "contact", before: contact })
  for (const parts of partsOf(directory)) {
    for (const [id, { contactId }] of parts) if (contactId === contact.id) parts.delete(id)
  }
}

/**
 * The contact with this id, if the caller may see it.
 *
 * @since 0.1.0
 * @category operations
 */
export const get = (directory: Directory, caller: Caller, contactId: string): StoredContact => {
  const contact = directory.contacts.get(contactId)
  if (contact === undefined) throw new Refusal(400, `Contact not found for id:${contactId}`)
  if (contact.locationId !== caller.locationId) throw forbidden()
  return contact
}

/**
 * The contact that a path names, if the caller may see it.
 *
 * @since 0.2.0
 * @category operations
 */
export const contactOf = (
  directory: Directory,
  caller: Caller,
  params: { readonly [name: string]: string }
): StoredContact => get(directory, caller, params["contactId"] ?? "")

const forbidden = () => new Refusal(403, "The token does not have access to this location.")

/**
 * The location with this id, if it is the caller's.
 *
 * @since 0.2.0
 * @category operations
 */
export const locationOf = (directory: Directory, caller: Caller, locationId: unknown): Location => {
  const location = directory.locations.get(caller.locationId)
  if (location === undefined || locationId !== caller.locationId) throw forbidden()
  return location
}

/**
 * The records that belong to a contact, such as its notes, in the order in which they were added.
 *
 * @since 0.2.0
 * @category queries
 */
export const partsOfContact = (parts: ReadonlyMap<string, StoredPart>, contact: StoredContact) =>
  Array.from(parts.values()).filter(({ contactId }) => contactId === contact.id)

/**
 * The record with this id, such as a note. Throws a `Refusal` with `message` if it does not belong to the contact.
 *
 * @since 0.2.0
 * @category operations
 */
export const partOf = (
  parts: ReadonlyMap<string, StoredPart>,
  contact: StoredContact,
  id: string,
  message: string
): StoredPart => {
  const part = parts.get(id)
  if (part === undefined || part.contactId !== contact.id) throw new Refusal(400, message)
  return part
}

// --- the tags of a location --------------------------------------------------------------------------------------------

/**
 * The name of a tag as it is saved: in lower case, without blanks around it.
 *
 * @since 0.2.0
 * @category queries
 */
export const tagName = (name: string): string => name.trim().toLowerCase()

/**
 * The tag of a location with this name.
 *
 * @since 0.2.0
 * @category queries
 */
export const findLocationTag = (
  { locationTags }: Directory,
  locationId: string,
  name: string
): StoredOfLocation | undefined => {
  const saved = tagName(name)
  for (const tag of locationTags.values()) if (tag.locationId === locationId && tag["name"] === saved) return tag
  return undefined
}

/**
 * Adds the tags that a location does not have yet: a new tag of a contact becomes a tag of its location.
 *
 * @since 0.2.0
 * @category operations
 */
export const ensureLocationTags = (directory: Directory, locationId: string, names: ReadonlyArray<string>): void => {
  for (const name of names) {
    if (tagName(name) === "") continue
    if (findLocationTag(directory, locationId, name) !== undefined) continue
    const id = nextId(directory)
    directory.locationTags.set(id, { id, name: tagName(name), locationId })
  }
}

// --- ids ---------------------------------------------------------------------------------------------------------------

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/** Ids look like the service's, 20 letters and digits, and are the same in every run. */
const idOf = (count: number): string => {
  let state = Math.imul(count, 0x9e3779b1) >>> 0
  return Array.from({ length: 20 }, () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 0
    return alphabet[(state >>> 16) % alphabet.length]
  }).join("")
}

/**
 * Makes an id that no record in the directory has. Seeded records may have ids of an earlier run.
 *
 * @since 0.2.0
 * @category operations
 */
export const nextId = (directory: Directory): string => {
  const { contacts, customFields, locationTags } = directory
  const records = [contacts, customFields, locationTags, ...partsOf(directory)]
  let id: string
  do id = idOf((directory.created += 1))
  while (records.some((some) => some.has(id)))
  return id
}
