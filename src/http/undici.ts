// Collects the complete response to a request that is sent with undici's `dispatch`.
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Exit from "effect/Exit"
import type { IncomingHttpHeaders } from "node:http"
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib"
import type * as Undici from "undici"
import type * as Failure from "./failure.js"
import { abortOnNextTick } from "../runtime/timer.js"
import { BodyTooLarge, type Head, maxBodyBytes, type PendingResponse } from "./transport.js"

/** Joins repeated headers. It changes the object in place, which is safe because undici creates one for each response. */
const headersOf = (headers: IncomingHttpHeaders): Head["headers"] => {
  for (const name in headers) {
    const value = headers[name]
    if (typeof value !== "string") headers[name] = value?.join(", ") ?? ""
  }
  return headers as Head["headers"]
}

// --- compressed bodies -------------------------------------------------------------------------------------------------

const limit = { maxOutputLength: maxBodyBytes }
const maxEncodings = 3

const unpackers: { readonly [encoding: string]: (packed: Uint8Array) => Uint8Array } = {
  gzip: (packed) => gunzipSync(packed, limit),
  "x-gzip": (packed) => gunzipSync(packed, limit),
  deflate: (packed) => inflateSync(packed, limit),
  br: (packed) => brotliDecompressSync(packed, limit)
}

const isTooLarge = (cause: unknown) =>
  cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE"

/** Decompresses a body. The encodings are undone in reverse order. */
const unpack = (bytes: Uint8Array, encodings: string | undefined): Uint8Array => {
  if (encodings === undefined || bytes.length === 0) return bytes
  const names = encodings.toLowerCase().split(",")
  if (names.length > maxEncodings) throw new Error("The response is packed too often")
  try {
    return names.reduceRight((packed, encoding) => unpackers[encoding.trim()]?.(packed) ?? packed, bytes)
  } catch (cause) {
    throw isTooLarge(cause) ? new BodyTooLarge() : cause
  }
}

/** Decodes UTF-8 text. Like `fetch`, it drops a byte order mark. */
const decodeText = (bytes: Uint8Array): string => {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = buffer.toString("utf8")
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

// --- one response ------------------------------------------------------------------------------------------------------

const noBytes = new Uint8Array(0)

const interrupted = () => new Error("The request was interrupted")

type ResponseExit = Exit.Exit<Failure.Response, HttpClientError.HttpClientError>

/** Collects the response to one request. */
export class ResponseCollector implements PendingResponse, Undici.Dispatcher.DispatchHandler {
  readonly exit: Promise<ResponseExit>
  /** Resolves `exit`. Only the first call has an effect. */
  settle!: (exit: ResponseExit) => void
  /** The decompressed body, once it is complete. */
  bytes: Uint8Array = noBytes
  private found: Head | undefined
  private controller: Undici.Dispatcher.DispatchController | undefined
  private isAborted = false
  private readonly chunks: Array<Buffer> = []
  private size = 0

  constructor(private readonly request: HttpClientRequest.HttpClientRequest) {
    this.exit = new Promise((resolve) => (this.settle = resolve))
  }

  // --- the methods of PendingResponse

  head() {
    return this.found
  }
  isSent() {
    return this.controller !== undefined
  }
  abort() {
    this.isAborted = true
    const { controller } = this
    if (controller !== undefined) abortOnNextTick(() => controller.abort(interrupted()))
  }

  // --- the methods of undici's DispatchHandler

  onRequestStart(controller: Undici.Dispatcher.DispatchController) {
    this.controller = controller
    // A request that was aborted before it had a connection is not sent.
    if (this.isAborted) controller.abort(interrupted())
  }
  onResponseStart(_: unknown, status: number, headers: IncomingHttpHeaders) {
    // Informational responses (100, 103) precede the final response and are ignored.
    if (status >= 200) this.found = { status, headers: headersOf(headers) }
  }
  onResponseData(_: unknown, chunk: Buffer) {
    this.size += chunk.length
    if (this.size <= maxBodyBytes) return void this.chunks.push(chunk)
    this.settle(this.unreadable(new BodyTooLarge()))
    this.abort()
  }
  onResponseEnd() {
    const { chunks, found = { status: 0, headers: {} } } = this
    try {
      const packed = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
      this.bytes = unpack(packed, found.headers["content-encoding"])
      this.settle(Exit.succeed({ status: found.status, headers: found.headers, body: decodeText(this.bytes) }))
    } catch (cause) {
      this.settle(this.unreadable(cause))
    }
  }
  onResponseError(_: unknown, cause: Error) {
    const { request } = this
    this.settle(
      this.found === undefined
        ? Exit.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause }))
        : this.unreadable(cause)
    )
  }

  private unreadable(cause: unknown): ResponseExit {
    const { request, found = { status: 0, headers: {} } } = this
    const response = HttpClientResponse.fromWeb(request, bufferedResponse(found, noBytes))
    return Exit.fail(new HttpClientError.ResponseError({ request, response, reason: "Decode", cause }))
  }
}

/** Whether a status has no body. */
const isBodiless = (status: number) => status === 204 || status === 205 || status === 304

/** Makes a web `Response` from a complete body. The body can be read several times and in every form. */
export const bufferedResponse = ({ status, headers }: Head, bytes: Uint8Array): Response => {
  // The constructor of `Response` throws on other statuses.
  const known = Math.min(599, Math.max(200, status))
  const body = isBodiless(known) ? null : (bytes as Uint8Array<ArrayBuffer>)
  // The headers of a `Response` allow Latin-1 characters only, but some versions of undici decode others.
  const latin1 = Object.entries(headers).map(([name, value = ""]): [string, string] => [
    name,
    value.replace(/[^\0-\xff]/g, "?")
  ])
  const copy = () => new Response(body, { status: known, headers: latin1 })
  return Object.defineProperties(copy(), {
    body: { get: () => copy().body },
    text: { value: () => copy().text() },
    json: { value: () => copy().json() },
    arrayBuffer: { value: () => copy().arrayBuffer() },
    formData: { value: () => copy().formData() }
  })
}
