import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as Tracer from "effect/Tracer"
import { ContactsService, type Options } from "effect-growthhub/ContactsService"
import { getContact, updateContact } from "../src/api/contacts.js"
import * as Credentials from "effect-growthhub/Credentials"
import { type TransportError, Unauthorized } from "effect-growthhub/Errors"
import * as HttpLayer from "effect-growthhub/HttpLayer"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { ContactId, ContactUpdate, type ContactUpsert, LocationId } from "effect-growthhub/Schema"
import { type AddressInfo, createServer } from "node:net"
import { errorContext, type Send } from "../src/http/attempt.js"
import { withBearer } from "../src/http/bearer.js"
import { makePerform } from "../src/http/call.js"
import { fromTransport } from "../src/http/failure.js"
import { json, serving, transports } from "./servers.js"

const id = ContactId.make("seD4PfOuKoVMLkEZqohJ")
const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")
const token = Redacted.make("pit-canary-0123")
const contact = { id, firstName: "Rosan" }

/** Makes a call with a single attempt, unless the test sets another policy. */
const calling =
  (transport: Layer.Layer<HttpClient.HttpClient>, options: Partial<Options>, policy = RetryPolicy.none) =>
  <A, E>(call: (contacts: ContactsService["Type"]) => Effect.Effect<A, E>) =>
    Effect.flatMap(ContactsService, call).pipe(
      Effect.provide(
        ContactsService.layer({ token, ...options }).pipe(
          Layer.provide(transport),
          Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, policy))
        )
      )
    )

/** Retries without a delay. */
const atOnce = RetryPolicy.make({ schedule: Schedule.recurs(3), verifyUnknown: false })

const within = (attemptTimeout: Duration.DurationInput): RetryPolicy.Policy => ({
  ...RetryPolicy.none,
  attemptTimeout: Duration.decode(attemptTimeout)
})

const get = (contacts: ContactsService["Type"]) => contacts.getContact(id)
const update = (contacts: ContactsService["Type"]) => contacts.updateContact(id, { firstName: "Rosan" })
const upsert = (contacts: ContactsService["Type"]) => contacts.upsertContact({ locationId, firstName: "Rosan" })

/** A server that closes each connection after the first bytes of the TLS handshake. */
const hangingUp = Effect.gen(function* () {
  const server = createServer((socket) => void socket.once("data", () => socket.end()))
  yield* Effect.acquireRelease(
    Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
  )
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
})

describe.each(Object.entries(transports))("over %s", (_, transport) => {
  it.scoped("a request carries Accept, bearer and Version, and no trace headers", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => json(response, 200, { contact }))
      yield* calling(transport, { baseUrl: url })(get).pipe(Effect.withSpan("app"))
      expect(seen[0]).toMatchObject({ method: "GET", url: `/contacts/${id}`, body: "" })
      expect(seen[0]?.headers).toMatchObject({
        accept: "application/json",
        authorization: "Bearer pit-canary-0123",
        version: "2021-07-28"
      })
      for (const header of ["b3", "traceparent", "x-b3-traceid"]) expect(seen[0]?.headers).not.toHaveProperty(header)
    })
  )

  it.scoped("a base URL may have a path of its own", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => json(response, 200, { contact }))
      yield* calling(transport, { baseUrl: `${url}/proxy/` })(get)
      expect(seen[0]?.url).toBe(`/proxy/contacts/${id}`)
    })
  )

  it.scoped("a success is any 2xx", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) => json(response, 201, { new: true, contact, traceId: "t" }))
      expect(yield* calling(transport, { baseUrl: url })(upsert)).toEqual({
        ...contact,
        ignored: [],
        new: true,
        traceId: "t"
      })
    })
  )

  it.scoped("an undecodable 200 is an UnexpectedResponse, with an unknown outcome for a write", () =>
    Effect.gen(function* () {
      for (const body of ["<html>", "", '{"contact":', '{"contact":{}}', "[]", '{"contact":{"id":"a/b"}}']) {
        const { url } = yield* serving((_, response) => response.end(body))
        const written = yield* Effect.flip(calling(transport, { baseUrl: url })(update))
        expect(written).toMatchObject({
          _tag: "UnexpectedResponse",
          outcome: "Unknown",
          isRetryable: true,
          status: 200
        })
        const created = yield* Effect.flip(calling(transport, { baseUrl: url })(upsert))
        expect(created).toMatchObject({ _tag: "UnexpectedResponse", outcome: "Unknown", isRetryable: false })
        const gotten = yield* Effect.flip(calling(transport, { baseUrl: url })(get))
        expect(gotten).toMatchObject({ _tag: "UnexpectedResponse", outcome: "NotApplied", isRetryable: true })
      }
    })
  )

  it.scoped("a redirect to another origin is refused, and no request reaches that origin", () =>
    Effect.gen(function* () {
      const other = yield* serving((_, response) => json(response, 200, { contact }))
      for (const status of [301, 302, 303, 307, 308]) {
        const { url } = yield* serving((_, response) =>
          response.writeHead(status, { location: `${other.url}/x` }).end()
        )
        for (const call of [get, update, upsert]) {
          const error = yield* Effect.flip(calling(transport, { baseUrl: url })<unknown, { _tag: string }>(call))
          const outcome = call === get || status >= 307 ? "NotApplied" : "Unknown"
          expect(error).toMatchObject({ _tag: "UnexpectedResponse", status, outcome, isRetryable: false })
        }
      }
      expect(other.seen).toEqual([])
    })
  )

  it.scoped("a redirect within the origin is followed with its method and body, up to a limit", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((request, response) =>
        request.url === "/moved"
          ? json(response, 200, { contact })
          : response.writeHead(307, { location: request.url.startsWith("/loop") ? "/loop" : "/moved" }).end()
      )
      yield* calling(transport, { baseUrl: url })(update)
      expect(seen[1]).toMatchObject({ method: "PUT", url: "/moved", body: '{"firstName":"Rosan"}' })
      const error = yield* Effect.flip(calling(transport, { baseUrl: `${url}/loop` })(get))
      expect(error).toMatchObject({ _tag: "UnexpectedResponse", status: 307 })
    })
  )

  it.scoped("a 303 redirect does not turn a write into a read", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => response.writeHead(303, { location: "/moved" }).end())
      const error = yield* Effect.flip(calling(transport, { baseUrl: url })(update))
      expect(error._tag).toBe("UnexpectedResponse")
      expect(seen).toHaveLength(1)
    })
  )

  it.effect("a refused connection has the outcome NotApplied", () =>
    Effect.gen(function* () {
      const { url } = yield* Effect.scoped(serving((_, response) => response.end()))
      const error = yield* Effect.flip(calling(transport, { baseUrl: url })(upsert))
      expect(error).toMatchObject({
        _tag: "TransportError",
        code: "ECONNREFUSED",
        outcome: "NotApplied",
        isRetryable: true,
        attempts: 1
      })
    })
  )

  it.effect("a host without an address has the outcome NotApplied", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(calling(transport, { baseUrl: "https://nowhere.invalid" })(upsert))
      expect(error).toMatchObject({ _tag: "TransportError", outcome: "NotApplied", isRetryable: true })
      expect((error as TransportError).code).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/)
    })
  )

  it.scoped("a connection lost during the TLS handshake has the outcome NotApplied", () =>
    Effect.gen(function* () {
      const url = yield* hangingUp
      const error = yield* Effect.flip(calling(transport, { baseUrl: url })(upsert))
      expect(error).toMatchObject({ _tag: "TransportError", outcome: "NotApplied", isRetryable: true })
    })
  )

  it.scoped("a lost connection has an unknown outcome for a write, and NotApplied for a read", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) => response.destroy())
      const written = yield* Effect.flip(calling(transport, { baseUrl: url })(upsert))
      expect(written).toMatchObject({ _tag: "TransportError", outcome: "Unknown", isRetryable: false })
      const read = yield* Effect.flip(calling(transport, { baseUrl: url })(get))
      expect(read).toMatchObject({ _tag: "TransportError", outcome: "NotApplied", isRetryable: true })
    })
  )

  it.scoped("an incomplete body is a TransportError after a 200, and the error of its status after a 401", () =>
    Effect.gen(function* () {
      const half = (status: number) =>
        serving((_, response) => {
          response.writeHead(status, { "content-type": "application/json", "content-length": "1000" })
          response.write('{"message":"Invalid', () => response.destroy())
        })
      const ok = yield* half(200)
      const error = yield* Effect.flip(calling(transport, { baseUrl: ok.url })(update))
      expect(error).toMatchObject({ _tag: "TransportError", outcome: "Unknown", isRetryable: true })
      const refused = yield* half(401)
      expect(yield* Effect.flip(calling(transport, { baseUrl: refused.url })(update))).toMatchObject({
        _tag: "Unauthorized",
        status: 401
      })
    })
  )

  it.scoped("the attempt timeout covers the whole response body, to the millisecond", () =>
    Effect.gen(function* () {
      for (const isHalf of [false, true]) {
        const { url, first, closed } = yield* serving((_, response) => {
          if (isHalf) response.writeHead(200, { "content-type": "application/json" }).write('{"contact":')
        })
        const fiber = yield* calling(
          transport,
          { baseUrl: url },
          within("2 seconds")
        )(update).pipe(Effect.flip, Effect.fork)
        yield* first
        yield* TestClock.adjust("1999 millis")
        expect(Option.isNone(yield* Fiber.poll(fiber))).toBe(true)
        yield* TestClock.adjust("1 millis")
        expect(yield* Fiber.join(fiber)).toMatchObject({
          _tag: "TransportError",
          code: "TIMEOUT",
          message: "Timed out after 2s waiting for the response",
          outcome: "Unknown"
        })
        yield* closed
      }
    })
  )

  it.scoped("no error contains sent values, whatever kind of field they were in", () =>
    Effect.gen(function* () {
      const { url } = yield* serving(({ body }, response) => json(response, 400, { message: `refused: ${body}` }))
      const error = yield* Effect.flip(
        calling(transport, { baseUrl: url })((contacts) =>
          contacts.updateContact(id, {
            lastName: "Canary-Name",
            tags: ["canary tag"],
            dateOfBirth: "09/25/1990",
            customFields: [
              { id: "f", value: 4711.25 },
              { id: "o", value: ["canary-option"] },
              { id: "u", value: { x: { url: "https://canary.example/file", meta: { originalname: "canary.pdf" } } } }
            ]
          })
        )
      )
      expect(error._tag).toBe("BadRequest")
      expect(error.message).toContain("lastName")
      expect(JSON.stringify(error)).not.toMatch(/canary|4711|1990/i)
    })
  )

  it.scoped("an upsert is retryable after a lost response only if it cannot create a second contact", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) => response.destroy())
      const isRetryable = (contact: Partial<ContactUpsert>) =>
        Effect.map(
          Effect.flip(
            calling(transport, { baseUrl: url })((contacts) => contacts.upsertContact({ locationId, ...contact }))
          ),
          (error) => error.isRetryable
        )
      expect(yield* isRetryable({ email: "a@example.com" })).toBe(true)
      expect(yield* isRetryable({ phone: "+1555" })).toBe(true)
      expect(yield* isRetryable({ email: null, phone: "" })).toBe(false)
      expect(yield* isRetryable({ email: "a@example.com", createNewIfDuplicateAllowed: true })).toBe(false)
    })
  )

  it.scoped("no error contains the bearer, even if it has no known form", () =>
    Effect.gen(function* () {
      const { url } = yield* serving(({ headers }, response) =>
        json(response, 401, { message: `refused: ${headers.authorization?.replace("Bearer ", "token=")}` })
      )
      const opaque = Redacted.make("opaqueSecretToken123")
      const error = yield* Effect.flip(calling(transport, { baseUrl: url, token: opaque })(get))
      expect(error.message).toBe("refused: token=[redacted]")
    })
  )

  it.scoped("an error has the class of its status even if the body never ends", () =>
    Effect.gen(function* () {
      for (const [status, headers, tag] of [
        [429, { "retry-after": "7" }, "RateLimited"],
        [302, { location: "https://example.com/x" }, "UnexpectedResponse"]
      ] as const) {
        const { url, first } = yield* serving((_, response) => {
          response.writeHead(status, headers).write("{")
        })
        const fiber = yield* Effect.fork(Effect.flip(calling(transport, { baseUrl: url })(update)))
        yield* first
        // The headers arrive in real time, so the test clock advances until the call ends.
        while (Option.isNone(yield* Fiber.poll(fiber))) {
          yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 2)))
          yield* TestClock.adjust("100 millis")
        }
        expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: tag, status })
      }
    })
  )

  it.scoped("no trace headers are sent if the client has its own tracing predicate", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => json(response, 200, { contact }))
      const own = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(
          HttpClient.HttpClient,
          HttpClient.withTracerDisabledWhen(() => false)
        )
      ).pipe(Layer.provide(transport))
      yield* calling(own, { baseUrl: url })(get).pipe(Effect.withSpan("app"))
      expect(Object.keys(seen[0]?.headers ?? {}).filter((name) => /b3|trace/.test(name))).toEqual([])
    })
  )

  it.scoped("an interruption aborts the request", () =>
    Effect.gen(function* () {
      const { url, first, closed } = yield* serving(() => {})
      const fiber = yield* Effect.fork(calling(transport, { baseUrl: url })(get))
      yield* first
      yield* Fiber.interrupt(fiber)
      yield* closed
    })
  )

  it.scoped("an app's client that fails on error statuses still yields the decoded error", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) => json(response, 422, { message: ["x must be y"] }))
      const strict = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(HttpClient.HttpClient, HttpClient.filterStatusOk)
      ).pipe(Layer.provide(transport))
      const error = yield* Effect.flip(calling(strict, { baseUrl: url })(get))
      expect(error).toMatchObject({ _tag: "Unprocessable", details: ["x must be y"] })
    })
  )
})

describe("an uninterruptible transport", () => {
  it.effect("does not delay the attempt timeout", () =>
    Effect.gen(function* () {
      const stuck = Layer.succeed(
        HttpClient.HttpClient,
        HttpClient.make(() => Effect.uninterruptible(Effect.zipRight(Effect.sleep("1 hour"), Effect.never)))
      )
      const fiber = yield* Effect.fork(Effect.flip(calling(stuck, {}, within("1 second"))(get)))
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "TransportError", code: "TIMEOUT" })
    })
  )
})

describe("input that is not JSON", () => {
  it.effect("is refused before it is sent", () =>
    Effect.gen(function* () {
      const file = { url: "https://example.com", size: 10n }
      const error = yield* Effect.flip(
        calling(
          FetchHttpClient.layer,
          {}
        )((contacts) => contacts.updateContact(id, { customFields: [{ id: "f", value: { u: file } }] }))
      )
      expect(error).toMatchObject({ _tag: "Unprocessable", attempts: 0, details: ["the input must be JSON"] })
    })
  )
})

describe("a bearer", () => {
  it.effect("is sent only over https or to a loopback address", () =>
    Effect.gen(function* () {
      const sent: Array<string> = []
      const spy = Layer.succeed(
        HttpClient.HttpClient,
        HttpClient.make((_, url) => {
          sent.push(url.href)
          return Effect.never
        })
      )
      const refused = [
        "http://services.leadconnectorhq.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "https://user:pass@services.leadconnectorhq.com",
        "https://:pass@services.leadconnectorhq.com",
        "https://services.leadconnectorhq.com/?x=1",
        "https://services.leadconnectorhq.com/#x",
        "https://services.leadconnectorhq.com/?",
        "https://services.leadconnectorhq.com/#",
        "services.leadconnectorhq.com",
        ""
      ]
      for (const baseUrl of refused) {
        const error = yield* Effect.flip(calling(spy, { baseUrl })(update))
        expect(error, baseUrl).toMatchObject({
          _tag: "TransportError",
          attempts: 0,
          outcome: "NotApplied",
          isRetryable: false
        })
      }
      expect(sent).toEqual([])
      for (const baseUrl of [
        "http://localhost:1",
        "http://127.1",
        "http://[::1]:1",
        "https://example.com",
        new URL("https://a.b")
      ]) {
        const fiber = yield* Effect.fork(calling(spy, { baseUrl })(get))
        yield* TestClock.adjust("30 seconds")
        yield* Fiber.await(fiber)
      }
      expect(sent.map((url) => new URL(url).host)).toEqual([
        "localhost:1",
        "127.0.0.1",
        "[::1]:1",
        "example.com",
        "a.b"
      ])
    })
  )

  it.effect("fails each call if it is malformed, without a request and without showing the bearer", () =>
    Effect.gen(function* () {
      const unreachable = Layer.succeed(
        HttpClient.HttpClient,
        HttpClient.make(() => Effect.die("a request was sent"))
      )
      for (const value of ["", "Bearer canary", "canary\n", "can ary", "'canary'"]) {
        const error = yield* Effect.flip(calling(unreachable, { token: Redacted.make(value) })(get))
        expect(error).toMatchObject({ _tag: "Unauthorized", attempts: 0 })
        expect(error.message).not.toContain("can")
      }
    })
  )

  it.scoped("is redacted in logs, whichever fiber built the layer and whatever names the app redacts", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) => json(response, 200, { contact }))
      const lines: Array<string> = []
      const logger = Logger.replace(
        Logger.defaultLogger,
        Logger.map(Logger.jsonLogger, (line) => void lines.push(line))
      )
      const logging = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(
          HttpClient.HttpClient,
          HttpClient.transform((effect, request) =>
            Effect.zipRight(Effect.logDebug("sending", request, request.headers), effect)
          )
        )
      ).pipe(Layer.provide(FetchHttpClient.layer))
      const runtime = ManagedRuntime.make(
        Layer.merge(
          Layer.provide(ContactsService.layer({ token, baseUrl: url }), logging),
          Layer.merge(logger, Logger.minimumLogLevel(LogLevel.All))
        )
      )
      yield* Effect.promise(() => runtime.runPromise(Effect.void))
      yield* Effect.promise(() =>
        runtime.runPromise(
          Effect.flatMap(ContactsService, get).pipe(Effect.locally(Headers.currentRedactedNames, ["x-other"]))
        )
      )
      yield* Effect.promise(() => runtime.dispose())
      expect(lines.join()).toContain("sending")
      expect(lines.join()).toContain("2021-07-28")
      expect(lines.join()).not.toContain("canary")
    })
  )
})

describe("fetch settings of an app", () => {
  it.scoped("include a RequestInit that only the layer of the app's client provides", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => json(response, 200, { contact }))
      const own = Layer.provide(
        FetchHttpClient.layer,
        Layer.succeed(FetchHttpClient.RequestInit, { headers: { "x-app": "mine" }, redirect: "follow" })
      )
      yield* calling(own, { baseUrl: url })(get)
      expect(seen[0]?.headers["x-app"]).toBe("mine")
      const elsewhere = yield* serving((_, response) => response.writeHead(307, { location: `${url}/x` }).end())
      const error = yield* Effect.flip(calling(own, { baseUrl: elsewhere.url })(update))
      expect(error._tag).toBe("UnexpectedResponse")
      expect(seen).toHaveLength(1)
    })
  )

  it.scoped("do not enable redirects if a transformation of the client sets RequestInit", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => json(response, 200, { contact }))
      const elsewhere = yield* serving((_, response) => response.writeHead(307, { location: `${url}/x` }).end())
      const own = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(
          HttpClient.HttpClient,
          HttpClient.transform(Effect.provideService(FetchHttpClient.RequestInit, { credentials: "omit" }))
        )
      ).pipe(Layer.provide(FetchHttpClient.layer))
      const error = yield* Effect.flip(calling(own, { baseUrl: elsewhere.url })(update))
      expect(error).toMatchObject({ _tag: "UnexpectedResponse", status: 307 })
      expect(seen).toEqual([])
    })
  )

  it.effect("include a Fetch that only the layer of the app's client provides", () =>
    Effect.gen(function* () {
      const requests: Array<RequestInit | undefined> = []
      const own = Layer.provide(
        FetchHttpClient.layer,
        Layer.succeed(FetchHttpClient.Fetch, (_, init) => {
          requests.push(init)
          return Promise.resolve(Response.json({ contact }))
        })
      )
      expect(yield* calling(own, { baseUrl: "https://example.com" })(get)).toEqual(contact)
      expect(requests).toMatchObject([{ redirect: "manual" }])
    })
  )

  it.scoped("are unchanged after a call, like the other state of the fiber, however the call ends", () =>
    Effect.gen(function* () {
      const bodies = [JSON.stringify({ contact }), "{", JSON.stringify({ contact })]
      const own = Layer.succeed(
        HttpClient.HttpClient,
        HttpClient.make((request) =>
          Effect.succeed(HttpClientResponse.fromWeb(request, new Response(bodies.shift() ?? null)))
        )
      )
      const context = yield* Layer.build(Layer.provide(ContactsService.layer({ token }), own))
      const contacts = Context.get(context, ContactsService)
      const state = Effect.all([
        Effect.serviceOption(FetchHttpClient.Fetch),
        FiberRef.get(HttpClient.currentTracerDisabledWhen),
        FiberRef.get(Headers.currentRedactedNames)
      ])
      const before = yield* state
      for (const call of [get(contacts), get(contacts), update(contacts)]) {
        yield* Effect.either(call)
        expect(yield* state).toEqual(before)
      }
    }).pipe(Effect.provideService(RetryPolicy.RetryPolicy, RetryPolicy.none))
  )
})

describe("a span", () => {
  const recording = (spans: Array<Tracer.Span>) =>
    Tracer.make({
      span(name, parent, context, links, startTime, kind) {
        const span = new RecordedSpan(name, parent, context, [...links], startTime, kind)
        spans.push(span)
        return span
      },
      context: (f) => f()
    })

  const told = ({ name, kind, attributes }: Tracer.Span) => ({ name, kind, ...Object.fromEntries(attributes) })

  it.scopedLive("is created for a call and each of its requests, with ids and without personal data", () =>
    Effect.gen(function* () {
      let served = 0
      const { url } = yield* serving((_, response) =>
        ++served === 1
          ? json(response, 503, { message: "later" })
          : json(response, 422, { message: ["email jane@canary.example of Jane is bad, pit-canary-0123"] })
      )
      const spans: Array<Tracer.Span> = []
      const run = calling(FetchHttpClient.layer, { baseUrl: url }, atOnce)
      yield* run((contacts) =>
        contacts.updateContact(id, { email: "jane@canary.example", firstName: "Jane", phone: "+1 555 010 9999" })
      ).pipe(Effect.flip, Effect.withTracer(recording(spans)))
      const request = {
        name: "PUT /contacts/{contactId}",
        kind: "client",
        "http.request.method": "PUT",
        "url.template": "/contacts/{contactId}",
        "server.address": "127.0.0.1",
        "server.port": Number(new URL(url).port)
      }
      expect(spans.map(told)).toEqual([
        {
          name: "ContactsService.updateContact",
          kind: "internal",
          contactId: id,
          "error.type": "Unprocessable"
        },
        { ...request, "http.response.status_code": 503, "error.type": "ServerError" },
        {
          ...request,
          "http.request.resend_count": 1,
          "http.response.status_code": 422,
          "error.type": "Unprocessable"
        }
      ])
      const [call, ...requests] = spans
      expect(requests.map(({ parent }) => Option.getOrThrow(parent))).toEqual([call, call])
      expect(
        JSON.stringify(
          spans.map(({ status }) => status),
          (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)
        )
      ).not.toMatch(/jane|canary|010 9999/i)
    })
  )

  it.scopedLive.each(["fetch", "fetch, at once", "undici's dispatch"] as const)(
    "records an interruption, over %s",
    (transport) =>
      Effect.gen(function* () {
        const { url, first } = yield* serving(() => undefined)
        const spans: Array<Tracer.Span> = []
        const fiber = yield* Effect.fork(
          calling(transports[transport], { baseUrl: url })(get).pipe(Effect.withTracer(recording(spans)))
        )
        yield* first
        yield* Fiber.interrupt(fiber)
        expect(spans.map(({ attributes }) => attributes.get("error.type"))).toEqual(["interrupted", "interrupted"])
      })
  )

  it.scopedLive("is created for each request of an attempt, with its own status", () =>
    Effect.gen(function* () {
      let served = 0
      const { url } = yield* serving((_, response) => {
        served += 1
        if (served === 1) json(response, 401, { message: "Invalid JWT" })
        else response.destroy()
      })
      let asked = 0
      const source = Credentials.accessToken(Effect.sync(() => Redacted.make(`token-${(asked += 1)}`)))
      const spans: Array<Tracer.Span> = []
      const error = yield* calling(FetchHttpClient.layer, { baseUrl: url, token: source })(get).pipe(
        Effect.flip,
        Effect.withTracer(recording(spans))
      )
      expect(error).toMatchObject({ _tag: "TransportError", attempts: 2 })
      expect(told(spans[1]!)).toMatchObject({ "error.type": "Unauthorized", "http.response.status_code": 401 })
      expect(told(spans[2]!)).toMatchObject({ "error.type": "TransportError", "http.request.resend_count": 1 })
      expect(told(spans[2]!)).not.toHaveProperty("http.response.status_code")
    })
  )

  it.scoped("is not created without a tracer", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) => json(response, 200, { contact }))
      const parents: Array<unknown> = []
      const spy = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(
          HttpClient.HttpClient,
          HttpClient.transform((effect) =>
            Effect.zipRight(
              Effect.map(Effect.option(Effect.currentParentSpan), (parent) => parents.push(parent)),
              effect
            )
          )
        )
      ).pipe(Layer.provide(FetchHttpClient.layer))
      yield* calling(spy, { baseUrl: url })(get)
      expect(parents).toEqual([Option.none()])
    })
  )
})

describe("the metrics of calls", () => {
  /** The tags and counts of the metrics of this name whose tag has this value. */
  const counted = (name: string, tag: string, value: string) =>
    Effect.map(Metric.snapshot, (pairs) =>
      pairs.flatMap(({ metricKey, metricState }) => {
        const tags = Object.fromEntries(metricKey.tags.map(({ key, value }) => [key, value]))
        if (metricKey.name !== name || tags[tag] !== value) return []
        return [{ ...tags, count: Number((metricState as unknown as { readonly count: number | bigint }).count) }]
      })
    )

  it.scopedLive("count requests by status, calls by outcome, and retries by error", () =>
    Effect.gen(function* () {
      let served = 0
      const { url } = yield* serving((_, response) =>
        ++served === 1 ? json(response, 503, {}) : json(response, 200, { contact })
      )
      const calls = counted(HttpLayer.metrics.callDuration, "operation", "getContact")
      const outcome = (all: Effect.Effect.Success<typeof calls>) =>
        all.reduce((sum, one) => sum + ("outcome" in one && one.outcome === "ok" ? one.count : 0), 0)
      const before = outcome(yield* calls)
      const run = calling(FetchHttpClient.layer, { baseUrl: url }, atOnce)
      yield* run(get)
      yield* run(get)
      expect(outcome(yield* calls) - before).toBe(2)
      const { port } = new URL(url)
      const request = {
        "http.request.method": "GET",
        "url.template": "/contacts/{contactId}",
        "server.address": "127.0.0.1",
        "server.port": port
      }
      const requests = yield* counted(HttpLayer.metrics.requestDuration, "server.port", port)
      expect(requests).toHaveLength(2)
      expect(requests).toEqual(
        expect.arrayContaining([
          { ...request, "http.response.status_code": "200", count: 2 },
          { ...request, "http.response.status_code": "503", "error.type": "ServerError", count: 1 }
        ])
      )
      const retries = yield* counted(HttpLayer.metrics.retries, "operation", "getContact")
      expect(retries).toContainEqual(expect.objectContaining({ "error.type": "ServerError" }))
    })
  )
})

class RecordedSpan implements Tracer.Span {
  readonly _tag = "Span"
  readonly spanId = "1"
  readonly traceId = "2"
  readonly sampled = true
  readonly attributes = new Map<string, unknown>()
  status: Tracer.SpanStatus
  constructor(
    readonly name: string,
    readonly parent: Option.Option<Tracer.AnySpan>,
    readonly context: Tracer.Span["context"],
    readonly links: Array<Tracer.SpanLink>,
    startTime: bigint,
    readonly kind: Tracer.SpanKind
  ) {
    this.status = { _tag: "Started", startTime }
  }
  end(endTime: bigint, exit: Extract<Tracer.SpanStatus, { _tag: "Ended" }>["exit"]) {
    this.status = { _tag: "Ended", startTime: this.status.startTime, endTime, exit }
  }
  attribute(key: string, value: unknown) {
    this.attributes.set(key, value)
  }
  event() {}
  addLinks() {}
}

describe("the Version of an endpoint", () => {
  it.scoped("can be set per endpoint and determines the spelling of the body", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => json(response, 200, { contact }))
      const run = calling(FetchHttpClient.layer, {
        baseUrl: url,
        versions: { getContact: "2021-04-15", updateContact: "v3" }
      })
      yield* run(get)
      yield* run((contacts) =>
        contacts.updateContact(id, {
          dndSettings: { WhatsApp: { status: "active" } },
          customFields: [{ id: "a", value: 1 }]
        })
      )
      expect(seen.map(({ headers }) => headers["version"])).toEqual(["2021-04-15", "v3"])
      expect(JSON.parse(seen[1]?.body ?? "")).toEqual({
        dndSettings: { whatsApp: { status: "active" } },
        customFields: [{ id: "a", fieldValue: 1 }]
      })
    })
  )

  it.effect("is a defect if it is not documented, and the message lists the documented ones", () =>
    Effect.gen(function* () {
      const versions = { getContact: "v99" } as unknown as { readonly getContact: "v3" }
      const exit = yield* Effect.exit(calling(FetchHttpClient.layer, { versions })(get))
      expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toMatchObject({
        message: 'getContact has no Version "v99"; it has 2021-07-28, 2021-04-15, v3'
      })
    })
  )
})

const austin = { params: { contactId: id }, body: { city: "Austin" } }

/** The `perform` function of a service, with the test's own function to send attempts. */
const performing = (retryPolicy: RetryPolicy.Policy, send: Send) =>
  makePerform({ baseUrl: "https://vendor.example", retryPolicy, send })

describe("a missing bearer", () => {
  it.effect("causes a timeout with the outcome NotApplied if it does not arrive in time", () =>
    Effect.gen(function* () {
      const perform = performing(
        within("1 second"),
        withBearer({ get: Effect.never })(() => Effect.die("a request was sent"))
      )
      const fiber = yield* Effect.fork(Effect.flip(perform(updateContact, austin)))
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(fiber)).toMatchObject({ code: "TIMEOUT", outcome: "NotApplied", attempts: 0 })
    })
  )

  it.scopedLive("causes no second request, and no second counted attempt, if it is missing after a 401", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => json(response, 401, { message: "Invalid JWT" }))
      let asked = 0
      const source = Credentials.accessToken(
        Effect.suspend(() => {
          asked += 1
          return asked < 2 ? Effect.succeed(Redacted.make(`token-${asked}`)) : Effect.never
        })
      )
      const error = yield* Effect.flip(
        calling(FetchHttpClient.layer, { baseUrl: url, token: source }, within("200 millis"))(get)
      )
      expect(error).toMatchObject({ code: "TIMEOUT", attempts: 1 })
      expect(seen).toHaveLength(1)
    })
  )

  it.effect("keeps the outcome unknown after an attempt that may have been applied", () =>
    Effect.gen(function* () {
      let asked = 0
      const bearer = {
        get: Effect.suspend(() => {
          asked += 1
          return asked === 1
            ? Effect.succeed(token)
            : Effect.fail(new Unauthorized({ operation: "get", attempts: 0, message: "no more" }))
        })
      }
      const reset: Send = (attempt) =>
        Effect.fail({ error: fromTransport(errorContext(attempt), { code: "ECONNRESET" }), sentAt: 0 })
      const perform = performing(RetryPolicy.make({ schedule: Schedule.recurs(3) }), withBearer(bearer)(reset))
      const error = yield* Effect.flip(perform(updateContact, austin))
      expect(error).toMatchObject({ _tag: "Unauthorized", message: "no more", outcome: "Unknown", attempts: 1 })
    })
  )
})

describe("a custom endpoint", () => {
  it.effect("rejects parameters that are not a path segment, and params without the path's placeholder", () =>
    Effect.gen(function* () {
      const row = HttpLayer.endpoint({
        ...getContact,
        params: Schema.Struct({ contactId: Schema.String }),
        mismatch: () => undefined,
        verify: () => Effect.succeedNone
      })
      const http = yield* HttpLayer.ContactsHttp
      for (const contactId of ["", ".", "..", "\ud800"]) {
        const error = yield* Effect.flip(http.perform(row, { params: { contactId } }))
        expect(error).toMatchObject({ _tag: "Unprocessable", details: ["contactId must be a path segment"] })
      }
      const misnamed = HttpLayer.endpoint({ ...row, path: "/contacts/{id}" })
      const exit = yield* Effect.exit(http.perform(misnamed, { params: { contactId: "x" } }))
      expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toMatchObject({
        message: "The path needs {id}, which the endpoint's params do not have"
      })
    }).pipe(
      Effect.provide(HttpLayer.layer({ token })),
      Effect.provideService(
        HttpClient.HttpClient,
        HttpClient.make(() => Effect.die("a request was sent"))
      )
    )
  )

  it.scoped("is performed like a built-in endpoint", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => json(response, 200, { contact }))
      const row = HttpLayer.endpoint({
        ...updateContact,
        name: "touchContact",
        path: "/contacts/{contactId}/touch",
        body: ContactUpdate
      })
      const answer = yield* Effect.flatMap(HttpLayer.ContactsHttp, (http) => http.perform(row, austin)).pipe(
        Effect.provide(Layer.provide(HttpLayer.layer({ token, baseUrl: url }), FetchHttpClient.layer))
      )
      expect(answer.contact.id).toBe(id)
      expect(seen[0]).toMatchObject({ method: "PUT", url: `/contacts/${id}/touch`, body: '{"city":"Austin"}' })
    })
  )
})
