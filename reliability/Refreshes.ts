// R3 and R4: the number of refreshes when a token expires during many calls at once, of one process or of several.
import * as Effect from "effect/Effect"
import * as TokenStore from "effect-growthhub/TokenStore"
import * as TokenStoreFile from "effect-growthhub/TokenStoreFile"
import type { ChildProcess } from "node:child_process"
import { join } from "node:path"
import type { Task } from "./caller.js"
import * as Child from "./Child.js"
import { type Figure, worst } from "./Figure.js"
import * as Installation from "./Installation.js"
import type { Judge } from "./Judge.js"
import * as Rival from "./Rival.js"
import * as Place from "./Place.js"
import * as Stores from "./Stores.js"

export interface Refreshed {
  readonly refreshes: number
  readonly calls: number
  readonly succeeded: number
}

const location = "ve9EPM428h8vShlRW1KT"

/** Makes calls whose access token has just expired, and counts the refreshes. */
const ending = (judge: Judge, calls: number, calling: Effect.Effect<number>): Effect.Effect<Refreshed> =>
  Effect.gen(function* () {
    yield* judge.expireTokens
    const before = yield* Installation.exchanges(judge)
    const succeeded = yield* calling
    return { refreshes: (yield* Installation.exchanges(judge)) - before, calls, succeeded }
  })

const worker = Effect.map(Child.spawn("./caller.ts", ["worker"]), ({ child }) => child)

const asked = (child: ChildProcess, task: Task) =>
  Effect.map(Child.ask<{ readonly succeeded: number }>(child, task), ({ succeeded }) => succeeded)

/** Makes about 100 calls in all, from several processes that share a store. */
const sharing = (
  judge: Judge,
  children: ReadonlyArray<ChildProcess>,
  store: TokenStore.Service,
  where: Task["store"]
) =>
  Effect.gen(function* () {
    yield* judge.reset
    yield* Installation.connect(judge, store, [location])
    const calls = Math.ceil(100 / children.length)
    const task: Task = { url: judge.url, app: Installation.app, store: where, locations: [location], calls, spread: 0 }
    const all = Effect.all(
      children.map((child) => asked(child, task)),
      { concurrency: "unbounded" }
    )
    return yield* ending(
      judge,
      calls * children.length,
      Effect.map(all, (counts) => counts.reduce((sum, count) => sum + count, 0))
    )
  })

/** Runs R3 with one child process. */
export const runAlone = (judge: Judge, seeds: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const child = yield* worker
      const where = { directory: yield* Installation.directory }
      const store = yield* Effect.orDie(TokenStoreFile.make(where))
      return yield* Effect.forEach(
        Array.from({ length: seeds }).flatMap(() => [
          { calls: 50, spread: 0 },
          { calls: 500, spread: 0 },
          { calls: 50, spread: 1500 },
          { calls: 500, spread: 1500 }
        ]),
        ({ calls, spread }) =>
          Effect.gen(function* () {
            yield* judge.reset
            yield* Installation.connect(judge, store, [location])
            const task = { url: judge.url, app: Installation.app, store: where, locations: [location], calls, spread }
            return yield* ending(judge, calls, asked(child, task))
          })
      )
    })
  )

/** Runs R4 with 4 and 16 processes, for each kind of store that this machine has. */
export const runTogether = (judge: Judge, seeds: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const stores = yield* Effect.forEach(Object.values(Stores.fresh), (fresh) =>
        Effect.gen(function* () {
          const place = yield* fresh
          return [yield* Effect.orDie(Place.open(place)), place] as const
        })
      )
      const children = yield* Effect.replicateEffect(worker, 16)
      return yield* Effect.forEach(
        Array.from({ length: seeds }).flatMap(() =>
          stores.flatMap((store) => [4, 16].map((count) => [store, count] as const))
        ),
        ([[store, where], count]) => sharing(judge, children.slice(0, count), store, where)
      )
    })
  )

/** The official SDK: 50 and 500 calls in one process, then 4 and 16 processes that share a file of sessions. */
export const runRival = (judge: Judge) =>
  Effect.scoped(
    Effect.gen(function* () {
      const directory = yield* Installation.directory
      const measuring = (processes: number, calls: number, spread: number) =>
        Effect.gen(function* () {
          yield* judge.reset
          const memory = yield* TokenStore.makeMemory()
          yield* Installation.connect(judge, memory, [location])
          const file = join(directory, `${processes}-${calls}-${spread}.json`)
          yield* Rival.keep(memory, location, file)
          const children = yield* Effect.replicateEffect(Rival.worker, processes)
          const task = { baseUrl: judge.url, ...Installation.app, locationId: location, file, calls, spread }
          const all = Effect.all(
            children.map((child) => Child.ask<{ readonly succeeded: number }>(child, task)),
            { concurrency: "unbounded" }
          )
          return yield* ending(
            judge,
            calls * processes,
            Effect.map(all, (answers) => answers.reduce((sum, { succeeded }) => sum + succeeded, 0))
          )
        })
      return {
        alone: yield* Effect.all([measuring(1, 50, 0), measuring(1, 500, 0), measuring(1, 500, 1500)]),
        together: yield* Effect.all([measuring(4, 25, 0), measuring(16, 7, 0)])
      }
    })
  )

const describe = (runs: ReadonlyArray<Refreshed>) => {
  const least = Math.min(...runs.map(({ succeeded, calls }) => succeeded / calls))
  return `${worst(runs.map(({ refreshes }) => refreshes))} refreshes, ${Math.floor(least * 100)} % succeed`
}

const valued = (runs: ReadonlyArray<Refreshed>) => ({
  refreshes: worst(runs.map(({ refreshes }) => refreshes)),
  failed: worst(runs.map(({ succeeded, calls }) => calls - succeeded))
})

const isOnce = (runs: ReadonlyArray<Refreshed>) =>
  runs.every(({ refreshes, calls, succeeded }) => refreshes === 1 && succeeded === calls)

export const figure = (
  id: "R3" | "R4",
  runs: ReadonlyArray<Refreshed>,
  rival: ReadonlyArray<Refreshed> | undefined
): Figure => ({
  id,
  what:
    id === "R3"
      ? "refreshes for 50 and 500 calls at once, and over 1.5 s"
      : `the same from 4 and 16 processes (${Stores.names})`,
  aim: "1 refresh, all succeed",
  measured: describe(runs),
  isMet: isOnce(runs),
  ...(rival === undefined ? {} : { rival: describe(rival) }),
  values: valued(runs)
})
