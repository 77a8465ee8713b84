import { describe, expect, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import { ContactId } from "effect-growthhub/Schema"
import { ignoredFields, isApplied } from "../src/api/applied.js"

const id = ContactId.make("jane")

describe("an update of a name", () => {
  it("counts as applied if the response has the parts of the name", () => {
    expect(isApplied({ name: "Jane van Roe" }, { id, firstName: "Jane", lastName: "van Roe" })).toBe(true)
    expect(isApplied({ name: "Jane" }, { id, firstName: "Jane" })).toBe(true)
    expect(isApplied({ name: null }, { id })).toBe(true)
    expect(isApplied({ name: "Jane Roe" }, { id, firstName: "Jane", lastName: "Doe" })).toBe(false)
    expect(isApplied({ name: "Jane Roe" }, { id, name: "Jane Roe", firstName: "J" })).toBe(true)
    expect(isApplied({ name: " Jane  Roe" }, { id, firstName: "Jane", lastName: "Roe" })).toBe(true)
  })
})

describe("the ignored fields of a write", () => {
  const rows: ReadonlyArray<readonly [what: string, sent: object, found: object, ignored: ReadonlyArray<string>]> = [
    ["a field that is not answered", { gender: "female", city: "Austin" }, { city: "Austin" }, ["gender"]],
    ["another value", { city: "Austin" }, { city: "Dallas" }, ["city"]],
    ["blanks around a text", { city: " Austin" }, { city: "Austin" }, []],
    [
      "what is to be cleared and still there",
      { phone: null, city: "" },
      { phone: "+15550100001", city: "A" },
      ["phone", "city"]
    ],
    ["what is cleared", { phone: null, city: "", tags: [] }, {}, []],
    [
      "what is undefined",
      { city: undefined, dndSettings: { SMS: undefined } },
      { city: "Austin", dndSettings: {} },
      []
    ],
    ["where and how to write", { locationId: "l", createNewIfDuplicateAllowed: true }, {}, []],
    ["an email in lower case", { email: "Jane@X.com" }, { email: "jane@x.com" }, []],
    ["another email", { email: "jane@x.com" }, { email: "jane@x.org" }, ["email"]],
    ["tags in lower case and order", { tags: ["VIP", "a", "vip"] }, { tags: ["a", "vip"] }, []],
    ["a tag that is missing", { tags: ["a", "b"] }, { tags: ["a"] }, ["tags"]],
    ["a phone with its digits grouped", { phone: "+1 (888) 888-8888" }, { phone: "+18888888888" }, []],
    ["a phone that got its country", { phone: "(888) 888-8888" }, { phone: "+18888888888" }, []],
    ["a phone that lost its leading zero", { phone: "0171 1234567" }, { phone: "+491711234567" }, []],
    ["another phone", { phone: "+1 888 888 8888" }, { phone: "+15550100001" }, ["phone"]],
    ["a phone of another country", { phone: "+18888888888" }, { phone: "+4918888888888" }, ["phone"]],
    ["the end of another phone", { phone: "1234" }, { phone: "+15550101234" }, ["phone"]],
    ["a day in another format", { dateOfBirth: "09/25/1990" }, { dateOfBirth: "1990-09-25" }, []],
    [
      "a day of a moment",
      { dateOfBirth: DateTime.unsafeMake("1990-09-25T12:00:00Z") },
      { dateOfBirth: "1990-09-25" },
      []
    ],
    ["another day", { dateOfBirth: "1990-09-25" }, { dateOfBirth: "1990-09-24" }, ["dateOfBirth"]],
    [
      "files to clear that are still there",
      { customFields: [{ id: "f", value: {} }] },
      { customFields: [{ id: "f", value: { a: { url: "u" } } }] },
      ["customFields"]
    ],
    [
      "files that are cleared",
      { customFields: [{ id: "f", value: {} }] },
      { customFields: [{ id: "f", value: {} }] },
      []
    ],
    ["dnd that is cleared", { dnd: null }, { dnd: false }, []],
    ["dnd that is not set", { dnd: true }, {}, ["dnd"]],
    [
      "a channel among others",
      { dndSettings: { SMS: { status: "active" } } },
      { dndSettings: { SMS: { status: "active", message: "" }, Call: {} } },
      []
    ],
    [
      "a channel of another status",
      { dndSettings: { SMS: { status: "active" } } },
      { dndSettings: { SMS: { status: "inactive" } } },
      ["dndSettings"]
    ]
  ]

  it.each(rows)("are right for this case: %s", (_, sent, found, ignored) => {
    expect(ignoredFields({ ...sent }, { id, ...found })).toEqual(ignored)
    expect(isApplied({ ...sent }, { id, ...found })).toBe(ignored.length === 0)
  })

  const values: ReadonlyArray<readonly [what: string, sent: unknown, found: unknown, isIgnored: boolean]> = [
    ["the same text", "a", "a", false],
    ["another text", "a", "b", true],
    ["no value", "a", undefined, true],
    ["a number as text", 3, "3.0", false],
    ["another number", 3, "4", true],
    ["options in another order", ["b", "a"], ["a", "b"], false],
    ["an option that is missing", ["b", "a"], ["a"], true],
    ["a day as a moment", "2026-01-02", "2026-01-02T00:00:00.000Z", false],
    ["another day", "2026-01-02", "2026-01-03T00:00:00.000Z", true],
    ["a text that only begins like a date", "2026-01-02 a", "2026-01-02 b", true],
    ["a file with more facts", { f: { url: "u" } }, { f: { url: "u", documentId: "d" } }, false],
    ["another file", { f: { url: "u" } }, { g: { url: "u" } }, true]
  ]

  it.each(values)("are right for a custom field with %s", (_, value, found, isIgnored) => {
    const contact = {
      id,
      customFields: [{ id: "other", value: 1 }, ...(found === undefined ? [] : [{ id: "f", value: found }])]
    }
    const ignored = isIgnored ? ["customFields"] : []
    // The cast allows responses that do not have the type of a contact.
    expect(ignoredFields({ customFields: [{ id: "f", value }] }, contact as never)).toEqual(ignored)
    expect(ignoredFields({ customFields: [{ id: "f", field_value: value }] }, contact as never)).toEqual(ignored)
  })
})
