/**
 * The constructors of search filters. Each accepts only fields for which the service supports its operator, so that
 * `Filter.contains("email", …)` does not compile.
 *
 * @module
 * @example
 * import { DateTime } from "effect"
 * import * as Filter from "effect-growthhub/Filter"
 *
 * // Leads of Austin or Dallas with a phone that were added in March and are tagged "vip".
 * export const filters = [
 *   Filter.equals("type", "lead"),
 *   Filter.or(Filter.equals("city", "Austin"), Filter.equals("city", "Dallas")),
 *   Filter.exists("phone"),
 *   Filter.range("dateAdded", {
 *     gte: DateTime.unsafeMake("2026-03-01T00:00:00Z"),
 *     lt: DateTime.unsafeMake("2026-04-01T00:00:00Z")
 *   }),
 *   Filter.equals("tags", "vip")
 * ]
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import { type Filter, inCaseOf, type OpportunityCondition, type Range } from "./api/filter.js"
import type {
  CustomFieldPath,
  DateField,
  FlagField,
  OpportunityField,
  OptionalField,
  TextField,
  WholeField
} from "./api/filterFields.js"

export {
  type EqualsCondition,
  type Condition,
  type ExistsCondition,
  Filter,
  type Group,
  type OpportunitiesCondition,
  type RangeCondition,
  type OpportunityCondition,
  type ContainsCondition,
  type Range
} from "./api/filter.js"
export type {
  CustomFieldPath,
  DateField,
  FlagField,
  OpportunityField,
  OptionalField,
  TextField,
  WholeField
} from "./api/filterFields.js"

// --- custom fields -----------------------------------------------------------------------------------------------------

/**
 * The kinds of custom fields, which differ in their operators.
 *
 * @since 0.2.0
 * @category custom fields
 */
export type CustomKind = "text" | "options" | "number" | "date"

/**
 * A custom field to filter by, with its kind.
 *
 * @since 0.2.0
 * @category custom fields
 */
export interface CustomField<Kind extends CustomKind> {
  /** The kind, which determines the operators of the field. */
  readonly kind: Kind
  /** The name of the field in a filter. */
  readonly path: CustomFieldPath
}

const custom =
  <Kind extends CustomKind>(kind: Kind) =>
  (id: string): CustomField<Kind> => ({ kind, path: `customFields.${id}` })

/**
 * A custom field by its id, with the kind that it has in the settings of the location. The service finds nothing by the name
 * or key of a custom field.
 *
 * @example
 * import * as Filter from "effect-growthhub/Filter"
 *
 * export const deals = Filter.range(Filter.customField.number("y0BeYjuRIlDwsDcOHOJo"), { gte: 1000 })
 *
 * @since 0.2.0
 * @category custom fields
 */
export const customField = {
  /** Text, large text, single select, radio or phone (`TEXT LARGE_TEXT SINGLE_OPTIONS RADIO PHONE`). */
  text: custom("text"),
  /** One box of a text box list (`TEXTBOX_LIST`), by the id of the field and the id of the box. */
  textBox: (id: string, boxId: string): CustomField<"text"> => custom("text")(`${id}.${boxId}`),
  /** Checkbox or multi select (`CHECKBOX MULTIPLE_OPTIONS`). */
  options: custom("options"),
  /** Numeric or monetary (`NUMERICAL MONETORY`). */
  number: custom("number"),
  /** A date (`DATE`). */
  date: custom("date")
} as const

const pathOf = <Field extends string>(field: Field | CustomField<CustomKind>): Field | CustomFieldPath =>
  typeof field === "string" ? field : field.path

// --- conditions --------------------------------------------------------------------------------------------------------

/**
 * A field that can be compared with a value.
 *
 * @since 0.2.0
 * @category fields
 */
export type ComparedField = WholeField | TextField | FlagField | CustomField<"text" | "options" | "number">

/**
 * The type of the values that a field can be compared with.
 *
 * @since 0.2.0
 * @category fields
 */
export type ValueOf<Field> = Field extends FlagField ? boolean : Field extends CustomField<"number"> ? number : string

const comparing =
  (operator: "eq" | "not_eq") =>
  <const Field extends ComparedField>(field: Field, value: ValueOf<Field>): Filter => {
    const path = pathOf<WholeField | TextField | FlagField>(field)
    // The cast is safe: the type of this function requires a value of the field's type.
    return { field: path, operator, value: typeof value === "string" ? inCaseOf(path, value) : value } as Filter
  }

/**
 * Matches contacts in which the field equals this value as a whole. A value for a field that the service stores in lower
 * case (`tags`, `contactName`, `firstNameLowerCase`, `lastNameLowerCase`) is converted to lower case. Text has 1 to 75
 * characters; `phone` is in E.164.
 *
 * @since 0.2.0
 * @category conditions
 */
export const equals = comparing("eq")

/**
 * Matches contacts in which the field has another value, or none; see {@link equals}.
 *
 * @since 0.2.0
 * @category conditions
 */
export const notEquals = comparing("not_eq")

/**
 * Matches contacts in which the field has one of these values, of which there has to be at least one: an `OR` group of
 * {@link equals}. By `id`, one search finds up to 100 contacts.
 *
 * @since 0.2.0
 * @category conditions
 */
export const equalsAny = <const Field extends ComparedField>(
  field: Field,
  values: ReadonlyArray<ValueOf<Field>>
): Filter => ({ group: "OR", filters: values.map((value) => equals(field, value)) })

const containing =
  (operator: "contains" | "not_contains") =>
  (field: TextField | CustomField<"text">, text: string): Filter => {
    const path = pathOf(field)
    return { field: path, operator, value: inCaseOf(path, text) }
  }

/**
 * Matches contacts in which the field contains this text, regardless of case. The text has 3 to 75 letters, digits and
 * blanks, nothing else. A tag is matched as a whole.
 *
 * @since 0.2.0
 * @category conditions
 */
export const contains = containing("contains")

/**
 * Matches contacts in which the field does not contain this text; see {@link contains}.
 *
 * @since 0.2.0
 * @category conditions
 */
export const notContains = containing("not_contains")

const present =
  (operator: "exists" | "not_exists") =>
  (field: OptionalField | CustomField<CustomKind>): Filter => ({ field: pathOf(field), operator })

/**
 * Matches contacts in which the field has a value.
 *
 * @since 0.2.0
 * @category conditions
 */
export const exists = present("exists")

/**
 * Matches contacts in which the field has no value.
 *
 * @since 0.2.0
 * @category conditions
 */
export const notExists = present("not_exists")

/**
 * The bounds of a range, at least one.
 *
 * @since 0.2.0
 * @category models
 */
export interface Bounds<A> {
  /** The exclusive lower bound. */
  readonly gt?: A | undefined
  /** The inclusive lower bound. */
  readonly gte?: A | undefined
  /** The exclusive upper bound. */
  readonly lt?: A | undefined
  /** The inclusive upper bound. */
  readonly lte?: A | undefined
}

/**
 * The type of the bounds for a field: a number for a number field, a `DateTime` for a date field.
 *
 * @since 0.2.0
 * @category fields
 */
export type BoundOf<Field> = Field extends CustomField<"number"> ? number : DateTime.DateTime

const millisOf = (bound: number | DateTime.DateTime): number =>
  typeof bound === "number" ? bound : DateTime.toEpochMillis(bound)

/**
 * Matches contacts in which the field lies within these bounds. A `DateTime` is sent in milliseconds since the epoch.
 *
 * @since 0.2.0
 * @category conditions
 */
export const range = <const Field extends DateField | CustomField<"number" | "date">>(
  field: Field,
  bounds: Bounds<BoundOf<Field>>
): Filter => {
  const given: ReadonlyArray<readonly [string, BoundOf<Field> | undefined]> = Object.entries(bounds)
  const value: Range = Object.fromEntries(
    given.flatMap(([name, bound]) => (bound === undefined ? [] : [[name, millisOf(bound)]]))
  )
  return { field: pathOf<DateField>(field), operator: "range", value }
}

// --- groups ------------------------------------------------------------------------------------------------------------

/**
 * Matches contacts that match all of these filters.
 *
 * @since 0.2.0
 * @category groups
 */
export const and = (first: Filter, ...more: ReadonlyArray<Filter>): Filter => ({
  group: "AND",
  filters: [first, ...more]
})

/**
 * Matches contacts that match at least one of these filters.
 *
 * @since 0.2.0
 * @category groups
 */
export const or = (first: Filter, ...more: ReadonlyArray<Filter>): Filter => ({
  group: "OR",
  filters: [first, ...more]
})

// --- opportunities -----------------------------------------------------------------------------------------------------

/**
 * Matches contacts with an opportunity that meets all of these conditions.
 *
 * @example
 * import * as Filter from "effect-growthhub/Filter"
 *
 * export const open = Filter.opportunities(
 *   Filter.opportunity.equals("pipelineId", "VDm7RPYC2GLUvdpKmBfC"),
 *   Filter.opportunity.equals("status", "open")
 * )
 *
 * @since 0.2.0
 * @category opportunities
 */
export const opportunities = (first: OpportunityCondition, ...more: ReadonlyArray<OpportunityCondition>): Filter => ({
  field: "opportunities",
  operator: "nested",
  value: [first, ...more]
})

/**
 * The conditions on an opportunity, for {@link opportunities}.
 *
 * @since 0.2.0
 * @category opportunities
 */
export const opportunity = {
  /** Matches opportunities in which the field has this value. */
  equals: (field: OpportunityField, value: string): OpportunityCondition => ({ field, operator: "eq", value }),
  /** Matches opportunities in which the field has another value, or none. */
  notEquals: (field: OpportunityField, value: string): OpportunityCondition => ({ field, operator: "not_eq", value }),
  /** Matches opportunities in which the field has a value. */
  exists: (field: OpportunityField): OpportunityCondition => ({ field, operator: "exists" }),
  /** Matches opportunities in which the field has no value. */
  notExists: (field: OpportunityField): OpportunityCondition => ({ field, operator: "not_exists" })
} as const
