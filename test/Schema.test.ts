import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import { describe, expect, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as JSONSchema from "effect/JSONSchema"
import * as S from "effect/Schema"
import {
  Appointment,
  BusinessInBulk,
  Contact,
  ContactId,
  ContactUpdate,
  ContactUpsert,
  Country,
  CustomField,
  DateOfBirth,
  LocationId,
  Task,
  TaskCreate,
  WorkflowEntry
} from "effect-growthhub/Schema"
import * as Errors from "effect-growthhub/Errors"
import { readFileSync } from "node:fs"
import { toV3 } from "../src/api/contactInput.js"
import * as rows from "../src/api/contacts.js"
import { faults as faultLines } from "../src/http/faults.js"
import { decoder } from "../src/runtime/codec.js"
import * as fc from "./arbitraries.js"

const { answer: GetContactAnswer } = rows.getContact
const { answer: UpdateContactAnswer } = rows.updateContact
const { answer: UpsertContactAnswer } = rows.upsertContact

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), "utf8"))

const read = (wire: unknown) => S.decodeUnknownSync(Contact)({ id: "abc", ...(wire as object) })

const strictly = { onExcessProperty: "error", errors: "all" } as const

const faults = <A, I>(schema: S.Schema<A, I>, value: unknown) =>
  Either.match(S.encodeUnknownEither(schema, strictly)(value), {
    onLeft: ({ issue }) => faultLines(issue),
    onRight: () => []
  })

describe("ids", () => {
  it("are rejected if they could change the path of a URL", () => {
    for (const id of ["", ".", "..", "a/b", "../x", "a\\b", "a\nb", "\u0000", "\ud800", "x".repeat(257)]) {
      expect(Either.isLeft(S.decodeUnknownEither(ContactId)(id)), JSON.stringify(id)).toBe(true)
      expect(Either.isLeft(S.decodeUnknownEither(LocationId)(id)), JSON.stringify(id)).toBe(true)
    }
  })

  it("are accepted if percent-encoding makes them safe", () => {
    for (const id of ["seD4PfOuKoVMLkEZqohJ", "...", "%2e%2e", "a?b", "a#b", "a b", "é", "x".repeat(256)]) {
      expect(S.decodeUnknownSync(ContactId)(id)).toBe(id)
    }
  })
})

describe("the id of a contact", () => {
  const routes = ["search", "upsert", "bulk", "business", "removeAll", "remove-all", "lookup", "Search", "REMOVEALL"]

  it.each(routes)("is rejected if it is the path segment %s of the API", (id) => {
    expect(faults(ContactId, id)).toEqual(["the input must not be the name of another path of the API"])
    expect(faults(LocationId, id)).toEqual([])
  })

  it("may contain the name of a path segment", () => {
    for (const id of ["searching", "upsert1", "a-bulk"]) expect(faults(ContactId, id)).toEqual([])
  })

  it.each(["1e400", "-1e400", "12345678901234567890", "1.5", "true", "{}", "[1]", "null"])(
    "fails to decode from the JSON %s",
    (json) => {
      const answer: unknown = JSON.parse(`{"contact":{"id":${json}}}`)
      expect(Either.isLeft(S.decodeUnknownEither(GetContactAnswer)(answer))).toBe(true)
      expect(Either.isLeft(decoder(GetContactAnswer)(answer))).toBe(true)
      const { customFields } = read({ customFields: [{ ...JSON.parse(`{"id":${json}}`), value: "v" }] })
      expect(customFields).toEqual([])
    }
  )

  it("is decoded from a whole number as its digits", () => {
    expect(read({ id: 42 }).id).toBe("42")
    expect(read({ firstName: JSON.parse("1e400") as unknown })).toEqual({ id: "abc" })
  })
})

describe("the schemas in an app's API documents and tests", () => {
  const api = HttpApi.make("app").add(
    HttpApiGroup.make("contacts").add(
      HttpApiEndpoint.post("upsert", "/contacts")
        .setPayload(ContactUpsert)
        .addSuccess(Contact)
        .addError(Errors.BadRequest)
        .addError(Errors.RateLimited)
    )
  )

  it("have a JSON Schema, which for a contact describes the response", () => {
    const { $defs } = JSONSchema.make(Contact)
    expect($defs?.["GrowthHubContact"]).toMatchObject({
      required: ["id"],
      properties: {
        id: { type: "string" },
        dateAdded: { type: "string" },
        customFields: { type: "array", items: { properties: { id: { type: "string" }, value: {} } } }
      }
    })
    const written: ReadonlyArray<S.Schema.AnyNoContext> = [
      ContactId,
      LocationId,
      ContactUpdate,
      ContactUpsert,
      CustomField,
      DateOfBirth,
      Country
    ]
    for (const schema of written) {
      expect(() => JSONSchema.make(schema)).not.toThrow()
    }
  })

  it("yield an OpenAPI document with valid component names", () => {
    const document = OpenApi.fromApi(api)
    const names = Object.keys(document.components.schemas)
    expect(names).toEqual(expect.arrayContaining(["GrowthHubContact", "GrowthHubContactUpsert"]))
    expect(names.filter((name) => !/^[\w.-]+$/.test(name))).toEqual([])
    expect(JSON.stringify(document.paths["/contacts"]?.post?.responses)).toContain("GrowthHubContact")
  })

  it.prop(
    "have arbitraries whose values can be encoded",
    [Arbitrary.make(ContactUpsert), Arbitrary.make(ContactUpdate)],
    ([upsert, update]) => {
      expect(faults(ContactUpsert, upsert)).toEqual([])
      expect(faults(ContactUpdate, update)).toEqual([])
      expect(() => JSON.stringify(S.encodeSync(ContactUpsert)(upsert))).not.toThrow()
    },
    { fastCheck: { numRuns: 300 } }
  )
})

describe("an encoded contact", () => {
  it.prop("has its custom fields in the format of a response", [fc.contact], ([contact]) => {
    const { customFields } = S.encodeSync(Contact)(contact)
    const expected = contact.customFields?.map(({ id, key, value }) => ({
      id,
      ...(key === undefined ? {} : { key }),
      value
    }))
    expect(customFields).toEqual(expected)
  })
})

describe("the documentation's examples", () => {
  it("decode as the response of getContact", () => {
    const { contact } = S.decodeUnknownSync(GetContactAnswer)(fixture("get-contact.200"))
    expect(contact.id).toBe("seD4PfOuKoVMLkEZqohJ")
    expect(contact.dateAdded && DateTime.formatIso(contact.dateAdded)).toBe("2021-07-02T05:18:26.704Z")
    expect(contact.lastActivity && DateTime.formatIso(contact.lastActivity)).toBe("2021-07-16T11:39:30.564Z")
    expect(contact.customFields).toEqual([{ id: "MgobCB14YMVKuE4Ka8p1", value: "name" }])
    expect(contact.attributionSource?.medium).toBe("survey")
    expect(contact.attributionSource?.msclikid).toBe("string")
    expect(contact.dateOfBirth).toBe("Date format YYYY-MM-DD")
  })

  it("decode with attributions", () => {
    const { contact } = S.decodeUnknownSync(GetContactAnswer)(fixture("get-contact-with-attributions.200"))
    expect(contact.attributions?.[0]?.sessionSource).toBe("google")
    expect(contact.dateOfBirth).toBe("1990-01-15")
  })

  it("decode as the responses of updateContact and upsertContact without loss of a field", () => {
    const updated = S.decodeUnknownSync(UpdateContactAnswer)(fixture("update-contact.200"))
    const upserted = S.decodeUnknownSync(UpsertContactAnswer)(fixture("upsert-contact.200"))
    expect(upserted.new).toBe(true)
    const sample = fixture("upsert-contact.200") as { contact: object }
    expect(Object.keys(upserted.contact).sort()).toEqual(Object.keys(sample.contact).sort())
    expect(Object.keys(updated.contact).sort()).toEqual(Object.keys(sample.contact).sort())
  })

  const values = {
    text: "6dvNaf7VhkQ9snc5vnjJ",
    file: {
      meta: {
        fieldname: "1HeGizb13P0odwgOgKSs",
        originalname: "IMG_20231215_164412935.jpg",
        encoding: "7bit",
        mimetype: "image/jpeg",
        size: 1786611,
        uuid: "f31175d4-2b06-4fc6-b7bc-74cd814c68cb"
      },
      url: "https://services.leadconnectorhq.com/documents/download/w2M9qTZ0ZJz8rGt02jdJ",
      documentId: "w2M9qTZ0ZJz8rGt02jdJ"
    }
  }
  const id = values.text
  const key = "my_custom_field"
  const channel = { status: "active", message: "string", code: "string" } as const
  const update: ContactUpdate = {
    firstName: "rosan",
    lastName: "Deo",
    name: "rosan Deo",
    email: "rubika@deos.com",
    phone: "+1 888-888-8888",
    address1: "3535 1st St N",
    city: "Dolomite",
    state: "AL",
    postalCode: "35061",
    website: "https://www.tesla.com",
    timezone: "America/Chihuahua",
    dnd: true,
    dndSettings: { Call: channel, Email: channel, SMS: channel, WhatsApp: channel, GMB: channel, FB: channel },
    inboundDndSettings: { all: { status: "active", message: "string" } },
    tags: ["nisi sint commodo amet", "consequat"],
    customFields: [
      CustomField.text(id, "My Text", key),
      CustomField.text(id, "My Text", key),
      CustomField.text(id, "My Selected Option", key),
      CustomField.text(id, "My Selected Option", key),
      CustomField.number(id, 100, key),
      CustomField.number(id, 100.5, key),
      CustomField.options(id, ["test", "test2"], key),
      CustomField.options(id, ["test", "test2"], key),
      CustomField.files(id, { "f31175d4-2b06-4fc6-b7bc-74cd814c68cb": values.file }, key)
    ],
    source: "public api",
    dateOfBirth: "1990/09/25",
    country: "US",
    assignedTo: "y0BeYjuRIlDwsDcOHOJo"
  }

  it("are equal to the encoded request of an update", () => {
    expect(S.encodeSync(ContactUpdate, strictly)(update)).toEqual(fixture("update-contact.request"))
  })

  it("are equal to the encoded request of an upsert", () => {
    const { name, ...fields } = update
    const upsert = {
      ...fields,
      name,
      locationId: LocationId.make("ve9EPM428h8vShlRW1KT"),
      gender: "male",
      companyName: "DGS VolMAX",
      createNewIfDuplicateAllowed: false
    } as ContactUpsert
    expect(S.encodeSync(ContactUpsert, strictly)(upsert)).toEqual(fixture("upsert-contact.request"))
  })

  it("have the field names of Version v3 after `toV3`", () => {
    const v3 = toV3(S.encodeSync(ContactUpdate)(update)) as { dndSettings: object; customFields: Array<object> }
    expect(Object.keys(v3.dndSettings)).toEqual(["call", "email", "sms", "whatsApp", "gmb", "fb"])
    expect(v3.customFields[4]).toEqual({ id, key, fieldValue: 100 })
    expect(v3.customFields.every((field) => !("field_value" in field))).toBe(true)
    expect(toV3({ firstName: "a" })).toEqual({ firstName: "a" })
  })
})

describe("a contact from the live service", () => {
  it("has no field that is null", () => {
    const contact = read({ phone: null, dndSettings: null, customFields: null, attributionSource: { url: null } })
    expect(contact).toEqual({ id: "abc", attributionSource: {} })
  })

  it("keeps unknown fields, statuses and channels", () => {
    const contact = read({
      score: 7,
      nested: { a: [1] },
      dndSettings: {
        RCS: { status: "active" },
        Fax: { status: "asleep", reason: "x" },
        SMS: { status: "", message: "" }
      }
    })
    expect(contact["score"]).toBe(7)
    expect(contact["nested"]).toEqual({ a: [1] })
    expect(contact.dndSettings).toEqual({
      RCS: { status: "active" },
      Fax: { status: "asleep", reason: "x" },
      SMS: { status: "", message: "" }
    })
  })

  it("has the same names of DND channels in every Version", () => {
    const contact = read({ dndSettings: { call: { status: "active" }, whatsApp: { status: "inactive", code: null } } })
    expect(contact.dndSettings).toEqual({ Call: { status: "active" }, WhatsApp: { status: "inactive" } })
  })

  it("has custom fields of every kind, with every spelling of `value`", () => {
    const files = { f31175d4: { url: "https://example.com/a.jpg", documentId: "x", meta: { size: 3, extra: 1 } } }
    const contact = read({
      customFields: [
        { id: "a", value: "text" },
        { id: "b", field_value: 100.5 },
        { id: "c", fieldValue: ["x", "y"] },
        { id: "d", value: files },
        { id: "e", value: "2024-01-10T12:00:00.000Z" },
        { id: "f", value: null },
        { id: "g", value: true },
        { id: "h", value: { lat: 1 } },
        { id: "i", value: [1, "a"] },
        null
      ]
    })
    expect(contact.customFields).toEqual([
      { id: "a", value: "text" },
      { id: "b", value: 100.5 },
      { id: "c", value: ["x", "y"] },
      { id: "d", value: files },
      { id: "e", value: "2024-01-10T12:00:00.000Z" },
      { id: "g", value: "true" },
      { id: "h", value: '{"lat":1}' },
      { id: "i", value: ["1", "a"] }
    ])
  })

  it("has the undocumented fields of live responses", () => {
    const contact = read({
      additionalEmails: ["a@example.com", { email: "b@example.com", validity: "ok" }],
      additionalPhones: [{ phone: "+1555", phoneLabel: null }],
      createdBy: { source: "WEB_USER", channel: "APP", sourceId: "u", timestamp: "2024-01-10T12:00:00.000Z" },
      followers: ["u1"],
      gender: "female",
      deleted: false,
      bounceEmail: false,
      unsubscribeEmail: "true",
      validEmail: null,
      validEmailDate: null,
      lastSessionActivityAt: 1704888000000
    })
    expect(contact.additionalEmails).toEqual([{ email: "a@example.com" }, { email: "b@example.com", validity: "ok" }])
    expect(contact.additionalPhones).toEqual([{ phone: "+1555" }])
    expect(contact.createdBy?.timestamp && DateTime.toEpochMillis(contact.createdBy.timestamp)).toBe(1704888000000)
    expect(contact.lastSessionActivityAt && DateTime.toEpochMillis(contact.lastSessionActivityAt)).toBe(1704888000000)
    expect(contact.deleted).toBe(false)
    expect("validEmail" in contact).toBe(false)
  })

  it("has files without their null parts, which can be written back", () => {
    const file = { url: "https://example.com/a.jpg", documentId: null, meta: { size: "12", mimetype: null, more: 1 } }
    const contact = read({
      customFields: [
        { id: "f", value: { uuid: file } },
        { id: "o", value: ["a", null] }
      ]
    })
    expect(contact.customFields).toEqual([
      { id: "f", value: { uuid: { url: "https://example.com/a.jpg", meta: { size: 12, more: 1 } } } },
      { id: "o", value: ["a"] }
    ])
    expect(faults(ContactUpdate, { customFields: contact.customFields })).toEqual([])
  })

  it("is decoded if a field is nested deeper than the stack", () => {
    const deep: unknown = JSON.parse("[".repeat(20_000) + "1" + "]".repeat(20_000))
    expect(read({ firstName: deep, tags: [deep], customFields: [{ id: "a", value: deep }] }).id).toBe("abc")
  })

  it("has boolean fields that are decoded from several spellings", () => {
    expect(read({ dnd: 0, deleted: "true", bounceEmail: "no", unsubscribeEmail: 1 })).toEqual({
      id: "abc",
      dnd: false,
      deleted: true,
      bounceEmail: "no",
      unsubscribeEmail: true
    })
  })

  it("omits an empty known field, and has JSON text for an object in a text field", () => {
    const empty = { customFields: {}, dndSettings: [], attributionSource: "x", createdBy: 5, locationId: "", dnd: "" }
    expect(read({ ...empty, dateOfBirth: {}, phone: {}, address1: { line: 1 }, followers: [{ id: "u" }, {}] })).toEqual(
      {
        id: "abc",
        customFields: [],
        address1: '{"line":1}',
        followers: ['{"id":"u"}']
      }
    )
  })

  const anyField = FastCheck.constantFrom(
    ...Object.keys((fixture("get-contact.200") as { contact: object }).contact),
    "additionalEmails",
    "additionalPhones",
    "createdBy",
    "followers",
    "deleted",
    "attributions",
    "lastSessionActivityAt"
  )

  const anyInnerField = FastCheck.constantFrom(
    ...["status", "message", "timestamp", "url", "mediumId", "msclickid", "email", "phone", "phoneLabel", "label"],
    ...["id", "key", "value", "field_value", "meta", "size", "uuid", "documentId", "SMS", "Fax"]
  )
  const { nested } = FastCheck.letrec<{ nested: unknown }>((tie) => ({
    nested: FastCheck.oneof(
      { depthSize: "small" },
      fc.json({ maxDepth: 1 }),
      FastCheck.constantFrom(null, "", "2024-05-01T10:00:00Z", "text", 7, true),
      FastCheck.array(tie("nested"), { maxLength: 3 }),
      FastCheck.dictionary(anyInnerField, tie("nested"))
    )
  }))

  it.prop(
    "is decoded to a valid Contact if it has an id, whatever its other fields contain",
    [FastCheck.dictionary(anyField, nested), fc.id],
    ([fields, id]) => {
      const contact = S.decodeUnknownSync(Contact)({ ...fields, id })
      expect(contact.id).toBe(id)
      expect(S.is(Contact)(contact)).toBe(true)
      const again = S.decodeUnknownSync(Contact)(JSON.parse(JSON.stringify(S.encodeSync(Contact)(contact))))
      expect(S.encodeSync(Contact)(again)).toEqual(S.encodeSync(Contact)(contact))
    }
  )

  it("has attributions without url, from a form and from a CSV", () => {
    const contact = read({
      attributionSource: { sessionSource: "CRM UI", medium: "manual", mediumId: null },
      lastAttributionSource: { medium: "csv", mediumId: "null", msclickid: "m", utmTerm: "t", gbraid: 1 }
    })
    expect(contact.attributionSource).toEqual({ sessionSource: "CRM UI", medium: "manual" })
    expect(contact.lastAttributionSource).toEqual({
      medium: "csv",
      mediumId: "null",
      msclikid: "m",
      utmTerm: "t",
      gbraid: 1
    })
  })

  it.each([
    ["1990-09-25", "1990-09-25"],
    ["09/25/1990", "1990-09-25"],
    ["1990-09-25T00:00:00.000Z", "1990-09-25"],
    [653961600000, "1990-09-22"],
    [-86400000, "1969-12-31"],
    ["some day", "some day"]
  ])("decodes the date of birth %s", (wire, day) => {
    expect(read({ dateOfBirth: wire }).dateOfBirth).toBe(day)
  })

  it.each([
    ["2021-07-02T05:18:26.704Z", 1625203106704],
    ["2021-07-02T05:18:26.704", 1625203106704],
    ["2021-07-02T07:18:26.704+02:00", 1625203106704],
    [1625203106704, 1625203106704],
    ["2021-07-02 05:18:26.704", 1625203106704],
    ["2021-07-02", 1625184000000],
    ["Fri, 02 Jul 2021 05:18:26 GMT", 1625203106000],
    ["07/02/2021 05:18", undefined],
    ["2021-07-02 5:18", undefined],
    ["2021-07-02 05:18 AM", undefined],
    ["2021-07-02T25:00", undefined],
    ["garbage", undefined],
    ["", undefined],
    [{}, undefined]
  ])("decodes the timestamp %s", (wire, millis) => {
    const { dateAdded } = read({ dateAdded: wire })
    expect(dateAdded === undefined ? undefined : DateTime.toEpochMillis(dateAdded)).toBe(millis)
  })

  it("has text in a text field that the service sent as a number", () => {
    expect(read({ postalCode: 35061, firstName: 7 })).toEqual({ id: "abc", postalCode: "35061", firstName: "7" })
  })

  it("does not set a prototype through a field named `__proto__`", () => {
    const contact = S.decodeUnknownSync(Contact)(JSON.parse('{"id":"abc","__proto__":{"admin":true},"constructor":1}'))
    expect("admin" in contact).toBe(false)
    expect(contact["constructor"]).toBe(1)
  })

  it("fails to decode without an id", () => {
    expect(() => S.decodeUnknownSync(Contact)({ name: "x" })).toThrow()
    expect(() => S.decodeUnknownSync(GetContactAnswer)({ contact: null })).toThrow()
    expect(() => S.decodeUnknownSync(GetContactAnswer)([])).toThrow()
  })

  it.prop("is unchanged after encoding to JSON and decoding", [fc.contact], ([contact]) => {
    const json = JSON.stringify(S.encodeSync(Contact)(contact))
    const again = S.decodeUnknownSync(Contact)(JSON.parse(json))
    expect(JSON.stringify(S.encodeSync(Contact)(again))).toBe(json)
    expect(Object.keys(again).sort()).toEqual(Object.keys(contact).sort())
  })

  it.prop("keeps additional fields of any kind", [FastCheck.dictionary(FastCheck.string(), fc.json())], ([extra]) => {
    // The prefix makes the names unknown, because no documented field begins with an x.
    const unknown = Object.entries(extra).map(([key, value]) => [`x${key}`, value] as const)
    const contact = read(Object.fromEntries(unknown))
    for (const [key, value] of unknown) {
      if (value !== null) expect(contact[key]).toEqual(value)
    }
  })
})

describe("response envelopes", () => {
  it("may have either spelling of `succeeded`, both or none", () => {
    const contact = { id: "abc" }
    for (const flags of [{ succeded: true }, { succeeded: true }, { succeded: true, succeeded: true }, {}]) {
      expect(S.decodeUnknownSync(UpdateContactAnswer)({ ...flags, contact }).contact.id).toBe("abc")
    }
  })

  it("fail to decode if their flag is false", () => {
    expect(() => S.decodeUnknownSync(UpdateContactAnswer)({ succeded: false, contact: { id: "abc" } })).toThrow()
    expect(() =>
      S.decodeUnknownSync(UpsertContactAnswer)({ succeeded: false, new: true, contact: { id: "a" } })
    ).toThrow()
  })
})

describe("a custom field", () => {
  it.prop("is unchanged after encoding and decoding, in every spelling", [fc.customField], ([field]) => {
    const { field_value, ...rest } = S.encodeSync(CustomField)(field)
    for (const spelling of ["value", "field_value", "fieldValue"]) {
      expect(S.decodeUnknownSync(CustomField)({ ...rest, [spelling]: field_value })).toEqual(field)
    }
  })

  it("can be written as it was read", () => {
    const contact = read({ customFields: [{ id: "a", value: ["x"] }] })
    expect(S.encodeSync(ContactUpdate, strictly)({ customFields: contact.customFields })).toEqual({
      customFields: [{ id: "a", field_value: ["x"] }]
    })
  })
})

describe("a date of birth", () => {
  const formats = (y: string, m: string, d: string) =>
    ["-", "/", ".", "_"].flatMap((s) => [`${y}${s}${m}${s}${d}`, `${m}${s}${d}${s}${y}`])

  it.prop("is encoded as YYYY-MM-DD from all eight formats and from a DateTime", [fc.day], ([iso]) => {
    const [year = "", month = "", day = ""] = iso.split("-")
    for (const text of formats(year, month, day)) expect(S.encodeSync(DateOfBirth)(text)).toBe(iso)
    expect(S.encodeSync(DateOfBirth)(DateTime.unsafeMake(`${iso}T23:59:59Z`))).toBe(iso)
  })

  it("is the day in the time zone of a DateTime", () => {
    const zoned = DateTime.unsafeMakeZoned("1990-09-25T22:00:00Z", { timeZone: "Asia/Tokyo" })
    expect(S.encodeSync(DateOfBirth)(zoned)).toBe("1990-09-26")
  })

  it("must be a real day in a documented format", () => {
    const wrong = [
      "1990-02-30",
      "2023-02-29",
      "1990-13-01",
      "25/09/1990",
      "1990-9-25",
      "1990-09/25",
      "19900925",
      "",
      " "
    ]
    for (const text of wrong) expect(faults(DateOfBirth, text), text).toHaveLength(1)
    expect(S.encodeSync(DateOfBirth)("2024-02-29")).toBe("2024-02-29")
  })
})

describe("input of an update and an upsert", () => {
  const text = ["firstName", "lastName", "name", "email", "phone", "address1", "city", "state", "website", "timezone"]
  const nullable = {
    update: [...text, "postalCode", "dnd", "source", "dateOfBirth", "assignedTo"],
    upsert: [...text, "companyName", "dateOfBirth"]
  }
  const required = {
    update: ["dndSettings", "inboundDndSettings", "tags", "customFields", "country"],
    upsert: [
      "postalCode",
      "gender",
      "dnd",
      "source",
      "assignedTo",
      "createNewIfDuplicateAllowed",
      "dndSettings",
      "inboundDndSettings",
      "tags",
      "customFields",
      "country",
      "locationId"
    ]
  }

  it("has exactly the fields that each endpoint accepts", () => {
    expect(Object.keys(ContactUpdate.fields).sort()).toEqual([...nullable.update, ...required.update].sort())
    expect(Object.keys(ContactUpsert.fields).sort()).toEqual([...nullable.upsert, ...required.upsert].sort())
  })

  it("may be null only in fields for which the API allows it", () => {
    const locationId = "ve9EPM428h8vShlRW1KT"
    for (const field of nullable.update) expect(faults(ContactUpdate, { [field]: null }), field).toEqual([])
    for (const field of required.update) expect(faults(ContactUpdate, { [field]: null }), field).toHaveLength(1)
    for (const field of nullable.upsert) expect(faults(ContactUpsert, { locationId, [field]: null }), field).toEqual([])
    for (const field of required.upsert) {
      expect(faults(ContactUpsert, { locationId, [field]: null }), field).toHaveLength(1)
    }
  })

  it("may be undefined, which is the same as absent", () => {
    expect(JSON.stringify(S.encodeSync(ContactUpdate, strictly)({ email: undefined, city: "A" }))).toBe('{"city":"A"}')
  })

  it("is rejected with a line per fault that does not repeat the value", () => {
    const lines = faults(ContactUpdate, {
      locationId: "secret-1",
      gender: "secret-2",
      email: "secret-3",
      dnd: "secret-4",
      tags: ["a", 5],
      country: "secret-6",
      dateOfBirth: "secret-7",
      customFields: [
        { id: "", value: "x" },
        { id: "a", value: { "secret-8": 1 } },
        { id: "b", value: NaN }
      ],
      dndSettings: { Call: { status: "secret-9" }, Fax: { status: "active" } },
      inboundDndSettings: { all: { status: "permanent" } }
    })
    expect([...lines].sort()).toEqual(
      [
        "property locationId should not exist",
        "property gender should not exist",
        "email must be an email",
        "dnd must be a boolean value",
        "tags.1 must be a string",
        "country must be a two-letter code of the country list",
        "dateOfBirth must be a real day as YYYY-MM-DD, MM-DD-YYYY, the same with / . or _ between, or a DateTime",
        "customFields.0.id must not be empty",
        "customFields.1.value must be text, a finite number, an array of text, files by their uuid, or texts by the id of their box",
        "customFields.2.value must be text, a finite number, an array of text, files by their uuid, or texts by the id of their box",
        "dndSettings.Call.status must be one of the following values: active, inactive, permanent",
        "property dndSettings.Fax should not exist",
        "inboundDndSettings.all.status must be one of the following values: active, inactive"
      ].sort()
    )
    expect(lines.join()).not.toContain("secret-")
  })

  it("is rejected with a readable line if an object or an array has the wrong type", () => {
    expect(faults(ContactUpdate, { tags: "vip", customFields: ["x"], dndSettings: { SMS: "active" } })).toEqual([
      "dndSettings.SMS must be an object",
      "tags must be an array",
      "customFields.0 must be an object"
    ])
    expect(faults(ContactUpdate, { customFields: {}, dndSettings: [], inboundDndSettings: { all: 1 } })).toEqual([
      "dndSettings must be an object",
      "inboundDndSettings.all must be an object",
      "customFields must be an array"
    ])
    for (const input of [null, undefined, 5, "x", []]) {
      expect(faults(ContactUpsert, input)).toEqual(["the input must be an object"])
    }
  })

  it("has a country of the country list", () => {
    expect(Country.literals).toHaveLength(247)
    expect(S.is(Country)("XK")).toBe(true)
    expect(S.is(Country)("us")).toBe(false)
  })
})

describe("faults and unusual values", () => {
  it("include a line on what is wrong with an id", () => {
    const fault = (id: string) =>
      Either.match(S.decodeUnknownEither(ContactId)(id), {
        onLeft: ({ issue }) => faultLines(issue).join().replace("the input ", ""),
        onRight: () => "none"
      })
    expect(["", "..", "x".repeat(257), "a/b", "a\nb", "\ud800"].map(fault)).toEqual([
      "must not be empty",
      "must not be a relative path segment",
      "must not be longer than 256 characters",
      "must not contain a slash",
      "must not contain control characters",
      "must be well-formed text"
    ])
  })

  it("include an impossible date, which is kept when decoded and rejected when encoded", () => {
    for (const day of ["2023-02-30", "2023-13-01", "2023-00-10", "2023-04-31", "2023-01-00"]) {
      expect(read({ dateOfBirth: day }).dateOfBirth, day).toBe(day)
      expect(faults(ContactUpdate, { dateOfBirth: day }), day).toHaveLength(1)
    }
    expect(read({ dateOfBirth: "2024-02-29T23:00:00.000-05:00" }).dateOfBirth).toBe("2024-02-29")
  })

  it("include an own `__proto__`, which is dropped at every level", () => {
    const contact = read(
      JSON.parse(
        '{"__proto__":{"a":1},"name":null,"dndSettings":{"__proto__":{"status":"active"},"SMS":{"status":"active"}}}'
      )
    )
    expect(Object.keys(contact)).toEqual(["id", "dndSettings"])
    expect(Object.keys(contact.dndSettings ?? {})).toEqual(["SMS"])
    expect(Object.getPrototypeOf(contact)).toBe(Object.prototype)
  })

  it("include a file size that is not a number, which is dropped", () => {
    const size = (size: unknown) => {
      const file = { url: "https://a.example/f", meta: { size } }
      const [field] = read({ customFields: [{ id: "f", value: { uuid: file } }] }).customFields ?? []
      return (field?.value as unknown as { readonly uuid: { readonly meta?: { readonly size?: number } } }).uuid.meta
        ?.size
    }
    expect([12, "12", " 12 ", "", " ", "twelve", true, {}, Infinity].map(size)).toEqual([
      12,
      12,
      12,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined
    ])
  })

  it("include a custom field without an id or a value and a key that is not text, which are dropped", () => {
    const { customFields } = read({
      customFields: [{ value: "a" }, { id: "", value: "b" }, { id: "c" }, { id: "d", value: "e", key: 5 }, "f"]
    })
    expect(customFields).toEqual([{ id: "d", value: "e" }])
    expect(read({ customFields: [{ id: "d", value: "e", key: "k" }] }).customFields).toEqual([
      { id: "d", key: "k", value: "e" }
    ])
  })

  it("include a single value in place of a list, which becomes the only element", () => {
    expect(read({ tags: "vip", followers: ["a", null, 7] })).toMatchObject({ tags: ["vip"], followers: ["a", "7"] })
  })

  it("include a timestamp that depends on the local time zone, which is dropped", () => {
    const zone = process.env["TZ"]
    process.env["TZ"] = "America/New_York"
    const moment = (dateAdded: unknown) => {
      const contact = read({ dateAdded })
      return contact.dateAdded && DateTime.formatIso(contact.dateAdded)
    }
    const moments = [
      "2024-05-01T10:00:00",
      "2024-05-01 10:00",
      "2024-05-01T10:00:00.000Z",
      "2024-05-01T12:00:00+02:00",
      "Wed, 01 May 2024 10:00:00 GMT",
      1714557600000
    ].map(moment)
    const none = ["May 1, 2024 10:00", "GMT 2024-05-01 10:00:00 x", "2024-13-01T10:00:00Z", true, {}].map(moment)
    if (zone === undefined) delete process.env["TZ"]
    else process.env["TZ"] = zone
    expect(new Set(moments)).toEqual(new Set(["2024-05-01T10:00:00.000Z"]))
    expect(none).toEqual([undefined, undefined, undefined, undefined, undefined])
  })

  it("include text around an email, which is rejected", () => {
    for (const email of ["a@b.c d", "x a@b.c", "a@b@c", "@b", "a@", "a"]) {
      expect(faults(ContactUpdate, { email }), email).toEqual(["email must be an email"])
    }
    expect(faults(ContactUpdate, { email: "a@b" })).toEqual([])
  })
})

describe("a task or an appointment of a contact", () => {
  const text = FastCheck.string({ unit: "grapheme", maxLength: 20 })
  const some = <A>(values: { [K in keyof A]: FastCheck.Arbitrary<A[K]> }) =>
    FastCheck.record({ id: fc.id, ...values }, { requiredKeys: ["id"] })

  const task = some({ title: text, dueDate: fc.moment, completed: FastCheck.boolean(), colour: FastCheck.integer() })
  const appointment = some({
    title: text,
    startTime: text,
    users: FastCheck.array(text),
    isRecurring: FastCheck.boolean()
  })

  it.prop("is unchanged after encoding and decoding", [task, appointment], ([task, appointment]) => {
    const throughJson = <A, I>(schema: S.Schema<A, I>, value: A) =>
      S.decodeUnknownSync(schema)(JSON.parse(JSON.stringify(S.encodeSync(schema)(value))))
    expect(throughJson(Task, task as Task)).toEqual(task)
    expect(throughJson(Appointment, appointment as Appointment)).toEqual(appointment)
  })

  it.prop(
    "has input schemas with arbitraries whose values can be encoded",
    [Arbitrary.make(TaskCreate), Arbitrary.make(WorkflowEntry), Arbitrary.make(BusinessInBulk)],
    ([task, entry, business]) => {
      const written = S.encodeSync(TaskCreate)(task)
      expect(Date.parse(written.dueDate)).toBe(task.dueDate.epochMillis)
      const { eventStartTime } = S.encodeSync(WorkflowEntry)(entry)
      expect(eventStartTime && Date.parse(eventStartTime)).toBe(entry.eventStartTime?.epochMillis)
      expect(faults(BusinessInBulk, business)).toEqual([])
    },
    { fastCheck: { numRuns: 50 } }
  )
})
