/**
 * Where the bearer of a call comes from: a private integration token, a source of the app's own, or an OAuth grant that
 * rotates and is never lost.
 *
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
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Grant from "./credentials/grant.js"
import * as LocationToken from "./credentials/locationToken.js"
import * as RotatingGrant from "./credentials/rotatingGrant.js"
import { faultOf } from "./credentials/token.js"
import * as TokenEndpoint from "./credentials/tokenEndpoint.js"
import * as Errors from "./Errors.js"
import * as Url from "./http/baseUrl.js"
import type { Bearer } from "./http/bearer.js"
import * as Failure from "./http/failure.js"
import { LocationId } from "./Schema.js"
import type * as TokenStore from "./TokenStore.js"

// --- tokens --------------------------------------------------------------------------------------------------------------

/**
 * A token that can be sent as a bearer, or what is wrong with it, in a sentence that does not repeat it. Refused are:
 * the empty text, a `Bearer ` prefix, line breaks, blanks, quotes, and what a header cannot carry.
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
 * Where the bearers of a service come from.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials {
  /** The rate limit that the calls count against, that of an app and a location: a name that is no secret. */
  readonly rateLimitKey: string
  /** Makes the bearers of one service, in its scope, over its client and against its base URL. */
  readonly open: (baseUrl: URL) => Effect.Effect<Bearer, never, HttpClient.HttpClient | Scope.Scope>
}

const unauthorized = (operation: string, message: string) =>
  new Errors.Unauthorized({ operation, attempts: 0, message })

const checkedBearer = (operation: string, token: Redacted.Redacted) =>
  Either.mapLeft(validate(token), (reason) => unauthorized(operation, reason))

/**
 * A private integration token, or any token that does not change. One that cannot be sent fails each call with
 * `Unauthorized`, without a request.
 *
 * @since 0.1.0
 * @category constructors
 */
export const privateIntegrationToken = (token: Redacted.Redacted): Credentials => ({
  // The token is app and location in one. A few bits of it are enough to tell it from others.
  rateLimitKey: `token:${(Hash.string(String(Redacted.value(token))) >>> 0).toString(16)}`,
  open: () => {
    const held = Option.getOrUndefined(Either.getRight(validate(token)))
    return Effect.succeed({ get: (operation) => checkedBearer(operation, token), held: () => held })
  }
})

/**
 * Access tokens from a source of the app's own, which is read for each call. After a 401 it is read once more, and the call
 * is repeated if it gives another token than the one that was refused.
 *
 * @since 0.1.0
 * @category constructors
 */
export const accessToken = (
  token: Effect.Effect<Redacted.Redacted, Errors.ContactsError>,
  options: {
    /**
     * A name for the app and the location of the tokens: all sources of one name share one rate limit. Each source has its
     * own by default.
     */
    readonly rateLimitKey?: string | undefined
  } = {}
): Credentials => ({
  rateLimitKey: options.rateLimitKey ?? `source:${Math.random().toString(36).slice(2)}`,
  open: () =>
    Effect.succeed<Bearer>({
      get: (operation) => Effect.flatMap(token, (token) => checkedBearer(operation, token)),
      renew: (_, refused) => Effect.map(token, (token) => Redacted.value(token) !== Redacted.value(refused))
    })
})

// --- OAuth ---------------------------------------------------------------------------------------------------------------

/**
 * The app as the vendor knows it.
 *
 * @since 0.1.0
 * @category models
 */
export interface App {
  /** The client id of the app, from the vendor's marketplace. */
  readonly clientId: string
  /** The client secret of the app. */
  readonly clientSecret: Redacted.Redacted
}

/**
 * The key under which a `TokenStore` has the grant of a location or a company: it names the app too, so that several apps
 * can share a store.
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
 * What {@link authorizationCode} needs besides the app.
 *
 * @since 0.2.0
 * @category models
 */
export interface AuthorizationCode extends App {
  /** The code that the vendor's consent page has sent to the redirect URI. It works once. */
  readonly code: Redacted.Redacted
  /** The redirect URI, if the app has several. Not sent by default. */
  readonly redirectUri?: string | undefined
  /** Whose grant to ask for. Not sent by default: the vendor decides. */
  readonly userType?: "Location" | "Company" | undefined
  /** Where the grant is saved. */
  readonly store: TokenStore.Service
  /** The vendor's host by default. `https`, or `http` to a loopback address. */
  readonly baseUrl?: string | URL | undefined
  /**
   * Where the exchange goes on when its caller is interrupted: this scope waits for it when it closes. By default it goes on
   * in the background and ends with the process.
   */
  readonly scope?: Scope.Scope | undefined
}

/** A record without tokens under the client id: it proves that the store can be written before a code is spent. */
const appRecord = (company: string | undefined): TokenStore.Grant => ({
  accessToken: Redacted.make("none"),
  refreshToken: Redacted.make("none"),
  expiresAt: DateTime.unsafeMake(0),
  ...(company === undefined ? {} : { companyId: company })
})

/** Notes which company has connected the app last, for the message of a location without a grant. */
const writeAppRecord = ({ clientId, store }: AuthorizationCode, company?: string) =>
  store.withLock(clientId, ({ get, set }) =>
    Effect.flatMap(get, (known) => set(appRecord(company ?? Option.getOrUndefined(known)?.companyId)))
  )

const saveCodeGrant = (options: AuthorizationCode, key: string, grant: TokenStore.Grant) =>
  // Defects too: a store of the app's own may have a bug.
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
    const endpoint = TokenEndpoint.make(yield* HttpClient.HttpClient, baseUrl.right)
    yield* writeAppRecord(options)
    const form = {
      ...TokenEndpoint.clientForm(options),
      grant_type: "authorization_code",
      code: Redacted.value(options.code),
      redirect_uri: options.redirectUri,
      user_type: options.userType
    }
    const response = yield* Effect.mapError(endpoint(operation, "/oauth/token", form), ({ error }) => error)
    const grant = Grant.nextGrant(response, yield* Clock.currentTimeMillis)
    const id = grant?.locationId ?? grant?.companyId
    if (grant === undefined || id === undefined) {
      return yield* unauthorized(operation, "The vendor sent a grant without a refresh token, location or company")
    }
    yield* saveCodeGrant(options, grantKey(options.clientId, id), grant)
    if (grant.locationId === undefined) yield* Effect.ignore(writeAppRecord(options, id))
    return grant
  })

/**
 * Exchanges the code that the vendor's consent page has sent to the app's redirect URI for a grant, and saves it under
 * {@link grantKey} of its location, or of its company. The code works once: a write to the store is tried before the code is
 * spent, and the grant is saved again for two minutes before a failure is reported. A caller that is interrupted does not
 * wait for the exchange, which goes on: see `scope`.
 *
 * Fails with `Unprocessable` where an option cannot be right, with `TokenStoreError` where the store cannot be used, and as
 * the token endpoint failed.
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
    // As a value: Effect logs a fiber that fails.
    const exchange = Effect.exit(Effect.uninterruptible(exchangeCode(options)))
    const fiber = yield* options.scope === undefined
      ? Effect.forkDaemon(exchange)
      : Effect.forkIn(exchange, options.scope)
    return yield* yield* Fiber.join(fiber)
  })

/**
 * When the access token of a grant is refreshed.
 *
 * - `inBackground`: ten minutes before it ends, while calls go on with it.
 * - `onDemand`: only while a call waits for it. For serverless functions, which are frozen between two requests.
 *
 * @since 0.2.0
 * @category models
 */
export type Refresh = "inBackground" | "onDemand"

/**
 * What {@link oauth} needs besides the app.
 *
 * @since 0.2.0
 * @category models
 */
export interface Connection {
  /** Whose contacts. Its grant is stored under {@link grantKey} of this id, unless `companyId` is set. */
  readonly locationId: LocationId
  /** The company (agency) that has installed the app: location tokens are made with its grant. None by default. */
  readonly companyId?: string | undefined
  /** Where the grant is: {@link authorizationCode} saves it there. */
  readonly store: TokenStore.Service
  /** When the access token is refreshed: `inBackground` by default. */
  readonly refresh?: Refresh | undefined
}

/**
 * The OAuth grant of an installation, kept in a store. Its access token is refreshed before it ends, and at once when it has
 * ended or was refused: one refresh at a time, in this process and in all that share the store.
 *
 * A call fails with `Unauthorized`, `reconnect: true` and the location where the vendor no longer accepts the refresh token
 * of the store, or where there is no grant.
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
      if (reason !== undefined) return { get: (operation: string) => unauthorized(operation, reason) }
      const endpoint = TokenEndpoint.make(yield* HttpClient.HttpClient, baseUrl)
      const bearer = yield* RotatingGrant.make({ ...options, companyId, refresh }, endpoint)
      return companyId === undefined ? bearer : yield* LocationToken.make(bearer, { companyId, locationId }, endpoint)
    })
})

// Not Config.redacted, which hides the name of a variable that is wrong. The reason does not repeat its value.
const checkedText = (what: string, name: string): Config.Config<string> =>
  Config.mapOrFail(Config.string(name), (text) => {
    const reason = faultOf(what, text)
    return reason === undefined ? Either.right(text) : Either.left(ConfigError.InvalidData([], reason))
  })

/**
 * {@link oauth} as the app's configuration says: `GROWTHHUB_CLIENT_ID`, `GROWTHHUB_CLIENT_SECRET`, `GROWTHHUB_LOCATION_ID`,
 * and `GROWTHHUB_COMPANY_ID` if the grant is a company's. For `ContactsService.layerConfig({ token })`.
 *
 * @example
 * import { Effect, Layer } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as Credentials from "effect-growthhub/Credentials"
 * import { TokenStore } from "effect-growthhub/TokenStore"
 *
 * // Layer<ContactsService, ConfigError, HttpClient | TokenStore>
 * export const Contacts = Layer.unwrapEffect(
 *   Effect.map(TokenStore, (store) => ContactsService.layerConfig({ token: Credentials.oauthConfig({ store }) }))
 * )
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
      // A variable that is set to nothing is not set.
      companyId: Config.map(Config.withDefault(Config.string("GROWTHHUB_COMPANY_ID"), ""), (id) => id || undefined)
    }),
    (options) => oauth({ ...options, store, refresh })
  )
