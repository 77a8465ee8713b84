import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { SqlClient } from "@effect/sql"
import { LibsqlClient } from "@effect/sql-libsql"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Credentials from "effect-growthhub/Credentials"
import { CustomFieldsService } from "effect-growthhub/CustomFieldsService"
import * as GrowthHub from "effect-growthhub/GrowthHub"
import { NotesService } from "effect-growthhub/NotesService"
import { TasksService } from "effect-growthhub/TasksService"
import { Sandbox } from "effect-growthhub/Sandbox"
import { ContactId, LocationId } from "effect-growthhub/Schema"
import * as TokenStoreRedis from "effect-growthhub/TokenStoreRedis"
import { execFile, spawn } from "node:child_process"
import { generateKeyPairSync, sign } from "node:crypto"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { directory as tempDirectory } from "./directory.js"
import { programOf } from "./programs.js"
import * as RedisServer from "./redis.js"

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")

const [acme, globex] = [LocationId.make("acme"), LocationId.make("globex")]

/** A sandbox with a token for each of two locations. */
const twoAccounts = Sandbox.layer({
  locations: [acme, globex].map((id) => ({ id, duplicates: { allow: false, check: ["email"] } })),
  contacts: [
    { id: ContactId.make("jane"), locationId: acme, email: "jane@acme.example" },
    { id: ContactId.make("john"), locationId: globex, email: "john@globex.example" }
  ],
  tokens: [acme, globex].map((locationId) => ({
    token: `pit-${locationId}`,
    locationId,
    scopes: ["contacts.readonly"]
  }))
})

const running = (file: string, args: ReadonlyArray<string>, environment: Record<string, string>) =>
  Effect.async<{ readonly code: number; readonly output: string }>((resume) => {
    execFile(
      process.execPath,
      [programOf(file), ...args],
      {
        cwd: fileURLToPath(new URL("..", import.meta.url)),
        env: { PATH: process.env["PATH"] ?? "", ...environment }
      },
      (error, stdout, stderr) =>
        resume(Effect.succeed({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }))
    )
  })

const scoped = RedisServer.isThere ? it.scopedLive : it.scopedLive.skip

describe("examples/many-locations.ts", () => {
  scoped("reads a contact with a grant from Redis, and reports a customer who must reconnect the app", () =>
    Effect.gen(function* () {
      const { url, app, install } = yield* Sandbox
      const directory = yield* tempDirectory
      const { client, socket } = yield* RedisServer.make(directory)
      const store = TokenStoreRedis.make({ client })
      yield* Credentials.authorizationCode({ ...app, code: yield* install({ locationId }), store, baseUrl: url })
      const environment = {
        REDIS_URL: socket,
        GROWTHHUB_BASE_URL: url,
        GROWTHHUB_CLIENT_ID: app.clientId,
        GROWTHHUB_CLIENT_SECRET: Redacted.value(app.clientSecret)
      }
      const known = yield* running("examples/many-locations.ts", [locationId, "jane"], environment)
      expect(known).toEqual({ code: 0, output: "jane [ 'vip' ]\n" })
      const unknown = yield* running("examples/many-locations.ts", ["elsewhere", "jane"], environment)
      expect(unknown.output).toContain("The customer of elsewhere must reconnect the app.")
    }).pipe(
      Effect.provide(FetchHttpClient.layer),
      Effect.provide(Sandbox.layer({ contacts: [{ id: ContactId.make("jane"), locationId, tags: ["vip"] }] }))
    )
  )
})

describe("examples/two-accounts.ts", () => {
  it.scopedLive("reads the contact of each account with the account's own token", () =>
    Effect.gen(function* () {
      const { url } = yield* Sandbox
      const environment = { GROWTHHUB_BASE_URL: url, ACME_TOKEN: "pit-acme", GLOBEX_TOKEN: "pit-globex" }
      const { code, output } = yield* running("examples/two-accounts.ts", ["jane", "john"], environment)
      expect(output).toBe("Acme: jane@acme.example, Globex: john@globex.example\n")
      expect(code).toBe(0)
      // Neither token gives access to the contact of the other account.
      const swapped = yield* running("examples/two-accounts.ts", ["john", "jane"], environment)
      expect(swapped).toMatchObject({ code: 1, output: expect.stringContaining("Forbidden") as unknown })
    }).pipe(Effect.provide(twoAccounts))
  )
})

describe("examples/follow-up.ts", () => {
  it.scopedLive("finds contacts by tag and adds a note, a task, a tag and a custom field to each", () =>
    Effect.gen(function* () {
      const { contacts, locationId, token, url } = yield* Sandbox
      const Services = Layer.provide(GrowthHub.layer({ token, baseUrl: url }), FetchHttpClient.layer)
      yield* Effect.flatMap(CustomFieldsService, (fields) =>
        fields.createCustomField(locationId, { name: "Follow-up", dataType: "TEXT" })
      ).pipe(Effect.provide(Services))
      const environment = {
        GROWTHHUB_BASE_URL: url,
        GROWTHHUB_TOKEN: Redacted.value(token),
        GROWTHHUB_LOCATION_ID: locationId
      }
      const { code, output } = yield* running("examples/follow-up.ts", ["webinar"], environment)
      expect(output).toBe("1 contacts to follow up\n")
      expect(code).toBe(0)
      const [jane, john] = yield* contacts
      expect(jane).toMatchObject({ tags: ["webinar", "follow-up"], customFields: [{ value: "planned" }] })
      expect(john).toMatchObject({ tags: [] })
      const made = yield* Effect.gen(function* () {
        const id = ContactId.make("jane")
        return [yield* (yield* NotesService).getAllNotes(id), yield* (yield* TasksService).getAllTasks(id)]
      }).pipe(Effect.provide(Services))
      expect(made).toMatchObject([[{ body: "Follow-up of webinar planned" }], [{ title: "Call about webinar" }]])
    }).pipe(
      Effect.provide(
        Sandbox.layer({ contacts: [{ id: ContactId.make("jane"), tags: ["webinar"] }, { id: ContactId.make("john") }] })
      )
    )
  )
})

describe("examples/nightly-sync.ts", () => {
  const day = (number: number) => DateTime.unsafeMake(`2026-01-0${number}T00:00:00Z`)

  const inDatabase = <A, E>(file: string, run: (sql: SqlClient.SqlClient) => Effect.Effect<A, E>) =>
    Effect.flatMap(SqlClient.SqlClient, run).pipe(Effect.provide(LibsqlClient.layer({ url: pathToFileURL(file) })))

  const stored = (file: string) =>
    inDatabase(file, (sql) =>
      Effect.all({
        contacts: sql`SELECT id, email, tags FROM contacts ORDER BY id`,
        syncs: sql`SELECT * FROM syncs`
      })
    )

  it.scopedLive("copies all contacts, then only changed contacts, and stores its progress", () =>
    Effect.gen(function* () {
      const { locationId, seed, token, url } = yield* Sandbox
      const directory = yield* tempDirectory
      const file = join(directory, "contacts.db")
      const sync = running("examples/nightly-sync.ts", [file], {
        GROWTHHUB_BASE_URL: url,
        GROWTHHUB_TOKEN: Redacted.value(token),
        GROWTHHUB_LOCATION_ID: locationId
      })
      // If the progress cannot be saved, the page is not saved either.
      yield* inDatabase(
        file,
        (sql) => sql`CREATE TABLE syncs (location_id TEXT PRIMARY KEY, until TEXT CHECK (until < 0))`
      )
      expect(yield* sync).toMatchObject({ code: 1 })
      expect(yield* stored(file)).toEqual({ contacts: [], syncs: [] })
      yield* inDatabase(file, (sql) => sql`DROP TABLE syncs`)
      expect(yield* sync).toEqual({ code: 0, output: "3 contacts in the first run\n" })
      const until = DateTime.toEpochMillis(day(3))
      expect((yield* stored(file)).syncs).toEqual([{ location_id: locationId, until }])
      // One contact has changed, one is new, and one has the time of the last change.
      yield* seed([
        { id: ContactId.make("ada"), email: "new@example.com", tags: ["vip"], dateUpdated: day(4) },
        { id: ContactId.make("dan"), email: "dan@example.com", dateUpdated: day(5) },
        { id: ContactId.make("eve"), dateUpdated: day(3) }
      ])
      expect(yield* sync).toEqual({ code: 0, output: "4 contacts since 2026-01-03T00:00:00.000Z\n" })
      const nothing = { email: null, tags: "[]" }
      expect(yield* stored(file)).toEqual({
        contacts: [
          { id: "ada", email: "new@example.com", tags: '["vip"]' },
          { id: "bob", ...nothing },
          { id: "cyd", ...nothing },
          { id: "dan", email: "dan@example.com", tags: "[]" },
          { id: "eve", ...nothing }
        ],
        syncs: [{ location_id: locationId, until: DateTime.toEpochMillis(day(5)) }]
      })
    }).pipe(
      Effect.provide(
        Sandbox.layer({
          contacts: [
            { id: ContactId.make("ada"), email: "ada@example.com", dateUpdated: day(1) },
            { id: ContactId.make("bob"), dateUpdated: day(2) },
            { id: ContactId.make("cyd"), dateUpdated: day(3) }
          ]
        })
      )
    )
  )
})

describe("examples/webhooks.ts", () => {
  it.scopedLive("accepts each event once, reads a changed contact, and adds a tag and a field to a new contact", () =>
    Effect.gen(function* () {
      const { url, token } = yield* Sandbox
      const { publicKey, privateKey } = generateKeyPairSync("ed25519")
      const app = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, [programOf("examples/webhooks.ts")], {
            cwd: fileURLToPath(new URL("..", import.meta.url)),
            env: {
              PATH: process.env["PATH"],
              GROWTHHUB_BASE_URL: url,
              GROWTHHUB_TOKEN: Redacted.value(token),
              GROWTHHUB_WEBHOOK_KEYS: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
              GROWTHHUB_WEBHOOK_APP_ID: "app",
              PORT: "0"
            }
          })
        ),
        (app) => Effect.sync(() => void app.kill())
      )
      let output = ""
      const printed = (pattern: RegExp) =>
        Effect.async<string>((resume) => {
          const look = () => {
            const found = pattern.exec(output)
            if (found !== null) resume(Effect.succeed(found[1] ?? found[0]))
          }
          app.stdout.on("data", look)
          app.once("exit", () => resume(Effect.die(new Error(`ended: ${output}`))))
          look()
        })
      app.stdout.on("data", (chunk: Buffer) => (output += String(chunk)))
      const port = yield* printed(/Listening on \S*?:(\d+)/)
      const deliver = (event: object) =>
        Effect.promise(async () => {
          const body = JSON.stringify({ appId: "app", timestamp: new Date().toISOString(), ...event })
          const signature = sign(null, Buffer.from(body), privateKey).toString("base64")
          const headers = { "x-ghl-signature": signature }
          return (await fetch(`http://127.0.0.1:${port}/webhooks/crm`, { method: "POST", body, headers })).status
        })
      const event = { type: "ContactUpdate", id: "jane", email: "late@example.com", webhookId: "1" }
      expect(yield* deliver(event)).toBe(204)
      expect(yield* deliver(event)).toBe(200)
      expect(yield* deliver({ ...event, webhookId: "2", appId: "another" })).toBe(401)
      expect(yield* printed(/jane has changed: .*/)).toBe("jane has changed: jane@example.com")
      expect(yield* deliver({ type: "ContactCreate", id: "john", locationId, source: "form", webhookId: "4" })).toBe(
        204
      )
      yield* printed(/john is a new lead/)
      expect((yield* (yield* Sandbox).contacts)[1]).toMatchObject({
        tags: ["new-lead"],
        customFields: [{ id: "sourceId", value: "form" }]
      })
      expect(yield* deliver({ type: "UNINSTALL", locationId: "acme", webhookId: "3" })).toBe(204)
      yield* printed(/acme has removed the app/)
    }).pipe(
      Effect.provide(
        Sandbox.layer({
          contacts: [
            { id: ContactId.make("jane"), locationId, email: "jane@example.com" },
            { id: ContactId.make("john"), locationId }
          ],
          customFields: [{ id: "sourceId", name: "Lead source", dataType: "TEXT" }]
        })
      )
    )
  )
})

describe("examples/telemetry.ts", () => {
  it.scopedLive("exports a call and its request to OpenTelemetry", () =>
    Effect.gen(function* () {
      const { url, token } = yield* Sandbox
      const environment = { GROWTHHUB_BASE_URL: url, GROWTHHUB_TOKEN: Redacted.value(token) }
      const { code, output } = yield* running("examples/telemetry.ts", ["jane"], environment)
      expect(code).toBe(0)
      for (const name of ["ContactsService.getContact", "GET /contacts/{contactId}", "http.client.request.duration"]) {
        expect(output).toContain(name)
      }
    }).pipe(Effect.provide(Sandbox.layer({ contacts: [{ id: ContactId.make("jane"), locationId }] })))
  )
})

describe("examples/leads-app/main.ts", () => {
  it.scopedLive("serves leads, and refuses an unsigned event", () =>
    Effect.gen(function* () {
      const { url, token } = yield* Sandbox
      const publicKey = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "der" })
      const app = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, [programOf("examples/leads-app/main.ts")], {
            cwd: fileURLToPath(new URL("..", import.meta.url)),
            env: {
              PATH: process.env["PATH"],
              GROWTHHUB_BASE_URL: url,
              GROWTHHUB_TOKEN: Redacted.value(token),
              GROWTHHUB_LOCATION_ID: locationId,
              GROWTHHUB_WEBHOOK_KEYS: publicKey.toString("base64"),
              PORT: "0"
            }
          })
        ),
        (app) => Effect.sync(() => void app.kill())
      )
      const address = yield* Effect.async<string>((resume) => {
        let output = ""
        app.stdout.on("data", (chunk: Buffer) => {
          output += String(chunk)
          const [, port] = /Listening on \S*?:(\d+)/.exec(output) ?? []
          if (port !== undefined) resume(Effect.succeed(`http://127.0.0.1:${port}`))
        })
        app.once("exit", () => resume(Effect.die(new Error(`ended: ${output}`))))
      })
      const answered = (path: string, init?: RequestInit) =>
        Effect.promise(async () => {
          const answer = await fetch(`${address}${path}`, init)
          return { status: answer.status, body: await answer.text() }
        })
      expect(yield* answered("/leads/jane")).toMatchObject({
        status: 200,
        body: expect.stringContaining("jane") as unknown
      })
      expect(yield* answered("/leads/nobody")).toMatchObject({ status: 404 })
      expect(yield* answered("/webhooks/crm", { method: "POST", body: "{}" })).toMatchObject({ status: 401 })
    }).pipe(Effect.provide(Sandbox.layer({ contacts: [{ id: ContactId.make("jane"), locationId }] })))
  )
})

describe("examples/leads-app/oauth.ts", () => {
  it.scopedLive("connects two locations, reads a contact of each, and drops a location that uninstalls the app", () =>
    Effect.gen(function* () {
      const { url, app, install } = yield* Sandbox
      const { publicKey, privateKey } = generateKeyPairSync("ed25519")
      const directory = yield* tempDirectory
      const server = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, [programOf("examples/leads-app/oauth.ts")], {
            cwd: fileURLToPath(new URL("..", import.meta.url)),
            env: {
              PATH: process.env["PATH"],
              GROWTHHUB_BASE_URL: url,
              GROWTHHUB_CLIENT_ID: app.clientId,
              GROWTHHUB_CLIENT_SECRET: Redacted.value(app.clientSecret),
              GROWTHHUB_WEBHOOK_KEYS: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
              PUBLIC_URL: "http://127.0.0.1:3000",
              DATABASE: join(directory, "grants.db"),
              PORT: "0"
            }
          })
        ),
        (server) => Effect.sync(() => void server.kill())
      )
      const address = yield* Effect.async<string>((resume) => {
        let output = ""
        server.stdout.on("data", (chunk: Buffer) => {
          output += String(chunk)
          const [, port] = /Listening on \S*?:(\d+)/.exec(output) ?? []
          if (port !== undefined) resume(Effect.succeed(`http://127.0.0.1:${port}`))
        })
        server.once("exit", () => resume(Effect.die(new Error(`ended: ${output}`))))
      })
      const get = (path: string, init: RequestInit = {}) =>
        Effect.promise(async () => {
          const response = await fetch(`${address}${path}`, { redirect: "manual", ...init })
          return { status: response.status, headers: response.headers, body: await response.text() }
        })
      const connect = (locationId: LocationId) =>
        Effect.gen(function* () {
          const { headers, status } = yield* get("/connect")
          expect(status).toBe(302)
          const consent = new URL(headers.get("location") ?? "")
          expect(consent.searchParams.get("redirect_uri")).toBe("http://127.0.0.1:3000/callback")
          const cookie = headers.get("set-cookie") ?? ""
          expect(cookie).toContain("HttpOnly")
          const code = Redacted.value(yield* install({ locationId }))
          const back = `/callback?code=${encodeURIComponent(code)}&state=${consent.searchParams.get("state")}`
          const forged = yield* get(back)
          expect(forged.status, "without the visitor's cookie").toBe(400)
          return yield* get(back, { headers: { cookie: cookie.split(";")[0]! } })
        })
      for (const location of [acme, globex]) {
        const connected = yield* connect(location)
        expect(connected).toMatchObject({ status: 200, body: `Connected: ${location}` })
        expect(connected.headers.get("set-cookie"), "the state works once").toContain("Max-Age=0")
      }
      expect(yield* get("/locations/acme/contacts/jane")).toMatchObject({
        status: 200,
        body: JSON.stringify({ id: "jane", email: "jane@acme.example" })
      })
      expect(yield* get("/locations/globex/contacts/john")).toMatchObject({ status: 200 })
      const body = JSON.stringify({ type: "UNINSTALL", locationId: "acme", webhookId: "1" })
      const signature = sign(null, Buffer.from(body), privateKey).toString("base64")
      const headers = { "x-ghl-signature": signature }
      expect(yield* get("/webhooks/crm", { method: "POST", body, headers })).toMatchObject({ status: 204 })
      expect(yield* get("/locations/acme/contacts/jane")).toMatchObject({ status: 409 })
      expect(yield* get("/locations/globex/contacts/john")).toMatchObject({ status: 200 })
    }).pipe(Effect.provide(twoAccounts))
  )
})
