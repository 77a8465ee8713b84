// Pure functions for grants: the key in a store, the lifetime of the access token, and the grant after a refresh.
import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import type { Grant } from "../TokenStore.js"

const second = 1000
const minute = 60 * second

/** The key of a grant in a store. It contains the client id, so that several apps can share a store. */
export const grantKey = (clientId: string, id: string): string => `${encodeURIComponent(clientId)}:${id}`

export const accessTokenOf = (grant: Grant): string => Redacted.value(grant.accessToken)
export const refreshTokenOf = (grant: Grant): string => Redacted.value(grant.refreshToken)

/** The lifetime of an access token if the response does not contain it, in milliseconds. */
export const defaultLifetime = 24 * 60 * minute

/** A response of the token endpoint. */
export interface TokenResponse {
  readonly accessToken: string
  /** The reason why the access token cannot be sent in a header, if it cannot. The refresh token is valid in either case. */
  readonly fault: string | undefined
  readonly refreshToken: string | undefined
  /** Milliseconds from now until the access token expires. */
  readonly lifetime: number
  /** The time by which the vendor's clock is ahead of ours, in milliseconds. */
  readonly clockSkew: number
  /** Fields that are stored with the grant unchanged. */
  readonly details: Pick<Partial<Grant>, "scope" | "userType" | "locationId" | "companyId">
}

/** The lifetime of the access token of a grant, in milliseconds. */
export const lifetimeOf = ({ issuedAt, expiresAt }: Grant): number =>
  issuedAt === undefined ? defaultLifetime : expiresAt.epochMillis - issuedAt.epochMillis

/** A token that expires in at most this time (milliseconds) is refreshed in the background. */
export const refreshAhead = (grant: Grant): number => Math.min(10 * minute, lifetimeOf(grant) / 10)

/** A token of this lifetime that expires in at most this time (milliseconds) is not sent: calls wait for a refresh. */
export const expirySkew = (lifetime: number): number => Math.min(30 * second, lifetime / 100)

/** Milliseconds until the access token expires. `clockSkew` is how far the vendor's clock is ahead of `now`. */
export const timeLeft = (grant: Grant, now: number, clockSkew: number): number =>
  grant.expiresAt.epochMillis - now - clockSkew

/** The grant after a response, with the fields of the previous grant; undefined if neither has a refresh token. */
export const nextGrant = (response: TokenResponse, now: number, previous?: Grant): Grant | undefined => {
  const refreshToken = response.refreshToken ?? (previous && refreshTokenOf(previous))
  if (refreshToken === undefined) return undefined
  const { exchanging: _, exchangingBy: __, ...kept } = previous ?? {}
  const issuedAt = now + response.clockSkew
  return {
    ...kept,
    ...response.details,
    accessToken: Redacted.make(response.accessToken),
    refreshToken: Redacted.make(refreshToken),
    issuedAt: DateTime.unsafeMake(issuedAt),
    expiresAt: DateTime.unsafeMake(issuedAt + response.lifetime),
    clockSkew: response.clockSkew
  }
}

// --- which grant to use ------------------------------------------------------------------------------------------------

/** The grants of one installation that a process knows. */
export interface GrantMemory {
  /** The grant that the process uses. */
  readonly current: Grant | undefined
  /** The grant that the process used before it read another one from the store. */
  readonly earlier: Grant | undefined
  /** Whether the grant that the process uses is not stored yet. */
  readonly isUnsaved: boolean
  /** Refresh tokens that this process has exchanged. A store that holds one of them has lost a newer value. */
  readonly exchanged: ReadonlySet<string>
  /** Refresh tokens that the vendor has rejected as invalid. */
  readonly revoked: ReadonlySet<string>
}

/** Whether the store holds no grant, or an older one than this process uses. */
export const isBehind = (stored: Grant | undefined, { current, isUnsaved, exchanged }: GrantMemory): boolean => {
  if (stored === undefined) return true
  const refreshToken = refreshTokenOf(stored)
  // A refresh does not always change the refresh token.
  if (current !== undefined && refreshToken === refreshTokenOf(current)) return isUnsaved
  return exchanged.has(refreshToken)
}

/**
 * The grant to use and refresh: the stored one, unless the store holds an older one. Undefined if the vendor has rejected all
 * of them.
 */
export const newestGrant = (stored: Grant | undefined, memory: GrantMemory): Grant | undefined => {
  const { current, earlier, revoked } = memory
  const candidates = isBehind(stored, memory) ? [current, stored, earlier] : [stored, current, earlier]
  return candidates.find((grant) => grant !== undefined && !revoked.has(refreshTokenOf(grant)))
}

// --- an exchange of another process ------------------------------------------------------------------------------------

/** The time in which another process may exchange the token too: the vendor returns the same pair again for 30 seconds. */
const repeatWindow = 28 * second
/** The time from the start of an exchange in which its process may save the new pair, in milliseconds. */
const ownerWindow = minute
/** The least time that a process waits for the exchange of another process, in milliseconds. */
const ownerMinimum = 5 * second

/** A process that waits for the exchange of another process. */
export interface OwnerWait {
  /** The id of the waiting process. */
  readonly owner: string
  /** The current time by the vendor's clock, in milliseconds of the epoch. */
  readonly now: number
  /** The time at which the process started to wait, by the vendor's clock, in milliseconds of the epoch. */
  readonly since: number
}

/** Whether to wait for the process that exchanges the grant, because it may be about to save the new pair. */
export const isExchangedElsewhere = (
  { exchanging, exchangingBy }: Grant,
  { owner, now, since }: OwnerWait
): boolean => {
  if (exchanging === undefined || exchangingBy === undefined || exchangingBy === owner) return false
  const age = now - exchanging.epochMillis
  return age > repeatWindow && (age < ownerWindow || now - since < ownerMinimum)
}
