import { describe, expect, it } from "@effect/vitest"
import { ContactId } from "effect-growthhub/Schema"
import { isApplied } from "../src/api/applied.js"

const id = ContactId.make("jane")

describe("an update of a name", () => {
  it("is applied where an answer without a name has its parts", () => {
    expect(isApplied({ name: "Jane van Roe" }, { id, firstName: "Jane", lastName: "van Roe" })).toBe(true)
    expect(isApplied({ name: "Jane" }, { id, firstName: "Jane" })).toBe(true)
    expect(isApplied({ name: null }, { id })).toBe(true)
    expect(isApplied({ name: "Jane Roe" }, { id, firstName: "Jane", lastName: "Doe" })).toBe(false)
    expect(isApplied({ name: "Jane Roe" }, { id, name: "Jane Roe", firstName: "J" })).toBe(true)
  })
})
