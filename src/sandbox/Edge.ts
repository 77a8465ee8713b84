/**
 * What stands between a client and the service: it lets a request meet its fault, and answers in the service's place.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { STATUS_CODES } from "node:http"
import * as Connection from "./Connection.js"
import type { Fault } from "./Faults.js"

/**
 * A whole answer, not yet sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer extends Connection.Head {
  readonly text: string
}

/**
 * @since 0.1.0
 * @category answers
 */
export const respond = ({ status, headers, text }: Answer): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(text, { status, headers, contentType: headers["content-type"] ?? "text/plain" })

/**
 * The headers of every answer. Its date is by the sandbox's own clock, and so agrees with those of its contacts.
 *
 * @since 0.1.0
 * @category answers
 */
export const headersOf = (contentType: string, now: DateTime.Utc): { readonly [name: string]: string } => ({
  date: DateTime.toDate(now).toUTCString(),
  "content-type": contentType
})

const page = (title: string) =>
  `<!DOCTYPE html><html><head><title>${title} | Cloudflare</title></head><body><h1>${title}</h1></body></html>`

type Body = Extract<Fault, { readonly _tag: "Status" }>["body"]

const bodies: { readonly [body in Body]: (status: number, phrase: string) => readonly [type: string, text: string] } = {
  json: (statusCode, message) => ["application/json", JSON.stringify({ statusCode, message })],
  html: (status, phrase) => ["text/html; charset=UTF-8", page(`${status} ${phrase}`)],
  text: () => ["text/plain", "upstream connect error or disconnect/reset before headers"],
  none: () => ["text/plain", ""]
}

const answering = (status: number, body: Body, now: DateTime.Utc, more?: Connection.Head["headers"]): Answer => {
  const [type, text] = bodies[body](status, STATUS_CODES[status] ?? "Error")
  return { status, headers: { ...headersOf(type, now), ...more }, text }
}

/**
 * The status that a client is going to see, 0 for none.
 *
 * @since 0.1.0
 * @category faults
 */
export const statusWith = (fault: Fault, status: number): number => {
  switch (fault._tag) {
    case "Reset":
      return 0
    case "Status":
      return fault.status
    case "Html":
    case "Garbage":
      return 200
    default:
      return status
  }
}

/**
 * Whether the request is performed although it meets the fault.
 *
 * @since 0.1.0
 * @category faults
 */
export const isPerformed = (fault: Fault): boolean =>
  fault._tag === "Stall" || !("when" in fault) || fault.when === "after"

/**
 * Lets a request meet its fault. `answer` is what the service makes of it, or what stands for that where it is not
 * performed.
 *
 * @since 0.1.0
 * @category faults
 */
export const meet = (
  request: HttpServerRequest.HttpServerRequest,
  fault: Fault,
  answer: Effect.Effect<Answer>
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  if (fault._tag === "Stall") {
    const stall = Effect.sleep(Duration.millis(fault.millis))
    return Effect.map(fault.when === "after" ? Effect.zipLeft(answer, stall) : Effect.zipRight(stall, answer), respond)
  }
  return Effect.flatMap(Effect.zip(answer, DateTime.now), ([whole, now]) => {
    const body = Buffer.from(whole.text)
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
      case "Status":
        return Effect.succeed(respond(answering(fault.status, fault.body, now, fault.headers)))
      case "Html":
        return Effect.succeed(respond(answering(200, "html", now)))
      case "Garbage":
        return Effect.succeed(
          respond({ ...whole, status: 200, text: `${whole.text.slice(0, whole.text.length / 2)}\u0000` })
        )
    }
  })
}
