// Exports all contacts of a search: fetches them page by page into a partial file, and writes the output once all are there.
import * as Chunk from "effect/Chunk"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ContactsBulk from "effect-growthhub/ContactsBulk"
import { type ContactsService } from "effect-growthhub/ContactsService"
import type * as Filter from "effect-growthhub/Filter"
import type { LocationId, SearchedContact } from "effect-growthhub/Schema"
import { createHash } from "node:crypto"
import { lstat, mkdtemp, rm, type FileHandle } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { CliExit, codes, fromError, usageError } from "../CliExit.js"
import { requiredLocation, Session } from "../Connection.js"
import * as Lock from "../import/Lock.js"
import { counted } from "../import/Progress.js"
import { toExported } from "./Contacts.js"
import * as NewFile from "./NewFile.js"
import * as Partial from "./Partial.js"
import { makeProgress } from "./Progress.js"
import * as Writing from "./Writing.js"

/** The parameters of an export. */
export interface Task extends Writing.Form {
  readonly filters: ReadonlyArray<Filter.Filter>
  /** Whether it continues an earlier export that has not ended. */
  readonly isResumed: boolean
  /** Whether it discards an earlier export that has not ended. */
  readonly isRestarted: boolean
  /** Whether it replaces an existing file. */
  readonly isReplaced: boolean
}

interface Search {
  readonly locationId: LocationId
  readonly filters: ReadonlyArray<Filter.Filter>
  readonly searchAfter?: ReadonlyArray<unknown> | undefined
}

const attempt = <A>(file: string, run: () => Promise<A>): Effect.Effect<A, CliExit> =>
  Effect.tryPromise({ try: run, catch: () => usageError(`${file} cannot be written`) })

const entryOf = (contact: SearchedContact): Partial.Entry => ({
  ...toExported(contact),
  searchAfter: contact.searchAfter
})

/** The fingerprint of an export. It differs for another service, another location or other filters. */
const fingerprintOf = (url: string, search: Search): string =>
  createHash("sha256")
    .update(JSON.stringify([url, search.locationId, search.filters]))
    .digest("hex")

/** Fetches the contacts after the last one in the partial file, and appends them to it. */
const fetchInto = (handle: FileHandle, search: Search, before: number) =>
  Effect.gen(function* () {
    const progress = yield* makeProgress(search, before)
    yield* ContactsBulk.searchAll(search).pipe(
      Stream.mapError(fromError),
      Stream.chunks,
      Stream.runForEach((page) =>
        Effect.zipRight(
          attempt("The export", () => Partial.append(handle, Chunk.map(page, entryOf))),
          progress.add(page.length)
        )
      ),
      Effect.ensuring(progress.end)
    )
  })

const opened = (file: string): Effect.Effect<FileHandle, CliExit, Scope.Scope> =>
  Effect.acquireRelease(
    attempt(Partial.fileOf(file), () => Partial.openFile(file)),
    (handle) => Effect.promise(() => handle.close())
  )

const isThere = (file: string) => usageError(`The file ${file} exists already: --overwrite replaces it`)

const exists = (file: string): Effect.Effect<boolean> =>
  Effect.promise(() =>
    lstat(file).then(
      () => true,
      () => false
    )
  )

/** The state from which an export starts: that of an earlier export with `--resume`, or else the beginning. */
const startingPoint = (task: Task, file: string, handle: FileHandle, fingerprint: string) =>
  Effect.gen(function* () {
    const state = yield* attempt(file, () => Partial.stateOf(handle))
    const isBegun = state.fingerprint !== undefined && !task.isRestarted
    if (!isBegun) {
      yield* attempt(file, () => Partial.begin(handle, fingerprint))
      return { count: 0, searchAfter: undefined }
    }
    if (!task.isResumed) {
      return yield* usageError(
        `An earlier export to ${file} has not ended: ${counted(state.count, "contact")}. ` +
          "Continue it with --resume, or start again with --restart."
      )
    }
    if (state.fingerprint !== fingerprint) {
      return yield* usageError(
        `The export to ${file} was started for another location or with other filters: use those, or start again with --restart`
      )
    }
    yield* attempt(file, () => handle.truncate(state.size))
    return state
  })

/** Writes the finished file. */
const writeOutput = (task: Task, file: string, text: AsyncIterable<string>): Effect.Effect<void, CliExit> =>
  Effect.flatMap(
    attempt(file, () => NewFile.write(file, text, task.isReplaced)),
    (isWritten) => (isWritten ? Effect.void : Effect.fail(isThere(file)))
  )

const showLeftOut = ({ leftOut }: Writing.Written) =>
  leftOut.length === 0
    ? Effect.void
    : Console.error(`Left out, because no cell can hold them: ${leftOut.join(", ")}. --format ndjson keeps them.`)

const writtenFrom = (task: Task, file: string, handle: FileHandle) =>
  attempt(file, () => Writing.write(() => Partial.contactsOf(handle), task))

const hintOf = (file: string) =>
  `The fetched contacts are in ${Partial.fileOf(file)}. Continue with the same command and --resume.`

const withHint = (file: string) => (end: CliExit) =>
  end.error === undefined ? end : new CliExit({ ...end, message: `${end.message}\n${hintOf(file)}` })

const lockedBy = (file: string) => (pid: number, host: string) =>
  new CliExit({
    code: codes.unavailable,
    message: `Another export to ${file} is running: process ${pid} on ${host}. Wait until it ends, or end it.`
  })

/** Exports to a file. It can be interrupted and resumed at any moment. */
export const toFile = (task: Task, file: string): Effect.Effect<void, CliExit, ContactsService | Session> =>
  Effect.gen(function* () {
    if (task.isResumed && task.isRestarted) return yield* usageError("Either --resume or --restart")
    if (!task.isReplaced && (yield* exists(file))) {
      return yield* isThere(file)
    }
    const search: Search = { locationId: yield* requiredLocation, filters: task.filters }
    const { url } = yield* Session
    const partial = Partial.fileOf(file)
    yield* Lock.hold(`${partial}.lock`, lockedBy(file), () => usageError(`${partial}.lock cannot be written`))
    const handle = yield* opened(file)
    const { count, searchAfter } = yield* startingPoint(task, file, handle, fingerprintOf(url, search))
    yield* fetchInto(handle, { ...search, searchAfter }, count).pipe(
      Effect.mapError(withHint(file)),
      Effect.onInterrupt(() => Console.error(`Interrupted. ${hintOf(file)}`))
    )
    const written = yield* writtenFrom(task, file, handle)
    yield* writeOutput(task, file, written.text)
    yield* showLeftOut(written)
    const total = (yield* attempt(file, () => Partial.stateOf(handle))).count
    yield* Effect.promise(() => rm(partial, { force: true }))
    yield* Console.error(`${counted(total, "contact")}: ${file}`)
  }).pipe(Effect.scoped)

/** Exports to standard output, after all contacts are in a temporary file: the header of a CSV depends on all of them. */
export const toOutput = (task: Task): Effect.Effect<void, CliExit, ContactsService | Session> =>
  Effect.gen(function* () {
    if (task.isResumed || task.isRestarted || task.isReplaced) {
      return yield* usageError("--resume, --restart and --overwrite are for an export to a file")
    }
    const search: Search = { locationId: yield* requiredLocation, filters: task.filters }
    const directory = yield* Effect.acquireRelease(
      attempt(tmpdir(), () => mkdtemp(join(tmpdir(), "growthhub-"))),
      (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
    )
    const file = join(directory, "contacts")
    const handle = yield* opened(file)
    yield* fetchInto(handle, search, 0)
    const written = yield* writtenFrom(task, file, handle)
    yield* Stream.fromAsyncIterable(written.text, () => usageError("The export cannot be read")).pipe(
      Stream.runForEach((text) => Console.log(text.replace(/\r?\n$/, "")))
    )
    yield* showLeftOut(written)
  }).pipe(Effect.scoped)
