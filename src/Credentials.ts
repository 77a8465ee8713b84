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
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { nextGrant } from "./credentials/grant.js"
import * as LocationToken from "./credentials/locationToken.js"
import * as RotatingGrant from "./credentials/rotatingGrant.js"
import { faultOf } from "./credentials/token.js"
import * as TokenEndpoint from "./credentials/tokenEndpoint.js"
import * as Errors from "./Errors.js"
import * as transmission from "./internal/transmission.js"
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

/**
 * Bearers for the calls of one service.
 *
 * - `get`: the bearer for a call. Fails with `Unauthorized` where there is none to be had, or as the vendor's token
 *   endpoint did.
 * - `held`: the bearer that is at hand at a moment (in milliseconds of the epoch), if there is one and nothing is due.
 * - `renew`: told a bearer that was refused, whether there is another one to try; absent where there never is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Bearer {
  readonly get: (operation: string) => Effect.Effect<Redacted.Redacted, Errors.ContactsError>
  readonly held?: (now: number) => Redacted.Redacted | undefined
  readonly renew?: (operation: string, refused: Redacted.Redacted) => Effect.Effect<boolean, Errors.ContactsError>
}

/**
 * - `open`: how bearers come about, in the scope of a service, over its client and against its base URL.
 * - `rateLimitKey`: which quota the calls count against, that of an app and a location: a name that is no secret.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials {
  readonly rateLimitKey: string
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
 * Access tokens from a source of the app's own, asked for each call. After a 401 it is asked once more, and the call is
 * repeated if the answer is another token than the one that was refused.
 *
 * - `rateLimitKey`: a name for the app and the location that the tokens are for, so that all that use it are paced together (see
 *   `RateLimit`). Without it, a source is paced by itself.
 *
 * @since 0.1.0
 * @category constructors
 */
export const accessToken = (
  token: Effect.Effect<Redacted.Redacted, Errors.ContactsError>,
  options: { readonly rateLimitKey?: string | undefined } = {}
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
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted
}

const faultOfApp = ({ clientId, clientSecret }: App): string | undefined =>
  faultOf("client id", clientId) ?? faultOf("client secret", Redacted.value(clientSecret))

/**
 * Exchanges the code that the vendor's consent page has sent to the app's redirect URI for a grant, and keeps it: under the
 * id of its location, or of its company. The code works once: the store is tried before it is spent, and saving for two
 * minutes before a failure is told.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/oauth/get-access-token
 *
 * @since 0.1.0
 * @category constructors
 */
export const authorizationCode = (
  options: App & {
    readonly code: Redacted.Redacted
    readonly redirectUri?: string | undefined
    readonly userType?: "Location" | "Company" | undefined
    readonly store: TokenStore.Service
    readonly baseUrl?: string | URL | undefined
  }
): Effect.Effect<TokenStore.Grant, Errors.ContactsError | TokenStore.TokenStoreError, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const operation = "authorizationCode"
    const reason = faultOfApp(options) ?? faultOf("code", Redacted.value(options.code))
    if (reason !== undefined) return yield* Errors.fromFaults(operation, [reason])
    const baseUrl = transmission.validateBaseUrl(options.baseUrl ?? transmission.vendorUrl)
    if (Either.isLeft(baseUrl)) return yield* Errors.fromFaults(operation, [baseUrl.left])
    const endpoint = TokenEndpoint.make(yield* HttpClient.HttpClient, baseUrl.right)
    // A store that cannot be locked or read is found out before the code is spent.
    yield* options.store.withLock(options.clientId, ({ get }) => get)
    const form = {
      ...TokenEndpoint.clientForm(options),
      grant_type: "authorization_code",
      code: Redacted.value(options.code),
      redirect_uri: options.redirectUri,
      user_type: options.userType
    }
    const response = yield* Effect.mapError(endpoint(operation, "/oauth/token", form), ({ error }) => error)
    const grant = nextGrant(response, yield* Clock.currentTimeMillis)
    const key = grant?.locationId ?? grant?.companyId
    if (grant === undefined || key === undefined) {
      return yield* unauthorized(operation, "The vendor answered a grant without a refresh token, location or company")
    }
    const saving = options.store.withLock(key, (section) => section.set(grant))
    // Also where a store of the app's own breaks.
    yield* Effect.sandbox(saving).pipe(
      Effect.retry(Schedule.spaced("500 millis").pipe(Schedule.upTo("2 minutes"))),
      Effect.unsandbox
    )
    return grant
  }).pipe(Effect.uninterruptible)

/** What {@link oauth} is told besides the app. */
interface Connection {
  readonly locationId: LocationId
  readonly companyId?: string | undefined
  readonly store: TokenStore.Service
}

/**
 * The OAuth grant of an installation, kept in a store and rotated: refreshed in the background ten minutes before its access
 * token ends, by force when that has ended or was refused, once at a time in this process and in all that share the store.
 *
 * - `locationId`: whose contacts. Its grant is kept under this id, or, with `companyId`, the company's is kept under that
 *   one, and location tokens are made of it.
 * - `store`: see `TokenStore`. The grant gets there by {@link authorizationCode}.
 *
 * A grant that is dead fails each call with `Unauthorized`, `reconnect: true` and the location.
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
      const { locationId, companyId } = options
      const reason = faultOfApp(options) ?? (companyId === undefined ? undefined : faultOf("company id", companyId))
      if (reason !== undefined) return { get: (operation: string) => unauthorized(operation, reason) }
      const endpoint = TokenEndpoint.make(yield* HttpClient.HttpClient, baseUrl)
      const key = companyId ?? locationId
      const bearer = yield* RotatingGrant.make({ ...options, key, ids: { locationId } }, endpoint)
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
export const oauthConfig = ({ store }: Pick<Connection, "store">): Config.Config<Credentials> =>
  Config.map(
    Config.all({
      clientId: checkedText("client id", "GROWTHHUB_CLIENT_ID"),
      clientSecret: Config.map(checkedText("client secret", "GROWTHHUB_CLIENT_SECRET"), Redacted.make),
      locationId: Schema.Config("GROWTHHUB_LOCATION_ID", LocationId),
      // A variable that is set to nothing is not set.
      companyId: Config.map(Config.withDefault(Config.string("GROWTHHUB_COMPANY_ID"), ""), (id) => id || undefined)
    }),
    (options) => oauth({ ...options, store })
  )
