// Converts contacts to the format that an import reads: the fields of an upsert, as JSON and as cells.
import { ContactUpsert, type SearchedContact } from "effect-growthhub/Schema"
import { controlFields } from "../ContactData.js"
import { isArray, isObject, type JsonObject } from "../Json.js"

/** A contact with its id and the fields that an import can write. */
export interface ExportedContact {
  readonly id: string
  readonly fields: JsonObject
}

const importable = Object.keys(ContactUpsert.fields).filter((field) => !controlFields.has(field))

const isBlank = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === "string" && value.trim() === "") ||
  (isArray(value) && value.length === 0) ||
  (isObject(value) && Object.keys(value).length === 0)

/** Whether a field follows from others: the full name follows from the first and the last name. */
const isImplied = (field: string, contact: JsonObject) =>
  field === "name" && !(isBlank(contact["firstName"]) && isBlank(contact["lastName"]))

const customFieldsOf = (value: unknown): ReadonlyArray<JsonObject> =>
  (isArray(value) ? value : [])
    .filter(isObject)
    .filter((field) => !isBlank(field["value"]))
    .map(({ id, value }) => ({ id, value }))

/** The id of a contact, and its fields that an import can write. */
export const toExported = (contact: SearchedContact): ExportedContact => {
  const known: JsonObject = contact
  const customFields = customFieldsOf(contact.customFields)
  return {
    id: contact.id,
    fields: Object.fromEntries([
      ...importable
        .filter((field) => field !== "customFields" && !isBlank(known[field]) && !isImplied(field, known))
        .map((field) => [field, known[field]] as const),
      ...(customFields.length === 0 ? [] : [["customFields", customFields] as const])
    ])
  }
}

/** A contact as the object of an NDJSON line. With its id, an import updates this very contact. */
export const toJson = ({ id, fields }: ExportedContact, hasIds: boolean): JsonObject =>
  hasIds ? { contactId: id, ...fields } : fields

// --- cells -------------------------------------------------------------------------------------------------------------

/** The fields whose structured values do not fit in one cell. */
const structured: ReadonlySet<string> = new Set(["dndSettings", "inboundDndSettings"])

type Kind = "text" | "number" | "options"

const kindOf = (value: unknown): Kind | undefined => {
  if (typeof value === "number") return "number"
  if (typeof value === "string") return "text"
  return isArray(value) && value.every((one) => typeof one === "string") ? "options" : undefined
}

/** The columns of a table: the fields that the contacts have, and the fields that no cell can hold. */
export interface Columns {
  /** The fields, in the order of an upsert. */
  readonly fields: ReadonlyArray<string>
  /** The custom fields by their ids, with their kinds. */
  readonly customFields: ReadonlyMap<string, Kind>
  /** The fields and custom fields that are left out, because no cell can hold their values. */
  readonly leftOut: ReadonlyArray<string>
}

/** Makes a collector, which is shown each contact and then returns the columns for all of them. */
export const makeCollector = () => {
  const found = new Set<string>()
  const kinds = new Map<string, Kind>()
  const lost = new Set<string>()
  const see = ({ fields }: ExportedContact): void => {
    for (const field of Object.keys(fields))
      if (field !== "customFields") (structured.has(field) ? lost : found).add(field)
    for (const { id, value } of customFieldsOf(fields["customFields"])) {
      const kind = kindOf(value)
      const known = kinds.get(String(id)) ?? kind
      // All values of a column must be of one kind; otherwise the column is left out.
      if (kind === undefined || known !== kind) lost.add(`customField.${String(id)}`)
      else kinds.set(String(id), kind)
    }
  }
  const columns = (): Columns => ({
    fields: importable.filter((field) => found.has(field)),
    customFields: new Map([...kinds].filter(([id]) => !lost.has(`customField.${id}`))),
    leftOut: [...lost]
  })
  return { see, columns }
}

/** Several values as one cell: separated by semicolons, or as a JSON list if a value could be read as several. */
const listCell = (values: ReadonlyArray<unknown>): string => {
  const texts = values.map(String)
  const isPlain = texts.every((text) => text.trim() !== "" && !/[;,"[]|:::/.test(text))
  // The colons are escaped, because an import reads ` ::: ` as a separator, as address books use it.
  return isPlain ? texts.join(";") : JSON.stringify(texts).replaceAll(":::", "\\u003a::")
}

const cellOf = (value: unknown): string => {
  if (isArray(value)) return listCell(value)
  return typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value)
}

/** The header, with the column names that an import reads. */
export const headerOf = ({ fields, customFields }: Columns, hasIds: boolean): ReadonlyArray<string> => [
  ...(hasIds ? ["contactId"] : []),
  ...fields,
  ...Array.from(customFields, ([id, kind]) => `customField.${id}${kind === "text" ? "" : `:${kind}`}`)
]

/** The cells of a contact, in the order of {@link headerOf}. */
export const cellsOf = (contact: ExportedContact, columns: Columns, hasIds: boolean): ReadonlyArray<string> => {
  const values = new Map(customFieldsOf(contact.fields["customFields"]).map(({ id, value }) => [String(id), value]))
  return [
    ...(hasIds ? [contact.id] : []),
    ...columns.fields.map((field) => cellOf(contact.fields[field])),
    ...Array.from(columns.customFields.keys(), (id) => cellOf(values.get(id)))
  ]
}
