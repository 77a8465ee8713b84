// The partial file of an export, beside the output file: the contacts fetched so far. Only its owner can read it. Its last
// line holds the cursor from which the export continues.
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { constants } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import * as Layout from "../Layout.js"
import type { ExportedContact } from "./Contacts.js"

const Header = Schema.parseJson(Schema.Struct({ "growthhub:export": Schema.String }))

const Line = Schema.parseJson(
  Schema.Struct({
    id: Schema.String,
    fields: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
    searchAfter: Schema.optional(Schema.Array(Schema.Unknown))
  })
)

/** A fetched contact, with the cursor from which the search continues after it. */
export interface Entry extends ExportedContact {
  readonly searchAfter?: ReadonlyArray<unknown> | undefined
}

const decodeHeader = Schema.decodeUnknownOption(Header)
const decodeLine = Schema.decodeUnknownOption(Line)

/** The progress of an export. */
export interface State {
  /** The fingerprint of the search; undefined if the file is new or not a partial file. */
  readonly fingerprint: string | undefined
  readonly count: number
  readonly searchAfter: ReadonlyArray<unknown> | undefined
  /** The total length of the complete lines, in bytes. */
  readonly size: number
}

const nameOf = (file: string) => `${file}.partial`

/** The path of the partial file of an export. */
export const fileOf = nameOf

/** Opens the partial file, or creates it. Fails if it is a symbolic link. */
export const openFile = (file: string): Promise<FileHandle> =>
  open(nameOf(file), constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0), 0o600)

/** The complete lines, each with the offset of its end, in bytes. */
async function* wholeLines(handle: FileHandle): AsyncGenerator<readonly [text: string, end: number]> {
  let rest = Buffer.alloc(0)
  let end = 0
  for await (const chunk of handle.createReadStream({ autoClose: false, start: 0 })) {
    let buffer = Buffer.concat([rest, chunk as Buffer])
    for (let at = buffer.indexOf(10); at >= 0; at = buffer.indexOf(10)) {
      end += at + 1
      yield [buffer.toString("utf8", 0, at), end]
      buffer = buffer.subarray(at + 1)
    }
    rest = Buffer.from(buffer)
  }
}

/** The contacts in the partial file, without duplicates. */
export async function* contactsOf(handle: FileHandle): AsyncGenerator<Entry> {
  const seen = new Set<string>()
  for await (const [text] of wholeLines(handle)) {
    const entry = Option.getOrUndefined(decodeLine(text))
    if (entry === undefined || seen.has(entry.id)) continue
    seen.add(entry.id)
    yield entry
  }
}

/** Reads the progress of an export. An incomplete line, as a killed process leaves it, does not count. */
export const stateOf = async (handle: FileHandle): Promise<State> => {
  let state: State = { fingerprint: undefined, count: 0, searchAfter: undefined, size: 0 }
  for await (const [text, size] of wholeLines(handle)) {
    if (state.fingerprint === undefined) {
      const header = Option.getOrUndefined(decodeHeader(text))
      if (header === undefined) return state
      state = { ...state, fingerprint: header["growthhub:export"], size }
    } else {
      const entry = Option.getOrUndefined(decodeLine(text))
      if (entry === undefined) return state
      state = { ...state, count: state.count + 1, searchAfter: entry.searchAfter ?? state.searchAfter, size }
    }
  }
  return state
}

/** Empties the partial file and writes its header. */
export const begin = async (handle: FileHandle, fingerprint: string): Promise<void> => {
  await handle.truncate(0)
  await handle.appendFile(`${Layout.jsonLineOf({ "growthhub:export": fingerprint })}\n`)
}

/** Appends contacts to the partial file. */
export const append = (handle: FileHandle, entries: Iterable<Entry>): Promise<void> =>
  handle.appendFile(Array.from(entries, (entry) => `${Layout.jsonLineOf(entry)}\n`).join(""))
