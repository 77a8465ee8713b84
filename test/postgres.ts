import type { PgClientConfig } from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import * as Server from "./server.js"

/** The directory of the programs of the newest Postgres on Debian. */
const bin = ["/usr/lib/postgresql"]
  .filter(existsSync)
  .flatMap((root) => readdirSync(root).map((version) => ({ path: `${root}/${version}/bin`, version: Number(version) })))
  .filter(({ path }) => existsSync(`${path}/postgres`) && existsSync(`${path}/initdb`))
  .sort((one, other) => other.version - one.version)[0]?.path

/** Whether Postgres is installed. If not, the tests that need it are skipped. */
export const isThere = bin !== undefined

/** Starts a Postgres server on a socket in a fresh directory, and stops it when the scope ends. Returns that directory. */
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

/** A pool of connections to the Postgres server on a socket in this directory. The driver is loaded only when it is made. */
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
