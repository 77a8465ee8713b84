// The contacts of a run that are not settled yet, and the ways in which one leaves them.
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { ContactsService } from "../ContactsService.js"
import type * as Errors from "../Errors.js"
import type { ContactUpsert } from "../Schema.js"
import { type CheckpointError, type Journal, kinds, mostDeferred } from "./journal.js"
import * as letters from "./letters.js"
import type { Queued, Telling } from "./ordering.js"
import { BulkStopped, type Failure, type Outcome } from "./outcome.js"
import { goesAgain, isRepeatable, type Item, stopMessage } from "./verdict.js"

/** What a run works with. */
export interface Tools {
  readonly service: Context.Tag.Service<ContactsService>
  readonly journal: Journal
  readonly telling: Telling
  readonly takeTurn: (input: ContactUpsert) => Queued
  /** Calls at once. */
  readonly concurrency: number
  /** Failures in a row after which the run stops. */
  readonly failures: number
  /** Milliseconds for which a contact may be kept from leaving before the run stops. */
  readonly patience: number
}

/** A contact that is not settled although it was sent, or has to wait for such a contact. */
export interface Pending {
  readonly item: Item
  readonly names: ReadonlyArray<string>
  /** What its last send came to; absent if it was not sent. */
  readonly failure: Failure | undefined
  /** Done when the send that is under way has ended. */
  underWay?: Deferred.Deferred<void> | undefined
}

export type Pendings = Map<number, Pending>

/** What is known of the contacts and the service while a run goes on. */
export const makeState = (applied: number, failures: number) => ({
  stopped: undefined as BulkStopped | undefined,
  isAborted: false,
  /** Whether the service has given a verdict on any contact. */
  hasAnswered: false,
  /** Whether the service has applied any contact, in this run or before. */
  hasApplied: applied > 0,
  /** Failures without a verdict since the last verdict. */
  failuresInARow: 0,
  /** How many of these stop the run. */
  failureLimit: failures,
  /** Contacts that failed without a verdict since the last verdict. */
  unexplained: new Map() as Pendings,
  /** Contacts whose location was refused since a contact was applied. */
  locationRefusals: new Map() as Pendings,
  /** Contacts that are sent again later. */
  deferred: new Map() as Pendings,
  /** Calls under way. */
  underWay: 0,
  /** Done when contacts that are too far ahead may look again. */
  stalled: undefined as Deferred.Deferred<void> | undefined
})

export type Step = Effect.Effect<void, CheckpointError>

type State = ReturnType<typeof makeState>

const forget = ({ unexplained, locationRefusals, deferred }: State, index: number) => {
  for (const pendings of [unexplained, locationRefusals, deferred]) pendings.delete(index)
}

/** A pending contact is in one map at a time. */
export const put = (state: State, pendings: "unexplained" | "locationRefusals" | "deferred", pending: Pending) => {
  forget(state, pending.item.index)
  state[pendings].set(pending.item.index, pending)
}

/** A run while it goes on. */
export interface Parts extends Tools {
  readonly state: State
  readonly ending: Deferred.Deferred<void>
  /** One after the other: who comes second goes on when those before are written down. */
  readonly settling: Effect.Semaphore
}

export const isEnding = ({ state }: Parts) => state.stopped !== undefined || state.isAborted

export const proceed = ({ state }: Parts) =>
  Effect.suspend(() => {
    const waiting = state.stalled
    state.stalled = undefined
    return waiting === undefined ? Effect.void : Deferred.succeed(waiting, undefined)
  })

export const endRun = (run: Parts) => Effect.zipRight(Deferred.succeed(run.ending, undefined), proceed(run))

export const settle = (run: Parts, outcome: Outcome): Step =>
  Effect.suspend(() => {
    const { state, journal, telling } = run
    const letter = "error" in outcome ? letters.encode(outcome) : undefined
    return journal
      .settle(outcome.index, kinds[outcome._tag], letter)
      .pipe(
        Effect.zipRight(Effect.sync(() => forget(state, outcome.index))),
        Effect.zipRight(telling.tell(outcome)),
        Effect.zipRight(proceed(run)),
        Effect.asVoid
      )
  })

export const stop = (
  run: Parts,
  reason: BulkStopped["reason"],
  error: Errors.ContactsError,
  more: Pick<Partial<BulkStopped>, "retryAfter" | "unresolved"> = {}
) =>
  Effect.suspend(() => {
    run.state.stopped ??= new BulkStopped({ reason, message: stopMessage(reason, error, more), error, ...more })
    return endRun(run)
  })

/** Leaves a contact to the next run, unless it may have been applied and a second send could create it twice. */
export const leave = (run: Parts, failure: Failure): Step =>
  failure._tag === "Unknown" && !isRepeatable(failure.input)
    ? settle(run, failure)
    : run.journal.takeBack(failure.index)

export const leaveAll = (run: Parts, pendings: Pendings) =>
  Effect.forEach([...pendings.values()], ({ failure }) => (failure ? leave(run, failure) : Effect.void), {
    discard: true
  })

/** The error of the contact that failed last. */
export const lastError = (pendings: Pendings) =>
  [...pendings.values()].flatMap(({ failure }) => (failure === undefined ? [] : [failure.error])).at(-1)

/** Leaves a contact to a later part of the run, or to the next one. */
export const defer = (run: Parts, pending: Pending): Step =>
  Effect.suspend(() => {
    const { state, journal, telling } = run
    const { index } = pending.item
    put(state, "deferred", pending)
    const error = lastError(state.deferred)
    const tooMany = state.deferred.size > mostDeferred && error !== undefined ? stop(run, "Outage", error) : Effect.void
    return journal
      .defer(index)
      .pipe(
        Effect.zipRight(telling.skip(index)),
        Effect.zipRight(tooMany),
        Effect.zipRight(proceed(run)),
        Effect.asVoid
      )
  })

/** Sends a contact again later where that may help, and settles it where it does not. */
export const resolve = (run: Parts, pending: Pending): Step => {
  if (pending.failure === undefined) return Effect.void
  return goesAgain(pending.item, pending.failure) ? defer(run, pending) : settle(run, pending.failure)
}

/** Those that are being sent again have a verdict of their own to come. */
export const resolveAll = (run: Parts, pendings: Pendings) =>
  Effect.suspend(() =>
    Effect.forEach(
      [...pendings.values()],
      (pending) =>
        Effect.suspend(() => {
          const isOpen = pending.underWay === undefined && pendings.get(pending.item.index) === pending
          return isOpen ? resolve(run, pending) : Effect.void
        }),
      { discard: true }
    )
  )
