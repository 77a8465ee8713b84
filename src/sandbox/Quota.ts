/**
 * What a location may ask for in a burst and in a day, and the headers that tell how much is left.
 *
 * @since 0.1.0
 */

/**
 * - `max`: requests in any `interval` (milliseconds).
 * - `daily`: requests in a day, counted from the first.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  readonly max: number
  readonly interval: number
  readonly daily: number
}

/**
 * The limits of the service: 100 requests in 10 seconds, 200,000 a day.
 *
 * @since 0.1.0
 * @category constants
 */
export const serviceLimits: Limits = { max: 100, interval: 10_000, daily: 200_000 }

/**
 * @since 0.1.0
 * @category models
 */
export interface Quota {
  readonly burst: ReadonlyArray<number>
  readonly dayBegan: number
  readonly today: number
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (now: number): Quota => ({ burst: [], dayBegan: now, today: 0 })

const day = 24 * 60 * 60 * 1000

/**
 * Admits a request or does not; a request that is not admitted does not count.
 *
 * @since 0.1.0
 * @category quota
 */
export const admit = (
  quota: Quota,
  limits: Limits,
  now: number
): { readonly quota: Quota; readonly isAdmitted: boolean; readonly headers: { readonly [name: string]: string } } => {
  const current = now - quota.dayBegan >= day ? { ...quota, dayBegan: now, today: 0 } : quota
  const recent = current.burst.filter((then) => now - then < limits.interval)
  const isAdmitted = recent.length < limits.max && current.today < limits.daily
  const next: Quota = isAdmitted
    ? { ...current, burst: [...recent, now], today: current.today + 1 }
    : { ...current, burst: recent }
  return {
    quota: next,
    isAdmitted,
    headers: {
      "x-ratelimit-max": String(limits.max),
      "x-ratelimit-remaining": String(limits.max - next.burst.length),
      "x-ratelimit-interval-milliseconds": String(limits.interval),
      "x-ratelimit-limit-daily": String(limits.daily),
      "x-ratelimit-daily-remaining": String(limits.daily - next.today),
      "x-ratelimit-daily-reset": String(next.dayBegan + day - now)
    }
  }
}
