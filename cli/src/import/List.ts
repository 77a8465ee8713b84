// Opens a list of contacts in a file: detects its format and columns, and reads its rows.
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import type { LocationId } from "effect-growthhub/Schema"
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import * as Cells from "./Cells.js"
import { type Column, type Columns, columnsOf, type ColumnOptions as GivenColumns, headerOf } from "./Columns.js"
import type * as CustomFields from "./CustomFields.js"
import { InvalidFile, invalidFileOf } from "./InvalidFile.js"
import { recordsOf } from "./Records.js"
import { fromCells, fromJson, parseArray, parseLine, type Reading, type Row } from "./Rows.js"
import { type SourceOptions as GivenSource, inspect, nameOf, type Source, textOf } from "./Source.js"
import type { Mode } from "./Upserting.js"

/** The options for reading a list. */
export interface Options extends GivenSource, GivenColumns, Cells.ValueOptions {
  readonly file: string
  /** The location of rows that name none themselves. */
  readonly locationId: LocationId | undefined
  /** Whether null in NDJSON clears a field; otherwise the field is left as it is. */
  readonly clearsNulls: boolean
  /** Whether the tags of a row replace those of its contact; otherwise they are added. */
  readonly replacesTags: boolean
  /** Whether rows only update contacts, or only create them. */
  readonly mode: Mode
  /** Whether a cell that cannot be read is left out; otherwise its row is rejected. */
  readonly skipsInvalidCells: boolean
}

/** A list that can be read as often as needed. */
export interface List {
  readonly source: Source
  /** The header row as written in the file; undefined for JSON. */
  readonly header: ReadonlyArray<string> | undefined
  readonly columns: ReadonlyArray<Column>
  /** Notes for the user about how the list is read. */
  readonly notes: ReadonlyArray<string>
  /** The rows in their order, in batches. */
  readonly batches: () => AsyncGenerator<ReadonlyArray<Row>>
}

const batchSize = 500

async function* ndjsonRows(source: Source, options: Options): AsyncGenerator<ReadonlyArray<Row>> {
  let line = 0
  let rest = ""
  let batch: Array<Row> = []
  for await (const text of textOf(source)) {
    const lines = (rest + text).split("\n")
    rest = lines.pop() ?? ""
    for (const one of lines) {
      line += 1
      if (one.trim() !== "") batch.push(fromJson(line, parseLine(one, line), options))
    }
    if (batch.length >= batchSize) {
      yield batch
      batch = []
    }
  }
  if (rest.trim() !== "") batch.push(fromJson(line + 1, parseLine(rest, line + 1), options))
  yield batch
}

async function* jsonRows(source: Source, options: Options): AsyncGenerator<ReadonlyArray<Row>> {
  let whole = ""
  for await (const text of textOf(source)) whole += text
  const values = parseArray(whole)
  yield values.map((value, index) => fromJson(index + 1, value, options, "Item"))
}

async function* cellRows(source: Source, reading: Reading): AsyncGenerator<ReadonlyArray<Row>> {
  let isHeader = true
  for await (const records of recordsOf(source)) {
    const own = isHeader ? records.slice(1) : records
    if (records.length > 0) isHeader = false
    yield own.map((record) => fromCells(record, reading))
  }
}

const firstRow = async (source: Source): Promise<ReadonlyArray<string>> => {
  for await (const [first] of recordsOf(source)) if (first !== undefined) return first.cells
  return []
}

/** Reads the columns whose cells must all be examined first, and returns how to read each column. */
const judge = async (source: Source, columns: ReadonlyArray<Column>): Promise<ReadonlyArray<Cells.Judgement>> => {
  const judges = columns.map((column) => (Cells.isJudged(column) ? Cells.makeJudge(column) : undefined))
  if (judges.some((one) => one !== undefined)) {
    let isHeader = true
    for await (const records of recordsOf(source)) {
      for (const { cells } of isHeader ? records.slice(1) : records) {
        judges.forEach((one, index) => one?.observe(cells[index] ?? ""))
      }
      if (records.length > 0) isHeader = false
    }
  }
  return judges.map((one) => one?.judgement() ?? { order: undefined, mark: undefined })
}

const noLocation = "Which location? Give --location or GROWTHHUB_LOCATION_ID, or a column locationId"

/** Whether a column names the location or the contact of each row. */
export const isAddressed = ({ columns }: Pick<List, "columns">): boolean =>
  columns.some((column) => column._tag === "ContactId" || (column._tag === "Field" && column.field === "locationId"))

const encodingNote = ({ encoding, kind }: Source, { encoding: given }: Options): ReadonlyArray<string> =>
  given !== undefined || encoding === "utf-8" || kind === "xlsx"
    ? []
    : [`Read as ${nameOf(encoding)}: if names look wrong, say what it is with --encoding`]

/** A note about the columns that rows lose when they are sent as updates, which have fewer fields than upserts. */
const updateNotes = (columns: ReadonlyArray<Column>, { mode }: Options): ReadonlyArray<string> => {
  const lost = columns.flatMap((column) =>
    column._tag === "Field" && (column.field === "companyName" || column.field === "gender") ? [column.name] : []
  )
  if (lost.length === 0 || mode === "CreateOnly") return []
  const isUpdateOnly = mode === "UpdateOnly"
  if (!isUpdateOnly && !columns.some(({ _tag }) => _tag === "ContactId")) return []
  return [
    `An update cannot change ${lost.join(", ")}: left out${isUpdateOnly ? "" : " for rows with the id of a contact"}`
  ]
}

const attempt = <A>(run: () => Promise<A>): Effect.Effect<A, InvalidFile> =>
  Effect.tryPromise({ try: run, catch: invalidFileOf })

/** The result of a lookup without names. */
const nothing: CustomFields.LookupResult = Either.right(new Map())

const openCells = <R>(source: Source, options: Options, find: CustomFields.Find<R>) =>
  Effect.gen(function* () {
    const cells = yield* attempt(() => firstRow(source))
    if (cells.length === 0) return yield* new InvalidFile({ message: "It is empty" })
    const header = headerOf(
      cells.map((name) => name.trim()),
      options
    )
    const answer = header.candidates.length === 0 ? nothing : yield* find(header.candidates)
    const columns = yield* columnsOf(header, options, answer)
    if (options.locationId === undefined && !isAddressed(columns)) {
      return yield* new InvalidFile({ message: noLocation })
    }
    return yield* attempt(() => listOf(source, options, cells, columns))
  })

const listOf = async (
  source: Source,
  options: Options,
  header: ReadonlyArray<string>,
  { columns, notes }: Columns
): Promise<List> => {
  const judgements = await judge(source, columns)
  const reading: Reading = {
    columns,
    readers: columns.map((column, index) => Cells.readerOf(column, judgements[index]!, options, source.delimiter)),
    locationId: options.locationId,
    skipsInvalidCells: options.skipsInvalidCells
  }
  return {
    source,
    header,
    columns,
    notes: [...encodingNote(source, options), ...notes, ...updateNotes(columns, options)],
    batches: () => cellRows(source, reading)
  }
}

/**
 * Opens a list: detects its format, reads its header, and examines the columns whose cells must all be seen first. `find`
 * looks up the custom fields that columns name.
 */
export const open = <R>(options: Options, find: CustomFields.Find<R>): Effect.Effect<List, InvalidFile, R> =>
  Effect.gen(function* () {
    const source = yield* attempt(() => inspect(options.file, options))
    if (source.kind === "csv" || source.kind === "xlsx") return yield* openCells(source, options, find)
    const batches = source.kind === "ndjson" ? ndjsonRows : jsonRows
    return { source, header: undefined, columns: [], notes: [], batches: () => batches(source, options) }
  })

/** The noun for the number of a row in messages: a line, or an item of a JSON array. */
export const nounOf = ({ source }: Pick<List, "source">): "line" | "item" => (source.kind === "json" ? "item" : "line")

/** The rows of a list, in their order. */
export const rows = (list: List): Stream.Stream<Row, InvalidFile> =>
  Stream.suspend(() => Stream.fromAsyncIterable(list.batches(), invalidFileOf)).pipe(
    Stream.map(Chunk.unsafeFromArray),
    Stream.flattenChunks
  )

/** The fingerprint of a list. It differs for another file, other options or another service. */
export const fingerprint = (options: Options, url: string): Effect.Effect<string, InvalidFile> =>
  Effect.tryPromise({
    try: async () => {
      const { file, columns, ignored, ...others } = options
      const given = { ...others, columns: [...columns].sort(), ignored: [...ignored].sort() }
      const hash = createHash("sha256").update(JSON.stringify([url, Object.entries(given).sort()]))
      for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
      return hash.digest("hex")
    },
    catch: () => new InvalidFile({ message: "This file cannot be read" })
  })
