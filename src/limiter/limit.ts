// The rate limit as a value, and every decision about it. Nothing here reads a clock, waits or knows a store: a state, a time
// and an event give the next state. The state is JSON. All times are milliseconds of one clock.

import { day as dayMillis, type RateLimitHeaders } from "./headers.js"

export type Priority = "interactive" | "bulk"

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
export type Slice = readonly [until: number, count: number, process: string]

export interface LimitState {
  /** The latest time that the state has seen. */
  readonly now: number
  readonly limit: number
  readonly interval: number
  /** The requests that count now, by the time at which they stop counting, earliest first. */
  readonly log: ReadonlyArray<Slice>
  /** Permits given so far, less those released. */
  readonly given: number
  /** Permits that count no more: `given - expired` count now. */
  readonly expired: number
  /** Requests that have ended so far. */
  readonly completed: number
  readonly lastResponseAt: number
  /** Bulk work, and all work beside other consumers, is spread over parts of the interval. */
  readonly part: { readonly startedAt: number; readonly given: number }
  /** After a 429. `length`: of the current pause where no Retry-After says it; 0 after a success. */
  readonly pause: { readonly startedAt: number; readonly until: number; readonly length: number }
  readonly others: Others
  readonly day: Day | null
  /** When each process that shares the state was last seen. */
  readonly processes: { readonly [process: string]: number }
}

/** What is seen of other consumers of the same limit, as requests in one interval. */
interface Others {
  /** The most since a time, and the most in the interval before it. */
  readonly latest: number
  readonly previous: number
  readonly since: number
  /** The fewest that the current window of the service held, and when: their rate is measured from there. */
  readonly fewest: number
  readonly fewestAt: number
}

interface Day {
  readonly limit: number
  readonly left: number
  readonly resetsAt: number
  /** When one request may find out whether an exhausted quota is still exhausted. */
  readonly probeAt: number
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
  readonly priority: Priority
  /** How long the request may take at most. */
  readonly leaseMillis: number
}

/** What came back for a request. */
export interface Outcome {
  readonly isRefused: boolean
  readonly retryAfterMillis: number | undefined
  readonly told: RateLimitHeaders | undefined
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

export const initialState = ({ limit, interval }: Settings): LimitState => ({
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
  others: { latest: 0, previous: 0, since: never, fewest: -never, fewestAt: never },
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

/** Whether requests go in parts: what others use must be seen before a crowd leaves. */
const isSpread = (state: LimitState, priority: Priority) =>
  priority === "bulk" || otherConsumers(state) > 0 || state.now - state.lastResponseAt > 2 * state.interval

const dayLeft = ({ day }: LimitState, { reserve }: Settings, priority: Priority) =>
  day === null ? Infinity : day.left - (priority === "bulk" ? Math.floor(day.limit * reserve) : 0)

/** Permits left in the current part of the interval. */
const leftInPart = (state: LimitState, settings: Settings, priority: Priority) =>
  isSpread(state, priority) ? Math.ceil(allowed(state, settings) / parts) - state.part.given : Infinity

/** Permits that there are now. */
const room = (state: LimitState, settings: Settings, priority: Priority): number => {
  const { now, day, pause } = state
  if (now < pause.until) return 0
  const left = dayLeft(state, settings, priority)
  const ofDay = left > 0 || day === null ? left : now >= day.probeAt ? 1 : 0
  return Math.min(allowed(state, settings) - used(state), leftInPart(state, settings, priority), ofDay)
}

/** How long the day's quota is exhausted for work of a priority; 0 where it is not, or where a request may probe it. */
export const exhaustedFor = (state: LimitState, settings: Settings, priority: Priority): number =>
  state.day === null || dayLeft(state, settings, priority) > 0 || state.now >= state.day.probeAt
    ? 0
    : Math.max(0, state.day.resetsAt - state.now)

export const pausedFor = ({ now, pause }: LimitState): number => Math.max(0, pause.until - now)

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
export const nextWakeUp = (state: LimitState, settings: Settings, priority: Priority): number => {
  if (room(state, settings, priority) > 0) return 0
  const closed = Math.max(pausedFor(state), exhaustedFor(state, settings, priority))
  if (closed > 0) return closed
  const over = used(state) - allowed(state, settings) + 1
  const expiring = over > 0 ? untilExpired(state, over, Infinity) : 0
  const nextPart = state.part.startedAt + state.interval / parts - state.now
  return Math.max(1, expiring, leftInPart(state, settings, priority) > 0 ? 0 : nextPart)
}

/** How long the caller at a place (from 1) of the queue has to wait at least: other consumers may be gone by then. */
export const estimateWait = (state: LimitState, settings: Settings, priority: Priority, place: number): number => {
  const most = ownShare(state, settings)
  const rounds = Math.floor((place - 1) / most)
  const over = used(state) - most + place - rounds * most
  // A request on its way may complete at once, and counts for an interval then.
  const expiring = over > 0 ? untilExpired(state, over, countsUntil(state, state.now)) : 0
  const first = Math.max(expiring, pausedFor(state), exhaustedFor(state, settings, priority))
  const spread = priority === "bulk" ? Math.floor((place - 1) / Math.ceil(most / parts)) * (state.interval / parts) : 0
  return Math.max(first + rounds * state.interval, spread)
}

// --- what changes it ---------------------------------------------------------------------------------------------------

/** When a request stops counting that completes at a time. */
const countsUntil = ({ interval }: LimitState, time: number, slices = slicesPerInterval) => {
  const slice = Math.ceil(interval / slices)
  return Math.ceil((time + interval + margin) / slice) * slice
}

/** The log with one more or one less request in a slice; `undefined` where there is no such request. */
const recount = (
  log: ReadonlyArray<Slice>,
  until: number,
  process: string,
  by: 1 | -1
): ReadonlyArray<Slice> | undefined => {
  let index = log.length
  while (index > 0 && log[index - 1]![0] > until) index -= 1
  let same = index - 1
  while (same >= 0 && log[same]![0] === until && log[same]![2] !== process) same -= 1
  const found = same >= 0 && log[same]![0] === until ? log[same] : undefined
  const count = (found?.[1] ?? 0) + by
  if (count < 0) return undefined
  const next = log.slice()
  if (count === 0) next.splice(same, 1)
  else if (found === undefined) next.splice(index, 0, [until, count, process])
  else next[same] = [until, count, process]
  return next
}

/** The same state by a clock that was set. */
const shifted = (state: LimitState, by: number): LimitState => ({
  ...state,
  now: state.now + by,
  log: state.log.map(([until, count, process]) => [until + by, count, process]),
  lastResponseAt: state.lastResponseAt + by,
  part: { ...state.part, startedAt: state.part.startedAt + by },
  pause: { ...state.pause, startedAt: state.pause.startedAt + by, until: state.pause.until + by },
  others: { ...state.others, since: state.others.since + by, fewestAt: state.others.fewestAt + by },
  day: state.day && { ...state.day, resetsAt: state.day.resetsAt + by, probeAt: state.day.probeAt + by },
  processes: Object.fromEntries(Object.entries(state.processes).map(([name, seenAt]) => [name, seenAt + by]))
})

/** The state at a time: what has passed until then is forgotten. */
export const advance = (before: LimitState, time: number): LimitState => {
  const state = time < before.now - clockTolerance ? shifted(before, time - before.now) : before
  const now = Math.max(time, state.now)
  let { log, expired, part, others, day } = state
  if (log.length > 0 && log[0]![0] <= now) {
    const gone = log.filter(([until]) => until <= now)
    log = log.slice(gone.length)
    for (const [, count] of gone) expired += count
  }
  const { interval } = state
  const partMillis = interval / parts
  if (now - part.startedAt >= partMillis) part = { startedAt: now - (now % partMillis), given: 0 }
  if (now - others.since >= interval) {
    const previous = now - others.since < 2 * interval ? others.latest : 0
    others = { ...others, latest: 0, previous, since: now - ((now - others.since) % interval) }
  }
  if (day !== null && now >= day.resetsAt) day = { ...day, left: day.limit, resetsAt: now + dayMillis }
  const { limit, given, completed, lastResponseAt, pause, processes } = state
  return { now, limit, interval, log, given, expired, completed, lastResponseAt, part, pause, others, day, processes }
}

/** Gives a permit, if there is one at the time of the state. */
export const acquire = (
  state: LimitState,
  settings: Settings,
  { priority, leaseMillis }: Wish,
  process: string
): { readonly state: LimitState; readonly grant: Grant } | undefined => {
  if (room(state, settings, priority) <= 0) return undefined
  const { now, day, expired, completed, part } = state
  const until = countsUntil(state, now + Math.min(leaseMillis, longestLease), parts)
  const given = state.given + 1
  const next = {
    ...state,
    given,
    log: recount(state.log, until, process, 1)!,
    part: { startedAt: part.startedAt, given: part.given + 1 },
    day: day && { ...day, left: day.left - 1, probeAt: day.left > 0 ? day.probeAt : now + probeEvery }
  }
  return { state: next, grant: { process, until, givenAt: now, given, expired, completed } }
}

/** Gives permits for the first of the wishes. */
export const acquireAll = (
  before: LimitState,
  settings: Settings,
  wishes: ReadonlyArray<Wish>,
  process: string
): { readonly state: LimitState; readonly result: ReadonlyArray<Grant> } => {
  let state = before
  const result: Array<Grant> = []
  for (const wish of wishes) {
    const given = acquire(state, settings, wish, process)
    if (given === undefined) break
    state = given.state
    result.push(given.grant)
  }
  return { state, result }
}

/** The request of a permit was not sent. */
export const release = (state: LimitState, { process, until }: Grant): LimitState => {
  const log = recount(state.log, until, process, -1)
  if (log === undefined) return state
  const day = state.day && { ...state.day, left: state.day.left + 1 }
  return { ...state, log, given: state.given - 1, day }
}

/** A request that was sent while the state could not be had. */
export const adopt = (state: LimitState, { process, until }: Grant): LimitState => ({
  ...state,
  given: state.given + 1,
  log: recount(state.log, until, process, 1)!
})

/** The pause after a response. Requests that were refused together pause once. */
const pauseAfter = ({ pause, interval }: LimitState, { givenAt }: Grant, outcome: Outcome, time: number) => {
  if (!outcome.isRefused) return pause.length === 0 || outcome.told === undefined ? pause : { ...pause, length: 0 }
  const { retryAfterMillis } = outcome
  if (retryAfterMillis !== undefined && retryAfterMillis > 0) {
    return { ...pause, until: Math.max(pause.until, time + Math.min(retryAfterMillis, longestPause)) }
  }
  if (givenAt < pause.startedAt) return pause
  const length = pause.length === 0 ? interval / parts : Math.min(2 * pause.length, interval)
  return { startedAt: time, until: Math.max(pause.until, time + length), length }
}

/**
 * What a response tells about other consumers: the requests that the service has counted and that cannot be our own. In
 * windows that slide, those are all of an interval; in fixed windows they are those since its beginning, and grow at a rate.
 */
const othersAfter = (state: LimitState, grant: Grant, time: number, { isRefused, told }: Outcome): Others => {
  const { others, limit, interval, given } = state
  if (told?.remaining === undefined || told.remaining > limit) return others
  const counted = limit - told.remaining + (isRefused ? 1 : 0)
  const seen = counted - Math.max(used(state), given - grant.expired)
  const atMost = counted - grant.completed - 1
  const elapsed = time - others.fewestAt
  const isMeasured = atMost >= others.fewest && elapsed >= interval * rateBase
  const came = isMeasured ? ((counted - given - others.fewest) / elapsed) * interval : 0
  const latest = Math.min(limit, Math.max(others.latest, seen, came))
  if (atMost < others.fewest) return { ...others, latest, fewest: atMost, fewestAt: grant.givenAt }
  return latest > others.latest ? { ...others, latest } : others
}

/** The request of a permit has ended at a time: it counts for one interval more. */
export const complete = (before: LimitState, grant: Grant, time: number, outcome: Outcome | undefined): LimitState => {
  // A permit whose lease has ended has left the log.
  const log = recount(before.log, grant.until, grant.process, -1)
  const { told } = outcome ?? {}
  const state: LimitState = {
    ...before,
    completed: before.completed + 1,
    given: log === undefined ? before.given + 1 : before.given,
    limit: told?.limit ?? before.limit,
    interval: told?.interval ?? before.interval
  }
  const counting = recount(log ?? before.log, countsUntil(state, time), grant.process, 1)!
  if (outcome === undefined) return { ...state, log: counting }
  const others = othersAfter(state, grant, time, outcome)
  const day = told?.day && {
    limit: told.day.limit,
    // Requests sent since may not have been counted yet.
    left: told.day.left - (state.given - grant.given),
    resetsAt: time + told.day.resetsIn,
    probeAt: time + probeEvery
  }
  return {
    ...state,
    log: counting,
    lastResponseAt: Math.max(state.lastResponseAt, time),
    pause: pauseAfter(state, grant, outcome, time),
    others: state.interval === before.interval ? others : { ...others, since: time },
    day: day ?? state.day
  }
}
