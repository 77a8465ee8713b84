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
 * - `clientId`, `clientSecret`: the app.
 * - `expiresIn`: lifetime of an access token in seconds, 86,399 by default.
 * - `grace`: for so many seconds (30 by default) a refresh token that was already used gives the same pair again; 0 for never.
 * - `revokesFamily`: whether using a refresh token again after the grace period revokes the whole grant.
 * - `errors`: the form of a refusal, `"oauth"` (`error`, `error_description`) or the service's envelope. Both were seen.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly clientId: string
  readonly clientSecret: string
  readonly expiresIn: number
  readonly grace: number
  readonly revokesFamily: boolean
  readonly errors: "oauth" | "envelope"
}

/**
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
 * Who installed the app: a location, or an agency (company) with its locations.
 *
 * @since 0.1.0
 * @category models
 */
export interface Installation {
  readonly locationId?: LocationId | undefined
  readonly companyId?: string | undefined
  readonly scopes: ReadonlyArray<Scope>
}

interface Access extends Installation {
  readonly family: number
  readonly expiresAt: number
}

interface Refresh extends Installation {
  readonly family: number
  /** When it was used, and what was answered then. */
  readonly used?: { readonly at: number; readonly body: Reply["body"] }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface OAuth {
  readonly options: Options
  readonly codes: HashMap.HashMap<string, Installation>
  readonly access: HashMap.HashMap<string, Access>
  readonly refresh: HashMap.HashMap<string, Refresh>
  readonly issued: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Answered {
  readonly reply: Reply
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

/** Tokens look like none that is real, and are the same in every run. */
const named = (kind: string, count: number) => `sandbox-${kind}-${count.toString(36).padStart(8, "0")}`

/**
 * Installs the app: the code that the consent page would send to its redirect URI.
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
): Answered => ({
  oauth,
  reply:
    oauth.options.errors === "oauth"
      ? { status: error === "invalid_client" ? 401 : 400, body: { error, error_description: description } }
      : refusal(422, [description])
})

/** A new pair for an installation, under the family of its grant. */
const issue = (oauth: OAuth, installation: Installation, family: number, now: number): Answered => {
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
export const token = (oauth: OAuth, form: Form, now: number): Answered => {
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

const exchangeCode = (oauth: OAuth, code: string, now: number): Answered => {
  const installation = Option.getOrUndefined(HashMap.get(oauth.codes, code))
  if (installation === undefined) return refused(oauth, "invalid_grant", "Invalid grant: authorization code is invalid")
  return issue({ ...oauth, codes: HashMap.remove(oauth.codes, code) }, installation, oauth.issued + 1, now)
}

const rotate = (oauth: OAuth, refreshToken: string, now: number): Answered => {
  const refresh = Option.getOrUndefined(HashMap.get(oauth.refresh, refreshToken))
  const invalid = (oauth: OAuth) => refused(oauth, "invalid_grant", "Invalid grant: refresh token is invalid")
  if (refresh === undefined) return invalid(oauth)
  if (refresh.used !== undefined) {
    const isInGrace = now - refresh.used.at < oauth.options.grace * 1000
    if (isInGrace) return { oauth, reply: { status: 200, body: refresh.used.body } }
    return invalid(oauth.options.revokesFamily ? revoke(oauth, refresh.family) : oauth)
  }
  const answered = issue(oauth, refresh, refresh.family, now)
  const used = { ...refresh, used: { at: now, body: answered.reply.body } }
  return { ...answered, oauth: { ...answered.oauth, refresh: HashMap.set(answered.oauth.refresh, refreshToken, used) } }
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
): Answered => {
  if (version === undefined) {
    return { oauth, reply: refusal(401, "version header was not found.") }
  }
  const company = valid(oauth, bearer ?? "", now)
  if (company === undefined || company.locationId !== undefined) return { oauth, reply: refusal(401, "Invalid JWT") }
  const { companyId, locationId } = form
  if (companyId !== company.companyId || locationId === undefined || locationId === "") {
    return { oauth, reply: refusal(400, "Location not found") }
  }
  // Any location that the agency names is taken to be its own.
  const answered = issue(oauth, { ...company, locationId: locationId as LocationId }, company.family, now)
  const { refresh_token: _, ...body } = answered.reply.body
  return { oauth: { ...answered.oauth, refresh: oauth.refresh }, reply: { status: 200, body } }
}
