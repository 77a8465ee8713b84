import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as S from "effect/Schema"
import * as Errors from "effect-growthhub/Errors"
import { ContactId } from "effect-growthhub/Schema"
import { request as httpsRequest } from "node:https"
import { type AddressInfo, createServer, type Server } from "node:net"
import { inspect } from "node:util"
import { fetch as undiciFetch, ProxyAgent, request as undici } from "undici"
import * as Failure from "../src/http/failure.js"

const call = (options: Partial<Failure.ErrorContext> = {}): Failure.ErrorContext => ({
  operation: "updateContact",
  attempts: 1,
  declares: [400, 401, 422],
  isWrite: true,
  isSafeToRetry: true,
  mayBeApplied: false,
  secrets: () => [],
  ...options
})

const answer = (status: number, body: unknown, headers: Failure.Response["headers"] = {}): Failure.Response => ({
  status,
  headers,
  body: typeof body === "string" ? body : JSON.stringify(body)
})

const now = Date.parse("2026-11-21T12:00:00Z")

const fromAnswer = (call: Failure.ErrorContext, answer: Failure.Response) => Failure.fromResponse(call, answer, now)

const tagOf = (status: number) => {
  switch (status) {
    case 400:
      return "BadRequest"
    case 401:
      return "Unauthorized"
    case 403:
      return "Forbidden"
    case 422:
      return "Unprocessable"
    case 429:
      return "RateLimited"
    default:
      return status >= 500 ? "ServerError" : "UnexpectedResponse"
  }
}

const html = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head><body>…</body></html>"

const bodies = {
  documented: { statusCode: 400, message: "Bad Request" },
  "status instead of statusCode": { status: 401, message: "version header is invalid", error: "Error", traceId: "t" },
  "message as an array": { message: ["a should not exist", "b must be text"], error: "Unprocessable Entity" },
  "the message under error": { error: "Contact with id abc not found" },
  "an OAuth error": { error: "invalid_grant", error_description: "Invalid refresh token" },
  "a duplicate": { message: "no duplicates", meta: { contactId: "x", contactName: "Jane", matchingField: "email" } },
  "a message that is no text": { message: { a: 1 }, statusCode: "400", traceId: 5 },
  "a message of nothing": { message: [], error: null },
  "a thousand messages": { message: Array.from({ length: 1000 }, (_, i) => `fault ${i} ${"x".repeat(1000)}`) },
  "an array": [1, 2],
  "a JSON text": '"text"',
  "a JSON null": "null",
  "a deep JSON": "[".repeat(100_000),
  HTML: html,
  "plain text": "upstream connect error or disconnect/reset before headers",
  nothing: "",
  "cut off": '{"statusCode":400,"message":"Bad Req',
  "a megabyte of garbage": "\u0000\uffff<{[".repeat(200_000),
  "a megabyte of message": { message: "x".repeat(1_000_000) }
}

const statuses = [
  ...Array.from({ length: 100 }, (_, i) => 100 + i),
  ...Array.from({ length: 300 }, (_, i) => 300 + i),
  0,
  999
]

const sizeOf = (error: Errors.ContactsError) =>
  error.message.length + error.details.join("").length + (error.traceId ?? "").length

describe("an error response", () => {
  it.each(Object.entries(bodies))(
    "becomes an error of the class for its status, bounded in size, with this body: %s",
    (_, body) => {
      const isLarge = JSON.stringify(body).length > 50_000
      for (const status of isLarge ? [0, 100, 302, 400, 401, 403, 404, 422, 429, 499, 500, 502, 599] : statuses) {
        const error = fromAnswer(call(), answer(status, body))
        expect(error._tag, String(status)).toBe(tagOf(status))
        expect(error).toMatchObject({ operation: "updateContact", attempts: 1, status })
        expect(sizeOf(error)).toBeLessThan(7000)
        expect(error.message.length).toBeGreaterThan(0)
        expect(error.message.length).toBeLessThanOrEqual(500)
      }
    }
  )

  it.prop(
    "becomes an error of the class for its status, for any status and body",
    [FastCheck.nat(1000), FastCheck.oneof(FastCheck.string(), FastCheck.json()), FastCheck.array(FastCheck.string())],
    ([status, body, secrets]) => {
      const error = fromAnswer(call({ secrets: () => secrets }), answer(status, body))
      expect(error._tag).toBe(tagOf(status))
      expect(sizeOf(error)).toBeLessThan(7000)
    }
  )

  it("yields the message of the service", () => {
    const said = (body: unknown) => fromAnswer(call(), answer(400, body))
    expect(said(bodies.documented).details).toEqual(["Bad Request"])
    expect(said(bodies["message as an array"]).details).toEqual(["a should not exist", "b must be text"])
    expect(said(bodies["message as an array"]).message).toBe("a should not exist; b must be text")
    expect(said(bodies["status instead of statusCode"])).toMatchObject({
      message: "version header is invalid",
      traceId: "t"
    })
    expect(said(bodies["an OAuth error"]).message).toBe("Invalid refresh token")
    expect(said(bodies.nothing).message).toBe("The service responded with 400 without a body")
    expect(said(bodies.HTML)).toMatchObject({ details: [] })
    expect(said(bodies["a megabyte of message"]).details[0]).toHaveLength(300)
  })

  it("is described by its media type and not shown if it is not JSON", () => {
    const error = fromAnswer(call(), answer(503, html, { "content-type": "text/html; charset=UTF-8" }))
    expect(error.message).toBe(`The service responded with 503, not JSON but text/html, ${html.length} characters`)
  })

  it("is an UnexpectedResponse if the endpoint does not declare its status", () => {
    expect(fromAnswer(call({ declares: [400] }), answer(422, {}))._tag).toBe("UnexpectedResponse")
  })

  it("determines whether a write may have been applied and whether a retry is safe", () => {
    const verdict = (status: number, options: Partial<Failure.ErrorContext>) => {
      const { outcome, isRetryable } = fromAnswer(call(options), answer(status, "")) as Errors.ServerError
      return { outcome, isRetryable }
    }
    expect(verdict(502, {})).toEqual({ outcome: "Unknown", isRetryable: true })
    expect(verdict(502, { isSafeToRetry: false })).toEqual({ outcome: "Unknown", isRetryable: false })
    expect(verdict(502, { isWrite: false, isSafeToRetry: false })).toEqual({ outcome: "NotApplied", isRetryable: true })
    expect(verdict(404, {})).toEqual({ outcome: "NotApplied", isRetryable: false })
    for (const status of [521, 523, 525, 526]) {
      expect(verdict(status, { isSafeToRetry: false }), "only the edge was reached").toEqual({
        outcome: "NotApplied",
        isRetryable: true
      })
    }
    for (const status of [501, 505]) expect(verdict(status, {})).toEqual({ outcome: "Unknown", isRetryable: false })
    expect(verdict(425, {})).toEqual({ outcome: "NotApplied", isRetryable: true })
    expect(verdict(408, {}), "some send it after the work has begun").toEqual({ outcome: "Unknown", isRetryable: true })
    expect(verdict(304, {})).toEqual({ outcome: "Unknown", isRetryable: false })
  })

  it("is recognized as `isContactNotFound` by its message, in each of its forms", () => {
    const isContactNotFound = (body: unknown) =>
      (fromAnswer(call(), answer(400, body)) as Errors.BadRequest).isContactNotFound
    expect(isContactNotFound({ message: "Contact not found for id:abc" })).toBe(true)
    expect(isContactNotFound({ message: "Contact with id abc not found" })).toBe(true)
    expect(isContactNotFound({ error: "Contact with id abc not found" })).toBe(true)
    expect(isContactNotFound({ message: "This location does not allow duplicated contacts." })).toBe(false)
    expect(isContactNotFound({ message: "The contact owner was not found" })).toBe(false)
    expect(isContactNotFound("")).toBe(false)
    const sent = call({ secrets: () => ["not found", "Contact"] })
    expect(fromAnswer(sent, answer(400, { message: "Contact not found for id:abc" }))).toMatchObject({
      isContactNotFound: true
    })
    const mocked = new Errors.BadRequest({ operation: "o", message: "Contact not found for id:abc", attempts: 1 })
    expect(mocked.isContactNotFound).toBe(true)
  })

  it("yields the id and the matching field of a duplicate contact, but not its name", () => {
    const message = "This location does not allow duplicated contacts."
    const refused = (meta: unknown) => fromAnswer(call(), answer(400, { message, meta }))
    const meta = { contactId: "seD4PfOuKoVMLkEZqohJ", contactName: "Jane Canary", matchingField: "email" }
    expect(refused(meta)).toMatchObject({ duplicateOf: meta.contactId, matchingField: "email", reason: "Other" })
    expect(JSON.stringify(refused(meta)) + inspect(refused(meta))).not.toContain("Canary")
    for (const odd of [
      undefined,
      null,
      [],
      { contactId: "../x", matchingField: "jane@canary.example" },
      { contactId: 5 }
    ]) {
      expect(refused(odd)).not.toHaveProperty("duplicateOf")
      expect(refused(odd)).not.toHaveProperty("matchingField")
    }
  })

  it.each([400, 401, 403, 404, 422, 425, 429, 521])(
    "with status %s leaves the outcome unknown after an attempt of unknown outcome",
    (status) => {
      expect(fromAnswer(call({ mayBeApplied: true }), answer(status, ""))).toMatchObject({ outcome: "Unknown" })
      expect(fromAnswer(call(), answer(status, ""))).toMatchObject({ outcome: "NotApplied" })
      expect(fromAnswer(call({ mayBeApplied: true, isWrite: false }), answer(status, ""))).toMatchObject({
        outcome: "NotApplied"
      })
    }
  )
})

describe("an error constructed in a test", () => {
  const fields = { operation: "getContact", message: "the connection was reset", attempts: 1 }

  it.each([
    [Errors.BadRequest, "NotApplied"],
    [Errors.Forbidden, "NotApplied"],
    [Errors.ServerError, "Unknown"],
    [Errors.TransportError, "Unknown"],
    [Errors.UnexpectedResponse, "Unknown"]
  ] as const)("needs only an operation, a message and a number of attempts: %o", (Class, outcome) => {
    const error = new Class(fields)
    expect(error).toMatchObject({ ...fields, outcome, isRetryable: false, details: [] })
  })
})

describe("`retryAfter` of an error", () => {
  const waits = (headers: Failure.Response["headers"], status = 429) => {
    const { retryAfter } = fromAnswer(call(), answer(status, "", headers)) as Errors.RateLimited
    return retryAfter === undefined ? undefined : Duration.toMillis(retryAfter)
  }
  const date = "Sat, 21 Nov 2026 10:00:00 GMT"

  it("is read in seconds from the retry-after header of a 429 or a 5xx", () => {
    expect(waits({ "retry-after": "7" })).toBe(7000)
    expect(waits({ "retry-after": " 0 " })).toBe(0)
    expect(waits({ "retry-after": "7" }, 503)).toBe(7000)
    expect(waits({ "retry-after": "7" }, 400)).toBeUndefined()
    expect(waits({})).toBeUndefined()
  })

  it("is read from the millisecond headers, which take precedence over retry-after", () => {
    expect(waits({ "retry-after-ms": "1500", "retry-after": "7" })).toBe(1500)
    expect(waits({ "x-ms-retry-after-ms": "1500.25", "retry-after": "7" })).toBe(1501)
    for (const value of ["-1", "soon", "", "1e3", "1".repeat(13), "Infinity", "1.", "0x10"]) {
      expect(waits({ "retry-after-ms": value, "x-ms-retry-after-ms": value, "retry-after": "7" }), value).toBe(7000)
    }
  })

  it("is read from a date in any HTTP format, relative to the server's clock", () => {
    for (const then of [
      "Sat, 21 Nov 2026 10:00:30 GMT",
      "Saturday, 21-Nov-26 10:00:30 GMT",
      "Sat Nov 21 10:00:30 2026"
    ]) {
      expect(waits({ "retry-after": then, date }), then).toBe(30_000)
    }
    expect(waits({ "retry-after": "Sun Nov  1 10:00:30 2026", date: "Sun, 01 Nov 2026 10:00:00 GMT" })).toBe(30_000)
    expect(waits({ "retry-after": "Sat, 21 Nov 2026 12:00:30 GMT" }), "against ours, where it tells none").toBe(30_000)
    expect(waits({ "retry-after": "Sat, 21 Nov 2026 12:00:30 GMT", date: "soon" })).toBe(30_000)
  })

  it("is read from a date with a two-digit year in the right century", () => {
    expect(waits({ "retry-after": "Sunday, 21-Nov-27 12:00:00 GMT" })).toBe(365 * 24 * 3600 * 1000)
    expect(waits({ "retry-after": "Sunday, 06-Nov-94 08:49:37 GMT" }), "1994").toBeUndefined()
  })

  it.each([
    ...["-1", "+1", "1.5", "1e3", "0x10", "soon", "", " ", "99999999999", "7s", "7, 8", "Infinity", "NaN"],
    ...["2026-11-21", "2026-11-21T10:00:30Z", "Sat, 21 Nov 2026 10:00:30", "Sat, 21 Nov 2026 10:00:30 CET"],
    ...["Sat, 21 Nov 2026 09:00:00 GMT", "Mon, 21 Nov 2026 10:00:30 GMT", "Mon, 30 Feb 2027 10:00:00 GMT"],
    ...["Sat, 21 Nov 2026 25:00:00 GMT", "sat, 21 nov 2026 10:00:30 gmt", "Sat, 21 Foo 2026 10:00:30 GMT"],
    "Saturday, 21-Nov-2026 10:00:30 GMT"
  ])("is absent for the header value %j", (value) => {
    expect(waits({ "retry-after": value, date })).toBeUndefined()
  })

  it.prop(
    "is absent or a non-negative whole number of milliseconds",
    [
      FastCheck.oneof(
        FastCheck.string(),
        FastCheck.double().map(String),
        FastCheck.date({ noInvalidDate: true }).map((date) => date.toUTCString())
      ),
      FastCheck.constantFrom("retry-after", "retry-after-ms", "x-ms-retry-after-ms"),
      FastCheck.option(FastCheck.string(), { nil: undefined })
    ],
    ([value, header, date]) => {
      const millis = waits({ [header]: value, date }) ?? 0
      expect(Number.isSafeInteger(millis) && millis >= 0).toBe(true)
    }
  )

  it.prop(
    "is the time until the date in the retry-after header",
    [FastCheck.integer({ min: 0, max: 10 ** 9 }), FastCheck.integer({ min: 0, max: 4 * 10 ** 9 })],
    ([seconds, epoch]) => {
      const text = (second: number) => new Date(second * 1000).toUTCString()
      expect(waits({ "retry-after": text(epoch + seconds), date: text(epoch) })).toBe(seconds * 1000)
    }
  )
})

describe("a transport error", () => {
  const failed = (cause: unknown) => Failure.fromTransport(call({ isSafeToRetry: false }), cause)
  const coded = (code: string, more: object = {}) => Object.assign(new Error("secret"), { code, ...more })

  it("has the outcome NotApplied if no connection was established", () => {
    const message = "Client network socket disconnected before secure TLS connection was established"
    const handshake = Object.assign(new Error(message), { code: "ECONNRESET" })
    const causes = [
      coded("ECONNREFUSED", { syscall: "connect" }),
      { cause: new TypeError("fetch failed", { cause: coded("ENOTFOUND", { syscall: "getaddrinfo" }) }) },
      { cause: new TypeError("fetch failed", { cause: coded("UND_ERR_CONNECT_TIMEOUT") }) },
      { cause: { errors: [coded("ECONNREFUSED"), coded("ECONNREFUSED")] } },
      coded("ETIMEDOUT", { syscall: "connect" }),
      coded("UND_ERR_CLOSED"),
      { cause: new TypeError("fetch failed", { cause: handshake }) }
    ]
    for (const cause of causes) {
      expect(failed(cause)).toMatchObject({ outcome: "NotApplied", isRetryable: true })
      expect(failed(cause).message).not.toContain("secret")
    }
    expect(failed(causes[1]).message).toBe("The service could not be reached (ENOTFOUND)")
  })

  const url = "https://services.leadconnectorhq.com/contacts/upsert"
  const openssl = (reason: string) =>
    `80EC61A56F7F0000:error:0A00010B:SSL routines:ssl3_get_record:${reason}:../ssl.c:1:`

  it.each([
    [
      "Deno, refused",
      new TypeError(`error sending request for url (${url}): client error (Connect): tcp connect error`)
    ],
    ["Deno, DNS", new TypeError(`error sending request for url (${url}): client error (Connect): dns error: no name`)],
    ["Deno 1, refused", new TypeError(`error sending request for url (${url}): error trying to connect: os error 111`)],
    ["Deno 1.45", new TypeError("client error (Connect)")],
    ["Bun, refused", coded("ConnectionRefused")],
    ["Bun, DNS", coded("FailedToOpenSocket")],
    ["Bun, TLS", coded("ERR_TLS_HANDSHAKE_FAILED")],
    ["TLS of fetch, no TLS at all", { cause: coded("ERR_SSL_WRONG_VERSION_NUMBER") }],
    ["TLS of fetch, an alert", { cause: coded("ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE") }],
    ["TLS of fetch, another name", { cause: coded("ERR_SSL_TLSV1_UNRECOGNIZED_NAME") }],
    [
      "TLS of node:https",
      coded("EPROTO", { syscall: "write", message: `write EPROTO ${openssl("wrong version number")}` })
    ],
    ["TLS of node:https, an alert", coded("EPROTO", { message: openssl("tlsv1 alert protocol version") })],
    ["a proxy", coded("UND_ERR_ABORTED", { message: "Proxy response (407) !== 200 when HTTP Tunneling" })],
    [
      "a proxy, of fetch",
      {
        cause: new TypeError("fetch failed", {
          cause: new Error("Request was cancelled.", {
            cause: coded("UND_ERR_ABORTED", { message: "Proxy response (502) !== 200 when HTTP Tunneling" })
          })
        })
      }
    ],
    ["a proxy that breaks off", coded("UND_ERR_PRX_CONN")],
    ["a proxy of node:http", coded("ERR_PROXY_TUNNEL")]
  ])("is retryable if the request was not sent: %s", (_, cause) => {
    expect(failed({ _tag: "RequestError", reason: "Transport", cause })).toMatchObject({
      outcome: "NotApplied",
      isRetryable: true,
      message: expect.stringMatching(/^The service could not be reached/) as string
    })
  })

  /** A server that sends these bytes as soon as it receives data on a connection. */
  const answering = (bytes: string | Buffer) =>
    Effect.acquireRelease(
      Effect.async<Server>((resume) => {
        const server = createServer((socket) => void socket.on("error", () => {}).once("data", () => socket.end(bytes)))
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close())
    ).pipe(Effect.map((server) => (server.address() as AddressInfo).port))

  const post = { method: "POST", body: "{}" } as const
  const notSent = { outcome: "NotApplied", isRetryable: true }

  it.scopedLive("is retryable on every transport if the TLS handshake or the proxy failed", () =>
    Effect.gen(function* () {
      const alert = Buffer.from([0x15, 3, 3, 0, 2, 2, 40])
      for (const bytes of ["HTTP/1.1 400 Bad Request\r\n\r\n", alert]) {
        const url = `https://127.0.0.1:${yield* answering(bytes)}`
        const byHttps = () =>
          new Promise<never>((_, reject) => {
            httpsRequest(url, { method: "POST" }).on("error", reject).end("{}")
          })
        const sends: ReadonlyArray<() => Promise<unknown>> = [() => fetch(url, post), () => undici(url, post), byHttps]
        for (const send of sends) {
          expect(failed(yield* Effect.flip(Effect.tryPromise(send)))).toMatchObject(notSent)
        }
      }
      const dispatcher = new ProxyAgent(`http://127.0.0.1:${yield* answering("HTTP/1.1 407 No\r\n\r\n")}`)
      const url = "https://example.invalid/"
      const sends: ReadonlyArray<() => Promise<unknown>> = [
        () => undici(url, { ...post, dispatcher }),
        () => undiciFetch(url, { ...post, dispatcher })
      ]
      for (const send of sends) {
        expect(failed(yield* Effect.flip(Effect.tryPromise(send)))).toMatchObject(notSent)
      }
    })
  )

  it.each([
    ["Deno, after it was sent", new TypeError(`error sending request for url (${url}): client error (SendRequest)`)],
    ["Bun, closed", coded("ConnectionClosed")],
    ["a record that is broken", coded("ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC")],
    ["a write after the handshake", coded("EPROTO", { syscall: "write", message: openssl("bad record mac") })],
    ["an abort of another kind", coded("UND_ERR_ABORTED", { message: "Request aborted" })]
  ])("has an unknown outcome if the request may have been sent: %s", (_, cause) => {
    expect(failed({ cause })).toMatchObject({ outcome: "Unknown", isRetryable: false })
  })

  it("is not retryable for a certificate that Deno does not trust", () => {
    const said = `error sending request for url (${url}): client error (Connect): invalid peer certificate: UnknownIssuer`
    expect(failed(new TypeError(said))).toMatchObject({ outcome: "NotApplied", isRetryable: false })
  })

  it("is not retryable for a permanent reason, and has the outcome NotApplied", () => {
    const causes = [
      coded("ERR_TLS_CERT_ALTNAME_INVALID"),
      { cause: new TypeError("fetch failed", { cause: coded("CERT_HAS_EXPIRED") }) },
      coded("UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
      { _tag: "RequestError", reason: "InvalidUrl", cause: new Error("secret") },
      { _tag: "RequestError", reason: "Encode", cause: new Error("secret") }
    ]
    for (const cause of causes) {
      expect(failed(cause)).toMatchObject({ outcome: "NotApplied", isRetryable: false })
      expect(failed(cause).message).not.toContain("secret")
    }
  })

  it("has an unknown outcome after a lost connection or for an unknown cause", () => {
    for (const cause of [
      coded("ECONNRESET"),
      coded("ETIMEDOUT"),
      coded("UND_ERR_SOCKET"),
      undefined,
      "x",
      null,
      5,
      {}
    ]) {
      expect(failed(cause)).toMatchObject({ outcome: "Unknown", isRetryable: false })
    }
  })

  it("has an unknown outcome on an established connection, whatever its code", () => {
    for (const cause of [coded("EHOSTUNREACH", { syscall: "read" }), coded("ENETUNREACH", { syscall: "write" })]) {
      expect(failed({ cause })).toMatchObject({ outcome: "Unknown", isRetryable: false })
    }
  })

  it("may have a cyclic cause", () => {
    const cause: { cause?: unknown } = {}
    cause.cause = cause
    expect(failed(cause)._tag).toBe("TransportError")
  })
})

describe("redaction in errors", () => {
  const secrets = [
    "tok/en+1",
    "a-very-long-token1",
    "Jane",
    "Doe van Dam",
    "jane@canary.example",
    "+1 (555) 010-9999",
    "4711"
  ]
  const echo = [
    "Bearer tok/en+1 is wrong, and so is xa-very-long-token1x",
    "user JANE or Doe van Dam, jane@canary.example, +1 (555) 010-9999, 4711",
    "somebody.else@canary.example and 0049 151 5550 1234",
    "pit-0123-4567 and eyJhbGciOi.eyJzdWIi.sig"
  ]
  const shapes = [
    { message: echo.join(" "), traceId: "tok/en+1" },
    { message: echo, traceId: "jane@canary.example" },
    { error: echo[1], meta: { contactName: "Jane" } },
    { error: "x", error_description: echo[2] },
    echo.join("\n"),
    `<html>${echo.join(" ")}</html>`
  ]
  const canaries = /tok\/en|very-long|jane|doe van|canary\.example|010-9999|4711|5550 1234|0123-4567|eyJzdWIi/i

  it("removes tokens, emails, phones and sent values, however the service repeats them", () => {
    for (const status of [400, 401, 403, 404, 422, 429, 500, 502]) {
      for (const body of shapes) {
        const error = fromAnswer(call({ secrets: () => secrets }), answer(status, body))
        const shown = [
          error.message,
          String(error),
          inspect(error, { depth: 10 }),
          JSON.stringify(error),
          error.stack ?? "",
          Cause.pretty(Cause.fail(error), { renderErrorCause: true }),
          JSON.stringify(Exit.fail(error))
        ]
        for (const text of shown) expect(text).not.toMatch(canaries)
      }
    }
  })

  it("removes personal data from the name of a property", () => {
    const lines = ["property jane@canary.example should not exist", "property +1 555 010 9999 should not exist"]
    expect(Failure.fromFaults("updateContact", lines).message).not.toMatch(/canary|010/)
    expect(Failure.fromUnreadable(call(), answer(200, "{}"), lines).message).not.toMatch(/canary|010/)
  })

  it("keeps the trace id, unless a sent value of several characters occurs in it", () => {
    const traceId = "00000000-0000-4000-8000-00000000000a"
    const told = (secrets: ReadonlyArray<string>) =>
      fromAnswer(call({ secrets: () => secrets }), answer(400, { traceId })).traceId
    expect(told(["", "0", "a"])).toBe(traceId)
    expect(told(["4000"])).toBeUndefined()
  })

  it("removes the whole of a sent text if a part of it was sent as well", () => {
    const secrets = ["Anna Maria", "Anna Maria Rossi", "Rossi & Sons", "100.5"]
    const { message } = fromAnswer(
      call({ secrets: () => secrets }),
      answer(400, { message: "anna maria rossi has 100.5" })
    )
    expect(message).toBe("[redacted] has [redacted]")
  })

  it.each([
    ["x".repeat(100) + " canary " + "y".repeat(3000), (sent: string) => sent],
    ["canary@example.com", (sent: string) => encodeURIComponent(sent)],
    ["+16175550123 canary", (sent: string) => encodeURIComponent(sent)],
    ["Canary Deo", () => "Canary"],
    ["Canary Deo", () => "Canary  Deo"],
    ["Jos\u00e9canary", (sent: string) => sent.normalize("NFD")],
    ["李小龙", (sent: string) => `联系人${sent}无效`],
    ["canary one\nline two", () => "canary one line two"]
  ])("removes a sent value in whatever form it comes back: case %#", (sent, echo) => {
    const error = fromAnswer(call({ secrets: () => [sent] }), answer(400, { message: `bad: ${echo(sent)}` }))
    expect(error.message).not.toMatch(/canary|李小龙/i)
  })

  const seen = (sent: ReadonlyArray<string>, message: string) =>
    fromAnswer(call({ secrets: () => sent }), answer(400, { message })).message

  it("removes each part of a name of several words", () => {
    const names = ["Maria del Carmen Canary", "Anne-Canary Doe", "Canary O'Brien"]
    for (const part of ["Maria", "carmen", "Carmen Canary", "Canary", "Anne", "Doe", "Brien"]) {
      expect(seen(names, `no ${part} here`)).toMatch(/^no \[redacted\](?: \[redacted\])? here$/)
    }
  })

  it.each(["O&#39;Brien", "O&#x27;Brien", "O&apos;Brien", "O&amp;#39;Brien", "O%27Brien", "O\\u0027Brien"])(
    "removes a name that is escaped as %s",
    (escaped) => {
      expect(seen(["O'Brien"], `${escaped} is bad`)).toBe("[redacted] is bad")
    }
  )

  it("decodes the escapes of a message only if it redacts something", () => {
    expect(seen(["Jane"], "a &lt;b&gt; of 100%25 and Jane")).toBe("a <b> of 100% and [redacted]")
    expect(seen(["Jane"], "a &lt;b&gt; of 100%25")).toBe("a &lt;b&gt; of 100%25")
  })

  it("removes the beginning of a token or of a long text", () => {
    const sent = ["q7Lx29ffTokenCanary00", "My cat is called Whiskers and lives in the town of Boston since 1990"]
    expect(seen(sent, "q7Lx29ffToken… is refused")).toBe("[redacted]… is refused")
    expect(seen(sent, "q7Lx29ff... is refused")).toBe("[redacted] is refused")
    expect(seen(sent, "'My cat is called Whiskers and' is refused")).toBe("'[redacted]' is refused")
  })

  it.each([
    ...["1990-09-25T00:00:00.000Z", "1990-09-25 00:00", "09/25/1990", "25.9.1990", "9/25/1990", "19900925"],
    ...["Tue Sep 25 1990 00:00:00 GMT+0000", "25 Sep 1990", "September 25, 1990", "654220800000", "654220800"]
  ])("removes a date that is repeated as %s", (written) => {
    for (const sent of ["1990-09-25", "09/25/1990", "1990-09-25T10:00:00Z"]) {
      expect(seen([sent], `day ${written} is bad`)).toMatch(/^day (?:Tue )?\[redacted\].* is bad$/)
      expect(seen([sent], `day ${written} is bad`)).not.toMatch(/1990|6542/)
    }
  })

  it("removes control characters that could forge a log line", () => {
    const { message } = fromAnswer(call(), answer(400, { message: "a\r\n2026 INFO b\u001b[31m" }))
    expect(message).toBe("a 2026 INFO b [31m")
  })

  it("finds a sent value among 100,000 sent values", () => {
    const secrets = Array.from({ length: 100_000 }, (_, i) => `tag${i}`)
    const { message } = fromAnswer(call({ secrets: () => secrets }), answer(400, { message: "no tag99999 here" }))
    expect(message).toBe("no [redacted] here")
  })

  it("keeps the words of the service's own messages, although they were sent", () => {
    const secrets = "contact not found for id email must be an".split(" ")
    const said = (status: number, message: string) =>
      fromAnswer(call({ secrets: () => secrets }), answer(status, { message }))
    expect(said(400, "Contact not found for id:abc")).toMatchObject({
      message: "Contact not found for id:abc",
      isContactNotFound: true
    })
    expect(said(422, "email must be an email").message).toBe("email must be an email")
  })

  it("keeps words that merely contain a sent value", () => {
    const error = fromAnswer(
      call({ secrets: () => ["ann", "art", "."] }),
      answer(400, { message: "Ann, article, can" })
    )
    expect(error.message).toBe("[redacted], article, can")
  })
})

describe("orDieOperational", () => {
  const operational = [
    new Errors.Forbidden({ operation: "o", message: "m", attempts: 1 }),
    new Errors.RateLimited({ operation: "o", message: "m", attempts: 1, retryAfter: Duration.seconds(1) }),
    fromAnswer(call(), answer(500, "")),
    Failure.fromTransport(call(), undefined),
    Failure.fromUnreadable(call(), answer(200, ""), ["it is not JSON"])
  ]
  const documented = [400, 401, 422].map((status) => fromAnswer(call(), answer(status, "")))

  it.effect("turns operational errors into defects", () =>
    Effect.gen(function* () {
      for (const error of operational) {
        const exit = yield* Effect.exit(Errors.orDieOperational(Effect.fail(error)))
        expect(exit).toEqual(Exit.die(error))
      }
    })
  )

  it.effect("keeps documented errors and the app's own errors", () =>
    Effect.gen(function* () {
      for (const error of [...documented, { _tag: "ServerError" as const, mine: true }]) {
        expect(yield* Effect.flip(Errors.orDieOperational(Effect.fail(error)))).toBe(error)
      }
    })
  )

  it("separates operational and documented errors, with every class in one group", () => {
    for (const error of operational)
      expect([Errors.isOperational(error), Errors.isDocumented(error)]).toEqual([true, false])
    for (const error of documented)
      expect([Errors.isOperational(error), Errors.isDocumented(error)]).toEqual([false, true])
  })
})

describe("an error class", () => {
  const { members } = Errors.ContactsError
  const classes = members.flatMap(({ members }) => [...members])

  it("has a bare tag and a namespaced identifier, and is exported under its tag", () => {
    for (const schema of classes) {
      expect(schema.identifier).toBe(`effect-growthhub/${schema._tag}`)
      expect(Errors[schema._tag]).toBe(schema)
    }
    const exported = Object.values(Errors).filter((value) => S.isSchema(value) && "fields" in value)
    expect(new Set<unknown>(exported), "every exported class is in the union").toEqual(new Set(classes))
  })

  it("can be encoded as JSON and decoded", () => {
    const error = new Errors.RateLimited({
      operation: "getContact",
      message: "m",
      attempts: 2,
      status: 429,
      traceId: "t",
      retryAfter: Duration.seconds(3)
    })
    const again = S.decodeUnknownSync(Errors.RateLimited)(
      JSON.parse(JSON.stringify(S.encodeSync(Errors.RateLimited)(error)))
    )
    expect(again).toBeInstanceOf(Errors.RateLimited)
    expect(again).toMatchObject({ operation: "getContact", attempts: 2, retryAfter: Duration.seconds(3), details: [] })
  })

  const common = {
    operation: "upsertContact",
    message: "m",
    attempts: 2,
    status: 400,
    traceId: "t",
    details: ["a", "b"],
    outcome: "Unknown"
  } as const
  const retryAfter = Duration.millis(1500)
  const instances: ReadonlyArray<Errors.ContactsError> = [
    new Errors.BadRequest({ ...common, reason: "Other", duplicateOf: ContactId.make("c"), matchingField: "email" }),
    new Errors.Unauthorized({ ...common, reconnect: true, locationId: "l" }),
    new Errors.Unprocessable(common),
    new Errors.Forbidden(common),
    new Errors.RateLimited({ ...common, retryAfter }),
    new Errors.ServerError({ ...common, isRetryable: true, retryAfter }),
    new Errors.TransportError({ ...common, isRetryable: false, code: "ECONNRESET" }),
    new Errors.UnexpectedResponse({ ...common, isRetryable: false })
  ]

  it.each(instances)("$_tag is unchanged after encoding and decoding with the schema of the union", (error) => {
    const json = S.parseJson(Errors.ContactsError)
    const again = S.decodeSync(json)(S.encodeSync(json)(error))
    expect(again).toEqual(error)
    expect(again.constructor).toBe(error.constructor)
    expect({ ...again, message: again.message, isRetryable: again.isRetryable }).toEqual({
      ...error,
      message: error.message,
      isRetryable: error.isRetryable
    })
    expect(S.is(Errors.DocumentedError)(again)).toBe(Errors.isDocumented(error))
    expect(S.is(Errors.OperationalError)(again)).toBe(Errors.isOperational(error))
  })

  it("has an instance in these tests if it is in the union", () => {
    expect(instances.map((error): unknown => error.constructor)).toEqual(classes)
  })

  it("reports whether a retry may help", () => {
    const props = { operation: "o", message: "m", attempts: 1 }
    expect(new Errors.BadRequest(props).isRetryable).toBe(false)
    expect(new Errors.Unauthorized(props).isRetryable).toBe(false)
    expect(new Errors.Unprocessable(props).isRetryable).toBe(false)
    expect(new Errors.Forbidden(props).isRetryable).toBe(false)
    expect(new Errors.RateLimited(props).isRetryable).toBe(true)
  })
})

describe("invalid input with many faults", () => {
  it("is reported with one line per fault, up to a hundred lines", () => {
    const lines = Array.from({ length: 120 }, (_, i) => `tags.${i} must be a string`)
    const error = Failure.fromFaults("updateContact", lines)
    expect(error.details).toHaveLength(101)
    expect(error.details[100]).toBe("and 20 more")
    expect(error).toMatchObject({ attempts: 0 })
    expect(error.status).toBeUndefined()
  })
})

describe("an error without a usable response", () => {
  it("lists what is wrong with an undecodable body, without sent values", () => {
    const error = Failure.fromUnreadable(
      call({ secrets: () => ["Janet-Canary"] }),
      answer(200, { traceId: "trace-1" }),
      ["contact.id must be a string", "contact.name Janet-Canary is odd"]
    )
    expect(error).toMatchObject({
      _tag: "UnexpectedResponse",
      operation: "updateContact",
      attempts: 1,
      status: 200,
      traceId: "trace-1",
      outcome: "Unknown",
      isRetryable: true,
      details: ["contact.id must be a string", "contact.name [redacted] is odd"]
    })
    expect(error.message).toBe(`The response cannot be decoded: ${error.details.join("; ")}`)
    expect(
      Failure.fromUnreadable(call({ isWrite: false }), answer(200, "{"), ["it is not JSON"]).traceId
    ).toBeUndefined()
  })

  it("reports whether the request may have been applied before a redirect", () => {
    const outcomes = [301, 302, 303, 307, 308].map((status) => Failure.fromRedirect(call(), status, "too many").outcome)
    expect(outcomes).toEqual(["Unknown", "Unknown", "Unknown", "NotApplied", "NotApplied"])
    expect(Failure.fromRedirect(call(), 307, "too many in a row")).toMatchObject({
      status: 307,
      isRetryable: false,
      message: "Redirect (307) not followed: too many in a row"
    })
  })

  it("reports whether the request was sent before a timeout", () => {
    const timeout = (isSent: boolean) => Failure.fromTimeout(call(), Duration.seconds(2), isSent)
    expect(timeout(true)).toMatchObject({
      code: "TIMEOUT",
      outcome: "Unknown",
      message: "Timed out after 2s waiting for the response"
    })
    expect(timeout(false)).toMatchObject({ code: "TIMEOUT", outcome: "NotApplied", isRetryable: true, attempts: 1 })
    expect(timeout(false).message).toBe("Timed out after 2s before the request was sent")
  })

  it("is not retryable for an invalid base URL", () => {
    expect(Failure.fromConfiguration(call(), "The base URL is not a URL")).toMatchObject({
      attempts: 0,
      outcome: "NotApplied",
      isRetryable: false,
      message: "The base URL is not a URL"
    })
  })

  it("keeps the class of a failure to get a bearer, and has the attempts of the call", () => {
    const before = new Errors.Unauthorized({ operation: "o", attempts: 0, message: "none", reconnect: true })
    const after = Failure.withCallContext(call({ attempts: 2, mayBeApplied: true }), before)
    expect(after).toBeInstanceOf(Errors.Unauthorized)
    expect(after).toMatchObject({ attempts: 2, message: "none", reconnect: true, outcome: "Unknown" })
    expect(Failure.withCallContext(call(), after).outcome, "the call itself has sent nothing").toBe("NotApplied")
  })

  it("distinguishes a request that could not be built from one that was sent", () => {
    const built = (reason: string, _tag = "RequestError") => Failure.fromTransport(call(), { _tag, reason })
    for (const reason of ["Encode", "InvalidUrl"]) {
      expect(built(reason)).toMatchObject({ outcome: "NotApplied", isRetryable: false })
      expect(built(reason, "ResponseError")).toMatchObject({ outcome: "Unknown" })
    }
    expect(built("Transport")).toMatchObject({ outcome: "Unknown", isRetryable: true })
    expect(built("Transport").message).toBe("The connection failed before the complete response arrived")
  })

  it("means that a request to a port that fetch blocks was not built, and is not retried", () => {
    const cause = Object.assign(new TypeError("fetch failed"), { cause: new Error("bad port") })
    expect(Failure.fromTransport(call(), cause)).toMatchObject({
      message: "The request could not be built",
      outcome: "NotApplied",
      isRetryable: false
    })
  })

  it("has a code only if the cause has a valid one", () => {
    const codes = ["ECONNRESET", "lower", "X", 42, "HAS SPACE", undefined].map(
      (code) => Failure.fromTransport(call(), { cause: { code } }).code
    )
    expect(codes).toEqual(["ECONNRESET", undefined, undefined, undefined, undefined, undefined])
    expect(Failure.fromTransport(call(), { code: "bad", cause: { code: "EPIPE" } }).message).toMatch(/\(EPIPE\)$/)
  })

  it("is NotApplied for several connection errors only if all occurred before connecting", () => {
    const tries = (...syscalls: ReadonlyArray<string>) =>
      Failure.fromTransport(call(), { errors: syscalls.map((syscall) => ({ code: "ECONNREFUSED", syscall })) }).outcome
    expect(tries("connect", "getaddrinfo")).toBe("NotApplied")
    expect(tries("connect", "read")).toBe("Unknown")
  })

  it("mentions no further faults for input with exactly a hundred faults", () => {
    const lines = (count: number) => Array.from({ length: count }, (_, i) => `tags.${i} must be a string`)
    expect(Failure.fromFaults("o", lines(100)).details).toEqual(lines(100))
    expect(Failure.fromFaults("o", lines(2)).message).toBe("tags.0 must be a string; tags.1 must be a string")
  })
})

describe("the wait after a 429", () => {
  const waiting = (status: number, headers: Failure.Response["headers"]) => {
    const error = fromAnswer(call(), answer(status, {}, headers))
    return "retryAfter" in error && error.retryAfter !== undefined ? Duration.toMillis(error.retryAfter) : undefined
  }
  const day = { "x-ratelimit-daily-remaining": "0", "x-ratelimit-daily-reset": "5000" }

  it("includes the reset of the daily quota only if nothing of the quota is left", () => {
    expect(waiting(429, day)).toBe(5000)
    expect(waiting(429, { ...day, "retry-after": "9" })).toBe(9000)
    expect(waiting(429, { ...day, "retry-after": "2" })).toBe(5000)
    expect(waiting(429, { ...day, "x-ratelimit-daily-remaining": "1" })).toBeUndefined()
    expect(waiting(429, { "x-ratelimit-daily-reset": "5000" })).toBeUndefined()
    expect(waiting(503, day)).toBeUndefined()
  })

  it("ignores a retry-after header that is not a valid number", () => {
    expect(waiting(429, { "retry-after": "soon" })).toBeUndefined()
    expect(waiting(429, { "retry-after": "12 s" })).toBeUndefined()
    expect(waiting(429, { "retry-after": " 12 " })).toBe(12_000)
    expect(waiting(429, { "retry-after-ms": "1.2" })).toBe(2)
    expect(waiting(429, { "retry-after-ms": "-1" })).toBeUndefined()
  })
})

describe("the error for a response without a message", () => {
  const said = (body: unknown, type?: string) =>
    fromAnswer(call(), answer(500, body, type === undefined ? {} : { "content-type": type })).message

  it("describes the media type and the length of the body", () => {
    expect(said("")).toBe("The service responded with 500 without a body")
    expect(said("<html>", "Text/HTML; charset=utf-8")).toBe(
      "The service responded with 500, not JSON but text/html, 6 characters"
    )
    expect(said("text", "not a type")).toBe("The service responded with 500, not JSON but no known type, 4 characters")
    expect(said("text", " text/plain x")).toBe(
      "The service responded with 500, not JSON but no known type, 4 characters"
    )
    expect(said("text")).toBe("The service responded with 500, not JSON but no known type, 4 characters")
    expect(said({ nothing: 1 })).toBe("The service responded with 500, JSON without a message, 13 characters")
  })

  it("ignores messages and trace ids that are empty or invalid", () => {
    expect(fromAnswer(call(), answer(422, { message: ["", 5, "email is bad"] })).details).toEqual(["email is bad"])
    expect(fromAnswer(call(), answer(422, { message: "", error: "Unprocessable Entity" })).details).toEqual([
      "Unprocessable Entity"
    ])
    expect(fromAnswer(call(), answer(422, { message: "m", traceId: "no trace" })).traceId).toBeUndefined()
    expect(fromAnswer(call(), answer(422, { message: "m", traceId: "x".repeat(101) })).traceId).toBeUndefined()
    expect(fromAnswer(call(), answer(422, { message: "m", traceId: 7 })).traceId).toBeUndefined()
  })

  it("reports whether a write with an undeclared status may have been applied", () => {
    const outcomes = [399, 400, 404, 408, 418].map(
      (status) => fromAnswer(call({ declares: [] }), answer(status, {})).outcome
    )
    expect(outcomes).toEqual(["Unknown", "NotApplied", "NotApplied", "Unknown", "NotApplied"])
  })
})
