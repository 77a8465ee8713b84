/**
 * An `HttpClient` straight on undici's `dispatch`, for Node: the transport that costs least. The app may bring any other.
 *
 * It sends what it is given and nothing else: no span of its own, no trace headers, no redirects. It reads the whole response,
 * and unpacks gzip, deflate and brotli. A response that is larger than 16 MB, unpacked, fails. It needs the package `undici`, 7
 * or later, on Node: Bun has an `undici` of its own without a dispatcher.
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

/** The body as undici takes it, and the headers that go with it. */
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

/**
 * The headers of a request, in an object of its own: a dispatcher may write to it, and the request is used again. Copied one
 * by one, because a spread gives an object that undici reads slowly, which costs a fifth of a call.
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
    // The call has a deadline of its own. These count while the process is suspended, and would end a request that has its response.
    headersTimeout: 0,
    bodyTimeout: 0
  }
  try {
    dispatcher.dispatch(options, collector)
  } catch (cause) {
    // One that throws after it has begun may have sent it.
    const reason = collector.isSent() ? "Transport" : "Encode"
    collector.settle(Exit.fail(new HttpClientError.RequestError({ request, reason, cause })))
  }
  return collector
}

const transport =
  (dispatcher: Undici.Dispatcher): Transport =>
  (request) =>
    start(dispatcher, request, request.body._tag === "Uint8Array" ? { body: request.body.body } : noBody)

/** The whole response as the platform has it. */
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
 * The client on a dispatcher of the app's own, an `Agent` or `Pool` say, with its limits on connections and its timeouts.
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

/** Bun replaces `undici` by a module of its own, whose `Agent` dispatches nothing. */
const makeAgent = (options: Undici.Agent.Options | undefined) =>
  "Bun" in globalThis
    ? Effect.dieMessage("HttpClientUndici does not work on Bun, which replaces undici: use HttpClientFetch.layer there")
    : Effect.sync(() => new Undici.Agent(options))

/**
 * The client on an `Agent` of its own, which is closed with the layer. `options` are undici's; idle connections are kept for
 * its default of four seconds. On Bun the layer dies with a message that says what to use instead.
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
        // Not close, which waits for requests that nobody waits for.
        (agent) => Effect.promise(() => agent.destroy())
      ),
      make
    )
  )
