// R5: grants that are lost when processes are killed in the middle of a refresh, answers get lost, or saving fails.
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as TokenStoreFile from "effect-growthhub/TokenStoreFile"
import * as Caller from "./caller.js"
import * as Child from "./Child.js"
import { type Figure, worst } from "./Figure.js"
import * as Installation from "./Installation.js"
import type { Judge } from "./Judge.js"

/** As many processes are killed as there are groups; each is refreshing all grants of its group when it is. */
const groups = 5

export interface Lost {
  readonly kills: number
  readonly lost: number
  /** How many of the killed had begun an exchange that they did not live to see. */
  readonly exchanged: number
}

export const run = (judge: Judge, options: { readonly kills: number; readonly seed: number }) =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* judge.reset
      const directory = yield* Installation.directory
      const store = yield* Effect.orDie(TokenStoreFile.make({ directory }))
      const perGroup = options.kills / groups
      const locations = Array.from({ length: options.kills }, (_, index) => `location-${index}`)
      yield* Installation.connect(judge, store, locations)
      yield* judge.setFaults({
        seed: options.seed,
        // The vendor has rotated the grant, and its answer takes a while; some answers are lost besides.
        rules: [
          { fault: { _tag: "Reset", when: "after" }, endpoint: "token", probability: 0.05 },
          { fault: { _tag: "Stall", when: "after", millis: 100 }, endpoint: "token", probability: 0.3 },
          { fault: { _tag: "Stall", when: "after", millis: 500 }, endpoint: "token", probability: 0.4 }
        ]
      })
      yield* judge.expireTokens
      const before = yield* Installation.exchanges(judge)
      const task = (own: ReadonlyArray<string>): Caller.Task => ({
        url: judge.url,
        app: Installation.app,
        store: { directory },
        locations: own,
        calls: 1,
        spread: 0
      })
      yield* Effect.forEach(
        Array.from({ length: groups }, (_, group) => locations.slice(group * perGroup, (group + 1) * perGroup)),
        (own) =>
          Effect.scoped(
            Effect.gen(function* () {
              const { child } = yield* Child.spawn("./caller.ts", ["worker"])
              child.send(task(own))
              yield* Effect.sleep(yield* Random.nextIntBetween(500, 2500))
              child.kill("SIGKILL")
            })
          ),
        { concurrency: "unbounded" }
      ).pipe(Effect.withRandom(Random.make(options.seed)))
      const exchanged = (yield* Installation.exchanges(judge)) - before
      yield* judge.setFaults({})
      // The next process, which knows only what was kept. Twice: what it keeps must be as good.
      const recovered = yield* Effect.orDie(Caller.perform(task(locations)))
      yield* judge.expireTokens
      const again = yield* Effect.orDie(Caller.perform(task(locations)))
      const result: Lost = { kills: options.kills, lost: options.kills - Math.min(recovered, again), exchanged }
      return result
    })
  )

export const figure = (runs: ReadonlyArray<Lost>): Figure => {
  const lost = worst(runs.map((run) => run.lost))
  const least = Math.min(...runs.map((run) => run.exchanged))
  const kills = worst(runs.map((run) => run.kills))
  return {
    id: "R5",
    what: `grants lost over ${kills} kills at random moments of a refresh`,
    aim: "0",
    measured: `${lost} (at least ${least} exchanges were on their way)`,
    isMet: lost === 0 && least > 0,
    values: { lost, kills, exchanged: least }
  }
}
