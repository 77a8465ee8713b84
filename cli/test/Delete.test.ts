import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Sandbox } from "effect-growthhub/Sandbox"
import { ContactId } from "effect-growthhub/Schema"
import { json, serving } from "../../test/servers.js"
import { environment, growthhub, inTerminal } from "./command.js"

const seeded = Sandbox.layer({
  contacts: ["a", "b", "c"].map((id) => ({ id: ContactId.make(id), email: `${id}@example.com` }))
})

const left = Effect.flatMap(Sandbox, ({ contacts }) => Effect.map(contacts, (all) => all.map(({ id }) => id)))

describe("growthhub delete", () => {
  it.scopedLive("asks for confirmation in a terminal, and deletes only after a yes", () =>
    Effect.gen(function* () {
      const env = yield* environment
      expect(yield* growthhub(["delete", "a"], env, { answers: ["n"] })).toEqual({
        code: 0,
        out: "",
        err: "Delete the contact a? [y/N] \nNothing was deleted"
      })
      expect(yield* growthhub(["delete", "a", "b"], env, { answers: [] })).toMatchObject({
        code: 0,
        err: "Delete 2 contacts? [y/N] \nNothing was deleted"
      })
      expect(yield* left).toEqual(["a", "b", "c"])
      expect(yield* growthhub(["delete", "a"], env, { answers: ["Yes"] })).toMatchObject({ code: 0, out: "deleted a" })
      expect(yield* left).toEqual(["b", "c"])
    }).pipe(Effect.provide(seeded))
  )

  it.scopedLive("refuses to delete without a terminal, unless --yes is given", () =>
    Effect.gen(function* () {
      const env = yield* environment
      expect(yield* growthhub(["delete", "a"], env)).toEqual({
        code: 2,
        out: "",
        err: "Deleting the contact a needs a confirmation, and this is not a terminal: add --yes"
      })
      expect(yield* left).toEqual(["a", "b", "c"])
      expect(yield* growthhub(["delete", "-", "--yes", "--json"], env, { input: "a\nb a\n" })).toEqual({
        code: 0,
        out: '{"id":"a","deleted":true}\n{"id":"b","deleted":true}',
        err: ""
      })
      expect(yield* left).toEqual(["c"])
    }).pipe(Effect.provide(seeded))
  )

  it.scopedLive("continues after an unknown contact, but stops when the token is rejected", () =>
    Effect.gen(function* () {
      const env = yield* environment
      expect(yield* growthhub(["delete", "a", "nobody", "b", "--yes"], env)).toEqual({
        code: 4,
        out: "deleted a\ndeleted b",
        err: "nobody: Contact not found for id:nobody\n1 of 3 failed"
      })
      let requests = 0
      const { url } = yield* serving((_, response) => {
        requests += 1
        return json(response, 401, { statusCode: 401, message: "Invalid JWT" })
      })
      const ids = Array.from({ length: 50 }, (_, index) => `c${index}`)
      expect(yield* growthhub(["delete", ...ids, "--yes"], { ...env, GROWTHHUB_BASE_URL: url })).toMatchObject({
        code: 3,
        err: "Invalid JWT"
      })
      expect(requests).toBeLessThan(10)
    }).pipe(Effect.provide(seeded))
  )

  it.scopedLive(
    "deletes a contact after a yes typed in a real terminal",
    () =>
      Effect.gen(function* () {
        const terminal = inTerminal(["delete", "a"], yield* environment)
        yield* terminal.seen(/Delete the contact a\? \[y\/N\] /)
        const ended = yield* Effect.fork(terminal.ended)
        yield* Effect.yieldNow()
        terminal.type("y\n")
        expect(yield* ended).toMatchObject({ code: 0, output: expect.stringContaining("deleted a") as unknown })
        expect(yield* left).toEqual(["b", "c"])
      }).pipe(Effect.provide(seeded)),
    // The test starts a separate process of the command.
    120_000
  )
})
