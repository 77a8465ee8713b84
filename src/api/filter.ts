// The filters of a search: their types, the operators of each field, and their validation.
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
 * The bounds of a range, at least one. Dates are in milliseconds since the epoch.
 *
 * @since 0.2.0
 * @category models
 */
export interface Range {
  /** The exclusive lower bound. */
  readonly gt?: number
  /** The inclusive lower bound. */
  readonly gte?: number
  /** The exclusive upper bound. */
  readonly lt?: number
  /** The inclusive upper bound. */
  readonly lte?: number
}

/**
 * A condition that a field equals a value, or does not.
 *
 * @since 0.2.0
 * @category models
 */
export interface EqualsCondition<Field extends string, Value> {
  /** The field. */
  readonly field: Field
  /** `eq` if the field has to equal the value, `not_eq` if it has to have another value or none. */
  readonly operator: Equality
  /** The value to compare with the whole value of the field. */
  readonly value: Value
}

/**
 * A condition that a field contains a text, or does not.
 *
 * @since 0.2.0
 * @category models
 */
export interface ContainsCondition<Field extends string> {
  /** The field. */
  readonly field: Field
  /** `contains` or `not_contains`. */
  readonly operator: Containment
  /** The text: 3 to 75 letters, digits and blanks. */
  readonly value: string
}

/**
 * A condition that the value of a field lies within bounds.
 *
 * @since 0.2.0
 * @category models
 */
export interface RangeCondition<Field extends string> {
  /** The field. */
  readonly field: Field
  /** The operator of bounds. */
  readonly operator: "range"
  /** The bounds. */
  readonly value: Range
}

/**
 * A condition that a field is set, or is not.
 *
 * @since 0.2.0
 * @category models
 */
export interface ExistsCondition<Field extends string> {
  /** The field. */
  readonly field: Field
  /** `exists` or `not_exists`. */
  readonly operator: Presence
}

/**
 * A condition on an opportunity.
 *
 * @since 0.2.0
 * @category models
 */
export type OpportunityCondition = EqualsCondition<OpportunityField, string> | ExistsCondition<OpportunityField>

/**
 * A condition that the contact has an opportunity that meets all of the given conditions.
 *
 * @since 0.2.0
 * @category models
 */
export interface OpportunitiesCondition {
  /** The name of the field that holds the opportunities. */
  readonly field: "opportunities"
  /** The operator for conditions on the elements of a field. */
  readonly operator: "nested"
  /** The conditions, at least one. */
  readonly value: ReadonlyArray<OpportunityCondition>
}

/**
 * A condition on one field, with an operator that the service supports for that field.
 *
 * @since 0.2.0
 * @category models
 */
export type Condition =
  | EqualsCondition<WholeField | TextField, string>
  | EqualsCondition<FlagField, boolean>
  | EqualsCondition<CustomFieldPath, string | number>
  | ContainsCondition<TextField | CustomFieldPath>
  | RangeCondition<DateField | CustomFieldPath>
  | ExistsCondition<OptionalField | CustomFieldPath>
  | OpportunitiesCondition

/**
 * A combination of filters: a contact has to match all of them with `AND`, at least one with `OR`.
 *
 * @since 0.2.0
 * @category models
 */
export interface Group {
  /** `AND` if all filters have to match, `OR` if at least one has to. */
  readonly group: "AND" | "OR"
  /** The filters, at least one: the service treats a group without filters as one that every contact matches. */
  readonly filters: ReadonlyArray<Filter>
}

/**
 * A filter of a search. It is plain JSON, so it can be stored and read again.
 *
 * @since 0.2.0
 * @category models
 */
export type Filter = Condition | Group

// --- validation --------------------------------------------------------------------------------------------------------

/** The maximum length of a text, in characters. */
export const longestText = 75

/** The minimum length of a text for `contains` and `not_contains`, in characters. */
const shortestPart = 3

interface Fault {
  readonly path: ReadonlyArray<PropertyKey>
  readonly message: string
}

type Check = (value: unknown) => string | undefined

const checkText: Check = (value) => {
  if (typeof value !== "string") return "must be a string"
  if (value === "") return "must not be empty; `not_exists` finds unset fields"
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

/** The fields whose values the service stores in lower case. */
const lowerCase = new Set(["firstNameLowerCase", "lastNameLowerCase", "contactName", "tags"])

/** Returns the value in lower case if the service stores the field in lower case. */
export const inCaseOf = (field: string, value: string): string => (lowerCase.has(field) ? value.toLowerCase() : value)

const checkOf = (field: string, operator: string): Check => {
  if (operator === "range") return checkRange
  if (operator === "contains" || operator === "not_contains") return checkPart
  if ((fieldsByKind.flag as ReadonlyArray<string>).includes(field)) return checkFlag
  if (field.startsWith("customFields."))
    return (value) => (checkNumber(value) === undefined ? undefined : checkText(value))
  return (value) =>
    checkText(value) ??
    (inCaseOf(field, String(value)) === value ? undefined : "must be in lower case, as the service stores it")
}

type Operators = ReadonlyMap<string, ReadonlyArray<string>>

const kinds = Object.keys(fieldsByKind) as ReadonlyArray<keyof FieldsByKind>

/** The operators of each field. */
export const operatorsOf: Operators = new Map(
  kinds.flatMap((kind) => fieldsByKind[kind].map((field) => [field, operatorsByKind[kind]] as const))
)

/** The operators of all kinds of custom fields together: only the definitions of the location say which kind a field is. */
export const customFieldOperators: ReadonlyArray<string> = [...operatorsByKind.text, "range"]

/** The operators of each field of an opportunity. */
export const opportunityOperators: Operators = new Map(
  (["pipelineId", "pipelineStageId", "status"] as const).map((field) => [field, operatorsByKind.whole])
)

/** Whether a field is `customFields.<id>`, optionally followed by the id of an option. */
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

/** Reports fields that a condition or a group does not have. */
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
 * The schema of a filter, which has the same JSON on both sides. It refuses, with an error message, a filter that the
 * service would refuse or misinterpret: an operator that the field does not have, a text of more than 75 characters, a text
 * of fewer than three for `contains`, a group without filters.
 *
 * @since 0.2.0
 * @category models
 */
// The cast is safe: `checked` accepts only values of the type `Filter`.
export const Filter: Schema.Schema<Filter> = checked.annotations(Input.named("Filter")) as never
