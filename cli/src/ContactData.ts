import { isArray } from "./Json.js"

/** The fields of a write that say where and how to write a contact. They are not data of the contact. */
export const controlFields: ReadonlySet<string> = new Set(["locationId", "createNewIfDuplicateAllowed"])

const isEmpty = (value: unknown) =>
  value === undefined ||
  value === null ||
  (typeof value === "string" && value.trim() === "") ||
  (isArray(value) && value.length === 0)

/** Whether the fields hold any data. An upsert without data would create an empty contact, which nobody can find. */
export const hasData = (fields: object): boolean =>
  Object.entries(fields).some(([field, value]) => !controlFields.has(field) && !isEmpty(value))
