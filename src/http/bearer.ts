// Adds the bearer to requests and renews it after a 401.
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Errors from "../Errors.js"
import * as Failure from "./failure.js"
import { isArray, parseObject } from "../runtime/json.js"
import { monotonic } from "../runtime/timer.js"
import { type Attempt, type AttemptFailure, errorContext, type Response, type Send } from "./attempt.js"
import { withTimeLimit } from "./deadline.js"

/** The source of the bearers of one service. */
export interface Bearer {
  /**
   * The bearer for a call. Fails with `Unauthorized` if there is none, or with the error of the vendor's token endpoint. The
   * call replaces the `operation` and the `attempts` of the error by its own.
   */
  readonly get: Effect.Effect<Redacted.Redacted, Errors.ContactsError>
  /** Returns the cached bearer if there is one and no refresh is due. `now` is in milliseconds of the epoch. */
  readonly cached?: (now: number) => Redacted.Redacted | undefined
  /** Renews a refused bearer. Returns another one, `None` if there is none; absent if there is only ever one bearer. */
  readonly renew?: (refused: Redacted.Redacted) => Effect.Effect<Option.Option<Redacted.Redacted>, Errors.ContactsError>
}

/** Matches the messages of a 401 whose cause is not the token, so that another token would not help. */
const unrelatedToToken = /version header|scope|authclass/i

/** Whether a response refuses the bearer itself, so that another bearer may be accepted. */
export const isRefusedBearer = ({ status, body }: Failure.Response): boolean => {
  if (status !== 401) return false
  const message = parseObject(body)?.["message"]
  return !unrelatedToToken.test(isArray(message) ? message.join() : String(message))
}

/** Waits for credentials, within the attempt's timeout. The call sends no request during the wait. */
const waitFor = <A>(attempt: Attempt, self: Effect.Effect<A, Errors.ContactsError>) => {
  const { clock, deadline, restore, timeoutMillis } = attempt.call
  const now = monotonic(clock)
  const limit = Math.max(0, Math.min(timeoutMillis, deadline - now))
  const unsent = errorContext(attempt, false)
  return restore(
    withTimeLimit(
      Effect.mapError(self, (error) => Failure.fromCredentials(unsent, error)),
      { clock, until: now + limit, onTimeout: () => Failure.fromTimeout(unsent, Duration.millis(limit), false) }
    )
  )
}

/**
 * Puts the bearer on each request. After a 401 that refuses the bearer, the bearer is renewed and the request is sent once
 * more. If the renewal fails, the call is not retried.
 */
export const withBearer =
  ({ get, cached, renew }: Bearer) =>
  (send: Send): Send => {
    const sendWith = (attempt: Attempt, bearer: Redacted.Redacted) =>
      send({
        ...attempt,
        request: HttpClientRequest.setHeader(attempt.request, "authorization", `Bearer ${Redacted.value(bearer)}`)
      })

    const getBearer = (attempt: Attempt): Effect.Effect<Redacted.Redacted, AttemptFailure> =>
      Effect.mapError(waitFor(attempt, get), (error) => ({ error }))

    const resend = (attempt: Attempt, refused: Redacted.Redacted, response: Response) => {
      if (renew === undefined || !isRefusedBearer(response)) return Effect.succeed(response)
      const { requests, sentAt } = response
      const next = { ...attempt, requestsBefore: requests }
      const renewed = Effect.mapError(waitFor(next, renew(refused)), (error): AttemptFailure => ({
        error,
        sentAt,
        isFinal: true
      }))
      return Effect.flatMap(
        renewed,
        Option.match({ onNone: () => Effect.succeed(response), onSome: (bearer) => sendWith(next, bearer) })
      )
    }

    return (attempt) => {
      const bearer = cached?.(attempt.call.clock.unsafeCurrentTimeMillis())
      if (bearer === undefined) {
        return Effect.flatMap(getBearer(attempt), (bearer) =>
          Effect.flatMap(sendWith(attempt, bearer), (response) => resend(attempt, bearer, response))
        )
      }
      const sent = sendWith(attempt, bearer)
      return renew === undefined ? sent : Effect.flatMap(sent, (response) => resend(attempt, bearer, response))
    }
  }
