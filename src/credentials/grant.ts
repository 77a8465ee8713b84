// The life of a grant: where it is stored, how long its access token is good, which grant follows. Pure.
import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import type { Grant } from "../TokenStore.js"

const second = 1000
const minute = 60 * second

/** The key of a grant in a store: two apps may share one. */
export const grantKey = (clientId: string, id: string): string => `${encodeURIComponent(clientId)}:${id}`

export const accessTokenOf = (grant: Grant): string => Redacted.value(grant.accessToken)
export const refreshTokenOf = (grant: Grant): string => Redacted.value(grant.refreshToken)

/** The lifetime of an access token where the vendor does not tell, in milliseconds. */
export const defaultLifetime = 24 * 60 * minute

/** What the token endpoint responds, as far as it is used. */
export interface TokenResponse {
  readonly accessToken: string
  /** Why the access token cannot be sent; its refresh token is good all the same. */
  readonly fault: string | undefined
  readonly refreshToken: string | undefined
  /** Milliseconds from now until the access token ends. */
  readonly lifetime: number
  /** How far the vendor's clock is ahead of ours, in milliseconds. */
  readonly clockSkew: number
  /** Stored with the grant as they came. */
  readonly details: Pick<Partial<Grant>, "scope" | "userType" | "locationId" | "companyId">
}

/** The lifetime of the access token of a grant, in milliseconds. */
export const lifetimeOf = ({ issuedAt, expiresAt }: Grant): number =>
  issuedAt === undefined ? defaultLifetime : expiresAt.epochMillis - issuedAt.epochMillis

/** A token with no more than this left (milliseconds) is refreshed in the background. */
export const refreshAhead = (grant: Grant): number => Math.min(10 * minute, lifetimeOf(grant) / 10)

/** A token of this lifetime with no more than this left (milliseconds) is not sent: calls wait for the next one. */
export const expirySkew = (lifetime: number): number => Math.min(30 * second, lifetime / 100)

/** Milliseconds until the access token ends; `now` is our time, `clockSkew` how far the vendor's clock is ahead of it. */
export const timeLeft = (grant: Grant, now: number, clockSkew: number): number =>
  grant.expiresAt.epochMillis - now - clockSkew

/** The grant that a response makes of the previous one; none where neither has a refresh token. */
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

/** What a process remembers of the grants of one installation. */
export interface GrantMemory {
  /** The grant that it uses. */
  readonly held: Grant | undefined
  /** The grant that it used before the store showed another one. */
  readonly earlier: Grant | undefined
  /** Whether the grant that it uses is not stored yet. */
  readonly isUnsaved: boolean
  /** Refresh tokens that this process has exchanged: a store that shows one of them has fallen back. */
  readonly exchanged: ReadonlySet<string>
  /** Refresh tokens that the vendor has called invalid. */
  readonly revoked: ReadonlySet<string>
}

/** Whether the store shows nothing, or a grant from before the one that this process uses. */
export const isBehind = (stored: Grant | undefined, { held, isUnsaved, exchanged }: GrantMemory): boolean => {
  if (stored === undefined) return true
  const refreshToken = refreshTokenOf(stored)
  // The vendor may keep the refresh token of a refresh.
  if (held !== undefined && refreshToken === refreshTokenOf(held)) return isUnsaved
  return exchanged.has(refreshToken)
}

/** The grant to go on from: the stored one unless the store has fallen back; none where the vendor refused all of them. */
export const newestGrant = (stored: Grant | undefined, memory: GrantMemory): Grant | undefined => {
  const { held, earlier, revoked } = memory
  const candidates = isBehind(stored, memory) ? [held, stored, earlier] : [stored, held, earlier]
  return candidates.find((grant) => grant !== undefined && !revoked.has(refreshTokenOf(grant)))
}

// --- whose turn it is --------------------------------------------------------------------------------------------------

/** The vendor responds the same pair again for 30 seconds: within this time another process may repeat an exchange. */
const repeatWindow = 28 * second
/** From the start of an exchange on, its process has this long to save what it brought. */
const ownerWindow = minute
/** A process that finds an exchange of another one waits at least this long, in milliseconds. */
const ownerMinimum = 5 * second

/** A process that finds an exchange which another one has not ended. */
export interface Waiting {
  /** The id of the process that asks. */
  readonly owner: string
  /** Now, and when the process has found the exchange, by the vendor's clock in milliseconds. */
  readonly now: number
  readonly since: number
}

/** Whether to leave a grant to the process that exchanges it: that one may be about to save the new pair. */
export const isAnothersTurn = ({ exchanging, exchangingBy }: Grant, { owner, now, since }: Waiting): boolean => {
  if (exchanging === undefined || exchangingBy === undefined || exchangingBy === owner) return false
  const age = now - exchanging.epochMillis
  return age > repeatWindow && (age < ownerWindow || now - since < ownerMinimum)
}
