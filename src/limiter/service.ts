// The limits of a service by key, and limits in memory.
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import * as Limit from "./limit.js"
import type { Limiter, Options, Permit, Service } from "./model.js"
import { monotonic } from "../runtime/timer.js"
import { Queue, type Store } from "./queue.js"

/** The documented limit. */
export const defaultLimit = 100

const inRange = (name: string, value: number, isInRange: boolean, range: string): number => {
  if (isInRange) return value
  throw new Error(`RateLimit: \`${name}\` is ${value}; it must be ${range}`)
}

/** Converts options to settings. Throws if an option is out of its range. */
export const makeSettings = (options: Options = {}): Limit.Settings => {
  const { limit = defaultLimit, share = 1, reserve = 0.05 } = options
  // `Duration.toMillis` converts a negative or invalid duration to 0, which the range check refuses.
  const interval = Duration.toMillis(options.interval ?? "10 seconds")
  return {
    limit: inRange("limit", limit, Number.isInteger(limit) && limit >= 1 && limit <= 1e12, "an integer from 1 to 1e12"),
    interval: inRange("interval", interval, interval >= 1 && interval <= 3_600_000, "from 1 millisecond to 1 hour"),
    share: inRange("share", share, share > 0 && share <= 1, "above 0 and at most 1"),
    reserve: inRange("reserve", reserve, reserve >= 0 && reserve < 1, "from 0 to below 1")
  }
}

/** The store of a limit in memory. */
const memoryStore = (settings: Limit.Settings, clock: Clock.Clock): Store => {
  const state = Limit.initialState(settings)
  const read = () => Limit.advance(state, monotonic(clock))
  return {
    settings: () => settings,
    read,
    isShared: () => false,
    acquire: (request) => Limit.acquire(read(), settings, request, ""),
    ask: () => Promise.resolve([]),
    complete: (record, outcome) => Limit.complete(read(), record, state.now, outcome),
    release: (record) => Limit.release(read(), record),
    isUsed: () => Limit.used(read()) > 0,
    isAvailable: () => true,
    refresh: Effect.void
  }
}

export const memoryLimiter =
  (settings: Limit.Settings) =>
  (key: string, clock: Clock.Clock): Queue =>
    new Queue(key, memoryStore(settings, clock), clock)

/** Limits by key. A limit is made when it is first opened, and kept while it is open or one of its requests counts. */
export const makeService = (make: (key: string, clock: Clock.Clock) => Queue): Service => {
  const limits = new Map<string, { readonly limiter: Queue; users: number }>()
  const forgetIdle = () => {
    for (const [key, { limiter, users }] of limits) if (users === 0 && limiter.isIdle()) limits.delete(key)
  }
  const opened = (key: string) =>
    Effect.clockWith((clock) =>
      Effect.sync(() => {
        forgetIdle()
        const limit = limits.get(key) ?? { limiter: make(key, clock), users: 0 }
        limit.users += 1
        limits.set(key, limit)
        return limit
      })
    )
  const closed = (limit: { users: number }) => Effect.sync(() => void (limit.users -= 1))
  return {
    open: (key) => Effect.map(Effect.acquireRelease(opened(key), closed), ({ limiter }) => limiter),
    states: Effect.suspend(() => Effect.forEach(limits.values(), ({ limiter }) => limiter.state))
  }
}

const unlimitedPermit: Permit = { complete: constVoid, release: constVoid }

/** No limit. */
export const unlimited: Limiter = {
  tryAcquire: () => unlimitedPermit,
  acquire: () => Effect.succeed(unlimitedPermit),
  state: Effect.succeed({
    key: "",
    limit: Infinity,
    interval: Duration.zero,
    used: 0,
    free: Infinity,
    waiting: 0,
    otherConsumers: 0,
    pausedFor: Duration.zero,
    day: Option.none(),
    isStoreAvailable: true
  })
}
