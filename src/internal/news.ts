// What the headers of an answer tell of the service's limits. All times are milliseconds.

/**
 * What an answer tells. `day`: requests in a day, those left of them, and the milliseconds until it begins anew.
 *
 * - `isRefused`: a 429; `retryAfter`: the milliseconds that it asks to wait, if it does.
 */
export interface News {
  readonly limit?: number | undefined
  readonly remaining?: number | undefined
  readonly interval?: number | undefined
  readonly day?: { readonly limit: number; readonly left: number; readonly endsIn: number } | undefined
  readonly isRefused: boolean
  readonly retryAfter?: number | undefined
}

const hour = 60 * 60 * 1000

/** How long the quota of a day lasts. */
export const day = 24 * hour

const numberIn = (text: string | undefined, least: number, most: number): number | undefined => {
  if (text === undefined || !/^\d{1,12}$/.test(text)) return undefined
  const number = Number(text)
  return number >= least && number <= most ? number : undefined
}

/** Reads the headers of an answer. What is not exactly a number of the kind is not told. */
export const newsOf = (
  headers: { readonly [name: string]: string | undefined },
  isRefused: boolean,
  retryAfter: number | undefined
): News => {
  const daily = numberIn(headers["x-ratelimit-limit-daily"], 1, 1e12)
  const left = numberIn(headers["x-ratelimit-daily-remaining"], 0, 1e12)
  const endsIn = numberIn(headers["x-ratelimit-daily-reset"], 0, day)
  return {
    limit: numberIn(headers["x-ratelimit-max"], 1, 1e12),
    remaining: numberIn(headers["x-ratelimit-remaining"], 0, 1e12),
    interval: numberIn(headers["x-ratelimit-interval-milliseconds"], 1, hour),
    day: daily === undefined || left === undefined || endsIn === undefined ? undefined : { limit: daily, left, endsIn },
    isRefused,
    retryAfter: Number.isFinite(retryAfter) ? retryAfter : undefined
  }
}
