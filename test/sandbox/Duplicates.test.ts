import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Duplicates from "../../src/sandbox/Duplicates.js"

const people = { email: { "a@x": "A", "b@x": "B" }, phone: { "1": "A", "2": "B" } } as const

const find = (field: Duplicates.Field, value: string): string | undefined =>
  (people[field] as Record<string, string>)[value]

const decide = (setting: Partial<Duplicates.Setting>, candidate: Duplicates.Candidate) =>
  Duplicates.decide({ allow: false, check: ["email", "phone"], ...setting }, candidate, find)

const create = { _tag: "Create" }
const update = (contactId: string, ...ignored: ReadonlyArray<Duplicates.Field>) => ({
  _tag: "Update",
  contactId,
  ignored
})

describe("an upsert in the sandbox", () => {
  it("creates a contact if it matches none", () => {
    expect(decide({}, { email: "new@x", phone: "9" })).toEqual(create)
    expect(decide({}, {})).toEqual(create)
    expect(decide({}, { email: null, phone: "" })).toEqual(create)
  })

  it("updates the contact that it matches by either field or by both", () => {
    expect(decide({}, { email: "a@x" })).toEqual(update("A"))
    expect(decide({}, { phone: "2" })).toEqual(update("B"))
    expect(decide({}, { email: "a@x", phone: "1" })).toEqual(update("A"))
  })

  it("does not ignore the other field if that field matches no contact", () => {
    expect(decide({}, { email: "new@x", phone: "2" })).toEqual(update("B"))
    expect(decide({}, { email: "a@x", phone: "9" })).toEqual(update("A"))
  })

  it("updates the match of the first field, and ignores the second field, if it matches two contacts", () => {
    expect(decide({ check: ["email", "phone"] }, { email: "a@x", phone: "2" })).toEqual(update("A", "phone"))
    expect(decide({ check: ["phone", "email"] }, { email: "a@x", phone: "2" })).toEqual(update("B", "email"))
  })

  it("matches only by the fields that the location checks", () => {
    expect(decide({ check: ["email"] }, { email: "new@x", phone: "1" })).toEqual(create)
    expect(decide({ check: ["email"] }, { email: "a@x", phone: "2" })).toEqual(update("A"))
    expect(decide({ check: ["phone"] }, { email: "a@x" })).toEqual(create)
    expect(decide({ check: [] }, { email: "a@x", phone: "1" })).toEqual(create)
  })

  it("creates a contact if `createNewIfDuplicateAllowed` is set and the location allows duplicates", () => {
    const candidate = { email: "a@x", createNewIfDuplicateAllowed: true }
    expect(decide({ allow: true }, candidate)).toEqual(create)
  })

  it("updates the match if the location does not allow duplicates, or the flag is not set", () => {
    expect(decide({ allow: false }, { email: "a@x", createNewIfDuplicateAllowed: true })).toEqual(update("A"))
    expect(decide({ allow: true }, { email: "a@x", createNewIfDuplicateAllowed: false })).toEqual(update("A"))
    expect(decide({ allow: true }, { email: "a@x" })).toEqual(update("A"))
  })

  const value = (field: Duplicates.Field) =>
    FastCheck.constantFrom(undefined, null, "", "new", ...Object.keys(people[field]))

  it.prop(
    "updates only a matched contact, and ignores only fields that match another contact",
    [
      value("email"),
      value("phone"),
      FastCheck.boolean(),
      FastCheck.shuffledSubarray<Duplicates.Field>(["email", "phone"])
    ],
    ([email, phone, allow, check]) => {
      const decision = decide({ allow, check }, { email, phone })
      if (decision._tag === "Create") return
      const owners = check.map((field) => [field, find(field, { email, phone }[field] ?? "")] as const)
      expect(owners.find(([, owner]) => owner !== undefined)?.[1]).toBe(decision.contactId)
      for (const [field, owner] of owners) {
        expect(decision.ignored.includes(field)).toBe(owner !== undefined && owner !== decision.contactId)
      }
    }
  )
})
