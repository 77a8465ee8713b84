/**
 * The log of a sandbox: a line for each request, without tokens and without the values of a query string.
 *
 * @since 0.2.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Fault } from "./Faults.js"

const longestPath = 200

/** The path, and the names of the query's parameters: their values may be emails and phones. */
const target = (url: string): string => {
  const [path = "", query = ""] = url.split("?")
  const shown = path.length > longestPath ? `${path.slice(0, longestPath)}…` : path
  const names = Array.from(new Set(new URLSearchParams(query).keys()), encodeURIComponent)
  return names.length === 0 ? shown : `${shown}?${names.join("&")}`
}

/** Whether the server does not complete the response to a request with this fault. */
const breaksOff = (fault: Fault | undefined): boolean =>
  fault !== undefined && ["Reset", "HalfBody", "WrongLength"].includes(fault._tag)

/**
 * Logs how a request ended, in a line such as `GET /contacts/jane 200 3 ms` or
 * `PUT /contacts/jane 503 1 ms (fault: Status)`.
 *
 * @since 0.2.0
 * @category logging
 */
export const logged = <E, R>(
  { method, url }: HttpServerRequest.HttpServerRequest,
  fault: Fault | undefined,
  response: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R> =>
  Effect.flatMap(Clock.currentTimeMillis, (start) =>
    Effect.onExit(response, (exit) =>
      Effect.flatMap(Clock.currentTimeMillis, (end) => {
        const broken = breaksOff(fault) ? "incomplete response" : "no response, the client disconnected"
        const outcome = Exit.isSuccess(exit) ? String(exit.value.status) : broken
        const faultSuffix = fault === undefined ? "" : ` (fault: ${fault._tag})`
        return Effect.logInfo(`${method} ${target(url)} ${outcome} ${end - start} ms${faultSuffix}`)
      })
    )
  )
