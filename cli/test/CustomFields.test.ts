import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Sandbox } from "effect-growthhub/Sandbox"
import { LocationId } from "effect-growthhub/Schema"
import { dirname, join } from "node:path"
import { environment, fileOf, growthhub, read } from "./command.js"

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")

const definition = (id: string, name: string, dataType: string, options?: ReadonlyArray<string>) => ({
  ...{ id, name, dataType, locationId, model: "contact", documentType: "field" },
  fieldKey: `contact.${name.toLowerCase().replaceAll(" ", "_")}`,
  ...(options === undefined ? {} : { picklistOptions: options })
})

const definitions = [
  definition("budgetBudgetBudget11", "Budget", "NUMERICAL"),
  definition("dayDayDayDayDayDay11", "Signed On", "DATE"),
  definition("colorColorColorCol11", "Color", "SINGLE_OPTIONS", ["Red", "Dark Blue"]),
  definition("topicsTopicsTopics11", "Topics", "CHECKBOX", ["1,000-5,000", "News", "Events"]),
  definition("mobileMobileMobile11", "Second Mobile", "PHONE"),
  definition("boxesBoxesBoxesBox11", "Boxes", "TEXTBOX_LIST"),
  definition("filesFilesFilesFil11", "Contract", "FILE_UPLOAD"),
  definition("noteNoteNoteNoteNo11", "Note", "LARGE_TEXT"),
  definition("twiceTwiceTwiceTwi11", "Twice", "TEXT"),
  { ...definition("twiceTwiceTwiceTwi22", "Twice", "TEXT"), fieldKey: "contact.twice_2" }
]

/** Defines custom fields in the sandbox's location, and returns the environment of a command for it. */
const located = Effect.gen(function* () {
  const { exportDirectory, importDirectory } = yield* Sandbox
  yield* importDirectory({ ...(yield* exportDirectory), customFields: definitions })
  return yield* environment
})

const valuesOf = Effect.flatMap(Sandbox, ({ contacts }) =>
  Effect.map(contacts, (all) => all.map(({ customFields }) => customFields))
)

describe("an import with custom fields", () => {
  it.scopedLive("matches a column by the field's name, key or id, and converts its values to the field's type", () =>
    Effect.gen(function* () {
      const env = yield* located
      const columns = [
        ...["email", "Budget", "contact.signed_on", "color", "customField.topicsTopicsTopics11"],
        ...["second mobile", "customField.Boxes", "NOTE"]
      ]
      const file = yield* fileOf("leads.csv", [
        columns.join(";"),
        `a@example.com;1.234,5;25.09.2026;dark blue;"news;1,000-5,000";+1 (555) 010-0001;"{""x"":""y""}";as it is`,
        "b@example.com;7,5;05.09.2026;Red;News, Events;;;"
      ])
      expect(yield* growthhub(["import", file], env)).toMatchObject({
        code: 0,
        out: "2 created, 0 updated, 0 rejected"
      })
      const values = yield* valuesOf
      expect(values.flat()).toEqual(
        expect.arrayContaining([
          { id: "budgetBudgetBudget11", value: 1234.5 },
          { id: "dayDayDayDayDayDay11", value: "2026-09-25" },
          { id: "dayDayDayDayDayDay11", value: "2026-09-05" },
          { id: "colorColorColorCol11", value: "Dark Blue" },
          { id: "topicsTopicsTopics11", value: ["News", "1,000-5,000"] },
          { id: "topicsTopicsTopics11", value: ["News", "Events"] },
          { id: "mobileMobileMobile11", value: "+15550100001" },
          { id: "boxesBoxesBoxesBox11", value: { x: "y" } },
          { id: "noteNoteNoteNoteNo11", value: "as it is" }
        ])
      )
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive(
    "rejects a row with values of the wrong type, and reports the line, the column and the expected value",
    () =>
      Effect.gen(function* () {
        const env = yield* located
        const file = yield* fileOf("leads.csv", [
          "email,Budget,Signed On,Color,Topics,Second Mobile,Boxes,Contract",
          "a@example.com,much,soon,green,News;Else,1.5E+10,text,cv.pdf"
        ])
        const { requests: before } = yield* (yield* Sandbox).ledger
        const tried = yield* growthhub(["import", file, "--dry-run"], env)
        expect(tried.code).toBe(2)
        expect(tried.err.split("\n").slice(0, -1)).toEqual([
          'line 2, column "Budget": Budget must be a number',
          'line 2, column "Signed On": Signed On must be a day, as 1990-09-25',
          'line 2, column "Color": Color must be of the options "Red", "Dark Blue"',
          'line 2, column "Topics": Topics must be of the options "1,000-5,000", "News", "Events"',
          expect.stringContaining('column "Second Mobile": Second Mobile is in the scientific notation'),
          expect.stringContaining('column "Boxes": Boxes must be a JSON object of texts'),
          expect.stringContaining('column "Contract": Contract has files')
        ])
        // The only request reads the custom fields.
        const { requests, applied } = yield* (yield* Sandbox).ledger
        expect(requests.length - before.length).toBe(1)
        expect(applied).toEqual([])
      }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("rejects an unknown column, an ambiguous field name, and two columns for one field", () =>
    Effect.gen(function* () {
      const env = yield* located
      const file = yield* fileOf("leads.csv", ["email,Shoe size", "a@example.com,42"])
      const refused = yield* growthhub(["import", file], env)
      expect(refused).toMatchObject({
        code: 2,
        err: expect.stringContaining('these columns are no fields of a contact: "Shoe size".') as unknown
      })
      expect(refused.err).not.toContain("looked up:")
      expect(yield* growthhub(["import", file, "--column", "Shoe size=customField.shoe"], env)).toMatchObject({
        code: 2,
        err: expect.stringContaining('column "Shoe size": "shoe" is not a custom field of the location') as unknown
      })
      expect(yield* growthhub(["import", file, "--column", "Shoe size=Twice"], env)).toMatchObject({
        code: 2,
        err: expect.stringContaining("use the id, one of twiceTwiceTwiceTwi11, twiceTwiceTwiceTwi22") as unknown
      })
      const both = yield* fileOf("both.csv", ["email,Budget,contact.budget", "a@example.com,1,2"])
      expect(yield* growthhub(["import", both], env)).toMatchObject({
        code: 2,
        err: expect.stringContaining("two columns are customField.budgetBudgetBudget11") as unknown
      })
      expect(yield* (yield* Sandbox).contacts).toEqual([])
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("maps a column of a HighLevel export to the custom field of the same name", () =>
    Effect.gen(function* () {
      const env = yield* located
      const file = yield* fileOf("export.csv", [
        "Contact Id,First Name,Email,Created,Last Activity,Budget",
        ",Ada,a@example.com,x,y,3000"
      ])
      const mapping = join(dirname(file), "mapping.json")
      expect(yield* growthhub(["import", file, "--save-mapping", mapping], env)).toMatchObject({
        code: 0,
        err: expect.stringContaining('Columns that are left out: "Created", "Last Activity"') as unknown
      })
      expect(yield* valuesOf).toEqual([[{ id: "budgetBudgetBudget11", value: 3000 }]])
      expect(JSON.parse(yield* read(mapping))).toMatchObject({
        columns: { Budget: "customField.budgetBudgetBudget11:number", Created: null }
      })
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive(
    "needs a token with the required scope to look up fields, but not for a column given by id and type",
    () =>
      Effect.gen(function* () {
        const env = { ...(yield* located), GROWTHHUB_TOKEN: "pit-writer" }
        const file = yield* fileOf("leads.csv", ["email,Budget", "a@example.com,3000"])
        const scope = "The token lacks the scope `locations/customFields.readonly`"
        for (const more of [[], ["--column", "Budget=customField.budget"]]) {
          expect(yield* growthhub(["import", file, ...more], env)).toMatchObject({
            code: 2,
            err: expect.stringContaining(scope) as unknown
          })
        }
        expect(yield* growthhub(["import", file, "--ignore-others"], env)).toMatchObject({
          code: 0,
          err: expect.stringContaining(scope) as unknown
        })
        const byId = ["--restart", "--column", "Budget=customField.budgetBudgetBudget11:number"]
        expect(yield* growthhub(["import", file, ...byId], env)).toMatchObject({ code: 0 })
        expect(yield* valuesOf).toEqual([[{ id: "budgetBudgetBudget11", value: 3000 }]])
        expect(yield* growthhub(["import", file, "--dry-run", "--location", locationId])).toMatchObject({
          code: 2,
          err: expect.stringContaining("they are looked up where GROWTHHUB_TOKEN is set") as unknown
        })
      }).pipe(
        Effect.provide(
          Sandbox.layer({
            tokens: [
              { token: "pit-sandbox", locationId, scopes: [] },
              { token: "pit-writer", locationId, scopes: ["contacts.readonly", "contacts.write"] }
            ]
          })
        )
      )
  )
})
