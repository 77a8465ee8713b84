// The public types of the rate limit, which the module `RateLimit` exports.
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Level } from "./limit.js"

export type {
  /**
   * @since 0.1.0
   * @category priorities
   */
  Level
} from "./limit.js"

/**
 * The options of a request for a permit.
 *
 * @since 0.2.0
 * @category models
 */
export interface AcquireOptions {
  /** The priority of the call. */
  readonly priority: Level
  /** The maximum time to wait for a permit, in milliseconds. */
  readonly timeoutMillis: number
  /** The maximum duration of the request, in milliseconds. After it, the permit of a process that has died is free again. */
  readonly leaseMillis: number
}

/**
 * The reason why there is no permit.
 *
 * @since 0.2.0
 * @category models
 */
export interface Rejection {
  /** `Timeout`: the permit would come too late. `DailyQuotaExhausted`: the day's quota is exhausted for this priority. */
  readonly reason: "Timeout" | "DailyQuotaExhausted"
  /** The time until a permit may be free, in milliseconds. */
  readonly retryAfterMillis: number
}

/**
 * The permission to send one request.
 *
 * @since 0.2.0
 * @category models
 */
export interface Permit {
  /**
   * Reports the end of the request, with its response if there was one, and the delay that a 429 asks for in
   * `retryAfterMillis`. Idempotent.
   */
  readonly complete: (
    response?: {
      /** The status of the response. */
      readonly status: number
      /** The headers of the response; the names are in lower case. */
      readonly headers: { readonly [name: string]: string | undefined }
    },
    retryAfterMillis?: number
  ) => void
  /** Returns the permit of a request that was certainly not sent. Idempotent, and without effect after `complete`. */
  readonly release: () => void
}

/**
 * The limit of one app and location.
 *
 * @since 0.2.0
 * @category models
 */
export interface Limiter {
  /** Returns a permit if one is free and no other call waits before this one. Does not wait. */
  readonly tryAcquire: (options: AcquireOptions) => Permit | undefined
  /**
   * Waits for a permit. Fails at once if the wait would be longer than `timeoutMillis` or if the day's quota is exhausted. It
   * is interruptible while it waits, and synchronous if a permit is free.
   *
   * A caller that must not be interrupted between the permit and its request passes the `restore` of its own
   * `Effect.uninterruptibleMask`. Then only the wait is interruptible, and no permit is lost.
   */
  readonly acquire: (
    options: AcquireOptions,
    restore?: <A, E>(wait: Effect.Effect<A, E>) => Effect.Effect<A, E>
  ) => Effect.Effect<Permit, Rejection>
  /** The current state. */
  readonly state: Effect.Effect<State>
}

/**
 * The state of one limit, as this process knows it.
 *
 * @since 0.1.0
 * @category models
 */
export interface State {
  /** The app and location. */
  readonly key: string
  /** Requests that the service allows in one `interval`. */
  readonly limit: number
  /** The length of the service's window. */
  readonly interval: Duration.Duration
  /** The requests of this app that count against the limit now. */
  readonly used: number
  /** The permits that are free now. */
  readonly free: number
  /** The calls of this process that wait for a permit. */
  readonly waiting: number
  /** The requests per interval of other consumers of the same limit, estimated from the responses. */
  readonly otherConsumers: number
  /** The time for which no request is sent after a 429. */
  readonly pausedFor: Duration.Duration
  /** The daily quota; `none` before a response reports it. */
  readonly day: Option.Option<{
    /** Requests that the service allows in a day. */
    readonly limit: number
    /** The requests that are left for the day. */
    readonly left: number
    /** The time until the quota resets. */
    readonly endsIn: Duration.Duration
  }>
  /** Whether the shared store can be used; `true` in memory. Without the store, a process uses its share of the limit. */
  readonly isStoreAvailable: boolean
}

/**
 * Limits by key.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Opens the limit of an app and location. The same key gives the same limit. It uses the clock of its first opener. */
  readonly open: (key: string) => Effect.Effect<Limiter, never, Scope.Scope>
  /** The states of all limits that are open. */
  readonly states: Effect.Effect<ReadonlyArray<State>>
}

/**
 * Options of a limit. A value out of its range is a defect when the layer is built.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Requests in one `interval` until a response reports another number: an integer from 1. 100 by default. */
  readonly limit?: number | undefined
  /** The interval until a response reports another: from 1 millisecond to 1 hour. 10 seconds by default. */
  readonly interval?: Duration.DurationInput | undefined
  /** The part of the limit that this process may use: above 0, at most 1. 1 by default. */
  readonly share?: number | undefined
  /** The part of the day's quota that bulk calls leave to interactive ones: from 0 to below 1. 0.05 by default. */
  readonly reserve?: number | undefined
}
