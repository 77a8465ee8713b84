// Who waits for a slot, and in which order slots are given away.
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Duration from "effect/Duration"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import type { Ask, Level, Pacer, Refusal, Slot } from "../RateLimit.js"
import { monotonic } from "../runtime/timer.js"
import type { Entry } from "./logState.js"
import { type News, newsOf } from "./news.js"
import { type Look, type SlidingLog, takeAll, type Wanted } from "./slidingLog.js"

/** Slots that a log has given away. */
export type Given = { readonly [priority in Level]: ReadonlyArray<Entry> }

/**
 * A log, here or shared with other processes. All times are milliseconds; `now` is by a clock that never goes back.
 *
 * - `takeOne`: a slot, if there is one now and nobody else has to be asked for it.
 * - `take`: as many slots as are wanted and there are, asked for no longer than `patience`.
 * - `dayOver`: until the day begins anew, if nothing of it is left for work of that priority.
 * - `wait`: how long the `place`th of those that wait has to, at least.
 * - `again`: when to look again if nothing is heard before.
 * - `settle`: the request has had its answer, or has none to expect; whether that changes anything for those that wait.
 * - `giveBack`: the request did not leave after all.
 * - `rest`: nobody waits any more.
 * - `free`, `dayLeft`, `look`: how things stand, as far as is known here.
 * - `isUsed`: whether any request of this process is in it, or has to be told of; where it is not said, that is as `look` says.
 */
export interface Log {
  readonly takeOne: (priority: Level, now: number) => Entry | undefined
  readonly take: (wanted: Wanted, patience: number) => Effect.Effect<Given>
  readonly dayOver: (priority: Level, now: number) => number | undefined
  readonly wait: (priority: Level, place: number, now: number) => number
  readonly again: (priority: Level, now: number) => number
  readonly settle: (entry: Entry, news: News | undefined, now: number) => boolean
  readonly giveBack: (entry: Entry) => void
  readonly rest?: () => void
  readonly free: (now: number) => number
  readonly dayLeft: () => number | undefined
  readonly look: (now: number) => Look
  readonly isUsed?: (now: number) => boolean
  /** Asks those who share it how things stand. */
  readonly refresh?: Effect.Effect<void>
  /** Told once whom to wake when others have changed something for those that wait. */
  readonly subscribe?: (wake: () => void) => void
}

/** A log in this process. */
export const logOf = (log: SlidingLog, clock: Clock.Clock): Log => ({
  ...log,
  take: (wanted) => Effect.sync(() => takeAll(log, wanted, monotonic(clock)))
})

/** What changes with each request. */
export interface Numbers {
  readonly free: number
  readonly waiting: number
  readonly dayLeft: number | undefined
}

interface Waiter {
  readonly priority: Level
  readonly until: number
  outcome: Effect.Effect<Entry, Refusal> | undefined
  entry: Entry | undefined
  resume: ((outcome: Effect.Effect<Entry, Refusal>) => void) | undefined
}

/** What a timer can wait. */
const longestSleep = 2 ** 31 - 1

/** By one clock, whoever waits. */
export const makePacer = (key: string, log: Log, clock: Clock.Clock, onChange: (numbers: Numbers) => void): Pacer => {
  const queues: { readonly [priority in Level]: Set<Waiter> } = { interactive: new Set(), bulk: new Set() }
  let isDispatching = false
  /** While the dispatcher rests: until when, and how to wake it. */
  let rest: { readonly until: number; readonly wake: () => void } | undefined
  let isWoken = false
  /** When the first of those that wait has to give up, at the earliest. */
  let earliest = Infinity

  const waiting = () => queues.interactive.size + queues.bulk.size

  const wake = () => {
    isWoken = true
    rest?.wake()
  }

  log.subscribe?.(() => {
    if (isDispatching) wake()
  })

  const changed = (now: number) => onChange({ free: log.free(now), waiting: waiting(), dayLeft: log.dayLeft() })

  const finish = (waiter: Waiter, outcome: Effect.Effect<Entry, Refusal>) => {
    queues[waiter.priority].delete(waiter)
    waiter.outcome = outcome
    waiter.resume?.(outcome)
  }

  const deliver = (given: Given) => {
    for (const priority of ["interactive", "bulk"] as const) {
      for (const entry of given[priority]) {
        const [waiter] = queues[priority]
        // It has given up while the slot was on its way.
        if (waiter === undefined) log.giveBack(entry)
        else {
          waiter.entry = entry
          finish(waiter, Effect.succeed(entry))
        }
      }
    }
  }

  /** Whether the last one's turn comes before the first one has to give up: so does everybody's. */
  const isInTime = (now: number): boolean =>
    now < earliest &&
    now + log.wait(queues.bulk.size > 0 ? "bulk" : "interactive", waiting(), now) <= earliest &&
    log.dayOver("bulk", now) === undefined

  /** Refuses those that would wait in vain. */
  const sift = (now: number): void => {
    if (waiting() === 0 || isInTime(now)) return
    let place = 0
    earliest = Infinity
    for (const priority of ["interactive", "bulk"] as const) {
      const dayOver = log.dayOver(priority, now)
      for (const waiter of queues[priority]) {
        const refusal = refusalOf(dayOver, log.wait(priority, place + 1, now), waiter.until - now)
        if (refusal !== undefined) finish(waiter, Effect.fail(refusal))
        else {
          place += 1
          earliest = Math.min(earliest, waiter.until)
        }
      }
    }
  }

  const resting = (until: number, now: number): Effect.Effect<void> =>
    Effect.flatMap(
      Effect.fork(until === Infinity ? Effect.never : Effect.sleep(Math.min(Math.ceil(until - now), longestSleep))),
      (timer) =>
        Effect.async<void>((resume) => {
          const end = () => {
            // Not the next one's: a timer that was interrupted says so later.
            if (rest === own) rest = undefined
            resume(Effect.void)
          }
          const wake = () => {
            timer.unsafeInterruptAsFork(timer.id())
            end()
          }
          const own = { until, wake }
          rest = own
          timer.addObserver(end)
          if (isWoken) wake()
        })
    )

  /** Runs while somebody waits. */
  const dispatching: Effect.Effect<void> = Effect.suspend(() => {
    isWoken = false
    const wanted = { interactive: queues.interactive.size, bulk: queues.bulk.size }
    return Effect.flatMap(log.take(wanted, earliest - monotonic(clock)), (given) => {
      deliver(given)
      const now = monotonic(clock)
      sift(now)
      changed(now)
      if (waiting() === 0) {
        isDispatching = false
        earliest = Infinity
        log.rest?.()
        return Effect.void
      }
      const again = log.again(queues.interactive.size > 0 ? "interactive" : "bulk", now)
      return Effect.zipRight(resting(Math.min(now + again, earliest), now), dispatching)
    })
  })

  /** A log that breaks leaves nobody waiting. */
  const broken = (cause: Cause.Cause<never>) =>
    Effect.sync(() => {
      isDispatching = false
      earliest = Infinity
      for (const waiters of [queues.interactive, queues.bulk]) {
        for (const waiter of waiters) finish(waiter, Effect.failCause(cause))
      }
    })

  /** In a fiber of its own: whoever has begun to wait first may be the first to give up. */
  const dispatched = Effect.suspend(() => {
    if (isDispatching) return Effect.void
    isDispatching = true
    return Effect.forkDaemon(Effect.interruptible(Effect.withClock(Effect.onError(dispatching, broken), clock)))
  })

  const waited = (ask: Ask, now: number, restore: Restore): Effect.Effect<Entry, Refusal> => {
    const { priority, patience } = ask
    const place = (priority === "interactive" ? queues.interactive.size : waiting()) + 1
    const refusal = refusalOf(log.dayOver(priority, now), log.wait(priority, place, now), patience)
    if (refusal !== undefined) return Effect.fail(refusal)
    const waiter: Waiter = {
      priority,
      until: now + patience,
      outcome: undefined,
      entry: undefined,
      resume: undefined
    }
    queues[priority].add(waiter)
    earliest = Math.min(earliest, waiter.until)
    changed(now)
    // The dispatcher rests until the others may go: this one may go, or have to give up, before that.
    if (queues[priority].size === 1 || (rest !== undefined && waiter.until < rest.until)) wake()
    return Effect.onInterrupt(
      // The dispatcher is there or it is not: an interruption between the two would leave all others waiting.
      Effect.zipRight(
        dispatched,
        restore(
          Effect.async<Entry, Refusal>((resume) => {
            if (waiter.outcome === undefined) waiter.resume = resume
            else resume(waiter.outcome)
          })
        )
      ),
      () =>
        Effect.sync(() => {
          queues[priority].delete(waiter)
          if (waiter.entry !== undefined) log.giveBack(waiter.entry)
          wake()
        })
    )
  }

  /** A slot for an entry. A class: closures for each slot would cost more than the rest of it. */
  class Held implements HeldSlot {
    private hasLeft = false
    private isSettled = false
    onInterrupt: (() => void) | undefined

    constructor(private readonly entry: Entry) {}
    leave() {
      this.hasLeft = true
    }
    answered({ headers, status }: Parameters<Slot["answered"]>[0], retryAfter: number | undefined) {
      // It is told twice of most answers: of the head, and of the whole.
      if (!this.isSettled) this.settle(newsOf(headers, status === 429, retryAfter))
    }
    release() {
      // An attempt that has run out of time may still be told its answer.
      if (this.isSettled) return
      if (this.hasLeft) return this.settle(undefined)
      this.isSettled = true
      log.giveBack(this.entry)
      wake()
    }
    private settle(news: News | undefined) {
      this.isSettled = true
      const now = monotonic(clock)
      if (log.settle(this.entry, news, now) && isDispatching) wake()
      changed(now)
    }
  }

  return {
    withSlot: (ask, use, onRefusal) =>
      Effect.uninterruptibleMask((restore) => {
        const now = monotonic(clock)
        const { priority } = ask
        const isFirst = priority === "interactive" ? queues.interactive.size === 0 : waiting() === 0
        const entry = isFirst ? log.takeOne(priority, now) : undefined
        if (entry !== undefined) {
          changed(now)
          return used(new Held(entry), use, restore)
        }
        return Effect.flatMap(Effect.mapError(waited(ask, now, restore), onRefusal), (entry) =>
          used(new Held(entry), use, restore)
        )
      }),
    isIdle: Effect.sync(() => {
      const now = monotonic(clock)
      const { used, pausedFor, day } = log.look(now)
      const isUsed = log.isUsed?.(now) ?? used > 0
      return !isUsed && waiting() === 0 && pausedFor === 0 && (day === undefined || day.left > 0)
    }),
    state: Effect.zipRight(
      log.refresh ?? Effect.void,
      Effect.sync(() => {
        const { interval, pausedFor, day, ...numbers } = log.look(monotonic(clock))
        return {
          key,
          ...numbers,
          interval: Duration.millis(interval),
          waiting: waiting(),
          pausedFor: Duration.millis(pausedFor),
          day: Option.map(Option.fromNullable(day), ({ endsIn, ...day }) => ({
            ...day,
            endsIn: Duration.millis(endsIn)
          }))
        }
      })
    )
  }
}

type Restore = <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

interface HeldSlot extends Slot {
  readonly release: () => void
}

/** At once: an effect of its own, for one that may throw, costs each call an operation. */
const begun = <A, E, R>(slot: Slot, use: (slot: Slot) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  try {
    return use(slot)
  } catch (defect) {
    return Effect.die(defect)
  }
}

/** Uses a slot, and releases it, in a region that cannot be interrupted. */
const used = <A, E, R>(
  slot: HeldSlot,
  use: (slot: Slot) => Effect.Effect<A, E, R>,
  restore: Restore
): Effect.Effect<A, E, R> =>
  Effect.matchCauseEffect(restore(begun(slot, use)), {
    onFailure: (cause) => {
      if (Cause.isInterrupted(cause)) slot.onInterrupt?.()
      slot.release()
      return Effect.failCause(cause)
    },
    onSuccess: (value) => {
      slot.release()
      return Effect.succeed(value)
    }
  })

/** Uses a slot that nobody has to wait for. */
export const using = <A, E, R>(use: (slot: Slot) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    used({ leave: constVoid, answered: constVoid, release: constVoid }, use, restore)
  )

const refusalOf = (dayOver: number | undefined, wait: number, patience: number): Refusal | undefined => {
  if (dayOver !== undefined && dayOver > patience) return { isDayOver: true, retryAfter: dayOver }
  return wait > patience || patience <= 0 ? { isDayOver: false, retryAfter: wait } : undefined
}
