/**
 * Creates the stored form of a custom field's definition. Pure.
 *
 * @since 0.2.0
 */
import type { JsonObject } from "../runtime/json.js"
import { isoOf } from "./ContactRecord.js"
import * as Directory from "./Directory.js"

/**
 * The custom field definitions of a location, for all models.
 *
 * @since 0.2.0
 * @category queries
 */
export const ofLocation = (
  { customFields }: Directory.Directory,
  locationId: string
): ReadonlyArray<Directory.StoredOfLocation> =>
  Array.from(customFields.values()).filter((one) => one.locationId === locationId)

/** The key of a field: its model and its name in lower case, with a number if another field has that key. */
const keyOf = (taken: ReadonlyArray<JsonObject>, model: unknown, name: unknown): string => {
  const plain = String(name)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "_")
    .replace(/^_+|_+$/g, "")
  const keys = new Set(taken.map(({ fieldKey }) => fieldKey))
  const first = `${String(model)}.${plain}`
  let key = first
  for (let number = 2; keys.has(key); number++) key = `${first}_${number}`
  return key
}

/**
 * A new definition with these fields, and with the values that the service adds, such as a missing id or key.
 *
 * @since 0.2.0
 * @category constructors
 */
export const newCustomField = (
  directory: Directory.Directory,
  fields: JsonObject,
  locationId: string,
  now: number
): Directory.StoredOfLocation => {
  const { id, model = "contact", name } = fields
  return {
    position: 0,
    documentType: "field",
    standard: false,
    dateAdded: isoOf(now),
    fieldKey: keyOf(ofLocation(directory, locationId), model, name),
    ...fields,
    id: typeof id === "string" ? id : Directory.nextId(directory),
    model,
    locationId
  }
}
