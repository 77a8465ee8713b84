import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as S from "effect/Schema"
import { ContactsTest } from "effect-growthhub/ContactsTest"
import { CustomFieldsService } from "effect-growthhub/CustomFieldsService"
import { LocationTagsService } from "effect-growthhub/LocationTagsService"
import * as GrowthHub from "effect-growthhub/GrowthHub"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { Sandbox } from "effect-growthhub/Sandbox"
import { CustomFieldDefinition, LocationId } from "effect-growthhub/Schema"
import type * as Faults from "../src/sandbox/Faults.js"
import type { Ledger } from "../src/sandbox/Ledger.js"
import { json, serving } from "./servers.js"

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")

/** The ledger and the faults, which both the sandbox and the in-memory service provide. */
class Judge extends Context.Tag("Judge")<
  Judge,
  {
    readonly ledger: Effect.Effect<Ledger>
    readonly setFaults: (plan: typeof Faults.Plan.Encoded) => Effect.Effect<void, unknown>
  }
>() {}

const retryPolicy = RetryPolicy.make({ schedule: RetryPolicy.backoff({ attempts: 2, base: "1 millis" }) })

const overHttp = Layer.unwrapEffect(
  Effect.map(Sandbox, ({ url, token, ledger, setFaults }) =>
    Layer.merge(GrowthHub.layer({ baseUrl: url, token }), Layer.succeed(Judge, { ledger, setFaults }))
  )
).pipe(
  Layer.provide(FetchHttpClient.layer),
  Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, retryPolicy)),
  Layer.provide(Sandbox.layer()),
  Layer.orDie
)

const inMemory = Layer.effect(
  Judge,
  Effect.map(ContactsTest, ({ ledger, setFaults }) => ({ ledger, setFaults }))
).pipe(Layer.provideMerge(ContactsTest.layer({ retryPolicy })))

/** The fault applies to the first request of each of these endpoints. */
const once = (fault: typeof Faults.Fault.Encoded, ...endpoints: ReadonlyArray<Faults.Endpoint>) => ({
  rules: endpoints.map((endpoint) => ({ fault, endpoint, times: 1 }))
})

const lost = { _tag: "Reset", when: "after" } as const

describe.each([
  ["in memory", inMemory],
  ["over HTTP, against the sandbox", overHttp]
] as const)("%s", (_, layer) => {
  const running = <A, E>(program: Effect.Effect<A, E, CustomFieldsService | LocationTagsService | Judge>) =>
    Effect.provide(program, Layer.fresh(layer))

  it.live("a custom field is created, read by id and key, listed, updated and deleted", () =>
    running(
      Effect.gen(function* () {
        const fields = yield* CustomFieldsService
        const made = yield* fields.createCustomField(locationId, {
          name: "Favourite Color",
          dataType: "SINGLE_OPTIONS",
          options: ["red", "blue"],
          placeholder: "a color"
        })
        expect(made).toMatchObject({
          name: "Favourite Color",
          fieldKey: "contact.favourite_color",
          dataType: "SINGLE_OPTIONS",
          picklistOptions: ["red", "blue"],
          model: "contact",
          locationId
        })
        expect(yield* fields.getCustomField(locationId, made.id)).toEqual(made)
        expect(yield* fields.getCustomField(locationId, "contact.favourite_color")).toEqual(made)
        const deal = yield* fields.createCustomField(locationId, {
          name: "Deal",
          dataType: "TEXT",
          model: "opportunity"
        })
        expect(yield* fields.getCustomFields(locationId)).toEqual([made, deal])
        expect(yield* fields.getCustomFields(locationId, { model: "contact" })).toEqual([made])
        expect(yield* fields.getCustomFields(locationId, { model: "opportunity" })).toEqual([deal])
        const changed = yield* fields.updateCustomField(locationId, made.id, { name: "Color", maxNumberOfFiles: 2 })
        expect(changed).toEqual({ ...made, name: "Color", maxFileLimit: 2 })
        yield* fields.deleteCustomField(locationId, made.id)
        expect(yield* Effect.flip(fields.getCustomField(locationId, made.id))).toMatchObject({
          _tag: "BadRequest",
          status: 400
        })
        expect(yield* Effect.flip(fields.deleteCustomField(locationId, made.id))).toMatchObject({ _tag: "BadRequest" })
        expect(yield* fields.getCustomFields(locationId)).toEqual([deal])
      })
    )
  )

  it.live("the boxes of a text box list have ids", () =>
    running(
      Effect.gen(function* () {
        const fields = yield* CustomFieldsService
        const made = yield* fields.createCustomField(locationId, {
          name: "Sizes",
          dataType: "TEXTBOX_LIST",
          textBoxListOptions: [{ label: "Width", prefillValue: "1" }, { label: "Height" }]
        })
        expect(made.textBoxes).toMatchObject([{ label: "Width", prefillValue: "1" }, { label: "Height" }])
        expect(new Set(made.textBoxes?.map(({ id }) => id)).size).toBe(2)
        expect(made.picklistOptions).toEqual(["Width", "Height"])
        expect(
          yield* Effect.flip(fields.createCustomField(locationId, { name: "None", dataType: "TEXTBOX_LIST" }))
        ).toMatchObject({ _tag: "Unprocessable", status: 422 })
      })
    )
  )

  it.live("a tag of the location is created in lower case, listed, renamed and deleted", () =>
    running(
      Effect.gen(function* () {
        const tags = yield* LocationTagsService
        const vip = yield* tags.createLocationTag(locationId, { name: "VIP" })
        expect(vip).toEqual({ id: vip.id, name: "vip", locationId })
        expect(yield* Effect.flip(tags.createLocationTag(locationId, { name: "Vip" }))).toMatchObject({
          _tag: "BadRequest",
          status: 400
        })
        expect(yield* tags.getLocationTag(locationId, vip.id)).toEqual(vip)
        const cold = yield* tags.createLocationTag(locationId, { name: "cold" })
        expect(yield* tags.getLocationTags(locationId)).toEqual([vip, cold])
        expect(yield* tags.updateLocationTag(locationId, vip.id, { name: "Gold" })).toEqual({ ...vip, name: "gold" })
        expect(yield* Effect.flip(tags.updateLocationTag(locationId, vip.id, { name: "cold" }))).toMatchObject({
          _tag: "BadRequest"
        })
        yield* tags.deleteLocationTag(locationId, vip.id)
        expect(yield* Effect.flip(tags.getLocationTag(locationId, vip.id))).toMatchObject({ _tag: "BadRequest" })
        expect(yield* tags.getLocationTags(locationId)).toEqual([cold])
      })
    )
  )

  it.live("a call for another location fails with Forbidden", () =>
    running(
      Effect.gen(function* () {
        const elsewhere = LocationId.make("elsewhere")
        const fields = yield* CustomFieldsService
        const tags = yield* LocationTagsService
        for (const call of [
          fields.getCustomFields(elsewhere),
          fields.createCustomField(elsewhere, { name: "Budget", dataType: "TEXT" }),
          tags.getLocationTags(elsewhere),
          tags.createLocationTag(elsewhere, { name: "vip" })
        ]) {
          expect(yield* Effect.flip<unknown, { readonly _tag: string }, never>(call)).toMatchObject({
            _tag: "Forbidden"
          })
        }
      })
    )
  )

  it.live("a create whose response is lost is not retried, and succeeds if the list contains it", () =>
    running(
      Effect.gen(function* () {
        const { ledger, setFaults } = yield* Judge
        const fields = yield* CustomFieldsService
        const tags = yield* LocationTagsService
        yield* setFaults(once(lost, "createCustomField", "createLocationTag"))
        const field = yield* fields.createCustomField(locationId, { name: "Budget", dataType: "NUMERICAL" })
        const tag = yield* tags.createLocationTag(locationId, { name: "VIP" })
        expect(yield* fields.getCustomFields(locationId)).toEqual([field])
        expect(yield* tags.getLocationTags(locationId)).toEqual([tag])
        const { applied } = yield* ledger
        expect(applied.map(({ operation }) => operation)).toEqual(["createCustomField", "createLocationTag"])
      })
    )
  )

  it.live("a create has an unknown outcome if it may have been applied and the list does not contain it", () =>
    running(
      Effect.gen(function* () {
        const { ledger, setFaults } = yield* Judge
        const fields = yield* CustomFieldsService
        const tags = yield* LocationTagsService
        const broken = { _tag: "Status", status: 502 } as const
        yield* setFaults(once(broken, "createCustomField", "createLocationTag"))
        expect(
          yield* Effect.flip(fields.createCustomField(locationId, { name: "Budget", dataType: "NUMERICAL" }))
        ).toMatchObject({ _tag: "ServerError", outcome: "Unknown", isRetryable: false, attempts: 1 })
        expect(yield* Effect.flip(tags.createLocationTag(locationId, { name: "VIP" }))).toMatchObject({
          _tag: "ServerError",
          outcome: "Unknown",
          isRetryable: false,
          attempts: 1
        })
        expect((yield* ledger).applied).toEqual([])
      })
    )
  )

  it.live("an update and a delete are retried, and a delete whose retry finds nothing succeeds", () =>
    running(
      Effect.gen(function* () {
        const { ledger, setFaults } = yield* Judge
        const fields = yield* CustomFieldsService
        const tags = yield* LocationTagsService
        const { id } = yield* fields.createCustomField(locationId, { name: "Budget", dataType: "NUMERICAL" })
        const tag = yield* tags.createLocationTag(locationId, { name: "vip" })
        yield* setFaults(once(lost, "updateCustomField", "deleteCustomField", "updateLocationTag", "deleteLocationTag"))
        expect(yield* fields.updateCustomField(locationId, id, { name: "Costs" })).toMatchObject({ name: "Costs" })
        expect(yield* tags.updateLocationTag(locationId, tag.id, { name: "Gold" })).toMatchObject({ name: "gold" })
        yield* fields.deleteCustomField(locationId, id)
        yield* tags.deleteLocationTag(locationId, tag.id)
        expect((yield* ledger).applied.slice(2).map(({ operation }) => operation)).toEqual([
          "updateCustomField",
          "updateCustomField",
          "updateLocationTag",
          "updateLocationTag",
          "deleteCustomField",
          "deleteLocationTag"
        ])
      })
    )
  )

  it.live("input that the endpoints do not accept is rejected before a request is sent", () =>
    running(
      Effect.gen(function* () {
        const { ledger } = yield* Judge
        const fields = yield* CustomFieldsService
        const tags = yield* LocationTagsService
        for (const call of [
          fields.createCustomField(locationId, { name: " ", dataType: "TEXT" }),
          fields.createCustomField(locationId, { name: "Budget" } as never),
          fields.createCustomField(locationId, { name: "Budget", dataType: "TEXT", colour: "red" } as never),
          fields.updateCustomField(locationId, "id", {} as never),
          fields.getCustomFields(locationId, { model: "company" as never }),
          fields.getCustomField(locationId, ""),
          fields.deleteCustomField(locationId, ".."),
          fields.updateCustomField(locationId, "Upload", { name: "Budget" }),
          fields.getCustomFields("a/b" as LocationId),
          tags.createLocationTag(locationId, { name: "" }),
          tags.updateLocationTag(locationId, "id", { name: 1 } as never),
          tags.deleteLocationTag(locationId, "a/b")
        ]) {
          expect(yield* Effect.flip<unknown, { readonly _tag: string }, never>(call)).toMatchObject({
            _tag: "Unprocessable",
            attempts: 0
          })
        }
        expect((yield* ledger).received).toBe(0)
      })
    )
  )
})

describe("the requests for custom fields and location tags", () => {
  const field = { id: "f1", name: "Budget" }
  const tag = { id: "t1", name: "vip" }

  it.scoped("have the documented paths, bodies and Version", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) =>
        json(response, 200, { customFields: [field], customField: field, tags: [tag], tag, succeded: true })
      )
      const calls = Effect.gen(function* () {
        const fields = yield* CustomFieldsService
        const tags = yield* LocationTagsService
        yield* fields.getCustomFields(locationId, { model: "all" })
        yield* fields.getCustomFields(locationId)
        yield* fields.getCustomField(locationId, "contact.budget")
        yield* fields.createCustomField(locationId, { name: "Budget", dataType: "NUMERICAL", position: 0 })
        yield* fields.updateCustomField(locationId, "f1", { name: "Budget", isMultipleFile: false })
        yield* fields.deleteCustomField(locationId, "f1")
        yield* tags.getLocationTags(locationId)
        yield* tags.createLocationTag(locationId, { name: "VIP" })
        yield* tags.getLocationTag(locationId, "t1")
        yield* tags.updateLocationTag(locationId, "t1", { name: "VIP" })
        yield* tags.deleteLocationTag(locationId, "t1")
      })
      const token = Redacted.make("pit-1")
      yield* calls.pipe(Effect.provide(GrowthHub.layer({ token, baseUrl: url })), Effect.provide(FetchHttpClient.layer))
      const root = `/locations/${locationId}`
      expect(
        seen.map(({ method, url, body }) => [method, url, body === "" ? undefined : (JSON.parse(body) as unknown)])
      ).toEqual([
        ["GET", `${root}/customFields?model=all`, undefined],
        ["GET", `${root}/customFields`, undefined],
        ["GET", `${root}/customFields/contact.budget`, undefined],
        ["POST", `${root}/customFields`, { name: "Budget", dataType: "NUMERICAL", position: 0 }],
        ["PUT", `${root}/customFields/f1`, { name: "Budget", isMultipleFile: false }],
        ["DELETE", `${root}/customFields/f1`, undefined],
        ["GET", `${root}/tags`, undefined],
        ["POST", `${root}/tags`, { name: "VIP" }],
        ["GET", `${root}/tags/t1`, undefined],
        ["PUT", `${root}/tags/t1`, { name: "VIP" }],
        ["DELETE", `${root}/tags/t1`, undefined]
      ])
      expect(new Set(seen.map(({ headers }) => headers["version"]))).toEqual(new Set(["2021-07-28"]))
      const versions = { getCustomFields: "v3", createLocationTag: "v3" } as const
      yield* Effect.gen(function* () {
        yield* (yield* CustomFieldsService).getCustomFields(locationId)
        yield* (yield* LocationTagsService).createLocationTag(locationId, { name: "VIP" })
      }).pipe(Effect.provide(GrowthHub.layer({ token, baseUrl: url, versions })), Effect.provide(FetchHttpClient.layer))
      expect(seen.slice(11).map(({ url, headers }) => [url, headers["version"]])).toEqual([
        [`${root}/customFields`, "v3"],
        [`${root}/tags`, "v3"]
      ])
    })
  )
})

describe("the definition of a custom field", () => {
  const decode = S.decodeUnknownSync(CustomFieldDefinition)

  it("is decoded with options of any form and any data type", () => {
    expect(
      decode({
        id: "a",
        dataType: "HOLOGRAM",
        placeholder: null,
        picklistOptions: ["red", { label: "Blue", key: "blue", id: "1" }, { key: "green" }, null, { id: "7" }],
        position: "50",
        maxFileLimit: 2,
        parentId: "p",
        novel: true
      })
    ).toEqual({
      id: "a",
      dataType: "HOLOGRAM",
      picklistOptions: ["red", "Blue", "green", "7"],
      position: 50,
      maxFileLimit: 2,
      parentId: "p",
      novel: true
    })
    expect(decode({ id: "a", dataType: "TEXTBOX_LIST", picklistOptions: ["A", "B"] })).not.toHaveProperty("textBoxes")
    expect(() => decode({ name: "no id" })).toThrow()
  })

  it("is unchanged after encoding and decoding", () => {
    const made = decode({
      id: "a",
      dataType: "TEXTBOX_LIST",
      picklistOptions: [{ id: "1", label: "A" }],
      dateAdded: "2026-01-01T00:00:00.000Z"
    })
    expect(decode(S.encodeSync(CustomFieldDefinition)(made))).toEqual(made)
    expect(made.textBoxes).toEqual([{ id: "1", label: "A" }])
  })
})
