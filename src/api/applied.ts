// Compares the fields of a request with the contact of a response.
import * as DateTime from "effect/DateTime"
import { normalizeDay } from "../fields/lenient.js"
import { isArray, isObject, isUnset, type JsonObject, objectsIn } from "../runtime/json.js"
import type { Contact } from "./contact.js"

const isEmpty = (value: unknown): boolean => isUnset(value) || (isArray(value) && value.length === 0)

const trimmed = (value: unknown) => (typeof value === "string" ? value.trim() : value)

/** Whether two values are equal. Text is compared without surrounding whitespace, which the service removes. */
const isSame = (sent: unknown, found: unknown): boolean => {
  if (isEmpty(sent)) return isEmpty(found)
  return typeof sent === "object" ? JSON.stringify(sent) === JSON.stringify(found) : trimmed(sent) === trimmed(found)
}

const lowerCase = (value: unknown) => (typeof value === "string" ? value.trim().toLowerCase() : value)

/** The tags as the service stores them: a set in lower case, without order or duplicates. */
const sortedTags = (tags: unknown) => (isArray(tags) ? Array.from(new Set(tags.map(lowerCase))).sort() : tags)

/** Whether the response has every part of an object that was sent. Parts that were not sent are not compared. */
const hasParts = (sent: unknown, found: unknown): boolean =>
  isObject(sent) && isObject(found)
    ? Object.entries(sent).every(([key, value]) => value === undefined || hasParts(value, found[key]))
    : isSame(sent, found)

// --- phones and days ---------------------------------------------------------------------------------------------------

const digitsOf = (value: unknown): string => (typeof value === "string" ? value.replace(/\D/g, "") : "")

/** The minimum number of digits for a comparison: fewer digits could be the end of any phone number. */
const fewestDigits = 7

/**
 * Whether two phone numbers are the same. The service returns E.164: a number that was sent without its country code appears
 * after that code, without its leading zeros.
 */
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

/**
 * The values of custom fields by id: `field_value` in a request, `value` in a response. The last of several values counts.
 */
const valuesById = (fields: unknown): ReadonlyMap<string, unknown> =>
  new Map(objectsIn(fields).map(({ id, value, field_value }) => [String(id), value ?? field_value]))

const isNumberOrText = (value: unknown): value is string | number =>
  typeof value === "number" || (typeof value === "string" && value.trim() !== "")

const isEmptyObject = (value: unknown) => isObject(value) && Object.keys(value).length === 0

const isDay = (value: unknown) => typeof value === "string" && /^\d{4}-\d\d-\d\d/.test(value)

/**
 * Whether two values of a custom field are the same. The service may return a number as text, a day as a timestamp, and
 * chosen options in the order of their definition.
 */
const isSameValue = (sent: unknown, found: unknown): boolean => {
  if (isEmptyObject(sent)) return isEmpty(found) || isEmptyObject(found)
  if (isArray(sent) && isArray(found)) return isSame([...sent].sort(), [...found].sort())
  if (isNumberOrText(sent) && isNumberOrText(found) && typeof sent !== typeof found)
    return Number(sent) === Number(found)
  return hasParts(sent, found) || (isDay(sent) && isDay(found) && dayOf(sent) === dayOf(found))
}

// --- fields ------------------------------------------------------------------------------------------------------------

/** The full name of a contact: its `name`, which responses usually lack, or its first and last name. */
const nameOf = ({ name, firstName, lastName }: Contact): string | undefined =>
  name ?? [firstName, lastName].filter((part) => !isUnset(part)).join(" ")

const oneSpaced = (value: unknown) => (typeof value === "string" ? value.trim().replace(/\s+/g, " ") : value)

/** The comparisons of fields that the service stores in another, known form. */
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

/** The fields of a request that are instructions to the service, not fields of the contact. */
const instructions = new Set(["locationId", "createNewIfDuplicateAllowed"])

/**
 * Returns the fields that were sent and that the contact does not have: the service ignored them, stored another value, or
 * does not return them. Another form of the same value counts as equal: tags and email in another case, a phone in E.164, a
 * day in another format, a name in its parts.
 */
export const ignoredFields = (sent: object, contact: Contact): ReadonlyArray<string> =>
  Object.keys(sent).filter((field) => {
    const value = (sent as JsonObject)[field]
    if (value === undefined || instructions.has(field)) return false
    const isAlike = comparisons[field] ?? isSame
    return !isAlike(value, contact[field], contact)
  })

/** Whether the contact has all changes. A field that the response lacks counts as unset. */
export const isApplied = (changes: JsonObject, contact: Contact): boolean =>
  ignoredFields(changes, contact).length === 0
