import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Sandbox } from "effect-growthhub/Sandbox"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { directory, environment, fileOf, growthhub, read } from "./command.js"
import { workbook } from "./workbook.js"

const bytesIn = (name: string, bytes: Buffer | string) =>
  Effect.flatMap(directory, (path) =>
    Effect.as(
      Effect.promise(() => writeFile(join(path, name), bytes)),
      join(path, name)
    )
  )

const anywhere = ["--dry-run", "--location", "abc"]

const byEmail = Effect.flatMap(Sandbox, ({ contacts }) =>
  Effect.map(contacts, (all) => [...all].sort((a, b) => ((a.email ?? "") < (b.email ?? "") ? -1 : 1)))
)

describe("an import of an Excel workbook", () => {
  it.scopedLive("reads texts, numbers, dates and booleans of the first sheet as Excel shows them", () =>
    Effect.gen(function* () {
      const file = yield* bytesIn(
        "leads.xlsx",
        workbook(
          [
            ["First Name", "Email", "Phone", "Birthday", "ZIP", "dnd"],
            ["Jörg & Söhne", "a@example.com", 15550100001, { day: 33141 }, "02139", false],
            [],
            ["Ada", "b@example.com", "+1 555 010 0002", "1990-09-25", 1067],
            ["Alan", "nobody", 15550100001.5]
          ],
          [["Email"], ["other@example.com"]]
        )
      )
      const ended = yield* growthhub(["import", file], yield* environment)
      expect(ended).toMatchObject({
        code: 4,
        out: expect.stringMatching(/^2 created, 0 updated, 1 rejected\n.*leads\.rejected\.csv$/) as unknown
      })
      expect(yield* byEmail).toMatchObject([
        { firstName: "Jörg & Söhne", phone: "15550100001", postalCode: "02139", dnd: false },
        { firstName: "Ada", phone: "+15550100002", postalCode: "1067" }
      ])
      for (const { dateOfBirth } of yield* byEmail) expect(dateOfBirth).toMatch(/^1990-09-25/)
      // The report is a CSV that Excel reads, with the line numbers of the sheet.
      const report = yield* read(file.replace(".xlsx", ".rejected.csv"))
      expect(report.startsWith("\ufeff")).toBe(true)
      expect(report).toMatch(/\nAlan,nobody,15550100001\.5,,,,5,Rejected,/)
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("rejects an unreadable or empty workbook, and says what to do with an .xls file or a PDF", () =>
    Effect.gen(function* () {
      for (const [bytes, message] of [
        [Buffer.concat([Buffer.from("PK\u0003\u0004"), Buffer.alloc(100)]), "This workbook cannot be read"],
        [workbook([]), "It is empty"],
        [Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1]), "old Excel (.xls): save it as .xlsx or CSV"],
        [Buffer.from("%PDF-1.7"), "export the list as CSV"]
      ] as const) {
        const file = yield* bytesIn("leads.xlsx", bytes)
        const tried = yield* growthhub(["import", file, ...anywhere])
        expect([tried.code, tried.err]).toEqual([2, expect.stringContaining(message)])
      }
    })
  )
})

describe("an import of JSON", () => {
  it.scopedLive("reads an array of contacts, or one contact per line, and reports the number of an invalid one", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const people = [
        { email: "a@example.com", firstName: "Ada" },
        { email: "nobody" },
        { email: "c@example.com", tags: ["x"] }
      ]
      const array = yield* bytesIn("leads.json", `\ufeff${JSON.stringify(people, null, 2)}\r\n`)
      const tried = yield* growthhub(["import", array, ...anywhere])
      expect(tried.err.split("\n")[0]).toMatch(/^item 2: email must be an email/)
      expect(yield* growthhub(["import", array], env)).toMatchObject({
        code: 4,
        out: expect.stringMatching(/^2 created, 0 updated, 1 rejected\n.*leads\.rejected\.ndjson$/) as unknown
      })
      expect(JSON.parse(yield* read(array.replace(".json", ".rejected.ndjson")))).toMatchObject({
        email: "nobody",
        "growthhub:line": 2
      })
      const lines = yield* fileOf(
        "leads.txt",
        people.filter(({ email }) => email !== "nobody").map((one) => JSON.stringify(one))
      )
      expect(yield* growthhub(["import", lines], env)).toMatchObject({
        code: 0,
        out: "0 created, 2 updated, 0 rejected"
      })
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("reports the line or item of invalid JSON, and prints none of the file's contents", () =>
    Effect.gen(function* () {
      for (const [name, text, message] of [
        ["leads.json", '[{"email":"a@example.com"},', "Line 1: this is not JSON"],
        ["leads.json", '[\n{"email":"a@example.com"},\n{"email":"b}\n]', "Line 3: this is not JSON"],
        ["leads.json", '["a@example.com"]', "Item 1: this is not a JSON object"],
        ["leads.json", "[]", undefined],
        ["leads.ndjson", '{"email":"a@example.com"}\n{"email":', "Line 2: this is not a JSON object"],
        ["leads.ndjson", '{"email":"a@example.com"}\nnull', "Line 2: this is not a JSON object"],
        ["leads.json", '{"contacts":[{"email":"a@example.com"}]}', "property contacts should not exist"]
      ] as const) {
        const tried = yield* growthhub(["import", yield* bytesIn(name, text), ...anywhere])
        expect([text, tried.code]).toEqual([text, message === undefined ? 0 : 2])
        if (message !== undefined) expect(tried.err).toContain(message)
        expect(tried.err).not.toContain("a@example.com")
      }
    })
  )
})

describe("an import of a UTF-16 text file", () => {
  it.scopedLive("writes its report in UTF-16, with the byte order mark, delimiter and line ends of the file", () =>
    Effect.gen(function* () {
      const lines = ["Vorname\tE-Mail\tNotiz", 'Jörg\tj@example.com\t"zwei\r\nZeilen"', "Änne\tniemand"]
      const text = `\ufeff${lines.join("\r\n")}\r\n`
      const file = yield* bytesIn("leads.txt", Buffer.from(text, "utf16le"))
      const args = ["import", file, "--column", "Notiz=customField.note"]
      const tried = yield* growthhub([...args, ...anywhere])
      // A cell of the row before contains a line end, and the row itself lacks its last cell.
      expect(tried.err.split("\n")).toContain('line 4, column "E-Mail": email must be an email')
      const ended = yield* growthhub(["import", file, "--ignore", "Notiz"], yield* environment)
      expect(ended).toMatchObject({ code: 4, out: expect.stringContaining("leads.rejected.txt") as unknown })
      const report = yield* Effect.promise(() => readFile(file.replace(".txt", ".rejected.txt"), "utf16le"))
      expect(report.split("\r\n").slice(0, 2)).toEqual([
        "\ufeffVorname\tE-Mail\tNotiz\tgrowthhub:line\tgrowthhub:outcome\tgrowthhub:error",
        "Änne\tniemand\t\t4\tRejected\temail must be an email"
      ])
    }).pipe(Effect.provide(Sandbox.layer()))
  )
})

describe("a list with doubtful contents", () => {
  it.scopedLive("is rejected, or its rows are, instead of being imported with loss", () =>
    Effect.gen(function* () {
      for (const [name, bytes, code, message] of [
        // A trailing comma in the header is accepted as long as its column is empty.
        ["header.csv", "email,\na@example.com,\n", 0, "1 row, all of them valid"],
        ["header.csv", "email,\na@example.com,x\n", 2, 'line 2, column "": has a cell, but the column has no name'],
        ["empty.csv", "email,note\n,x\n", 2, "line 2: has no field of a contact"],
        ["empty.json", '[{"email":null,"phone":null}]', 2, "item 1: has no field of a contact"],
        // One invalid byte must not turn the other letters of a UTF-8 file into those of another encoding.
        [
          "utf8.csv",
          Buffer.from("firstName,email\nJörg Ö,a@example.com\n\xff,b@example.com\n", "latin1"),
          0,
          "windows-1252"
        ],
        [
          "utf8.csv",
          Buffer.concat([
            Buffer.from("firstName,email\nJörg Ö ä,a@example.com\n"),
            Buffer.from([0xff]),
            Buffer.from(",b@example.com\n")
          ]),
          2,
          "this is not utf-8. Give its encoding with --encoding."
        ],
        ["utf32.csv", Buffer.from([0xff, 0xfe, 0, 0, 0x65, 0, 0, 0]), 2, "This file is UTF-32: save it as UTF-8"]
      ] as const) {
        const file = yield* bytesIn(name, bytes)
        const tried = yield* growthhub(["import", file, "--ignore", "note", ...anywhere])
        expect([tried.code, `${tried.out}${tried.err}`]).toEqual([code, expect.stringContaining(message)])
      }
    })
  )

  it.scopedLive("creates no empty contact from a row whose only cell cannot be read", () =>
    Effect.gen(function* () {
      const file = yield* bytesIn("days.csv", "dateOfBirth\n2026-02-30\n")
      const tried = yield* growthhub(["import", file, "--skip-invalid-cells", ...anywhere])
      expect([tried.code, tried.out + tried.err]).toEqual([2, expect.stringContaining("has no field of a contact")])
    })
  )

  it.scopedLive("keeps the tags of a JSON list of numbers", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const file = yield* bytesIn("tags.csv", 'email,tags\na@example.com,"[1,2]"\n')
      expect(yield* growthhub(["import", file], env)).toMatchObject({ code: 0 })
      expect((yield* (yield* Sandbox).contacts)[0]).toMatchObject({ tags: ["1", "2"] })
    }).pipe(Effect.provide(Sandbox.layer()))
  )
})
