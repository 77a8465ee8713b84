import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { writeFile } from "node:fs/promises"
import { fileOf, growthhub } from "./command.js"

describe("an import with --dry-run", () => {
  const header = "First Name,E-Mail,Birthday,dnd,Deal,Colours"
  const columns = ["--column", "Deal=customField.deal:number", "--column", "Colours=customField.colours:options"]

  it.scopedLive("reports the line and column of every invalid cell, and needs no token", () =>
    Effect.gen(function* () {
      const file = yield* fileOf("leads.csv", [
        header,
        "Ada,ada@example.com,09/25/1990,yes,10.5,red; blue",
        '"Bo\nb",nobody,31/31/1990,perhaps,much,',
        "Eve,eve@example.com,,,,"
      ])
      const tried = yield* growthhub(["import", file, "--dry-run", "--location", "abc", ...columns])
      expect(tried.code).toBe(2)
      const lines = tried.err.split("\n")
      expect(lines.slice(0, -1).map((line) => line.split(": ")[0])).toEqual([
        'line 3, column "E-Mail"',
        'line 3, column "Birthday"',
        'line 3, column "dnd"',
        'line 3, column "Deal"'
      ])
      expect(lines.at(-1)).toBe("1 row of 3 would be rejected")
    })
  )

  it.scopedLive("rejects an email with a name, a second email, another cell or an invisible character", () =>
    Effect.gen(function* () {
      const emails = ["Ada <a@example.com>", "<a@example.com>", "a@example.com;b", "a@example.com\u200b"]
      const several = ['"a@example.com,b@example.com"', "a@example.com;b@example.com"]
      const rows = [...emails, ...several, "a@example.com", "mailto:ä+b@exämple.com"]
      const file = yield* fileOf("leads.csv", ["email,first name", ...rows.map((email) => `${email},Ada`)])
      const tried = yield* growthhub(["import", file, "--dry-run", "--location", "abc"])
      expect(tried.err.split("\n")).toEqual([
        ...[2, 3, 4, 5, 6, 7].map((line) => `line ${line}, column "email": email must be an email`),
        "6 rows of 8 would be rejected"
      ])
    })
  )

  it.scopedLive("rejects unknown columns and two columns for one field, unless --ignore excludes them", () =>
    Effect.gen(function* () {
      const file = yield* fileOf("leads.csv", ["Email,Nonsense,E-Mail", "a@example.com,1,b@example.com"])
      const unknown = yield* growthhub(["import", file, "--dry-run", "--location", "abc"])
      expect(unknown).toMatchObject({
        code: 2,
        err: expect.stringContaining('Line 1: these columns are no fields of a contact: "Nonsense"') as unknown
      })
      const twice = yield* growthhub(["import", file, "--dry-run", "--location", "abc", "--ignore", "Nonsense"])
      expect(twice).toMatchObject({ code: 2, err: expect.stringContaining("two columns are email") as unknown })
      const right = ["--ignore", "Nonsense", "--ignore", "E-Mail", "--location", "abc"]
      expect(yield* growthhub(["import", file, "--dry-run", ...right])).toMatchObject({
        code: 0,
        out: "1 row, all of them valid"
      })
    })
  )

  it.scopedLive(
    "does not map a column named Constructor to a field, and rejects two columns for one custom field",
    () =>
      Effect.gen(function* () {
        const columns = async (header: string) =>
          Effect.runPromise(
            Effect.scoped(
              Effect.flatMap(fileOf("leads.csv", [header, "a@example.com,1,2"]), (file) =>
                growthhub(["import", file, "--dry-run", "--location", "abc"])
              )
            )
          )
        expect(yield* Effect.promise(() => columns("email,Constructor,name"))).toMatchObject({
          code: 2,
          err: expect.stringContaining('no fields of a contact: "Constructor"') as unknown
        })
        expect(yield* Effect.promise(() => columns("email,customField.x,Custom Field.x"))).toMatchObject({
          code: 2,
          err: expect.stringContaining("two columns are customField.x") as unknown
        })
      })
  )

  it.scopedLive("skips rows that contain only delimiters, and accepts a header with line breaks", () =>
    Effect.gen(function* () {
      const files = [
        yield* fileOf("blanks.csv", [",,", "email,phone,tags", ",,", "a@example.com,,", ' , ," "', ",,"]),
        yield* fileOf("breaks.csv", ['"Phone\n(mobile)";email;tags', "+15550101234;a@example.com;x"])
      ]
      const mobile = ["--column", "Phone\n(mobile)=phone", "--location", "abc"]
      for (const file of files) {
        expect(yield* growthhub(["import", file, "--dry-run", ...mobile])).toMatchObject({
          code: 0,
          out: "1 row, all of them valid"
        })
      }
    })
  )

  it.scopedLive("reads files with semicolons, tabs or a byte order mark, and NDJSON", () =>
    Effect.gen(function* () {
      const files = [
        yield* fileOf("semicolons.csv", ["\uFEFFemail;tags", "a@example.com;a,b", "b@example.com;"]),
        yield* fileOf("tabs.csv", ["email\ttags", "a@example.com\ta", "", "b@example.com\t"]),
        yield* fileOf("leads.ndjson", ['{"email":"a@example.com","tags":["a"]}', "", '{"email":"b@example.com"}'])
      ]
      for (const file of files) {
        expect(yield* growthhub(["import", file, "--dry-run", "--location", "abc"])).toEqual({
          code: 0,
          out: "2 rows, all of them valid",
          err: ""
        })
      }
    })
  )

  it.scopedLive("rejects numbers in another notation or with too many digits, and reports the detected encoding", () =>
    Effect.gen(function* () {
      const file = yield* fileOf("deals.csv", [
        "",
        "email;A=B",
        "a@example.com;1,234.5",
        "b@example.com;1,5",
        "c@example.com;-7.25",
        "d@example.com;0x10",
        "e@example.com;12345678901234567890"
      ])
      const deals = ["--location", "abc", "--column", "A=B=customField.deal:number"]
      expect(yield* growthhub(["import", file, "--dry-run", ...deals])).toMatchObject({
        code: 2,
        err: expect.stringMatching(
          /^line 4, column "A=B": [^\n]*\nline 6, column "A=B": [^\n]*\nline 7, column "A=B": [^\n]*\n3 rows of 5 would be rejected$/
        ) as unknown
      })
      yield* Effect.promise(() => writeFile(file, Buffer.from("email,name\na@example.com,J\xf6rg\n", "latin1")))
      expect(yield* growthhub(["import", file, "--dry-run", "--location", "abc"])).toMatchObject({
        code: 0,
        err: "Read as windows-1252: if names look wrong, say what it is with --encoding"
      })
    })
  )

  it.scopedLive(
    "reports the line of a syntax error in a CSV or NDJSON file, and rejects a file that is missing or cannot be read",
    () =>
      Effect.gen(function* () {
        const csv = yield* fileOf("leads.csv", ["email,phone", '"a@example.com,1'])
        expect(yield* growthhub(["import", csv, "--dry-run", "--location", "abc"])).toMatchObject({
          code: 2,
          err: `${csv}: Line 2: a cell that begins with " does not end with "`
        })
        const json = yield* fileOf("leads.ndjson", ['{"email":"a@example.com"}', "{"])
        expect(yield* growthhub(["import", json, "--dry-run", "--location", "abc"])).toMatchObject({
          code: 2,
          err: `${json}: Line 2: this is not a JSON object`
        })
        const nowhere = csv.replace("leads", "nowhere")
        const tooLong = csv.replace("leads", "x".repeat(300))
        for (const [file, message] of [
          [nowhere, "This file does not exist"],
          [tooLong, "This file cannot be read"]
        ] as const) {
          expect(yield* growthhub(["import", file, "--dry-run"])).toEqual({
            code: 2,
            out: "",
            err: `${file}: ${message}`
          })
        }
      })
  )
})
