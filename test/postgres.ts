import type { PgClientConfig } from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { spawn, spawnSync } from "node:child_process"
import { chownSync, existsSync, mkdirSync, readdirSync } from "node:fs"

/** Where Debian puts the programs of the newest version. */
const bin = ["/usr/lib/postgresql"]
  .filter(existsSync)
  .flatMap((root) => readdirSync(root).map((version) => ({ path: `${root}/${version}/bin`, version: Number(version) })))
  .filter(({ path }) => existsSync(`${path}/postgres`) && existsSync(`${path}/initdb`))
  .sort((one, other) => other.version - one.version)[0]?.path

/** Whether this machine has one. Where it has none, what needs it says that it was skipped. */
export const isThere = bin !== undefined

/** Postgres refuses to run as root: it runs as its own user then, or as nobody. */
const owner = (): { readonly uid: number; readonly gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (option: string, user: string) => Number(spawnSync("id", [option, user]).stdout.toString() || Number.NaN)
  const [uid, gid] = [idOf("-u", "postgres"), idOf("-g", "postgres")]
  return Number.isNaN(uid) || Number.isNaN(gid) ? { uid: 65_534, gid: 65_534 } : { uid, gid }
}

/** A Postgres of its own, on a socket in a fresh directory, which ends with the scope; and the URL of its database. */
export const make = (directory: string) =>
  Effect.gen(function* () {
    const home = `${directory}/postgres`
    const user = owner()
    mkdirSync(home, { mode: 0o755 })
    if (user !== undefined) {
      chownSync(directory, user.uid, user.gid)
      chownSync(home, user.uid, user.gid)
    }
    const run = { ...user, cwd: home }
    const made = spawnSync(`${bin}/initdb`, ["-D", `${home}/data`, "-U", "growthhub", "-A", "trust", "--no-sync"], run)
    if (made.status !== 0) return yield* Effect.dieMessage(`initdb failed: ${String(made.stderr)}`)
    yield* Effect.acquireRelease(
      Effect.async<ReturnType<typeof spawn>>((resume) => {
        const settings = ["listen_addresses=", "fsync=off", "max_connections=200", "shared_buffers=16MB"]
        const server = spawn(
          `${bin}/postgres`,
          ["-D", `${home}/data`, "-k", home, ...settings.flatMap((setting) => ["-c", setting])],
          run
        )
        server.stderr.on("data", (chunk: Buffer) => {
          if (/ready to accept connections/i.test(String(chunk))) resume(Effect.succeed(server))
        })
        // Not left behind when the tests are killed.
        const kill = () => server.kill("SIGQUIT")
        process.once("exit", kill)
        server.once("exit", (code) => {
          process.off("exit", kill)
          resume(Effect.dieMessage(`Postgres ended with ${String(code)}`))
        })
        server.once("error", (error) => resume(Effect.die(error)))
      }),
      (server) =>
        Effect.async<void>((resume) => {
          server.once("exit", () => resume(Effect.void))
          // Without waiting for its clients.
          server.kill("SIGINT")
        })
    )
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
