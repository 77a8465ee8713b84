// The progress of the runs over a list: the contacts that have an outcome, and those that are sent again. No effects.

/** The field of `Progress.counts` for each outcome. */
export const kinds = { Created: "created", Updated: "updated", Rejected: "rejected", Unknown: "unknown" } as const

export type Kind = (typeof kinds)[keyof typeof kinds]

/** The maximum distance of a sent contact from the first one without an outcome. It bounds the memory and the checkpoint. */
export const maximumLead = 2000

/** The maximum number of deferred contacts of a run. If more have to be sent again, the service is unavailable. */
export const maximumDeferred = 1000

/** The maximum number of contacts in flight, which a checkpoint may hold in addition. */
const maximumInFlight = 1000

/** A range of places in the list. Both ends are included. */
export type Range = readonly [from: number, to: number]

/** The content of a checkpoint, except the dead letters. Contacts are given by their places in the list, from 0. */
export interface Progress {
  readonly version: 1
  /** The number of the write. Of two values, the one with the higher number is newer. */
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
  /** The number of batches of dead letters. */
  readonly letters: number
  /** Whether all contacts of the list are settled. */
  readonly isComplete: boolean
}

const isUnique = (numbers: ReadonlyArray<number>) => new Set(numbers).size === numbers.length

/** Whether a run can have written this progress. An edited checkpoint must neither exhaust the memory nor skip a contact. */
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

/** Combines consecutive numbers into ranges. */
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
