// R24: a search over very many contacts, as a stream, which has to return each contact once without growth of the heap.
import * as Effect from "effect/Effect"
import * as Child from "./Child.js"
import { type Figure, rounded, worst } from "./Figure.js"
import { noise } from "./Heap.js"
import type { Judge } from "./Judge.js"

/** The results of a process, and the bytes of its heap after each twentieth of the contacts, without garbage. */
export interface SearchResult {
  readonly heaps: ReadonlyArray<number>
  /** Contacts that were not found. */
  readonly missed: number
  /** Contacts that were found again. */
  readonly repeated: number
}

export interface Ran extends Pick<SearchResult, "missed" | "repeated"> {
  /** The growth of the heap in bytes since a fifth of the contacts, after which everything is compiled and connected. */
  readonly growth: number
}

/** The number of contacts that one request seeds. */
const batch = 10_000

const seeded = (judge: Judge, contacts: number) =>
  Effect.forEach(
    Array.from({ length: Math.ceil(contacts / batch) }).keys(),
    (place) =>
      judge.seed(
        Array.from({ length: Math.min(batch, contacts - place * batch) }, (_, offset) => {
          const index = place * batch + offset
          // Several contacts share one dateAdded, which a search is sorted by.
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
      const { message } = yield* Child.spawn<SearchResult>("./searching.ts", args)
      const { heaps, missed, repeated } = message
      // A heap is sometimes a little larger, so the smallest of the last three sizes counts.
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
