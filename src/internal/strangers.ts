// Who else uses what the service allows, and what may leave beside them. All times are milliseconds of one clock.
//
// What others use is what the service has counted beyond what was let go here. Its windows are taken to slide until an answer
// tells of fewer requests than there have certainly been: then they are taken to be fixed, and to begin when that can have been.

import { type Entry, kept, margin, type Measures, parts, type State } from "./logState.js"
import type { News } from "./news.js"

// --- numbers that the Lua script of RateLimitRedis shares --------------------------------------------------------------

/** Where fixed windows were seen that were none, they are looked for again after this, at the latest. */
export const longestDoubt = 60 * 60 * 1000

/** The service's clock may be so much faster or slower than ours. */
export const drift = 1e-4

/** What an answer weighs in how many strangers there are: requests may overtake each other. */
export const weight = 0.25

/** What it weighs where nothing was left in the last interval: strangers that are refused are not seen. */
export const weightWhereFull = weight / 8

/** For how many intervals strangers are looked for after they were certainly there: until then, they are not forgotten. */
export const remembered = 2

/**
 * In a fixed window beside strangers, so many requests of those that may leave are kept back, and go this part of the
 * interval apart from the one before: something has to be heard until its end.
 */
export const looks = 3
export const lookApart = 1 / 4

/**
 * As long as it is not known how many strangers come in a fixed window, requests go this much faster than evenly: what is not
 * used until its end is lost.
 */
export const haste = 1.5

// -----------------------------------------------------------------------------------------------------------------------

/**
 * - `areThere`: whether there are any; `allowed`: how many the log may hold beside them.
 * - `room`: how many of those that are wanted may leave beside them, as far as they are concerned; `untilRoom`: when to look
 *   again.
 * - `hear`: what the answer to a request tells of them; `forget`: that nothing has been heard of them for long.
 */
export interface Strangers {
  readonly areThere: (now: number) => boolean
  readonly allowed: () => number
  readonly room: (now: number, wanted: number) => number
  readonly untilRoom: (now: number) => number
  readonly hear: (entry: Entry, news: News, now: number) => void
  readonly forget: (now: number) => void
}

export const makeStrangers = (state: State, { part, held, most, own, perPart }: Measures): Strangers => {
  const { departures } = state

  /** How many were let go after a time, up to a request and with it. */
  const upTo = (entry: Entry, time: number) => departures.countAfter(time) - (state.departed - entry.departed)

  // --- fixed windows

  /** When the window of a moment had begun. */
  const windowOf = (time: number, windowAt: number) =>
    windowAt + Math.floor((time - windowAt) / state.interval) * state.interval

  const isSeen = (now: number) => now - state.seenAt <= remembered * state.interval

  /** One that goes and sees. It does not wait for one that hangs. */
  const look = (apart: number, now: number) => (state.inFlight === 0 || now - state.departedAt >= apart ? 1 : 0)

  /** Until the next one of those that are kept back. */
  const untilLook = (now: number) => state.departedAt + lookApart * state.interval - now

  /**
   * What may leave in a fixed window: at its beginning one goes and sees; then what is not for strangers that are to come. Nothing
   * is kept back where all can go that want to: the last of them would wait for nobody.
   */
  const roomInWindow = (now: number, windowAt: number, wanted: number): number => {
    if (state.heardOf <= windowOf(now, windowAt)) return look(lookApart * state.interval, now)
    const room = state.told - Math.max(0, Math.ceil(state.strangers - state.others))
    if (room <= looks && wanted > room) return untilLook(now) > 0 ? 0 : Math.min(state.told, 1)
    if (state.seenTime < state.interval / 2) {
      return Math.min(room, Math.ceil(haste * perPart()) - departures.countAfter(now - part()))
    }
    return Math.min(room, perPart() - state.inFlight)
  }

  /** Windows slide after all, or what is told of them is not exact: longer each time, they are taken to. */
  const doubt = (now: number): void => {
    state.windowAt = undefined
    state.doubt = Math.min(Math.max(state.interval, state.doubt * 2), longestDoubt)
    state.unsureUntil = Math.max(state.unsureUntil, now + state.doubt)
  }

  /** Sees fixed windows, and when they turn. `count`: what the service has counted. */
  const turn = (entry: Entry, count: number, isRefused: boolean, now: number): void => {
    const { windowAt } = state
    if (windowAt === undefined) {
      if (now < state.unsureUntil) return
      if (count >= upTo(entry, now - state.interval + margin) - entry.inFlight) return
      state.windowAt = now
      state.windowWidth = state.interval
      // Few of the strangers may have been seen: that weighs little.
      state.seenOthers = state.strangers / parts
      state.seenTime = part()
    } else {
      const began = windowOf(now, windowAt)
      if (isRefused && state.heardOf <= began && entry.takenAt > began) {
        // It has not turned.
        doubt(now)
        return
      }
      if (entry.takenAt <= state.turnedAt || count >= entry.counted) return
      // That was counted in the one before.
      const from = entry.countedFrom
      const earliest = Math.max(from, windowOf(from, windowAt) + state.interval - state.windowWidth)
      if (earliest > now) {
        // None can have turned: what was learned of strangers by it is not so, either.
        doubt(now)
        state.strangers = 0
        state.seenAt = -Infinity
        return
      }
      if (state.heardOf > began) state.windowAt = now
      state.windowWidth = Math.max(0, windowOf(now, state.windowAt!) - earliest)
    }
    state.turnedAt = now
    state.othersAt = -Infinity
    state.counted = 0
  }

  /** How many strangers come in a fixed window, by how many came between two answers. */
  const measure = (entry: Entry, count: number, now: number, windowAt: number): void => {
    const began = windowOf(entry.takenAt, windowAt)
    const from = began - state.windowWidth - margin - (began - windowAt) * drift
    // Where it was not seen to turn, what is counted may be that of the one before; and that may be too long ago.
    if (state.turnedAt <= from || from < now - kept * state.interval) return
    // At most those that were let go since it may have begun.
    if (count > departures.countAfter(from)) state.seenAt = now
    if (entry.takenAt <= windowAt || entry.takenAt < state.othersAt) return
    const others = Math.max(0, count - Math.max(0, upTo(entry, began)))
    if (state.othersAt > began) {
      const time = entry.takenAt - state.othersAt
      const fading = Math.exp(-time / (remembered * state.interval))
      state.seenOthers = state.seenOthers * fading + others - state.others
      state.seenTime = state.seenTime * fading + time
    }
    state.others = others
    state.othersAt = entry.takenAt
    if (!isSeen(now)) return
    state.strangers = Math.min(state.limit, Math.max(0, (state.seenOthers / state.seenTime) * state.interval))
    state.strangersAt = now
  }

  // --- windows that slide

  /**
   * Not all at once, so that others are seen when they come; and where the service has told that nothing is left, one goes
   * and sees. After a while in which nothing was heard, a part of a stranger is none: where requests go in bunches, a slot that
   * the last answer of one left out would be lost until the next.
   */
  const roomBeside = (now: number): number => {
    const left = (now - state.heardAt > part() ? own(Math.floor(state.strangers)) : own()) - held()
    if (state.told > 0) return Math.min(left, state.told, perPart() - state.inFlight)
    return now - state.heardAt < part() / 4 ? 0 : Math.min(left, look(part(), now))
  }

  /** How many requests of others were in the last interval. `beyond`: those that certainly were. */
  const weigh = (entry: Entry, count: number, beyond: number, now: number): void => {
    if (!isSeen(now)) return
    // As if none had overtaken another.
    const others = Math.max(0, count - Math.max(0, upTo(entry, entry.takenAt - state.interval)))
    if (count >= state.limit) state.fullAt = now
    const wasFull = others < state.strangers && now - state.fullAt <= state.interval
    const isNew = !wasFull && now - state.strangersAt > part()
    const change = (others - state.strangers) * (wasFull ? weightWhereFull : weight)
    state.strangers = Math.max(beyond, isNew ? others : state.strangers + change)
    state.strangersAt = now
  }

  // --- both

  const areThere = (now: number) => (state.windowAt === undefined ? state.strangers > 0 : isSeen(now))

  const hear = (entry: Entry, { remaining, isRefused }: News, now: number): void => {
    if (remaining === undefined || remaining > state.limit) return
    const count = state.limit - remaining
    turn(entry, count, isRefused, now)
    if (entry.takenAt >= state.heardOf) {
      // Those that were on their way then, and those that left since, may not have been counted.
      state.told = remaining - (state.departed - entry.departed) - (entry.inFlight - 1)
    }
    // Those that were let go before a window was seen to turn may have been counted in the one before.
    if (entry.takenAt > state.turnedAt) {
      state.counted = count
      state.countedFrom = entry.since
    }
    state.heardOf = Math.max(state.heardOf, entry.takenAt)
    // At most those that were in the log when it was let go, and those that were let go since.
    const beyond = count + (isRefused ? 1 : 0) - (state.departed - entry.expired)
    if (beyond > 0) state.seenAt = now
    if (state.windowAt === undefined) weigh(entry, count, beyond, now)
    else if (!isRefused) measure(entry, count, now, state.windowAt)
  }

  return {
    areThere,
    // In a fixed window, what is theirs is kept back from what is left of it.
    allowed: () => (state.windowAt === undefined ? own() : most()),
    hear,
    forget: (now) => {
      if (state.strangers > 0 && now - state.strangersAt > state.interval && !isSeen(now)) state.strangers = 0
    },
    room: (now, wanted) => {
      const { windowAt } = state
      return windowAt === undefined ? roomBeside(now) : Math.min(most() - held(), roomInWindow(now, windowAt, wanted))
    },
    untilRoom: (now) => {
      const { windowAt } = state
      if (windowAt === undefined) return state.told > 0 ? Infinity : Math.max(1, state.heardAt + part() / 4 - now)
      const begins = windowOf(now, windowAt) + state.interval - now
      return untilLook(now) > 0 ? Math.min(untilLook(now), begins) : begins
    }
  }
}
