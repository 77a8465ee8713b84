/**
 * What a location may ask for in a burst and in a day, who else uses it, and the headers that tell how much is left.
 *
 * @since 0.1.0
 */
import * as S from "effect/Schema"
import * as Utils from "effect/Utils"
import { defaulting } from "../internal/schema.js"
import * as Times from "./times.js"

const share = S.Number.pipe(S.between(0, 1))

/**
 * By default the limits of the service: 100 requests in 10 seconds, 200,000 a day.
 *
 * - `max`: requests in an `interval` (milliseconds).
 * - `window`: `sliding`, or `fixed` at multiples of the interval. Which one the service has is not known.
 * - `daily`: requests in a day, counted from the first.
 * - `retryAfter`: whether a 429 says in `Retry-After` when there is room again. The service was not seen to.
 * - `strangers`: the share of `max` that others ask for with the same app, evenly but not to the millisecond: by `seed`.
 *
 * @since 0.1.0
 * @category models
 */
export const Limits = S.Struct({
  max: defaulting(S.Int.pipe(S.positive()), 100),
  interval: defaulting(S.Int.pipe(S.positive()), 10_000),
  window: defaulting(S.Literal("sliding", "fixed"), "sliding"),
  daily: defaulting(S.NonNegativeInt, 200_000),
  retryAfter: defaulting(S.Boolean, false),
  strangers: defaulting(S.Struct({ share: defaulting(share, 0), seed: defaulting(S.Int, 1) }), { share: 0, seed: 1 })
}).annotations({ parseOptions: { onExcessProperty: "error" } })

/**
 * @since 0.1.0
 * @category models
 */
export interface Limits extends S.Schema.Type<typeof Limits> {}

/**
 * What strangers were given, and what they were refused.
 *
 * @since 0.1.0
 * @category models
 */
export interface Strangers {
  given: number
  refused: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Admission {
  readonly isAdmitted: boolean
  readonly headers: { readonly [name: string]: string }
}

/**
 * - `admit`: admits a request or does not; one that is not admitted does not count. The strangers of the time before it
 *   come first.
 * - `startDay`: the day begins anew, whatever the time.
 *
 * @since 0.1.0
 * @category models
 */
export interface Quota {
  readonly admit: (now: number) => Admission
  readonly startDay: (now: number) => void
}

const day = 24 * 60 * 60 * 1000

/** The requests of the current window, as far as they count. */
const makeWindow = ({ window, interval }: Limits) => {
  const times = Times.make()
  const began = (now: number) => now - (now % interval)
  return {
    count: (now: number): number => {
      times.dropUntil(window === "sliding" ? now - interval : began(now) - 1)
      return times.length()
    },
    push: times.push,
    /** When a window that is full has room again. */
    roomAt: (now: number): number => (window === "sliding" ? times.at(0)! : began(now)) + interval
  }
}

/** When strangers come: once in each of their slots, at any moment of it. */
const makeArrivals = ({ max, interval, strangers }: Limits, now: number) => {
  const gap = interval / (max * strangers.share)
  const random = new Utils.PCGRandom(strangers.seed)
  let slot = now
  let next = now + random.number() * gap
  return {
    /** Those until a moment, the latest at the end. Of a long silence only the last two intervals matter. */
    until: (moment: number): ReadonlyArray<number> => {
      if (slot < moment - 2 * interval) slot += Math.floor((moment - 2 * interval - slot) / gap) * gap
      const arrivals: Array<number> = []
      while (next <= moment) {
        if (next >= slot) arrivals.push(Math.floor(next))
        slot += gap
        next = slot + random.number() * gap
      }
      return arrivals
    }
  }
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (limits: Limits, now: number, strangers: Strangers = { given: 0, refused: 0 }): Quota => {
  const window = makeWindow(limits)
  // They have been there before.
  const arrivals = limits.strangers.share > 0 ? makeArrivals(limits, now - 2 * limits.interval) : undefined
  let dayBegan = now
  let today = 0

  const startDay = (now: number) => {
    dayBegan = now
    today = 0
  }

  const take = (now: number): boolean => {
    if (now - dayBegan >= day) startDay(now)
    if (window.count(now) >= limits.max || today >= limits.daily) return false
    window.push(now)
    today += 1
    return true
  }

  return {
    admit: (now) => {
      for (const then of arrivals?.until(now) ?? []) strangers[take(then) ? "given" : "refused"] += 1
      const isAdmitted = take(now)
      const dayEnds = dayBegan + day
      const roomAt = today >= limits.daily ? dayEnds : window.roomAt(now)
      return {
        isAdmitted,
        headers: {
          "x-ratelimit-max": String(limits.max),
          "x-ratelimit-remaining": String(limits.max - window.count(now)),
          "x-ratelimit-interval-milliseconds": String(limits.interval),
          "x-ratelimit-limit-daily": String(limits.daily),
          "x-ratelimit-daily-remaining": String(Math.max(0, limits.daily - today)),
          "x-ratelimit-daily-reset": String(dayEnds - now),
          ...(isAdmitted || !limits.retryAfter ? {} : { "retry-after": String(Math.ceil((roomAt - now) / 1000)) })
        }
      }
    },
    startDay
  }
}
