/**
 * The platform's `HttpClient` on fetch, for browsers, edges and other hosts that have no undici: what this library sends goes
 * straight to fetch and comes back whole, which costs a good deal less. The app may bring any other.
 *
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
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { abandon, later, timeLeft } from "./internal/deadline.js"
import * as exchange from "./internal/exchange.js"

type Options = Omit<RequestInit, "headers"> & { readonly headers?: Headers.Input }

/** Fetch knows the length itself, and may not be told. */
const headersOf = (request: HttpClientRequest.HttpClientRequest, { headers: all }: Options): Headers.Headers => {
  const headers = all === undefined ? request.headers : Headers.merge(Headers.fromInput(all), request.headers)
  return headers["content-length"] === undefined ? headers : Headers.remove(headers, "content-length")
}

/** One request, until its whole answer is there. */
const fetched = (
  fetch: typeof globalThis.fetch,
  options: Options,
  request: HttpClientRequest.HttpClientRequest,
  watch: exchange.Watch,
  end: exchange.End
): exchange.Outcome =>
  Effect.async((resume) => {
    const left = timeLeft(watch)
    if (left === 0) return resume(Effect.failSync(() => watch.onTimeout(false)))
    const controller = new AbortController()
    const timers: Array<() => void> = []
    /** What is under way can be given up until it is over, and is let go then: what a fiber still holds is collected late. */
    const stop = () => {
      giveUp = undefined
      for (const cancel of timers) cancel()
    }
    let giveUp: (() => void) | undefined = () => {
      stop()
      abandon(() => controller.abort())
    }
    watch.onInterrupt = () => giveUp?.()
    const inTime = (millis: number, task: () => void) => void timers.push(later(watch.clock, millis, task))
    inTime(left, () => {
      giveUp?.()
      resume(Effect.failSync(() => watch.onTimeout()))
    })
    const finish = (outcome: exchange.Outcome) => {
      stop()
      resume(outcome)
    }
    const unsent = (cause: unknown) =>
      finish(end.failed(new HttpClientError.RequestError({ request, reason: "Transport", cause })))

    const received = (source: Response) => {
      if (giveUp === undefined) return
      const head: exchange.Head = { status: source.status, headers: Headers.fromInput(source.headers) }
      const answer = (body: string) => finish(end.answered({ ...head, body }))
      if (exchange.locationOf(head) === undefined) watch.onHead?.(head)
      if (!exchange.isSuccess(head)) {
        inTime(exchange.patience, () => {
          giveUp?.()
          answer("")
        })
      }
      return source.text().then(answer, (cause: unknown) => {
        if (!exchange.isSuccess(head)) return answer("")
        const response = HttpClientResponse.fromWeb(request, source)
        finish(end.failed(new HttpClientError.ResponseError({ request, response, reason: "Decode", cause })))
      })
    }

    const init = {
      ...options,
      method: request.method,
      headers: headersOf(request, options),
      body: request.body._tag === "Uint8Array" ? (request.body.body as Uint8Array<ArrayBuffer>) : null,
      redirect: "manual" as const,
      signal: controller.signal
    }
    // A function of the app's own may break in any way.
    new Promise<Response>((resolve) => resolve(fetch(request.url, init))).then(received).catch(unsent)
  })

/** As the platform's client has it: what the caller provides counts before what was provided to the layer. */
const exchangeOf =
  (ambient: Context.Context<never>): exchange.Exchange =>
  (request, watch, end) =>
    Effect.contextWithEffect((own: Context.Context<never>) => {
      const provided = <I, A>(tag: Context.Tag<I, A>, otherwise: A): A =>
        Option.getOrElse(Context.getOption(own, tag), () =>
          Option.getOrElse(Context.getOption(ambient, tag), () => otherwise)
        )
      const options = provided(FetchHttpClient.RequestInit, {}) as Options
      return fetched(provided(FetchHttpClient.Fetch, globalThis.fetch), options, request, watch, end)
    })

/**
 * `FetchHttpClient.layer`, `Fetch` and `RequestInit` included, through which the calls of this library cost less. What an
 * app makes of the client, with `HttpClient.mapRequest` say, carries them as any other client does.
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
    exchange.keeping(Context.get(context, HttpClient.HttpClient), exchangeOf(context))
  )
).pipe(
  Layer.provide(FetchHttpClient.layer),
  // The client depends on the `Fetch` and `RequestInit` that are provided here, so it is built for each place anew.
  Layer.fresh
)
