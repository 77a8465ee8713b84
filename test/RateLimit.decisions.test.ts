import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { parseRateLimitHeaders } from "../src/limiter/headers.js"
import * as Limit from "../src/limiter/limit.js"
import type { Level } from "../src/limiter/model.js"
import { ownPart, parseState, seeProcess } from "../src/limiter/sharing.js"
import { simulate } from "./traffic.js"

const settings: Limit.Settings = { limit: 100, interval: 1000, share: 1, reserve: 0.1 }

const burst = (calls: number) => Array.from({ length: calls }, () => 0)

const wish = (priority: Level = "interactive", leaseMillis = 10_000): Limit.PermitRequest => ({ priority, leaseMillis })

const told = (headers: Record<string, string> = {}, status = 200, retryAfterMillis?: number): Limit.RequestResult => ({
  isRefused: status === 429,
  retryAfterMillis,
  headers: parseRateLimitHeaders(status, headers)
})

const dailyHeaders = (left: number, resetsIn = 3_600_000) => ({
  "x-ratelimit-limit-daily": "100",
  "x-ratelimit-daily-remaining": String(left),
  "x-ratelimit-daily-reset": String(resetsIn)
})

/** A limit whose operations take the current time as an argument. */
const limit = (options: Partial<Limit.Settings> = {}) => {
  const own = { ...settings, ...options }
  const state = Limit.initialState(own)
  const at = (time: number) => Limit.advance(state, time)
  return {
    at,
    settings: own,
    acquire: (time: number, count = 1, one = wish()): ReadonlyArray<Limit.PermitRecord> =>
      Array.from({ length: count }, () => Limit.acquire(at(time), own, one, "")).flatMap((grant) => grant ?? []),
    complete: (grant: Limit.PermitRecord | undefined, time: number, outcome?: Limit.RequestResult) =>
      Limit.complete(at(time), grant!, time, outcome),
    release: (grant: Limit.PermitRecord | undefined) => Limit.release(state, grant!),
    wakeUp: (time: number, priority: Level = "interactive") => Limit.nextWakeUp(at(time), own, priority),
    wait: (time: number, place = 1, priority: Level = "interactive") =>
      Limit.estimateWait(at(time), own, priority, place)
  }
}

/** A limit that has received a response of the service, so that it admits many requests at once. */
const heard = (options: Partial<Limit.Settings> = {}) => {
  const one = limit(options)
  one.complete(one.acquire(0)[0], 0, told())
  return one
}

describe("a limit without other consumers", () => {
  it.prop(
    "never sends more than the limit in any window and never gets a 429",
    [
      FastCheck.array(FastCheck.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 80 }),
      FastCheck.integer({ min: 1, max: 20 }),
      FastCheck.constantFrom("sliding" as const, "fixed" as const),
      FastCheck.constantFrom("interactive" as const, "bulk" as const),
      FastCheck.integer({ min: 0, max: 2000 }),
      FastCheck.integer({ min: 0, max: 2000 }),
      FastCheck.integer()
    ],
    ([arrivals, max, window, priority, out, back, seed]) => {
      // The response to the first call reports the limit before the other calls arrive.
      const limits = { max, interval: 10_000, window }
      const all = [0, ...arrivals.map((at) => at + 5000)]
      const { counted, refused } = simulate({ limits, arrivals: all, out, back, seed, priority })
      expect(refused).toBe(0)
      for (const start of counted) {
        expect(counted.filter((then) => then >= start && then < start + 10_000).length).toBeLessThanOrEqual(max)
      }
      expect(counted.length).toBe(all.length)
    }
  )

  it.prop(
    "sends a burst in about the minimum time",
    [FastCheck.integer({ min: 1, max: 400 }), FastCheck.integer({ min: 0, max: 500 }), FastCheck.integer()],
    ([calls, trip, seed]) => {
      const { ended } = simulate({ limits: {}, arrivals: burst(calls), out: trip / 2, back: trip / 2, seed })
      const rounds = Math.ceil(calls / 100) - 1
      // The calls wait for the first response. The limit divides the interval into slices of 50 ms.
      expect(ended).toBeLessThanOrEqual(rounds * (10_000 + 55 + trip) + 2 * trip + 1)
    }
  )

  it("counts a request from its permit until an interval after its response", () => {
    const one = heard({ limit: 2 })
    const [grant] = one.acquire(10)
    expect(one.acquire(10)).toEqual([])
    one.complete(grant, 500, told())
    // The request of `heard` no longer counts at this time.
    expect(one.acquire(1100, 2).length).toBe(1)
    expect(one.acquire(1500)).toEqual([])
    expect(one.acquire(1508).length).toBe(1)
  })

  it("counts a request whose process is gone until its lease and an interval have passed", () => {
    const one = heard({ limit: 1 })
    expect(one.acquire(1500, 1, wish("interactive", 2000)).length).toBe(1)
    expect(one.wakeUp(1500)).toBeLessThanOrEqual(3100)
    expect(one.acquire(4490)).toEqual([])
    expect(one.acquire(4600).length).toBe(1)
  })

  it("counts a request that completes after its lease for one more interval", () => {
    const one = heard({ limit: 1 })
    const [grant] = one.acquire(1500, 1, wish("interactive", 100))
    one.complete(grant, 5000, told())
    expect(Limit.used(one.at(5900))).toBe(1)
    expect(Limit.used(one.at(6010))).toBe(0)
  })

  it("makes a released permit available again", () => {
    const one = heard({ limit: 2 })
    const [grant] = one.acquire(10)
    one.release(grant)
    expect(one.acquire(10).length).toBe(1)
  })

  it("uses no more than its share", () => {
    expect(heard({ share: 0.25 }).acquire(1, 100).length).toBe(24)
    expect(limit({ limit: 3, share: 0.1 }).acquire(1, 100).length).toBe(1)
  })

  it("sends a tenth of the limit per tenth of the interval until the first response", () => {
    const one = limit()
    const first = one.acquire(0, 100)
    expect(first.length).toBe(10)
    expect(one.wakeUp(0)).toBe(100)
    expect(one.acquire(100, 100).length).toBe(10)
    one.complete(first[0], 150, told())
    expect(one.acquire(150, 100).length).toBe(80)
  })

  it("spreads bulk requests evenly over the interval", () => {
    const one = heard()
    // One request has been sent in this tenth of the interval already.
    expect(one.acquire(1, 100, wish("bulk")).length).toBe(9)
    expect(one.wakeUp(1, "bulk")).toBe(99)
    expect(one.acquire(100, 100, wish("bulk")).length).toBe(10)
    expect(one.acquire(100, 100).length).toBe(80)
  })

  it("reads the limit and the interval from the response headers", () => {
    const one = limit({ interval: 10_000 })
    const [grant] = one.acquire(0)
    one.complete(grant, 1, told({ "x-ratelimit-max": "25", "x-ratelimit-interval-milliseconds": "5000" }))
    expect(one.at(1)).toMatchObject({ limit: 25, interval: 5000 })
    expect(one.acquire(1, 100).length).toBe(24)
  })

  it("estimates the wait of each place in the queue", () => {
    const one = heard({ limit: 10 })
    expect(one.wait(0, 9)).toBe(0)
    expect(one.wait(0, 10)).toBeGreaterThan(1000)
    expect(one.wait(0, 10)).toBeLessThan(1010)
    expect(one.wait(0, 20)).toBeGreaterThan(2000)
    expect(one.wait(0, 5, "bulk")).toBe(400)
  })
})

describe("a limit that is shared with other consumers", () => {
  const seeds = Array.from({ length: 12 }, (_, index) => index + 1)

  const run = (window: "sliding" | "fixed", share: number, calls: number) => {
    const all = seeds.map((seed) => {
      const limits = { max: 100, interval: 1000, window, otherConsumers: { share, seed } }
      return simulate({ limits, arrivals: burst(calls), out: 6, back: 6, seed, phase: 77 * seed })
    })
    const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length
    return {
      ended: mean(all.map(({ ended }) => ended)),
      refused: mean(all.map(({ refused }) => refused)),
      mostRefused: Math.max(...all.map(({ refused }) => refused)),
      othersRefused: mean(all.map(({ others }) => others.refused / (others.given + others.refused)))
    }
  }

  it.each(["sliding", "fixed"] as const)("uses what the other consumers leave of %s windows", (window) => {
    const { ended, refused, mostRefused, othersRefused } = run(window, 0.5, 600)
    expect(refused).toBeLessThan(4)
    expect(mostRefused).toBeLessThanOrEqual(18)
    expect(othersRefused).toBeLessThan(0.03)
    // In the ideal case, 50 calls are sent at once and the others in eleven further intervals.
    expect(ended).toBeLessThan(11_000 * 1.125)
  })

  it.each([
    [0.2, 960],
    [0.8, 240]
  ])("learns the share of the other consumers: %d of the limit", (share, calls) => {
    for (const window of ["sliding", "fixed"] as const) {
      const { ended, refused } = run(window, share, calls)
      expect(refused).toBeLessThan(calls * 0.01)
      expect(ended).toBeLessThan(11_000 * 1.14)
    }
  })

  it.each([
    ["sliding", 50, 1.07],
    ["fixed", 50, 1.05],
    ["sliding", 100, 1.22],
    ["fixed", 100, 1.13]
  ] as const)(
    "does not count an ended process as another consumer: %s windows, %d requests",
    (window, before, most) => {
      const all = seeds.map((seed) => {
        const limits = { interval: 1000, window }
        return simulate({
          limits,
          arrivals: burst(600),
          out: 6,
          back: 6,
          seed,
          phase: 77 * seed,
          before,
          priority: "bulk"
        })
      })
      const ended = all.reduce((sum, { ended }) => sum + ended, 0) / all.length
      expect(ended).toBeLessThan(6000 * most)
      expect(Math.max(...all.map(({ refused }) => refused))).toBeLessThanOrEqual(10)
    }
  )

  it("does not mistake the turn of a fixed window for other consumers", () => {
    const [sliding, fixed] = (["sliding", "fixed"] as const).map((window) =>
      simulate({ limits: { interval: 1000, window }, arrivals: burst(600), out: 20, back: 20, seed: 1 })
    )
    expect(fixed).toMatchObject({ refused: 0, ended: sliding!.ended })
  })

  it("does not count its own requests as other consumers when responses arrive out of order", () => {
    const { refused, ended } = simulate({ limits: {}, arrivals: burst(300), out: 900, back: 900, seed: 1 })
    expect(refused).toBe(0)
    expect(ended).toBeLessThan(2 * (10_000 + 1900) + 3600)
  })

  it("detects other consumers in a response that also reports a shorter interval", () => {
    const one = limit({ interval: 10_000 })
    const headers = {
      "x-ratelimit-max": "100",
      "x-ratelimit-remaining": "59",
      "x-ratelimit-interval-milliseconds": "1000"
    }
    one.complete(one.acquire(5500)[0], 5510, told(headers))
    expect(Limit.otherConsumers(one.at(5520))).toBe(40)
  })

  it("forgets other consumers that it has not detected for two intervals", () => {
    const one = limit()
    const remaining = { "x-ratelimit-max": "100", "x-ratelimit-remaining": "59" }
    one.complete(one.acquire(0)[0], 5, told(remaining))
    expect(Limit.otherConsumers(one.at(1900))).toBe(40)
    expect(Limit.otherConsumers(one.at(2100))).toBe(0)
  })
})

describe("a 429", () => {
  it("pauses all requests for its retry-after, at most a minute", () => {
    const one = heard()
    const [first, second] = one.acquire(1, 2)
    one.complete(first, 10, told({}, 429, 7000))
    expect([one.wait(10), one.wakeUp(10)]).toEqual([7000, 7000])
    expect(one.acquire(7000)).toEqual([])
    one.complete(second, 7010, told({}, 429, 86_400_000))
    expect(Limit.pausedFor(one.at(7010))).toBe(60_000)
  })

  it("pauses for a tenth of the interval without retry-after, and doubles the pause each time", () => {
    const one = heard()
    const together = one.acquire(1, 2)
    for (const [index, grant] of together.entries()) one.complete(grant, 10 + index, told({}, 429))
    // Requests that are refused together cause a single pause.
    expect(Limit.pausedFor(one.at(11))).toBe(99)
    let now = 110
    for (const expected of [200, 400, 800, 1000, 1000]) {
      one.complete(one.acquire(now)[0], now, told({}, 429))
      expect(Limit.pausedFor(one.at(now))).toBe(expected)
      now += expected
    }
    const [success, refused] = one.acquire(now, 2)
    one.complete(success, now, told())
    one.complete(refused, now, told({}, 429))
    expect(Limit.pausedFor(one.at(now))).toBe(100)
  })
})

describe("the daily quota", () => {
  it("keeps its reserve for interactive calls", () => {
    const one = limit()
    one.complete(one.acquire(0)[0], 0, told(dailyHeaders(11)))
    expect(one.acquire(0, 5, wish("bulk")).length).toBe(1)
    expect(Limit.exhaustedFor(one.at(0), one.settings, "bulk")).toBe(3_600_000)
    expect(Limit.exhaustedFor(one.at(0), one.settings, "interactive")).toBe(0)
    expect(one.acquire(0, 50).length).toBe(10)
    expect(one.wakeUp(0)).toBe(3_600_000)
  })

  it("is probed with one request every five minutes while it is exhausted", () => {
    const one = limit()
    one.complete(one.acquire(0)[0], 0, told(dailyHeaders(0)))
    expect(one.acquire(299_000, 5)).toEqual([])
    expect(one.acquire(300_000, 5).length).toBe(1)
    expect(one.acquire(599_000, 5)).toEqual([])
    const [probe] = one.acquire(600_000, 5)
    one.complete(probe, 600_000, told(dailyHeaders(50)))
    expect(one.acquire(600_000, 5).length).toBe(5)
  })

  it("resets at the time that the service reported", () => {
    const one = limit()
    one.complete(one.acquire(0)[0], 0, told(dailyHeaders(0, 60_000)))
    expect(one.acquire(59_999)).toEqual([])
    expect(one.acquire(60_000).length).toBe(1)
    expect(one.at(60_000).day).toMatchObject({ limit: 100, left: 99 })
  })

  it("counts requests in flight that the response does not include", () => {
    const one = heard()
    const [grant] = one.acquire(1, 4)
    one.complete(grant, 2, told(dailyHeaders(50)))
    expect(one.at(2).day).toMatchObject({ left: 47 })
  })
})

describe("rate limit headers", () => {
  const headers = { "x-ratelimit-max": "7", ...dailyHeaders(0) }

  it.each([500, 502, 503, 504, 520, 530])("are ignored in a 5xx response: %d", (status) => {
    const one = limit()
    one.complete(one.acquire(0)[0], 0, told(headers, status))
    expect(one.at(1)).toMatchObject({ limit: 100, day: null })
  })

  it.prop(
    "are ignored if they are not whole numbers",
    [
      FastCheck.constantFrom("x-ratelimit-max", "x-ratelimit-remaining", "x-ratelimit-interval-milliseconds"),
      FastCheck.oneof(FastCheck.string(), FastCheck.constantFrom("-1", "0x10", "1e3", "Infinity", "NaN", " ", "1.5"))
    ],
    ([name, value]) => {
      FastCheck.pre(!/^\d{1,12}$/.test(value))
      expect(parseRateLimitHeaders(200, { [name]: value })).toEqual(parseRateLimitHeaders(200, {}))
    }
  )
})

describe("the clock of a limit", () => {
  it("does not block calls when it is set back by an hour", () => {
    const one = heard()
    const day = one.acquire(7_200_000)
    one.complete(day[0], 7_200_000, told(dailyHeaders(500)))
    one.acquire(7_200_100, 100)
    // The requests that counted before count for one more interval, and the daily quota is unknown until the next response.
    expect(one.acquire(3_600_000).length).toBe(0)
    expect(one.at(3_600_000).day).toBeNull()
    expect(one.acquire(3_600_999).length).toBe(0)
    const [next] = one.acquire(3_601_000, 100)
    one.complete(next, 3_601_010, told({ "x-ratelimit-max": "100", "x-ratelimit-remaining": "99" }))
    expect(Limit.otherConsumers(one.at(3_601_010))).toBe(0)
  })

  it("ignores a step back of half an interval and follows one of two intervals", () => {
    const one = heard()
    one.acquire(5000)
    expect(one.at(4500).now).toBe(5000)
    expect(one.at(3000).now).toBe(3000)
  })
})

describe("processes that share a limit", () => {
  it("are counted for a minute after they were last seen", () => {
    const state = Limit.advance(Limit.initialState(settings), 1000)
    seeProcess(state, "one")
    const count = (time: number) => {
      seeProcess(Limit.advance(state, time), "two")
      return Object.keys(state.processes).length
    }
    expect([count(60_999), count(61_000)]).toEqual([2, 1])
  })

  it("can separate their own requests from the shared state", () => {
    const state = Limit.advance(Limit.initialState(settings), 0)
    for (const process of ["one", "two"]) {
      Limit.complete(state, Limit.acquire(state, settings, wish(), process)!, 0, told())
    }
    expect([Limit.used(state), Limit.used(ownPart(state, "one"))]).toEqual([2, 1])
  })

  it("release and complete only their own requests", () => {
    const state = Limit.advance(Limit.initialState(settings), 0)
    const [one, two] = ["one", "two"].map((process) => Limit.acquire(state, settings, wish(), process)!)
    Limit.release(state, two!)
    Limit.release(state, two!)
    expect([Limit.used(ownPart(state, "one")), Limit.used(ownPart(state, "two"))]).toEqual([1, 0])
    Limit.complete(state, one!, 0, told())
    expect(Limit.used(Limit.advance(state, 1010))).toBe(0)
  })
})

describe("a serialized state", () => {
  it("keeps a permit without a time limit, and drops it within two hours", () => {
    const state = Limit.advance(Limit.initialState(settings), 0)
    const grant = Limit.acquire(state, settings, wish("interactive", Infinity), "p")!
    expect(Number.isFinite(grant.until)).toBe(true)
    const stored = parseState(JSON.stringify(state), settings)!
    expect(Limit.used(Limit.advance(stored, 30 * 60_000))).toBe(1)
    expect(Limit.used(Limit.advance(stored, 2 * 60 * 60_000))).toBe(0)
  })

  it.each(["", "{}", "null", "[]", "no JSON", '{"log":{}}'])("is discarded if it has another shape: %s", (text) => {
    expect(parseState(text, settings)).toBeUndefined()
  })
})
