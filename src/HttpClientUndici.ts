/**
 * An `HttpClient` on undici's `dispatch`, for Node. It costs less than any other transport, but the app may use another one.
 *
 * It adds no span and no trace headers to a request, and follows no redirects. It reads the complete response and
 * decompresses gzip, deflate and brotli. A response that is larger than 16 MB after decompression fails. It needs the
 * package `undici`, 7 or later, on Node: Bun has an `undici` of its own without a dispatcher.
 *
 * @module
 * @since 0.1.0
 */
import type * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Readable } from "node:stream"
import * as Undici from "undici"
import { type Transport, withTransport } from "./http/transport.js"
import { bufferedResponse, ResponseCollector } from "./http/undici.js"

// --- the request -------------------------------------------------------------------------------------------------------

/** A body in a form that undici accepts, and the headers that belong to it. */
interface EncodedBody {
  readonly body: string | Uint8Array | Readable | null
  readonly headers?: Record<string, string>
}

const noBody: EncodedBody = { body: null }

const encodeBody = (body: HttpBody.HttpBody): EncodedBody | Effect.Effect<EncodedBody> => {
  switch (body._tag) {
    case "Empty":
      return noBody
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

/** Matches the characters of a URL that the `URL` class would change. */
const notCanonical = /[\s\\#@{}<>"`^|]|\/\.|[^\0-\x7f]/

interface Target {
  readonly origin: string
  readonly path: string
}

/** The origin and path of a request. A canonical URL is split without parsing, which would cost more than sending it. */
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

/**
 * Copies the headers of a request, because a dispatcher may write to them and the request is used again. They are copied one
 * by one, because undici reads a spread object slowly, which costs a fifth of a call.
 */
const headersOf = (request: HttpClientRequest.HttpClientRequest, more: EncodedBody["headers"]) => {
  const headers: Record<string, string> = {}
  for (const name in request.headers) headers[name] = request.headers[name]!
  return more === undefined ? headers : Object.assign(headers, more)
}

// --- the client --------------------------------------------------------------------------------------------------------

/** Starts one request on a dispatcher. */
const start = (
  dispatcher: Undici.Dispatcher,
  request: HttpClientRequest.HttpClientRequest,
  { body, headers }: EncodedBody
): ResponseCollector => {
  const collector = new ResponseCollector(request)
  const target = targetOf(request)
  if (Either.isLeft(target)) {
    collector.settle(Exit.fail(new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause: target.left })))
    return collector
  }
  const { origin, path } = target.right
  const options: Undici.Dispatcher.DispatchOptions = {
    origin,
    path,
    method: request.method,
    headers: headersOf(request, headers),
    body,
    // The call has its own deadline. These timeouts also run while the process is suspended, and would fail a request whose
    // response has arrived.
    headersTimeout: 0,
    bodyTimeout: 0
  }
  try {
    dispatcher.dispatch(options, collector)
  } catch (cause) {
    // A dispatcher that throws after the start of the request may have sent it.
    const reason = collector.isSent() ? "Transport" : "Encode"
    collector.settle(Exit.fail(new HttpClientError.RequestError({ request, reason, cause })))
  }
  return collector
}

const transport =
  (dispatcher: Undici.Dispatcher): Transport =>
  (request) =>
    start(dispatcher, request, request.body._tag === "Uint8Array" ? { body: request.body.body } : noBody)

/** Sends a request and returns its complete response as a response of the platform. */
const execute =
  (dispatcher: Undici.Dispatcher) =>
  (
    request: HttpClientRequest.HttpClientRequest
  ): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> => {
    const encoded = encodeBody(request.body)
    return Effect.flatMap(Effect.isEffect(encoded) ? encoded : Effect.succeed(encoded), (body) =>
      Effect.async((resume) => {
        const pending = start(dispatcher, request, body)
        void pending.exit.then((exit) =>
          resume(Exit.map(exit, (head) => HttpClientResponse.fromWeb(request, bufferedResponse(head, pending.bytes))))
        )
        return Effect.sync(() => pending.abort())
      })
    )
  }

/**
 * Makes the client on the app's own dispatcher, such as an `Agent` or `Pool`, with the dispatcher's limits on connections.
 * Its `headersTimeout` and `bodyTimeout` do not apply.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (dispatcher: Undici.Dispatcher): HttpClient.HttpClient => {
  const client = HttpClient.makeWith<HttpClientError.HttpClientError, never, HttpClientError.HttpClientError, never>(
    (request) => Effect.flatMap(request, execute(dispatcher)),
    Effect.succeed
  )
  return withTransport(client, transport(dispatcher))
}

/** Makes an `Agent`. Dies on Bun, which replaces `undici` by its own module, whose `Agent` dispatches nothing. */
const makeAgent = (options: Undici.Agent.Options | undefined) =>
  "Bun" in globalThis
    ? Effect.dieMessage("HttpClientUndici does not work on Bun, which replaces undici: use HttpClientFetch.layer there")
    : Effect.sync(() => new Undici.Agent(options))

/**
 * The client on an `Agent` of its own, which is destroyed with the layer. `options` are those of undici's `Agent`, which
 * keeps idle connections for four seconds by default. On Bun the layer dies with a message that names the alternative.
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
        makeAgent(options),
        // `close` is not used: it would wait for requests whose callers have given up.
        (agent) => Effect.promise(() => agent.destroy())
      ),
      make
    )
  )
