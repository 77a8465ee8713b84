// What a log of requests knows, here or in Redis. All times are milliseconds of one clock.

import * as Times from "./times.js"

// --- numbers that the Lua script of RateLimitRedis shares --------------------------------------------------------------

/** Clocks that count whole milliseconds, timers that are early by one, and clocks that are a little faster than ours. */
export const margin = 2

/** Requests go evenly in so many parts of the interval while nothing is known of what others use, and where they are bulk. */
export const parts = 10

/** For how many intervals it is known what was let go: for a window, when it may have begun, and the answer. */
export const kept = 3

// --- what it is asked, and what it knows -------------------------------------------------------------------------------

/**
 * - `limit`: requests in any `interval`, until an answer tells otherwise.
 * - `share`: of the limit, what may be used here.
 * - `reserve`: the share of the day's requests that bulk work leaves to others.
 */
export interface Settings {
  readonly limit: number
  readonly interval: number
  readonly share: number
  readonly reserve: number
}

/**
 * A request in the log.
 *
 * - `expired`, `departed`: how many had left the log, and how many had come into it, when it was let go itself.
 * - `inFlight`: how many had no answer then, itself among them; `since`: when the first of those was let go, if they are answered
 *   in turn.
 * - `counted`, `countedFrom`: what the service had counted by its last word, and `since` of the request that this was about.
 * - `takenAt`: when that was.
 */
export interface Entry {
  readonly expired: number
  readonly departed: number
  readonly inFlight: number
  readonly since: number
  readonly counted: number
  readonly countedFrom: number
  readonly takenAt: number
}

/**
 * - `answers`: when the answers came of those that are still in the log.
 * - `departures`: when those were let go that the service may have counted.
 * - `departed`, `expired`: how many came into the log, and how many have left it; `departedAt`: when the last one did.
 * - `heardAt`: when the service last answered; `heardSince`: since when it does again; `heardOf`, `heardUpTo`: `takenAt` and
 *   `departed` of the latest of the requests that it has answered; `silentUpTo`: how many were let go while it had not been
 *   heard for long.
 * - `told`: what was left by its word, without those that it may not have counted; `counted`, `countedFrom`: those that it had,
 *   and `since` of the request that this was about.
 * - `pause`: how long the current pause was meant to be, where no 429 said it.
 *
 * Of strangers:
 *
 * - `strangers`, `strangersAt`: the requests of others in an interval, and when that was told; `seenAt`: when they were there
 *   for certain, not only by the look of it; `fullAt`: when nothing was left.
 *
 * Of windows that do not slide:
 *
 * - `unsureUntil`: for so long, they are not looked for: a request has ended of which it is not known whether the service has
 *   counted it, or one did not turn, for as long as `doubt`.
 * - `windowAt`: when one had begun, if they do not; `windowWidth`: by how much it may have begun before that; `turnedAt`: when
 *   the last one was seen to turn.
 * - `others`, `othersAt`: the requests of others in the current one, and of when.
 * - `seenOthers`, `seenTime`: how many of them came in which time, what is long ago counting less.
 */
export interface State {
  limit: number
  interval: number
  readonly answers: Times.Times
  readonly departures: Times.Times
  inFlight: number
  departed: number
  expired: number
  departedAt: number
  heardAt: number
  heardSince: number
  heardOf: number
  heardUpTo: number
  silentUpTo: number
  told: number
  counted: number
  countedFrom: number
  pausedAt: number
  pausedUntil: number
  pause: number
  strangers: number
  strangersAt: number
  seenAt: number
  fullAt: number
  unsureUntil: number
  doubt: number
  windowAt: number | undefined
  windowWidth: number
  turnedAt: number
  others: number
  othersAt: number
  seenOthers: number
  seenTime: number
  today: { readonly limit: number; left: number; readonly endsAt: number } | undefined
}

export const makeState = ({ limit, interval }: Pick<Settings, "limit" | "interval">): State => ({
  limit,
  interval,
  answers: Times.make(),
  departures: Times.make(),
  inFlight: 0,
  departed: 0,
  expired: 0,
  departedAt: -Infinity,
  heardAt: -Infinity,
  heardSince: -Infinity,
  heardOf: -Infinity,
  heardUpTo: 0,
  silentUpTo: 0,
  told: Infinity,
  counted: 0,
  countedFrom: -Infinity,
  pausedAt: -Infinity,
  pausedUntil: -Infinity,
  pause: 0,
  strangers: 0,
  strangersAt: -Infinity,
  seenAt: -Infinity,
  fullAt: -Infinity,
  unsureUntil: -Infinity,
  doubt: 0,
  windowAt: undefined,
  windowWidth: 0,
  turnedAt: -Infinity,
  others: 0,
  othersAt: -Infinity,
  seenOthers: 0,
  seenTime: 0,
  today: undefined
})

/**
 * What follows from a state.
 *
 * - `part`: of the interval; `held`: how many are in the log.
 * - `most`: what may be used here if there are no strangers; `own`: what they leave of it, and never nothing: one request has to
 *   see whether they are still there; `perPart`: how much of that goes in a part.
 */
export const measuresOf = (state: State, settings: Settings) => {
  const part = () => state.interval / parts
  const held = () => state.inFlight + state.answers.length()
  const most = () => Math.max(1, Math.floor(state.limit * settings.share))
  const own = (strangers = Math.round(state.strangers)) => Math.max(1, Math.min(state.limit - strangers, most()))
  const perPart = () => Math.ceil(own() / parts)
  return { part, held, most, own, perPart }
}

export type Measures = ReturnType<typeof measuresOf>
