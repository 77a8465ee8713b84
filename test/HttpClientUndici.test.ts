import { describe, expect, it, vi } from "@effect/vitest"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as HttpClientUndici from "effect-growthhub/HttpClientUndici"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { ContactId } from "effect-growthhub/Schema"
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"
import { Agent, type Dispatcher } from "undici"
import { json, serving } from "./servers.js"

const get = (url: string) => Effect.flatMap(HttpClient.HttpClient, (client) => client.get(url))

describe("the HTTP client on undici's dispatch", () => {
  it.scopedLive("decompresses a body with one or several encodings, and leaves an identity encoding", () =>
    Effect.gen(function* () {
      const packed: { readonly [encoding: string]: Buffer } = {
        gzip: gzipSync("text"),
        deflate: deflateSync("text"),
        br: brotliCompressSync("text"),
        "deflate, gzip": gzipSync(deflateSync("text")),
        identity: Buffer.from("text")
      }
      const { url } = yield* serving(({ url }, response) => {
        const encoding = decodeURIComponent(url.slice(1))
        response.writeHead(200, { "content-encoding": encoding }).end(packed[encoding])
      })
      for (const encoding of Object.keys(packed)) {
        const response = yield* get(`${url}/${encodeURIComponent(encoding)}`)
        expect([encoding, yield* response.text]).toEqual([encoding, "text"])
      }
    }).pipe(Effect.provide(HttpClientUndici.layer()))
  )

  it.scopedLive("fails with a ResponseError if a body is not compressed as its header says", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) =>
        response.writeHead(200, { "content-encoding": "gzip" }).end("no gzip")
      )
      const error = yield* Effect.flip(Effect.flatMap(get(url), (response) => response.text))
      expect(error).toMatchObject({ _tag: "ResponseError", reason: "Decode" })
    }).pipe(Effect.provide(HttpClientUndici.layer()))
  )

  it.scopedLive("returns the response body in every form, any number of times", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) =>
        response.writeHead(200, { "set-cookie": ["a=1", "b=2"], "x-many": ["1", "2"] }).end('\uFEFF{"a":"ü"}')
      )
      const response = yield* get(url)
      expect(yield* response.text).toBe('{"a":"ü"}')
      expect(yield* response.json).toEqual({ a: "ü" })
      expect((yield* response.arrayBuffer).byteLength).toBe(13)
      const chunks = yield* Stream.runCollect(Stream.decodeText(response.stream))
      expect(Chunk.join(chunks, "")).toContain('{"a":"ü"}')
      expect(response.headers["x-many"]).toBe("1, 2")
      expect(JSON.stringify(response)).toContain('"status":200')
    }).pipe(Effect.provide(HttpClientUndici.layer()))
  )

  it.scopedLive("sends bodies of every kind, the query and no hash, as the platform's clients do", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => response.writeHead(204).end())
      const client = yield* HttpClient.HttpClient
      const post = HttpClientRequest.post(`${url}/a b/../ü?x=1`).pipe(
        HttpClientRequest.setUrlParams({ y: "2 3" }),
        HttpClientRequest.setHash("nowhere")
      )
      const form = new FormData()
      form.append("field", "value")
      yield* client.execute(HttpClientRequest.bodyText(post, "text", "text/plain"))
      yield* client.execute(HttpClientRequest.bodyStream(post, Stream.make(new TextEncoder().encode("streamed"))))
      yield* client.execute(HttpClientRequest.bodyFormData(post, form))
      const none = yield* client.execute(HttpClientRequest.post(url))
      expect(yield* none.text).toBe("")
      expect(seen.map(({ body }) => body)).toEqual(["text", "streamed", expect.stringContaining("value"), ""])
      expect(seen[0]).toMatchObject({ url: "/%C3%BC?x=1&y=2+3", headers: { "content-type": "text/plain" } })
      expect(seen[2]?.headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/)
    }).pipe(Effect.provide(HttpClientUndici.layer()))
  )

  it.live("returns a response whose header has characters beyond Latin-1", () =>
    Effect.gen(function* () {
      const client = dispatching((handler) => {
        handler.onRequestStart?.({ abort: () => undefined } as never, {})
        setImmediate(() => {
          handler.onResponseStart?.({} as never, 200, { "x-name": "€" }, "OK")
          handler.onResponseEnd?.({} as never, {})
        })
      })
      const response = yield* client.get("http://localhost/")
      expect(response.headers["x-name"]).toBe("?")
    })
  )

  it.scopedLive("fails with a RequestError for an invalid URL, header, method or protocol", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => response.writeHead(204).end())
      const client = yield* HttpClient.HttpClient
      for (const request of [
        HttpClientRequest.get(url, { headers: { "x-broken": "a\nb" } }),
        HttpClientRequest.get("ftp://localhost/file"),
        HttpClientRequest.make("BAD METHOD" as "GET")(`${url}/`)
      ]) {
        expect(yield* Effect.flip(client.execute(request))).toMatchObject({ _tag: "RequestError" })
      }
      expect(seen).toEqual([])
      expect(yield* Effect.flip(get("nowhere"))).toMatchObject({ _tag: "RequestError", reason: "InvalidUrl" })
    }).pipe(Effect.provide(HttpClientUndici.layer()))
  )

  it.scopedLive("aborts an interrupted request, before the response and while its body is read", () =>
    Effect.gen(function* () {
      let closed = 0
      const { url, seen } = yield* serving(({ url }, response) => {
        response.on("close", () => (closed += 1))
        if (url === "/body") response.writeHead(200, { "content-length": "10" }).write("half")
      })
      const waiting = yield* Effect.fork(get(`${url}/head`))
      const reading = yield* Effect.fork(get(`${url}/body`))
      yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => seen.length === 2, times: 400 })
      yield* Fiber.interruptAll([waiting, reading])
      yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => closed === 2, times: 400 })
      expect(closed).toBe(2)
    }).pipe(Effect.provide(HttpClientUndici.layer()))
  )

  const calling = (client: HttpClient.HttpClient, baseUrl: string, policy = RetryPolicy.none) =>
    ContactsService.layer({ token: Redacted.make("pit-1"), baseUrl }).pipe(
      Layer.provide(Layer.succeed(HttpClient.HttpClient, client)),
      Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, policy))
    )
  const id = ContactId.make("jane")

  it.scopedLive("does not carry headers that a dispatcher adds over to the next request", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => json(response, 200, { contact: { id } }))
      let calls = 0
      const writing = new Agent().compose((dispatch) => (options, handler) => {
        calls += 1
        if (calls === 1) (options.headers as Record<string, string>)["x-tenant"] = "one"
        return dispatch(options, handler)
      })
      yield* Effect.gen(function* () {
        const contacts = yield* ContactsService
        yield* contacts.getContact(id)
        yield* contacts.getContact(id)
      }).pipe(Effect.provide(calling(HttpClientUndici.make(writing), url)))
      expect(seen.map(({ headers }) => headers["x-tenant"])).toEqual(["one", undefined])
    })
  )

  it.scopedLive("reports NotApplied for a request that timed out while it waited for a connection", () =>
    Effect.gen(function* () {
      const { url, seen, first } = yield* serving(() => undefined)
      const client = HttpClientUndici.make(new Agent({ connections: 1, pipelining: 1 }))
      yield* Effect.fork(client.get(url))
      yield* first
      const policy = { ...RetryPolicy.none, attemptTimeout: Duration.millis(50) }
      const error = yield* Effect.flatMap(ContactsService, (contacts) =>
        contacts.updateContact(id, { city: "A" })
      ).pipe(Effect.provide(calling(client, url, policy)), Effect.flip)
      expect(error).toMatchObject({ code: "TIMEOUT", outcome: "NotApplied" })
      expect(seen).toHaveLength(1)
    })
  )

  it.scopedLive("decompresses up to 16 MB and three encodings, and fails for a body with more", () =>
    Effect.gen(function* () {
      const zipped = (body: Buffer, times: number): Buffer => (times === 0 ? body : zipped(gzipSync(body), times - 1))
      const { url } = yield* serving(({ url }, response) => {
        const [, bytes, times] = url.split("/").map(Number)
        const encoding = Array.from({ length: times! }, () => "gzip").join(", ")
        response.writeHead(200, { "content-encoding": encoding }).end(zipped(Buffer.alloc(bytes!, "a"), times!))
      })
      const text = (bytes: number, times: number) =>
        Effect.flatMap(get(`${url}/${bytes}/${times}`), (response) => response.text)
      expect(yield* text(4, 3)).toBe("aaaa")
      expect(yield* text(16 * 2 ** 20, 1)).toHaveLength(16 * 2 ** 20)
      for (const failing of [text(4, 4), text(16 * 2 ** 20 + 1, 1)]) {
        expect(yield* Effect.flip(failing)).toMatchObject({ _tag: "ResponseError", reason: "Decode" })
      }
    }).pipe(Effect.provide(HttpClientUndici.layer()))
  )

  /** The HTTP client over a mock dispatcher. */
  const dispatching = (dispatch: (handler: Dispatcher.DispatchHandler) => void) =>
    HttpClientUndici.make({
      dispatch: (_: unknown, handler: Dispatcher.DispatchHandler) => {
        dispatch(handler)
        return true
      }
    } as unknown as Dispatcher)

  it.effect("does not send a timed-out request when a connection becomes free", () =>
    Effect.gen(function* () {
      let queued: Dispatcher.DispatchHandler | undefined
      const client = dispatching((handler) => (queued = handler))
      const policy = { ...RetryPolicy.none, attemptTimeout: Duration.seconds(1) }
      const update = Effect.flatMap(ContactsService, (contacts) => contacts.updateContact(id, { city: "A" }))
      const fiber = yield* Effect.fork(
        Effect.flip(update.pipe(Effect.provide(calling(client, "http://localhost", policy))))
      )
      while (queued === undefined) yield* Effect.yieldNow()
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(fiber)).toMatchObject({ code: "TIMEOUT", outcome: "NotApplied", attempts: 0 })
      // The request is aborted on the next tick.
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1)))
      let isAborted = false
      queued.onRequestStart?.({ abort: () => (isAborted = true) } as never, {})
      expect(isAborted).toBe(true)
    })
  )

  it.scopedLive("reports the right outcome of a write if the dispatcher throws or is destroyed", () =>
    Effect.gen(function* () {
      const update = (client: HttpClient.HttpClient) =>
        Effect.flatMap(ContactsService, (contacts) => contacts.updateContact(id, { city: "A" })).pipe(
          Effect.provide(calling(client, "http://localhost")),
          Effect.flip
        )
      const thrown = new Error("thrown")
      const before = dispatching(() => {
        throw thrown
      })
      const after = dispatching((handler) => {
        handler.onRequestStart?.({ abort: () => undefined } as never, {})
        throw thrown
      })
      const agent = new Agent()
      yield* Effect.promise(() => agent.destroy())
      expect(yield* update(before)).toMatchObject({ _tag: "TransportError", outcome: "NotApplied" })
      expect(yield* update(after)).toMatchObject({ _tag: "TransportError", outcome: "Unknown" })
      expect(yield* update(HttpClientUndici.make(agent))).toMatchObject({ outcome: "NotApplied" })
    })
  )

  it.scopedLive("turns an exception during the classification of a failure into a defect of the call", () =>
    Effect.gen(function* () {
      const broken = Object.defineProperty(new Error("odd"), "cause", {
        get: () => {
          throw new Error("of the app's own making")
        }
      })
      const odd = dispatching((handler) => {
        handler.onRequestStart?.({ abort: () => undefined } as never, {})
        setImmediate(() => handler.onResponseError?.({} as never, broken))
      })
      const exit = yield* Effect.flatMap(ContactsService, (contacts) => contacts.getContact(id)).pipe(
        Effect.provide(calling(odd, "http://localhost")),
        Effect.exit
      )
      expect(Exit.isFailure(exit) && Cause.isDie(exit.cause)).toBe(true)
    })
  )

  it.effect("sends nothing if the deadline is zero", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => json(response, 200, {}))
      const policy = { ...RetryPolicy.none, deadline: Duration.zero }
      const error = yield* Effect.flatMap(ContactsService, (contacts) => contacts.getContact(id)).pipe(
        Effect.provide(calling(HttpClientUndici.make(new Agent()), url, policy)),
        Effect.flip
      )
      expect(error).toMatchObject({ attempts: 0, outcome: "NotApplied" })
      expect(seen).toEqual([])
    }).pipe(Effect.scoped)
  )

  it.effect("fails to build on Bun, with a message that names the alternative", () =>
    Effect.gen(function* () {
      vi.stubGlobal("Bun", {})
      const exit = yield* Effect.exit(Effect.provide(HttpClient.HttpClient, HttpClientUndici.layer()))
      expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toMatchObject({
        message: expect.stringContaining("use HttpClientFetch.layer") as unknown
      })
    }).pipe(Effect.ensuring(Effect.sync(() => vi.unstubAllGlobals())))
  )
})
