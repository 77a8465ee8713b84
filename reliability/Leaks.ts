// R14: the growth of a process over very many calls, some of which are interrupted, retried or cut off.
import * as Effect from "effect/Effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import * as Child from "./Child.js"
import { type Figure, rounded, worst } from "./Figure.js"
import { noise } from "./Heap.js"

export interface ResourceUsage {
  readonly heap: number
  readonly listeners: number
  readonly sockets: number
}

/** The headers of every response, with a rate limit that is never reached. */
const headers = {
  "content-type": "application/json",
  "x-ratelimit-max": "1000000",
  "x-ratelimit-remaining": "999999",
  "x-ratelimit-interval-milliseconds": "100"
}

const serving = Effect.map(
  Effect.acquireRelease(
    Effect.async<ReturnType<typeof createServer>>((resume) => {
      let count = 0
      const server = createServer((request, response) => {
        count += 1
        if (count % 1000 === 0) request.socket.destroy()
        else response.writeHead(count % 500 === 0 ? 503 : 200, headers).end(`{"contact":{"id":"lead"}}`)
      }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  ),
  (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
)

/**
 * The growth between the middle and the end of the calls. Until the middle, V8 still optimizes functions: heap snapshots
 * show that the code it compiles is all that grows.
 */
export const run = (calls: number, transport: string): Effect.Effect<ResourceUsage> =>
  Effect.scoped(
    Effect.gen(function* () {
      const url = yield* serving
      const { message } = yield* Child.spawn<ReadonlyArray<ResourceUsage>>("./leaking.ts", [
        url,
        String(calls),
        transport
      ])
      const least = (name: keyof ResourceUsage, usages: ReadonlyArray<ResourceUsage>) =>
        Math.min(...usages.map((usage) => usage[name]))
      const growth = (name: keyof ResourceUsage) => least(name, message.slice(-3)) - least(name, message.slice(3, 6))
      return { heap: growth("heap"), listeners: growth("listeners"), sockets: growth("sockets") }
    })
  )

export const figure = (runs: ReadonlyArray<ResourceUsage>, calls: number): Figure => {
  const [heap, listeners, sockets] = (["heap", "listeners", "sockets"] as const).map((name) =>
    worst(runs.map((run) => run[name]))
  ) as [number, number, number]
  return {
    id: "R14",
    what: `growth over ${runs.length * calls} calls: heap, listeners, sockets`,
    aim: "none (1 MB for the heap's own noise)",
    measured: `${rounded(heap / 1e6, 2)} MB, ${listeners}, ${sockets}`,
    isMet: heap <= noise && listeners <= 0 && sockets <= 0,
    values: { heapBytes: heap, listeners, sockets }
  }
}
