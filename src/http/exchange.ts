// Sends single requests outside of API calls: to the vendor's token endpoint.
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { pipe } from "effect/Function"
import type * as Errors from "../Errors.js"
import type * as Failure from "./failure.js"
import type { Attempt, Response } from "./attempt.js"
import { withDeadline } from "./deadline.js"
import { withRedirects } from "./redirects.js"
import { transportOf } from "./transport.js"
import { clockOf, servicesOf, uninterruptible } from "../runtime/fiber.js"
import { monotonic } from "../runtime/timer.js"

/** The properties of a request that its errors contain. */
export type ExchangeContext = Pick<Failure.ErrorContext, "operation" | "declares" | "secrets">

/** Sends one request with a timeout and reads the complete response. Errors treat it as a write that is safe to repeat. */
export const makeExchange = (client: HttpClient.HttpClient) => {
  const send = pipe(transportOf(client), withDeadline, withRedirects)
  return (
    request: HttpClientRequest.HttpClientRequest,
    { operation, declares, secrets }: ExchangeContext,
    timeout: Duration.Duration
  ): Effect.Effect<Response, Errors.ContactsError> =>
    uninterruptible((restore, fiber) => {
      const clock = clockOf(servicesOf(fiber))
      const startedAt = monotonic(clock)
      const timeoutMillis = Duration.toMillis(timeout)
      const attempt: Attempt = {
        request,
        startedAt,
        requestsBefore: 0,
        call: {
          encoded: {
            name: operation,
            method: "POST",
            template: "",
            path: "",
            params: {},
            version: "",
            body: undefined
          },
          declares,
          isWrite: true,
          isSafeToRetry: true,
          secrets,
          fiber,
          restore,
          clock,
          startedAt,
          deadline: startedAt + timeoutMillis,
          timeoutMillis,
          priority: "interactive",
          isTraced: false
        }
      }
      return Effect.mapError(send(attempt), ({ error }) => error)
    })
}
