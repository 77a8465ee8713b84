import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as HttpClientFetch from "effect-growthhub/HttpClientFetch"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { ContactId } from "effect-growthhub/Schema"
import { json, serving } from "./servers.js"

const id = ContactId.make("jane")
const get = Effect.flatMap(ContactsService, (contacts) => contacts.getContact(id))
const update = Effect.flatMap(ContactsService, (contacts) => contacts.updateContact(id, { city: "A" }))

const baseUrl = "https://vendor.example"
const patient = { ...RetryPolicy.none, attemptTimeout: Duration.minutes(1) }

/** The `ContactsService` over this HTTP client. */
const calling = <R>(transport: Layer.Layer<HttpClient.HttpClient, never, R>, url = baseUrl) =>
  ContactsService.layer({ token: Redacted.make("pit-1"), baseUrl: url }).pipe(
    Layer.provide(transport),
    Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, patient))
  )

/** The HTTP client over a mock of `fetch`, with the recorded calls of that mock. */
const fetching = (answer: () => Promise<Response>) => {
  const asked: Array<{ readonly url: unknown; readonly init: RequestInit }> = []
  const fetch: typeof globalThis.fetch = (url, init = {}) => {
    asked.push({ url, init })
    return answer()
  }
  return { asked, fetch, layer: Layer.provide(HttpClientFetch.layer, Layer.succeed(FetchHttpClient.Fetch, fetch)) }
}

const jane = () => Promise.resolve(Response.json({ contact: { id } }))
const never = () => new Promise<Response>(() => undefined)

describe("the HTTP client on fetch", () => {
  it.scopedLive("works as a platform HTTP client", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => json(response, 200, { a: 1 }))
      const client = yield* HttpClient.HttpClient
      const request = HttpClientRequest.post(url, { urlParams: { q: "1" } }).pipe(HttpClientRequest.bodyText("text"))
      const response = yield* client.execute(request)
      expect(yield* response.json).toEqual({ a: 1 })
      expect(seen).toMatchObject([{ method: "POST", url: "/?q=1", body: "text" }])
    }).pipe(Effect.provide(HttpClientFetch.layer))
  )

  it.effect("calls the Fetch of its layer or of the caller, with manual redirects", () =>
    Effect.gen(function* () {
      const [ofLayer, ofCaller] = [fetching(jane), fetching(jane)]
      yield* Effect.gen(function* () {
        yield* update
        yield* Effect.provideService(get, FetchHttpClient.Fetch, ofCaller.fetch)
      }).pipe(Effect.provide(calling(ofLayer.layer)))
      expect(ofLayer.asked).toMatchObject([
        { url: "https://vendor.example/contacts/jane", init: { method: "PUT", redirect: "manual" } }
      ])
      expect(new TextDecoder().decode(ofLayer.asked[0]?.init.body as Uint8Array)).toBe('{"city":"A"}')
      expect(ofLayer.asked[0]?.init.headers).not.toHaveProperty("content-length")
      expect(ofCaller.asked).toMatchObject([{ init: { method: "GET", body: null, redirect: "manual" } }])
    })
  )

  it.effect("applies the app's RequestInit, except for the options that the request sets", () =>
    Effect.gen(function* () {
      const { asked, layer } = fetching(jane)
      const init = {
        headers: { "x-app": "mine", authorization: "theirs" },
        credentials: "omit",
        redirect: "follow",
        method: "POST"
      } as const
      yield* Effect.provide(get, calling(Layer.provide(layer, Layer.succeed(FetchHttpClient.RequestInit, init))))
      expect(asked).toMatchObject([
        {
          init: {
            method: "GET",
            credentials: "omit",
            redirect: "manual",
            headers: { "x-app": "mine", authorization: "Bearer pit-1" }
          }
        }
      ])
    })
  )

  it.effect("yields a TransportError if fetch rejects, throws or returns no promise", () =>
    Effect.gen(function* () {
      const refused = Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } })
      const broken = [
        () => Promise.reject(refused),
        () => {
          throw refused
        }
      ]
      for (const answer of broken) {
        const error = yield* Effect.flip(Effect.provide(update, calling(fetching(answer).layer)))
        expect(error).toMatchObject({ _tag: "TransportError", code: "ECONNREFUSED", outcome: "NotApplied" })
      }
      const nothing = fetching(() => undefined as unknown as Promise<Response>)
      const error = yield* Effect.flip(Effect.provide(update, calling(nothing.layer)))
      expect(error).toMatchObject({ _tag: "TransportError", outcome: "Unknown" })
    })
  )

  it.effect("aborts a request after a timeout, with an unknown outcome, and after an interruption", () =>
    Effect.gen(function* () {
      for (const end of ["time", "interruption"] as const) {
        const { asked, layer } = fetching(never)
        const fiber = yield* Effect.fork(Effect.provide(Effect.flip(update), calling(layer)))
        while (asked.length === 0) yield* Effect.yieldNow()
        expect(asked[0]?.init.signal?.aborted).toBe(false)
        if (end === "interruption") yield* Fiber.interrupt(fiber)
        else {
          yield* TestClock.adjust("1 minute")
          expect(yield* Fiber.join(fiber)).toMatchObject({ code: "TIMEOUT", outcome: "Unknown" })
        }
        yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1)))
        expect([end, asked[0]?.init.signal?.aborted]).toEqual([end, true])
      }
    })
  )

  it.effect("does not read a response that arrives after the timeout", () =>
    Effect.gen(function* () {
      let answer: ((response: Response) => void) | undefined
      let isRead = false
      const { asked, layer } = fetching(() => new Promise<Response>((resolve) => (answer = resolve)))
      const fiber = yield* Effect.fork(Effect.provide(Effect.flip(get), calling(layer)))
      while (asked.length === 0) yield* Effect.yieldNow()
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(fiber)).toMatchObject({ code: "TIMEOUT" })
      const response = Response.json({}, { status: 429 })
      Object.defineProperty(response, "text", {
        value: () => {
          isRead = true
          return Promise.resolve("")
        }
      })
      answer?.(response)
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1)))
      expect(isRead).toBe(false)
    })
  )

  it.effect("does not abort a completed request", () =>
    Effect.gen(function* () {
      const { asked, layer } = fetching(jane)
      yield* Effect.provide(get, calling(layer))
      yield* TestClock.adjust("2 minutes")
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1)))
      expect(asked[0]?.init.signal?.aborted).toBe(false)
    })
  )

  it.effect("makes the calls with the app's transformation of it", () =>
    Effect.gen(function* () {
      const { asked, layer } = fetching(jane)
      const own = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(HttpClient.HttpClient, HttpClient.mapRequest(HttpClientRequest.setHeader("x-app", "mine")))
      ).pipe(Layer.provide(layer))
      yield* Effect.provide(get, calling(own))
      expect(asked).toMatchObject([{ init: { headers: { "x-app": "mine" } } }])
    })
  )

  it.effect("sends nothing if the deadline is zero", () =>
    Effect.gen(function* () {
      const { asked, layer } = fetching(jane)
      const none = { ...RetryPolicy.none, deadline: Duration.zero }
      const error = yield* Effect.flip(Effect.provide(RetryPolicy.withPolicy(get, none), calling(layer)))
      expect(error).toMatchObject({ attempts: 0 })
      expect(asked).toEqual([])
    })
  )
})
