import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Sandbox } from "effect-growthhub/Sandbox"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { presetOf, presets } from "../src/import/Presets.js"
import { environment, fileOf, growthhub, read, root } from "./command.js"

const anywhere = ["--dry-run", "--location", "abc"]

/** The column names in the first line of a fixture. */
const headerOf = (name: string) =>
  Effect.promise(async () => {
    const bytes = await readFile(fileURLToPath(new URL(`fixtures/${name}`, import.meta.url)))
    const text = name.includes("utf16") ? bytes.toString("utf16le") : bytes.toString("latin1")
    const [first = ""] = text.replace(/^sep=.\r?\n/, "").split(/\r?\n/)
    return first.split(/[,;\t]/)
  })

const fixtures = {
  "highlevel.csv": "HighLevel",
  "hubspot.csv": "HubSpot",
  "mailchimp.csv": "Mailchimp",
  "google.csv": "Google Contacts",
  "excel-us.csv": undefined,
  "excel-german.csv": undefined,
  "excel-cp1252.csv": undefined,
  "excel-utf16.txt": undefined
} as const

const people = ["First Name", "Last Name", "Email"]

describe("the detection of an export's source", () => {
  it.effect("recognizes the export of each product, and none in a list from a spreadsheet", () =>
    Effect.gen(function* () {
      for (const [name, preset] of Object.entries(fixtures)) {
        expect(presetOf(yield* headerOf(name))?.name, name).toBe(preset)
      }
    })
  )

  it("needs only a few typical columns, and ignores the case and the suffixes of their names", () => {
    const found = (...names: ReadonlyArray<string>) => presetOf([...people, ...names])?.name
    expect(found("Record ID - Contact", "Create Date (GMT+1)")).toBe("HubSpot")
    expect(found("Record ID", "Lead Status")).toBe("HubSpot")
    expect(found("record id", "Phone Number")).toBe("HubSpot")
    expect(found("Contact Id", "Created (UTC)")).toBe("HighLevel")
    expect(found("Contact Id", "Last Activity")).toBe("HighLevel")
    expect(found("OPTIN_TIME", "EUID")).toBe("Mailchimp")
    expect(found("Phone 1 - Value")).toBe("Google Contacts")
  })

  it.effect("uses the columns that the guide lists", () =>
    Effect.gen(function* () {
      const guide = yield* read(join(root, "cli/README.md"))
      for (const { name, signs } of presets) {
        const row = guide.split("\n").find((line) => line.startsWith(`| ${name} `))
        const named = Array.from(row?.matchAll(/`([^`]+)`/g) ?? [], ([, column]) => column)
        expect(named, name).toEqual([...signs.all, ...signs.others])
      }
    })
  )

  it("recognizes no export if any of the required columns are missing", () => {
    for (const names of [
      [],
      ["Phone Number", "Mobile Phone Number", "State/Region", "Country/Region"],
      ["Record ID"],
      ["Record Id", "Contact Owner", "Account Name", "Phone", "Mobile"],
      ["Create Date", "Contact owner", "Lead Status"],
      ["Contact Id", "Tags"],
      ["Created", "Last Activity", "Business Name"],
      ["LEID"]
    ]) {
      expect(presetOf([...people, ...names]), names.join()).toBeUndefined()
    }
  })

  it.scopedLive("accepts the column names of another HubSpot version; --column imports a column that is left out", () =>
    Effect.gen(function* () {
      const { contacts } = yield* Sandbox
      const file = yield* fileOf("hubspot.csv", [
        "Record ID - Contact,First Name - Contact,Last Name,Email,Email (work),Phone Number (mobile),Create Date (GMT+1),Score",
        "101,Ines,Vogt,,office@example.com,+49 30 901820,2026-01-05 10:00,7",
        "102,Liam,Oak,liam@example.com,oak@example.com,,2026-01-05 10:00,8"
      ])
      const ended = yield* growthhub(["import", file, "--column", "Score=customField.score"], {
        ...(yield* environment)
      })
      // The sandbox does not define the field, so no row is sent.
      expect(ended).toMatchObject({
        code: 2,
        err: expect.stringContaining('"score" is not a custom field') as unknown
      })
      const kept = yield* growthhub(["import", file, "--column", "Score=source"], yield* environment)
      expect(kept).toMatchObject({
        code: 0,
        out: "2 created, 0 updated, 0 rejected",
        err: expect.stringContaining(
          'Read as an export of HubSpot\nColumns that are left out: "Record ID - Contact", "Email (work)", "Create Date (GMT+1)". To keep one, say what it is: --column'
        ) as unknown
      })
      expect([...(yield* contacts)].sort((a, b) => (a.firstName! < b.firstName! ? -1 : 1))).toMatchObject([
        { firstName: "Ines", lastName: "Vogt", phone: "+4930901820", source: "7" },
        { firstName: "Liam", lastName: "Oak", email: "liam@example.com", source: "8" }
      ])
      expect((yield* contacts).some(({ email }) => email === "office@example.com")).toBe(false)
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("reports the missing columns if a file resembles a known export", () =>
    Effect.gen(function* () {
      const said = (header: string) =>
        Effect.flatMap(fileOf("leads.csv", [header, "a@example.com"]), (file) =>
          Effect.map(growthhub(["import", file, ...anywhere]), ({ err }) => err)
        )
      expect(yield* said("Email,Record ID,Shoe size")).toContain(
        '"Record ID": as in an export of HubSpot, but it is read as one only with one of "Create Date", "Lead Status"'
      )
      expect(yield* said("Email,Create Date,Lead Status")).toContain(
        '"Create Date", "Lead Status": as in an export of HubSpot, but it is read as one only with "Record ID".'
      )
      expect(yield* said("Email,LEID")).toContain(
        '"LEID": as in an export of Mailchimp, but it is read as one only with two of "MEMBER_RATING"'
      )
      expect(yield* said("Email,Phone Number,Shoe size")).not.toContain("as in an export")
    })
  )
})

describe("a column that matches no field", () => {
  it.scopedLive("gets a suggestion only if its whole name is a misspelled field name", () =>
    Effect.gen(function* () {
      const hinted = (column: string) =>
        Effect.flatMap(fileOf("leads.csv", [`email,${column}`, "a@example.com,1"]), (file) =>
          Effect.map(growthhub(["import", file, ...anywhere]), ({ err }) => /Did you mean (\w+)/.exec(err)?.[1])
        )
      const strange = ["Contact owner", "Company owner", "Owner", "Account", "Stage", "Deal Stage", "Date", "Notes"]
      for (const column of [...strange, "Company size", "Email status", "Name 2", "Rating", "Lead Status"]) {
        expect(yield* hinted(column), column).toBeUndefined()
      }
      for (const [column, field] of [
        ["Frist Name", "firstName"],
        ["Compny", "companyName"],
        ["Vornmae", "firstName"],
        ["Phonne", "phone"],
        ["postalcdoe", "postalCode"]
      ] as const) {
        expect(yield* hinted(column), column).toBe(field)
      }
    })
  )
})
