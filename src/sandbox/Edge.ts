/**
 * Sends responses, and applies faults to them, as a proxy between client and service would.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Answer from "./Answer.js"
import * as Connection from "./Connection.js"
import type { Fault } from "./Faults.js"

/**
 * @since 0.1.0
 * @category answers
 */
export const respond = ({ status, headers, text }: Answer.EncodedResponse): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(text, { status, headers, contentType: headers["content-type"] ?? "text/plain" })

/**
 * Applies a fault to a request. `answer` performs the request, or yields a placeholder if the fault prevents that.
 *
 * @since 0.1.0
 * @category faults
 */
export const applyFault = (
  request: HttpServerRequest.HttpServerRequest,
  fault: Fault,
  answer: Effect.Effect<Answer.EncodedResponse>
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  if (fault._tag === "Stall") {
    const stall = Effect.sleep(Duration.millis(fault.millis))
    return Effect.map(fault.when === "after" ? Effect.zipLeft(answer, stall) : Effect.zipRight(stall, answer), respond)
  }
  return Effect.flatMap(Effect.zip(answer, DateTime.now), ([whole, now]) => {
    const body = Buffer.from(whole.text)
    const other = Answer.replaced(fault, whole, now)
    if (other !== undefined) return Effect.succeed(respond(other))
    switch (fault._tag) {
      case "Reset":
        return Connection.reset(request)
      case "HalfBody":
        return Connection.sendPart(request, whole, body.subarray(0, body.length / 2), {
          length: body.length,
          isReset: true
        })
      case "WrongLength":
        return Connection.sendPart(request, whole, body, { length: body.length + fault.by, isReset: false })
      default:
        return Effect.succeed(respond(whole))
    }
  })
}
