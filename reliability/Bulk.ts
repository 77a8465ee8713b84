// R16: a bulk upsert of very many contacts, by a process that is killed and restarted again and again.
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { fork } from "node:child_process"
import type { Step, ProgressMessage } from "./importing.js"
import * as Child from "./Child.js"
import { type Figure, rounded, worst } from "./Figure.js"
import { noise } from "./Heap.js"
import * as Installation from "./Installation.js"
import type { Judge } from "./Judge.js"

export interface Setting {
  readonly contacts: number
  readonly kills: number
  /** The number of requests that the service allows in ten seconds. */
  readonly limit: number
  /** The number of times that the process reports its progress and its heap after a garbage collection. */
  readonly steps: number
}

export interface Ran {
  /** Contacts that were not created; `duplicated`: contacts that were created twice. */
  readonly lost: number
  readonly duplicated: number
  /** Contacts that were sent again because they were in flight when the process was killed. */
  readonly repeated: number
  readonly refused: number
  /** The difference between the count of the checkpoint and the number of contacts. */
  readonly miscounted: number
  /** The contacts of the last, undisturbed run, divided by the number that the service allows in that time. */
  readonly rate: number
  /** The growth of the heap in bytes between the second and the last quarter of that run. */
  readonly growth: number
}

interface Run {
  readonly steps: ReadonlyArray<Step>
  readonly counts: { readonly [kind: string]: number } | undefined
}

/** Runs the process until it is done, or kills it `millis` milliseconds after a number of steps. */
const live = (args: ReadonlyArray<string>, until: { readonly steps: number; readonly millis: number } | undefined) =>
  Effect.async<Run>((resume) => {
    const steps: Array<Step> = []
    let counts: Run["counts"]
    const child = fork(Child.scriptOf("./importing.ts"), args)
    const killing = () => until !== undefined && setTimeout(() => child.kill("SIGKILL"), until.millis)
    child.on("message", (message) => {
      const told = message as ProgressMessage
      if ("counts" in told) counts = told.counts
      else if ("settled" in told) steps.push(told)
      if (until !== undefined && steps.length === until.steps) killing()
    })
    child.once("exit", (code) =>
      resume(code === 1 ? Effect.dieMessage("importing.ts ended with an error") : Effect.succeed({ steps, counts }))
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })

export const run = (judge: Judge, { contacts, kills, limit, steps }: Setting, transport: string): Effect.Effect<Ran> =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* judge.reset
      yield* judge.setLimits({ max: limit, interval: 10_000, daily: contacts * 2 })
      const directory = yield* Installation.directory
      const stride = Math.ceil(contacts / steps)
      const args = [judge.url, judge.token, judge.locationId, directory, String(contacts), String(stride), transport]
      // The first two thirds of the list have kills, the last third has none.
      const between = Math.max(1, Math.floor((contacts * 2) / 3 / Math.max(1, kills) / stride))
      for (let kill = 0; kill < kills; kill += 1) {
        const millis = yield* Random.nextIntBetween(0, 500)
        yield* live(args, { steps: between, millis })
      }
      const last = yield* live(args, undefined)
      const { applied, requests } = yield* judge.ledger
      const made = applied.filter(({ isNew }) => isNew).length
      const unique = new Set(applied.map(({ contactId }) => contactId)).size
      const total = Object.values(last.counts ?? {}).reduce((sum, count) => sum + count, 0)
      // The rate is measured after the requests of the killed run have left the service's window.
      const from = last.steps.find(({ at }) => at >= (last.steps[0]?.at ?? 0) + 10_000) ?? last.steps[0]
      const to = last.steps.at(-1)
      const seconds = from === undefined || to === undefined ? 0 : (to.at - from.at) / 1000
      const heaps = (part: number) => {
        const size = Math.ceil(last.steps.length / 4)
        return last.steps.slice(part * size, (part + 1) * size).map(({ heap }) => heap)
      }
      return {
        lost: contacts - unique,
        duplicated: made - unique,
        repeated: applied.length - unique,
        refused: requests.filter(({ status }) => status === 429).length,
        miscounted: Math.abs(contacts - total),
        rate: seconds === 0 ? 0 : (to!.settled - from!.settled) / seconds / (limit / 10),
        growth: Math.min(...heaps(3)) - Math.min(...heaps(1))
      }
    })
  )

export const figure = (runs: ReadonlyArray<Ran>, { contacts, kills }: Setting): Figure => {
  const of = (name: keyof Ran) => worst(runs.map((run) => run[name]))
  const rate = Math.min(...runs.map((run) => run.rate))
  const [lost, duplicated, miscounted, growth] = [of("lost"), of("duplicated"), of("miscounted"), of("growth")]
  return {
    id: "R16",
    what: `bulk upsert of ${contacts} with ${kills} kills: lost, duplicated; rate against the limit; growth of the heap`,
    aim: "0, 0, 99 %, none (1 MB for the heap's own noise)",
    measured:
      `${lost}, ${duplicated}, ${rounded(rate * 100, 1)} %, ${rounded(growth / 1e6, 2)} MB` +
      ` (${of("repeated")} sent once more, ${of("refused")} 429s)`,
    isMet: lost === 0 && duplicated === 0 && miscounted === 0 && rate >= 0.99 && growth <= noise,
    values: {
      lost,
      duplicated,
      rate: rounded(rate, 4),
      heapBytes: growth,
      repeated: of("repeated"),
      refused: of("refused")
    }
  }
}
