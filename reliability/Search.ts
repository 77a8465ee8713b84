// R24: a search over very many contacts, as a stream: each contact once, and no more held at the end than at the beginning.
import * as Effect from "effect/Effect"
import * as Child from "./Child.js"
import { type Figure, rounded, worst } from "./Figure.js"
import { noise } from "./Heap.js"
import type { Judge } from "./Judge.js"

/** What a process found, and the bytes of its heap at each twentieth of the way, without garbage. */
export interface Walk {
  readonly heaps: ReadonlyArray<number>
  /** Contacts that were not found. */
  readonly missed: number
  /** Contacts that were found once more. */
  readonly repeated: number
}

export interface Ran extends Pick<Walk, "missed" | "repeated"> {
  /** By how many bytes the heap has grown since a fifth of the way, when everything is compiled and connected. */
  readonly growth: number
}

/** How many contacts are seeded by a request. */
const batch = 10_000

const seeded = (judge: Judge, contacts: number) =>
  Effect.forEach(
    Array.from({ length: Math.ceil(contacts / batch) }).keys(),
    (place) =>
      judge.seed(
        Array.from({ length: Math.min(batch, contacts - place * batch) }, (_, offset) => {
          const index = place * batch + offset
          // Several have one dateAdded, by which a search is sorted.
          const dateAdded = new Date(1_767_225_600_000 + Math.floor(index / 3)).toISOString()
          return { id: `contact${index}`, firstName: `Lead ${index}`, email: `lead-${index}@example.com`, dateAdded }
        })
      ),
    { discard: true }
  )

export const run = (judge: Judge, contacts: number, transport: string): Effect.Effect<Ran> =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* judge.reset
      yield* seeded(judge, contacts)
      const args = [judge.url, judge.token, judge.locationId, String(contacts), transport]
      const { message } = yield* Child.spawn<Walk>("./searching.ts", args)
      const { heaps, missed, repeated } = message
      // A heap is a little larger now and then: the smallest of the last three is what is held.
      return { missed, repeated, growth: Math.min(...heaps.slice(-3)) - (heaps[3] ?? 0) }
    })
  )

export const figure = (runs: ReadonlyArray<Ran>, contacts: number): Figure => {
  const [missed, repeated, growth] = (["missed", "repeated", "growth"] as const).map((name) =>
    worst(runs.map((run) => run[name]))
  ) as [number, number, number]
  return {
    id: "R24",
    what: `searchAll over ${contacts} contacts: missed; found twice; growth of the heap`,
    aim: "0; 0; none (1 MB for the heap's own noise)",
    measured: `${missed}; ${repeated}; ${rounded(growth / 1e6, 2)} MB`,
    isMet: missed === 0 && repeated === 0 && growth <= noise,
    values: { missed, repeated, heapBytes: growth }
  }
}
