/**
 * What is sent again, when, and until when.
 *
 * Whether a repeat is safe is not decided here: an error's `isRetryable` says so, from its outcome, its endpoint and the
 * input of the call.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"
import { type ContactsError, isDocumented } from "./Errors.js"

// --- the policy --------------------------------------------------------------------------------------------------------

/**
 * - `schedule`: the delays between attempts, and how many there may be. It is given the error of each failed attempt.
 * - `deadline`: how long the whole call may take, waiting included.
 * - `attemptTimeout`: how long one attempt may take, once there is a slot for it, until its whole answer is read.
 * - `verifyUnknown`: whether a write that ended with an unknown outcome is looked up, where its endpoint can: an update is
 *   compared with the contact as it is now.
 * - `budget`: how many repeats one service may send beyond what it earns: half a repeat by each success, and by each
 *   refusal with 400, 401, 403 or 422. `Infinity` for no limit.
 *
 * @since 0.1.0
 * @category models
 */
export interface Policy {
  readonly schedule: Schedule.Schedule<unknown, ContactsError>
  readonly deadline: Duration.Duration
  readonly attemptTimeout: Duration.Duration
  readonly verifyUnknown: boolean
  readonly budget: number
}

/**
 * Full jitter on an exponential: before attempt n + 1 anything between nothing and `base` × 2ⁿ⁻¹, at most `cap`; `attempts`
 * in all. By default 200 milliseconds, at most 5 seconds, 5 attempts.
 *
 * @example
 * import * as RetryPolicy from "effect-growthhub/RetryPolicy"
 *
 * export const patient = RetryPolicy.make({ schedule: RetryPolicy.backoff({ attempts: 10 }), deadline: "5 minutes" })
 *
 * @since 0.1.0
 * @category schedules
 */
export const backoff = (options?: {
  readonly base?: Duration.DurationInput | undefined
  readonly cap?: Duration.DurationInput | undefined
  readonly attempts?: number | undefined
}): Schedule.Schedule<unknown> => {
  const cap = Duration.decode(options?.cap ?? "5 seconds")
  return Schedule.exponential(options?.base ?? "200 millis").pipe(
    Schedule.modifyDelay((_, delay) => Duration.min(delay, cap)),
    Schedule.jitteredWith({ min: 0, max: 1 }),
    Schedule.intersect(Schedule.recurs((options?.attempts ?? 5) - 1))
  )
}

/**
 * A policy that differs from the default as given: {@link backoff}, 10 seconds for an attempt, 30 for the call, unknown
 * outcomes looked up, a budget of 16.
 *
 * @example
 * import { Effect, Schedule } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as RetryPolicy from "effect-growthhub/RetryPolicy"
 * import type { ContactId } from "effect-growthhub/Schema"
 *
 * const policy = RetryPolicy.make({ schedule: Schedule.spaced("1 second"), deadline: "1 minute" })
 *
 * export const contact = (id: ContactId) =>
 *   Effect.flatMap(ContactsService, (contacts) => contacts.getContact(id)).pipe(
 *     Effect.provideService(RetryPolicy.RetryPolicy, policy)
 *   )
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: {
  readonly schedule?: Schedule.Schedule<unknown, ContactsError> | undefined
  readonly deadline?: Duration.DurationInput | undefined
  readonly attemptTimeout?: Duration.DurationInput | undefined
  readonly verifyUnknown?: boolean | undefined
  readonly budget?: number | undefined
}): Policy => ({
  schedule: options?.schedule ?? backoff(),
  deadline: Duration.decode(options?.deadline ?? "30 seconds"),
  attemptTimeout: Duration.decode(options?.attemptTimeout ?? "10 seconds"),
  verifyUnknown: options?.verifyUnknown ?? true,
  budget: options?.budget ?? 16
})

/**
 * Each call is sent once, and nothing is looked up. The time limits are those of the default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const none: Policy = make({ schedule: Schedule.stop, verifyUnknown: false })

/**
 * The policy of a call: the default one of {@link make}, unless the app provides another, to the layer of its service or
 * to an effect. That of the effect comes first.
 *
 * @example
 * import { FetchHttpClient } from "@effect/platform"
 * import { Effect, Layer } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as RetryPolicy from "effect-growthhub/RetryPolicy"
 *
 * // For the app:
 * export const Contacts = ContactsService.layerConfig().pipe(
 *   Layer.provide(FetchHttpClient.layer),
 *   Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, RetryPolicy.make({ deadline: "1 minute" })))
 * )
 *
 * // For one effect:
 * export const once = Effect.provideService(RetryPolicy.RetryPolicy, RetryPolicy.none)
 *
 * @since 0.1.0
 * @category tags
 */
export class RetryPolicy extends Context.Reference<RetryPolicy>()("effect-growthhub/RetryPolicy", {
  defaultValue: () => make()
}) {}

// --- the budget --------------------------------------------------------------------------------------------------------

/**
 * The repeats of a service that its answers have not earned back. One that fails most of the time is sent no more than it
 * would be without repeats, and those few.
 *
 * @since 0.1.0
 * @category models
 */
export interface Budget {
  spent: number
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeBudget = (): Budget => ({ spent: 0 })

const earnedByAnswer = 0.5

const earn = (budget: Budget): void => {
  if (budget.spent > 0) budget.spent = Math.max(0, budget.spent - earnedByAnswer)
}

/** Takes a repeat out of the budget, if there is one left. */
const spend = (budget: Budget, { budget: most }: Policy): boolean => {
  if (most === Infinity) return true
  if (budget.spent + 1 > most) return false
  budget.spent += 1
  return true
}

// --- the attempts of a call --------------------------------------------------------------------------------------------

/**
 * All moments are milliseconds of the epoch.
 *
 * - `number`: counts from 1.
 * - `deadline`: until when it has to end.
 * - `timeout`: how long it may take from when it leaves, before that.
 * - `unknownSince`: when the first of the earlier attempts left that may have been applied; absent if there is none.
 * - `sentAt`: when its request left; `isUnsent`: it ended before it left; `status`: of its answer. Written down by whoever
 *   sends it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Attempt {
  readonly number: number
  readonly deadline: number
  readonly timeout: Duration.Duration
  readonly unknownSince?: number
  sentAt?: number
  isUnsent?: boolean
  status?: number | undefined
}

/**
 * - `send`: one attempt.
 * - `isOver`: whether no further attempt could end otherwise, whatever the error says of the same call at another time.
 * - `look`: finds out within the given time whether the call was applied after all, where the endpoint has a way to.
 * - `onAttempt`: told of each attempt that has ended, and when it began; `onRepeat`: of each error that is followed by
 *   another attempt; `onEnd`: of the end.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call<A> {
  readonly operation: string
  readonly send: (attempt: Attempt) => Effect.Effect<A, ContactsError>
  readonly isOver: () => boolean
  readonly look?: ((limit: Duration.Duration) => Effect.Effect<Option.Option<A>, ContactsError>) | undefined
  readonly onAttempt: (attempt: Attempt, error: ContactsError | undefined) => void
  readonly onRepeat: (error: ContactsError) => void
  readonly onEnd: (error: ContactsError | undefined) => void
}

/** A call on its way: `deadline` in milliseconds of the epoch. */
interface Run<A> {
  readonly call: Call<A>
  readonly policy: Policy
  readonly budget: Budget
  readonly clock: Clock.Clock
  readonly deadline: number
}

/** A failed attempt, and what the schedule had come to before it. */
interface Failed {
  readonly attempt: Attempt
  readonly beganAt: number
  readonly error: ContactsError
  readonly schedule: unknown
}

/**
 * Performs a call by its policy. A first attempt that succeeds pays for none of it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const perform = <A>(
  call: Call<A>,
  policy: Policy,
  budget: Budget,
  clock: Clock.Clock
): Effect.Effect<A, ContactsError> => {
  const deadline = clock.unsafeCurrentTimeMillis() + Duration.toMillis(policy.deadline)
  const first: Attempt = { number: 1, deadline, timeout: policy.attemptTimeout }
  return sending({ call, policy, budget, clock, deadline }, first, policy.schedule.initial)
}

const sending = <A>(run: Run<A>, attempt: Attempt, schedule: unknown): Effect.Effect<A, ContactsError> => {
  const beganAt = run.clock.unsafeCurrentTimeMillis()
  return Effect.matchEffect(run.call.send(attempt), {
    onSuccess: (answer) => {
      earn(run.budget)
      run.call.onAttempt(attempt, undefined)
      run.call.onEnd(undefined)
      return attempt.number === 1
        ? Effect.succeed(answer)
        : Effect.as(annotated(run, attempt, beganAt, "Attempt succeeded"), answer)
    },
    onFailure: (error) => {
      run.call.onAttempt(attempt, error)
      if (error.attempts > 0 && (isDocumented(error) || error._tag === "Forbidden")) earn(run.budget)
      return failed(run, { attempt, beganAt, error, schedule })
    }
  })
}

const failed = <A>(run: Run<A>, failure: Failed): Effect.Effect<A, ContactsError> =>
  Effect.flatMap(decide(run, failure), (decision) =>
    Effect.zipRight(
      tellFailure(run, failure, decision),
      decision._tag === "Stop"
        ? ended(run, failure, decision)
        : Effect.zipRight(
            Effect.sleep(Duration.millis(decision.delay)),
            Effect.suspend(() => {
              run.call.onRepeat(failure.error)
              return sending(run, following(run, failure), decision.schedule)
            })
          )
    )
  )

/** What comes after a failed attempt: another one, `delay` milliseconds later, or none. */
type Decision =
  | { readonly _tag: "Repeat"; readonly delay: number; readonly schedule: unknown }
  | { readonly _tag: "Stop"; readonly because: string; readonly mayLook: boolean }

const stop = (because: string, mayLook = true): Decision => ({ _tag: "Stop", because, mayLook })

const floorOf = (error: ContactsError): number =>
  (error._tag === "RateLimited" || error._tag === "ServerError") && error.retryAfter !== undefined
    ? Duration.toMillis(error.retryAfter)
    : 0

const decide = <A>(run: Run<A>, { error, schedule }: Failed): Effect.Effect<Decision> => {
  if (!error.isRetryable || run.call.isOver()) {
    return Effect.succeed(stop("a repeat would not help, or not be safe"))
  }
  const now = run.clock.unsafeCurrentTimeMillis()
  return Effect.map(run.policy.schedule.step(now, error, schedule), ([next, , decision]) => {
    if (ScheduleDecision.isDone(decision)) return stop("the schedule has ended")
    const floor = floorOf(error)
    const delay = Math.max(Math.ceil(ScheduleIntervals.start(decision.intervals) - now), floor)
    if (now + delay + worthwhile > run.deadline || delay > longestSleep) {
      return stop("the deadline comes first", floor === 0)
    }
    // A 429 has its own way of bounding traffic: it says when to come back, and costs the service nothing.
    const isAfforded = error._tag === "RateLimited" || spend(run.budget, run.policy)
    return isAfforded ? { _tag: "Repeat", delay, schedule: next } : stop("the budget is spent", false)
  })
}

/** An attempt that has less time than this would only make a certain outcome unknown. */
const worthwhile = 50

/** What a timer can wait: 24 days. */
const longestSleep = 2 ** 31 - 1

const remaining = <A>(run: Run<A>): Duration.Duration =>
  Duration.millis(Math.max(0, run.deadline - run.clock.unsafeCurrentTimeMillis()))

const following = <A>(run: Run<A>, { attempt, beganAt, error }: Failed): Attempt => {
  const unknownSince = attempt.unknownSince ?? (error.outcome === "Unknown" ? (attempt.sentAt ?? beganAt) : undefined)
  return {
    number: attempt.isUnsent === true ? attempt.number : attempt.number + 1,
    deadline: run.deadline,
    timeout: run.policy.attemptTimeout,
    ...(unknownSince === undefined ? {} : { unknownSince })
  }
}

/** There is no further attempt: where that leaves it open whether the call was applied, looks, and repeats if it was not. */
const ended = <A>(
  run: Run<A>,
  failure: Failed,
  decision: Extract<Decision, { readonly _tag: "Stop" }>
): Effect.Effect<A, ContactsError> =>
  Effect.suspend(() => {
    const { call, policy, budget } = run
    const { error } = failure
    const failing = Effect.suspend(() => {
      call.onEnd(error)
      return Effect.fail(error)
    })
    const isOpen = error.outcome === "Unknown" && error._tag !== "RateLimited" && decision.mayLook
    const limit = remaining(run)
    if (!isOpen || call.look === undefined || !policy.verifyUnknown || Duration.toMillis(limit) === 0) {
      return failing
    }
    if (!spend(budget, policy)) return failing
    return Effect.matchEffect(call.look(limit), {
      onFailure: () => failing,
      onSuccess: Option.match({
        onSome: (answer) => {
          call.onEnd(undefined)
          return Effect.as(tell(run, failure, "Looked up: it was applied"), answer)
        },
        onNone: () => {
          const next = following(run, failure)
          const isWorthwhile = error.isRetryable && Duration.toMillis(remaining(run)) >= worthwhile
          if (!isWorthwhile || !spend(budget, policy)) return failing
          const last = { ...run, policy: { ...policy, schedule: Schedule.stop, verifyUnknown: false } }
          return Effect.zipRight(
            tell(run, failure, "Looked up: it was not applied; again now"),
            sending(last, next, Schedule.stop.initial)
          )
        }
      })
    })
  })

// --- the timeline, at log level debug ----------------------------------------------------------------------------------

/** Names and numbers only: an error's message may repeat what the service said. */
const annotated = <A>(run: Run<A>, attempt: Attempt, beganAt: number, message: string, more: object = {}) =>
  Effect.suspend(() =>
    Effect.annotateLogs(Effect.logDebug(message), {
      operation: run.call.operation,
      attempt: attempt.number,
      millis: run.clock.unsafeCurrentTimeMillis() - beganAt,
      ...more
    })
  )

const tell = <A>(run: Run<A>, { attempt, beganAt, error }: Failed, message: string) =>
  annotated(run, attempt, beganAt, message, {
    error: error._tag,
    outcome: error.outcome,
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(error._tag === "TransportError" && error.code !== undefined ? { code: error.code } : {})
  })

const tellFailure = <A>(run: Run<A>, failure: Failed, decision: Decision) =>
  tell(
    run,
    failure,
    decision._tag === "Repeat"
      ? `Attempt failed; again in ${decision.delay} ms`
      : `Attempt failed; not again: ${decision.because}`
  )
