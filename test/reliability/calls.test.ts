import { expect, layer } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Bulk from "../../reliability/Bulk.js"
import * as Executions from "../../reliability/Executions.js"
import * as Outage from "../../reliability/Outage.js"
import * as Pacing from "../../reliability/Pacing.js"
import * as Writes from "../../reliability/Writes.js"
import * as RedisServer from "../redis.js"
import { AJudge, OneJudge } from "./judge.js"

// A short form of `npm run reliability`, with only its counts. Times are measured there, and no test asserts them.
layer(OneJudge, { excludeTestServices: true })("calls to a sandbox in its own process", (it) => {
  const transport = FetchHttpClient.layer

  it.scoped("lose and duplicate no write under nine kinds of faults, and report its true outcome", () =>
    Effect.gen(function* () {
      const judge = yield* AJudge
      const { identified, nameless } = yield* Writes.run(judge, { writes: 300, nameless: 100, seed: 1, transport })
      expect(identified).toMatchObject({ false: 0, lost: 0, duplicated: 0, failed: 0 })
      expect(identified.unknown).toBeLessThanOrEqual(1)
      expect(nameless).toMatchObject({ false: 0, lost: 0, duplicated: 0 })
      expect(nameless.unknown, "the faults were met").toBeGreaterThan(0)
    })
  )

  it.scoped("do not create a contact twice when the response to an upsert is lost", () =>
    Effect.gen(function* () {
      const judge = yield* AJudge
      for (const { name, ...execution } of yield* Executions.runOurs(judge, transport)) {
        expect(execution, name).toMatchObject({ contacts: 1, succeeded: true })
        expect(execution.executions, name).toBeLessThanOrEqual(2)
      }
    })
  )

  it.scoped("send few retries during an outage, no surge of requests after it, and then succeed", () =>
    Effect.gen(function* () {
      const judge = yield* AJudge
      const seconds = 3
      const { ratio, surge, succeeded } = yield* Outage.runOurs(judge, seconds, transport)
      const calls = (seconds - 1) * 10
      expect(ratio * calls).toBeLessThanOrEqual(calls + 16)
      expect(surge).toBeLessThanOrEqual(100)
      expect(succeeded).toBeGreaterThanOrEqual(0.95)
    })
  )

  it.scoped("get no 429 and lose no call while they wait for the rate limit, in one process and in three", () =>
    Effect.gen(function* () {
      const judge = yield* AJudge
      const cases = [
        { setting: "alone", window: "sliding" },
        ...(RedisServer.isThere ? [{ setting: "together", window: "fixed" } as const] : [])
      ] as const
      for (const one of cases) {
        expect(yield* Pacing.runOurs(judge, one, 1, "fetch", 240, 30)).toMatchObject({ refused: 0, lost: 0 })
      }
    })
  )

  it.scoped("lose and duplicate no contact in a bulk run that is killed and resumed", () =>
    Effect.gen(function* () {
      const judge = yield* AJudge
      const ran = yield* Bulk.run(judge, { contacts: 500, kills: 1, limit: 1_000_000, steps: 10 }, "fetch")
      expect(ran).toMatchObject({ lost: 0, duplicated: 0, miscounted: 0, refused: 0 })
    })
  )
})
