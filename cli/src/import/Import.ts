// The import of a file: checked first, then sent row by row, written down, and reported.
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ContactsBulk from "effect-growthhub/ContactsBulk"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as Checkpoint from "./Checkpoint.js"
import { CliExit, codes, fromStopped, usageError } from "../CliExit.js"
import { Session } from "../Connection.js"
import { plain } from "../Layout.js"
import { type Match, makeMatches } from "./Matches.js"
import { counted, type Counts, countsOf, kinds, makeProgress, summary } from "./Progress.js"
import * as Report from "./Report.js"
import * as Rows from "./Rows.js"
import * as Upserting from "./Upserting.js"

/** An import that was asked for. */
export interface Task extends Rows.Options {
  /** The command that goes on with it. */
  readonly again: string
  /** Whether it goes on with an earlier one. */
  readonly isResumed: boolean
  /** Whether an earlier one is forgotten. */
  readonly isRestarted: boolean
}

// --- what stands in the file -------------------------------------------------------------------------------------------

/** Faults and matches that are shown one by one. */
const shown = 50

/** What a file is found to hold. */
interface Checked {
  readonly rows: number
  readonly invalid: number
  /** Rows with fields that are null or blank and are left out. */
  readonly blanks: number
  /** Rows with the email or phone of an earlier one under another name. */
  readonly matching: number
  readonly faults: ReadonlyArray<string>
  readonly matches: ReadonlyArray<Match>
}

const nothing: Checked = { rows: 0, invalid: 0, blanks: 0, matching: 0, faults: [], matches: [] }

const firstOf = <A>(first: ReadonlyArray<A>, more: ReadonlyArray<A>) =>
  first.length < shown && more.length > 0 ? [...first, ...more] : first

const invalidFile =
  ({ file }: Rows.Options) =>
  (error: Rows.InvalidFile) =>
    usageError(`${file}: ${plain(error.message)}`)

/** Every row, without sending anything. */
const check = (options: Rows.Options): Effect.Effect<Checked, CliExit> =>
  Effect.suspend(() => {
    const matchOf = makeMatches()
    return Stream.runFold(Rows.rows(options), nothing, (sum, row) => {
      const faults = Rows.faults(row)
      const match = faults.length > 0 ? undefined : matchOf(row.line, row.contact)
      return {
        rows: sum.rows + 1,
        invalid: sum.invalid + (faults.length > 0 ? 1 : 0),
        blanks: sum.blanks + (row.hasBlanks ? 1 : 0),
        matching: sum.matching + (match === undefined ? 0 : 1),
        faults: firstOf(sum.faults, faults),
        matches: firstOf(sum.matches, match === undefined ? [] : [match])
      }
    }).pipe(Effect.mapError(invalidFile(options)))
  })

const showMatches = ({ matching, matches }: Checked) =>
  Effect.gen(function* () {
    if (matching === 0) return
    for (const { line, earlier, by } of matches) {
      yield* Console.error(`line ${line}: has the ${by} of line ${earlier} under another name`)
    }
    if (matching > matches.length) yield* Console.error(`and ${(matching - matches.length).toLocaleString("en")} more`)
    yield* Console.error(
      `${counted(matching, "row")} with the email or phone of an earlier row under another name: ` +
        "the service makes one contact of both, with the later name. If they are different people, leave the email or phone out."
    )
  })

const showBlanks = ({ clearsNulls }: Rows.Options, { blanks }: Checked) =>
  blanks === 0 || clearsNulls
    ? Effect.void
    : Console.error(
        `${counted(blanks, "row")} with null or blank fields: they are left as they are; --clear-nulls clears them`
      )

/** Says what is wrong with the file, row by row. */
export const dryRun = (options: Rows.Options): Effect.Effect<void, CliExit> =>
  Effect.gen(function* () {
    const checked = yield* check(options)
    const { rows, invalid, faults, matching } = checked
    yield* Effect.forEach(faults, (fault) => Console.error(plain(fault)), { discard: true })
    yield* showMatches(checked)
    yield* showBlanks(options, checked)
    if (invalid > 0) {
      return yield* usageError(`${counted(invalid, "row")} of ${rows.toLocaleString("en")} would be rejected`)
    }
    return yield* Console.log(
      matching === 0
        ? `${counted(rows, "row")}, all of them as they should be`
        : `${counted(rows, "row")}, ${matching.toLocaleString("en")} of them matching an earlier row under another name`
    )
  })

// --- the import --------------------------------------------------------------------------------------------------------

/** An import that may be run. */
interface Opened {
  readonly checkpoint: ContactsBulk.Checkpoint
  readonly counts: Counts
  /** Whether an earlier run has settled all rows. */
  readonly wasComplete: boolean
}

/** Refuses to begin an import that was begun before. */
const refuseTwice = ({ file, isResumed }: Task, before: Option.Option<ContactsBulk.Progress>) => {
  if (Option.isNone(before) || isResumed) return Effect.void
  const { counts, isComplete } = before.value
  return usageError(
    isComplete
      ? `${file} was imported before: ${summary(counts)}. With --restart all of it is sent again.`
      : `An import of ${file} was begun before: ${summary(counts)}.\nGo on with --resume, or begin anew with --restart.`
  )
}

/** Where the import of this file is, if one was begun. Nobody else uses it while the scope lasts. */
const opened = (task: Task): Effect.Effect<Opened, CliExit | ContactsBulk.CheckpointError, Session | Scope.Scope> =>
  Effect.gen(function* () {
    const { url, isSandbox } = yield* Session
    const source = yield* Effect.mapError(Rows.fingerprint(task, url), invalidFile(task))
    // What a sandbox has is gone when the command ends.
    const store = isSandbox
      ? yield* Effect.provide(KeyValueStore.KeyValueStore, KeyValueStore.layerMemory)
      : yield* Checkpoint.open(task.file)
    const checkpoint: ContactsBulk.Checkpoint = { store, name: "import", source }
    if (task.isRestarted) yield* ContactsBulk.clear(checkpoint)
    const before = yield* ContactsBulk.progress(checkpoint)
    yield* refuseTwice(task, before)
    return {
      checkpoint,
      counts: countsOf(before),
      wasComplete: Option.exists(before, ({ isComplete }) => isComplete)
    }
  })

const unusable = (task: Task) => (error: ContactsBulk.CheckpointError) =>
  error.reason === "SourceMismatch"
    ? usageError(
        `${task.file} is not as it was when its import was begun, or is given with other options: use the file and the ` +
          "options that you began with, or begin anew with --restart, which sends all of it again"
      )
    : new CliExit({
        code: codes.unexpected,
        message: `${Checkpoint.directoryOf(task.file)}: ${error.message}. --restart forgets it and sends all of the file again.`
      })

/** The lines of rows, by their places in the list. */
const linesOf = (options: Rows.Options, places: ReadonlyArray<number>) => {
  const wanted = new Set(places.slice(0, shown))
  return Stream.zipWithIndex(Rows.rows(options)).pipe(
    Stream.filter(([, index]) => wanted.has(index)),
    Stream.runFold([] as ReadonlyArray<number>, (lines, [{ line }]) => [...lines, line]),
    Effect.mapError(invalidFile(options))
  )
}

const showUnresolved = (task: Task, { unresolved = [] }: ContactsBulk.BulkStopped) =>
  unresolved.length === 0
    ? Effect.void
    : Effect.flatMap(linesOf(task, unresolved), (lines) =>
        Effect.forEach(lines, (line) => Console.error(`line ${line}: no known outcome yet`), { discard: true })
      )

/** Sends what was not sent yet, and shows how far it is. */
const send = (task: Task, { checkpoint, counts }: Opened, rows: number, hint: string) =>
  Effect.gen(function* () {
    const service = Upserting.forImport(yield* ContactsService, task)
    const sums = { ...counts }
    const progress = yield* makeProgress(sums, rows)
    const contacts = Stream.map(Rows.rows(task), ({ contact }) => contact).pipe(Stream.mapError(invalidFile(task)))
    return yield* ContactsBulk.upsertMany(contacts, { checkpoint }).pipe(
      Stream.runForEach(({ _tag }) => Effect.sync(() => void (sums[kinds[_tag]] += 1))),
      Effect.provideService(ContactsService, service),
      Effect.raceFirst(progress.showing),
      Effect.ensuring(progress.end),
      Effect.onInterrupt(() => Console.error(`Interrupted: ${summary(sums)}. ${hint}`)),
      Effect.as(undefined),
      Effect.catchTag("BulkStopped", Effect.succeed)
    )
  })

/** Says what came of the import, and how the command ends. */
const conclude = (
  task: Task,
  { checkpoint, wasComplete }: Opened,
  ended: ContactsBulk.BulkStopped | undefined,
  hint: string
) =>
  Effect.gen(function* () {
    const { url } = yield* Session
    const { file, hasChanged } = yield* Report.write(task, url, checkpoint)
    const { rejected, unknown, ...applied } = countsOf(yield* ContactsBulk.progress(checkpoint))
    // What failed is in the report now.
    if (ended === undefined) yield* ContactsBulk.clearDeadLetters(checkpoint)
    yield* Console.log(summary({ rejected, unknown, ...applied }))
    if (file !== undefined) yield* Console.log(`What was not applied, and why: ${file}`)
    if (hasChanged) {
      return yield* usageError(
        `${task.file} has changed while it was imported: rows of it may be missing. Begin anew with --restart.`
      )
    }
    if (ended !== undefined) {
      yield* showUnresolved(task, ended)
      return yield* fromStopped(ended, hint)
    }
    if (rejected + unknown > 0) {
      const before = wasComplete && file === undefined ? ": their report was written when the import ended" : ""
      return yield* new CliExit({
        code: codes.rejected,
        message: `${counted(rejected + unknown, "row")} not applied${before}`
      })
    }
  })

/** Sends what was not sent yet. */
export const run = (task: Task): Effect.Effect<void, CliExit, ContactsService | Session> =>
  Effect.gen(function* () {
    if (task.isResumed && task.isRestarted) return yield* usageError("Either --resume or --restart")
    const checked = yield* check(task)
    const open = yield* opened(task)
    yield* showMatches(checked)
    yield* showBlanks(task, checked)
    if (checked.invalid > 0) {
      yield* Console.error(
        `${counted(checked.invalid, "row")} will be rejected: --dry-run says why before anything is sent`
      )
    }
    const { isSandbox } = yield* Session
    const hint = isSandbox ? "The sandbox is gone, and all that it had." : `Go on with: ${task.again}`
    const ended = yield* send(task, open, checked.rows, hint)
    yield* conclude(task, open, ended, hint)
  }).pipe(
    Effect.scoped,
    Effect.catchTag("CheckpointError", (error) => Effect.fail(unusable(task)(error)))
  )
