// The rate limit as a value, and every decision about it. Nothing here reads a clock, waits or knows a store: a time and an
// event change a state. The state is JSON. All times are milliseconds of one clock.

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
  /** Requests in one interval, until a response tells another number. */
  readonly limit: number
  /** The interval, until a response tells another. */
  readonly interval: number
  /** The part of the limit that may be used, above 0 and at most 1. */
  readonly share: number
  /** The part of the day's quota that bulk work leaves to interactive calls, from 0 to below 1. */
  readonly reserve: number
}

/** Requests of one process that count until the same time. */
export type Slice = [until: number, count: number, process: string]

/** The functions below change it in place: a copy for each request costs more than the decision. */
export interface LimitState {
  /** The latest time that the state has seen. */
  now: number
  limit: number
  interval: number
  /** The requests that count now, by the time at which they stop counting, earliest first. */
  log: Array<Slice>
  /** Permits given so far, less those released. */
  given: number
  /** Permits that count no more: `given - expired` count now. */
  expired: number
  /** Requests that have ended so far. */
  completed: number
  lastResponseAt: number
  /** Bulk work, and all work beside other consumers, is spread over parts of the interval. */
  part: { startedAt: number; given: number }
  /** After a 429. `length`: of the current pause where no Retry-After says it; 0 after a success. */
  pause: { startedAt: number; until: number; length: number }
  others: Others
  day: Day | null
  /** When each process that shares the state was last seen. */
  processes: { [process: string]: number }
}

/** What is seen of other consumers of the same limit, as requests in one interval. */
interface Others {
  /** The most since a time, and the most in the interval before it. */
  latest: number
  previous: number
  since: number
  /** When the first response came after a silence. */
  firstAt: number
  /** The fewest that the current window of the service held, and when: their rate is measured from there. */
  fewest: number
  fewestAt: number
}

interface Day {
  limit: number
  left: number
  resetsAt: number
  /** When one request may find out whether an exhausted quota is still exhausted. */
  probeAt: number
}

/** A permit as the state knows it. */
export interface Grant {
  readonly process: string
  /** When it stops counting if the request never completes. */
  readonly until: number
  readonly givenAt: number
  /** The counters of the state when it was given. */
  readonly given: number
  readonly expired: number
  readonly completed: number
}

export interface Wish {
  readonly priority: Level
  readonly leaseMillis: number
}

/** What came back for a request. */
export interface Outcome {
  readonly isRefused: boolean
  readonly retryAfterMillis: number | undefined
  readonly headers: RateLimitHeaders | undefined
}

/** A JSON number that is before all times. */
const never = -1e15

/** The parts of an interval over which requests are spread. */
const parts = 10

/** The rate of other consumers is measured over this part of the interval at least: a shorter time exaggerates it. */
const rateBase = 1 / 4

/** Times in the log are rounded up to this part of the interval, which bounds its length. */
const slicesPerInterval = 200

/** Timers may fire a millisecond early, and the service may count whole milliseconds. */
const margin = 2

/** A request that never ends counts for no longer: an infinite time has no JSON. */
const longestLease = 60 * 60 * 1000

/** No single 429 pauses the calls for longer. */
const longestPause = 60_000

/** An exhausted daily quota is probed with one request this often. */
const probeEvery = 5 * 60_000

/** A clock that is further behind than this was set back; less is the error of an estimated clock. */
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

// --- what follows from a state -----------------------------------------------------------------------------------------

/** Requests that count now. */
export const used = ({ given, expired }: LimitState): number => given - expired

export const otherConsumers = ({ others }: LimitState): number => Math.floor(Math.max(others.latest, others.previous))

/** What may be used of the limit if there are no other consumers. */
const ownShare = (state: LimitState, { share }: Settings) => Math.max(1, Math.floor(state.limit * share))

/** What may be used beside the other consumers; one request at least, which sees whether they are still there. */
const allowed = (state: LimitState, settings: Settings) =>
  Math.max(1, Math.min(state.limit - otherConsumers(state), ownShare(state, settings)))

export const free = (state: LimitState, settings: Settings): number =>
  Math.max(0, allowed(state, settings) - used(state))

/** Whether no response has come for so long that what others use is not known. */
const isSilent = ({ lastResponseAt, interval }: LimitState, time: number) => time - lastResponseAt > 2 * interval

const dayLeft = ({ day }: LimitState, { reserve }: Settings, priority: Level) =>
  day === null ? Infinity : day.left - (priority === "bulk" ? Math.floor(day.limit * reserve) : 0)

/** Permits left in the current part of the interval. What others use must be seen before a crowd leaves. */
const leftInPart = (state: LimitState, settings: Settings, priority: Level) => {
  const isSpread = priority === "bulk" || otherConsumers(state) > 0 || isSilent(state, state.now)
  return isSpread ? Math.ceil(allowed(state, settings) / parts) - state.part.given : Infinity
}

/** How long the day's quota is exhausted for work of a priority; 0 where it is not, or where a request may probe it. */
export const exhaustedFor = (state: LimitState, settings: Settings, priority: Level): number =>
  state.day === null || dayLeft(state, settings, priority) > 0 || state.now >= state.day.probeAt
    ? 0
    : Math.max(0, state.day.resetsAt - state.now)

export const pausedFor = ({ now, pause }: LimitState): number => Math.max(0, pause.until - now)

/** How long no request may leave at all. */
const closedFor = (state: LimitState, settings: Settings, priority: Level): number =>
  Math.max(pausedFor(state), exhaustedFor(state, settings, priority))

/** The time until so many of the requests that count have stopped counting. */
const untilExpired = ({ log, now }: LimitState, count: number, latest: number): number => {
  let rest = count
  for (const [until, slice] of log) {
    rest -= slice
    if (rest <= 0) return Math.min(until, latest) - now
  }
  return 0
}

/** The time until there may be room, if no response changes that before. */
export const nextWakeUp = (state: LimitState, settings: Settings, priority: Level): number => {
  const closed = closedFor(state, settings, priority)
  if (closed > 0) return closed
  const over = used(state) - allowed(state, settings) + 1
  const expiring = over > 0 ? untilExpired(state, over, Infinity) : 0
  const nextPart = state.part.startedAt + state.interval / parts - state.now
  return Math.max(expiring, leftInPart(state, settings, priority) > 0 ? 0 : nextPart)
}

/** How long the caller at a place (from 1) of the queue has to wait at least: other consumers may be gone by then. */
export const estimateWait = (state: LimitState, settings: Settings, priority: Level, place: number): number => {
  const most = ownShare(state, settings)
  const rounds = Math.floor((place - 1) / most)
  const over = used(state) - most + place - rounds * most
  // A request on its way may complete at once, and counts for an interval then.
  const expiring = over > 0 ? untilExpired(state, over, countsUntil(state, state.now)) : 0
  const first = Math.max(expiring, closedFor(state, settings, priority))
  const spread = priority === "bulk" ? Math.floor((place - 1) / Math.ceil(most / parts)) * (state.interval / parts) : 0
  return Math.max(first + rounds * state.interval, spread)
}

// --- what changes it ---------------------------------------------------------------------------------------------------

/** When a request stops counting that completes at a time. */
const countsUntil = ({ interval }: LimitState, time: number, slices = slicesPerInterval) => {
  const slice = Math.ceil(interval / slices)
  return Math.ceil((time + interval + margin) / slice) * slice
}

/** Where the slice of a process and a time is, or the last one before it. */
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

/** Counts the request of a grant no more. `false` where it does not count, because its lease has ended. */
const uncount = ({ log }: LimitState, { until, process }: Grant): boolean => {
  const index = indexOf(log, until, process)
  const slice = log[index]
  if (slice?.[0] !== until) return false
  slice[1] -= 1
  if (slice[1] === 0) log.splice(index, 1)
  return true
}

/** After the clock was set back: what counts now counts for one interval more, and the rest is learned again. */
const restart = (state: LimitState, time: number): void => {
  const { given, expired, completed } = state
  const log = state.log.map(([, count, process]) => [time + state.interval, count, process])
  Object.assign(state, initialState(state), { given, expired, completed, log })
}

/** Brings a state to a time: what has passed until then is forgotten. */
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

/** A permit, if there is one at the time of the state. */
export const acquire = (
  state: LimitState,
  settings: Settings,
  { priority, leaseMillis }: Wish,
  process: string
): Grant | undefined => {
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

/** Permits for the first of the wishes. */
export const acquireAll = (
  state: LimitState,
  settings: Settings,
  wishes: ReadonlyArray<Wish>,
  process: string
): ReadonlyArray<Grant> => {
  const grants: Array<Grant> = []
  for (const wish of wishes) {
    const grant = acquire(state, settings, wish, process)
    if (grant === undefined) break
    grants.push(grant)
  }
  return grants
}

/** The request of a permit was not sent. */
export const release = (state: LimitState, grant: Grant): void => {
  if (!uncount(state, grant)) return
  state.given -= 1
  if (state.day !== null) state.day.left += 1
}

/** Counts a permit of this process in a state that does not have it yet, for example the state that Redis has returned. */
export const adopt = (state: LimitState, { until, process }: Grant): void => {
  state.given += 1
  count(state, until, process)
}

/** The pause after a response. Requests that were refused together pause once. */
const pauseAfter = ({ pause, interval }: LimitState, grant: Grant, outcome: Outcome, time: number): void => {
  const { isRefused, retryAfterMillis = 0, headers } = outcome
  if (!isRefused) {
    if (headers !== undefined) pause.length = 0
  } else if (retryAfterMillis > 0) {
    pause.until = Math.max(pause.until, time + Math.min(retryAfterMillis, longestPause))
  } else if (grant.givenAt >= pause.startedAt) {
    pause.length = pause.length === 0 ? interval / parts : Math.min(2 * pause.length, interval)
    pause.startedAt = time
    pause.until = Math.max(pause.until, time + pause.length)
  }
}

/**
 * What a response tells about other consumers: the requests that the service has counted and that cannot be our own. In
 * windows that slide, those are all of an interval; in fixed windows they are those since its beginning, and grow at a rate.
 */
const observe = (state: LimitState, grant: Grant, time: number, counted: number): void => {
  const { others, given, interval, limit } = state
  // The first responses after a silence also count what was sent before it, perhaps by a process that has ended. That leaves
  // the window soon, so an observation counts for a shorter time at first.
  if (time - others.firstAt < 2 * interval && time - others.since >= interval * rateBase) {
    others.previous = others.latest
    others.latest = 0
    others.since = time
  }
  const atMost = counted - grant.completed - 1
  const elapsed = time - others.fewestAt
  let seen = counted - (given - grant.expired)
  if (atMost < others.fewest) {
    others.fewest = atMost
    others.fewestAt = grant.givenAt
  } else if (elapsed >= interval * rateBase) {
    seen = Math.max(seen, ((counted - given - others.fewest) / elapsed) * interval)
  }
  others.latest = Math.min(limit, Math.max(others.latest, seen))
}

/** What a response tells about the limit, about other consumers, and about the day. */
const learn = (state: LimitState, grant: Grant, time: number, isRefused: boolean, told: RateLimitHeaders): void => {
  const { limit, remaining, interval, day } = told
  state.limit = limit ?? state.limit
  if (interval !== undefined && interval !== state.interval) {
    state.interval = interval
    state.others.since = time
  }
  if (remaining !== undefined && remaining <= state.limit) {
    observe(state, grant, time, state.limit - remaining + (isRefused ? 1 : 0))
  }
  if (day === undefined) return
  // Requests sent since may not have been counted yet.
  const left = day.left - (state.given - grant.given)
  state.day = { limit: day.limit, left, resetsAt: time + day.resetsIn, probeAt: time + probeEvery }
}

/** The request of a permit has ended at a time: it counts for one interval more. */
export const complete = (state: LimitState, grant: Grant, time: number, outcome: Outcome | undefined): void => {
  state.completed += 1
  // A permit whose lease has ended has left the log.
  if (!uncount(state, grant)) state.given += 1
  if (outcome !== undefined) {
    if (isSilent(state, time)) state.others.firstAt = state.others.since = time
    state.lastResponseAt = Math.max(state.lastResponseAt, time)
    pauseAfter(state, grant, outcome, time)
    if (outcome.headers !== undefined) learn(state, grant, time, outcome.isRefused, outcome.headers)
  }
  count(state, countsUntil(state, time), grant.process)
}
