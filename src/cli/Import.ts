// The import of a file: checked first, then sent row by row, written down, and reported.
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { stringify } from "csv-stringify/sync"
import { createHash } from "node:crypto"
import { join, parse } from "node:path"
import * as ContactsBulk from "../ContactsBulk.js"
import type { ContactsService } from "../ContactsService.js"
import { inSeconds } from "../internal/duration.js"
import { kinds } from "../bulk/journal.js"
import { isArray, stringifyOption } from "../internal/json.js"
import { Session } from "./Connection.js"
import { badInput, codes, Exit, fromStopped, reasons } from "./Exit.js"
import { plain } from "./Layout.js"
import * as Rows from "./Rows.js"

/** `again`: the command that goes on with it. */
export interface Task extends Rows.Options {
  readonly again: string
  readonly isResumed: boolean
  readonly isRestarted: boolean
}

// --- what stands in the file -------------------------------------------------------------------------------------------

/** Faults that are shown one by one. */
const shown = 50

interface Checked {
  readonly rows: number
  readonly invalid: number
  readonly faults: ReadonlyArray<string>
}

const notAList =
  ({ file }: Rows.Options) =>
  (error: Rows.NoList) =>
    badInput(`${file}: ${plain(error.message)}`)

/** Every row, without sending anything. */
const check = (options: Rows.Options): Effect.Effect<Checked, Exit> =>
  Stream.runFold(Rows.rows(options), { rows: 0, invalid: 0, faults: [] } as Checked, (sum, row) => {
    const faults = Rows.faults(row)
    return {
      rows: sum.rows + 1,
      invalid: sum.invalid + (faults.length > 0 ? 1 : 0),
      faults: sum.faults.length < shown && faults.length > 0 ? [...sum.faults, ...faults] : sum.faults
    }
  }).pipe(Effect.mapError(notAList(options)))

const counted = (count: number, noun: string) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`

/** Says what is wrong with the file, row by row. */
export const dryRun = (options: Rows.Options): Effect.Effect<void, Exit> =>
  Effect.gen(function* () {
    const { rows, invalid, faults } = yield* check(options)
    yield* Effect.forEach(faults, (fault) => Console.error(plain(fault)), { discard: true })
    if (invalid === 0) return yield* Console.log(`${counted(rows, "row")}, all of them as they should be`)
    return yield* badInput(`${counted(invalid, "row")} of ${rows.toLocaleString("en")} would be rejected`)
  })

// --- while it runs -----------------------------------------------------------------------------------------------------

type Counts = ContactsBulk.Progress["counts"]

const sumOf = ({ created, updated, rejected, unknown }: Counts) => created + updated + rejected + unknown

const countsOf = (progress: Option.Option<ContactsBulk.Progress>): Counts =>
  Option.match(progress, {
    onNone: () => ({ created: 0, updated: 0, rejected: 0, unknown: 0 }),
    onSome: ({ counts }) => counts
  })

const summary = ({ created, updated, rejected, unknown }: Counts): string =>
  [
    `${created.toLocaleString("en")} created`,
    `${updated.toLocaleString("en")} updated`,
    `${rejected.toLocaleString("en")} rejected`,
    ...(unknown > 0 ? [`${unknown.toLocaleString("en")} unknown`] : [])
  ].join(", ")

const isTerminal = () => process.stderr.isTTY

/** How often progress is shown: in place on a terminal, as lines of a log elsewhere. */
const period = () => Duration.seconds(isTerminal() ? 0.2 : 10)

/** The speed of this while. */
const measured = Duration.toMillis("20 seconds")

const makeProgress = (counts: Counts, rows: number) =>
  Effect.map(Clock.currentTimeMillis, (began) => {
    const seen: Array<readonly [at: number, done: number]> = [[began, sumOf(counts)]]
    const line = (now: number) => {
      const done = sumOf(counts)
      seen.push([now, done])
      while (seen.length > 2 && now - seen[0]![0] > measured) seen.shift()
      const [from, before] = seen[0]!
      const rate = now > from ? ((done - before) * 1000) / (now - from) : 0
      const left = rate > 0 ? `, ${inSeconds(Duration.seconds((rows - done) / rate))} left` : ""
      const share = rows === 0 ? 100 : Math.floor((done / rows) * 100)
      return `${done.toLocaleString("en")} of ${rows.toLocaleString("en")} (${share} %): ${summary(counts)}; ${rate.toFixed(1)}/s${left}`
    }
    const show = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.sync(() => process.stderr.write(isTerminal() ? `\r\x1b[2K${line(now)}` : `${line(now)}\n`))
    )
    return {
      showing: Effect.forever(Effect.delay(show, period())),
      end: Effect.sync(() => void (isTerminal() && process.stderr.write("\r\x1b[2K")))
    }
  })

// --- what is left of it ------------------------------------------------------------------------------------------------

const reportName = (file: string, number: number) => {
  const { dir, name, ext } = parse(file)
  return join(dir, `${name}.rejected${number === 1 ? "" : `.${number}`}${ext === "" ? ".csv" : ext}`)
}

/** Which report this import has written, and what stood in it. */
const reportKey = "report"

const Written = Schema.parseJson(Schema.Struct({ file: Schema.String, hash: Schema.String }))

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex")

/** Its own file again, as long as nobody has changed it: somebody may be mending it. */
const reportFile = (file: string, store: KeyValueStore.KeyValueStore) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const written = Option.flatMap(yield* store.get(reportKey), Schema.decodeUnknownOption(Written))
    if (Option.isSome(written)) {
      const found = yield* Effect.option(fs.readFileString(written.value.file))
      if (Option.isNone(found) || hashOf(found.value) === written.value.hash) return written.value.file
    }
    let number = 1
    while (yield* fs.exists(reportName(file, number))) number += 1
    return reportName(file, number)
  })

/** The rows that were not applied, as they were, with the reason: to be mended, and imported again as they are. */
const report = (options: Rows.Options, { store, ...checkpoint }: ContactsBulk.Checkpoint) =>
  Effect.gen(function* () {
    const letters = new Map<number, readonly [outcome: string, error: string]>()
    yield* Stream.runForEach(ContactsBulk.deadLetters({ store, ...checkpoint }), (letter) =>
      Effect.sync(() => letters.set(letter.index, [letter._tag, reasons(letter.error).join("; ")]))
    )
    if (letters.size === 0) return undefined
    const header = yield* Rows.header(options)
    const { line, outcome, error } = Rows.added
    // What an earlier report has added is out of date.
    const own = (cells: ReadonlyArray<string>) => cells.filter((_, index) => !Rows.isAdded(header?.[index] ?? ""))
    const first = header === undefined ? "" : stringify([[...own(header), line, outcome, error]])
    const text = yield* Rows.rows(options).pipe(
      Stream.zipWithIndex,
      Stream.runFold(first, (sum, [row, index]) => {
        const letter = letters.get(index)
        if (letter === undefined) return sum
        const [what, why] = letter
        return isArray(row.cells)
          ? sum + stringify([[...own(row.cells), row.line, what, why]])
          : `${sum}${lineOf(row.cells, { [line]: row.line, [outcome]: what, [error]: why })}\n`
      })
    )
    const fs = yield* FileSystem.FileSystem
    const file = yield* reportFile(options.file, store)
    yield* fs.writeFileString(`${file}.tmp`, text)
    yield* fs.rename(`${file}.tmp`, file)
    yield* store.set(reportKey, JSON.stringify({ file, hash: hashOf(text) }))
    return file
  }).pipe(
    Effect.catchTags({
      NoList: (error) => Effect.fail(notAList(options)(error)),
      BadArgument: () => Effect.fail(unwritten(options)),
      SystemError: () => Effect.fail(unwritten(options))
    })
  )

/** Nested deeper than the stack, a row cannot be written: its line says which it was. */
const lineOf = (cells: object, more: object): string =>
  Option.getOrElse(stringifyOption({ ...cells, ...more }), () => undefined) ?? JSON.stringify(more)

const unwritten = ({ file }: Rows.Options) =>
  new Exit({
    code: codes.unexpected,
    message: `The report of what was rejected cannot be written beside ${file}: --resume tries it again`
  })

const directoryOf = (file: string) => `${file}.checkpoint`

/** Where the import of this file is, if one was begun. */
const opened = (task: Task) =>
  Effect.gen(function* () {
    const { url, isSandbox } = yield* Session
    const directory = directoryOf(task.file)
    // What a sandbox has is gone when the command ends.
    const stored = isSandbox ? KeyValueStore.layerMemory : KeyValueStore.layerFileSystem(directory)
    const store = yield* KeyValueStore.KeyValueStore.pipe(
      Effect.provide(stored),
      Effect.mapError(() => badInput(`The checkpoint cannot be written to ${directory}`))
    )
    const source = yield* Effect.mapError(Rows.fingerprint(task, url), notAList(task))
    const checkpoint: ContactsBulk.Checkpoint = { store, name: "import", source }
    if (task.isRestarted) yield* ContactsBulk.clear(checkpoint)
    const before = yield* ContactsBulk.progress(checkpoint)
    if (Option.isSome(before) && before.value.isComplete && !task.isResumed) {
      return yield* badInput(
        `${task.file} was imported before: ${summary(before.value.counts)}. With --resume its report is written again, with --restart all of it is sent again.`
      )
    }
    if (Option.isSome(before) && !task.isResumed) {
      return yield* badInput(
        `An import of ${task.file} was begun before: ${summary(before.value.counts)}.\n` +
          "Go on with --resume, or begin anew with --restart."
      )
    }
    return { checkpoint, counts: countsOf(before) }
  })

const unusable = (task: Task) => (error: ContactsBulk.CheckpointError) =>
  error.reason === "SourceMismatch"
    ? badInput(
        `${task.file} is not as it was when its import was begun, or is given with other options: use the file and the ` +
          "options that you began with, or begin anew with --restart, which sends all of it again"
      )
    : new Exit({ code: codes.unexpected, message: `${directoryOf(task.file)}: ${error.message}` })

const goOn = ({ again }: Task) => `Go on with: ${again}`

/** Sends what was not sent yet. */
export const run = (
  task: Task
): Effect.Effect<void, Exit, ContactsService | Session | FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    if (task.isResumed && task.isRestarted) return yield* badInput("Either --resume or --restart")
    const { rows, invalid } = yield* check(task)
    const { checkpoint, counts } = yield* opened(task)
    if (invalid > 0) {
      yield* Console.error(`${counted(invalid, "row")} will be rejected: --dry-run says why before anything is sent`)
    }
    const { isSandbox } = yield* Session
    const hint = isSandbox ? "The sandbox is gone, and all that it had." : goOn(task)
    const sums = { ...counts }
    const progress = yield* makeProgress(sums, rows)
    const contacts = Stream.map(Rows.rows(task), ({ contact }) => contact).pipe(Stream.mapError(notAList(task)))
    // What was complete is not begun again: only its report may be missing.
    const ended = yield* ContactsBulk.upsertMany(contacts, { checkpoint }).pipe(
      Stream.runForEach(({ _tag }) => Effect.sync(() => void (sums[kinds[_tag]] += 1))),
      Effect.raceFirst(progress.showing),
      Effect.ensuring(progress.end),
      Effect.onInterrupt(() => Console.error(`Interrupted: ${summary(sums)}. ${hint}`)),
      Effect.catchTag("BulkStopped", Effect.succeed)
    )
    const file = yield* report(task, checkpoint)
    const total = countsOf(yield* ContactsBulk.progress(checkpoint))
    yield* Console.log(summary(total))
    if (file !== undefined) yield* Console.log(`What was not applied, and why: ${file}`)
    if (ended !== undefined) return yield* fromStopped(ended, hint)
    if (file !== undefined) {
      return yield* new Exit({
        code: codes.rejected,
        message: `${counted(total.rejected + total.unknown, "row")} not applied`
      })
    }
  }).pipe(Effect.catchTag("CheckpointError", (error) => Effect.fail(unusable(task)(error))))
