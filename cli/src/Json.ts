// Helpers for JSON values of unknown shape.
import * as Option from "effect/Option"

/** A JSON object. */
export type JsonObject = { readonly [field: string]: unknown }

/** Whether a value is an object and not an array. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Whether a value is an array. */
export const isArray = (value: unknown): value is ReadonlyArray<unknown> => Array.isArray(value)

/** Parses a text as JSON. None if it is not valid JSON. */
export const parseOption: (text: string) => Option.Option<unknown> = Option.liftThrowable((text: string): unknown =>
  JSON.parse(text)
)

/** Parses a text as a JSON object. None if it is not valid JSON or not an object. */
export const parseObject = (text: string): Option.Option<JsonObject> => Option.filter(parseOption(text), isObject)

/** Formats a value as JSON. None if the value is circular or nested too deeply for the stack. */
export const stringifyOption = Option.liftThrowable((value: unknown): string | undefined => JSON.stringify(value))

/** The number of nested arrays and objects that the library accepts in a request. */
const maxDepth = 100

/** Whether a value has more levels of arrays and objects than the library accepts. */
export const isTooDeep = (value: unknown, levels: number = maxDepth): boolean => {
  if (typeof value !== "object" || value === null) return false
  if (levels === 0) return true
  const parts: ReadonlyArray<unknown> = isArray(value) ? value : Object.values(value)
  return parts.some((part) => isTooDeep(part, levels - 1))
}

/** The error message for a value that is nested too deeply. The name of the value goes before it. */
export const tooDeep = `must not be nested deeper than ${maxDepth} levels`
