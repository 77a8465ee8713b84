import { describe, expect, it } from "@effect/vitest"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Chunk from "effect/Chunk"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as ContactsBulk from "effect-growthhub/ContactsBulk"
import { ContactsService } from "effect-growthhub/ContactsService"
import { ContactsTest } from "effect-growthhub/ContactsTest"
import * as Errors from "effect-growthhub/Errors"
import { Sandbox } from "effect-growthhub/Sandbox"
import { ContactId, type ContactUpsert, LocationId } from "effect-growthhub/Schema"
import { fromJson } from "../src/import/Rows.js"
import * as Upserting from "../src/import/Upserting.js"
import { environment, fileOf, growthhub, read } from "./command.js"

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")

const lines = [
  "firstName,email,phone,tags",
  "Ada,a@example.com,,new",
  "Grace,,+15550100002,new",
  "Alan,alan@example.com,,"
]

const seeded = Effect.gen(function* () {
  const { seed } = yield* Sandbox
  yield* seed([
    { id: ContactId.make("a"), firstName: "A", email: "a@example.com", tags: ["old"] },
    { id: ContactId.make("b"), firstName: "B", phone: "+15550100002", tags: ["old"] }
  ])
  return { env: yield* environment, file: yield* fileOf("leads.csv", lines) }
})

const tagsOf = (tags: unknown) => (Array.isArray(tags) ? tags.map(String) : [])

const named = Effect.flatMap(Sandbox, ({ contacts }) =>
  Effect.map(contacts, (all) => all.map(({ firstName, tags }) => [firstName, ...tagsOf(tags)].join(" ")).sort())
)

describe("an import with --update-only", () => {
  it.scopedLive("updates existing contacts by email or phone, and creates none", () =>
    Effect.gen(function* () {
      const { env, file } = yield* seeded
      expect(yield* growthhub(["import", file, "--update-only"], env)).toMatchObject({
        code: 4,
        out: expect.stringMatching(/^0 created, 2 updated, 1 rejected\n/) as unknown
      })
      expect(yield* named).toEqual(["Ada old new", "Grace old new"])
      expect(yield* read(file.replace(".csv", ".rejected.csv"))).toContain(
        'Alan,alan@example.com,,,4,Rejected,"No contact has this email or phone, and --update-only creates none"'
      )
      expect(yield* growthhub(["import", file, "--update-only", "--replace-tags", "--restart"], env)).toMatchObject({
        code: 4
      })
      expect(yield* named).toEqual(["Ada new", "Grace new"])
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("rejects a row without email and phone, and lists columns that an update cannot change", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const file = yield* fileOf("leads.csv", ["firstName,email,Company", "Ada,,Engines"])
      expect(yield* growthhub(["import", file, "--update-only"], env)).toMatchObject({
        code: 4,
        err: expect.stringContaining("An update cannot change Company: left out\n") as unknown
      })
      expect(yield* read(file.replace(".csv", ".rejected.csv"))).toContain("needs the email, the phone or the id")
      expect(yield* growthhub(["import", file, "--update-only", "--create-only"], env)).toMatchObject({
        code: 2,
        err: "Either --update-only or --create-only"
      })
    }).pipe(Effect.provide(Sandbox.layer()))
  )
})

describe("an import with --create-only", () => {
  it.scopedLive("creates new contacts and changes no existing one, even if the location allows duplicates", () =>
    Effect.gen(function* () {
      const { env, file } = yield* seeded
      expect(yield* growthhub(["import", file, "--create-only"], env)).toMatchObject({
        code: 4,
        out: expect.stringMatching(/^1 created, 0 updated, 2 rejected\n/) as unknown
      })
      expect(yield* named).toEqual(["A old", "Alan", "B old"])
      const report = yield* read(file.replace(".csv", ".rejected.csv"))
      expect(report).toContain('"A contact with this email exists already, and --create-only changes none"')
      expect(report).toContain('"A contact with this phone exists already, and --create-only changes none"')
    }).pipe(
      Effect.provide(
        Sandbox.layer({ locations: [{ id: locationId, duplicates: { allow: true, check: ["email", "phone"] } }] })
      )
    )
  )

  it.scopedLive("rejects a row that has the id of an existing contact, and changes no contact", () =>
    Effect.gen(function* () {
      const { env } = yield* seeded
      const { contacts } = yield* Sandbox
      const before = yield* contacts
      const file = yield* fileOf("ids.csv", ["Contact Id,firstName,email", "a,Ada,new@example.com"])
      expect(yield* growthhub(["import", file, "--create-only"], env)).toMatchObject({
        code: 4,
        out: expect.stringMatching(/^0 created, 0 updated, 1 rejected\n/) as unknown
      })
      expect(yield* read(file.replace(".csv", ".rejected.csv"))).toContain(
        ',2,Rejected,"The row has the id of a contact, and --create-only changes none"'
      )
      expect(yield* contacts).toEqual(before)
    }).pipe(Effect.provide(Sandbox.layer()))
  )
})

// --- lost responses ----------------------------------------------------------------------------------------------------

type Service = Context.Tag.Service<ContactsService>

const lost = new Errors.TransportError({
  operation: "a call",
  attempts: 1,
  message: "reset",
  outcome: "Unknown",
  isRetryable: true
})

/** Makes a call and discards its first `times` responses. */
const losing =
  <A extends ReadonlyArray<unknown>, B, E>(call: (...args: A) => Effect.Effect<B, E>, times: number) =>
  (...args: A): Effect.Effect<B, E | Errors.TransportError> =>
    Effect.flatMap(call(...args), (value): Effect.Effect<B, Errors.TransportError> =>
      times-- > 0 ? Effect.fail(lost) : Effect.succeed(value)
    )

const importing = (
  service: Service,
  mode: Upserting.Mode,
  store: KeyValueStore.KeyValueStore,
  rows: ReadonlyArray<unknown>
) => {
  const contacts: ReadonlyArray<ContactUpsert> = rows.map(
    (row, index) => fromJson(index + 1, row, { locationId, clearsNulls: false }).contact
  )
  const options = { mode, replacesTags: false, isResumed: false }
  return ContactsBulk.upsertMany(Stream.fromIterable(contacts), {
    checkpoint: { store, name: "leads" },
    isSafeToRetry: Upserting.isSafeToRetry(mode),
    identitiesOf: Upserting.identitiesOf
  }).pipe(
    Stream.runCollect,
    Effect.map((outcomes) => Chunk.toReadonlyArray(outcomes).map(({ _tag }) => _tag)),
    Effect.provideService(ContactsService, Upserting.forImport(service, options))
  )
}

const storeOf = Effect.provide(KeyValueStore.KeyValueStore, KeyValueStore.layerMemory)

describe("an imported row", () => {
  it.effect("is created once and counted as created by --create-only if the response is lost", () =>
    Effect.gen(function* () {
      const service = yield* ContactsService
      const creating: Service = { ...service, createContact: losing(service.createContact, 1) }
      const rows = [{ email: "a@example.com" }, { email: "b@example.com" }]
      expect(yield* importing(creating, "CreateOnly", yield* storeOf, rows)).toEqual(["Created", "Created"])
      expect(yield* (yield* ContactsTest).contacts).toHaveLength(2)
    }).pipe(Effect.provide(ContactsTest.layer({ locationId, duplicates: { allow: true, check: ["email"] } })))
  )

  it.effect("without email and phone is reported as unknown by --create-only if the response is lost", () =>
    Effect.gen(function* () {
      const service = yield* ContactsService
      const creating: Service = {
        ...service,
        createContact: (body) =>
          body.email === undefined
            ? Effect.zipRight(service.createContact(body), Effect.fail(lost))
            : service.createContact(body)
      }
      const rows = [{ firstName: "Ada" }, { email: "b@example.com" }]
      const outcomes = yield* importing(creating, "CreateOnly", yield* storeOf, rows)
      expect([...outcomes].sort()).toEqual(["Created", "Unknown"])
      expect(yield* (yield* ContactsTest).contacts).toHaveLength(2)
    }).pipe(Effect.provide(ContactsTest.layer({ locationId })))
  )

  it.effect("with a contact id is updated if the first response is lost, with and without --update-only", () =>
    Effect.gen(function* () {
      const service = yield* ContactsService
      for (const mode of ["Upsert", "UpdateOnly"] as const) {
        const updating: Service = { ...service, updateContact: losing(service.updateContact, 1) }
        const rows = [
          { contactId: "a", firstName: "Ada" },
          { contactId: "a", lastName: "Lovelace" }
        ]
        expect(yield* importing(updating, mode, yield* storeOf, rows)).toEqual(["Updated", "Updated"])
      }
      expect(yield* (yield* ContactsTest).contacts).toMatchObject([{ firstName: "Ada", lastName: "Lovelace" }])
    }).pipe(Effect.provide(ContactsTest.layer({ locationId, contacts: [{ id: ContactId.make("a") }] })))
  )

  it.effect("is reported as updated by --update-only if a response of the lookup or of the update is lost", () =>
    Effect.gen(function* () {
      const service = yield* ContactsService
      const losingOne: Service = {
        ...service,
        getDuplicateContact: losing(service.getDuplicateContact, 1),
        updateContact: losing(service.updateContact, 3)
      }
      const rows = [
        { email: "a@example.com", firstName: "Ada", tags: ["new"] },
        // The lost update gives the contact this email, so that the retry finds it by the email.
        { email: "grace@example.com", phone: "+15550100002", firstName: "Grace", tags: ["new"] },
        { email: "c@example.com", firstName: "Alan", createNewIfDuplicateAllowed: true },
        { email: "nobody@example.com", firstName: "Nobody" }
      ]
      const outcomes = yield* importing(losingOne, "UpdateOnly", yield* storeOf, rows)
      expect([...outcomes].sort()).toEqual(["Rejected", "Updated", "Updated", "Updated"])
      expect(yield* (yield* ContactsTest).contacts).toMatchObject([
        { id: "a", firstName: "Ada", email: "a@example.com", tags: ["old", "new"] },
        { id: "b", firstName: "Grace", email: "grace@example.com", phone: "+15550100002", tags: ["old", "new"] },
        { id: "c", firstName: "Alan", email: "c@example.com" }
      ])
    }).pipe(
      Effect.provide(
        ContactsTest.layer({
          locationId,
          contacts: [
            { id: ContactId.make("a"), email: "a@example.com", tags: ["old"] },
            { id: ContactId.make("b"), phone: "+15550100002", tags: ["old"] },
            { id: ContactId.make("c"), email: "c@example.com" }
          ]
        })
      )
    )
  )

  it.effect("with a contact id is updated in the next run if an interrupt discards the response", () =>
    Effect.gen(function* () {
      const service = yield* ContactsService
      const store = yield* storeOf
      const sent = yield* Deferred.make<void>()
      const hanging: Service = {
        ...service,
        updateContact: (id, changes) =>
          service
            .updateContact(id, changes)
            .pipe(Effect.zipRight(Deferred.succeed(sent, undefined)), Effect.zipRight(Effect.never))
      }
      const rows = [{ contactId: "a", firstName: "Ada" }]
      const running = yield* Effect.fork(importing(hanging, "Upsert", store, rows))
      yield* Deferred.await(sent)
      yield* Fiber.interrupt(running)
      expect(yield* importing(service, "Upsert", store, rows)).toEqual(["Updated"])
    }).pipe(Effect.provide(ContactsTest.layer({ locationId, contacts: [{ id: ContactId.make("a") }] })))
  )

  it.effect("waits for earlier rows with the same contact id, so that the values of the last row remain", () =>
    Effect.gen(function* () {
      const service = yield* ContactsService
      let updates = 0
      const slow: Service = {
        ...service,
        // Earlier updates take longer, so that they would finish last if the rows ran concurrently.
        updateContact: (id, changes) =>
          Effect.zipRight(Effect.repeatN(Effect.yieldNow(), 50 - 10 * updates++), service.updateContact(id, changes))
      }
      const rows = Array.from({ length: 5 }, (_, index) => ({ contactId: "a", firstName: `Name ${index}` }))
      expect(yield* importing(slow, "Upsert", yield* storeOf, rows)).toHaveLength(5)
      expect(yield* (yield* ContactsTest).contacts).toMatchObject([{ firstName: "Name 4" }])
    }).pipe(Effect.provide(ContactsTest.layer({ locationId, contacts: [{ id: ContactId.make("a") }] })))
  )
})
