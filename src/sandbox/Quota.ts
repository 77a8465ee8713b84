/**
 * The rate limits of a location, the other consumers that share them, and the rate limit headers of responses.
 *
 * @since 0.1.0
 */
import * as S from "effect/Schema"
import * as Utils from "effect/Utils"
import { defaulting } from "./Defaults.js"
import * as Times from "./times.js"

const share = S.Number.pipe(S.between(0, 1))

/**
 * The rate limits of a location. The defaults are those of the service: 100 requests in 10 seconds, 200,000 a day.
 *
 * @since 0.1.0
 * @category models
 */
export const Limits = S.Struct({
  /** The number of requests allowed in one `interval`: an integer from 1, 100 by default. */
  max: defaulting(S.Int.pipe(S.positive()), 100),
  /** The interval in milliseconds: an integer from 1, 10,000 by default. */
  interval: defaulting(S.Int.pipe(S.positive()), 10_000),
  /**
   * The kind of the window: `"sliding"` (the default), or `"fixed"`, which starts at multiples of the interval. It is not
   * known which one the service uses.
   */
  window: defaulting(S.Literal("sliding", "fixed"), "sliding"),
  /** The number of requests allowed in a day of 24 hours, which starts with the first request: 200,000 by default. */
  daily: defaulting(S.NonNegativeInt, 200_000),
  /** Whether a 429 has a `Retry-After` header, in seconds. `false` by default: no 429 of the service with one is known. */
  retryAfter: defaulting(S.Boolean, false),
  /** The simulated requests that others send with the same app; none by default. */
  otherConsumers: defaulting(
    S.Struct({
      /** The part of `max` that other consumers request in each interval, from 0 to 1; 0 by default. */
      share: defaulting(share, 0),
      /** The seed of the times of their requests, which are evenly spread with jitter; 1 by default. */
      seed: defaulting(S.Int, 1)
    }),
    { share: 0, seed: 1 }
  )
}).annotations({ parseOptions: { onExcessProperty: "error" } })

/**
 * @since 0.1.0
 * @category models
 */
export interface Limits extends S.Schema.Type<typeof Limits> {}

/**
 * The counts of the requests of other consumers.
 *
 * @since 0.2.0
 * @category models
 */
export interface OtherConsumers {
  /** The number of their requests that were admitted. */
  given: number
  /** The number of their requests that were rejected with 429. */
  refused: number
}

/**
 * Whether a request is admitted, and the headers of its response.
 *
 * @since 0.1.0
 * @category models
 */
export interface Admission {
  /** Whether the request is admitted. A request that is not admitted gets a 429. */
  readonly isAdmitted: boolean
  /** The rate limit headers of the response. */
  readonly headers: { readonly [name: string]: string }
}

/**
 * The quota of one location.
 *
 * @since 0.1.0
 * @category models
 */
export interface Quota {
  /**
   * Admits or rejects a request at `now` (milliseconds of the epoch); a rejected request does not count. The requests of other
   * consumers up to `now` are counted first.
   */
  readonly admit: (now: number) => Admission
  /** Starts a new day of the daily quota at `now` (milliseconds of the epoch). */
  readonly startDay: (now: number) => void
}

const day = 24 * 60 * 60 * 1000

/** The requests that count in the current window. */
const makeWindow = ({ window, interval }: Limits) => {
  const times = Times.make()
  const startOf = (now: number) => now - (now % interval)
  return {
    count: (now: number): number => {
      times.dropUntil(window === "sliding" ? now - interval : startOf(now) - 1)
      return times.length()
    },
    push: times.push,
    /** The time at which a full window admits a request again, in milliseconds of the epoch. */
    nextAdmissionAt: (now: number): number => (window === "sliding" ? times.at(0)! : startOf(now)) + interval
  }
}

/** The times of the requests of other consumers: one at a random time in each gap of equal length. */
const makeArrivals = ({ max, interval, otherConsumers }: Limits, now: number) => {
  const gap = interval / (max * otherConsumers.share)
  const random = new Utils.PCGRandom(otherConsumers.seed)
  let gapStart = now
  let next = now + random.number() * gap
  return {
    /** The times up to `until`, in ascending order. After a long pause, those of the last two intervals only. */
    upTo: (until: number): ReadonlyArray<number> => {
      if (gapStart < until - 2 * interval) gapStart += Math.floor((until - 2 * interval - gapStart) / gap) * gap
      const arrivals: Array<number> = []
      while (next <= until) {
        if (next >= gapStart) arrivals.push(Math.floor(next))
        gapStart += gap
        next = gapStart + random.number() * gap
      }
      return arrivals
    }
  }
}

/**
 * Makes the quota of a location at `now` (milliseconds of the epoch). It counts the requests of other consumers in
 * `otherConsumers`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (limits: Limits, now: number, otherConsumers: OtherConsumers = { given: 0, refused: 0 }): Quota => {
  const window = makeWindow(limits)
  // Starts two intervals ago, so that the first window already has requests of other consumers.
  const arrivals = limits.otherConsumers.share > 0 ? makeArrivals(limits, now - 2 * limits.interval) : undefined
  let dayStart = now
  let today = 0

  const startDay = (now: number) => {
    dayStart = now
    today = 0
  }

  const acquire = (now: number): boolean => {
    if (now - dayStart >= day) startDay(now)
    if (window.count(now) >= limits.max || today >= limits.daily) return false
    window.push(now)
    today += 1
    return true
  }

  return {
    admit: (now) => {
      for (const time of arrivals?.upTo(now) ?? []) otherConsumers[acquire(time) ? "given" : "refused"] += 1
      const isAdmitted = acquire(now)
      const dayEnd = dayStart + day
      const nextAdmissionAt = today >= limits.daily ? dayEnd : window.nextAdmissionAt(now)
      return {
        isAdmitted,
        headers: {
          "x-ratelimit-max": String(limits.max),
          "x-ratelimit-remaining": String(limits.max - window.count(now)),
          "x-ratelimit-interval-milliseconds": String(limits.interval),
          "x-ratelimit-limit-daily": String(limits.daily),
          "x-ratelimit-daily-remaining": String(Math.max(0, limits.daily - today)),
          "x-ratelimit-daily-reset": String(dayEnd - now),
          ...(isAdmitted || !limits.retryAfter
            ? {}
            : { "retry-after": String(Math.ceil((nextAdmissionAt - now) / 1000)) })
        }
      }
    },
    startDay
  }
}
