/**
 * When the next request may leave, so that the service does not have to refuse one.
 *
 * The service allows 100 requests in 10 seconds and 200,000 a day, for each app and location together. That is what is
 * assumed until its answers tell otherwise.
 *
 * Source: https://marketplace.gohighlevel.com/docs/other/rate-limits
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as MetricKey from "effect/MetricKey"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { noTags } from "./runtime/telemetry.js"
import { type Log, logOf, makePacer, using } from "./internal/pacer.js"
import type { Settings } from "./internal/logState.js"
import { makeSlidingLog } from "./internal/slidingLog.js"

// --- priorities --------------------------------------------------------------------------------------------------------

/**
 * Calls that are `interactive` go before those that are `bulk`. These go evenly, and leave a reserve of the day's requests
 * to the others.
 *
 * @since 0.1.0
 * @category priorities
 */
export type Level = "interactive" | "bulk"

/**
 * The priority of the calls of an effect: `interactive`, unless it is given another.
 *
 * @example
 * import { Effect } from "effect"
 * import * as RateLimit from "effect-growthhub/RateLimit"
 *
 * export const inBackground = Effect.provideService(RateLimit.Priority, "bulk")
 *
 * @since 0.1.0
 * @category priorities
 */
export class Priority extends Context.Reference<Priority>()("effect-growthhub/RateLimit/Priority", {
  defaultValue: (): Level => "interactive"
}) {}

// --- what is asked of a limit ------------------------------------------------------------------------------------------

/**
 * - `patience`: how long it may wait, in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ask {
  readonly priority: Level
  readonly patience: number
}

/**
 * Why a request may not leave: it would have to wait longer than it can, or nothing is left of the day for work of its
 * priority. `retryAfter`: when it might, in milliseconds from now.
 *
 * @since 0.1.0
 * @category models
 */
export interface Refusal {
  readonly isDayOver: boolean
  readonly retryAfter: number
}

/**
 * What a request may use. One that has not left when it is done with gives its slot back.
 *
 * - `leave`: it leaves now.
 * - `answered`: this came back, and, of a 429, for how many milliseconds it asks to wait.
 * - `onInterrupt`: done if its use is interrupted, by whoever gave the slot.
 *
 * @since 0.1.0
 * @category models
 */
export interface Slot {
  readonly leave: () => void
  readonly answered: (
    answer: { readonly status: number; readonly headers: { readonly [name: string]: string | undefined } },
    retryAfter: number | undefined
  ) => void
  onInterrupt?: (() => void) | undefined
}

/**
 * How things stand for one app and location, as far as is known here.
 *
 * - `key`: which.
 * - `limit`: requests that the service allows in any `interval`.
 * - `used`: requests of this app's own that count now; `free`: slots left; `waiting`: calls that wait for one.
 * - `strangers`: requests in the interval that others have sent with the same app.
 * - `pausedFor`: until requests may leave again after a 429.
 * - `day`: the requests that the service allows in a day, those left, and until when; absent before its first answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface State {
  readonly key: string
  readonly limit: number
  readonly interval: Duration.Duration
  readonly used: number
  readonly free: number
  readonly waiting: number
  readonly strangers: number
  readonly pausedFor: Duration.Duration
  readonly day: Option.Option<{ readonly limit: number; readonly left: number; readonly endsIn: Duration.Duration }>
}

/**
 * The limit of one app and location.
 *
 * - `withSlot`: does something with a slot, as soon as there is one.
 * - `isIdle`: whether nothing of it counts any more, so that it can be forgotten.
 *
 * @since 0.1.0
 * @category models
 */
export interface Pacer {
  readonly withSlot: <A, E, R>(
    ask: Ask,
    use: (slot: Slot) => Effect.Effect<A, E, R>,
    onRefusal: (refusal: Refusal) => E
  ) => Effect.Effect<A, E, R>
  readonly isIdle: Effect.Effect<boolean>
  readonly state: Effect.Effect<State>
}

/**
 * - `open`: the limit of an app and location, by the clock of who opens it. The same key gives the same limit.
 * - `states`: of all that were opened.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  readonly open: (key: string) => Effect.Effect<Pacer, never, Scope.Scope>
  readonly states: Effect.Effect<ReadonlyArray<State>>
}

// --- limits ------------------------------------------------------------------------------------------------------------

/**
 * - `limit`, `interval`: requests in any interval, until an answer of the service tells otherwise: 100 in 10 seconds.
 * - `share`: how much of the limit may be used here, from 0 to 1: all of it by default.
 * - `reserve`: how much of the day's requests bulk work leaves to other calls, from 0 to 1: 0.05 by default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly limit?: number | undefined
  readonly interval?: Duration.DurationInput | undefined
  readonly share?: number | undefined
  readonly reserve?: number | undefined
}

/** Options as a log takes them. */
export const settings = (options: Options = {}): Settings => ({
  limit: Math.floor(between(options.limit ?? 100, 1, 1e9)),
  interval: Math.ceil(between(Duration.toMillis(options.interval ?? "10 seconds"), 1, 60 * 60 * 1000)),
  share: between(options.share ?? 1, 0, 1),
  reserve: between(options.reserve ?? 0.05, 0, 1)
})

const between = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value))

/**
 * The numbers of a limit, as gauges with the tag `key`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const metrics = {
  free: "growthhub.rate_limit.free",
  waiting: "growthhub.rate_limit.waiting",
  dayLeft: "growthhub.rate_limit.day_left"
} as const

const gauge = (name: string, key: string) =>
  // Not tagged afterwards: that would cost a look-up for each update.
  Metric.fromMetricKey(MetricKey.tagged(MetricKey.gauge(name), "key", key))

/**
 * The limit of an app and location over a log of its requests.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromLog = (key: string, log: Log, clock: Clock.Clock): Pacer => {
  const free = gauge(metrics.free, key)
  const waiting = gauge(metrics.waiting, key)
  const dayLeft = gauge(metrics.dayLeft, key)
  return makePacer(key, log, clock, (numbers) => {
    free.unsafeUpdate(numbers.free, noTags)
    waiting.unsafeUpdate(numbers.waiting, noTags)
    if (numbers.dayLeft !== undefined) dayLeft.unsafeUpdate(numbers.dayLeft, noTags)
  })
}

/**
 * Limits by key, each made when it is first opened, and kept while it is in use or anything is in its log.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromPacers = (make: (key: string, clock: Clock.Clock) => Pacer): Service => {
  const open = new Map<string, { readonly pacer: Pacer; users: number }>()
  const states = Effect.suspend(() => Effect.forEach(open.values(), ({ pacer }) => pacer.state))
  const tidied = Effect.suspend(() =>
    Effect.forEach(
      Array.from(open).filter(([, { users }]) => users === 0),
      // Somebody may have come for it meanwhile.
      ([key, one]) =>
        Effect.map(
          one.pacer.isIdle,
          (isIdle) => isIdle && one.users === 0 && open.get(key) === one && open.delete(key)
        ),
      { discard: true }
    )
  )
  const opened = (key: string) =>
    Effect.clockWith((clock) =>
      Effect.sync(() => {
        const one = open.get(key) ?? { pacer: make(key, clock), users: 0 }
        one.users += 1
        open.set(key, one)
        return one
      })
    )
  const closed = (one: { users: number }) => Effect.sync(() => void (one.users -= 1))
  return {
    open: (key) =>
      Effect.zipRight(
        tidied,
        Effect.map(Effect.acquireRelease(opened(key), closed), ({ pacer }) => pacer)
      ),
    states
  }
}

const inMemory = (options?: Options) => (key: string, clock: Clock.Clock) =>
  fromLog(key, logOf(makeSlidingLog(settings(options)), clock), clock)

/**
 * Limits in memory: for one process.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: Options): Effect.Effect<Service> => Effect.sync(() => fromPacers(inMemory(options)))

/**
 * A limit that is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unpaced: Pacer = {
  withSlot: (_, use) => using(use),
  isIdle: Effect.succeed(true),
  state: Effect.succeed({
    key: "",
    limit: Infinity,
    interval: Duration.zero,
    used: 0,
    free: Infinity,
    waiting: 0,
    strangers: 0,
    pausedFor: Duration.zero,
    day: Option.none()
  })
}

/**
 * No limit: requests leave at once.
 *
 * @example
 * import { Layer } from "effect"
 * import * as RateLimit from "effect-growthhub/RateLimit"
 *
 * export const off = Layer.succeed(RateLimit.RateLimit, RateLimit.unlimited)
 *
 * @since 0.1.0
 * @category constructors
 */
export const unlimited: Service = { open: () => Effect.succeed(unpaced), states: Effect.succeed([]) }

/**
 * How requests are paced: in memory, each service by itself, unless the app provides something else to the layers of its
 * services. What is provided to several of them is shared by them.
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
 * // What is left, of the limits that this layer has given out.
 * export const states = Effect.flatMap(RateLimit.RateLimit, (rateLimit) => rateLimit.states)
 *
 * @since 0.1.0
 * @category tags
 */
export class RateLimit extends Context.Reference<RateLimit>()("effect-growthhub/RateLimit", {
  // Nothing that outlives a service: each has a limit of its own.
  defaultValue: (): Service => ({
    open: (key) => Effect.map(Effect.clock, (clock) => inMemory()(key, clock)),
    states: Effect.succeed([])
  })
}) {}

/**
 * {@link make}, for all services that it is provided to.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<RateLimit> => Layer.effect(RateLimit, make(options))
