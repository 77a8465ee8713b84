/**
 * The contacts of the sandbox and what may be done with them: pure, and the same for the HTTP server and for
 * `ContactsTest`.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as S from "effect/Schema"
import { isArray, isUnset, type JsonObject, objectsIn } from "../internal/json.js"
import { Contact, Country, LocationId } from "../Schema.js"
import * as ContactBody from "./ContactBody.js"
import * as Duplicates from "./Duplicates.js"

// --- models ------------------------------------------------------------------------------------------------------------

/**
 * A location, with its "Allow Duplicate Contact" setting.
 *
 * @since 0.1.0
 * @category models
 */
export interface Location {
  readonly id: LocationId
  readonly duplicates: Duplicates.Setting
  /**
   * The country of contacts that an upsert creates without one; none by default.
   *
   * @since 0.2.0
   */
  readonly country?: Country | undefined
}

/**
 * A contact as it is stored: the JSON of an answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface StoredContact {
  readonly id: string
  readonly locationId: string
  readonly [field: string]: unknown
}

/**
 * All contacts of all locations, with an index over what makes duplicates.
 *
 * @since 0.1.0
 * @category models
 */
export interface Directory {
  readonly locations: HashMap.HashMap<string, Location>
  readonly contacts: HashMap.HashMap<string, StoredContact>
  readonly index: HashMap.HashMap<string, ReadonlyArray<string>>
  readonly created: number
}

/**
 * What the service answers instead of a contact.
 *
 * @since 0.1.0
 * @category models
 */
export interface Refusal {
  readonly status: 400 | 403 | 422
  readonly message: string | ReadonlyArray<string>
  readonly meta?: JsonObject
}

/**
 * Who asks: the location that the token belongs to, in which spelling, and when.
 *
 * @since 0.1.0
 * @category models
 */
export interface Caller {
  readonly locationId: string
  readonly version: string
  readonly now: DateTime.Utc
}

/**
 * A change that was applied.
 *
 * @since 0.1.0
 * @category models
 */
export interface Applied {
  readonly directory: Directory
  readonly contact: StoredContact
  readonly isNew: boolean
}

// --- the directory -----------------------------------------------------------------------------------------------------

/**
 * The location that a sandbox has when it is given none: duplicates are not allowed, email is checked before phone.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultLocation: Location = {
  id: LocationId.make("ve9EPM428h8vShlRW1KT"),
  duplicates: { allow: false, check: ["email", "phone"] },
  country: "US"
}

/**
 * A directory of these locations and contacts. A contact without a `locationId` goes to the first location, and gets what
 * the service would have given it: lower-case fields and tags, a type, and `now` for the dates that it does not have.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: {
  readonly locations?: ReadonlyArray<Location> | undefined
  readonly contacts?: ReadonlyArray<Contact> | undefined
  readonly now?: DateTime.Utc | undefined
}): Directory => {
  const locations = options?.locations ?? [defaultLocation]
  const caller = { locationId: (locations[0] ?? defaultLocation).id, now: options?.now ?? DateTime.unsafeMake(0) }
  const empty: Directory = {
    locations: HashMap.fromIterable(locations.map((location) => [location.id as string, location])),
    contacts: HashMap.empty(),
    index: HashMap.empty(),
    created: 0
  }
  return seed(empty, options?.contacts ?? [], caller)
}

const encodeContact = S.encodeSync(Contact)

/**
 * Adds contacts as they are given, and what the service would have given them. One with the id of another replaces it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const seed = (
  directory: Directory,
  contacts: ReadonlyArray<Contact>,
  caller: Pick<Caller, "locationId" | "now">
): Directory =>
  contacts.reduce((directory, contact) => {
    const given = ContactBody.canonical(encodeContact(contact))
    const created = newContact(contact.id, given, caller)
    return put(directory, completed({ ...created, ...given, tags: created["tags"], id: contact.id }))
  }, directory)

/**
 * A whole directory as JSON, to be kept and read again.
 *
 * @since 0.1.0
 * @category snapshots
 */
export const Snapshot = S.Struct({
  locations: S.Array(
    S.Struct({
      id: LocationId,
      duplicates: S.Struct({ allow: S.Boolean, check: S.Array(S.Literal("email", "phone")) }),
      country: S.optional(Country)
    })
  ),
  contacts: S.Array(
    S.Struct({ id: S.NonEmptyString, locationId: S.NonEmptyString }, S.Record({ key: S.String, value: S.Unknown }))
  ),
  created: S.NonNegativeInt
})

/**
 * @since 0.1.0
 * @category snapshots
 */
export type Snapshot = typeof Snapshot.Type

/**
 * @since 0.1.0
 * @category snapshots
 */
export const toSnapshot = (directory: Directory): Snapshot => ({
  locations: Array.from(HashMap.values(directory.locations)),
  contacts: contacts(directory),
  created: directory.created
})

/**
 * @since 0.1.0
 * @category snapshots
 */
export const fromSnapshot = ({ locations, contacts, created }: Snapshot): Directory =>
  contacts.reduce<Directory>(put, { ...make({ locations }), created })

/**
 * @since 0.1.0
 * @category queries
 */
export const contacts = (directory: Directory): ReadonlyArray<StoredContact> =>
  Array.from(HashMap.values(directory.contacts))

const keyOf: { readonly [field in Duplicates.Field]: (value: string) => string } = {
  email: (email) => email.toLowerCase(),
  // However its digits are grouped; what has no digits is compared as it is.
  phone: (phone) => phone.replace(/\D/g, "") || phone.toLowerCase()
}

const indexKey = (locationId: string, field: Duplicates.Field, value: string) =>
  `${locationId} ${field} ${keyOf[field](value)}`

const textsOf = (value: unknown): ReadonlyArray<string> => (typeof value === "string" && value !== "" ? [value] : [])

/** A contact is found by its own email and phone, and by its secondary emails. */
const indexKeys = (contact: StoredContact): ReadonlyArray<string> => {
  const additional = objectsIn(contact["additionalEmails"]).map((entry) => entry["email"])
  const emails = [contact["email"], ...additional].flatMap(textsOf)
  const phones = textsOf(contact["phone"])
  return [
    ...emails.map((email) => indexKey(contact.locationId, "email", email)),
    ...phones.map((phone) => indexKey(contact.locationId, "phone", phone))
  ]
}

const put = (directory: Directory, contact: StoredContact): Directory => {
  const previous = Option.getOrUndefined(HashMap.get(directory.contacts, contact.id))
  const index = HashMap.mutate(directory.index, (index) => {
    for (const key of previous === undefined ? [] : indexKeys(previous)) {
      const left = Option.getOrElse(HashMap.get(index, key), () => []).filter((id) => id !== contact.id)
      if (left.length === 0) HashMap.remove(index, key)
      else HashMap.set(index, key, left)
    }
    for (const key of new Set(indexKeys(contact))) {
      HashMap.set(index, key, [...Option.getOrElse(HashMap.get(index, key), () => []), contact.id])
    }
  })
  return { ...directory, contacts: HashMap.set(directory.contacts, contact.id, contact), index }
}

const find = (directory: Directory, locationId: string) => (field: Duplicates.Field, value: string) =>
  Option.getOrUndefined(HashMap.get(directory.index, indexKey(locationId, field, value)))?.[0]

// --- what may be done --------------------------------------------------------------------------------------------------

const refuse = (status: Refusal["status"], message: Refusal["message"], meta?: Refusal["meta"]) =>
  Either.left<Refusal>({ status, message, ...(meta === undefined ? {} : { meta }) })

/**
 * @since 0.1.0
 * @category operations
 */
export const get = (directory: Directory, caller: Caller, contactId: string): Either.Either<StoredContact, Refusal> => {
  const contact = Option.getOrUndefined(HashMap.get(directory.contacts, contactId))
  if (contact === undefined) return refuse(400, `Contact not found for id:${contactId}`)
  if (contact.locationId !== caller.locationId) return refuse(403, "The token does not have access to this location.")
  return Either.right(contact)
}

/**
 * @since 0.1.0
 * @category operations
 */
export const update = (
  directory: Directory,
  caller: Caller,
  contactId: string,
  body: unknown
): Either.Either<Applied, Refusal> =>
  Either.gen(function* () {
    const changes = yield* valid("update", caller, body)
    const contact = yield* get(directory, caller, contactId)
    const other = duplicateOf(directory, contact, changes)
    if (other !== undefined) return yield* refuse(400, "This location does not allow duplicated contacts.", other)
    return applied(directory, changed(contact, changes, caller), false)
  })

/**
 * @since 0.1.0
 * @category operations
 */
export const upsert = (directory: Directory, caller: Caller, body: unknown): Either.Either<Applied, Refusal> =>
  Either.gen(function* () {
    const input = yield* valid("upsert", caller, body)
    const location = Option.getOrUndefined(HashMap.get(directory.locations, caller.locationId))
    if (location === undefined || input["locationId"] !== caller.locationId) {
      return yield* refuse(403, "The token does not have access to this location.")
    }
    const { createNewIfDuplicateAllowed: _, ...fields } = input
    const decision = Duplicates.decide(location.duplicates, input, find(directory, location.id))
    if (decision._tag === "Create") {
      const created = nextFree(directory)
      return applied(
        { ...directory, created },
        newContact(contactIdOf(created), { country: location.country, ...fields }, caller),
        true
      )
    }
    const contact = yield* get(directory, caller, decision.contactId)
    const dropped = new Set<string>([...decision.ignored, "gender"])
    const own = Object.fromEntries(Object.entries(fields).filter(([field]) => !dropped.has(field)))
    return applied(directory, changed(contact, own, caller), false)
  })

const applied = (directory: Directory, contact: StoredContact, isNew: boolean): Applied => ({
  directory: put(directory, contact),
  contact,
  isNew
})

const valid = (kind: "update" | "upsert", caller: Caller, body: unknown) => {
  const faults = ContactBody.faults(kind, caller.version, body)
  // A body without faults is an object: that is the first thing its rule asks.
  return faults.length === 0 ? Either.right(ContactBody.canonical(body as JsonObject)) : refuse(422, faults)
}

/** The contact that an update would become a duplicate of, where the location does not allow it. */
const duplicateOf = (directory: Directory, contact: StoredContact, changes: JsonObject) => {
  const location = Option.getOrUndefined(HashMap.get(directory.locations, contact.locationId))
  if (location === undefined || location.duplicates.allow) return undefined
  for (const field of location.duplicates.check) {
    for (const value of textsOf(changes[field])) {
      const contactId = find(directory, location.id)(field, value)
      if (contactId !== undefined && contactId !== contact.id) {
        const other = Option.getOrUndefined(HashMap.get(directory.contacts, contactId))
        return { contactId, contactName: other?.["name"], matchingField: field }
      }
    }
  }
  return undefined
}

// --- how a contact comes to be -----------------------------------------------------------------------------------------

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/** Ids look like the service's, 20 letters and digits, and are the same in every run. */
const contactIdOf = (count: number): string => {
  let state = Math.imul(count, 0x9e3779b1) >>> 0
  return Array.from({ length: 20 }, () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 0
    return alphabet[(state >>> 16) % alphabet.length]
  }).join("")
}

/** The next id that no contact has: one that was seeded may come from an earlier run. */
const nextFree = (directory: Directory): number => {
  let created = directory.created + 1
  while (HashMap.has(directory.contacts, contactIdOf(created))) created += 1
  return created
}

const actor = (now: DateTime.Utc) => ({
  source: "INTEGRATION",
  channel: "OAUTH",
  sourceId: "sandbox",
  timestamp: DateTime.formatIso(now)
})

const newContact = (id: string, fields: JsonObject, caller: Pick<Caller, "locationId" | "now">): StoredContact => {
  const dateAdded = DateTime.formatIso(caller.now)
  const blank = {
    id,
    locationId: caller.locationId,
    type: "lead",
    tags: [],
    customFields: [],
    dateAdded,
    createdBy: actor(caller.now)
  }
  return changed(blank, fields, caller)
}

const changed = (contact: StoredContact, changes: JsonObject, { now }: Pick<Caller, "now">): StoredContact => {
  const merged: StoredContact = {
    ...contact,
    ...changes,
    ...namesOf(contact, changes),
    id: contact.id,
    locationId: contact.locationId,
    tags: tagsOf(changes["tags"] ?? contact["tags"]),
    customFields: customFieldsOf(contact["customFields"], changes["customFields"]),
    dndSettings: dndSettingsOf(contact["dndSettings"], changes["dndSettings"]),
    dateUpdated: DateTime.formatIso(now),
    lastUpdatedBy: actor(now)
  }
  return completed(merged)
}

/** With its lower-case fields, and without what is unset. */
const completed = (contact: StoredContact): StoredContact =>
  set({
    ...contact,
    emailLowerCase: lowerCase(contact["email"]),
    firstNameLowerCase: lowerCase(contact["firstName"]),
    lastNameLowerCase: lowerCase(contact["lastName"]),
    fullNameLowerCase: lowerCase(contact["name"])
  })

/** Unset fields are left out. */
const set = (contact: StoredContact): StoredContact =>
  // The two fields that make a stored contact are always set.
  Object.fromEntries(Object.entries(contact).filter(([, value]) => !isUnset(value))) as StoredContact

const lowerCase = (value: unknown) => (typeof value === "string" ? value.toLowerCase() : undefined)

/** The full name and its parts follow each other, whichever was given. */
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

const tagsOf = (tags: unknown) =>
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
