import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Quota from "../../src/sandbox/Quota.js"

const limits = { max: 3, interval: 10_000, daily: 5 }

describe("a quota", () => {
  it("admits as many as the burst allows in any interval, and says how many are left", () => {
    let quota = Quota.make(0)
    const admit = (now: number) => {
      const result = Quota.admit(quota, limits, now)
      quota = result.quota
      return [result.isAdmitted, result.headers["x-ratelimit-remaining"]]
    }
    expect([0, 1, 2, 9999, 10_000, 10_000].map(admit)).toEqual([
      [true, "2"],
      [true, "1"],
      [true, "0"],
      [false, "0"],
      [true, "0"],
      [false, "0"]
    ])
  })

  it("ends with the day and begins again", () => {
    let quota = Quota.make(0)
    const admit = (now: number) => {
      const result = Quota.admit(quota, limits, now)
      quota = result.quota
      return result
    }
    const day = 86_400_000
    const admitted = [0, 10_000, 20_000, 30_000, 40_000, 50_000, day].map((now) => admit(now).isAdmitted)
    expect(admitted).toEqual([true, true, true, true, true, false, true])
    expect(admit(day + 1000).headers).toMatchObject({
      "x-ratelimit-max": "3",
      "x-ratelimit-interval-milliseconds": "10000",
      "x-ratelimit-limit-daily": "5",
      "x-ratelimit-daily-remaining": "3",
      "x-ratelimit-daily-reset": String(day - 1000)
    })
  })

  it.prop(
    "never admits more than the limit in any window",
    [FastCheck.array(FastCheck.nat(4000), { maxLength: 60 })],
    ([gaps]) => {
      let now = 0
      let quota = Quota.make(0)
      const admitted: Array<number> = []
      for (const gap of gaps) {
        now += gap
        const result = Quota.admit(quota, { ...limits, daily: 1000 }, now)
        quota = result.quota
        if (result.isAdmitted) admitted.push(now)
      }
      for (const start of admitted) {
        expect(admitted.filter((then) => then >= start && then < start + limits.interval).length).toBeLessThanOrEqual(3)
      }
    }
  )
})
