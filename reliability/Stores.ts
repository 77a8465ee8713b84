// The token stores that the processes of a figure share.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { join } from "node:path"
import { directory } from "../test/directory.js"
import * as Mysql from "../test/mysql.js"
import * as Postgres from "../test/postgres.js"
import * as RedisServer from "../test/redis.js"
import { type StoreAddress, type Sql, withSql } from "./Place.js"

const migrated = <P extends Sql>(place: P) =>
  Effect.as(Effect.scoped(Effect.orDie(withSql(place, ({ migration }) => migration()))), place)

/** Creates a database with the tables in a MariaDB, which has none at first. */
const inMysql = ({ socket }: { readonly socket: string }) =>
  Effect.gen(function* () {
    const { SqlClient } = yield* Effect.promise(() => import("@effect/sql/SqlClient"))
    const create = Effect.flatMap(SqlClient, (sql) => sql`CREATE DATABASE growthhub`)
    yield* Effect.orDie(Effect.provide(create, Mysql.client(socket)))
    return yield* migrated({ mysql: socket })
  })

/** The kinds of stores that this machine has. Each effect makes a fresh store. */
export const fresh: { readonly [name: string]: Effect.Effect<StoreAddress, never, Scope.Scope> } = {
  files: Effect.map(directory, (path) => ({ directory: path })),
  ...(RedisServer.isThere
    ? { Redis: Effect.map(Effect.flatMap(directory, RedisServer.make), ({ socket }) => ({ socket })) }
    : {}),
  SQLite: Effect.gen(function* () {
    const place = { sqlite: join(yield* directory, "grants.db") }
    const { SqlClient } = yield* Effect.promise(() => import("@effect/sql/SqlClient"))
    const inWalMode = Effect.flatMap(SqlClient, (sql) => sql`PRAGMA journal_mode = WAL`)
    yield* Effect.scoped(Effect.orDie(withSql(place, () => inWalMode)))
    return yield* migrated(place)
  }),
  ...(Postgres.isThere
    ? { Postgres: Effect.flatMap(Effect.flatMap(directory, Postgres.make), ({ host }) => migrated({ postgres: host })) }
    : {}),
  ...(Mysql.isThere ? { MariaDB: Effect.flatMap(Effect.flatMap(directory, Mysql.make), inMysql) } : {})
}

/** The names of the stores for the text of a figure, with a note for each one that this machine does not have. */
export const names = [
  ...Object.keys(fresh),
  ...(RedisServer.isThere ? [] : ["no Redis here"]),
  ...(Postgres.isThere ? [] : ["no Postgres here"]),
  ...(Mysql.isThere ? [] : ["no MariaDB here"])
].join(", ")
