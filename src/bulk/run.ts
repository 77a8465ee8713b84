// A run over a list: sends each contact, classifies its failures, and stops if the service is unavailable or refuses it.
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Errors from "../Errors.js"
import type { CheckpointError } from "./checkpoint.js"
import { maximumLead } from "./journal.js"
import { type BulkStopped, type Failure, Outcome } from "./outcome.js"
import {
  defer,
  endRun,
  isEnding,
  lastError,
  deferToNextRun,
  deferAllToNextRun,
  makeState,
  type RunContext,
  type Pending,
  type Pendings,
  releaseBackpressure,
  put,
  resolve,
  resolveAll,
  settle,
  type Step,
  stop,
  type RunOptions
} from "./state.js"
import { failureOf, shouldResend, type Item, maximumSends, verdictOf } from "./verdict.js"

export interface Run {
  /** Upserts a contact, or stops the run. */
  readonly handle: (item: Item) => Effect.Effect<void, CheckpointError>
  /** Whether the run is ending and sends no new contacts. */
  readonly isEnding: () => boolean
  /** Waits until the run is ending. */
  readonly ending: Effect.Effect<void>
  /** Ends the run after a defect or an error of the list. */
  readonly abort: Effect.Effect<void>
  /** Settles the open contacts when the list has ended. Fails with `broken` if there is one, or if the run was stopped. */
  readonly end: <E>(broken: Cause.Cause<E> | undefined) => Effect.Effect<void, E | BulkStopped | CheckpointError>
}

/** The minimum wait before a rate-limited contact is sent again, even if `retryAfter` is shorter. */
const shortestWait = Duration.millis(100)

/** The error of a contact that an earlier run sent without noting an outcome, and that must not be sent twice. */
const noResponse = new Errors.TransportError({
  operation: "upsertContact",
  attempts: 1,
  message: "The run ended before the response came, and sending the contact again could create it twice",
  outcome: "Unknown",
  isRetryable: false
})

// --- verdicts ------------------------------------------------------------------------------------------------------------

/** Settles contacts whose failures are explained by the verdict on another contact, in one fiber at a time. */
const settling = (run: RunContext, explained: () => Step): Step =>
  run.settling.withPermits(1)(Effect.suspend(explained))

/** Resolves earlier transient failures, because the service is available: it has accepted or refused a contact. */
const resolveUnexplained = (run: RunContext): Step => {
  run.state.hasVerdict = true
  run.state.failuresInARow = 0
  return resolveAll(run, run.state.unexplainedFailures)
}

const noteVerdict = (run: RunContext): Step => settling(run, () => resolveUnexplained(run))

/** Resolves earlier refusals of the location, because the service has applied a contact of this location. */
const noteApplied = (run: RunContext): Step =>
  settling(run, () => {
    run.state.hasApplied = true
    return Effect.zipRight(resolveUnexplained(run), resolveAll(run, run.state.locationRefusals))
  })

/** Saves that a contact was certainly not applied, so that the next run may send it again. */
const noteNotApplied = (run: RunContext, failure: Failure): Step =>
  failure._tag === "Rejected" ? run.journal.cancelBegin(failure.index) : Effect.void

const noteUnexplainedFailure = (run: RunContext, pending: Pending, failure: Failure): Step =>
  Effect.suspend(() => {
    const { state } = run
    state.failuresInARow += 1
    put(state, "unexplainedFailures", pending)
    const noted = noteNotApplied(run, failure)
    return state.failuresInARow >= state.failureLimit
      ? Effect.zipRight(noted, stop(run, "Outage", failure.error))
      : noted
  })

const noteLocationRefusal = (run: RunContext, pending: Pending, failure: Failure): Step =>
  Effect.zipRight(
    noteVerdict(run),
    Effect.suspend(() => {
      const { state, failures } = run
      put(state, "locationRefusals", pending)
      const noted = noteNotApplied(run, failure)
      return state.locationRefusals.size >= failures
        ? Effect.zipRight(noted, stop(run, "Forbidden", failure.error))
        : noted
    })
  )

/** Sends a contact again after `retryAfter`. `waited` is its delay by the rate limit so far, in milliseconds. */
const waitForRateLimit = (run: RunContext, item: Item, error: Errors.RateLimited, waited: number): Step => {
  const failure = failureOf(item, error)
  const retryAfter = Duration.max(error.retryAfter ?? Duration.seconds(1), shortestWait)
  const total = waited + Duration.toMillis(retryAfter)
  if (total > run.maximumWait) {
    return Effect.zipRight(deferToNextRun(run, failure), stop(run, "QuotaExhausted", error, { retryAfter }))
  }
  return Effect.zipRight(
    Effect.sleep(retryAfter),
    Effect.suspend(() => (isEnding(run) ? deferToNextRun(run, failure) : send(run, item, total)))
  )
}

const failed = (run: RunContext, item: Item, error: Errors.ContactsError, waited: number): Step => {
  const failure = failureOf(item, error)
  const pending: Pending = { item, names: run.identitiesOf(item.input), failure }
  switch (verdictOf(error)) {
    case "TokenRefused":
      return Effect.zipRight(deferToNextRun(run, failure), stop(run, "Unauthorized", error))
    case "Unexplained":
      return noteUnexplainedFailure(run, pending, failure)
    case "LocationRefused":
      return noteLocationRefusal(run, pending, failure)
    case "InvalidInput":
      // No request was sent, so the failure is no sign of the service's state.
      return settle(run, failure)
    case "RateLimited":
      if (error._tag === "RateLimited" && (error.outcome === "NotApplied" || run.isSafeToRetry(item.input))) {
        return waitForRateLimit(run, item, error, waited)
      }
      break
    case "ContactRefused":
      break
  }
  return Effect.zipRight(noteVerdict(run), resolve(run, pending))
}

/** Sends a contact; `item.sends` includes this send. */
const send = (run: RunContext, item: Item, waited = 0): Step =>
  Effect.matchEffect(run.service.upsertContact(item.input), {
    onSuccess: (contact) => {
      const { index, input } = item
      // Earlier contacts are settled first: after a kill in between, the next run must not send them after this one.
      return Effect.zipRight(
        noteApplied(run),
        settle(run, Outcome[contact.new ? "Created" : "Updated"]({ index, input, contact }))
      )
    },
    onFailure: (error) => failed(run, item, error, waited)
  })

// --- order ---------------------------------------------------------------------------------------------------------------

/** Sends a contact. If it must not be sent twice, its send is saved first. */
const begin = (run: RunContext, item: Item): Step => {
  const sent = send(run, { ...item, sends: item.sends + 1 })
  return run.isSafeToRetry(item.input) ? sent : Effect.zipRight(run.journal.begin(item.index), sent)
}

/** Whether a pending contact has to be sent before later ones with its email or phone. */
const isOpen = ({ isSafeToRetry }: RunContext, { item, failure }: Pending) =>
  failure === undefined || shouldResend(isSafeToRetry, item, failure)

/** The first pending contact that has an email or phone of this one and has to be sent before it. */
const oldestBefore = (run: RunContext, { index, input }: Item): Pending | undefined => {
  const { state } = run
  if (state.deferred.size === 0 && state.unexplainedFailures.size === 0) return undefined
  const names = run.identitiesOf(input)
  return [...state.deferred.values(), ...state.unexplainedFailures.values()]
    .filter((one) => one.item.index < index && isOpen(run, one) && one.names.some((name) => names.includes(name)))
    .reduce<Pending | undefined>(
      (oldest, one) => (oldest === undefined || one.item.index < oldest.item.index ? one : oldest),
      undefined
    )
}

/** Sends a contact after earlier ones with its email or phone; runs `otherwise` if one of them stays pending. */
const sendInOrder = (run: RunContext, item: Item, otherwise: Step): Step =>
  Effect.suspend(() => {
    const oldest = oldestBefore(run, item)
    if (oldest === undefined) return isEnding(run) ? Effect.void : begin(run, item)
    return Effect.zipRight(
      sendAgain(run, oldest),
      Effect.suspend(() => {
        if (isEnding(run)) return Effect.void
        const isStillOpen = oldestBefore(run, item)?.item.index === oldest.item.index
        return isStillOpen ? otherwise : sendInOrder(run, item, otherwise)
      })
    )
  })

/** Sends a pending contact again, or waits for the send that is running. */
const sendAgain = (run: RunContext, pending: Pending): Step =>
  Effect.suspend(() => {
    if (pending.runningSend !== undefined) return Deferred.await(pending.runningSend)
    if (!isOpen(run, pending) || pending.item.sends >= maximumSends) return Effect.void
    const done = Deferred.unsafeMake<void>(FiberId.none)
    pending.runningSend = done
    const markEnded = Effect.suspend(() => {
      pending.runningSend = undefined
      return Deferred.succeed(done, undefined)
    })
    const item = { ...pending.item, mayBeApplied: pending.failure?._tag === "Unknown" }
    return Effect.ensuring(sendInOrder(run, item, Effect.void), markEnded)
  })

/** Sends a contact of the list, or defers it if an earlier one with its email or phone stays pending. */
const sendOrDefer = (run: RunContext, item: Item): Step =>
  sendInOrder(
    run,
    item,
    Effect.suspend(() => defer(run, { item, names: run.identitiesOf(item.input), failure: undefined }))
  )

const countInFlight = (run: RunContext, self: Step): Step =>
  Effect.suspend(() => {
    run.state.inFlight += 1
    return Effect.ensuring(
      self,
      Effect.suspend(() => {
        run.state.inFlight -= 1
        return releaseBackpressure(run)
      })
    )
  })

/** Waits until the slowest contact may have an outcome. */
const awaitBackpressure = (run: RunContext): Effect.Effect<unknown, CheckpointError> =>
  Effect.suspend((): Effect.Effect<unknown, CheckpointError> => {
    const { state, journal } = run
    const error = (pendings: Pendings) => pendings.get(journal.next())?.failure?.error
    if (state.inFlight === 0) {
      // The slowest contact waits for the outcome of another one, but none is in flight.
      const unexplainedFailures = error(state.unexplainedFailures)
      if (unexplainedFailures !== undefined) {
        return state.hasVerdict ? resolveAll(run, state.unexplainedFailures) : stop(run, "Outage", unexplainedFailures)
      }
      const refused = error(state.locationRefusals)
      if (refused !== undefined) {
        return state.hasApplied ? resolveAll(run, state.locationRefusals) : stop(run, "Forbidden", refused)
      }
    }
    state.backpressure ??= Deferred.unsafeMake(FiberId.none)
    return Deferred.await(state.backpressure)
  })

const handle = (run: RunContext, item: Item): Step => {
  if (isEnding(run)) return Effect.void
  const { index, input } = item
  if (index >= run.journal.next() + maximumLead) {
    return Effect.zipRight(
      awaitBackpressure(run),
      Effect.suspend(() => handle(run, item))
    )
  }
  if (run.journal.wasBegun(index) && !run.isSafeToRetry(input)) {
    return settle(run, Outcome.Unknown({ index, input, error: noResponse }))
  }
  return countInFlight(run, sendOrDefer(run, item))
}

// --- the end of the list -------------------------------------------------------------------------------------------------

/** More rounds than sends, because a contact that waits for an earlier one is sent in a later round. */
const maximumRounds = 2 * maximumSends

/**
 * Sends the deferred contacts again, until each has an outcome or was sent {@link maximumSends} times. The run stops with
 * `Outage` only if there are more than `failures` of them: a few may fail for their own reasons.
 */
const sendDeferred = (run: RunContext, round = 1): Step =>
  Effect.suspend(() => {
    const { state } = run
    const pendings = [...state.deferred.values()]
      .filter(({ item }) => item.sends < maximumSends)
      .sort((a, b) => a.item.index - b.item.index)
    if (pendings.length === 0 || round > maximumRounds || isEnding(run)) return Effect.void
    state.failuresInARow = 0
    state.failureLimit = pendings.length > run.failures ? run.failures : Infinity
    return Effect.forEach(
      pendings,
      (pending) =>
        run.takeTurn(pending.item.input)(Effect.suspend(() => (isEnding(run) ? Effect.void : sendAgain(run, pending)))),
      { concurrency: run.concurrency, discard: true }
    ).pipe(
      Effect.zipRight(Effect.suspend(() => (isEnding(run) ? Effect.void : resolveAll(run, state.unexplainedFailures)))),
      Effect.zipRight(sendDeferred(run, round + 1))
    )
  })

/** Settles the open contacts. Stops the run if the service has not accepted or refused a single contact. */
const settleOpen = (run: RunContext): Step =>
  Effect.suspend(() => {
    const { state } = run
    const unexplainedFailures = lastError(state.unexplainedFailures)
    // If other contacts had an outcome, a few failures at the end of the list have their own reasons.
    if (unexplainedFailures !== undefined && !state.hasVerdict) return stop(run, "Outage", unexplainedFailures)
    const refused = lastError(state.locationRefusals)
    if (refused !== undefined && !state.hasApplied) return stop(run, "Forbidden", refused)
    return resolveAll(run, state.unexplainedFailures).pipe(
      Effect.zipRight(resolveAll(run, state.locationRefusals)),
      Effect.zipRight(sendDeferred(run)),
      Effect.zipRight(Effect.suspend(() => stopUnresolved(run)))
    )
  })

const stopUnresolved = (run: RunContext): Effect.Effect<void> => {
  const error = lastError(run.state.deferred)
  const unresolved = [...run.state.deferred.keys()].sort((a, b) => a - b)
  return error === undefined || isEnding(run) ? Effect.void : stop(run, "Unresolved", error, { unresolved })
}

const end = <E>(
  run: RunContext,
  broken: Cause.Cause<E> | undefined
): Effect.Effect<void, E | BulkStopped | CheckpointError> =>
  Effect.gen(function* () {
    const { state, journal } = run
    if (broken === undefined && !isEnding(run)) yield* settleOpen(run)
    if (broken === undefined && !isEnding(run)) return yield* journal.complete
    yield* deferAllToNextRun(run, state.unexplainedFailures)
    yield* deferAllToNextRun(run, state.locationRefusals)
    if (broken !== undefined) return yield* Effect.failCause(broken)
    if (state.stopped !== undefined) return yield* state.stopped
  })

export const make = (options: RunOptions): Run => {
  const run: RunContext = {
    ...options,
    state: makeState(options.journal.applied(), options.failures),
    ending: Deferred.unsafeMake<void>(FiberId.none),
    settling: Effect.unsafeMakeSemaphore(1)
  }
  return {
    handle: (item) => handle(run, item),
    isEnding: () => isEnding(run),
    ending: Deferred.await(run.ending),
    abort: Effect.suspend(() => {
      run.state.isAborted = true
      return endRun(run)
    }),
    end: (broken) => end(run, broken)
  }
}
