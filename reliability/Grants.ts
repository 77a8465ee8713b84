// R5: grants that are lost when processes are killed in the middle of a refresh, responses get lost, or saving fails.
import * as Effect from "effect/Effect"
import * as Number from "effect/Number"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as TokenStore from "effect-growthhub/TokenStore"
import * as TokenStoreFile from "effect-growthhub/TokenStoreFile"
import * as Caller from "./caller.js"
import * as Child from "./Child.js"
import type { Figure } from "./Figure.js"
import * as Installation from "./Installation.js"
import type { Judge } from "./Judge.js"
import * as Place from "./Place.js"
import * as Stores from "./Stores.js"

/** The number of grants that a process refreshes when it is killed. */
const perProcess = 5

export interface Lost {
  readonly kills: number
  readonly grants: number
  readonly lost: number
  /** Grants whose exchange for a new pair of tokens was begun but not completed in the store. */
  readonly interruptedExchanges: number
}

/** The number of processes that refresh at once until they are killed. */
const refreshing = 10

/** The successors that run at once. Each waits for the locks of its killed process, which expire after five seconds. */
const following = 20

/** The stores of R5, each with its part of the kills; the largest is for files, which a process writes itself. */
const parts = { files: 1, SQLite: 1 / 4, Postgres: 1 / 4, MariaDB: 1 / 4 }
const stores = Object.entries(parts).flatMap(([name, part]) => {
  const place = Stores.fresh[name]
  return place === undefined ? [] : [{ name, part, place }]
})

/** Runs R5 with each store that this machine has. */
export const runAll = (judge: Judge, { kills, seed }: { readonly kills: number; readonly seed: number }) =>
  Effect.forEach(stores, ({ part, place }) => run(judge, { kills: Math.ceil(kills * part), seed, place }))

/** The number of the task's locations for which calls succeed with nothing but the stored grants. */
const countUsableGrants = (task: Caller.Task) => Effect.orDie(Caller.perform(task))

export const run = (
  judge: Judge,
  options: {
    readonly kills: number
    readonly seed: number
    readonly place?: Effect.Effect<Place.StoreAddress, never, Scope.Scope>
  }
) =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* judge.reset
      const place = yield* options.place ?? Stores.fresh["files"]!
      const store = yield* Effect.orDie(Place.open(place))
      const locations = Array.from({ length: options.kills * perProcess }, (_, index) => `location-${index}`)
      yield* Installation.connect(judge, store, locations)
      yield* judge.setFaults({
        seed: options.seed,
        // The vendor has rotated the grant, but its response is delayed or lost.
        rules: [
          { fault: { _tag: "Reset", when: "after" }, endpoint: "token", probability: 0.05 },
          { fault: { _tag: "Stall", when: "after", millis: 50 }, endpoint: "token", probability: 0.4 },
          { fault: { _tag: "Stall", when: "after", millis: 500 }, endpoint: "token", probability: 0.4 }
        ]
      })
      yield* judge.expireTokens
      const task = (own: ReadonlyArray<string>) => Caller.oneCall(judge, place, own)
      /** Kills a process while it refreshes; returns how many of its exchanges were not completed. */
      const killed = (own: ReadonlyArray<string>) =>
        Effect.scoped(
          Effect.gen(function* () {
            const { child } = yield* Child.spawn("./caller.ts", ["worker", JSON.stringify(place)])
            child.send(task(own))
            yield* Effect.sleep(yield* Random.nextIntBetween(50, 700))
            child.kill("SIGKILL")
            const kept = yield* Effect.orDie(Effect.forEach(own, (location) => store.get(Installation.keyOf(location))))
            return kept.filter((grant) => Option.isSome(grant) && grant.value.exchanging !== undefined).length
          })
        )
      const killing = yield* Effect.makeSemaphore(refreshing)
      const interruptedExchanges = yield* Effect.forEach(
        Array.from({ length: options.kills }, (_, index) =>
          locations.slice(index * perProcess, (index + 1) * perProcess)
        ),
        // The next process comes within the 30 seconds in which the vendor returns the same pair of tokens again.
        (own) => Effect.zipLeft(killing.withPermits(1)(killed(own)), countUsableGrants(task(own))),
        { concurrency: refreshing + following }
      ).pipe(Effect.withRandom(Random.make(options.seed)), Effect.map(Number.sumAll))
      yield* judge.setFaults({})
      // The stored grants must also work for a process that comes much later.
      yield* judge.expireTokens
      const lost = locations.length - (yield* countUsableGrants(task(locations)))
      const result: Lost = { kills: options.kills, grants: locations.length, lost, interruptedExchanges }
      return result
    })
  )

/** A store that fails to save the first `failures` new pairs of tokens of each grant, as if the disk were full. */
const failing = (store: TokenStore.Service, failures: number): TokenStore.Service => {
  const failed = new Map<string, number>()
  return {
    ...store,
    withLock: (key, use) =>
      store.withLock(key, (section) =>
        use({
          get: section.get,
          set: (grant) =>
            Effect.suspend(() => {
              const count = failed.get(key) ?? 0
              if (grant.exchanging !== undefined || count >= failures) return section.set(grant)
              failed.set(key, count + 1)
              return new TokenStore.TokenStoreError({ message: "disk full" })
            })
        })
      )
  }
}

/** Counts lost grants: saving fails twice for each grant, then the process ends normally, and the next one continues. */
export const runFailedSaves = (judge: Judge) =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* judge.reset
      const directory = yield* Installation.directory
      const store = yield* Effect.orDie(TokenStoreFile.make({ directory }))
      const locations = Array.from({ length: 20 }, (_, index) => `location-${index}`)
      yield* Installation.connect(judge, store, locations)
      yield* judge.expireTokens
      const task = Caller.oneCall(judge, { directory }, locations)
      yield* Caller.performWith(task, failing(store, 2))
      const next = yield* countUsableGrants(task)
      yield* judge.expireTokens
      return locations.length - Math.min(next, yield* countUsableGrants(task))
    })
  )

export const figure = (runs: ReadonlyArray<Lost>, failedSaves: ReadonlyArray<number>): Figure => {
  const kills = runs.reduce((sum, run) => sum + run.kills, 0)
  const grants = runs.reduce((sum, run) => sum + run.grants, 0)
  const interruptedExchanges = runs.reduce((sum, run) => sum + run.interruptedExchanges, 0)
  const lost = runs.reduce((sum, run) => sum + run.lost, 0)
  const unsaved = failedSaves.reduce((sum, count) => sum + count, 0)
  return {
    id: "R5",
    what: `grants lost: ${kills} processes killed while they refresh ${grants} (${stores.map(({ name }) => name).join(", ")}), answers lost; saves that fail`,
    aim: "0",
    measured: `${lost} (${interruptedExchanges} were interrupted halfway); ${unsaved}`,
    isMet: lost + unsaved === 0 && runs.every(({ interruptedExchanges, kills }) => interruptedExchanges >= kills / 10),
    values: { lost, lostToFailedSaves: unsaved, kills, grants, interruptedExchanges }
  }
}
