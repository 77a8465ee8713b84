// How a request goes over the app's own client, and comes back as a whole answer.
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import { constTrue } from "effect/Function"
import * as Option from "effect/Option"
import * as Failure from "../http/failure.js"
import { watched } from "./deadline.js"
import * as exchange from "./exchange.js"
import { isArray, parseObject } from "./json.js"

// --- where to ----------------------------------------------------------------------------------------------------------

/** The vendor's host. */
export const vendorUrl = "https://services.leadconnectorhq.com"

const isLoopback = (hostname: string) =>
  hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)

/** A base URL that a secret may be sent to, or what is wrong with it. */
export const validateBaseUrl = (baseUrl: string | URL): Either.Either<URL, string> => {
  if (!URL.canParse(String(baseUrl))) return Either.left("The base URL is not a URL")
  const url = new URL(baseUrl)
  if (url.protocol !== "https:" && url.protocol !== "http:") return Either.left("The base URL must begin with https://")
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    return Either.left("The base URL must be https: a bearer goes over plain http to loopback addresses only")
  }
  if (url.username !== "" || url.password !== "") return Either.left("The base URL must not contain credentials")
  // Not url.search and url.hash: both are empty for a bare "?" or "#", which would still cut off the path.
  if (/[?#]/.test(url.href)) return Either.left("The base URL must not contain a query or a fragment")
  return Either.right(url)
}

// --- redirects ---------------------------------------------------------------------------------------------------------

const maxRedirects = 5

/** Where a redirect leads, if it keeps the method and stays where the bearer belongs. */
const redirected = (
  request: HttpClientRequest.HttpClientRequest,
  status: number,
  location: string
): Either.Either<HttpClientRequest.HttpClientRequest, string> => {
  if (!URL.canParse(location, request.url)) return Either.left("its location is not a URL")
  const target = new URL(location, request.url)
  if (target.origin !== new URL(request.url).origin) return Either.left("it leads to another origin")
  if (request.method !== "GET" && status !== 307 && status !== 308) return Either.left("it would drop the body")
  return Either.right(HttpClientRequest.setUrl(request, target.href))
}

/**
 * Middleware for the app's own client, whatever was put on it before: redirects come back to us instead of being
 * followed by fetch, which would carry the body of a 307 anywhere. It changes the context from within the request,
 * because that is where a `Fetch` that belongs to the app's own layer can be seen, and kept. It wraps `Fetch` and not
 * `RequestInit`, which a transformation of the client may set after us.
 */
const withManualRedirects = HttpClient.mapRequestEffect((request: HttpClientRequest.HttpClientRequest) =>
  Effect.as(
    Effect.updateFiberRefs((id, refs) => {
      const context = FiberRefs.getOrDefault(refs, FiberRef.currentContext)
      const fetch = Option.getOrElse(Context.getOption(context, FetchHttpClient.Fetch), () => globalThis.fetch)
      const manual = Context.add(context, FetchHttpClient.Fetch, manualFetch(fetch))
      // Here too, because a client may bring a predicate of its own.
      const isUntraced = FiberRefs.getOrDefault(refs, HttpClient.currentTracerDisabledWhen) === constTrue
      return FiberRefs.updateManyAs(refs, {
        entries: [[FiberRef.currentContext, [[id, manual]]], ...(isUntraced ? [] : [untraced(id)])]
      })
    }),
    request
  )
)

const manualFetches = new WeakMap<typeof globalThis.fetch, typeof globalThis.fetch>()

const manualFetch = (fetch: typeof globalThis.fetch): typeof globalThis.fetch => {
  const known = manualFetches.get(fetch)
  if (known !== undefined) return known
  const manual: typeof globalThis.fetch = (input, init) => fetch(input, { ...init, redirect: "manual" })
  manualFetches.set(fetch, manual)
  return manual
}

const untraced = (id: FiberId.Runtime) => [HttpClient.currentTracerDisabledWhen, [[id, constTrue]]] as const

const redactAuthorization = (names: ReadonlyArray<string | RegExp>) =>
  names.includes("authorization") ? names : [...names, "authorization"]

/**
 * What holds in the fiber of a request: no span and no trace headers of the platform, and no bearer in what somebody prints.
 */
const guard = (refs: FiberRefs.FiberRefs, id: FiberId.Runtime): FiberRefs.FiberRefs => {
  const names = FiberRefs.getOrDefault(refs, Headers.currentRedactedNames)
  return FiberRefs.updateManyAs(refs, {
    entries: [untraced(id), [Headers.currentRedactedNames, [[id, redactAuthorization(names)]]]]
  })
}

/** A client that fails on statuses still has the answer, and the answer decides. */
const answerOf = (
  error: HttpClientError.HttpClientError
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> =>
  error._tag === "ResponseError" && error.reason === "StatusCode" ? Effect.succeed(error.response) : Effect.fail(error)

/** A body that is not needed for the verdict may break off, and has its time. */
const patient = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<string> =>
  response.text.pipe(
    Effect.timeoutTo({ duration: exchange.patience, onTimeout: () => "", onSuccess: (body) => body }),
    Effect.orElseSucceed(() => "")
  )

/** The whole body. Where the status has decided already, a body that breaks off or hangs is none. */
const readAnswer = (
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<Failure.Response, HttpClientError.HttpClientError> => {
  const { status, headers } = response
  const text = exchange.isSuccess(response) ? response.text : patient(response)
  return Effect.map(text, (body) => ({ status, headers, body }))
}

// --- one request -------------------------------------------------------------------------------------------------------

/**
 * One request until its whole answer is there, within its time. Only redirects within its origin are followed. See
 * `Watched` for how it is given up.
 */
export type Transmit = (
  request: HttpClientRequest.HttpClientRequest,
  call: Failure.Call,
  watch: exchange.Watch
) => exchange.Outcome

/** A request, or one that it was redirected to, whose answer is read to its end so that the connection can be used again. */
class Hop implements exchange.End {
  constructor(
    private readonly perform: exchange.Exchange,
    private readonly request: HttpClientRequest.HttpClientRequest,
    private readonly call: Failure.Call,
    private readonly watch: exchange.Watch,
    private readonly hops = maxRedirects
  ) {}
  sent() {
    return this.perform(this.request, this.watch, this)
  }
  answered(answer: Failure.Response): exchange.Outcome {
    const location = exchange.locationOf(answer)
    return location === undefined
      ? Effect.succeed(answer)
      : Effect.suspend(() => this.redirected(answer.status, location))
  }
  private redirected(status: number, location: string) {
    const { call, hops, perform, request, watch } = this
    const next = hops === 0 ? Either.left("too many in a row") : redirected(request, status, location)
    return Either.isLeft(next)
      ? Effect.fail(Failure.fromRedirect(call, status, next.left))
      : new Hop(perform, next.right, call, watch, hops - 1).sent()
  }
  failed(error: HttpClientError.HttpClientError) {
    return Effect.failSync(() => Failure.fromTransport(this.call, error))
  }
}

/** Where a transport keeps the time itself. */
const overExchange =
  (perform: exchange.Exchange): Transmit =>
  (request, call, watch) =>
    new Hop(perform, request, call, watch).sent()

/** Over any client, whatever was put on it. */
const overClient = (client: HttpClient.HttpClient): Transmit => {
  const manual = withManualRedirects(client)
  const perform: exchange.Exchange = (request, watch, end) => {
    const answer = Effect.flatMap(Effect.catchAll(manual.execute(request), answerOf), (response) => {
      if (exchange.locationOf(response) === undefined) watch.onHead?.(response)
      return readAnswer(response)
    })
    return Effect.matchEffect(answer, {
      onFailure: (error) => end.failed(error),
      onSuccess: (answer) => end.answered(answer)
    })
  }
  return (request, call, watch) => watched(new Hop(perform, request, call, watch).sent(), watch, guard)
}

/** Over the app's own client. */
export const over = (client: HttpClient.HttpClient): Transmit => {
  const perform = exchange.of(client)
  return perform === undefined ? overClient(client) : overExchange(perform)
}

/** The same path on every base. */
export const join = (baseUrl: URL, path: string): string => baseUrl.href.replace(/\/+$/, "") + path

/** A 401 that another token would not change. */
const notOfTheToken = /version header|scope|authclass/i

/** Whether an answer refuses the bearer itself, so that another one may be taken. */
export const isRefusedBearer = ({ status, body }: Failure.Response): boolean => {
  if (status !== 401) return false
  const message = parseObject(body)?.["message"]
  return !notOfTheToken.test(isArray(message) ? message.join() : String(message))
}
