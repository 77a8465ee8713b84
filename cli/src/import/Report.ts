// The report of an import: the rows that were not applied, with the reason, to be mended and imported again.
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { stringify } from "csv-stringify/sync"
import { join, parse } from "node:path"
import * as ContactsBulk from "effect-growthhub/ContactsBulk"
import { isArray, stringifyOption } from "../Json.js"
import { codes, CliExit, reasons } from "../CliExit.js"
import * as PrivateFiles from "./PrivateFiles.js"
import * as Rows from "./Rows.js"

/** A name derived from the imported file: nothing that was read from anywhere decides where the report is. */
const reportName = (file: string, extension: string, number: number) => {
  const { dir, name } = parse(file)
  return join(dir, `${name}.rejected${number === 1 ? "" : `.${number}`}${extension}`)
}

type Letters = ReadonlyMap<number, ContactsBulk.Failure>

const told = ({ _tag, error }: ContactsBulk.Failure) => ({ what: _tag, why: reasons(error).join("; ") })

/** Nested deeper than the stack, a row cannot be written: its line says which it was. */
const lineOf = (cells: object, more: object): string =>
  `${Option.getOrElse(stringifyOption({ ...cells, ...more }), () => undefined) ?? JSON.stringify(more)}\n`

/** The rows as they stand in the file. */
const fromRows = (options: Rows.Options, letters: Letters): Effect.Effect<string, Rows.InvalidFile> =>
  Effect.gen(function* () {
    const header = yield* Rows.header(options)
    const { line, outcome, error } = Rows.added
    // What an earlier report has added is out of date.
    const own = (cells: ReadonlyArray<string>) => cells.filter((_, index) => !Rows.isAdded(header?.[index] ?? ""))
    const first = header === undefined ? "" : stringify([[...own(header), line, outcome, error]])
    return yield* Rows.rows(options).pipe(
      Stream.zipWithIndex,
      Stream.runFold(first, (text, [row, index]) => {
        const letter = letters.get(index)
        if (letter === undefined) return text
        const { what, why } = told(letter)
        return isArray(row.cells)
          ? text + stringify([[...own(row.cells), row.line, what, why]])
          : text + lineOf(row.cells, { [line]: row.line, [outcome]: what, [error]: why })
      })
    )
  })

/** The contacts as they were sent, where the file does not have their rows any more. */
const fromLetters = (letters: Letters): string =>
  [...letters.values()]
    .map((letter) => {
      const { what, why } = told(letter)
      return lineOf(letter.input ?? {}, { [Rows.added.outcome]: what, [Rows.added.error]: why })
    })
    .join("")

/** Makes a new file. One that is there is left alone, unless it is this very report. */
const save = async (file: string, extension: string, text: string): Promise<string> => {
  for (let number = 1; ; number += 1) {
    const name = reportName(file, extension, number)
    if (await PrivateFiles.create(name, text)) return name
    const found = await PrivateFiles.read(name).catch(() => undefined)
    if (found === text) return name
  }
}

const unwritten = ({ file }: Rows.Options) =>
  new CliExit({
    code: codes.unexpected,
    message: `The report of what was rejected cannot be written beside ${file}: --resume tries it again`
  })

/** What came of a report: where it is, if there is anything to report, and whether the file has changed meanwhile. */
export interface Report {
  readonly file: string | undefined
  readonly hasChanged: boolean
}

/** Writes the report of the checkpoint's dead letters. `source` is the fingerprint with which the import was begun. */
export const write = (
  options: Rows.Options,
  url: string,
  checkpoint: ContactsBulk.Checkpoint
): Effect.Effect<Report, CliExit | ContactsBulk.CheckpointError> =>
  Effect.gen(function* () {
    const letters = new Map<number, ContactsBulk.Failure>()
    yield* Stream.runForEach(ContactsBulk.deadLetters(checkpoint), (letter) =>
      Effect.sync(() => letters.set(letter.index, letter))
    )
    // A row is told by its place: in a file that has changed, another row may stand there.
    const text =
      letters.size === 0 ? "" : yield* Effect.option(fromRows(options, letters)).pipe(Effect.map(Option.getOrUndefined))
    const fingerprint = yield* Effect.option(Rows.fingerprint(options, url))
    const hasChanged = text === undefined || Option.getOrUndefined(fingerprint) !== checkpoint.source
    if (letters.size === 0) return { file: undefined, hasChanged }
    const { ext } = parse(options.file)
    const file = yield* Effect.tryPromise({
      try: () =>
        hasChanged
          ? save(options.file, ".ndjson", fromLetters(letters))
          : save(options.file, ext === "" ? ".csv" : ext, text),
      catch: () => unwritten(options)
    })
    return { file, hasChanged }
  })
