// The time limit of a request, and of anything else that a call waits for.
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
import { abandon, later, monotonic } from "../runtime/timer.js"
import { BodyTooLarge, type PendingResponse, type Transport } from "./transport.js"

const timedOut = (attempt: Attempt, limit: number, isSent: boolean): Errors.ContactsError =>
  Failure.fromTimeout(errorContext(attempt, isSent), Duration.millis(limit), isSent)

/** What a transport's failure means for the attempt. */
const failureOf = (attempt: Attempt, error: HttpClientError.HttpClientError, isSent: boolean): Errors.ContactsError =>
  error._tag === "ResponseError" && error.cause instanceof BodyTooLarge
    ? Failure.fromTooLarge(errorContext(attempt), error.response.status, error.cause.message)
    : Failure.fromTransport(errorContext(attempt), error, isSent)

/** What a request came to that has no whole response. Where its status refuses it already, the body counts as empty. */
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
 * One request over a transport, within the attempt's timeout and the call's deadline. Interruption and timeout take the
 * request off the wire; neither waits for that.
 *
 * Where the status has refused the request already, a body that breaks off or is late is an empty one.
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
      const cancelTimer = later(call.clock, limit, () => {
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
        // Lets the response go: what is held by an effect that has ended is collected late, which costs a sixth of a call.
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
 * An effect that has to end at a moment of the monotonic clock. Neither the timeout nor an interruption waits for the effect
 * to end, be it uninterruptible or slow to clean up: it has a fiber of its own.
 */
export const within = <A, E, R, E2>(
  self: Effect.Effect<A, E, R>,
  { clock, until, onTimeout }: { readonly clock: Clock.Clock; readonly until: number; readonly onTimeout: () => E2 }
): Effect.Effect<A, E | E2, R> =>
  Effect.flatMap(Effect.runtime<R>(), (runtime) =>
    Effect.async<A, E | E2>((resume) => {
      // As a value: a fiber that fails would be reported in the app's log.
      const fiber = Runtime.runFork(runtime, Effect.interruptible(Effect.exit(self)))
      const interrupt = () => abandon(() => fiber.unsafeInterruptAsFork(fiber.id()))
      const cancelTimer = later(clock, Math.max(0, until - monotonic(clock)), () => {
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
