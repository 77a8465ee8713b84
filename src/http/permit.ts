// Acquires a permit of the rate limiter for each request.
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Errors from "../Errors.js"
import { inSeconds } from "../runtime/duration.js"
import { monotonic } from "../runtime/timer.js"
import type { Limiter, Permit, Rejection } from "../RateLimit.js"
import { type Attempt, type AttemptFailure, errorContext, type Send } from "./attempt.js"
import * as Failure from "./failure.js"

/** The error of a request that cannot get its permit before the deadline. */
const rejected = (attempt: Attempt, { reason, retryAfterMillis }: Rejection): AttemptFailure => {
  const wait = inSeconds(Duration.millis(retryAfterMillis))
  const error = new Errors.RateLimited({
    operation: attempt.call.encoded.name,
    attempts: 0,
    message:
      reason === "DailyQuotaExhausted"
        ? `Daily quota exhausted; it resets in ${wait}`
        : `Rate limit reached; the next request can be sent in ${wait}, after this call's deadline`,
    retryAfter: Duration.millis(Math.ceil(retryAfterMillis))
  })
  return { error: Failure.withCallContext(errorContext(attempt, false), error) }
}

/** Reports a failed request to the limiter. If nothing was sent, the permit is released. */
const settle = (permit: Permit, cause: Cause.Cause<AttemptFailure>): void => {
  const failure = Option.getOrUndefined(Cause.failureOption(cause))
  if (failure !== undefined && failure.sentAt === undefined) permit.release()
  else permit.complete()
}

/** Waits for a permit before each request, redirects and resends included, and reports the response to the limiter. */
export const withPermit =
  (limiter: Limiter) =>
  (send: Send): Send =>
  (attempt) =>
    Effect.suspend(() => {
      const { clock, deadline, priority, restore, timeoutMillis: leaseMillis } = attempt.call
      const timeoutMillis = deadline - monotonic(clock)
      // Without time left, `send` fails with a timeout and sends nothing.
      if (timeoutMillis <= 0) return send(attempt)
      const options = { priority, timeoutMillis, leaseMillis: Math.min(leaseMillis, timeoutMillis) }

      const sendWith = (permit: Permit) =>
        Effect.matchCauseEffect(send(attempt), {
          onFailure: (cause) => {
            settle(permit, cause)
            return Effect.failCause(cause)
          },
          onSuccess: (response) => {
            const isRefused = response.status === 429
            permit.complete(
              response,
              isRefused ? Failure.retryAfter(response, clock.unsafeCurrentTimeMillis()) : undefined
            )
            return Effect.succeed(response)
          }
        })

      const permit = limiter.tryAcquire(options)
      return permit !== undefined
        ? sendWith(permit)
        : Effect.matchEffect(limiter.acquire(options, restore), {
            onFailure: (rejection) => Effect.fail(rejected(attempt, rejection)),
            onSuccess: sendWith
          })
    })
