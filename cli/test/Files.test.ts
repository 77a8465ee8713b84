import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Sandbox } from "effect-growthhub/Sandbox"
import { ContactId } from "effect-growthhub/Schema"
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { directory, environment, fileOf, growthhub, read } from "./command.js"

const fixture = (name: string) =>
  Effect.flatMap(directory, (path) => {
    const file = join(path, name)
    const source = fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))
    return Effect.as(
      Effect.promise(() => copyFile(source, file)),
      file
    )
  })

/** The contacts of the sandbox, sorted by email as in the fixtures. Requests may arrive out of order. */
const inOrder = Effect.flatMap(Sandbox, ({ contacts }) =>
  Effect.map(contacts, (all) => [...all].sort((a, b) => ((a.email ?? "") < (b.email ?? "") ? -1 : 1)))
)

const files = {
  "highlevel.csv": [
    { firstName: "Mara", companyName: "Quill Bakery", phone: "+15550100101", tags: ["newsletter", "vip"] },
    { firstName: "Tomas", email: "tomas@example.com" }
  ],
  "hubspot.csv": [
    { firstName: "Ines", phone: "+4930901820", country: "DE", companyName: "Vogt GmbH" },
    { firstName: "Liam", phone: "+442079460018", country: "GB" }
  ],
  "mailchimp.csv": [
    { firstName: "June", country: "US", state: "CA", tags: ["newsletter", "spring, 2026"] },
    { firstName: "Otto", country: "SE" }
  ],
  "google.csv": [
    {
      lastName: "Brandt",
      email: "nadia@example.com",
      phone: "+15550100103",
      city: "Oslo",
      country: "NO",
      dateOfBirth: expect.stringContaining("1990-09-25") as unknown,
      tags: ["friends"]
    }
  ],
  "excel-us.csv": [
    { firstName: "Omar", dateOfBirth: expect.stringContaining("1988-12-25") as unknown },
    {
      firstName: "Ruth",
      country: "US",
      postalCode: "02139",
      dateOfBirth: expect.stringContaining("1990-09-05") as unknown
    }
  ],
  "excel-german.csv": [
    { firstName: "Änne", city: "München", country: "AT" },
    {
      firstName: "Jörg",
      lastName: "Müller",
      address1: "Große Straße 1",
      postalCode: "01067",
      country: "DE",
      dateOfBirth: expect.stringContaining("1990-09-05") as unknown
    }
  ],
  "excel-utf16.txt": [
    { firstName: "Łukasz", city: "Łódź" },
    { firstName: "Рита", city: "Алматы" }
  ]
} as const

describe("an import of a file from another program", () => {
  for (const [name, contacts] of Object.entries(files)) {
    it.scopedLive(`imports every row without any option: ${name}`, () =>
      Effect.gen(function* () {
        const ended = yield* growthhub(["import", yield* fixture(name)], yield* environment)
        expect(ended).toMatchObject({ code: 0, out: `${contacts.length} created, 0 updated, 0 rejected` })
        expect(yield* inOrder).toMatchObject(contacts)
      }).pipe(Effect.provide(Sandbox.layer()))
    )
  }

  it.scopedLive("imports the valid rows, and reports the broken row in the format of the file: excel-cp1252.csv", () =>
    Effect.gen(function* () {
      const file = yield* fixture("excel-cp1252.csv")
      const ended = yield* growthhub(["import", file], yield* environment)
      expect(ended).toMatchObject({
        code: 4,
        out: expect.stringContaining("2 created, 0 updated, 1 rejected") as unknown,
        err: expect.stringContaining("Read as windows-1252") as unknown
      })
      expect(yield* inOrder).toMatchObject([
        { firstName: "Jörg", lastName: "Weiß", city: "Köln", country: "CH" },
        { firstName: "Zoë", lastName: "Çelik" }
      ])
      const report = yield* Effect.promise(() => readFile(file.replace(".csv", ".rejected.csv"), "latin1"))
      expect(report.split("\r\n").slice(0, 2)).toEqual([
        "sep=;",
        "Vorname;Nachname;E-Mail;Telefon;Geburtsdatum;Ort;Land;growthhub:line;growthhub:outcome;growthhub:error"
      ])
      expect(report).toMatch(/^kaputt;;keine-adresse;;;;;5;Rejected;.*email must be an email.*;zu viel$/m)
      const mended = Buffer.from("sep=;\r\nVorname;E-Mail\r\nJürgen;j@example.com\r\n", "latin1")
      yield* Effect.promise(() => writeFile(file, mended))
      expect(yield* growthhub(["import", file, "--restart"], yield* environment)).toMatchObject({ code: 0 })
    }).pipe(Effect.provide(Sandbox.layer()))
  )
})

const anywhere = ["--dry-run", "--location", "abc"]

describe("a column of an import", () => {
  it.scopedLive("infers the order of day and month from all its dates, and is rejected if no date shows it", () =>
    Effect.gen(function* () {
      const shown = yield* fileOf("shown.csv", ["email,birthday", "a@b.co,05.09.1990", "c@b.co,25.09.1990"])
      expect(yield* growthhub(["import", shown, ...anywhere])).toMatchObject({ code: 0 })
      const open = yield* fileOf("open.csv", ["email,birthday", "a@b.co,05.09.1990", "c@b.co,1990-09-25"])
      expect(yield* growthhub(["import", open, ...anywhere])).toMatchObject({
        code: 2,
        err: expect.stringMatching(
          /^line 2, column "birthday": dateOfBirth may have the day or the month first/
        ) as unknown
      })
      expect(yield* growthhub(["import", open, ...anywhere, "--date-format", "DD.MM.YYYY"])).toMatchObject({ code: 0 })
    })
  )

  it.scopedLive("gets a suggestion if its name is misspelled; --ignore-others skips and lists unknown columns", () =>
    Effect.gen(function* () {
      const file = yield* fileOf("leads.csv", ["emial,lastname,Shoe size", "a@b.co,L,42"])
      const asked = yield* growthhub(["import", file, ...anywhere])
      expect(asked).toMatchObject({
        code: 2,
        err: expect.stringContaining(`Did you mean email by "emial"? --column 'emial=email'`) as unknown
      })
      expect(
        yield* growthhub(["import", file, ...anywhere, "--column", "emial=email", "--ignore-others"])
      ).toMatchObject({
        code: 0,
        err: 'Columns that are left out: "Shoe size"'
      })
    })
  )

  it.scopedLive("can be mapped by a mapping file that an earlier import saved", () =>
    Effect.gen(function* () {
      const file = yield* fileOf("leads.csv", ["Cell,Shoe size", "+15550100001,42"])
      const mapping = join(dirname(file), "mapping.json")
      const saved = ["--column", "Cell=phone", "--ignore-others", "--save-mapping", mapping]
      expect(yield* growthhub(["import", file, ...anywhere, ...saved])).toMatchObject({ code: 0 })
      expect(JSON.parse(yield* read(mapping))).toEqual({ columns: { Cell: "phone", "Shoe size": null } })
      expect(yield* growthhub(["import", file, ...anywhere, "--mapping", mapping])).toMatchObject({ code: 0, err: "" })
      expect(yield* growthhub(["import", file, ...anywhere, ...saved])).toMatchObject({ code: 2 })
    })
  )
})

describe("an import", () => {
  it.scopedLive("skips invalid cells with --skip-invalid-cells, but rejects a row without a valid cell", () =>
    Effect.gen(function* () {
      const lines = ["email,birthday,phone", "a@b.co,yesterday,", "c@b.co,,N/A", ",,N/A"]
      const file = yield* fileOf("leads.csv", lines)
      expect(yield* growthhub(["import", file, ...anywhere])).toMatchObject({
        code: 2,
        out: expect.stringMatching(
          /^0 valid, 3 rejected, 0 matching[^\n]*\n2 rows: column "phone": phone is a placeholder/
        ) as unknown
      })
      const skipping = yield* growthhub(["import", file, "--skip-invalid-cells"], yield* environment)
      expect(skipping).toMatchObject({
        code: 4,
        out: expect.stringContaining("2 created, 0 updated, 1 rejected") as unknown,
        err: expect.stringContaining("2 cells that cannot be read") as unknown
      })
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("updates the contact with the id in the row, and adds the tags of the row", () =>
    Effect.gen(function* () {
      const { contacts, seed } = yield* Sandbox
      yield* seed([{ id: ContactId.make("a1"), email: "old@example.com", tags: ["old"] }])
      const file = yield* fileOf("leads.csv", ["Contact Id,Email,Tags", "a1,new@example.com,x"])
      expect(yield* growthhub(["import", file], yield* environment)).toMatchObject({
        code: 0,
        out: "0 created, 1 updated, 0 rejected"
      })
      expect(yield* contacts).toMatchObject([{ id: "a1", email: "new@example.com", tags: ["old", "x"] }])
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("prints the command that deletes its checkpoint, but not with --json", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const file = yield* fileOf("my leads.csv", ["email", "a@example.com"])
      const state = join(yield* directory, "state")
      const kept = yield* growthhub(["import", file], env)
      expect(kept).toMatchObject({ code: 0, out: "1 created, 0 updated, 0 rejected" })
      expect(kept.err.split("\n").at(-1)).toBe(
        `The checkpoint stays, so that nothing is imported twice. This removes it: growthhub forget '${file}'`
      )
      expect(yield* growthhub(["import", file], env)).toMatchObject({
        code: 2,
        err: expect.stringContaining("was imported before: 1 created") as unknown
      })
      expect((yield* growthhub(["import", file, "--restart", "--json"], env)).err).not.toContain("forget")
      expect(yield* growthhub(["forget", file])).toMatchObject({ code: 0 })
      yield* Effect.promise(() => writeFile(file, "email\nb@example.com\nnobody\n"))
      const elsewhere = yield* growthhub(["import", file, "--checkpoint", state], env)
      expect(elsewhere.err).toContain(
        `This removes it and the report: growthhub forget '${file}' --checkpoint ${state}\n`
      )
      yield* growthhub(["forget", file, "--checkpoint", state])
      expect(yield* Effect.promise(() => readdir(state))).toEqual([])
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("writes its files to the --checkpoint directory, and growthhub forget deletes only these", () =>
    Effect.gen(function* () {
      const file = yield* fileOf("leads.csv", ["email", "a@example.com", "nobody"])
      const state = join(yield* directory, "state")
      const inState = Effect.promise(() => readdir(state))
      const env = yield* environment
      expect(yield* growthhub(["import", file, "--checkpoint", state], env)).toMatchObject({ code: 4 })
      expect((yield* inState).sort()).toEqual([
        expect.stringMatching(/^leads\.csv-[0-9a-f]{8}\.checkpoint$/),
        "leads.rejected.csv"
      ])
      expect(yield* Effect.promise(() => readdir(dirname(file)))).toEqual(["leads.csv"])
      yield* Effect.promise(() => writeFile(join(state, "leads.rejected.txt"), "mine"))
      expect(yield* growthhub(["forget", file, "--checkpoint", state])).toMatchObject({ code: 0 })
      expect(yield* inState).toEqual(["leads.rejected.txt"])
      expect(yield* growthhub(["forget", file])).toMatchObject({ code: 0, out: "There is nothing to forget" })
    }).pipe(Effect.provide(Sandbox.layer()))
  )
})
