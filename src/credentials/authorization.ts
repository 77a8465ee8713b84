// The vendor's consent page: its URL, and the callback that it sends to the redirect URI.
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Errors from "../Errors.js"
import * as Url from "../http/baseUrl.js"
import * as Failure from "../http/failure.js"
import type * as TokenStore from "../TokenStore.js"
import { grantKey } from "./grant.js"
import { faultOf } from "./token.js"

// --- state ---------------------------------------------------------------------------------------------------------------

/**
 * Makes a `state` for {@link authorizationUrl}: 256 random bits of Web Crypto as 43 characters of base64url. Keep it in the
 * visitor's session, for example in a cookie with `HttpOnly`, `Secure` and `SameSite=Lax`, and give it to {@link parseCallback}.
 *
 * Source: RFC 6749, section 10.12; RFC 9700, section 4.7
 *
 * @since 0.2.0
 * @category authorization
 */
export const makeState: Effect.Effect<Redacted.Redacted> = Effect.sync(() =>
  Redacted.make(Encoding.encodeBase64Url(crypto.getRandomValues(new Uint8Array(32))))
)

/** Whether two texts are the same, in a time that depends on the length of the second alone. */
const isSame = (expected: string, received: string): boolean => {
  let difference = expected.length ^ received.length
  for (let index = 0; index < received.length; index += 1) {
    // Past the end of the expected text this is NaN, which counts as 0; the lengths differ then.
    difference |= expected.charCodeAt(index) ^ received.charCodeAt(index)
  }
  return difference === 0
}

// --- the URL of the consent page -----------------------------------------------------------------------------------------

/**
 * The options of {@link authorizationUrl}.
 *
 * @since 0.2.0
 * @category models
 */
export interface AuthorizationUrl {
  /** The client id of the app. */
  readonly clientId: string
  /** The redirect URI, as it is registered for the app: `https`, or `http` to a loopback address. */
  readonly redirectUri: string | URL
  /** The scopes that the app asks for, such as `contacts.readonly`. At least one. */
  readonly scopes: ReadonlyArray<string>
  /** The state of this visitor, from {@link makeState}: the vendor sends it back to the redirect URI. */
  readonly state: Redacted.Redacted
  /** The version of the app, if the vendor's installation link names one (`version_id`). Not sent by default. */
  readonly versionId?: string | undefined
  /** Whether to use the consent page without the vendor's name, on `marketplace.leadconnectorhq.com`. Not by default. */
  readonly whiteLabel?: boolean | undefined
  /** Whether a visitor who is not logged in logs in in the same tab. By default the vendor opens another one. */
  readonly loginInSameTab?: boolean | undefined
  /** The base URL of the consent page: `https`, or `http` to a loopback address. The vendor's marketplace by default. */
  readonly baseUrl?: string | URL | undefined
}

/** The characters of a scope: RFC 6749, section 3.3. */
const scopePattern = /^[\x21\x23-\x5b\x5d-\x7e]+$/

const faultOfRedirectUri = (redirectUri: string | URL): string | undefined => {
  if (!URL.canParse(String(redirectUri))) return "The redirect URI is not a URL"
  const url = new URL(redirectUri)
  if (url.href.includes("#")) return "The redirect URI has a fragment, which OAuth does not allow"
  if (url.protocol === "https:" || (url.protocol === "http:" && Url.isLoopback(url.hostname))) return undefined
  return "The redirect URI is neither `https` nor `http` to a loopback address"
}

const faultsOf = (options: AuthorizationUrl): ReadonlyArray<string> => {
  const { clientId, redirectUri, scopes, state, versionId } = options
  return [
    faultOf("client id", clientId),
    faultOfRedirectUri(redirectUri),
    scopes.length === 0 ? "No scope is given" : undefined,
    scopes.every((scope) => scopePattern.test(scope))
      ? undefined
      : "A scope is empty or contains spaces, quotes or backslashes",
    faultOf("state", Redacted.value(state)),
    versionId === undefined ? undefined : faultOf("version id", versionId)
  ].filter((fault) => fault !== undefined)
}

/**
 * The URL of the vendor's consent page, where the admin of a location or an agency installs the app. Redirect the visitor to
 * it; the vendor sends the visitor to the redirect URI afterwards: see {@link parseCallback}. No request is sent.
 *
 * `Left` with `Unprocessable` if an option is invalid.
 *
 * Source: https://marketplace.gohighlevel.com/docs/oauth/Authorization
 *
 * @example
 * import * as Effect from "effect/Effect"
 * import * as Credentials from "effect-growthhub/Credentials"
 *
 * export const connect = Effect.gen(function* () {
 *   const state = yield* Credentials.makeState
 *   const url = yield* Credentials.authorizationUrl({
 *     clientId: "65c0…",
 *     redirectUri: "https://my-app.example/callback",
 *     scopes: ["contacts.readonly", "contacts.write"],
 *     state
 *   })
 *   return { url, state }
 * })
 *
 * @since 0.2.0
 * @category authorization
 */
export const authorizationUrl = (options: AuthorizationUrl): Either.Either<URL, Errors.Unprocessable> => {
  const host = options.whiteLabel === true ? "leadconnectorhq" : "gohighlevel"
  const baseUrl = Url.validateBaseUrl(options.baseUrl ?? `https://marketplace.${host}.com`)
  const faults = [...faultsOf(options), ...(Either.isLeft(baseUrl) ? [baseUrl.left] : [])]
  if (faults.length > 0 || Either.isLeft(baseUrl)) return Either.left(Failure.fromFaults("authorizationUrl", faults))
  const url = new URL(baseUrl.right)
  url.pathname = `${url.pathname.replace(/\/$/, "")}/oauth/chooselocation`
  const query = {
    response_type: "code",
    client_id: options.clientId,
    redirect_uri: String(options.redirectUri),
    scope: options.scopes.join(" "),
    state: Redacted.value(options.state),
    version_id: options.versionId,
    loginWindowOpenMode: options.loginInSameTab === true ? "self" : undefined
  }
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value)
  return Either.right(url)
}

// --- the callback --------------------------------------------------------------------------------------------------------

/**
 * A request to the redirect URI does not belong to a consent that this visitor has given. Respond with 400, or redirect the
 * visitor to a new {@link authorizationUrl}; do not exchange a code.
 *
 * @since 0.2.0
 * @category errors
 */
export class InvalidCallback extends Schema.TaggedError<InvalidCallback>("effect-growthhub/InvalidCallback")(
  "InvalidCallback",
  {
    /**
     * `StateMissing`: the request or the session has no state, as when the visitor installs the app from the vendor's
     * marketplace. `StateMismatch`: the state is not the one of the session. `Denied`: the vendor sent an error, for example
     * because the visitor has declined. `CodeMissing`: there is no code that could be exchanged.
     */
    reason: Schema.Literal("StateMissing", "StateMismatch", "Denied", "CodeMissing"),
    /** A description of the failure and of the next step. It contains neither the state nor the code. */
    message: Schema.String
  }
) {}

/**
 * The result that the vendor's consent page has sent to the redirect URI.
 *
 * @since 0.2.0
 * @category models
 */
export interface Callback {
  /** The code for `authorizationCode`. It works once. */
  readonly code: Redacted.Redacted
}

const invalid = (reason: InvalidCallback["reason"], message: string) =>
  Either.left(new InvalidCallback({ reason, message }))

/**
 * Reads a request to the redirect URI, after checking that its `state` is the one that {@link makeState} made for this visitor.
 * The two are compared in a time that does not depend on where they differ. Remove the state from the session before the code
 * is exchanged, so that a callback works once.
 *
 * `Left` with {@link InvalidCallback} if the request does not belong to this visitor, or has no code.
 *
 * Source: RFC 6749, sections 4.1.2 and 10.12
 *
 * @example
 * import * as Credentials from "effect-growthhub/Credentials"
 * import * as Redacted from "effect/Redacted"
 *
 * // The path of the request, and the state from the visitor's cookie.
 * export const code = (url: string, cookie: string | undefined) =>
 *   Credentials.parseCallback(url, { state: cookie === undefined ? undefined : Redacted.make(cookie) })
 *
 * @since 0.2.0
 * @category authorization
 */
export const parseCallback = (
  /** The URL of the request, or its path and query. */
  url: string | URL,
  options: {
    /** The state of the visitor's session; undefined if the session has none. */
    readonly state: Redacted.Redacted | undefined
  }
): Either.Either<Callback, InvalidCallback> => {
  const query = new URLSearchParams(/\?([^#]*)/.exec(String(url))?.[1] ?? "")
  const [state, ...others] = query.getAll("state")
  const expected = options.state === undefined ? "" : Redacted.value(options.state)
  if (state === undefined || state === "" || expected === "") {
    const place = expected === "" ? "The session" : "The callback"
    return invalid("StateMissing", `${place} has no state; send the visitor to the authorization URL again`)
  }
  if (!isSame(expected, state) || others.length > 0) {
    return invalid("StateMismatch", "The state of the callback is not the one of the session; nothing was exchanged")
  }
  const error = query.get("error")
  if (error !== null) {
    const named = /^[a-z_]{1,40}$/.test(error) ? ` (${error})` : ""
    return invalid("Denied", `The vendor did not grant access${named}; the visitor can connect the app again`)
  }
  const [code, ...codes] = query.getAll("code")
  if (codes.length > 0 || faultOf("code", code) !== undefined) {
    return invalid("CodeMissing", "The callback has no code, or one that cannot be sent; nothing was exchanged")
  }
  return Either.right({ code: Redacted.make(code as string) })
}

// --- the installation of a grant -----------------------------------------------------------------------------------------

/**
 * The location or company that installed the app.
 *
 * - `Location`: one location. Use the grant with `locationId` alone.
 * - `Company`: an agency, for its locations. Use the grant with `companyId` and the `locationId` of each location.
 *
 * @since 0.2.0
 * @category models
 */
export type Installation =
  | {
      /** One location installed the app. */
      readonly _tag: "Location"
      /** The location, whose id is part of the key of the grant. */
      readonly locationId: string
      /** The company that the location belongs to; undefined if the vendor has not sent it. */
      readonly companyId: string | undefined
    }
  | {
      /** An agency installed the app. */
      readonly _tag: "Company"
      /** The company, whose id is part of the key of the grant. */
      readonly companyId: string
    }

/**
 * Returns the location or company that installed the app. `undefined` if the grant names neither, such as the record that
 * `authorizationCode` stores under the client id; that function never returns such a grant.
 *
 * @example
 * import * as Credentials from "effect-growthhub/Credentials"
 * import type { Grant } from "effect-growthhub/TokenStore"
 *
 * export const welcome = (grant: Grant) =>
 *   Credentials.installationOf(grant)?._tag === "Company" ? "Choose a location" : "Connected"
 *
 * @since 0.2.0
 * @category authorization
 */
export const installationOf = ({ locationId, companyId }: TokenStore.Grant): Installation | undefined => {
  if (locationId !== undefined) return { _tag: "Location", locationId, companyId }
  return companyId === undefined ? undefined : { _tag: "Company", companyId }
}

/**
 * Removes the grant of a location or a company after the app was uninstalled. Pass the `UNINSTALL` event of `Webhooks`.
 * Returns whether the event names an installation. A repeat is safe.
 *
 * It waits for a running refresh. A running service keeps its token in memory, so release that service too. After an
 * uninstallation, the vendor accepts neither the access token nor the refresh token.
 *
 * Fails with `TokenStoreError` if the store cannot be written.
 *
 * @example
 * import * as Effect from "effect/Effect"
 * import * as Credentials from "effect-growthhub/Credentials"
 * import { TokenStore } from "effect-growthhub/TokenStore"
 * import type { Event } from "effect-growthhub/Webhooks"
 *
 * export const handle = (event: Event) =>
 *   Effect.flatMap(TokenStore, (store) =>
 *     event._tag === "UNINSTALL" ? Credentials.removeGrant({ clientId: "65c0…", store }, event) : Effect.succeed(false)
 *   )
 *
 * @since 0.2.0
 * @category authorization
 */
export const removeGrant = (
  options: {
    /** The client id of the app. */
    readonly clientId: string
    /** The store of the grants. */
    readonly store: TokenStore.Service
  },
  installation: {
    /** The location that has removed the app; undefined if a company has. */
    readonly locationId?: string | undefined
    /** The company that has removed the app; not used if there is a location. */
    readonly companyId?: string | undefined
  }
): Effect.Effect<boolean, TokenStore.TokenStoreError> => {
  const id = installation.locationId ?? installation.companyId
  if (id === undefined) return Effect.succeed(false)
  return Effect.as(options.store.remove(grantKey(options.clientId, id)), true)
}
