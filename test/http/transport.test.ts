import { describe, expect, it, vi } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as HttpClientFetch from "effect-growthhub/HttpClientFetch"
import * as HttpLayer from "effect-growthhub/HttpLayer"
import * as RateLimit from "effect-growthhub/RateLimit"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { ContactId, LocationId } from "effect-growthhub/Schema"
import { type AddressInfo, createServer } from "node:net"
import { brotliCompressSync } from "node:zlib"
import { json, serving, transports } from "../servers.js"

const id = ContactId.make("jane")
const contact = { id, firstName: "Jane" }
const get = Effect.flatMap(ContactsService, (contacts) => contacts.getContact(id))
const update = Effect.flatMap(ContactsService, (contacts) => contacts.updateContact(id, { city: "Austin" }))
const upsert = Effect.flatMap(ContactsService, (contacts) =>
  contacts.upsertContact({ locationId: LocationId.make("l"), firstName: "Jane" })
)

const service = (transport: Layer.Layer<HttpClient.HttpClient>, baseUrl: string, policy = RetryPolicy.none) =>
  ContactsService.layer({ token: Redacted.make("pit-1"), baseUrl }).pipe(
    Layer.provide(transport),
    Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, policy))
  )

/** Waits for one turn of the event loop. */
const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

const megabyte = Buffer.alloc(2 ** 20, " ")
const packed = brotliCompressSync(Buffer.alloc(40 * 2 ** 20, " "))

describe.each(Object.entries(transports))("over %s", (_, transport) => {
  it.scoped("the body of an error response may take the rest of the attempt timeout", () =>
    Effect.gen(function* () {
      const { url, first } = yield* serving((_, response) => {
        response.writeHead(400, { "content-type": "application/json" })
        response.write('{"message":')
        release = () => response.end('"Contact not found for id:jane","traceId":"t-1"}')
      })
      let release: (() => void) | undefined
      const fiber = yield* Effect.fork(Effect.flip(Effect.provide(get, service(transport, url))))
      yield* first
      for (let count = 0; count < 20; count += 1) yield* turn
      yield* TestClock.adjust("9 seconds")
      release?.()
      expect(yield* Fiber.join(fiber)).toMatchObject({
        _tag: "BadRequest",
        isContactNotFound: true,
        traceId: "t-1",
        details: ["Contact not found for id:jane"]
      })
    })
  )

  it.scopedLive("a response larger than 16 MB is an error and is aborted", () =>
    Effect.gen(function* () {
      let sent = 0
      const { url, closed } = yield* serving((_, response) => {
        response.writeHead(200, { "content-type": "application/json" })
        const more = () => {
          if (response.destroyed || sent > 200) return void response.end()
          sent += 1
          if (response.write(megabyte)) setImmediate(more)
          else response.once("drain", more)
        }
        more()
      })
      const error = yield* Effect.flip(Effect.provide(update, service(transport, url)))
      expect(error).toMatchObject({
        _tag: "UnexpectedResponse",
        message: "The response is larger than 16 MB",
        outcome: "Unknown",
        isRetryable: false
      })
      yield* closed
      expect(sent).toBeLessThan(100)
    })
  )

  it.scopedLive("a response that decompresses to more than 16 MB is an error", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) =>
        response.writeHead(200, { "content-type": "application/json", "content-encoding": "br" }).end(packed)
      )
      const error = yield* Effect.flip(Effect.provide(get, service(transport, url)))
      expect(error).toMatchObject({ _tag: "UnexpectedResponse", status: 200 })
    })
  )

  it.scopedLive("an error response larger than 16 MB keeps the error of its status", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) =>
        response.writeHead(422, { "content-type": "application/json" }).end(Buffer.alloc(20 * 2 ** 20, " "))
      )
      expect(yield* Effect.flip(Effect.provide(update, service(transport, url)))).toMatchObject({
        _tag: "Unprocessable",
        status: 422
      })
    })
  )

  it.scopedLive("every request takes a permit and is measured, redirects included", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((request, response) =>
        request.url === "/moved"
          ? json(response, 200, { contact })
          : response.writeHead(307, { location: "/moved" }).end()
      )
      const states = yield* Effect.zipRight(
        get,
        Effect.flatMap(RateLimit.RateLimit, ({ states }) => states)
      ).pipe(Effect.provide(service(transport, url)), Effect.provide(RateLimit.layer()))
      expect(seen).toHaveLength(2)
      expect(states.map(({ used }) => used)).toEqual([2])
      const port = new URL(url).port
      const measured = (yield* Metric.snapshot)
        .filter(({ metricKey: { name } }) => name === HttpLayer.metrics.requestDuration)
        .filter(({ metricKey: { tags } }) => tags.some(({ key, value }) => key === "server.port" && value === port))
      expect(measured).toHaveLength(2)
    })
  )

  it.scoped("a redirect to a `blob:` URL or to one with credentials is not followed", () =>
    Effect.gen(function* () {
      for (const location of ["blob:ORIGIN/x", "http://user:pass@HOST/x"]) {
        const { url, seen } = yield* serving((_, response) =>
          response
            .writeHead(307, { location: location.replace("ORIGIN", url).replace("HOST", new URL(url).host) })
            .end()
        )
        const error = yield* Effect.flip(Effect.provide(update, service(transport, url)))
        expect(error).toMatchObject({ _tag: "UnexpectedResponse", outcome: "NotApplied", status: 307 })
        expect(seen).toHaveLength(1)
      }
    })
  )

  it.scoped("a response with a contact of another id is an UnexpectedResponse", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) => json(response, 200, { contact: { id: "john" } }))
      for (const call of [get, update]) {
        const error = yield* Effect.flip(Effect.provide(call, service(transport, url)))
        expect(error).toMatchObject({ _tag: "UnexpectedResponse", status: 200 })
        expect(error.message).toContain("it is about the contact john, not jane: they were merged, or a proxy")
      }
    })
  )
})

describe("over undici's dispatch", () => {
  it.scopedLive("a connection reset during the TLS handshake has the outcome NotApplied", () =>
    Effect.gen(function* () {
      const server = createServer((socket) => void socket.once("data", () => socket.resetAndDestroy()))
      yield* Effect.acquireRelease(
        Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
        () => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
      )
      const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
      const error = yield* Effect.flip(Effect.provide(upsert, service(transports["undici's dispatch"], url)))
      expect(error).toMatchObject({ code: "ECONNRESET", outcome: "NotApplied", isRetryable: true })
    })
  )
})

describe("an app's HTTP client", () => {
  it.effect("yields a TransportError if it fails and dies at the same time", () =>
    Effect.gen(function* () {
      const broken = Layer.succeed(
        HttpClient.HttpClient,
        HttpClient.make((request) =>
          Effect.ensuring(
            Effect.fail(
              new HttpClientError.RequestError({ request, reason: "Transport", cause: { code: "ECONNREFUSED" } })
            ),
            Effect.die("broken")
          )
        )
      )
      const error = yield* Effect.flip(Effect.provide(update, service(broken, "https://vendor.example")))
      expect(error).toMatchObject({ _tag: "TransportError", code: "ECONNREFUSED", outcome: "NotApplied" })
    })
  )
})

describe("the deadline", () => {
  it.effect("does not move when the system clock is set", () =>
    Effect.gen(function* () {
      const clock = yield* Effect.clock
      let offset = 0
      const set: Clock.Clock = {
        ...clock,
        [Clock.ClockTypeId]: Clock.ClockTypeId,
        sleep: (duration) => clock.sleep(duration),
        currentTimeNanos: clock.currentTimeNanos,
        unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
        currentTimeMillis: Effect.sync(() => clock.unsafeCurrentTimeMillis() + offset),
        unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis() + offset
      }
      for (const hours of [-1, 1]) {
        offset = 0
        let requests = 0
        const fetch = () => {
          requests += 1
          // The clock is set during the first attempt.
          offset = hours * 3_600_000
          return Promise.reject(Object.assign(new TypeError("reset"), { cause: { code: "ECONNRESET" } }))
        }
        const layer = Layer.provide(HttpClientFetch.layer, Layer.succeed(FetchHttpClient.Fetch, fetch))
        const policy = RetryPolicy.make({
          schedule: RetryPolicy.backoff({ base: "4 seconds", cap: "4 seconds", attempts: 99 }),
          budget: Infinity
        })
        const fiber = yield* Effect.provide(get, service(layer, "https://vendor.example", policy)).pipe(
          Effect.flip,
          Effect.withClock(set),
          Effect.fork
        )
        while (requests === 0) yield* turn
        yield* Effect.repeatN(Effect.zipRight(TestClock.adjust("5 seconds"), turn), 8)
        expect(yield* Fiber.join(fiber)).toMatchObject({ code: "ECONNRESET" })
        expect(requests).toBeGreaterThan(2)
      }
    })
  )
})

describe("a process that was suspended", () => {
  it.scopedLive("accepts a response that arrived meanwhile, although the attempt timeout has passed", () =>
    Effect.gen(function* () {
      for (const transport of Object.values(transports)) {
        const { url, first } = yield* serving((_, response) => json(response, 200, { contact }))
        const policy = { ...RetryPolicy.none, attemptTimeout: Duration.millis(300) }
        const fiber = yield* Effect.fork(Effect.provide(get, service(transport, url, policy)))
        yield* first
        // The event loop is blocked beyond the deadline, as in a suspended process, while the response waits in the socket.
        const until = performance.now() + 400
        while (performance.now() < until);
        expect(yield* Fiber.join(fiber)).toMatchObject({ firstName: "Jane" })
      }
    })
  )
})

describe("fetch", () => {
  const fetching = (fetch: typeof globalThis.fetch) => Layer.succeed(FetchHttpClient.Fetch, fetch)

  /** The two HTTP client layers over a mock of `fetch`. */
  const layers = (fetch: typeof globalThis.fetch) => [
    Layer.provide(FetchHttpClient.layer, fetching(fetch)),
    Layer.provide(HttpClientFetch.layer, fetching(fetch))
  ]

  it.effect("never serves a call from its cache", () =>
    Effect.gen(function* () {
      const kept = new Map<string, Response>()
      let served = 0
      const caching: typeof globalThis.fetch = (input, init) => {
        const url = input instanceof Request ? input.url : String(input)
        const isKept = (init as { readonly cache?: string } | undefined)?.cache !== "no-store"
        const found = isKept ? kept.get(url) : undefined
        const response = found ?? Response.json({ contact: { id, firstName: `Jane ${(served += 1)}` } })
        kept.set(url, response.clone())
        return Promise.resolve(response)
      }
      for (const layer of layers(caching)) {
        const names = yield* Effect.all([get, get]).pipe(Effect.provide(service(layer, "https://vendor.example")))
        expect(new Set(names.map(({ firstName }) => firstName)).size).toBe(2)
      }
    })
  )

  it.effect("does not get the `cache` option in a runtime that does not support it", () =>
    Effect.gen(function* () {
      vi.resetModules()
      vi.stubGlobal(
        "Request",
        class {
          constructor(_: string, init?: object) {
            if (init !== undefined && "cache" in init) throw new TypeError("The 'cache' field is not implemented")
          }
        }
      )
      const { fetchInit } = yield* Effect.promise(() => import("../../src/http/fetchInit.js"))
      expect(fetchInit({ method: "GET" })).toEqual({ redirect: "manual" })
    }).pipe(Effect.ensuring(Effect.sync(() => vi.unstubAllGlobals())))
  )

  it.effect("does not resend a POST by itself on Deno", () =>
    Effect.gen(function* () {
      vi.stubGlobal("Deno", {})
      for (const layer of layers((_, init) => {
        // Deno's fetch resends a request by itself if it has the whole body, but not if the body is a stream.
        const copies = init?.body instanceof ReadableStream ? 1 : 2
        posts += copies
        return Promise.resolve(Response.json({ new: true, contact }))
      })) {
        posts = 0
        yield* Effect.provide(upsert, service(layer, "https://vendor.example"))
        expect(posts).toBe(1)
      }
    }).pipe(Effect.ensuring(Effect.sync(() => vi.unstubAllGlobals())))
  )
  let posts = 0
})
