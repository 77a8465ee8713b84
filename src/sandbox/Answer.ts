/**
 * Whole responses, and how a fault changes them.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import type { Fault } from "./Faults.js"

/**
 * A whole response before it is sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface EncodedResponse {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly text: string
}

/**
 * The headers of every response. `date` comes from the sandbox's clock, like the dates of its contacts.
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

const answering = (
  status: number,
  body: Body,
  now: DateTime.Utc,
  more?: EncodedResponse["headers"]
): EncodedResponse => {
  const [type, text] = bodies[body](status, phrases[status] ?? "Error")
  return { status, headers: { ...headersOf(type, now), ...more }, text }
}

/**
 * The status that the client receives, 0 if it receives none.
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
 * Whether the sandbox performs a request that has this fault.
 *
 * @since 0.1.0
 * @category faults
 */
export const isPerformed = (fault: Fault): boolean =>
  fault._tag === "Stall" || !("when" in fault) || fault.when === "after"

/**
 * The response that replaces the real one, for faults that send a whole response; undefined for the other faults.
 *
 * @since 0.2.0
 * @category faults
 */
export const replaced = (fault: Fault, whole: EncodedResponse, now: DateTime.Utc): EncodedResponse | undefined => {
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
