import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { BadRequest } from "effect-growthhub/Errors"
import { ContactsTest } from "effect-growthhub/ContactsTest"
import * as HttpLayer from "effect-growthhub/HttpLayer"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { Sandbox } from "effect-growthhub/Sandbox"
import { type Contact, type ContactCreate, ContactId, CustomField, LocationId } from "effect-growthhub/Schema"
import { json, serving } from "./servers.js"

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")

const contacts: ReadonlyArray<Contact> = [
  { id: ContactId.make("jane"), locationId, name: "Jane Roe", email: "Jane@Example.com", phone: "+1 555-010-0001" },
  { id: ContactId.make("john"), locationId, name: "John Doe", email: "john@example.com", phone: "+15550100002" },
  { id: ContactId.make("foreign"), locationId: LocationId.make("elsewhere"), email: "jane@example.com" }
]

const jane = ContactId.make("jane")
const john = ContactId.make("john")

const overHttp = Layer.unwrapEffect(
  Effect.map(Sandbox, ({ url, token }) => ContactsService.layer({ baseUrl: url, token }))
).pipe(Layer.provide(FetchHttpClient.layer), Layer.provide(Sandbox.layer({ contacts })), Layer.orDie)

const inMemory = ContactsTest.layer({ contacts })

describe.each([
  ["in memory", inMemory],
  ["over HTTP, against the sandbox", overHttp]
] as const)("ContactsService %s", (_, layer) => {
  const calling = <A, E>(call: (contacts: ContactsService["Type"]) => Effect.Effect<A, E>) =>
    Effect.flatMap(ContactsService, call).pipe(Effect.provide(Layer.fresh(layer)))

  it.effect("gets a contact by its id", () =>
    Effect.gen(function* () {
      const contact = yield* calling((contacts) => contacts.getContact(jane))
      const { name: _, ...answered } = contacts[0]!
      expect(contact).toMatchObject({
        ...answered,
        fullNameLowerCase: "jane roe",
        type: "lead",
        tags: [],
        emailLowerCase: "jane@example.com"
      })
      expect(contact.dateAdded && DateTime.toEpochMillis(contact.dateAdded)).toBe(0)
    })
  )

  it.effect("fails with BadRequest for an unknown contact", () =>
    Effect.gen(function* () {
      const nobody = ContactId.make("nobody")
      for (const call of [
        (contacts: ContactsService["Type"]) => contacts.getContact(nobody),
        (contacts: ContactsService["Type"]) => contacts.updateContact(nobody, { city: "Austin" })
      ]) {
        const error = yield* Effect.flip(calling(call))
        expect(error).toMatchObject({ _tag: "BadRequest", isContactNotFound: true, status: 400, attempts: 1 })
        expect(error.message).toBe("Contact not found for id:nobody")
        expect((error as BadRequest).traceId).toMatch(/^[\w-]{36}$/)
      }
    })
  )

  it.effect("fails with Forbidden for a contact of another location", () =>
    Effect.gen(function* () {
      const foreign = ContactId.make("foreign")
      expect(yield* Effect.flip(calling((contacts) => contacts.getContact(foreign)))).toMatchObject({
        _tag: "Forbidden"
      })
      const upsert = { locationId: LocationId.make("elsewhere"), email: "new@example.com" }
      expect(yield* Effect.flip(calling((contacts) => contacts.upsertContact(upsert)))).toMatchObject({
        _tag: "Forbidden",
        status: 403,
        message: "The token does not have access to this location."
      })
    })
  )

  it.effect("creates a contact by upsert, and matches it by email and by phone", () =>
    calling((contacts) =>
      Effect.gen(function* () {
        const made = yield* contacts.upsertContact({
          locationId,
          firstName: "Rosan",
          lastName: "Deo",
          email: "Rosan@Deos.com",
          phone: "+1 888-888-8888",
          companyName: "DGS VolMAX",
          country: "US"
        })
        expect(made.traceId).toMatch(/^[\w-]{36}$/)
        expect(made).toMatchObject({
          new: true,
          firstName: "Rosan",
          lastName: "Deo",
          type: "lead",
          country: "US",
          companyName: "DGS VolMAX",
          emailLowerCase: "rosan@deos.com",
          fullNameLowerCase: "rosan deo"
        })
        const byEmail = yield* contacts.upsertContact({ locationId, email: "rosan@DEOS.com", city: "Dolomite" })
        expect(byEmail).toMatchObject({ new: false, id: made.id, city: "Dolomite", firstName: "Rosan" })
        const byPhone = yield* contacts.upsertContact({ locationId, phone: "+1 (888) 888 8888", state: "AL" })
        expect(byPhone).toMatchObject({ new: false, id: made.id, state: "AL" })
        const { new: _, traceId: __, ignored: ___, ...contact } = byPhone
        expect(contact).toMatchObject(yield* contacts.getContact(made.id))
      })
    )
  )

  it.effect("updates the first match of an upsert that matches two contacts, and ignores the other's phone", () =>
    calling((contacts) =>
      Effect.gen(function* () {
        const upserted = yield* contacts.upsertContact({
          locationId,
          email: "jane@example.com",
          phone: "+1 555 010 0002",
          city: "Austin"
        })
        expect(upserted).toMatchObject({ new: false, id: jane, city: "Austin", phone: "+1 555-010-0001" })
        expect(upserted.ignored).toEqual(["phone"])
        expect(yield* contacts.getContact(john)).toMatchObject({ phone: "+15550100002" })
      })
    )
  )

  it.effect("lists ignored fields, but not fields that the service only normalizes", () =>
    calling((contacts) =>
      Effect.gen(function* () {
        const sent = {
          locationId,
          name: "Ann Lee",
          email: "Ann@Example.com",
          phone: "(555) 010-0003",
          gender: "female",
          tags: ["VIP"],
          dateOfBirth: "09/25/1990",
          dndSettings: { SMS: { status: "active" } },
          customFields: [CustomField.number("size", 3)]
        } as const
        const made = yield* contacts.createContact(sent)
        expect(made.ignored).toEqual([])
        expect((yield* contacts.upsertContact({ ...sent, gender: "male" })).ignored).toEqual(["gender"])
        const { gender: _, locationId: __, ...changes } = sent
        expect((yield* contacts.updateContact(made.id, changes)).ignored).toEqual([])
      })
    )
  )

  it.effect("changes given fields, clears null fields, and keeps the others", () =>
    calling((contacts) =>
      Effect.gen(function* () {
        const updated = yield* contacts.updateContact(jane, {
          firstName: "Janet",
          city: "Austin",
          phone: null,
          tags: ["VIP", "Webinar", "vip"],
          dateOfBirth: DateTime.unsafeMake("1990-09-25T12:00:00Z"),
          dndSettings: { SMS: { status: "permanent", code: "1" } }
        })
        expect(updated).toMatchObject({
          id: jane,
          firstName: "Janet",
          email: "Jane@Example.com",
          city: "Austin",
          tags: ["vip", "webinar"],
          dateOfBirth: "1990-09-25",
          dndSettings: { SMS: { status: "permanent", code: "1" } }
        })
        expect("phone" in updated).toBe(false)
        const again = yield* contacts.updateContact(jane, { tags: ["Last"] })
        expect(again).toMatchObject({ tags: ["last"], city: "Austin" })
        const { ignored, ...saved } = again
        expect(ignored).toEqual([])
        expect(yield* contacts.getContact(jane)).toEqual(saved)
      })
    )
  )

  it.effect("does not change a field that is undefined", () =>
    calling((contacts) =>
      Effect.gen(function* () {
        const changes = { name: undefined, email: undefined, dndSettings: { Call: undefined }, city: "Austin" }
        expect(yield* contacts.updateContact(jane, changes)).toMatchObject({
          fullNameLowerCase: "jane roe",
          email: "Jane@Example.com",
          city: "Austin"
        })
      })
    )
  )

  it.effect("keeps custom fields of every kind", () =>
    calling((contacts) =>
      Effect.gen(function* () {
        const file = { url: "https://example.com/a.jpg", documentId: "d", meta: { size: 3, mimetype: "image/jpeg" } }
        const customFields = [
          CustomField.text("text", "My Text", "my_key"),
          CustomField.number("number", 100.5),
          CustomField.options("options", ["a", "b"]),
          CustomField.files("files", { "f31175d4-2b06-4fc6-b7bc-74cd814c68cb": file })
        ]
        const updated = yield* contacts.updateContact(jane, { customFields })
        expect(updated.customFields).toEqual(customFields.map(({ id, value }) => ({ id, value })))
        const changed = yield* contacts.updateContact(jane, {
          customFields: [CustomField.text("text", "Changed"), CustomField.text("more", "x")]
        })
        expect(changed.customFields?.map(({ id, value }) => [id, typeof value === "string" ? value : "kept"])).toEqual([
          ["text", "Changed"],
          ["number", "kept"],
          ["options", "kept"],
          ["files", "kept"],
          ["more", "x"]
        ])
      })
    )
  )

  it.effect("rejects invalid input before it is sent, with a line per fault", () =>
    Effect.gen(function* () {
      const invalid = { locationId, dateOfBirth: "1990-02-30", email: "" }
      const error = yield* Effect.flip(calling((contacts) => contacts.updateContact(jane, invalid)))
      expect(error).toMatchObject({ _tag: "Unprocessable", operation: "updateContact", attempts: 0 })
      expect(error.status).toBeUndefined()
      expect(error.details).toHaveLength(3)
      const both = yield* Effect.flip(calling((contacts) => contacts.updateContact("../jane" as ContactId, invalid)))
      expect(both.details).toHaveLength(4)
    })
  )

  it.effect("fails with Unprocessable for input that only the service can reject", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(calling((contacts) => contacts.updateContact(jane, { email: "jane@example" })))
      expect(error).toMatchObject({
        _tag: "Unprocessable",
        status: 422,
        attempts: 1,
        details: ["email must be an email"]
      })
    })
  )

  it.effect("fails with BadRequest for a duplicate, with its id and without its name", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        calling((contacts) => contacts.updateContact(jane, { email: "john@example.com" }))
      )
      expect(error).toMatchObject({
        _tag: "BadRequest",
        isContactNotFound: false,
        message: "This location does not allow duplicated contacts.",
        duplicateOf: john,
        matchingField: "email"
      })
      expect(JSON.stringify(error)).not.toMatch(/john doe|john@/i)
    })
  )
})

describe("ContactsService.layerConfig", () => {
  const unreachable = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make(() => Effect.die("a request was sent"))
  )

  const built = (config: Record<string, string>, layer = ContactsService.layerConfig()) =>
    Layer.build(Layer.provide(layer, unreachable)).pipe(
      Effect.scoped,
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(config))))
    )

  const reason = (error: ConfigError.ConfigError) => JSON.stringify(error).replaceAll("\\", "")

  it.effect("requires a token", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(built({}))
      expect(reason(error)).toContain("GROWTHHUB_TOKEN")
    })
  )

  it.effect("rejects a malformed token without repeating it", () =>
    Effect.gen(function* () {
      for (const [token, why] of [
        ["", "is empty"],
        ["Bearer canary", 'begins with "Bearer"'],
        ["canary\n", "line break"],
        ["can ary", "spaces"],
        ['"canary"', "quotes"]
      ] as const) {
        const error = yield* Effect.flip(built({ GROWTHHUB_TOKEN: token }))
        expect(reason(error)).toContain("GROWTHHUB_TOKEN")
        expect(reason(error)).toContain(why)
        expect(reason(error)).not.toMatch(/canary|can ary/)
      }
    })
  )

  it.effect("rejects a base URL that is neither https nor loopback", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(built({ GROWTHHUB_TOKEN: "t", GROWTHHUB_BASE_URL: "http://example.com" }))
      expect(reason(error)).toContain("GROWTHHUB_BASE_URL")
      expect(reason(error)).toContain("https")
    })
  )

  it.effect("uses the vendor's host and a deadline of 30 seconds by default", () =>
    Effect.gen(function* () {
      const sent: Array<string> = []
      const spy = HttpClient.make((_, url) => {
        sent.push(url.href)
        return Effect.never
      })
      const fiber = yield* Effect.flatMap(ContactsService, (contacts) => contacts.getContact(jane)).pipe(
        Effect.provide(ContactsService.layerConfig()),
        Effect.provideService(HttpClient.HttpClient, spy),
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["GROWTHHUB_TOKEN", "pit-1"]]))),
        Effect.exit,
        Effect.fork
      )
      yield* TestClock.adjust("29999 millis")
      expect(fiber.unsafePoll()).toBeNull()
      yield* TestClock.adjust("1 millis")
      yield* fiber.await
      expect(new Set(sent)).toEqual(new Set(["https://services.leadconnectorhq.com/contacts/jane"]))
    })
  )

  it.effect("names only the app's variables in an error, and reports every fault", () =>
    Effect.gen(function* () {
      const own = { token: Config.redacted("CRM_TOKEN"), baseUrl: Config.string("CRM_URL") }
      const error = yield* Effect.flip(
        built({ CRM_TOKEN: "Bearer canary", CRM_URL: "nowhere" }, ContactsService.layerConfig(own))
      )
      expect(reason(error)).toContain('The token begins with "Bearer"')
      expect(reason(error)).toContain("CRM_URL")
      expect(reason(error)).not.toMatch(/canary|GROWTHHUB/)
    })
  )

  it.scoped("reads the default variables for settings that the app does not configure", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => json(response, 200, { contact: { id: "jane" } }))
      const configs = [
        {},
        { token: Config.redacted("CRM_TOKEN") },
        { versions: Config.succeed({ getContact: "v3" } as const) }
      ] as const
      for (const config of configs) {
        yield* Effect.flatMap(ContactsService, (contacts) => contacts.getContact(jane)).pipe(
          Effect.provide(ContactsService.layerConfig(config)),
          Effect.provide(FetchHttpClient.layer),
          Effect.withConfigProvider(
            ConfigProvider.fromMap(
              new Map([
                ["CRM_TOKEN", "pit-own"],
                ["GROWTHHUB_TOKEN", "pit-default"],
                ["GROWTHHUB_BASE_URL", url]
              ])
            )
          )
        )
      }
      expect(seen.map(({ headers }) => headers.authorization)).toEqual([
        "Bearer pit-default",
        "Bearer pit-own",
        "Bearer pit-default"
      ])
    })
  )

  it.scoped("reads the token and the base URL from the app's configuration", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => json(response, 200, { contact: { id: "jane" } }))
      yield* Effect.flatMap(ContactsService, (contacts) => contacts.getContact(jane)).pipe(
        Effect.provide(
          ContactsService.layerConfig({ token: Config.redacted("CRM_TOKEN"), baseUrl: Config.succeed(url) })
        ),
        Effect.provide(FetchHttpClient.layer),
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["CRM_TOKEN", "pit-2"]])))
      )
      expect(seen[0]?.headers.authorization).toBe("Bearer pit-2")
    })
  )
})

describe("a layer of ContactsService", () => {
  it.effect("can be mocked one method at a time", () =>
    Effect.gen(function* () {
      const layer = Layer.mock(ContactsService, {
        getContact: (id) => Effect.succeed({ id, firstName: "Rosan" })
      })
      const contact = yield* Effect.flatMap(ContactsService, (contacts) => contacts.getContact(jane)).pipe(
        Effect.provide(layer)
      )
      expect(contact).toEqual({ id: jane, firstName: "Rosan" })
    })
  )

  it.effect("in memory exposes its contacts and starts empty each time", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const service = yield* ContactsService
        const { contacts, locationId } = yield* ContactsTest
        yield* service.upsertContact({ locationId, email: "a@example.com" })
        return (yield* contacts).map(({ email }) => email)
      })
      const layer = ContactsTest.layer({ locationId: LocationId.make("mine") })
      expect(yield* Effect.provide(program, layer)).toEqual(["a@example.com"])
      expect(yield* Effect.provide(program, layer)).toEqual(["a@example.com"])
    })
  )

  it.effect("in memory follows the location's setting for duplicates", () =>
    Effect.gen(function* () {
      const twice = Effect.gen(function* () {
        const service = yield* ContactsService
        const contact = { locationId, email: "a@example.com", createNewIfDuplicateAllowed: true }
        yield* service.upsertContact(contact)
        return (yield* service.upsertContact(contact)).new
      })
      expect(yield* Effect.provide(twice, ContactsTest.layer())).toBe(false)
      const allowing = ContactsTest.layer({ duplicates: { allow: true, check: ["email"] } })
      expect(yield* Effect.provide(twice, allowing)).toBe(true)
    })
  )

  it.scoped("does not add the bearer to the requests of the app's own client", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => json(response, 200, { contact: { id: "jane" } }))
      yield* Effect.gen(function* () {
        yield* Effect.flatMap(ContactsService, (contacts) => contacts.getContact(jane))
        const client = yield* HttpClient.HttpClient
        yield* client.get(url)
      }).pipe(
        Effect.provide(ContactsService.layer({ token: Redacted.make("pit-3"), baseUrl: url })),
        Effect.provide(FetchHttpClient.layer)
      )
      expect(seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer pit-3", undefined])
    })
  )
})

describe.each([
  ["in memory", inMemory],
  ["over HTTP, against the sandbox", overHttp]
] as const)("created and deleted contacts, %s", (_, layer) => {
  const calling = <A, E>(call: (contacts: ContactsService["Type"]) => Effect.Effect<A, E>) =>
    Effect.flatMap(ContactsService, call).pipe(Effect.provide(Layer.fresh(layer)))

  it.effect("cannot be created twice: the error has the id of the existing contact", () =>
    calling((service) =>
      Effect.gen(function* () {
        const created = yield* service.createContact({ locationId, email: "new@example.com", gender: "female" })
        expect(created).toMatchObject({ email: "new@example.com", gender: "female", country: "US" })
        const duplicate = yield* Effect.flip(service.createContact({ locationId, email: "NEW@example.com" }))
        expect(duplicate).toMatchObject({ _tag: "BadRequest", duplicateOf: created.id, matchingField: "email" })
      })
    )
  )

  it.effect("are found by email or phone with `getDuplicateContact`", () =>
    calling((service) =>
      Effect.gen(function* () {
        const found = (identity: { readonly email?: string; readonly phone?: string }) =>
          Effect.map(
            service.getDuplicateContact({ locationId, ...identity }),
            Option.map(({ id }) => id)
          )
        expect(yield* found({ email: "JANE@example.com" })).toEqual(Option.some(jane))
        expect(yield* found({ phone: "+1 (555) 010-0002" })).toEqual(Option.some(john))
        expect(yield* found({ email: "test+nobody@example.com" })).toEqual(Option.none())
      })
    )
  )

  it.effect("are not found after they are deleted", () =>
    calling((service) =>
      Effect.gen(function* () {
        yield* service.deleteContact(jane)
        expect(yield* Effect.flip(service.getContact(jane))).toMatchObject({ isContactNotFound: true })
        expect(yield* Effect.flip(service.deleteContact(jane))).toMatchObject({ isContactNotFound: true })
        expect(yield* service.getDuplicateContact({ locationId, email: "jane@example.com" })).toEqual(Option.none())
      })
    )
  )
})

describe("a create whose response is lost", () => {
  const lost = (when: "before" | "after") =>
    ContactsTest.layer({
      retryPolicy: RetryPolicy.make(),
      faults: { rules: [{ fault: { _tag: "Reset", when }, endpoint: "createContact", times: 1 }] }
    })
  const create = (input: Partial<ContactCreate>) =>
    Effect.gen(function* () {
      const service = yield* ContactsService
      const result = yield* Effect.either(service.createContact({ locationId, ...input }))
      return { result, contacts: yield* Effect.flatMap(ContactsTest, ({ contacts }) => contacts) }
    })

  it.effect("succeeds if the duplicate search finds the contact", () =>
    Effect.gen(function* () {
      const { result, contacts } = yield* create({ email: "new@example.com" })
      expect(Either.getOrThrow(result)).toMatchObject({ id: contacts[0]?.id, email: "new@example.com" })
      expect(contacts).toHaveLength(1)
    }).pipe(Effect.provide(lost("after")))
  )

  it.effect("keeps its unknown outcome and is not retried if the duplicate search finds nothing", () =>
    Effect.gen(function* () {
      const { result, contacts } = yield* create({ phone: "+15550100009" })
      expect(Either.getLeft(result).pipe(Option.getOrThrow)).toMatchObject({ outcome: "Unknown", attempts: 1 })
      expect(contacts).toEqual([])
    }).pipe(Effect.provide(lost("before")))
  )

  it.effect("keeps its unknown outcome without an email and a phone", () =>
    Effect.gen(function* () {
      const { result, contacts } = yield* create({ firstName: "Jane" })
      expect(Either.getLeft(result).pipe(Option.getOrThrow)).toMatchObject({ outcome: "Unknown", attempts: 1 })
      expect(contacts).toHaveLength(1)
    }).pipe(Effect.provide(lost("after")))
  )
})

describe("ContactsService.documented", () => {
  const call = Effect.flatMap(ContactsService.documented, (service) => service.getContact(ContactId.make("nobody")))

  it.effect("fails with a documented error", () =>
    Effect.map(Effect.flip(call), (error) => expect(error._tag).toBe("BadRequest")).pipe(Effect.provide(inMemory))
  )

  it.effect("dies with an operational error", () =>
    Effect.gen(function* () {
      yield* (yield* ContactsTest).outage()
      const cause = yield* Effect.flip(Effect.sandbox(call))
      expect(Cause.isDie(cause)).toBe(true)
      expect(Cause.squash(cause)).toMatchObject({ _tag: "ServerError", status: 503 })
    }).pipe(Effect.provide(inMemory))
  )
})

describe("ContactsTest", () => {
  it.effect("fails with the fault that a test sets, and recovers", () =>
    Effect.gen(function* () {
      const service = yield* ContactsService
      const test = yield* ContactsTest
      const tags: Array<string> = []
      for (const fault of [
        { _tag: "Reset", when: "before" },
        { _tag: "HalfBody" },
        { _tag: "Status", status: 429 },
        { _tag: "Html" },
        { _tag: "Garbage" }
      ] as const) {
        yield* test.outage(fault)
        tags.push((yield* Effect.flip(service.getContact(jane)))._tag)
      }
      expect(tags).toEqual([
        "TransportError",
        "TransportError",
        "RateLimited",
        "UnexpectedResponse",
        "UnexpectedResponse"
      ])
      yield* test.recover
      expect((yield* service.getContact(jane)).id).toBe(jane)
      expect((yield* test.ledger).requests.map(({ status }) => status)).toEqual([0, 200, 429, 200, 200, 200])
    }).pipe(Effect.provide(inMemory))
  )

  it.effect("responds with 404 to a custom endpoint that it does not implement", () =>
    Effect.gen(function* () {
      const { perform } = yield* HttpLayer.ContactsHttp
      const own = HttpLayer.endpoint({
        name: "getSurvey",
        method: "GET",
        path: "/surveys/",
        version: "2021-07-28",
        versions: { "2021-07-28": (body) => body },
        answer: Schema.Struct({}),
        errors: [400],
        isSafeToRetry: () => true
      })
      expect(yield* Effect.flip(perform(own, {}))).toMatchObject({ _tag: "UnexpectedResponse", status: 404 })
    }).pipe(Effect.provide(inMemory))
  )
})
