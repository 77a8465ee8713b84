import { afterAll, beforeAll, describe, expect, it, vi } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Statement from "@effect/sql/Statement"
import * as LibsqlClient from "@effect/sql-libsql/LibsqlClient"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as String from "effect/String"
import type * as TokenStore from "effect-growthhub/TokenStore"
import * as TokenStoreSql from "effect-growthhub/TokenStoreSql"
import * as TokenStoreTest from "effect-growthhub/TokenStoreTest"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { inspect } from "node:util"
import { directory } from "./directory.js"
import * as Mysql from "./mysql.js"
import * as Postgres from "./postgres.js"

const grant: TokenStore.Grant = {
  accessToken: Redacted.make("canary-access"),
  refreshToken: Redacted.make("canary-refresh"),
  expiresAt: DateTime.unsafeMake("2026-11-21T10:00:00Z"),
  scope: "contacts.readonly",
  locationId: "location"
}

/** Enables WAL mode, as an app does once. The database file keeps the mode. */
const inWalMode = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`PRAGMA journal_mode = WAL`)

/** A database server. `database` makes a new database, whose layer can be built several times, as in several processes. */
interface Server {
  readonly isThere: boolean
  readonly database: Effect.Effect<Layer.Layer<SqlClient.SqlClient>, never, Scope.Scope>
}

const sqlite: Server = {
  isThere: true,
  database: Effect.gen(function* () {
    const layer = LibsqlClient.layer({ url: `file:${join(yield* directory, "grants.db")}` })
    yield* Effect.orDie(Effect.provide(inWalMode, layer))
    return layer
  })
}

const scope = Effect.runSync(Scope.make())
let host = ""
let socket = ""
let count = 0

const postgres: Server = {
  isThere: Postgres.isThere,
  database: Effect.gen(function* () {
    const database = `db${(count += 1)}`
    const create = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE DATABASE ${sql(database)}`)
    yield* Effect.orDie(Effect.provide(create, Postgres.client(host)))
    return Layer.orDie(Postgres.client(host, { database, maxConnections: 4 }))
  })
}

const mysqlWith = (maxConnections: number) =>
  Effect.gen(function* () {
    const database = `db${(count += 1)}`
    const create = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE DATABASE ${sql(database)}`)
    yield* Effect.orDie(Effect.provide(create, Mysql.client(socket)))
    return Layer.orDie(Mysql.client(socket, { database, maxConnections }))
  })

const mysql: Server = { isThere: Mysql.isThere, database: mysqlWith(4) }

const servers: { readonly [name: string]: Server } = { SQLite: sqlite, Postgres: postgres, MariaDB: mysql }

/** Starts the servers that this machine has. */
const start = Effect.gen(function* () {
  if (Postgres.isThere) host = (yield* Effect.flatMap(directory, Postgres.make)).host
  if (Mysql.isThere) socket = (yield* Effect.flatMap(directory, Mysql.make)).socket
})

beforeAll(() => Effect.runPromise(Scope.extend(start, scope)))
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

/** A separate client of the database, as in another process. */
const connect = (layer: Layer.Layer<SqlClient.SqlClient>) =>
  Effect.flatMap(Layer.build(Layer.fresh(layer)), (context) => Effect.succeed(Effect.provide(context)))

const both = ({ database }: Server) =>
  Effect.gen(function* () {
    const layer = yield* database
    const [one, other] = [yield* connect(layer), yield* connect(layer)]
    yield* one(TokenStoreSql.migration())
    return [yield* one(TokenStoreSql.make()), yield* other(TokenStoreSql.make())] as const
  })

describe.each(Object.entries(servers))("a token store of %s", (_, server) => {
  const live = server.isThere ? it.scopedLive : it.scopedLive.skip
  const cases = server.isThere ? it.live : it.live.skip
  for (const one of TokenStoreTest.cases(both(server))) cases(one.name, () => one.test)

  /** A store, and a client of the same database. */
  const only = Effect.gen(function* () {
    const run = yield* connect(yield* server.database)
    yield* run(TokenStoreSql.migration())
    return { run, store: yield* run(TokenStoreSql.make()) }
  })

  const lease = Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<{ grant_value: string | null; lease_until: unknown; fence: unknown }>`SELECT * FROM growthhub_grants`
  )

  live("writes nothing for a process whose expired lease another process has taken", () =>
    Effect.gen(function* () {
      const { run, store } = yield* only
      const theirs = { ...grant, scope: "theirs" }
      const error = yield* store.withLock("location", ({ set }) =>
        Effect.gen(function* () {
          // The lease has expired, as if it had not been renewed in time.
          yield* run(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`UPDATE growthhub_grants SET lease_until = 1`))
          return yield* store.withLock("location", (other) =>
            Effect.zipRight(other.set(theirs), Effect.flip(set(grant)))
          )
        })
      )
      expect(error.message).toBe("Another process has taken the lock of the token store; nothing was written")
      expect(Option.getOrThrow(yield* store.get("location")).scope).toBe("theirs")
    })
  )

  live("removes nothing for a process whose lease another process has taken", () =>
    Effect.gen(function* () {
      const { run, store } = yield* only
      yield* store.withLock("location", ({ set }) => set(grant))
      // Another process takes the lease between its acquisition and the removal.
      const takeLease = run(
        Effect.flatMap(SqlClient.SqlClient, (sql) => sql`UPDATE growthhub_grants SET fence = fence + 1`)
      )
      const error = yield* Effect.flip(store.remove("location")).pipe(
        Statement.withTransformer((statement) =>
          /SET grant_value/.test(statement.compile()[0])
            ? Effect.as(Effect.orDie(takeLease), statement)
            : Effect.succeed(statement)
        )
      )
      expect(error.message).toBe("Another process has taken the lock of the token store; nothing was written")
      expect(Option.isSome(yield* store.get("location"))).toBe(true)
    })
  )

  live("does not release a lease that another process has taken", () =>
    Effect.gen(function* () {
      const { run, store } = yield* only
      yield* store.withLock("location", ({ set }) => set(grant))
      yield* store.withLock("location", () =>
        run(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`UPDATE growthhub_grants SET fence = fence + 1`))
      )
      const [row] = yield* run(lease)
      expect(Number(row?.lease_until)).toBeGreaterThan(Date.now())
    })
  )

  live("waits for a lease by the database's clock, and takes it when it has expired", () =>
    Effect.gen(function* () {
      const { run, store } = yield* only
      // The lease is that of a killed process, and ends in 200 ms.
      yield* store.withLock("location", ({ set }) => set(grant))
      const until = Date.now() + 200
      yield* run(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`UPDATE growthhub_grants SET lease_until = ${until}`))
      const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 3_600_000)
      yield* store.withLock("location", () => Effect.sync(() => clock.mockRestore()))
      expect(Date.now()).toBeGreaterThanOrEqual(until)
      const [row] = yield* run(lease)
      expect(Number(row?.fence)).toBe(2)
      expect(Number(row?.lease_until)).toBe(0)
    })
  )

  live("renews its lease while it is held", () =>
    Effect.gen(function* () {
      const { run, store } = yield* only
      vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] })
      const until = yield* store.withLock("location", () =>
        Effect.gen(function* () {
          yield* run(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`UPDATE growthhub_grants SET lease_until = 1`))
          vi.advanceTimersByTime(1250)
          const renewed = Effect.map(run(lease), ([row]) => Number(row?.lease_until))
          return yield* Effect.repeat(renewed, { until: (end) => end > 1 })
        })
      )
      expect(until).toBeGreaterThan(Date.now() + 1000)
      expect(vi.getTimerCount(), "no renewal goes on").toBe(0)
    }).pipe(Effect.ensuring(Effect.sync(() => vi.useRealTimers())))
  )

  live("refuses to lock or remove in a transaction of the app; the error says what to do", () =>
    Effect.gen(function* () {
      const { run, store } = yield* only
      yield* store.withLock("location", ({ set }) => set(grant))
      const errors = yield* run(
        Effect.flatMap(SqlClient.SqlClient, (sql) =>
          sql.withTransaction(
            Effect.all([
              Effect.flip(store.withLock("location", ({ set }) => set({ ...grant, scope: "unseen" }))),
              Effect.flip(store.remove("location")),
              Effect.map(store.get("location"), Option.getOrThrow)
            ])
          )
        )
      )
      expect(errors[0].message).toContain("make the call outside of `withTransaction`")
      expect(errors[1].message).toContain("inside a transaction")
      expect(errors[2].scope).toBe("contacts.readonly")
      expect(Option.getOrThrow(yield* store.get("location")).scope).toBe("contacts.readonly")
    })
  )

  live("deletes the tokens of a removed grant, and keeps its row with the number of leases", () =>
    Effect.gen(function* () {
      const { run, store } = yield* only
      yield* store.withLock("location", ({ set }) => set(grant))
      yield* store.remove("location")
      const rows = yield* run(lease)
      expect(rows).toHaveLength(1)
      expect(rows[0]?.grant_value).toBeNull()
      expect(Number(rows[0]?.fence)).toBe(2)
    })
  )

  live("fails to read a value that is not a grant, and replaces it only with a grant that is set", () =>
    Effect.gen(function* () {
      const { run, store } = yield* only
      yield* store.withLock("location", ({ set }) => set(grant))
      yield* run(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`UPDATE growthhub_grants SET grant_value = 'canary'`))
      const readThenSet = store.withLock("location", ({ get, set }) => Effect.zipRight(get, set(grant)))
      for (const failing of [store.get("location"), readThenSet]) {
        expect((yield* Effect.flip(failing)).message).toBe("The token store holds a value that is not a grant")
        expect((yield* run(lease))[0]?.grant_value).toBe("canary")
      }
      // A reconnect of the customer sets the new grant without reading the old one.
      yield* store.withLock("location", ({ set }) => set({ ...grant, scope: "reconnected" }))
      expect(Option.getOrThrow(yield* store.get("location")).scope).toBe("reconnected")
    })
  )

  live("distinguishes keys that differ only in case", () =>
    Effect.gen(function* () {
      const { store } = yield* only
      yield* store.withLock("app:Location", ({ set }) => set(grant))
      expect(Option.isNone(yield* store.get("app:location"))).toBe(true)
    })
  )

  live("can be migrated twice, in a table of any name", () =>
    Effect.gen(function* () {
      const run = yield* connect(yield* server.database)
      const table = 'My "grants"'
      const store = yield* run(TokenStoreSql.make({ table }))
      for (const _ of [1, 2]) {
        yield* run(TokenStoreSql.migration({ table }))
        yield* store.withLock("location", ({ set }) => set(grant))
      }
      expect(yield* store.list).toEqual(["location"])
    })
  )

  live("fails with an error that names the migration if its table does not exist", () =>
    Effect.gen(function* () {
      const run = yield* connect(yield* server.database)
      const store = yield* run(TokenStoreSql.make())
      const errors = [
        yield* Effect.flip(store.get("location")),
        yield* Effect.flip(store.list),
        yield* Effect.flip(store.withLock("location", ({ set }) => set(grant)))
      ]
      const reason = "its table does not exist; run `TokenStoreSql.migration` first"
      expect(errors.map(({ message }) => message)).toEqual([
        `The token store could not be read: ${reason}`,
        `The token store could not be read: ${reason}`,
        `The token store could not be locked: ${reason}`
      ])
    })
  )

  live("fails without the grant in the error or the log if the database rejects a write", () =>
    Effect.gen(function* () {
      const { run, store } = yield* only
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(inspect(message)))
      const error = yield* Effect.flip(
        store.withLock("location", ({ set }) =>
          Effect.zipRight(
            run(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`DROP TABLE growthhub_grants`)),
            set(grant)
          )
        )
      ).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
      expect(error.message).toContain("The token store could not be written")
      expect(inspect(error, { depth: 9 }) + lines.join()).not.toContain("canary")
    })
  )
})

describe("a token store in SQL", () => {
  it.scopedLive("works with a client that transforms the names of tables and columns", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const layer = LibsqlClient.layer({
        url: `file:${join(path, "grants.db")}`,
        transformQueryNames: String.camelToSnake,
        transformResultNames: String.snakeToCamel
      })
      const run = yield* connect(layer)
      yield* run(Effect.zipRight(inWalMode, TokenStoreSql.migration()))
      const store = yield* run(TokenStoreSql.make())
      yield* store.withLock("location", ({ set }) => set(grant))
      expect(Option.isSome(yield* store.get("location"))).toBe(true)
      expect(yield* store.list).toEqual(["location"])
    })
  )

  const live = Mysql.isThere ? it.scopedLive : it.scopedLive.skip
  live("computes correct lease times in MySQL in the repeated hour at the end of daylight saving time", () =>
    Effect.gen(function* () {
      const run = yield* connect(yield* mysqlWith(1))
      yield* run(TokenStoreSql.migration())
      const store = yield* run(TokenStoreSql.make())
      // At this moment the clocks in Berlin show 02:59:59 for the first of two times.
      const now = Date.parse("2026-10-25T00:59:59Z")
      yield* run(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SET timestamp = ${sql.literal(`${now / 1000}`)}`))
      const [row] = yield* store.withLock("location", () =>
        run(Effect.flatMap(SqlClient.SqlClient, (sql) => sql<{ lease_until: unknown }>`SELECT * FROM growthhub_grants`))
      )
      expect(Number(row?.lease_until)).toBe(now + 5000)
    })
  )

  it.scopedLive("does not renew a lease after its release if the statement of the renewal was delayed", () =>
    Effect.gen(function* () {
      const run = yield* connect(yield* sqlite.database)
      yield* run(TokenStoreSql.migration())
      const sql = yield* run(SqlClient.SqlClient)
      const [released, renewed] = [Effect.unsafeMakeLatch(), Effect.unsafeMakeLatch()]
      /** The client of the database, whose renewals wait for the release of the lease. */
      const delayed: SqlClient.SqlClient = new Proxy(sql, {
        apply: (target, self, args) => {
          // A call that makes an identifier returns no statement.
          const made = Reflect.apply(target, self, args) as Partial<Statement.Statement<object>>
          if (made.compile?.()[0].includes("SET lease_until = (") !== true) return made
          const renewal = made as Statement.Statement<object>
          return released.await.pipe(Effect.zipRight(renewal), Effect.ensuring(renewed.open))
        },
        get: (target, name) => (name === "withoutTransforms" ? () => delayed : (Reflect.get(target, name) as unknown))
      })
      const store = yield* Effect.provideService(TokenStoreSql.make(), SqlClient.SqlClient, delayed)
      vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] })
      yield* store.withLock("location", () => Effect.sync(() => vi.advanceTimersByTime(1250)))
      yield* released.open
      yield* renewed.await
      const rows = yield* sql<{ lease_until: number }>`SELECT lease_until FROM growthhub_grants`
      expect(rows).toEqual([{ lease_until: 0 }])
    }).pipe(Effect.ensuring(Effect.sync(() => vi.useRealTimers())))
  )

  it.scopedLive("waits for a transaction of another process on the same SQLite file", () =>
    Effect.gen(function* () {
      const layer = yield* sqlite.database
      const [run, other] = [yield* connect(layer), yield* connect(layer)]
      yield* run(TokenStoreSql.migration())
      const store = yield* run(TokenStoreSql.make())
      yield* other(
        Effect.flatMap(SqlClient.SqlClient, (sql) =>
          sql.withTransaction(
            Effect.gen(function* () {
              yield* sql`CREATE TABLE leads (id INTEGER)`
              yield* Effect.sleep("100 millis")
            })
          )
        )
      ).pipe(
        Effect.zipWith(
          Effect.delay(
            store.withLock("location", ({ set }) => set(grant)),
            "30 millis"
          ),
          () => undefined,
          { concurrent: true }
        )
      )
      expect(yield* store.list).toEqual(["location"])
    })
  )

  it.scopedLive("refuses a SQLite file without WAL mode, and accepts it with WAL mode", () =>
    Effect.gen(function* () {
      const run = yield* connect(LibsqlClient.layer({ url: `file:${join(yield* directory, "grants.db")}` }))
      yield* run(TokenStoreSql.migration())
      const error = yield* Effect.flip(run(TokenStoreSql.make()))
      expect(error.message).toContain("journal mode `delete`")
      yield* run(inWalMode)
      const store = yield* run(TokenStoreSql.make())
      yield* store.withLock("location", ({ set }) => set(grant))
    })
  )

  it("has a table with the CREATE TABLE statement that the guide shows", async () => {
    const guide = await readFile(new URL("../docs/credentials.md", import.meta.url), "utf8")
    const run = Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* TokenStoreSql.migration()
      const [row] = yield* sql<{ sql: string }>`SELECT sql FROM sqlite_schema WHERE name = 'growthhub_grants'`
      return row?.sql
    })
    const statement = await Effect.runPromise(Effect.provide(run, LibsqlClient.layer({ url: "file::memory:" })))
    expect(guide).toContain(statement?.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS").replaceAll('"', ""))
  })
})
