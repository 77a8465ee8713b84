import { describe, expect, it } from "@effect/vitest"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Scheduler from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as Credentials from "effect-growthhub/Credentials"
import { type ContactsError, Unauthorized } from "effect-growthhub/Errors"
import * as RateLimit from "effect-growthhub/RateLimit"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { ContactId } from "effect-growthhub/Schema"
import { liveClock } from "../src/runtime/timer.js"
import * as Limit from "../src/limiter/limit.js"
import { Queue, type Store } from "../src/limiter/queue.js"
import { makeService, makeSettings, memoryLimiter } from "../src/limiter/service.js"

// --- through the service -----------------------------------------------------------------------------------------------

interface Sent {
  readonly at: number
  readonly path: string
}

/** A transport that responds after a tenth of a second, and records each request with its time. */
const transport = (answer: (sent: number) => { status?: number; headers?: Record<string, string> } = () => ({})) => {
  const sent: Array<Sent> = []
  const client = HttpClient.make((request, url) =>
    Effect.gen(function* () {
      sent.push({ at: yield* Clock.currentTimeMillis, path: url.pathname })
      const { status = 200, headers } = answer(sent.length)
      yield* Effect.sleep("100 millis")
      const contact = { id: url.pathname.slice("/contacts/".length) }
      const body = JSON.stringify(status === 200 ? { contact } : { message: "no" })
      return HttpClientResponse.fromWeb(request, new Response(body, { status, ...(headers && { headers }) }))
    })
  )
  return { sent, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

/** The rate limit headers of a service that allows five requests in ten seconds. */
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

/** Runs an effect, and advances the test clock by the time that it takes. */
const during = <A, E, R>(time: Duration.DurationInput, self: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Effect.fork(self), (fiber) => Effect.zipRight(TestClock.adjust(time), Fiber.join(fiber)))

const seconds = ({ at }: Sent) => Math.floor(at / 1000)

describe("calls of ContactsService under a rate limit", () => {
  it.effect("are sent as the limit allows, in order of arrival", () => {
    const { sent, layer } = transport(five)
    return Effect.gen(function* () {
      yield* during("30 seconds", many(12))
      expect(sent.map(seconds)).toEqual([0, 0, 0, 0, 0, 10, 10, 10, 10, 10, 20, 20])
      expect(sent.map(({ path }) => path)).toEqual(Array.from({ length: 12 }, (_, index) => `/contacts/c${index}`))
    }).pipe(Effect.provide(contacts(layer)))
  })

  it.effect("give up their place in the queue when they are interrupted", () => {
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

  it.effect("fail at once without a request if no permit is available before their deadline", () => {
    const { sent, layer } = transport(five)
    return Effect.gen(function* () {
      yield* during("2 seconds", many(5))
      const short = RetryPolicy.make({ deadline: "3 seconds" })
      const error = yield* Effect.flip(Effect.provideService(getting("late"), RetryPolicy.RetryPolicy, short))
      expect(error).toMatchObject({ _tag: "RateLimited", attempts: 0, outcome: "NotApplied", isRetryable: true })
      expect(error.message).toContain("can be sent in 9s")
      expect(error.status).toBeUndefined()
      const wait = error._tag === "RateLimited" ? Duration.toMillis(error.retryAfter ?? 0) : 0
      expect(wait).toBeGreaterThan(8000)
      expect(wait).toBeLessThan(8200)
      expect(sent.length).toBe(5)
      yield* TestClock.adjust(wait)
      yield* during("1 second", Effect.provideService(getting("late"), RetryPolicy.RetryPolicy, short))
    }).pipe(Effect.provide(contacts(layer)))
  })

  it.effect("are sent before waiting bulk calls if they are interactive", () => {
    const { sent, layer } = transport(five)
    return Effect.gen(function* () {
      const bulk = yield* Effect.fork(RateLimit.withPriority(many(8, "bulk"), "bulk"))
      yield* TestClock.adjust("6 seconds")
      yield* during("6 seconds", many(2, "person"))
      expect(sent.slice(5, 7).map(({ path }) => path)).toEqual(["/contacts/person0", "/contacts/person1"])
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(bulk)
      // The requests are spread evenly.
      expect(sent.slice(0, 5).map(seconds)).toEqual([0, 1, 2, 3, 4])
    }).pipe(Effect.provide(contacts(layer)))
  })

  it.effect("take a permit for each attempt", () => {
    const { sent, layer } = transport((sent) => ({ ...five(sent), status: sent % 2 === 1 ? 503 : 200 }))
    return Effect.gen(function* () {
      yield* during("20 seconds", many(3))
      const inWindow = (start: number) => sent.filter(({ at }) => at >= start && at < start + 10_000).length
      for (const { at } of sent) expect(inWindow(at)).toBeLessThanOrEqual(5)
      expect(sent.length).toBeGreaterThan(5)
    }).pipe(Effect.provide(contacts(layer)))
  })

  it.effect("take a second permit for the request that is resent with a new bearer", () => {
    const { sent, layer } = transport((sent) => ({ ...five(sent), status: sent === 1 ? 401 : 200 }))
    let asked = 0
    const token = Credentials.accessToken(Effect.sync(() => Redacted.make(`pit-${(asked += 1)}`)))
    return Effect.gen(function* () {
      yield* during("2 seconds", getting("c"))
      expect(sent.length).toBe(2)
      expect(yield* states).toMatchObject([{ used: 2, free: 3 }])
    }).pipe(Effect.provide(contacts(layer, undefined, token)))
  })

  const unauthorized = new Unauthorized({ operation: "getContact", attempts: 0, message: "no" })

  it.effect.each([
    ["the source has the same one", Effect.succeed("pit-1")],
    ["the source fails", Effect.fail(unauthorized)],
    ["the next one is invalid", Effect.succeed("not a token")]
  ] as const)("take no second permit after a 401 if there is no other bearer because %s", ([, next]) => {
    const { sent, layer } = transport((sent) => ({ ...five(sent), status: 401 }))
    let asked = 0
    const token = Effect.suspend(() => ((asked += 1) === 1 ? Effect.succeed("pit-1") : next))
    return Effect.gen(function* () {
      const error = yield* during("2 seconds", Effect.flip(getting("c")))
      expect(error._tag).toBe("Unauthorized")
      expect(sent.length).toBe(1)
      expect(yield* states).toMatchObject([{ used: 1, free: 4, waiting: 0 }])
      yield* TestClock.adjust("11 seconds")
      expect(yield* states).toMatchObject([{ used: 0, free: 5, waiting: 0 }])
    }).pipe(Effect.provide(contacts(layer, undefined, Credentials.accessToken(Effect.map(token, Redacted.make)))))
  })

  it.effect("release their permit if the bearer is invalid", () => {
    const { sent, layer } = transport(five)
    return Effect.gen(function* () {
      yield* Effect.flip(getting("c"))
      expect(yield* states).toMatchObject([{ used: 0, free: 5, waiting: 0 }])
      expect(sent.length).toBe(0)
    }).pipe(Effect.provide(contacts(layer, undefined, Redacted.make("not a token"))))
  })

  it.effect("keep the permit of a request that was interrupted after it was sent", () => {
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

  it.effect("fail at once with the reset time if the daily quota is exhausted", () => {
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
      expect(error.message).toContain("resets in 1h")
      expect(sent.length).toBe(1)
      expect(Option.getOrThrow((yield* states)[0]!.day)).toMatchObject({ limit: 200_000, left: 0 })
      yield* TestClock.adjust("1 hour")
      yield* during("1 second", getting("c"))
    }).pipe(Effect.provide(contacts(layer)))
  })

  it.effect("wait for the daily quota if it resets before their deadline", () => {
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

  it.effect("report the reset of the daily quota as `retryAfter` after a 429 that exhausted it", () => {
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

  it.effect("start their attempt timeout when they get a permit", () => {
    const { sent, layer } = transport(five)
    const policy = RetryPolicy.make({ attemptTimeout: "200 millis", deadline: "1 minute", schedule: Schedule.stop })
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.provideService(many(8), RetryPolicy.RetryPolicy, policy))
      yield* TestClock.adjust("15 seconds")
      expect(Exit.isSuccess(yield* Fiber.await(fiber))).toBe(true)
      expect(sent.length).toBe(8)
    }).pipe(Effect.provide(contacts(layer)))
  })

  it.effect("are sent at once with `layerUnlimited`", () => {
    const { sent, layer } = transport()
    return Effect.gen(function* () {
      yield* during("100 millis", many(120))
      expect(sent.length).toBe(120)
      expect(yield* states).toEqual([])
    }).pipe(Effect.provide(contacts(layer, RateLimit.layerUnlimited)))
  })

  it.effect("are counted in a gauge while they wait for a permit", () => {
    const { layer } = transport(five)
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(many(7))
      yield* TestClock.adjust("3 seconds")
      expect((yield* Metric.value(Metric.gauge(RateLimit.metrics.waiting))).value).toBe(2)
      yield* Fiber.interrupt(fiber)
      expect((yield* Metric.value(Metric.gauge(RateLimit.metrics.waiting))).value).toBe(0)
    }).pipe(Effect.provide(contacts(layer)))
  })
})

const acquiring = (
  timeoutMillis = 60_000,
  priority: RateLimit.Level = "interactive",
  leaseMillis = 10_000
): RateLimit.AcquireOptions => ({ priority, timeoutMillis, leaseMillis })

/** The limiter of one key, with the test clock. */
const opened = (options?: RateLimit.Options) =>
  Effect.flatMap(RateLimit.RateLimit, ({ open }) => open("key")).pipe(Effect.provide(RateLimit.layer(options)))

const answer = { status: 200, headers: {} }

/** A request whose response arrives at once. */
const request = (limiter: RateLimit.Limiter, timeoutMillis?: number, priority?: RateLimit.Level) =>
  Effect.map(limiter.acquire(acquiring(timeoutMillis, priority)), (permit) => permit.complete(answer))

describe("a permit", () => {
  it.scoped("is granted synchronously if one is free", () =>
    Effect.gen(function* () {
      const limiter = yield* opened()
      const exit = Effect.runSyncExit(limiter.acquire(acquiring()))
      expect(Exit.isSuccess(exit)).toBe(true)
    })
  )

  it.scoped("is completed or released only once; later calls have no effect", () =>
    Effect.gen(function* () {
      const limiter = yield* opened({ limit: 50 })
      const released = yield* limiter.acquire(acquiring())
      released.release()
      released.complete(answer)
      released.release()
      const completed = yield* limiter.acquire(acquiring())
      completed.complete(answer)
      completed.release()
      completed.complete({ status: 429, headers: {} }, 60_000)
      expect(yield* limiter.state).toMatchObject({ used: 1, free: 49, pausedFor: Duration.zero })
    })
  )

  it.scoped("expires one interval after its lease if its process is gone", () =>
    Effect.gen(function* () {
      const limiter = yield* opened({ limit: 1, interval: "1 second" })
      yield* request(limiter)
      yield* TestClock.adjust("2 seconds")
      yield* limiter.acquire(acquiring(0.1, "interactive", 2000))
      const next = yield* Effect.fork(request(limiter))
      yield* TestClock.adjust("2900 millis")
      expect(Option.isNone(yield* Fiber.poll(next))).toBe(true)
      yield* TestClock.adjust("200 millis")
      expect(Option.isSome(yield* Fiber.poll(next))).toBe(true)
    })
  )

  it.scoped("is refused at once, with the time to wait, if none is free before the caller's timeout", () =>
    Effect.gen(function* () {
      const limiter = yield* opened({ limit: 1, interval: "1 minute" })
      yield* request(limiter)
      const rejection = yield* Effect.flip(limiter.acquire(acquiring(30_000)))
      expect(rejection.reason).toBe("Timeout")
      expect(rejection.retryAfterMillis).toBeGreaterThan(59_000)
      expect(rejection.retryAfterMillis).toBeLessThan(61_000)
    })
  )

  it.scoped("is waited for until the caller's timeout if the time of the next one is unknown", () =>
    Effect.gen(function* () {
      const limiter = yield* opened({ limit: 3 })
      yield* limiter.acquire(acquiring())
      const waiting = yield* Effect.fork(Effect.flip(limiter.acquire(acquiring(50))))
      yield* TestClock.adjust("49 millis")
      expect(Option.isNone(yield* Fiber.poll(waiting))).toBe(true)
      yield* TestClock.adjust("1 millis")
      expect(yield* Fiber.join(waiting)).toMatchObject({ reason: "Timeout" })
      expect(yield* limiter.state).toMatchObject({ waiting: 0 })
    })
  )

  it.scoped("goes to interactive calls before bulk calls that came first", () =>
    Effect.gen(function* () {
      const limiter = yield* opened({ limit: 1, interval: "1 second" })
      yield* request(limiter)
      const order: Array<string> = []
      const one = (priority: RateLimit.Level) =>
        Effect.fork(Effect.map(request(limiter, 60_000, priority), () => order.push(priority)))
      yield* one("bulk")
      yield* one("interactive")
      yield* TestClock.adjust("5 seconds")
      expect(order).toEqual(["interactive", "bulk"])
    })
  )

  it.scoped("is refused to a waiting call if a 429 pauses the limit beyond the call's timeout", () =>
    Effect.gen(function* () {
      const limiter = yield* opened({ limit: 2, interval: "1 second" })
      yield* request(limiter)
      const permit = yield* limiter.acquire(acquiring())
      const waiting = yield* Effect.fork(Effect.flip(limiter.acquire(acquiring(5000))))
      yield* TestClock.adjust("10 millis")
      permit.complete({ status: 429, headers: {} }, 30_000)
      yield* TestClock.adjust("1 millis")
      const rejection = yield* Fiber.join(waiting)
      expect(rejection).toMatchObject({ reason: "Timeout" })
      expect(rejection.retryAfterMillis).toBeGreaterThan(29_000)
    })
  )

  it.scoped("is granted by the clock of the limiter, not by the clock of the first waiting call", () =>
    Effect.gen(function* () {
      const limiter = yield* opened({ limit: 1, interval: "1 second" })
      yield* request(limiter)
      const standing = Object.assign(Object.create(yield* Effect.clock) as Clock.Clock, { sleep: () => Effect.never })
      const first = yield* Effect.fork(Effect.withClock(request(limiter), standing))
      const second = yield* Effect.fork(request(limiter))
      yield* Effect.yieldNow()
      yield* TestClock.adjust("3 seconds")
      expect(Option.isSome(yield* Fiber.poll(first))).toBe(true)
      expect(Option.isSome(yield* Fiber.poll(second))).toBe(true)
    })
  )

  it.scoped("is not lost when a waiting caller is interrupted at any moment", () =>
    Effect.gen(function* () {
      const limiter = yield* opened({ limit: 2, interval: "1 second" })
      for (let round = 0; round < 50; round += 1) {
        const fibers = yield* Effect.replicateEffect(Effect.fork(request(limiter)), 6)
        for (let turn = 0; turn < round % 7; turn += 1) yield* Effect.yieldNow()
        yield* TestClock.adjust(round % 3 === 0 ? 1002 : 1)
        yield* Fiber.interruptAll(fibers)
      }
      yield* TestClock.adjust("2 seconds")
      expect(yield* limiter.state).toMatchObject({ used: 0, free: 2, waiting: 0 })
    })
  )

  it("reaches the next caller when the previous caller is interrupted at any step", async () => {
    // The numbers of operations after which the fiber is interrupted: around the operation at which it yields.
    const steps = Array.from({ length: 60 }, (_, index) => 1995 + index)
    const stuck = await Promise.all(
      steps.map(async (count) => {
        let now = 0
        // This clock stands still until the caller was interrupted, however busy the machine is.
        const clock = Object.assign(Object.create(liveClock) as Clock.Clock, {
          unsafeCurrentTimeNanos: () => BigInt(now) * 1_000_000n,
          sleep: (time: Duration.Duration) => {
            const until = now + Duration.toMillis(time)
            return Effect.asVoid(Effect.repeat(liveClock.sleep(Duration.millis(5)), { until: () => now >= until }))
          }
        })
        const limiter = memoryLimiter(makeSettings({ limit: 1, interval: 700 }))("key", clock)
        await Effect.runPromise(request(limiter))
        let later: Effect.Effect<void, unknown> = request(limiter)
        for (let step = 0; step < count; step += 1) {
          const next = later
          later = Effect.suspend(() => next)
        }
        const fiber = Effect.runFork(later)
        fiber.unsafeInterruptAsFork(fiber.id())
        await Effect.runPromise(Fiber.await(fiber))
        now = 10_000
        const ended = await Effect.runPromise(Effect.timeoutOption(request(limiter), "5 seconds"))
        return Option.isNone(ended) ? [count] : []
      })
    )
    expect(stuck.flat()).toEqual([])
  })
})

describe("a permit acquired in an uninterruptible region", () => {
  it("is not lost when the caller is interrupted at any step between its wait and its request", async () => {
    // The fiber is interrupted where it yields, so the test varies the operations before a yield and the steps before the
    // interrupt.
    const places = Array.from({ length: 20 }, (_, index) =>
      Array.from({ length: 8 }, (_, steps) => ({ operations: 10 + index, steps }))
    ).flat()
    const lost = await Promise.all(
      places.map(async ({ operations, steps }) => {
        let now = 0
        const clock = Object.assign(Object.create(liveClock) as Clock.Clock, {
          unsafeCurrentTimeNanos: () => BigInt(now) * 1_000_000n,
          sleep: () => Effect.never
        })
        const limiter = memoryLimiter(makeSettings({ limit: 1, interval: 700 }))("key", clock)
        const held = await Effect.runPromise(limiter.acquire(acquiring()))
        const scheduler = new Scheduler.ControlledScheduler()
        const step = async () => {
          scheduler.step()
          for (let turn = 0; turn < 5; turn += 1) await Promise.resolve()
        }
        let isSent = false
        const request = Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(limiter.acquire(acquiring(), restore), (permit) =>
            Effect.sync(() => {
              isSent = true
              permit.release()
            })
          )
        )
        const fiber = Effect.runFork(Effect.withMaxOpsBeforeYield(request, operations), { scheduler })
        for (let turn = 0; turn < 100; turn += 1) await step()
        expect((await Effect.runPromise(limiter.state)).waiting).toBe(1)
        now = 100
        held.release()
        for (let turn = 0; turn < steps; turn += 1) await step()
        fiber.unsafeInterruptAsFork(fiber.id())
        for (let turn = 0; turn < 200; turn += 1) await step()
        const { used, waiting } = await Effect.runPromise(limiter.state)
        return { isSent, isLost: used > 0 || waiting > 0 }
      })
    )
    expect(lost.filter(({ isLost }) => isLost)).toEqual([])
    // Some interruptions came before the request was sent, and some after.
    expect(new Set(lost.map(({ isSent }) => isSent))).toEqual(new Set([false, true]))
  })
})

describe("waiting callers", () => {
  it.scoped("get their permits although the fibers and timers of the first caller have stopped", () =>
    Effect.gen(function* () {
      const clock = yield* Effect.clock
      let isOver = false
      // On Cloudflare Workers, no code of a request runs after the request has ended.
      const scheduler = Scheduler.make((task, priority) => {
        if (!isOver) Scheduler.defaultScheduler.scheduleTask(task, priority)
      })
      let isFirst = true
      const ending = Object.assign(Object.create(clock) as Clock.Clock, {
        sleep: (duration: Duration.Duration) =>
          isFirst ? Effect.flatMap(clock.sleep(duration), () => Effect.never) : clock.sleep(duration)
      })
      const limiter = memoryLimiter(makeSettings({ limit: 1, interval: "1 second" }))("key", ending)
      yield* request(limiter)
      const three = Effect.replicateEffect(request(limiter), 3, { concurrency: "unbounded" })
      Effect.runFork(Effect.withClock(three, clock), { scheduler })
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1)))
      expect(yield* limiter.state).toMatchObject({ waiting: 3 })
      isOver = true
      isFirst = false
      const others = yield* Effect.fork(three)
      yield* TestClock.adjust("10 seconds")
      expect(Option.isSome(yield* Fiber.poll(others))).toBe(true)
    })
  )

  it.scoped("get their permits when the first caller is interrupted", () =>
    Effect.gen(function* () {
      const limiter = yield* opened({ limit: 1, interval: "1 second" })
      yield* request(limiter)
      const first = yield* Effect.fork(request(limiter))
      yield* Effect.yieldNow()
      const second = yield* Effect.fork(request(limiter))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("1010 millis")
      expect(Option.isSome(yield* Fiber.poll(second))).toBe(true)
    })
  )

  it.scoped("all fail with the cause when the limiter dies", () =>
    Effect.gen(function* () {
      const settings = makeSettings({ limit: 1 })
      const state = Limit.initialState(settings)
      let isBroken = false
      const store: Store = {
        settings: () => settings,
        read: () => state,
        isShared: () => false,
        acquire: () => {
          if (isBroken) throw new Error("the store is broken")
          return undefined
        },
        ask: () => Promise.resolve([]),
        complete: () => undefined,
        release: () => undefined,
        isUsed: () => false,
        isAvailable: () => true,
        refresh: Effect.void
      }
      const limiter = new Queue("key", store, yield* Effect.clock)
      const waiting = yield* Effect.fork(
        Effect.replicateEffect(Effect.exit(limiter.acquire(acquiring())), 3, { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("10 millis")
      isBroken = true
      yield* TestClock.adjust("1 second")
      for (const exit of yield* Fiber.join(waiting)) {
        const defects = Exit.isFailure(exit) ? Chunk.toReadonlyArray(Cause.defects(exit.cause)) : []
        expect(defects.map(String)).toEqual(["Error: the store is broken"])
      }
    })
  )
})

describe("options of a rate limit", () => {
  it.effect.each([
    [{ limit: Number.NaN }, "`limit` is NaN; it must be an integer from 1"],
    [{ limit: 0 }, "`limit` is 0"],
    [{ limit: 1.5 }, "`limit` is 1.5"],
    [{ share: 50 }, "`share` is 50; it must be above 0 and at most 1"],
    [{ share: 0 }, "`share` is 0"],
    [{ share: Number.NaN }, "`share` is NaN"],
    [{ reserve: 1 }, "`reserve` is 1; it must be from 0 to below 1"],
    [{ reserve: -0.1 }, "`reserve` is -0.1"],
    [{ interval: -5 }, "`interval` is 0; it must be from 1 millisecond to 1 hour"],
    [{ interval: Number.NaN }, "`interval` is 0"],
    [{ interval: "2 hours" }, "`interval` is 7200000"]
  ] as const)("fail the build of the layer if they are out of range: %o", ([options, message]) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(RateLimit.layer(options))))
      const defect = Exit.isFailure(exit) ? Option.getOrThrow(Cause.dieOption(exit.cause)) : undefined
      expect(String(defect)).toContain(message)
    })
  )
})

describe("rate limits by key", () => {
  it.effect("leave no state and no metric behind after 4,000 keys are opened and closed", () =>
    Effect.gen(function* () {
      const count = Effect.map(Metric.snapshot, (metrics) => metrics.length)
      let before = 0
      const limits = Context.get(yield* Effect.scoped(Layer.build(RateLimit.layer())), RateLimit.RateLimit)
      for (let index = 0; index < 4000; index += 1) {
        yield* Effect.scoped(Effect.flatMap(limits.open(`key:${index}`), request))
        if (index % 100 === 0) yield* TestClock.adjust("11 seconds")
        if (index === 100) before = yield* count
      }
      yield* TestClock.adjust("11 seconds")
      yield* Effect.scoped(limits.open("last"))
      expect((yield* limits.states).map(({ key }) => key)).toEqual(["last"])
      expect(yield* count).toBe(before)
    })
  )

  it.scoped("are separate for each `open` and report no states if no layer is provided", () =>
    Effect.gen(function* () {
      const { open, states } = yield* RateLimit.RateLimit
      const [one, another] = [yield* open("same"), yield* open("same")]
      yield* request(one)
      expect((yield* one.state).used).toBe(1)
      expect((yield* another.state).used).toBe(0)
      expect(yield* states).toEqual([])
    })
  )

  it.scoped("count rejections by reason", () =>
    Effect.gen(function* () {
      const limiter = yield* opened({ limit: 1 })
      const rejections = Metric.tagged(
        Metric.counter(RateLimit.metrics.rejections, { incremental: true }),
        "reason",
        "Timeout"
      )
      const before = (yield* Metric.value(rejections)).count
      yield* request(limiter)
      yield* Effect.flip(request(limiter, 100))
      expect((yield* Metric.value(rejections)).count).toBe(before + 1)
    })
  )
})

it("reopening a limit while unused limits are removed yields one shared limiter", async () => {
  const different = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const limits = makeService(memoryLimiter(makeSettings()))
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

describe("services with the same RateLimit layer", () => {
  const app = (layer: Layer.Layer<HttpClient.HttpClient>, token: Credentials.Credentials) =>
    Effect.provide(many(3), Layer.fresh(Layer.provide(ContactsService.layer({ token }), layer)))

  it.effect("share a limit only if they have the same rate limit key", () => {
    const { sent, layer } = transport()
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

  it.effect("lose their limit's state after they are closed and none of their requests counts", () => {
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
