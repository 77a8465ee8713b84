/**
 * The platform's `HttpClient` on `fetch`, for browsers, edge runtimes and other hosts without undici. Requests of this
 * library go directly to `fetch` and are read completely, which costs much less. The app may use any other `HttpClient`.
 *
 * @module
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { constVoid } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Failure from "./http/failure.js"
import { fetchInit } from "./http/fetchInit.js"
import {
  bodyCollector,
  BodyTooLarge,
  type Head,
  isWithinLimit,
  type PendingResponse,
  type Transport,
  withTransport
} from "./http/transport.js"
import { abortOnNextTick } from "./runtime/timer.js"

type Options = Omit<RequestInit, "headers"> & { readonly headers?: Headers.Input }

/** The headers of a request, without `content-length`: `fetch` computes it and may refuse one that is given. */
const headersOf = (request: HttpClientRequest.HttpClientRequest, { headers: all }: Options): Headers.Headers => {
  const headers = all === undefined ? request.headers : Headers.merge(Headers.fromInput(all), request.headers)
  return headers["content-length"] === undefined ? headers : Headers.remove(headers, "content-length")
}

/** Reads the text of a body. Its bytes are counted, unless the headers declare a length within the limit. */
const textOf = async (source: Response, head: Head): Promise<string> => {
  // Across origins a browser hides `content-encoding`, so the declared length may be that of a compressed body.
  if (source.body === null || (source.type !== "cors" && isWithinLimit(head.headers))) return source.text()
  const reader: ReadableStreamDefaultReader<Uint8Array> = source.body.getReader()
  const body = bodyCollector()
  for (;;) {
    const read = await reader.read()
    if (read.done) return body.text()
    if (!body.add(read.value)) {
      // The cancellation is not awaited, because the rest of the body is not needed.
      void reader.cancel().catch(constVoid)
      throw new BodyTooLarge()
    }
  }
}

/** Starts one request. */
const start = (
  fetch: typeof globalThis.fetch,
  options: Options,
  request: HttpClientRequest.HttpClientRequest
): PendingResponse => {
  const controller = new AbortController()
  let isAborted = false
  let head: Head | undefined
  const init: RequestInit = {
    ...options,
    method: request.method,
    headers: headersOf(request, options),
    body: request.body._tag === "Uint8Array" ? (request.body.body as Uint8Array<ArrayBuffer>) : null,
    signal: controller.signal
  }
  const whole = async (): Promise<Exit.Exit<Failure.Response, HttpClientError.HttpClientError>> => {
    let source: Response
    try {
      source = await fetch(request.url, { ...init, ...fetchInit(init) })
      head = { status: source.status, headers: Headers.fromInput(source.headers) }
    } catch (cause) {
      return Exit.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause }))
    }
    try {
      return Exit.succeed({ ...head, body: isAborted ? "" : await textOf(source, head) })
    } catch (cause) {
      const response = HttpClientResponse.fromWeb(request, source)
      return Exit.fail(new HttpClientError.ResponseError({ request, response, reason: "Decode", cause }))
    }
  }
  return {
    exit: whole(),
    head: () => head,
    isSent: () => true,
    abort: () => {
      isAborted = true
      abortOnNextTick(() => controller.abort())
    }
  }
}

/** As in the platform's client, a `Fetch` or `RequestInit` of the caller takes precedence over that of the layer. */
const fetchTransport =
  (ambient: Context.Context<never>): Transport =>
  (request, { currentContext }) => {
    const provided = <I, A>(tag: Context.Tag<I, A>, otherwise: A): A =>
      Option.getOrElse(Context.getOption(currentContext, tag), () =>
        Option.getOrElse(Context.getOption(ambient, tag), () => otherwise)
      )
    const options = provided(FetchHttpClient.RequestInit, {}) as Options
    return start(provided(FetchHttpClient.Fetch, globalThis.fetch), options, request)
  }

/**
 * `FetchHttpClient.layer`, with support for `Fetch` and `RequestInit`, on which the calls of this library cost less. A
 * client that an app derives from it, for example with `HttpClient.mapRequest`, works like any other client.
 *
 * @example
 * import * as Layer from "effect/Layer"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as HttpClientFetch from "effect-growthhub/HttpClientFetch"
 *
 * export const Contacts = ContactsService.layerConfig().pipe(Layer.provide(HttpClientFetch.layer))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<HttpClient.HttpClient> = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(Effect.context<HttpClient.HttpClient>(), (context) =>
    withTransport(Context.get(context, HttpClient.HttpClient), fetchTransport(context))
  )
).pipe(
  Layer.provide(FetchHttpClient.layer),
  // The client depends on the `Fetch` and `RequestInit` that are provided to it, so each use of the layer builds its own.
  Layer.fresh
)
