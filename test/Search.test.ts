import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as S from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as ContactsBulk from "effect-growthhub/ContactsBulk"
import { ContactsService } from "effect-growthhub/ContactsService"
import { ContactsTest } from "effect-growthhub/ContactsTest"
import * as Filter from "effect-growthhub/Filter"
import * as GrowthHub from "effect-growthhub/GrowthHub"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { Sandbox } from "effect-growthhub/Sandbox"
import { type Contact, ContactId, type ContactSearch, LocationId, SearchedContact } from "effect-growthhub/Schema"
import { json, serving } from "./servers.js"

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")

const day = (text: string) => DateTime.unsafeMake(`${text}T00:00:00Z`)

const person = (id: string, fields: object): Contact => ({ id: ContactId.make(id), locationId, ...fields })

const people: ReadonlyArray<Contact> = [
  person("ada", {
    firstName: "Ada",
    lastName: "Lovelace",
    email: "ada@example.com",
    phone: "+1 555-010-0001",
    city: "Austin",
    address1: "1 Main Street",
    companyName: "Analytical Engines",
    tags: ["vip", "vip-2026"],
    dateAdded: day("2026-01-01"),
    dateOfBirth: "1990-12-10",
    customFields: [
      { id: "size", value: 1500 },
      { id: "note", value: "likes numbers" },
      { id: "colors", value: ["red", "blue"] }
    ],
    opportunities: [
      { id: "o1", pipelineId: "p1", pipelineStageId: "s1", monetaryValue: 100, status: "won" },
      { id: "o2", pipelineId: "p2", pipelineStageId: "s2", monetaryValue: 200, status: "open" }
    ]
  }),
  person("bob", {
    firstName: "Bob",
    email: "bob@example.com",
    city: "Dallas",
    dnd: true,
    dateAdded: day("2026-02-01")
  }),
  person("cyd", {
    firstName: "Cyd",
    city: "Austin",
    tags: ["lead"],
    dateAdded: day("2026-03-01"),
    customFields: [{ id: "size", value: 20 }]
  }),
  { id: ContactId.make("elsewhere"), locationId: LocationId.make("other"), city: "Austin" }
]

const overHttp = Layer.unwrapEffect(
  Effect.map(Sandbox, ({ url, token }) => GrowthHub.layer({ baseUrl: url, token }))
).pipe(Layer.provide(FetchHttpClient.layer), Layer.provide(Sandbox.layer({ contacts: people })), Layer.orDie)

const searching = (search: Partial<ContactSearch>) =>
  Effect.flatMap(ContactsService, (contacts) => contacts.searchContacts({ locationId, ...search }))

const idsOf = (search: Partial<ContactSearch>) =>
  Effect.map(searching(search), ({ contacts }) => contacts.map(({ id }) => id as string))

const all = ["ada", "bob", "cyd"]

/** The ids of the contacts that each filter finds, in alphabetical order. */
const filtered: ReadonlyArray<readonly [what: string, filter: Filter.Filter, ids: ReadonlyArray<string>]> = [
  ["a field that has a value", Filter.equals("city", "Austin"), ["ada", "cyd"]],
  ["a field that has another value, or none", Filter.notEquals("email", "ada@example.com"), ["bob", "cyd"]],
  ["a tag, in any case", Filter.equals("tags", "VIP"), ["ada"]],
  ["a tag as a whole only", Filter.contains("tags", "vip"), ["ada"]],
  ["no part of a tag", Filter.contains("tags", "lea"), []],
  ["a part of a text, in any case", Filter.contains("companyName", "ENGINES"), ["ada"]],
  ["a text that is not in a field", Filter.notContains("city", "dallas"), ["ada", "cyd"]],
  ["a phone, however its digits are grouped", Filter.equals("phone", "+15550100001"), ["ada"]],
  ["an address", Filter.contains("address", "main"), ["ada"]],
  ["a name", Filter.equals("contactName", "Ada Lovelace"), ["ada"]],
  ["who must not be disturbed", Filter.equals("dnd", true), ["bob"]],
  ["who may be disturbed", Filter.equals("dnd", false), ["ada", "cyd"]],
  ["a field that is set", Filter.exists("phone"), ["ada"]],
  ["a field that is not set", Filter.notExists("email"), ["cyd"]],
  ["a range of dates", Filter.range("dateAdded", { gt: day("2026-01-01"), lte: day("2026-02-01") }), ["bob"]],
  ["the other bounds", Filter.range("dateAdded", { gte: day("2026-02-01"), lt: day("2026-03-01") }), ["bob"]],
  ["a date of birth", Filter.range("dateOfBirth", { lt: day("2000-01-01") }), ["ada"]],
  ["both of two", Filter.and(Filter.equals("city", "Austin"), Filter.exists("email")), ["ada"]],
  ["one of two", Filter.or(Filter.equals("dnd", true), Filter.equals("tags", "lead")), ["bob", "cyd"]],
  ["groups in groups", Filter.or(Filter.and(Filter.exists("email"), Filter.exists("phone"))), ["ada"]],
  ["any of several ids", Filter.equalsAny("id", ["ada", "cyd", "nobody"]), ["ada", "cyd"]],
  ["a custom number", Filter.range(Filter.customField.number("size"), { gte: 1500 }), ["ada"]],
  ["the value of a custom number", Filter.equals(Filter.customField.number("size"), 20), ["cyd"]],
  ["a custom text", Filter.contains(Filter.customField.text("note"), "numbers"), ["ada"]],
  ["a custom option", Filter.equals(Filter.customField.options("colors"), "blue"), ["ada"]],
  ["a custom field that is not set", Filter.notExists(Filter.customField.number("size")), ["bob"]],
  [
    "an opportunity with both",
    Filter.opportunities(Filter.opportunity.equals("pipelineId", "p2"), Filter.opportunity.equals("status", "open")),
    ["ada"]
  ],
  [
    "no opportunity that has only one of them",
    Filter.opportunities(Filter.opportunity.equals("pipelineId", "p1"), Filter.opportunity.equals("status", "open")),
    []
  ]
]

describe.each([
  ["in memory", ContactsTest.layer({ contacts: people })],
  ["over HTTP, against the sandbox", overHttp]
] as const)("searchContacts %s", (_, layer) => {
  it.effect("finds the contacts that match the filters, and none of another location", () =>
    Effect.gen(function* () {
      expect((yield* idsOf({})).sort()).toEqual(all)
      for (const [what, filter, ids] of filtered) {
        expect([what, (yield* idsOf({ filters: [filter] })).sort()]).toEqual([what, ids])
      }
      const both = [Filter.equals("city", "Austin"), Filter.equals("tags", "lead")]
      expect(yield* idsOf({ filters: both })).toEqual(["cyd"])
      expect(yield* idsOf({ query: "lovel" })).toEqual(["ada"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("returns pages, newest first or sorted by one or two fields, by page number or by searchAfter", () =>
    Effect.gen(function* () {
      expect(yield* idsOf({})).toEqual(["cyd", "bob", "ada"])
      const sort = [
        { field: "dnd", direction: "desc" },
        { field: "firstNameLowerCase", direction: "desc" }
      ] as const
      expect(yield* idsOf({ sort })).toEqual(["bob", "cyd", "ada"])
      const first = yield* searching({ sort, pageLimit: 2 })
      expect(first).toMatchObject({ total: 3, searchAfter: [false, "cyd", "cyd"] })
      expect(first.searchAfter).toEqual(first.contacts[1]?.searchAfter)
      expect(yield* idsOf({ sort, pageLimit: 2, page: 2 })).toEqual(["ada"])
      expect(yield* idsOf({ sort, pageLimit: 2, searchAfter: first.searchAfter })).toEqual(["ada"])
      const beyond = yield* searching({ sort, searchAfter: (yield* searching({ sort })).searchAfter })
      expect(beyond).toEqual({ contacts: [], total: 3 })
      // Contacts without the field come last in either direction.
      for (const direction of ["asc", "desc"] as const) {
        expect((yield* idsOf({ sort: [{ field: "email", direction }] })).at(-1)).toBe("cyd")
      }
    }).pipe(Effect.provide(layer))
  )

  it.effect("returns the fields of getContact and the fields that only a search returns", () =>
    Effect.gen(function* () {
      const [ada] = (yield* searching({ filters: [Filter.equals("id", "ada")] })).contacts
      expect(ada).toMatchObject({
        firstName: "Ada",
        email: "ada@example.com",
        address: "1 Main Street",
        address1: "1 Main Street",
        contactName: "ada lovelace",
        dateAdded: day("2026-01-01"),
        dateOfBirth: "1990-12-10",
        searchAfter: [Date.parse("2026-01-01"), "ada"],
        opportunities: [
          { id: "o1", pipelineId: "p1", pipelineStageId: "s1", monetaryValue: 100, status: "won" },
          { id: "o2", pipelineId: "p2", pipelineStageId: "s2", monetaryValue: 200, status: "open" }
        ]
      })
      const [bob] = (yield* searching({ filters: [Filter.equals("id", "bob")] })).contacts
      expect(bob).toMatchObject({ id: "bob", dnd: true, tags: [] })
      // The service returns null for a field that is not set.
      for (const field of ["phone", "address", "address1", "businessName", "dateOfBirth"]) {
        expect(bob).not.toHaveProperty(field)
      }
    }).pipe(Effect.provide(layer))
  )

  it.effect("fails with Forbidden for another location", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(searching({ locationId: LocationId.make("other") }))
      expect(error).toMatchObject({ _tag: "Forbidden", status: 403 })
    }).pipe(Effect.provide(layer))
  )
})

// --- the request ------------------------------------------------------------------------------------------------------

describe("a search request", () => {
  it.scopedLive("encodes the filters in the service's format, timestamps in milliseconds, and a pageLimit", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* serving((_, response) => json(response, 200, { contacts: [], total: 0 }))
      for (const versions of [undefined, { searchContacts: "v3" }] as const) {
        const layer = ContactsService.layer({ baseUrl: url, token: Redacted.make("pit-1"), versions })
        yield* searching({
          filters: [
            Filter.equals("firstNameLowerCase", "Ada"),
            Filter.or(Filter.range("dateUpdated", { gte: day("2026-01-01"), lt: undefined }), Filter.exists("email")),
            Filter.opportunities(Filter.opportunity.notEquals("status", "lost")),
            Filter.equals(Filter.customField.textBox("list", "box"), "Blue"),
            Filter.notExists("tags")
          ],
          sort: [{ field: "dateUpdated", direction: "asc" }],
          searchAfter: [1784272317939, "C0oEKx", null],
          query: "tom"
        }).pipe(Effect.provide(layer), Effect.provide(FetchHttpClient.layer))
      }
      expect(seen.map(({ method, url, headers }) => [method, url, headers["version"]])).toEqual([
        ["POST", "/contacts/search", "2021-07-28"],
        ["POST", "/contacts/search", "v3"]
      ])
      for (const { body } of seen) {
        expect(JSON.parse(body)).toEqual({
          locationId,
          pageLimit: 100,
          filters: [
            { field: "firstNameLowerCase", operator: "eq", value: "ada" },
            {
              group: "OR",
              filters: [
                { field: "dateUpdated", operator: "range", value: { gte: 1767225600000 } },
                { field: "email", operator: "exists" }
              ]
            },
            {
              field: "opportunities",
              operator: "nested",
              value: [{ field: "status", operator: "not_eq", value: "lost" }]
            },
            { field: "customFields.list.box", operator: "eq", value: "Blue" },
            { field: "tags", operator: "not_exists" }
          ],
          sort: [{ field: "dateUpdated", direction: "asc" }],
          searchAfter: [1784272317939, "C0oEKx", null],
          query: "tom"
        })
      }
    })
  )

  const long = "x".repeat(76)

  const refused: ReadonlyArray<readonly [search: object, sentence: string]> = [
    [{ pageLimit: 0 }, "pageLimit must be a whole number from 1 to 500"],
    [{ pageLimit: 501 }, "pageLimit must be a whole number from 1 to 500"],
    [{ pageLimit: 1.5 }, "pageLimit must be a whole number from 1 to 500"],
    [{ page: 0 }, "page must be a whole number from 1 to 10000"],
    [{ page: 21, pageLimit: 500 }, "page must not reach beyond 10000 contacts: use searchAfter to continue"],
    [{ page: 1, searchAfter: [1, "a"] }, "page must be absent with searchAfter"],
    [{ searchAfter: [] }, "searchAfter must not be empty"],
    [{ query: long }, "query must not be longer than 75 characters"],
    [{ sort: [] }, "sort must have one or two fields"],
    [{ sort: Array(3).fill({ field: "email", direction: "asc" }) }, "sort must have one or two fields"],
    [
      { sort: [{ field: "city", direction: "asc" }] },
      "sort.0.field must be one of dateAdded, dateUpdated, firstNameLowerCase, lastNameLowerCase, businessName, email, dnd, source"
    ],
    [{ sort: [{ field: "email", direction: "up" }] }, "sort.0.direction must be asc or desc"],
    [{ pageSize: 10 }, "property pageSize should not exist"]
  ]

  const filter = (filter: object): object => ({ filters: [filter] })

  const refusedFilters: ReadonlyArray<readonly [filter: object, sentence: string]> = [
    [Filter.contains("city", "ab"), "filters.0.value must have at least 3 characters"],
    [
      Filter.contains("city", "a-bc"),
      "filters.0.value must not have special characters: the service takes letters and digits"
    ],
    [Filter.contains("city", long), "filters.0.value must not be longer than 75 characters"],
    [Filter.equals("city", long), "filters.0.value must not be longer than 75 characters"],
    [Filter.equals("city", ""), "filters.0.value must not be empty; `not_exists` finds unset fields"],
    [Filter.equalsAny("id", []), "filters.0.filters must have at least one filter"],
    [Filter.range("dateAdded", {}), "filters.0.value must have one or more of gt, gte, lt, lte"],
    [
      { field: "dateAdded", operator: "range", value: { gte: "2026-01-01" } },
      "filters.0.value must have finite numbers as bounds, milliseconds of the epoch for a date"
    ],
    [
      { field: "email", operator: "contains", value: "example" },
      "filters.0.operator must be one of eq, not_eq, exists, not_exists for email"
    ],
    [
      { field: "dateAdded", operator: "gt", value: 1 },
      "filters.0.operator must be one of range, exists, not_exists for dateAdded"
    ],
    [{ field: "id", operator: "exists" }, "filters.0.operator must be one of eq, not_eq for id"],
    [{ field: "firstName", operator: "exists" }, "filters.0.field must be a field that can be searched by"],
    [{ field: "customFields.", operator: "exists" }, "filters.0.field must be a field that can be searched by"],
    [{ field: "email", operator: "exists", value: true }, "filters.0.value must be absent with exists"],
    [{ field: "dnd", operator: "eq", value: "true" }, "filters.0.value must be a boolean value"],
    [{ field: "city", operator: "eq", value: 7 }, "filters.0.value must be a string"],
    [
      { field: "tags", operator: "eq", value: "VIP" },
      "filters.0.value must be in lower case, as the service stores it"
    ],
    [{ group: "XOR", filters: [{ field: "email", operator: "exists" }] }, "filters.0.group must be AND or OR"],
    [
      Filter.and(Filter.or(Filter.exists("email"), Filter.contains("city", "x"))),
      "filters.0.filters.0.filters.1.value must have at least 3 characters"
    ],
    [
      { group: "OR", filters: [{ field: "email", operator: "exists" }], value: 1 },
      "filters.0 must have group, filters and nothing else"
    ],
    [
      { field: "email", operator: "exists", filters: [] },
      "filters.0 must have field, operator, value and nothing else"
    ],
    [{ field: "opportunities", operator: "exists" }, "filters.0.operator must be nested for opportunities"],
    [{ field: "opportunities", operator: "nested", value: [] }, "filters.0.value must have at least one filter"],
    [
      { field: "opportunities", operator: "nested", value: [{ field: "name", operator: "exists" }] },
      "filters.0.value.0.field must be a field that can be searched by"
    ],
    [{ field: "email", operator: "exists", fields: 1 }, "property filters.0.fields should not exist"]
  ]

  it.effect("is rejected before it is sent, with a line per fault, if the service would reject or misread it", () =>
    Effect.gen(function* () {
      const searches = [...refused, ...refusedFilters.map(([one, sentence]) => [filter(one), sentence] as const)]
      for (const [search, sentence] of searches) {
        const error = yield* Effect.flip(searching(search))
        expect(error).toMatchObject({ _tag: "Unprocessable", attempts: 0 })
        expect((error as { readonly details: ReadonlyArray<string> }).details).toEqual([sentence])
      }
      expect((yield* (yield* ContactsTest).ledger).received).toBe(0)
    }).pipe(Effect.provide(ContactsTest.layer()))
  )

  it("accepts a filter that was stored as JSON, unchanged", () => {
    for (const [, filter] of filtered) {
      const stored: unknown = JSON.parse(JSON.stringify(filter))
      expect(S.decodeUnknownSync(Filter.Filter)(stored)).toEqual(filter)
    }
    const isFilter = (value: unknown) => Either.isRight(S.decodeUnknownEither(Filter.Filter)(value))
    expect(isFilter({ field: "email", operator: "contains", value: "example" })).toBe(false)
  })

  it.scopedLive("shows the service's words on fields and operators in an error, but no filter value", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) =>
        json(response, 422, { message: "Invalid Operator (eq) passed for field city of Humboldt", statusCode: 422 })
      )
      const layer = ContactsService.layer({ baseUrl: url, token: Redacted.make("pit-1") })
      const error = yield* searching({ filters: [Filter.equals("city", "Humboldt")] }).pipe(
        Effect.flip,
        Effect.provide(layer),
        Effect.provide(FetchHttpClient.layer)
      )
      expect(error.message).toContain("Invalid Operator (eq) passed for field city")
      expect(error.message).not.toContain("Humboldt")
    })
  )
})

describe("a contact in a search result", () => {
  const recorded = {
    id: "C0oEKxVPoRBj0gCZ6G9k",
    locationId,
    type: "lead",
    firstName: "Ada",
    firstNameLowerCase: "ada",
    contactName: "ada",
    lastName: null,
    address: null,
    email: "ada@example.com",
    phoneLabel: null,
    businessName: null,
    dnd: false,
    tags: [],
    customFields: [{ id: "colors", value: ["red", "blue"] }],
    additionalEmails: [{ email: "other@example.com" }],
    followers: [],
    dndSettings: {},
    dateOfBirth: 660787200000,
    dateAdded: "2026-07-17T07:11:57.939Z",
    searchAfter: [1784272317939, null, "C0oEKxVPoRBj0gCZ6G9k"]
  }

  it("is decoded from a recorded response: nulls are absent, and searchAfter is unchanged", () => {
    const contact = S.decodeUnknownSync(SearchedContact)(recorded)
    expect(contact).toMatchObject({ firstName: "Ada", dateOfBirth: "1990-12-10" })
    expect(contact.searchAfter).toEqual([1784272317939, null, "C0oEKxVPoRBj0gCZ6G9k"])
    for (const field of ["lastName", "address", "address1", "opportunities"]) expect(contact).not.toHaveProperty(field)
  })

  it("is unchanged after encoding and decoding", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.record(
          {
            address: FastCheck.option(FastCheck.string(), { nil: null }),
            contactName: FastCheck.option(FastCheck.string(), { nil: null }),
            searchAfter: FastCheck.array(FastCheck.oneof(FastCheck.string(), FastCheck.integer()), { minLength: 1 }),
            opportunities: FastCheck.array(FastCheck.record({ id: FastCheck.string(), status: FastCheck.string() }))
          },
          { requiredKeys: [] }
        ),
        (fields) => {
          const contact = S.decodeUnknownSync(SearchedContact)({ ...recorded, ...fields })
          const again = S.decodeUnknownSync(SearchedContact)(S.encodeSync(SearchedContact)(contact))
          expect(again).toEqual(contact)
          expect(contact.address1).toEqual(contact.address)
        }
      )
    )
  })
})

// --- filters at random -------------------------------------------------------------------------------------------------

const value = FastCheck.stringMatching(/^[a-z]{3,20}$/)
const moment = FastCheck.integer({ min: 0, max: 2e12 }).map((millis) => DateTime.unsafeMake(millis))

const textField = FastCheck.constantFrom(
  ...(["address", "businessName", "city", "companyName", "firstNameLowerCase", "phone", "source", "tags"] as const)
)
const dateField = FastCheck.constantFrom(
  ...(["dateAdded", "dateUpdated", "dateOfBirth", "lastAppointment", "lastEmailOpenedDate"] as const)
)
const wholeField = FastCheck.constantFrom(
  ...(["contactName", "email", "country", "assignedTo", "followers", "activeWorkflows", "website"] as const)
)

const condition: FastCheck.Arbitrary<Filter.Filter> = FastCheck.oneof(
  FastCheck.tuple(FastCheck.oneof(textField, wholeField, FastCheck.constant("id" as const)), value).map(
    ([field, value]) => Filter.equals(field, value)
  ),
  FastCheck.tuple(FastCheck.constantFrom("dnd" as const, "validEmail" as const), FastCheck.boolean()).map(
    ([field, value]) => Filter.notEquals(field, value)
  ),
  FastCheck.tuple(textField, value).map(([field, value]) => Filter.contains(field, value)),
  FastCheck.tuple(textField, value).map(([field, value]) => Filter.notContains(field, value)),
  FastCheck.oneof(textField, wholeField, dateField).map((field) => Filter.exists(field)),
  FastCheck.oneof(textField, wholeField, dateField).map((field) => Filter.notExists(field)),
  FastCheck.tuple(dateField, moment, moment).map(([field, gte, lt]) => Filter.range(field, { gte, lt })),
  FastCheck.tuple(value, FastCheck.integer()).map(([id, gt]) => Filter.range(Filter.customField.number(id), { gt })),
  FastCheck.tuple(value, moment).map(([id, lte]) => Filter.range(Filter.customField.date(id), { lte })),
  FastCheck.tuple(value, value).map(([id, text]) => Filter.contains(Filter.customField.textBox(id, id), text)),
  value.map((status) => Filter.opportunities(Filter.opportunity.equals("status", status)))
)

const filterArbitrary = (depth: number): FastCheck.Arbitrary<Filter.Filter> => {
  if (depth === 0) return condition
  const inner = filterArbitrary(depth - 1)
  const several = FastCheck.tuple(inner, FastCheck.array(inner, { maxLength: 2 }))
  return FastCheck.oneof(
    condition,
    several.map(([first, more]) => Filter.and(first, ...more)),
    several.map(([first, more]) => Filter.or(first, ...more))
  )
}

// --- the sandbox -------------------------------------------------------------------------------------------------------

describe("the search endpoint of the sandbox", () => {
  const asking = (body: object) =>
    Effect.gen(function* () {
      const { url, token } = yield* Sandbox
      return yield* Effect.promise(async () => {
        const response = await fetch(`${url}/contacts/search`, {
          method: "POST",
          headers: { version: "2021-07-28", authorization: `Bearer ${Redacted.value(token)}` },
          body: JSON.stringify(body)
        })
        const { error, message } = (await response.json()) as { readonly error?: unknown; readonly message?: unknown }
        return [response.status, message, error]
      })
    })

  it.live("rejects invalid searches with the service's messages", () =>
    Effect.gen(function* () {
      const valid = { locationId, pageLimit: 10 }
      const filtering = (filter: object) => ({ ...valid, filters: [filter] })
      const refused: ReadonlyArray<readonly [body: object, status: number, message: unknown]> = [
        [{ pageLimit: 10 }, 422, ["locationId can't be undefined"]],
        [{ ...valid, pageSize: 10 }, 422, ["property pageSize should not exist"]],
        [{ ...valid, pageLimit: 501 }, 422, ["pageLimit must not be greater than 500"]],
        [{ locationId }, 422, ["pageLimit must be a number", "pageLimit must not be less than 1"]],
        [{ ...valid, page: 1001 }, 400, "page * pageLimit must not exceed 10000: use searchAfter"],
        [{ ...valid, page: 1, searchAfter: [1, "a"] }, 400, "page and searchAfter must not be used together"],
        [{ ...valid, searchAfter: ["a"] }, 400, "Invalid searchAfter"],
        [{ ...valid, query: "x".repeat(76) }, 422, ["query must be shorter than or equal to 75 characters"]],
        [filtering({ field: "additionalPhones", operator: "eq", value: "1" }), 400, "Invalid field additional_phones"],
        [
          filtering({ field: "dateUpdated", operator: "gt", value: 1 }),
          422,
          "Invalid Operator (gt) passed for field date_updated"
        ],
        [
          filtering({ field: "email", operator: "contains", value: "abc" }),
          422,
          "Invalid Operator (contains) passed for field email"
        ],
        [
          filtering({ field: "dateAdded", operator: "range", value: "soon" }),
          422,
          "Invalid value for 'range' operator for 'dateAdded' field"
        ],
        [
          filtering({ field: "city", operator: "contains", value: "ab" }),
          400,
          "Min. 3 characters required for applying contains filter"
        ],
        [
          filtering({ field: "opportunities", operator: "nested", value: [{ field: "name", operator: "exists" }] }),
          400,
          "Invalid field name"
        ],
        [
          filtering({ group: "OR", filters: [{ field: "customFields.sizeId.box", operator: "exists" }] }),
          400,
          "Invalid Filter field type - custom_fields.sizeId! Check if custom field exists"
        ]
      ]
      for (const [body, status, message] of refused) {
        const error = status === 400 ? "Bad Request" : "Unprocessable Entity"
        expect(yield* asking(body)).toEqual([status, message, error])
      }
      // A group without filters matches every contact.
      expect(yield* asking(filtering({ group: "OR", filters: [] }))).toEqual([200, undefined, undefined])
      const known = filtering({ field: "customFields.budgetId", operator: "exists" })
      expect(yield* asking(known)).toEqual([200, undefined, undefined])
    }).pipe(Effect.provide(Sandbox.layer({ customFields: [{ id: "budgetId", name: "Budget", dataType: "TEXT" }] })))
  )

  it.effect.prop(
    "accepts every filter that the client sends",
    { filters: FastCheck.array(filterArbitrary(3), { maxLength: 3 }) },
    ({ filters }) =>
      Effect.gen(function* () {
        const { total, contacts } = yield* searching({ filters })
        expect(total).toBe(contacts.length)
      }).pipe(Effect.provide(ContactsTest.layer({ contacts: people }))),
    { fastCheck: { numRuns: 50 } }
  )
})

describe("a search index that lags", () => {
  const lagging = ContactsTest.layer({ contacts: people, indexLag: 30_000 })

  it.effect("shows seeded contacts at once, and creates, updates and deletes after the lag", () =>
    Effect.gen(function* () {
      const contacts = yield* ContactsService
      yield* contacts.createContact({ locationId, email: "new@example.com" })
      yield* contacts.updateContact(ContactId.make("bob"), { city: "Austin" })
      yield* contacts.deleteContact(ContactId.make("ada"))
      const austin = Effect.map(idsOf({ filters: [Filter.equals("city", "Austin")] }), (ids) => ids.sort())
      const total = Effect.map(searching({}), ({ total }) => total)
      expect(yield* austin).toEqual(["ada", "cyd"])
      yield* TestClock.adjust("29 seconds")
      expect(yield* austin).toEqual(["ada", "cyd"])
      expect(yield* total).toBe(3)
      // The search still finds the deleted contact, but a read does not.
      expect(yield* Effect.flip(contacts.getContact(ContactId.make("ada")))).toMatchObject({ isContactNotFound: true })
      yield* TestClock.adjust("1 seconds")
      expect(yield* austin).toEqual(["bob", "cyd"])
      expect(yield* total).toBe(3)
      expect(yield* idsOf({ filters: [Filter.equals("email", "new@example.com")] })).toHaveLength(1)
    }).pipe(Effect.provide(lagging))
  )

  it.effect("is a setting of a location, and is kept in a snapshot of the sandbox", () =>
    Effect.gen(function* () {
      const { exportDirectory, importDirectory } = yield* Sandbox
      const snapshot = yield* exportDirectory
      expect(snapshot.locations[0]).toMatchObject({ indexLag: 60_000 })
      yield* importDirectory(snapshot)
      const { url, token } = yield* Sandbox
      const services = GrowthHub.layer({ baseUrl: url, token }).pipe(Layer.provide(FetchHttpClient.layer))
      const found = Effect.gen(function* () {
        yield* (yield* ContactsService).createContact({ locationId, email: "new@example.com" })
        return yield* idsOf({})
      }).pipe(Effect.provide(services))
      expect((yield* found).sort()).toEqual(["ada", "bob", "cyd"])
    }).pipe(
      Effect.provide(
        Sandbox.layer({
          contacts: people,
          locations: [{ id: locationId, duplicates: { allow: false, check: ["email"] }, indexLag: 60_000 }]
        })
      )
    )
  )
})

// --- faults ------------------------------------------------------------------------------------------------------------

describe("a search whose response is lost", () => {
  const faults = [
    { _tag: "Reset", when: "after" },
    { _tag: "Status", status: 502, when: "before" },
    { _tag: "HalfBody" }
  ] as const

  it.effect("is retried", () =>
    Effect.gen(function* () {
      for (const fault of faults) {
        const test = yield* ContactsTest
        yield* test.setFaults({ rules: [{ fault, endpoint: "searchContacts", times: 1 }] })
        const fiber = yield* Effect.fork(searching({}))
        yield* TestClock.adjust("30 seconds")
        expect((yield* Fiber.join(fiber)).total).toBe(3)
      }
      const { applied, received } = yield* (yield* ContactsTest).ledger
      expect(applied).toEqual([])
      expect(received).toBe(2 * faults.length)
    }).pipe(Effect.provide(ContactsTest.layer({ contacts: people, retryPolicy: RetryPolicy.make() })))
  )
})

// --- searchAll ---------------------------------------------------------------------------------------------------------

describe("searchAll", () => {
  const crowd = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) =>
      person(`contact${from + index}`, { dateAdded: DateTime.unsafeMake(1_767_225_600_000 + Math.floor(index / 3)) })
    )

  const collected = <E, R>(stream: Stream.Stream<{ readonly id: string }, E, R>) =>
    Effect.map(Stream.runCollect(stream), (found) => Array.from(found, ({ id }) => id))

  it.effect("emits every contact once, beyond the 10,000 that page numbers reach", () =>
    Effect.gen(function* () {
      const ids = yield* collected(ContactsBulk.searchAll({ locationId }))
      expect(ids).toHaveLength(10_500)
      expect(new Set(ids).size).toBe(10_500)
      const { received } = yield* (yield* ContactsTest).ledger
      // The stream reads 21 full pages and the empty page after them.
      expect(received).toBe(22)
    }).pipe(Effect.provide(ContactsTest.layer({ contacts: crowd(10_500) })))
  )

  it.effect("requests a page only when it is needed, and continues from a searchAfter", () =>
    Effect.gen(function* () {
      const ids = yield* collected(ContactsBulk.searchAll({ locationId, pageLimit: 10 }).pipe(Stream.take(15)))
      expect(ids).toHaveLength(15)
      expect((yield* (yield* ContactsTest).ledger).received).toBe(2)
      const [last] = Array.from(
        yield* Stream.runCollect(ContactsBulk.searchAll({ locationId, pageLimit: 10 }).pipe(Stream.take(15))),
        ({ searchAfter }) => searchAfter
      ).slice(-1)
      const rest = yield* collected(ContactsBulk.searchAll({ locationId, searchAfter: last }))
      expect(new Set([...ids, ...rest]).size).toBe(100)
      expect(rest).toHaveLength(85)
    }).pipe(Effect.provide(ContactsTest.layer({ contacts: crowd(100) })))
  )

  it.effect("emits contacts once that are changed or added meanwhile, and continues after a deleted one", () =>
    Effect.gen(function* () {
      const contacts = yield* ContactsService
      yield* TestClock.setTime(1_800_000_000_000)
      let place = 0
      const ids = yield* collected(
        ContactsBulk.searchAll({ locationId, pageLimit: 10 }).pipe(
          Stream.tap(({ id }) =>
            Effect.gen(function* () {
              place += 1
              yield* contacts.updateContact(id, { city: "Austin" })
              // The next page starts after the last contact of this page, which is deleted here.
              if (place === 10) yield* contacts.deleteContact(id)
              if (place === 20) yield* contacts.createContact({ locationId, email: "new@example.com" })
            })
          )
        )
      )
      expect(ids).toHaveLength(41)
      expect(new Set(ids).size).toBe(41)
    }).pipe(Effect.provide(ContactsTest.layer({ contacts: crowd(40) })))
  )

  const pagesOf = (
    pages: ReadonlyArray<{ readonly contacts: ReadonlyArray<object>; readonly total: number }>,
    search: Partial<ContactSearch> = {}
  ) =>
    Effect.gen(function* () {
      let count = 0
      const { url, seen } = yield* serving((_, response) =>
        json(response, 200, pages[Math.min(count++, pages.length - 1)])
      )
      const given: Array<string> = []
      const result = yield* ContactsBulk.searchAll({ locationId, pageLimit: 2, ...search }).pipe(
        Stream.runForEach(({ id }) => Effect.sync(() => given.push(id))),
        Effect.either,
        Effect.provide(ContactsService.layer({ baseUrl: url, token: Redacted.make("pit-1") })),
        Effect.provide(FetchHttpClient.layer)
      )
      const cursors = seen.map(({ body }) => (JSON.parse(body) as { readonly searchAfter?: unknown }).searchAfter)
      return { given, result, cursors, seen }
    })

  const one = (id: string, place: number) => ({ id, searchAfter: [place, id] })

  it.scopedLive("skips a contact that is on two pages, and continues after a short page", () =>
    Effect.gen(function* () {
      const start = [
        { contacts: [one("a", 1), one("b", 2)], total: 5 },
        { contacts: [one("b", 2), one("c", 3)], total: 5 },
        { contacts: [one("d", 4)], total: 5 }
      ]
      const complete = yield* pagesOf([...start, { contacts: [one("e", 5)], total: 5 }])
      expect(complete.given).toEqual(["a", "b", "c", "d", "e"])
      expect(complete.cursors).toEqual([undefined, [2, "b"], [3, "c"], [4, "d"]])
      expect(JSON.parse(complete.seen[0]!.body)).toMatchObject({ sort: [{ field: "dateAdded", direction: "asc" }] })
      // The total may be too high: then an empty page ends the search.
      const empty = yield* pagesOf([...start, { contacts: [], total: 5 }])
      expect(empty.given).toEqual(["a", "b", "c", "d"])
      expect(empty.cursors).toEqual([undefined, [2, "b"], [3, "c"], [4, "d"]])
    })
  )

  it.scopedLive("fails if a page has no searchAfter or comes twice, instead of ending early", () =>
    Effect.gen(function* () {
      const withoutCursor = yield* pagesOf([{ contacts: [{ id: "a" }, { id: "b" }], total: 9 }])
      expect(withoutCursor.given).toEqual(["a", "b"])
      expect(Either.getLeft(withoutCursor.result)).toMatchObject({
        value: { _tag: "UnexpectedResponse", message: "The last contact of a page has no searchAfter" }
      })
      const stuck = yield* pagesOf([{ contacts: [one("a", 1), one("b", 2)], total: 9 }])
      expect(stuck.given).toEqual(["a", "b"])
      expect(Either.getLeft(stuck.result)).toMatchObject({
        value: { _tag: "UnexpectedResponse", message: "The service returned the same page twice" }
      })
    })
  )

  it.effect("emits the contacts of earlier pages before it fails with the error of a page", () =>
    Effect.gen(function* () {
      const test = yield* ContactsTest
      const given: Array<string> = []
      const error = yield* ContactsBulk.searchAll({ locationId, pageLimit: 10 }).pipe(
        Stream.tap(({ id }) => Effect.sync(() => given.push(id))),
        Stream.tap(() => (given.length === 20 ? Effect.orDie(test.outage()) : Effect.void)),
        Stream.runDrain,
        Effect.flip
      )
      expect(error).toMatchObject({ _tag: "ServerError", operation: "searchContacts" })
      expect(given).toHaveLength(20)
    }).pipe(Effect.provide(ContactsTest.layer({ contacts: crowd(40) })))
  )
})
