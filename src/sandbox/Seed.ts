/**
 * Directories from the models of the library, and their snapshots.
 *
 * @since 0.2.0
 */
import * as S from "effect/Schema"
import { Contact, Country, LocationId } from "../Schema.js"
import * as ContactBody from "./ContactBody.js"
import { completed, newContact } from "./ContactRecord.js"
import * as Directory from "./Directory.js"

/**
 * A location, with its "Allow Duplicate Contact" setting.
 *
 * @since 0.1.0
 * @category models
 */
export interface Location extends Directory.Location {
  readonly id: LocationId
  /**
   * The country of contacts that are created without one; none by default.
   *
   * @since 0.2.0
   */
  readonly country?: Country | undefined
}

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
 * the service would have given it: lower-case fields and tags, a type, and `now` (milliseconds of the epoch) for the dates
 * that it does not have.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: {
  readonly locations?: ReadonlyArray<Location> | undefined
  readonly contacts?: ReadonlyArray<Contact> | undefined
  readonly now?: number | undefined
}): Directory.Directory => {
  const locations = options?.locations ?? [defaultLocation]
  const directory = Directory.empty(locations)
  seed(directory, options?.contacts ?? [], (locations[0] ?? defaultLocation).id, options?.now ?? 0)
  return directory
}

const encodeContact = S.encodeSync(Contact)

/**
 * Adds contacts as they are given, and what the service would have given them. One with the id of another replaces it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const seed = (
  directory: Directory.Directory,
  contacts: ReadonlyArray<Contact>,
  locationId: string,
  now: number
): void => {
  for (const contact of contacts) {
    const given = ContactBody.canonical(encodeContact(contact))
    const created = newContact(contact.id, given, locationId, now)
    Directory.put(directory, completed({ ...created, ...given, tags: created["tags"], id: contact.id }))
  }
}

const json = S.Record({ key: S.String, value: S.Unknown })

const parts = S.optionalWith(S.Array(S.Struct({ id: S.NonEmptyString, contactId: S.String }, json)), {
  default: () => []
})

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
      country: S.optional(Country),
      indexLag: S.optional(S.NonNegative)
    })
  ),
  contacts: S.Array(S.Struct({ id: S.NonEmptyString, locationId: S.NonEmptyString }, json)),
  notes: parts,
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
export const toSnapshot = ({ locations, contacts, notes, created }: Directory.Directory): Snapshot => ({
  // They were given as locations of this module.
  locations: Array.from(locations.values()) as never as ReadonlyArray<Location>,
  contacts: Array.from(contacts.values()),
  notes: Array.from(notes.values()),
  created
})

/**
 * @since 0.1.0
 * @category snapshots
 */
export const fromSnapshot = ({ locations, contacts, notes, created }: Snapshot): Directory.Directory => {
  const directory = Directory.empty(locations)
  for (const contact of contacts) Directory.put(directory, contact)
  for (const note of notes) directory.notes.set(note.id, note)
  directory.created = created
  return directory
}
