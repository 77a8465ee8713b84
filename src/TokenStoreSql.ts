/**
 * A token store in a SQL database, for many machines: Postgres, MySQL (or MariaDB) or SQLite, by the app's own `SqlClient`.
 *
 * Needs `@effect/sql` and one of its drivers.
 *
 * @module
 * @since 0.2.0
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type * as SqlError from "@effect/sql/SqlError"
import type * as Statement from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Schedule from "effect/Schedule"
import { type Lock, lockLost, removeLocked, withLock } from "./credentials/lock.js"
import { withTimeout } from "./runtime/timeout.js"
import * as TokenStore from "./TokenStore.js"

// --- the table -----------------------------------------------------------------------------------------------------------

/**
 * The options of {@link make}, {@link layer} and {@link migration}.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /** The name of the table, `growthhub_grants` by default. It may name a schema, too: `app.growthhub_grants`. */
  readonly table?: string | undefined
}

const tableOf = ({ table = "growthhub_grants" }: Options) => table

/** The dialects that the store supports. */
type Dialect = "pg" | "mysql" | "sqlite"

const dialectOf = (sql: SqlClient.SqlClient): Dialect | undefined =>
  sql.onDialectOrElse<Dialect | undefined, Dialect, Dialect, Dialect>({
    orElse: () => undefined,
    pg: () => "pg",
    mysql: () => "mysql",
    sqlite: () => "sqlite"
  })

/** The types of the columns. Keys are case-sensitive, so MySQL compares them by their bytes. */
const columnTypes = {
  pg: { key: "TEXT", value: "TEXT", holder: "TEXT" },
  mysql: {
    key: "VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    value: "MEDIUMTEXT CHARACTER SET utf8mb4",
    holder: "VARCHAR(64)"
  },
  sqlite: { key: "TEXT", value: "TEXT", holder: "TEXT" }
} as const

/**
 * The time by the clock of the database, in milliseconds of the epoch. MySQL's `UNIX_TIMESTAMP(NOW())` is an hour off when
 * summer time ends, because it reads the time in the time zone of the session.
 */
const clocks = {
  pg: "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
  mysql: "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000",
  sqlite: "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
} as const

const unsupported = () =>
  new TokenStore.TokenStoreError({
    message: "The token store supports only Postgres, MySQL and SQLite: use another `SqlClient` or another store"
  })

/**
 * Creates the table of the store, if it does not exist: an effect for the app's own migrations, or to run at the start of the
 * app. A repeat is safe. The guide "Credentials" has the statement as SQL.
 *
 * Fails with `SqlError` if the database refuses the statement, and with `TokenStoreError` if the store does not support it.
 *
 * @example
 * import * as TokenStoreSql from "effect-growthhub/TokenStoreSql"
 *
 * // For `Migrator.fromRecord` of `@effect/sql`.
 * export const migrations = { "0001_growthhub_grants": TokenStoreSql.migration() }
 *
 * @since 0.2.0
 * @category migrations
 */
export const migration = (
  options: Options = {}
): Effect.Effect<void, SqlError.SqlError | TokenStore.TokenStoreError, SqlClient.SqlClient> =>
  Effect.gen(function* () {
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const dialect = dialectOf(sql)
    if (dialect === undefined) return yield* unsupported()
    const { key, value, holder } = columnTypes[dialect]
    yield* sql`CREATE TABLE IF NOT EXISTS ${sql(tableOf(options))} (
  grant_key ${sql.literal(key)} NOT NULL PRIMARY KEY,
  grant_value ${sql.literal(value)},
  lease_holder ${sql.literal(holder)},
  lease_until BIGINT NOT NULL,
  fence BIGINT NOT NULL
)`
  })

// --- statements ----------------------------------------------------------------------------------------------------------

/** The code and the text of the driver's error. */
const faultOf = ({ cause }: SqlError.SqlError): { readonly code: string; readonly text: string } => {
  const { code, message } = Object(cause) as { readonly code?: unknown; readonly message?: unknown }
  return { code: typeof code === "string" ? code : "", text: typeof message === "string" ? message : "" }
}

/** Matches the codes of conflicts between concurrent statements. The database has rolled the statement back. */
const contention = /^(SQLITE_BUSY|SQLITE_LOCKED|40001|40P01|ER_LOCK_DEADLOCK|ER_LOCK_WAIT_TIMEOUT|ER_CHECKREAD)/

const isContention = (error: SqlError.SqlError) => {
  const { code, text } = faultOf(error)
  return contention.test(code) || /database (table )?is locked/i.test(text)
}

/** The duration of a lease, in milliseconds. Its process renews it four times in this time. */
const leaseTime = 5000

/** A lease of a key. `fence` grows with each lease of the key; `holder` is a random id of this lease. */
interface Lease {
  readonly key: string
  readonly holder: string
  readonly fence: string
}

/** The statements of a dialect. Each one is atomic, so that no lock of the database outlives it. */
interface Statements {
  readonly read: (key: string) => Statement.Statement<{ readonly grant_value: string | null }>
  readonly list: Statement.Statement<{ readonly grant_key: string }>
  /** Acquires a lease, or changes nothing if another one has not ended. */
  readonly acquire: (key: string, holder: string) => Effect.Effect<string | undefined, SqlError.SqlError>
  /** Extends a lease. Like `write` and `release`, it returns whether the lease was still the latest one of its key. */
  readonly renew: (lease: Lease) => Effect.Effect<boolean, SqlError.SqlError>
  readonly write: (lease: Lease, value: string | null) => Effect.Effect<boolean, SqlError.SqlError>
  readonly release: (lease: Lease) => Effect.Effect<boolean, SqlError.SqlError>
}

const fenceOf = (rows: ReadonlyArray<{ readonly fence: unknown }>) =>
  rows[0] === undefined ? undefined : String(rows[0].fence)

/** The parts that the statements of a store share, by dialect. */
const partsOf = (sql: SqlClient.SqlClient, dialect: Dialect, tableName: string) => {
  const table = sql(tableName)
  return {
    sql,
    isMySql: dialect === "mysql",
    /** Whether SQLite itself waits for other writers: after a busy error, a driver can block its connection until a GC. */
    isSqlite: dialect === "sqlite",
    /**
     * Whether statements use `RETURNING`. MySQL does not support it, and some drivers of SQLite do not report that the
     * commit of such a statement has failed.
     */
    isReturning: dialect === "pg",
    table,
    now: sql.literal(clocks[dialect]),
    end: sql.literal(`(${clocks[dialect]}) + ${leaseTime}`)
  }
}

type Parts = ReturnType<typeof partsOf>

/** Changes the row of a lease and reads it. A lease that is found after the change also existed during the change. */
const changed = (
  { sql, isReturning, isSqlite, table }: Parts,
  statement: Statement.Statement<object>,
  key: string,
  holder: string
): Effect.Effect<ReadonlyArray<Pick<Lease, "fence">>, SqlError.SqlError> =>
  isReturning
    ? sql<Pick<Lease, "fence">>`${statement} RETURNING fence`
    : Effect.zipRight(
        isSqlite ? Effect.zipRight(sql`PRAGMA busy_timeout = 500`, statement) : statement,
        sql<Pick<Lease, "fence">>`SELECT fence FROM ${table} WHERE grant_key = ${key} AND lease_holder = ${holder}`
      )

const upsert = ({ sql, table, now, end }: Parts, key: string, holder: string) =>
  sql`INSERT INTO ${table} AS held (grant_key, lease_holder, lease_until, fence)
VALUES (${key}, ${holder}, ${end}, 1)
ON CONFLICT (grant_key) DO UPDATE
SET lease_holder = excluded.lease_holder, lease_until = excluded.lease_until, fence = held.fence + 1
WHERE held.lease_until <= ${now}`

// MySQL evaluates the assignments from left to right, so `lease_until` is changed last.
const upsertOfMySql = ({ sql, table, now, end }: Parts, key: string, holder: string) =>
  sql`INSERT INTO ${table} (grant_key, lease_holder, lease_until, fence)
VALUES (${key}, ${holder}, ${end}, 1)
ON DUPLICATE KEY UPDATE
  fence = IF(lease_until <= ${now}, fence + 1, fence),
  lease_holder = IF(lease_until <= ${now}, VALUES(lease_holder), lease_holder),
  lease_until = IF(lease_until <= ${now}, VALUES(lease_until), lease_until)`

const acquire = (parts: Parts, key: string, holder: string) => {
  const { sql, isMySql, table, now } = parts
  const statement = isMySql ? upsertOfMySql(parts, key, holder) : upsert(parts, key, holder)
  const acquired = changed(parts, statement, key, holder)
  // The lease is read first, so that processes that wait for it do not write.
  return sql`SELECT fence FROM ${table} WHERE grant_key = ${key} AND lease_until > ${now}`.pipe(
    Effect.flatMap((active) => (active.length > 0 ? Effect.succeed([]) : acquired)),
    Effect.map(fenceOf),
    // After contention the lock counts as held by another process, so that `withLock` tries again.
    Effect.catchIf(isContention, () => Effect.succeed(undefined))
  )
}

const update = (parts: Parts, lease: Lease, change: Statement.Fragment, condition?: Statement.Fragment) => {
  const { sql, table } = parts
  const { key, holder, fence } = lease
  const statement = sql`UPDATE ${table} SET ${change}
WHERE grant_key = ${key} AND lease_holder = ${holder} AND fence = ${fence} ${condition ?? sql.literal("")}`
  return Effect.map(changed(parts, statement, key, holder), (rows) => fenceOf(rows) === fence)
}

const statements = (parts: Parts): Statements => {
  const { sql, table, end } = parts
  return {
    read: (key) => sql`SELECT grant_value FROM ${table} WHERE grant_key = ${key}`,
    list: sql`SELECT grant_key FROM ${table} WHERE grant_value IS NOT NULL`,
    acquire: (key, holder) => acquire(parts, key, holder),
    // A renewal that the database runs after the release of its lease changes nothing.
    renew: (lease) => update(parts, lease, sql`lease_until = ${end}`, sql`AND lease_until > 0`),
    write: (lease, value) => update(parts, lease, sql`grant_value = ${value}`),
    // `lease_holder` is kept, so that the row can be read afterwards; the next lease has another holder.
    release: (lease) => update(parts, lease, sql`lease_until = 0`)
  }
}

// --- running statements --------------------------------------------------------------------------------------------------

const reasonOf = (error: SqlError.SqlError): string => {
  const { code, text } = faultOf(error)
  if (/^(42P01|ER_NO_SUCH_TABLE)$/.test(code) || /no such table/i.test(text)) {
    return "its table does not exist; run `TokenStoreSql.migration` first"
  }
  // The message has only the error's code, because the whole error may contain the values and thus the grant.
  return /^[A-Z0-9_]{3,40}$/.test(code)
    ? `the database responded ${code}`
    : "the database is unreachable or refused the statement"
}

/** Runs a statement and retries it after contention, for at most ten seconds without suspensions of the process. */
const attempt = <A>(what: string, statement: Effect.Effect<A, SqlError.SqlError>) =>
  Effect.flatMap(Effect.runtime<never>(), (runtime) =>
    Effect.suspend(() => {
      const schedule = Schedule.jittered(Schedule.spaced("25 millis"))
      const retried = Effect.retry(statement, { while: isContention, schedule })
      const running = Runtime.runFork(runtime)(Effect.exit(Effect.interruptible(retried)))
      const failed = (reason: string) =>
        new TokenStore.TokenStoreError({ message: `The token store could not be ${what}: ${reason}` })
      return Effect.tryPromise({
        try: () => withTimeout(Runtime.runPromise(runtime)(Fiber.join(running))),
        catch: () => failed("the database did not respond within 10s")
      }).pipe(
        Effect.ensuring(Fiber.interruptFork(running)),
        Effect.flatMap((exit) => Effect.mapError(exit, (error) => failed(reasonOf(error))))
      )
    })
  )

/** Whether the fiber is in a transaction: `@effect/sql` gives its statements the connection of the transaction. */
const isInTransaction = Effect.map(Effect.context<never>(), (context) =>
  [...context.unsafeMap.keys()].some((key) => /^@effect\/sql.*Transaction/.test(key))
)

const inTransaction = () =>
  new TokenStore.TokenStoreError({
    message:
      "The lock of the token store was asked for inside a transaction, where other processes would not see it; make the call outside of `withTransaction`"
  })

const ifHeld = (isHeld: boolean) => (isHeld ? Effect.void : Effect.fail(lockLost()))

const read = (run: Statements, key: string) =>
  Effect.flatMap(attempt("read", run.read(key)), ([row]) =>
    typeof row?.grant_value === "string"
      ? Effect.map(TokenStore.decode(row.grant_value), Option.some)
      : Effect.succeedNone
  )

const tryLock = (run: Statements, key: string): Effect.Effect<Option.Option<Lock>, TokenStore.TokenStoreError> =>
  Effect.gen(function* () {
    if (yield* isInTransaction) return yield* inTransaction()
    const holder = crypto.randomUUID()
    // A lease that is acquired after the timeout is not renewed and ends.
    const fence = yield* attempt("locked", run.acquire(key, holder))
    if (fence === undefined) return Option.none()
    const lease = { key, holder, fence }
    const fork = Runtime.runFork(yield* Effect.runtime<never>())
    // A failed renewal is ignored: the next one may succeed, and a write checks the lease.
    const renewing = setInterval(() => void fork(Effect.ignore(attempt("locked", run.renew(lease)))), leaseTime / 4)
    const write = (value: string | null) => Effect.flatMap(attempt("written", run.write(lease, value)), ifHeld)
    return Option.some<Lock>({
      grant: {
        get: read(run, key),
        set: (grant) => Effect.suspend(() => write(TokenStore.encode(grant))),
        remove: write(null)
      },
      release: Effect.suspend(() => {
        clearInterval(renewing)
        // If the release fails, the lease ends.
        return Effect.ignore(attempt("unlocked", run.release(lease)))
      })
    })
  })

// --- the store -----------------------------------------------------------------------------------------------------------

/** Journal modes in which SQLite commits in place. Drivers may not notice that such a commit failed due to a reader. */
const inPlace = new Set(["delete", "truncate", "persist", "off"])

/** Refuses a file of SQLite that several processes could not share without losing grants. */
const checkJournal = (sql: SqlClient.SqlClient) =>
  Effect.gen(function* () {
    // A database over the network does not report its mode.
    const rows = yield* Effect.orElseSucceed(sql<{ readonly journal_mode: string }>`PRAGMA journal_mode`, () => [])
    const mode = rows[0]?.journal_mode
    if (mode === undefined || !inPlace.has(mode)) return
    return yield* new TokenStore.TokenStoreError({
      message: `The SQLite database is in journal mode \`${mode}\`, in which processes that share it can lose a grant; run \`PRAGMA journal_mode = WAL\` once`
    })
  })

/**
 * A store over the app's own `SqlClient`, in the table that {@link migration} creates. A grant is one row, with its tokens as
 * text: restrict who can read the table.
 *
 * The lock of a grant is a lease in its row, which ends by the clock of the database if its process dies. A write states the
 * number of its lease, so that a process that was suspended cannot overwrite a newer grant. Each step is one statement, so
 * no transaction is open during a request to the vendor.
 *
 * A lock inside `withTransaction` of the app fails with `TokenStoreError`, because other processes would not see it: make the
 * calls of a service outside of transactions.
 *
 * Fails with `TokenStoreError` if the database is not Postgres, MySQL or SQLite, or if it is a file of SQLite that is not in WAL
 * mode: run `PRAGMA journal_mode = WAL` once, because the mode is stored in the file.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<TokenStore.Service, TokenStore.TokenStoreError, SqlClient.SqlClient> =>
  Effect.gen(function* () {
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const dialect = dialectOf(sql)
    if (dialect === undefined) return yield* unsupported()
    if (dialect === "sqlite") yield* checkJournal(sql)
    const run = statements(partsOf(sql, dialect, tableOf(options)))
    return {
      get: (key) => read(run, key),
      withLock: (key, use) => withLock(tryLock(run, key), use),
      list: Effect.map(attempt("read", run.list), (rows) => rows.map(({ grant_key }) => grant_key)),
      remove: (key) => removeLocked(tryLock(run, key))
    }
  })

/**
 * {@link make} as a layer.
 *
 * @example
 * import { PgClient } from "@effect/sql-pg"
 * import { Layer, Redacted } from "effect"
 * import * as TokenStoreSql from "effect-growthhub/TokenStoreSql"
 *
 * const Database = PgClient.layer({ url: Redacted.make("postgres://localhost/my-app") })
 *
 * export const Store = TokenStoreSql.layer().pipe(Layer.provide(Database))
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<TokenStore.TokenStore, TokenStore.TokenStoreError, SqlClient.SqlClient> =>
  Layer.effect(TokenStore.TokenStore, make(options))
