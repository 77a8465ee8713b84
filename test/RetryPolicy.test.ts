import { describe, expect, it } from "@effect/vitest"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactsError } from "effect-growthhub/Errors"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { ContactId, type ContactUpdate, type ContactUpsert, LocationId } from "effect-growthhub/Schema"

const id = ContactId.make("seD4PfOuKoVMLkEZqohJ")
const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")

// The number of runs is small, because each run simulates a day of a service.
FastCheck.configureGlobal({ numRuns: 20 })

// --- a service with scripted responses --------------------------------------------------------------------------------

type Reply =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> }
  | "reset"
  | "refused"
  | "never"

interface Arrived {
  readonly at: number
  readonly method: string
}

/** A service that gives one reply per request, and the last reply to all further requests. It records when they arrived. */
const answering = (replies: ReadonlyArray<Reply>) => {
  const arrived: Array<Arrived> = []
  const client = HttpClient.make((request) =>
    Effect.gen(function* () {
      arrived.push({ at: yield* Clock.currentTimeMillis, method: request.method })
      const reply = replies[Math.min(arrived.length, replies.length) - 1] ?? "never"
      if (reply === "never") return yield* Effect.never
      if (reply === "reset" || reply === "refused") {
        const code = reply === "reset" ? "ECONNRESET" : "ECONNREFUSED"
        const cause = Object.assign(new Error(code), { code, syscall: reply === "reset" ? "read" : "connect" })
        return yield* new HttpClientError.RequestError({ request, reason: "Transport", cause })
      }
      const { status, body = {}, headers = {} } = reply
      return HttpClientResponse.fromWeb(request, new Response(JSON.stringify(body), { status, headers }))
    })
  )
  return { arrived, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

type Contacts = ContactsService["Type"]

const get = (contacts: Contacts) => contacts.getContact(id)
const update = (changes: ContactUpdate) => (contacts: Contacts) => contacts.updateContact(id, changes)
const upsert = (contact: Omit<ContactUpsert, "locationId">) => (contacts: Contacts) =>
  contacts.upsertContact({ locationId, ...contact })

const found: Reply = { status: 200, body: { contact: { id } } }
const created: Reply = { status: 200, body: { new: true, contact: { id } } }

const within =
  (transport: Layer.Layer<HttpClient.HttpClient>, policy: RetryPolicy.Policy = RetryPolicy.make()) =>
  <A, E>(self: Effect.Effect<A, E, ContactsService>) =>
    Effect.provide(
      self,
      ContactsService.layer({ token: Redacted.make("pit-canary") }).pipe(
        Layer.provide(transport),
        Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, policy))
      )
    )

/** Runs a call, advances the test clock by a day, and returns the result and how long the call took. */
const ending = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const began = yield* Clock.currentTimeMillis
    const fiber = yield* Effect.fork(Effect.zip(Effect.either(self), Clock.currentTimeMillis))
    yield* TestClock.adjust("1 day")
    const [result, at] = yield* Fiber.join(fiber)
    return { result, began, at: at - began }
  })

/** Makes a call to a service with scripted replies. Returns the result, its time, and the times of the requests. */
const calling = <A>(
  replies: ReadonlyArray<Reply>,
  call: (contacts: Contacts) => Effect.Effect<A, ContactsError>,
  policy?: RetryPolicy.Policy
) => {
  const { arrived, layer } = answering(replies)
  return ending(Effect.flatMap(ContactsService, call)).pipe(
    within(layer, policy),
    Effect.map((ended) => ({ ...ended, arrived, instants: arrived.map(({ at }) => at - ended.began) }))
  )
}

const failure = <A>(result: Either.Either<A, ContactsError>) => Either.getOrThrow(Either.flip(result))

const everySecond = RetryPolicy.make({ schedule: Schedule.spaced("1 second") })
const times = (count: number) =>
  RetryPolicy.make({ schedule: Schedule.spaced("1 second").pipe(Schedule.intersect(Schedule.recurs(count))) })

// -----------------------------------------------------------------------------------------------------------------------

describe("the default retry policy", () => {
  const harmless = [{ status: 429 }, "refused", { status: 425 }, { status: 521 }] as const
  const open = [
    { status: 408 },
    "reset",
    "never",
    { status: 500 },
    { status: 502 },
    { status: 504 },
    { status: 200, body: "<html>" }
  ] as const

  it.effect.each([...harmless, ...open])("retries a read after a transient failure: %j", (reply) =>
    Effect.gen(function* () {
      const { result, instants } = yield* calling([reply, found], get)
      expect(Either.isRight(result)).toBe(true)
      expect(instants).toHaveLength(2)
    })
  )

  it.effect.each([...harmless, ...open])("retries an update, which is idempotent, after: %j", (reply) =>
    Effect.gen(function* () {
      const { result, arrived } = yield* calling([reply, found], update({ firstName: "Rosan" }))
      expect(Either.isRight(result)).toBe(true)
      expect(arrived.map(({ method }) => method)).toEqual(["PUT", "PUT"])
    })
  )

  it.effect.each([...harmless, ...open])("retries an upsert with an email or a phone after: %j", (reply) =>
    Effect.gen(function* () {
      for (const contact of [{ email: "a@example.com" }, { phone: "+1555" }]) {
        const { result, instants } = yield* calling([reply, created], upsert(contact))
        expect(Either.isRight(result)).toBe(true)
        expect(instants).toHaveLength(2)
      }
    })
  )

  const perilous = [{ firstName: "Rosan" }, { email: "a@example.com", createNewIfDuplicateAllowed: true }]

  it.effect.each(open)("does not retry an upsert that could create a second contact, after: %j", (reply) =>
    Effect.gen(function* () {
      for (const contact of perilous) {
        const { result, instants } = yield* calling([reply, created], upsert(contact))
        expect(failure(result)).toMatchObject({ outcome: "Unknown", isRetryable: false, attempts: 1 })
        expect(instants).toHaveLength(1)
      }
    })
  )

  it.effect.each(harmless)("retries any upsert that was certainly not applied, after: %j", (reply) =>
    Effect.gen(function* () {
      for (const contact of perilous) {
        const { result, instants } = yield* calling([reply, created], upsert(contact))
        expect(Either.isRight(result)).toBe(true)
        expect(instants).toHaveLength(2)
      }
    })
  )

  it.effect.each([400, 401, 403, 404, 422, 501])(
    "does not retry a request that would fail in the same way: %d",
    (status) =>
      Effect.gen(function* () {
        const { result, at, instants } = yield* calling([{ status }, found], get)
        expect(failure(result)).toMatchObject({ isRetryable: false, attempts: 1 })
        expect({ at, instants }).toEqual({ at: 0, instants: [0] })
      })
  )
})

describe("a retry", () => {
  it.effect("is sent exactly when its delay ends", () =>
    Effect.gen(function* () {
      const { arrived, layer } = answering(["reset", { status: 429, headers: { "retry-after": "7" } }, found])
      yield* Effect.gen(function* () {
        const fiber = yield* Effect.fork(Effect.flatMap(ContactsService, get))
        yield* TestClock.adjust("999 millis")
        expect(arrived).toHaveLength(1)
        yield* TestClock.adjust("1 millis")
        expect(arrived).toHaveLength(2)
        yield* TestClock.adjust("6999 millis")
        expect(arrived).toHaveLength(2)
        yield* TestClock.adjust("1 millis")
        expect(arrived).toHaveLength(3)
        yield* Fiber.join(fiber)
      }).pipe(within(layer, everySecond))
    })
  )

  const fraction = FastCheck.integer({ min: 0, max: 15 }).map((sixteenths) => sixteenths / 16)

  it.effect.prop(
    "waits for a random fraction of a capped exponential delay",
    [
      FastCheck.array(fraction, { minLength: 4, maxLength: 4 }),
      FastCheck.constantFrom(16, 208),
      FastCheck.constantFrom(304, 5008)
    ],
    ([fractions, base, cap]) =>
      Effect.gen(function* () {
        const policy = RetryPolicy.make({ schedule: RetryPolicy.backoff({ base, cap }) })
        const { instants } = yield* Effect.withRandom(
          calling(["refused"], get, policy),
          Random.fixed(fractions as [number, ...Array<number>])
        )
        const delays = fractions.map((fraction, n) => Math.ceil(Math.min(cap, base * 2 ** n) * fraction))
        expect(instants.slice(1).map((at, n) => at - instants[n]!)).toEqual(delays)
      })
  )

  it.effect.prop(
    "waits for the longer of retry-after, in any form, and the delay of the schedule",
    [
      FastCheck.integer({ min: 0, max: 9 }),
      FastCheck.constantFrom(
        (seconds: number) => ({ "retry-after": String(seconds) }),
        (seconds: number) => ({ "retry-after-ms": String(seconds * 1000) }),
        (seconds: number) => ({ "x-ms-retry-after-ms": String(seconds * 1000) }),
        (seconds: number) => ({
          date: new Date(1e12).toUTCString(),
          "retry-after": new Date(1e12 + seconds * 1000).toUTCString()
        }),
        (seconds: number) => ({ "retry-after": new Date(seconds * 1000).toUTCString() })
      ),
      FastCheck.constantFrom(429, 503)
    ],
    ([seconds, header, status]) =>
      Effect.gen(function* () {
        const { instants } = yield* calling([{ status, headers: header(seconds) }, found], get, everySecond)
        expect(instants).toEqual([0, Math.max(1, seconds) * 1000])
      })
  )

  it.effect.each(["-1", "soon", "Thu, 01 Jan 1970 00:00:-5 GMT", "1e9"])(
    "ignores an invalid retry-after: %j",
    (value) =>
      Effect.gen(function* () {
        const { instants } = yield* calling(
          [{ status: 429, headers: { "retry-after": value } }, found],
          get,
          everySecond
        )
        expect(instants).toEqual([0, 1000])
      })
  )
})

describe("attempt timeouts and deadlines", () => {
  it.effect("end an attempt at its timeout, to the millisecond, and time the next attempt anew", () =>
    Effect.gen(function* () {
      const policy = RetryPolicy.make({ schedule: Schedule.spaced("1 second"), attemptTimeout: "4 seconds" })
      const { instants } = yield* calling(["never", "never", found], get, policy)
      expect(instants).toEqual([0, 5000, 10_000])
    })
  )

  it.effect("end a call at its deadline, to the millisecond, during any attempt", () =>
    Effect.gen(function* () {
      const policy = RetryPolicy.make({
        schedule: Schedule.spaced("1 second"),
        attemptTimeout: "4 seconds",
        deadline: "12 seconds"
      })
      const { result, at, instants } = yield* calling(["never"], upsert({ email: "a@example.com" }), policy)
      expect(instants).toEqual([0, 5000, 10_000])
      expect(at).toBe(12_000)
      expect(failure(result)).toMatchObject({
        _tag: "TransportError",
        code: "TIMEOUT",
        outcome: "Unknown",
        attempts: 3
      })
    })
  )

  it.effect("prevent an attempt that has too little time left to get a response", () =>
    Effect.gen(function* () {
      const policy = RetryPolicy.make({ deadline: 100 })
      const replies = [{ status: 429, headers: { "retry-after-ms": "96" } }, "never"] as const
      const { result, at, instants } = yield* calling(replies, upsert({ firstName: "Rosan" }), policy)
      expect({ at, instants }).toEqual({ at: 0, instants: [0] })
      expect(failure(result)).toMatchObject({ _tag: "RateLimited", outcome: "NotApplied" })
      const none = yield* calling([found], get, RetryPolicy.make({ deadline: 0 }))
      expect(none.instants).toEqual([])
      expect(failure(none.result)).toMatchObject({ code: "TIMEOUT", outcome: "NotApplied", attempts: 0 })
    })
  )

  it.effect("do not let a call without a deadline sleep longer than a timer allows", () =>
    Effect.gen(function* () {
      const policy = RetryPolicy.make({ deadline: Duration.infinity })
      const { result, at } = yield* calling([{ status: 429, headers: { "retry-after": "2592000" } }], get, policy)
      expect(at).toBe(0)
      expect(failure(result)).toMatchObject({ retryAfter: Duration.days(30) })
    })
  )

  it.effect("fail a call at once, with `retryAfter`, if the service asks for a longer wait", () =>
    Effect.gen(function* () {
      for (const status of [429, 503]) {
        const { result, at, instants } = yield* calling([{ status, headers: { "retry-after": "86400" } }], get)
        expect({ at, instants }).toEqual({ at: 0, instants: [0] })
        expect(failure(result)).toMatchObject({ status, retryAfter: Duration.days(1), attempts: 1 })
      }
    })
  )

  it.effect.prop(
    "end every call within its deadline under any mix of failures",
    [
      FastCheck.array(
        FastCheck.constantFrom<Reply>(
          "reset",
          "refused",
          "never",
          { status: 503 },
          { status: 429, headers: { "retry-after": "3" } }
        ),
        { minLength: 1 }
      ),
      FastCheck.integer({ min: 1, max: 20_000 }),
      FastCheck.integer({ min: 0, max: 3000 })
    ],
    ([replies, deadline, delay]) =>
      Effect.gen(function* () {
        const policy = RetryPolicy.make({
          schedule: Schedule.spaced(delay + 1),
          deadline,
          attemptTimeout: 2000,
          budget: Infinity
        })
        const { at, instants } = yield* calling([...replies, "never"], update({ city: "Austin" }), policy)
        expect(at).toBeLessThanOrEqual(deadline)
        expect(Math.max(...instants)).toBeLessThan(deadline)
      })
  )
})

describe("the number of attempts", () => {
  it.effect.prop(
    "equals the number that the schedule allows, under any mix of failures",
    [
      FastCheck.array(
        FastCheck.constantFrom<Reply>(
          "reset",
          "refused",
          { status: 500 },
          { status: 429 },
          { status: 503, headers: { "retry-after": "1" } }
        ),
        { minLength: 1 }
      ),
      FastCheck.integer({ min: 1, max: 7 })
    ],
    ([replies, attempts]) =>
      Effect.gen(function* () {
        const policy = RetryPolicy.make({ schedule: RetryPolicy.backoff({ attempts, base: 1 }), budget: Infinity })
        const { result, instants } = yield* calling([...replies, ...replies, "refused"], get, policy)
        expect(instants).toHaveLength(attempts)
        expect(failure(result).attempts).toBe(attempts)
      })
  )

  it.effect("is one with RetryPolicy.none", () =>
    Effect.gen(function* () {
      const { result, arrived } = yield* calling(["reset", found], update({ city: "Austin" }), RetryPolicy.none)
      expect(arrived).toHaveLength(1)
      expect(failure(result)).toMatchObject({ outcome: "Unknown", attempts: 1 })
    })
  )

  it.effect("is five by default", () =>
    Effect.gen(function* () {
      const { instants } = yield* calling([{ status: 503 }], get)
      expect(instants).toHaveLength(5)
    })
  )
})

describe("the retry budget", () => {
  const many = (count: number) => (contacts: Contacts) =>
    Effect.forEach(Array.from({ length: count }), () => Effect.either(get(contacts)))

  it.effect("limits the retries of a service during an outage", () =>
    Effect.gen(function* () {
      const { arrived } = yield* calling([{ status: 503 }], many(100))
      expect(arrived).toHaveLength(116)
    })
  )

  it.effect("grows by half a retry with each response", () =>
    Effect.gen(function* () {
      const replies: ReadonlyArray<Reply> = [
        ...Array.from({ length: 6 }, (): Reply => "refused"),
        ...[found, { status: 400 }, found, found],
        "refused"
      ]
      const policy = RetryPolicy.make({ schedule: RetryPolicy.backoff({ attempts: 10 }), budget: 4 })
      const { arrived } = yield* calling(replies, many(100), policy)
      // The first call makes 4 retries, and four responses earn the budget for 2 more.
      expect(arrived).toHaveLength(106)
    })
  )

  it.effect("is not spent by a call whose policy has an infinite budget", () =>
    Effect.gen(function* () {
      const { arrived, layer } = answering([{ status: 503 }])
      const unlimited = RetryPolicy.make({ schedule: Schedule.recurs(59), budget: Infinity })
      yield* Effect.gen(function* () {
        yield* ending(Effect.provideService(Effect.flatMap(ContactsService, get), RetryPolicy.RetryPolicy, unlimited))
        expect(arrived).toHaveLength(60)
        yield* ending(Effect.flatMap(ContactsService, get))
        expect(arrived).toHaveLength(65)
      }).pipe(within(layer))
    })
  )

  it.effect("is not spent on a retry after a 429", () =>
    Effect.gen(function* () {
      const policy = RetryPolicy.make({ schedule: RetryPolicy.backoff({ attempts: 5 }), budget: 0 })
      const { arrived } = yield* calling([{ status: 429 }], get, policy)
      expect(arrived).toHaveLength(5)
    })
  )

  it.effect.prop(
    "bounds the number of requests for any sequence of replies",
    [FastCheck.array(FastCheck.boolean(), { maxLength: 60 }), FastCheck.integer({ min: 0, max: 10 })],
    ([answers, budget]) =>
      Effect.gen(function* () {
        const replies = answers.map((isAnswered): Reply => (isAnswered ? found : "refused"))
        const policy = RetryPolicy.make({
          schedule: RetryPolicy.backoff({ attempts: 100 }),
          budget,
          deadline: "1 hour"
        })
        const { arrived } = yield* calling([...replies, "refused"], many(20), policy)
        expect(arrived.length).toBeLessThanOrEqual(20 + budget + Math.ceil(answers.filter(Boolean).length / 2))
      }),
    { fastCheck: { numRuns: 12 } }
  )
})

describe("`new` in the result of an upsert", () => {
  const server = Date.parse("2026-11-21T10:00:00.000Z")
  const iso = (millis: number) => new Date(server + millis).toISOString()
  const answered = (options: {
    readonly added: number
    readonly updated?: number
    readonly date?: string | null
  }): Reply => ({
    status: 200,
    body: {
      new: false,
      contact: {
        id,
        dateAdded: iso(options.added),
        ...(options.updated === undefined ? {} : { dateUpdated: iso(options.updated) })
      }
    },
    headers: options.date === null ? {} : { date: options.date ?? new Date(server).toUTCString() }
  })
  const isNew = (replies: ReadonlyArray<Reply>) =>
    Effect.map(
      calling(replies, upsert({ email: "a@example.com" }), everySecond),
      ({ result }) => Either.getOrThrow(result).new
    )

  it.effect("is true for a contact that an earlier attempt created whose response was lost", () =>
    Effect.gen(function* () {
      // The first attempt created the contact. The retry a second later updated it, at 500 ms.
      expect(yield* isNew(["reset", answered({ added: -500, updated: 500 })])).toBe(true)
      expect(yield* isNew([{ status: 502 }, answered({ added: -500, updated: 500 })])).toBe(true)
      expect(yield* isNew(["reset", { status: 429 }, "refused", answered({ added: -2400, updated: 500 })])).toBe(true)
    })
  )

  it.effect("is false for a contact that existed before the call", () =>
    Effect.gen(function* () {
      expect(yield* isNew(["reset", answered({ added: -510, updated: 500 })])).toBe(false)
      expect(yield* isNew(["reset", answered({ added: -60_000, updated: 500 })])).toBe(false)
      expect(
        yield* isNew(["refused", { status: 502 }, answered({ added: -1500, updated: 500 })]),
        "made while nothing had been sent"
      ).toBe(false)
    })
  )

  it.effect("is the value of the response if no earlier attempt can have been applied", () =>
    Effect.gen(function* () {
      expect(yield* isNew([answered({ added: 0, updated: 0 })])).toBe(false)
      expect(yield* isNew(["refused", answered({ added: 0, updated: 0 })])).toBe(false)
      expect(yield* isNew(["refused", created])).toBe(true)
      expect(yield* isNew(["reset", created])).toBe(true)
    })
  )

  it.effect("is decided to the second if the time of the update is missing or stale", () =>
    Effect.gen(function* () {
      expect(yield* isNew(["reset", answered({ added: -900 })])).toBe(true)
      expect(yield* isNew(["reset", answered({ added: -1100 })])).toBe(false)
      expect(yield* isNew(["reset", answered({ added: -60_000, updated: -60_000 })]), "a stale update").toBe(false)
      expect(yield* isNew(["reset", answered({ added: 0, updated: 0, date: null })]), "no clock of the service").toBe(
        false
      )
    })
  )
})

describe("an update of unknown outcome", () => {
  const changes = {
    firstName: "Rosan",
    phone: null,
    email: "Rosan@Example.com",
    tags: ["VIP", "b", "vip"],
    dateOfBirth: "09/25/1990",
    customFields: [
      { id: "f", value: 1.5 },
      { id: "g", value: "" }
    ],
    dndSettings: { SMS: { status: "active" } }
  } as const
  const saved = {
    id,
    firstName: "Rosan",
    lastName: "Deo",
    email: "rosan@example.com",
    tags: ["b", "vip"],
    dateOfBirth: "1990-09-25",
    customFields: [
      { id: "x", value: "y" },
      { id: "f", value: 1.5 }
    ],
    dndSettings: { SMS: { status: "active", message: "" }, Email: { status: "inactive" } }
  }
  const looked = (contact: unknown): Reply => ({ status: 200, body: { contact } })
  const once = times(0)

  it.effect("succeeds if a read shows that the contact has the changes", () =>
    Effect.gen(function* () {
      const { result, arrived } = yield* calling([{ status: 502 }, looked(saved)], update(changes), once)
      expect(Either.getOrThrow(result)).toMatchObject({ id, firstName: "Rosan", lastName: "Deo" })
      expect(arrived.map(({ method }) => method)).toEqual(["PUT", "GET"])
    })
  )

  it.effect.each([
    { firstName: "Jane" },
    { phone: "+1555" },
    { tags: ["b"] },
    { customFields: [{ id: "f", value: 2 }] },
    {
      customFields: [
        { id: "f", value: 1.5 },
        { id: "g", value: "x" }
      ]
    },
    { dndSettings: {} },
    { dateOfBirth: "1990-09-26" }
  ])("is sent once more if a read shows that it was not applied: %j", (difference) =>
    Effect.gen(function* () {
      const replies = ["reset", looked({ ...saved, ...difference }), looked(saved)] as const
      const { result, arrived } = yield* calling(replies, update(changes), once)
      expect(Either.isRight(result)).toBe(true)
      expect(arrived.map(({ method }) => method)).toEqual(["PUT", "GET", "PUT"])
    })
  )

  it.effect.each([400, 501])("is not sent again after a %d to its retry", (status) =>
    Effect.gen(function* () {
      const replies = ["reset", { status }, looked({ id }), found] as const
      const { result, arrived } = yield* calling(replies, update(changes), times(1))
      expect(arrived.map(({ method }) => method)).toEqual(["PUT", "PUT", "GET"])
      expect(failure(result)).toMatchObject({ status, outcome: "Unknown", attempts: 2 })
    })
  )

  it.effect("keeps its unknown outcome if the resent update or the read fails", () =>
    Effect.gen(function* () {
      const lost = yield* calling(["reset", looked({ id }), "reset"], update(changes), once)
      expect(failure(lost.result)).toMatchObject({ outcome: "Unknown", isRetryable: true, attempts: 2 })
      expect(lost.arrived).toHaveLength(3)
      const blind = yield* calling(["reset", { status: 500 }], update(changes), once)
      expect(failure(blind.result)).toMatchObject({ _tag: "TransportError", outcome: "Unknown", attempts: 1 })
      expect(blind.arrived.map(({ method }) => method)).toEqual(["PUT", "GET"])
    })
  )

  it.effect("is not verified if disabled, if the service asks to wait, or if no budget or time is left", () =>
    Effect.gen(function* () {
      const requests = (replies: ReadonlyArray<Reply>, policy: RetryPolicy.Policy) =>
        Effect.map(calling(replies, update(changes), policy), ({ arrived }) => arrived.length)
      expect(yield* requests(["reset"], { ...once, verifyUnknown: false })).toBe(1)
      expect(yield* requests([{ status: 503, headers: { "retry-after": "3600" } }], everySecond)).toBe(1)
      expect(yield* requests(["reset", { status: 429 }], times(1))).toBe(2)
      expect(yield* requests(["reset"], { ...once, budget: 0 })).toBe(1)
      expect(yield* requests(["never"], { ...once, deadline: Duration.seconds(1) })).toBe(1)
    })
  )

  it.effect("keeps the deadline while it is verified", () =>
    Effect.gen(function* () {
      const policy = { ...once, attemptTimeout: Duration.seconds(2), deadline: Duration.seconds(3) }
      const { at, instants } = yield* calling(["never"], update(changes), policy)
      expect({ at, instants }).toEqual({ at: 3000, instants: [0, 2000] })
    })
  )
})

describe("an error after several attempts", () => {
  it.effect("reports the number of attempts and whether one of them may have been applied", () =>
    Effect.gen(function* () {
      const call = upsert({ email: "a@example.com" })
      const refusals: ReadonlyArray<Reply> = [
        { status: 401 },
        { status: 422 },
        { status: 429, headers: { "retry-after": "99" } }
      ]
      for (const refusal of refusals) {
        const after = yield* calling(["refused", "reset", refusal], call)
        expect(failure(after.result)).toMatchObject({ outcome: "Unknown", attempts: 3 })
        const without = yield* calling(["refused", "refused", refusal], call)
        expect(failure(without.result)).toMatchObject({ outcome: "NotApplied", attempts: 3 })
      }
    })
  )
})

describe("an uninterruptible call", () => {
  it.effect("keeps its timeouts and aborts the requests that timed out", () =>
    Effect.gen(function* () {
      let aborted = 0
      const client = HttpClient.make(() =>
        Effect.onInterrupt(Effect.never, () =>
          Effect.sync(() => {
            aborted += 1
          })
        )
      )
      const { at } = yield* ending(Effect.uninterruptible(Effect.flatMap(ContactsService, get))).pipe(
        within(Layer.succeed(HttpClient.HttpClient, client), { ...times(1), attemptTimeout: Duration.seconds(2) })
      )
      expect(at).toBe(5000)
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 5)))
      expect(aborted).toBe(2)
    })
  )
})

describe("an interruption", () => {
  it.effect("aborts the request at whatever step it comes", () =>
    Effect.gen(function* () {
      let sent = 0
      let aborted = 0
      const client = HttpClient.make(() =>
        Effect.suspend(() => {
          sent += 1
          return Effect.onInterrupt(Effect.never, () =>
            Effect.sync(() => {
              aborted += 1
            })
          )
        })
      )
      const steps = (count: number) =>
        Effect.forEach(Array.from({ length: count }), () => Effect.void, { discard: true })
      yield* Effect.gen(function* () {
        const contacts = yield* ContactsService
        for (let before = 0; before < 400; before += 1) {
          const call = Effect.zipRight(steps(before), get(contacts)).pipe(Effect.withMaxOpsBeforeYield(300))
          const fiber = yield* Effect.fork(call)
          yield* Effect.yieldNow()
          yield* Fiber.interrupt(fiber)
        }
        yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 20)))
      }).pipe(within(Layer.succeed(HttpClient.HttpClient, client)))
      expect(sent).toBeGreaterThan(0)
      expect(aborted).toBe(sent)
    })
  )

  it.effect("ends a call at once, during a request or before the next attempt", () =>
    Effect.gen(function* () {
      for (const replies of [["never"], ["reset", "never"]] as const) {
        const { arrived, layer } = answering(replies)
        yield* Effect.gen(function* () {
          const fiber = yield* Effect.fork(Effect.flatMap(ContactsService, get))
          yield* TestClock.adjust("500 millis")
          const exit = yield* Fiber.interrupt(fiber)
          expect(Exit.isInterrupted(exit)).toBe(true)
          yield* TestClock.adjust("1 hour")
          expect(arrived).toHaveLength(1)
        }).pipe(within(layer, everySecond))
      }
    })
  )
})

describe("the retry policy", () => {
  it.effect("of an effect takes precedence over the app's policy, and the app's over the default", () =>
    Effect.gen(function* () {
      const { arrived, layer } = answering(["refused"])
      const call = Effect.flatMap(ContactsService, get)
      yield* Effect.gen(function* () {
        yield* ending(call)
        expect(arrived).toHaveLength(3)
        yield* ending(Effect.provideService(call, RetryPolicy.RetryPolicy, RetryPolicy.none))
        expect(arrived).toHaveLength(4)
        yield* ending(call)
        expect(arrived).toHaveLength(7)
      }).pipe(within(layer, times(2)))
    })
  )
})

describe("the debug log of a call", () => {
  /** Runs an effect, and returns the messages that it logs with their annotations. */
  const logged = <A, E, R>(self: Effect.Effect<A, E, R>, level: LogLevel.LogLevel = LogLevel.Debug) => {
    const lines: Array<readonly [message: string, annotations: object]> = []
    const logger = Logger.make(({ message, annotations }) => {
      lines.push([String(message), Object.fromEntries(HashMap.toEntries(annotations))])
    })
    const logging = Layer.merge(Logger.replace(Logger.defaultLogger, logger), Logger.minimumLogLevel(level))
    return Effect.as(Effect.provide(self, logging), lines)
  }

  const timeline = (level: LogLevel.LogLevel) => {
    const reply = { status: 502, body: { message: "refused canary@example.com, Canary, pit-canary" } }
    const calls = calling(
      ["reset", reply, created],
      upsert({ email: "canary@example.com", firstName: "Canary" }),
      everySecond
    ).pipe(
      Effect.zipRight(calling([found], get)),
      Effect.zipRight(calling([reply], upsert({ firstName: "Canary" }), everySecond))
    )
    return Effect.map(logged(calls, level), (lines) =>
      lines.map(([message, annotations]) => `${message} ${JSON.stringify(annotations)}`)
    )
  }

  it.effect("reports each attempt at level debug, without data that was sent or received", () =>
    Effect.gen(function* () {
      const lines = yield* timeline(LogLevel.Debug)
      expect(lines.map((line) => line.slice(0, line.indexOf(" {")))).toEqual([
        "Attempt failed; retrying in 1000 ms",
        "Attempt failed; retrying in 1000 ms",
        "Attempt succeeded",
        "Attempt failed; not retrying: a retry would not help or is not safe"
      ])
      for (const told of ['"operation":"upsertContact"', '"attempt":1', '"outcome":"Unknown"', '"code":"ECONNRESET"']) {
        expect(lines[0]).toContain(told)
      }
      expect(lines[1]).toContain('"status":502')
      expect(lines[2]).toContain('"attempt":3')
      expect(lines.join()).not.toMatch(/canary/i)
    })
  )

  const last = ["reset", { status: 503 }, "never"] as const

  it.effect.each([
    ["the schedule has ended", { attempt: 1, error: "TransportError", code: "ECONNRESET" }, last[0], times(0)],
    [
      "the retry budget is spent",
      { attempt: 1, error: "ServerError", status: 503 },
      last[1],
      { ...everySecond, budget: 0 }
    ],
    [
      "the deadline comes first",
      { attempt: 2, error: "TransportError", code: "TIMEOUT" },
      last[2],
      { deadline: Duration.seconds(15) }
    ]
  ] as const)("reports why there is no further attempt: %s", ([because, annotations, reply, policy]) =>
    Effect.gen(function* () {
      const lines = yield* logged(calling([reply], get, { ...everySecond, ...policy }))
      expect(lines.at(-1)).toEqual([
        `Attempt failed; not retrying: ${because}`,
        { operation: "getContact", outcome: "NotApplied", millis: reply === "never" ? 4000 : 0, ...annotations }
      ])
    })
  )

  it.effect("reports the result of a verification", () =>
    Effect.gen(function* () {
      const looked = (contact: object): Reply => ({ status: 200, body: { contact: { id, ...contact } } })
      const messages = (replies: ReadonlyArray<Reply>) =>
        Effect.map(logged(calling(replies, update({ firstName: "Rosan" }), times(0))), (lines) =>
          lines.map(([message]) => message).slice(1)
        )
      expect(yield* messages(["reset", looked({ firstName: "Rosan" })])).toEqual(["Verified: the write was applied"])
      expect(yield* messages(["reset", looked({}), found])).toEqual([
        "Verified: the write was not applied; sending it once more",
        "Attempt succeeded"
      ])
    })
  )

  it.effect("is not written at level info", () =>
    Effect.gen(function* () {
      expect(yield* timeline(LogLevel.Info)).toEqual([])
    })
  )
})
