/**
 * The bearer tokens of calls: a private integration token, tokens from a source of your own, or the access tokens of an OAuth
 * grant, which is refreshed and stored.
 *
 * @module
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Hash from "effect/Hash"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Grant from "./credentials/grant.js"
import * as LocationToken from "./credentials/locationToken.js"
import * as RotatingGrant from "./credentials/rotatingGrant.js"
import { bearerOperation, faultOf } from "./credentials/token.js"
import * as TokenEndpoint from "./credentials/tokenEndpoint.js"
import * as Errors from "./Errors.js"
import * as Url from "./http/baseUrl.js"
import type { Bearer } from "./http/bearer.js"
import * as Failure from "./http/failure.js"
import { LocationId } from "./fields/ids.js"
import * as TokenStore from "./TokenStore.js"

// --- tokens --------------------------------------------------------------------------------------------------------------

/**
 * Checks that a token can be sent as a bearer: `Right` with the token, or `Left` with the reason, which does not contain the
 * token. It refuses an empty token, a `Bearer ` prefix, line breaks, blanks, quotes, and characters that a header cannot have.
 *
 * @example
 * import * as Redacted from "effect/Redacted"
 * import * as Credentials from "effect-growthhub/Credentials"
 *
 * Credentials.validate(Redacted.make("Bearer pit-1234")) // Left("The token begins with …")
 *
 * @since 0.1.0
 * @category validation
 */
export const validate = (token: Redacted.Redacted): Either.Either<Redacted.Redacted, string> => {
  const reason = faultOf("token", Redacted.value(token))
  return reason === undefined ? Either.right(token) : Either.left(reason)
}

// --- bearers -------------------------------------------------------------------------------------------------------------

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Bearer
} from "./http/bearer.js"

/**
 * Supplies the bearers of a service.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials {
  /** Names the rate limit of the app and the location: services with the same key share it. It holds no secret. */
  readonly rateLimitKey: string
  /** Opens the bearers of one service: in its scope, with its `HttpClient`, for its base URL. */
  readonly open: (baseUrl: URL) => Effect.Effect<Bearer, never, HttpClient.HttpClient | Scope.Scope>
}

const unauthorized = (message: string, operation = bearerOperation) =>
  new Errors.Unauthorized({ operation, attempts: 0, message })

const checkedBearer = (token: Redacted.Redacted) => Either.mapLeft(validate(token), (reason) => unauthorized(reason))

/**
 * A private integration token, or any token that does not change. If it cannot be sent as a bearer, each call fails with
 * `Unauthorized`, without a request.
 *
 * @since 0.1.0
 * @category constructors
 */
export const privateIntegrationToken = (token: Redacted.Redacted): Credentials => ({
  // The token stands for one app and one location. A short hash of it does not reveal it.
  rateLimitKey: `token:${(Hash.string(String(Redacted.value(token))) >>> 0).toString(16)}`,
  open: () => {
    const get = checkedBearer(token)
    const cached = Option.getOrUndefined(Either.getRight(get))
    return Effect.succeed({ get, cached: () => cached })
  }
})

/**
 * Access tokens from an effect of your own, which runs for each call. After a 401 it runs once more, and the request is resent
 * if it returns another token than the refused one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const accessToken = (
  token: Effect.Effect<Redacted.Redacted, Errors.ContactsError>,
  options: {
    /**
     * Names the rate limit of the app and the location of the tokens: credentials with the same key share it. By default each
     * `accessToken` has its own.
     */
    readonly rateLimitKey?: string | undefined
  } = {}
): Credentials => ({
  rateLimitKey: options.rateLimitKey ?? `source:${Math.random().toString(36).slice(2)}`,
  open: () => {
    const get = Effect.flatMap(token, checkedBearer)
    const isOther = (refused: Redacted.Redacted) =>
      Option.liftPredicate((token: Redacted.Redacted) => Redacted.value(token) !== Redacted.value(refused))
    return Effect.succeed<Bearer>({ get, renew: (refused) => Effect.map(get, isOther(refused)) })
  }
})

// --- the consent page ----------------------------------------------------------------------------------------------------

export {
  type AuthorizationUrl,
  authorizationUrl,
  type Callback,
  type Installation,
  installationOf,
  InvalidCallback,
  makeState,
  parseCallback,
  removeGrant
} from "./credentials/authorization.js"

// --- OAuth ---------------------------------------------------------------------------------------------------------------

/**
 * The id and the secret of an app, from the vendor's marketplace.
 *
 * @since 0.1.0
 * @category models
 */
export interface App {
  /** The client id of the app. */
  readonly clientId: string
  /** The client secret of the app. */
  readonly clientSecret: Redacted.Redacted
}

/**
 * The key of the grant of a location or a company in a `TokenStore`. It contains the client id, so that several apps can share
 * a store.
 *
 * @example
 * import * as Credentials from "effect-growthhub/Credentials"
 *
 * Credentials.grantKey("65c0-app", "ve9EPM428h8vShlRW1KT") // "65c0-app:ve9EPM428h8vShlRW1KT"
 *
 * @since 0.2.0
 * @category utilities
 */
export const grantKey: (clientId: string, id: string) => string = Grant.grantKey

const faultOfApp = ({ clientId, clientSecret }: App): string | undefined =>
  faultOf("client id", clientId) ?? faultOf("client secret", Redacted.value(clientSecret))

/**
 * The options of {@link authorizationCode}.
 *
 * @since 0.2.0
 * @category models
 */
export interface AuthorizationCode extends App {
  /** The code that the vendor's consent page has sent to the redirect URI. It works once. */
  readonly code: Redacted.Redacted
  /** The redirect URI, if the app has several. Not sent by default. */
  readonly redirectUri?: string | undefined
  /** Whether to request the grant of a location or of a company (agency). By default the vendor decides. */
  readonly userType?: "Location" | "Company" | undefined
  /** The store that the grant is saved in. */
  readonly store: TokenStore.Service
  /** The base URL of the token endpoint: `https`, or `http` to a loopback address. The vendor's host by default. */
  readonly baseUrl?: string | URL | undefined
  /**
   * The scope in which the exchange runs if its caller is interrupted: when the scope closes, it waits for the exchange. By
   * default the exchange runs in the background and may be cut off by the end of the process.
   */
  readonly scope?: Scope.Scope | undefined
}

/** A record without tokens. Writing it under the client id proves that the store is writable before the code is spent. */
const appRecord = (company: string | undefined): TokenStore.Grant => ({
  accessToken: Redacted.make("none"),
  refreshToken: Redacted.make("none"),
  expiresAt: DateTime.unsafeMake(0),
  ...(company === undefined ? {} : { companyId: company })
})

/** Saves the company that last connected the app, for the error of a location without a grant. */
const writeAppRecord = ({ clientId, store }: AuthorizationCode, company?: string) =>
  store.withLock(clientId, ({ get, set }) =>
    Effect.flatMap(get, (known) => set(appRecord(company ?? Option.getOrUndefined(known)?.companyId)))
  )

const saveCodeGrant = (options: AuthorizationCode, key: string, grant: TokenStore.Grant) =>
  // Defects are retried too, because the app's own store may have a bug.
  Effect.sandbox(options.store.withLock(key, (locked) => locked.set(grant))).pipe(
    Effect.retry(Schedule.spaced("500 millis").pipe(Schedule.upTo("2 minutes"))),
    Effect.unsandbox
  )

const exchangeCode = (options: AuthorizationCode) =>
  Effect.gen(function* () {
    const operation = "authorizationCode"
    const reason = faultOfApp(options) ?? faultOf("code", Redacted.value(options.code))
    if (reason !== undefined) return yield* Failure.fromFaults(operation, [reason])
    const baseUrl = Url.validateBaseUrl(options.baseUrl ?? Url.vendorUrl)
    if (Either.isLeft(baseUrl)) return yield* Failure.fromFaults(operation, [baseUrl.left])
    const endpoint = TokenEndpoint.make(yield* HttpClient.HttpClient, baseUrl.right, operation)
    yield* writeAppRecord(options)
    const form = {
      ...TokenEndpoint.clientForm(options),
      grant_type: "authorization_code",
      code: Redacted.value(options.code),
      redirect_uri: options.redirectUri,
      user_type: options.userType
    }
    const response = yield* Effect.mapError(endpoint("/oauth/token", form), ({ error }) => error)
    const grant = Grant.nextGrant(response, yield* Clock.currentTimeMillis)
    const id = grant?.locationId ?? grant?.companyId
    if (grant === undefined || id === undefined) {
      return yield* unauthorized("The vendor sent a grant without a refresh token, location or company", operation)
    }
    yield* saveCodeGrant(options, grantKey(options.clientId, id), grant)
    if (grant.locationId === undefined) yield* Effect.ignore(writeAppRecord(options, id))
    return grant
  })

/**
 * Exchanges the code that the vendor's consent page has sent to the app's redirect URI for a grant, and saves the grant under
 * {@link grantKey} of its location or company. The code works once, so repeating the call with the same code fails.
 *
 * The store is written before the code is spent, to prove that it is writable. If the grant cannot be saved, the write is
 * retried for two minutes. If the caller is interrupted, the exchange still completes: see `scope`.
 *
 * Fails with `Unprocessable` if an option is invalid (nothing is sent), with `TokenStoreError` if the store cannot be read or
 * written, and with the error of the token endpoint.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/oauth/get-access-token
 *
 * @since 0.1.0
 * @category constructors
 */
export const authorizationCode = (
  options: AuthorizationCode
): Effect.Effect<TokenStore.Grant, Errors.ContactsError | TokenStore.TokenStoreError, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    // The fiber returns its exit as a value, because Effect logs a forked fiber that fails.
    const exchange = Effect.exit(Effect.uninterruptible(exchangeCode(options)))
    const fiber = yield* options.scope === undefined
      ? Effect.forkDaemon(exchange)
      : Effect.forkIn(exchange, options.scope)
    return yield* yield* Fiber.join(fiber)
  })

/**
 * The time at which the access token of a grant is refreshed.
 *
 * - `inBackground`: up to ten minutes before it expires, while calls continue to use it.
 * - `onDemand`: only while a call waits for it. For serverless functions, which are frozen between two requests.
 *
 * @since 0.2.0
 * @category models
 */
export type Refresh = "inBackground" | "onDemand"

/**
 * The location of {@link oauth} and the store of its grant.
 *
 * @since 0.2.0
 * @category models
 */
export interface Connection {
  /** The location whose contacts are used. Its grant is stored under {@link grantKey} of this id, unless `companyId` is set. */
  readonly locationId: LocationId
  /** The company (agency) that installed the app: its grant is used to get location tokens. None by default. */
  readonly companyId?: string | undefined
  /** The store that {@link authorizationCode} saved the grant in. */
  readonly store: TokenStore.Service
  /** The time at which the access token is refreshed: `inBackground` by default. */
  readonly refresh?: Refresh | undefined
}

/**
 * The access tokens of an OAuth grant in a store. A token is refreshed before it expires, and at once if it has expired or was
 * refused. Only one refresh runs at a time, among all processes that share the store.
 *
 * If the store has no grant, or the vendor no longer accepts its refresh token, each call fails with `Unauthorized` with
 * `reconnect: true` and the `locationId`: the customer must reconnect the app.
 *
 * {@link layerOAuth} takes the store from the context.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/oauth/get-access-token
 *
 * @since 0.1.0
 * @category constructors
 */
export const oauth = (options: App & Connection): Credentials => ({
  rateLimitKey: `${options.clientId}:${options.locationId}`,
  open: (baseUrl) =>
    Effect.gen(function* () {
      const { locationId, companyId, refresh = "inBackground" } = options
      const reason = faultOfApp(options) ?? (companyId === undefined ? undefined : faultOf("company id", companyId))
      if (reason !== undefined) return { get: unauthorized(reason) }
      const endpoint = TokenEndpoint.make(yield* HttpClient.HttpClient, baseUrl)
      const bearer = yield* RotatingGrant.make({ ...options, companyId, refresh }, endpoint)
      return companyId === undefined ? bearer : yield* LocationToken.make(bearer, { companyId, locationId }, endpoint)
    })
})

/**
 * {@link oauth} for the layer of a service, with the `TokenStore` from the context.
 *
 * @example
 * import { Redacted } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as Credentials from "effect-growthhub/Credentials"
 * import { LocationId } from "effect-growthhub/Schema"
 *
 * const app = { clientId: "65c0…", clientSecret: Redacted.make(process.env["CLIENT_SECRET"] ?? "") }
 *
 * // Layer<ContactsService, never, HttpClient | TokenStore>
 * export const Contacts = Credentials.layerOAuth((token) => ContactsService.layer({ token }), {
 *   ...app,
 *   locationId: LocationId.make("ve9EPM428h8vShlRW1KT")
 * })
 *
 * @since 0.2.0
 * @category layers
 */
export const layerOAuth = <A, E, R>(
  service: (token: Credentials) => Layer.Layer<A, E, R>,
  options: Omit<App & Connection, "store">
): Layer.Layer<A, E, R | TokenStore.TokenStore> =>
  Layer.unwrapEffect(Effect.map(TokenStore.TokenStore, (store) => service(oauth({ ...options, store }))))

// `Config.redacted` is not used, because it hides the name of an invalid variable. The reason does not contain the value.
const checkedText = (what: string, name: string): Config.Config<string> =>
  Config.mapOrFail(Config.string(name), (text) => {
    const reason = faultOf(what, text)
    return reason === undefined ? Either.right(text) : Either.left(ConfigError.InvalidData([], reason))
  })

/**
 * {@link oauth} from the configuration: `GROWTHHUB_CLIENT_ID`, `GROWTHHUB_CLIENT_SECRET`, `GROWTHHUB_LOCATION_ID`, and
 * `GROWTHHUB_COMPANY_ID` if the grant is a company's. For `ContactsService.layerConfig({ token })`. Fails with a `ConfigError`,
 * which does not contain the secret, if a variable is missing or invalid.
 *
 * {@link layerOAuthConfig} takes the store from the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const oauthConfig = ({ store, refresh }: Pick<Connection, "store" | "refresh">): Config.Config<Credentials> =>
  Config.map(
    Config.all({
      clientId: checkedText("client id", "GROWTHHUB_CLIENT_ID"),
      clientSecret: Config.map(checkedText("client secret", "GROWTHHUB_CLIENT_SECRET"), Redacted.make),
      locationId: Schema.Config("GROWTHHUB_LOCATION_ID", LocationId),
      // An empty variable counts as missing.
      companyId: Config.map(Config.withDefault(Config.string("GROWTHHUB_COMPANY_ID"), ""), (id) => id || undefined)
    }),
    (options) => oauth({ ...options, store, refresh })
  )

/**
 * {@link oauthConfig} for the layer of a service, with the `TokenStore` from the context.
 *
 * @example
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as Credentials from "effect-growthhub/Credentials"
 *
 * // Layer<ContactsService, ConfigError, HttpClient | TokenStore>
 * export const Contacts = Credentials.layerOAuthConfig((token) => ContactsService.layerConfig({ token }))
 *
 * @since 0.2.0
 * @category layers
 */
export const layerOAuthConfig = <A, E, R>(
  service: (token: Config.Config<Credentials>) => Layer.Layer<A, E, R>,
  options: Pick<Connection, "refresh"> = {}
): Layer.Layer<A, E, R | TokenStore.TokenStore> =>
  Layer.unwrapEffect(Effect.map(TokenStore.TokenStore, (store) => service(oauthConfig({ ...options, store }))))
