// Reads the service's limits from the headers of a response. All times are milliseconds.

/** The limits that a response reports. A field is undefined if the headers do not have it. */
export interface RateLimitHeaders {
  /** Requests that the service allows in one interval. */
  readonly limit: number | undefined
  /** Requests left in the current window of the service. */
  readonly remaining: number | undefined
  /** The length of the window. */
  readonly interval: number | undefined
  /** The daily quota: the requests allowed, the requests left, and the time until it resets. */
  readonly day: { readonly limit: number; readonly left: number; readonly resetsIn: number } | undefined
}

const hour = 60 * 60 * 1000

/** The length of a day, after which the daily quota resets. */
export const day = 24 * hour

const digits = /^\d{1,12}$/

const integer = (text: string | undefined, least: number, most: number): number | undefined => {
  if (text === undefined || !digits.test(text)) return undefined
  const value = Number(text)
  return value >= least && value <= most ? value : undefined
}

/**
 * Reads the limits from a response. A 5xx reports none, because a proxy or a maintenance page may have set its headers. A value
 * that is not an integer of the expected range counts as absent.
 */
export const parseRateLimitHeaders = (
  status: number,
  headers: { readonly [name: string]: string | undefined }
): RateLimitHeaders | undefined => {
  if (status >= 500) return undefined
  const dailyLimit = integer(headers["x-ratelimit-limit-daily"], 1, 1e12)
  const left = integer(headers["x-ratelimit-daily-remaining"], 0, 1e12)
  const resetsIn = integer(headers["x-ratelimit-daily-reset"], 0, day)
  const isDayKnown = dailyLimit !== undefined && left !== undefined && resetsIn !== undefined
  return {
    limit: integer(headers["x-ratelimit-max"], 1, 1e12),
    remaining: integer(headers["x-ratelimit-remaining"], 0, 1e12),
    interval: integer(headers["x-ratelimit-interval-milliseconds"], 1, hour),
    day: isDayKnown ? { limit: dailyLimit, left, resetsIn } : undefined
  }
}
