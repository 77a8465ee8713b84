import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import * as S from "effect/Schema"
import * as Utils from "effect/Utils"
import * as RateLimit from "effect-growthhub/RateLimit"
import * as RateLimitRedis from "effect-growthhub/RateLimitRedis"
import type { Redis } from "ioredis"
import * as Installation from "../reliability/Installation.js"
import type { Entry } from "../src/internal/logState.js"
import { type News, newsOf } from "../src/internal/news.js"
import { makeSlidingLog, takeAll, type Wanted } from "../src/internal/slidingLog.js"
import * as Quota from "../src/sandbox/Quota.js"
import * as RedisServer from "./redis.js"

const ask = (priority: RateLimit.Level = "interactive", patience = 10_000) => ({ priority, patience })

const refused = (refusal: RateLimit.Refusal) => refusal

const redis = Effect.flatMap(Installation.directory, RedisServer.make)

const headers = (told: { readonly remaining: number; readonly left: number; readonly limit?: number }) => ({
  "x-ratelimit-max": String(told.limit ?? 20),
  "x-ratelimit-remaining": String(told.remaining),
  "x-ratelimit-interval-milliseconds": "60000",
  "x-ratelimit-limit-daily": "1000",
  "x-ratelimit-daily-remaining": String(told.left),
  "x-ratelimit-daily-reset": "3600000"
})

/** What does not depend on the clock. */
const standing = (pacer: RateLimit.Pacer) =>
  Effect.map(pacer.state, ({ limit, used, free, strangers, day }) => ({
    limit,
    used,
    free,
    strangers,
    left: Option.getOrUndefined(Option.map(day, ({ left }) => left))
  }))

describe.skipIf(!RedisServer.isThere)("a limit in Redis", () => {
  it.scopedLive("is one for all processes that share it", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const left: Array<number> = []
      const process = Effect.gen(function* () {
        const limits = yield* RateLimitRedis.make({ client, limit: 20, interval: "300 millis" })
        const pacer = yield* limits.open("app:location")
        yield* Effect.replicateEffect(
          pacer.withSlot(
            ask(),
            (slot) =>
              Effect.sync(() => {
                slot.leave()
                left.push(performance.now())
                slot.answered({ status: 200, headers: {} }, undefined)
              }),
            refused
          ),
          20,
          { concurrency: "unbounded" }
        )
      })
      yield* Effect.all([process, process, process], { concurrency: "unbounded" })
      expect(left.length).toBe(60)
      for (const start of left) {
        expect(left.filter((then) => then >= start && then < start + 300).length).toBeLessThanOrEqual(20)
      }
    })
  )

  /** A connection that counts how often it is asked. */
  const counting = (client: Redis) => {
    const asked = { times: 0 }
    const counted = {
      eval: (script: string, keys: number, ...rest: Array<string>) => client.eval(script, keys, ...rest),
      evalsha: (id: string, keys: number, ...rest: Array<string>) => {
        asked.times += 1
        return client.evalsha(id, keys, ...rest)
      }
    }
    return { asked, client: counted as unknown as Redis }
  }

  /** Uses so many slots one after the other, with so many milliseconds before the next one. */
  const spaced = (pacer: RateLimit.Pacer, count: number, millis: number, onLeave?: () => void) =>
    Effect.replicateEffect(Effect.delay(request(pacer, 10_000, 0, onLeave), millis), count)

  /** Waits until more than the limit of ten are in the log: those that are not free yet, too. */
  const givenAhead = (client: Redis) =>
    Effect.repeat(
      Effect.promise(() => client.zcard("growthhub:limit:{key}:log")),
      { until: (count) => count > 10, times: 2000 }
    )

  it.scopedLive("gives slots before they are free: who waits for ten asks once, and no window holds more", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const counted = counting(client)
      const { open } = yield* RateLimitRedis.make({ client: counted.client, limit: 10, interval: "300 millis" })
      const pacer = yield* open("key")
      const left: Array<number> = []
      const leave = () => left.push(performance.now())
      const first = yield* spaced(pacer, 10, 9, leave)
      expect(first.length).toBe(10)
      yield* Effect.sleep("150 millis")
      counted.asked.times = 0
      yield* Effect.replicateEffect(request(pacer, 10_000, 0, leave), 10, { concurrency: "unbounded" })
      // One turn that tells when the first slot becomes free, one or two for slots, and what is told of their ends.
      const spread = left[19]! - left[10]!
      expect(spread).toBeGreaterThan(60)
      expect(counted.asked.times).toBeLessThan(20)
      for (const start of left) {
        expect(left.filter((then) => then >= start && then < start + 300).length).toBeLessThanOrEqual(10)
      }
    })
  )

  it.scopedLive("gives slots back that are not free yet when nobody waits for them any more", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const { open } = yield* RateLimitRedis.make({ client, limit: 10, interval: "300 millis" })
      const pacer = yield* open("key")
      yield* spaced(pacer, 10, 5)
      yield* Effect.sleep("220 millis")
      const waiting = yield* Effect.fork(
        Effect.replicateEffect(request(pacer, 10_000), 10, { concurrency: "unbounded" })
      )
      yield* givenAhead(client)
      const used = Effect.map(pacer.state, ({ used }) => used)
      expect(yield* used).toBeLessThanOrEqual(10)
      yield* Fiber.interrupt(waiting)
      yield* Effect.sleep("320 millis")
      expect(yield* used).toBe(0)
    })
  )

  it.scopedLive("gives slots back that are not free yet when a request of the process meets a 429", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const { open } = yield* RateLimitRedis.make({ client, limit: 10, interval: "300 millis" })
      const pacer = yield* open("key")
      // The last one has just been answered when the first slot becomes free: it is known what others use.
      yield* spaced(pacer, 10, 27)
      let sent = 0
      const ended: Array<number> = []
      const waiting = yield* Effect.fork(
        Effect.replicateEffect(
          pacer.withSlot(
            ask(),
            (slot) =>
              Effect.sync(() => {
                sent += 1
                slot.leave()
                slot.answered({ status: sent === 1 ? 429 : 200, headers: {} }, sent === 1 ? 400 : undefined)
                ended.push(performance.now())
              }),
            refused
          ),
          10,
          { concurrency: "unbounded" }
        )
      )
      yield* Fiber.join(waiting)
      // Those that were free already may have left with it.
      expect(ended.filter((at) => at < ended[0]! + 390).length).toBeLessThan(3)
    })
  )

  it.scopedLive("sees strangers in a 429 while others have slots that are not free yet", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const opened = Effect.flatMap(RateLimitRedis.make({ client, limit: 10, interval: "300 millis" }), ({ open }) =>
        open("key")
      )
      const pacer = yield* opened
      const other = yield* opened
      yield* request(pacer, 10_000)
      yield* Effect.sleep("90 millis")
      yield* spaced(pacer, 9, 21)
      const told = { "x-ratelimit-max": "10", "x-ratelimit-remaining": "0" }
      const mayAnswer = yield* Deferred.make<void>()
      const hasLeft = yield* Deferred.make<void>()
      const one = yield* Effect.fork(
        pacer.withSlot(
          ask(),
          (slot) => {
            slot.leave()
            return Effect.zipRight(
              Effect.zipRight(Deferred.succeed(hasLeft, undefined), Deferred.await(mayAnswer)),
              Effect.sync(() => slot.answered({ status: 429, headers: told }, undefined))
            )
          },
          refused
        )
      )
      yield* Deferred.await(hasLeft)
      const others = yield* Effect.fork(Effect.replicateEffect(request(other, 10_000), 5, { concurrency: "unbounded" }))
      yield* givenAhead(client)
      yield* Deferred.succeed(mayAnswer, undefined)
      yield* Fiber.join(one)
      expect(yield* pacer.state).toMatchObject({ strangers: 1 })
      yield* Fiber.interrupt(others)
    })
  )

  it.scopedLive("judges as the one in memory does: strangers, the day, and what is free", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const told = FastCheck.sample(
        FastCheck.array(
          FastCheck.record({
            taken: FastCheck.integer({ min: 1, max: 3 }),
            strangers: FastCheck.nat(8),
            left: FastCheck.integer({ min: 100, max: 1000 }),
            status: FastCheck.constantFrom(200, 200, 200, 500)
          }),
          { minLength: 1, maxLength: 5 }
        ),
        { numRuns: 12, seed: 1 }
      )
      const settings = { limit: 20, interval: "1 minute" } as const
      for (const [index, steps] of told.entries()) {
        const memory = yield* Effect.flatMap(RateLimit.make(settings), ({ open }) => open("same"))
        const shared = yield* Effect.flatMap(RateLimitRedis.make({ client, ...settings }), ({ open }) =>
          open(`run:${index}`)
        )
        let sent = 0
        for (const { taken, status, strangers, left } of steps) {
          sent += taken
          const news = { remaining: Math.max(0, 20 - sent - strangers), left }
          const results = yield* Effect.forEach([memory, shared], (pacer) =>
            Effect.gen(function* () {
              // One after the other: what is told depends on who is on the way.
              const outcomes = yield* Effect.replicateEffect(
                Effect.either(
                  pacer.withSlot(
                    ask("interactive", 150),
                    (slot) =>
                      Effect.sync(() => {
                        slot.leave()
                        slot.answered({ status, headers: headers(news) }, undefined)
                      }),
                    refused
                  )
                ),
                taken
              )
              return { outcomes: outcomes.map(({ _tag }) => _tag), ...(yield* standing(pacer)) }
            })
          )
          expect(results[1]).toEqual(results[0])
        }
      }
    })
  )

  it.scopedLive("judges as the one in memory does: windows that do not slide, and what strangers use of them", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const settings = { limit: 20, interval: "1 minute" } as const
      const pacers = [
        yield* Effect.flatMap(RateLimit.make(settings), ({ open }) => open("windows")),
        yield* Effect.flatMap(RateLimitRedis.make({ client, ...settings }), ({ open }) => open("windows"))
      ]
      // Ten beside four of others; as few as there can only be in a new window; three more of others in that one. Then what
      // is left is for others, but for one that goes and sees; and one more, not told of, is refused.
      const remaining = [...Array.from({ length: 10 }, (_, index) => 15 - index), 19, 15, 14, 3, 2]
      for (const [index, left] of remaining.entries()) {
        // Redis counts whole milliseconds.
        yield* Effect.sleep("3 millis")
        const [here, there] = yield* Effect.forEach(pacers, (pacer) =>
          Effect.gen(function* () {
            const outcome = yield* Effect.either(
              pacer.withSlot(
                ask("interactive", 150),
                (slot) =>
                  Effect.sync(() => {
                    slot.leave()
                    slot.answered({ status: 200, headers: headers({ remaining: left, left: 900 }) }, undefined)
                  }),
                refused
              )
            )
            return { index, outcome: outcome._tag, ...(yield* standing(pacer)) }
          })
        )
        expect(there).toEqual(here)
      }
      const numbers = yield* Effect.promise(() => client.get("growthhub:limit:{windows}:numbers"))
      expect(numbers).toMatch(/"windowAt":[1-9]/)
    })
  )

  /** The script, by a clock that is set: what has ended and how many slots are wanted, at a time. */
  const scripted = (client: Redis, settings: object) =>
    Effect.gen(function* () {
      let script = ""
      const kept = {
        evalsha: () => Promise.reject(new Error("NOSCRIPT")),
        eval: (text: string, keys: number, ...rest: Array<string>) => {
          script = text.replace("redis.call('TIME')", "cjson.decode(ARGV[2])")
          return client.eval(text, keys, ...rest)
        }
      }
      const limits = yield* RateLimitRedis.make({ client: kept as unknown as Redis })
      yield* Effect.flatMap(limits.open("script"), ({ state }) => state)
      expect(script).toContain("ARGV[2]")
      return (key: string, now: number, told: Wanted & { readonly ended: ReadonlyArray<object> }) =>
        Effect.promise(async () => {
          const keys = ["log", "departures", "numbers", "processes"].map((name) => `{${key}}:${name}`)
          const all = { ...settings, process: "one", onTheirWay: [], ...told }
          const time = JSON.stringify([Math.floor(now / 1000), (now % 1000) * 1000])
          const reply = await client.eval(script, keys.length, ...keys, JSON.stringify(all), time)
          return JSON.parse(reply as string) as {
            readonly interactive: number
            readonly bulk: number
            readonly coming: string
            readonly entry: Entry & { readonly epoch: number }
          }
        })
    })

  it.scopedLive("gives as many slots as the log in memory, at any time, whatever windows strangers are met in", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const settings = { limit: 100, interval: 1000, share: 1, reserve: 0.05 }
      const run = yield* scripted(client, settings)
      const traffics = FastCheck.sample(
        FastCheck.record({
          window: FastCheck.constantFrom("sliding" as const, "fixed" as const),
          share: FastCheck.constantFrom(0.2, 0.5, 0.8),
          priority: FastCheck.constantFrom("interactive" as const, "interactive" as const, "bulk" as const),
          seed: FastCheck.integer({ min: 1, max: 1000 }),
          waves: FastCheck.array(
            FastCheck.record({ after: FastCheck.nat(2500), calls: FastCheck.integer({ min: 1, max: 150 }) }),
            { minLength: 1, maxLength: 5 }
          ),
          start: FastCheck.integer({ min: 1_000_000, max: 1_000_999 }),
          trip: FastCheck.integer({ min: 5, max: 60 })
        }),
        { numRuns: 10, seed: 1 }
      )
      let compared = 0
      for (const [index, { window, share, priority, seed, waves, start, trip }] of traffics.entries()) {
        const limits = S.decodeSync(Quota.Limits)({ max: 100, interval: 1000, window, strangers: { share, seed } })
        const quota = Quota.make(limits, start)
        const random = new Utils.PCGRandom(seed)
        const log = makeSlidingLog(settings)
        let waiting = 0
        /** Those that are on their way, as each of the two knows them. */
        let flying: Array<{ readonly here: Entry; readonly there: object; readonly news: News; readonly at: number }> =
          []
        let isAhead = false
        for (let now = start; now < start + 4000 && !isAhead; now += 5) {
          for (const { after, calls } of waves) if (after - (after % 5) === now - start) waiting += calls
          const ended = flying.filter(({ at }) => at <= now)
          flying = flying.filter(({ at }) => at > now)
          for (const { here, news } of ended) log.settle(here, news, now)
          let toTell = ended.map(({ here, there, news }) => ({ ...there, news, ago: 0, age: now - here.takenAt }))
          const wanted = (count: number) => ({ interactive: 0, bulk: 0, [priority]: count })
          const taken = takeAll(log, wanted(waiting), now)[priority]
          // So many at a time are given by Redis.
          for (let given = 0, isMore = true; isMore;) {
            const reply = yield* run(String(index), now, { ...wanted(waiting - given), ended: toTell })
            const { coming, entry, [priority]: more } = reply
            toTell = []
            // Only Redis gives slots before they are free.
            isAhead = coming !== ""
            for (const [place, here] of taken.slice(given, given + more).entries()) {
              const departed = entry.departed + place + 1
              const member = `one:${entry.epoch}:${departed}`
              const there = { ...entry, departed, inFlight: entry.inFlight + place + 1, member }
              const { isAdmitted, headers } = quota.admit(now)
              const at = now + 1 + Math.floor(random.number() * trip)
              flying.push({ here, there, news: newsOf(headers, !isAdmitted, undefined), at })
            }
            given += more
            isMore = more === 10
            if (!isMore)
              expect({ index, at: now - start, given }).toEqual({ index, at: now - start, given: taken.length })
          }
          waiting -= taken.length
          compared += taken.length
        }
      }
      expect(compared).toBeGreaterThan(500)
    })
  )

  it.scopedLive("gives each process its share while Redis is away, and is one again when it is back", () =>
    Effect.gen(function* () {
      const { client, socket } = yield* redis
      const limits = { limit: 20, interval: "1 minute" } as const
      const opened = (connection: typeof client) =>
        Effect.flatMap(RateLimitRedis.make({ client: connection, ...limits }), ({ open }) => open("app:location"))
      const other = yield* opened(client)
      const mortal = yield* Effect.acquireRelease(
        Effect.sync(() => client.duplicate()),
        (connection) => Effect.sync(() => connection.disconnect())
      )
      expect(socket).toBeDefined()
      const pacer = yield* opened(mortal)
      const one = (pacer: RateLimit.Pacer) =>
        pacer.withSlot(
          ask("interactive", 100),
          (slot) =>
            Effect.sync(() => {
              slot.leave()
              slot.answered({ status: 200, headers: {} }, undefined)
            }),
          refused
        )
      yield* one(other)
      expect(yield* standing(other)).toMatchObject({ used: 1 })
      yield* one(pacer)
      mortal.disconnect()
      const alone = yield* Effect.replicateEffect(Effect.either(one(pacer)), 12)
      // Half of twenty, one of which had been used before.
      expect(alone.filter(({ _tag }) => _tag === "Right").length).toBe(9)
      yield* Effect.promise(() => mortal.connect())
      yield* one(other)
      expect(yield* standing(pacer)).toMatchObject({ limit: 20, used: 12 })
    })
  )

  it.scopedLive("sees no strangers where Redis has lost what it knew", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const pacer = yield* Effect.flatMap(RateLimitRedis.make({ client, limit: 100 }), ({ open }) => open("key"))
      const calling = (headers: Record<string, string>, before: Effect.Effect<unknown>) =>
        pacer.withSlot(
          ask(),
          (slot) => {
            slot.leave()
            return Effect.map(before, () => slot.answered({ status: 200, headers }, undefined))
          },
          refused
        )
      yield* Effect.replicateEffect(calling({}, Effect.void), 30)
      const told = { "x-ratelimit-max": "100", "x-ratelimit-remaining": "69" }
      yield* calling(
        told,
        Effect.promise(() => client.flushall())
      )
      expect(yield* pacer.state).toMatchObject({ strangers: 0, used: 1 })
    })
  )

  it.scopedLive("goes on where Redis has forgotten its script", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const pacer = yield* Effect.flatMap(RateLimitRedis.make({ client, limit: 100 }), ({ open }) => open("key"))
      const one = pacer.withSlot(ask(), (slot) => Effect.sync(() => slot.leave()), refused)
      yield* one
      yield* Effect.promise(() => client.script("FLUSH"))
      yield* one
      expect(yield* pacer.state).toMatchObject({ used: 2 })
    })
  )

  it.scopedLive("gives slots back that Redis gave too late", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const pacer = yield* Effect.flatMap(RateLimitRedis.make({ client, limit: 100 }), ({ open }) => open("key"))
      const one = pacer.withSlot(ask("interactive", 100), () => Effect.void, refused)
      yield* one
      yield* Effect.promise(() => client.call("CLIENT", "PAUSE", "400"))
      expect(yield* Effect.flip(one)).toMatchObject({ isDayOver: false })
      yield* Effect.promise(() => client.ping())
      yield* pacer.state
      expect(yield* pacer.state).toMatchObject({ used: 0, free: 100 })
    })
  )

  /** A connection that can be away, and another that is there. */
  const breaking = Effect.gen(function* () {
    const { client } = yield* redis
    const state = { isAway: false }
    const unlessAway = (reply: () => Promise<unknown>) =>
      state.isAway ? Promise.reject(new Error("Connection is closed")) : reply()
    const broken = {
      eval: (script: string, keys: number, ...rest: Array<string>) =>
        unlessAway(() => client.eval(script, keys, ...rest)),
      evalsha: (id: string, keys: number, ...rest: Array<string>) => unlessAway(() => client.evalsha(id, keys, ...rest))
    }
    return { state, client, broken: broken as unknown as typeof client }
  })

  const request = (pacer: RateLimit.Pacer, patience: number, takes = 0, onLeave: () => void = constVoid) =>
    pacer.withSlot(
      ask("interactive", patience),
      (slot) =>
        Effect.zipRight(
          Effect.sync(() => {
            slot.leave()
            onLeave()
          }),
          Effect.delay(
            Effect.sync(() => slot.answered({ status: 200, headers: {} }, undefined)),
            takes
          )
        ),
      refused
    )

  it.scopedLive("gives also those their share that have little time, while Redis is away", () =>
    Effect.gen(function* () {
      const { state, broken } = yield* breaking
      state.isAway = true
      const { open } = yield* RateLimitRedis.make({ client: broken, limit: 20, interval: "1 minute" })
      const pacer = yield* open("key")
      for (let call = 0; call < 2; call += 1)
        expect(yield* Effect.either(request(pacer, 300))).toMatchObject({ _tag: "Right" })
    })
  )

  it.scopedLive("counts what was let go while Redis was away when it is back, and what ended then", () =>
    Effect.gen(function* () {
      const { state, client, broken } = yield* breaking
      const limits = { limit: 20, interval: "1 minute" } as const
      const pacer = yield* Effect.flatMap(RateLimitRedis.make({ client: broken, ...limits }), ({ open }) => open("key"))
      const other = yield* Effect.flatMap(RateLimitRedis.make({ client, ...limits }), ({ open }) => open("key"))
      yield* request(pacer, 1000)
      state.isAway = true
      const hanging = yield* Effect.fork(request(pacer, 1000, 1_000_000))
      yield* request(pacer, 1000)
      const used = Effect.map(other.state, ({ used }) => used)
      state.isAway = false
      // Nobody asks for anything: what has ended is told, and with it what is on its way.
      yield* Effect.repeat(Effect.sleep("20 millis"), {
        until: () => Effect.map(used, (count) => count === 3),
        times: 200
      })
      expect(yield* used).toBe(3)
      yield* Fiber.interrupt(hanging)
    })
  )

  it.scopedLive("forgets what nobody uses any more", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const limits = yield* RateLimitRedis.make({ client, limit: 20, interval: "20 millis" })
      for (let key = 0; key < 5; key += 1) {
        yield* Effect.scoped(Effect.flatMap(limits.open(`key-${key}`), (pacer) => request(pacer, 1000)))
      }
      // Their interval, by the clock of Redis.
      yield* Effect.sleep("60 millis")
      yield* limits.open("another")
      expect(yield* Effect.map(limits.states, (states) => states.map(({ key }) => key))).toEqual(["another"])
    })
  )

  it.live("does without a Redis that answers what it never would", () =>
    Effect.gen(function* () {
      for (const odd of ["null", "{}", "[]", "?", 7, null]) {
        const client = { evalsha: () => Promise.resolve(odd) } as unknown as Redis
        const { open } = yield* RateLimitRedis.make({ client, limit: 20, interval: "1 minute" })
        const pacer = yield* open("key")
        expect(yield* Effect.either(request(pacer, 1000))).toMatchObject({ _tag: "Right" })
      }
    }).pipe(Effect.scoped)
  )

  it.scopedLive("asks Redis nothing when it is opened, however many there are", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const limits = yield* RateLimitRedis.make({ client })
      for (let key = 0; key < 50; key += 1) yield* Effect.scoped(limits.open(`key:${key}`))
      expect(yield* Effect.promise(() => client.dbsize())).toBe(0)
    })
  )

  it.scopedLive("lets nobody wait in vain: who cannot be let go in time is told so at once", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const limits = yield* RateLimitRedis.make({ client, limit: 1, interval: "1 minute" })
      const pacer = yield* limits.open("app:location")
      const one = pacer.withSlot(ask(), (slot) => Effect.sync(() => slot.leave()), refused)
      yield* one
      const [elapsed, refusal] = yield* Effect.timed(Effect.flip(one))
      expect(refusal).toMatchObject({ isDayOver: false })
      expect(Duration.toSeconds(elapsed)).toBeLessThan(5)
    })
  )
})
