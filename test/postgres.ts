import type { PgClientConfig } from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import * as Server from "./server.js"

/** Where Debian puts the programs of the newest version. */
const bin = ["/usr/lib/postgresql"]
  .filter(existsSync)
  .flatMap((root) => readdirSync(root).map((version) => ({ path: `${root}/${version}/bin`, version: Number(version) })))
  .filter(({ path }) => existsSync(`${path}/postgres`) && existsSync(`${path}/initdb`))
  .sort((one, other) => other.version - one.version)[0]?.path

/** Whether this machine has one. Where it has none, what needs it says that it was skipped. */
export const isThere = bin !== undefined

/** A Postgres of its own, on a socket in a fresh directory, which ends with the scope; and the URL of its database. */
export const make = (directory: string) =>
  Effect.gen(function* () {
    const run = Server.makeHome(directory, "postgres")
    const home = run.cwd
    const made = spawnSync(`${bin}/initdb`, ["-D", `${home}/data`, "-U", "growthhub", "-A", "trust", "--no-sync"], run)
    if (made.status !== 0) return yield* Effect.dieMessage(`initdb failed: ${String(made.stderr)}`)
    const settings = ["listen_addresses=", "fsync=off", "max_connections=200", "shared_buffers=16MB"]
    yield* Server.start({
      command: `${bin}/postgres`,
      args: ["-D", `${home}/data`, "-k", home, ...settings.flatMap((setting) => ["-c", setting])],
      ready: /ready to accept connections/i,
      signal: "SIGINT",
      options: run
    })
    return { host: home }
  })

/** A pool of connections to the Postgres on a socket in this directory. The driver is loaded by those who connect. */
export const client = (host: string, options: Omit<PgClientConfig, "host"> = {}) =>
  Layer.unwrapEffect(
    Effect.map(
      Effect.promise(() => import("@effect/sql-pg/PgClient")),
      (PgClient) =>
        PgClient.layer({
          host,
          username: "growthhub",
          database: "postgres",
          password: Redacted.make("none"),
          ...options
        })
    )
  )
