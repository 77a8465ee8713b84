// A lock file that names the process that holds it. If that process has ended, the next process takes the lock at once.
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { rename, rm } from "node:fs/promises"
import { hostname } from "node:os"
import { setTimeout } from "node:timers/promises"
import * as PrivateFiles from "./PrivateFiles.js"

const Holder = Schema.parseJson(Schema.Struct({ pid: Schema.NonNegativeInt, host: Schema.String, id: Schema.String }))

type Holder = typeof Holder.Type

const decodeHolder = Schema.decodeUnknownOption(Holder)

/** The ids of the locks that this process holds. */
const heldLockIds = new Set<string>()

/** Whether a process has ended but keeps its number, because its parent has not read its exit code yet. */
const isZombie = (pid: number): boolean => {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\)/s, ""))
  } catch {
    return false
  }
}

const isRunning = (pid: number): boolean => {
  try {
    // 0 and negative numbers would mean process groups.
    return pid > 0 && process.kill(pid, 0) && !isZombie(pid)
  } catch (error) {
    // The process runs, but belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

/** Whether the holder may still be running. A process on another machine cannot be checked, so it counts as running. */
const isHeld = ({ pid, host, id }: Holder): boolean => {
  if (host !== hostname()) return true
  // A process of an earlier container may have had this process's number.
  return pid === process.pid ? heldLockIds.has(id) : isRunning(pid)
}

const textOf = (file: string): Promise<string | undefined> =>
  PrivateFiles.read(file).catch((error: unknown) => {
    if (PrivateFiles.isMissing(error)) return undefined
    throw error
  })

/** Removes a lock whose holder has ended, unless another process has just removed and taken it. */
const removeStale = async (file: string, stale: string): Promise<void> => {
  const aside = `${file}.${randomUUID().slice(0, 8)}.tmp`
  await rename(file, aside).catch((error: unknown) => {
    if (!PrivateFiles.isMissing(error)) throw error
  })
  const moved = await textOf(aside)
  if (moved !== undefined && moved !== stale) await PrivateFiles.create(file, moved)
  await rm(aside, { force: true })
}

/** The time to wait for a process that is just ending, and the polling interval, in milliseconds. */
const wait = { total: 2000, interval: 50 } as const

/** Takes the lock, or returns its holder. */
const acquire = async (file: string, id: string): Promise<Option.Option<Holder>> => {
  const text = JSON.stringify({ pid: process.pid, host: hostname(), id } satisfies Holder)
  for (let waited = 0; ;) {
    if (await PrivateFiles.create(file, text)) return Option.none()
    const found = await textOf(file)
    if (found === undefined) continue
    const holder = Option.filter(decodeHolder(found), isHeld)
    if (Option.isNone(holder)) await removeStale(file, found)
    else if (waited >= wait.total) return holder
    else {
      await setTimeout(wait.interval)
      waited += wait.interval
    }
  }
}

const release = async (file: string, id: string): Promise<void> => {
  const found = decodeHolder(await textOf(file))
  if (Option.isSome(found) && found.value.id === id) await rm(file, { force: true })
}

/**
 * Holds the lock until the scope ends.
 *
 * - `onHeld`: the failure if another process holds it.
 * - `onFailure`: the failure if the file cannot be read or written.
 */
export const hold = <E>(
  file: string,
  onHeld: (pid: number, host: string) => E,
  onFailure: () => E
): Effect.Effect<void, E, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.suspend(() => {
      const id = randomUUID()
      heldLockIds.add(id)
      return Effect.tryPromise({ try: () => acquire(file, id), catch: onFailure }).pipe(
        Effect.flatMap(
          Option.match({ onNone: () => Effect.succeed(id), onSome: ({ pid, host }) => Effect.fail(onHeld(pid, host)) })
        ),
        Effect.onError(() => Effect.sync(() => heldLockIds.delete(id)))
      )
    }),
    (id) =>
      Effect.promise(() => release(file, id).catch(() => undefined)).pipe(
        Effect.zipRight(Effect.sync(() => heldLockIds.delete(id)))
      )
  ).pipe(Effect.asVoid)
