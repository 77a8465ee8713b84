// The state of a run: its contacts without an outcome, and the operations that defer or settle them.
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { ContactsService } from "../ContactsService.js"
import type * as Errors from "../Errors.js"
import type { ContactUpsert } from "../Schema.js"
import type { CheckpointError, Journal } from "./checkpoint.js"
import { kinds, maximumDeferred } from "./journal.js"
import * as letters from "./letters.js"
import type { Queued, Emitter, IdentitiesOf } from "./ordering.js"
import { BulkStopped, type Failure, type Outcome } from "./outcome.js"
import { type IsSafeToRetry, type Item, shouldResend, stopMessage } from "./verdict.js"

/** The services and options of a run. */
export interface RunOptions {
  readonly service: Context.Tag.Service<ContactsService>
  readonly journal: Journal
  readonly emitter: Emitter
  readonly takeTurn: (input: ContactUpsert) => Queued
  /** The maximum number of concurrent calls. */
  readonly concurrency: number
  /** Whether a contact can be sent again without being applied twice. */
  readonly isSafeToRetry: IsSafeToRetry
  /** Returns the identities of a contact. Contacts with a common identity count as the same contact. */
  readonly identitiesOf: IdentitiesOf
  /** The number of transient failures in a row that stops the run. */
  readonly failures: number
  /** The maximum delay of one contact by the rate limit, in milliseconds. After a longer one the run stops. */
  readonly maximumWait: number
}

/** A contact without an outcome: it failed and may be sent again, or it waits for an earlier contact that failed. */
export interface Pending {
  readonly item: Item
  readonly names: ReadonlyArray<string>
  /** The failure of its last send; undefined if the contact was not sent. */
  readonly failure: Failure | undefined
  /** Completed when the running send has ended. */
  runningSend?: Deferred.Deferred<void> | undefined
}

export type Pendings = Map<number, Pending>

/** The mutable state of a run. */
export const makeState = (applied: number, failures: number) => ({
  stopped: undefined as BulkStopped | undefined,
  isAborted: false,
  /** Whether the service has accepted or refused any contact. */
  hasVerdict: false,
  /** Whether the service has applied any contact, in this run or before. */
  hasApplied: applied > 0,
  /** The number of transient failures since the service last accepted or refused a contact. */
  failuresInARow: 0,
  /** The number of transient failures in a row that stops the run. */
  failureLimit: failures,
  /** The contacts with a transient failure that is not explained yet. */
  unexplainedFailures: new Map() as Pendings,
  /** Contacts that were refused because of their location, since a contact was last applied. */
  locationRefusals: new Map() as Pendings,
  /** Contacts that are sent again later. */
  deferred: new Map() as Pendings,
  /** The number of contacts that are being sent. */
  inFlight: 0,
  /** Completed when contacts that are too far ahead may check again. */
  backpressure: undefined as Deferred.Deferred<void> | undefined
})

export type Step = Effect.Effect<void, CheckpointError>

type State = ReturnType<typeof makeState>

const forget = ({ unexplainedFailures, locationRefusals, deferred }: State, index: number) => {
  for (const pendings of [unexplainedFailures, locationRefusals, deferred]) pendings.delete(index)
}

/** Moves a contact to one of the maps. A contact is in at most one map at a time. */
export const put = (
  state: State,
  pendings: "unexplainedFailures" | "locationRefusals" | "deferred",
  pending: Pending
) => {
  forget(state, pending.item.index)
  state[pendings].set(pending.item.index, pending)
}

/** A run: its services, options and state. */
export interface RunContext extends RunOptions {
  readonly state: State
  readonly ending: Deferred.Deferred<void>
  /** The lock for settling contacts: a second caller continues when the changes of the first are saved. */
  readonly settling: Effect.Semaphore
}

export const isEnding = ({ state }: RunContext) => state.stopped !== undefined || state.isAborted

export const releaseBackpressure = ({ state }: RunContext) =>
  Effect.suspend(() => {
    const waiting = state.backpressure
    state.backpressure = undefined
    return waiting === undefined ? Effect.void : Deferred.succeed(waiting, undefined)
  })

export const endRun = (run: RunContext) =>
  Effect.zipRight(Deferred.succeed(run.ending, undefined), releaseBackpressure(run))

export const settle = (run: RunContext, outcome: Outcome): Step =>
  Effect.suspend(() => {
    const { state, journal, emitter } = run
    const letter = "error" in outcome ? letters.encode(outcome) : undefined
    return journal
      .settle(outcome.index, kinds[outcome._tag], letter)
      .pipe(
        Effect.zipRight(Effect.sync(() => forget(state, outcome.index))),
        Effect.zipRight(emitter.emit(outcome)),
        Effect.zipRight(releaseBackpressure(run)),
        Effect.asVoid
      )
  })

export const stop = (
  run: RunContext,
  reason: BulkStopped["reason"],
  error: Errors.ContactsError,
  more: Pick<Partial<BulkStopped>, "retryAfter" | "unresolved"> = {}
) =>
  Effect.suspend(() => {
    run.state.stopped ??= new BulkStopped({ reason, message: stopMessage(reason, error, more), error, ...more })
    return endRun(run)
  })

/** Leaves a contact to the next run, unless it may have been applied and sending it again could create it twice. */
export const deferToNextRun = (run: RunContext, failure: Failure): Step =>
  failure._tag === "Unknown" && !run.isSafeToRetry(failure.input)
    ? settle(run, failure)
    : run.journal.cancelBegin(failure.index)

export const deferAllToNextRun = (run: RunContext, pendings: Pendings) =>
  Effect.forEach([...pendings.values()], ({ failure }) => (failure ? deferToNextRun(run, failure) : Effect.void), {
    discard: true
  })

/** The error of the contact that failed last. */
export const lastError = (pendings: Pendings) =>
  [...pendings.values()].flatMap(({ failure }) => (failure === undefined ? [] : [failure.error])).at(-1)

/** Postpones a contact to the end of this run, or to the next run. */
export const defer = (run: RunContext, pending: Pending): Step =>
  Effect.suspend(() => {
    const { state, journal, emitter } = run
    const { index } = pending.item
    put(state, "deferred", pending)
    const error = lastError(state.deferred)
    const tooMany =
      state.deferred.size > maximumDeferred && error !== undefined ? stop(run, "Outage", error) : Effect.void
    return journal
      .defer(index)
      .pipe(
        Effect.zipRight(emitter.skip(index)),
        Effect.zipRight(tooMany),
        Effect.zipRight(releaseBackpressure(run)),
        Effect.asVoid
      )
  })

/** Defers a contact if sending it again is safe and may help; settles it otherwise. */
export const resolve = (run: RunContext, pending: Pending): Step => {
  if (pending.failure === undefined) return Effect.void
  return shouldResend(run.isSafeToRetry, pending.item, pending.failure)
    ? defer(run, pending)
    : settle(run, pending.failure)
}

/** Resolves all contacts that are not being sent again right now. */
export const resolveAll = (run: RunContext, pendings: Pendings): Step =>
  Effect.suspend(() =>
    Effect.forEach(
      [...pendings.values()],
      (pending) =>
        Effect.suspend(() => {
          const isOpen = pending.runningSend === undefined && pendings.get(pending.item.index) === pending
          return isOpen ? resolve(run, pending) : Effect.void
        }),
      { discard: true }
    )
  )
