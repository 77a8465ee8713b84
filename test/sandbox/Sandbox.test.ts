import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as ContactsBulk from "effect-growthhub/ContactsBulk"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { type Options, Sandbox } from "effect-growthhub/Sandbox"
import { ContactId, CustomField, LocationId } from "effect-growthhub/Schema"
import { type OutgoingHttpHeaders, request } from "node:http"
import type { AnyEndpoint } from "../../src/api/endpoint.js"
import { rows } from "../../src/api/rows.js"

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")
const contacts = [
  { id: ContactId.make("jane"), locationId, name: "Jane Roe", email: "jane@example.com" },
  { id: ContactId.make("foreign"), locationId: LocationId.make("elsewhere") }
]
const unlimited = { max: 1_000_000, daily: 1_000_000 }

const within = <A, E>(options: Options, self: Effect.Effect<A, E, Sandbox | ContactsService>) =>
  self.pipe(
    Effect.provide(
      Layer.unwrapEffect(Effect.map(Sandbox, ({ url, token }) => ContactsService.layer({ baseUrl: url, token }))).pipe(
        Layer.provide(FetchHttpClient.layer),
        Layer.provideMerge(Sandbox.layer(options))
      )
    )
  )

interface Answered {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly headers: Headers
}

const asking = (path: string, init: RequestInit & { readonly headers?: Record<string, string> } = {}) =>
  Effect.flatMap(Sandbox, ({ url, token }) =>
    Effect.promise(async (): Promise<Answered> => {
      const headers = { version: "2021-07-28", authorization: `Bearer ${Redacted.value(token)}`, ...init.headers }
      const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ""))
      const response = await fetch(url + path, { ...init, headers: sent })
      return { status: response.status, body: (await response.json()) as Answered["body"], headers: response.headers }
    })
  )

const saying = (status: number, message: unknown) => ({
  status,
  body: { message, traceId: expect.stringMatching(/^[\w-]+$/) as string }
})

describe("the exact request", () => {
  const exchange = <A, E>(call: (contacts: ContactsService["Type"]) => Effect.Effect<A, E>) =>
    within(
      { contacts },
      Effect.gen(function* () {
        yield* Effect.flatMap(ContactsService, call)
        const { ledger } = yield* Sandbox
        const { method, url, headers, body } = (yield* ledger).requests[0]!
        const { accept, authorization, version, "content-type": contentType } = headers
        return { request: `${method} ${url}`, accept, authorization, version, contentType, body }
      })
    )

  it.effect("of getContact", () =>
    Effect.gen(function* () {
      expect(yield* exchange((contacts) => contacts.getContact(ContactId.make("jane")))).toEqual({
        request: "GET /contacts/jane",
        accept: "application/json",
        authorization: "Bearer pit-sandbox",
        version: "2021-07-28",
        contentType: undefined,
        body: ""
      })
    })
  )

  it.effect("of updateContact", () =>
    Effect.gen(function* () {
      const changes = {
        firstName: "Rosan",
        phone: null,
        dateOfBirth: "09/25/1990",
        customFields: [CustomField.number("a", 1.5, "k")]
      }
      expect(yield* exchange((contacts) => contacts.updateContact(ContactId.make("jane"), changes))).toEqual({
        request: "PUT /contacts/jane",
        accept: "application/json",
        authorization: "Bearer pit-sandbox",
        version: "2021-07-28",
        contentType: "application/json",
        body: '{"firstName":"Rosan","phone":null,"customFields":[{"id":"a","key":"k","field_value":1.5}],"dateOfBirth":"1990-09-25"}'
      })
    })
  )

  it.effect("of upsertContact", () =>
    Effect.gen(function* () {
      expect(yield* exchange((contacts) => contacts.upsertContact({ locationId, email: "a@example.com" }))).toEqual({
        request: "POST /contacts/upsert",
        accept: "application/json",
        authorization: "Bearer pit-sandbox",
        version: "2023-02-21",
        contentType: "application/json",
        body: '{"locationId":"ve9EPM428h8vShlRW1KT","email":"a@example.com"}'
      })
    })
  )
})

describe("a hostile id", () => {
  const known = [
    "",
    ".",
    "..",
    "a/../b",
    "../upsert",
    "%2e%2e",
    "%2e",
    "?",
    "#",
    "a?b=c",
    "a#b",
    "\u0000",
    "\n",
    "a\tb"
  ]
  const more = [
    "upsert",
    "x".repeat(256),
    "x".repeat(5000),
    "\ud800",
    "\\..\\",
    "é",
    "a b",
    "%",
    "%2f",
    "..;",
    "//",
    "@",
    ":"
  ]
  const piece = FastCheck.constantFrom(
    ".",
    "..",
    "/",
    "%2e",
    "%2f",
    "\\",
    "?",
    "#",
    ";",
    "a",
    " ",
    "\u0000",
    "é",
    "%",
    "@",
    ":"
  )
  const generated = FastCheck.sample(
    FastCheck.oneof(
      FastCheck.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join("")),
      FastCheck.string({ unit: "binary", maxLength: 30 })
    ),
    { numRuns: 1000 - known.length - more.length, seed: 1 }
  )

  it.effect(
    "never reaches another path (1,000 ids)",
    () =>
      within(
        { limits: unlimited },
        Effect.gen(function* () {
          const service = yield* ContactsService
          const { ledger } = yield* Sandbox
          const ids = [...known, ...more, ...generated]
          expect(ids).toHaveLength(1000)
          const expected: Array<string> = []
          for (const id of ids) {
            // The cast allows ids that an app without type checks might pass.
            const result = yield* Effect.either(service.getContact(id as ContactId))
            const error = Either.getOrThrow(Either.flip(result))
            expect(["Unprocessable", "BadRequest"]).toContain(error._tag)
            if (error._tag === "BadRequest") expected.push(`/contacts/${encodeURIComponent(id)}`)
          }
          expect(expected.length).toBeGreaterThan(300)
          expect((yield* ledger).requests.map(({ url }) => url)).toEqual(expected)
        })
      ),
    // The timeout is long, because so many requests take time on a busy machine.
    120_000
  )
})

describe("a contact with a file of 1,300 nested levels", () => {
  const deep: unknown = JSON.parse('{"a":'.repeat(1300) + "1" + "}".repeat(1300))
  const customFields = [CustomField.files("f", { u: { url: "https://example.com", deep } })]
  const details = ["customFields.0.value must not be nested deeper than 100 levels"]

  it.effect("is rejected before it is sent, and a bulk run continues with the next contact", () =>
    within(
      { contacts },
      Effect.gen(function* () {
        const service = yield* ContactsService
        const error = yield* Effect.flip(service.updateContact(ContactId.make("jane"), { customFields }))
        expect(error).toMatchObject({ _tag: "Unprocessable", attempts: 0, details })
        const outcomes = yield* ContactsBulk.upsertMany(
          Stream.make({ locationId, email: "deep@example.com", customFields }, { locationId, email: "b@example.com" }),
          { isOrdered: true }
        ).pipe(Stream.runCollect)
        expect(Array.from(outcomes)).toMatchObject([{ _tag: "Rejected", error: { details } }, { _tag: "Created" }])
        expect((yield* (yield* Sandbox).ledger).requests).toHaveLength(1)
      })
    )
  )
})

describe("the sandbox as a server", () => {
  /** Sends a request without `fetch`, which fixes the Host header. Returns the status or the connection error's code. */
  const sending = (path: string, headers: OutgoingHttpHeaders, chunks: ReadonlyArray<Buffer>, method = "POST") =>
    Effect.flatMap(Sandbox, ({ url, token }) =>
      Effect.async<number | string>((resume) => {
        const authorization = `Bearer ${Redacted.value(token)}`
        const sent = request(url + path, { method, headers: { version: "2023-02-21", authorization, ...headers } })
        sent.on("response", (response) => {
          response.resume()
          resume(Effect.succeed(response.statusCode ?? 0))
        })
        sent.on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? error.message)))
        for (const chunk of chunks) sent.write(chunk)
        sent.end()
      })
    )

  const megabyte = Buffer.alloc(1024 * 1024, " ")

  it.effect("responds with 413 to a content-length above 16 MB, without handling the request", () =>
    within(
      {},
      Effect.gen(function* () {
        const { ledger } = yield* Sandbox
        expect(yield* sending("/contacts/upsert", { "content-length": 17 * megabyte.length }, [megabyte])).toBe(413)
        expect((yield* ledger).received).toBe(0)
      })
    )
  )

  it.effect("resets the connection if a body exceeds 16 MB, and applies nothing", () =>
    within(
      {},
      Effect.gen(function* () {
        const { ledger } = yield* Sandbox
        const chunks = [...Array.from({ length: 17 }, () => megabyte), Buffer.from(JSON.stringify({ locationId }))]
        expect(yield* sending("/contacts/upsert", {}, chunks)).toMatch(/^(?:ECONNRESET|EPIPE)$/)
        expect(yield* ledger).toMatchObject({ applied: [], requests: [] })
        expect(yield* sending("/contacts/upsert", {}, chunks.slice(2))).toBe(200)
      })
    )
  )

  it.effect("refuses requests from another origin or with another host name if `control` is set", () =>
    within(
      { contacts, control: true },
      Effect.gen(function* () {
        const { contacts, url } = yield* Sandbox
        const { host, port } = new URL(url)
        const reset = (headers: OutgoingHttpHeaders) => sending("/_sandbox/contacts", headers, [Buffer.from("[]")])
        const json = { "content-type": "application/json" }
        for (const headers of [
          { origin: "https://evil.example" },
          { origin: "null" },
          { origin: `http://localhost:${Number(port) + 1}` },
          { host: `evil.example:${port}` },
          { host: `evil.example:${port}`, origin: `http://evil.example:${port}` },
          { host: "127.0.0.1.evil.example" }
        ]) {
          expect(yield* reset({ ...json, ...headers })).toBe(403)
          expect(yield* sending("/contacts/jane", headers, [], "GET")).toBe(403)
        }
        for (const headers of [
          {},
          { origin: url },
          { host: `localhost:${port}`, origin: `http://localhost:${port}` }
        ]) {
          expect(yield* reset({ ...json, ...headers })).toBe(204)
        }
        expect(host).toBe(`127.0.0.1:${port}`)
        expect(yield* contacts).toHaveLength(2)
      })
    )
  )
})

describe("the sandbox", () => {
  it.effect("requires a known Version", () =>
    within(
      { contacts },
      Effect.gen(function* () {
        expect(yield* asking("/contacts/jane", { headers: { version: "" } })).toMatchObject(
          saying(401, "version header was not found.")
        )
        const unknown = yield* asking("/contacts/jane", { headers: { version: "2020-01-01" } })
        expect(unknown).toMatchObject(saying(401, "version header is invalid"))
        expect(unknown.body).toEqual({
          status: 401,
          message: "version header is invalid",
          error: "Error",
          traceId: unknown.body["traceId"]
        })
        for (const version of ["2021-04-15", "2021-07-28", "2023-02-21", "v3"]) {
          expect((yield* asking("/contacts/jane", { headers: { version } })).status).toBe(200)
        }
      })
    )
  )

  it.effect("requires a token with the scope and the location", () =>
    within(
      {
        contacts,
        tokens: [
          { token: "pit-reader", locationId, scopes: ["contacts.readonly"] },
          { token: "pit-writer", locationId, scopes: ["contacts.write"] },
          { token: "jwt-company", scopes: ["contacts.readonly", "contacts.write"] }
        ]
      },
      Effect.gen(function* () {
        const as = (authorization: string) => asking("/contacts/jane", { headers: { authorization } })
        expect(yield* as("")).toMatchObject(saying(401, "Invalid JWT"))
        expect(yield* as("Basic x")).toMatchObject(saying(401, "Invalid JWT"))
        expect(yield* as("Bearer nonsense")).toMatchObject(saying(401, "Invalid JWT"))
        expect(yield* as("Bearer pit-unknown")).toMatchObject(saying(401, "Invalid Private Integration token"))
        expect(yield* as("Bearer pit-writer")).toMatchObject(saying(401, "The token is not authorized for this scope."))
        expect((yield* as("Bearer jwt-company")).body["message"]).toContain("This authClass type is not allowed")
        expect((yield* as("Bearer pit-reader")).status).toBe(200)
        const write = yield* asking("/contacts/jane", {
          method: "PUT",
          body: "{}",
          headers: { authorization: "Bearer pit-reader" }
        })
        expect(write).toMatchObject(saying(401, "The token is not authorized for this scope."))
      })
    )
  )

  it.effect("refuses unknown contacts, properties and paths with the service's messages", () =>
    within(
      { contacts },
      Effect.gen(function* () {
        expect(yield* asking("/contacts/nobody")).toMatchObject(saying(400, "Contact not found for id:nobody"))
        expect(yield* asking("/contacts/foreign")).toMatchObject(
          saying(403, "The token does not have access to this location.")
        )
        const put = (body: string) => asking("/contacts/jane", { method: "PUT", body })
        const unknown = yield* put('{"locationId":"x","firstName":5}')
        expect(unknown.body).toEqual({
          statusCode: 422,
          message: ["property locationId should not exist", "firstName must be a string"],
          error: "Unprocessable Entity",
          traceId: unknown.body["traceId"]
        })
        expect((yield* put("{")).status).toBe(400)
        expect((yield* put("[]")).status).toBe(422)
        expect((yield* put("")).status).toBe(200)
        expect(yield* asking("/contact/")).toMatchObject(saying(404, "Cannot GET /contact/"))
        expect(yield* asking("/contacts/jane", { method: "PATCH" })).toMatchObject(
          saying(404, "Cannot PATCH /contacts/jane")
        )
        expect(yield* asking("/contacts/jane?locationId=x")).toMatchObject(
          saying(422, ["property locationId should not exist"])
        )
      })
    )
  )

  it.effect("responds with the service's envelopes", () =>
    within(
      { contacts },
      Effect.gen(function* () {
        const { body: gotten } = yield* asking("/contacts/jane")
        expect(Object.keys(gotten)).toEqual(["contact", "traceId"])
        const { body: updated } = yield* asking("/contacts/jane", {
          method: "PUT",
          body: '{"dndSettings":{"Call":{"status":"active"}}}'
        })
        expect(updated).toMatchObject({ succeded: true, succeeded: true, contact: { dndSettings: { Call: {} } } })
        const { body: v3 } = yield* asking("/contacts/jane", { headers: { version: "v3" } })
        expect(v3).toMatchObject({ contact: { dndSettings: { call: { status: "active" } } } })
        const upserted = yield* asking("/contacts/upsert", {
          method: "POST",
          body: JSON.stringify({ locationId, email: "new@example.com" })
        })
        expect(upserted.body).toMatchObject({ new: true, succeded: true, succeeded: true, contact: { type: "lead" } })
        expect(upserted.body["contact"]).not.toHaveProperty("phone")
        expect(upserted.body["contact"]).toMatchObject({
          country: "US",
          followers: [],
          additionalEmails: [],
          additionalPhones: []
        })
        for (const { contact } of [gotten, updated, upserted.body]) {
          expect(contact).toHaveProperty("id")
          expect(contact).not.toHaveProperty("name")
        }
      })
    )
  )

  it.effect("reports the remaining quota, and responds with 429 when it is used up", () =>
    within(
      { contacts, limits: { max: 2 } },
      Effect.gen(function* () {
        const answers = yield* Effect.replicateEffect(asking("/contacts/jane"), 3)
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
        expect(answers.map(({ headers }) => headers.get("x-ratelimit-remaining"))).toEqual(["1", "0", "0"])
        expect(answers[2]?.headers.get("x-ratelimit-limit-daily")).toBe("200000")
        const error = yield* Effect.flip(
          Effect.flatMap(ContactsService, (contacts) => contacts.getContact(ContactId.make("jane"))).pipe(
            Effect.provideService(RetryPolicy.RetryPolicy, RetryPolicy.none)
          )
        )
        expect(error).toMatchObject({ _tag: "RateLimited", status: 429, isRetryable: true })
      })
    )
  )

  it.effect("records only applied writes as applied", () =>
    within(
      { contacts },
      Effect.gen(function* () {
        const service = yield* ContactsService
        const sandbox = yield* Sandbox
        const made = yield* service.upsertContact({ locationId, email: "a@example.com" })
        yield* service.getContact(made.id)
        yield* service.updateContact(made.id, { city: "Austin" })
        yield* Effect.either(service.updateContact(made.id, { email: "a@b" }))
        yield* Effect.either(service.updateContact(ContactId.make("nobody"), { city: "Austin" }))
        const { applied, requests } = yield* sandbox.ledger
        expect(applied).toMatchObject([
          { operation: "upsertContact", contactId: made.id, isNew: true, traceId: made.traceId },
          { operation: "updateContact", contactId: made.id, isNew: false }
        ])
        expect(requests.map(({ status }) => status)).toEqual([200, 200, 200, 422, 400])
        expect(new Set(requests.map(({ traceId }) => traceId)).size).toBe(5)
        expect(yield* sandbox.contacts).toHaveLength(3)
      })
    )
  )

  it.effect("has a renamed path in v3 only, and the older one in every Version", () =>
    within(
      { contacts },
      Effect.gen(function* () {
        const statuses = (path: string) =>
          Effect.forEach(["2021-04-15", "2021-07-28", "2023-02-21", "v3"], (version) =>
            Effect.map(
              asking(`/contacts/jane/campaigns/${path}`, { method: "DELETE", headers: { version } }),
              ({ status }) => status
            )
          )
        expect(yield* statuses("removeAll")).toEqual([200, 200, 200, 200])
        expect(yield* statuses("remove-all")).toEqual([404, 404, 404, 200])
      })
    )
  )

  it.effect("lists the contacts of a business by name, and in v3 after a `startAfter` cursor", () => {
    const members = ["bob", "Ada", "ada", "Zoe, née Roe"].map((firstName, index) => ({
      id: ContactId.make(`id${index}`),
      firstName,
      businessId: "acme"
    }))
    return within(
      { contacts: [...members, { id: ContactId.make("other") }] },
      Effect.gen(function* () {
        const listing = (query: string, version = "v3") =>
          Effect.map(
            asking(`/contacts/business/acme?locationId=${locationId}${query}`, { headers: { version } }),
            ({ status, body: { contacts, count, message } }) =>
              status === 200
                ? [(contacts as ReadonlyArray<{ id: string }>).map(({ id }) => id).join(" "), count]
                : [status, message]
          )
        expect(yield* listing("", "2021-07-28")).toEqual(["id1 id2 id0 id3", 4])
        expect(yield* listing("&limit=2")).toEqual(["id1 id2", 4])
        expect(yield* listing("&limit=1&startAfter=ada,id2")).toEqual(["id0", 4])
        expect(yield* listing("&startAfter=Bob&startAfter=id0")).toEqual(["id3", 4])
        expect(yield* listing(`&startAfter=${encodeURIComponent("zoe, née roe,id3")}`)).toEqual(["", 4])
        expect(yield* listing("&startAfter=bob")).toEqual([
          422,
          ["startAfter must be a name and an id, separated by a comma"]
        ])
        expect(yield* listing("&startAfter=ada,id2", "2021-07-28")).toEqual([
          422,
          ["property startAfter should not exist"]
        ])
      })
    )
  })

  it.effect("serves its OpenAPI document and a page for it, without external resources", () =>
    within(
      {},
      Effect.gen(function* () {
        const { body } = yield* asking("/openapi.json")
        const paths = Object.keys(body["paths"] as object)
        for (const { path } of Object.values<AnyEndpoint>(rows)) {
          expect(paths).toEqual(expect.arrayContaining(typeof path === "string" ? [path] : Object.values(path)))
        }
        expect(paths).toEqual(expect.arrayContaining(["/oauth/token", "/oauth/locationToken"]))
        expect(JSON.stringify(body)).not.toMatch(/effect-growthhub\/|HttpApiDecodeError|"\$id"/)
        const references = JSON.stringify(body).matchAll(/"#\/components\/schemas\/([^"]+)"/g)
        const { schemas } = body["components"] as { schemas: object }
        for (const [, name] of references) expect(schemas).toHaveProperty(name ?? "")
        const { url } = yield* Sandbox
        const page = yield* Effect.promise(() => fetch(url).then((response) => response.text()))
        expect(page).toContain("swagger-ui")
        expect(page).not.toMatch(/<(script|link)[^>]+(src|href)="?https?:/)
      })
    )
  )

  it.live("logs each request in one line if configured, without tokens and query values", () => {
    const lines: Array<string> = []
    let reset = () => {}
    const isReset = new Promise<void>((resolve) => (reset = resolve))
    const logger = Logger.make(({ message }) => {
      const line = String(message)
      lines.push(line)
      if (line.startsWith("DELETE")) reset()
    })
    const rules = [
      { fault: { _tag: "Status", status: 503 }, endpoint: "updateContact" },
      { fault: { _tag: "Reset", when: "after" }, endpoint: "deleteContact" }
    ] as const
    const latency = [{ distribution: { _tag: "Fixed", millis: 20 } }] as const
    return within(
      { contacts, logRequests: true, control: true, faults: { rules, latency } },
      Effect.gen(function* () {
        yield* asking("/contacts/jane")
        yield* asking("/contacts/jane", { method: "PUT", body: "{}" })
        yield* asking(`/contacts/search/duplicate?locationId=${locationId}&email=jane%40example.com`)
        yield* asking("/nothing/of/the/kind")
        yield* asking("/contacts/jane", { headers: { origin: "https://elsewhere.example" } })
        yield* Effect.exit(asking("/contacts/jane", { method: "DELETE" }))
        yield* Effect.promise(() => isReset)
        const told = lines.filter((line) => / \/(contacts|nothing)/.test(line))
        expect(told.map((line) => line.replace(/\b\d+ ms/, "N ms"))).toEqual([
          "GET /contacts/jane 200 N ms",
          "PUT /contacts/jane 503 N ms (fault: Status)",
          "GET /contacts/search/duplicate?locationId&email 200 N ms",
          "GET /nothing/of/the/kind 404 N ms",
          "GET /contacts/jane 403 N ms",
          "DELETE /contacts/jane incomplete response N ms (fault: Reset)"
        ])
        expect(Number(/(\d+) ms/.exec(told[0] ?? "")?.[1])).toBeGreaterThan(10)
        expect(lines.join("\n")).not.toMatch(/pit-|jane@|jane%40/)
      })
    ).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
  })

  it.effect("stops when its scope ends", () =>
    Effect.gen(function* () {
      const url = yield* within(
        {},
        Effect.map(Sandbox, ({ url }) => url)
      )
      const result = yield* Effect.either(Effect.tryPromise(() => fetch(url)))
      expect(Either.isLeft(result)).toBe(true)
    })
  )

  it.effect("fails to build with invalid locations or tokens, with a message for each fault", () =>
    Effect.gen(function* () {
      const location = { id: "acme", duplicates: { allow: false, check: ["email"] } }
      const invalid: ReadonlyArray<readonly [options: object, words: string]> = [
        [{ locations: [] }, "The option `locations` of the sandbox is invalid: 0 is missing"],
        [{ locations: ["acme"] }, "`locations` of the sandbox is invalid: 0 Expected"],
        [{ locations: [{ id: "acme", duplicates: {} }] }, "0.duplicates.allow is missing"],
        [
          { locations: [{ ...location, duplicates: { allow: false, check: ["mail"] } }] },
          "0.duplicates.check.0 Expected"
        ],
        [{ locations: [{ ...location, customFieldInput: { byKey: "no" } }] }, "0.customFieldInput.byKey Expected"],
        [{ locations: [{ ...location, indexlag: 1 }] }, "0.indexlag is unexpected"],
        [{ tokens: [{ token: "", scopes: ["contacts"] }] }, "`tokens` of the sandbox is invalid: 0.token Expected"]
      ]
      for (const [options, words] of invalid) {
        const exit = yield* Effect.exit(Effect.scoped(Layer.build(Sandbox.layer(options as Options))))
        expect(Exit.isFailure(exit) && Cause.isDie(exit.cause) ? Cause.pretty(exit.cause) : exit).toContain(words)
      }
    })
  )

  it.effect("fails with a ServeError if its port is in use", () =>
    within(
      {},
      Effect.gen(function* () {
        const { url } = yield* Sandbox
        const second = Sandbox.layer({ port: Number(new URL(url).port) })
        expect(yield* Effect.flip(Effect.scoped(Layer.build(second)))).toMatchObject({ _tag: "ServeError" })
      })
    )
  )
})
