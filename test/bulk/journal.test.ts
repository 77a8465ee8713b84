import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import {
  isConsistent,
  type Kind,
  makeLedger,
  maximumDeferred,
  maximumLead,
  type Progress
} from "../../src/bulk/journal.js"

const kinds: ReadonlyArray<Kind> = ["created", "updated", "rejected", "unknown"]

type Change = "begin" | "defer" | Kind

/** Random changes of a run. Each begins, defers or settles a contact; the contacts are in any order. */
const changes = FastCheck.array(
  FastCheck.tuple(FastCheck.nat(30), FastCheck.constantFrom<Change[]>("begin", "defer", ...kinds)),
  { maxLength: 80 }
)

const empty: Progress = {
  version: 1,
  sequence: 0,
  next: 0,
  beyond: [],
  deferred: [],
  begun: [],
  counts: { created: 0, updated: 0, rejected: 0, unknown: 0 },
  letters: 0,
  isComplete: false
}

const run = (all: ReadonlyArray<readonly [index: number, change: Change]>) => {
  const ledger = makeLedger(undefined)
  const settled = new Set<number>()
  const begun = new Set<number>()
  for (const [index, change] of all) {
    if (settled.has(index)) continue
    if (change === "begin") {
      ledger.begun.add(index)
      begun.add(index)
      continue
    }
    begun.delete(index)
    if (change === "defer") ledger.defer(index)
    else {
      ledger.settle(index, change)
      settled.add(index)
    }
  }
  return { ledger, settled, begun, progress: { ...empty, ...ledger.snapshot() } }
}

describe("the journal of a run", () => {
  it.prop("is consistent after any changes", { changes }, ({ changes }) => {
    expect(isConsistent(run(changes).progress)).toBe(true)
  })

  it.prop("restores exactly the settled and the begun contacts in the next run", { changes }, ({ changes }) => {
    const { settled, begun, progress } = run(changes)
    const next = makeLedger(progress)
    for (let index = 0; index <= 31; index++) {
      expect(next.wasSettled(index)).toBe(settled.has(index))
      expect(next.wasBegun(index)).toBe(begun.has(index))
    }
    expect(next.snapshot()).toEqual(run(changes).ledger.snapshot())
  })

  it.prop("refuses a progress in which the counts and the settled contacts differ", { changes }, ({ changes }) => {
    const { progress } = run(changes)
    const counts = { ...progress.counts, created: progress.counts.created + 1 }
    expect(isConsistent({ ...progress, counts })).toBe(false)
  })

  it("refuses a progress that would exhaust the memory or skip a contact", () => {
    const settled = (count: number) => ({ ...empty.counts, created: count })
    const ahead = maximumLead + 1000
    expect(isConsistent({ ...empty, beyond: [[1, ahead - 1]], counts: settled(ahead - 1) })).toBe(true)
    expect(isConsistent({ ...empty, beyond: [[1, ahead]], counts: settled(ahead) })).toBe(false)
    expect(isConsistent({ ...empty, beyond: [[0, 1]], counts: settled(2) })).toBe(false)
    expect(isConsistent({ ...empty, beyond: [[3, 2]], counts: settled(0) })).toBe(false)
    expect(isConsistent({ ...empty, begun: [1, 1] })).toBe(false)
    expect(isConsistent({ ...empty, next: 1, deferred: [1], counts: settled(0) })).toBe(false)
    const many = Array.from({ length: maximumDeferred + 1001 }, (_, index) => index)
    expect(isConsistent({ ...empty, begun: many.slice(1) })).toBe(true)
    expect(isConsistent({ ...empty, begun: many })).toBe(false)
    expect(isConsistent({ ...empty, next: many.length, deferred: many })).toBe(false)
  })
})
