import * as Effect from "effect/Effect"
import { Redis } from "ioredis"
import { spawnSync } from "node:child_process"
import * as Server from "./server.js"

/** Whether Redis is installed. If not, the tests that need it are skipped. */
export const isThere = spawnSync("redis-server", ["--version"]).status === 0

/** Starts a Redis server on a socket in a fresh directory, and stops it when the scope ends. Returns a connection to it. */
export const make = (directory: string) =>
  Effect.gen(function* () {
    const socket = `${directory}/redis.sock`
    const options = { port: 0, unixsocket: socket, save: "", appendonly: "no", dir: directory }
    yield* Server.start({
      command: "redis-server",
      args: Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
      ready: /ready to accept connections/i,
      signal: "SIGTERM"
    })
    const client = yield* Effect.acquireRelease(
      Effect.sync(() => new Redis(socket)),
      (client) => Effect.sync(() => client.disconnect())
    )
    return { client, socket }
  })
