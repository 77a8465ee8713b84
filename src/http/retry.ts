// Retries the attempts of a call. `retryDecision.ts` holds the retry budget and the check of the deadline. Whether a retry
// is safe is in the error's `isRetryable`.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"
import { type ContactsError, isDocumented } from "../Errors.js"
import type { Policy } from "../RetryPolicy.js"
import type { Attempt, AttemptFailure, Response, Send } from "./attempt.js"
import { earn, fits, minimumAttemptMillis, type RetryBudget, spend } from "./retryDecision.js"
import * as telemetry from "../runtime/telemetry.js"
import { longestDelay, monotonic } from "../runtime/timer.js"

/** The parts of a call that `retry` uses. */
export interface RetriedCall<A> {
  readonly policy: Policy
  readonly budget: RetryBudget
  readonly send: Send
  /** Decodes a response into its answer or its error. */
  readonly decode: (attempt: Attempt, response: Response) => Either.Either<A, ContactsError>
  /**
   * Verifies within a time limit whether the call was applied, and returns its answer if it was. `unknownSince` is the time
   * at which the first attempt that may have been applied was sent.
   */
  readonly verify:
    ((limit: Duration.Duration, unknownSince: number) => Effect.Effect<Option.Option<A>, ContactsError>) | undefined
}

/** A failed attempt, and the state of the schedule before it. */
interface Failed {
  readonly attempt: Attempt
  readonly failure: AttemptFailure
  readonly schedule: unknown
}

/** Sends an attempt and retries it by the policy. A successful first attempt does not run the code for retries. */
export const retry = <A>(
  retried: RetriedCall<A>,
  attempt: Attempt,
  schedule: unknown = retried.policy.schedule.initial
): Effect.Effect<A, ContactsError> => {
  const failed = (failure: AttemptFailure) => {
    const { error } = failure
    if (error.attempts > 0 && (isDocumented(error) || error._tag === "Forbidden")) earn(retried.budget)
    return afterFailure(retried, { attempt, failure, schedule })
  }
  return Effect.matchEffect(retried.send(attempt), {
    onSuccess: (response) => {
      const answer = retried.decode(attempt, response)
      if (Either.isLeft(answer)) return failed({ error: answer.left, sentAt: response.sentAt })
      earn(retried.budget)
      return attempt.requestsBefore === 0 ? answer : Effect.zipRight(log(attempt, "Attempt succeeded"), answer)
    },
    onFailure: failed
  })
}

const afterFailure = <A>(retried: RetriedCall<A>, failed: Failed): Effect.Effect<A, ContactsError> =>
  Effect.flatMap(decide(retried, failed), (decision) =>
    decision._tag === "Stop"
      ? Effect.zipRight(
          logFailure(failed, `Attempt failed; not retrying: ${decision.because}`),
          decision.mayVerify ? verifyOutcome(retried, failed) : Effect.fail(failed.failure.error)
        )
      : Effect.zipRight(
          logFailure(failed, `Attempt failed; retrying in ${decision.delay} ms`),
          Effect.zipRight(
            failed.attempt.call.restore(Effect.sleep(Duration.millis(decision.delay))),
            Effect.suspend(() => {
              telemetry.retries(1, failed.attempt.call.encoded.name, failed.failure.error._tag)
              return retry(retried, nextAttempt(failed), decision.schedule)
            })
          )
        )
  )

// --- the decision after a failed attempt -------------------------------------------------------------------------------

/** The decision after a failed attempt: another attempt after `delay` milliseconds, or none. */
type Decision =
  | { readonly _tag: "Retry"; readonly delay: number; readonly schedule: unknown }
  | { readonly _tag: "Stop"; readonly because: string; readonly mayVerify: boolean }

const stop = (because: string, mayVerify = true): Decision => ({ _tag: "Stop", because, mayVerify })

const retryAfterMillis = (error: ContactsError): number =>
  (error._tag === "RateLimited" || error._tag === "ServerError") && error.retryAfter !== undefined
    ? Duration.toMillis(error.retryAfter)
    : 0

const remaining = (attempt: Attempt): number => Math.max(0, attempt.call.deadline - monotonic(attempt.call.clock))

const decide = <A>(
  { policy, budget }: RetriedCall<A>,
  { attempt, failure, schedule }: Failed
): Effect.Effect<Decision> => {
  const { error, isFinal } = failure
  if (!error.isRetryable || isFinal === true) {
    return Effect.succeed(stop("a retry would not help or is not safe"))
  }
  const now = attempt.call.clock.unsafeCurrentTimeMillis()
  return Effect.map(attempt.call.restore(policy.schedule.step(now, error, schedule)), ([next, , decision]) => {
    if (ScheduleDecision.isDone(decision)) return stop("the schedule has ended")
    const least = retryAfterMillis(error)
    const delay = Math.max(Math.ceil(ScheduleIntervals.start(decision.intervals) - now), least)
    if (!fits(delay, remaining(attempt), longestDelay)) return stop("the deadline comes first", least === 0)
    // A retry after a 429 does not count against the budget: the service has set the delay, and a 429 costs it nothing.
    const isAfforded = error._tag === "RateLimited" || spend(budget, policy.budget)
    return isAfforded ? { _tag: "Retry", delay, schedule: next } : stop("the retry budget is spent", false)
  })
}

const nextAttempt = (failed: Failed): Attempt => ({
  ...failed.attempt,
  startedAt: monotonic(failed.attempt.call.clock),
  requestsBefore: failed.failure.error.attempts,
  unknownSince: failed.failure.error.outcome === "Unknown" ? unknownSinceOf(failed) : failed.attempt.unknownSince
})

const unknownSinceOf = ({ attempt, failure: { sentAt } }: Failed): number =>
  attempt.unknownSince ?? sentAt ?? attempt.startedAt

/** After the last attempt, verifies whether a write of unknown outcome was applied, and sends it once more if it was not. */
const verifyOutcome = <A>(retried: RetriedCall<A>, failed: Failed): Effect.Effect<A, ContactsError> =>
  Effect.suspend(() => {
    const { budget, policy, verify } = retried
    const { attempt, failure } = failed
    const { error } = failure
    const failing = Effect.fail(error)
    const isUnknown = error.outcome === "Unknown" && error._tag !== "RateLimited"
    const limit = remaining(attempt)
    if (!isUnknown || verify === undefined || !policy.verifyUnknown || limit === 0) return failing
    if (!spend(budget, policy.budget)) return failing
    return Effect.matchEffect(attempt.call.restore(verify(Duration.millis(limit), unknownSinceOf(failed))), {
      onFailure: () => failing,
      onSuccess: Option.match({
        onSome: (answer) => Effect.as(logFailure(failed, "Verified: the write was applied"), answer),
        onNone: () => {
          const hasTime = error.isRetryable && remaining(attempt) >= minimumAttemptMillis
          if (!hasTime || !spend(budget, policy.budget)) return failing
          const last = { ...retried, policy: { ...policy, schedule: Schedule.stop, verifyUnknown: false } }
          return Effect.zipRight(
            logFailure(failed, "Verified: the write was not applied; sending it once more"),
            retry(last, nextAttempt(failed))
          )
        }
      })
    })
  })

// --- the timeline, at log level debug ----------------------------------------------------------------------------------

/** Logs names and numbers only, because the message of an error may contain text of the service. */
const log = (attempt: Attempt, message: string, more: object = {}) =>
  Effect.suspend(() =>
    Effect.annotateLogs(Effect.logDebug(message), {
      operation: attempt.call.encoded.name,
      attempt: attempt.requestsBefore + 1,
      millis: Math.round(monotonic(attempt.call.clock) - attempt.startedAt),
      ...more
    })
  )

const logFailure = ({ attempt, failure: { error } }: Failed, message: string) =>
  log(attempt, message, {
    error: error._tag,
    outcome: error.outcome,
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(error._tag === "TransportError" && error.code !== undefined ? { code: error.code } : {})
  })
