import { describe, expect, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as S from "effect/Schema"
import { ContactUpdate, ContactUpsert } from "effect-growthhub/Schema"
import { readFileSync } from "node:fs"
import { toV3 } from "../../src/api/contactInput.js"
import * as ContactBody from "../../src/sandbox/ContactBody.js"
import * as fc from "../arbitraries.js"

const json = (text: string) => JSON.parse(text) as Record<string, unknown>

const fixture = (name: string) => json(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), "utf8"))

const update = (body: unknown, version = "2021-07-28") => ContactBody.rules.update(version)("", body)
const upsert = (body: object, version = "2023-02-21") =>
  ContactBody.rules.upsert(version)("", { locationId: "l", ...body })

describe("the validation of a contact body in the sandbox", () => {
  it("accepts the documentation's example requests, in every Version", () => {
    expect(update(fixture("update-contact.request"))).toEqual([])
    expect(upsert(fixture("upsert-contact.request"))).toEqual([])
    expect(update(toV3(fixture("update-contact.request")), "v3")).toEqual([])
    expect(upsert(toV3(fixture("upsert-contact.request")), "v3")).toEqual([])
  })

  it("rejects a property that the endpoint does not know", () => {
    expect(update({ locationId: "l" })).toEqual(["property locationId should not exist"])
    expect(update({ gender: "male", additionalEmails: [] })).toEqual([
      "property gender should not exist",
      "property additionalEmails should not exist"
    ])
    expect(update({ constructor: 1 })).toEqual(["property constructor should not exist"])
    expect(upsert({ foo: 1 })).toEqual(["property foo should not exist"])
  })

  it("rejects a wrong type with the service's message", () => {
    expect(update({ firstName: 5 })).toEqual(["firstName must be a string"])
    expect(update({ email: "" })).toEqual(["email must be an email"])
    expect(update({ email: "a@b" })).toEqual(["email must be an email"])
    expect(update({ dnd: "yes" })).toEqual(["dnd must be a boolean value"])
    expect(update({ tags: "a" })).toEqual(["tags must be an array"])
    expect(update({ tags: ["a", 1] })).toEqual(["each value in tags must be a string"])
    expect(update({ country: "XX" })).toEqual(["country must be a valid ISO31661 Alpha2 code"])
    expect(update({ dateOfBirth: "1990-02-30" })).toEqual(["dateOfBirth must be a valid date"])
    expect(update({ customFields: {} })).toEqual(["customFields must be an array"])
    expect(update({ customFields: [{ field_value: true }] })).toEqual([
      "customFields.0.id must be a string",
      "customFields.0.id should not be empty",
      "customFields.0.field_value must be a string, a number, an array or an object"
    ])
    expect(update({ dndSettings: { Call: {}, call: {} } })).toEqual([
      "dndSettings.property call should not exist",
      "dndSettings.Call.status must be one of the following values: active, inactive, permanent"
    ])
    expect(upsert({ locationId: "" })).toEqual(["locationId should not be empty"])
    expect(ContactBody.rules.upsert("2023-02-21")("", {})).toEqual([
      "locationId must be a string",
      "locationId should not be empty"
    ])
  })

  it.prop(
    "rejects a body that is not an object",
    [FastCheck.jsonValue().filter((value) => typeof value !== "object" || value === null || Array.isArray(value))],
    ([value]) => {
      for (const rules of Object.values(ContactBody.rules)) {
        for (const version of ["2021-07-28", "2023-02-21", "v3"]) {
          expect(rules(version)("", value)).toEqual(["the body must be an object"])
        }
      }
    }
  )

  it("accepts null where the documentation allows it", () => {
    expect(update({ email: null, postalCode: null, dnd: null, source: null, assignedTo: null })).toEqual([])
    expect(upsert({ email: null, companyName: null })).toEqual([])
    expect(upsert({ postalCode: null })).toEqual(["postalCode must be a string"])
  })

  it("uses the spellings of channels and custom fields of the Version", () => {
    expect(update({ dndSettings: { call: { status: "active" } } }, "v3")).toEqual([])
    for (const version of ["2021-07-28", "v3"]) {
      for (const spelling of ["field_value", "fieldValue", "value"]) {
        expect(update({ customFields: [{ id: "a", [spelling]: 1 }] }, version)).toEqual([])
      }
    }
    expect(update({ customFields: [{ id: "a", values: 1 }] })).toEqual([
      "customFields.0.property values should not exist"
    ])
    expect(ContactBody.toResponse({ dndSettings: { WhatsApp: { status: "active" } } }, "v3")).toEqual({
      dndSettings: { whatsApp: { status: "active" } }
    })
  })

  it.prop("accepts everything that the client's schemas encode", [fc.written], ([written]) => {
    const encoded = S.encodeUnknownEither(ContactUpdate, { onExcessProperty: "error" })(written)
    if (Either.isRight(encoded)) expect(update(json(JSON.stringify(encoded.right)))).toEqual([])
    const { locationId: _, ...rest } = { locationId: "l", ...written }
    const upserted = S.encodeUnknownEither(ContactUpsert, { onExcessProperty: "error" })({ locationId: "l", ...rest })
    if (Either.isRight(upserted)) expect(upsert(json(JSON.stringify(upserted.right)))).toEqual([])
    expect(Either.isRight(encoded) || Either.isRight(upserted)).toBe(true)
  })

  it.prop("does not throw for any JSON value, and reports faults only as text", [FastCheck.jsonValue()], ([value]) => {
    for (const line of [...update(value), ...update({ customFields: value, dndSettings: value, tags: value })]) {
      expect(typeof line).toBe("string")
    }
  })
})
