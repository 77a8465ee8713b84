/**
 * The access tokens of the sandbox, their locations and scopes.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as S from "effect/Schema"
import { LocationId } from "../Schema.js"

/**
 * Every scope that an endpoint of the sandbox requires.
 *
 * @since 0.1.0
 * @category constants
 */
export const allScopes = [
  "contacts.readonly",
  "contacts.write",
  "locations/customFields.readonly",
  "locations/customFields.write",
  "locations/tags.readonly",
  "locations/tags.write"
] as const

/**
 * A scope that an endpoint of the sandbox requires.
 *
 * @since 0.1.0
 * @category models
 */
export type Scope = (typeof allScopes)[number]

/**
 * An access token: a private integration token, or one that OAuth has issued.
 *
 * @since 0.1.0
 * @category models
 */
export interface Token {
  /** The token as it stands in the `Authorization` header after `Bearer`. */
  readonly token: string
  /** The location whose data the token gives access to. A token without it is a company's: the API rejects it with 401. */
  readonly locationId?: LocationId
  /** The scopes that were granted; all by default. A request that needs another scope fails with 401. */
  readonly scopes?: ReadonlyArray<Scope> | undefined
}

/**
 * The schema of tokens, which are options of a sandbox.
 *
 * @since 0.2.0
 * @category models
 */
export const Tokens = S.Array(
  S.Struct({
    /** The token as it stands in the `Authorization` header after `Bearer`. */
    token: S.NonEmptyString,
    /** The location whose data the token gives access to. */
    locationId: S.optional(LocationId),
    /** The scopes that were granted; all by default. */
    scopes: S.optional(S.Array(S.Literal(...allScopes)))
  })
)

/**
 * The token of an `Authorization` header; undefined if the header is missing or is not `Bearer` and a token.
 *
 * @since 0.1.0
 * @category authorization
 */
export const bearerOf = (authorization: string | undefined): string | undefined =>
  /^Bearer (\S+)$/.exec(authorization ?? "")?.[1]

/**
 * The location that the token of a request gives access to, or the message of its 401. An endpoint without `scope` requires
 * none.
 *
 * @since 0.1.0
 * @category authorization
 */
export const authorize = (
  find: (token: string) => Token | undefined,
  authorization: string | undefined,
  scope: string | undefined
): Either.Either<LocationId, string> => {
  const bearer = bearerOf(authorization)
  const known = bearer === undefined ? undefined : find(bearer)
  if (known === undefined) {
    return Either.left(bearer?.startsWith("pit-") === true ? "Invalid Private Integration token" : "Invalid JWT")
  }
  if (known.locationId === undefined) {
    return Either.left("This authClass type is not allowed to access this scope. Please use a location access token.")
  }
  return scope === undefined || (known.scopes ?? allScopes).some((own) => own === scope)
    ? Either.right(known.locationId)
    : Either.left("The token is not authorized for this scope.")
}
