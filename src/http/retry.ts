// The attempts of a call. What a retry costs and whether it fits is decided in retryDecision.ts; whether it is safe is said by
// the error.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"
import { type ContactsError, isDocumented } from "../Errors.js"
import type { Attempt, AttemptFailure, Response, Send } from "./attempt.js"
import { earn, fits, minimumAttemptMillis, type RetryBudget, spend } from "./retryDecision.js"
import * as telemetry from "../runtime/telemetry.js"
import { longestDelay, monotonic } from "../runtime/timer.js"

/**
 * How a call is retried.
 *
 * @since 0.1.0
 * @category models
 */
export interface Policy {
  /** The delays between attempts, and how many there may be. It is given the error of each failed attempt. */
  readonly schedule: Schedule.Schedule<unknown, ContactsError>
  /** How long the whole call may take, waiting included. */
  readonly deadline: Duration.Duration
  /** How long one request may take, from its permit until its whole response is read. */
  readonly attemptTimeout: Duration.Duration
  /**
   * Whether a write that ended with an unknown outcome is verified, where its endpoint can be: an update is compared with the
   * contact as it is now.
   */
  readonly verifyUnknown: boolean
  /**
   * How many retries one service may send beyond those it earns: half a retry by each success, and by each refusal with 400,
   * 401, 403 or 422. `Infinity` for no limit.
   */
  readonly budget: number
}

/** A call that is retried. */
export interface RetriedCall<A> {
  readonly policy: Policy
  readonly budget: RetryBudget
  readonly send: Send
  /** The answer of a response, or why there is none in it. */
  readonly decode: (attempt: Attempt, response: Response) => Either.Either<A, ContactsError>
  /**
   * Finds out within a time limit whether the call was applied after all: its answer if it was. `unknownSince` is when its
   * first attempt was sent that may have been applied.
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

/** Sends an attempt, and further ones as the policy says. A first attempt that succeeds pays for none of it. */
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

// --- what comes after a failed attempt ---------------------------------------------------------------------------------

/** Another attempt, `delay` milliseconds later, or none. */
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
    // A 429 says when to come back, and costs the service nothing.
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

/** After the last attempt: finds out whether a write of unknown outcome was applied, and sends it once more if it was not. */
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

/** Names and numbers only: an error's message may repeat what the service said. */
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
