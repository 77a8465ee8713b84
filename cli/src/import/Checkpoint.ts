// The checkpoint of an import: a directory beside its file. Only its owner can read it, and one import at a time uses it.
import { SystemError } from "@effect/platform/Error"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import { lstat, mkdir, readdir, rm } from "node:fs/promises"
import { basename, join, resolve } from "node:path"
import { codes, CliExit, usageError } from "../CliExit.js"
import * as Lock from "./Lock.js"
import * as PrivateFiles from "./PrivateFiles.js"

/**
 * The path of a checkpoint. It is derived from the path of the imported file only, never from the contents of a checkpoint.
 * With `--checkpoint DIR`, files of the same name from different directories have different checkpoints.
 */
export const directoryOf = (file: string, parent: string | undefined): string => {
  if (parent === undefined) return `${file}.checkpoint`
  const hash = createHash("sha256").update(resolve(file)).digest("hex").slice(0, 8)
  return join(parent, `${basename(file)}-${hash}.checkpoint`)
}

const attempt = <A>(method: string, run: () => Promise<A>) =>
  Effect.tryPromise({
    try: run,
    catch: () => new SystemError({ reason: "Unknown", module: "KeyValueStore", method, description: "File" })
  })

/** The names of the checkpoint's own files, without the lock. */
const keys = (directory: string) =>
  Effect.map(
    attempt("size", () => readdir(directory)),
    (names) => names.filter((name) => name.startsWith("import."))
  )

const storeIn = (directory: string): KeyValueStore.KeyValueStore => {
  const fileOf = (key: string) => join(directory, encodeURIComponent(key))
  const remove = (name: string) => attempt("remove", () => rm(join(directory, name), { force: true }))
  return KeyValueStore.makeStringOnly({
    get: (key) =>
      attempt("get", () =>
        PrivateFiles.read(fileOf(key)).then(Option.some, (error: unknown) => {
          if (PrivateFiles.isMissing(error)) return Option.none<string>()
          throw error
        })
      ),
    // A link counts too: it is never read, but it must be removable.
    has: (key) =>
      attempt("has", () =>
        lstat(fileOf(key)).then(
          () => true,
          (error: unknown) => {
            if (PrivateFiles.isMissing(error)) return false
            throw error
          }
        )
      ),
    set: (key, value: string) => attempt("set", () => PrivateFiles.replace(fileOf(key), value)),
    remove: (key) => remove(encodeURIComponent(key)),
    clear: Effect.flatMap(keys(directory), (names) => Effect.forEach(names, remove, { discard: true })),
    size: Effect.map(keys(directory), (names) => names.length)
  })
}

const heldBy = (file: string, directory: string) => (pid: number, host: string) =>
  new CliExit({
    code: codes.unavailable,
    message:
      `Another import of ${file} is running: process ${pid} on ${host}. Wait until it ends, or end it. ` +
      `If there is no such process, remove ${join(directory, "lock")}.`
  })

/** Opens the store of the checkpoint, and locks it until the scope ends. */
export const open = (
  file: string,
  parent: string | undefined
): Effect.Effect<KeyValueStore.KeyValueStore, CliExit, Scope.Scope> => {
  const directory = directoryOf(file, parent)
  const unusable = () =>
    usageError(
      `The checkpoint cannot be written to ${directory}: it must be a directory that belongs to you, not a link.`
    )
  return Effect.tryPromise({
    try: async () => {
      if (parent !== undefined) await mkdir(parent, { recursive: true, mode: 0o700 })
      await PrivateFiles.makeDirectory(directory)
    },
    catch: unusable
  }).pipe(
    Effect.zipRight(Lock.hold(join(directory, "lock"), heldBy(file, directory), unusable)),
    // Removes temporary files of a killed process. Those of the lock stay, because another process may be taking the lock.
    Effect.zipRight(
      Effect.tryPromise({
        try: async () => {
          const left = (await readdir(directory)).filter(
            (name) => PrivateFiles.isTemporary(name) && !name.startsWith("lock.")
          )
          await Promise.all(left.map((name) => rm(join(directory, name), { force: true })))
        },
        catch: unusable
      })
    ),
    Effect.as(storeIn(directory))
  )
}

/** Removes the checkpoint of a file. Fails if an import uses it. Returns whether there was one. */
export const forget = (file: string, parent: string | undefined): Effect.Effect<boolean, CliExit> => {
  const directory = directoryOf(file, parent)
  const unusable = () =>
    usageError(`${directory} cannot be removed: it must be a directory that belongs to you, not a link`)
  return Effect.gen(function* () {
    const isThere = yield* Effect.promise(() =>
      lstat(directory).then(
        () => true,
        () => false
      )
    )
    if (!isThere) return false
    // The lock is held during the removal, so that no import starts meanwhile.
    yield* Effect.scoped(
      Effect.zipRight(
        open(file, parent),
        Effect.tryPromise({ try: () => rm(directory, { recursive: true }), catch: unusable })
      )
    )
    return true
  })
}
