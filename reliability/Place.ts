// The place of a figure's token store, and how a process opens it. Loads no server, and only the driver of that store.
import type * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as TokenStore from "effect-growthhub/TokenStore"
import * as TokenStoreFile from "effect-growthhub/TokenStoreFile"
import type * as TokenStoreSql from "effect-growthhub/TokenStoreSql"
import * as Mysql from "../test/mysql.js"
import * as Postgres from "../test/postgres.js"

/** The place of a store, for a process that opens it. */
export type StoreAddress = { readonly directory: string } | { readonly socket: string } | Sql

export type Sql = { readonly sqlite: string } | { readonly postgres: string } | { readonly mysql: string }

/** The database of a place. Its driver is loaded only here, because most processes of a figure use another store. */
const database = (place: Sql) => {
  if ("postgres" in place) return Effect.succeed(Layer.orDie(Postgres.client(place.postgres, { maxConnections: 3 })))
  if ("mysql" in place) {
    return Effect.succeed(Layer.orDie(Mysql.client(place.mysql, { database: "growthhub", maxConnections: 3 })))
  }
  return Effect.map(
    Effect.promise(() => import("@effect/sql-libsql/LibsqlClient")),
    (LibsqlClient) => LibsqlClient.layer({ url: `file:${place.sqlite}` })
  )
}

/** Runs `use` with the SQL token store and a client of the place's database. */
export const withSql = <A, E>(
  place: Sql,
  use: (store: typeof TokenStoreSql) => Effect.Effect<A, E, SqlClient.SqlClient>
): Effect.Effect<A, E, Scope.Scope> =>
  Effect.gen(function* () {
    const store = yield* Effect.promise(() => import("effect-growthhub/TokenStoreSql"))
    const client = yield* Effect.flatMap(database(place), (layer) => Layer.build(layer))
    return yield* Effect.provide(use(store), client)
  })

/** Opens a store, as each process does for itself. */
export const open = (
  place: StoreAddress
): Effect.Effect<TokenStore.Service, TokenStore.TokenStoreError, Scope.Scope> => {
  if ("directory" in place) return TokenStoreFile.make(place)
  if ("socket" in place) {
    const connect = Effect.acquireRelease(
      Effect.map(
        Effect.promise(() => import("ioredis")),
        ({ Redis }) => new Redis(place.socket)
      ),
      (client) => Effect.sync(() => client.disconnect())
    )
    return Effect.gen(function* () {
      const TokenStoreRedis = yield* Effect.promise(() => import("effect-growthhub/TokenStoreRedis"))
      return TokenStoreRedis.make({ client: yield* connect })
    })
  }
  return withSql(place, ({ make }) => make())
}
