/**
 * Checks the custom fields in the body of a contact against the definitions and the settings of the location. Pure.
 *
 * @since 0.2.0
 */
import { isArray, isObject, isUnset, type JsonObject } from "../runtime/json.js"
import { ofLocation } from "./CustomFieldRecord.js"
import type * as Directory from "./Directory.js"
import { Refusal } from "./Reply.js"

/**
 * The definitions of the custom fields that the contacts of a location can have.
 *
 * @since 0.2.0
 * @category queries
 */
export const definitionsOf = (
  directory: Directory.Directory,
  locationId: string
): ReadonlyArray<Directory.StoredOfLocation> =>
  ofLocation(directory, locationId).filter(
    ({ documentType, model }) => (model ?? "contact") === "contact" && documentType !== "folder"
  )

/** The id of the field that an entry refers to by its id or key; undefined if the location has no such field. */
const idOf = (definitions: ReadonlyArray<Directory.StoredOfLocation>, { id, key }: JsonObject): unknown => {
  if (!isUnset(id)) return definitions.length === 0 || definitions.some((one) => one.id === id) ? id : undefined
  const fieldKey = `contact.${String(key).replace(/^contact\./, "")}`
  return definitions.find((one) => one["fieldKey"] === fieldKey)?.id
}

/** Decides how an entry is handled, and gives the message of a refusal. */
const decide = (
  { unknown = "ignore", byKey = "apply", byValue = "apply" }: Directory.CustomFieldInput,
  entry: JsonObject,
  id: unknown
): readonly [decision: "apply" | "ignore" | "refuse", complaint: string] => {
  if (isUnset(entry["id"]) && byKey !== "apply") return [byKey, "id should not be empty"]
  const isByValue = entry["field_value"] === undefined && entry["fieldValue"] === undefined && "value" in entry
  if (isByValue && byValue !== "apply") return [byValue, "property value should not exist"]
  return [id === undefined ? unknown : "apply", "custom field does not exist"]
}

/**
 * Returns the body with only the custom fields that the location stores, each with its id. Throws a `Refusal` with 422 if
 * the location's settings refuse one of the others.
 *
 * @since 0.2.0
 * @category validation
 */
export const resolve = (directory: Directory.Directory, location: Directory.Location, body: JsonObject): JsonObject => {
  const { customFields } = body
  if (!isArray(customFields)) return body
  const definitions = definitionsOf(directory, location.id)
  const complaints: Array<string> = []
  const stored = customFields.filter(isObject).flatMap((entry, index) => {
    const id = idOf(definitions, entry)
    const [decision, complaint] = decide(location.customFieldInput ?? {}, entry, id)
    if (decision === "refuse") complaints.push(`customFields.${index}.${complaint}`)
    return decision === "apply" ? [{ ...entry, id }] : []
  })
  if (complaints.length > 0) throw new Refusal(422, complaints)
  return { ...body, customFields: stored }
}
