/**
 * A rate limit that processes and machines share through Redis.
 *
 * Needs `ioredis`.
 *
 * @module
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Redis } from "ioredis"
import { type Options as LimitOptions } from "./limiter/model.js"
import { Queue } from "./limiter/queue.js"
import { RedisStore } from "./limiter/redis.js"
import { makeService, makeSettings } from "./limiter/service.js"
import * as RateLimit from "./RateLimit.js"
import { monotonic } from "./runtime/timer.js"

/**
 * The options of {@link layer}.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options extends LimitOptions {
  /** The app's own connection to Redis, which the layer does not close. `TokenStoreRedis` can use the same one. */
  readonly client: Redis
  /** The prefix of all keys in Redis, `growthhub:` by default. */
  readonly prefix?: string | undefined
}

/**
 * Rate limits in Redis, for all processes that use the same Redis and prefix. Times are those of the clock of Redis.
 *
 * While Redis does not respond within half a second, or cannot be used, a process uses its share of the limit: the limit
 * divided by the number of processes in the last minute. One warning is logged, and `isStoreAvailable` of the state is
 * `false`.
 *
 * @example
 * import { FetchHttpClient } from "@effect/platform"
 * import { Layer } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as RateLimitRedis from "effect-growthhub/RateLimitRedis"
 * import { Redis } from "ioredis"
 *
 * export const Contacts = ContactsService.layerConfig().pipe(
 *   Layer.provide(FetchHttpClient.layer),
 *   Layer.provide(RateLimitRedis.layer({ client: new Redis("redis://localhost:6379") }))
 * )
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = ({ client, prefix = "growthhub:", ...options }: Options): Layer.Layer<RateLimit.RateLimit> =>
  Layer.effect(
    RateLimit.RateLimit,
    Effect.map(Effect.runtime(), (runtime) => {
      const settings = makeSettings(options)
      return makeService((key, clock) => {
        const now = () => monotonic(clock)
        // The braces are a hash tag, so that a cluster keeps all keys of one limit on one node.
        return new Queue(key, new RedisStore(client, `${prefix}limit:{${key}}`, settings, now, runtime), clock)
      })
    })
  )
