// The records of a CSV file or a workbook, with their lines.
import { CsvParser, type Record } from "./Csv.js"
import { InvalidFile } from "./InvalidFile.js"
import { type Source, textOf } from "./Source.js"

/** Rows that are handed on together: one by one would cost more than reading them, and many fill the memory. */
const batchSize = 100

const isBlank = (cells: ReadonlyArray<string>) => cells.every((cell) => cell.trim() === "")

async function* csvRecords(source: Source): AsyncGenerator<ReadonlyArray<Record>> {
  const parser = new CsvParser(source.delimiter, source.hasSepLine ? 2 : 1)
  let batch: Array<Record> = []
  for await (const text of textOf(source)) {
    for (const record of parser.push(text)) {
      // Rows of nothing but delimiters, as spreadsheets leave them, are no contacts.
      if (!isBlank(record.cells)) batch.push(record)
      if (batch.length < batchSize) continue
      yield batch
      batch = []
    }
  }
  batch.push(...parser.end().filter(({ cells }) => !isBlank(cells)))
  yield batch
}

const textOfCell = (value: unknown): string => {
  if (value instanceof Date) {
    const text = value.toISOString()
    return text.endsWith("T00:00:00.000Z") ? text.slice(0, 10) : text
  }
  if (typeof value === "number" || typeof value === "boolean") return String(value)
  return typeof value === "string" ? value : ""
}

/** The first sheet of a workbook. */
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
