// Finds the custom field that a name identifies, and checks values against its definition. Pure.
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { instantMillis, normalizeNumber } from "../fields/lenient.js"
import { isArray, isObject } from "../runtime/json.js"
import type { CustomFieldDefinition } from "./customFieldDefinitions.js"
import { CustomFieldValue } from "./customFields.js"
import { DateOfBirth } from "./dateOfBirth.js"

/** A value to write; a day may also be given as a `DateTime`. */
export type WritableValue = CustomFieldValue | DateTime.DateTime

// --- names -------------------------------------------------------------------------------------------------------------

const prefix = "contact."

/** The key of a definition without its model: `pincode` for `contact.pincode`. */
export const keyOf = ({ fieldKey }: CustomFieldDefinition): string | undefined => fieldKey?.replace(/^[^.]+\./, "")

const lowerCased = (name: string | undefined) => name?.trim().toLowerCase()

/** The ways in which a name can identify a field. A later, less reliable way is used only if no earlier way matches. */
const matchers: ReadonlyArray<(one: CustomFieldDefinition, name: string) => boolean> = [
  ({ id }, name) => id === name,
  ({ fieldKey }, name) => fieldKey === name,
  (one, name) => one.name === name || keyOf(one) === name,
  (one, name) => lowerCased(one.name) === lowerCased(name) || keyOf(one) === lowerCased(name)
]

/** The reason why a name does not identify a field. `isUnknown` is false if the name matches several fields. */
export interface Unresolved {
  readonly isUnknown: boolean
  readonly message: string
}

/** Returns the definition that a name, a key or an id identifies. */
export const resolve = (
  definitions: ReadonlyArray<CustomFieldDefinition>,
  name: string
): Either.Either<CustomFieldDefinition, Unresolved> => {
  for (const matches of matchers) {
    const found = definitions.filter((one) => matches(one, name))
    if (found.length === 1) return Either.right(found[0]!)
    if (found.length > 1) {
      const ids = found.map(({ id }) => id).join(", ")
      return Either.left({
        isUnknown: false,
        message: `"${name}" is the name of several custom fields: use the id, one of ${ids}`
      })
    }
  }
  return Either.left({ isUnknown: true, message: `"${name}" is not a custom field of the location` })
}

/** Keeps only the definitions of contact fields, without folders and the fields of other models. */
export const ofContacts = (definitions: ReadonlyArray<CustomFieldDefinition>): ReadonlyArray<CustomFieldDefinition> =>
  definitions.filter(
    ({ documentType, fieldKey, model }) =>
      documentType !== "folder" && (model === undefined ? (fieldKey?.startsWith(prefix) ?? true) : model === "contact")
  )

// --- values ------------------------------------------------------------------------------------------------------------

/** Returns the value to send, or an error message to follow the name of the field. */
type Check = (value: unknown, definition: CustomFieldDefinition) => Either.Either<CustomFieldValue, string>

const isTextList = Schema.is(Schema.Array(Schema.String))
const isTexts = Schema.is(Schema.Record({ key: Schema.String, value: Schema.String }))
const isFiles = Schema.is(
  Schema.Record({
    key: Schema.String,
    value: Schema.Struct({ url: Schema.String }, { key: Schema.String, value: Schema.Unknown })
  })
)

const text: Check = (value) => (typeof value === "string" ? Either.right(value) : Either.left("must be a string"))

/** Accepts a number, or a number as text, as a response may have it. */
const number: Check = (value) => {
  const normalized = normalizeNumber(value)
  return typeof normalized === "number" ? Either.right(normalized) : Either.left("must be a finite number")
}

const encodeDay = Schema.encodeUnknownEither(DateOfBirth)

/** Accepts a day in a documented format, or a timestamp as text, as a response has it. */
const date: Check = (value) => {
  const day = encodeDay(value)
  if (Either.isRight(day)) return Either.right(day.right)
  return typeof value === "string" && value.includes("T") && instantMillis(value) !== undefined
    ? Either.right(value)
    : Either.left("must be a real day as YYYY-MM-DD or MM-DD-YYYY, a moment in ISO 8601, or a DateTime")
}

/** Returns the error message if a text is not one of the options. */
const notAnOption = (
  chosen: ReadonlyArray<string>,
  { isAllowedCustomOption, picklistOptions = [] }: CustomFieldDefinition
): string | undefined =>
  isAllowedCustomOption === true || picklistOptions.length === 0 || chosen.every((one) => picklistOptions.includes(one))
    ? undefined
    : `must be of the options ${picklistOptions.map((option) => `"${option}"`).join(", ")}`

const option: Check = (value, definition) => {
  if (typeof value !== "string") return Either.left("must be a string")
  const fault = notAnOption([value], definition)
  return fault === undefined ? Either.right(value) : Either.left(fault)
}

const options: Check = (value, definition) => {
  if (!isTextList(value)) return Either.left("must be an array of strings")
  const fault = notAnOption(value, definition)
  return fault === undefined ? Either.right(value) : Either.left(fault)
}

const textBoxes: Check = (value, { textBoxes }) => {
  if (isArray(value) || !isTexts(value)) return Either.left("must be an object of texts by the id of their box")
  const unknown = Object.keys(value).filter((id) => textBoxes !== undefined && !textBoxes.some((box) => box.id === id))
  return unknown.length === 0 ? Either.right(value) : Either.left(`has no box with the id ${unknown.join(", ")}`)
}

const files: Check = (value, { isMultiFileAllowed, maxFileLimit }) => {
  if (!isObject(value) || !isFiles(value))
    return Either.left("must be an object of files by their uuid, each with its url")
  const most = isMultiFileAllowed === false ? 1 : (maxFileLimit ?? Number.POSITIVE_INFINITY)
  const count = Object.keys(value).length
  return count <= most ? Either.right(value) : Either.left(`must have at most ${most} files, and has ${count}`)
}

const checks: { readonly [dataType: string]: Check } = {
  DATE: date,
  SINGLE_OPTIONS: option,
  RADIO: option,
  NUMERICAL: number,
  FLOAT: number,
  MONETORY: number,
  MONETARY: number,
  CHECKBOX: options,
  MULTIPLE_OPTIONS: options,
  TEXTBOX_LIST: textBoxes,
  FILE_UPLOAD: files
}

/** Returns the value to send if the field accepts it. Every field accepts empty text, and a field of unknown type any text. */
export const checkValue = (
  value: unknown,
  definition: CustomFieldDefinition
): Either.Either<CustomFieldValue, string> => {
  if (value === "") return Either.right(value)
  const { dataType = "" } = definition
  return (Object.hasOwn(checks, dataType) ? checks[dataType]! : text)(value, definition)
}

const isValue = Schema.is(CustomFieldValue)

/** Returns the value to send for a field without a known definition, if it is a valid value of any custom field. */
export const uncheckedValue = (value: unknown): Either.Either<CustomFieldValue, string> => {
  if (DateTime.isDateTime(value)) return Either.right(DateTime.formatIsoDate(value))
  return isValue(value) ? Either.right(value) : Either.left("must be the value of a custom field")
}
