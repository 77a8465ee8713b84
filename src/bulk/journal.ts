// What the runs over a list have done: which contacts have an outcome, and which have to be sent again. Pure.

/** What an outcome is counted as. */
export const kinds = { Created: "created", Updated: "updated", Rejected: "rejected", Unknown: "unknown" } as const

export type Kind = (typeof kinds)[keyof typeof kinds]

/** How far ahead of the first contact without an outcome others may be sent. It bounds the memory of a run and a checkpoint. */
export const maximumLead = 2000

/** How many contacts a run defers at most. If more have to be sent again, the service is unavailable. */
export const maximumDeferred = 1000

/** How many more contacts a checkpoint may hold: those that were in flight. */
const maximumInFlight = 1000

/** From and to, both included. */
export type Range = readonly [from: number, to: number]

/** What a checkpoint holds, except the dead letters. Numbers are places in the list, from 0. */
export interface Progress {
  readonly version: 1
  /** Counts the writes: of two values the one with the higher number is newer. */
  readonly sequence: number
  /** The `source` of the checkpoint. */
  readonly source?: string
  /** All contacts before this one are settled or deferred. */
  readonly next: number
  /** The contacts after `next` that are settled or deferred. */
  readonly beyond: ReadonlyArray<Range>
  /** The contacts that are sent again later. */
  readonly deferred: ReadonlyArray<number>
  /** The contacts that were sent, must not be sent twice, and are not settled. */
  readonly begun: ReadonlyArray<number>
  readonly counts: { readonly [kind in Kind]: number }
  /** How many batches of dead letters there are. */
  readonly letters: number
  /** Whether all contacts of the list are settled. */
  readonly isComplete: boolean
}

const isUnique = (numbers: ReadonlyArray<number>) => new Set(numbers).size === numbers.length

/** Whether a run can have written this. An edited checkpoint must neither exhaust the memory nor skip a contact. */
export const isConsistent = ({ next, beyond, deferred, begun, counts }: Progress): boolean => {
  let last = next
  let ahead = 0
  for (const [from, to] of beyond) {
    if (from <= last || to < from || to >= next + maximumLead + maximumInFlight) return false
    ahead += to - from + 1
    last = to
  }
  const settled = counts.created + counts.updated + counts.rejected + counts.unknown
  return (
    begun.length <= maximumDeferred + maximumInFlight &&
    deferred.length <= maximumDeferred + maximumInFlight &&
    isUnique(begun) &&
    isUnique(deferred) &&
    deferred.every((index) => index < next || beyond.some(([from, to]) => from <= index && index <= to)) &&
    settled === next + ahead - deferred.length
  )
}

/** The ranges of consecutive numbers. */
const ranges = (numbers: Iterable<number>): ReadonlyArray<Range> => {
  const rows: Array<[number, number]> = []
  for (const number of Array.from(numbers).sort((a, b) => a - b)) {
    const last = rows.at(-1)
    if (last !== undefined && last[1] === number - 1) last[1] = number
    else rows.push([number, number])
  }
  return rows
}

const numbersIn = ([from, to]: Range) => Array.from({ length: to - from + 1 }, (_, at) => from + at)

/** The progress of a run, in memory. It starts from the progress of earlier runs. */
export const makeLedger = (earlier: Progress | undefined) => {
  const counts = { created: 0, updated: 0, rejected: 0, unknown: 0, ...earlier?.counts }
  const beyond = new Set(earlier?.beyond.flatMap(numbersIn))
  const deferred = new Set(earlier?.deferred)
  const begun = new Set(earlier?.begun)
  const before = {
    next: earlier?.next ?? 0,
    beyond: new Set(beyond),
    deferred: new Set(deferred),
    begun: new Set(begun)
  }
  let next = before.next
  const pass = (index: number) => {
    if (index >= next) beyond.add(index)
    while (beyond.delete(next)) next += 1
  }
  return {
    begun,
    next: () => next,
    applied: () => counts.created + counts.updated,
    wasSettled: (index: number) => (index < before.next || before.beyond.has(index)) && !before.deferred.has(index),
    wasBegun: (index: number) => before.begun.has(index),
    defer: (index: number) => {
      begun.delete(index)
      deferred.add(index)
      pass(index)
    },
    settle: (index: number, kind: Kind) => {
      counts[kind] += 1
      begun.delete(index)
      deferred.delete(index)
      pass(index)
    },
    snapshot: () => ({
      next,
      beyond: ranges(beyond),
      deferred: Array.from(deferred),
      begun: Array.from(begun),
      counts: { ...counts }
    })
  }
}
