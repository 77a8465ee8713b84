import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Bulk from "../reliability/Bulk.js"
import * as Executions from "../reliability/Executions.js"
import * as Figure from "../reliability/Figure.js"
import * as Fuzz from "../reliability/Fuzz.js"
import * as Grants from "../reliability/Grants.js"
import * as Judge from "../reliability/Judge.js"
import * as Leaks from "../reliability/Leaks.js"
import * as Outage from "../reliability/Outage.js"
import * as Pacing from "../reliability/Pacing.js"
import * as Paths from "../reliability/Paths.js"
import * as Secrets from "../reliability/Secrets.js"
import * as Writes from "../reliability/Writes.js"
import * as RedisServer from "./redis.js"

// The short form of npm run reliability: what can be counted. Times are measured there, and asserted nowhere.
describe("against a sandbox in its own process", () => {
  const transport = FetchHttpClient.layer

  it.scopedLive(
    "writes under nine kinds of faults are neither lost nor made twice, and what is told of them is true",
    () =>
      Effect.gen(function* () {
        const judge = yield* Judge.make
        const { identified, nameless } = yield* Writes.run(judge, { writes: 600, nameless: 100, seed: 1, transport })
        expect(identified).toMatchObject({ false: 0, lost: 0, duplicated: 0, failed: 0 })
        expect(identified.unknown).toBeLessThanOrEqual(1)
        expect(nameless).toMatchObject({ false: 0, lost: 0, duplicated: 0 })
        expect(nameless.unknown, "the faults were met").toBeGreaterThan(0)
      })
  )

  it.scopedLive("an upsert whose answer was lost is found again, not made twice", () =>
    Effect.gen(function* () {
      const judge = yield* Judge.make
      for (const { name, ...execution } of yield* Executions.runOurs(judge, transport)) {
        expect(execution, name).toMatchObject({ contacts: 1, succeeded: true })
        expect(execution.executions, name).toBeLessThanOrEqual(2)
      }
    })
  )

  it.scopedLive("an outage is not multiplied, and over for the app when it is over for the service", () =>
    Effect.gen(function* () {
      const judge = yield* Judge.make
      const seconds = 3
      const { ratio, surge } = yield* Outage.runOurs(judge, seconds, transport)
      const calls = (seconds - 1) * 10
      expect(ratio * calls).toBeLessThanOrEqual(calls + 16)
      expect(surge).toBeLessThanOrEqual(100)
    })
  )

  it.scopedLive(
    "calls at once wait for their turn, in one process and in three: none is refused, and none is lost",
    () =>
      Effect.gen(function* () {
        const judge = yield* Judge.make
        const cases = [
          { setting: "alone", window: "sliding" },
          ...(RedisServer.isThere ? [{ setting: "together", window: "fixed" } as const] : [])
        ] as const
        for (const one of cases) {
          expect(yield* Pacing.runOurs(judge, one, 1, "fetch", 240)).toMatchObject({ refused: 0, lost: 0 })
        }
      })
  )

  it.scopedLive("many contacts lose none and make none twice, by a process that is killed and goes on", () =>
    Effect.gen(function* () {
      const judge = yield* Judge.make
      const ran = yield* Bulk.run(judge, { contacts: 1000, kills: 1, limit: 1_000_000 }, "fetch")
      expect(ran).toMatchObject({ lost: 0, duplicated: 0, miscounted: 0, refused: 0 })
    })
  )

  it.live("calls leave nothing behind", () =>
    Effect.gen(function* () {
      expect(yield* Leaks.run(1500, "fetch")).toMatchObject({ listeners: 0, sockets: 0 })
    })
  )

  it.scopedLive("no hostile id reaches another path", () =>
    Effect.gen(function* () {
      const judge = yield* Judge.make
      const { sent, elsewhere } = yield* Paths.run(judge, { ids: 200, seed: 1, transport })
      expect(elsewhere).toBe(0)
      expect(sent).toBeGreaterThan(0)
    })
  )

  it.live("nothing that an app can print of a failed call shows a secret or a contact's data", () =>
    Effect.gen(function* () {
      const { calls, lines, leaks } = yield* Secrets.run(transport, [200, 400, 503])
      expect(leaks).toBe(0)
      expect(lines).toBeGreaterThan(calls)
    })
  )

  it.scopedLive("grants survive the killing of processes that refresh them, and saves that fail", () =>
    Effect.gen(function* () {
      const judge = yield* Judge.make
      expect(yield* Grants.run(judge, { kills: 2, seed: 1 })).toMatchObject({ lost: 0 })
      expect(yield* Grants.runFailedSaves(judge)).toBe(0)
    })
  )

  it.live("whatever is answered, a call ends in time as a contact or a typed error", () =>
    Effect.gen(function* () {
      expect(yield* Fuzz.measure({ answers: 300, seed: 1, transport })).toEqual({
        hangs: 0,
        untyped: 0,
        crashes: 0,
        excess: 0
      })
    })
  )
})

describe("a table of figures", () => {
  it("is for people: aim, what was measured, verdict", () => {
    const figure = { what: "is measured", aim: "0", measured: "0", values: {} }
    const lines = Figure.table([
      { ...figure, id: "R1", isMet: true, rival: "17" },
      { ...figure, id: "R2", isMet: false, measured: "3" }
    ]).split("\n")
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ["figure", "aim", "measured", "official SDK", "verdict"],
      [expect.stringMatching(/^-+$/), "---", "--------", "------------", "-------"],
      ["R1 is measured", "0", "0", "17", "met"],
      ["R2 is measured", "0", "3", "MISSED"]
    ])
  })
})
