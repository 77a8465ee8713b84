// A lock file that says which process holds it. The lock of a process that has ended is free at once.
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

/** Locks of this process. */
const own = new Set<string>()

/** A process that has ended may keep its number until its parent has asked for its exit code. */
const isZombie = (pid: number): boolean => {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\)/s, ""))
  } catch {
    return false
  }
}

const isRunning = (pid: number): boolean => {
  try {
    // 0 and negative numbers would name groups of processes.
    return pid > 0 && process.kill(pid, 0) && !isZombie(pid)
  } catch (error) {
    // Somebody else's.
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

/** Whether the holder may still be at work. Of a process on another machine nobody can tell. */
const isHeld = ({ pid, host, id }: Holder): boolean => {
  if (host !== hostname()) return true
  // A process of an earlier container may have had this number.
  return pid === process.pid ? own.has(id) : isRunning(pid)
}

const textOf = (file: string): Promise<string | undefined> =>
  PrivateFiles.read(file).catch((error: unknown) => {
    if (PrivateFiles.isMissing(error)) return undefined
    throw error
  })

/** Removes a lock that nobody holds, unless another process has just done so and taken it. */
const removeStale = async (file: string, stale: string): Promise<void> => {
  const aside = `${file}.${randomUUID().slice(0, 8)}.tmp`
  await rename(file, aside).catch((error: unknown) => {
    if (!PrivateFiles.isMissing(error)) throw error
  })
  const moved = await textOf(aside)
  if (moved !== undefined && moved !== stale) await PrivateFiles.create(file, moved)
  await rm(aside, { force: true })
}

/** How long to wait for a process that is just ending, and how often to look, in milliseconds. */
const patience = { total: 2000, interval: 50 } as const

/** Takes the lock, or says who holds it. */
const take = async (file: string, id: string): Promise<Option.Option<Holder>> => {
  const text = JSON.stringify({ pid: process.pid, host: hostname(), id } satisfies Holder)
  for (let waited = 0; ;) {
    if (await PrivateFiles.create(file, text)) return Option.none()
    const found = await textOf(file)
    if (found === undefined) continue
    const holder = Option.filter(decodeHolder(found), isHeld)
    if (Option.isNone(holder)) await removeStale(file, found)
    else if (waited >= patience.total) return holder
    else {
      await setTimeout(patience.interval)
      waited += patience.interval
    }
  }
}

const giveBack = async (file: string, id: string): Promise<void> => {
  const found = decodeHolder(await textOf(file))
  if (Option.isSome(found) && found.value.id === id) await rm(file, { force: true })
}

/**
 * Holds the lock until the scope ends.
 *
 * - `onHeld`: the failure where another process holds it.
 * - `onFailure`: the failure where the file cannot be read or written.
 */
export const hold = <E>(
  file: string,
  onHeld: (pid: number, host: string) => E,
  onFailure: () => E
): Effect.Effect<void, E, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.suspend(() => {
      const id = randomUUID()
      own.add(id)
      return Effect.tryPromise({ try: () => take(file, id), catch: onFailure }).pipe(
        Effect.flatMap(
          Option.match({ onNone: () => Effect.succeed(id), onSome: ({ pid, host }) => Effect.fail(onHeld(pid, host)) })
        ),
        Effect.onError(() => Effect.sync(() => own.delete(id)))
      )
    }),
    (id) =>
      Effect.promise(() => giveBack(file, id).catch(() => undefined)).pipe(
        Effect.zipRight(Effect.sync(() => own.delete(id)))
      )
  ).pipe(Effect.asVoid)
