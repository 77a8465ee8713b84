// Whether an answered contact has what was sent.
import * as DateTime from "effect/DateTime"
import { normalizeDay } from "../fields/lenient.js"
import { isArray, isObject, isUnset, type JsonObject, objectsIn } from "../runtime/json.js"
import type { Contact } from "./contact.js"

const isEmpty = (value: unknown): boolean => isUnset(value) || (isArray(value) && value.length === 0)

const trimmed = (value: unknown) => (typeof value === "string" ? value.trim() : value)

/** Text is compared without the blanks around it, which the service cuts off. */
const isSame = (sent: unknown, found: unknown): boolean => {
  if (isEmpty(sent)) return isEmpty(found)
  return typeof sent === "object" ? JSON.stringify(sent) === JSON.stringify(found) : trimmed(sent) === trimmed(found)
}

const lowerCase = (value: unknown) => (typeof value === "string" ? value.trim().toLowerCase() : value)

/** The service keeps a set: without order, without doubles, in lower case. */
const sortedTags = (tags: unknown) => (isArray(tags) ? Array.from(new Set(tags.map(lowerCase))).sort() : tags)

/** Every part that was sent is found; what was not sent stays as it was. */
const hasParts = (sent: unknown, found: unknown): boolean =>
  isObject(sent) && isObject(found)
    ? Object.entries(sent).every(([key, value]) => value === undefined || hasParts(value, found[key]))
    : isSame(sent, found)

// --- phones and days ---------------------------------------------------------------------------------------------------

const digitsOf = (value: unknown): string => (typeof value === "string" ? value.replace(/\D/g, "") : "")

/** Fewer digits than a phone number has could be the end of any other. */
const fewestDigits = 7

/** The service writes E.164: a number without its country is found behind the country's code, without its leading zeros. */
const isSamePhone = (sent: unknown, found: unknown): boolean => {
  const digits = digitsOf(sent)
  if (digits === "") return isSame(sent, found)
  if (digits === digitsOf(found)) return true
  const national = digits.replace(/^0+/, "")
  const isInternational = String(sent).trim().startsWith("+")
  return !isInternational && national.length >= fewestDigits && digitsOf(found).endsWith(national)
}

const dayOf = (value: unknown): unknown =>
  DateTime.isDateTime(value) ? DateTime.formatIsoDate(value) : isUnset(value) ? value : normalizeDay(value)

// --- custom fields -----------------------------------------------------------------------------------------------------

/** A field is written with `field_value` and read with `value`. The last of several values counts. */
const valuesById = (fields: unknown): ReadonlyMap<string, unknown> =>
  new Map(objectsIn(fields).map(({ id, value, field_value }) => [String(id), value ?? field_value]))

const isNumberOrText = (value: unknown): value is string | number =>
  typeof value === "number" || (typeof value === "string" && value.trim() !== "")

const isDay = (value: unknown) => typeof value === "string" && /^\d{4}-\d\d-\d\d/.test(value)

/** A number may come back as text, a day as a moment, and chosen options in the order of their definition. */
const isSameValue = (sent: unknown, found: unknown): boolean => {
  if (isArray(sent) && isArray(found)) return isSame([...sent].sort(), [...found].sort())
  if (isNumberOrText(sent) && isNumberOrText(found) && typeof sent !== typeof found)
    return Number(sent) === Number(found)
  return hasParts(sent, found) || (isDay(sent) && isDay(found) && dayOf(sent) === dayOf(found))
}

// --- fields ------------------------------------------------------------------------------------------------------------

/** Answers have no `name`, but its parts. */
const nameOf = ({ name, firstName, lastName }: Contact): string | undefined =>
  name ?? [firstName, lastName].filter((part) => !isUnset(part)).join(" ")

const oneSpaced = (value: unknown) => (typeof value === "string" ? value.trim().replace(/\s+/g, " ") : value)

/** The fields that the service does not save as they were sent, but in a way that is known. */
const comparisons: { readonly [field: string]: (sent: unknown, found: unknown, contact: Contact) => boolean } = {
  name: (sent, _, contact) => isSame(oneSpaced(sent), oneSpaced(nameOf(contact))),
  email: (sent, found) => isSame(lowerCase(sent), lowerCase(found)),
  phone: isSamePhone,
  dateOfBirth: (sent, found) => isSame(dayOf(sent), dayOf(found)),
  dnd: (sent, found) => (sent ?? false) === (found ?? false),
  tags: (sent, found) => isSame(sortedTags(sent), sortedTags(found)),
  dndSettings: hasParts,
  inboundDndSettings: hasParts,
  customFields: (sent, found) => {
    const values = valuesById(found)
    return Array.from(valuesById(sent)).every(([id, value]) => isSameValue(value, values.get(id)))
  }
}

/** These say where and how to write, and are no fields of the contact that is written. */
const directions = new Set(["locationId", "createNewIfDuplicateAllowed"])

/**
 * The fields that were sent and that the contact does not have as they were sent: the service has ignored them, has saved
 * another value, or does not answer them. What it saves in another form is as it was sent: tags and email in another case, a
 * phone in E.164, a day in another format, a name in its parts.
 */
export const ignoredFields = (sent: object, contact: Contact): ReadonlyArray<string> =>
  Object.keys(sent).filter((field) => {
    const value = (sent as JsonObject)[field]
    if (value === undefined || directions.has(field)) return false
    const isAlike = comparisons[field] ?? isSame
    return !isAlike(value, contact[field], contact)
  })

/** Whether the contact has all changes. A field that the service does not answer counts as not there. */
export const isApplied = (changes: JsonObject, contact: Contact): boolean =>
  ignoredFields(changes, contact).length === 0
