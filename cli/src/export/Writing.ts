// Writes the contacts of an export as CSV or NDJSON.
import { stringify } from "csv-stringify/sync"
import * as Layout from "../Layout.js"
import * as Contacts from "./Contacts.js"

/** The format of an export. */
export interface Form {
  readonly format: "csv" | "ndjson"
  /** Whether each contact has its id, so that an import updates this very contact. */
  readonly hasIds: boolean
}

type List = () => AsyncIterable<Contacts.ExportedContact>

/** The number of lines in one batch of text. */
const batchSize = 500

async function* batched(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let batch: Array<string> = []
  for await (const line of lines) {
    batch.push(line)
    if (batch.length < batchSize) continue
    yield batch.join("")
    batch = []
  }
  if (batch.length > 0) yield batch.join("")
}

async function* csvLines(list: List, columns: Contacts.Columns, hasIds: boolean): AsyncGenerator<string> {
  yield stringify([Contacts.headerOf(columns, hasIds)])
  for await (const contact of list()) yield stringify([Contacts.cellsOf(contact, columns, hasIds)])
}

async function* jsonLines(list: List, hasIds: boolean): AsyncGenerator<string> {
  for await (const contact of list()) yield `${Layout.jsonLineOf(Contacts.toJson(contact, hasIds))}\n`
}

/** The text of an export in batches, and the fields that are left out because no cell can hold them. */
export interface Written {
  readonly text: AsyncIterable<string>
  readonly leftOut: ReadonlyArray<string>
}

/** Formats contacts. For CSV it reads the list twice, because the header depends on the fields of all contacts. */
export const write = async (list: List, { format, hasIds }: Form): Promise<Written> => {
  if (format === "ndjson") return { text: batched(jsonLines(list, hasIds)), leftOut: [] }
  const collector = Contacts.makeCollector()
  for await (const contact of list()) collector.see(contact)
  const columns = collector.columns()
  return { text: batched(csvLines(list, columns, hasIds)), leftOut: columns.leftOut }
}
