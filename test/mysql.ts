import type { MysqlClientConfig } from "@effect/sql-mysql2/MysqlClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { spawn, spawnSync } from "node:child_process"
import { chownSync, existsSync, mkdirSync } from "node:fs"

/** Where Debian puts MariaDB, which speaks the protocol and the SQL of MySQL. */
const bin = ["/usr/sbin/mariadbd"].find(existsSync)

/** Whether this machine has one. Where it has none, what needs it says that it was skipped. */
export const isThere = bin !== undefined

/** MariaDB refuses to run as root: it runs as its own user then, or as nobody. */
const owner = (): { readonly uid: number; readonly gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (option: string) => Number(spawnSync("id", [option, "mysql"]).stdout.toString() || Number.NaN)
  const [uid, gid] = [idOf("-u"), idOf("-g")]
  return Number.isNaN(uid) || Number.isNaN(gid) ? { uid: 65_534, gid: 65_534 } : { uid, gid }
}

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
    const home = `${directory}/mysql`
    const socket = `${home}/socket`
    const user = owner()
    mkdirSync(home, { mode: 0o700 })
    if (user !== undefined) {
      chownSync(directory, user.uid, user.gid)
      chownSync(home, user.uid, user.gid)
    }
    yield* Effect.acquireRelease(
      Effect.async<ReturnType<typeof spawn>>((resume) => {
        const options = [`datadir=${home}`, `socket=${socket}`, `pid-file=${home}/pid`, ...settings]
        const server = spawn(bin!, ["--no-defaults", ...options.map((option) => `--${option}`)], {
          ...user,
          cwd: home,
          // Summer time: the clock on the wall shows an hour twice.
          env: { ...process.env, TZ: "Europe/Berlin" }
        })
        let log = ""
        server.stderr.on("data", (chunk: Buffer) => {
          log += String(chunk)
          if (/ready for connections/i.test(log)) resume(Effect.succeed(server))
        })
        // Not left behind when the tests are killed.
        const kill = () => server.kill("SIGKILL")
        process.once("exit", kill)
        server.once("exit", (code) => {
          process.off("exit", kill)
          resume(Effect.dieMessage(`MariaDB ended with ${String(code)}: ${log.slice(-500)}`))
        })
        server.once("error", (error) => resume(Effect.die(error)))
      }),
      (server) =>
        Effect.async<void>((resume) => {
          server.once("exit", () => resume(Effect.void))
          // Its directory is removed with it.
          server.kill("SIGKILL")
        })
    )
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
