// The token stores that the processes of a figure share.
import type * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as TokenStore from "effect-growthhub/TokenStore"
import * as TokenStoreFile from "effect-growthhub/TokenStoreFile"
import * as TokenStoreRedis from "effect-growthhub/TokenStoreRedis"
import type * as TokenStoreSql from "effect-growthhub/TokenStoreSql"
import { join } from "node:path"
import { directory } from "../test/directory.js"
import * as Mysql from "../test/mysql.js"
import * as Postgres from "../test/postgres.js"
import * as RedisServer from "../test/redis.js"

/** Where a store is, for a process that opens it. */
export type Place = { readonly directory: string } | { readonly socket: string } | Sql

type Sql = { readonly sqlite: string } | { readonly postgres: string } | { readonly mysql: string }

/** The database of a place. Loaded where it is asked for: most processes of a figure use another store. */
const database = (place: Sql) => {
  if ("sqlite" in place) {
    return Effect.map(
      Effect.promise(() => import("@effect/sql-libsql/LibsqlClient")),
      (LibsqlClient) => LibsqlClient.layer({ url: `file:${place.sqlite}` })
    )
  }
  return "postgres" in place
    ? Effect.map(
        Effect.promise(() => import("../test/postgres.js")),
        (Postgres) => Layer.orDie(Postgres.client(place.postgres, { maxConnections: 3 }))
      )
    : Effect.map(
        Effect.promise(() => import("../test/mysql.js")),
        (Mysql) => Layer.orDie(Mysql.client(place.mysql, { database: "growthhub", maxConnections: 3 }))
      )
}

const withSql = <A, E>(
  place: Sql,
  use: (store: typeof TokenStoreSql) => Effect.Effect<A, E, SqlClient.SqlClient>
): Effect.Effect<A, E, Scope.Scope> =>
  Effect.gen(function* () {
    const store = yield* Effect.promise(() => import("effect-growthhub/TokenStoreSql"))
    const client = yield* Effect.flatMap(database(place), (layer) => Layer.build(layer))
    return yield* Effect.provide(use(store), client)
  })

/** Opens a store, as each process does for itself. */
export const open = (place: Place): Effect.Effect<TokenStore.Service, TokenStore.TokenStoreError, Scope.Scope> => {
  if ("directory" in place) return TokenStoreFile.make(place)
  if ("socket" in place) {
    const connect = Effect.acquireRelease(
      Effect.map(
        Effect.promise(() => import("ioredis")),
        ({ Redis }) => new Redis(place.socket)
      ),
      (client) => Effect.sync(() => client.disconnect())
    )
    return Effect.map(connect, (client) => TokenStoreRedis.make({ client }))
  }
  return withSql(place, ({ make }) => make())
}

export { directory }

const migrated = <P extends Sql>(place: P) =>
  Effect.as(Effect.scoped(Effect.orDie(withSql(place, ({ migration }) => migration()))), place)

/** A database in a MariaDB, which has none at first. */
const inMysql = ({ socket }: { readonly socket: string }) =>
  Effect.gen(function* () {
    const { SqlClient } = yield* Effect.promise(() => import("@effect/sql/SqlClient"))
    const create = Effect.flatMap(SqlClient, (sql) => sql`CREATE DATABASE growthhub`)
    yield* Effect.orDie(Effect.provide(create, Mysql.client(socket)))
    return yield* migrated({ mysql: socket })
  })

/** The kinds of stores that this machine has, each with a fresh one. */
export const fresh: { readonly [name: string]: Effect.Effect<Place, never, Scope.Scope> } = {
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

/** Their names, as a figure tells them. */
export const names = [
  ...Object.keys(fresh),
  ...(RedisServer.isThere ? [] : ["no Redis here"]),
  ...(Postgres.isThere ? [] : ["no Postgres here"]),
  ...(Mysql.isThere ? [] : ["no MariaDB here"])
].join(", ")
