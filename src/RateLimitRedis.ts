/**
 * A limit that processes and machines share through Redis.
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
 * Options of a limit in Redis.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options extends LimitOptions {
  /** A connection of the app's own, which stays open; `TokenStoreRedis` can have the same. */
  readonly client: Redis
  /** What the keys in Redis begin with. `growthhub:` by default. */
  readonly prefix?: string | undefined
}

/**
 * Limits in Redis, for all processes that use the same Redis and prefix. They go by the clock of Redis.
 *
 * While Redis does not answer within half a second, or cannot be used, a process takes its part of the limit: one of as many
 * parts as there were processes in the last minute. One warning is logged, and `isStoreAvailable` of the state is `false`.
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
        // In braces, so that a cluster keeps what belongs together on one node.
        return new Queue(key, new RedisStore(client, `${prefix}limit:{${key}}`, settings, now, runtime), clock)
      })
    })
  )
