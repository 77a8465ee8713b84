// growthhub search: shows the contacts that match the filters.
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Chunk from "effect/Chunk"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as ContactsBulk from "effect-growthhub/ContactsBulk"
import type { SearchedContact } from "effect-growthhub/Schema"
import { stringify } from "csv-stringify/sync"
import { fromError } from "../CliExit.js"
import * as Connection from "../Connection.js"
import { isJson } from "../ContactOptions.js"
import * as Contacts from "../export/Contacts.js"
import * as Filters from "../Filters.js"
import { describe } from "../Help.js"
import * as Layout from "../Layout.js"

/** The largest page that the search API returns, in contacts. */
const largestPage = 500

const csv = (contacts: ReadonlyArray<SearchedContact>): string => {
  const exported = contacts.map(Contacts.toExported)
  const collector = Contacts.makeCollector()
  for (const contact of exported) collector.see(contact)
  const columns = collector.columns()
  return stringify([
    Contacts.headerOf(columns, true),
    ...exported.map((contact) => Contacts.cellsOf(contact, columns, true))
  ]).trimEnd()
}

const grid = (contacts: ReadonlyArray<SearchedContact>): string =>
  Layout.grid(
    ["ID", "NAME", "EMAIL", "PHONE", "TAGS"],
    contacts.map(({ id, firstName, lastName, email, phone, tags }) => [
      id,
      [firstName, lastName].filter(Boolean).join(" "),
      email,
      phone,
      tags
    ])
  )

/** The contacts as lines of JSON, without the fields that only search results have. */
const json = (contacts: ReadonlyArray<SearchedContact>): string =>
  contacts
    .map(({ searchAfter: _searchAfter, address: _address, contactName: _contactName, ...contact }) =>
      Layout.jsonLine(contact)
    )
    .join("\n")

const layouts = { table: grid, json, csv } as const

export const search = Command.make(
  "search",
  {
    ...Filters.options,
    limit: Options.integer("limit").pipe(
      Options.filterMap((count) => (count > 0 ? Option.some(count) : Option.none()), "--limit takes a number from 1"),
      Options.withDefault(100),
      Options.withDescription("The maximum number of contacts; 100 by default")
    ),
    output: Options.choice("output", ["table", "json", "csv"]).pipe(
      Options.withDefault("table" as const),
      Options.withDescription("json writes one object per line; csv writes the columns that import reads, with the ids")
    ),
    isJson,
    connection: Options.all(Connection.options)
  },
  (given) =>
    Effect.gen(function* () {
      const filters = yield* Filters.read(given)
      const locationId = yield* Connection.requiredLocation
      // One contact more than the limit is fetched, to find out whether there are more.
      const wanted = given.limit + 1
      const found = yield* ContactsBulk.searchAll({
        locationId,
        filters,
        pageLimit: Math.min(wanted, largestPage)
      }).pipe(Stream.take(wanted), Stream.runCollect, Effect.map(Chunk.toReadonlyArray), Effect.mapError(fromError))
      const contacts = found.slice(0, given.limit)
      if (contacts.length === 0) return yield* Console.error("No contact matches")
      yield* Console.log(layouts[given.isJson ? "json" : given.output](contacts))
      if (found.length > given.limit) {
        yield* Console.error(
          `The first ${given.limit.toLocaleString("en")}: --limit shows more, growthhub export writes all`
        )
      }
    }).pipe(Effect.provide(Connection.layer(given.connection)))
).pipe(
  describe("Finds contacts, oldest first. The search lags behind changes, at times by a minute", [
    "growthhub search --email ada@example.com",
    "growthhub search --tag vip --tag berlin --updated-since 7d --output csv",
    `growthhub search --filter '{"field":"phone","operator":"not_exists"}' --json`
  ])
)
