import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import { ContactsTest } from "effect-growthhub/ContactsTest"
import * as CustomFields from "effect-growthhub/CustomFields"
import { CustomFieldsService } from "effect-growthhub/CustomFieldsService"
import { LocationTagsService } from "effect-growthhub/LocationTagsService"
import { ContactId, CustomField, LocationId } from "effect-growthhub/Schema"
import type { CustomFieldInput as Setting } from "../../src/sandbox/Directory.js"
import * as Operations from "../../src/sandbox/Operations.js"
import * as Seed from "../../src/sandbox/Seed.js"

const { id: locationId } = Seed.defaultLocation
const jane = ContactId.make("jane")
const versions = ["2021-07-28", "2023-02-21", "v3"]

const budget = { id: "budgetId", name: "Budget", dataType: "NUMERICAL" }
const stage = { id: "stageId", name: "Stage", dataType: "TEXT", model: "opportunity" }
const foreign = { id: "foreignId", name: "Foreign", dataType: "TEXT", locationId: LocationId.make("elsewhere") }

/** The custom fields that an update, a create and an upsert store, or the message if the operation is refused. */
const writing = (
  customFields: ReadonlyArray<object>,
  options: {
    readonly setting?: Setting
    readonly definitions?: Seed.Options["customFields"]
    readonly version?: string
  }
) => {
  const { definitions = [budget, stage, foreign], setting, version = "2021-07-28" } = options
  return (["updateContact", "createContact", "upsertContact"] as const).map((name) => {
    const directory = Seed.make({
      locations: [{ ...Seed.defaultLocation, customFieldInput: setting }],
      customFields: definitions,
      contacts: [{ id: jane }]
    })
    const body = name === "updateContact" ? { customFields } : { locationId, customFields }
    const request = { params: { contactId: jane }, query: {}, body }
    const { reply } = Operations.perform(name, directory, { locationId, version, now: 1000 }, request)
    if (reply.status === 422) {
      // A refused operation has changed nothing.
      expect(directory.contacts.size).toBe(1)
      return reply.body["message"]
    }
    return (reply.body["contact"] as { readonly customFields?: unknown }).customFields
  })
}

const each = (stored: unknown) => [stored, stored, stored]

describe("a location with custom fields", () => {
  it("stores custom fields that it defines, and drops the others without an error", () => {
    const sent = [
      { id: "budgetId", field_value: 3 },
      ...["otherId", "stageId", "foreignId"].map((id) => ({ id, field_value: "x" }))
    ]
    for (const version of versions) {
      expect(writing(sent, { version })).toEqual(each([{ id: "budgetId", value: 3 }]))
    }
    expect(writing([{ id: "otherId", value: "x" }], { definitions: [stage, foreign] })).toEqual(
      each([{ id: "otherId", value: "x" }])
    )
  })

  it("can reject custom fields that it does not define", () => {
    const sent = [
      { id: "budgetId", field_value: 3 },
      { id: "otherId", field_value: "x" },
      { key: "no", value: "x" }
    ]
    expect(writing(sent, { setting: { unknown: "refuse" } })).toEqual(
      each(["customFields.1.custom field does not exist", "customFields.2.custom field does not exist"])
    )
  })

  it("accepts, drops or rejects a key without an id, as `byKey` says", () => {
    const sent = [{ key: "budget", field_value: 3 }]
    for (const version of versions) {
      expect(writing(sent, { version })).toEqual(each([{ id: "budgetId", value: 3 }]))
    }
    expect(writing([{ key: "contact.budget", fieldValue: 3 }], {})).toEqual(each([{ id: "budgetId", value: 3 }]))
    expect(writing(sent, { definitions: [] })).toEqual(each([]))
    expect(writing(sent, { setting: { byKey: "ignore" } })).toEqual(each([]))
    expect(writing(sent, { setting: { byKey: "refuse" } })).toEqual(each(["customFields.0.id should not be empty"]))
    const withId = [{ id: "budgetId", key: "wrong", field_value: 3 }]
    expect(writing(withId, { setting: { byKey: "refuse" } })).toEqual(each([{ id: "budgetId", value: 3 }]))
  })

  it("accepts, drops or rejects a value under `value`, as `byValue` says", () => {
    const sent = [{ id: "budgetId", value: 3 }]
    expect(writing(sent, {})).toEqual(each([{ id: "budgetId", value: 3 }]))
    expect(writing(sent, { setting: { byValue: "ignore" } })).toEqual(each([]))
    expect(writing(sent, { setting: { byValue: "refuse" } })).toEqual(
      each(["customFields.0.property value should not exist"])
    )
    for (const spelling of ["field_value", "fieldValue"]) {
      expect(writing([{ id: "budgetId", [spelling]: 3 }], { setting: { byValue: "refuse" } })).toEqual(
        each([{ id: "budgetId", value: 3 }])
      )
    }
  })

  it("keeps its custom field settings and definitions in a snapshot", () => {
    const location = { ...Seed.defaultLocation, customFieldInput: { byKey: "refuse" } as const }
    const snapshot = JSON.stringify(Seed.toSnapshot(Seed.make({ locations: [location], customFields: [budget] })))
    const again = Seed.fromSnapshot(JSON.parse(snapshot) as Seed.Snapshot)
    expect(again.locations.get(locationId)).toEqual(location)
    expect(Array.from(again.customFields.values())).toMatchObject([
      {
        id: "budgetId",
        locationId,
        fieldKey: "contact.budget",
        model: "contact",
        dateAdded: "1970-01-01T00:00:00.000Z"
      }
    ])
  })

  it.effect("can be seeded with custom field definitions and tags, which work like created ones", () =>
    Effect.gen(function* () {
      const contacts = yield* ContactsService
      const fields = yield* CustomFields.forLocation(locationId)
      const customFields = yield* fields.write({ Budget: 3, Sizes: { width: "4" } })
      const updated = yield* contacts.updateContact(jane, { customFields })
      expect(updated.ignored).toEqual([])
      expect(yield* fields.read(updated)).toEqual([
        { id: "budgetId", name: "Budget", key: "budget", value: 3 },
        { id: "sizesId", name: "Sizes", key: "sizes", value: { width: "4" } }
      ])
      const created = yield* (yield* CustomFieldsService).createCustomField(locationId, {
        name: "Budget",
        dataType: "TEXT"
      })
      expect(created.fieldKey).toBe("contact.budget_2")
      const unknown = [CustomField.text("otherId", "x")]
      expect((yield* contacts.updateContact(jane, { customFields: unknown })).ignored).toEqual(["customFields"])
      const tags = yield* (yield* LocationTagsService).getLocationTags(locationId)
      expect(tags).toEqual([{ id: "vipId", name: "vip", locationId }])
    }).pipe(
      Effect.provide(
        ContactsTest.layer({
          contacts: [{ id: jane, tags: ["VIP"] }],
          customFields: [
            budget,
            {
              id: "sizesId",
              name: "Sizes",
              dataType: "TEXTBOX_LIST",
              textBoxes: [{ id: "width", label: "Width" }]
            }
          ],
          locationTags: [{ id: "vipId", name: "VIP" }]
        })
      )
    )
  )
})

describe("the tags of a location", () => {
  it.effect("include each tag of its contacts once, whatever call writes the tag", () =>
    Effect.gen(function* () {
      const contacts = yield* ContactsService
      const { getLocationTags, deleteLocationTag } = yield* LocationTagsService
      const names = Effect.map(getLocationTags(locationId), (tags) => tags.map(({ name }) => name))
      expect(yield* names).toEqual(["seeded"])
      yield* contacts.addTags(jane, ["Added", "seeded"])
      yield* contacts.updateContact(jane, { tags: ["updated", "added"] })
      yield* contacts.createContact({ locationId, email: "a@example.com", tags: ["created"] })
      yield* contacts.upsertContact({ locationId, email: "a@example.com", tags: ["created", "upserted"] })
      yield* contacts.updateTagsInBulk({ type: "add", locationId, contacts: [jane], tags: ["bulk"] })
      const all = ["seeded", "added", "updated", "created", "upserted", "bulk"]
      expect(yield* names).toEqual(all)
      // A tag stays in the location when no contact has it. A deleted tag does not return when a contact changes otherwise.
      yield* contacts.removeTags(jane, ["bulk"])
      expect(yield* names).toEqual(all)
      const updated = (yield* getLocationTags(locationId)).find(({ name }) => name === "updated")!
      yield* deleteLocationTag(locationId, updated.id)
      yield* contacts.updateContact(jane, { firstName: "Jane" })
      expect(yield* names).toEqual(all.filter((name) => name !== "updated"))
    }).pipe(Effect.provide(ContactsTest.layer({ contacts: [{ id: jane, tags: ["Seeded"] }] })))
  )
})
