/**
 * `ContactsHttp`: the app's `HttpClient` with base URL, bearer token, `Version` header, rate limit, timeout and retries. It
 * performs any endpoint that is described as a value.
 *
 * @module
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { pipe } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Credentials from "./Credentials.js"
import * as Failure from "./http/failure.js"
import { errorContext, type Send } from "./http/attempt.js"
import * as Url from "./http/baseUrl.js"
import { type Bearer, withBearer } from "./http/bearer.js"
import { makePerform } from "./http/call.js"
import { withDeadline } from "./http/deadline.js"
import type { Perform } from "./api/endpoint.js"
import type { Versions } from "./api/rows.js"
import { withPermit } from "./http/permit.js"
import { withRedirects } from "./http/redirects.js"
import { type Server, withTelemetry } from "./http/telemetry.js"
import { transportOf } from "./http/transport.js"
import * as RateLimit from "./RateLimit.js"
import * as RetryPolicy from "./RetryPolicy.js"
import * as telemetry from "./runtime/telemetry.js"

export {
  /**
   * @since 0.1.0
   * @category constructors
   */
  endpoint
} from "./api/endpoint.js"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Endpoint,
  /**
   * @since 0.2.0
   * @category models
   */
  Found,
  /**
   * @since 0.2.0
   * @category models
   */
  Input,
  /**
   * @since 0.2.0
   * @category models
   */
  Lookup,
  /**
   * @since 0.1.0
   * @category models
   */
  RetryTiming
} from "./api/endpoint.js"

export type {
  /**
   * @since 0.2.0
   * @category models
   */
  Versions
} from "./api/rows.js"

// --- the service -------------------------------------------------------------------------------------------------------

/**
 * Performs endpoints over HTTP.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Performs an endpoint: encodes the input, sends it, retries by the `RetryPolicy`, and decodes the response. Fails with
   * `Unprocessable`, before anything is sent, if the input does not match the endpoint's schemas.
   */
  readonly perform: Perform
}

/**
 * Sends the calls of `ContactsService` and the other services. Use it directly for endpoints that this library does not have
 * yet.
 *
 * @since 0.1.0
 * @category tags
 */
export class ContactsHttp extends Context.Tag("effect-growthhub/ContactsHttp")<ContactsHttp, Service>() {}

/** The parts that the stages of a request need. */
interface Stages {
  readonly client: HttpClient.HttpClient
  readonly server: Server
  readonly limiter: RateLimit.Limiter
  readonly bearer: Bearer
}

/**
 * Composes the stages of an attempt. The inner stages belong to one request: transport, deadline, span, permit. The outer
 * stages (redirects, token refresh) may send a second request, which acquires its own permit.
 */
const makeSend = ({ client, server, limiter, bearer }: Stages): Send =>
  pipe(transportOf(client), withDeadline, withTelemetry(server), withPermit(limiter), withRedirects, withBearer(bearer))

/**
 * The names of the metrics of calls, requests, retries and tokens. The metrics of the rate limit are `RateLimit.metrics`.
 *
 * Source: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
 *
 * @since 0.1.0
 * @category metrics
 */
export const metrics = telemetry.metrics

// --- over the app's HttpClient -----------------------------------------------------------------------------------------

/**
 * The options of {@link layer}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The bearer token, such as a private integration token, or credentials that provide it: see `Credentials`. */
  readonly token: Redacted.Redacted | Credentials.Credentials
  /** The base URL of the API: `https`, or `http` to a loopback address. The vendor's host by default. */
  readonly baseUrl?: string | URL | undefined
  /** Another documented `Version` header than the default, by the name of the endpoint; for endpoints of your own too. */
  readonly versions?: (Versions & { readonly [endpoint: string]: string | undefined }) | undefined
}

/**
 * The options of the services of this library.
 *
 * @since 0.2.0
 * @category models
 */
export interface ServiceOptions extends Omit<Options, "versions"> {
  /** Another documented `Version` header than the default, by the name of the endpoint. */
  readonly versions?: Versions | undefined
}

/**
 * {@link ServiceOptions} as `Config` values. An option that is not given is read from its default variable.
 *
 * @since 0.2.0
 * @category models
 */
export type ServiceConfigOptions = {
  readonly [Name in keyof ServiceOptions]?: Config.Config<NonNullable<ServiceOptions[Name]>>
}

/**
 * The base URL of the vendor's API.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultBaseUrl = Url.vendorUrl

/**
 * Checks that a token may be sent to a base URL. Returns the URL, or the reason why it is refused.
 *
 * @since 0.1.0
 * @category validation
 */
export const validateBaseUrl: (baseUrl: string | URL) => Either.Either<URL, string> = Url.validateBaseUrl

const serverOf = ({ hostname, port, protocol }: URL): Server => ({
  address: hostname,
  port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port)
})

/** Fails each call without a request, because the base URL is invalid. */
const refuse =
  (reason: string): Send =>
  (attempt) =>
    Effect.failSync(() => ({ error: Failure.fromConfiguration(errorContext(attempt, false), reason) }))

/**
 * `ContactsHttp` over the app's `HttpClient`. If the token or the base URL is invalid, each call fails with `Unauthorized` or
 * `TransportError` without a request, and the message contains the reason.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<ContactsHttp, never, HttpClient.HttpClient> =>
  Layer.scoped(
    ContactsHttp,
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      const retryPolicy = yield* RetryPolicy.RetryPolicy
      const rateLimit = yield* RateLimit.RateLimit
      const { token, versions } = options
      const credentials = Redacted.isRedacted(token) ? Credentials.privateIntegrationToken(token) : token
      const environment = { versions, retryPolicy }
      const baseUrl = validateBaseUrl(options.baseUrl ?? defaultBaseUrl)
      if (Either.isLeft(baseUrl)) {
        return { perform: makePerform({ ...environment, baseUrl: "", send: refuse(baseUrl.left) }) }
      }
      const send = makeSend({
        client,
        server: serverOf(baseUrl.right),
        limiter: yield* rateLimit.open(`${baseUrl.right.host}:${credentials.rateLimitKey}`),
        bearer: yield* credentials.open(baseUrl.right)
      })
      return { perform: makePerform({ ...environment, baseUrl: Url.join(baseUrl.right, ""), send }) }
    })
  )

/**
 * {@link Options} as `Config` values. An option that is not given is read from its default variable.
 *
 * @since 0.2.0
 * @category models
 */
export type ConfigOptions = {
  readonly [Name in keyof Options]?: Config.Config<NonNullable<Options[Name]>>
}

/** Checks a value of the configuration. The message of a fault never contains the value. */
const checked =
  <A, B>(check: (value: A) => Either.Either<B, string>) =>
  (config: Config.Config<A>): Config.Config<B> =>
    Config.mapOrFail(config, (value) => Either.mapLeft(check(value), (reason) => ConfigError.InvalidData([], reason)))

// `Config.redacted` is not used, because it hides the name of a missing variable. The check is on the variable itself, so
// that its error names the variable.
const configuredToken = checked((token: string) => Credentials.validate(Redacted.make(token)))(
  Config.string("GROWTHHUB_TOKEN")
)

const configuredBaseUrl = checked(validateBaseUrl)(Config.string("GROWTHHUB_BASE_URL")).pipe(
  Config.withDefault(defaultBaseUrl)
)

/** Checks a token. Credentials check themselves. */
const checkedToken = (token: Options["token"]): Either.Either<Options["token"], string> =>
  Redacted.isRedacted(token) ? Credentials.validate(token) : Either.right(token)

const optionsConfig = ({ token, baseUrl, versions }: ConfigOptions): Config.Config<Options> =>
  Config.all({
    token: token === undefined ? configuredToken : checked(checkedToken)(token),
    baseUrl: baseUrl === undefined ? configuredBaseUrl : checked(validateBaseUrl)(baseUrl),
    versions: versions ?? Config.succeed(undefined)
  })

/**
 * {@link layer} with options from the app's configuration: `GROWTHHUB_TOKEN` and `GROWTHHUB_BASE_URL` (by default the vendor's
 * host), unless `config` gives another `Config` for an option. Fails with a `ConfigError` if a value is missing or invalid;
 * the error never contains the token.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerConfig = (
  config: ConfigOptions = {}
): Layer.Layer<ContactsHttp, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Layer.unwrapEffect(Effect.map(optionsConfig(config), layer))
