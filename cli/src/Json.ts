// JSON values whose shape is not known yet.
import * as Option from "effect/Option"

/** A JSON object. */
export type JsonObject = { readonly [field: string]: unknown }

/** Whether a value is an object, and no array. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Whether a value is an array. */
export const isArray = (value: unknown): value is ReadonlyArray<unknown> => Array.isArray(value)

/** The value of a JSON text, if it is one. */
export const parseOption: (text: string) => Option.Option<unknown> = Option.liftThrowable((text: string): unknown =>
  JSON.parse(text)
)

/** The object of a JSON text, if it is one. */
export const parseObject = (text: string): Option.Option<JsonObject> => Option.filter(parseOption(text), isObject)

/** The JSON text of a value, if it can have one: neither circular, nor nested deeper than the stack. */
export const stringifyOption = Option.liftThrowable((value: unknown): string | undefined => JSON.stringify(value))

/** Levels of arrays and objects that the library sends. */
const maxDepth = 100

/** Whether a value has more levels of arrays and objects than can be sent. */
export const isTooDeep = (value: unknown, levels: number = maxDepth): boolean => {
  if (typeof value !== "object" || value === null) return false
  if (levels === 0) return true
  const parts: ReadonlyArray<unknown> = isArray(value) ? value : Object.values(value)
  return parts.some((part) => isTooDeep(part, levels - 1))
}

/** The sentence for a value that is too deep, after its name. */
export const tooDeep = `must not be nested deeper than ${maxDepth} levels`
