import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Sandbox } from "effect-growthhub/Sandbox"
import { ContactId } from "effect-growthhub/Schema"
import { environment, growthhub } from "./command.js"

const seeded = Sandbox.layer({
  contacts: ["a", "b"].map((id) => ({ id: ContactId.make(id), email: `${id}@example.com`, tags: ["old"] }))
})

describe("the tags of contacts", () => {
  it.scopedLive("are added and removed, and the resulting tags of each contact are printed", () =>
    Effect.gen(function* () {
      const env = yield* environment
      expect(yield* growthhub(["tags", "add", "a", "VIP", "berlin"], env)).toEqual({
        code: 0,
        out: "a  old, vip, berlin",
        err: ""
      })
      expect(yield* growthhub(["tags", "remove", "a", "old", "--json"], env)).toEqual({
        code: 0,
        out: '{"id":"a","tags":["vip","berlin"]}',
        err: ""
      })
      expect(yield* growthhub(["tags", "add", "-", "x"], env, { input: "b\nnobody\n" })).toMatchObject({
        code: 4,
        out: "b  old, x",
        err: expect.stringMatching(/^nobody: .*\n1 of 2 failed$/) as unknown
      })
      expect(yield* growthhub(["tags", "add", "a"], env)).toMatchObject({ code: 2 })
      expect(yield* growthhub(["tags", "remove", "-", "x"], env)).toMatchObject({
        code: 2,
        err: "Standard input has no ids"
      })
    }).pipe(Effect.provide(seeded))
  )
})

describe("the notes of a contact", () => {
  it.scopedLive("are added, also from standard input, and listed", () =>
    Effect.gen(function* () {
      const env = yield* environment
      expect(yield* growthhub(["notes", "list", "a"], env)).toEqual({
        code: 0,
        out: "",
        err: "The contact has no notes"
      })
      expect(yield* growthhub(["notes", "add", "a", "Calls back"], env)).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^added \w+$/) as unknown
      })
      const written = yield* growthhub(["notes", "add", "a", "-", "--title", "Minutes", "--json"], env, {
        input: "first\nsecond\n"
      })
      expect(JSON.parse(written.out)).toMatchObject({ title: "Minutes", body: "first\nsecond" })
      const listed = yield* growthhub(["notes", "list", "a"], env)
      expect(listed.out).toMatch(/^ID +ADDED +TEXT$/m)
      expect(listed.out).toMatch(/^\w+ +\d{4}-\d\d-\d\dT.*Z +first second$/m)
      expect(listed.out).toMatch(/ {2}Calls back$/m)
      const lines = (yield* growthhub(["notes", "list", "a", "--json"], env)).out.split("\n")
      expect(lines.map((line) => (JSON.parse(line) as { readonly contactId: string }).contactId)).toEqual(["a", "a"])
      expect(yield* growthhub(["notes", "add", "nobody", "x"], env)).toMatchObject({ code: 4 })
    }).pipe(Effect.provide(seeded))
  )
})

describe("the tasks of a contact", () => {
  it.scopedLive("are added, listed, completed and opened again", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const added = yield* growthhub(["tasks", "add", "a", "Send the offer", "--due", "2026-12-24", "--json"], env)
      const { id } = JSON.parse(added.out) as { readonly id: string }
      expect(JSON.parse(added.out)).toMatchObject({ title: "Send the offer", completed: false })
      const row = (done: string) => new RegExp(`^${id} +2026-12-24T00:00:00\\.000Z +${done} +Send the offer$`, "m")
      expect((yield* growthhub(["tasks", "list", "a"], env)).out).toMatch(row("no"))
      expect(yield* growthhub(["tasks", "complete", "a", id], env)).toMatchObject({ code: 0, out: `completed ${id}` })
      expect((yield* growthhub(["tasks", "list", "a"], env)).out).toMatch(row("yes"))
      expect(yield* growthhub(["tasks", "complete", "a", id, "--reopen"], env)).toMatchObject({ out: `reopened ${id}` })
      expect((yield* growthhub(["tasks", "list", "a"], env)).out).toMatch(row("no"))
      expect(yield* growthhub(["tasks", "list", "b"], env)).toEqual({
        code: 0,
        out: "",
        err: "The contact has no tasks"
      })
      expect(yield* growthhub(["tasks", "add", "a", "x", "--due", "soon"], env)).toMatchObject({
        code: 2,
        err: expect.stringContaining("--due takes a day") as unknown
      })
      expect(yield* growthhub(["tasks", "complete", "a", "none"], env)).toMatchObject({ code: 4 })
    }).pipe(Effect.provide(seeded))
  )

  it.scopedLive("are due seven days from now with --due 7d", () =>
    Effect.gen(function* () {
      const before = Date.now()
      const { out } = yield* growthhub(["tasks", "add", "a", "x", "--due", "7d", "--json"], yield* environment)
      const { dueDate } = JSON.parse(out) as { readonly dueDate: string }
      expect(Date.parse(dueDate)).toBeGreaterThanOrEqual(before + 7 * 86_400_000 - 1000)
      expect(Date.parse(dueDate)).toBeLessThanOrEqual(Date.now() + 7 * 86_400_000)
    }).pipe(Effect.provide(seeded))
  )
})

describe("the custom fields of a location", () => {
  it.scopedLive("are created and listed", () =>
    Effect.gen(function* () {
      const env = yield* environment
      expect(yield* growthhub(["fields", "list"], env)).toEqual({
        code: 0,
        out: "",
        err: "The location has no custom fields of contacts"
      })
      const created = yield* growthhub(
        ["fields", "create", "Color", "--type", "SINGLE_OPTIONS", "--option", "red", "--option", "blue", "--json"],
        env
      )
      const { id } = JSON.parse(created.out) as { readonly id: string }
      expect(yield* growthhub(["fields", "create", "Notes"], env)).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^created \w+$/) as unknown
      })
      const listed = yield* growthhub(["fields", "list"], env)
      expect(listed.out).toMatch(new RegExp(`^${id} +Color +contact\\.color +SINGLE_OPTIONS +red, blue$`, "m"))
      expect(listed.out).toMatch(/^\w+ +Notes +contact\.notes +TEXT$/m)
      const lines = (yield* growthhub(["fields", "list", "--json"], env)).out.split("\n")
      expect(lines.map((line) => (JSON.parse(line) as { readonly name: string }).name)).toEqual(["Color", "Notes"])
      expect(yield* growthhub(["fields", "create", "X", "--type", "COLOR"], env)).toMatchObject({ code: 2 })
      expect(yield* growthhub(["fields", "list"], { ...env, GROWTHHUB_LOCATION_ID: "" })).toMatchObject({ code: 2 })
    }).pipe(Effect.provide(seeded))
  )
})
