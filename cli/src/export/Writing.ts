// The contacts of an export as lines of its format.
import { stringify } from "csv-stringify/sync"
import * as Layout from "../Layout.js"
import * as Contacts from "./Contacts.js"

/** How contacts are written. */
export interface Form {
  readonly format: "csv" | "ndjson"
  /** Whether each contact has its id, so that an import updates this very contact. */
  readonly hasIds: boolean
}

type List = () => AsyncIterable<Contacts.ExportedContact>

/** Texts that are handed on together. */
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

/** The text of an export, and the fields that it cannot hold. */
export interface Written {
  readonly text: AsyncIterable<string>
  readonly leftOut: ReadonlyArray<string>
}

/** Writes contacts. A list is walked through twice for CSV, whose header names what they have. */
export const write = async (list: List, { format, hasIds }: Form): Promise<Written> => {
  if (format === "ndjson") return { text: batched(jsonLines(list, hasIds)), leftOut: [] }
  const collector = Contacts.makeCollector()
  for await (const contact of list()) collector.see(contact)
  const columns = collector.columns()
  return { text: batched(csvLines(list, columns, hasIds)), leftOut: columns.leftOut }
}
