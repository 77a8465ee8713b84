/**
 * A limit that processes and machines share through Redis.
 *
 * Needs `ioredis`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Layer from "effect/Layer"
import type { Redis } from "ioredis"
import { createHash } from "node:crypto"
import { inTime } from "./internal/lock.js"
import { type Given, type Log } from "./internal/pacer.js"
import { monotonic } from "./runtime/timer.js"
import * as LogState from "./internal/logState.js"
import { day, type News } from "./internal/news.js"
import { longestPause, makeSlidingLog, type SlidingLog, takeAll, type Wanted } from "./internal/slidingLog.js"
import * as Strangers from "./internal/strangers.js"
import * as RateLimit from "./RateLimit.js"

/** Where Redis did not answer, nobody waits for it: it is asked aside, so often (milliseconds), until it does. */
const askedAside = 1000

/** What has ended is told so soon (milliseconds), together with what ends until then. */
const toldAfter = 5

/** What Redis may take to answer: a request waits for it. */
const patience = 500

/** Processes take turns: so many slots are given to one of them at a time. */
const batch = 10

/**
 * Slots that become free so soon (milliseconds) are given to those that wait now: they need not ask again for each. A pause that
 * only others have heard of does not hold them back.
 */
const ahead = 100

/** A request whose process does not say how it ended is taken to have had its answer after so long. */
const lease = 30_000

/**
 * The sliding log of slidingLog.ts and the strangers of strangers.ts, kept in Redis and by its clock, function by function.
 * It is told what has ended and how many slots are wanted, and answers how many there are, and how things stand.
 *
 * KEYS: the log, by when the answers came; the requests of the last intervals, by when they were let go; the numbers; the
 * processes, by when they were last seen.
 */
const script = `
local log, departures, numbers, processes = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local told = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stored = redis.call('GET', numbers)
local s = {
  epoch = now, limit = told.limit, interval = told.interval, departed = 0, expired = 0, departedAt = 0,
  heardAt = 0, heardSince = 0, heardOf = 0, heardUpTo = 0, silentUpTo = 0, told = 0, counted = 0, countedFrom = 0,
  pausedAt = 0, pausedUntil = 0, pause = 0, dayLimit = 0, dayLeft = 0, dayEndsAt = 0,
  strangers = 0, strangersAt = 0, seenAt = 0, fullAt = 0,
  unsureUntil = 0, doubt = 0, windowAt = 0, windowWidth = 0, turnedAt = 0, others = 0, othersAt = 0, seenOthers = 0, seenTime = 0
}
if stored then
  for name, value in pairs(cjson.decode(stored)) do s[name] = value end
end

local function round(number) return math.floor(number + 0.5) end
local function most() return math.max(1, math.floor(s.limit * told.share)) end
local function own(strangers) return math.max(1, math.min(s.limit - (strangers or round(s.strangers)), most())) end
local function held() return redis.call('ZCARD', log) end
local function inFlight() return redis.call('ZCOUNT', log, '(' .. now, '+inf') end
local function departedAfter(time) return redis.call('ZCOUNT', departures, '(' .. time, '+inf') end
local function departedUpTo(entry, time) return departedAfter(time) - (s.departed - entry.departed) end
local function part() return s.interval / ${LogState.parts} end
local function perPart() return math.ceil(own() / ${LogState.parts}) end
local function isDark()
  return now - s.heardAt > part() or s.heardUpTo < s.silentUpTo and now - s.heardSince <= part()
end
local function isSeen() return now - s.seenAt <= ${Strangers.remembered} * s.interval end
local function windowOf(time) return s.windowAt + math.floor((time - s.windowAt) / s.interval) * s.interval end
local function advance()
  s.expired = s.expired + redis.call('ZREMRANGEBYSCORE', log, '-inf', now - s.interval - ${LogState.margin})
  redis.call('ZREMRANGEBYSCORE', departures, '-inf', now - ${LogState.kept} * s.interval)
  if s.strangers > 0 and now - s.strangersAt > s.interval and not isSeen() then s.strangers = 0 end
  if s.dayLimit > 0 and now >= s.dayEndsAt then
    s.dayLeft = s.dayLimit
    s.dayEndsAt = now + ${day}
  end
end

local function look(apart) return (inFlight() == 0 or now - s.departedAt >= apart) and 1 or 0 end
local function doubt(at)
  s.windowAt = 0
  s.doubt = math.min(math.max(s.interval, s.doubt * 2), ${Strangers.longestDoubt})
  s.unsureUntil = math.max(s.unsureUntil, at + s.doubt)
end

local function turn(entry, count, isRefused, at)
  if s.windowAt == 0 then
    if at < s.unsureUntil then return end
    if count >= departedUpTo(entry, at - s.interval + ${LogState.margin}) - entry.inFlight then return end
    s.windowAt = at
    s.windowWidth = s.interval
    s.seenOthers = s.strangers / ${LogState.parts}
    s.seenTime = part()
  else
    local began = windowOf(at)
    if isRefused and s.heardOf <= began and entry.takenAt > began then
      doubt(at)
      return
    end
    if entry.takenAt <= s.turnedAt or count >= entry.counted then return end
    local from = entry.countedFrom
    local earliest = math.max(from, windowOf(from) + s.interval - s.windowWidth)
    if earliest > at then
      doubt(at)
      s.strangers = 0
      s.seenAt = 0
      return
    end
    if s.heardOf > began then s.windowAt = at end
    s.windowWidth = math.max(0, windowOf(at) - earliest)
  end
  -- Those that Redis let go before it was told of this do not tell of another.
  s.turnedAt = now
  s.othersAt = 0
  s.counted = 0
end

local function measure(entry, count, at)
  local began = windowOf(entry.takenAt)
  local from = began - s.windowWidth - ${LogState.margin} - (began - s.windowAt) * ${Strangers.drift}
  if s.turnedAt <= from or from < now - ${LogState.kept} * s.interval then return end
  if count > departedAfter(from) then s.seenAt = at end
  if entry.takenAt <= s.windowAt or entry.takenAt < s.othersAt then return end
  local others = math.max(0, count - math.max(0, departedUpTo(entry, began)))
  if s.othersAt > began then
    local time = entry.takenAt - s.othersAt
    local fading = math.exp(-time / (${Strangers.remembered} * s.interval))
    s.seenOthers = s.seenOthers * fading + others - s.others
    s.seenTime = s.seenTime * fading + time
  end
  s.others = others
  s.othersAt = entry.takenAt
  if not isSeen() then return end
  s.strangers = math.min(s.limit, math.max(0, s.seenOthers / s.seenTime * s.interval))
  s.strangersAt = at
end

local function weigh(entry, count, beyond, at)
  if not isSeen() then return end
  local others = math.max(0, count - math.max(0, departedUpTo(entry, entry.takenAt - s.interval)))
  if count >= s.limit then s.fullAt = at end
  local wasFull = others < s.strangers and at - s.fullAt <= s.interval
  local isNew = not wasFull and at - s.strangersAt > part()
  local change = (others - s.strangers) * (wasFull and ${Strangers.weightWhereFull} or ${Strangers.weight})
  s.strangers = math.max(beyond, isNew and others or s.strangers + change)
  s.strangersAt = at
end

local function hear(entry, news, at)
  if at - s.heardAt > s.interval then
    s.silentUpTo = s.departed
    s.heardSince = at
  end
  s.heardAt = math.max(s.heardAt, at)
  s.limit = news.limit or s.limit
  if news.interval and news.interval ~= s.interval then
    s.interval = news.interval
    s.windowAt = 0
  end
  -- What Redis has lost is not compared.
  local isKnown = entry.epoch == s.epoch
  if isKnown and news.remaining and news.remaining <= s.limit then
    local count = s.limit - news.remaining
    turn(entry, count, news.isRefused, at)
    if entry.takenAt >= s.heardOf then
      s.told = news.remaining - (s.departed - entry.departed) - (entry.inFlight - 1)
    end
    if entry.takenAt > s.turnedAt then
      s.counted = count
      s.countedFrom = entry.since
    end
    s.heardOf = math.max(s.heardOf, entry.takenAt)
    -- Those that have their slots, but have not left, are not among them.
    local beyond = count + (news.isRefused and 1 or 0) - (s.departed - departedAfter(at) - entry.expired)
    if beyond > 0 then s.seenAt = at end
    if s.windowAt == 0 then weigh(entry, count, beyond, at)
    elseif not news.isRefused then measure(entry, count, at) end
  end
  if isKnown then
    s.heardUpTo = math.max(s.heardUpTo, entry.departed)
  end
  if news.day then
    s.dayLimit = news.day.limit
    s.dayLeft = news.day.left - (isKnown and s.departed - entry.departed or 0)
    s.dayEndsAt = at + news.day.endsIn
  end
  if not news.isRefused then
    s.pause = 0
  elseif news.retryAfter and news.retryAfter > 0 then
    s.pausedAt = at
    s.pausedUntil = math.max(s.pausedUntil, at + math.min(news.retryAfter, ${longestPause}))
  elseif now - entry.age >= s.pausedAt then
    s.pause = math.min(s.pause == 0 and part() or s.pause * 2, s.interval)
    s.pausedAt = at
    s.pausedUntil = math.max(s.pausedUntil, at + s.pause)
  end
end

-- One that was let go without Redis.
local function arrive(one)
  if redis.call('ZADD', departures, now - one.age, one.member) == 1 then s.departed = s.departed + 1 end
end

advance()
for _, one in ipairs(told.onTheirWay) do
  arrive(one)
  redis.call('ZADD', log, now + ${lease}, one.member)
end
for _, ended in ipairs(told.ended) do
  if ended.isBack then
    if redis.call('ZREM', log, ended.member) == 1 then
      redis.call('ZREM', departures, ended.member)
      s.expired = s.expired + 1
      s.told = s.told + 1
      if ended.epoch == s.epoch and ended.departed > s.heardUpTo then s.dayLeft = math.min(s.dayLimit, s.dayLeft + 1) end
    end
  else
    if ended.epoch ~= s.epoch then arrive(ended) end
    redis.call('ZADD', log, now - ended.ago, ended.member)
    if ended.news and ended.news.isRefused then redis.call('ZREM', departures, ended.member)
    elseif ended.epoch ~= s.epoch or not ended.news or not ended.news.remaining then
      s.unsureUntil = math.max(s.unsureUntil, now - ended.ago + s.interval)
    end
    if ended.news then
      hear(ended, ended.news, now - ended.ago)
    end
  end
end
advance()

local function roomInWindow(wanted)
  if s.heardOf <= windowOf(now) then return look(${Strangers.lookApart} * s.interval) end
  local room = s.told - math.max(0, math.ceil(s.strangers - s.others))
  if room <= ${Strangers.looks} and wanted > room then
    if s.departedAt + ${Strangers.lookApart} * s.interval > now then return 0 end
    return math.min(s.told, 1)
  end
  if s.seenTime < s.interval / 2 then
    return math.min(room, math.ceil(${Strangers.haste} * perPart()) - departedAfter(now - part()))
  end
  return math.min(room, perPart() - inFlight())
end
local function roomBeside()
  local left = own(now - s.heardAt > part() and math.floor(s.strangers) or nil) - held()
  if s.told > 0 then return math.min(left, s.told, perPart() - inFlight()) end
  if now - s.heardAt < part() / 4 then return 0 end
  return math.min(left, look(part()))
end
local function room(isBulk, wanted)
  if now < s.pausedUntil then return 0 end
  local free = most() - held()
  if s.windowAt == 0 then
    if s.strangers > 0 then free = roomBeside() end
  elseif isSeen() then free = math.min(free, roomInWindow(wanted)) end
  if isBulk or isDark() then free = math.min(free, perPart() - departedAfter(now - part())) end
  if s.dayLimit > 0 then
    free = math.min(free, isBulk and s.dayLeft - math.floor(s.dayLimit * told.reserve) or s.dayLeft)
  end
  return math.max(0, free)
end
local function letGo(at)
  s.departedAt = at
  s.departed = s.departed + 1
  s.told = s.told - 1
  local member = told.process .. ':' .. s.epoch .. ':' .. s.departed
  redis.call('ZADD', log, at + ${lease}, member)
  redis.call('ZADD', departures, at, member)
  if s.dayLimit > 0 then s.dayLeft = s.dayLeft - 1 end
end
local function taken(wanted, atMost, isBulk)
  local count = 0
  while count < math.min(wanted, atMost) and room(isBulk, wanted - count) > 0 do
    letGo(now)
    count = count + 1
  end
  return count
end
-- When the next slots become free, after so many of the log that leave no room: where nothing but the log decides, not answers.
local function slotsToCome(wanted, first)
  if now < s.pausedUntil or s.windowAt == 0 and s.strangers > 0 or s.windowAt ~= 0 and isSeen() then return {} end
  if isDark() then wanted = math.min(wanted, perPart() - departedAfter(now - part())) end
  if s.dayLimit > 0 then wanted = math.min(wanted, s.dayLeft) end
  local times = {}
  if wanted <= 0 or first < 0 then return times end
  local ends = redis.call('ZRANGE', log, first, first + wanted - 1, 'WITHSCORES')
  for index = 2, #ends, 2 do
    local at = tonumber(ends[index]) + s.interval + ${LogState.margin}
    if at > now + ${ahead} then break end
    times[#times + 1] = at
  end
  return times
end
local flying = inFlight()
local first = flying > 0 and redis.call('ZRANGE', departures, -flying, -flying, 'WITHSCORES')[2]
local entry = {
  epoch = s.epoch, departed = s.departed, expired = s.expired, inFlight = flying, since = first and tonumber(first) or now,
  counted = s.counted, countedFrom = s.countedFrom, takenAt = now
}
local interactive = taken(told.interactive, ${batch}, false)
local bulk = taken(told.bulk, ${batch} - interactive, true)
-- Those that others have been given before are in the log, too.
local expiring = held() - most()
local coming = slotsToCome(math.min(told.interactive - interactive, ${batch} - interactive - bulk), expiring)
for _, at in ipairs(coming) do letGo(at) end

redis.call('ZADD', processes, now, told.process)
redis.call('ZREMRANGEBYSCORE', processes, '-inf', now - 60000)
local known = cjson.encode(s)
redis.call('SET', numbers, known, 'PX', ${2 * day})
redis.call('PEXPIRE', log, ${lease} + 2 * s.interval)
redis.call('PEXPIRE', departures, ${lease} + 2 * s.interval)
redis.call('PEXPIRE', processes, 60000)

-- As one text: numbers cost more than all the rest of this script.
local function scores(key, first, last)
  local times = {}
  local found = redis.call('ZRANGE', key, first, last, 'WITHSCORES')
  for index = 2, #found, 2 do times[#times + 1] = found[index] end
  return table.concat(times, ',')
end
local isShort = told.interactive + told.bulk > interactive + bulk or 2 * held() > own()
local reply = cjson.encode({
  interactive = interactive, bulk = bulk, coming = table.concat(coming, ','), expiring = expiring,
  entry = entry, now = now, held = held(), toCome = departedAfter(now),
  ends = isShort and scores(log, 0, 999) or '', departures = isShort and scores(departures, -perPart(), -1) or '',
  processes = redis.call('ZCARD', processes)
})
return string.sub(reply, 1, -2) .. ',"numbers":' .. known .. '}'
`

const scriptId = createHash("sha1").update(script).digest("hex")

/** Runs the script, by its id: its text is sent where Redis does not have it. */
const evaluated = (client: Redis, keys: ReadonlyArray<string>, told: object): Promise<unknown> => {
  const rest = [keys.length, ...keys, JSON.stringify(told)] as const
  return client.evalsha(scriptId, ...rest).catch((error: unknown) => {
    if (String(error).includes("NOSCRIPT")) return client.eval(script, ...rest)
    throw error
  })
}

/** The numbers of the log, as Redis has them: times by its clock, or 0 for never. */
interface Numbers extends Omit<LogState.State, "answers" | "departures" | "inFlight" | "windowAt" | "today"> {
  readonly windowAt: number
  readonly dayLimit: number
  readonly dayLeft: number
  readonly dayEndsAt: number
}

interface Reply {
  readonly interactive: number
  readonly bulk: number
  /** When those slots become free that are given before they are: with commas between. */
  readonly coming: string
  /** How many have to leave the log before the first of them. */
  readonly expiring: number
  /** What is known of the slots of this reply: of the one before the first. */
  readonly entry: LogState.Entry & { readonly epoch: number }
  readonly now: number
  readonly numbers: Numbers
  readonly held: number
  /** Those of them that are not free yet. */
  readonly toCome: number
  /** When those in the log had their answers, or are taken to have had them, and when the last ones left: with commas between. */
  readonly ends: string
  readonly departures: string
  readonly processes: number
}

const timesIn = (texts: string): ReadonlyArray<number> => (texts === "" ? [] : texts.split(",").map(Number))

/**
 * A request that has ended, as Redis is told of it. With what Redis said when it let it go, if it did: by its clock.
 *
 * - `epoch`: when the numbers began: they begin anew where Redis has lost them.
 */
interface Ended extends Partial<LogState.Entry> {
  readonly member: string
  readonly epoch?: number
  readonly at: number
  /** By the clock here. */
  readonly leftAt: number
  readonly isBack?: true
  readonly news?: News
}

/** A slot, as Redis has given it. */
type Known = Omit<Ended, "at" | "leftAt" | "isBack" | "news"> & LogState.Entry

/** What is not told for so long is of no use any more: it has left the log. */
const kept = 10_000

const makeShared = (client: Redis, key: string, options: RateLimit.Options, clock: () => number): Log => {
  const settings = RateLimit.settings(options)
  const process = Math.random().toString(36).slice(2)
  let processes = 1
  /** What is let go here, whoever has allowed it: while Redis is away, a share of the limit, as many as there are processes. */
  const local = makeSlidingLog({
    ...settings,
    get share() {
      return settings.share / processes
    }
  })
  /** The shared log as it was told last. */
  let view = makeSlidingLog(settings)
  let viewedAt = -Infinity
  let toCome = 0
  let granted = 0
  /** Slots that are given before they are free, and from when they may be used here. */
  let coming: Array<{ readonly known: Known; readonly at: number }> = []
  let isAway = false
  let askAt = -Infinity
  let ended: Array<Ended> = []
  let isTelling = false
  /** Since when it has not answered. */
  let silentSince: number | undefined
  let members = 0
  /** Those that were let go while it was away and are on their way. */
  const away = new Set<LogState.Entry>()
  let wake: () => void = constVoid
  const shared = new WeakMap<LogState.Entry, Omit<Ended, "at" | "leftAt">>()

  const current = () => (isAway ? local : view)
  const part = (now: number) => current().look(now).interval / LogState.parts

  const viewOf = ({ ends, departures, held, numbers, now: asked }: Reply, now: number): SlidingLog => {
    const here = (time: number) => (time === 0 ? -Infinity : time - asked + now)
    const { dayLimit, dayLeft, dayEndsAt, ...known } = numbers
    const state: LogState.State = {
      ...LogState.makeState(numbers),
      ...known,
      departedAt: here(numbers.departedAt),
      heardAt: here(numbers.heardAt),
      heardSince: here(numbers.heardSince),
      heardOf: here(numbers.heardOf),
      countedFrom: here(numbers.countedFrom),
      pausedAt: here(numbers.pausedAt),
      pausedUntil: here(numbers.pausedUntil),
      // What was told last holds until it is asked again.
      strangersAt: now,
      seenAt: here(numbers.seenAt),
      fullAt: here(numbers.fullAt),
      unsureUntil: here(numbers.unsureUntil),
      windowAt: numbers.windowAt === 0 ? undefined : here(numbers.windowAt),
      turnedAt: here(numbers.turnedAt),
      othersAt: here(numbers.othersAt),
      today: dayLimit > 0 ? { limit: dayLimit, left: dayLeft, endsAt: here(dayEndsAt) } : undefined
    }
    // Those to come are of requests that are on their way.
    for (const end of timesIn(ends)) if (end <= asked) state.answers.push(end - asked + now)
    for (const departure of timesIn(departures)) state.departures.push(departure - asked + now)
    state.inFlight = held - state.answers.length()
    return makeSlidingLog(settings, state)
  }

  const keys = ["log", "departures", "numbers", "processes"].map((name) => `${key}:${name}`)

  /** Tells Redis what has ended, and asks it for slots. */
  const exchanged = async (wanted: Wanted, time: number): Promise<Reply> => {
    const telling = ended
    ended = []
    const now = clock()
    const told = {
      ...wanted,
      ...settings,
      process,
      onTheirWay: isAway ? Array.from(away, (entry) => ({ ...shared.get(entry), age: now - entry.takenAt })) : [],
      ended: telling.map(({ at, leftAt, ...one }) => ({ ...one, ago: Math.round(now - at), age: now - leftAt }))
    }
    // As ioredis types it: whatever a script returns.
    const replied = evaluated(client, keys, told).then((reply) => JSON.parse(reply as string) as Reply)
    silentSince ??= now
    // Once there is an answer that cannot be used: a refusal, or what no script of ours answers.
    let isUseless = false
    replied.then(
      () => {
        silentSince = undefined
        isUseless = true
      },
      () => (isUseless = true)
    )
    try {
      const reply = await inTime(replied, Math.min(time, patience))
      viewedAt = clock()
      view = viewOf(reply, viewedAt)
      toCome = reply.toCome
      processes = Math.max(1, reply.processes)
      isAway = false
      return reply
    } catch (error) {
      // Somebody who had less time than that to wait is no reason to do without Redis.
      if (isUseless || clock() - (silentSince ?? Infinity) >= patience) {
        isAway = true
        askAt = clock() + askedAside
      }
      // What is longer ago is taken to have ended.
      ended = [...telling, ...ended].filter(({ at }) => clock() - at < lease).slice(-kept)
      replied.then(returned).catch(constVoid)
      throw error
    }
  }

  /** Wants nothing, but tells and hears. */
  const refreshed = () => exchanged({ interactive: 0, bulk: 0 }, patience)

  /** Slots that come too late for those who wanted them. */
  const returned = (reply: Reply) => {
    askAt = clock()
    handBack(slotsOf(reply))
  }

  const handBack = (slots: ReadonlyArray<Known>) => {
    const now = clock()
    for (const known of slots) ended.push({ ...known, at: now, leftAt: now, isBack: true })
    if (ended.length > 0) tell()
  }

  /** The slots of a reply: those to come are the last. */
  const slotsOf = ({ interactive, bulk, coming, expiring, entry }: Reply): ReadonlyArray<Known> => {
    const times = timesIn(coming)
    const now = interactive + bulk
    return Array.from({ length: now + times.length }, (_, index) => {
      const departed = entry.departed + index + 1
      return {
        ...entry,
        member: `${process}:${entry.epoch}:${departed}`,
        departed,
        inFlight: entry.inFlight + index + 1,
        ...(index < now ? {} : { takenAt: times[index - now]!, expired: entry.expired + expiring + index - now + 1 })
      }
    })
  }

  /** Keeps so many of the slots to come. */
  const keepComing = (count: number) => {
    if (coming.length <= count) return
    const back = coming.slice(count)
    coming = coming.slice(0, count)
    handBack(back.map(({ known }) => known))
  }

  /** Those of the slots to come that have. */
  const come = (now: number): Given => {
    const due = coming.filter(({ at }) => at <= now)
    coming = coming.slice(due.length)
    return { interactive: due.map(({ known }) => letGo(known, now)), bulk: [] }
  }

  /** Others may be waiting for it. */
  const tell = () => {
    if (isTelling) return
    isTelling = true
    const wait = isAway ? Math.max(toldAfter, askAt - clock()) : toldAfter
    const timer = setTimeout(() => {
      refreshed().then(
        () => {
          isTelling = false
          if (view.free(clock()) > 0) wake()
          if (ended.length > 0) tell()
        },
        () => {
          isTelling = false
          if (ended.length > 0) tell()
        }
      )
    }, wait)
    // No process waits for it: what nobody tells of is taken to have ended after a while.
    if (isAway) timer.unref()
  }

  /** As Redis knows it, or will. */
  const memberOf = (entry: LogState.Entry): Omit<Ended, "at" | "leftAt"> => {
    away.delete(entry)
    // Each has one from when it was let go.
    return shared.get(entry)!
  }

  const lent = (entry: LogState.Entry) => {
    shared.set(entry, { member: `${process}:away:${(members += 1)}` })
    away.add(entry)
  }

  const letGo = (known: Known, now: number): LogState.Entry => {
    const entry = local.letGo(now)
    shared.set(entry, known)
    return entry
  }

  const given = (reply: Reply, now: number): Given => {
    const slots = slotsOf(reply)
    const { interactive, bulk, now: asked } = reply
    granted = slots.length
    coming = slots.slice(interactive + bulk).map((known) => ({ known, at: known.takenAt - asked + now }))
    return {
      interactive: slots.slice(0, interactive).map((known) => letGo(known, now)),
      bulk: slots.slice(interactive, interactive + bulk).map((known) => letGo(known, now))
    }
  }

  /** Whether Redis is to be done without. */
  const isWithout = (now: number): boolean => {
    if (isAway && now >= askAt) {
      askAt = now + askedAside
      refreshed().then(wake, constVoid)
    }
    return isAway
  }

  return {
    takeOne: (priority, now) => {
      const entry = isWithout(now) ? local.takeOne(priority, now) : undefined
      if (entry !== undefined) lent(entry)
      return entry
    },
    take: (wanted, time) => {
      keepComing(wanted.interactive)
      if (coming.length > 0) return Effect.sync(() => come(clock()))
      return Effect.promise(async () => {
        if (!isWithout(clock())) {
          const reply = await exchanged(wanted, time).catch(constVoid)
          if (reply !== undefined) return given(reply, clock())
        }
        if (!isAway) return { interactive: [], bulk: [] }
        const taken = takeAll(local, wanted, clock())
        for (const entry of [...taken.interactive, ...taken.bulk]) lent(entry)
        return taken
      })
    },
    rest: () => keepComing(0),
    dayOver: (priority, now) => current().dayOver(priority, now),
    // What was told long ago is no reason to refuse anybody: others may have left since.
    wait: (priority, place, now) => {
      const slot = coming[place - 1]
      if (slot !== undefined) return Math.max(0, slot.at - now)
      return isAway || now - viewedAt <= part(now) ? current().wait(priority, place - coming.length, now) : 0
    },
    // Others change things without a word.
    again: (priority, now) => {
      if (coming.length > 0) return Math.max(0, coming[0]!.at - now)
      if (!isAway && granted === batch) return 0
      return Math.max(1, Math.min(current().again(priority, now), part(now)))
    },
    settle: (entry, news, now) => {
      if (news?.isRefused === true) keepComing(0)
      const changes = local.settle(entry, news, now)
      ended.push({ ...memberOf(entry), at: now, leftAt: entry.takenAt, ...(news === undefined ? {} : { news }) })
      tell()
      return changes
    },
    giveBack: (entry) => {
      local.giveBack(entry)
      ended.push({ ...memberOf(entry), at: clock(), leftAt: entry.takenAt, isBack: true })
      tell()
    },
    free: (now) => current().free(now),
    dayLeft: () => current().dayLeft(),
    look: (now) => {
      const look = current().look(now)
      return isAway ? look : { ...look, used: Math.max(0, look.used - toCome) }
    },
    isUsed: (now) => local.look(now).used > 0 || ended.length > 0,
    refresh: Effect.promise(async () => {
      await refreshed().catch(constVoid)
    }),
    subscribe: (listener) => {
      wake = listener
    }
  }
}

/**
 * Limits on a connection of the app's own, which stays open; `TokenStoreRedis` can have the same. Keys begin with `prefix`,
 * `growthhub:` by default.
 *
 * While Redis does not answer, a process uses its share of the limit: one part of as many as there were processes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: RateLimit.Options & { readonly client: Redis; readonly prefix?: string | undefined }
): Effect.Effect<RateLimit.Service> =>
  Effect.sync(() => {
    const { client, prefix = "growthhub:" } = options
    return RateLimit.fromPacers((key, clock) =>
      // In braces, so that a cluster keeps the keys of one limit together.
      RateLimit.fromLog(
        key,
        makeShared(client, `${prefix}limit:{${key}}`, options, () => monotonic(clock)),
        clock
      )
    )
  })

/**
 * {@link make}, for all services that it is provided to.
 *
 * @example
 * import { FetchHttpClient } from "@effect/platform"
 * import { Layer } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as RateLimitRedis from "effect-growthhub/RateLimitRedis"
 * import { Redis } from "ioredis"
 *
 * export const Contacts = ContactsService.layerConfig().pipe(
 *   Layer.provide(FetchHttpClient.layer),
 *   Layer.provide(RateLimitRedis.layer({ client: new Redis("redis://localhost:6379") }))
 * )
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: RateLimit.Options & { readonly client: Redis; readonly prefix?: string | undefined }
): Layer.Layer<RateLimit.RateLimit> => Layer.effect(RateLimit.RateLimit, make(options))
