// The life of a grant: how long its access token is good, and which grant follows from a response. Pure.
import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import type { Grant } from "../TokenStore.js"

const second = 1000
const minute = 60 * second

/** The lifetime of an access token where the vendor does not tell, in milliseconds. */
export const defaultLifetime = 24 * 60 * minute

/** What the token endpoint responds, as far as it is used. */
export interface TokenResponse {
  readonly accessToken: string
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
  const refreshToken = response.refreshToken ?? (previous && Redacted.value(previous.refreshToken))
  if (refreshToken === undefined) return undefined
  const { exchanging: _, ...kept } = previous ?? {}
  const issuedAt = now + response.clockSkew
  return {
    ...kept,
    ...response.details,
    accessToken: Redacted.make(response.accessToken),
    refreshToken: Redacted.make(refreshToken),
    issuedAt: DateTime.unsafeMake(issuedAt),
    expiresAt: DateTime.unsafeMake(issuedAt + response.lifetime)
  }
}
