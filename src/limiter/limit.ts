// The state of a rate limit, and all decisions about it. These functions read no clock, do not wait and use no store: they
// take the state, the time and an event. The state is JSON. All times are milliseconds of the same clock.

import { day as dayMillis, type RateLimitHeaders } from "./headers.js"

/**
 * The priority of a call. `interactive` calls go before `bulk` calls; `bulk` calls are spread evenly and leave a reserve of
 * the day's quota.
 *
 * @since 0.1.0
 * @category priorities
 */
export type Level = "interactive" | "bulk"

export interface Settings {
  /** Requests in one interval, until a response reports another number. */
  readonly limit: number
  /** The interval, until a response reports another. */
  readonly interval: number
  /** The part of the limit that may be used, above 0 and at most 1. */
  readonly share: number
  /** The part of the day's quota that bulk calls leave to interactive calls, from 0 to below 1. */
  readonly reserve: number
}

/** The requests of one process that count until the same time. */
export type Slice = [until: number, count: number, process: string]

/** The state. The functions below change it in place, because a copy for each request would cost more than the decision. */
export interface LimitState {
  /** The latest time that the state has seen. */
  now: number
  limit: number
  interval: number
  /** The requests that count now, by the time at which they stop counting, earliest first. */
  log: Array<Slice>
  /** The number of permits given so far, without the released ones. */
  given: number
  /** The number of permits that no longer count: `given - expired` count now. */
  expired: number
  /** The number of requests that have ended so far. */
  completed: number
  lastResponseAt: number
  /** The current part of the interval. Bulk calls, and all calls beside other consumers, are spread over the parts. */
  part: { startedAt: number; given: number }
  /** The pause after a 429. `length` is the length of a pause without Retry-After; 0 after a success. */
  pause: { startedAt: number; until: number; length: number }
  others: Others
  day: Day | null
  /** The time at which each process that shares the state was last seen. */
  processes: { [process: string]: number }
}

/** The estimate of other consumers of the same limit, as requests in one interval. */
interface Others {
  /** The maximum since `since`, and the maximum in the interval before it. */
  latest: number
  previous: number
  since: number
  /** The time of the first response after a silence. */
  firstAt: number
  /** The minimum in the current window of the service, and its time. The rate of others is measured from there. */
  fewest: number
  fewestAt: number
}

interface Day {
  limit: number
  left: number
  resetsAt: number
  /** The time at which one request may probe whether an exhausted quota is still exhausted. */
  probeAt: number
}

/** A permit, as the state records it. */
export interface PermitRecord {
  readonly process: string
  /** The time at which it stops counting if the request never completes. */
  readonly until: number
  readonly givenAt: number
  /** The counters of the state when it was given. */
  readonly given: number
  readonly expired: number
  readonly completed: number
}

export interface PermitRequest {
  readonly priority: Level
  readonly leaseMillis: number
}

/** The result of a request that got a response. */
export interface RequestResult {
  readonly isRefused: boolean
  readonly retryAfterMillis: number | undefined
  readonly headers: RateLimitHeaders | undefined
}

/** A time before all others, as a JSON number. */
const never = -1e15

/** The number of parts of an interval over which requests are spread. */
const parts = 10

/** The minimum part of the interval for measuring the rate of other consumers. A shorter time would exaggerate it. */
const rateBase = 1 / 4

/** The times in the log are rounded up to this fraction of the interval, which limits its length. */
const slicesPerInterval = 200

/** A safety margin, because timers may fire a millisecond early and the service may count whole milliseconds. */
const margin = 2

/** The longest time for which a request that never ends counts. JSON has no infinite time. */
const longestLease = 60 * 60 * 1000

/** The longest pause after one 429. */
const longestPause = 60_000

/** The interval at which one request probes an exhausted daily quota. */
const probeEvery = 5 * 60_000

/** A clock that is further behind than this was set back. A smaller difference is the error of an estimated clock. */
const clockTolerance = 1000

export const initialState = ({ limit, interval }: Pick<Settings, "limit" | "interval">): LimitState => ({
  now: never,
  limit,
  interval,
  log: [],
  given: 0,
  expired: 0,
  completed: 0,
  lastResponseAt: never,
  part: { startedAt: never, given: 0 },
  pause: { startedAt: never, until: never, length: 0 },
  others: { latest: 0, previous: 0, since: never, firstAt: never, fewest: -never, fewestAt: never },
  day: null,
  processes: {}
})

// --- reading a state ---------------------------------------------------------------------------------------------------

/** The number of requests that count now. */
export const used = ({ given, expired }: LimitState): number => given - expired

export const otherConsumers = ({ others }: LimitState): number => Math.floor(Math.max(others.latest, others.previous))

/** The requests that may count at the same time if there are no other consumers. */
const ownShare = (state: LimitState, { share }: Settings) => Math.max(1, Math.floor(state.limit * share))

/** The requests that may count beside other consumers. At least one, whose response shows whether they are still there. */
const allowed = (state: LimitState, settings: Settings) =>
  Math.max(1, Math.min(state.limit - otherConsumers(state), ownShare(state, settings)))

export const free = (state: LimitState, settings: Settings): number =>
  Math.max(0, allowed(state, settings) - used(state))

/** Whether the last response is so old that the use of others is not known. */
const isSilent = ({ lastResponseAt, interval }: LimitState, time: number) => time - lastResponseAt > 2 * interval

const dayLeft = ({ day }: LimitState, { reserve }: Settings, priority: Level) =>
  day === null ? Infinity : day.left - (priority === "bulk" ? Math.floor(day.limit * reserve) : 0)

/** The permits left in the current part. While the use of others is not known, only one part's requests are sent at once. */
const leftInPart = (state: LimitState, settings: Settings, priority: Level) => {
  const isSpread = priority === "bulk" || otherConsumers(state) > 0 || isSilent(state, state.now)
  return isSpread ? Math.ceil(allowed(state, settings) / parts) - state.part.given : Infinity
}

/** The time for which the day's quota is exhausted for a priority; 0 if it is not, or if a request may probe it. */
export const exhaustedFor = (state: LimitState, settings: Settings, priority: Level): number =>
  state.day === null || dayLeft(state, settings, priority) > 0 || state.now >= state.day.probeAt
    ? 0
    : Math.max(0, state.day.resetsAt - state.now)

export const pausedFor = ({ now, pause }: LimitState): number => Math.max(0, pause.until - now)

/** The time for which no request may be sent at all. */
const closedFor = (state: LimitState, settings: Settings, priority: Level): number =>
  Math.max(pausedFor(state), exhaustedFor(state, settings, priority))

/** The time until `count` of the requests that count now have stopped counting. */
const untilExpired = ({ log, now }: LimitState, count: number, latest: number): number => {
  let rest = count
  for (const [until, slice] of log) {
    rest -= slice
    if (rest <= 0) return Math.min(until, latest) - now
  }
  return 0
}

/** The time until a permit may be free, unless a response changes that before. */
export const nextWakeUp = (state: LimitState, settings: Settings, priority: Level): number => {
  const closed = closedFor(state, settings, priority)
  if (closed > 0) return closed
  const over = used(state) - allowed(state, settings) + 1
  const expiring = over > 0 ? untilExpired(state, over, Infinity) : 0
  const nextPart = state.part.startedAt + state.interval / parts - state.now
  return Math.max(expiring, leftInPart(state, settings, priority) > 0 ? 0 : nextPart)
}

/** The minimum wait of a caller at a place (from 1) of the queue. Other consumers are ignored, as they may have stopped. */
export const estimateWait = (state: LimitState, settings: Settings, priority: Level, place: number): number => {
  const most = ownShare(state, settings)
  const rounds = Math.floor((place - 1) / most)
  const over = used(state) - most + place - rounds * most
  // A request in flight may complete at once. Then it counts for one more interval.
  const expiring = over > 0 ? untilExpired(state, over, countsUntil(state, state.now)) : 0
  const first = Math.max(expiring, closedFor(state, settings, priority))
  const spread = priority === "bulk" ? Math.floor((place - 1) / Math.ceil(most / parts)) * (state.interval / parts) : 0
  return Math.max(first + rounds * state.interval, spread)
}

// --- changing a state --------------------------------------------------------------------------------------------------

/** The time at which a request stops counting that completes at `time`. */
const countsUntil = ({ interval }: LimitState, time: number, slices = slicesPerInterval) => {
  const slice = Math.ceil(interval / slices)
  return Math.ceil((time + interval + margin) / slice) * slice
}

/** The index of the slice of a process and a time, or of the last slice before it. */
const indexOf = (log: ReadonlyArray<Slice>, until: number, process: string): number => {
  let index = log.length - 1
  while (index >= 0 && (log[index]![0] > until || (log[index]![0] === until && log[index]![2] !== process))) index -= 1
  return index
}

/** Counts a request until a time. */
const count = ({ log }: LimitState, until: number, process: string): void => {
  const index = indexOf(log, until, process)
  const slice = log[index]
  if (slice?.[0] === until) slice[1] += 1
  else log.splice(index + 1, 0, [until, 1, process])
}

/** Stops counting the request of a permit. Returns `false` if it did not count, because its lease has ended. */
const uncount = ({ log }: LimitState, { until, process }: PermitRecord): boolean => {
  const index = indexOf(log, until, process)
  const slice = log[index]
  if (slice?.[0] !== until) return false
  slice[1] -= 1
  if (slice[1] === 0) log.splice(index, 1)
  return true
}

/** After the clock was set back: the counted requests count for one more interval, and the rest of the state is reset. */
const restart = (state: LimitState, time: number): void => {
  const { given, expired, completed } = state
  const log = state.log.map(([, count, process]) => [time + state.interval, count, process])
  Object.assign(state, initialState(state), { given, expired, completed, log })
}

/** Moves a state forward to a time, and drops everything that has expired by then. */
export const advance = (state: LimitState, time: number): LimitState => {
  if (time < state.now - clockTolerance) restart(state, time)
  const now = Math.max(time, state.now)
  state.now = now
  const { log, interval, part, others, day } = state
  while (log.length > 0 && log[0]![0] <= now) state.expired += log.shift()![1]
  const partMillis = interval / parts
  if (now - part.startedAt >= partMillis) state.part = { startedAt: now - (now % partMillis), given: 0 }
  if (now - others.since >= interval) {
    others.previous = now - others.since < 2 * interval ? others.latest : 0
    others.latest = 0
    others.since = now - ((now - others.since) % interval)
  }
  if (day !== null && now >= day.resetsAt) state.day = { ...day, left: day.limit, resetsAt: now + dayMillis }
  return state
}

/** Returns a permit if one is free at the time of the state. */
export const acquire = (
  state: LimitState,
  settings: Settings,
  { priority, leaseMillis }: PermitRequest,
  process: string
): PermitRecord | undefined => {
  const { now, day, expired, completed } = state
  if (closedFor(state, settings, priority) > 0 || leftInPart(state, settings, priority) <= 0) return undefined
  if (used(state) >= allowed(state, settings)) return undefined
  const until = countsUntil(state, now + Math.min(leaseMillis, longestLease), parts)
  count(state, until, process)
  state.given += 1
  state.part.given += 1
  if (day !== null) {
    if (dayLeft(state, settings, priority) <= 0) day.probeAt = now + probeEvery
    day.left -= 1
  }
  return { process, until, givenAt: now, given: state.given, expired, completed }
}

/** Returns permits for the first requests, in order, until none is free. */
export const acquireAll = (
  state: LimitState,
  settings: Settings,
  requests: ReadonlyArray<PermitRequest>,
  process: string
): ReadonlyArray<PermitRecord> => {
  const records: Array<PermitRecord> = []
  for (const request of requests) {
    const record = acquire(state, settings, request, process)
    if (record === undefined) break
    records.push(record)
  }
  return records
}

/** Returns the permit of a request that was not sent. */
export const release = (state: LimitState, record: PermitRecord): void => {
  if (!uncount(state, record)) return
  state.given -= 1
  if (state.day !== null) state.day.left += 1
}

/** Adds a permit of this process to a state that does not have it yet, such as one that Redis has returned. */
export const adopt = (state: LimitState, { until, process }: PermitRecord): void => {
  state.given += 1
  count(state, until, process)
}

/** Sets the pause after a response. Requests that were refused together cause one pause. */
const pauseAfter = (
  { pause, interval }: LimitState,
  record: PermitRecord,
  result: RequestResult,
  time: number
): void => {
  const { isRefused, retryAfterMillis = 0, headers } = result
  if (!isRefused) {
    if (headers !== undefined) pause.length = 0
  } else if (retryAfterMillis > 0) {
    pause.until = Math.max(pause.until, time + Math.min(retryAfterMillis, longestPause))
  } else if (record.givenAt >= pause.startedAt) {
    pause.length = pause.length === 0 ? interval / parts : Math.min(2 * pause.length, interval)
    pause.startedAt = time
    pause.until = Math.max(pause.until, time + pause.length)
  }
}

/**
 * Estimates the use of other consumers from a response: the requests that the service has counted and that cannot be our own.
 * In a sliding window, these are all requests of an interval. In a fixed window, they are the requests since its start, so
 * the estimate uses their rate.
 */
const observe = (state: LimitState, record: PermitRecord, time: number, counted: number): void => {
  const { others, given, interval, limit } = state
  // The first responses after a silence also count requests from before it, perhaps of a process that has ended. They leave
  // the window soon, so an observation counts for a shorter time at first.
  if (time - others.firstAt < 2 * interval && time - others.since >= interval * rateBase) {
    others.previous = others.latest
    others.latest = 0
    others.since = time
  }
  const atMost = counted - record.completed - 1
  const elapsed = time - others.fewestAt
  let seen = counted - (given - record.expired)
  if (atMost < others.fewest) {
    others.fewest = atMost
    others.fewestAt = record.givenAt
  } else if (elapsed >= interval * rateBase) {
    seen = Math.max(seen, ((counted - given - others.fewest) / elapsed) * interval)
  }
  others.latest = Math.min(limit, Math.max(others.latest, seen))
}

/** Learns the limit, the use of others and the daily quota from a response. */
const learn = (state: LimitState, record: PermitRecord, time: number, { isRefused, headers }: RequestResult): void => {
  if (headers === undefined) return
  const { limit, remaining, interval, day } = headers
  state.limit = limit ?? state.limit
  if (interval !== undefined && interval !== state.interval) {
    state.interval = interval
    state.others.since = time
  }
  if (remaining !== undefined && remaining <= state.limit) {
    observe(state, record, time, state.limit - remaining + (isRefused ? 1 : 0))
  }
  if (day === undefined) return
  // The service may not have counted the requests that were sent since.
  const left = day.left - (state.given - record.given)
  state.day = { limit: day.limit, left, resetsAt: time + day.resetsIn, probeAt: time + probeEvery }
}

/** Records the end of a request. It counts for one more interval. */
export const complete = (state: LimitState, record: PermitRecord, time: number, result?: RequestResult): void => {
  state.completed += 1
  // The permit is no longer in the log if its lease has ended.
  if (!uncount(state, record)) state.given += 1
  if (result !== undefined) {
    if (isSilent(state, time)) state.others.firstAt = state.others.since = time
    state.lastResponseAt = Math.max(state.lastResponseAt, time)
    pauseAfter(state, record, result, time)
    learn(state, record, time, result)
  }
  count(state, countsUntil(state, time), record.process)
}
