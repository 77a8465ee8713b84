import { describe, expect, it } from "@effect/vitest"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Utils from "effect/Utils"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as Credentials from "effect-growthhub/Credentials"
import type { ContactsError } from "effect-growthhub/Errors"
import * as RateLimit from "effect-growthhub/RateLimit"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { ContactId } from "effect-growthhub/Schema"
import { newsOf } from "../src/internal/news.js"
import { liveClock } from "../src/runtime/timer.js"
import { logOf, makePacer } from "../src/internal/pacer.js"
import { makeSlidingLog, type SlidingLog } from "../src/internal/slidingLog.js"
import { simulate } from "./pacing.js"

const settings = { limit: 3, interval: 1000, share: 1, reserve: 0.1 }

const burst = (calls: number) => Array.from({ length: calls }, () => 0)

/** Calls of a log, each answered a millisecond later with what is left of twenty. */
const calls =
  (log: SlidingLog) =>
  (now: number, remaining: number, isRefused = false) => {
    const headers = { "x-ratelimit-max": "20", "x-ratelimit-remaining": String(remaining) }
    log.settle(log.takeOne("interactive", now)!, newsOf(headers, isRefused, undefined), now + 1)
  }

describe("a sliding log", () => {
  it.prop(
    "never lets the service count more than its limit in any window, and never makes it refuse one",
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
      // The first ones may meet a limit that is less than what is assumed: they are told before that.
      const limits = { max, interval: 10_000, window }
      const told = simulate({ limits, arrivals: [0, ...arrivals.map((at) => at + 5000)], out, back, seed, priority })
      const { counted, refused } = told
      if (max >= 10) expect(refused).toBe(0)
      for (const start of counted) {
        expect(counted.filter((then) => then >= start && then < start + 10_000).length).toBeLessThanOrEqual(max)
      }
      expect(counted.length).toBe(arrivals.length + 1)
    }
  )

  it.prop(
    "leaves no slot idle while somebody waits: calls that come at once take no longer than they have to",
    [FastCheck.integer({ min: 1, max: 400 }), FastCheck.integer({ min: 0, max: 500 }), FastCheck.integer()],
    ([calls, trip, seed]) => {
      const { ended, wasIdle } = simulate({ limits: {}, arrivals: burst(calls), out: trip / 2, back: trip / 2, seed })
      const rounds = Math.ceil(calls / 100) - 1
      // A slot is free again when its answer is ten seconds old. At the beginning, one answer comes before the crowd.
      expect(ended).toBeLessThanOrEqual(rounds * (10_000 + 5 + trip) + 2 * trip + 1)
      expect(wasIdle).toBe(false)
    }
  )

  it.each((["sliding", "fixed"] as const).flatMap((window) => [1, 2, 3, 4, 5].map((seed) => ({ window, seed }))))(
    "beside strangers takes what they leave, and lets them be, in $window windows, seed $seed",
    ({ window, seed }) => {
      const limits = { max: 100, interval: 1000, window, strangers: { share: 0.5, seed } }
      const { refused, strangers, ended } = simulate({ limits, arrivals: burst(600), out: 5, back: 5, seed })
      expect(refused).toBeLessThanOrEqual(6)
      expect(strangers.refused / strangers.given).toBeLessThan(0.1)
      // Eleven intervals after the first fifty, if it takes all that they leave.
      expect(ended).toBeLessThan(12_400)
    }
  )

  it.each([0.2, 0.8])("beside strangers who take %d of a fixed window learns how many they are", (share) => {
    const limits = { max: 100, interval: 1000, window: "fixed" as const, strangers: { share, seed: 1 } }
    const calls = 1200 * (1 - share)
    const { refused, strangers, ended } = simulate({ limits, arrivals: burst(calls), out: 5, back: 5, seed: 1 })
    expect(refused).toBeLessThanOrEqual(6)
    expect(strangers.refused / strangers.given).toBeLessThan(0.15)
    expect(ended).toBeLessThan(12_400)
  })

  it("beside strangers uses what is left of fixed windows, wherever in one it begins", () => {
    const phases = Array.from({ length: 20 }, (_, index) => index * 50)
    const told = phases.map((phase) => {
      const limits = { max: 100, interval: 1000, window: "fixed" as const, strangers: { share: 0.5, seed: 1 } }
      return simulate({ limits, arrivals: burst(600), out: 12, back: 12, seed: 1, phase })
    })
    const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(mean(told.map(({ ended }) => ended))).toBeLessThan(10_850)
    expect(mean(told.map(({ refused }) => refused))).toBeLessThan(3)
  })

  it("is not misled by windows that turn while nobody else is there", () => {
    const [sliding, fixed] = (["sliding", "fixed"] as const).map((window) =>
      simulate({ limits: { interval: 1000, window }, arrivals: burst(600), out: 20, back: 20, seed: 1 })
    )
    expect(fixed).toMatchObject({ refused: 0, ended: sliding!.ended })
  })

  it("keeps requests of a fixed window back to see strangers by, but not where all can go that want to", () => {
    const log = makeSlidingLog({ ...settings, limit: 20 })
    const call = calls(log)
    // Ten of its own beside four of others; then as few as there can only be in a new window, eight of others in that one, and
    // the next one, of which as many are for them again.
    for (let sent = 1; sent <= 10; sent += 1) call(sent, 16 - sent)
    const window = [
      [500, 19],
      [760, 16],
      [1020, 12],
      [1290, 9]
    ] as const
    for (const [at, remaining] of window) call(at, remaining)
    for (let sent = 1; sent <= 8; sent += 1) call(1501 + sent, 20 - sent)
    expect(log.takeOne("interactive", 1511, 4)).toBeUndefined()
    for (let sent = 9; sent <= 11; sent += 1) {
      const entry = log.takeOne("interactive", 1502 + sent, 12 - sent)
      expect(entry).toBeDefined()
      log.settle(entry!, newsOf({ "x-ratelimit-remaining": String(20 - sent) }, false, undefined), 1503 + sent)
    }
    expect(log.takeOne("interactive", 1515)).toBeUndefined()
  })

  it("remembers strangers that were certainly there for two intervals in which nothing is heard of them", () => {
    const log = makeSlidingLog({ ...settings, limit: 20 })
    const call = calls(log)
    for (let sent = 1; sent <= 10; sent += 1) call(sent, 16 - sent)
    expect(log.look(1500)).toMatchObject({ used: 0, strangers: 4 })
    expect(log.look(2050)).toMatchObject({ strangers: 0 })
  })

  it("takes windows for sliding again when one does not turn", () => {
    const log = makeSlidingLog({ ...settings, limit: 20 })
    const call = calls(log)
    // Ten of its own and four of others; then as few as there can only be in a new window.
    for (let sent = 1; sent <= 10; sent += 1) call(sent, 16 - sent)
    call(500, 19)
    expect(log.look(501)).toMatchObject({ strangers: 4 })
    // The next window begins at 1501, by that: one goes and sees, and finds the old one full.
    call(600, 18)
    call(1502, 0, true)
    expect(log.look(1503).pausedFor).toBe(100)
    // What it says is that of the last interval.
    expect(log.look(1503)).toMatchObject({ strangers: 19 })
  })

  it("does not take requests of its own that overtake each other for those of strangers", () => {
    const { refused, ended } = simulate({ limits: {}, arrivals: burst(300), out: 900, back: 900, seed: 1 })
    expect(refused).toBe(0)
    expect(ended).toBeLessThan(2 * (10_000 + 1800) + 3600)
  })

  it("loses little where the service forgets what it had counted: windows that slide do not turn twice in an interval", () => {
    const log = makeSlidingLog({ ...settings, limit: 100 })
    const random = new Utils.PCGRandom(1)
    const sent: Array<number> = []
    let held = 0
    for (let now = 0; now < 20_000; now += 24 * random.number()) {
      const entry = log.takeOne("interactive", now)
      if (entry === undefined) {
        held += 1
        continue
      }
      sent.push(now)
      const isKnown = (then: number) => then > now - 1000 && (now < 2000 || then >= 2000)
      const headers = { "x-ratelimit-max": "100", "x-ratelimit-remaining": String(100 - sent.filter(isKnown).length) }
      log.settle(entry, newsOf(headers, false, undefined), now + 1)
    }
    expect(log.look(20_000).strangers).toBe(0)
    expect(held).toBeLessThan(20)
  })

  it("gives a slot that the last answer left to strangers when nothing has been heard for a while, not an interval later", () => {
    const log = makeSlidingLog({ ...settings, limit: 20 })
    // Ten of others, and by some answers one more, which weighs a quarter each time: 10.5 of them in the end.
    const strangers = [10, 10, 10, 10, 11, 11, 11, 11, 10]
    const entries: Array<ReturnType<SlidingLog["letGo"]>> = []
    const settle = (index: number, now: number) => {
      const headers = { "x-ratelimit-max": "20", "x-ratelimit-remaining": String(19 - index - strangers[index]!) }
      log.settle(entries[index]!, newsOf(headers, false, undefined), now)
    }
    for (const index of strangers.keys()) {
      entries.push(log.letGo(index * 4))
      // Each leaves before the one before it has its answer.
      if (index > 0) settle(index - 1, index * 4 + 1)
    }
    settle(8, 34)
    expect(log.look(36)).toMatchObject({ used: 9, strangers: 11 })
    expect(log.takeOne("interactive", 36)).toBeUndefined()
    expect(log.takeOne("interactive", 140)).toBeDefined()
    expect(log.takeOne("interactive", 141)).toBeUndefined()
  })

  it("goes and sees beside strangers though a request hangs", () => {
    const log = makeSlidingLog({ ...settings, limit: 20 })
    const call = calls(log)
    for (let sent = 1; sent <= 10; sent += 1) call(sent, 16 - sent)
    call(500, 19)
    // The first one of the next window has no answer.
    expect(log.takeOne("interactive", 1510)).toBeDefined()
    expect(log.takeOne("interactive", 1600)).toBeUndefined()
    expect(log.takeOne("interactive", 1760)).toBeDefined()
  })

  it("learns the limit and the interval from the answers", () => {
    const log = makeSlidingLog({ ...settings, limit: 100, interval: 10_000 })
    const headers = {
      "x-ratelimit-max": "25",
      "x-ratelimit-remaining": "24",
      "x-ratelimit-interval-milliseconds": "5000"
    }
    log.settle(log.takeOne("interactive", 0)!, newsOf(headers, false, undefined), 1)
    expect(log.look(1)).toMatchObject({ limit: 25, interval: 5000, used: 1, free: 24, strangers: 0 })
  })

  it("goes evenly while it has heard nothing, and bulk always", () => {
    const log = makeSlidingLog({ ...settings, limit: 100 })
    const taken = (priority: "interactive" | "bulk", now: number) => {
      const entries = Array.from({ length: 100 }, () => log.takeOne(priority, now)).filter((one) => one !== undefined)
      return entries
    }
    const first = taken("interactive", 0)
    expect(first.length).toBe(10)
    expect(log.again("interactive", 0)).toBe(100)
    const second = taken("interactive", 100)
    expect(second.length).toBe(10)
    // All that left in the dark: any of them may be the one that tells of others.
    for (const entry of first) log.settle(entry, newsOf({}, false, undefined), 150)
    expect(taken("interactive", 150).length).toBe(0)
    for (const entry of second) log.settle(entry, newsOf({}, false, undefined), 160)
    expect(taken("bulk", 160).length).toBe(0)
    expect(taken("bulk", 200).length).toBe(10)
    expect(taken("interactive", 200).length).toBe(70)
  })

  it("is paused once by those that were refused together, and longer by those that come after", () => {
    const log = makeSlidingLog({ ...settings, limit: 100 })
    const refused = newsOf({}, true, undefined)
    const together = [log.takeOne("interactive", 0)!, log.takeOne("interactive", 0)!]
    together.forEach((entry, index) => log.settle(entry, refused, 10 + index))
    expect(log.look(11).pausedFor).toBe(99)
    expect(log.takeOne("interactive", 50)).toBeUndefined()
    expect(log.again("interactive", 50)).toBe(60)
    const next = log.takeOne("interactive", 110)!
    log.settle(next, refused, 120)
    expect(log.look(120).pausedFor).toBe(200)
    const success = log.takeOne("interactive", 320)!
    log.settle(success, newsOf({}, false, undefined), 330)
    log.settle(log.takeOne("interactive", 330)!, refused, 340)
    expect(log.look(340).pausedFor).toBe(100)
  })

  it("is paused for as long as a 429 asks, but for no more than a minute by one of them", () => {
    const log = makeSlidingLog(settings)
    log.settle(log.takeOne("interactive", 0)!, newsOf({}, true, 7000), 10)
    expect(log.look(10).pausedFor).toBe(7000)
    expect(log.wait("interactive", 1, 10)).toBe(7000)
    log.settle(log.takeOne("interactive", 7010)!, newsOf({}, true, 86_400_000), 7020)
    expect(log.look(7020).pausedFor).toBe(60_000)
  })

  it("keeps a reserve of the day from bulk work, and knows when nothing is left, and until when", () => {
    const log = makeSlidingLog({ ...settings, limit: 1000 })
    const day = (left: number) =>
      newsOf(
        {
          "x-ratelimit-limit-daily": "100",
          "x-ratelimit-daily-remaining": String(left),
          "x-ratelimit-daily-reset": "60000"
        },
        false,
        undefined
      )
    log.settle(log.takeOne("interactive", 0)!, day(11), 0)
    expect(log.takeOne("bulk", 0)).toBeDefined()
    expect(log.dayLeft()).toBe(10)
    expect(log.takeOne("bulk", 0)).toBeUndefined()
    expect([log.dayOver("bulk", 10), log.dayOver("interactive", 10)]).toEqual([59_990, undefined])
    const last = log.takeOne("interactive", 0)!
    log.settle(last, day(0), 20)
    expect(log.takeOne("interactive", 20)).toBeUndefined()
    expect(log.dayOver("interactive", 20)).toBe(60_000)
    expect(log.takeOne("interactive", 60_020)).toBeDefined()
    expect(log.look(60_020).day).toMatchObject({ limit: 100, left: 99 })
  })

  it.prop(
    "is not misled by headers that are none",
    [
      FastCheck.constantFrom("x-ratelimit-max", "x-ratelimit-remaining", "x-ratelimit-interval-milliseconds"),
      FastCheck.oneof(FastCheck.string(), FastCheck.constantFrom("-1", "0x10", "1e3", "Infinity", "NaN", " ", "1.5"))
    ],
    ([name, value]) => {
      FastCheck.pre(!/^\d{1,12}$/.test(value))
      const log = makeSlidingLog(settings)
      log.settle(log.takeOne("interactive", 0)!, newsOf({ [name]: value }, false, undefined), 0)
      expect(log.look(0)).toMatchObject({ limit: 3, interval: 1000, strangers: 0, free: 2 })
    }
  )
})

// --- through the service -----------------------------------------------------------------------------------------------

const id = ContactId.make("seD4PfOuKoVMLkEZqohJ")

interface Sent {
  readonly at: number
  readonly path: string
}

/** A transport that answers after a tenth of a second, and writes down what left when. */
const transport = (answer: (sent: number) => { status?: number; headers?: Record<string, string> } = () => ({})) => {
  const sent: Array<Sent> = []
  const client = HttpClient.make((request, url) =>
    Effect.gen(function* () {
      sent.push({ at: yield* Clock.currentTimeMillis, path: url.pathname })
      const { status = 200, headers } = answer(sent.length)
      yield* Effect.sleep("100 millis")
      const body = JSON.stringify(status === 200 ? { contact: { id } } : { message: "no" })
      return HttpClientResponse.fromWeb(request, new Response(body, { status, ...(headers && { headers }) }))
    })
  )
  return { sent, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

/** Five requests in ten seconds. */
const five = (sent: number) => ({
  headers: {
    "x-ratelimit-max": "5",
    "x-ratelimit-remaining": String(Math.max(0, 5 - sent)),
    "x-ratelimit-interval-milliseconds": "10000"
  }
})

const contacts = (
  layer: Layer.Layer<HttpClient.HttpClient>,
  limit: Layer.Layer<RateLimit.RateLimit> = RateLimit.layer({ limit: 5 }),
  token: Redacted.Redacted | Credentials.Credentials = Redacted.make("pit-1")
) =>
  ContactsService.layer({ token }).pipe(
    Layer.provide(layer),
    Layer.provideMerge(limit),
    Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, RetryPolicy.make({ deadline: "1 minute" })))
  )

const getting = (contactId: string) =>
  Effect.flatMap(ContactsService, (contacts) => contacts.getContact(ContactId.make(contactId)))

const many = (calls: number, name = "c") =>
  Effect.forEach(
    Array.from({ length: calls }, (_, index) => `${name}${index}`),
    getting,
    { concurrency: "unbounded", discard: true }
  )

const states = Effect.flatMap(RateLimit.RateLimit, ({ states }) => states)

/** An effect that takes some time, which passes. */
const during = <A, E, R>(time: Duration.DurationInput, self: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Effect.fork(self), (fiber) => Effect.zipRight(TestClock.adjust(time), Fiber.join(fiber)))

const seconds = ({ at }: Sent) => Math.floor(at / 1000)

describe("calls of a service", () => {
  it.effect("leave as the limit allows, in the order in which they came", () => {
    const { sent, layer } = transport(five)
    return Effect.gen(function* () {
      yield* during("30 seconds", many(12))
      expect(sent.map(seconds)).toEqual([0, 0, 0, 0, 0, 10, 10, 10, 10, 10, 20, 20])
      expect(sent.map(({ path }) => path)).toEqual(Array.from({ length: 12 }, (_, index) => `/contacts/c${index}`))
    }).pipe(Effect.provide(contacts(layer)))
  })

  it.effect("give their place to the next one when they are interrupted", () => {
    const { sent, layer } = transport(five)
    return Effect.gen(function* () {
      yield* during("2 seconds", many(5, "first"))
      const impatient = yield* Effect.fork(many(3, "impatient"))
      const last = yield* Effect.fork(many(1, "last"))
      yield* TestClock.adjust("1 second")
      expect(yield* states).toMatchObject([{ used: 5, free: 0, waiting: 4 }])
      yield* Fiber.interrupt(impatient)
      expect(yield* states).toMatchObject([{ waiting: 1 }])
      yield* TestClock.adjust("8 seconds")
      yield* Fiber.join(last)
      expect(sent.map(({ path }) => path).slice(5)).toEqual(["/contacts/last0"])
    }).pipe(Effect.provide(contacts(layer)))
  })

  it.effect("fail at once, and send nothing, if their turn comes after their deadline", () => {
    const { sent, layer } = transport(five)
    return Effect.gen(function* () {
      yield* during("2 seconds", many(5))
      const short = RetryPolicy.make({ deadline: "3 seconds" })
      const error = yield* Effect.flip(Effect.provideService(getting("late"), RetryPolicy.RetryPolicy, short))
      expect(error).toMatchObject({ _tag: "RateLimited", attempts: 0, outcome: "NotApplied", isRetryable: true })
      expect(error.message).toContain("more in 9s")
      expect(error.status).toBeUndefined()
      const wait = error._tag === "RateLimited" ? Duration.toMillis(error.retryAfter ?? 0) : 0
      expect(wait).toBeGreaterThan(8000)
      expect(wait).toBeLessThan(8200)
      expect(sent.length).toBe(5)
      yield* TestClock.adjust(wait)
      yield* during("1 second", Effect.provideService(getting("late"), RetryPolicy.RetryPolicy, short))
    }).pipe(Effect.provide(contacts(layer)))
  })

  it.effect("that are interactive go before those that are bulk", () => {
    const { sent, layer } = transport(five)
    return Effect.gen(function* () {
      const bulk = yield* Effect.fork(Effect.provideService(many(8, "bulk"), RateLimit.Priority, "bulk"))
      yield* TestClock.adjust("6 seconds")
      yield* during("6 seconds", many(2, "person"))
      expect(sent.slice(5, 7).map(({ path }) => path)).toEqual(["/contacts/person0", "/contacts/person1"])
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(bulk)
      // Evenly, not all at once.
      expect(sent.slice(0, 5).map(seconds)).toEqual([0, 1, 2, 3, 4])
    }).pipe(Effect.provide(contacts(layer)))
  })

  it.effect("take a slot for each attempt", () => {
    const { sent, layer } = transport((sent) => ({ ...five(sent), status: sent % 2 === 1 ? 503 : 200 }))
    return Effect.gen(function* () {
      yield* during("20 seconds", many(3))
      const inWindow = (start: number) => sent.filter(({ at }) => at >= start && at < start + 10_000).length
      for (const { at } of sent) expect(inWindow(at)).toBeLessThanOrEqual(5)
      expect(sent.length).toBeGreaterThan(5)
    }).pipe(Effect.provide(contacts(layer)))
  })

  it.effect("take a slot for the request with another bearer too, and give it back if there is none to be had", () => {
    const { sent, layer } = transport((sent) => ({ ...five(sent), status: sent === 1 ? 401 : 200 }))
    let asked = 0
    const token = Credentials.accessToken(Effect.sync(() => Redacted.make(`pit-${(asked += 1)}`)))
    return Effect.gen(function* () {
      yield* during("2 seconds", getting("c"))
      expect(sent.length).toBe(2)
      expect(yield* states).toMatchObject([{ used: 2, free: 3 }])
    }).pipe(Effect.provide(contacts(layer, undefined, token)))
  })

  it.effect("that get no bearer give their slot back", () => {
    const { sent, layer } = transport(five)
    return Effect.gen(function* () {
      yield* Effect.flip(getting("c"))
      expect(yield* states).toMatchObject([{ used: 0, free: 5, waiting: 0 }])
      expect(sent.length).toBe(0)
    }).pipe(Effect.provide(contacts(layer, undefined, Redacted.make("not a token"))))
  })

  it.effect("keep the slot of a request that was interrupted on its way: it may have arrived", () => {
    const { layer } = transport(five)
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(getting("c"))
      yield* TestClock.adjust("50 millis")
      yield* Fiber.interrupt(fiber)
      expect(yield* states).toMatchObject([{ used: 1, free: 4 }])
      yield* TestClock.adjust("11 seconds")
      expect(yield* states).toMatchObject([{ used: 0, free: 5 }])
    }).pipe(Effect.provide(contacts(layer)))
  })

  it.effect("fail at once when nothing is left of the day, with the time when it begins anew", () => {
    const { sent, layer } = transport(() => ({
      headers: {
        "x-ratelimit-limit-daily": "200000",
        "x-ratelimit-daily-remaining": "0",
        "x-ratelimit-daily-reset": "3600000"
      }
    }))
    return Effect.gen(function* () {
      yield* during("1 second", getting("c"))
      const error: ContactsError = yield* Effect.flip(getting("c"))
      expect(error).toMatchObject({ _tag: "RateLimited", attempts: 0 })
      expect(error.message).toContain("more in 1h")
      expect(sent.length).toBe(1)
      expect(Option.getOrThrow((yield* states)[0]!.day)).toMatchObject({ limit: 200_000, left: 0 })
      yield* TestClock.adjust("1 hour")
      yield* during("1 second", getting("c"))
    }).pipe(Effect.provide(contacts(layer)))
  })

  it.effect("wait for a new day that begins in their time", () => {
    const day = (left: number) => ({
      headers: {
        "x-ratelimit-limit-daily": "100",
        "x-ratelimit-daily-remaining": String(left),
        "x-ratelimit-daily-reset": "3000"
      }
    })
    const { sent, layer } = transport((sent) => ({ ...day(sent === 1 ? 0 : 99), status: sent === 1 ? 200 : 400 }))
    return Effect.gen(function* () {
      yield* during("1 second", getting("c"))
      const second = yield* Effect.fork(Effect.flip(getting("c")))
      yield* TestClock.adjust("5 seconds")
      expect(yield* Fiber.join(second)).toMatchObject({ _tag: "BadRequest", attempts: 1 })
      expect(sent.map(seconds)).toEqual([0, 3])
    }).pipe(Effect.provide(contacts(layer)))
  })

  it.effect("that were refused because the day is over say when it begins anew", () => {
    const { layer } = transport(() => ({
      status: 429,
      headers: { "x-ratelimit-daily-remaining": "0", "x-ratelimit-daily-reset": "7200000" }
    }))
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.flip(getting("c")))
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(fiber)
      expect(error).toMatchObject({ _tag: "RateLimited", status: 429, attempts: 1, retryAfter: Duration.hours(2) })
    }).pipe(Effect.provide(contacts(layer)))
  })

  it.effect("have their time for an answer after they have waited, not while they wait", () => {
    const { sent, layer } = transport(five)
    const policy = RetryPolicy.make({ attemptTimeout: "200 millis", deadline: "1 minute", schedule: Schedule.stop })
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.provideService(many(8), RetryPolicy.RetryPolicy, policy))
      yield* TestClock.adjust("15 seconds")
      expect(Exit.isSuccess(yield* Fiber.await(fiber))).toBe(true)
      expect(sent.length).toBe(8)
    }).pipe(Effect.provide(contacts(layer)))
  })

  it.effect("leave at once where there is no limit", () => {
    const { sent, layer } = transport()
    return Effect.gen(function* () {
      yield* during("100 millis", many(120))
      expect(sent.length).toBe(120)
      expect(yield* states).toEqual([])
    }).pipe(Effect.provide(contacts(layer, Layer.succeed(RateLimit.RateLimit, RateLimit.unlimited))))
  })

  it.effect("tell in gauges how things stand, under a name that is no secret", () => {
    const { layer } = transport(five)
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(many(7))
      yield* TestClock.adjust("3 seconds")
      const [{ key } = { key: "" }] = yield* states
      expect(key).not.toContain("pit-1")
      const gauge = (name: string) =>
        Effect.map(Metric.value(Metric.tagged(Metric.gauge(name), "key", key)), (_) => _.value)
      expect(yield* gauge(RateLimit.metrics.free)).toBe(0)
      expect(yield* gauge(RateLimit.metrics.waiting)).toBe(2)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(contacts(layer, RateLimit.layer({ limit: 5, interval: "10 seconds" }))))
  })
})

describe("the gauges of a limit", () => {
  const gauge = (name: string, key: string) =>
    Effect.map(Metric.value(Metric.tagged(Metric.gauge(name), "key", key)), (state) => state.value)

  it.scoped("tell what is left of the day once an answer has told it, and nothing before", () =>
    Effect.gen(function* () {
      const { open } = yield* RateLimit.make({ limit: 5 })
      const pacer = yield* open("a-day")
      const ask = { priority: "interactive", patience: 1000 } as const
      const told = {
        "x-ratelimit-limit-daily": "100",
        "x-ratelimit-daily-remaining": "42",
        "x-ratelimit-daily-reset": "9000"
      }
      const one = (headers: { readonly [name: string]: string }) =>
        pacer.withSlot(ask, (slot) => Effect.sync(() => slot.answered({ status: 200, headers }, undefined)), identity)
      yield* one({})
      expect(yield* gauge(RateLimit.metrics.dayLeft, "a-day")).toBe(0)
      yield* one(told)
      expect(yield* gauge(RateLimit.metrics.dayLeft, "a-day")).toBe(42)
      expect(yield* gauge(RateLimit.metrics.free, "a-day")).toBe(3)
    })
  )

  it.scoped("are of each service by itself where no limit is provided, which tells of none", () =>
    Effect.gen(function* () {
      const { open, states } = yield* RateLimit.RateLimit
      const [one, another] = [yield* open("same"), yield* open("same")]
      yield* one.withSlot({ priority: "interactive", patience: 1 }, (slot) => Effect.sync(() => slot.leave()), identity)
      expect((yield* one.state).used).toBe(1)
      expect((yield* another.state).used).toBe(0)
      expect(yield* states).toEqual([])
    })
  )
})

describe("a slot", () => {
  const ask = (patience: number): RateLimit.Ask => ({ priority: "interactive", patience })
  const opened = (options: RateLimit.Options) => Effect.flatMap(RateLimit.make(options), ({ open }) => open("key"))

  it.scoped("is settled once, whatever comes after its request has been given up", () =>
    Effect.gen(function* () {
      const pacer = yield* opened({ limit: 50 })
      const kept: Array<RateLimit.Slot> = []
      yield* pacer.withSlot(ask(1000), (slot) => Effect.sync(() => void kept.push(slot)), identity)
      yield* pacer.withSlot(
        ask(1000),
        (slot) =>
          Effect.sync(() => {
            slot.leave()
            kept.push(slot)
          }),
        identity
      )
      for (const slot of kept) slot.answered({ status: 200, headers: {} }, undefined)
      expect(yield* pacer.state).toMatchObject({ used: 1, free: 49 })
    })
  )

  it.scoped("is waited for as long as it may be, and no longer, where it is not known when there is one", () =>
    Effect.gen(function* () {
      const pacer = yield* opened({ limit: 3 })
      yield* Effect.fork(pacer.withSlot(ask(1000), () => Effect.never, identity))
      yield* Effect.yieldNow()
      const waiting = yield* Effect.fork(Effect.flip(pacer.withSlot(ask(50), () => Effect.never, identity)))
      yield* TestClock.adjust("49 millis")
      expect(Option.isNone(yield* Fiber.poll(waiting))).toBe(true)
      yield* TestClock.adjust("1 millis")
      expect(yield* Fiber.join(waiting)).toMatchObject({ isDayOver: false })
      expect(yield* pacer.state).toMatchObject({ waiting: 0 })
    })
  )

  it.scoped("is given by the clock of who opened the limit, whoever waits for it first", () =>
    Effect.gen(function* () {
      const pacer = yield* opened({ limit: 1, interval: "1 second" })
      const one = pacer.withSlot(ask(60_000), (slot) => Effect.sync(() => slot.leave()), identity)
      yield* one
      const standing = Object.assign(Object.create(yield* Effect.clock) as Clock.Clock, { sleep: () => Effect.never })
      const first = yield* Effect.fork(Effect.withClock(one, standing))
      const second = yield* Effect.fork(one)
      yield* Effect.yieldNow()
      yield* TestClock.adjust("3 seconds")
      expect(Option.isSome(yield* Fiber.poll(first))).toBe(true)
      expect(Option.isSome(yield* Fiber.poll(second))).toBe(true)
    })
  )

  it.scoped("is not leaked by one that is interrupted at any moment of its waiting", () =>
    Effect.gen(function* () {
      const pacer = yield* opened({ limit: 2, interval: "1 second" })
      const use = (slot: RateLimit.Slot) =>
        Effect.sync(() => {
          slot.leave()
          slot.answered({ status: 200, headers: {} }, undefined)
        })
      for (let round = 0; round < 50; round += 1) {
        const fibers = yield* Effect.replicateEffect(Effect.fork(pacer.withSlot(ask(60_000), use, identity)), 6)
        for (let turn = 0; turn < round % 7; turn += 1) yield* Effect.yieldNow()
        yield* TestClock.adjust(round % 3 === 0 ? 1002 : 1)
        yield* Fiber.interruptAll(fibers)
      }
      yield* TestClock.adjust("2 seconds")
      expect(yield* pacer.state).toMatchObject({ used: 0, free: 2, waiting: 0 })
    })
  )
})

it("a waiter that is interrupted at any step leaves those after it a dispatcher", async () => {
  /** Ops of a fiber until it yields: where an interruption may come between any two. */
  const steps = Array.from({ length: 60 }, (_, index) => 1995 + index)
  const stuck = await Promise.all(
    steps.map(async (count) => {
      const pacer = makePacer(
        "key",
        logOf(makeSlidingLog({ limit: 1, interval: 700, share: 1, reserve: 0 }), liveClock),
        liveClock,
        () => undefined
      )
      const use = pacer.withSlot(
        { priority: "interactive", patience: 10_000 },
        (slot) =>
          Effect.sync(() => {
            slot.leave()
            slot.answered({ status: 200, headers: {} }, undefined)
          }),
        identity
      )
      await Effect.runPromise(use)
      let later: Effect.Effect<void, unknown> = use
      for (let step = 0; step < count; step += 1) {
        const next = later
        later = Effect.suspend(() => next)
      }
      const fiber = Effect.runFork(later)
      fiber.unsafeInterruptAsFork(fiber.id())
      await Effect.runPromise(Fiber.await(fiber))
      const ended = await Effect.runPromise(Effect.timeoutOption(use, "5 seconds"))
      return Option.isNone(ended) ? [count] : []
    })
  )
  expect(stuck.flat()).toEqual([])
})

it("a limit that somebody comes back to while it is tidied away stays one", async () => {
  const different = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const limits = await Effect.runPromise(RateLimit.make())
      const opened = Effect.gen(function* () {
        yield* Effect.scoped(limits.open("key"))
        let other: Effect.Effect<unknown, never, Scope.Scope> = limits.open("other")
        for (let step = 0; step < 2015 + index; step += 1) {
          const next = other
          other = Effect.suspend(() => next)
        }
        const tidying = yield* Effect.fork(other)
        const one = yield* Effect.fork(limits.open("key"))
        yield* Fiber.join(tidying)
        return (yield* Fiber.join(one)) === (yield* limits.open("key")) ? [] : [index]
      })
      return Effect.runPromise(Effect.scoped(opened))
    })
  )
  expect(different.flat()).toEqual([])
})

describe("services that are given the same limit", () => {
  const app = (layer: Layer.Layer<HttpClient.HttpClient>, token: Credentials.Credentials) =>
    Effect.provide(many(3), Layer.fresh(Layer.provide(ContactsService.layer({ token }), layer)))

  it.effect("share it for the same app and location, and for no other", () => {
    const { sent, layer } = transport(five)
    const source = (rateLimitKey: string) =>
      Credentials.accessToken(Effect.succeed(Redacted.make("pit-1")), { rateLimitKey })
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(
        Effect.all([app(layer, source("app:one")), app(layer, source("app:one")), app(layer, source("app:other"))], {
          concurrency: "unbounded"
        })
      )
      yield* TestClock.adjust("5 seconds")
      expect(sent.length).toBe(8)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      expect(sent.length).toBe(9)
    }).pipe(Effect.provide(RateLimit.layer({ limit: 5 })))
  })

  it.effect("are forgotten when they are gone and nothing of them counts any more", () => {
    const { layer } = transport()
    return Effect.gen(function* () {
      yield* during(
        "2 seconds",
        app(layer, Credentials.accessToken(Effect.succeed(Redacted.make("pit-1")), { rateLimitKey: "one" }))
      )
      expect((yield* states).map(({ key }) => key)).toEqual(["services.leadconnectorhq.com:one"])
      yield* TestClock.adjust("1 minute")
      yield* during(
        "2 seconds",
        app(layer, Credentials.accessToken(Effect.succeed(Redacted.make("pit-1")), { rateLimitKey: "two" }))
      )
      expect((yield* states).map(({ key }) => key)).toEqual(["services.leadconnectorhq.com:two"])
    }).pipe(Effect.provide(RateLimit.layer({ limit: 5 })))
  })
})
