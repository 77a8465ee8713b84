import { describe, expect, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { ContactsService } from "effect-growthhub/ContactsService"
import { ContactsTest } from "effect-growthhub/ContactsTest"
import * as CustomFields from "effect-growthhub/CustomFields"
import { CustomFieldsService } from "effect-growthhub/CustomFieldsService"
import * as Errors from "effect-growthhub/Errors"
import { ContactId, CustomField, type CustomFieldDefinition, LocationId } from "effect-growthhub/Schema"

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")

const definitions: ReadonlyArray<CustomFieldDefinition> = [
  { id: "id-budget", name: "Budget", fieldKey: "contact.budget_2", dataType: "MONETORY" },
  { id: "id-size", name: "Size", fieldKey: "contact.size", dataType: "NUMERICAL" },
  { id: "id-note", name: "Note", fieldKey: "contact.note", dataType: "LARGE_TEXT" },
  { id: "id-color", name: "Color", fieldKey: "contact.color", dataType: "RADIO", picklistOptions: ["red", "blue"] },
  {
    id: "id-open",
    name: "Open",
    fieldKey: "contact.open",
    dataType: "SINGLE_OPTIONS",
    picklistOptions: ["red"],
    isAllowedCustomOption: true
  },
  { id: "id-tools", name: "Tools", fieldKey: "contact.tools", dataType: "CHECKBOX", picklistOptions: ["saw", "axe"] },
  { id: "id-day", name: "Day", fieldKey: "contact.day", dataType: "DATE" },
  {
    id: "id-box",
    name: "Box",
    fieldKey: "contact.box",
    dataType: "TEXTBOX_LIST",
    textBoxes: [{ id: "w" }, { id: "h" }]
  },
  { id: "id-file", name: "File", fieldKey: "contact.file", dataType: "FILE_UPLOAD", maxFileLimit: 2 },
  { id: "id-new", name: "New", fieldKey: "contact.new", dataType: "HOLOGRAM" },
  { id: "id-twin1", name: "Twin", fieldKey: "contact.twin", dataType: "TEXT" },
  { id: "id-twin2", name: "Twin", fieldKey: "contact.twin_2", dataType: "TEXT" },
  { id: "id-folder", name: "Group", documentType: "folder" },
  { id: "id-deal", name: "Deal", fieldKey: "opportunity.deal", model: "opportunity", dataType: "TEXT" }
]

/** A location that counts the reads of its definitions, and whose definitions a test can change. */
const location = (initial: Effect.Effect<ReadonlyArray<CustomFieldDefinition>, Errors.ContactsError>) => {
  const state = { reads: 0, answer: initial }
  const layer = Layer.mock(CustomFieldsService, {
    getCustomFields: () =>
      Effect.suspend(() => {
        state.reads += 1
        return state.answer
      })
  })
  const fields = (options?: CustomFields.Options) =>
    Effect.provide(CustomFields.forLocation(locationId, options), layer)
  return { state, fields }
}

const known = location(Effect.succeed(definitions))

const noScope = new Errors.Unauthorized({
  operation: "getCustomFields",
  attempts: 1,
  status: 401,
  message: "The token is not authorized for this scope."
})

const outage = new Errors.ServerError({
  operation: "getCustomFields",
  attempts: 1,
  status: 503,
  message: "down",
  outcome: "NotApplied",
  isRetryable: true
})

describe("the definition of a custom field", () => {
  it.effect("is found by name, by key with and without its prefix, and by id", () =>
    Effect.gen(function* () {
      const { definition } = yield* known.fields()
      for (const name of ["Budget", "budget", " BUDGET ", "contact.budget_2", "budget_2", "Budget_2", "id-budget"]) {
        expect((yield* definition(name)).id).toBe("id-budget")
      }
      expect((yield* definition("twin")).id).toBe("id-twin1")
      expect((yield* definition("contact.twin_2")).id).toBe("id-twin2")
    })
  )

  it.effect("is refused for a name of several fields, with their ids, or of none", () =>
    Effect.gen(function* () {
      const { definition } = yield* known.fields()
      const several = yield* Effect.flip(definition("Twin"))
      expect(several).toMatchObject({ _tag: "Unprocessable", attempts: 0 })
      expect(several.message).toContain('"Twin"')
      expect(several.message).toContain("id-twin1, id-twin2")
      for (const name of ["Nothing", "Group", "Deal", "id-deal", ""]) {
        const none = yield* Effect.flip(definition(name))
        expect(none).toMatchObject({ _tag: "Unprocessable", attempts: 0 })
        expect(none.message).toContain(`"${name}" is not a custom field`)
      }
    })
  )
})

describe("write", () => {
  const file = { url: "https://example.com/a.pdf" }

  it.effect("returns the fields by id, with values that their data types accept", () =>
    Effect.gen(function* () {
      const { write } = yield* known.fields()
      const written = yield* write({
        Budget: 3,
        size: -0.5,
        Note: "",
        "contact.color": "red",
        Open: "green",
        Tools: ["axe", "saw"],
        Day: "09/25/1990",
        Box: { w: "1" },
        File: { a: file, b: file },
        New: "any text",
        "id-twin2": "by id",
        Twin: undefined
      })
      expect(written).toEqual([
        { id: "id-budget", value: 3 },
        { id: "id-size", value: -0.5 },
        { id: "id-note", value: "" },
        { id: "id-color", value: "red" },
        { id: "id-open", value: "green" },
        { id: "id-tools", value: ["axe", "saw"] },
        { id: "id-day", value: "1990-09-25" },
        { id: "id-box", value: { w: "1" } },
        { id: "id-file", value: { a: file, b: file } },
        { id: "id-new", value: "any text" },
        { id: "id-twin2", value: "by id" }
      ])
      const at = DateTime.unsafeMakeZoned("2026-01-01T23:00:00Z", { timeZone: "Europe/Berlin" })
      expect(yield* write({ Day: at })).toEqual([{ id: "id-day", value: "2026-01-02" }])
      expect(yield* write({ Day: "2026-01-01T23:00:00.000Z" })).toEqual([
        { id: "id-day", value: "2026-01-01T23:00:00.000Z" }
      ])
    })
  )

  it.effect("accepts a number as text, as a response may have it, and empty text for every field", () =>
    Effect.gen(function* () {
      const { write } = yield* known.fields()
      expect(yield* write({ Budget: "3000", Size: "", Color: "", Day: "", Tools: "" })).toEqual([
        { id: "id-budget", value: 3000 },
        { id: "id-size", value: "" },
        { id: "id-color", value: "" },
        { id: "id-day", value: "" },
        { id: "id-tools", value: "" }
      ])
    })
  )

  it.effect("rejects each value that its field does not accept, without repeating the value", () =>
    Effect.gen(function* () {
      const { write } = yield* known.fields()
      const refused: ReadonlyArray<readonly [name: string, value: unknown, why: string]> = [
        ["Budget", "three", "must be a finite number"],
        ["Size", Number.NaN, "must be a finite number"],
        ["Note", 3, "must be a string"],
        ["New", ["canary"], "must be a string"],
        ["Color", "canary", 'must be of the options "red", "blue"'],
        ["Color", ["red"], "must be a string"],
        ["Open", 1, "must be a string"],
        ["Tools", ["saw", "canary"], 'must be of the options "saw", "axe"'],
        ["Tools", "saw", "must be an array of strings"],
        ["Day", "2026-02-30", "must be a real day"],
        ["Day", 1, "must be a real day"],
        ["Box", { x: "canary" }, "has no box with the id x"],
        ["Box", { w: 1 }, "must be an object of texts"],
        ["Box", ["canary"], "must be an object of texts"],
        ["File", { a: file, b: file, c: file }, "must have at most 2 files, and has 3"],
        ["File", { a: {} }, "must be an object of files"],
        ["File", "canary", "must be an object of files"],
        ["Note", null, "must be a string"]
      ]
      for (const [name, value, why] of refused) {
        const error = yield* Effect.flip(write({ [name]: value } as CustomFields.Values))
        expect(error).toMatchObject({ _tag: "Unprocessable", operation: "CustomFields.write", attempts: 0 })
        expect(error.details).toHaveLength(1)
        expect(error.message).toContain(`"${name}" ${why}`)
        expect(error.message).not.toContain("canary")
      }
    })
  )

  it.effect("reports a line for each fault, also for two names of the same field", () =>
    Effect.gen(function* () {
      const { write } = yield* known.fields()
      const error = yield* Effect.flip(write({ Nothing: 1, Twin: "a", Budget: 1, budget_2: 2, Size: "b" }))
      expect(error.details).toHaveLength(4)
      expect(error.message).toContain('"Budget" and "budget_2" are the same custom field')
    })
  )
})

describe("the definitions of a location", () => {
  it.effect("are read once at the first use, and again after their time to live", () =>
    Effect.gen(function* () {
      const { state, fields } = location(Effect.delay(Effect.succeed(definitions), "1 second"))
      const { definition, write } = yield* fields({ timeToLive: "1 minute" })
      expect(state.reads).toBe(0)
      const both = yield* Effect.fork(Effect.all([definition("Size"), write({ Budget: 1 })], { concurrency: 2 }))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(both)
      expect(state.reads).toBe(1)
      yield* TestClock.adjust("59 seconds")
      yield* definition("Size")
      expect(state.reads).toBe(1)
      yield* TestClock.adjust("1 second")
      const later = yield* Effect.fork(definition("Size"))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(later)
      expect(state.reads).toBe(2)
    })
  )

  it.effect("are read by the next caller if the reading caller is interrupted", () =>
    Effect.gen(function* () {
      const { state, fields } = location(Effect.never)
      const { definition } = yield* fields()
      const first = yield* Effect.fork(definition("Size"))
      const second = yield* Effect.fork(definition("Size"))
      yield* Effect.yieldNow()
      state.answer = Effect.succeed(definitions)
      yield* Fiber.interrupt(first)
      expect((yield* Fiber.join(second)).id).toBe("id-size")
      expect(state.reads).toBe(2)
    })
  )

  it.effect("are read again for an unknown name or id, at most once per `refreshAfter`", () =>
    Effect.gen(function* () {
      const { state, fields } = location(Effect.succeed(definitions))
      const { definition, read, write } = yield* fields({ refreshAfter: "10 seconds" })
      yield* definition("Size")
      yield* Effect.flip(definition("Late"))
      expect(state.reads).toBe(1)
      yield* TestClock.adjust("10 seconds")
      state.answer = Effect.succeed([...definitions, { id: "id-late", name: "Late", dataType: "TEXT" }])
      expect(yield* write({ Late: "x" })).toEqual([{ id: "id-late", value: "x" }])
      expect(state.reads).toBe(2)
      yield* Effect.flip(definition("Never"))
      expect(yield* read({ customFields: [{ id: "id-gone", value: "x" }] })).toEqual([{ id: "id-gone", value: "x" }])
      expect(state.reads).toBe(2)
      yield* TestClock.adjust("10 seconds")
      yield* read({ customFields: [{ id: "id-gone", value: "x" }] })
      expect(state.reads).toBe(3)
      // An ambiguous name does not cause another read.
      yield* TestClock.adjust("10 seconds")
      yield* Effect.flip(definition("Twin"))
      expect(state.reads).toBe(3)
    })
  )

  it.effect("are read again after a failure", () =>
    Effect.gen(function* () {
      const { state, fields } = location(Effect.fail(outage))
      const { definitions: all, write } = yield* fields()
      expect(yield* Effect.flip(all)).toBe(outage)
      expect(yield* Effect.flip(write({ "6dvNaf7VhkQ9snc5vnjJ": "x" }))).toBe(outage)
      state.answer = Effect.succeed(definitions)
      expect((yield* all).length).toBe(definitions.length - 2)
      expect(state.reads).toBe(3)
    })
  )
})

describe("CustomFields without the scope for the definitions", () => {
  it.effect("names the scope in errors, and passes values by id unchecked", () =>
    Effect.gen(function* () {
      const { state, fields } = location(Effect.fail(noScope))
      const { definition, definitions: all, read, write } = yield* fields()
      const contact = { customFields: [{ id: "id-size", value: 3 }] }
      for (const call of [all, definition("Size"), read(contact), write({ Size: 3, "6dvNaf7VhkQ9snc5vnjJ": "x" })]) {
        const error = yield* Effect.flip<unknown, Errors.ContactsError, never>(call)
        expect(error).toMatchObject({ _tag: "Unauthorized", status: 401 })
        expect(error.message).toContain("`locations/customFields.readonly`")
      }
      expect(yield* write({ "6dvNaf7VhkQ9snc5vnjJ": "x", y0BeYjuRIlDwsDcOHOJo: ["a"] })).toEqual([
        { id: "6dvNaf7VhkQ9snc5vnjJ", value: "x" },
        { id: "y0BeYjuRIlDwsDcOHOJo", value: ["a"] }
      ])
      expect(yield* Effect.flip(write({ "6dvNaf7VhkQ9snc5vnjJ": null as never }))).toMatchObject({
        _tag: "Unprocessable",
        attempts: 0
      })
      expect(yield* read({})).toEqual([])
      expect(yield* write({})).toEqual([])
      expect(state.reads).toBe(1)
      state.answer = Effect.succeed(definitions)
      yield* TestClock.adjust("10 seconds")
      expect((yield* definition("Size")).id).toBe("id-size")
    })
  )
})

describe("CustomFields with a location in memory", () => {
  it.effect("reads by name what was written by name", () =>
    Effect.gen(function* () {
      const contacts = yield* ContactsService
      const service = yield* CustomFieldsService
      const budget = yield* service.createCustomField(locationId, { name: "Budget", dataType: "NUMERICAL" })
      const color = yield* service.createCustomField(locationId, {
        name: "Color",
        dataType: "RADIO",
        options: ["red", "blue"]
      })
      const box = yield* service.createCustomField(locationId, {
        name: "Sizes",
        dataType: "TEXTBOX_LIST",
        textBoxListOptions: [{ label: "Width" }]
      })
      const fields = yield* CustomFields.forLocation(locationId)
      const sizes = { [box.textBoxes?.[0]?.id ?? ""]: "3" }
      const customFields = yield* fields.write({ Budget: 3, color: "red", Sizes: sizes })
      const updated = yield* contacts.updateContact(ContactId.make("jane"), { customFields })
      expect(updated.ignored).toEqual([])
      expect(yield* fields.read(updated)).toEqual([
        { id: "other", value: "x" },
        { name: "Budget", key: "budget", id: budget.id, value: 3 },
        { name: "Color", key: "color", id: color.id, value: "red" },
        { name: "Sizes", key: "sizes", id: box.id, value: sizes }
      ])
      // The location has no such field, and the service reports no error for it.
      const unknown = [CustomField.text("another", "x")]
      expect((yield* contacts.updateContact(ContactId.make("jane"), { customFields: unknown })).ignored).toEqual([
        "customFields"
      ])
    }).pipe(
      Effect.provide(
        ContactsTest.layer({
          contacts: [{ id: ContactId.make("jane"), locationId, customFields: [{ id: "other", value: "x" }] }]
        })
      )
    )
  )
})
