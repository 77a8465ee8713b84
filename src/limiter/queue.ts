// The queue of callers that wait for a permit. Every waiting caller has its own timer and takes its own permit. No fiber or
// timer of one request serves the others, so no caller depends on another request to continue.
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import type { Restore } from "../runtime/fiber.js"
import { setTimer, monotonic } from "../runtime/timer.js"
import { parseRateLimitHeaders } from "./headers.js"
import * as Limit from "./limit.js"
import * as metrics from "./metrics.js"
import type { AcquireOptions, Level, Limiter, Permit, Rejection, State } from "./model.js"

/** The store of the state of a limit. */
export interface Store {
  /** The current settings. */
  readonly settings: () => Limit.Settings
  /** The current state, as this process knows it. */
  readonly read: () => Limit.LimitState
  /** Whether permits come from a store that processes share. */
  readonly isShared: () => boolean
  /** Returns a permit if this process can give one without the shared store. */
  readonly acquire: (request: Limit.PermitRequest) => Limit.PermitRecord | undefined
  /** Returns permits for the first requests from the shared store. */
  readonly ask: (requests: ReadonlyArray<Limit.PermitRequest>) => Promise<ReadonlyArray<Limit.PermitRecord>>
  readonly complete: (record: Limit.PermitRecord, outcome: Limit.RequestResult | undefined) => void
  readonly release: (record: Limit.PermitRecord) => void
  /** Whether a request of this process counts, or may not be written to the shared store, which is tried again. */
  readonly isUsed: () => boolean
  readonly isAvailable: () => boolean
  /** Reads the state from the shared store. */
  readonly refresh: Effect.Effect<void>
}

interface Waiter extends AcquireOptions {
  /** The time at which it stops waiting. */
  readonly until: number
  /** The time at which its timer fires. */
  wakesAt: number
  /** Ends its sleep. `mayAsk`: whether it may ask the shared store. */
  wake: (mayAsk: boolean) => void
}

/** A caller whose timer is later than this, in milliseconds, belongs to a request that has ended. It leaves the queue. */
const abandonedAfter = 250

/** The interval at which callers behind the first one check that the first one is still there, in milliseconds. */
const heartbeat = (waiting: number) => 1000 + 10 * waiting

/** The number of times per interval that the first caller asks the shared store, which other processes may have changed. */
const asksPerInterval = 50

const rejection = (reason: Rejection["reason"], retryAfterMillis: number) => {
  metrics.addRejection(reason)
  return Effect.fail<Rejection>({ reason, retryAfterMillis })
}

/** The limit of a key over a store. */
export class Queue implements Limiter {
  private readonly queues: { readonly [priority in Level]: Set<Waiter> } = { interactive: new Set(), bulk: new Set() }
  /** Permits from the shared store for callers that wait. */
  private readonly ready: Array<Limit.PermitRecord> = []
  private isAsking = false

  constructor(
    private readonly key: string,
    private readonly store: Store,
    private readonly clock: Clock.Clock
  ) {
    // This registers the gauge, so that exporters see it before the first call waits.
    metrics.addWaiting(0)
  }

  // --- the queue

  private get waiting() {
    return this.queues.interactive.size + this.queues.bulk.size
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

  /** Removes callers whose request has ended. A caller that was only late enters the queue again. */
  private dropAbandoned(now: number) {
    for (let first = this.first(); first !== undefined && first.wakesAt < now - abandonedAfter; first = this.first()) {
      this.dequeue(first)
    }
  }

  /** Removes a caller from the queue, and wakes the next one. */
  private leave(waiter: Waiter) {
    this.dequeue(waiter)
    this.releaseUnused()
    this.wakeFirst(true)
  }

  /** Releases permits of callers that left while the shared store was asked. */
  private releaseUnused() {
    while (this.ready.length > this.waiting) this.store.release(this.ready.pop()!)
  }

  /** Wakes the first caller if it would sleep longer than necessary. */
  private wakeFirst(mayAsk: boolean) {
    const first = this.first()
    if (first === undefined) return
    const wakesAt = monotonic(this.clock) + this.nextWakeUp(first)
    if (this.ready.length > 0 || wakesAt < first.wakesAt || wakesAt > first.until) first.wake(mayAsk)
  }

  private nextWakeUp({ priority }: Waiter) {
    const { store } = this
    if (this.isAsking) return heartbeat(this.waiting)
    const state = store.read()
    const nextAsk = store.isShared() ? state.interval / asksPerInterval : Infinity
    // At least a millisecond, because others may have taken the permits that the state seems to have.
    return Math.max(1, Math.min(Limit.nextWakeUp(state, store.settings(), priority), nextAsk))
  }

  // --- one caller

  /** Asks the shared store for permits for all waiting callers. */
  private ask() {
    if (this.isAsking || !this.store.isShared()) return
    this.isAsking = true
    void this.store.ask([...this.queues.interactive, ...this.queues.bulk]).then((records) => {
      this.isAsking = false
      this.ready.push(...records)
      this.releaseUnused()
      this.wakeFirst(false)
    })
  }

  private rejected({ priority }: AcquireOptions, timeLeft: number, place: number) {
    const state = this.store.read()
    const settings = this.store.settings()
    const exhausted = Limit.exhaustedFor(state, settings, priority)
    if (exhausted > Math.max(0, timeLeft)) return rejection("DailyQuotaExhausted", exhausted)
    const wait = Limit.estimateWait(state, settings, priority, place)
    return wait > timeLeft || timeLeft <= 0 ? rejection("Timeout", wait) : undefined
  }

  /** Sleeps until the timer of the caller fires or another caller wakes it. */
  private sleep(waiter: Waiter) {
    return Effect.async<boolean>((resume) => {
      const now = monotonic(this.clock)
      const millis = this.first() === waiter ? this.nextWakeUp(waiter) : heartbeat(this.waiting)
      waiter.wakesAt = Math.min(now + millis, waiter.until)
      const cancel = setTimer(this.clock, Math.ceil(waiter.wakesAt - now), () => resume(Effect.succeed(true)))
      // On Cloudflare Workers, the continuation of the caller's own promise runs in the caller's request.
      void new Promise<boolean>((resolve) => (waiter.wake = resolve)).then((mayAsk) => {
        cancel()
        resume(Effect.succeed(mayAsk))
      })
      return Effect.sync(cancel)
    })
  }

  /** Sleeps until it is the caller's turn, and takes a permit. */
  private wait(waiter: Waiter, mayAsk: boolean, restore: Restore): Effect.Effect<Permit, Rejection> {
    return Effect.suspend(() => {
      const now = monotonic(this.clock)
      waiter.wakesAt = Infinity
      this.enqueue(waiter)
      this.dropAbandoned(now)
      const rejected = this.rejected(waiter, waiter.until - now, 1)
      if (rejected !== undefined) return rejected
      if (this.first() === waiter) {
        const record = this.ready.shift() ?? this.store.acquire(waiter)
        if (record !== undefined) {
          this.leave(waiter)
          return Effect.succeed(this.permit(record))
        }
        if (mayAsk) this.ask()
      }
      return Effect.flatMap(restore(this.sleep(waiter)), (mayAsk) => this.wait(waiter, mayAsk, restore))
    })
  }

  private permit(record: Limit.PermitRecord): Permit {
    return new HeldPermit(record, this.store, this.onChange)
  }

  private readonly onChange = () => this.wakeFirst(true)

  // --- the limiter

  tryAcquire(options: AcquireOptions): Permit | undefined {
    const isFirst = this.waiting === 0 || (options.priority === "interactive" && this.queues.interactive.size === 0)
    const record = isFirst ? this.store.acquire(options) : undefined
    return record && this.permit(record)
  }

  acquire(options: AcquireOptions, restore?: Restore): Effect.Effect<Permit, Rejection> {
    return Effect.uninterruptibleMask((own) => {
      const permit = this.tryAcquire(options)
      if (permit !== undefined) return Effect.succeed(permit)
      const { priority, timeoutMillis } = options
      const place = (priority === "interactive" ? this.queues.interactive.size : this.waiting) + 1
      const rejected = this.rejected(options, timeoutMillis, place)
      if (rejected !== undefined) return rejected
      const until = monotonic(this.clock) + timeoutMillis
      const waiter: Waiter = { ...options, until, wakesAt: Infinity, wake: constVoid }
      return Effect.onError(this.wait(waiter, true, restore ?? own), () => Effect.sync(() => this.leave(waiter)))
    })
  }

  /** Whether no request counts, waits or is paused, so that the limit can be removed. */
  isIdle(): boolean {
    const state = this.store.read()
    const isClosed = Limit.pausedFor(state) > 0 || (state.day !== null && state.day.left <= 0)
    return !isClosed && !this.store.isUsed() && this.waiting === 0
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
    private readonly record: Limit.PermitRecord,
    private readonly store: Store,
    private readonly onChange: () => void
  ) {}

  complete(response?: Parameters<Permit["complete"]>[0], retryAfterMillis?: number) {
    if (this.isOver) return
    this.isOver = true
    const outcome = response && {
      isRefused: response.status === 429,
      retryAfterMillis,
      headers: parseRateLimitHeaders(response.status, response.headers)
    }
    this.store.complete(this.record, outcome)
    this.onChange()
  }
  release() {
    if (this.isOver) return
    this.isOver = true
    this.store.release(this.record)
    this.onChange()
  }
}
