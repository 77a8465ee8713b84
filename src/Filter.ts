/**
 * The filters of a search. Each constructor takes only the fields that the service has the operator for, so that
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
  type Comparison,
  type Condition,
  type Existence,
  Filter,
  type Group,
  type HasOpportunity,
  type Interval,
  type OpportunityCondition,
  type Part,
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
 * The kinds of custom fields that differ in their operators.
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
  /** The kind, which says what operators the field has. */
  readonly kind: Kind
  /** How the field is called in a filter. */
  readonly path: CustomFieldPath
}

const custom =
  <Kind extends CustomKind>(kind: Kind) =>
  (id: string): CustomField<Kind> => ({ kind, path: `customFields.${id}` })

/**
 * A custom field by its id (not by its name or key, by which the service finds nothing), as the kind that it has in the
 * settings of the location.
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
  /** One text box of a list (`TEXTBOX_LIST`), by the id of the field and that of the box. */
  textBox: (id: string, optionId: string): CustomField<"text"> => custom("text")(`${id}.${optionId}`),
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
 * The values that a field is compared with.
 *
 * @since 0.2.0
 * @category fields
 */
export type ValueOf<Field> = Field extends FlagField ? boolean : Field extends CustomField<"number"> ? number : string

const comparing =
  (operator: "eq" | "not_eq") =>
  <const Field extends ComparedField>(field: Field, value: ValueOf<Field>): Filter => {
    const path = pathOf<WholeField | TextField | FlagField>(field)
    // The field and its value go together by the type of this function.
    return { field: path, operator, value: typeof value === "string" ? inCaseOf(path, value) : value } as Filter
  }

/**
 * The field has this value, the whole of it. A value for a field that the service keeps in lower case (`tags`, `contactName`,
 * `firstNameLowerCase`, `lastNameLowerCase`) is put into lower case. Text of 1 to 75 characters; `phone` in E.164.
 *
 * @since 0.2.0
 * @category conditions
 */
export const equals = comparing("eq")

/**
 * The field has another value than this, or none; see {@link equals}.
 *
 * @since 0.2.0
 * @category conditions
 */
export const notEquals = comparing("not_eq")

/**
 * The field has one of these values, one at least: an `OR` group of {@link equals}. By `id`, up to 100 contacts are found at
 * once.
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
 * The field contains this text, in any case: 3 to 75 letters, digits and blanks, nothing else. A tag is matched as a whole.
 *
 * @since 0.2.0
 * @category conditions
 */
export const contains = containing("contains")

/**
 * The field does not contain this text; see {@link contains}.
 *
 * @since 0.2.0
 * @category conditions
 */
export const notContains = containing("not_contains")

const present =
  (operator: "exists" | "not_exists") =>
  (field: OptionalField | CustomField<CustomKind>): Filter => ({ field: pathOf(field), operator })

/**
 * The field has a value.
 *
 * @since 0.2.0
 * @category conditions
 */
export const exists = present("exists")

/**
 * The field has no value.
 *
 * @since 0.2.0
 * @category conditions
 */
export const notExists = present("not_exists")

/**
 * The bounds of a range, one at least.
 *
 * @since 0.2.0
 * @category models
 */
export interface Bounds<A> {
  /** More, or later, than this. */
  readonly gt?: A | undefined
  /** This, or more, or later. */
  readonly gte?: A | undefined
  /** Less, or earlier, than this. */
  readonly lt?: A | undefined
  /** This, or less, or earlier. */
  readonly lte?: A | undefined
}

/**
 * The bound of a range of a field: a number for a number, a moment for a date.
 *
 * @since 0.2.0
 * @category fields
 */
export type BoundOf<Field> = Field extends CustomField<"number"> ? number : DateTime.DateTime

const millisOf = (bound: number | DateTime.DateTime): number =>
  typeof bound === "number" ? bound : DateTime.toEpochMillis(bound)

/**
 * The field lies within these bounds. Moments are sent as milliseconds of the epoch.
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
 * All of these filters match.
 *
 * @since 0.2.0
 * @category groups
 */
export const and = (first: Filter, ...more: ReadonlyArray<Filter>): Filter => ({
  group: "AND",
  filters: [first, ...more]
})

/**
 * One of these filters matches, or several.
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
 * The contact has an opportunity for which all of these conditions hold.
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
  /** The field has this value. */
  equals: (field: OpportunityField, value: string): OpportunityCondition => ({ field, operator: "eq", value }),
  /** The field has another value, or none. */
  notEquals: (field: OpportunityField, value: string): OpportunityCondition => ({ field, operator: "not_eq", value }),
  /** The field has a value. */
  exists: (field: OpportunityField): OpportunityCondition => ({ field, operator: "exists" }),
  /** The field has no value. */
  notExists: (field: OpportunityField): OpportunityCondition => ({ field, operator: "not_exists" })
} as const
