import { describe, expect, it, layer } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Figure from "../../reliability/Figure.js"
import * as Fuzz from "../../reliability/Fuzz.js"
import * as Grants from "../../reliability/Grants.js"
import * as Leaks from "../../reliability/Leaks.js"
import * as Operations from "../../reliability/Operations.js"
import * as Paths from "../../reliability/Paths.js"
import * as Secrets from "../../reliability/Secrets.js"
import * as Webhooks from "../../reliability/Webhooks.js"
import { AJudge, OneJudge } from "./judge.js"

// A short form of `npm run reliability`, with only its counts. Times are measured there, and no test asserts them.
layer(OneJudge, { excludeTestServices: true })("against servers in their own processes", (it) => {
  const transport = FetchHttpClient.layer

  it.effect("calls leave nothing behind", () =>
    Effect.gen(function* () {
      expect(yield* Leaks.run(1000, "fetch")).toMatchObject({ listeners: 0, sockets: 0 })
    })
  )

  it.scoped("no hostile id reaches another path", () =>
    Effect.gen(function* () {
      const judge = yield* AJudge
      const { sent, elsewhere } = yield* Paths.run(judge, { ids: 200, seed: 1, transport })
      expect(elsewhere).toBe(0)
      expect(sent).toBeGreaterThan(0)
    })
  )

  it.effect("nothing that an app can print of a failed call shows a secret or a contact's data", () =>
    Effect.gen(function* () {
      const { calls, lines, leaks } = yield* Secrets.run(transport, [200, 400, 503])
      expect(leaks).toBe(0)
      expect(lines).toBeGreaterThan(calls)
    })
  )

  it.scoped("grants survive the killing of processes that refresh them, and saves that fail", () =>
    Effect.gen(function* () {
      const judge = yield* AJudge
      expect(yield* Grants.run(judge, { kills: 2, seed: 1 })).toMatchObject({ lost: 0 })
      expect(yield* Grants.runFailedSaves(judge)).toBe(0)
    })
  )

  it.effect("whatever is answered, a call ends in time as a contact or a typed error", () =>
    Effect.gen(function* () {
      const { received, ...wrong } = yield* Fuzz.measure({ answers: 200, seed: 1, transport })
      expect(wrong).toEqual({ hangs: 0, untyped: 0, crashes: 0, excess: 0 })
      expect(received).toBeGreaterThan(0)
    })
  )
})

describe("webhooks", () => {
  it.live("that are forged, altered, replayed, too old or of another key are refused, and valid ones accepted", () =>
    Effect.gen(function* () {
      const { hostile, accepted, refused } = yield* Webhooks.run(300, 1)
      expect(accepted).toEqual({ forged: 0, altered: 0, replayed: 0, tooOld: 0, otherKey: 0 })
      expect(refused).toBe(0)
      expect(hostile).toBe(1500)
    })
  )
})

describe("every operation under faults", () => {
  it.live("is told as it is: nothing false, nothing lost, nothing done twice", () =>
    Effect.map(Operations.run({ calls: 8, seed: 1 }), (tallies) => {
      for (const tally of tallies) expect(tally).toMatchObject({ false: 0, lost: 0, doubled: 0, untyped: 0 })
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
