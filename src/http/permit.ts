// The permit of a request.
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Errors from "../Errors.js"
import { inSeconds } from "../internal/duration.js"
import type { Limiter, Permit, Rejection } from "../RateLimit.js"
import { type Attempt, type AttemptFailure, errorContext, nowOf, type Response, type Send } from "./attempt.js"
import * as Failure from "./failure.js"

/** The error of a request that cannot get its permit in time. */
const rejected = (attempt: Attempt, { reason, retryAfterMillis }: Rejection): AttemptFailure => {
  const wait = inSeconds(Duration.millis(retryAfterMillis))
  const error = new Errors.RateLimited({
    operation: attempt.call.encoded.name,
    attempts: 0,
    message:
      reason === "DailyQuotaExhausted"
        ? `Daily quota exhausted; it resets in ${wait}`
        : `Rate limit reached; the next request may leave in ${wait}, after this call's deadline`,
    retryAfter: Duration.millis(Math.ceil(retryAfterMillis))
  })
  return { error: Failure.fromBefore(errorContext(attempt, false), error) }
}

/** Tells the limiter how the request ended. Where nothing was sent, its permit is given back. */
const settle = (permit: Permit, { call }: Attempt, exit: Exit.Exit<Response, AttemptFailure>): void => {
  if (Exit.isSuccess(exit)) {
    const { status } = exit.value
    const now = call.clock.unsafeCurrentTimeMillis()
    return permit.complete(exit.value, status === 429 ? Failure.retryAfter(exit.value, now) : undefined)
  }
  const failure = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (failure !== undefined && failure.sentAt === undefined) permit.release()
  else permit.complete()
}

/** Waits for a permit before each request, redirects and resends included, and tells the limiter what came back. */
export const withPermit =
  (limiter: Limiter) =>
  (send: Send): Send =>
  (attempt) => {
    const { deadline, priority, timeoutMillis: leaseMillis } = attempt.call
    const timeoutMillis = deadline - nowOf(attempt)
    // Without time left the request fails by its deadline, which sends nothing.
    if (timeoutMillis <= 0) return send(attempt)
    const options = { priority, timeoutMillis, leaseMillis: Math.min(leaseMillis, timeoutMillis) }
    return Effect.uninterruptibleMask((restore) =>
      Effect.matchEffect(restore(limiter.acquire(options)), {
        onFailure: (rejection) => Effect.fail(rejected(attempt, rejection)),
        onSuccess: (permit) =>
          Effect.onExit(restore(send(attempt)), (exit) => Effect.sync(() => settle(permit, attempt, exit)))
      })
    )
  }
