// Converts the rows of a list to contacts, each with its faults.
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ContactId, ContactUpsert, type LocationId } from "effect-growthhub/Schema"
import { hasData } from "../ContactData.js"
import { faultsOf } from "../Faults.js"
import { isArray, isObject, isTooDeep, type JsonObject, parseOption, tooDeep } from "../Json.js"
import type { ReadCell } from "./Cells.js"
import { type Column, isAdded } from "./Columns.js"
import { InvalidFile } from "./InvalidFile.js"
import { phoneFault } from "./Phone.js"
import type { Record } from "./Records.js"

/** A fault in a cell or a row. */
export interface Fault {
  /** The name of the column; undefined if the fault concerns the row. */
  readonly column: string | undefined
  /** A sentence that begins with the name of the field. */
  readonly text: string
}

/** A row of a list. */
export interface Row {
  /** The line on which the row begins, from 1; in a JSON array, the position of the item, from 1. */
  readonly line: number
  /** The contact to send. A cell that cannot be read is in it as written, unless it is skipped. */
  readonly contact: ContactUpsert
  /** The row itself: the cells of a CSV in their order, or the object of NDJSON. */
  readonly cells: ReadonlyArray<string> | JsonObject
  /** The reasons why the row is rejected; empty if it is valid. */
  readonly faults: ReadonlyArray<Fault>
  /** The faults of the cells that are left out because they cannot be read. */
  readonly skipped: ReadonlyArray<Fault>
  /** Whether null or blank fields were left out. */
  readonly hasBlanks: boolean
}

/** How a row is handled if it is not simply upserted: it is rejected, or it updates the contact that it names. */
export interface Plan {
  readonly faults: ReadonlyArray<string>
  /** The id of the contact to update, if the row names one. */
  readonly contactId: ContactId | undefined
}

const plans = new WeakMap<object, Plan>()

/** The plan for the contact of a row; undefined if it is simply upserted. */
export const planOf = (contact: ContactUpsert): Plan | undefined => plans.get(contact)

/** The fault of a contact without fields: it would be created empty. */
const emptyOf = (contact: object): ReadonlyArray<Fault> =>
  hasData(contact) ? [] : [{ column: undefined, text: "has no field of a contact" }]

const planned = (row: Row, contactId: ContactId | undefined): Row => {
  if (row.faults.length > 0 || contactId !== undefined) {
    plans.set(row.contact, { faults: row.faults.map(({ text }) => text), contactId })
  }
  return row
}

/** A fault as a message, with the position of the row. */
export const describe = (noun: string, line: number, { column, text }: Fault): string =>
  column === undefined ? `${noun} ${line}: ${text}` : `${noun} ${line}, column ${JSON.stringify(column)}: ${text}`

// --- rows of cells -----------------------------------------------------------------------------------------------------

/** The settings with which rows of cells are read. */
export interface Reading {
  readonly columns: ReadonlyArray<Column>
  /** The reader of each column. */
  readonly readers: ReadonlyArray<ReadCell>
  readonly locationId: LocationId | undefined
  readonly skipsInvalidCells: boolean
}

const isContactId = Schema.is(ContactId)
const isLocationId = Schema.is(Schema.typeSchema(ContactUpsert.fields.locationId))

const identities = new Set(["email", "phone"])

/** A contact under construction while the cells of its row are read. */
interface Draft {
  readonly contact: { [field: string]: unknown }
  readonly customFields: Array<unknown>
  readonly faults: Array<Fault>
  /** Whether a cell by which the contact would be found (email, phone or id) has a fault. */
  hasInvalidIdentity: boolean
  contactId: ContactId | undefined
}

const nameOf = (column: Column): string =>
  column._tag === "Field"
    ? column.field
    : column._tag === "CustomField"
      ? (column.label ?? `customField.${column.id}`)
      : "contactId"

const readContactId = (draft: Draft, column: Column, cell: string): void => {
  if (isContactId(cell)) draft.contactId = cell
  else {
    draft.faults.push({ column: column.name, text: "contactId must be a path segment" })
    draft.hasInvalidIdentity = true
  }
}

const readColumn = (
  draft: Draft,
  column: Exclude<Column, { readonly _tag: "Unnamed" }>,
  read: ReadCell,
  cell: string,
  keeps: boolean
): void => {
  if (column._tag === "ContactId") return readContactId(draft, column, cell)
  // If several columns hold one field, the first that is not empty counts.
  if (column._tag === "Field" && draft.contact[column.field] !== undefined && column.field !== "locationId") return
  const result = read(cell)
  const isInvalid = "fault" in result
  if (isInvalid) draft.faults.push({ column: column.name, text: `${nameOf(column)} ${result.fault}` })
  if (isInvalid && column._tag === "Field" && identities.has(column.field)) draft.hasInvalidIdentity = true
  if (isInvalid && !keeps) return
  const value = isInvalid ? cell : result.value
  if (column._tag === "CustomField") draft.customFields.push({ id: column.id, value })
  else if (column._tag === "Field") draft.contact[column.field] = value
}

/** The fault of a row with more cells than the header: a cell that contains the delimiter may have lost its quotes. */
const surplusOf = (cells: ReadonlyArray<string>, columns: number): ReadonlyArray<Fault> => {
  const surplus = cells.slice(columns).filter((cell) => cell.trim() !== "").length
  if (surplus === 0) return []
  const text = `the row has ${surplus} cell${surplus === 1 ? "" : "s"} more than the header: put cells that contain the delimiter in quotes`
  return [{ column: undefined, text }]
}

/** Whether the row has nothing to identify the contact by once its unreadable cells are left out. */
const isLost = ({ contact, contactId, hasInvalidIdentity }: Draft) =>
  hasInvalidIdentity && contact["email"] === undefined && contact["phone"] === undefined && contactId === undefined

/** Reads a row of cells. */
export const fromCells = ({ line, cells }: Record, reading: Reading): Row => {
  const { columns, readers, locationId, skipsInvalidCells } = reading
  const contact: Draft["contact"] = locationId === undefined ? {} : { locationId }
  const draft: Draft = { contact, customFields: [], faults: [], hasInvalidIdentity: false, contactId: undefined }
  for (let index = 0; index < columns.length; index += 1) {
    const column = columns[index]!
    const cell = cells[index]?.trim() ?? ""
    if (cell === "" || column._tag === "Ignored") continue
    if (column._tag === "Unnamed") draft.faults.push({ column: "", text: "has a cell, but the column has no name" })
    else readColumn(draft, column, readers[index]!, cell, !skipsInvalidCells)
  }
  if (draft.customFields.length > 0) contact["customFields"] = draft.customFields
  const surplus = surplusOf(cells, columns.length)
  const isWithoutLocation = draft.contactId === undefined && !isLocationId(contact["locationId"])
  const skips = skipsInvalidCells && !isLost(draft)
  return planned(
    {
      line,
      // The cast is safe: each value is of the type of its field, or the row has a fault.
      contact: contact as ContactUpsert,
      cells,
      faults: [
        ...surplus,
        ...(isWithoutLocation ? [{ column: undefined, text: "locationId should not be empty" }] : []),
        ...(skips ? [] : draft.faults),
        ...(draft.contactId === undefined ? emptyOf(contact) : [])
      ],
      skipped: skips ? draft.faults : [],
      hasBlanks: false
    },
    draft.contactId
  )
}

// --- rows of JSON ------------------------------------------------------------------------------------------------------

const check = Schema.encodeUnknownEither(ContactUpsert, { errors: "all", onExcessProperty: "error" })

/** Whether a value would clear a field of the contact. */
const isBlank = (value: unknown) => value === null || (typeof value === "string" && value.trim() === "")

const faultsOfJson = (contact: ContactUpsert): ReadonlyArray<Fault> => {
  // The schema check would exhaust the stack on such a contact.
  if (isTooDeep(contact)) return [{ column: undefined, text: `The contact ${tooDeep}` }]
  const { phone } = contact
  const spoilt = typeof phone === "string" && phone.trim() !== "" ? phoneFault(phone) : undefined
  const faults = Either.match(check(contact), { onRight: () => [], onLeft: ({ issue }) => faultsOf(issue) })
  return [...(spoilt === undefined ? [] : [`phone ${spoilt}`]), ...faults].map((text) => ({ column: undefined, text }))
}

/** Reads a row of JSON. `clearsNulls`: whether null clears a field; otherwise the field is left as it is. */
export const fromJson = (
  line: number,
  value: unknown,
  { locationId, clearsNulls }: { readonly locationId: LocationId | undefined; readonly clearsNulls: boolean },
  noun = "Line"
): Row => {
  if (!isObject(value)) throw new InvalidFile({ message: `${noun} ${line}: this is not a JSON object` })
  const own = Object.entries(value).filter(([key]) => !isAdded(key))
  const given = clearsNulls ? own : own.filter(([, one]) => !isBlank(one))
  const { contactId, ...fields } = Object.fromEntries(given)
  // The check below and the service refuse any other value.
  const contact = (locationId === undefined ? fields : { locationId, ...fields }) as ContactUpsert
  const isNamed = isContactId(contactId)
  const id = contactId === undefined || isNamed ? [] : [{ column: undefined, text: "contactId must be a path segment" }]
  const empty = contactId === undefined ? emptyOf(contact) : []
  const faults = [...id, ...faultsOfJson(contact), ...empty]
  const row = {
    line,
    contact,
    cells: Object.fromEntries(own),
    faults,
    skipped: [],
    hasBlanks: given.length < own.length
  }
  return planned(row, isNamed ? contactId : undefined)
}

/** The line of the first JSON syntax error, from the position in the parser's message. */
const brokenLine = (text: string, error: unknown): number => {
  const [, position = String(text.length)] = /at position (\d+)/.exec(String(error)) ?? []
  return text.slice(0, Number(position)).trimEnd().split("\n").length
}

/** The items of a JSON array. */
export const parseArray = (text: string): ReadonlyArray<unknown> => {
  try {
    const values: unknown = JSON.parse(text)
    if (isArray(values)) return values
  } catch (error) {
    throw new InvalidFile({ message: `Line ${brokenLine(text, error)}: this is not JSON` })
  }
  throw new InvalidFile({ message: "This is not a JSON array of objects" })
}

/** The value of a line of NDJSON. */
export const parseLine = (text: string, line: number): unknown =>
  Option.getOrThrowWith(
    parseOption(text),
    () => new InvalidFile({ message: `Line ${line}: this is not a JSON object` })
  )
