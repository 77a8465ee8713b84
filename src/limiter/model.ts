// The words of the rate limit. `RateLimit` gives them to users.
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
 * What a request needs of a limit.
 *
 * @since 0.2.0
 * @category models
 */
export interface AcquireOptions {
  /** The priority of the call. */
  readonly priority: Level
  /** How long it may wait for a permit, in milliseconds. */
  readonly timeoutMillis: number
  /** How long the request may take at most, in milliseconds: a permit whose process dies ends then. */
  readonly leaseMillis: number
}

/**
 * Why there is no permit.
 *
 * @since 0.2.0
 * @category models
 */
export interface Rejection {
  /** `Timeout`: the permit would come too late. `DailyQuotaExhausted`: nothing is left of the day for this priority. */
  readonly reason: "Timeout" | "DailyQuotaExhausted"
  /** When there may be a permit, in milliseconds from now. */
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
   * The request has ended. `response` is what came back, if anything did; `retryAfterMillis` is what a 429 asks to wait.
   * Idempotent.
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
  /** The request was certainly not sent: the permit is given back. Idempotent, and without effect after `complete`. */
  readonly release: () => void
}

/**
 * The limit of one app and location.
 *
 * @since 0.2.0
 * @category models
 */
export interface Limiter {
  /** A permit if one is free and no call waits before this one. Nothing is waited for. */
  readonly tryAcquire: (options: AcquireOptions) => Permit | undefined
  /**
   * A permit as soon as there is one. Fails at once where that takes longer than `timeoutMillis` or the day's quota is
   * exhausted. Interruptible while it waits, and synchronous where a permit is free.
   *
   * A caller that must not be interrupted between this and its request gives the `restore` of its own
   * `Effect.uninterruptibleMask`: then only the wait is interruptible, and no permit is lost.
   */
  readonly acquire: (
    options: AcquireOptions,
    restore?: <A, E>(wait: Effect.Effect<A, E>) => Effect.Effect<A, E>
  ) => Effect.Effect<Permit, Rejection>
  /** Whether no request counts, waits or is held back, so that the limit can be forgotten. */
  readonly isIdle: Effect.Effect<boolean>
  /** The current state. */
  readonly state: Effect.Effect<State>
}

/**
 * The state of one limit, as far as this process knows it.
 *
 * @since 0.1.0
 * @category models
 */
export interface State {
  /** The app and location. */
  readonly key: string
  /** Requests that the service allows in one `interval`. */
  readonly limit: number
  /** The length of the window. */
  readonly interval: Duration.Duration
  /** Requests of this app that count now. */
  readonly used: number
  /** Permits left now. */
  readonly free: number
  /** Calls of this process that wait for a permit. */
  readonly waiting: number
  /** Requests per interval that others send with the same app: estimated from the responses. */
  readonly otherConsumers: number
  /** How long no request may leave after a 429. */
  readonly pausedFor: Duration.Duration
  /** The quota of the day; `none` before a response tells it. */
  readonly day: Option.Option<{
    /** Requests that the service allows in a day. */
    readonly limit: number
    /** Requests that are left of the day. */
    readonly left: number
    /** The time until the quota resets. */
    readonly endsIn: Duration.Duration
  }>
  /** Whether the store that processes share can be used; `true` in memory. Without it a process uses its share. */
  readonly isStoreAvailable: boolean
}

/**
 * Limits by key.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The limit of an app and location. The same key gives the same limit. It goes by the clock of who opens it. */
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
  /** Requests in one `interval` until a response tells another number: an integer from 1. 100 by default. */
  readonly limit?: number | undefined
  /** The interval until a response tells another: from 1 millisecond to 1 hour. 10 seconds by default. */
  readonly interval?: Duration.DurationInput | undefined
  /** The part of the limit that may be used here: above 0, at most 1. 1 by default. */
  readonly share?: number | undefined
  /** The part of the day's quota that bulk calls leave to interactive ones: from 0 to below 1. 0.05 by default. */
  readonly reserve?: number | undefined
}
