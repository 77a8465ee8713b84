/**
 * The tokens that the sandbox knows, and what they allow.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import type { LocationId } from "../Schema.js"

/**
 * Every scope that an endpoint asks for.
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
 * A scope that one of the endpoints asks for.
 *
 * @since 0.1.0
 * @category models
 */
export type Scope = (typeof allScopes)[number]

/**
 * A bearer. One without a location belongs to a company and opens no contact.
 *
 * @since 0.1.0
 * @category models
 */
export interface Token {
  readonly token: string
  readonly locationId?: LocationId
  readonly scopes: ReadonlyArray<Scope>
}

/**
 * The token of an `Authorization` header.
 *
 * @since 0.1.0
 * @category authorization
 */
export const bearerOf = (authorization: string | undefined): string | undefined =>
  /^Bearer (\S+)$/.exec(authorization ?? "")?.[1]

/**
 * The location that a request may act on, or the message of its 401.
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
  return scope === undefined || known.scopes.some((own) => own === scope)
    ? Either.right(known.locationId)
    : Either.left("The token is not authorized for this scope.")
}
