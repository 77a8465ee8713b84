/**
 * Retry policies: the schedule of retries, the timeouts of attempts and calls, and the verification of unknown outcomes.
 *
 * A policy does not decide whether a retry is safe: the error's `isRetryable` does, from its outcome, the endpoint and the
 * input of the call.
 *
 * @module
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type { ContactsError } from "./Errors.js"

// --- the policy --------------------------------------------------------------------------------------------------------

/**
 * The retry policy of a call.
 *
 * @since 0.1.0
 * @category models
 */
export interface Policy {
  /** The schedule of the delays between attempts and of their number. Its input is the error of each failed attempt. */
  readonly schedule: Schedule.Schedule<unknown, ContactsError>
  /** The maximum duration of the whole call, waits included. */
  readonly deadline: Duration.Duration
  /** The timeout of one request, from its permit until its complete response is read. */
  readonly attemptTimeout: Duration.Duration
  /**
   * Whether a write that ended with an unknown outcome is verified, if its endpoint supports that: an update is compared
   * with the current contact.
   */
  readonly verifyUnknown: boolean
  /**
   * The number of retries that one service may send beyond those it earns. Each success and each refusal with 400, 401, 403
   * or 422 earns half a retry. `Infinity` for no limit.
   */
  readonly budget: number
}

/**
 * Exponential backoff with full jitter: the delay before attempt n + 1 is random between 0 and `base` × 2ⁿ⁻¹, and at most
 * `cap`.
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
  /** The longest delay before the second attempt; it doubles with each attempt. 200 milliseconds by default. */
  readonly base?: Duration.DurationInput | undefined
  /** The longest delay before any attempt. 5 seconds by default. */
  readonly cap?: Duration.DurationInput | undefined
  /** The maximum number of attempts of a call, the first one included. 5 by default. */
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
 * The options of {@link make} and {@link layer}.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /** The schedule of the delays between attempts and of their number. {@link backoff} by default. */
  readonly schedule?: Schedule.Schedule<unknown, ContactsError> | undefined
  /** The maximum duration of a call, with all its attempts and delays. 30 seconds by default. */
  readonly deadline?: Duration.DurationInput | undefined
  /** The timeout of one attempt. It starts when the attempt has a permit of the rate limit. 10 seconds by default. */
  readonly attemptTimeout?: Duration.DurationInput | undefined
  /**
   * Whether a write of unknown outcome is verified after the last attempt, by a read. The call succeeds if the write was
   * applied. If it was not, the call is sent once more, provided that a retry is safe. `true` by default.
   */
  readonly verifyUnknown?: boolean | undefined
  /**
   * The retry budget of a service: the number of retries that it may send beyond those it earns. A success, and a refusal
   * with 400, 401, 403 or 422, earns half a retry; a retry after a 429 is free. `Infinity` for no limit. 16 by default.
   */
  readonly budget?: number | undefined
}

/**
 * Makes a retry policy. An option that is not given has its default.
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
export const make = (options?: Options): Policy => ({
  schedule: options?.schedule ?? backoff(),
  deadline: Duration.decode(options?.deadline ?? "30 seconds"),
  attemptTimeout: Duration.decode(options?.attemptTimeout ?? "10 seconds"),
  verifyUnknown: options?.verifyUnknown ?? true,
  budget: options?.budget ?? 16
})

/**
 * No retries: each call is sent once, and unknown outcomes are not verified. The timeouts are those of the default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const none: Policy = make({ schedule: Schedule.stop, verifyUnknown: false })

/**
 * The retry policy of a call. By default it is `make()`. An app provides its own to the layer of a service or to an effect;
 * the one of the effect takes precedence.
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
 * The retry policy of all services that the layer is provided to. Takes the options of {@link make}.
 *
 * @example
 * import * as RetryPolicy from "effect-growthhub/RetryPolicy"
 *
 * export const Patient = RetryPolicy.layer({ deadline: "5 minutes" })
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<RetryPolicy> => Layer.succeed(RetryPolicy, make(options))

/**
 * Runs an effect whose calls use this policy.
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
