// Reads the records of a CSV file or a workbook, with their line numbers.
import { parse } from "csv-parse"
import { Readable } from "node:stream"
import { InvalidFile } from "./InvalidFile.js"
import { type Source, textOf } from "./Source.js"

/** A row of a file, with its cells as written. */
export interface Record {
  /** The line on which the row begins, from 1. */
  readonly line: number
  readonly cells: ReadonlyArray<string>
}

/** The number of rows in a batch. Passing rows one by one costs more than reading them; large batches fill the memory. */
const batchSize = 100

const isBlank = (cells: ReadonlyArray<string>) => cells.every((cell) => cell.trim() === "")

const lineBreaks = (text: string): number => {
  let count = 0
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1
  return count
}

/** Converts an error of the CSV parser into one that names the line of the file. */
const faultOf = (error: unknown, offset: number): unknown => {
  if (!(error instanceof Error) || !("code" in error)) return error
  const line = "lines" in error && typeof error.lines === "number" ? error.lines + offset : undefined
  const where = line === undefined ? "" : `Line ${line}: `
  if (error.code === "CSV_QUOTE_NOT_CLOSED") {
    return new InvalidFile({ message: `${where}a cell that begins with " does not end with "` })
  }
  return line === undefined ? error : new InvalidFile({ message: `${where}this is not CSV` })
}

async function* csvRecords(source: Source): AsyncGenerator<ReadonlyArray<Record>> {
  const input = Readable.from(textOf(source))
  const parser = parse({
    bom: true,
    delimiter: source.delimiter,
    record_delimiter: "\n",
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: false
  })
  input.on("error", (error) => parser.destroy(error)).pipe(parser)
  const offset = source.hasSepLine ? 1 : 0
  let line = 1 + offset
  let batch: Array<Record> = []
  try {
    for await (const cells of parser as AsyncIterable<ReadonlyArray<string>>) {
      // Spreadsheets leave rows of delimiters only, which are not contacts.
      if (!isBlank(cells)) batch.push({ line, cells })
      line += 1
      for (const cell of cells) line += lineBreaks(cell)
      if (batch.length >= batchSize) {
        yield batch
        batch = []
      }
    }
    yield batch
  } catch (error) {
    throw faultOf(error, offset)
  } finally {
    parser.destroy()
    input.destroy()
  }
}

const textOfCell = (value: unknown): string => {
  if (value instanceof Date) {
    const text = value.toISOString()
    return text.endsWith("T00:00:00.000Z") ? text.slice(0, 10) : text
  }
  if (typeof value === "number" || typeof value === "boolean") return String(value)
  return typeof value === "string" ? value : ""
}

/** The records of the first sheet of a workbook. */
async function* workbookRecords({ file }: Source): AsyncGenerator<ReadonlyArray<Record>> {
  const { readSheet } = await import("read-excel-file/node")
  const rows = await readSheet(file).catch(() => {
    throw new InvalidFile({ message: "This workbook cannot be read: save its sheet as CSV" })
  })
  yield rows
    .map((cells, index) => ({ line: index + 1, cells: cells.map(textOfCell) }))
    .filter(({ cells }) => !isBlank(cells))
}

/** The records of a CSV file or of a workbook's first sheet, the header first, without blank ones, in batches. */
export const recordsOf = (source: Source): AsyncGenerator<ReadonlyArray<Record>> =>
  source.kind === "xlsx" ? workbookRecords(source) : csvRecords(source)
