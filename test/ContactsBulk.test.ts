import { describe, expect, it } from "@effect/vitest"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as ContactsBulk from "effect-growthhub/ContactsBulk"
import { ContactsService } from "effect-growthhub/ContactsService"
import { ContactsTest } from "effect-growthhub/ContactsTest"
import * as Credentials from "effect-growthhub/Credentials"
import * as Errors from "effect-growthhub/Errors"
import * as RateLimit from "effect-growthhub/RateLimit"
import { ContactId, type ContactUpsert, LocationId, type UpsertedContact } from "effect-growthhub/Schema"
import * as TokenStore from "effect-growthhub/TokenStore"

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")

const lead = (index: number): ContactUpsert => ({ locationId, email: `lead-${index}@example.com` })

const leads = (count: number) => Array.from({ length: count }, (_, index) => lead(index))

/** A contact without email and phone. It must not be sent twice, because the service could not match the second one. */
const nameless = (index: number): ContactUpsert => ({ locationId, firstName: `lead-${index}` })

const nameOf = ({ email, firstName }: ContactUpsert) => String(email ?? firstName)

const answer = (input: ContactUpsert, isNew = true): UpsertedContact => ({
  id: ContactId.make(nameOf(input).replace(/\W/g, "")),
  ignored: [],
  new: isNew
})

/** A mock of the service with only the methods that the tests use. */
const serviceOf = (upsertContact: (input: ContactUpsert) => Effect.Effect<UpsertedContact, Errors.ContactsError>) =>
  Layer.mock(ContactsService, {
    upsertContact,
    getContact: (id) => Effect.succeed({ id }),
    updateContact: (id) => Effect.succeed({ id, ignored: [] })
  })

const unprocessable = new Errors.Unprocessable({
  operation: "upsertContact",
  attempts: 1,
  status: 422,
  message: "email must be an email",
  details: ["email must be an email"]
})

const failure = (outcome: Errors.Outcome) =>
  new Errors.ServerError({
    operation: "upsertContact",
    attempts: 3,
    status: 503,
    message: "The service responded with 503 without a body",
    outcome,
    isRetryable: outcome === "NotApplied"
  })

const unauthorized = new Errors.Unauthorized({
  operation: "upsertContact",
  attempts: 1,
  status: 401,
  message: "Invalid JWT"
})

const limited = (retryAfter: Duration.DurationInput) =>
  new Errors.RateLimited({
    operation: "upsertContact",
    attempts: 0,
    message: "All requests that the service allows are taken",
    retryAfter: Duration.decode(retryAfter)
  })

const collected = <E, R>(stream: Stream.Stream<ContactsBulk.Outcome, E, R>) =>
  Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

const tags = (outcomes: ReadonlyArray<ContactsBulk.Outcome>) => outcomes.map(({ _tag, index }) => `${index} ${_tag}`)

const memory = Effect.provide(KeyValueStore.KeyValueStore, KeyValueStore.layerMemory)

describe("upsertMany", () => {
  it.effect("emits the outcome of each contact, created or updated", () =>
    Effect.gen(function* () {
      const outcomes = yield* collected(
        ContactsBulk.upsertMany(Stream.fromIterable([lead(0), lead(1), { ...lead(0), tags: ["again"] }, lead(3)]))
      )
      expect(tags(outcomes).sort()).toEqual(["0 Created", "1 Created", "2 Updated", "3 Created"])
    }).pipe(Effect.provide(ContactsTest.layer({ locationId })))
  )

  it.effect("emits Rejected for an invalid contact and continues with the others", () =>
    Effect.gen(function* () {
      const input = [lead(0), { ...lead(1), email: "nobody" }, lead(2)]
      const outcomes = yield* collected(ContactsBulk.upsertMany(Stream.fromIterable(input), { isOrdered: true }))
      expect(tags(outcomes)).toEqual(["0 Created", "1 Rejected", "2 Created"])
      expect(outcomes[1]).toMatchObject({ input: input[1], error: { details: ["email must be an email"] } })
    }).pipe(Effect.provide(ContactsTest.layer({ locationId })))
  )

  it.effect("emits outcomes in the order of the list with isOrdered, and otherwise as the calls end", () => {
    const firstIsSlow = serviceOf((input) =>
      Effect.delay(Effect.succeed(answer(input)), input.email === lead(0).email ? "5 seconds" : "1 second")
    )
    const run = (isOrdered: boolean) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(
          collected(ContactsBulk.upsertMany(Stream.fromIterable(leads(4)), { isOrdered }))
        )
        yield* TestClock.adjust("10 seconds")
        return (yield* Fiber.join(fiber)).map(({ index }) => index)
      })
    return Effect.gen(function* () {
      expect(yield* run(true)).toEqual([0, 1, 2, 3])
      expect((yield* run(false)).at(-1)).toBe(0)
    }).pipe(Effect.provide(firstIsSlow))
  })

  it.effect("continues after fewer transient failures in a row than `failures`, and emits Rejected for them", () =>
    Effect.gen(function* () {
      const outcomes = yield* collected(
        ContactsBulk.upsertMany(Stream.fromIterable(leads(9)), { concurrency: 1, failures: 3 })
      )
      expect(tags(outcomes).sort()).toEqual(
        leads(9).map((_, index) => `${index} ${[2, 3, 5].includes(index) ? "Rejected" : "Created"}`)
      )
    }).pipe(
      Effect.provide(
        serviceOf((input) =>
          [2, 3, 5].some((index) => lead(index).email === input.email)
            ? Effect.fail(failure("NotApplied"))
            : Effect.succeed(answer(input))
        )
      )
    )
  )

  it.effect("stops with Unauthorized if the token is rejected, and emits the outcomes so far", () => {
    let calls = 0
    return Effect.gen(function* () {
      const seen: Array<ContactsBulk.Outcome> = []
      const stopped = yield* ContactsBulk.upsertMany(Stream.fromIterable(leads(50)), { concurrency: 2 }).pipe(
        Stream.runForEach((outcome) => Effect.sync(() => seen.push(outcome))),
        Effect.flip
      )
      expect(stopped).toMatchObject({ _tag: "BulkStopped", reason: "Unauthorized", error: unauthorized })
      expect(seen).toHaveLength(10)
      expect(calls).toBeLessThanOrEqual(12)
    }).pipe(
      Effect.provide(
        serviceOf((input) =>
          Effect.suspend(() => (++calls > 10 ? Effect.fail(unauthorized) : Effect.succeed(answer(input))))
        )
      )
    )
  })

  it.effect("never rejects a contact that one of its sends may have applied", () => {
    const refused = new Errors.TransportError({
      operation: "upsertContact",
      attempts: 3,
      message: "The service could not be reached (ECONNREFUSED)",
      outcome: "NotApplied",
      isRetryable: true
    })
    const run = (later: Errors.ContactsError) => {
      let sends = 0
      const service = serviceOf((input) =>
        Effect.suspend(() => {
          if (input.email !== lead(0).email) return Effect.succeed(answer(input))
          return Effect.fail(++sends === 1 ? failure("Unknown") : later)
        })
      )
      return collected(ContactsBulk.upsertMany(Stream.fromIterable(leads(3)))).pipe(
        Effect.either,
        Effect.map((result) => ({ result, sends })),
        Effect.provide(service)
      )
    }
    return Effect.gen(function* () {
      const unreachable = yield* run(refused)
      expect(unreachable.sends).toBe(3)
      expect(unreachable.result).toMatchObject({ left: { reason: "Unresolved", unresolved: [0] } })
      // Another send would not help after a refusal of the contact itself.
      const rejected = yield* run(unprocessable)
      expect(rejected.sends).toBe(2)
      const outcomes = Either.getOrThrow(rejected.result)
      expect(outcomes.find(({ index }) => index === 0)).toMatchObject({ _tag: "Unknown", error: unprocessable })
    })
  })

  it.effect("stops with Unauthorized, before any contact, if the token endpoint rejects the client secret", () =>
    Effect.gen(function* () {
      const urls: Array<string> = []
      const description = "client secret is invalid"
      const client = HttpClient.make((request, url) => {
        urls.push(url.pathname)
        const body = { error: "invalid_client", error_description: description }
        return Effect.succeed(HttpClientResponse.fromWeb(request, Response.json(body, { status: 400 })))
      })
      const expired = {
        accessToken: Redacted.make("access-0"),
        refreshToken: Redacted.make("refresh-0"),
        expiresAt: DateTime.unsafeMake(0)
      }
      const store = yield* TokenStore.makeMemory([[Credentials.grantKey("app", locationId), expired]])
      const token = Credentials.oauth({ clientId: "app", clientSecret: Redacted.make("old"), locationId, store })
      const stopped = yield* Effect.flip(Stream.runDrain(ContactsBulk.upsertMany(Stream.fromIterable(leads(5))))).pipe(
        Effect.provide(ContactsService.layer({ token })),
        Effect.provideService(HttpClient.HttpClient, client)
      )
      const error = { _tag: "Unauthorized", operation: "upsertContact", attempts: 0, details: [description] }
      expect(stopped).toMatchObject({ reason: "Unauthorized", error })
      expect(new Set(urls)).toEqual(new Set(["/oauth/token"]))
    })
  )

  it.effect("waits out a short rate limit, and stops with QuotaExhausted and retryAfter at a long one", () => {
    const refusals = [limited("20 seconds"), limited("5 hours")]
    let calls = 0
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(
        Effect.flip(Stream.runDrain(ContactsBulk.upsertMany(Stream.fromIterable(leads(5)), { concurrency: 1 })))
      )
      yield* TestClock.adjust("19 seconds")
      expect(calls).toBe(1)
      yield* TestClock.adjust("1 seconds")
      const stopped = yield* Fiber.join(fiber)
      expect(calls).toBe(3)
      expect(stopped).toMatchObject({
        reason: "QuotaExhausted",
        message: "Quota exhausted; requests may be sent again in 5h",
        retryAfter: Duration.hours(5)
      })
    }).pipe(
      Effect.provide(
        serviceOf((input) =>
          Effect.suspend(() => {
            calls += 1
            const refusal = calls === 1 ? refusals[0] : calls === 3 ? refusals[1] : undefined
            return refusal === undefined ? Effect.succeed(answer(input)) : Effect.fail(refusal)
          })
        )
      )
    )
  })

  it.effect("stops with Outage after `failures` transient failures; the next run sends these contacts again", () => {
    const sent: Array<string> = []
    const dying = serviceOf((input) =>
      Effect.suspend(() => {
        sent.push(nameOf(input))
        return sent.length <= 10 ? Effect.succeed(answer(input)) : Effect.fail(failure("Unknown"))
      })
    )
    const alive = serviceOf((input) =>
      Effect.sync(() => {
        sent.push(nameOf(input))
        return answer(input, false)
      })
    )
    return Effect.gen(function* () {
      const checkpoint = { store: yield* memory, name: "leads" }
      const run = ContactsBulk.upsertMany(Stream.fromIterable(leads(100)), { checkpoint, failures: 5, concurrency: 1 })
      const stopped = yield* Effect.flip(collected(run)).pipe(Effect.provide(dying))
      expect(stopped).toMatchObject({ reason: "Outage" })
      expect(sent).toHaveLength(15)
      expect(yield* ContactsBulk.progress(checkpoint)).toMatchObject({ value: { isComplete: false } })
      const outcomes = yield* Effect.provide(collected(run), alive)
      expect(outcomes).toHaveLength(90)
      expect(yield* ContactsBulk.progress(checkpoint)).toEqual(
        Option.some({ counts: { created: 10, updated: 90, rejected: 0, unknown: 0 }, isComplete: true })
      )
    })
  })

  /** The error of a contact that the client refused before it sent a request. */
  const refusedHere = new Errors.Unprocessable({
    operation: "upsertContact",
    attempts: 0,
    message: "email must be an email",
    details: ["email must be an email"]
  })

  it.effect("stops with Outage even if invalid contacts, which are not sent, are among the failing ones", () => {
    const isInvalid = (index: number) => index % 5 === 4
    const input = Array.from({ length: 200 }, (_, index) =>
      isInvalid(index) ? { ...lead(index), email: `bad-${index}` } : lead(index)
    )
    const away = serviceOf(({ email }) =>
      Effect.fail(email?.startsWith("bad") === true ? refusedHere : failure("NotApplied"))
    )
    return Effect.gen(function* () {
      const checkpoint = { store: yield* memory, name: "leads" }
      const run = ContactsBulk.upsertMany(Stream.fromIterable(input), { checkpoint, concurrency: 2 })
      expect(yield* Effect.flip(Effect.provide(collected(run), away))).toMatchObject({
        _tag: "BulkStopped",
        reason: "Outage"
      })
      yield* Effect.provide(
        collected(run),
        serviceOf((one) => Effect.succeed(answer(one)))
      )
      const { counts, isComplete } = Option.getOrThrow(yield* ContactsBulk.progress(checkpoint))
      // The first run rejected a few contacts before it stopped. The others were refused only while the service was down.
      expect([counts.created + counts.rejected, isComplete]).toEqual([200, true])
      expect(counts.created).toBeGreaterThanOrEqual(160)
    })
  })

  it.effect("stops with Outage if the first contact fails transiently and all later ones are invalid", () => {
    const input = [lead(0), ...leads(2100).map((one) => ({ ...one, email: `bad-${String(one.email)}` }))]
    const firstFails = serviceOf(({ email }) =>
      Effect.fail(email?.startsWith("bad") === true ? refusedHere : failure("NotApplied"))
    )
    return Effect.gen(function* () {
      const run = ContactsBulk.upsertMany(Stream.fromIterable(input), { concurrency: 4 })
      expect(yield* Effect.flip(Stream.runDrain(run))).toMatchObject({ _tag: "BulkStopped", reason: "Outage" })
    }).pipe(Effect.provide(firstFails))
  })

  it.effect("stops after a rejected token or a failed store even if the list emits no more contacts", () =>
    Effect.gen(function* () {
      const store = KeyValueStore.makeStringOnly({
        ...(yield* memory),
        set: () => Effect.fail({ _tag: "SystemError" } as never)
      })
      const silent = Stream.concat(Stream.make(lead(0)), Stream.never)
      const stopped = Effect.flip(Stream.runDrain(ContactsBulk.upsertMany(silent, { concurrency: 3 })))
      const slowly = serviceOf(() => Effect.delay(Effect.fail(unauthorized), "1 second"))
      const fiber = yield* Effect.fork(Effect.provide(stopped, slowly))
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "BulkStopped", reason: "Unauthorized" })
      const checkpoint = { store, name: "leads" }
      const broken = ContactsBulk.upsertMany(silent, { concurrency: 3, checkpoint })
      const found = serviceOf((one) => Effect.succeed(answer(one)))
      expect(yield* Effect.flip(Effect.provide(Stream.runDrain(broken), found))).toMatchObject({
        reason: "StoreFailed"
      })
    })
  )

  it.effect("emits Unknown in an outage for a contact that is unsafe to resend, and does not send it again", () => {
    const sent: Array<string> = []
    const away = (outcome: Errors.Outcome) =>
      serviceOf((input) =>
        Effect.suspend(() => {
          sent.push(nameOf(input))
          return Effect.fail(failure(outcome))
        })
      )
    return Effect.gen(function* () {
      const checkpoint = { store: yield* memory, name: "leads" }
      const input = [nameless(0), nameless(1), lead(2)]
      const run = ContactsBulk.upsertMany(Stream.fromIterable(input), { checkpoint, failures: 1, concurrency: 1 })
      const seen: Array<ContactsBulk.Outcome> = []
      const ended = (outcome: Errors.Outcome) =>
        Stream.runForEach(run, (one) => Effect.sync(() => seen.push(one))).pipe(
          Effect.flip,
          Effect.provide(away(outcome))
        )
      // A contact that was not applied is sent again by the next run. One with an unknown outcome is reported and not sent
      // again.
      expect(yield* ended("NotApplied")).toMatchObject({ reason: "Outage" })
      expect(tags(seen)).toEqual([])
      expect(yield* ended("Unknown")).toMatchObject({ reason: "Outage" })
      expect(tags(seen)).toEqual(["0 Unknown"])
      expect(sent).toEqual(["lead-0", "lead-0"])
      const outcomes = yield* Effect.provide(
        collected(run),
        serviceOf((input) => Effect.succeed(answer(input)))
      )
      expect(tags(outcomes)).toEqual(["1 Created", "2 Created"])
    })
  })

  it.effect("sends contacts with the same email or phone one after the other, in the order of the list", () => {
    const events: Array<string> = []
    return Effect.gen(function* () {
      const input: ReadonlyArray<ContactUpsert> = [
        { locationId, email: "Rosan@example.com", phone: "+1 888 888 8888", firstName: "1" },
        { locationId, email: "rosan@example.com", firstName: "2" },
        { locationId, phone: "+18888888888", firstName: "3" },
        { locationId, email: "other@example.com", firstName: "4" }
      ]
      const fiber = yield* Effect.fork(Stream.runDrain(ContactsBulk.upsertMany(Stream.fromIterable(input))))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      const at = (event: string) => events.indexOf(event)
      expect(at("2 began")).toBeGreaterThan(at("1 ended"))
      expect(at("3 began")).toBeGreaterThan(at("1 ended"))
      expect(at("4 began")).toBeLessThan(at("1 ended"))
    }).pipe(
      Effect.provide(
        serviceOf((input) =>
          Effect.sync(() => events.push(`${input.firstName} began`)).pipe(
            Effect.delay("1 second"),
            Effect.andThen(Effect.sync(() => events.push(`${input.firstName} ended`)).pipe(Effect.delay("1 second"))),
            Effect.as(answer(input))
          )
        )
      )
    )
  })

  it.effect("sends with the priority bulk, and by default at most 20 contacts at once", () => {
    let calls = 0
    let most = 0
    const priorities = new Set<string>()
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(Stream.runDrain(ContactsBulk.upsertMany(Stream.fromIterable(leads(100)))))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      expect([...priorities]).toEqual(["bulk"])
      expect(most).toBe(20)
    }).pipe(
      Effect.provide(
        serviceOf((input) =>
          Effect.gen(function* () {
            priorities.add(yield* RateLimit.Priority)
            most = Math.max(most, ++calls)
            yield* Effect.sleep("1 second")
            calls -= 1
            return answer(input)
          })
        )
      )
    )
  })

  it.effect("pulls fewer than 2100 contacts from the list while the first one is pending", () => {
    let taken = 0
    const list = Stream.map(Stream.rechunk(Stream.range(0, 99_999), 1), (index) => {
      taken = index + 1
      return lead(index)
    })
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(Stream.runDrain(ContactsBulk.upsertMany(list, { concurrency: 4 })))
      yield* TestClock.adjust("1 second")
      expect(taken).toBeLessThan(2100)
      yield* Fiber.interrupt(fiber)
    }).pipe(
      Effect.provide(
        serviceOf((input) => (input.email === lead(0).email ? Effect.never : Effect.succeed(answer(input))))
      )
    )
  })

  /** A service that takes five minutes for the first contact. The other contacts wait for it when they are too far ahead. */
  const slowFirst = (first: Effect.Effect<UpsertedContact, Errors.ContactsError>) =>
    serviceOf((input) =>
      input.email === lead(0).email ? Effect.delay(first, "5 minutes") : Effect.succeed(answer(input))
    )

  it.effect("fails with the defect of one contact even if later contacts wait for its outcome", () =>
    Effect.gen(function* () {
      const run = ContactsBulk.upsertMany(Stream.fromIterable(leads(2500)), { concurrency: 4 })
      const fiber = yield* Effect.fork(Effect.exit(Stream.runDrain(run)))
      yield* TestClock.adjust("10 minutes")
      expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "Failure", cause: { defect: "broken" } })
    }).pipe(Effect.provide(slowFirst(Effect.die("broken"))))
  )

  it.effect("stops with Outage if every contact of a long list fails, even if `failures` is Infinity", () =>
    Effect.gen(function* () {
      const run = ContactsBulk.upsertMany(Stream.fromIterable(leads(4000)), { concurrency: 4, failures: Infinity })
      expect(yield* Effect.flip(Stream.runDrain(run))).toMatchObject({ reason: "Outage" })
    }).pipe(Effect.provide(serviceOf(() => Effect.fail(failure("NotApplied")))))
  )

  it.effect("sends all contacts if `concurrency` is NaN, Infinity, negative or a fraction", () =>
    Effect.gen(function* () {
      for (const concurrency of [NaN, Infinity, -1, 0.5]) {
        const run = ContactsBulk.upsertMany(Stream.fromIterable(leads(10)), { concurrency })
        expect(yield* collected(run)).toHaveLength(10)
      }
    }).pipe(Effect.provide(serviceOf((input) => Effect.succeed(answer(input)))))
  )

  it.effect("emits Rejected for a last contact that fails transiently after others succeeded", () =>
    Effect.gen(function* () {
      const run = ContactsBulk.upsertMany(Stream.fromIterable(leads(3)), { isOrdered: true, concurrency: 1 })
      expect(tags(yield* collected(run))).toEqual(["0 Created", "1 Created", "2 Rejected"])
    }).pipe(
      Effect.provide(
        serviceOf((input) =>
          input.email === lead(2).email ? Effect.fail(failure("NotApplied")) : Effect.succeed(answer(input))
        )
      )
    )
  )

  it.effect("stops with QuotaExhausted if a contact is rate limited for more than a minute", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(
        Effect.flip(Stream.runDrain(ContactsBulk.upsertMany(Stream.fromIterable(leads(3)))))
      )
      yield* TestClock.adjust("61 seconds")
      expect(yield* Fiber.join(fiber)).toMatchObject({ reason: "QuotaExhausted" })
    }).pipe(Effect.provide(serviceOf(() => Effect.fail(limited("25 seconds")))))
  )

  it.effect("emits the outcomes of later contacts when it stops at the first one, even with isOrdered", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const fiber = yield* ContactsBulk.upsertMany(Stream.fromIterable(leads(6)), {
        isOrdered: true,
        concurrency: 3
      }).pipe(
        Stream.runForEach(({ index }) => Effect.sync(() => seen.push(index))),
        Effect.flip,
        Effect.fork
      )
      yield* TestClock.adjust("10 minutes")
      expect(yield* Fiber.join(fiber)).toMatchObject({ reason: "Unauthorized" })
      expect(seen).toEqual([1, 2, 3, 4, 5])
    }).pipe(Effect.provide(slowFirst(Effect.fail(unauthorized))))
  )

  it.effect("leaves a contact that was not applied to the next run if the list itself fails", () =>
    Effect.gen(function* () {
      const checkpoint = { store: yield* memory, name: "leads" }
      const broken = Stream.concat(Stream.succeed(nameless(0)), Stream.fail("broken"))
      const first = ContactsBulk.upsertMany(broken, { checkpoint, concurrency: 1 })
      const away = serviceOf(() => Effect.fail(failure("NotApplied")))
      expect(yield* Effect.flip(Effect.provide(Stream.runDrain(first), away))).toBe("broken")
      const second = ContactsBulk.upsertMany(Stream.make(nameless(0), nameless(1)), { checkpoint, isOrdered: true })
      const there = serviceOf((input) => Effect.succeed(answer(input)))
      expect(tags(yield* Effect.provide(collected(second), there))).toEqual(["0 Created", "1 Created"])
    })
  )

  it.effect("fails with the error of the list after the calls in flight have ended", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const list = Stream.concat(Stream.fromIterable(leads(3)), Stream.fail("line 4 is no contact"))
      const fiber = yield* ContactsBulk.upsertMany(list).pipe(
        Stream.runForEach(({ index }) => Effect.sync(() => seen.push(index))),
        Effect.flip,
        Effect.fork
      )
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(fiber)).toBe("line 4 is no contact")
      expect(seen.sort()).toEqual([0, 1, 2])
    }).pipe(Effect.provide(serviceOf((input) => Effect.delay(Effect.succeed(answer(input)), "1 second"))))
  )
})

describe("a contact that is safe to send again", () => {
  /** A service that applies every contact, but loses the first responses of some of them. */
  const losing = (lost: (name: string) => number) => {
    const sends = new Map<string, number>()
    const log: Array<string> = []
    const layer = serviceOf((input) =>
      Effect.suspend(() => {
        const name = nameOf(input)
        const count = (sends.get(name) ?? 0) + 1
        sends.set(name, count)
        log.push(input.firstName == null ? name : `${name} ${input.firstName}`)
        return count <= lost(name) ? Effect.fail(failure("Unknown")) : Effect.succeed(answer(input, count === 1))
      })
    )
    return { layer, sends, log }
  }

  it.effect("is sent again later in the run, and is no dead letter, when its response was lost", () => {
    const { layer } = losing((name) => (/lead-(?:[2-9]|1\d)@/.test(name) ? 1 : 0))
    return Effect.gen(function* () {
      const checkpoint = { store: yield* memory, name: "leads" }
      const outcomes = yield* collected(
        ContactsBulk.upsertMany(Stream.fromIterable(leads(30)), { checkpoint, concurrency: 5 })
      )
      expect(outcomes).toHaveLength(30)
      expect(yield* ContactsBulk.progress(checkpoint)).toEqual(
        Option.some({ counts: { created: 12, updated: 18, rejected: 0, unknown: 0 }, isComplete: true })
      )
      expect(yield* collected(ContactsBulk.deadLetters(checkpoint))).toEqual([])
    }).pipe(Effect.provide(layer))
  })

  it.effect("is sent at most three times without delaying the list, and is left to the next run", () => {
    const first = losing((name) => (name === "lead-1@example.com" ? Infinity : 0))
    const second = losing(() => 0)
    return Effect.gen(function* () {
      const checkpoint = { store: yield* memory, name: "leads" }
      const run = ContactsBulk.upsertMany(Stream.fromIterable(leads(3000)), { checkpoint, isOrdered: true })
      const stopped = yield* Effect.flip(Stream.runDrain(run)).pipe(Effect.provide(first.layer))
      expect(stopped).toMatchObject({ _tag: "BulkStopped", reason: "Unresolved", unresolved: [1] })
      expect(first.sends.get("lead-1@example.com")).toBe(3)
      expect(yield* ContactsBulk.progress(checkpoint)).toMatchObject({
        value: { counts: { created: 2999, rejected: 0, unknown: 0 }, isComplete: false }
      })
      expect(tags(yield* Effect.provide(collected(run), second.layer))).toEqual(["1 Created"])
      expect(yield* ContactsBulk.progress(checkpoint)).toMatchObject({ value: { isComplete: true } })
    })
  })

  it.effect("is left to the next run after each outage, even if its outcome stays unknown in several runs", () => {
    const away = losing(() => Infinity)
    return Effect.gen(function* () {
      const checkpoint = { store: yield* memory, name: "leads" }
      const run = ContactsBulk.upsertMany(Stream.fromIterable(leads(100)), { checkpoint, failures: 5, concurrency: 1 })
      for (let time = 1; time <= 3; time += 1) {
        expect(yield* Effect.flip(Stream.runDrain(run)).pipe(Effect.provide(away.layer))).toMatchObject({
          reason: "Outage"
        })
        expect(away.log).toHaveLength(time * 5)
      }
      expect(yield* collected(ContactsBulk.deadLetters(checkpoint))).toEqual([])
      expect(yield* Effect.provide(collected(run), losing(() => 0).layer)).toHaveLength(100)
    })
  })

  it.effect("stops the run with Outage if more than 1000 contacts with its email have to wait for it", () => {
    const { layer, log } = losing((name) => (name === "a@example.com" ? Infinity : 0))
    const same = Array.from({ length: 1500 }, (): ContactUpsert => ({ locationId, email: "a@example.com" }))
    return Effect.gen(function* () {
      const list = Stream.concat(Stream.make(lead(0)), Stream.fromIterable(same))
      const stopped = yield* Effect.flip(Stream.runDrain(ContactsBulk.upsertMany(list, { concurrency: 2 })))
      expect(stopped).toMatchObject({ reason: "Outage" })
      expect(log.filter((name) => name === "a@example.com")).toHaveLength(3)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is sent again before newer contacts with its email or phone", () => {
    const phone = "+15550100001"
    const input: ReadonlyArray<ContactUpsert> = [
      { locationId, email: "a@example.com", firstName: "1" },
      lead(7),
      { locationId, email: "a@example.com", phone, firstName: "2" },
      { locationId, phone, firstName: "3" },
      lead(8)
    ]
    return Effect.gen(function* () {
      for (const lost of [1, 2, Infinity]) {
        const { layer, log } = losing((name) => (name === "a@example.com" ? lost : 0))
        const checkpoint = { store: yield* memory, name: "leads" }
        const run = ContactsBulk.upsertMany(Stream.fromIterable(input), { checkpoint, concurrency: 3 })
        const exit = yield* Effect.exit(Effect.provide(Stream.runDrain(run), layer))
        const numbers = log.flatMap((line) => / (\d)$/.exec(line)?.[1] ?? [])
        expect(numbers).toEqual([...numbers].sort())
        expect(exit._tag).toBe(lost === Infinity ? "Failure" : "Success")
        if (lost !== Infinity) continue
        expect(numbers).toEqual(["1", "1", "1"])
        const again = losing(() => 0)
        yield* Effect.provide(Stream.runDrain(run), again.layer)
        expect(again.log).toEqual(["a@example.com 1", "a@example.com 2", "3 3"])
      }
    })
  })
})

describe("an error about the location", () => {
  const refused = (Class: typeof Errors.Forbidden | typeof Errors.BadRequest, status: number, message: string) =>
    new Class({ operation: "upsertContact", attempts: 1, status, message, details: [message] })

  const members = [
    refused(Errors.Forbidden, 403, "The token does not have access to this location."),
    refused(Errors.Forbidden, 403, "The service responded with 403, not JSON but text/html, 4000 characters"),
    refused(Errors.BadRequest, 400, "Location is not active"),
    refused(Errors.BadRequest, 400, "Location with id abc not found"),
    refused(Errors.BadRequest, 400, "The sub-account is paused")
  ]

  it.effect("stops the run with Forbidden after `failures` in a row, and leaves all contacts to the next run", () =>
    Effect.gen(function* () {
      for (const error of members) {
        let calls = 0
        const refusing = serviceOf(() => Effect.suspend(() => Effect.fail((calls++, error))))
        const checkpoint = { store: yield* memory, name: "leads" }
        const input = [nameless(0), ...leads(300)]
        const run = ContactsBulk.upsertMany(Stream.fromIterable(input), { checkpoint, concurrency: 4 })
        const seen: Array<ContactsBulk.Outcome> = []
        const stopped = yield* Stream.runForEach(run, (outcome) => Effect.sync(() => seen.push(outcome))).pipe(
          Effect.flip,
          Effect.provide(refusing)
        )
        expect(stopped).toMatchObject({ _tag: "BulkStopped", reason: "Forbidden", error })
        expect((stopped as ContactsBulk.BulkStopped).message).toContain(error.message)
        expect(calls).toBeLessThan(20 + 4)
        expect(seen).toEqual([])
        const outcomes = yield* Effect.provide(
          collected(run),
          serviceOf((one) => Effect.succeed(answer(one)))
        )
        expect(outcomes).toHaveLength(301)
      }
    })
  )

  it.effect("rejects only the affected contacts if the service accepts others in between", () => {
    const isForeign = (index: number) => index % 10 === 3
    const picky = serviceOf((input) =>
      isForeign(Number(/\d+/.exec(nameOf(input))?.[0])) ? Effect.fail(members[0]!) : Effect.succeed(answer(input))
    )
    return Effect.gen(function* () {
      const run = ContactsBulk.upsertMany(Stream.fromIterable(leads(100)), { failures: 3, concurrency: 1 })
      const outcomes = yield* collected(run)
      expect(outcomes.filter(({ _tag }) => _tag === "Rejected")).toHaveLength(10)
    }).pipe(Effect.provide(picky))
  })

  it.effect("is not inferred from an error about the contact: a duplicate, an unknown field, an invalid phone", () =>
    Effect.gen(function* () {
      for (const message of [
        "This location does not allow duplicated contacts.",
        "companyName must be a string",
        "phone is not valid in the country of the location"
      ]) {
        const refusing = serviceOf(() => Effect.fail(refused(Errors.BadRequest, 400, message)))
        const run = ContactsBulk.upsertMany(Stream.fromIterable(leads(60)))
        expect(yield* Effect.provide(collected(run), refusing)).toHaveLength(60)
      }
    })
  )
})

describe("dead letters", () => {
  it.effect("contain the failed contacts with their errors, and can be sent again", () => {
    const isBroken = (input: ContactUpsert) => ["lead-1@example.com", "lead-3"].includes(nameOf(input))
    const picky = serviceOf((input) =>
      isBroken(input)
        ? Effect.fail(input.email === lead(1).email ? unprocessable : failure("Unknown"))
        : Effect.succeed(answer(input))
    )
    return Effect.gen(function* () {
      const checkpoint = { store: yield* memory, name: "leads" }
      const input = [lead(0), lead(1), lead(2), nameless(3), lead(4)].map((one) => ({
        ...one,
        customFields: [{ id: "f", value: "v" }]
      }))
      yield* collected(ContactsBulk.upsertMany(Stream.fromIterable(input), { checkpoint, concurrency: 1 })).pipe(
        Effect.provide(picky)
      )
      const letters = yield* collected(ContactsBulk.deadLetters(checkpoint))
      expect(tags(letters).sort()).toEqual(["1 Rejected", "3 Unknown"])
      for (const letter of letters) expect(letter.input).toEqual(input[letter.index])
      const [first] = letters.filter(({ index }) => index === 1)
      expect(first).toMatchObject({ error: unprocessable })
      expect(first !== undefined && "error" in first && first.error).toBeInstanceOf(Errors.Unprocessable)
      const again = ContactsBulk.upsertMany(
        Stream.map(ContactsBulk.deadLetters(checkpoint), (letter) => letter.input),
        { checkpoint: { ...checkpoint, name: "again" } }
      )
      const outcomes = yield* Effect.provide(
        collected(again),
        serviceOf((input) => Effect.succeed(answer(input)))
      )
      expect(tags(outcomes).sort()).toEqual(["0 Created", "1 Created"])
    })
  })

  it.effect("contain a contact that is nested too deep to be sent, and the run continues", () =>
    Effect.gen(function* () {
      const nested = (levels: number): unknown => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`) as unknown
      for (const levels of [101, 1300, 5000]) {
        const checkpoint = { store: yield* memory, name: "leads" }
        const deep = { ...lead(1), customFields: [{ id: "f", value: nested(levels) }] } as unknown as ContactUpsert
        const run = ContactsBulk.upsertMany(Stream.make(lead(0), deep, lead(2)), { checkpoint, isOrdered: true })
        expect(tags(yield* collected(run)).map((tag) => tag.split(" ")[1] === "Rejected")).toEqual([false, true, false])
        const [letter] = yield* collected(ContactsBulk.deadLetters(checkpoint))
        expect(letter).toMatchObject({ index: 1, error: { _tag: "Unprocessable", attempts: 0 } })
      }
    }).pipe(Effect.provide(ContactsTest.layer({ locationId })))
  )

  it.effect("contain an invalid contact that was never sent, and null for a circular one", () =>
    Effect.gen(function* () {
      const checkpoint = { store: yield* memory, name: "leads" }
      const circular: Record<string, unknown> = { locationId }
      circular["self"] = circular
      const input = [{ locationId, email: "nobody" }, circular as unknown as ContactUpsert]
      yield* collected(ContactsBulk.upsertMany(Stream.fromIterable(input), { checkpoint, isOrdered: true })).pipe(
        Effect.provide(ContactsTest.layer({ locationId }))
      )
      const letters = yield* collected(ContactsBulk.deadLetters(checkpoint))
      expect(letters.map((letter) => letter.input)).toEqual([input[0], null])
    })
  )
})

describe("a checkpoint", () => {
  /** Runs an import several times over one store. Each run but the last is killed at a step, possibly during a write. */
  const runs = (input: ReadonlyArray<ContactUpsert>, kills: ReadonlyArray<number>, concurrency: number) =>
    Effect.gen(function* () {
      const stored = new Map<string, string>()
      const applied: Array<number> = input.map(() => 0)
      const places = new Map(input.map((one, index) => [nameOf(one), index]))
      for (const kill of [...kills, Infinity]) {
        let steps = 0
        const killed = yield* Deferred.make<void>()
        const isAlive = () => steps < kill
        /** One step of a run. From the step of the kill on, no step completes. */
        const step = Effect.suspend(() => {
          if (!isAlive()) return Effect.never
          steps += 1
          return isAlive() ? Effect.void : Effect.zipRight(Deferred.succeed(killed, undefined), Effect.never)
        })
        const store = KeyValueStore.makeStringOnly({
          get: (key) => Effect.sync(() => Option.fromNullable(stored.get(key))),
          set: (key, value) =>
            Effect.suspend(() => {
              if (!isAlive()) return Effect.never
              stored.set(key, value.slice(0, value.length / 2))
              return Effect.map(Effect.zipRight(Effect.yieldNow(), step), () => void stored.set(key, value))
            }),
          remove: (key) => Effect.sync(() => void stored.delete(key)),
          clear: Effect.sync(() => stored.clear()),
          size: Effect.sync(() => stored.size)
        })
        const service = serviceOf((one) =>
          Effect.gen(function* () {
            yield* step
            const index = places.get(nameOf(one)) ?? -1
            applied[index]! += 1
            yield* Effect.yieldNow()
            yield* step
            // The first response of this contact is lost.
            if (index % 5 === 2 && applied[index] === 1) return yield* failure("Unknown")
            return index % 7 === 3 ? yield* unprocessable : answer(one)
          })
        )
        const run = ContactsBulk.upsertMany(Stream.fromIterable(input), {
          checkpoint: { store, name: "leads", source: "a" },
          concurrency
        }).pipe(
          Stream.runDrain,
          Effect.provide(service),
          Effect.retry({ times: 3, while: (error) => error._tag === "BulkStopped" })
        )
        // The fiber is not interrupted but abandoned, because a killed process does not clean up.
        const fiber = yield* Effect.forkDaemon(run)
        yield* Effect.raceFirst(Effect.disconnect(Deferred.await(killed)), Effect.disconnect(Fiber.join(fiber)))
      }
      const checkpoint = { store: yield* memory, name: "leads" }
      for (const [key, value] of stored) yield* checkpoint.store.set(key, value)
      const progress = Option.getOrThrow(yield* ContactsBulk.progress(checkpoint))
      const letters = yield* collected(ContactsBulk.deadLetters(checkpoint))
      return { applied, progress, letters }
    })

  it.effect.prop(
    "loses no contact, and sends none twice that is unsafe to resend, whenever the runs are killed",
    [
      FastCheck.array(FastCheck.boolean(), { minLength: 1, maxLength: 40 }),
      FastCheck.array(FastCheck.integer({ min: 1, max: 120 }), { maxLength: 6 }),
      FastCheck.integer({ min: 1, max: 8 })
    ],
    ([kinds, kills, concurrency]) =>
      Effect.gen(function* () {
        const input = kinds.map((isSafeToRetry, index) => (isSafeToRetry ? lead(index) : nameless(index)))
        const { applied, progress, letters } = yield* runs(input, kills, concurrency)
        const { created, updated, rejected, unknown } = progress.counts
        expect(progress.isComplete).toBe(true)
        expect(created + updated + rejected + unknown).toBe(input.length)
        expect(letters).toHaveLength(rejected + unknown)
        expect(new Set(letters.map(({ index }) => index)).size).toBe(letters.length)
        const isUnknown = new Set(letters.filter(({ _tag }) => _tag === "Unknown").map(({ index }) => index))
        for (const [index, isSafeToRetry] of kinds.entries()) {
          if (isSafeToRetry) expect(applied[index]).toBeGreaterThanOrEqual(1)
          else {
            expect(applied[index]).toBeLessThanOrEqual(1)
            if (!isUnknown.has(index)) expect(applied[index]).toBe(1)
          }
        }
        const repeats = applied.reduce((sum, times) => sum + Math.max(0, times - 1), 0)
        const lost = input.filter((_, index) => index % 5 === 2).length
        expect(repeats).toBeLessThanOrEqual(kills.length * concurrency + lost)
        for (const index of isUnknown) expect(kinds[index]).toBe(false)
      }),
    { fastCheck: { numRuns: 100 } }
  )

  it.effect("belongs to one list: a run with another source fails with SourceMismatch", () =>
    Effect.gen(function* () {
      const checkpoint = { store: yield* memory, name: "leads", source: "a" }
      yield* collected(ContactsBulk.upsertMany(Stream.fromIterable(leads(3)), { checkpoint }))
      const another = { ...checkpoint, source: "b" }
      const refused = yield* Effect.flip(
        collected(ContactsBulk.upsertMany(Stream.fromIterable(leads(3)), { checkpoint: another }))
      )
      expect(refused).toMatchObject({ _tag: "CheckpointError", reason: "SourceMismatch" })
      yield* ContactsBulk.clear(another)
      expect(yield* ContactsBulk.progress(another)).toEqual(Option.none())
      expect(yield* checkpoint.store.size).toBe(0)
    }).pipe(Effect.provide(ContactsTest.layer({ locationId })))
  )

  it.effect("leaves no dead letter behind if a removal was cut off and is repeated", () =>
    Effect.gen(function* () {
      for (const remove of [ContactsBulk.clear, ContactsBulk.clearDeadLetters]) {
        const store = yield* memory
        const checkpoint = { store, name: "leads" }
        const input = [0, 1, 2, 3].map((index) => ({ ...lead(index), email: "nobody" }))
        yield* collected(ContactsBulk.upsertMany(Stream.fromIterable(input), { checkpoint, concurrency: 1 }))
        let removals = 0
        const dying: KeyValueStore.KeyValueStore = {
          ...store,
          remove: (key) => Effect.suspend(() => (++removals === 4 ? Effect.interrupt : store.remove(key)))
        }
        yield* Effect.exit(remove({ store: dying, name: "leads" }))
        yield* remove(checkpoint)
        expect(yield* Effect.forEach([0, 1, 2, 3], (batch) => store.has(`leads.dead.${batch}`))).toEqual([
          false,
          false,
          false,
          false
        ])
      }
    }).pipe(Effect.provide(ContactsTest.layer({ locationId })))
  )

  it.effect("is refused as Unreadable if it was edited to be inconsistent or to name trillions of contacts", () =>
    Effect.gen(function* () {
      const edits: ReadonlyArray<(progress: Record<string, unknown>) => object> = [
        (progress) => ({ ...progress, beyond: [[4, 9_000_000_000_000]] }),
        (progress) => ({ ...progress, beyond: [[5, 4]] }),
        (progress) => ({ ...progress, next: 90 }),
        (progress) => ({ ...progress, deferred: [1, 1] }),
        (progress) => ({ ...progress, counts: { created: 3 } }),
        (progress) => ({ ...progress, version: 2 })
      ]
      for (const edit of edits) {
        const checkpoint = { store: yield* memory, name: "leads" }
        const run = collected(ContactsBulk.upsertMany(Stream.fromIterable(leads(3)), { checkpoint }))
        yield* run
        for (const key of ["leads.0", "leads.1"]) {
          const text = Option.getOrElse(yield* checkpoint.store.get(key), () => "{}")
          yield* checkpoint.store.set(key, JSON.stringify(edit(JSON.parse(text) as Record<string, unknown>)))
        }
        expect(yield* Effect.flip(run)).toMatchObject({ _tag: "CheckpointError", reason: "Unreadable" })
      }
    }).pipe(Effect.provide(ContactsTest.layer({ locationId })))
  )

  it.effect("keeps its counts but no contact when its dead letters are cleared", () =>
    Effect.gen(function* () {
      const checkpoint = { store: yield* memory, name: "leads" }
      const input = [lead(0), { ...lead(1), email: "nobody" }]
      yield* collected(ContactsBulk.upsertMany(Stream.fromIterable(input), { checkpoint }))
      expect(yield* collected(ContactsBulk.deadLetters(checkpoint))).toHaveLength(1)
      yield* ContactsBulk.clearDeadLetters(checkpoint)
      expect(yield* collected(ContactsBulk.deadLetters(checkpoint))).toEqual([])
      expect(yield* ContactsBulk.progress(checkpoint)).toMatchObject({
        value: { counts: { created: 1, rejected: 1 }, isComplete: true }
      })
      expect(yield* checkpoint.store.size).toBe(2)
    }).pipe(Effect.provide(ContactsTest.layer({ locationId })))
  )

  it.effect("is refused as Unreadable, not started anew, if its values cannot be parsed", () =>
    Effect.gen(function* () {
      const checkpoint = { store: yield* memory, name: "leads" }
      yield* checkpoint.store.set("leads.0", "{")
      yield* checkpoint.store.set("leads.1", "no checkpoint")
      const refused = yield* Effect.flip(
        collected(ContactsBulk.upsertMany(Stream.fromIterable(leads(3)), { checkpoint }))
      )
      expect(refused).toMatchObject({ _tag: "CheckpointError", reason: "Unreadable" })
    }).pipe(Effect.provide(ContactsTest.layer({ locationId })))
  )

  it.effect("lets the run after a failed write emit the missing outcomes once, in the order of the list", () =>
    Effect.gen(function* () {
      const kept = yield* memory
      let writes = 0
      const store = KeyValueStore.makeStringOnly({
        ...kept,
        set: (key, value: string) =>
          Effect.suspend(() => (++writes === 2 ? Effect.fail({ _tag: "SystemError" } as never) : kept.set(key, value)))
      })
      const seen: Array<number> = []
      const run = ContactsBulk.upsertMany(Stream.fromIterable(leads(3)), {
        checkpoint: { store, name: "leads" },
        concurrency: 1,
        isOrdered: true
      }).pipe(Stream.runForEach(({ index }) => Effect.sync(() => seen.push(index))))
      expect(yield* Effect.flip(run)).toMatchObject({ reason: "StoreFailed" })
      yield* run
      expect(seen).toEqual([0, 1, 2])
    }).pipe(Effect.provide(ContactsTest.layer({ locationId })))
  )

  it.effect("does not let an older contact overwrite a newer one with the same email, whenever a run is killed", () =>
    Effect.gen(function* () {
      const kept = new Map<string, string>()
      /** The contents of the store after each write. */
      const moments: Array<Map<string, string>> = []
      const storeOf = (map: Map<string, string>) =>
        KeyValueStore.makeStringOnly({
          get: (key) => Effect.sync(() => Option.fromNullable(map.get(key))),
          set: (key, value) =>
            Effect.sync(() => {
              map.set(key, value)
              if (map === kept) moments.push(new Map(map))
            }),
          remove: (key) => Effect.sync(() => void map.delete(key)),
          clear: Effect.sync(() => map.clear()),
          size: Effect.sync(() => map.size)
        })
      const input = [{ ...lead(0), firstName: "older" }, { ...lead(0), firstName: "newer" }, lead(2)]
      const run = (map: Map<string, string>, isAway: boolean) => {
        const applied: Array<string> = []
        const service = serviceOf((one) =>
          Effect.suspend(() => {
            if (isAway && one.firstName === "older") return Effect.fail(failure("NotApplied"))
            applied.push(String(one.firstName))
            return Effect.succeed(answer(one))
          })
        )
        const checkpoint = { store: storeOf(map), name: "leads" }
        return ContactsBulk.upsertMany(Stream.fromIterable(input), { checkpoint, concurrency: 1 }).pipe(
          Stream.runDrain,
          Effect.provide(service),
          Effect.map(() => applied)
        )
      }
      yield* run(kept, true)
      expect(moments.length).toBeGreaterThan(2)
      for (const moment of moments) {
        const names = (yield* run(moment, false)).filter((name) => name !== "undefined")
        expect(names.at(-1) ?? "newer").toBe("newer")
      }
    })
  )

  it.effect(
    "does not save a newer contact before an older one with the same email, even if outcomes are read slowly",
    () => {
      const failing = new Set(["a", "c", "d", "e", "f", "older"])
      const sent: Array<string> = []
      const one = (name: string, email = `${name}@example.com`) => ({ locationId, email, firstName: name })
      const input = [
        ...["a", "c", "d", "e", "f"].map((name) => one(name)),
        one("older", "p@example.com"),
        one("newer", "p@example.com"),
        one("b")
      ]
      const serviceWhere = (isAway: boolean) =>
        serviceOf((contact) =>
          Effect.suspend(() => {
            const name = String(contact.firstName)
            if (isAway && failing.has(name)) return Effect.fail(failure("NotApplied"))
            sent.push(name)
            return isAway ? Effect.delay(Effect.succeed(answer(contact)), "1 second") : Effect.succeed(answer(contact))
          })
        )
      return Effect.gen(function* () {
        const checkpoint = { store: yield* memory, name: "leads" }
        const run = ContactsBulk.upsertMany(Stream.fromIterable(input), { checkpoint, concurrency: 2 })
        const slowly = Stream.runForEach(run, () => Effect.never)
        const fiber = yield* Effect.fork(Effect.provide(slowly, serviceWhere(true)))
        for (let step = 0; step < 30; step += 1) yield* TestClock.adjust("100 millis")
        yield* Fiber.interrupt(fiber)
        sent.length = 0
        yield* Effect.provide(Stream.runDrain(run), serviceWhere(false))
        const ofOne = sent.filter((name) => name === "older" || name === "newer")
        expect(ofOne.at(-1) ?? "newer").toBe("newer")
      })
    }
  )

  it.effect("ends the run with StoreFailed, without emitting unsaved outcomes, if its store fails", () =>
    Effect.gen(function* () {
      const store = KeyValueStore.makeStringOnly({
        ...(yield* memory),
        set: () => Effect.fail({ _tag: "SystemError" } as never)
      })
      const seen: Array<unknown> = []
      const refused = yield* ContactsBulk.upsertMany(Stream.fromIterable(leads(30)), {
        checkpoint: { store, name: "leads" }
      }).pipe(
        Stream.runForEach((outcome) => Effect.sync(() => seen.push(outcome))),
        Effect.flip
      )
      expect(refused).toMatchObject({ _tag: "CheckpointError", reason: "StoreFailed" })
      expect(seen).toEqual([])
    }).pipe(Effect.provide(ContactsTest.layer({ locationId })))
  )
})

describe("getMany", () => {
  const ids = ["a", "b", "a", "c", "b"].map((id) => ContactId.make(id))

  const counting = (asked: Array<string>) =>
    Layer.mock(ContactsService, {
      getContact: (id) =>
        Effect.delay(
          Effect.suspend(() => {
            asked.push(id)
            return id === "c"
              ? Effect.fail(
                  new Errors.BadRequest({ operation: "getContact", attempts: 1, message: "Contact not found" })
                )
              : Effect.succeed({ id })
          }),
          "1 second"
        ),
      updateContact: (id) => Effect.succeed({ id, ignored: [] }),
      upsertContact: (input) => Effect.succeed(answer(input))
    })

  const told = (found: Chunk.Chunk<ContactsBulk.Found>) =>
    Chunk.toReadonlyArray(found).map(({ id, result }) => `${id} ${Either.isRight(result) ? "found" : result.left._tag}`)

  it.effect("requests each contact once, and continues after one that does not exist", () => {
    const asked: Array<string> = []
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(Stream.runCollect(ContactsBulk.getMany(ids)))
      yield* TestClock.adjust("10 seconds")
      expect(told(yield* Fiber.join(fiber))).toEqual(["a found", "b found", "c BadRequest"])
      expect(asked.sort()).toEqual(["a", "b", "c"])
    }).pipe(Effect.provide(counting(asked)))
  })

  it.effect("continues a shared lookup if the first of its two readers is interrupted", () =>
    Effect.gen(function* () {
      const cache = yield* ContactsBulk.makeCache({ capacity: 100, timeToLive: "1 minute" })
      const read = Stream.runCollect(ContactsBulk.getMany([ContactId.make("a")], { cache }))
      const first = yield* Effect.fork(read)
      yield* Effect.yieldNow()
      const second = yield* Effect.fork(read)
      yield* Effect.yieldNow()
      yield* Fiber.interruptFork(first)
      yield* TestClock.adjust("10 seconds")
      expect(told(yield* Fiber.join(second))).toEqual(["a found"])
    }).pipe(Effect.provide(counting([])))
  )

  it.effect("interrupts a shared lookup with its last reader, and requests the contact again later", () => {
    let asked = 0
    let interrupted = 0
    const slow = Layer.mock(ContactsService, {
      getContact: (id: ContactId) =>
        Effect.suspend(() => (++asked === 1 ? Effect.never : Effect.succeed({ id }))).pipe(
          Effect.onInterrupt(() => Effect.sync(() => void (interrupted += 1)))
        ),
      updateContact: (id: ContactId) => Effect.succeed({ id, ignored: [] }),
      upsertContact: (input: ContactUpsert) => Effect.succeed(answer(input))
    })
    return Effect.gen(function* () {
      const cache = yield* ContactsBulk.makeCache({ capacity: 100, timeToLive: "1 minute" })
      const read = Stream.runCollect(ContactsBulk.getMany([ContactId.make("a")], { cache }))
      const first = yield* Effect.fork(read)
      yield* TestClock.adjust("1 second")
      const second = yield* Effect.fork(read)
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(first)
      expect([asked, interrupted]).toEqual([1, 0])
      yield* Fiber.interrupt(second)
      expect([asked, interrupted]).toEqual([1, 1])
      expect(told(yield* read)).toEqual(["a found"])
    }).pipe(Effect.provide(slow))
  })

  it.effect("uses a cache only for the service that it was made with", () => {
    const account = (firstName: string) =>
      Layer.mock(ContactsService, { getContact: (id) => Effect.succeed({ id, firstName }) })
    return Effect.gen(function* () {
      const cache = yield* Effect.provide(
        ContactsBulk.makeCache({ capacity: 100, timeToLive: "1 minute" }),
        account("first")
      )
      const read = Stream.runHead(ContactsBulk.getMany([ContactId.make("a")], { cache }))
      const found = yield* Effect.provide(read, account("second"))
      expect(found).toMatchObject({ value: { result: { right: { firstName: "second" } } } })
    })
  })

  it.effect("requests a contact of the cache again at once after its lookup failed", () => {
    let asked = 0
    const failing = Layer.mock(ContactsService, {
      getContact: (id: ContactId) =>
        Effect.suspend(() => (++asked === 1 ? Effect.fail(failure("NotApplied")) : Effect.succeed({ id }))),
      updateContact: (id: ContactId) => Effect.succeed({ id, ignored: [] }),
      upsertContact: (input: ContactUpsert) => Effect.succeed(answer(input))
    })
    return Effect.gen(function* () {
      const cache = yield* ContactsBulk.makeCache({ capacity: 100, timeToLive: "1 minute" })
      const read = Stream.runCollect(ContactsBulk.getMany(Stream.make(ContactId.make("a")), { cache }))
      expect(told(yield* read)).toEqual(["a ServerError"])
      expect(told(yield* read)).toEqual(["a found"])
    }).pipe(Effect.provide(failing))
  })

  it.effect("shares the contacts of a cache until they expire, and does not cache failures", () => {
    const asked: Array<string> = []
    return Effect.gen(function* () {
      const cache = yield* ContactsBulk.makeCache({ capacity: 100, timeToLive: "1 minute" })
      const read = Stream.runCollect(ContactsBulk.getMany(Stream.fromIterable(ids), { cache }))
      const both = yield* Effect.fork(Effect.all([read, read], { concurrency: 2 }))
      yield* TestClock.adjust("10 seconds")
      expect((yield* Fiber.join(both)).map(told)).toEqual([
        ["a found", "b found", "c BadRequest"],
        ["a found", "b found", "c BadRequest"]
      ])
      expect(asked.sort()).toEqual(["a", "b", "c"])
      const again = yield* Effect.fork(read)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(again)
      expect(asked.sort()).toEqual(["a", "b", "c", "c"])
      yield* TestClock.adjust("1 minute")
      const later = yield* Effect.fork(read)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(later)
      expect(asked).toHaveLength(7)
    }).pipe(Effect.provide(counting(asked)))
  })
})
