import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Sandbox } from "effect-growthhub/Sandbox"
import { environment, fileOf, growthhub } from "./command.js"

const list = fileOf("leads.csv", ["email", "a@example.com"])

describe("the location of an import", () => {
  it.scopedLive("is that of the sandbox with --sandbox, even if the environment sets another account", () =>
    Effect.gen(function* () {
      const file = yield* list
      const account = { GROWTHHUB_TOKEN: "pit-x", GROWTHHUB_LOCATION_ID: "abc", GROWTHHUB_PROFILE: "acme" }
      for (const env of [{}, account]) {
        expect(yield* growthhub(["import", file, "--sandbox"], env)).toEqual({
          code: 0,
          out: "1 created, 0 updated, 0 rejected",
          err: ""
        })
      }
      expect(yield* growthhub(["import", file, "--sandbox", "--location", "abc"])).toMatchObject({ code: 3 })
    })
  )

  it.scopedLive("is optional with --dry-run, which notes that the import itself needs one", () =>
    Effect.gen(function* () {
      const right = { code: 0, out: "1 row, all of them valid" }
      const note = expect.stringMatching(/^Checked without a location: the import itself needs --location/) as unknown
      const json = yield* fileOf("leads.ndjson", ['{"email":"a@example.com"}'])
      const addressed = yield* fileOf("addressed.csv", ["email,locationId", "a@example.com,abc"])
      expect(yield* growthhub(["import", yield* list, "--dry-run"])).toEqual({ ...right, err: note })
      expect(yield* growthhub(["import", json, "--dry-run"])).toEqual({ ...right, err: note })
      expect(yield* growthhub(["import", addressed, "--dry-run"])).toEqual({ ...right, err: "" })
    })
  )

  it.scopedLive("is required to import and to look up custom fields; without it, no request is sent", () =>
    Effect.gen(function* () {
      const { GROWTHHUB_TOKEN, GROWTHHUB_BASE_URL } = yield* environment
      const env = { GROWTHHUB_TOKEN, GROWTHHUB_BASE_URL }
      expect(yield* growthhub(["import", yield* list], env)).toMatchObject({
        code: 2,
        err: expect.stringContaining("Which location? Give --location or GROWTHHUB_LOCATION_ID") as unknown
      })
      const shoes = yield* fileOf("shoes.csv", ["email,Shoe size", "a@example.com,42"])
      expect(yield* growthhub(["import", shoes, "--dry-run"], env)).toMatchObject({
        code: 2,
        err: expect.stringContaining("Custom fields belong to a location: give --location") as unknown
      })
      expect((yield* (yield* Sandbox).ledger).requests).toEqual([])
    }).pipe(Effect.provide(Sandbox.layer()))
  )
})
