/**
 * A store of received webhooks in Redis, for many processes.
 *
 * Needs `ioredis`.
 *
 * @module
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Cluster, Redis } from "ioredis"
import { withTimeout } from "./runtime/timeout.js"
import { type Service, WebhookStore, WebhookStoreError } from "./WebhookStore.js"

/**
 * The options of {@link layer}: the connection to Redis and the prefix of the keys.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /** The app's own connection to a Redis server or a cluster. The store does not close it. */
  readonly client: Redis | Cluster
  /** The prefix of all keys, `growthhub:` by default. */
  readonly prefix?: string | undefined
}

/** The timeout of a command, in milliseconds. It is short because the vendor waits for the response. */
const timeout = 2000

const attempt = <A>(evaluate: () => Promise<A>) =>
  Effect.tryPromise({
    try: () => withTimeout(evaluate(), timeout),
    catch: () => new WebhookStoreError({ message: "Redis cannot be used for webhooks: is it running?" })
  })

/**
 * A store over the app's own connection to Redis. Redis removes an id when it expires.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = ({ client, prefix = "growthhub:" }: Options): Service => {
  const keyOf = (webhookId: string) => `${prefix}webhook:{${webhookId}}`
  return {
    add: (webhookId, timeToLive) =>
      Effect.map(
        attempt(() => client.set(keyOf(webhookId), "1", "PX", Math.ceil(Duration.toMillis(timeToLive)), "NX")),
        (reply) => reply !== null
      ),
    remove: (webhookId) => Effect.asVoid(attempt(() => client.del(keyOf(webhookId))))
  }
}

/**
 * {@link make} as a layer.
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<WebhookStore> => Layer.succeed(WebhookStore, make(options))
