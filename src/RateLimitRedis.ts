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
import { inTime } from "./internal/lock.js"
import { type Given, type Log, monotonic } from "./internal/pacer.js"
import * as log from "./internal/slidingLog.js"
import * as RateLimit from "./RateLimit.js"

/** Where Redis did not answer, nobody waits for it: it is asked aside, so often (milliseconds), until it does. */
const askedAside = 1000

/** What Redis may take to answer: a request waits for it. */
const patience = 500

/** Processes take turns: so many slots are given to one of them at a time. */
const batch = 10

/** A request whose process does not say how it ended is taken to have had its answer after so long. */
const lease = 30_000

/**
 * The sliding log of slidingLog.ts, kept in Redis and by its clock. It is told what has ended and how many slots are
 * wanted, and answers how many there are, and how things stand.
 *
 * KEYS: the log, by when the answers came; the requests of the last part of the interval, by when they were let go; the
 * numbers; the processes, by when they were last seen.
 */
const script = `
local log, recent, numbers, processes = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local told = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stored = redis.call('GET', numbers)
local s = stored and cjson.decode(stored) or {
  epoch = now, limit = told.limit, interval = told.interval, departed = 0, expired = 0, heardAt = 0, strangers = 0, strangersAt = 0,
  seenAt = 0, told = 0, pausedAt = 0, pausedUntil = 0, pause = 0, dayLimit = 0, dayLeft = 0, dayEndsAt = 0
}

local function own()
  local left = s.limit - math.ceil(s.strangers * ${1 + log.headroom})
  return math.max(1, math.min(left, math.floor(s.limit * told.share)))
end
local function inFlight() return redis.call('ZCOUNT', log, '(' .. now, '+inf') end
local function part() return s.interval / ${log.parts} end
local function perPart() return math.ceil(own() / ${log.parts}) end
local function advance()
  s.expired = s.expired + redis.call('ZREMRANGEBYSCORE', log, '-inf', now - s.interval - ${log.margin})
  redis.call('ZREMRANGEBYSCORE', recent, '-inf', now - part())
  if s.strangers > 0 and now - s.strangersAt > s.interval then s.strangers = 0 end
  if s.dayLimit > 0 and now >= s.dayEndsAt then
    s.dayLeft = s.dayLimit
    s.dayEndsAt = now + 86400000
  end
end

local function hear(ended, answeredAt)
  local news = ended.news
  s.heardAt = math.max(s.heardAt, answeredAt)
  s.limit = news.limit or s.limit
  s.interval = news.interval or s.interval
  local isKnown = ended.epoch == s.epoch
  if isKnown and news.remaining and news.remaining <= s.limit then
    s.told = news.remaining - inFlight()
    local used = s.limit - news.remaining + (news.isRefused and 1 or 0)
    local most = s.departed - ended.expired
    if used > most then s.seenAt = now end
    if now - s.seenAt <= ${log.remembered} * s.interval then
      local others = math.max(0, used - redis.call('ZCOUNT', log, '(' .. (now - s.interval), now))
      if now - s.strangersAt <= part() then others = s.strangers + (others - s.strangers) * ${log.weight} end
      s.strangers = math.max(used - most, others)
      s.strangersAt = now
    end
  end
  if news.day then
    s.dayLimit = news.day.limit
    s.dayLeft = news.day.left - (isKnown and s.departed - ended.departed or 0)
    s.dayEndsAt = answeredAt + news.day.endsIn
  end
  if not news.isRefused then
    s.pause = 0
  elseif news.retryAfter and news.retryAfter > 0 then
    s.pausedAt = answeredAt
    s.pausedUntil = math.max(s.pausedUntil, answeredAt + math.min(news.retryAfter, ${log.longestPause}))
  elseif now - ended.age >= s.pausedAt then
    s.pause = math.min(s.pause == 0 and part() or s.pause * 2, s.interval)
    s.pausedAt = answeredAt
    s.pausedUntil = math.max(s.pausedUntil, answeredAt + s.pause)
  end
end

advance()
for _, ended in ipairs(told.ended) do
  if ended.isBack then
    if redis.call('ZREM', log, ended.member) == 1 then
      s.expired = s.expired + 1
      s.dayLeft = s.dayLeft + 1
    end
  else
    if ended.epoch ~= s.epoch then s.departed = s.departed + 1 end
    redis.call('ZADD', log, now - ended.ago, ended.member)
    if ended.news then hear(ended, now - ended.ago) end
  end
end
advance()

local function room(isBulk)
  if now < s.pausedUntil then return 0 end
  local free = own() - redis.call('ZCARD', log)
  if s.strangers > 0 then
    if s.told > 0 then free = math.min(free, s.told, perPart() - inFlight())
    elseif now - s.heardAt < part() / 4 then free = 0
    else free = math.min(free, 1 - inFlight()) end
  end
  if isBulk or now - s.heardAt > part() then free = math.min(free, perPart() - redis.call('ZCARD', recent)) end
  if s.dayLimit > 0 then
    free = math.min(free, isBulk and s.dayLeft - math.floor(s.dayLimit * told.reserve) or s.dayLeft)
  end
  return math.max(0, free)
end
local function letGo(count)
  for _ = 1, count do
    s.departed = s.departed + 1
    s.told = s.told - 1
    local member = told.process .. ':' .. s.epoch .. ':' .. s.departed
    redis.call('ZADD', log, now + ${lease}, member)
    redis.call('ZADD', recent, now, member)
    if s.dayLimit > 0 then s.dayLeft = s.dayLeft - 1 end
  end
end
local departed = s.departed
local interactive = math.min(told.interactive, room(false), ${batch})
letGo(interactive)
local bulk = math.min(told.bulk, room(true), ${batch} - interactive)
letGo(bulk)

redis.call('ZADD', processes, now, told.process)
redis.call('ZREMRANGEBYSCORE', processes, '-inf', now - 60000)
redis.call('SET', numbers, cjson.encode(s), 'PX', 2 * 86400000)
redis.call('PEXPIRE', log, ${lease} + 2 * s.interval)
redis.call('PEXPIRE', recent, ${lease} + 2 * s.interval)
redis.call('PEXPIRE', processes, 60000)

local function scores(key)
  local ages = {}
  local found = redis.call('ZRANGE', key, 0, 999, 'WITHSCORES')
  for index = 2, #found, 2 do ages[#ages + 1] = now - tonumber(found[index]) end
  return ages
end
local held = redis.call('ZCARD', log)
local isShort = told.interactive + told.bulk > interactive + bulk or 2 * held > own()
return cjson.encode({
  interactive = interactive, bulk = bulk, epoch = s.epoch, departed = departed, expired = s.expired,
  limit = s.limit, interval = s.interval, held = held, strangers = s.strangers, told = s.told,
  pausedFor = math.max(0, s.pausedUntil - now), heardAgo = now - s.heardAt,
  dayLimit = s.dayLimit, dayLeft = s.dayLeft, dayEndsIn = s.dayEndsAt - now,
  ages = isShort and scores(log) or {}, recentAges = isShort and scores(recent) or {},
  processes = redis.call('ZCARD', processes)
})
`

interface Reply {
  readonly interactive: number
  readonly bulk: number
  /** When the numbers began: they begin anew where Redis has lost them. */
  readonly epoch: number
  readonly departed: number
  readonly expired: number
  readonly limit: number
  readonly interval: number
  readonly held: number
  readonly strangers: number
  readonly told: number
  readonly pausedFor: number
  readonly heardAgo: number
  readonly dayLimit: number
  readonly dayLeft: number
  readonly dayEndsIn: number
  /** An empty list comes as an object. */
  readonly ages: { readonly [index: string]: number }
  readonly recentAges: { readonly [index: string]: number }
  readonly processes: number
}

/** A request that has ended, as Redis is told of it. With what Redis said when it let it go, if it did. */
interface Ended {
  readonly member: string
  readonly epoch?: number
  readonly at: number
  readonly takenAt: number
  readonly departed?: number
  readonly expired?: number
  readonly isBack?: true
  readonly news?: log.News
}

/** What is not told for so long is of no use any more: it has left the log. */
const kept = 10_000

const makeShared = (client: Redis, key: string, options: RateLimit.Options, clock: () => number): Log => {
  const settings = RateLimit.settings(options)
  const process = Math.random().toString(36).slice(2)
  let processes = 1
  /** What is let go here, whoever has allowed it: while Redis is away, a share of the limit, as many as there are processes. */
  const local = log.makeSlidingLog({
    ...settings,
    get share() {
      return settings.share / processes
    }
  })
  /** The shared log as it was told last. */
  let view = log.makeSlidingLog(settings)
  let viewedAt = -Infinity
  let granted = 0
  let isAway = false
  let askAt = -Infinity
  let ended: Array<Ended> = []
  let isTelling = false
  let members = 0
  let wake: () => void = constVoid
  const shared = new WeakMap<log.Entry, Pick<Ended, "member" | "epoch" | "departed" | "expired">>()

  const current = () => (isAway ? local : view)
  const part = (now: number) => current().look(now).interval / log.parts

  const viewOf = (reply: Reply, now: number): log.SlidingLog => {
    const state = log.makeState(reply)
    // Those to come are of requests that are on their way.
    for (const age of Object.values(reply.ages)) if (age >= 0) state.answers.push(now - age)
    for (const age of Object.values(reply.recentAges)) state.recent.push(now - age)
    state.inFlight = reply.held - state.answers.length()
    state.strangers = reply.strangers
    state.strangersAt = now
    state.told = reply.told
    state.heardAt = now - reply.heardAgo
    state.pausedUntil = now + reply.pausedFor
    if (reply.dayLimit > 0) {
      state.today = { limit: reply.dayLimit, left: reply.dayLeft, endsAt: now + reply.dayEndsIn }
    }
    return log.makeSlidingLog(settings, state)
  }

  const keys = ["log", "recent", "numbers", "processes"].map((name) => `${key}:${name}`)

  /** Tells Redis what has ended, and asks it for slots. */
  const exchanged = async (wanted: log.Wanted, time: number): Promise<Reply> => {
    const telling = ended
    ended = []
    const now = clock()
    const told = {
      ...wanted,
      ...settings,
      process,
      ended: telling.map(({ at, takenAt, ...one }) => ({ ...one, ago: Math.round(now - at), age: now - takenAt }))
    }
    // As ioredis types it: whatever a script returns.
    const replied = client
      .eval(script, keys.length, ...keys, JSON.stringify(told))
      .then((reply) => JSON.parse(reply as string) as Reply)
    try {
      const reply = await inTime(replied, Math.min(time, patience))
      processes = Math.max(1, reply.processes)
      viewedAt = clock()
      view = viewOf(reply, viewedAt)
      granted = reply.interactive + reply.bulk
      isAway = false
      return reply
    } catch (error) {
      // Somebody who had less time than that to wait is no reason to do without Redis.
      if (time >= patience) {
        isAway = true
        askAt = clock() + askedAside
      }
      ended = [...telling, ...ended].slice(-kept)
      replied.then(returned, constVoid)
      throw error
    }
  }

  /** Wants nothing, but tells and hears. */
  const refreshed = () => exchanged({ interactive: 0, bulk: 0 }, patience)

  /** Slots that come too late for those who wanted them. */
  const returned = (reply: Reply) => {
    const now = clock()
    for (const known of membersOf(reply)) ended.push({ ...known, at: now, takenAt: now, isBack: true })
    if (ended.length > 0) tell()
  }

  const membersOf = ({ interactive, bulk, epoch, departed, expired }: Reply) =>
    Array.from({ length: interactive + bulk }, (_, index) => ({
      member: `${process}:${epoch}:${departed + index + 1}`,
      epoch,
      departed: departed + index + 1,
      expired
    }))

  /** What has ended is told soon: others may be waiting for it. */
  const tell = () => {
    if (isTelling || isAway) return
    isTelling = true
    setTimeout(() => {
      refreshed().then(
        () => {
          isTelling = false
          if (view.free(clock()) > 0) wake()
          if (ended.length > 0) tell()
        },
        () => {
          isTelling = false
        }
      )
    }, 0)
  }

  const memberOf = (entry: log.Entry) => shared.get(entry) ?? { member: `${process}:away:${(members += 1)}` }

  const given = (reply: Reply, now: number): Given => {
    const entries = membersOf(reply).map((known) => {
      const entry = local.letGo(now)
      shared.set(entry, known)
      return entry
    })
    return { interactive: entries.slice(0, reply.interactive), bulk: entries.slice(reply.interactive) }
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
    takeOne: (priority, now) => (isWithout(now) ? local.takeOne(priority, now) : undefined),
    take: (wanted, time) =>
      Effect.promise(async () => {
        if (!isWithout(clock())) {
          const reply = await exchanged(wanted, time).catch(constVoid)
          if (reply !== undefined) return given(reply, clock())
        }
        return isAway ? log.takeAll(local, wanted, clock()) : { interactive: [], bulk: [] }
      }),
    dayOver: (priority, now) => current().dayOver(priority, now),
    // What was told long ago is no reason to refuse anybody: others may have left since.
    wait: (priority, place, now) => (isAway || now - viewedAt <= part(now) ? current().wait(priority, place, now) : 0),
    // Others change things without a word.
    again: (priority, now) => {
      if (!isAway && granted === batch) return 0
      return Math.max(1, Math.min(current().again(priority, now), part(now)))
    },
    settle: (entry, news, now) => {
      const changes = local.settle(entry, news, now)
      ended.push({ ...memberOf(entry), at: now, takenAt: entry.takenAt, ...(news === undefined ? {} : { news }) })
      tell()
      return changes
    },
    giveBack: (entry) => {
      local.giveBack(entry)
      const known = shared.get(entry)
      if (known === undefined) return
      ended.push({ ...known, at: clock(), takenAt: entry.takenAt, isBack: true })
      tell()
    },
    free: (now) => current().free(now),
    dayLeft: () => current().dayLeft(),
    look: (now) => current().look(now),
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
        makeShared(client, `${prefix}limit:{${key}}`, options, () => monotonic(clock))
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
