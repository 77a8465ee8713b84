import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as HttpClientFetch from "effect-growthhub/HttpClientFetch"
import * as HttpClientUndici from "effect-growthhub/HttpClientUndici"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** The HTTP clients that an app may provide. */
export const transports = {
  fetch: FetchHttpClient.layer,
  "node:http": NodeHttpClient.layer,
  undici: NodeHttpClient.layerUndici,
  "fetch, at once": HttpClientFetch.layer,
  "undici's dispatch": HttpClientUndici.layer()
} as const

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

/** An HTTP server on a free loopback port. It responds with `answer`, records its requests, and ends with the scope. */
export const serving = (answer: (request: Seen, response: ServerResponse) => void) =>
  Effect.gen(function* () {
    const seen: Array<Seen> = []
    const first = yield* Deferred.make<Seen>()
    const closed = yield* Deferred.make<void>()
    const server = createServer((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        const { method = "", url = "", headers } = request
        const received = { method, url, headers, body: Buffer.concat(chunks).toString() }
        seen.push(received)
        answer(received, response)
        Deferred.unsafeDone(first, Effect.succeed(received))
      })
      response.on("close", () => Deferred.unsafeDone(closed, Effect.void))
    })
    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    const { port } = server.address() as AddressInfo
    return { url: `http://127.0.0.1:${port}`, seen, first: Deferred.await(first), closed: Deferred.await(closed) }
  })

export const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) =>
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body))
