import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as RateLimit from "effect-growthhub/RateLimit"
import * as RateLimitRedis from "effect-growthhub/RateLimitRedis"
import type { Redis } from "ioredis"
import * as Installation from "../reliability/Installation.js"
import { turning } from "./clock.js"
import * as RedisServer from "./redis.js"

const redis = Effect.flatMap(Installation.directory, RedisServer.make)

const acquiring = (timeoutMillis: number, leaseMillis: number): RateLimit.AcquireOptions => ({
  priority: "interactive",
  timeoutMillis,
  leaseMillis
})

/** The limits of a separate process. */
const limits = (options: RateLimitRedis.Options) =>
  Effect.map(Layer.build(RateLimitRedis.layer(options)), (context) => Context.get(context, RateLimit.RateLimit))

/** One limiter of a separate process. */
const opened = (options: RateLimitRedis.Options) => Effect.flatMap(limits(options), ({ open }) => open("app:location"))

/** A request whose response arrives at once. */
const request = (limiter: RateLimit.Limiter, timeoutMillis = 10_000, onLeave: () => void = () => undefined) =>
  Effect.map(limiter.acquire(acquiring(timeoutMillis, 10_000)), (permit) => {
    onLeave()
    permit.complete({ status: 200, headers: {} })
  })

const used = (limiter: RateLimit.Limiter) => Effect.map(limiter.state, (state) => state.used)

const until = (condition: Effect.Effect<boolean>) =>
  Effect.repeat(Effect.sleep("20 millis"), { until: () => condition, times: 250 })

/** A Redis connection that fails while `isBroken` is set, and counts its commands. */
const breaking = (client: Redis, error = "Connection is closed.") => {
  const state = { isBroken: false, asked: 0 }
  const ask = (reply: () => Promise<unknown>) => {
    state.asked += 1
    return state.isBroken ? Promise.reject(new Error(error)) : reply()
  }
  const broken = {
    eval: (script: string, keys: number, ...rest: Array<string>) => ask(() => client.eval(script, keys, ...rest)),
    evalsha: (id: string, keys: number, ...rest: Array<string>) => ask(() => client.evalsha(id, keys, ...rest))
  }
  // The cast is safe: the limiter uses only these two methods of a connection.
  return { state, client: broken as unknown as Redis }
}

describe.skipIf(!RedisServer.isThere)("a limit in Redis", () => {
  it.scopedLive("is shared by all processes", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const left: Array<number> = []
      const process = Effect.gen(function* () {
        const limiter = yield* opened({ client, limit: 20, interval: "300 millis" })
        const one = request(limiter, 10_000, () => left.push(performance.now()))
        yield* Effect.replicateEffect(one, 20, { concurrency: "unbounded" })
      })
      yield* Effect.all([process, process, process], { concurrency: "unbounded" })
      expect(left.length).toBe(60)
      for (const start of left) {
        expect(left.filter((then) => then >= start && then < start + 300).length).toBeLessThanOrEqual(20)
      }
    })
  )

  it.scopedLive("replaces a state of another shape in Redis", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      yield* Effect.promise(() => client.hset("growthhub:limit:{app:location}", { version: "1", state: "{}" }))
      const limiter = yield* opened({ client, limit: 20, interval: "300 millis" })
      yield* Effect.replicateEffect(request(limiter), 20, { concurrency: "unbounded" })
      expect(yield* used(limiter)).toBe(20)
      expect((yield* limiter.state).isStoreAvailable).toBe(true)
    })
  )

  it.scopedLive("returns a permit only once, even if the reply of Redis is lost", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      let losesReply = false
      const losing = {
        eval: (script: string, keys: number, ...rest: Array<string>) => client.eval(script, keys, ...rest),
        evalsha: async (id: string, keys: number, ...rest: Array<string>) => {
          const reply = await client.evalsha(id, keys, ...rest)
          if (!losesReply) return reply
          losesReply = false
          throw new Error("Connection is closed.")
        }
      } as unknown as Redis
      const limiter = yield* opened({ client: losing, limit: 20, interval: "10 seconds" })
      const acquire = limiter.acquire(acquiring(10_000, 10_000))
      const [first] = yield* Effect.all([acquire, acquire, acquire])
      expect(yield* used(limiter)).toBe(3)
      losesReply = true
      first.release()
      yield* until(Effect.sync(() => !losesReply))
      yield* until(Effect.map(limiter.state, (state) => state.isStoreAvailable))
      const other = yield* opened({ client, limit: 20, interval: "10 seconds" })
      expect(yield* used(other)).toBe(2)
    })
  )

  it.scopedLive("gives permits to all processes in turn", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const [one, another] = [
        yield* opened({ client, limit: 10, interval: "1 second" }),
        yield* opened({ client, limit: 10, interval: "1 second" })
      ]
      yield* request(one)
      yield* request(another)
      const order: Array<string> = []
      const many = (limiter: RateLimit.Limiter, name: string) =>
        Effect.replicateEffect(
          request(limiter, 10_000, () => order.push(name)),
          15,
          { concurrency: "unbounded", discard: true }
        )
      yield* Effect.all([many(one, "one"), many(another, "another")], { concurrency: "unbounded" })
      expect(new Set(order.slice(0, 20)).size).toBe(2)
    })
  )

  it.scopedLive("batches the Redis commands of calls that wait or complete together", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const counted = breaking(client)
      const limiter = yield* opened({ client: counted.client, limit: 100, interval: "1 minute" })
      yield* request(limiter)
      yield* until(Effect.map(used(limiter), (count) => count === 1))
      counted.state.asked = 0
      yield* Effect.replicateEffect(request(limiter), 50, { concurrency: "unbounded" })
      expect(yield* used(limiter)).toBe(51)
      expect(counted.state.asked).toBeLessThan(20)
    })
  )

  it.scopedLive("stops counting a request of a process that is gone after its lease and an interval", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const gone = yield* opened({ client, limit: 1, interval: "100 millis" })
      yield* gone.acquire(acquiring(1000, 200))
      const other = yield* opened({ client, limit: 1, interval: "100 millis" })
      expect(yield* used(other)).toBe(1)
      const waiting = yield* Effect.fork(request(other, 60_000))
      // The lease and the interval are 300 ms. `until` checks 250 times, which takes at least five seconds.
      yield* until(Effect.map(Fiber.poll(waiting), Option.isSome))
      expect(yield* Fiber.poll(waiting)).toEqual(Option.some(Exit.void))
    })
  )

  it.scopedLive("returns a permit that is released or whose caller has timed out", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const limiter = yield* opened({ client, limit: 20, interval: "1 minute" })
      const permit = yield* limiter.acquire(acquiring(1000, 10_000))
      permit.release()
      expect(yield* used(limiter)).toBe(0)
      yield* Effect.promise(() => client.call("CLIENT", "PAUSE", "300"))
      expect(yield* Effect.flip(limiter.acquire(acquiring(100, 10_000)))).toMatchObject({ reason: "Timeout" })
      yield* until(Effect.map(used(limiter), (count) => count === 0))
      expect(yield* used(limiter)).toBe(0)
    })
  )

  it.scopedLive("loads its script again after Redis has dropped it", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const limiter = yield* opened({ client })
      yield* request(limiter)
      yield* Effect.promise(() => client.script("FLUSH"))
      yield* request(limiter)
      expect(yield* used(limiter)).toBe(2)
    })
  )

  it.scopedLive("keeps the requests of its own process and logs a warning if Redis has lost the state", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const warnings: Array<string> = []
      const logger = Logger.make(({ message }) => void warnings.push(String(message)))
      const limiter = yield* Effect.provide(opened({ client }), Logger.replace(Logger.defaultLogger, logger))
      yield* Effect.replicateEffect(request(limiter), 5)
      expect(yield* used(limiter)).toBe(5)
      yield* Effect.promise(() => client.flushall())
      yield* request(limiter)
      expect(yield* used(limiter)).toBe(6)
      yield* Effect.yieldNow()
      expect(warnings.length).toBe(1)
      expect(warnings[0]).toContain("Redis has lost the state of the rate limit")
    })
  )

  it.scopedLive("does not write to Redis when its state is read", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const limiter = yield* opened({ client })
      yield* request(limiter)
      yield* until(Effect.map(used(limiter), (count) => count === 1))
      const version = Effect.promise(() => client.hget("growthhub:limit:{app:location}", "version"))
      const before = yield* version
      yield* limiter.state
      yield* limiter.state
      expect(yield* version).toBe(before)
    })
  )

  it.scopedLive("stores no key in Redis when it is opened", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const { open } = yield* limits({ client })
      for (let key = 0; key < 50; key += 1) yield* Effect.scoped(open(`key:${key}`))
      expect(yield* Effect.promise(() => client.dbsize())).toBe(0)
    })
  )

  it.scopedLive("forgets keys that are no longer used", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const { open, states } = yield* limits({ client, limit: 20, interval: "20 millis" })
      for (let key = 0; key < 5; key += 1) {
        yield* Effect.scoped(Effect.flatMap(open(`key-${key}`), (limiter) => request(limiter)))
      }
      yield* Effect.sleep("200 millis")
      yield* open("another")
      expect(yield* Effect.map(states, (states) => states.map(({ key }) => key))).toEqual(["another"])
    })
  )
})

describe.skipIf(!RedisServer.isThere)("a limit while Redis is unavailable", () => {
  it.scopedLive("gives each process its share, and is shared again when Redis is back", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const options = { limit: 20, interval: "1 minute" } as const
      const other = yield* opened({ client, ...options })
      const mortal = breaking(client)
      const limiter = yield* opened({ client: mortal.client, ...options })
      yield* request(other)
      yield* request(limiter)
      yield* until(Effect.map(used(other), (count) => count === 2))
      mortal.state.isBroken = true
      const alone = yield* Effect.replicateEffect(Effect.either(request(limiter, 100)), 12)
      // The share is half of twenty permits, and one of these ten was used before.
      expect(alone.filter(Either.isRight).length).toBe(9)
      expect(yield* limiter.state).toMatchObject({ isStoreAvailable: false, used: 10, free: 0 })
      mortal.state.isBroken = false
      expect(yield* limiter.state).toMatchObject({ isStoreAvailable: true, used: 11 })
      expect(yield* used(other)).toBe(11)
    })
  )

  it.scopedLive("counts the requests in flight when Redis is back", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const mortal = breaking(client)
      const limiter = yield* opened({ client: mortal.client, interval: "1 minute" })
      yield* request(limiter)
      mortal.state.isBroken = true
      const permit = yield* limiter.acquire(acquiring(1000, 10_000))
      mortal.state.isBroken = false
      expect(yield* used(limiter)).toBe(2)
      permit.complete()
      expect(yield* used(limiter)).toBe(2)
    })
  )

  it.live("polls Redis at most once a second and logs one warning", () =>
    Effect.gen(function* () {
      const warnings: Array<string> = []
      const logger = Logger.make(({ message }) => void warnings.push(String(message)))
      let isBroken = true
      let asked = 0
      const evalsha = () => {
        asked += 1
        return isBroken ? Promise.reject(new Error("Connection is closed.")) : Promise.resolve([Date.now(), "", ""])
      }
      // The cast is safe: the limiter uses only this method of a connection.
      const client = { evalsha } as unknown as Redis
      const limiter = yield* Effect.provide(opened({ client }), Logger.replace(Logger.defaultLogger, logger))
      yield* Effect.replicateEffect(Effect.zipRight(Effect.yieldNow(), request(limiter)), 8)
      expect(asked).toBeLessThanOrEqual(2)
      isBroken = false
      expect((yield* limiter.state).isStoreAvailable).toBe(true)
      isBroken = true
      expect((yield* limiter.state).isStoreAvailable).toBe(false)
      expect(warnings.length).toBe(1)
    }).pipe(Effect.scoped)
  )

  it.scopedLive("uses Redis again as soon as it is back, while calls continue", () =>
    Effect.gen(function* () {
      const { client } = yield* redis
      const mortal = breaking(client)
      const limiter = yield* opened({ client: mortal.client, limit: 1_000_000 })
      mortal.state.isBroken = true
      yield* request(limiter)
      mortal.state.isBroken = false
      const other = yield* opened({ client })
      yield* until(
        Effect.zipRight(
          Effect.orDie(request(limiter)),
          Effect.map(used(other), (count) => count > 0)
        )
      )
      expect(yield* used(other)).toBeGreaterThan(0)
    })
  )

  it.scoped("is available again, and forgotten, when Redis is back and no call uses it any more", () =>
    Effect.gen(function* () {
      const clock = yield* Effect.clock
      const start = Date.now()
      let [isBroken, version, state] = [true, "", ""]
      /** Does what the script does. */
      const evalsha = (_: string, __: number, ___: string, known: string, next: string, text: string) => {
        if (isBroken) return Promise.reject(new Error("Connection is closed."))
        const now = start + clock.unsafeCurrentTimeMillis()
        if (known !== version) return Promise.resolve([now, version, state])
        if (next !== "") [version, state] = [next, text]
        return Promise.resolve([now, version])
      }
      const unavailable = Effect.map(Metric.value(Metric.gauge(RateLimit.metrics.unavailableStores)), (_) => _.value)
      const before = yield* unavailable
      // The cast is safe: the limiter uses only this method of a connection.
      const { open, states } = yield* limits({ client: { evalsha } as unknown as Redis })
      yield* Effect.scoped(Effect.flatMap(open("one"), (limiter) => request(limiter)))
      expect(yield* unavailable).toBe(before + 1)
      yield* TestClock.adjust("1 hour")
      yield* Effect.scoped(open("another"))
      yield* turning
      expect(yield* unavailable, "Redis is still unavailable").toBe(before + 1)
      isBroken = false
      yield* TestClock.adjust("1 second")
      yield* Effect.scoped(open("another"))
      yield* turning
      expect(yield* unavailable).toBe(before)
      yield* open("another")
      expect((yield* states).map(({ key }) => key)).toEqual(["another"])
    })
  )

  it.live("does not block calls if Redis never replies", () =>
    Effect.gen(function* () {
      const silent = { evalsha: () => new Promise(() => undefined) } as unknown as Redis
      const limiter = yield* opened({ client: silent, limit: 20, interval: "1 minute" })
      const [first] = yield* Effect.timed(request(limiter))
      expect(Duration.toSeconds(first)).toBeLessThan(5)
      expect(Either.isRight(yield* Effect.either(request(limiter, 100)))).toBe(true)
      expect(yield* limiter.state).toMatchObject({ isStoreAvailable: false })
    }).pipe(Effect.scoped)
  )

  it.live.each([
    ["the reply is not that of the script", () => Promise.resolve("OK")],
    ["unknown command 'evalsha'", () => Promise.reject(new Error("ERR unknown command 'evalsha'"))],
    ["the key holds a wrong kind of value", () => Promise.reject(new Error("WRONGTYPE Operation against a key"))],
    ["the memory is used up", () => Promise.reject(new Error("OOM command not allowed"))]
  ] as const)("reports it once in the log, in the state and in a metric: %s", ([, evalsha]) =>
    Effect.gen(function* () {
      const warnings: Array<string> = []
      const logger = Logger.make(({ message, logLevel }) => void warnings.push(`${logLevel.label} ${String(message)}`))
      const unavailable = Effect.map(Metric.value(Metric.gauge(RateLimit.metrics.unavailableStores)), (_) => _.value)
      const before = yield* unavailable
      // The cast is safe: the limiter uses only this method of a connection.
      const client = { evalsha } as unknown as Redis
      const options = { client, limit: 20, interval: "1 minute" } as const
      const limiter = yield* Effect.provide(opened(options), Logger.replace(Logger.defaultLogger, logger))
      yield* Effect.replicateEffect(request(limiter), 3)
      expect(yield* limiter.state).toMatchObject({ isStoreAvailable: false, used: 3 })
      expect(yield* unavailable).toBe(before + 1)
      yield* Effect.yieldNow()
      expect(warnings.length).toBe(1)
      expect(warnings[0]).toMatch(
        /^WARN Redis cannot be used for the rate limit \(.+\); this process uses the whole limit/
      )
    }).pipe(Effect.scoped)
  )
})
