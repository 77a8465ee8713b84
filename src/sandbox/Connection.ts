/**
 * A request's own connection, for answers that no HTTP server would give.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"

/**
 * The head of an answer whose body goes another way.
 *
 * @since 0.1.0
 * @category models
 */
export interface Head {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
}

/**
 * Resets the connection.
 *
 * @since 0.1.0
 * @category connections
 */
export const reset = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<never> =>
  Effect.suspend(() => {
    NodeHttpServerRequest.toIncomingMessage(request).socket.resetAndDestroy()
    // The server ends this fiber when the connection is gone.
    return Effect.never
  })

/**
 * Sends the head, with a `content-length` that may be wrong, and some of the body; then the connection is reset, or closed
 * as if that had been all.
 *
 * @since 0.1.0
 * @category connections
 */
export const sendPart = (
  request: HttpServerRequest.HttpServerRequest,
  { status, headers }: Head,
  part: Buffer,
  options: { readonly length: number; readonly isReset: boolean }
): Effect.Effect<never> =>
  Effect.async<never>(() => {
    const response = NodeHttpServerRequest.toServerResponse(request)
    const { socket } = NodeHttpServerRequest.toIncomingMessage(request)
    response.writeHead(status, { ...headers, "content-length": String(Math.max(0, options.length)) })
    response.write(part, () => {
      if (!options.isReset) return void socket.end()
      // A reset throws away what the other side has not read yet: let it arrive first.
      setTimeout(() => socket.resetAndDestroy(), 5)
    })
  })
