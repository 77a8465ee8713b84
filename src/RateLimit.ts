/**
 * The rate limit of requests, which delays a request so that the service does not refuse it.
 *
 * The service allows 100 requests in 10 seconds and 200,000 a day, for each app and location together. These numbers apply
 * until the headers of a response contain others.
 *
 * Source: https://marketplace.gohighlevel.com/docs/other/rate-limits
 *
 * @module
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import type { Level, Options, Service } from "./limiter/model.js"
import { makeService, makeSettings, memoryLimiter, unlimited } from "./limiter/service.js"

export { metrics } from "./limiter/metrics.js"
export type { AcquireOptions, Level, Limiter, Options, Permit, Rejection, Service, State } from "./limiter/model.js"

/**
 * The priority of the calls of an effect, `interactive` by default.
 *
 * @since 0.1.0
 * @category priorities
 */
export class Priority extends Context.Reference<Priority>()("effect-growthhub/RateLimit/Priority", {
  defaultValue: (): Level => "interactive"
}) {}

/**
 * Gives the calls of an effect a priority.
 *
 * @example
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as RateLimit from "effect-growthhub/RateLimit"
 * import type { ContactId } from "effect-growthhub/Schema"
 * import { Effect } from "effect"
 *
 * export const inBackground = (id: ContactId) =>
 *   Effect.flatMap(ContactsService, (contacts) => contacts.getContact(id)).pipe(RateLimit.withPriority("bulk"))
 *
 * @since 0.2.0
 * @category priorities
 */
export const withPriority: {
  (priority: Level): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, priority: Level): Effect.Effect<A, E, R>
} = dual(2, <A, E, R>(self: Effect.Effect<A, E, R>, priority: Level) => Effect.provideService(self, Priority, priority))

/**
 * The rate limits, one for each app and location. By default, each service has its own limit in memory. Services to which
 * the same layer is provided share their limits.
 *
 * @example
 * import { FetchHttpClient } from "@effect/platform"
 * import { Effect, Layer } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as RateLimit from "effect-growthhub/RateLimit"
 *
 * export const Contacts = ContactsService.layerConfig().pipe(
 *   Layer.provide(FetchHttpClient.layer),
 *   Layer.provideMerge(RateLimit.layer({ reserve: 0.1 }))
 * )
 *
 * // The limits that this layer has given out, and what is left of them.
 * export const states = Effect.flatMap(RateLimit.RateLimit, (rateLimit) => rateLimit.states)
 *
 * @since 0.1.0
 * @category tags
 */
export class RateLimit extends Context.Reference<RateLimit>()("effect-growthhub/RateLimit", {
  // Each service opens its own limiter, so that the default keeps no state after the service is released.
  defaultValue: (): Service => ({
    open: (key) => Effect.map(Effect.clock, (clock) => memoryLimiter(makeSettings())(key, clock)),
    states: Effect.succeed([])
  })
}) {}

/**
 * Rate limits in memory, for one process.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<RateLimit> =>
  Layer.effect(
    RateLimit,
    Effect.sync(() => makeService(memoryLimiter(makeSettings(options))))
  )

/**
 * No limit: requests are sent at once.
 *
 * @example
 * import { FetchHttpClient } from "@effect/platform"
 * import { Layer } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as RateLimit from "effect-growthhub/RateLimit"
 *
 * export const Contacts = ContactsService.layerConfig().pipe(
 *   Layer.provide([FetchHttpClient.layer, RateLimit.layerUnlimited])
 * )
 *
 * @since 0.2.0
 * @category layers
 */
export const layerUnlimited: Layer.Layer<RateLimit> = Layer.succeed(RateLimit, {
  open: () => Effect.succeed(unlimited),
  states: Effect.succeed([])
})
