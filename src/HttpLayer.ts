/**
 * `ContactsHttp`: the app's `HttpClient` with base URL, bearer, Version and deadline, and the one function that performs
 * a described endpoint.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberRef from "effect/FiberRef"
import { constTrue, identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import * as Credentials from "./Credentials.js"
import * as Errors from "./Errors.js"
import { isArray, isObject, type JsonObject, parse, parseOption, stringifyOption } from "./internal/json.js"

// --- an endpoint, described --------------------------------------------------------------------------------------------

type Codec = Schema.Schema.AnyNoContext

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE"

/**
 * An endpoint of the API, as a value.
 *
 * - `path`: a template, `/contacts/{contactId}`; its parameters are described by `params` and percent-encoded.
 * - `version`: the `Version` header it is documented with; `versions`: all documented ones, each with the way in which a
 *   body is spelt in it.
 * - `body`: what is sent as JSON, `Schema.Undefined` where nothing is.
 * - `errors`: the statuses it declares.
 * - `isRepeatable`: whether this body can be sent again although it may have been applied already.
 *
 * @since 0.1.0
 * @category models
 */
export interface Endpoint<Params extends Codec, Body extends Codec, Answer extends Codec, Version extends string> {
  readonly name: string
  readonly method: Method
  readonly path: `/${string}`
  readonly version: NoInfer<Version>
  readonly versions: { readonly [version in Version]: (body: JsonObject) => JsonObject }
  readonly params: Params
  readonly body: Body
  readonly answer: Answer
  readonly errors: ReadonlyArray<number>
  readonly isRepeatable: (body: Schema.Schema.Type<Body>) => boolean
}

/**
 * Describes an endpoint.
 *
 * @since 0.1.0
 * @category constructors
 */
export const endpoint = <Params extends Codec, Body extends Codec, Answer extends Codec, Version extends string>(
  row: Endpoint<Params, Body, Answer, Version>
): Endpoint<Params, Body, Answer, Version> => row

// --- the service -------------------------------------------------------------------------------------------------------

/**
 * Performs one described endpoint: encodes the input, sends it, judges the answer and decodes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  readonly perform: <Params extends Codec, Body extends Codec, Answer extends Codec, Version extends string>(
    endpoint: Endpoint<Params, Body, Answer, Version>,
    params: Schema.Schema.Type<Params>,
    body: Schema.Schema.Type<Body>
  ) => Effect.Effect<Schema.Schema.Type<Answer>, Errors.ContactsError>
}

/**
 * The transport of `ContactsService`, also for endpoints that this library does not describe yet.
 *
 * @since 0.1.0
 * @category tags
 */
export class ContactsHttp extends Context.Tag("effect-growthhub/ContactsHttp")<ContactsHttp, Service>() {}

/**
 * A request that is ready to leave: everything but origin and bearer. `body` is JSON text, in the spelling of its
 * `version`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outgoing {
  readonly name: string
  readonly method: Method
  readonly template: string
  readonly path: string
  readonly params: { readonly [param: string]: string }
  readonly version: string
  readonly body: string | undefined
}

/**
 * How requests are carried.
 *
 * - `bearer`: the token for a call.
 * - `transmit`: one attempt, until its whole answer is there.
 * - `versions`: another documented `Version` than its own, by the endpoint's name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Carrier {
  readonly bearer: (operation: string) => Effect.Effect<Redacted.Redacted, Errors.ContactsError>
  readonly transmit: (
    request: Outgoing,
    bearer: Redacted.Redacted,
    call: Errors.Call
  ) => Effect.Effect<Errors.Answer, Errors.ContactsError>
  readonly versions?: { readonly [endpoint: string]: string | undefined } | undefined
}

const strictly = { errors: "all", onExcessProperty: "error" } as const

/** The names of the parameters in a path template. */
const parameters = /\{(\w+)\}/g

/** Whatever its own schema allows, a parameter can fill one segment of the path and no other. */
const segmentFaults = (path: string, params: Outgoing["params"]): ReadonlyArray<string> =>
  Array.from(path.matchAll(parameters), ([, name = ""]) => name).flatMap((name) => {
    const value = params[name] ?? ""
    const isSegment = value !== "" && value !== "." && value !== ".." && !/\p{Surrogate}/u.test(value)
    return isSegment ? [] : [`${name} must be a path segment`]
  })

/** Encodes the input of a call; what is invalid never leaves the process. */
const encode = <Params extends Codec, Body extends Codec, Version extends string>(
  endpoint: Endpoint<Params, Body, Codec, Version>,
  version: Version,
  input: { readonly params: Schema.Schema.Type<Params>; readonly body: Schema.Schema.Type<Body> }
): Either.Either<Outgoing, Errors.Unprocessable> => {
  const params: Either.Either<Outgoing["params"], ParseResult.ParseIssue> = ParseResult.encodeUnknownEither(
    endpoint.params,
    strictly
  )(input.params)
  const body: Either.Either<JsonObject | undefined, ParseResult.ParseIssue> = ParseResult.encodeUnknownEither(
    endpoint.body,
    strictly
  )(input.body)
  if (Either.isLeft(params) || Either.isLeft(body)) {
    const issues = [params, body].flatMap((encoded) => (Either.isLeft(encoded) ? [encoded.left] : []))
    return Either.left(Errors.fromFaults(endpoint.name, issues.flatMap(Errors.faults)))
  }
  const unplaced = segmentFaults(endpoint.path, params.right)
  if (unplaced.length > 0) return Either.left(Errors.fromFaults(endpoint.name, unplaced))
  const json = stringifyOption(body.right === undefined ? undefined : endpoint.versions[version](body.right))
  if (Option.isNone(json)) return Either.left(Errors.fromFaults(endpoint.name, ["the input must be JSON"]))
  return Either.right({
    name: endpoint.name,
    method: endpoint.method,
    template: endpoint.path,
    path: endpoint.path.replace(parameters, (_, name: string) => encodeURIComponent(params.right[name] ?? "")),
    params: params.right,
    version,
    body: json.value
  })
}

/** Judges a whole answer: any 2xx is a success, if it can be read. */
const judge = <Answer extends Codec>(
  codec: Answer,
  call: Errors.Call,
  answer: Errors.Answer
): Either.Either<Schema.Schema.Type<Answer>, Errors.ContactsError> => {
  if (answer.status < 200 || answer.status > 299) return Either.left(Errors.fromAnswer(call, answer))
  const json = parseOption(answer.body)
  if (Option.isNone(json)) return Either.left(Errors.fromUnreadable(call, answer, ["it is not JSON"]))
  return Either.mapLeft(ParseResult.decodeUnknownEither(codec)(json.value), (issue) =>
    Errors.fromUnreadable(call, answer, Errors.faults(issue))
  )
}

/** Ids and choices from fixed lists tell nothing about a person, and errors may name them. */
const impersonal = new Set(["id", "key", "locationId", "assignedTo", "country", "timezone", "status"])

const personalTexts = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") return [value]
  if (typeof value === "number") return [String(value)]
  if (isArray(value)) return value.flatMap(personalTexts)
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => (impersonal.has(key) ? [] : personalTexts(inner)))
}

/**
 * `ContactsHttp` over any carrier.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (carrier: Carrier): Service => {
  const perform: Service["perform"] = (endpoint, params, body) =>
    Effect.suspend(() => {
      // The versions that a caller can choose are those of the endpoint's own row: see ContactsService.Options.
      const version = (carrier.versions?.[endpoint.name] ?? endpoint.version) as typeof endpoint.version
      if (!Object.hasOwn(endpoint.versions, version)) {
        const documented = Object.keys(endpoint.versions).join(", ")
        return Effect.fail(
          Errors.fromFaults(endpoint.name, [`version must be one of the following values: ${documented}`])
        )
      }
      const encoded = encode(endpoint, version, { params, body })
      if (Either.isLeft(encoded)) return Effect.fail(encoded.left)
      const request = encoded.right
      const attempt = Effect.flatMap(carrier.bearer(endpoint.name), (bearer) => {
        const call: Errors.Call = {
          operation: endpoint.name,
          attempts: 1,
          declares: endpoint.errors,
          isWrite: endpoint.method !== "GET",
          isRepeatable: endpoint.isRepeatable(body),
          secrets: () => [
            Redacted.value(bearer),
            ...personalTexts(request.body === undefined ? undefined : parse(request.body))
          ]
        }
        return Effect.flatMap(carrier.transmit(request, bearer, call), (answer) => judge(endpoint.answer, call, answer))
      })
      return traced(request, attempt)
    })
  return { perform }
}

const nativeTracer = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/** A span only where somebody has installed a tracer; it carries ids, never a person's data. */
const traced = <A, E>(request: Outgoing, self: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.withFiberRuntime((fiber) =>
    Context.get(fiber.getFiberRef(DefaultServices.currentServices), Tracer.Tracer) === nativeTracer
      ? self
      : Effect.withSpan(self, `ContactsService.${request.name}`, {
          kind: "client",
          captureStackTrace: false,
          attributes: { "http.request.method": request.method, "url.template": request.template, ...request.params }
        })
  )

// --- over the app's HttpClient -----------------------------------------------------------------------------------------

/**
 * - `token`: the bearer.
 * - `baseUrl`: where the API is, the vendor's host by default. `https`, or `http` to a loopback address.
 * - `attemptTimeout`: how long one attempt may take until its whole body is read, 30 seconds by default.
 * - `versions`: another documented `Version` than its own, by the endpoint's name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly token: Redacted.Redacted
  readonly baseUrl?: string | URL | undefined
  readonly attemptTimeout?: Duration.DurationInput | undefined
  readonly versions?: { readonly [endpoint: string]: string | undefined } | undefined
}

/**
 * The vendor's host.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultBaseUrl = "https://services.leadconnectorhq.com"

const isLoopback = (hostname: string) =>
  hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)

/**
 * A base URL that a bearer may be sent to, or what is wrong with it.
 *
 * @since 0.1.0
 * @category validation
 */
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

const redirects = new Set([301, 302, 303, 307, 308])
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
  FiberRef.update(FiberRef.currentContext, (context) => {
    const fetch = Option.getOrElse(Context.getOption(context, FetchHttpClient.Fetch), () => globalThis.fetch)
    return Context.add(context, FetchHttpClient.Fetch, (input, init) => fetch(input, { ...init, redirect: "manual" }))
  }).pipe(
    // Here too, because a client may bring a predicate of its own.
    Effect.zipRight(FiberRef.set(HttpClient.currentTracerDisabledWhen, constTrue)),
    Effect.as(request)
  )
)

const redactAuthorization = (names: ReadonlyArray<string | RegExp>) =>
  names.includes("authorization") ? names : [...names, "authorization"]

/**
 * What holds while a request is on its way, in whatever fiber that is: no span and no trace headers of the platform, no
 * bearer in what somebody prints, and the context as it was when it is over.
 */
const guarded = <A, E>(self: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  self.pipe(
    Effect.mapInputContext<never, never>(identity),
    Effect.locally(HttpClient.currentTracerDisabledWhen, constTrue),
    Effect.locallyWith(Headers.currentRedactedNames, redactAuthorization)
  )

/** A client that fails on statuses still has the answer, and the answer decides. */
const answerOf = (
  error: HttpClientError.HttpClientError
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> =>
  error._tag === "ResponseError" && error.reason === "StatusCode" ? Effect.succeed(error.response) : Effect.fail(error)

/** A body that is not needed for the verdict may break off, and gets a second. */
const patient = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<string> =>
  response.text.pipe(
    Effect.timeoutTo({ duration: "1 second", onTimeout: () => "", onSuccess: (body) => body }),
    Effect.orElseSucceed(() => "")
  )

/** The whole body. Where the status has decided already, a body that breaks off or hangs is none. */
const readAnswer = (
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<Errors.Answer, HttpClientError.HttpClientError> => {
  const { status, headers } = response
  const text = status >= 200 && status <= 299 ? response.text : patient(response)
  return Effect.map(text, (body) => ({ status, headers, body }))
}

/** One attempt over HTTP, with its deadline. */
const transmitting = (
  client: HttpClient.HttpClient,
  baseUrl: URL,
  attemptTimeout: Duration.Duration
): Carrier["transmit"] => {
  const base = baseUrl.href.replace(/\/+$/, "")
  const manual = withManualRedirects(client)

  const send = (
    request: HttpClientRequest.HttpClientRequest,
    call: Errors.Call,
    hops: number
  ): Effect.Effect<Errors.Answer, HttpClientError.HttpClientError | Errors.UnexpectedResponse> =>
    Effect.flatMap(Effect.catchAll(manual.execute(request), answerOf), (response) => {
      const location = response.headers["location"]
      if (location === undefined || !redirects.has(response.status)) return readAnswer(response)
      const next = hops === 0 ? Either.left("too many in a row") : redirected(request, response.status, location)
      const proceed = Either.isLeft(next)
        ? Effect.fail(Errors.fromRedirect(call, response.status, next.left))
        : send(next.right, call, hops - 1)
      // Read to its end, so that the connection can be used again.
      return Effect.zipRight(patient(response), proceed)
    })

  return ({ method, path, version, body }, bearer, call) => {
    const request = HttpClientRequest.make(method)(`${base}${path}`, {
      headers: { accept: "application/json", authorization: `Bearer ${Redacted.value(bearer)}`, version },
      ...(body === undefined ? {} : { body: HttpBody.text(body, "application/json") })
    })
    return guarded(send(request, call, maxRedirects)).pipe(
      Effect.mapError((error) => (Errors.isOperational(error) ? error : Errors.fromTransport(call, error))),
      // The deadline holds even where a transport cannot be interrupted, or takes its time to clean up.
      Effect.disconnect,
      Effect.timeoutFail({
        duration: attemptTimeout,
        onTimeout: () => Errors.fromTimeout(call, attemptTimeout)
      })
    )
  }
}

/**
 * `ContactsHttp` on the app's `HttpClient`. A token or a base URL that cannot be used fails each call, with a message that
 * says why and without a request: `Unauthorized` and `TransportError`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<ContactsHttp, never, HttpClient.HttpClient> =>
  Layer.effect(
    ContactsHttp,
    Effect.map(HttpClient.HttpClient, (client) => {
      const token = Credentials.validate(options.token)
      const baseUrl = validateBaseUrl(options.baseUrl ?? defaultBaseUrl)
      const attemptTimeout = Duration.decode(options.attemptTimeout ?? "30 seconds")
      return make({
        bearer: (operation) =>
          Either.isRight(token)
            ? Effect.succeed(token.right)
            : Effect.fail(new Errors.Unauthorized({ operation, attempts: 0, message: token.left })),
        transmit: Either.isRight(baseUrl)
          ? transmitting(client, baseUrl.right, attemptTimeout)
          : (_, __, call) => Effect.fail(Errors.fromConfiguration(call, baseUrl.left)),
        versions: options.versions
      })
    })
  )
