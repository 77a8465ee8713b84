// The store of a limit in Redis. The state is one JSON text, written by compare-and-set with the time of Redis.
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type { Redis } from "ioredis"
import { createHash, randomBytes } from "node:crypto"
import { withTimeout } from "../runtime/timeout.js"
import * as Limit from "./limit.js"
import { addUnavailableStores } from "./metrics.js"
import type { Store } from "./queue.js"
import { ownPart, parseState, seeProcess } from "./sharing.js"

/** Sets the state if the caller has its current version. Returns the time and the version, and the state if it differs. */
const script = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'version', 'state')
local version = held[1] or ''
if version ~= ARGV[1] then return { now, version, held[2] or '' } end
if ARGV[2] == '' then return { now, version } end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'state', ARGV[3])
redis.call('PEXPIRE', KEYS[1], 86400000)
return { now, ARGV[2] }
`

const scriptId = createHash("sha1").update(script).digest("hex")

/** The timeout of a command, in milliseconds. */
const commandTimeout = 500

/** The interval at which Redis is tried again while it cannot be used, in milliseconds. */
const retryEvery = 1000

/** The minimum time between two warnings of a limit, in milliseconds. */
const warnEvery = 10 * 60_000

/** The interval at which a process records that it shares the limit, in milliseconds. */
const presenceEvery = 10_000

/** A change that is not yet written to Redis. `until` is the time after which it has no effect, by the clock of Redis. */
interface Change {
  readonly until: number
  readonly apply: (state: Limit.LimitState) => void
}

export class RedisStore implements Store {
  private readonly process = randomBytes(4).toString("hex")
  private version = ""
  private state: Limit.LimitState
  private isConnected = false
  /** The lower and upper bound of the difference between the clock of Redis and ours. */
  private offset: { readonly low: number; readonly high: number }
  private readonly changes = new Set<Change>()
  /** A write whose reply has not arrived. Redis may have applied it all the same. */
  private unconfirmed: { readonly version: string; readonly changes: ReadonlyArray<Change> } | undefined
  /** While Redis cannot be used: the state of this process's requests, and the time of the next try. */
  private fallback: { state: Limit.LimitState; retryAt: number } | undefined
  private warnedAt = -Infinity
  private isWriteScheduled = false

  constructor(
    private readonly client: Redis,
    private readonly key: string,
    private readonly shared: Limit.Settings,
    private readonly clock: () => number,
    private readonly runtime: Runtime.Runtime<never>
  ) {
    this.state = Limit.initialState(shared)
    const offset = Date.now() - clock()
    this.offset = { low: offset, high: offset }
  }

  private now() {
    return this.clock() + this.offset.low
  }
  private get processes() {
    return Math.max(1, Object.keys(this.state.processes).length)
  }

  // --- the exchange with Redis

  private async evaluate(...args: ReadonlyArray<string>): Promise<ReadonlyArray<unknown>> {
    const replied = this.client.evalsha(scriptId, 1, this.key, ...args).catch((error: unknown) => {
      if (String(error).includes("NOSCRIPT")) return this.client.eval(script, 1, this.key, ...args)
      throw error
    })
    const reply: unknown = await withTimeout(replied, commandTimeout)
    if (!Array.isArray(reply) || typeof reply[0] !== "number") throw new Error("its reply is not one of the script")
    return reply as ReadonlyArray<unknown>
  }

  /** The next state: with the changes that are not yet written, and with permits for the first requests. */
  private next(requests: ReadonlyArray<Limit.PermitRequest>) {
    const state = Limit.advance(structuredClone(this.state), this.now())
    const seenAt = state.processes[this.process]
    const isPresent = seenAt !== undefined && state.now - seenAt < presenceEvery
    if (!isPresent) seeProcess(state, this.process)
    for (const { apply } of this.changes) apply(state)
    const records = Limit.acquireAll(state, this.shared, requests, this.process)
    return { state, records, isChanged: !isPresent || this.changes.size > 0 || records.length > 0 }
  }

  /** Gets permits by the newest state. Repeats while other processes write in between; one of them always succeeds. */
  private async exchange(requests: ReadonlyArray<Limit.PermitRequest>): Promise<ReadonlyArray<Limit.PermitRecord>> {
    for (;;) {
      const { isConnected, unconfirmed, version } = this
      const changes = [...this.changes]
      const { state, records, isChanged } = this.next(requests)
      // Nothing is written before the first reply, because the time of Redis is not known.
      const isWritten = isConnected && isChanged
      const next = isWritten ? randomBytes(8).toString("hex") : ""
      const sentAt = this.clock()
      if (isWritten) this.unconfirmed = { version: next, changes }
      const [time, found, text] = await this.evaluate(version, next, isWritten ? JSON.stringify(state) : "")
      this.offset = { low: Number(time) - this.clock(), high: Number(time) - sentAt }
      this.isConnected = true
      this.unconfirmed = undefined
      if (isWritten && found === next) {
        this.version = next
        this.state = state
        this.confirm(changes)
        return records
      }
      if (unconfirmed !== undefined && found === unconfirmed.version) this.confirm(unconfirmed.changes)
      if (found !== version) this.adopt(String(found), String(text))
      else if (isConnected) return []
    }
  }

  private confirm(changes: ReadonlyArray<Change>) {
    for (const change of changes) this.changes.delete(change)
  }

  private adopt(version: string, text: string) {
    const state = parseState(text, this.shared)
    if (state !== undefined) this.state = state
    else {
      this.state = ownPart(this.state, this.process)
      if (this.version !== "") {
        this.warn("Redis has lost the state of the rate limit (a restart, a flush or an eviction); it starts again")
      }
    }
    this.version = version
  }

  /** Exchanges with Redis. If that fails, the process continues without Redis. */
  private async tryExchange(
    requests: ReadonlyArray<Limit.PermitRequest> = []
  ): Promise<ReadonlyArray<Limit.PermitRecord>> {
    try {
      const records = await this.exchange(requests)
      if (this.fallback !== undefined) addUnavailableStores(-1)
      this.fallback = undefined
      return records
    } catch (error) {
      this.useFallback(error)
      return []
    }
  }

  /** Tries Redis again if that is due. */
  private retry() {
    const { fallback } = this
    if (fallback === undefined || this.clock() < fallback.retryAt) return
    fallback.retryAt = Infinity
    void this.tryExchange()
  }

  private useFallback(error: unknown) {
    if (this.fallback === undefined) {
      addUnavailableStores(1)
      this.fallback = { state: ownPart(this.state, this.process), retryAt: 0 }
      const reason = error instanceof Error ? error.message.slice(0, 100) : "unknown error"
      const share = this.processes === 1 ? "the whole limit" : `1/${this.processes} of the limit`
      this.warn(`Redis cannot be used for the rate limit (${reason}); this process uses ${share} meanwhile`)
    }
    this.fallback.retryAt = this.clock() + retryEvery
    for (const change of this.changes) if (change.until <= this.now()) this.changes.delete(change)
  }

  private warn(message: string) {
    if (this.clock() - this.warnedAt < warnEvery) return
    this.warnedAt = this.clock()
    Runtime.runFork(this.runtime)(Effect.logWarning(message))
  }

  /** Writes the changes to Redis, including those that follow in the same turn of the event loop. */
  private scheduleWrite() {
    if (this.isWriteScheduled || this.fallback !== undefined) return
    this.isWriteScheduled = true
    setTimeout(() => {
      const written: Promise<unknown> = this.changes.size > 0 ? this.tryExchange() : Promise.resolve()
      void written.finally(() => {
        this.isWriteScheduled = false
        if (this.changes.size > 0) this.scheduleWrite()
      })
    }, 0)
  }

  private change(until: number, apply: Change["apply"]) {
    this.changes.add({ until, apply })
    if (this.fallback === undefined) this.scheduleWrite()
    else apply(this.read())
  }

  // --- the store

  settings(): Limit.Settings {
    return this.fallback === undefined ? this.shared : { ...this.shared, share: this.shared.share / this.processes }
  }

  read(): Limit.LimitState {
    return Limit.advance(this.fallback?.state ?? this.state, this.now())
  }

  isShared(): boolean {
    return this.fallback === undefined
  }

  acquire(request: Limit.PermitRequest): Limit.PermitRecord | undefined {
    if (this.fallback === undefined) return undefined
    this.retry()
    const record = Limit.acquire(this.read(), this.settings(), request, this.process)
    if (record !== undefined) this.changes.add({ until: record.until, apply: (state) => Limit.adopt(state, record) })
    return record
  }

  ask(requests: ReadonlyArray<Limit.PermitRequest>): Promise<ReadonlyArray<Limit.PermitRecord>> {
    // A process asks for no more than its share, so that the others get permits too.
    return this.tryExchange(requests.slice(0, Math.ceil(this.state.limit / this.processes)))
  }

  complete(record: Limit.PermitRecord, outcome: Limit.RequestResult | undefined): void {
    const at = this.clock() + this.offset.high
    this.change(at + 60_000 + this.state.interval, (state) => Limit.complete(state, record, at, outcome))
  }

  release(record: Limit.PermitRecord): void {
    this.change(record.until, (state) => Limit.release(state, record))
  }

  isUsed(): boolean {
    // The limit is kept until Redis is back, so that the number of unavailable stores becomes right again.
    this.retry()
    if (this.fallback !== undefined) return true
    return this.changes.size > 0 || Limit.used(ownPart(this.read(), this.process)) > 0
  }

  isAvailable(): boolean {
    return this.fallback === undefined
  }

  get refresh(): Effect.Effect<void> {
    return Effect.promise(() => this.tryExchange())
  }
}
