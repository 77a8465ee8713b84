// The filters of a search: which operator goes with which field, and what is wrong with one that the service would refuse.
import * as Schema from "effect/Schema"
import { isArray, isObject, type JsonObject } from "../runtime/json.js"
import * as Input from "../fields/schemas.js"
import {
  type containment,
  type CustomFieldPath,
  type DateField,
  type equality,
  type FieldsByKind,
  fieldsByKind,
  type FlagField,
  type OpportunityField,
  type OptionalField,
  operatorsByKind,
  presence,
  type TextField,
  type WholeField
} from "./filterFields.js"

// --- the models --------------------------------------------------------------------------------------------------------

type Equality = (typeof equality)[number]
type Presence = (typeof presence)[number]
type Containment = (typeof containment)[number]

/**
 * The bounds of a range, one at least. Moments are milliseconds of the epoch.
 *
 * @since 0.2.0
 * @category models
 */
export interface Range {
  /** Later, or more, than this. */
  readonly gt?: number
  /** Not earlier, or less, than this. */
  readonly gte?: number
  /** Earlier, or less, than this. */
  readonly lt?: number
  /** Not later, or more, than this. */
  readonly lte?: number
}

/**
 * The field has a value, or not this one.
 *
 * @since 0.2.0
 * @category models
 */
export interface Comparison<Field extends string, Value> {
  /** The field. */
  readonly field: Field
  /** Whether the field is to have the value, or another one or none. */
  readonly operator: Equality
  /** The value, the whole of it. */
  readonly value: Value
}

/**
 * The field contains a text, or does not.
 *
 * @since 0.2.0
 * @category models
 */
export interface Part<Field extends string> {
  /** The field. */
  readonly field: Field
  /** Whether the field is to contain the text, or not. */
  readonly operator: Containment
  /** The text: 3 to 75 letters, digits and blanks. */
  readonly value: string
}

/**
 * The field lies within bounds.
 *
 * @since 0.2.0
 * @category models
 */
export interface Interval<Field extends string> {
  /** The field. */
  readonly field: Field
  /** The operator of bounds. */
  readonly operator: "range"
  /** The bounds. */
  readonly value: Range
}

/**
 * The field is set, or is not.
 *
 * @since 0.2.0
 * @category models
 */
export interface Existence<Field extends string> {
  /** The field. */
  readonly field: Field
  /** Whether the field is to be set, or not. */
  readonly operator: Presence
}

/**
 * A condition on an opportunity.
 *
 * @since 0.2.0
 * @category models
 */
export type OpportunityCondition = Comparison<OpportunityField, string> | Existence<OpportunityField>

/**
 * The contact has an opportunity for which all of some conditions hold.
 *
 * @since 0.2.0
 * @category models
 */
export interface HasOpportunity {
  /** The opportunities of a contact. */
  readonly field: "opportunities"
  /** The operator of conditions on what a field holds. */
  readonly operator: "nested"
  /** The conditions, one at least. */
  readonly value: ReadonlyArray<OpportunityCondition>
}

/**
 * A condition on one field, with an operator that the service has for it.
 *
 * @since 0.2.0
 * @category models
 */
export type Condition =
  | Comparison<WholeField | TextField, string>
  | Comparison<FlagField, boolean>
  | Comparison<CustomFieldPath, string | number>
  | Part<TextField | CustomFieldPath>
  | Interval<DateField | CustomFieldPath>
  | Existence<OptionalField | CustomFieldPath>
  | HasOpportunity

/**
 * Several filters together: all of them with `AND`, one at least with `OR`.
 *
 * @since 0.2.0
 * @category models
 */
export interface Group {
  /** Whether all have to match, or one. */
  readonly group: "AND" | "OR"
  /** The filters, one at least: the service takes a group without any for one that every contact matches. */
  readonly filters: ReadonlyArray<Filter>
}

/**
 * A filter of a search: plain JSON, so that it can be stored and read again.
 *
 * @since 0.2.0
 * @category models
 */
export type Filter = Condition | Group

// --- what the service would refuse -------------------------------------------------------------------------------------

/** The characters of a text, at most. */
export const longestText = 75

/** The characters of a text that a field is to contain, at least. */
const shortestPart = 3

interface Fault {
  readonly path: ReadonlyArray<PropertyKey>
  readonly message: string
}

type Check = (value: unknown) => string | undefined

const checkText: Check = (value) => {
  if (typeof value !== "string") return "must be a string"
  if (value === "") return "must not be empty: not_exists finds what is unset"
  return value.length > longestText ? `must not be longer than ${longestText} characters` : undefined
}

const checkPart: Check = (value) => {
  const fault = checkText(value)
  if (fault !== undefined) return fault
  const text = String(value)
  if (/[^\p{L}\p{M}\p{N} ]/u.test(text)) return "must not have special characters: the service takes letters and digits"
  return text.length < shortestPart ? `must have at least ${shortestPart} characters` : undefined
}

const checkNumber: Check = (value) =>
  typeof value === "number" && Number.isFinite(value) ? undefined : "must be a finite number"

const bounds = new Set(["gt", "gte", "lt", "lte"])

const checkRange: Check = (value) => {
  const given = isObject(value) ? Object.keys(value) : []
  if (given.length === 0 || given.some((name) => !bounds.has(name))) return "must have one or more of gt, gte, lt, lte"
  return given.some((name) => checkNumber((value as JsonObject)[name]) !== undefined)
    ? "must have finite numbers as bounds, milliseconds of the epoch for a date"
    : undefined
}

const checkFlag: Check = (value) => (typeof value === "boolean" ? undefined : "must be a boolean value")

/** Fields whose values the service keeps in lower case. */
const lowerCase = new Set(["firstNameLowerCase", "lastNameLowerCase", "contactName", "tags"])

/** The value in the case in which the service keeps the field. */
export const inCaseOf = (field: string, value: string): string => (lowerCase.has(field) ? value.toLowerCase() : value)

const checkOf = (field: string, operator: string): Check => {
  if (operator === "range") return checkRange
  if (operator === "contains" || operator === "not_contains") return checkPart
  if ((fieldsByKind.flag as ReadonlyArray<string>).includes(field)) return checkFlag
  if (field.startsWith("customFields."))
    return (value) => (checkNumber(value) === undefined ? undefined : checkText(value))
  return (value) =>
    checkText(value) ??
    (inCaseOf(field, String(value)) === value ? undefined : "must be in lower case: the service keeps it so")
}

type Operators = ReadonlyMap<string, ReadonlyArray<string>>

const kinds = Object.keys(fieldsByKind) as ReadonlyArray<keyof FieldsByKind>

/** The operators of each field. */
export const operatorsOf: Operators = new Map(
  kinds.flatMap((kind) => fieldsByKind[kind].map((field) => [field, operatorsByKind[kind]] as const))
)

/** Those of every kind of custom field: which one it is, only the location knows. */
export const customFieldOperators: ReadonlyArray<string> = [...operatorsByKind.text, "range"]

/** The operators of each field of an opportunity. */
export const opportunityOperators: Operators = new Map(
  (["pipelineId", "pipelineStageId", "status"] as const).map((field) => [field, operatorsByKind.whole])
)

/** Whether a field is a custom field by its id, and perhaps the id of an option. */
export const isCustomFieldPath = (field: string): boolean => /^customFields\.[^.\s]+(?:\.[^.\s]+)?$/.test(field)

const faultsOfValue = ({ field, operator, value }: JsonObject): ReadonlyArray<Fault> => {
  if ((presence as ReadonlyArray<unknown>).includes(operator)) {
    return value === undefined ? [] : [{ path: ["value"], message: `must be absent with ${String(operator)}` }]
  }
  const message = checkOf(String(field), String(operator))(value)
  return message === undefined ? [] : [{ path: ["value"], message }]
}

const faultsOfCondition = (
  condition: JsonObject,
  operators: (field: string) => ReadonlyArray<string> | undefined
): ReadonlyArray<Fault> => {
  const { field, operator } = condition
  const own = typeof field === "string" ? operators(field) : undefined
  if (own === undefined) return [{ path: ["field"], message: "must be a field that can be searched by" }]
  return own.includes(String(operator))
    ? faultsOfValue(condition)
    : [{ path: ["operator"], message: `must be one of ${own.join(", ")} for ${String(field)}` }]
}

const inside = (path: ReadonlyArray<PropertyKey>, faults: ReadonlyArray<Fault>): ReadonlyArray<Fault> =>
  faults.map((fault) => ({ ...fault, path: [...path, ...fault.path] }))

const faultsOfAll = (
  path: string,
  values: unknown,
  faultsOf: (value: JsonObject) => ReadonlyArray<Fault>
): ReadonlyArray<Fault> => {
  if (!isArray(values) || values.length === 0) return [{ path: [path], message: "must have at least one filter" }]
  return values.flatMap((value, index) =>
    inside([path, index], isObject(value) ? faultsOf(value) : [{ path: [], message: "must be an object" }])
  )
}

/** Other fields than a condition or a group has. */
const faultsOfShape = (filter: JsonObject, names: ReadonlyArray<string>): ReadonlyArray<Fault> =>
  Object.keys(filter).some((name) => filter[name] !== undefined && !names.includes(name))
    ? [{ path: [], message: `must have ${names.join(", ")} and nothing else` }]
    : []

const faultsOf = (filter: JsonObject): ReadonlyArray<Fault> => {
  if (filter["group"] !== undefined) {
    const isKnown = filter["group"] === "AND" || filter["group"] === "OR"
    return [
      ...faultsOfShape(filter, ["group", "filters"]),
      ...(isKnown ? [] : [{ path: ["group"], message: "must be AND or OR" }]),
      ...faultsOfAll("filters", filter["filters"], faultsOf)
    ]
  }
  const shape = faultsOfShape(filter, ["field", "operator", "value"])
  if (shape.length > 0) return shape
  if (filter["field"] !== "opportunities") {
    return faultsOfCondition(
      filter,
      (field) => operatorsOf.get(field) ?? (isCustomFieldPath(field) ? customFieldOperators : undefined)
    )
  }
  return filter["operator"] === "nested"
    ? faultsOfAll("value", filter["value"], (condition) => [
        ...faultsOfShape(condition, ["field", "operator", "value"]),
        ...faultsOfCondition(condition, (field) => opportunityOperators.get(field))
      ])
    : [{ path: ["operator"], message: "must be nested for opportunities" }]
}

const wire = Schema.Struct({
  group: Schema.optional(Schema.Literal("AND", "OR").annotations(Input.withMessage("must be AND or OR"))),
  filters: Schema.optional(Schema.Array(Schema.Unknown)),
  field: Schema.optional(Schema.String),
  operator: Schema.optional(Schema.String),
  value: Schema.optional(Schema.Unknown)
}).annotations(Input.anObject)

const checked = wire.pipe(Schema.filter((filter) => [...faultsOf(filter)]))

/**
 * The schema of a filter: the same JSON on both sides. It refuses, with a sentence, what the service refuses or takes for
 * something else: an operator that the field does not have, a text of more than 75 characters, a part of fewer than three, a
 * group without filters.
 *
 * @since 0.2.0
 * @category models
 */
// What the filter above lets through is of the type.
export const Filter: Schema.Schema<Filter> = checked.annotations(Input.named("Filter")) as never
