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
import { rows } from "../../src/api/rows.js"
import { AJudge, OneJudge } from "./judge.js"

// A short form of `npm run reliability`, with only its counts. Times are measured there, and no test asserts them.
layer(OneJudge, { excludeTestServices: true })("calls to servers in their own processes", (it) => {
  const transport = FetchHttpClient.layer

  it.effect("leave no listeners and no sockets behind", () =>
    Effect.gen(function* () {
      expect(yield* Leaks.run(1000, "fetch")).toMatchObject({ listeners: 0, sockets: 0 })
    })
  )

  it.scoped("do not reach another path with a hostile id", () =>
    Effect.gen(function* () {
      const judge = yield* AJudge
      const { sent, elsewhere } = yield* Paths.run(judge, { ids: 200, seed: 1, transport })
      expect(elsewhere).toBe(0)
      expect(sent).toBeGreaterThan(0)
    })
  )

  it.effect("fail with errors that show no secret and no data of a contact when printed", () =>
    Effect.gen(function* () {
      const { calls, lines, leaks } = yield* Secrets.run(transport, [200, 400, 503])
      expect(leaks).toBe(0)
      expect(lines).toBeGreaterThan(calls)
    })
  )

  it.scoped("lose no grant when a refreshing process is killed or a save fails", () =>
    Effect.gen(function* () {
      const judge = yield* AJudge
      expect(yield* Grants.run(judge, { kills: 2, seed: 1 })).toMatchObject({ lost: 0 })
      expect(yield* Grants.runFailedSaves(judge)).toBe(0)
    })
  )

  it.effect("end in time with a contact or a typed error, whatever the response", () =>
    Effect.gen(function* () {
      const { received, ...wrong } = yield* Fuzz.measure({ answers: 200, seed: 1, transport })
      expect(wrong).toEqual({ hangs: 0, untyped: 0, crashes: 0, excess: 0 })
      expect(received).toBeGreaterThan(0)
    })
  )
})

describe("webhooks", () => {
  it.live("are refused if forged, altered, replayed, too old or of another key, and accepted if valid", () =>
    Effect.gen(function* () {
      const { hostile, accepted, refused } = yield* Webhooks.run(300, 1)
      expect(accepted).toEqual({ forged: 0, altered: 0, replayed: 0, tooOld: 0, otherKey: 0 })
      expect(refused).toBe(0)
      expect(hostile).toBe(1500)
    })
  )
})

describe("every operation of the client under faults", () => {
  it.live("reports its true outcome, and is not lost or done twice", () =>
    Effect.map(Operations.run({ calls: 8, seed: 1 }), (tallies) => {
      expect(tallies.map(({ name }) => name).sort()).toEqual(Object.keys(rows).sort())
      for (const tally of tallies) expect(tally).toMatchObject({ false: 0, lost: 0, doubled: 0, untyped: 0 })
      expect(tallies.filter(({ unknown }) => unknown > 0).length, "the faults were met").toBeGreaterThan(0)
    })
  )
})

describe("the table of reliability figures", () => {
  it("shows the aim, the measured value and the verdict of each figure", () => {
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
