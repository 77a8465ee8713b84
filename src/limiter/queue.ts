// Who waits for a permit, and the order in which permits are given. Every caller that waits has a timer of its own and may
// give the permits of all: no fiber or timer of one request serves the others, so none of them depends on it to go on.
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import { later, monotonic } from "../runtime/timer.js"
import { parseRateLimitHeaders } from "./headers.js"
import * as Limit from "./limit.js"
import * as metrics from "./metrics.js"
import type { AcquireOptions, Level, Limiter, Permit, Rejection, State } from "./model.js"

/** Where the state of a limit is kept. */
export interface Store {
  /** The settings that hold now. */
  readonly settings: () => Limit.Settings
  /** The state now, as far as it is known here. */
  readonly read: () => Limit.LimitState
  /** Whether other processes have to be asked for a permit. */
  readonly isShared: () => boolean
  /** A permit, if there is one here. */
  readonly acquire: (wish: Limit.Wish) => Limit.Grant | undefined
  /** Permits for the first of the wishes, from those who share the limit. */
  readonly ask: (wishes: ReadonlyArray<Limit.Wish>) => Promise<ReadonlyArray<Limit.Grant>>
  readonly complete: (grant: Limit.Grant, outcome: Limit.Outcome | undefined) => void
  readonly release: (grant: Limit.Grant) => void
  /** Whether a request of this process counts, or has yet to be told of. */
  readonly isUsed: () => boolean
  readonly isAvailable: () => boolean
  /** Reads what other processes wrote. */
  readonly refresh: Effect.Effect<void>
  /** Other processes change the state without a word: it is looked at this often while a call waits. */
  readonly pollMillis: () => number
}

interface Waiter extends AcquireOptions {
  /** When it gives up. */
  readonly until: number
  outcome: Effect.Effect<Permit, Rejection> | undefined
  /** When its timer fires. */
  wakesAt: number
  signal: () => void
}

/** A caller whose timer is this late belongs to a request that has ended: the others do not wait for it. */
const abandonedAfter = 250

/** Callers behind the first look this often whether the first is still there; the more there are, the more rarely. */
const heartbeat = (waiting: number) => 1000 + 10 * waiting

const rejection = (reason: Rejection["reason"], retryAfterMillis: number) => {
  metrics.addRejection(reason)
  return Effect.fail<Rejection>({ reason, retryAfterMillis })
}

/** The limit of a key over a store. */
export class Queue implements Limiter {
  private readonly queues: { readonly [priority in Level]: Set<Waiter> } = { interactive: new Set(), bulk: new Set() }
  /** Permits that their callers have not taken yet, and since when. */
  private readonly untaken = new Map<Waiter, { readonly grant: Limit.Grant; readonly since: number }>()
  private isAsking = false

  constructor(
    private readonly key: string,
    private readonly store: Store,
    private readonly clock: Clock.Clock
  ) {
    // Exporters see the gauge before the first call waits.
    metrics.addWaiting(0)
  }

  // --- the queue

  private get waiting() {
    return this.queues.interactive.size + this.queues.bulk.size
  }
  private waiters(): ReadonlyArray<Waiter> {
    return [...this.queues.interactive, ...this.queues.bulk]
  }
  private first(): Waiter | undefined {
    for (const queue of [this.queues.interactive, this.queues.bulk]) for (const waiter of queue) return waiter
    return undefined
  }
  private enqueue(waiter: Waiter) {
    const queue = this.queues[waiter.priority]
    if (!queue.has(waiter)) metrics.addWaiting(1)
    queue.add(waiter)
  }
  private dequeue(waiter: Waiter) {
    if (this.queues[waiter.priority].delete(waiter)) metrics.addWaiting(-1)
  }
  private resume(waiter: Waiter, outcome: Effect.Effect<Permit, Rejection>) {
    this.dequeue(waiter)
    waiter.outcome = outcome
    waiter.signal()
  }

  // --- who is given a permit

  /** Gives the permits that there are. */
  readonly turn = (): void => {
    if (this.isAsking || this.waiting === 0) return
    this.dropAbandoned()
    try {
      if (this.store.isShared()) return this.ask()
      for (let waiter = this.first(); waiter !== undefined; waiter = this.first()) {
        const grant = this.store.acquire(waiter)
        if (grant === undefined) break
        this.grant(waiter, grant)
      }
      this.afterTurn()
    } catch (defect) {
      this.fail(defect)
    }
  }

  private ask() {
    const waiters = this.waiters()
    this.isAsking = true
    this.store
      .ask(waiters)
      .finally(() => (this.isAsking = false))
      .then((grants) => {
        grants.forEach((grant, index) => {
          const waiter = waiters[index]
          if (waiter !== undefined && this.queues[waiter.priority].has(waiter)) this.grant(waiter, grant)
          else this.store.release(grant)
        })
        this.afterTurn()
      })
      .catch((defect: unknown) => this.fail(defect))
  }

  private grant(waiter: Waiter, grant: Limit.Grant) {
    this.untaken.set(waiter, { grant, since: monotonic(this.clock) })
    this.resume(waiter, Effect.succeed(new HeldPermit(grant, this.store, this.turn)))
  }

  /** Those who cannot have a permit in time do not wait for it; the first of the others waits for the next. */
  private afterTurn() {
    const first = this.first()
    if (first === undefined) return
    this.rejectExpired()
    if (first.wakesAt > monotonic(this.clock) + this.nextWakeUp(first)) first.signal()
  }

  /** If the store fails, every call that waits fails with the cause. */
  private fail(defect: unknown) {
    for (const waiter of this.waiters()) this.resume(waiter, Effect.die(defect))
  }

  /** Callers whose request has ended leave the queue, and give back the permits that they never took. */
  private dropAbandoned() {
    const overdue = monotonic(this.clock) - abandonedAfter
    for (let waiter = this.first(); waiter !== undefined && waiter.wakesAt < overdue; waiter = this.first()) {
      this.dequeue(waiter)
    }
    for (const [waiter, { grant, since }] of this.untaken) {
      if (since >= overdue) break
      this.untaken.delete(waiter)
      waiter.outcome = undefined
      this.store.release(grant)
    }
  }

  /** Rejects the callers that a pause or the end of the day's quota outlasts. */
  private rejectExpired() {
    const state = this.store.read()
    const paused = Limit.pausedFor(state)
    if (paused === 0 && Limit.exhaustedFor(state, this.store.settings(), "bulk") === 0) return
    const now = monotonic(this.clock)
    for (const waiter of this.waiters()) {
      const rejected = this.rejected(waiter, waiter.until - now, state, paused)
      if (rejected !== undefined) this.resume(waiter, rejected)
    }
  }

  private rejected({ priority }: AcquireOptions, timeLeft: number, state: Limit.LimitState, wait: number) {
    const exhausted = Limit.exhaustedFor(state, this.store.settings(), priority)
    if (exhausted > timeLeft) return rejection("DailyQuotaExhausted", exhausted)
    return wait > timeLeft || timeLeft <= 0 ? rejection("Timeout", wait) : undefined
  }

  // --- who waits

  /** The first in the queue watches for the next permit. */
  private nextWakeUp({ priority }: Waiter) {
    const { store } = this
    if (this.isAsking) return heartbeat(this.waiting)
    // At least a millisecond: others may have taken what the state seems to have.
    return Math.max(1, Math.min(Limit.nextWakeUp(store.read(), store.settings(), priority), store.pollMillis()))
  }

  /** Until the timer of the caller fires (`true`), or another caller has news for it. */
  private sleep(waiter: Waiter) {
    return Effect.async<boolean>((resume) => {
      if (waiter.outcome !== undefined) return resume(Effect.succeed(false))
      const now = monotonic(this.clock)
      const millis = this.first() === waiter ? this.nextWakeUp(waiter) : heartbeat(this.waiting)
      waiter.wakesAt = Math.min(now + millis, waiter.until)
      const cancel = later(this.clock, Math.ceil(waiter.wakesAt - now), () => resume(Effect.succeed(true)))
      // On Cloudflare Workers, the continuation of the caller's own promise runs in the caller's request.
      void new Promise<void>((resolve) => (waiter.signal = resolve)).then(() => {
        cancel()
        resume(Effect.succeed(false))
      })
      return Effect.sync(cancel)
    })
  }

  private wait(waiter: Waiter, isTurn: boolean): Effect.Effect<Permit, Rejection> {
    return Effect.suspend(() => {
      if (waiter.outcome === undefined && monotonic(this.clock) >= waiter.until) {
        const { store } = this
        const wait = Limit.estimateWait(store.read(), store.settings(), waiter.priority, 1)
        this.resume(waiter, rejection("Timeout", wait))
      }
      if (waiter.outcome === undefined) {
        this.enqueue(waiter)
        if (isTurn) this.turn()
      }
      this.untaken.delete(waiter)
      return waiter.outcome ?? Effect.flatMap(this.sleep(waiter), (isTurn) => this.wait(waiter, isTurn))
    })
  }

  private acquireLater(options: AcquireOptions): Effect.Effect<Permit, Rejection> {
    const { priority, timeoutMillis } = options
    const state = this.store.read()
    const place = (priority === "interactive" ? this.queues.interactive.size : this.waiting) + 1
    const estimate = Limit.estimateWait(state, this.store.settings(), priority, place)
    const rejected = this.rejected(options, timeoutMillis, state, estimate)
    if (rejected !== undefined) return rejected
    const until = monotonic(this.clock) + timeoutMillis
    const waiter: Waiter = { ...options, until, outcome: undefined, wakesAt: Infinity, signal: constVoid }
    return Effect.uninterruptibleMask((restore) =>
      Effect.onInterrupt(restore(this.wait(waiter, place === 1)), () =>
        Effect.suspend(() => {
          this.dequeue(waiter)
          this.untaken.delete(waiter)
          this.afterTurn()
          return Effect.ignore(Effect.map(waiter.outcome ?? Effect.succeed(undefined), (permit) => permit?.release()))
        })
      )
    )
  }

  // --- the limiter

  acquire(options: AcquireOptions): Effect.Effect<Permit, Rejection> {
    return Effect.suspend(() => {
      const isFirst = this.waiting === 0 || (options.priority === "interactive" && this.queues.interactive.size === 0)
      const isFast = isFirst && !this.store.isShared()
      const grant = isFast ? this.store.acquire(options) : undefined
      return grant === undefined
        ? this.acquireLater(options)
        : Effect.succeed(new HeldPermit(grant, this.store, this.turn))
    })
  }

  get isIdle(): Effect.Effect<boolean> {
    return Effect.sync(() => {
      const state = this.store.read()
      const isClosed = Limit.pausedFor(state) > 0 || (state.day !== null && state.day.left <= 0)
      return !isClosed && !this.store.isUsed() && this.waiting === 0
    })
  }

  get state(): Effect.Effect<State> {
    return Effect.map(this.store.refresh, () => {
      const state = this.store.read()
      return {
        key: this.key,
        limit: state.limit,
        interval: Duration.millis(state.interval),
        used: Limit.used(state),
        free: Limit.free(state, this.store.settings()),
        waiting: this.waiting,
        otherConsumers: Limit.otherConsumers(state),
        pausedFor: Duration.millis(Limit.pausedFor(state)),
        day: Option.map(Option.fromNullable(state.day), ({ limit, left, resetsAt }) => ({
          limit,
          left: Math.max(0, left),
          endsIn: Duration.millis(resetsAt - state.now)
        })),
        isStoreAvailable: this.store.isAvailable()
      }
    })
  }
}

class HeldPermit implements Permit {
  private isOver = false

  constructor(
    private readonly grant: Limit.Grant,
    private readonly store: Store,
    private readonly onChange: () => void
  ) {}

  complete(response?: Parameters<Permit["complete"]>[0], retryAfterMillis?: number) {
    if (this.isOver) return
    this.isOver = true
    const outcome = response && {
      isRefused: response.status === 429,
      retryAfterMillis,
      told: parseRateLimitHeaders(response.status, response.headers)
    }
    this.store.complete(this.grant, outcome)
    this.onChange()
  }
  release() {
    if (this.isOver) return
    this.isOver = true
    this.store.release(this.grant)
    this.onChange()
  }
}
