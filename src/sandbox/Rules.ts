/**
 * The validation rules for bodies and query strings, with the service's error messages. Pure.
 *
 * @since 0.1.0
 */
import { isArray, isObject } from "../runtime/json.js"

export /** Returns the errors of a field's value, as sentences that begin with the field's path. */
type Rule = (path: string, value: unknown) => ReadonlyArray<string>

export type Shape = { readonly [field: string]: Rule }

export const accepting =
  (isValid: (value: unknown) => boolean, complaint: string): Rule =>
  (path, value) =>
    isValid(value) ? [] : [`${path} ${complaint}`]

export const isText = (value: unknown): value is string => typeof value === "string"

export const text = accepting(isText, "must be a string")

export const required: Rule = (path, value) =>
  isText(value) && value !== "" ? [] : [...text(path, value), `${path} should not be empty`]

export const flag = accepting((value) => typeof value === "boolean", "must be a boolean value")

export const email = accepting(
  (value) => isText(value) && /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(value),
  "must be an email"
)

export const oneOf = (...values: ReadonlyArray<string>) =>
  accepting(
    (value) => isText(value) && values.includes(value),
    `must be one of the following values: ${values.join(", ")}`
  )

export const nullable =
  (rule: Rule): Rule =>
  (path, value) =>
    value === null ? [] : rule(path, value)

export const texts: Rule = (path, value) => {
  if (!isArray(value)) return [`${path} must be an array`]
  return value.every(isText) ? [] : [`each value in ${path} must be a string`]
}

export const object =
  (shape: Shape, needed: ReadonlyArray<string> = []): Rule =>
  (path, value) => {
    if (!isObject(value)) return [`${path === "" ? "the body" : path} must be an object`]
    const inside = (field: string) => (path === "" ? field : `${path}.${field}`)
    const unknown = Object.keys(value)
      .filter((field) => !Object.hasOwn(shape, field))
      .map((field) =>
        path === "" ? `property ${field} should not exist` : `${path}.property ${field} should not exist`
      )
    const known = Object.keys(shape)
      .filter((field) => value[field] !== undefined || needed.includes(field))
      .flatMap((field) => shape[field]!(inside(field), value[field]))
    return [...unknown, ...known]
  }

export const each =
  (rule: Rule): Rule =>
  (path, value) =>
    isArray(value) ? value.flatMap((element, index) => rule(`${path}.${index}`, element)) : [`${path} must be an array`]

export const number = accepting((value) => typeof value === "number" && Number.isFinite(value), "must be a number")

/** Accepts any value. */
export const anything: Rule = () => []

/** The rule for a whole number in a query string, where numbers are text. */
export const digits =
  (least: number, most: number): Rule =>
  (path, value) => {
    if (!isText(value) || !/^\d+$/.test(value)) return [`${path} must be a number string`]
    if (Number(value) > most) return [`${path} must not be greater than ${most}`]
    return Number(value) < least ? [`${path} must not be less than ${least}`] : []
  }

/** The rule for a non-empty list of texts. */
export const someTexts: Rule = (path, value) =>
  isArray(value) && value.length === 0 ? [`${path} should not be empty`] : texts(path, value)
