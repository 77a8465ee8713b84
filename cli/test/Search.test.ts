import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Sandbox } from "effect-growthhub/Sandbox"
import { ContactId } from "effect-growthhub/Schema"
import * as DateTime from "effect/DateTime"
import { environment, fileOf, growthhub } from "./command.js"

const contacts = [
  {
    id: ContactId.make("ada"),
    firstName: "Ada",
    lastName: "Lovelace",
    email: "Ada@example.com",
    tags: ["vip", "berlin"],
    dateAdded: DateTime.unsafeMake("2020-01-01T00:00:00Z"),
    dateUpdated: DateTime.unsafeMake("2020-01-01T00:00:00Z")
  },
  {
    id: ContactId.make("bob"),
    firstName: "Bob",
    phone: "+15550100002",
    tags: ["vip"],
    city: "Berlin",
    dateAdded: DateTime.unsafeMake("2021-01-01T00:00:00Z")
  },
  {
    id: ContactId.make("eve"),
    email: "eve@example.com",
    dateAdded: DateTime.unsafeMake("2022-01-01T00:00:00Z"),
    customFields: [{ id: "deal", value: 10.5 }]
  }
]

const seeded = Sandbox.layer({ contacts, customFields: [{ id: "deal", name: "Deal", dataType: "NUMERICAL" }] })

/** The ids that a search prints. */
const found = (args: ReadonlyArray<string>, input = "") =>
  Effect.gen(function* () {
    const { code, out, err } = yield* growthhub(["search", ...args, "--json"], yield* environment, { input })
    expect({ code, err }).toMatchObject({ code: 0 })
    return out === "" ? [] : out.split("\n").map((line) => (JSON.parse(line) as { readonly id: string }).id)
  })

describe("a search", () => {
  it.scopedLive("finds contacts by email, phone, tags, the time of the last change, and a JSON filter", () =>
    Effect.gen(function* () {
      expect(yield* found([])).toEqual(["ada", "bob", "eve"])
      expect(yield* found(["--email", "Ada@example.com"])).toEqual(["ada"])
      expect(yield* found(["--email", " EVE@example.com"])).toEqual(["eve"])
      expect(yield* found(["--phone", "+1 (555) 010-0002"])).toEqual(["bob"])
      expect(yield* found(["--tag", "vip"])).toEqual(["ada", "bob"])
      expect(yield* found(["--tag", "VIP", "--tag", "berlin"])).toEqual(["ada"])
      expect(yield* found(["--updated-since", "1d"])).toEqual(["bob", "eve"])
      expect(yield* found(["--updated-since", "2019-12-31"])).toEqual(["ada", "bob", "eve"])
      const city = { field: "city", operator: "eq", value: "Berlin" }
      expect(yield* found(["--filter", JSON.stringify(city)])).toEqual(["bob"])
      const either = { group: "OR", filters: [city, { field: "email", operator: "eq", value: "eve@example.com" }] }
      expect(yield* found(["--filter", "-"], JSON.stringify([either]))).toEqual(["bob", "eve"])
      expect(yield* found(["--filter", JSON.stringify(either), "--tag", "vip"])).toEqual(["bob"])
    }).pipe(Effect.provide(seeded))
  )

  it.scopedLive("prints a table, a CSV, or one JSON object per line, and notes if there are more results", () =>
    Effect.gen(function* () {
      const env = yield* environment
      expect(yield* growthhub(["search", "--limit", "2"], env)).toEqual({
        code: 0,
        out: [
          "ID   NAME          EMAIL            PHONE         TAGS",
          "ada  Ada Lovelace  Ada@example.com                vip, berlin",
          "bob  Bob                            +15550100002  vip"
        ].join("\n"),
        err: "The first 2: --limit shows more, growthhub export writes all"
      })
      expect(yield* growthhub(["search", "--output", "csv", "--limit", "3"], env)).toEqual({
        code: 0,
        out: [
          "contactId,firstName,lastName,email,phone,city,tags,dnd,customField.deal:number",
          "ada,Ada,Lovelace,Ada@example.com,,,vip;berlin,false,",
          "bob,Bob,,,+15550100002,Berlin,vip,false,",
          "eve,,,eve@example.com,,,,false,10.5"
        ].join("\n"),
        err: ""
      })
      const json = yield* growthhub(["search", "--tag", "berlin", "--output", "json"], env)
      expect(JSON.parse(json.out)).toMatchObject({ id: "ada", dateAdded: "2020-01-01T00:00:00.000Z" })
      expect(json.out).not.toContain("searchAfter")
      expect(yield* growthhub(["search", "--tag", "nobody"], env)).toEqual({
        code: 0,
        out: "",
        err: "No contact matches"
      })
    }).pipe(Effect.provide(seeded))
  )

  it.scopedLive("prints a CSV that an import reads: it restores the values that have changed since", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const printed = yield* growthhub(["search", "--output", "csv"], env)
      const file = yield* fileOf("found.csv", [printed.out])
      expect(yield* growthhub(["import", file, "--dry-run"], env)).toEqual({
        code: 0,
        out: "3 rows, all of them valid",
        err: ""
      })
      yield* growthhub(["update", "ada", "--last-name", "King"], env)
      yield* growthhub(["update", "bob", "--city", "Paris"], env)
      yield* growthhub(["update", "eve", "--custom-field", "deal=1"], env)
      expect((yield* growthhub(["search", "--output", "csv"], env)).out).toMatch(/King(?:.|\n)*Paris(?:.|\n)*,1$/)
      expect(yield* growthhub(["import", file], env)).toMatchObject({
        code: 0,
        out: "0 created, 3 updated, 0 rejected"
      })
      expect(yield* growthhub(["search", "--output", "csv"], env)).toEqual(printed)
    }).pipe(Effect.provide(seeded))
  )

  it.scopedLive("rejects invalid options with an explanation, and sends no request", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const refused = (...args: ReadonlyArray<string>) =>
        Effect.map(growthhub(["search", ...args], env), ({ code, err }) => {
          expect(code).toBe(2)
          return err
        })
      expect(yield* refused("--filter", "{")).toContain("--filter takes JSON such as")
      const contains = { field: "email", operator: "contains", value: "example" }
      expect(yield* refused("--filter", JSON.stringify(contains))).toMatch(/^--filter: 0\.operator must be one of eq/)
      expect(yield* refused("--phone", "N/A")).toMatch(/^--phone /)
      expect(yield* refused("--updated-since", "yesterday")).toContain("--updated-since takes a day")
      expect(yield* refused("--limit", "0")).toContain("--limit takes a number from 1")
      expect(yield* growthhub(["search"], { ...env, GROWTHHUB_LOCATION_ID: "" })).toMatchObject({ code: 2 })
      expect((yield* (yield* Sandbox).ledger).received).toBe(0)
    }).pipe(Effect.provide(seeded))
  )
})
