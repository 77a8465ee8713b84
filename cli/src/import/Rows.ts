// The contacts of a file: CSV with a header, or NDJSON.
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { parse, type Info } from "csv-parse"
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { Readable } from "node:stream"
import { text } from "node:stream/consumers"
import { faultsOf } from "../Faults.js"
import { isObject, isTooDeep, type JsonObject, parseOption, tooDeep } from "../Json.js"
import { ContactUpsert, type LocationId } from "effect-growthhub/Schema"
import { phoneFault } from "./Phone.js"

/** A row of a file. */
export interface Row {
  /** Its line, from 1. */
  readonly line: number
  /** The contact that it is meant to be. */
  readonly contact: ContactUpsert
  /** The row itself: the cells of a CSV in their order, or the object of NDJSON. */
  readonly cells: ReadonlyArray<string> | JsonObject
  /** The column that a field came from. */
  readonly columnOf: (field: string) => string | undefined
  /** Whether it has fields that are null or blank and were left out. */
  readonly hasBlanks: boolean
}

/** A file that is no list of contacts, and why. */
export class InvalidFile extends Data.TaggedError("InvalidFile")<{ readonly message: string }> {}

/** How a file is read. */
export interface Options {
  readonly file: string
  /** For rows that say no other. */
  readonly locationId: LocationId | undefined
  /** The field of a column, where its name does not say. */
  readonly columns: ReadonlyMap<string, string>
  /** Columns that are left out. */
  readonly ignored: ReadonlySet<string>
  /** Whether null in NDJSON clears a field; otherwise the field is left as it is. */
  readonly clearsNulls: boolean
  /** Whether the tags of a row replace those of its contact; otherwise they are added. */
  readonly replacesTags: boolean
}

// --- what a column is --------------------------------------------------------------------------------------------------

/** What the report adds to a row, which may be imported again. */
export const added = { line: "growthhub:line", outcome: "growthhub:outcome", error: "growthhub:error" } as const

const addedColumns: ReadonlySet<string> = new Set(Object.values(added))

export const isAdded = (column: string): boolean => addedColumns.has(column.trim())

/** Without case, blanks and punctuation. */
const bare = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "")

const fields = new Map(Object.keys(ContactUpsert.fields).map((field) => [bare(field), field]))

const otherNames = new Map(
  Object.entries({
    first: "firstName",
    givenname: "firstName",
    last: "lastName",
    surname: "lastName",
    familyname: "lastName",
    fullname: "name",
    contactname: "name",
    emailaddress: "email",
    mail: "email",
    phonenumber: "phone",
    mobile: "phone",
    telephone: "phone",
    company: "companyName",
    businessname: "companyName",
    address: "address1",
    street: "address1",
    streetaddress: "address1",
    zip: "postalCode",
    zipcode: "postalCode",
    postcode: "postalCode",
    birthday: "dateOfBirth",
    birthdate: "dateOfBirth",
    dob: "dateOfBirth",
    tag: "tags",
    leadsource: "source"
  })
)

/** `customField.ID`, `customField.ID:number` or `customField.ID:options`. */
const customField = /^custom[ _-]?fields?[.:](.+?)(?::(text|number|options))?$/i

type Column =
  | { readonly _tag: "Field"; readonly name: string; readonly field: string }
  | { readonly _tag: "CustomField"; readonly name: string; readonly id: string; readonly kind: string }
  | { readonly _tag: "Ignored" }

const columnOf = (name: string, { columns, ignored }: Options): Column | undefined => {
  if (ignored.has(name) || isAdded(name)) return { _tag: "Ignored" }
  const meant = columns.get(name) ?? name
  const [, id, kind = "text"] = customField.exec(meant) ?? []
  if (id !== undefined) return { _tag: "CustomField", name, id, kind: kind.toLowerCase() }
  const field = fields.get(bare(meant)) ?? otherNames.get(bare(meant))
  return field === undefined || structured.has(field) ? undefined : { _tag: "Field", name, field }
}

/** Fields that no cell can hold. */
const structured = new Set(["dndSettings", "inboundDndSettings", "customFields"])

const known = [...fields.values()].filter((field) => !structured.has(field)).join(", ")

const noLocation = "Which location? Give --location or GROWTHHUB_LOCATION_ID, or a column locationId"

const columnsOf = (
  header: ReadonlyArray<string>,
  options: Options
): Either.Either<ReadonlyArray<Column>, InvalidFile> => {
  const columns = header.map((name) => columnOf(name, options))
  const unknown = header.filter((_, index) => columns[index] === undefined)
  if (unknown.length > 0) {
    return Either.left(
      new InvalidFile({
        message:
          `Line 1: these columns are no fields of a contact: ${unknown.map((name) => JSON.stringify(name)).join(", ")}.\n` +
          `Say what they are with --column 'NAME=FIELD', or leave them out with --ignore NAME.\n` +
          `Fields: ${known}, customField.ID, customField.ID:number, customField.ID:options`
      })
    )
  }
  const names = columns.flatMap((column) => {
    if (column?._tag === "CustomField") return [`customField.${column.id}`]
    return column?._tag === "Field" ? [column.field] : []
  })
  if (options.locationId === undefined && !names.includes("locationId")) {
    return Either.left(new InvalidFile({ message: noLocation }))
  }
  const twice = names.find((field, index) => names.indexOf(field) !== index)
  return twice === undefined
    ? Either.right(columns.flatMap((column) => column ?? []))
    : Either.left(new InvalidFile({ message: `Line 1: two columns are ${twice}: leave one out with --ignore NAME` }))
}

// --- what a cell says --------------------------------------------------------------------------------------------------

const split = (cell: string) =>
  cell
    .split(/[;,]/)
    .map((one) => one.trim())
    .filter((one) => one !== "")

const flags = new Map([
  ["true", true],
  ["yes", true],
  ["1", true],
  ["false", false],
  ["no", false],
  ["0", false]
])

/** What says nothing that its field can be stays as it is, to be refused with its column. */
const valueOf = (field: string, cell: string): unknown => {
  if (field === "tags") return split(cell)
  if (field === "dnd" || field === "createNewIfDuplicateAllowed") return flags.get(cell.toLowerCase()) ?? cell
  return cell
}

const thousands = /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/
/** No digit can be part of two repetitions: that would take quadratic time. */
const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i

/** One that JSON can hold as it is written; NaN is refused with its column. */
const numberOf = (cell: string): number => {
  const text = thousands.test(cell) ? cell.replaceAll(",", "") : cell
  const number = decimal.test(text) ? Number(text) : NaN
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? NaN : number
}

const customValueOf = (kind: string, cell: string): unknown => {
  if (kind === "options") return split(cell)
  return kind === "number" ? numberOf(cell) : cell
}

const contactOf = (
  cells: ReadonlyArray<string>,
  columns: ReadonlyArray<Column>,
  locationId: LocationId | undefined
): Pick<Row, "contact" | "columnOf"> => {
  const contact: Record<string, unknown> = locationId === undefined ? {} : { locationId }
  const customFields: Array<unknown> = []
  const customColumns: Array<string> = []
  const named = new Map<string, string>()
  for (const [index, column] of columns.entries()) {
    const cell = (cells[index] ?? "").trim()
    if (column._tag === "Ignored" || cell === "") continue
    if (column._tag === "Field") {
      contact[column.field] = valueOf(column.field, cell)
      named.set(column.field, column.name)
    } else {
      customFields.push({ id: column.id, value: customValueOf(column.kind, cell) })
      customColumns.push(column.name)
    }
  }
  if (customFields.length > 0) contact["customFields"] = customFields
  return {
    // The service checks it, and refuses what it is not.
    contact: contact as ContactUpsert,
    columnOf: (field) => {
      const [name = "", index = ""] = field.split(".")
      return name === "customFields" ? customColumns[Number(index)] : named.get(name)
    }
  }
}

// --- the rows ----------------------------------------------------------------------------------------------------------

const isNdjson = (file: string) => /\.(?:ndjson|jsonl)$/i.test(file)

/** The text of a file, which must be UTF-8: what is taken for it changes names without a word. */
async function* textOf(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true })
  let lines = 1
  const decoded = (chunk?: Buffer) => {
    try {
      const text = decoder.decode(chunk, { stream: chunk !== undefined })
      lines += text.split("\n").length - 1
      return text
    } catch {
      throw new InvalidFile({ message: `After line ${lines}: this is not UTF-8. Save the file as UTF-8.` })
    }
  }
  for await (const chunk of createReadStream(file)) yield decoded(chunk as Buffer)
  yield decoded()
}

const invalidFileOf = (error: unknown): InvalidFile =>
  error instanceof InvalidFile
    ? error
    : new InvalidFile({ message: error instanceof Error ? error.message : String(error) })

/** The commonest of the three in the header, whose names may have line breaks in quotes. */
const delimiterOf = (file: string): Effect.Effect<string, InvalidFile> =>
  Effect.tryPromise({
    try: async () => {
      const begin = await text(createReadStream(file, { end: 65_536 }))
      const lines = begin.replace(/"[^"]*"/g, "").split(/\r\n?|\n/)
      const header = lines.find((line) => line.trim() !== "") ?? ""
      const counted = [",", ";", "\t"].map((one) => [header.split(one).length, one] as const)
      return counted.sort(([a], [b]) => b - a)[0]![1]
    },
    catch: () => new InvalidFile({ message: `${file} cannot be read` })
  })

/** Rows of nothing but delimiters, as spreadsheets leave them, are no contacts. */
const withoutBlanks = { skip_empty_lines: true, skip_records_with_empty_values: true } as const

const csvRows = (options: Options): Stream.Stream<Row, InvalidFile> =>
  Stream.unwrap(
    Effect.map(delimiterOf(options.file), (delimiter) => {
      let columns: ReadonlyArray<Column> | undefined
      const source = Readable.from(textOf(options.file))
      const parser = parse({ bom: true, delimiter, info: true, ...withoutBlanks })
      source.on("error", (error) => parser.destroy(error)).pipe(parser)
      parser.on("close", () => source.destroy())
      return Stream.fromAsyncIterable(
        parser as AsyncIterable<{ readonly info: Info; readonly record: ReadonlyArray<string> }>,
        invalidFileOf
      ).pipe(
        Stream.mapEffect(({ info, record }): Either.Either<Option.Option<Row>, InvalidFile> => {
          if (columns === undefined) {
            return Either.map(
              columnsOf(
                record.map((name) => name.trim()),
                options
              ),
              (known) => {
                columns = known
                return Option.none()
              }
            )
          }
          return Either.right(
            Option.some({
              line: info.lines,
              cells: record,
              hasBlanks: false,
              ...contactOf(record, columns, options.locationId)
            })
          )
        }),
        Stream.filterMap((row) => row)
      )
    })
  )

/** What would clear a field of the contact. */
const isBlank = (value: unknown) => value === null || (typeof value === "string" && value.trim() === "")

const ndjsonRows = ({ file, locationId, clearsNulls }: Options): Stream.Stream<Row, InvalidFile> =>
  Stream.fromAsyncIterable(textOf(file), invalidFileOf).pipe(
    Stream.splitLines,
    Stream.zipWithIndex,
    Stream.filter(([text]) => text.trim() !== ""),
    Stream.mapEffect(([text, index]) => {
      const line = index + 1
      const json = Option.filter(parseOption(text.replace(/^\uFEFF/, "")), isObject)
      if (Option.isNone(json)) return Effect.fail(new InvalidFile({ message: `Line ${line}: this is no JSON object` }))
      const own = Object.entries(json.value).filter(([key]) => !isAdded(key))
      const given = clearsNulls ? own : own.filter(([, value]) => !isBlank(value))
      const contact = Object.fromEntries(given)
      return Effect.succeed<Row>({
        line,
        // The service checks it, and refuses what it is not.
        contact: (locationId === undefined ? contact : { locationId, ...contact }) as ContactUpsert,
        cells: Object.fromEntries(own),
        columnOf: () => undefined,
        hasBlanks: given.length < own.length
      })
    })
  )

/** The rows of a file, in their order. Its header and its form are checked, its contacts are not. */
export const rows = (options: Options): Stream.Stream<Row, InvalidFile> =>
  isNdjson(options.file) ? ndjsonRows(options) : csvRows(options)

/** The header of a CSV as it is; none of NDJSON. */
export const header = (options: Options): Effect.Effect<ReadonlyArray<string> | undefined, InvalidFile> =>
  isNdjson(options.file)
    ? Effect.succeed(undefined)
    : Effect.flatMap(delimiterOf(options.file), (delimiter) =>
        Effect.tryPromise({
          try: async () => {
            const parser = Readable.from(textOf(options.file)).pipe(
              parse({ bom: true, delimiter, to: 1, ...withoutBlanks })
            )
            for await (const record of parser) return record as ReadonlyArray<string>
            return []
          },
          catch: invalidFileOf
        })
      )

const check = Schema.encodeUnknownEither(ContactUpsert, { errors: "all", onExcessProperty: "error" })

/** What the service would take and make another contact of: each fault begins with its field. */
export const identityFaults = ({ phone }: ContactUpsert): ReadonlyArray<string> => {
  const fault = typeof phone === "string" && phone.trim() !== "" ? phoneFault(phone) : undefined
  return fault === undefined ? [] : [`phone ${fault}`]
}

const contactFaults = (contact: ContactUpsert): ReadonlyArray<string> => {
  // It would exhaust the stack of what checks it.
  if (isTooDeep(contact)) return [`The contact ${tooDeep}`]
  const faults = Either.match(check(contact), { onRight: () => [], onLeft: ({ issue }) => faultsOf(issue) })
  return [...identityFaults(contact), ...faults]
}

/** What is wrong with a row, each with its line and its column. */
export const faults = ({ line, contact, columnOf }: Row): ReadonlyArray<string> =>
  contactFaults(contact).map((fault) => {
    const column = columnOf(fault.split(" ")[0] ?? "")
    return column === undefined ? `line ${line}: ${fault}` : `line ${line}, column ${JSON.stringify(column)}: ${fault}`
  })

/** What a list is: another file, or the same with other columns or for another service, is another. */
export const fingerprint = (
  { file, locationId, columns, ignored, clearsNulls, replacesTags }: Options,
  url: string
): Effect.Effect<string, InvalidFile> =>
  Effect.tryPromise({
    try: async () => {
      const hash = createHash("sha256").update(
        JSON.stringify([url, locationId, [...columns].sort(), [...ignored].sort(), clearsNulls, replacesTags])
      )
      for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
      return hash.digest("hex")
    },
    catch: () => new InvalidFile({ message: `${file} cannot be read` })
  })
