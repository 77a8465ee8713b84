import { describe, expect, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Stream from "effect/Stream"
import { Sandbox, type StoredContact } from "effect-growthhub/Sandbox"
import { type Contact, ContactId, LocationId } from "effect-growthhub/Schema"
import { stringify } from "csv-stringify/sync"
import { appendFile, readdir, stat, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import * as Contacts from "../src/export/Contacts.js"
import * as List from "../src/import/List.js"
import { json, serving } from "../../test/servers.js"
import { directory, environment, growthhub, inTerminal, read } from "./command.js"

const awkward: ReadonlyArray<Contact> = [
  {
    id: ContactId.make("ada"),
    firstName: 'Ada, "the" Countess',
    lastName: "Lovelace",
    email: "ada@example.com",
    phone: "+15550100001",
    address1: "12 St James's Square\nLondon",
    dateOfBirth: "1815-12-10",
    country: "GB",
    tags: ["vip", "likes, commas", "semi;colon"],
    dnd: true,
    website: "https://example.com/?a=1;b=2",
    timezone: "Europe/London",
    companyName: "Analytical & Sons",
    source: "public api",
    customFields: [
      { id: "deal", value: 1234.5 },
      { id: "colors", value: ["red", "dark; blue"] },
      { id: "motto", value: '=1+1, "quoted"' }
    ]
  },
  { id: ContactId.make("bob"), phone: "+15550100002", tags: ["berlin"], customFields: [{ id: "deal", value: 1.234 }] },
  { id: ContactId.make("eve"), firstName: "Ève", lastName: "Ñandú 李", email: "eve@example.com", postalCode: "01067" }
]

/** A stored contact without its id and the times and authors of its changes. */
const lasting = ({
  id: _id,
  dateAdded: _added,
  dateUpdated: _updated,
  createdBy: _creator,
  lastUpdatedBy: _updater,
  ...contact
}: StoredContact) => contact

const contactsOf = Effect.flatMap(Sandbox, ({ contacts }) => Effect.map(contacts, (all) => all.map(lasting)))

/** The contacts in an order that does not depend on the order of their creation. */
const sorted = (contacts: ReadonlyArray<StoredContact | object>) =>
  contacts.map((contact) => JSON.stringify(Object.fromEntries(Object.entries(contact).sort()))).sort()

/** A sandbox whose location defines the custom fields of these contacts. */
const location = Sandbox.layer({
  customFields: [
    { id: "deal", name: "Deal", dataType: "NUMERICAL" },
    { id: "colors", name: "Colors", dataType: "MULTIPLE_OPTIONS", picklistOptions: ["red", "dark; blue"] },
    { id: "motto", name: "Motto", dataType: "TEXT" }
  ]
})

/** Exports from one sandbox and imports into another. */
const roundTrip = (name: string, people: ReadonlyArray<object>) =>
  Effect.gen(function* () {
    const path = yield* directory
    const file = join(path, name)
    const before = yield* Effect.gen(function* () {
      const env = yield* environment
      const first = join(path, "people.json")
      yield* Effect.promise(() => writeFile(first, JSON.stringify(people)))
      expect(yield* growthhub(["import", first], env)).toMatchObject({ code: 0 })
      expect(yield* growthhub(["export", file], env)).toEqual({ code: 0, out: "", err: `3 contacts: ${file}` })
      return yield* contactsOf
    }).pipe(Effect.provide(location))
    const after = yield* Effect.gen(function* () {
      expect(yield* growthhub(["import", file], yield* environment)).toMatchObject({
        code: 0,
        out: "3 created, 0 updated, 0 rejected"
      })
      return yield* contactsOf
    }).pipe(Effect.provide(location))
    expect(sorted(after)).toEqual(sorted(before))
    return { file, before }
  })

/** The contacts with `dnd`, which the search returns for every contact. */
const people = awkward.map(({ id: _id, ...person }) => ({ dnd: false, ...person }))

describe("growthhub export", () => {
  it.scopedLive("writes a CSV that imports without differences and that only its owner can read", () =>
    Effect.gen(function* () {
      const { file, before } = yield* roundTrip("contacts.csv", people)
      expect(before.map(({ tags }) => tags)).toContainEqual(["vip", "likes, commas", "semi;colon"])
      const { mode } = yield* Effect.promise(() => stat(file))
      expect(mode & 0o777).toBe(0o600)
      const left = yield* Effect.promise(() => readdir(dirname(file)))
      expect(left.filter((name) => /partial|tmp/.test(name))).toEqual([])
    })
  )

  it.scopedLive("writes NDJSON that imports without differences, including do-not-disturb settings by channel", () =>
    Effect.gen(function* () {
      const dndSettings = { SMS: { status: "active", message: "by phone only" } }
      const { before } = yield* roundTrip("contacts.ndjson", [...people.slice(1), { ...people[0], dndSettings }])
      expect(before).toContainEqual(expect.objectContaining({ dndSettings }))
    })
  )

  it.scopedLive("lists the fields that a CSV cannot hold; NDJSON contains them", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const csv = yield* growthhub(["export"], env)
      expect(csv.err).toBe(
        "Left out, because no cell can hold them: dndSettings, customField.mixed. --format ndjson keeps them."
      )
      expect(csv.out).toBe("firstName,dnd\nAda,false\nBob,false")
      const ndjson = yield* growthhub(["export", "--format", "ndjson", "-"], env)
      expect(JSON.parse(ndjson.out.split("\n")[0] ?? "")).toEqual({
        firstName: "Ada",
        dnd: false,
        dndSettings: { SMS: { status: "active" } },
        customFields: [{ id: "mixed", value: "text" }]
      })
    }).pipe(
      Effect.provide(
        Sandbox.layer({
          contacts: [
            {
              id: ContactId.make("a"),
              firstName: "Ada",
              dndSettings: { SMS: { status: "active" } },
              customFields: [{ id: "mixed", value: "text" }],
              dateAdded: DateTime.unsafeMake(0)
            },
            { id: ContactId.make("b"), firstName: "Bob", customFields: [{ id: "mixed", value: 1 }] }
          ]
        })
      )
    )
  )

  it.scopedLive("writes ids with --ids so that an import updates these contacts; --overwrite replaces a file", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const file = join(yield* directory, "vips.csv")
      expect(yield* growthhub(["export", file, "--tag", "berlin", "--ids"], env)).toMatchObject({ code: 0 })
      expect(yield* read(file)).toBe(
        "contactId,phone,tags,dnd,customField.deal:number\nbob,+15550100002,berlin,false,1.234\n"
      )
      yield* Effect.promise(() => writeFile(file, "contactId,city\nbob,Berlin\n"))
      expect(yield* growthhub(["import", file], env)).toMatchObject({ out: "0 created, 1 updated, 0 rejected" })
      expect((yield* contactsOf).map(({ city }) => city)).toContain("Berlin")
      expect(yield* growthhub(["export", file], env)).toMatchObject({
        code: 2,
        err: `The file ${file} exists already: --overwrite replaces it`
      })
      expect(yield* growthhub(["export", file, "--overwrite"], env)).toMatchObject({ code: 0 })
      expect((yield* read(file)).split("\n")).toHaveLength(6)
      expect(yield* growthhub(["export", "--overwrite"], env)).toMatchObject({ code: 2 })
    }).pipe(Effect.provide(Sandbox.layer({ contacts: awkward })))
  )
})

const pageOf = (ids: ReadonlyArray<number>, total: number) => ({
  contacts: ids.map((id) => ({ id: `c${id}`, firstName: `Person ${id}`, searchAfter: [id, `c${id}`] })),
  total
})

/** A service with 1,200 contacts. It refuses each request for whose number `refuses` returns true. */
const service = (refuses: (request: number) => boolean) => {
  const cursors: Array<unknown> = []
  const serve = serving(({ body }, response) => {
    const { searchAfter } = JSON.parse(body) as { readonly searchAfter?: readonly [number, string] }
    cursors.push(searchAfter)
    if (refuses(cursors.length)) return json(response, 401, { statusCode: 401, message: "Invalid JWT" })
    const first = (searchAfter?.[0] ?? -1) + 1
    const ids = Array.from({ length: Math.min(500, 1200 - first) }, (_, index) => first + index)
    return json(response, 200, pageOf(ids, 1200))
  })
  return Effect.map(serve, ({ url }) => ({
    cursors,
    env: { GROWTHHUB_TOKEN: "pit-x", GROWTHHUB_BASE_URL: url, GROWTHHUB_LOCATION_ID: "abc" }
  }))
}

describe("a stopped export", () => {
  it.scopedLive("continues with --resume after the last fetched page, and drops a half-written line", () =>
    Effect.gen(function* () {
      const { cursors, env } = yield* service((request) => request === 3)
      const file = join(yield* directory, "contacts.csv")
      const stopped = yield* growthhub(["export", file], env)
      expect(stopped).toMatchObject({
        code: 3,
        err: `Invalid JWT\nThe fetched contacts are in ${file}.partial. Continue with the same command and --resume.`
      })
      const partial = `${file}.partial`
      expect((yield* Effect.promise(() => stat(partial))).mode & 0o777).toBe(0o600)
      yield* Effect.promise(() => appendFile(partial, '{"id":"half'))
      expect(yield* growthhub(["export", file], env)).toMatchObject({
        code: 2,
        err:
          `An earlier export to ${file} has not ended: 1,000 contacts. ` +
          "Continue it with --resume, or start again with --restart."
      })
      expect(yield* growthhub(["export", file, "--resume", "--tag", "vip"], env)).toMatchObject({
        code: 2,
        err: expect.stringContaining("was started for another location or with other filters") as unknown
      })
      expect(yield* growthhub(["export", file, "--resume"], env)).toEqual({
        code: 0,
        out: "",
        err: `1,200 contacts: ${file}`
      })
      expect(cursors.slice(0, 4)).toEqual([undefined, [499, "c499"], [999, "c999"], [999, "c999"]])
      const lines = (yield* read(file)).trimEnd().split("\n")
      expect(lines).toEqual(["firstName", ...Array.from({ length: 1200 }, (_, id) => `Person ${id}`)])
      expect(yield* Effect.promise(() => readdir(dirname(file)))).toEqual(["contacts.csv"])
    })
  )

  it.scopedLive("starts from the first page with --restart", () =>
    Effect.gen(function* () {
      const { cursors, env } = yield* service((request) => request === 2)
      const file = join(yield* directory, "contacts.ndjson")
      expect(yield* growthhub(["export", file], env)).toMatchObject({ code: 3 })
      expect(yield* growthhub(["export", file, "--restart", "--resume"], env)).toMatchObject({ code: 2 })
      expect(yield* growthhub(["export", file, "--restart"], env)).toMatchObject({ code: 0 })
      expect(cursors.map((cursor) => cursor === undefined)).toEqual([true, false, true, false, false])
      expect((yield* read(file)).trimEnd().split("\n")).toHaveLength(1200)
    })
  )

  it.scopedLive(
    "continues with --resume after Ctrl-C in a terminal, which shows the progress",
    () =>
      Effect.gen(function* () {
        let isSlow = true
        const { url } = yield* serving(({ body }, response) => {
          const { pageLimit, searchAfter } = JSON.parse(body) as {
            readonly pageLimit: number
            readonly searchAfter?: readonly [number, string]
          }
          const first = (searchAfter?.[0] ?? -1) + 1
          // The service does not respond to the request for the third page.
          if (isSlow && first === 1000) return
          const ids = Array.from({ length: Math.min(pageLimit, 1200 - first) }, (_, index) => first + index)
          return json(response, 200, pageOf(ids, 1200))
        })
        const env = { GROWTHHUB_TOKEN: "pit-x", GROWTHHUB_BASE_URL: url, GROWTHHUB_LOCATION_ID: "abc" }
        const file = join(yield* directory, "contacts.csv")
        const terminal = inTerminal(["export", file], env)
        yield* terminal.seen(/1,000 of 1,200 contacts/)
        const ended = yield* Effect.fork(terminal.ended)
        yield* Effect.yieldNow()
        terminal.type("\u0003")
        const { code, output } = yield* ended
        expect({ code, output }).toMatchObject({
          code: 130,
          output: expect.stringContaining(`Interrupted. The fetched contacts are in ${file}.partial.`) as unknown
        })
        expect(output).not.toContain("\u001b")
        isSlow = false
        expect(yield* growthhub(["export", file, "--resume"], env)).toMatchObject({ err: `1,200 contacts: ${file}` })
        expect((yield* read(file)).trimEnd().split("\n")).toHaveLength(1201)
      }),
    // The test starts a separate process of the command.
    120_000
  )
})

// --- the codec ---------------------------------------------------------------------------------------------------------

/** A text that a cell can hold unchanged: not blank, without surrounding blanks, and with line feeds as line ends. */
const cellText = FastCheck.string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .map((text) => text.replace(/[\r\u2028\u2029\ufeff]/g, "\n").trim())
  .filter((text) => text !== "")

const listOf = (text: FastCheck.Arbitrary<string>) => FastCheck.uniqueArray(text, { minLength: 1, maxLength: 4 })

const day = FastCheck.date({
  min: new Date("1000-01-01T00:00:00Z"),
  max: new Date("2020-01-01T00:00:00Z"),
  noInvalidDate: true
}).map((date) => date.toISOString().slice(0, 10))

const contact = FastCheck.record(
  {
    firstName: cellText,
    lastName: cellText,
    city: cellText,
    source: cellText,
    email: FastCheck.emailAddress(),
    dnd: FastCheck.boolean(),
    tags: listOf(cellText),
    dateOfBirth: day,
    customFields: FastCheck.record(
      {
        texts: cellText,
        numbers: FastCheck.oneof(
          FastCheck.integer(),
          FastCheck.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 })
          // JSON has no -0.
        ).map((number) => number + 0),
        options: listOf(cellText)
      },
      { requiredKeys: [] }
    ).map((values) => Object.entries(values).map(([id, value]) => ({ id, value })))
  },
  { requiredKeys: ["email"] }
)

const locationId = LocationId.make("abc")

/** A contact with its custom fields sorted by id, because the columns have one order for all contacts. */
const inOrder = (contact: { readonly [field: string]: unknown }) => ({
  ...contact,
  customFields: [...((contact["customFields"] ?? []) as ReadonlyArray<{ readonly id: string }>)].sort((a, b) =>
    a.id.localeCompare(b.id)
  )
})

const readOptions = {
  locationId,
  columns: new Map<string, string>(),
  ignored: new Set<string>(),
  ignoresOthers: false,
  clearsNulls: false,
  replacesTags: false,
  mode: "Upsert" as const,
  skipsInvalidCells: false,
  dayOrder: undefined,
  country: undefined,
  listSeparator: undefined
}

describe("the cells of an export", () => {
  it.scopedLive("are read back unchanged by an import, for arbitrary contacts", () =>
    Effect.gen(function* () {
      const file = join(yield* directory, "contacts.csv")
      const property = FastCheck.asyncProperty(
        FastCheck.array(contact, { minLength: 1, maxLength: 6 }),
        async (all) => {
          const exported = all.map((fields, index) =>
            Contacts.toExported({ id: ContactId.make(`c${index}`), ...fields })
          )
          const collector = Contacts.makeCollector()
          for (const one of exported) collector.see(one)
          const columns = collector.columns()
          const rows = exported.map((one) => Contacts.cellsOf(one, columns, false))
          await writeFile(file, stringify([Contacts.headerOf(columns, false), ...rows]))
          const read = await Effect.runPromise(
            Effect.flatMap(
              List.open({ ...readOptions, file }, () => Effect.succeed(Either.left(undefined))),
              (list) => Stream.runCollect(List.rows(list))
            )
          )
          expect(Chunk.toReadonlyArray(read).map(({ faults }) => faults)).toEqual(exported.map(() => []))
          expect(Chunk.toReadonlyArray(read).map((row) => inOrder({ ...row.contact }))).toEqual(
            exported.map(({ fields }) => inOrder({ locationId, ...fields }))
          )
        }
      )
      yield* Effect.promise(() => FastCheck.assert(property, { numRuns: 60 }))
    })
  )
})
