// The metrics and spans of calls and requests.
import * as Effect from "effect/Effect"
import type * as Errors from "../Errors.js"
import * as Failure from "./failure.js"
import { callDuration, requestDuration, spanned } from "../runtime/telemetry.js"
import { monotonic } from "../runtime/timer.js"
import type { Call, Send } from "./attempt.js"

/** Records the duration of a call, with its retries and waits. */
export const measuredCall = <A>(
  self: Effect.Effect<A, Errors.ContactsError>,
  { clock, encoded, startedAt }: Call
): Effect.Effect<A, Errors.ContactsError> => {
  const record = (outcome: string) => callDuration((monotonic(clock) - startedAt) / 1000, encoded.name, outcome)
  return Effect.matchEffect(self, {
    onFailure: (error) => {
      record(error._tag)
      return Effect.fail(error)
    },
    onSuccess: (answer) => {
      record("ok")
      return Effect.succeed(answer)
    }
  })
}

/** The server that requests are sent to. */
export interface Server {
  readonly address: string
  readonly port: number
}

/** Records the duration of each request, and creates a span for it if a tracer is installed. */
export const withTelemetry =
  (server: Server) =>
  (send: Send): Send =>
  (attempt) => {
    const { call, requestsBefore } = attempt
    const { method, template } = call.encoded
    const record = (sentAt: number | undefined, status: number | undefined, errorType: string | undefined) => {
      if (sentAt === undefined) return
      const seconds = (monotonic(call.clock) - sentAt) / 1000
      requestDuration(seconds, method, template, server.address, server.port, status, errorType)
    }
    const measured = Effect.matchEffect(send(attempt), {
      onFailure: (failure) => {
        record(failure.sentAt, failure.error.status, failure.error._tag)
        return Effect.fail(failure)
      },
      onSuccess: (response) => {
        record(response.sentAt, response.status, Failure.tagOfStatus(call.declares, response.status))
        return Effect.succeed(response)
      }
    })
    if (!call.isTraced) return measured
    return spanned(measured, {
      name: `${method} ${template}`,
      kind: "client",
      attributes: {
        "http.request.method": method,
        "url.template": template,
        "server.address": server.address,
        "server.port": server.port,
        "http.request.resend_count": requestsBefore > 0 ? requestsBefore : undefined
      },
      ofValue: ({ status }) => ({
        "http.response.status_code": status,
        "error.type": Failure.tagOfStatus(call.declares, status)
      }),
      tagOf: ({ error }) => error._tag
    })
  }
