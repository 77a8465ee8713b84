// Functions for JSON values of unknown shape.

/** A JSON object. */
export type JsonObject = { readonly [field: string]: unknown }

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const isArray = (value: unknown): value is ReadonlyArray<unknown> => Array.isArray(value)

/** The objects among the elements of an array; empty if the value is not an array. */
export const objectsIn = (value: unknown): ReadonlyArray<JsonObject> => (isArray(value) ? value.filter(isObject) : [])

/** The value of a JSON text; undefined if the text is not JSON, as no JSON value is undefined. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The object of a JSON text; undefined if the text is not JSON or not an object. */
export const parseObject = (text: string): JsonObject | undefined => {
  const json = parseJson(text)
  return isObject(json) ? json : undefined
}

/** The maximum depth of a request body. A recursive function could overflow the stack on a deeper body. */
export const maxDepth = 100

/** Whether a value has more levels of arrays and objects than allowed; true for a circular value. */
export const isTooDeep = (value: unknown, levels: number = maxDepth): boolean => {
  if (typeof value !== "object" || value === null) return false
  if (levels === 0) return true
  // `for...in` allocates no list of the values, which matters because every body is checked.
  for (const key in value) if (isTooDeep((value as JsonObject)[key], levels - 1)) return true
  return false
}

/** The message for a value that is nested too deeply; it follows the path of the value. */
export const tooDeep = `must not be nested deeper than ${maxDepth} levels`

/** Whether the value of a field means that it is not set. */
export const isUnset = (value: unknown): boolean => value === undefined || value === null || value === ""

/** The JSON text of a value; undefined if the value is circular, too deep for the stack, or contains a bigint. */
export const stringifyJson = (value: unknown): string | undefined => {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
