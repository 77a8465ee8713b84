// A sliding log of requests, and what the service's answers tell about its limits. All times are milliseconds of one clock.

import { type Entry, kept, makeState, margin, measuresOf, parts, type Settings, type State } from "./logState.js"
import { day, type News } from "./news.js"
import { makeStrangers } from "./strangers.js"

export interface Wanted {
  readonly interactive: number
  readonly bulk: number
}

/** How things stand. */
export interface Look {
  readonly limit: number
  readonly interval: number
  readonly strangers: number
  readonly used: number
  readonly free: number
  readonly pausedFor: number
  readonly day: { readonly limit: number; readonly left: number; readonly endsIn: number } | undefined
}

/** Nobody is made to wait longer than this by a single 429: then one request goes and sees. */
export const longestPause = 60_000

/** See `Log` in pacer.ts. `wanted`: how many slots are, with this one. */
export interface SlidingLog {
  readonly takeOne: (priority: keyof Wanted, now: number, wanted?: number) => Entry | undefined
  readonly dayOver: (priority: keyof Wanted, now: number) => number | undefined
  readonly wait: (priority: keyof Wanted, place: number, now: number) => number
  readonly again: (priority: keyof Wanted, now: number) => number
  readonly settle: (entry: Entry, news: News | undefined, now: number) => boolean
  readonly giveBack: (entry: Entry) => void
  readonly free: (now: number) => number
  readonly dayLeft: () => number | undefined
  readonly look: (now: number) => Look
  /** Lets a request go that was given its slot elsewhere. */
  readonly letGo: (now: number) => Entry
}

/**
 * A log in which no `interval` ever holds more than `limit` requests, wherever it starts, by the clock of the service: a
 * request is in it from when it is let go until `interval` after its answer came, for it has been counted before that.
 */
export const makeSlidingLog = (settings: Settings, state: State = makeState(settings)): SlidingLog => {
  const { answers, departures } = state
  const measures = measuresOf(state, settings)
  const { part, held, most, own, perPart } = measures
  const strangers = makeStrangers(state, measures)

  const advance = (now: number) => {
    state.expired += answers.dropUntil(now - state.interval - margin)
    departures.dropUntil(now - kept * state.interval)
    strangers.forget(now)
    const { today } = state
    if (today !== undefined && now >= today.endsAt) state.today = { ...today, left: today.limit, endsAt: now + day }
  }

  const free = (now: number): number => {
    advance(now)
    return Math.max(0, own() - held())
  }

  /** Whether it is not known what others use: those that left since it was not have to be answered first. */
  const isDark = (now: number) =>
    now - state.heardAt > part() || (state.heardUpTo < state.silentUpTo && now - state.heardSince <= part())

  const reserved = () => (state.today === undefined ? 0 : Math.floor(state.today.limit * settings.reserve))

  const room = (priority: keyof Wanted, now: number, wanted = Infinity): number => {
    if (now < state.pausedUntil) return 0
    const { today } = state
    const beside = strangers.areThere(now) ? strangers.room(now, wanted) : most() - held()
    const free =
      priority === "bulk" || isDark(now) ? Math.min(beside, perPart() - departures.countAfter(now - part())) : beside
    if (today === undefined) return free
    return Math.min(free, priority === "bulk" ? today.left - reserved() : today.left)
  }

  /** Until the next one may go, of those that go evenly. */
  const evenly = (now: number) => {
    const last = departures.at(departures.length() - perPart()) ?? now
    return last + part() > now ? last + part() - now : part()
  }

  /** Until the log holds less than so many. */
  const untilLess = (most: number, now: number) =>
    held() < most ? Infinity : (answers.at(held() - most) ?? Infinity) + state.interval + margin - now

  const dayOver = (priority: keyof Wanted, now: number): number | undefined => {
    advance(now)
    const { today } = state
    if (today === undefined || today.left > (priority === "bulk" ? reserved() : 0)) return undefined
    return today.endsAt - now
  }

  const letGo = (now: number): Entry => {
    state.inFlight += 1
    state.departed += 1
    state.departedAt = now
    state.told -= 1
    departures.push(now)
    if (state.today !== undefined) state.today.left -= 1
    const { expired, departed, inFlight, counted, countedFrom } = state
    return {
      expired,
      departed,
      inFlight,
      since: departures.at(departures.length() - inFlight) ?? now,
      counted,
      countedFrom,
      takenAt: now
    }
  }

  /** What the answer to a request tells. */
  const hear = (entry: Entry, news: News, now: number): void => {
    if (now - state.heardAt > state.interval) {
      state.silentUpTo = state.departed
      state.heardSince = now
    }
    state.heardAt = now
    state.limit = news.limit ?? state.limit
    if (news.interval !== undefined && news.interval !== state.interval) {
      state.interval = news.interval
      state.windowAt = undefined
    }
    strangers.hear(entry, news, now)
    state.heardUpTo = Math.max(state.heardUpTo, entry.departed)
    if (news.day !== undefined) {
      const { limit, left, endsIn } = news.day
      // Those that were let go since may not have been counted yet.
      state.today = { limit, left: left - (state.departed - entry.departed), endsAt: now + endsIn }
    }
    if (!news.isRefused) state.pause = 0
    else if (news.retryAfter !== undefined && news.retryAfter > 0) {
      state.pausedAt = now
      state.pausedUntil = Math.max(state.pausedUntil, now + Math.min(news.retryAfter, longestPause))
    } else if (entry.takenAt >= state.pausedAt) {
      // The first of those that were on their way: the others have nothing to add.
      state.pause = Math.min(state.pause === 0 ? part() : state.pause * 2, state.interval)
      state.pausedAt = now
      state.pausedUntil = Math.max(state.pausedUntil, now + state.pause)
    }
  }

  return {
    letGo,

    takeOne: (priority, now, wanted = 1) => {
      advance(now)
      return room(priority, now, wanted) > 0 ? letGo(now) : undefined
    },

    dayOver,

    wait: (priority, place, now) => {
      advance(now)
      // Strangers may be gone by then.
      const rounds = Math.floor((place - 1) / most())
      const leaving = held() - most() + (place - rounds * most())
      const free = leaving <= 0 ? now : (answers.at(leaving - 1) ?? now) + state.interval + margin
      const wait = Math.max(free - now, state.pausedUntil - now, dayOver(priority, now) ?? 0) + rounds * state.interval
      return priority === "bulk" ? Math.max(wait, Math.floor((place - 1) / Math.ceil(most() / parts)) * part()) : wait
    },

    again: (priority, now) => {
      advance(now)
      if (room(priority, now) > 0) return 0
      const closed = Math.max(state.pausedUntil - now, dayOver(priority, now) ?? 0)
      if (closed > 0) return closed
      // What an answer brings may come before that: see settle.
      if (!strangers.areThere(now)) return Math.min(evenly(now), untilLess(most(), now))
      return Math.min(evenly(now), strangers.untilRoom(now), untilLess(strangers.allowed(), now))
    },

    settle: (entry, news, now) => {
      advance(now)
      const before = room("interactive", now)
      const isFirst = answers.length() === 0
      state.inFlight -= 1
      answers.push(now)
      if (news?.isRefused === true) departures.remove(entry.takenAt)
      else if (news?.remaining === undefined) state.unsureUntil = Math.max(state.unsureUntil, now + state.interval)
      if (news !== undefined) hear(entry, news, now)
      return isFirst || now < state.pausedUntil || room("interactive", now) > before
    },

    giveBack: (entry) => {
      state.inFlight -= 1
      state.expired += 1
      state.told += 1
      departures.remove(entry.takenAt)
      // Where the service has told of a later one since, it was not counted off.
      const { today } = state
      if (today !== undefined && entry.departed > state.heardUpTo) today.left = Math.min(today.limit, today.left + 1)
    },

    free,

    dayLeft: () => state.today && Math.max(0, state.today.left),

    look: (now) => {
      advance(now)
      const { limit, interval, strangers, pausedUntil, today } = state
      return {
        limit,
        interval,
        strangers: Math.round(strangers),
        used: held(),
        free: free(now),
        pausedFor: Math.max(0, pausedUntil - now),
        day: today && { limit: today.limit, left: Math.max(0, today.left), endsIn: today.endsAt - now }
      }
    }
  }
}

/** As many slots as are wanted and there are. */
export const takeAll = (log: SlidingLog, wanted: Wanted, now: number) => {
  const taken = (priority: keyof Wanted): ReadonlyArray<Entry> => {
    const entries: Array<Entry> = []
    while (entries.length < wanted[priority]) {
      const entry = log.takeOne(priority, now, wanted[priority] - entries.length)
      if (entry === undefined) break
      entries.push(entry)
    }
    return entries
  }
  return { interactive: taken("interactive"), bulk: taken("bulk") }
}
