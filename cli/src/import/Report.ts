// Writes the report of an import: the rows that were not applied, with the reason, to be corrected and imported again. It
// has the encoding, byte order mark, delimiter and line ends of the imported file.
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { stringify } from "csv-stringify/sync"
import { encode } from "iconv-lite"
import { readdir, rm } from "node:fs/promises"
import { basename, join, parse } from "node:path"
import * as ContactsBulk from "effect-growthhub/ContactsBulk"
import { CliExit, codes, reasons } from "../CliExit.js"
import { isArray, stringifyOption } from "../Json.js"
import { added, isAdded } from "./Columns.js"
import type { Task } from "./Import.js"
import type { InvalidFile } from "./InvalidFile.js"
import * as List from "./List.js"
import * as PrivateFiles from "./PrivateFiles.js"
import type { Source } from "./Source.js"

/** The path of a report. It is derived from the path of the imported file only, never from the contents of a file. */
const reportName = ({ beside, directory }: Task, extension: string, number: number) => {
  const { dir, name } = parse(beside)
  return join(directory ?? dir, `${name}.rejected${number === 1 ? "" : `.${number}`}${extension}`)
}

type Letters = ReadonlyMap<number, ContactsBulk.Failure>

const describeFailure = ({ _tag, error }: ContactsBulk.Failure) => ({ what: _tag, why: reasons(error).join("; ") })

/** A row as a line of JSON. A row that is nested too deeply cannot be written; then only its line number and reason are. */
const lineOf = (cells: object, more: object): string =>
  `${Option.getOrElse(stringifyOption({ ...cells, ...more }), () => undefined) ?? JSON.stringify(more)}\n`

const csvLine = (cells: ReadonlyArray<string | number>, { delimiter, lineEnd }: Source) => {
  const written = cells.map((cell) => (typeof cell === "string" ? cell.replaceAll("\n", lineEnd) : cell))
  return stringify([written], { delimiter, record_delimiter: lineEnd })
}

/** The report with the rows as they are in the file. */
const fromRows = (list: List.List, letters: Letters): Effect.Effect<string, InvalidFile> => {
  const { header, source } = list
  const { line, outcome, error } = added
  // The columns that an earlier report added are out of date.
  const own = (cells: ReadonlyArray<string>) => cells.filter((_, index) => !isAdded(header?.[index] ?? ""))
  const first = header === undefined ? "" : csvLine([...own(header), line, outcome, error], source)
  return List.rows(list).pipe(
    Stream.zipWithIndex,
    Stream.runFold([first], (lines, [row, index]) => {
      const letter = letters.get(index)
      if (letter === undefined) return lines
      const { what, why } = describeFailure(letter)
      if (!isArray(row.cells)) {
        lines.push(lineOf(row.cells, { [line]: row.line, [outcome]: what, [error]: why }))
        return lines
      }
      // A row may be shorter or longer than the header.
      const cells = own(Array.from({ length: header?.length ?? 0 }, (_, place) => row.cells[place as never] ?? ""))
      const surplus = row.cells.slice(header?.length ?? 0) as ReadonlyArray<string>
      lines.push(csvLine([...cells, row.line, what, why, ...surplus], source))
      return lines
    }),
    Effect.map((lines) => lines.join(""))
  )
}

/** The report with the contacts as they were sent, for a file that no longer has their rows. */
const fromLetters = (letters: Letters): string =>
  [...letters.values()]
    .map((letter) => {
      const { what, why } = describeFailure(letter)
      return lineOf(letter.input ?? {}, { [added.outcome]: what, [added.error]: why })
    })
    .join("")

/** Encodes the report like the imported file. The report of a workbook is a CSV that Excel reads. */
const bytesOf = (text: string, { kind, encoding, hasBom, hasSepLine, delimiter, lineEnd }: Source): Buffer => {
  if (kind === "ndjson" || kind === "json") return Buffer.from(text)
  const whole = hasSepLine ? `sep=${delimiter}${lineEnd}${text}` : text
  return encode(whole, kind === "xlsx" ? "utf-8" : encoding, { addBOM: hasBom || kind === "xlsx" })
}

const extensionOf = ({ file, kind }: Source): string => {
  if (kind === "xlsx") return ".csv"
  if (kind === "json") return ".ndjson"
  return parse(file).ext || (kind === "csv" ? ".csv" : ".ndjson")
}

/** Writes the report to a new file. An existing file is not changed; if it is the same report, its name is returned. */
const save = async (task: Task, extension: string, bytes: Buffer): Promise<string> => {
  for (let number = 1; ; number += 1) {
    const name = reportName(task, extension, number)
    if (await PrivateFiles.create(name, bytes)) return name
    const found = await PrivateFiles.readBytes(name).catch(() => undefined)
    if (found?.equals(bytes) === true) return name
  }
}

const unwritten = ({ beside, directory }: Task) =>
  new CliExit({
    code: codes.unexpected,
    message:
      `The report of what was rejected cannot be written ${directory === undefined ? `beside ${beside}` : `to ${directory}`}: ` +
      "--resume tries again"
  })

/** The result of a report: its path, if there is anything to report, and whether the list changed during the import. */
export interface Report {
  readonly file: string | undefined
  readonly hasChanged: boolean
}

/** Writes the report of the checkpoint's dead letters. `checkpoint.source` is the fingerprint of the list at the start. */
export const write = (
  task: Task,
  list: List.List,
  url: string,
  checkpoint: ContactsBulk.Checkpoint
): Effect.Effect<Report, CliExit | ContactsBulk.CheckpointError> =>
  Effect.gen(function* () {
    const letters = new Map<number, ContactsBulk.Failure>()
    yield* Stream.runForEach(ContactsBulk.deadLetters(checkpoint), (letter) =>
      Effect.sync(() => letters.set(letter.index, letter))
    )
    // A row is found by its position in the file. If the file has changed, another row may be at that position.
    const text =
      letters.size === 0 ? "" : yield* Effect.option(fromRows(list, letters)).pipe(Effect.map(Option.getOrUndefined))
    const fingerprint = yield* Effect.option(List.fingerprint(task.options, url))
    const hasChanged = text === undefined || Option.getOrUndefined(fingerprint) !== checkpoint.source
    if (letters.size === 0) return { file: undefined, hasChanged }
    const file = yield* Effect.tryPromise({
      try: () =>
        hasChanged
          ? save(task, ".ndjson", Buffer.from(fromLetters(letters)))
          : save(task, extensionOf(list.source), bytesOf(text, list.source)),
      catch: () => unwritten(task)
    })
    return { file, hasChanged }
  })

/** Removes the reports that the command wrote for a file. They are recognized by the columns that a report adds. */
export const forget = async (file: string, directory: string | undefined): Promise<ReadonlyArray<string>> => {
  const { dir, name } = parse(file)
  const place = directory ?? (dir === "" ? "." : dir)
  const isReport = (found: string) =>
    found.startsWith(`${name}.rejected.`) && /^(?:\d+\.)?\w+$/.test(found.slice(`${name}.rejected.`.length))
  const removed: Array<string> = []
  for (const found of (await readdir(place)).filter(isReport)) {
    const path = join(place, found)
    const bytes = await PrivateFiles.readBytes(path).catch(() => undefined)
    // The name of the added column is ASCII: it has the same bytes in every encoding, apart from the NULs of UTF-16.
    if (bytes === undefined || !bytes.toString("latin1").replaceAll("\u0000", "").includes(added.outcome)) continue
    await rm(path)
    removed.push(basename(path))
  }
  return removed
}
