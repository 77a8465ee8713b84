import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as S from "effect/Schema"
import * as Quota from "../../src/sandbox/Quota.js"

const limitsOf = S.decodeSync(Quota.Limits)

const few = { max: 3, interval: 10_000, daily: 5 }

const admitting = (limits: typeof Quota.Limits.Encoded) => {
  const otherConsumers = { given: 0, refused: 0 }
  const quota = Quota.make(limitsOf(limits), 0, otherConsumers)
  return { ...quota, otherConsumers }
}

const day = 86_400_000

describe("a quota", () => {
  it("has the limits of the service by default", () => {
    expect(limitsOf({})).toMatchObject({ max: 100, interval: 10_000, daily: 200_000, window: "sliding" })
  })

  it("admits at most the burst limit in any interval, and reports how many requests remain", () => {
    const { admit } = admitting(few)
    const told = [0, 1, 2, 9999, 10_000, 10_000].map((now) => {
      const { isAdmitted, headers } = admit(now)
      return [isAdmitted, headers["x-ratelimit-remaining"]]
    })
    expect(told).toEqual([
      [true, "2"],
      [true, "1"],
      [true, "0"],
      [false, "0"],
      [true, "0"],
      [false, "0"]
    ])
  })

  it("admits the burst limit in each fixed window, and starts anew at its end", () => {
    const { admit } = admitting({ ...few, window: "fixed", daily: 100 })
    const admitted = [9997, 9998, 9999, 9999, 10_000, 10_000, 10_000, 10_001].map((now) => admit(now).isAdmitted)
    expect(admitted).toEqual([true, true, true, false, true, true, true, false])
  })

  it("starts a new day after 24 hours or on `startDay`", () => {
    const { admit, startDay } = admitting(few)
    const times = [0, 10_000, 20_000, 30_000, 40_000, 50_000, day]
    expect(times.map((now) => admit(now).isAdmitted)).toEqual([true, true, true, true, true, false, true])
    expect(admit(day + 1000).headers).toMatchObject({
      "x-ratelimit-max": "3",
      "x-ratelimit-interval-milliseconds": "10000",
      "x-ratelimit-limit-daily": "5",
      "x-ratelimit-daily-remaining": "3",
      "x-ratelimit-daily-reset": String(day - 1000)
    })
    startDay(day + 1000)
    expect(admit(day + 2000).headers).toMatchObject({
      "x-ratelimit-daily-remaining": "4",
      "x-ratelimit-daily-reset": String(day - 1000)
    })
  })

  it("reports `retry-after` only if configured", () => {
    const waits = (limits: typeof Quota.Limits.Encoded, times: ReadonlyArray<number>) => {
      const { admit } = admitting(limits)
      return times.map((now) => admit(now).headers["retry-after"])
    }
    const burst = [0, 1000, 2000, 4500]
    expect(waits(few, burst)).toEqual([undefined, undefined, undefined, undefined])
    expect(waits({ ...few, retryAfter: true }, burst)).toEqual([undefined, undefined, undefined, "6"])
    expect(waits({ ...few, retryAfter: true, window: "fixed" }, burst)[3]).toBe("6")
    expect(waits({ ...few, retryAfter: true, daily: 1 }, [0, 60_000])[1]).toBe(String(day / 1000 - 60))
  })

  it("counts the requests of other consumers at their share", () => {
    const { admit, otherConsumers } = admitting({ max: 100, interval: 10_000, otherConsumers: { share: 0.5 } })
    const seconds = Array.from({ length: 60 }, (_, second) => second * 1000)
    const remaining = seconds.map((now) => Number(admit(now).headers["x-ratelimit-remaining"]))
    for (const left of remaining) expect(left).toBeGreaterThanOrEqual(38)
    for (const left of remaining) expect(left).toBeLessThanOrEqual(50)
    expect(otherConsumers.given).toBeGreaterThan(380)
    expect(otherConsumers.refused).toBe(0)
  })

  it("rejects other consumers too", () => {
    const { admit, otherConsumers } = admitting({
      max: 100,
      interval: 10_000,
      window: "fixed",
      otherConsumers: { share: 0.5 }
    })
    for (let count = 0; count < 100; count += 1) admit(0)
    admit(9999)
    expect(otherConsumers).toMatchObject({ refused: 50 })
  })

  it("does not count every request of other consumers after a long pause", () => {
    const { admit, otherConsumers } = admitting({ max: 100, interval: 1, otherConsumers: { share: 1 } })
    admit(day * 365)
    expect(otherConsumers.given + otherConsumers.refused).toBeLessThan(1000)
  })

  it.prop(
    "never admits more than the limit in any window",
    [FastCheck.array(FastCheck.nat(4000), { maxLength: 60 }), FastCheck.boolean()],
    ([gaps, isFixed]) => {
      const { admit } = admitting({ ...few, daily: 1000, window: isFixed ? "fixed" : "sliding" })
      let now = 0
      const admitted = gaps.flatMap((gap) => (admit((now += gap)).isAdmitted ? [now] : []))
      for (const start of isFixed ? admitted.map((then) => then - (then % few.interval)) : admitted) {
        const inWindow = admitted.filter((then) => then >= start && then < start + few.interval)
        expect(inWindow.length).toBeLessThanOrEqual(few.max)
      }
    }
  )
})
