// Imports a file: checks all rows, sends them and saves the progress in a checkpoint, and writes a report.
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ContactsBulk from "effect-growthhub/ContactsBulk"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactsHttp } from "effect-growthhub/HttpLayer"
import { LocationId } from "effect-growthhub/Schema"
import * as Checkpoint from "./Checkpoint.js"
import { CliExit, codes, fromStopped, usageError } from "../CliExit.js"
import { Session } from "../Connection.js"
import { plain } from "../Layout.js"
import { check, dryRun, showLeftOut, showMatches, showNotes } from "./Check.js"
import * as CustomFields from "./CustomFields.js"
import type { InvalidFile } from "./InvalidFile.js"
import * as List from "./List.js"
import * as Mapping from "./Mapping.js"
import { counted, type Counts, countsOf, kinds, makeProgress, summary } from "./Progress.js"
import * as Report from "./Report.js"
import * as Upserting from "./Upserting.js"

/** The parameters of an import. */
export interface Task {
  readonly options: List.Options
  /** The name of the list in messages: its file, or "Standard input". */
  readonly name: string
  /** The path from which the names of checkpoint and report are derived. */
  readonly beside: string
  /** Whether the progress is saved, so that the import can be resumed. */
  readonly isResumable: boolean
  /** Whether the summary is printed as JSON. */
  readonly isJson: boolean
  /** The command that resumes the import, for messages. */
  readonly again: string
  /** The command that removes the checkpoint and the reports, for messages. */
  readonly forgets: string
  /** Whether it continues an earlier import that has not ended. */
  readonly isResumed: boolean
  /** Whether it discards the progress of an earlier import. */
  readonly isRestarted: boolean
  /** The directory of the checkpoint and the report; undefined for the directory of the file. */
  readonly directory: string | undefined
  /** The file to which the mapping of the columns is written. */
  readonly savedMapping: string | undefined
}

/** The number of lines that are shown one by one. */
const shown = 50

const invalidFile =
  ({ name }: Task) =>
  (error: InvalidFile) =>
    usageError(`${name}: ${error.message.split("\n").map(plain).join("\n")}`)

const openList = <R>(task: Task, find: CustomFields.Find<R>): Effect.Effect<List.List, CliExit, R> =>
  Effect.gen(function* () {
    const list = yield* Effect.mapError(List.open(task.options, find), invalidFile(task))
    if (task.savedMapping !== undefined) yield* Mapping.save(task.savedMapping, list.columns)
    return list
  })

/** A placeholder location for rows that are only checked. */
const anyLocation = LocationId.make("anyLocation")

const withoutLocation =
  "Checked without a location: the import itself needs --location or GROWTHHUB_LOCATION_ID, or a location in each row"

/** Checks the file without sending rows. Without a connection, custom fields are not looked up. */
export const tryImport = (task: Task, connection: Layer.Layer<ContactsHttp, CliExit>): Effect.Effect<void, CliExit> => {
  const find: CustomFields.Find = (names) =>
    CustomFields.find(task.options.locationId)(names).pipe(
      Effect.provide(connection),
      Effect.catchAll(({ code, message }) =>
        Effect.succeed(Either.left(code === codes.credentials ? undefined : message))
      )
    )
  const locationId = task.options.locationId ?? anyLocation
  const checked = { ...task, options: { ...task.options, locationId } }
  return Effect.gen(function* () {
    const list = yield* openList(checked, find)
    if (task.options.locationId === undefined && !List.isAddressed(list)) yield* Console.error(withoutLocation)
    yield* dryRun(list, checked)
  })
}

// --- the import --------------------------------------------------------------------------------------------------------

/** An import whose checkpoint is open and locked. */
interface Opened {
  readonly checkpoint: ContactsBulk.Checkpoint
  readonly counts: Counts
  /** Whether an earlier run has finished all rows. */
  readonly wasComplete: boolean
}

/** Fails if the import has a checkpoint of an earlier run, unless it is resumed. */
const refuseTwice = ({ name, isResumed }: Task, before: Option.Option<ContactsBulk.Progress>) => {
  if (Option.isNone(before) || isResumed) return Effect.void
  const { counts, isComplete } = before.value
  return usageError(
    isComplete
      ? `${name} was imported before: ${summary(counts)}. With --restart all rows are sent again.`
      : `An earlier import of ${name} has not ended: ${summary(counts)}.\nContinue it with --resume, or start again with --restart.`
  )
}

/** Opens the checkpoint of the import, and locks it until the scope ends. */
const openCheckpoint = (
  task: Task
): Effect.Effect<Opened, CliExit | ContactsBulk.CheckpointError, Session | Scope.Scope> =>
  Effect.gen(function* () {
    const { url, isSandbox } = yield* Session
    const source = yield* Effect.mapError(List.fingerprint(task.options, url), invalidFile(task))
    // The data of a sandbox is lost when the command ends, so its checkpoint is kept in memory.
    const isKept = task.isResumable && !isSandbox
    const store = !isKept
      ? yield* Effect.provide(KeyValueStore.KeyValueStore, KeyValueStore.layerMemory)
      : yield* Checkpoint.open(task.beside, task.directory)
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
        `${task.name} or its options have changed since the import was started: use the same file and options, or start ` +
          "again with --restart, which sends all rows again"
      )
    : new CliExit({
        code: codes.unexpected,
        message: `${Checkpoint.directoryOf(task.beside, task.directory)}: ${error.message}. --restart removes it and sends all rows again.`
      })

/** The line numbers of rows, by their positions in the list. */
const linesOf = (task: Task, list: List.List, places: ReadonlyArray<number>) => {
  const wanted = new Set(places.slice(0, shown))
  return Stream.zipWithIndex(List.rows(list)).pipe(
    Stream.filter(([, index]) => wanted.has(index)),
    Stream.runFold([] as ReadonlyArray<number>, (lines, [{ line }]) => [...lines, line]),
    Effect.mapError(invalidFile(task))
  )
}

const showUnresolved = (task: Task, list: List.List, { unresolved = [] }: ContactsBulk.BulkStopped) =>
  unresolved.length === 0
    ? Effect.void
    : Effect.flatMap(linesOf(task, list, unresolved), (lines) =>
        Effect.forEach(lines, (line) => Console.error(`${List.nounOf(list)} ${line}: no known outcome yet`), {
          discard: true
        })
      )

/** Sends the rows that no earlier run has sent, and shows the progress. */
const send = (task: Task, list: List.List, { checkpoint, counts }: Opened, rows: number, hint: string) =>
  Effect.gen(function* () {
    const { options, isResumed } = task
    const service = Upserting.forImport(yield* ContactsService, { ...options, isResumed })
    const sums = { ...counts }
    const progress = yield* makeProgress(sums, rows)
    const contacts = Stream.map(List.rows(list), ({ contact }) => contact).pipe(Stream.mapError(invalidFile(task)))
    return yield* ContactsBulk.upsertMany(contacts, {
      checkpoint,
      isSafeToRetry: Upserting.isSafeToRetry(options.mode),
      identitiesOf: Upserting.identitiesOf
    }).pipe(
      Stream.runForEach(({ _tag }) => Effect.sync(() => void (sums[kinds[_tag]] += 1))),
      Effect.provideService(ContactsService, service),
      Effect.raceFirst(progress.showing),
      Effect.ensuring(progress.end),
      Effect.onInterrupt(() => Console.error(`Interrupted: ${summary(sums)}. ${hint}`)),
      Effect.as(undefined),
      Effect.catchTag("BulkStopped", Effect.succeed)
    )
  })

const checkpointStays = ({ forgets }: Task, isReported: boolean) =>
  `The checkpoint stays, so that nothing is imported twice. This removes it${isReported ? " and the report" : ""}: ${forgets}`

/** Writes the report, prints the result, and fails if rows were not applied or the run stopped. */
const conclude = (
  task: Task,
  list: List.List,
  { checkpoint, wasComplete }: Opened,
  ended: ContactsBulk.BulkStopped | undefined,
  hint: string
) =>
  Effect.gen(function* () {
    const { url, isSandbox } = yield* Session
    const { file, hasChanged } = yield* Report.write(task, list, url, checkpoint)
    const { rejected, unknown, ...applied } = countsOf(yield* ContactsBulk.progress(checkpoint))
    // The report holds all failures now, so the checkpoint need not keep them.
    if (ended === undefined) yield* ContactsBulk.clearDeadLetters(checkpoint)
    const counts = { ...applied, rejected, unknown }
    const isComplete = ended === undefined && !hasChanged
    if (task.isJson) yield* Console.log(JSON.stringify({ ...counts, isComplete, report: file ?? null }))
    else yield* Console.log(summary(counts))
    if (file !== undefined && !task.isJson) yield* Console.log(`What was not applied, and why: ${file}`)
    if (hasChanged) {
      return yield* usageError(
        `${task.name} has changed while it was imported: rows of it may be missing. Begin anew with --restart.`
      )
    }
    if (ended !== undefined) {
      yield* showUnresolved(task, list, ended)
      return yield* fromStopped(ended, hint)
    }
    if (task.isResumable && !isSandbox && !task.isJson) yield* Console.error(checkpointStays(task, file !== undefined))
    if (rejected + unknown > 0) {
      const before = wasComplete && file === undefined ? ": their report was written when the import ended" : ""
      return yield* new CliExit({
        code: codes.rejected,
        message: `${counted(rejected + unknown, "row")} not applied${before}`
      })
    }
  })

const unsaved = "the progress of an import of standard input is saved only with --checkpoint DIR"

/** The hint how to continue an import that has not ended. */
const hintOf = ({ again, isResumable, name, options: { file } }: Task) => {
  if (!isResumable) return `It cannot be resumed: ${unsaved}`
  return `Continue with: ${again}${name === file ? "" : " (and the same standard input)"}`
}

/** Runs an import: sends the rows that no earlier run has sent. */
export const run = (task: Task): Effect.Effect<void, CliExit, ContactsHttp | ContactsService | Session> =>
  Effect.gen(function* () {
    if (task.isResumed && task.isRestarted) return yield* usageError("Either --resume or --restart")
    if (task.isResumed && !task.isResumable) return yield* usageError(`Nothing to resume: ${unsaved}`)
    const list = yield* openList(task, CustomFields.find(task.options.locationId))
    const checked = yield* check(list, task.name)
    const open = yield* openCheckpoint(task)
    yield* showNotes(list)
    yield* showMatches(list, checked)
    yield* showLeftOut(checked, task.options.clearsNulls)
    if (checked.invalid > 0) {
      yield* Console.error(
        `${counted(checked.invalid, "row")} will be rejected: --dry-run says why before anything is sent`
      )
    }
    const { isSandbox } = yield* Session
    const hint = isSandbox ? "The sandbox is gone, and all that it had." : hintOf(task)
    const ended = yield* send(task, list, open, checked.rows, hint)
    yield* conclude(task, list, open, ended, hint)
  }).pipe(
    Effect.scoped,
    Effect.catchTag("CheckpointError", (error) => Effect.fail(unusable(task)(error)))
  )
