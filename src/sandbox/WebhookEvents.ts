/**
 * The events that the service sends for a write, and their fields. Pure.
 *
 * @since 0.2.0
 */
import type { JsonObject } from "../runtime/json.js"
import { isoOf, type StoredContact } from "./ContactRecord.js"
import type { Change, StoredPart } from "./DirectoryRecord.js"

/**
 * An event before it is sent: its type and its own fields.
 *
 * @since 0.2.0
 * @category models
 */
export interface WebhookEvent {
  readonly type: string
  readonly [field: string]: unknown
}

// --- contacts ----------------------------------------------------------------------------------------------------------

/** The fields of an event of a contact, in the documented order. */
const contactFields = (
  "id locationId address1 city state companyName country source dateAdded dateOfBirth dnd email name firstName lastName " +
  "phone postalCode tags website attachments assignedTo customFields"
).split(" ")

const picked = (record: JsonObject, names: ReadonlyArray<string>): JsonObject =>
  Object.fromEntries(names.flatMap((name) => (record[name] === undefined ? [] : [[name, record[name]]])))

/** The fields of a contact in an event. The date of birth is a time in an event, and a day elsewhere. */
const contactOf = (contact: StoredContact): JsonObject => {
  const { dateOfBirth } = contact
  const isDay = typeof dateOfBirth === "string" && /^\d{4}-\d{2}-\d{2}$/.test(dateOfBirth)
  return picked(isDay ? { ...contact, dateOfBirth: `${dateOfBirth}T00:00:00.000Z` } : contact, contactFields)
}

const dndOf = (contact: StoredContact): WebhookEvent => ({
  type: "ContactDndUpdate",
  ...contactOf(contact),
  ...picked(contact, ["dndSettings"])
})

/** The fields whose change causes no `ContactUpdate`: every write changes them, or they have an event of their own. */
const withoutOwnEvent = new Set(["dateUpdated", "lastUpdatedBy", "tags", "dnd", "dndSettings"])

/** A replacer for `JSON.stringify` that sorts the fields of objects, so that their order does not matter. */
const sorted = (_: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
    : value

const differs = (before: StoredContact, after: StoredContact) => (name: string) =>
  JSON.stringify(before[name], sorted) !== JSON.stringify(after[name], sorted)

/** The events of a write to an existing contact. A write that changes nothing is an update as well. */
const updatesOf = (before: StoredContact, after: StoredContact): ReadonlyArray<WebhookEvent> => {
  const isChanged = differs(before, after)
  const isTagged = isChanged("tags")
  const isDnd = isChanged("dnd") || isChanged("dndSettings")
  const names = Object.keys({ ...before, ...after }).filter((name) => !withoutOwnEvent.has(name))
  const isUpdated = names.some(isChanged) || !(isTagged || isDnd)
  return [
    ...(isUpdated ? [{ type: "ContactUpdate", ...contactOf(after) }] : []),
    ...(isTagged ? [{ type: "ContactTagUpdate", ...contactOf(after) }] : []),
    ...(isDnd ? [dndOf(after)] : [])
  ]
}

const ofContact = (
  before: StoredContact | undefined,
  after: StoredContact | undefined
): ReadonlyArray<WebhookEvent> => {
  if (before !== undefined && after !== undefined) return updatesOf(before, after)
  if (after !== undefined) return [{ type: "ContactCreate", ...contactOf(after) }]
  return before === undefined ? [] : [{ type: "ContactDelete", ...contactOf(before) }]
}

// --- notes and tasks ---------------------------------------------------------------------------------------------------

interface Parts {
  readonly before?: StoredPart | undefined
  readonly after?: StoredPart | undefined
}

/** The location and the time of a change. */
interface EventContext {
  readonly locationId: string
  /** The time of the change, in milliseconds of the epoch. */
  readonly now: number
}

const verbOf = ({ after, before }: Parts) =>
  before === undefined ? "Create" : after === undefined ? "Delete" : "Update"

const noteFields = ["id", "body", "contactId", "dateAdded"]

const ofNote = ({ after, before }: Parts, { locationId }: EventContext): ReadonlyArray<WebhookEvent> => [
  { type: `Note${verbOf({ after, before })}`, locationId, ...picked(after ?? before ?? {}, noteFields) }
]

const taskFields = ["id", "assignedTo", "body", "contactId", "title", "dateAdded", "dueDate"]

const ofTask = ({ after, before }: Parts, { locationId, now }: EventContext): ReadonlyArray<WebhookEvent> => {
  const verb = verbOf({ after, before })
  const isCompleted = before?.["completed"] !== true && after?.["completed"] === true
  if (verb === "Update" && !isCompleted) return []
  // The event has the time at which the task was created; a response does not have it.
  const dateAdded = verb === "Create" ? isoOf(now) : undefined
  const type = verb === "Update" ? "TaskComplete" : `Task${verb}`
  return [{ type, locationId, ...picked({ dateAdded, ...(after ?? before) }, taskFields) }]
}

// --- events ------------------------------------------------------------------------------------------------------------

/**
 * The events of a change. A change of tags and of do-not-disturb has an event of its own; any other change of a contact is a
 * `ContactUpdate`. An update of a task has no event unless it completes the task.
 *
 * @since 0.2.0
 * @category events
 */
export const eventsOf = (change: Change, place: EventContext): ReadonlyArray<WebhookEvent> => {
  if (change.kind === "contact") return ofContact(change.before, change.after)
  return change.kind === "note" ? ofNote(change, place) : ofTask(change, place)
}

/**
 * The event of an installation.
 *
 * @since 0.2.0
 * @category events
 */
export const installed = (locationId: string | undefined, companyId: string | undefined): WebhookEvent => ({
  type: "INSTALL",
  companyId: companyId ?? "sandbox-company",
  userId: "sandbox-user",
  ...(locationId === undefined ? {} : { locationId })
})
