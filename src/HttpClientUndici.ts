/**
 * An `HttpClient` straight on undici's `dispatch`, for Node: the transport that costs least. The app may bring any other.
 *
 * It sends what it is given and nothing else: no span of its own, no trace headers, no redirects. It buffers the answer, and
 * unpacks gzip, deflate and brotli. It needs the package `undici`, 7 or later.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { IncomingHttpHeaders } from "node:http"
import { Readable } from "node:stream"
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib"
import * as Undici from "undici"

// --- the request -------------------------------------------------------------------------------------------------------

type Body = string | Uint8Array | Readable | null

/** The body as undici takes it, and the headers that go with it. */
type Sent = readonly [body: Body, headers?: Record<string, string>]

const bodyOf = (body: HttpBody.HttpBody): Effect.Effect<Sent> => {
  switch (body._tag) {
    case "Empty":
      return noBody
    case "Uint8Array":
      return Effect.succeed([body.body])
    case "Stream":
      return Effect.map(Stream.toReadableStreamEffect(body.stream), (stream) => [Readable.fromWeb(stream as never)])
    case "FormData":
    case "Raw":
      return Effect.promise(async () => {
        const response = new Response((body._tag === "Raw" ? body.body : body.formData) as never)
        const type = response.headers.get("content-type")
        return [new Uint8Array(await response.arrayBuffer()), type === null ? {} : { "content-type": type }]
      })
  }
}

const noBody: Effect.Effect<Sent> = Effect.succeed([null])

/** What a URL would write in another way. */
const notCanonical = /[\s\\#@{}<>"`^|]|\/\.|[^\0-\x7f]/

/** Origin and path of a request. Most are in the form that a URL would give them: parsing each costs more than sending it. */
const targetOf = (request: HttpClientRequest.HttpClientRequest): Either.Either<readonly [string, string], unknown> => {
  const { url, urlParams, hash } = request
  const slash = url.indexOf("/", url.indexOf("://") + 3)
  if (slash > 8 && urlParams.length === 0 && Option.isNone(hash) && !notCanonical.test(url)) {
    return Either.right([url.slice(0, slash), url.slice(slash)])
  }
  return Either.map(UrlParams.makeUrl(url, urlParams, hash), ({ origin, pathname, search }) => [
    origin,
    pathname + search
  ])
}

// --- the answer --------------------------------------------------------------------------------------------------------

const headersOf = (headers: IncomingHttpHeaders): Headers.Headers => {
  const plain: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) plain[name] = typeof value === "string" ? value : value.join(", ")
  }
  return Headers.unsafeFromRecord(plain)
}

const unpackers: { readonly [encoding: string]: (packed: Uint8Array) => Uint8Array } = {
  gzip: gunzipSync,
  "x-gzip": gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync
}

/** As it was before it was packed, in the reverse order. */
const unpacked = (bytes: Uint8Array, encodings: string | undefined): Uint8Array =>
  encodings === undefined || bytes.length === 0
    ? bytes
    : encodings
        .toLowerCase()
        .split(",")
        .reduceRight((packed, encoding) => unpackers[encoding.trim()]?.(packed) ?? packed, bytes)

/** Statuses that come without a body. */
const isBodiless = (status: number) => status === 204 || status === 205 || status === 304

type Whole = Effect.Effect<Uint8Array, HttpClientError.ResponseError>

/** One request and its answer, whose body may still be coming in. */
class Exchange
  extends Inspectable.Class
  implements HttpClientResponse.HttpClientResponse, Undici.Dispatcher.DispatchHandler
{
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  status = 0
  headers = Headers.empty
  private controller: Undici.Dispatcher.DispatchController | undefined
  private isAborted = false
  private readonly chunks: Array<Buffer> = []
  private end: Whole | undefined
  private onEnd: ((end: Whole) => void) | undefined

  constructor(
    readonly request: HttpClientRequest.HttpClientRequest,
    private readonly answered: (
      answer: Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>
    ) => void
  ) {
    super()
  }

  // --- as undici sees it

  onRequestStart(controller: Undici.Dispatcher.DispatchController) {
    this.controller = controller
    if (this.isAborted) controller.abort(interrupted())
  }
  onResponseStart(_: unknown, status: number, headers: IncomingHttpHeaders) {
    // Not what comes before the answer: 100, 103.
    if (status < 200) return
    this.status = status
    this.headers = headersOf(headers)
    this.answered(Effect.succeed(this))
  }
  onResponseData(_: unknown, chunk: Buffer) {
    this.chunks.push(chunk)
  }
  onResponseEnd() {
    this.settle(this.whole())
  }
  onResponseError(_: unknown, cause: Error) {
    if (this.status !== 0) return this.settle(Effect.fail(this.failure(cause)))
    this.answered(Effect.fail(new HttpClientError.RequestError({ request: this.request, reason: "Transport", cause })))
  }

  /** Whoever gives up on the answer gives up the request. */
  readonly abort = Effect.sync(() => {
    this.isAborted = true
    this.controller?.abort(interrupted())
  })

  private settle(end: Whole) {
    this.end ??= end
    this.onEnd?.(this.end)
  }

  private whole(): Whole {
    const [first = new Uint8Array(0), ...more] = this.chunks
    try {
      const bytes = more.length === 0 ? first : Buffer.concat(this.chunks)
      return Effect.succeed(unpacked(bytes, this.headers["content-encoding"]))
    } catch (cause) {
      return Effect.fail(this.failure(cause))
    }
  }

  private failure(cause: unknown) {
    return new HttpClientError.ResponseError({ request: this.request, response: this, reason: "Decode", cause })
  }

  // --- as the app sees it

  private get bytes(): Whole {
    return (
      this.end ??
      Effect.async((resume) => {
        if (this.end !== undefined) return resume(this.end)
        const before = this.onEnd
        this.onEnd = (end) => {
          before?.(end)
          resume(end)
        }
        return this.abort
      })
    )
  }

  get text() {
    return Effect.map(this.bytes, textOf)
  }

  /** What is seldom asked for is the platform's business. */
  private get web() {
    return Effect.map(this.bytes, (bytes) => {
      const body = isBodiless(this.status) ? null : (bytes as Uint8Array<ArrayBuffer>)
      return HttpClientResponse.fromWeb(
        this.request,
        // The web knows no others.
        new Response(body, { status: Math.min(this.status, 599), headers: this.headers })
      )
    })
  }
  get arrayBuffer() {
    return Effect.flatMap(this.web, (response) => response.arrayBuffer)
  }
  get json() {
    return Effect.flatMap(this.web, (response) => response.json)
  }
  get formData() {
    return Effect.flatMap(this.web, (response) => response.formData)
  }
  get urlParamsBody() {
    return Effect.flatMap(this.web, (response) => response.urlParamsBody)
  }
  get stream() {
    return Stream.fromEffect(this.bytes)
  }
  get cookies() {
    return HttpClientResponse.fromWeb(this.request, new Response(null, { headers: this.headers })).cookies
  }
  get remoteAddress() {
    return Option.none()
  }
  override toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }
}

const interrupted = () => new Error("The request was interrupted")

/** Without a byte order mark, as fetch has it. */
const textOf = (bytes: Uint8Array): string => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8")
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

// --- the client --------------------------------------------------------------------------------------------------------

/**
 * The client on a dispatcher of the app's own, an `Agent` or `Pool` say, with its limits on connections and its timeouts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (dispatcher: Undici.Dispatcher): HttpClient.HttpClient => {
  const dispatch = (
    request: HttpClientRequest.HttpClientRequest,
    [origin, path]: readonly [string, string],
    [body, headers]: Sent
  ) =>
    Effect.async<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>((resume) => {
      const exchange = new Exchange(request, resume)
      const options: Undici.Dispatcher.DispatchOptions = {
        origin,
        path,
        method: request.method,
        headers: headers === undefined ? request.headers : { ...request.headers, ...headers },
        body
      }
      try {
        dispatcher.dispatch(options, exchange)
      } catch (cause) {
        // What it cannot send at all.
        return resume(Effect.fail(new HttpClientError.RequestError({ request, reason: "Encode", cause })))
      }
      return exchange.abort
    })

  const execute = (
    request: HttpClientRequest.HttpClientRequest
  ): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> => {
    const target = targetOf(request)
    if (Either.isLeft(target)) {
      return Effect.fail(new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause: target.left }))
    }
    return Effect.flatMap(bodyOf(request.body), (sent) => dispatch(request, target.right, sent))
  }

  return HttpClient.makeWith<HttpClientError.HttpClientError, never, HttpClientError.HttpClientError, never>(
    (request) => Effect.flatMap(request, execute),
    Effect.succeed
  )
}

/**
 * The client on an `Agent` of its own, which is closed with the layer. `options` are undici's; idle connections are kept for
 * its default of four seconds.
 *
 * @example
 * import * as Layer from "effect/Layer"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as HttpClientUndici from "effect-growthhub/HttpClientUndici"
 *
 * export const Contacts = ContactsService.layerConfig().pipe(Layer.provide(HttpClientUndici.layer()))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Undici.Agent.Options): Layer.Layer<HttpClient.HttpClient> =>
  Layer.scoped(
    HttpClient.HttpClient,
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => new Undici.Agent(options)),
        // Not close, which waits for requests that nobody waits for.
        (agent) => Effect.promise(() => agent.destroy())
      ),
      make
    )
  )
