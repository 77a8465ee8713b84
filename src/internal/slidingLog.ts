// A sliding log of requests, and what the service's answers tell about its limits. All times are milliseconds of one clock.

import * as Times from "./times.js"

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
const day = 24 * hour

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
    retryAfter
  }
}

/**
 * A request in the log.
 *
 * - `expired`, `departed`: how many had left the log, and how many had come into it, when it was let go itself.
 * - `takenAt`: when that was.
 */
export interface Entry {
  readonly expired: number
  readonly departed: number
  readonly takenAt: number
}

export interface Wanted {
  readonly interactive: number
  readonly bulk: number
}

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

// --- the numbers that the Lua script of RateLimitRedis shares ----------------------------------------------------------

/** Clocks that count whole milliseconds, timers that are early by one, and clocks that are a little faster than ours. */
export const margin = 2

/** Requests go evenly in so many parts of the interval while nothing is known of what others use, and where they are bulk. */
export const parts = 10

/** Nobody is made to wait longer than this by a single 429: then one request goes and sees. */
export const longestPause = 60_000

/** The share of the strangers' requests that is left free beside them: they come when they come. */
export const headroom = 0.01

/** What an answer weighs in how many strangers there are: requests may overtake each other. */
export const weight = 0.25

/** For how many intervals strangers are looked for after they were certainly there. */
export const remembered = 2

// --- the log -----------------------------------------------------------------------------------------------------------

/**
 * - `answers`: when the answers came of those that are still in the log.
 * - `recent`: when those were let go that were let go in the last part of the interval.
 * - `departed`, `expired`: how many came into the log, and how many have left it.
 * - `heardAt`: when the service last answered; `told`: what was left by its word then, without those that left since.
 * - `strangers`, `strangersAt`: the requests of others that count, and when that was told; `seenAt`: when they were there for
 *   certain, not only by the look of it.
 * - `pause`: how long the current pause was meant to be, where no 429 said it.
 */
export interface State {
  limit: number
  interval: number
  readonly answers: Times.Times
  readonly recent: Times.Times
  inFlight: number
  departed: number
  expired: number
  heardAt: number
  strangers: number
  strangersAt: number
  seenAt: number
  told: number
  pausedAt: number
  pausedUntil: number
  pause: number
  today: { readonly limit: number; left: number; readonly endsAt: number } | undefined
}

export const makeState = ({ limit, interval }: Pick<Settings, "limit" | "interval">): State => ({
  limit,
  interval,
  answers: Times.make(),
  recent: Times.make(),
  inFlight: 0,
  departed: 0,
  expired: 0,
  heardAt: -Infinity,
  strangers: 0,
  strangersAt: -Infinity,
  seenAt: -Infinity,
  told: Infinity,
  pausedAt: -Infinity,
  pausedUntil: -Infinity,
  pause: 0,
  today: undefined
})

/** See `Log` in pacer.ts. */
export interface SlidingLog {
  readonly takeOne: (priority: keyof Wanted, now: number) => Entry | undefined
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
  const { answers, recent } = state

  const part = () => state.interval / parts

  const advance = (now: number) => {
    state.expired += answers.dropUntil(now - state.interval - margin)
    recent.dropUntil(now - part())
    if (state.strangers > 0 && now - state.strangersAt > state.interval) state.strangers = 0
    const { today } = state
    if (today !== undefined && now >= today.endsAt) state.today = { ...today, left: today.limit, endsAt: now + day }
  }

  /** What may be used here if there are no strangers. */
  const most = () => Math.max(1, Math.floor(state.limit * settings.share))

  /** What they leave of it, and never nothing: one request has to see whether they are still there. */
  const own = () => Math.max(1, Math.min(state.limit - Math.ceil(state.strangers * (1 + headroom)), most()))

  const held = () => state.inFlight + answers.length()

  const free = (now: number): number => {
    advance(now)
    return Math.max(0, own() - held())
  }

  const isDark = (now: number) => now - state.heardAt > part()

  const perPart = () => Math.ceil(own() / parts)

  const reserved = () => (state.today === undefined ? 0 : Math.floor(state.today.limit * settings.reserve))

  /**
   * Not all at once, so that others are seen when they come; and where the service has told that nothing is left, one goes
   * and sees.
   */
  const besideStrangers = (now: number): number => {
    if (state.told > 0) return Math.min(state.told, perPart() - state.inFlight)
    return now - state.heardAt < part() / 4 ? 0 : 1 - state.inFlight
  }

  const room = (priority: keyof Wanted, now: number): number => {
    if (now < state.pausedUntil) return 0
    const { today } = state
    const left = own() - held()
    const beside = state.strangers > 0 ? Math.min(left, besideStrangers(now)) : left
    const free = priority === "bulk" || isDark(now) ? Math.min(beside, perPart() - recent.length()) : beside
    if (today === undefined) return free
    return Math.min(free, priority === "bulk" ? today.left - reserved() : today.left)
  }

  const dayOver = (priority: keyof Wanted, now: number): number | undefined => {
    advance(now)
    const { today } = state
    if (today === undefined || today.left > (priority === "bulk" ? reserved() : 0)) return undefined
    return today.endsAt - now
  }

  const letGo = (now: number): Entry => {
    state.inFlight += 1
    state.departed += 1
    state.told -= 1
    recent.push(now)
    if (state.today !== undefined) state.today.left -= 1
    return { expired: state.expired, departed: state.departed, takenAt: now }
  }

  /** What the answer to a request tells. */
  const hear = (entry: Entry, news: News, now: number): void => {
    state.heardAt = now
    state.limit = news.limit ?? state.limit
    state.interval = news.interval ?? state.interval
    if (news.remaining !== undefined && news.remaining <= state.limit) {
      state.told = news.remaining - state.inFlight
      const used = state.limit - news.remaining + (news.isRefused ? 1 : 0)
      // At most those that were in the log when it was let go, and those that were let go since.
      const ours = state.departed - entry.expired
      if (used > ours) state.seenAt = now
      if (now - state.seenAt <= remembered * state.interval) {
        const others = Math.max(0, used - answers.countAfter(now - state.interval))
        const isStale = now - state.strangersAt > part()
        state.strangers = Math.max(
          used - ours,
          isStale ? others : state.strangers + (others - state.strangers) * weight
        )
        state.strangersAt = now
      }
    }
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

    takeOne: (priority, now) => {
      advance(now)
      return room(priority, now) > 0 ? letGo(now) : undefined
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
      const leaving = held() - own()
      const next = leaving >= 0 ? (answers.at(leaving) ?? Infinity) + state.interval + margin - now : Infinity
      const retold = state.strangers > 0 && state.told <= 0 ? Math.max(1, state.heardAt + part() / 4 - now) : Infinity
      return Math.min(next, retold, (recent.at(recent.length() - perPart()) ?? now) + part() - now)
    },

    settle: (entry, news, now) => {
      advance(now)
      const before = room("interactive", now)
      const isFirst = answers.length() === 0
      state.inFlight -= 1
      answers.push(now)
      if (news !== undefined) hear(entry, news, now)
      return isFirst || now < state.pausedUntil || room("interactive", now) > before
    },

    giveBack: () => {
      state.inFlight -= 1
      state.expired += 1
      if (state.today !== undefined) state.today.left += 1
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
      const entry = log.takeOne(priority, now)
      if (entry === undefined) break
      entries.push(entry)
    }
    return entries
  }
  return { interactive: taken("interactive"), bulk: taken("bulk") }
}
