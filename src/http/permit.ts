// The permit of a request.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Errors from "../Errors.js"
import * as Failure from "./failure.js"
import { inSeconds } from "../internal/duration.js"
import type { Pacer, Refusal } from "../RateLimit.js"
import { type Attempt, type AttemptFailure, errorContext, nowOf, type Send } from "./attempt.js"

/** The error of a request that cannot get its permit in time. */
const rejected = (attempt: Attempt, { isDayOver, retryAfter }: Refusal): AttemptFailure => {
  const wait = inSeconds(Duration.millis(retryAfter))
  const error = new Errors.RateLimited({
    operation: attempt.call.encoded.name,
    attempts: 0,
    message: isDayOver
      ? `Daily quota exhausted; it resets in ${wait}`
      : `Rate limit reached; the next request may leave in ${wait}, after this call's deadline`,
    retryAfter: Duration.millis(Math.ceil(retryAfter))
  })
  return { error: Failure.fromBefore(errorContext(attempt, false), error) }
}

/** Waits for a permit before each request, redirects and resends included, and tells the limiter what came back. */
export const withPermit =
  (pacer: Pacer) =>
  (send: Send): Send =>
  (attempt) =>
    pacer.withSlot(
      { priority: attempt.call.priority, patience: attempt.call.deadline - nowOf(attempt) },
      (slot) => {
        slot.leave()
        return Effect.tap(send(attempt), (response) => {
          const now = attempt.call.clock.unsafeCurrentTimeMillis()
          slot.answered(response, response.status === 429 ? Failure.retryAfter(response, now) : undefined)
        })
      },
      (refusal) => rejected(attempt, refusal)
    )
