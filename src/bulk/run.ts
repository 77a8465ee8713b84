// One run over a list: what becomes of each contact, and when the run has to stop.
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Errors from "../Errors.js"
import { type CheckpointError, longestLead } from "./journal.js"
import { identities } from "./ordering.js"
import { type BulkStopped, type Failure, Outcome } from "./outcome.js"
import {
  defer,
  endRun,
  isEnding,
  lastError,
  leave,
  leaveAll,
  makeState,
  type Parts,
  type Pending,
  type Pendings,
  proceed,
  put,
  resolve,
  resolveAll,
  settle,
  type Step,
  stop,
  type Tools
} from "./state.js"
import { failureOf, goesAgain, isRepeatable, type Item, maximumSends, verdictOf } from "./verdict.js"

export interface Run {
  /** Upserts a contact, or stops the run. */
  readonly handle: (item: Item) => Effect.Effect<void, CheckpointError>
  /** Whether contacts that were not begun are left. */
  readonly isEnding: () => boolean
  /** Waits until the run is ending. */
  readonly ending: Effect.Effect<void>
  /** Ends the run because something in it is broken. */
  readonly abort: Effect.Effect<void>
  /** Settles what is open when the list has ended; fails if the run was stopped, or has broken. */
  readonly end: <E>(broken: Cause.Cause<E> | undefined) => Effect.Effect<void, E | BulkStopped | CheckpointError>
}

/** The shortest wait before a rate-limited contact is sent again, whatever the service says. */
const shortestWait = Duration.millis(100)

/** The error of a contact that an earlier run had sent, and that must not be sent twice. */
const cutOff = new Errors.TransportError({
  operation: "upsertContact",
  attempts: 1,
  message: "The run ended before the response came, and sending the contact again could create it twice",
  outcome: "Unknown",
  isRetryable: false
})

// --- verdicts ------------------------------------------------------------------------------------------------------------

/** The service gives verdicts: what failed without one before failed for reasons of its own. */
const answered = (run: Parts): Step =>
  run.settling.withPermits(1)(
    Effect.suspend(() => {
      run.state.hasAnswered = true
      run.state.failuresInARow = 0
      return resolveAll(run, run.state.unexplained)
    })
  )

/** The service takes contacts of this location: what was refused before was not refused because of the location. */
const applied = (run: Parts): Step =>
  Effect.zipRight(
    answered(run),
    run.settling.withPermits(1)(
      Effect.suspend(() => {
        run.state.hasApplied = true
        return resolveAll(run, run.state.locationRefusals)
      })
    )
  )

/** Writes down that a contact was certainly not applied: whatever becomes of this run, it may be sent again. */
const noteNotApplied = (run: Parts, failure: Failure): Step =>
  failure._tag === "Rejected" ? run.journal.takeBack(failure.index) : Effect.void

const failedWithoutVerdict = (run: Parts, pending: Pending, failure: Failure): Step =>
  Effect.suspend(() => {
    const { state } = run
    state.failuresInARow += 1
    put(state, "unexplained", pending)
    const noted = noteNotApplied(run, failure)
    return state.failuresInARow >= state.failureLimit
      ? Effect.zipRight(noted, stop(run, "Outage", failure.error))
      : noted
  })

const refusedByLocation = (run: Parts, pending: Pending, failure: Failure): Step =>
  Effect.zipRight(
    answered(run),
    Effect.suspend(() => {
      const { state, failures } = run
      put(state, "locationRefusals", pending)
      const noted = noteNotApplied(run, failure)
      return state.locationRefusals.size >= failures
        ? Effect.zipRight(noted, stop(run, "Forbidden", failure.error))
        : noted
    })
  )

/** `waited`: for how many milliseconds the contact has been kept from leaving. */
const waitForQuota = (run: Parts, item: Item, error: Errors.RateLimited, waited: number): Step => {
  const failure = failureOf(item, error)
  const retryAfter = Duration.max(error.retryAfter ?? Duration.seconds(1), shortestWait)
  const total = waited + Duration.toMillis(retryAfter)
  if (total > run.patience) {
    return Effect.zipRight(leave(run, failure), stop(run, "QuotaExhausted", error, { retryAfter }))
  }
  return Effect.zipRight(
    Effect.sleep(retryAfter),
    Effect.suspend(() => (isEnding(run) ? leave(run, failure) : send(run, item, total)))
  )
}

const failed = (run: Parts, item: Item, error: Errors.ContactsError, waited: number): Step => {
  const failure = failureOf(item, error)
  const pending: Pending = { item, names: identities(item.input), failure }
  switch (verdictOf(error)) {
    case "TokenRefused":
      return Effect.zipRight(leave(run, failure), stop(run, "Unauthorized", error))
    case "Unexplained":
      return failedWithoutVerdict(run, pending, failure)
    case "LocationRefused":
      return refusedByLocation(run, pending, failure)
    case "RefusedHere":
      // It says nothing about the service.
      return settle(run, failure)
    case "RateLimited":
      if (error._tag === "RateLimited" && (error.outcome === "NotApplied" || isRepeatable(item.input))) {
        return waitForQuota(run, item, error, waited)
      }
      break
    case "ContactRefused":
      break
  }
  return Effect.zipRight(answered(run), resolve(run, pending))
}

/** `item.sends` counts this send. */
const send = (run: Parts, item: Item, waited = 0): Step =>
  Effect.matchEffect(run.service.upsertContact(item.input), {
    onSuccess: (contact) => {
      const { index, input } = item
      // Those before it first: a run that is killed in between does not send them after it.
      return Effect.zipRight(
        applied(run),
        settle(run, Outcome[contact.new ? "Created" : "Updated"]({ index, input, contact }))
      )
    },
    onFailure: (error) => failed(run, item, error, waited)
  })

// --- order ---------------------------------------------------------------------------------------------------------------

/** Sends a contact, and writes that down before if it must not be sent twice. */
const begin = (run: Parts, { index, input, sends }: Item): Step => {
  const sent = send(run, { index, input, sends: sends + 1 })
  return isRepeatable(input) ? sent : Effect.zipRight(run.journal.begin(index), sent)
}

/** Whether a pending contact is to be sent before newer ones with its email or phone. */
const isOpen = ({ item, failure }: Pending) => failure === undefined || goesAgain(item, failure)

/** The first contact before this one that has its email or phone and is to be sent before it. */
const oldestBefore = ({ state }: Parts, { index, input }: Item): Pending | undefined => {
  if (state.deferred.size === 0 && state.unexplained.size === 0) return undefined
  const names = identities(input)
  return [...state.deferred.values(), ...state.unexplained.values()]
    .filter((one) => one.item.index < index && isOpen(one) && one.names.some((name) => names.includes(name)))
    .reduce<Pending | undefined>(
      (oldest, one) => (oldest === undefined || one.item.index < oldest.item.index ? one : oldest),
      undefined
    )
}

/** Sends a contact after those before it with its email or phone; `otherwise` where one of these stays open. */
const sendInOrder = (run: Parts, item: Item, otherwise: Step): Step =>
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

/** Sends a pending contact again, or waits for the send that is under way. */
const sendAgain = (run: Parts, pending: Pending): Step =>
  Effect.suspend(() => {
    if (pending.underWay !== undefined) return Deferred.await(pending.underWay)
    if (!isOpen(pending) || pending.item.sends >= maximumSends) return Effect.void
    const done = Deferred.unsafeMake<void>(FiberId.none)
    pending.underWay = done
    const over = Effect.suspend(() => {
      pending.underWay = undefined
      return Deferred.succeed(done, undefined)
    })
    return Effect.ensuring(sendInOrder(run, pending.item, Effect.void), over)
  })

/** Sends a contact of the list, or lets it wait with those before it. */
const sendOrDefer = (run: Parts, item: Item): Step =>
  sendInOrder(
    run,
    item,
    Effect.suspend(() => defer(run, { item, names: identities(item.input), failure: undefined }))
  )

const counting = (run: Parts, self: Step): Step =>
  Effect.suspend(() => {
    run.state.underWay += 1
    return Effect.ensuring(
      self,
      Effect.suspend(() => {
        run.state.underWay -= 1
        return proceed(run)
      })
    )
  })

/** Waits until the slowest contact may have been settled. */
const awaitBackpressure = (run: Parts): Effect.Effect<unknown, CheckpointError> =>
  Effect.suspend((): Effect.Effect<unknown, CheckpointError> => {
    const { state, journal } = run
    const error = (pendings: Pendings) => pendings.get(journal.next())?.failure?.error
    if (state.underWay === 0) {
      // The slowest waits for a verdict on any other, and there is none to come.
      const unexplained = error(state.unexplained)
      if (unexplained !== undefined) {
        return state.hasAnswered ? resolveAll(run, state.unexplained) : stop(run, "Outage", unexplained)
      }
      const refused = error(state.locationRefusals)
      if (refused !== undefined) {
        return state.hasApplied ? resolveAll(run, state.locationRefusals) : stop(run, "Forbidden", refused)
      }
    }
    state.stalled ??= Deferred.unsafeMake(FiberId.none)
    return Deferred.await(state.stalled)
  })

const handle = (run: Parts, item: Item): Step => {
  if (isEnding(run)) return Effect.void
  const { index, input } = item
  if (index >= run.journal.next() + longestLead) {
    return Effect.zipRight(
      awaitBackpressure(run),
      Effect.suspend(() => handle(run, item))
    )
  }
  if (run.journal.wasBegun(index) && !isRepeatable(input)) {
    return settle(run, Outcome.Unknown({ index, input, error: cutOff }))
  }
  return counting(run, sendOrDefer(run, item))
}

// --- the end of the list -------------------------------------------------------------------------------------------------

/** More rounds than sends: a contact that waits for an older one is sent after that one is settled. */
const maximumRounds = 2 * maximumSends

/**
 * Sends again what was deferred, until it is settled or was sent often enough. A few that fail once more have reasons of
 * their own: only where more fail in a row than `failures` says, the service is away.
 */
const sendDeferred = (run: Parts, round = 1): Step =>
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
      Effect.zipRight(Effect.suspend(() => (isEnding(run) ? Effect.void : resolveAll(run, state.unexplained)))),
      Effect.zipRight(sendDeferred(run, round + 1))
    )
  })

/** Settles what is open where the service gives verdicts, and stops the run where it gave none at all. */
const settleOpen = (run: Parts): Step =>
  Effect.suspend(() => {
    const { state } = run
    const unexplained = lastError(state.unexplained)
    // A few at the end of a list that was answered otherwise have reasons of their own.
    if (unexplained !== undefined && !state.hasAnswered) return stop(run, "Outage", unexplained)
    const refused = lastError(state.locationRefusals)
    if (refused !== undefined && !state.hasApplied) return stop(run, "Forbidden", refused)
    return resolveAll(run, state.unexplained).pipe(
      Effect.zipRight(resolveAll(run, state.locationRefusals)),
      Effect.zipRight(sendDeferred(run)),
      Effect.zipRight(Effect.suspend(() => stopUnresolved(run)))
    )
  })

const stopUnresolved = (run: Parts): Effect.Effect<void> => {
  const error = lastError(run.state.deferred)
  const unresolved = [...run.state.deferred.keys()].sort((a, b) => a - b)
  return error === undefined || isEnding(run) ? Effect.void : stop(run, "Unresolved", error, { unresolved })
}

const end = <E>(
  run: Parts,
  broken: Cause.Cause<E> | undefined
): Effect.Effect<void, E | BulkStopped | CheckpointError> =>
  Effect.gen(function* () {
    const { state, journal } = run
    if (broken === undefined && !isEnding(run)) yield* settleOpen(run)
    if (broken === undefined && !isEnding(run)) return yield* journal.complete
    yield* leaveAll(run, state.unexplained)
    yield* leaveAll(run, state.locationRefusals)
    if (broken !== undefined) return yield* Effect.failCause(broken)
    if (state.stopped !== undefined) return yield* state.stopped
  })

export const make = (tools: Tools): Run => {
  const run: Parts = {
    ...tools,
    state: makeState(tools.journal.applied(), tools.failures),
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
