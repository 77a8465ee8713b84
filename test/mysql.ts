import type { MysqlClientConfig } from "@effect/sql-mysql2/MysqlClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { existsSync } from "node:fs"
import * as Server from "./server.js"

/** The path of MariaDB on Debian. MariaDB has the protocol and the SQL of MySQL. */
const command = "/usr/sbin/mariadbd"

/** Whether MariaDB is installed. If not, the tests that need it are skipped. */
export const isThere = existsSync(command)

/**
 * The server runs without grant tables, and thus without users and passwords, because the directory of the socket is
 * private. So it starts in an empty directory within a quarter of a second.
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
  // This is the default of newer versions: a statement fails instead of changing a row that its snapshot does not contain.
  "loose-innodb-snapshot-isolation=ON"
]

/** Starts a MariaDB server on a socket in a fresh directory, and stops it when the scope ends. Returns the socket. */
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
      // The server need not shut down cleanly, because its directory is removed.
      signal: "SIGKILL",
      // This time zone has daylight saving time, so that local time shows one hour of the year twice.
      options: { ...run, env: { ...process.env, TZ: "Europe/Berlin" } }
    })
    return { socket }
  })

/** A pool of connections to the MariaDB server on a socket. The driver is loaded only when the pool is made. */
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
