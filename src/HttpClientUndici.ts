/**
 * An `HttpClient` straight on undici's `dispatch`, for Node: the transport that costs least. The app may bring any other.
 *
 * It sends what it is given and nothing else: no span of its own, no trace headers, no redirects. It buffers the answer, and
 * unpacks gzip, deflate and brotli, up to 16 MB. It needs the package `undici`, 7 or later.
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
import { constVoid } from "effect/Function"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { IncomingHttpHeaders } from "node:http"
import { Readable } from "node:stream"
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib"
import * as Undici from "undici"
import type * as Errors from "./Errors.js"
import type * as Failure from "./http/failure.js"
import { abandon, later, timeLeft } from "./internal/deadline.js"
import {
  type End,
  type Exchange as Carry,
  isSuccess,
  keeping,
  locationOf,
  patience,
  type Watch
} from "./internal/exchange.js"

// --- the request -------------------------------------------------------------------------------------------------------

/** The body as undici takes it, and the headers that go with it. */
interface Sent {
  readonly body: string | Uint8Array | Readable | null
  readonly headers?: Record<string, string>
}

const bodiless: Sent = { body: null }

const bodyOf = (body: HttpBody.HttpBody): Sent | Effect.Effect<Sent> => {
  switch (body._tag) {
    case "Empty":
      return bodiless
    case "Uint8Array":
      return { body: body.body }
    case "Stream":
      return Effect.map(Stream.toReadableStreamEffect(body.stream), (stream) => ({
        body: Readable.fromWeb(stream as never)
      }))
    case "FormData":
    case "Raw":
      return Effect.promise(async () => {
        const response = new Response((body._tag === "Raw" ? body.body : body.formData) as never)
        const type = response.headers.get("content-type")
        const bytes = new Uint8Array(await response.arrayBuffer())
        return type === null ? { body: bytes } : { body: bytes, headers: { "content-type": type } }
      })
  }
}

/** What a URL would write in another way. */
const notCanonical = /[\s\\#@{}<>"`^|]|\/\.|[^\0-\x7f]/

interface Target {
  readonly origin: string
  readonly path: string
}

/** Most are in the form that a URL would give them: parsing each costs more than sending it. */
const targetOf = (request: HttpClientRequest.HttpClientRequest): Either.Either<Target, unknown> => {
  const { url, urlParams, hash } = request
  const slash = url.indexOf("/", url.indexOf("://") + 3)
  if (slash > 8 && urlParams.length === 0 && Option.isNone(hash) && !notCanonical.test(url)) {
    return Either.right({ origin: url.slice(0, slash), path: url.slice(slash) })
  }
  return Either.map(UrlParams.makeUrl(url, urlParams, hash), ({ origin, pathname, search }) => ({
    origin,
    path: pathname + search
  }))
}

// --- the answer --------------------------------------------------------------------------------------------------------

/** Nobody else has them: undici makes them for each answer. */
const headersOf = (headers: IncomingHttpHeaders): Headers.Headers => {
  for (const name in headers) {
    const value = headers[name]
    if (typeof value !== "string") headers[name] = value?.join(", ") ?? ""
  }
  return Headers.unsafeFromRecord(headers as Record<string, string>)
}

/** So much of an answer is unpacked, and so often: at once, it holds up everything else. */
const most = { maxOutputLength: 16 * 2 ** 20 }
const mostEncodings = 3

const unpackers: { readonly [encoding: string]: (packed: Uint8Array) => Uint8Array } = {
  gzip: (packed) => gunzipSync(packed, most),
  "x-gzip": (packed) => gunzipSync(packed, most),
  deflate: (packed) => inflateSync(packed, most),
  br: (packed) => brotliDecompressSync(packed, most)
}

/** As it was before it was packed, in the reverse order. */
const unpacked = (bytes: Uint8Array, encodings: string | undefined): Uint8Array => {
  if (encodings === undefined || bytes.length === 0) return bytes
  const names = encodings.toLowerCase().split(",")
  if (names.length > mostEncodings) throw new Error("The answer is packed too often")
  return names.reduceRight((packed, encoding) => unpackers[encoding.trim()]?.(packed) ?? packed, bytes)
}

/** Statuses that come without a body. */
const isBodiless = (status: number) => status === 204 || status === 205 || status === 304

type Whole = Either.Either<Uint8Array, HttpClientError.ResponseError>

type Resume<A, E> = (outcome: Effect.Effect<A, E>) => void

/** One request and its answer, whose body may still be coming in. */
abstract class Exchange
  extends Inspectable.Class
  implements HttpClientResponse.HttpClientResponse, Undici.Dispatcher.DispatchHandler
{
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  status = 0
  headers = Headers.empty
  private controller: Undici.Dispatcher.DispatchController | undefined
  protected isAborted = false
  private chunks: Buffer | Array<Buffer> | undefined
  private body: Whole | undefined
  private onBody: ((body: Whole) => void) | undefined

  constructor(readonly request: HttpClientRequest.HttpClientRequest) {
    super()
  }

  /** Status and headers are there. */
  protected abstract onHead(): void
  /** There is no answer. */
  protected abstract onFailure(error: HttpClientError.RequestError): void
  /** The body is there, or will not be. */
  protected onWhole(body: Whole) {
    this.body ??= body
    this.onBody?.(this.body)
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
    this.onHead()
  }
  onResponseData(_: unknown, chunk: Buffer) {
    if (this.chunks === undefined) this.chunks = chunk
    else if (Array.isArray(this.chunks)) this.chunks.push(chunk)
    else this.chunks = [this.chunks, chunk]
  }
  onResponseEnd() {
    this.onWhole(this.whole())
  }
  onResponseError(_: unknown, cause: Error) {
    if (this.status !== 0) return this.onWhole(Either.left(this.failure(cause)))
    this.onFailure(
      new HttpClientError.RequestError({ request: this.request, reason: "Transport", cause: this.told(cause) })
    )
  }

  /** An agent that was destroyed says so of what was on its way, and of what has never left. */
  private told(cause: Error) {
    const isDestroyed = "code" in cause && cause.code === "UND_ERR_DESTROYED"
    return isDestroyed && !this.hasLeft ? new Undici.errors.ClientClosedError(cause.message) : cause
  }

  /** Whether anything of it is on the wire. */
  get hasLeft() {
    return this.controller !== undefined
  }

  /** Whoever gives up on the answer gives up the request. */
  abort() {
    this.isAborted = true
    this.controller?.abort(interrupted())
  }

  private whole(): Whole {
    const { chunks = new Uint8Array(0) } = this
    try {
      const bytes = Array.isArray(chunks) ? Buffer.concat(chunks) : chunks
      return Either.right(unpacked(bytes, this.headers["content-encoding"]))
    } catch (cause) {
      return Either.left(this.failure(cause))
    }
  }

  private failure(cause: unknown) {
    return new HttpClientError.ResponseError({ request: this.request, response: this, reason: "Decode", cause })
  }

  // --- as the app sees it

  private get bytes(): Effect.Effect<Uint8Array, HttpClientError.ResponseError> {
    return (
      this.body ??
      Effect.async((resume) => {
        if (this.body !== undefined) return resume(this.body)
        const before = this.onBody
        this.onBody = (body) => {
          before?.(body)
          resume(body)
        }
        return Effect.sync(() => this.abort())
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

/** For those who want the head first. */
class Reply extends Exchange {
  constructor(
    request: HttpClientRequest.HttpClientRequest,
    private readonly resume: Resume<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>
  ) {
    super(request)
  }
  protected onHead() {
    this.resume(Effect.succeed(this))
  }
  protected onFailure(error: HttpClientError.RequestError) {
    this.resume(Effect.fail(error))
  }
}

/** For those who want the whole answer in time. */
class Carriage extends Exchange {
  private inTime: () => void = constVoid
  private inPatience: (() => void) | undefined

  constructor(
    request: HttpClientRequest.HttpClientRequest,
    private readonly watch: Watch,
    private readonly end: End,
    private readonly resume: Resume<Failure.Response, Errors.ContactsError>
  ) {
    super(request)
  }
  /** Whether there is any time. */
  begin(): boolean {
    const { watch } = this
    const left = timeLeft(watch)
    if (left === 0) this.resume(Effect.failSync(() => watch.onTimeout(false)))
    else {
      this.inTime = later(watch.clock, left, () => {
        const { hasLeft } = this
        this.giveUp()
        this.resume(Effect.failSync(() => watch.onTimeout(hasLeft)))
      })
    }
    return left > 0
  }
  protected onHead() {
    if (locationOf(this) === undefined) this.watch.onHead?.(this)
    if (isSuccess(this)) return
    this.inPatience = later(this.watch.clock, patience, () => {
      this.giveUp()
      this.answer("")
    })
  }
  protected override onWhole(body: Whole) {
    if (Either.isRight(body)) this.answer(textOf(body.right))
    else if (isSuccess(this)) this.fail(body.left)
    else this.answer("")
  }
  protected onFailure(error: HttpClientError.RequestError) {
    this.fail(error)
  }
  private answer(body: string) {
    const { status, headers } = this
    this.stop()
    this.resume(this.end.answered({ status, headers, body }))
  }
  fail(error: HttpClientError.HttpClientError) {
    this.stop()
    this.resume(this.end.failed(error))
  }
  private stop() {
    this.inTime()
    this.inPatience?.()
  }
  giveUp() {
    this.stop()
    // At once: what has not left does not leave any more, whenever there is a connection for it.
    this.isAborted = true
    abandon(() => this.abort())
  }
}

/** Without a byte order mark, as fetch has it. */
const textOf = (bytes: Uint8Array): string => {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = buffer.toString("utf8")
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
  /** Sends it, or tells why that is impossible. */
  const dispatch = (exchange: Exchange, { body, headers }: Sent): HttpClientError.RequestError | undefined => {
    const { request } = exchange
    const target = targetOf(request)
    if (Either.isLeft(target)) {
      return new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause: target.left })
    }
    const { origin, path } = target.right
    const options: Undici.Dispatcher.DispatchOptions = {
      origin,
      path,
      method: request.method,
      // A dispatcher may write to them, and the request is used again.
      headers: { ...request.headers, ...headers },
      body
    }
    try {
      dispatcher.dispatch(options, exchange)
      return undefined
    } catch (cause) {
      // One that throws after it has begun may have sent it.
      return new HttpClientError.RequestError({ request, reason: exchange.hasLeft ? "Transport" : "Encode", cause })
    }
  }

  const execute = (request: HttpClientRequest.HttpClientRequest) => {
    const send = (sent: Sent) =>
      Effect.async<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>((resume) => {
        const reply = new Reply(request, resume)
        const fault = dispatch(reply, sent)
        return fault === undefined ? Effect.sync(() => reply.abort()) : resume(Effect.fail(fault))
      })
    const sent = bodyOf(request.body)
    return Effect.isEffect(sent) ? Effect.flatMap(sent, send) : send(sent)
  }

  const carry: Carry = (request, watch, end) =>
    Effect.async((resume) => {
      // Let go when it is over. While the fiber still held it, it outlived many a collection: 15 µs for each call.
      let held: { readonly giveUp: () => void } | undefined
      const carriage = new Carriage(request, watch, end, (outcome) => {
        held = undefined
        resume(outcome)
      })
      if (!carriage.begin()) return
      held = carriage
      watch.onInterrupt = () => held?.giveUp()
      const fault = dispatch(carriage, request.body._tag === "Uint8Array" ? { body: request.body.body } : bodiless)
      if (fault !== undefined) carriage.fail(fault)
    })

  const client = HttpClient.makeWith<HttpClientError.HttpClientError, never, HttpClientError.HttpClientError, never>(
    (request) => Effect.flatMap(request, execute),
    Effect.succeed
  )
  return keeping(client, carry)
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
