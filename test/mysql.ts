import type { MysqlClientConfig } from "@effect/sql-mysql2/MysqlClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { existsSync } from "node:fs"
import * as Server from "./server.js"

/** Where Debian puts MariaDB, which speaks the protocol and the SQL of MySQL. */
const command = "/usr/sbin/mariadbd"

/** Whether this machine has one. Where it has none, what needs it says that it was skipped. */
export const isThere = existsSync(command)

/**
 * Without its own tables, and thus without users and passwords: the directory of the socket is private. The first start in an
 * empty directory takes a quarter of a second then.
 */
const settings = [
  "skip-grant-tables",
  "skip-networking",
  "max-connections=200",
  "innodb-buffer-pool-size=16M",
  "innodb-log-file-size=4M",
  "innodb-data-file-path=ibdata1:4M:autoextend",
  "innodb-temp-data-file-path=ibtmp1:4M:autoextend",
  "innodb-flush-log-at-trx-commit=0",
  // As newer versions do by default: a statement fails instead of changing a row that it has not seen.
  "loose-innodb-snapshot-isolation=ON"
]

/** A MariaDB of its own, on a socket in a fresh directory, which ends with the scope; and its socket. */
export const make = (directory: string) =>
  Effect.gen(function* () {
    const run = Server.makeHome(directory, "mysql")
    const home = run.cwd
    const socket = `${home}/socket`
    const options = [`datadir=${home}`, `socket=${socket}`, `pid-file=${home}/pid`, ...settings]
    yield* Server.start({
      command,
      args: ["--no-defaults", ...options.map((option) => `--${option}`)],
      ready: /ready for connections/i,
      // Its directory is removed with it.
      signal: "SIGKILL",
      // Summer time: the clock on the wall shows an hour twice.
      options: { ...run, env: { ...process.env, TZ: "Europe/Berlin" } }
    })
    return { socket }
  })

/** A pool of connections to the MariaDB on a socket. The driver is loaded by those who connect. */
export const client = (socket: string, options: MysqlClientConfig = {}) =>
  Layer.unwrapEffect(
    Effect.map(
      Effect.promise(() => import("@effect/sql-mysql2/MysqlClient")),
      (MysqlClient) =>
        MysqlClient.layer({
          username: "growthhub",
          ...options,
          poolConfig: { socketPath: socket, ...options.poolConfig }
        })
    )
  )
