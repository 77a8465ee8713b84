/**
 * `ContactsHttp`: the app's `HttpClient` with base URL, bearer, Version, rate limit, deadline and retries, and the one function
 * that performs a described endpoint.
 *
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
import type { Policy } from "./http/retry.js"
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
  Repeat
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
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Performs one described endpoint: encodes the input, sends it, retries as the policy says, and decodes the answer. */
  readonly perform: Perform
}

/**
 * What `ContactsService` sends its calls through, also for endpoints that this library does not describe yet.
 *
 * @since 0.1.0
 * @category tags
 */
export class ContactsHttp extends Context.Tag("effect-growthhub/ContactsHttp")<ContactsHttp, Service>() {}

/** What the stages between a call and the wire are made of. */
interface Stages {
  readonly client: HttpClient.HttpClient
  readonly server: Server
  readonly limiter: RateLimit.Limiter
  readonly bearer: Bearer
}

/**
 * How an attempt is sent. The inner stages belong to one request: its transport, its time limit, its span, its permit. The
 * outer ones may send another request, which takes its own permit.
 */
const makeSend = ({ client, server, limiter, bearer }: Stages): Send =>
  pipe(transportOf(client), withDeadline, withTelemetry(server), withPermit(limiter), withRedirects, withBearer(bearer))

/**
 * The names of the metrics of calls, all in seconds or counted:
 *
 * - `callDuration`: a histogram of calls with their repeats and waits, by `operation` and `outcome` (`ok`, or the tag of the
 *   error).
 * - `requestDuration`: a histogram of single requests, by `http.request.method`, `url.template`, `server.address`,
 *   `server.port`, `http.response.status_code` and `error.type`.
 * - `retries`: counts repeats, by `operation` and the `error.type` that they follow.
 * - `refreshes`: counts exchanges of a grant, by `outcome`.
 *
 * Those of pacing are `RateLimit.metrics`.
 *
 * Source: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
 *
 * @since 0.1.0
 * @category metrics
 */
export const metrics = telemetry.metrics

// --- over the app's HttpClient -----------------------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The bearer, a private integration token say, or where it comes from: see `Credentials`. */
  readonly token: Redacted.Redacted | Credentials.Credentials
  /** Where the API is, the vendor's host by default. `https`, or `http` to a loopback address. */
  readonly baseUrl?: string | URL | undefined
  /** Another documented `Version` than its own, by the endpoint's name: also for endpoints of your own. */
  readonly versions?: (Versions & { readonly [endpoint: string]: string | undefined }) | undefined
}

/**
 * The options of the services of this library.
 *
 * @since 0.2.0
 * @category models
 */
export interface ServiceOptions extends Omit<Options, "versions"> {
  /** Another documented `Version` header than its own, by the endpoint's name. */
  readonly versions?: Versions | undefined
}

/**
 * {@link ServiceOptions}, each from the app's configuration. Those that are not given are read under their default names.
 *
 * @since 0.2.0
 * @category models
 */
export type ServiceConfigOptions = {
  readonly [Name in keyof ServiceOptions]?: Config.Config<NonNullable<ServiceOptions[Name]>>
}

/**
 * The vendor's host.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultBaseUrl = Url.vendorUrl

/**
 * A base URL that a bearer may be sent to, or what is wrong with it.
 *
 * @since 0.1.0
 * @category validation
 */
export const validateBaseUrl: (baseUrl: string | URL) => Either.Either<URL, string> = Url.validateBaseUrl

/** The policy that the effect was given, or that of the service. */
const policyOf =
  (ofService: Policy) =>
  (context: Context.Context<never>): Policy =>
    // Not by the reference, which answers its default: an app's own policy comes before that.
    (context.unsafeMap.get(RetryPolicy.RetryPolicy.key) as Policy | undefined) ?? ofService

const serverOf = ({ hostname, port, protocol }: URL): Server => ({
  address: hostname,
  port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port)
})

/** Fails each call: nothing is sent to a base URL that cannot be used. */
const refuse =
  (reason: string): Send =>
  (attempt) =>
    Effect.failSync(() => ({ error: Failure.fromConfiguration(errorContext(attempt, false), reason) }))

/**
 * `ContactsHttp` on the app's `HttpClient`. A token or a base URL that cannot be used fails each call, with a message that
 * says why and without a request: `Unauthorized` and `TransportError`.
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
      const environment = { versions, policyOf: policyOf(retryPolicy), withPolicy: RetryPolicy.withPolicy }
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
 * {@link Options}, each from the app's configuration. Those that are not given are read under their default names.
 *
 * @since 0.2.0
 * @category models
 */
export type ConfigOptions = {
  readonly [Name in keyof Options]?: Config.Config<NonNullable<Options[Name]>>
}

/** A value of the configuration that is checked: its message tells what is wrong and never repeats it. */
const checked =
  <A, B>(check: (value: A) => Either.Either<B, string>) =>
  (config: Config.Config<A>): Config.Config<B> =>
    Config.mapOrFail(config, (value) => Either.mapLeft(check(value), (reason) => ConfigError.InvalidData([], reason)))

// Not Config.redacted, which hides the name of a variable that is missing. What is checked right on the variable is
// refused under its name.
const configuredToken = checked((token: string) => Credentials.validate(Redacted.make(token)))(
  Config.string("GROWTHHUB_TOKEN")
)

const configuredBaseUrl = checked(validateBaseUrl)(Config.string("GROWTHHUB_BASE_URL")).pipe(
  Config.withDefault(defaultBaseUrl)
)

/** Credentials check what they are made of themselves. */
const checkedToken = (token: Options["token"]): Either.Either<Options["token"], string> =>
  Redacted.isRedacted(token) ? Credentials.validate(token) : Either.right(token)

const optionsConfig = ({ token, baseUrl, versions }: ConfigOptions): Config.Config<Options> =>
  Config.all({
    token: token === undefined ? configuredToken : checked(checkedToken)(token),
    baseUrl: baseUrl === undefined ? configuredBaseUrl : checked(validateBaseUrl)(baseUrl),
    versions: versions ?? Config.succeed(undefined)
  })

/**
 * {@link layer} as the app's configuration says: `GROWTHHUB_TOKEN` (redacted) and `GROWTHHUB_BASE_URL` (the vendor's host if
 * absent), unless a `Config` of the app's own is given for an option. Fails with a `ConfigError` that does not repeat the
 * token where one is missing or cannot be used.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerConfig = (
  config: ConfigOptions = {}
): Layer.Layer<ContactsHttp, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Layer.unwrapEffect(Effect.map(optionsConfig(config), layer))
