// The time limits of requests and of other effects that a call waits for.
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as Clock from "effect/Clock"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type * as Errors from "../Errors.js"
import * as Failure from "./failure.js"
import { type Attempt, type AttemptFailure, errorContext, type Response, type Send } from "./attempt.js"
import { abortOnNextTick, setTimer, monotonic } from "../runtime/timer.js"
import { BodyTooLarge, type PendingResponse, type Transport } from "./transport.js"

const timedOut = (attempt: Attempt, limit: number, isSent: boolean): Errors.ContactsError =>
  Failure.fromTimeout(errorContext(attempt, isSent), Duration.millis(limit), isSent)

/** Converts a transport's error into the error of the attempt. */
const failureOf = (attempt: Attempt, error: HttpClientError.HttpClientError, isSent: boolean): Errors.ContactsError =>
  error._tag === "ResponseError" && error.cause instanceof BodyTooLarge
    ? Failure.fromTooLarge(errorContext(attempt), error.response.status, error.cause.message)
    : Failure.fromTransport(errorContext(attempt), error, isSent)

/** The result of a request without a complete response. If its status is no 2xx, it is a response with an empty body. */
const withoutBody = (
  pending: PendingResponse,
  sent: Pick<Response, "sentAt" | "requests" | "request">,
  failure: () => AttemptFailure
): Effect.Effect<Response, AttemptFailure> =>
  Effect.suspend(() => {
    const head = pending.head()
    return head !== undefined && !Failure.isSuccess(head)
      ? Effect.succeed({ ...head, body: "", ...sent })
      : Effect.fail(failure())
  })

/**
 * Sends one request over a transport, within the attempt's timeout and the call's deadline. Interruption and timeout abort
 * the request; neither waits for the abort.
 *
 * If the status is no 2xx, a body that breaks off or is late counts as empty.
 */
export const withDeadline =
  (transport: Transport): Send =>
  (attempt) => {
    const { call, request, requestsBefore } = attempt
    let giveUp = constVoid
    const response = Effect.async<Response, AttemptFailure>((resume) => {
      const sentAt = monotonic(call.clock)
      const limit = Math.min(call.timeoutMillis, call.deadline - sentAt)
      if (limit <= 0) return resume(Effect.fail({ error: timedOut(attempt, 0, false) }))
      const sent = { sentAt, requests: requestsBefore + 1, request }
      const pending = transport(request, call.fiber)
      const cancelTimer = setTimer(call.clock, limit, () => {
        const isSent = pending.isSent()
        pending.abort()
        resume(
          withoutBody(pending, sent, () => ({
            error: timedOut(attempt, limit, isSent),
            sentAt: isSent ? sentAt : undefined
          }))
        )
      })
      giveUp = () => {
        cancelTimer()
        pending.abort()
      }
      void pending.exit.then((exit) => {
        cancelTimer()
        // Drops the reference to the response: otherwise it is garbage-collected late, which costs a sixth of a call.
        giveUp = constVoid
        if (Exit.isSuccess(exit)) {
          const { status, headers, body } = exit.value
          return resume(Effect.succeed({ status, headers, body, sentAt, requests: requestsBefore + 1, request }))
        }
        const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
        resume(
          error === undefined
            ? Effect.die(Cause.squash(exit.cause))
            : withoutBody(pending, sent, () => ({ error: failureOf(attempt, error, pending.isSent()), sentAt }))
        )
      })
    })
    return Effect.catchAllCause(call.restore(response), (cause) => {
      if (Cause.isInterrupted(cause)) giveUp()
      return Effect.failCause(cause)
    })
  }

/**
 * Runs an effect with a time limit, `until`, on the monotonic clock. The effect runs in a fiber of its own, so neither the
 * timeout nor an interruption waits for an effect that is uninterruptible or slow to clean up.
 */
export const withTimeLimit = <A, E, R, E2>(
  self: Effect.Effect<A, E, R>,
  { clock, until, onTimeout }: { readonly clock: Clock.Clock; readonly until: number; readonly onTimeout: () => E2 }
): Effect.Effect<A, E | E2, R> =>
  Effect.flatMap(Effect.runtime<R>(), (runtime) =>
    Effect.async<A, E | E2>((resume) => {
      // The fiber returns its `Exit` as a value, because a failed fiber would be reported in the app's log.
      const fiber = Runtime.runFork(runtime, Effect.interruptible(Effect.exit(self)))
      const interrupt = () => abortOnNextTick(() => fiber.unsafeInterruptAsFork(fiber.id()))
      const cancelTimer = setTimer(clock, Math.max(0, until - monotonic(clock)), () => {
        interrupt()
        resume(Effect.failSync(onTimeout))
      })
      fiber.addObserver((exit) => {
        cancelTimer()
        resume(Effect.flatten(exit))
      })
      return Effect.sync(() => {
        cancelTimer()
        interrupt()
      })
    })
  )
