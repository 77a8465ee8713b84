import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as S from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactsError } from "effect-growthhub/Errors"
import * as RateLimit from "effect-growthhub/RateLimit"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { type Fault, type Options, Sandbox } from "effect-growthhub/Sandbox"
import { ContactId, type ContactUpsert, LocationId } from "effect-growthhub/Schema"
import * as Faults from "../../src/sandbox/Faults.js"
import { transports } from "../servers.js"

const jane = ContactId.make("jane")
const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")
const contacts = [{ id: jane, locationId, email: "jane@example.com" }]

const planned = (plan: typeof Faults.Plan.Encoded) => Faults.make(S.decodeSync(Faults.Plan)(plan))
const tags = (plan: typeof Faults.Plan.Encoded, count: number) => {
  const faults = planned(plan)
  return Array.from({ length: count }, () => faults.next("getContact").fault?._tag)
}

describe("a fault plan", () => {
  const reset = { fault: { _tag: "Reset", when: "before" } } as const
  const garbage = { fault: { _tag: "Garbage" } } as const

  it("causes no fault without rules", () => {
    expect(tags({}, 3)).toEqual([undefined, undefined, undefined])
  })

  it("applies rules with `times` to the next requests, in the order of the rules", () => {
    const rules = [
      { ...reset, times: 2 },
      { ...garbage, times: 1 }
    ]
    expect(tags({ rules }, 4)).toEqual(["Reset", "Reset", "Garbage", undefined])
    expect(tags({ rules: [{ ...reset, times: 0 }] }, 1)).toEqual([undefined])
    expect(tags({ rules: [reset] }, 3)).toEqual(["Reset", "Reset", "Reset"])
  })

  it("draws the same faults for the same seed, and different faults for another seed", () => {
    const rules = [{ ...reset, probability: 0.5 }]
    expect(tags({ seed: 7, rules }, 100)).toEqual(tags({ seed: 7, rules }, 100))
    expect(tags({ seed: 7, rules }, 100)).not.toEqual(tags({ seed: 8, rules }, 100))
  })

  it("applies each rule with its own probability", () => {
    const drawn = tags(
      {
        rules: [
          { ...reset, probability: 0.2 },
          { ...garbage, probability: 0.3 }
        ]
      },
      10_000
    )
    const share = (tag: string | undefined) => drawn.filter((each) => each === tag).length / drawn.length
    expect(share("Reset")).toBeCloseTo(0.2, 1)
    expect(share("Garbage")).toBeCloseTo(0.3, 1)
    expect(share(undefined)).toBeCloseTo(0.5, 1)
    expect(tags({ rules: [{ ...reset, probability: 0 }] }, 100)).not.toContain("Reset")
  })

  it("draws for each endpoint independently of requests to other endpoints", () => {
    const rules = [
      { ...reset, probability: 0.5 },
      { ...garbage, endpoint: "upsertContact" as const }
    ]
    const mixed = planned({ rules })
    const interleaved = Array.from({ length: 50 }, () => {
      expect(["Reset", "Garbage"]).toContain(mixed.next("upsertContact").fault?._tag)
      return mixed.next("getContact").fault?._tag
    })
    expect(interleaved).toEqual(tags({ rules }, 50))
  })

  it("delays by a fixed time or by a log-normal time around a median", () => {
    const delays = (distribution: typeof Faults.Latency.Encoded) => {
      const faults = planned({ latency: [{ endpoint: "getContact", distribution }] })
      expect(faults.next("updateContact").delay).toBe(0)
      return Array.from({ length: 2001 }, () => faults.next("getContact").delay).sort((a, b) => a - b)
    }
    expect(new Set(delays({ _tag: "Fixed", millis: 20 }))).toEqual(new Set([20]))
    const spread = delays({ _tag: "LogNormal", median: 100, sigma: 0.5 })
    expect(spread[1000]).toBeGreaterThan(95)
    expect(spread[1000]).toBeLessThan(105)
    // 84 % of the values are less than one standard deviation above the median.
    expect(Math.log(spread[1682]! / 100)).toBeGreaterThan(0.45)
    expect(Math.log(spread[1682]! / 100)).toBeLessThan(0.55)
  })

  it("is refused if it is invalid", () => {
    const refused = [
      { rules: [{ ...reset, probability: 1.5 }] },
      { rules: [{ ...reset, times: -1 }] },
      { rules: [{ fault: { _tag: "Status", status: 200 } }] },
      { latency: [{ distribution: { _tag: "Fixed", millis: -1 } }] },
      { rule: [reset] } as object,
      { rules: [{ ...reset, time: 1 }] }
    ] as const
    for (const plan of refused) expect(Either.isLeft(S.decodeEither(Faults.Plan)(plan))).toBe(true)
  })
})

const within = <A, E>(
  options: Options,
  self: Effect.Effect<A, E, Sandbox | ContactsService>,
  transport: (typeof transports)[keyof typeof transports] = FetchHttpClient.layer
) =>
  self.pipe(
    Effect.provide(
      Layer.unwrapEffect(Effect.map(Sandbox, ({ url, token }) => ContactsService.layer({ baseUrl: url, token }))).pipe(
        Layer.provide(transport),
        Layer.provide(RateLimit.layerUnlimited),
        Layer.provideMerge(Sandbox.layer(options))
      )
    )
  )

const upsert = (contact: Partial<ContactUpsert> = { email: "a@example.com" }) =>
  Effect.flatMap(ContactsService, (contacts) => contacts.upsertContact({ locationId, ...contact }))

const once = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.provideService(self, RetryPolicy.RetryPolicy, RetryPolicy.none)

const status = (status: number, more: object = {}) => ({ _tag: "Status", status, ...more }) as const

/** The error of one attempt of an upsert under each fault, and how often the upsert was applied. */
const cases: ReadonlyArray<readonly [typeof Fault.Encoded, Partial<ContactsError> & object, applied: number]> = [
  [{ _tag: "Reset", when: "before" }, { _tag: "TransportError", outcome: "Unknown" }, 0],
  [{ _tag: "Reset", when: "after" }, { _tag: "TransportError", outcome: "Unknown" }, 1],
  [{ _tag: "HalfBody" }, { _tag: "TransportError", outcome: "Unknown" }, 1],
  [{ _tag: "WrongLength" }, { _tag: "TransportError", outcome: "Unknown" }, 1],
  [{ _tag: "WrongLength", by: -10 }, { outcome: "Unknown" }, 1],
  [{ _tag: "Garbage" }, { _tag: "UnexpectedResponse", outcome: "Unknown" }, 1],
  [{ _tag: "Garbage", when: "before" }, { _tag: "UnexpectedResponse", outcome: "Unknown" }, 0],
  [{ _tag: "Html" }, { _tag: "UnexpectedResponse", outcome: "Unknown" }, 0],
  [{ _tag: "Html", when: "after" }, { _tag: "UnexpectedResponse", outcome: "Unknown" }, 1],
  [status(429), { _tag: "RateLimited", outcome: "NotApplied" }, 0],
  [status(429, { headers: { "retry-after": "7" }, body: "none" }), { _tag: "RateLimited", outcome: "NotApplied" }, 0],
  [status(500), { _tag: "ServerError", outcome: "Unknown" }, 0],
  [status(502, { when: "after", body: "html" }), { _tag: "ServerError", outcome: "Unknown" }, 1],
  [status(503, { body: "text" }), { _tag: "ServerError", outcome: "Unknown" }, 0],
  [status(504, { when: "after", body: "none" }), { _tag: "ServerError", outcome: "Unknown" }, 1]
]

describe.each(Object.entries(transports))("over %s", (_, transport) => {
  it.effect.each(cases)(
    "an upsert under the fault %j fails with %j and is applied %d times",
    ([fault, error, applied]) =>
      within(
        {},
        Effect.gen(function* () {
          const sandbox = yield* Sandbox
          yield* sandbox.setFaults({ rules: [{ fault, times: 1 }] })
          const result = yield* once(Effect.flip(upsert()))
          expect(result).toMatchObject(error)
          const { applied: writes, requests, received } = yield* sandbox.ledger
          expect(writes).toHaveLength(applied)
          expect(requests).toMatchObject([{ fault: fault._tag }])
          expect(received).toBe(1)
          const again = yield* once(upsert())
          expect(again.new).toBe(applied === 0)
        }),
        transport
      )
  )

  it.effect.each(cases)("a retried upsert creates one contact and reports it as new, after the fault %j", ([fault]) =>
    within(
      { faults: { rules: [{ fault, times: 2 }] } },
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(upsert())
        // The sandbox and the client use the test clock, but the network takes real time.
        while ((yield* Fiber.poll(fiber))._tag === "None") {
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
          yield* TestClock.adjust("100 millis")
        }
        expect(yield* Fiber.join(fiber)).toMatchObject({ new: true, email: "a@example.com" })
        const { contacts } = yield* Sandbox
        expect(yield* contacts).toHaveLength(1)
      }),
      transport
    )
  )
})

describe("the sandbox", () => {
  it.effect.each(["before", "after"] as const)("delays the response to a stalled request, %s the write", (when) =>
    within(
      {},
      Effect.gen(function* () {
        const sandbox = yield* Sandbox
        yield* sandbox.setFaults({ rules: [{ fault: { _tag: "Stall", when, millis: 5000 }, times: 1 }] })
        const slow = yield* Effect.fork(once(upsert()))
        const began = yield* Clock.currentTimeMillis
        let writtenAt: number | undefined
        const watch = Effect.gen(function* () {
          const { applied } = yield* sandbox.ledger
          if (applied.length > 0) writtenAt ??= yield* Clock.currentTimeMillis
        })
        while ((yield* Fiber.poll(slow))._tag === "None") {
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
          yield* watch
          yield* TestClock.adjust("100 millis")
        }
        yield* watch
        const ended = yield* Clock.currentTimeMillis
        expect((yield* Fiber.join(slow)).new).toBe(true)
        expect((yield* sandbox.ledger).applied).toHaveLength(1)
        // The write is seen up to 100 ms after it.
        if (when === "before") expect(writtenAt! - began).toBeGreaterThanOrEqual(5000)
        else expect(ended - writtenAt!).toBeGreaterThanOrEqual(4900)
      })
    )
  )

  it.effect("keeps its fault rules during an outage, and drops a stalled request on a reset", () =>
    within(
      { contacts },
      Effect.gen(function* () {
        const sandbox = yield* Sandbox
        yield* sandbox.setFaults({ rules: [{ fault: { _tag: "Garbage" }, times: 1 }] })
        yield* sandbox.outage()
        yield* once(Effect.flip(upsert()))
        yield* sandbox.recover
        expect(yield* once(Effect.flip(upsert()))).toMatchObject({ _tag: "UnexpectedResponse" })
        const { requests } = yield* sandbox.ledger
        expect(requests.map(({ status }) => status)).toEqual([503, 200])
        yield* sandbox.setFaults({ rules: [{ fault: { _tag: "Stall", millis: 500 } }] })
        const waiting = yield* Effect.fork(once(Effect.flip(upsert())))
        while ((yield* sandbox.ledger).received < 3) {
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        }
        yield* sandbox.reset
        yield* TestClock.adjust("500 millis")
        expect(yield* Fiber.join(waiting)).toMatchObject({ _tag: "TransportError" })
        expect(yield* sandbox.ledger).toEqual({
          received: 0,
          applied: [],
          requests: [],
          otherConsumers: { given: 0, refused: 0 }
        })
      })
    )
  )

  it.effect("fails every request during an outage, until `recover`", () =>
    within(
      { contacts },
      Effect.gen(function* () {
        const sandbox = yield* Sandbox
        const get = once(Effect.flatMap(ContactsService, (service) => service.getContact(jane)))
        yield* sandbox.outage()
        expect(yield* Effect.flip(get)).toMatchObject({ _tag: "ServerError", status: 503 })
        yield* sandbox.outage({ _tag: "Reset", when: "before" })
        expect(yield* Effect.flip(get)).toMatchObject({ _tag: "TransportError" })
        yield* sandbox.recover
        expect((yield* get).id).toBe(jane)
        expect(yield* Effect.flip(sandbox.outage({ _tag: "Status", status: 200 }))).toMatchObject({
          _tag: "ParseError"
        })
      })
    )
  )

  it.effect("can be seeded, exported, imported and reset", () =>
    within(
      { contacts, limits: { max: 3 } },
      Effect.gen(function* () {
        const sandbox = yield* Sandbox
        const ids = Effect.map(sandbox.contacts, (stored) => stored.map(({ id }) => id).sort())
        yield* sandbox.seed([{ id: ContactId.make("john"), email: "john@example.com" }])
        expect((yield* once(upsert({ email: "JOHN@example.com" }))).new).toBe(false)
        const snapshot = yield* sandbox.exportDirectory
        yield* once(upsert())
        expect(yield* ids).toHaveLength(3)
        yield* sandbox.importDirectory(JSON.parse(JSON.stringify(snapshot)) as typeof snapshot)
        expect(yield* ids).toEqual(["jane", "john"])
        expect((yield* once(upsert({ email: "john@example.com" }))).new).toBe(false)
        yield* sandbox.outage()
        yield* sandbox.reset
        expect(yield* ids).toEqual(["jane"])
        expect(yield* sandbox.ledger).toEqual({
          received: 0,
          applied: [],
          requests: [],
          otherConsumers: { given: 0, refused: 0 }
        })
        for (const email of ["1@example.com", "2@example.com", "3@example.com"]) yield* once(upsert({ email }))
      })
    )
  )

  const controlling = (path: string, method: string, body?: unknown) =>
    Effect.flatMap(Sandbox, ({ url }) =>
      Effect.promise(async () => {
        const response = await fetch(`${url}/_sandbox${path}`, {
          method,
          ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } })
        })
        const text = await response.text()
        return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as Record<string, unknown> }
      })
    )

  it.effect("can be controlled over HTTP if `control` is set", () =>
    within(
      { contacts, control: true },
      Effect.gen(function* () {
        const sandbox = yield* Sandbox
        const plan = { rules: [{ fault: status(503, { when: "after" }), endpoint: "upsertContact", times: 1 }] }
        expect((yield* controlling("/faults", "PUT", plan)).status).toBe(204)
        expect(yield* once(Effect.flip(upsert()))).toMatchObject({ status: 503 })
        const ledger = yield* controlling("/ledger", "GET")
        expect(ledger.body).toMatchObject({
          received: 1,
          applied: [{ operation: "upsertContact", isNew: true }],
          requests: [{ method: "POST", status: 503, fault: "Status" }]
        })
        const exported = yield* controlling("/directory", "GET")
        expect(exported.body["contacts"]).toHaveLength(2)
        yield* controlling("/outage", "PUT", { _tag: "Reset", when: "before" })
        expect(yield* once(Effect.flip(upsert()))).toMatchObject({ _tag: "TransportError" })
        yield* controlling("/outage", "DELETE")
        yield* controlling("/reset", "POST")
        expect(yield* sandbox.contacts).toHaveLength(1)
        yield* controlling("/contacts", "POST", [{ id: "john", firstName: "John" }])
        expect(yield* sandbox.contacts).toHaveLength(2)
        yield* controlling("/directory", "PUT", exported.body)
        expect(yield* sandbox.exportDirectory).toEqual(exported.body)
        expect((yield* controlling("/limits", "PUT", { max: 5, daily: 1 })).status).toBe(204)
        expect((yield* once(upsert())).new).toBe(false)
        expect(yield* once(Effect.flip(upsert({ email: "b@example.com" })))).toMatchObject({ _tag: "RateLimited" })
        yield* controlling("/day", "POST")
        expect((yield* once(upsert())).new).toBe(false)
        expect((yield* controlling("/limits", "PUT", { max: 0 })).status).toBe(400)
        const refused = yield* controlling("/faults", "PUT", { rules: [{ fault: { _tag: "Fire" } }] })
        expect(refused.status).toBe(400)
        expect(JSON.stringify(refused.body)).toContain("Fire")
      })
    )
  )

  it.effect("cannot be controlled over HTTP by default", () =>
    within(
      { contacts },
      Effect.gen(function* () {
        for (const [path, method] of [
          ["/ledger", "GET"],
          ["/reset", "POST"],
          ["/faults", "PUT"]
        ] as const) {
          expect((yield* controlling(path, method, method === "GET" ? undefined : {})).status).toBe(404)
        }
      })
    )
  )
})
