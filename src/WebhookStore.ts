/**
 * A store of the ids of received webhooks, so that each webhook is accepted once.
 *
 * @module
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

/**
 * The store could not be read or written.
 *
 * @since 0.2.0
 * @category errors
 */
export class WebhookStoreError extends Schema.TaggedError<WebhookStoreError>("effect-growthhub/WebhookStoreError")(
  "WebhookStoreError",
  {
    /** A description of the failure and of the next step. */
    message: Schema.String
  }
) {}

/**
 * A store of the ids of webhooks. All processes that receive the webhooks of an app share one store.
 *
 * @since 0.2.0
 * @category models
 */
export interface Service {
  /**
   * Stores an id for at least this time, unless it is stored already. Returns whether it was new. Must be atomic: if two
   * processes add the same id at once, one gets `true`. Fails with `WebhookStoreError` if the store cannot be written.
   */
  readonly add: (webhookId: string, timeToLive: Duration.Duration) => Effect.Effect<boolean, WebhookStoreError>
  /** Removes an id, so that its webhook is accepted again. A repeat is safe. */
  readonly remove: (webhookId: string) => Effect.Effect<void, WebhookStoreError>
}

/**
 * The store that `Webhooks.layer` uses if the context has one: {@link layerMemory}, `WebhookStoreRedis`, or one of your own,
 * for example a table with a unique key.
 *
 * @since 0.2.0
 * @category tags
 */
export class WebhookStore extends Context.Tag("effect-growthhub/WebhookStore")<WebhookStore, Service>() {}

/**
 * The options of {@link makeMemory}.
 *
 * @since 0.2.0
 * @category models
 */
export interface MemoryOptions {
  /** The maximum number of ids: a new one replaces the oldest one. 100,000 by default, about 15 MB. */
  readonly capacity?: number | undefined
}

/**
 * A store in memory, for one process. A restart loses the ids, so that a webhook of the last five minutes can be replayed.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeMemory = ({ capacity = 100_000 }: MemoryOptions = {}): Effect.Effect<Service> =>
  Effect.sync(() => {
    /** The time at which each id expires, in the order in which the ids were added. */
    const expiries = new Map<string, number>()
    return {
      add: (webhookId, timeToLive) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const end = expiries.get(webhookId)
          if (end !== undefined && end > now) return false
          expiries.delete(webhookId)
          for (const [id, end] of expiries) {
            if (end > now && expiries.size < capacity) break
            expiries.delete(id)
          }
          expiries.set(webhookId, now + Duration.toMillis(timeToLive))
          return true
        }),
      remove: (webhookId) => Effect.sync(() => void expiries.delete(webhookId))
    }
  })

/**
 * {@link makeMemory} as a layer.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerMemory = (options?: MemoryOptions): Layer.Layer<WebhookStore> =>
  Layer.effect(WebhookStore, makeMemory(options))
