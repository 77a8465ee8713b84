/**
 * What is sent again, when, and until when.
 *
 * Whether a repeat is safe is not decided here: an error's `isRetryable` says so, from its outcome, its endpoint and the
 * input of the call.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type { ContactsError } from "./Errors.js"
import type { Policy } from "./http/retry.js"

// --- the policy --------------------------------------------------------------------------------------------------------

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Policy
} from "./http/retry.js"

/**
 * Full jitter on an exponential: before attempt n + 1 anything between nothing and `base` × 2ⁿ⁻¹, at most `cap`; `attempts`
 * in all. By default 200 milliseconds, at most 5 seconds, 5 attempts.
 *
 * @example
 * import * as RetryPolicy from "effect-growthhub/RetryPolicy"
 *
 * export const patient = RetryPolicy.make({ schedule: RetryPolicy.backoff({ attempts: 10 }), deadline: "5 minutes" })
 *
 * @since 0.1.0
 * @category schedules
 */
export const backoff = (options?: {
  readonly base?: Duration.DurationInput | undefined
  readonly cap?: Duration.DurationInput | undefined
  readonly attempts?: number | undefined
}): Schedule.Schedule<unknown> => {
  const cap = Duration.decode(options?.cap ?? "5 seconds")
  return Schedule.exponential(options?.base ?? "200 millis").pipe(
    Schedule.modifyDelay((_, delay) => Duration.min(delay, cap)),
    Schedule.jitteredWith({ min: 0, max: 1 }),
    Schedule.intersect(Schedule.recurs((options?.attempts ?? 5) - 1))
  )
}

/**
 * A policy that differs from the default as given: {@link backoff}, 10 seconds for an attempt, 30 for the call, unknown
 * outcomes looked up, a budget of 16.
 *
 * @example
 * import { Effect, Schedule } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as RetryPolicy from "effect-growthhub/RetryPolicy"
 * import type { ContactId } from "effect-growthhub/Schema"
 *
 * const policy = RetryPolicy.make({ schedule: Schedule.spaced("1 second"), deadline: "1 minute" })
 *
 * export const contact = (id: ContactId) =>
 *   Effect.flatMap(ContactsService, (contacts) => contacts.getContact(id)).pipe(
 *     Effect.provideService(RetryPolicy.RetryPolicy, policy)
 *   )
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: {
  readonly schedule?: Schedule.Schedule<unknown, ContactsError> | undefined
  readonly deadline?: Duration.DurationInput | undefined
  readonly attemptTimeout?: Duration.DurationInput | undefined
  readonly verifyUnknown?: boolean | undefined
  readonly budget?: number | undefined
}): Policy => ({
  schedule: options?.schedule ?? backoff(),
  deadline: Duration.decode(options?.deadline ?? "30 seconds"),
  attemptTimeout: Duration.decode(options?.attemptTimeout ?? "10 seconds"),
  verifyUnknown: options?.verifyUnknown ?? true,
  budget: options?.budget ?? 16
})

/**
 * Each call is sent once, and nothing is looked up. The time limits are those of the default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const none: Policy = make({ schedule: Schedule.stop, verifyUnknown: false })

/**
 * The policy of a call: the default one of {@link make}, unless the app provides another, to the layer of its service or
 * to an effect. That of the effect comes first.
 *
 * @example
 * import { FetchHttpClient } from "@effect/platform"
 * import { Effect, Layer } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as RetryPolicy from "effect-growthhub/RetryPolicy"
 *
 * // For the app:
 * export const Contacts = ContactsService.layerConfig().pipe(
 *   Layer.provide(FetchHttpClient.layer),
 *   Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, RetryPolicy.make({ deadline: "1 minute" })))
 * )
 *
 * // For one effect:
 * export const once = Effect.provideService(RetryPolicy.RetryPolicy, RetryPolicy.none)
 *
 * @since 0.1.0
 * @category tags
 */
export class RetryPolicy extends Context.Reference<RetryPolicy>()("effect-growthhub/RetryPolicy", {
  defaultValue: () => make()
}) {}

/**
 * The policy of all services that the layer is provided to, as {@link make} takes it.
 *
 * @example
 * import * as RetryPolicy from "effect-growthhub/RetryPolicy"
 *
 * export const Patient = RetryPolicy.layer({ deadline: "5 minutes" })
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (options?: Parameters<typeof make>[0]): Layer.Layer<RetryPolicy> =>
  Layer.succeed(RetryPolicy, make(options))

/**
 * Gives the calls of an effect a policy of their own.
 *
 * @example
 * import { Effect } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as RetryPolicy from "effect-growthhub/RetryPolicy"
 * import type { ContactId } from "effect-growthhub/Schema"
 *
 * // Sent once.
 * export const contact = (id: ContactId) =>
 *   Effect.flatMap(ContactsService, (contacts) => contacts.getContact(id)).pipe(
 *     RetryPolicy.withPolicy(RetryPolicy.none)
 *   )
 *
 * @since 0.2.0
 * @category combinators
 */
export const withPolicy: {
  (policy: Policy): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, policy: Policy): Effect.Effect<A, E, R>
} = dual(2, <A, E, R>(self: Effect.Effect<A, E, R>, policy: Policy) => Effect.provideService(self, RetryPolicy, policy))
