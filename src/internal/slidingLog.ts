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

/** Where fixed windows were seen that were none, they are looked for again after this, at the latest. */
export const longestDoubt = 60 * 60 * 1000

/** The service's clock may be so much faster or slower than ours. */
export const drift = 1e-4

/** What an answer weighs in how many strangers there are: requests may overtake each other. */
export const weight = 0.25

/** What it weighs where nothing was left in the last interval: strangers that are refused are not seen. */
export const weightWhereFull = weight / 8

/** For how many intervals it is known what was let go: for a window, when it may have begun, and the answer. */
export const kept = 3

/** For how many intervals strangers are looked for after they were certainly there. */
export const remembered = 2

/**
 * In a fixed window beside strangers, so many requests of those that may leave are kept back, and go this part of the
 * interval apart from the one before: something has to be heard until its end.
 */
export const looks = 3
export const lookApart = 1 / 4

// --- the log -----------------------------------------------------------------------------------------------------------

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
 *
 * What others use is what the service has counted beyond that. Its windows are taken to slide until an answer tells of fewer
 * requests than there have certainly been: then they are taken to be fixed, and to begin when that can have been.
 */
export const makeSlidingLog = (settings: Settings, state: State = makeState(settings)): SlidingLog => {
  const { answers, departures } = state

  const part = () => state.interval / parts

  const advance = (now: number) => {
    state.expired += answers.dropUntil(now - state.interval - margin)
    departures.dropUntil(now - kept * state.interval)
    if (state.strangers > 0 && now - state.strangersAt > state.interval) state.strangers = 0
    const { today } = state
    if (today !== undefined && now >= today.endsAt) state.today = { ...today, left: today.limit, endsAt: now + day }
  }

  /** What may be used here if there are no strangers. */
  const most = () => Math.max(1, Math.floor(state.limit * settings.share))

  /** What they leave of it, and never nothing: one request has to see whether they are still there. */
  const own = () => Math.max(1, Math.min(state.limit - Math.round(state.strangers), most()))

  const held = () => state.inFlight + answers.length()

  const free = (now: number): number => {
    advance(now)
    return Math.max(0, own() - held())
  }

  /** Whether it is not known what others use: those that left since it was not have to be answered first. */
  const isDark = (now: number) =>
    now - state.heardAt > part() || (state.heardUpTo < state.silentUpTo && now - state.heardSince <= part())

  const perPart = () => Math.ceil(own() / parts)

  const reserved = () => (state.today === undefined ? 0 : Math.floor(state.today.limit * settings.reserve))

  // --- fixed windows

  /** When the window of a moment had begun. */
  const windowOf = (time: number, windowAt: number) =>
    windowAt + Math.floor((time - windowAt) / state.interval) * state.interval

  const isSeen = (now: number) => now - state.seenAt <= remembered * state.interval

  /** One that goes and sees. It does not wait for one that hangs. */
  const look = (apart: number, now: number) => (state.inFlight === 0 || now - state.departedAt >= apart ? 1 : 0)

  /** Until the next one of those that are kept back. */
  const untilLook = (now: number) => state.departedAt + lookApart * state.interval - now

  /** What may leave in a fixed window: at its beginning one goes and sees; then what is not for strangers that are to come. */
  const roomInWindow = (now: number, windowAt: number): number => {
    if (state.heardOf <= windowOf(now, windowAt)) return look(lookApart * state.interval, now)
    const room = state.told - Math.max(0, Math.ceil(state.strangers - state.others))
    if (room <= looks) return untilLook(now) > 0 ? 0 : Math.min(state.told, 1)
    // As long as it is not known how many come in a window.
    if (state.seenTime < state.interval / 2) return Math.min(room, perPart() - departures.countAfter(now - part()))
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
      const since = departures.countAfter(now - state.interval + margin)
      if (count >= since - (state.departed - entry.departed) - entry.inFlight) return
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
    const others = Math.max(0, count - Math.max(0, departures.countAfter(began) - (state.departed - entry.departed)))
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
   * and sees.
   */
  const roomBeside = (now: number): number => {
    if (state.told > 0) return Math.min(own() - held(), state.told, perPart() - state.inFlight)
    return now - state.heardAt < part() / 4 ? 0 : Math.min(own() - held(), look(part(), now))
  }

  /** How many requests of others were in the last interval. `beyond`: those that certainly were. */
  const weigh = (entry: Entry, count: number, beyond: number, now: number): void => {
    if (!isSeen(now)) return
    // As if none had overtaken another.
    const ours = departures.countAfter(entry.takenAt - state.interval) - (state.departed - entry.departed)
    const others = Math.max(0, count - Math.max(0, ours))
    if (count >= state.limit) state.fullAt = now
    const wasFull = others < state.strangers && now - state.fullAt <= state.interval
    const isNew = !wasFull && now - state.strangersAt > part()
    const change = (others - state.strangers) * (wasFull ? weightWhereFull : weight)
    state.strangers = Math.max(beyond, isNew ? others : state.strangers + change)
    state.strangersAt = now
  }

  // --- both

  const isBeside = (now: number) => (state.windowAt === undefined ? state.strangers > 0 : isSeen(now))

  const room = (priority: keyof Wanted, now: number): number => {
    if (now < state.pausedUntil) return 0
    const { today, windowAt } = state
    const left = most() - held()
    const beside = !isBeside(now)
      ? left
      : windowAt === undefined
        ? roomBeside(now)
        : Math.min(left, roomInWindow(now, windowAt))
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

  const untilBeside = (now: number) => {
    const { windowAt } = state
    if (windowAt === undefined) {
      const look = state.told > 0 ? Infinity : Math.max(1, state.heardAt + part() / 4 - now)
      return Math.min(look, untilLess(own(), now))
    }
    const look = untilLook(now) > 0 ? untilLook(now) : Infinity
    const turn = windowOf(now, windowAt) + state.interval - now
    return Math.min(look, turn, untilLess(most(), now))
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
    if (news.remaining !== undefined && news.remaining <= state.limit) {
      const count = state.limit - news.remaining
      turn(entry, count, news.isRefused, now)
      if (entry.takenAt >= state.heardOf) {
        // Those that were on their way then, and those that left since, may not have been counted.
        state.told = news.remaining - (state.departed - entry.departed) - (entry.inFlight - 1)
      }
      // Those that were let go before a window was seen to turn may have been counted in the one before.
      if (entry.takenAt > state.turnedAt) {
        state.counted = count
        state.countedFrom = entry.since
      }
      state.heardOf = Math.max(state.heardOf, entry.takenAt)
      // At most those that were in the log when it was let go, and those that were let go since.
      const beyond = count + (news.isRefused ? 1 : 0) - (state.departed - entry.expired)
      if (beyond > 0) state.seenAt = now
      if (state.windowAt === undefined) weigh(entry, count, beyond, now)
      else if (!news.isRefused) measure(entry, count, now, state.windowAt)
    }
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
      return Math.min(evenly(now), isBeside(now) ? untilBeside(now) : untilLess(most(), now))
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
