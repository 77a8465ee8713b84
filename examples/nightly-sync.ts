// Copies the contacts of a location into SQLite: all of them in the first run, and in later runs those that have changed
// since.
//
//   GROWTHHUB_TOKEN=pit-… GROWTHHUB_LOCATION_ID=… npx tsx examples/nightly-sync.ts contacts.db
import { FetchHttpClient } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { SqlClient } from "@effect/sql"
import { LibsqlClient } from "@effect/sql-libsql"
import { Chunk, Config, Console, DateTime, Effect, Layer, Stream } from "effect"
import * as ContactsBulk from "effect-growthhub/ContactsBulk"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as Filter from "effect-growthhub/Filter"
import { LocationId, type SearchedContact } from "effect-growthhub/Schema"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"

/** The search lags behind writes, so each run starts this long before the last change that the database has. */
const overlap = "5 minutes"

const createTables = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE IF NOT EXISTS contacts
    (id TEXT PRIMARY KEY, name TEXT, email TEXT, phone TEXT, tags TEXT NOT NULL, date_updated INTEGER NOT NULL)`
  yield* sql`CREATE TABLE IF NOT EXISTS syncs (location_id TEXT PRIMARY KEY, until INTEGER NOT NULL)`
})

/** The time of the last change in the database; undefined before the first run. */
const lastChange = (locationId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [last] = yield* sql<{ until: number }>`SELECT until FROM syncs WHERE location_id = ${locationId}`
    return last === undefined ? undefined : DateTime.unsafeMake(last.until)
  })

const rowOf = ({ id, contactName, email, phone, tags, dateUpdated }: SearchedContact) => ({
  id,
  name: contactName ?? null,
  email: email ?? null,
  phone: phone ?? null,
  tags: JSON.stringify(tags ?? []),
  date_updated: dateUpdated === undefined ? 0 : DateTime.toEpochMillis(dateUpdated)
})

/** Saves rows and progress in one transaction. After a kill, the next run continues there, and no contact is missed. */
const save = (locationId: string, page: Chunk.Chunk<SearchedContact>) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => {
    const rows = Chunk.toReadonlyArray(page).map(rowOf)
    const until = Math.max(...rows.map((row) => row.date_updated))
    const saved = sql`INSERT INTO contacts ${sql.insert(rows)} ON CONFLICT (id) DO UPDATE SET
      name = excluded.name, email = excluded.email, phone = excluded.phone, tags = excluded.tags,
      date_updated = excluded.date_updated WHERE excluded.date_updated >= contacts.date_updated`
    const progress = sql`INSERT INTO syncs ${sql.insert({ location_id: locationId, until })}
      ON CONFLICT (location_id) DO UPDATE SET until = max(until, excluded.until)`
    return Effect.as(sql.withTransaction(Effect.zipRight(saved, progress)), rows.length)
  })

const program = Effect.gen(function* () {
  const locationId = LocationId.make(yield* Config.string("GROWTHHUB_LOCATION_ID"))
  yield* createTables
  const last = yield* lastChange(locationId)
  // Contacts are sorted by the time of their last change, oldest first. A contact that changes meanwhile appears again at
  // the end. A deleted contact stays in the database, because the search does not return it; use the ContactDelete webhook.
  const count = yield* ContactsBulk.searchAll({
    locationId,
    filters: last && [Filter.range("dateUpdated", { gte: DateTime.subtractDuration(last, overlap) })],
    sort: [{ field: "dateUpdated", direction: "asc" }]
  }).pipe(
    Stream.grouped(500),
    Stream.mapEffect((page) => save(locationId, page)),
    Stream.runSum
  )
  yield* Console.log(
    `${count} contacts ${last === undefined ? "in the first run" : `since ${DateTime.formatIso(last)}`}`
  )
})

const [file = "contacts.db"] = process.argv.slice(2)
const Database = LibsqlClient.layer({ url: pathToFileURL(resolve(file)) })
const Contacts = ContactsService.layerConfig().pipe(Layer.provide(FetchHttpClient.layer))

NodeRuntime.runMain(Effect.provide(program, Layer.merge(Contacts, Database)))
