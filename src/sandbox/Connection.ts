/**
 * The connection of a request, for responses that an HTTP server cannot send.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"

/**
 * Status and headers of a response whose body is sent by hand.
 *
 * @since 0.1.0
 * @category models
 */
export interface Head {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
}

/** Waits until the server interrupts the fiber of a closed connection. By default, a layer's fibers are uninterruptible. */
const untilDisconnected: Effect.Effect<never> = Effect.interruptible(Effect.never)

/**
 * Resets the connection.
 *
 * @since 0.1.0
 * @category connections
 */
export const reset = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<never> =>
  Effect.suspend(() => {
    NodeHttpServerRequest.toIncomingMessage(request).socket.resetAndDestroy()
    return untilDisconnected
  })

/**
 * Returns an effect that completes when the response of a request was sent or its connection was closed.
 *
 * @since 0.2.0
 * @category connections
 */
export const responded = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<Effect.Effect<void>> =>
  Effect.sync(() => {
    const response = NodeHttpServerRequest.toServerResponse(request)
    const closed = response.destroyed
      ? Promise.resolve()
      : new Promise<void>((resolve) => response.once("close", () => resolve()))
    return Effect.promise(() => closed)
  })

/**
 * Sends the head, with a `content-length` that may be wrong, and part of the body; then resets the connection, or closes it as
 * if the body were complete.
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
  Effect.suspend(() => {
    const response = NodeHttpServerRequest.toServerResponse(request)
    const { socket } = NodeHttpServerRequest.toIncomingMessage(request)
    response.writeHead(status, { ...headers, "content-length": String(Math.max(0, options.length)) })
    response.write(part, () => {
      if (!options.isReset) return void socket.end()
      // A reset discards data that the client has not read yet, so the reset waits until the part has arrived.
      setTimeout(() => socket.resetAndDestroy(), 5)
    })
    return untilDisconnected
  })
