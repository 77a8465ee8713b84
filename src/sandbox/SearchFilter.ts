/**
 * The filters of a search as the service accepts and refuses them. Written from the service's guide and its observed
 * behaviour, independently of the client's schemas, so that tests can compare the two. Pure.
 *
 * @since 0.2.0
 */
import { isArray, isObject, isUnset, type JsonObject, objectsIn } from "../runtime/json.js"
import type { StoredContact } from "./ContactRecord.js"
import { badSearch, Refusal } from "./Reply.js"

/**
 * Whether a contact matches.
 *
 * @since 0.2.0
 * @category models
 */
export type Predicate = (contact: StoredContact) => boolean

// --- values of a contact -----------------------------------------------------------------------------------------------

const lowerCase = (value: unknown) => (typeof value === "string" ? value.toLowerCase() : value)

/**
 * The first and the last name of a contact in lower case.
 *
 * @since 0.2.0
 * @category contacts
 */
export const contactNameOf = (contact: JsonObject): string =>
  [contact["firstName"], contact["lastName"]]
    .filter((part) => !isUnset(part))
    .map((part) => String(part).toLowerCase())
    .join(" ")

const fieldAliases: { readonly [field: string]: (contact: StoredContact) => unknown } = {
  address: (contact) => contact["address1"],
  contactName: contactNameOf,
  dnd: (contact) => contact["dnd"] ?? false
}

const valueOf = (contact: JsonObject, field: string): unknown => {
  const [first, id, option] = field.split(".")
  if (first !== "customFields") return (fieldAliases[field] ?? ((contact) => contact[field]))(contact as StoredContact)
  const value = objectsIn(contact["customFields"]).find((custom) => custom["id"] === id)?.["value"]
  return option === undefined ? value : isObject(value) ? value[option] : undefined
}

/** The set values of a field. A list yields each of its elements. */
const valuesOf = (contact: JsonObject, field: string): ReadonlyArray<unknown> => {
  const value = valueOf(contact, field)
  return (isArray(value) ? value : [value]).filter((one) => !isUnset(one))
}

// --- operators ---------------------------------------------------------------------------------------------------------

const equality = ["eq", "not_eq"]
const presence = ["exists", "not_exists"]
const containment = ["contains", "not_contains"]

const words = (names: string) => names.split(" ")

const operators: { readonly [field: string]: ReadonlyArray<string> } = {
  ...Object.fromEntries(
    words(
      "contactName assignedTo country dnd email followers isValidWhatsapp timezone type validEmail website " +
        "activeWorkflows finishedWorkflows"
    ).map((field) => [field, [...equality, ...presence]])
  ),
  ...Object.fromEntries(
    words(
      "address businessName city companyName firstNameLowerCase lastNameLowerCase phone postalCode source state tags"
    ).map((field) => [field, [...equality, ...presence, ...containment]])
  ),
  ...Object.fromEntries(
    words("dateAdded dateUpdated dateOfBirth lastAppointment lastEmailClickedDate lastEmailOpenedDate").map((field) => [
      field,
      ["range", ...presence]
    ])
  ),
  id: equality,
  opportunities: ["nested"]
}

const opportunityOperators: typeof operators = Object.fromEntries(
  words("pipelineId pipelineStageId status").map((field) => [field, [...equality, ...presence]])
)

const snakeCase = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const invalidValue = (operator: string, field: string) =>
  new Refusal(422, `Invalid value for '${operator}' operator for '${field}' field`)

const longest = 75

/** A value to compare with: a text of 75 characters at most, a number, or a boolean. */
const comparable = (operator: string, field: string, value: unknown): string | number | boolean => {
  const isText = typeof value === "string" && value.length <= longest
  if (isText || typeof value === "number" || typeof value === "boolean") return value
  throw invalidValue(operator, field)
}

const digits = (value: unknown) => String(value).replace(/\D/g, "")

const equal = (field: string, one: unknown, other: unknown) =>
  field === "phone" ? digits(one) === digits(other) : one === other

const partOf = (operator: string, field: string, value: unknown): string => {
  if (typeof value !== "string" || value.length > longest) throw invalidValue(operator, field)
  if (value.length < 3) throw badSearch("Min. 3 characters required for applying contains filter")
  if (/[^\p{L}\p{M}\p{N} ]/u.test(value)) throw invalidValue(operator, field)
  return value.toLowerCase()
}

/** Whether a value contains a text. A tag has to equal the text. */
const has = (field: string, value: unknown, part: string): boolean => {
  if (field === "tags") return value === part
  return field === "phone" ? digits(value).includes(digits(part)) : String(lowerCase(value)).includes(part)
}

const numberOf = (value: unknown): number =>
  typeof value === "number" ? value : typeof value === "string" ? Date.parse(value) : NaN

const bounds: { readonly [name: string]: (value: number, bound: number) => boolean } = {
  gt: (value, bound) => value > bound,
  gte: (value, bound) => value >= bound,
  lt: (value, bound) => value < bound,
  lte: (value, bound) => value <= bound
}

const within = (field: string, value: unknown): ((value: unknown) => boolean) => {
  const given = isObject(value) ? Object.entries(value) : []
  const limits = given.map(([name, bound]) => [bounds[name], numberOf(bound)] as const)
  if (limits.length === 0 || limits.some(([isIn, bound]) => isIn === undefined || Number.isNaN(bound))) {
    throw invalidValue("range", field)
  }
  return (value) => limits.every(([isIn, bound]) => isIn?.(numberOf(value), bound) === true)
}

const hasValue = (field: string, operator: string, value: unknown): ((contact: JsonObject) => boolean) => {
  const some = (test: (value: unknown) => boolean) => (contact: JsonObject) => valuesOf(contact, field).some(test)
  switch (operator) {
    case "exists":
    case "not_exists":
      return some(() => true)
    case "eq":
    case "not_eq": {
      const wanted = comparable(operator, field, value)
      return some((one) => equal(field, one, wanted))
    }
    case "contains":
    case "not_contains": {
      const part = partOf(operator, field, value)
      return some((one) => has(field, one, part))
    }
    default:
      return some(within(field, value))
  }
}

// --- filters -----------------------------------------------------------------------------------------------------------

const operatorsOf = (field: string): ReadonlyArray<string> | undefined =>
  /^customFields\.[^.]+(?:\.[^.]+)?$/.test(field)
    ? [...equality, ...presence, ...containment, "range"]
    : Object.hasOwn(operators, field)
      ? operators[field]
      : undefined

const condition = (filter: JsonObject, own: ReadonlyArray<string> | undefined): ((contact: JsonObject) => boolean) => {
  const field = String(filter["field"])
  const operator = String(filter["operator"])
  if (own === undefined) throw badSearch(`Invalid field ${snakeCase(field)}`)
  if (!own.includes(operator)) {
    throw new Refusal(422, `Invalid Operator (${operator}) passed for field ${snakeCase(field)}`)
  }
  const found = hasValue(field, operator, filter["value"])
  return operator.startsWith("not_") ? (contact) => !found(contact) : found
}

const nested = (value: unknown): Predicate => {
  const conditions = objectsIn(value).map((one) => condition(one, opportunityOperators[String(one["field"])]))
  if (conditions.length === 0) throw invalidValue("nested", "opportunities")
  return (contact) => objectsIn(contact["opportunities"]).some((one) => conditions.every((holds) => holds(one)))
}

/**
 * The predicate of a filter; a group without filters matches every contact. Throws a `Refusal` for a filter that the service
 * refuses, such as a filter by a custom field that the location does not have.
 *
 * @since 0.2.0
 * @category filters
 */
export const predicate = (filter: JsonObject, hasCustomField: (id: string) => boolean): Predicate => {
  const { field, group, filters } = filter
  if (group === undefined) {
    const [, customField] = /^customFields\.([^.]+)/.exec(String(field)) ?? []
    if (customField !== undefined && !hasCustomField(customField)) {
      throw badSearch(`Invalid Filter field type - custom_fields.${customField}! Check if custom field exists`)
    }
    const isNested = field === "opportunities" && filter["operator"] === "nested"
    return isNested ? nested(filter["value"]) : condition(filter, operatorsOf(String(field)))
  }
  if ((group !== "AND" && group !== "OR") || !isArray(filters)) {
    throw new Refusal(422, ["group must be one of the following values: AND, OR"])
  }
  const all = objectsIn(filters).map((one) => predicate(one, hasCustomField))
  if (all.length === 0) return () => true
  return group === "AND"
    ? (contact) => all.every((matches) => matches(contact))
    : (contact) => all.some((matches) => matches(contact))
}
