/**
 * Whole answers, and what a fault makes of them.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import type { Fault } from "./Faults.js"

/**
 * A whole answer, not yet sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly text: string
}

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

const phrases: { readonly [status: number]: string } = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  408: "Request Timeout",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout"
}

const page = (title: string) =>
  `<!DOCTYPE html><html><head><title>${title} | Cloudflare</title></head><body><h1>${title}</h1></body></html>`

type Body = Extract<Fault, { readonly _tag: "Status" }>["body"]

const bodies: { readonly [body in Body]: (status: number, phrase: string) => readonly [type: string, text: string] } = {
  json: (statusCode, message) => ["application/json", JSON.stringify({ statusCode, message })],
  html: (status, phrase) => ["text/html; charset=UTF-8", page(`${status} ${phrase}`)],
  text: () => ["text/plain", "upstream connect error or disconnect/reset before headers"],
  none: () => ["text/plain", ""]
}

const answering = (status: number, body: Body, now: DateTime.Utc, more?: Answer["headers"]): Answer => {
  const [type, text] = bodies[body](status, phrases[status] ?? "Error")
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
 * The answer that a client gets instead, for the faults that leave a whole answer; nothing for the others.
 *
 * @since 0.2.0
 * @category faults
 */
export const replaced = (fault: Fault, whole: Answer, now: DateTime.Utc): Answer | undefined => {
  switch (fault._tag) {
    case "Status":
      return answering(fault.status, fault.body, now, fault.headers)
    case "Html":
      return answering(200, "html", now)
    case "Garbage":
      return { ...whole, status: 200, text: `${whole.text.slice(0, whole.text.length / 2)}\u0000` }
    default:
      return undefined
  }
}
