/**
 * The vendor's token endpoints: authorization codes, rotating refresh tokens, and location tokens of an agency. Pure.
 *
 * @since 0.1.0
 */
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import type { LocationId } from "../Schema.js"
import { refusal, type Reply } from "./Reply.js"
import type { Scope, Token } from "./Tokens.js"

// --- models ------------------------------------------------------------------------------------------------------------

/**
 * The app that can use the token endpoints, and the behaviour of these endpoints.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The client id of the app, `sandbox-app` by default. */
  readonly clientId: string
  /** The client secret of the app, `sandbox-secret` by default. */
  readonly clientSecret: string
  /** The lifetime of an access token in seconds, 86,399 by default. */
  readonly expiresIn: number
  /**
   * The grace period in seconds, 30 by default: during it, a refresh token that was already used gives the same pair again. 0
   * for no grace period.
   */
  readonly grace: number
  /** Whether using a refresh token again after the grace period revokes the whole grant; `false` by default. */
  readonly revokesFamily: boolean
  /**
   * The body of an error: `"oauth"` (the default) for `error` and `error_description`, `"envelope"` for the envelope of the
   * other endpoints. The service was seen to use both.
   */
  readonly errors: "oauth" | "envelope"
}

/**
 * The defaults of {@link Options}.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultOptions: Options = {
  clientId: "sandbox-app",
  clientSecret: "sandbox-secret",
  expiresIn: 86_399,
  grace: 30,
  revokesFamily: false,
  errors: "oauth"
}

/**
 * An installation of the app by a location, or by an agency (company) with its locations.
 *
 * @since 0.1.0
 * @category models
 */
export interface Installation {
  /** The location that installed the app; absent if an agency did. */
  readonly locationId?: LocationId | undefined
  /** The agency (company) that installed the app, or that the location belongs to. */
  readonly companyId?: string | undefined
  /** The scopes that were granted. */
  readonly scopes: ReadonlyArray<Scope>
}

interface Access extends Installation {
  readonly family: number
  readonly expiresAt: number
}

interface Refresh extends Installation {
  readonly family: number
  /** The time of the token's first use, and the body of that response. */
  readonly used?: { readonly at: number; readonly body: Reply["body"] }
}

/**
 * The state of the token endpoints.
 *
 * @since 0.1.0
 * @category models
 */
export interface OAuth {
  /** The app, and how the token endpoints behave. */
  readonly options: Options
  /** The authorization codes that were not exchanged yet. */
  readonly codes: HashMap.HashMap<string, Installation>
  /** The access tokens. */
  readonly access: HashMap.HashMap<string, Access>
  /** The refresh tokens, used ones too. */
  readonly refresh: HashMap.HashMap<string, Refresh>
  /** The number of codes and pairs of tokens that were issued. */
  readonly issued: number
}

/**
 * The response of a token endpoint, and the state after it.
 *
 * @since 0.1.0
 * @category models
 */
export interface OAuthResult {
  /** The response. */
  readonly reply: Reply
  /** The state after the request. */
  readonly oauth: OAuth
}

/**
 * The fields of a form.
 *
 * @since 0.1.0
 * @category models
 */
export type Form = { readonly [field: string]: string | undefined }

// --- the state ---------------------------------------------------------------------------------------------------------

/**
 * The state at the start: nothing is issued.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: Partial<Options>): OAuth => ({
  options: { ...defaultOptions, ...options },
  codes: HashMap.empty(),
  access: HashMap.empty(),
  refresh: HashMap.empty(),
  issued: 0
})

/** The nth token of a kind: the same in every run, and not in the format of a real token. */
const named = (kind: string, count: number) => `sandbox-${kind}-${count.toString(36).padStart(8, "0")}`

/**
 * Installs the app. Gives the authorization code that the consent page would send to the redirect URI.
 *
 * @since 0.1.0
 * @category operations
 */
export const install = (oauth: OAuth, installation: Installation): readonly [code: string, oauth: OAuth] => {
  const issued = oauth.issued + 1
  const code = named("code", issued)
  return [code, { ...oauth, issued, codes: HashMap.set(oauth.codes, code, installation) }]
}

/**
 * Expires all access tokens; their refresh tokens stay valid.
 *
 * @since 0.1.0
 * @category operations
 */
export const expire = (oauth: OAuth): OAuth => ({
  ...oauth,
  access: HashMap.map(oauth.access, (access) => ({ ...access, expiresAt: 0 }))
})

const valid = (oauth: OAuth, token: string, now: number): Access | undefined => {
  const access = Option.getOrUndefined(HashMap.get(oauth.access, token))
  return access !== undefined && access.expiresAt > now ? access : undefined
}

/**
 * The token with this text, if it was issued here and has not expired.
 *
 * @since 0.1.0
 * @category queries
 */
export const find = (oauth: OAuth, token: string, now: number): Token | undefined => {
  const access = valid(oauth, token, now)
  if (access === undefined) return undefined
  const { locationId, scopes } = access
  return { token, scopes, ...(locationId === undefined ? {} : { locationId }) }
}

// --- the endpoints -----------------------------------------------------------------------------------------------------

const refused = (
  oauth: OAuth,
  error: "invalid_grant" | "invalid_client" | "unsupported_grant_type",
  description: string
): OAuthResult => ({
  oauth,
  reply:
    oauth.options.errors === "oauth"
      ? { status: error === "invalid_client" ? 401 : 400, body: { error, error_description: description } }
      : refusal(422, [description])
})

/** Issues a pair of tokens for an installation. All pairs of one grant have the same `family`. */
const issue = (oauth: OAuth, installation: Installation, family: number, now: number): OAuthResult => {
  const issued = oauth.issued + 1
  const accessToken = named("access", issued)
  const refreshToken = named("refresh", issued)
  const { locationId, companyId, scopes } = installation
  const { expiresIn } = oauth.options
  const body = {
    access_token: accessToken,
    token_type: "Bearer",
    expires_in: expiresIn,
    refresh_token: refreshToken,
    scope: scopes.join(" "),
    userType: locationId === undefined ? "Company" : "Location",
    ...(locationId === undefined ? {} : { locationId }),
    companyId: companyId ?? "sandbox-company",
    userId: "sandbox-user"
  }
  return {
    reply: { status: 200, body },
    oauth: {
      ...oauth,
      issued,
      access: HashMap.set(oauth.access, accessToken, { ...installation, family, expiresAt: now + expiresIn * 1000 }),
      refresh: HashMap.set(oauth.refresh, refreshToken, { ...installation, family })
    }
  }
}

const isApp = ({ options }: OAuth, form: Form) =>
  form["client_id"] === options.clientId && form["client_secret"] === options.clientSecret

/**
 * `POST /oauth/token`, for authorization codes and refresh tokens. The response to `client_credentials` was never seen.
 *
 * @since 0.1.0
 * @category operations
 */
export const token = (oauth: OAuth, form: Form, now: number): OAuthResult => {
  if (!isApp(oauth, form)) return refused(oauth, "invalid_client", "Invalid client: client credentials are invalid")
  switch (form["grant_type"]) {
    case "authorization_code":
      return exchangeCode(oauth, form["code"] ?? "", now)
    case "refresh_token":
      return rotate(oauth, form["refresh_token"] ?? "", now)
    default:
      return refused(oauth, "unsupported_grant_type", "Unsupported grant type: `grant_type` is invalid")
  }
}

const exchangeCode = (oauth: OAuth, code: string, now: number): OAuthResult => {
  const installation = Option.getOrUndefined(HashMap.get(oauth.codes, code))
  if (installation === undefined) return refused(oauth, "invalid_grant", "Invalid grant: authorization code is invalid")
  return issue({ ...oauth, codes: HashMap.remove(oauth.codes, code) }, installation, oauth.issued + 1, now)
}

const rotate = (oauth: OAuth, refreshToken: string, now: number): OAuthResult => {
  const refresh = Option.getOrUndefined(HashMap.get(oauth.refresh, refreshToken))
  const invalid = (oauth: OAuth) => refused(oauth, "invalid_grant", "Invalid grant: refresh token is invalid")
  if (refresh === undefined) return invalid(oauth)
  if (refresh.used !== undefined) {
    const isInGrace = now - refresh.used.at < oauth.options.grace * 1000
    if (isInGrace) return { oauth, reply: { status: 200, body: refresh.used.body } }
    return invalid(oauth.options.revokesFamily ? revoke(oauth, refresh.family) : oauth)
  }
  const result = issue(oauth, refresh, refresh.family, now)
  const used = { ...refresh, used: { at: now, body: result.reply.body } }
  return { ...result, oauth: { ...result.oauth, refresh: HashMap.set(result.oauth.refresh, refreshToken, used) } }
}

const revoke = (oauth: OAuth, family: number): OAuth => ({
  ...oauth,
  access: HashMap.filter(oauth.access, (access) => access.family !== family),
  refresh: HashMap.filter(oauth.refresh, (refresh) => refresh.family !== family)
})

/**
 * `POST /oauth/locationToken`, with the bearer of an agency.
 *
 * @since 0.1.0
 * @category operations
 */
export const locationToken = (
  oauth: OAuth,
  { bearer, version }: { readonly bearer: string | undefined; readonly version: string | undefined },
  form: Form,
  now: number
): OAuthResult => {
  if (version === undefined) {
    return { oauth, reply: refusal(401, "version header was not found.") }
  }
  const company = valid(oauth, bearer ?? "", now)
  if (company === undefined || company.locationId !== undefined) return { oauth, reply: refusal(401, "Invalid JWT") }
  const { companyId, locationId } = form
  if (companyId !== company.companyId || locationId === undefined || locationId === "") {
    return { oauth, reply: refusal(400, "Location not found") }
  }
  // The sandbox treats every location as a location of the agency.
  const result = issue(oauth, { ...company, locationId: locationId as LocationId }, company.family, now)
  const { refresh_token: _, ...body } = result.reply.body
  return { oauth: { ...result.oauth, refresh: oauth.refresh }, reply: { status: 200, body } }
}
