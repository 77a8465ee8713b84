import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { BadRequest } from "effect-growthhub/Errors"
import { ContactsTest } from "effect-growthhub/ContactsTest"
import { Sandbox } from "effect-growthhub/Sandbox"
import { type Contact, ContactId, CustomField, LocationId } from "effect-growthhub/Schema"
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

  it.effect("answers BadRequest for an unknown contact", () =>
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

  it.effect("answers Forbidden for another location's contact", () =>
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

  it.effect("creates a contact by upsert, and finds it again by email and by phone", () =>
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

  it.effect("updates the first match of an upsert that matches two, and ignores the other's field", () =>
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

  it.effect("names the fields that did not take, and none where the service only writes them in its own way", () =>
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

  it.effect("changes what is given, clears what is null, and leaves the rest", () =>
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

  it.effect("leaves a field that is undefined as it is", () =>
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

  it.effect("refuses invalid input before it is sent, with a line per fault", () =>
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

  it.effect("answers Unprocessable for what only the service can refuse", () =>
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

  it.effect("answers BadRequest for a duplicate, with its id and without its name", () =>
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

describe("layerConfig", () => {
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

  it.effect("needs a token", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(built({}))
      expect(reason(error)).toContain("GROWTHHUB_TOKEN")
    })
  )

  it.effect("refuses a token that cannot be sent, without repeating it", () =>
    Effect.gen(function* () {
      for (const [token, why] of [
        ["", "is empty"],
        ["Bearer canary", 'begins with "Bearer"'],
        ["canary\n", "line break"],
        ["can ary", "blanks"],
        ['"canary"', "quotes"]
      ] as const) {
        const error = yield* Effect.flip(built({ GROWTHHUB_TOKEN: token }))
        expect(reason(error)).toContain("GROWTHHUB_TOKEN")
        expect(reason(error)).toContain(why)
        expect(reason(error)).not.toMatch(/canary|can ary/)
      }
    })
  )

  it.effect("refuses a base URL that no bearer may go to", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(built({ GROWTHHUB_TOKEN: "t", GROWTHHUB_BASE_URL: "http://example.com" }))
      expect(reason(error)).toContain("GROWTHHUB_BASE_URL")
      expect(reason(error)).toContain("https")
    })
  )

  it.effect("goes to the vendor's host where no other is given, and gives up after 30 seconds", () =>
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

  it.effect("names no other variables than the app's own, and everything that is wrong", () =>
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

  it.scoped("reads under the default names what the app does not name itself", () =>
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

  it.scoped("takes a configuration of the app's own", () =>
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

describe("a layer", () => {
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

  it.effect("in memory shows its contacts and starts afresh each time", () =>
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

  it.effect("in memory takes the location's setting for duplicates", () =>
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

  it.scoped("never puts the bearer on the app's own client", () =>
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
