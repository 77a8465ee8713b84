import * as Effect from "effect/Effect"
import { Redis } from "ioredis"
import { spawn, spawnSync } from "node:child_process"

/** Whether this machine has one. Where it has none, what needs it says that it was skipped. */
export const isThere = spawnSync("redis-server", ["--version"]).status === 0

/** A Redis of its own, on a socket in a fresh directory, which ends with the scope; and a connection to it. */
export const make = (directory: string) =>
  Effect.gen(function* () {
    const socket = `${directory}/redis.sock`
    yield* Effect.acquireRelease(
      Effect.async<ReturnType<typeof spawn>>((resume) => {
        const options = { port: 0, unixsocket: socket, save: "", appendonly: "no", dir: directory }
        const server = spawn(
          "redis-server",
          Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
        )
        server.stdout.on("data", (chunk: Buffer) => {
          if (/ready to accept connections/i.test(String(chunk))) resume(Effect.succeed(server))
        })
        // Not left behind when the tests are killed.
        const kill = () => server.kill()
        process.once("exit", kill)
        server.once("exit", () => process.off("exit", kill))
        server.once("error", (error) => resume(Effect.die(error)))
      }),
      (server) =>
        Effect.async<void>((resume) => {
          server.once("exit", () => resume(Effect.void))
          server.kill()
        })
    )
    const client = yield* Effect.acquireRelease(
      Effect.sync(() => new Redis(socket)),
      (client) => Effect.sync(() => client.disconnect())
    )
    return { client, socket }
  })
