/**
 * Makes directories from the models of the library, and converts them to and from snapshots.
 *
 * @since 0.2.0
 */
import * as S from "effect/Schema"
import { Appointment, Contact, Country, CustomFieldDefinition, LocationId, type LocationTag } from "../Schema.js"
import * as ContactBody from "./ContactBody.js"
import { completed, newContact } from "./ContactRecord.js"
import { newCustomField } from "./CustomFieldRecord.js"
import * as Directory from "./Directory.js"
import * as Duplicates from "./Duplicates.js"

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
 * The default location of a sandbox: duplicates are not allowed, email is checked before phone.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultLocation: Location = {
  id: LocationId.make("ve9EPM428h8vShlRW1KT"),
  duplicates: Duplicates.defaultSetting,
  country: "US"
}

/**
 * The initial records of a directory. A record without a `locationId` belongs to the first location.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /** The locations; by default one that allows no duplicates. */
  readonly locations?: ReadonlyArray<Location> | undefined
  /** The definitions of custom fields; none by default. A missing `fieldKey` is made from the model and the name. */
  readonly customFields?: ReadonlyArray<CustomFieldDefinition> | undefined
  /** The tags of the locations; by default those of the contacts, which are added in any case. */
  readonly locationTags?: ReadonlyArray<LocationTag> | undefined
  /** The contacts; none by default. */
  readonly contacts?: ReadonlyArray<Contact> | undefined
  /** The appointments, each with its `contactId`; none by default. */
  readonly appointments?: ReadonlyArray<Appointment> | undefined
}

/**
 * Makes a directory of these records. A contact gets the values that the service would add: lower-case fields and tags, a
 * type, and `now` (milliseconds of the epoch) for missing dates.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: Options & { readonly now?: number | undefined }): Directory.Directory => {
  const locations = options?.locations ?? [defaultLocation]
  const locationId = (locations[0] ?? defaultLocation).id
  const now = options?.now ?? 0
  const directory = Directory.empty(locations)
  seedDefinitions(directory, options ?? {}, locationId, now)
  seed(directory, options?.contacts ?? [], locationId, now)
  for (const appointment of options?.appointments ?? []) {
    const stored = encodeAppointment(appointment)
    directory.appointments.set(appointment.id, {
      ...stored,
      id: appointment.id,
      contactId: appointment.contactId ?? ""
    })
  }
  return directory
}

/** Adds the definitions of custom fields and the tags of the locations. */
const seedDefinitions = (
  directory: Directory.Directory,
  { customFields = [], locationTags = [] }: Options,
  locationId: string,
  now: number
): void => {
  for (const definition of customFields) {
    const { textBoxes, ...fields } = encodeDefinition(definition)
    const answered = textBoxes === undefined ? fields : { ...fields, picklistOptions: textBoxes }
    const stored = newCustomField(directory, answered, definition.locationId ?? locationId, now)
    directory.customFields.set(stored.id, stored)
  }
  for (const tag of locationTags) {
    const name = Directory.tagName(tag.name ?? "")
    directory.locationTags.set(tag.id, { ...tag, name, locationId: tag.locationId ?? locationId })
  }
}

const encodeDefinition = S.encodeSync(CustomFieldDefinition)

const encodeAppointment = S.encodeSync(Appointment)

const encodeContact = S.encodeSync(Contact)

/**
 * Adds contacts, with the values that the service would add. A contact replaces an existing one that has its id.
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
    const given = ContactBody.normalizeBody(encodeContact(contact))
    const created = newContact(contact.id, given, locationId, now)
    Directory.put(directory, completed({ ...created, ...given, tags: created["tags"], id: contact.id }))
  }
}

const json = S.Record({ key: S.String, value: S.Unknown })

const parts = S.optionalWith(
  S.Array(
    S.Struct(
      {
        /** The id of the record. */
        id: S.NonEmptyString,
        /** The contact that the record belongs to. */
        contactId: S.String
      },
      json
    )
  ),
  {
    default: () => []
  }
)

const ofLocations = S.optionalWith(
  S.Array(
    S.Struct(
      {
        /** The id of the record. */
        id: S.NonEmptyString,
        /** The location that the record belongs to. */
        locationId: S.NonEmptyString
      },
      json
    )
  ),
  {
    default: () => []
  }
)

const locationModel = S.Struct({
  /** The id of the location. */
  id: LocationId,
  /** The "Allow Duplicate Contact" setting; by default duplicates are not allowed, and email is checked before phone. */
  duplicates: S.optional(
    S.Struct({
      /** Whether the location may have several contacts with the same email or phone. */
      allow: S.Boolean,
      /** The fields by which duplicates are found, the first one first. */
      check: S.Array(S.Literal("email", "phone"))
    })
  ),
  /** The country of contacts that are created without one. */
  country: S.optional(Country),
  /** The time in milliseconds until a search finds a write; 0 by default. */
  indexLag: S.optional(S.NonNegative),
  /** The handling of custom fields in a write of a contact, where the behaviour of the service is not known. */
  customFieldInput: S.optional(
    S.Struct({
      /** Custom fields that the location does not have; ignored by default. */
      unknown: S.optional(S.Literal("ignore", "refuse")),
      /** Custom fields with a `key` and no `id`; applied by default. */
      byKey: S.optional(S.Literal("apply", "ignore", "refuse")),
      /** Custom fields with `{ id, value }`; applied by default. */
      byValue: S.optional(S.Literal("apply", "ignore", "refuse"))
    })
  )
})

/**
 * The locations of a sandbox, at least one.
 *
 * @since 0.2.0
 * @category models
 */
export const Locations = S.NonEmptyArray(locationModel)

/**
 * All records of a sandbox as JSON: locations, contacts, notes and so on.
 *
 * @since 0.1.0
 * @category snapshots
 */
export const Snapshot = S.Struct({
  /** The locations. */
  locations: S.Array(locationModel),
  /** The contacts as they are stored, in the JSON of a response. */
  contacts: S.Array(
    S.Struct(
      {
        /** The id of the contact. */
        id: S.NonEmptyString,
        /** The location that the contact belongs to. */
        locationId: S.NonEmptyString
      },
      json
    )
  ),
  /** The notes as they are stored; none by default. */
  notes: parts,
  /** The tasks as they are stored; none by default. */
  tasks: parts,
  /** The appointments as they are stored; none by default. */
  appointments: parts,
  /** The enrollments of contacts in campaigns and workflows; none by default. */
  enrollments: parts,
  /** The definitions of custom fields; none by default. */
  customFields: ofLocations,
  /** The tags of the locations; none by default. */
  locationTags: ofLocations,
  /** The number of records that were created, from which the next id is made. */
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
export const toSnapshot = (directory: Directory.Directory): Snapshot => ({
  // The locations of a directory come from this module, so they have the more specific type.
  locations: Array.from(directory.locations.values()) as never as ReadonlyArray<Location>,
  contacts: Array.from(directory.contacts.values()),
  notes: Array.from(directory.notes.values()),
  tasks: Array.from(directory.tasks.values()),
  appointments: Array.from(directory.appointments.values()),
  enrollments: Array.from(directory.enrollments.values()),
  customFields: Array.from(directory.customFields.values()),
  locationTags: Array.from(directory.locationTags.values()),
  created: directory.created
})

/**
 * @since 0.1.0
 * @category snapshots
 */
export const fromSnapshot = (snapshot: Snapshot): Directory.Directory => {
  const directory = Directory.empty(snapshot.locations)
  for (const tag of snapshot.locationTags) directory.locationTags.set(tag.id, tag)
  for (const contact of snapshot.contacts) Directory.put(directory, contact)
  for (const note of snapshot.notes) directory.notes.set(note.id, note)
  for (const task of snapshot.tasks) directory.tasks.set(task.id, task)
  for (const appointment of snapshot.appointments) directory.appointments.set(appointment.id, appointment)
  for (const enrollment of snapshot.enrollments) directory.enrollments.set(enrollment.id, enrollment)
  for (const customField of snapshot.customFields) directory.customFields.set(customField.id, customField)
  directory.created = Math.max(directory.created, snapshot.created)
  return directory
}
