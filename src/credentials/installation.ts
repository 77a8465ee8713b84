// An installation of the app, and the state of its grant in one service.
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Errors from "../Errors.js"
import type * as TokenStore from "../TokenStore.js"
import { type GrantMemory, grantKey, refreshTokenOf } from "./grant.js"
import type { SingleFlight } from "./singleFlight.js"
import { bearerOperation } from "./token.js"
import type { TokenEndpoint } from "./tokenEndpoint.js"

/** An installation: the app, the location or company, the store of its grant, and the time of refreshes. */
export interface Installation {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted
  readonly locationId: string
  readonly companyId: string | undefined
  readonly store: TokenStore.Service
  readonly refresh: "inBackground" | "onDemand"
}

/** The state of the grant in one service. */
export interface State extends GrantMemory {
  current: TokenStore.Grant | undefined
  earlier: TokenStore.Grant | undefined
  isUnsaved: boolean
  readonly exchanged: Set<string>
  readonly revoked: Set<string>
  /** The time by which the vendor's clock is ahead of ours, in milliseconds; absent before the first exchange. */
  clockSkew: number | undefined
  /** No background refresh starts before this time (milliseconds of the epoch). */
  backoffUntil: number
  /** No refresh after a 401 starts before this time (milliseconds of the epoch). */
  renewedUntil: number
  /** The time of the last warning about a failure to save (milliseconds of the epoch). */
  warnedAt: number | undefined
}

export const makeState = (): State => ({
  current: undefined,
  earlier: undefined,
  isUnsaved: false,
  exchanged: new Set(),
  revoked: new Set(),
  clockSkew: undefined,
  backoffUntil: 0,
  renewedUntil: 0,
  warnedAt: undefined
})

/** A service and the grant that it refreshes. */
export interface Rotation {
  readonly installation: Installation
  readonly endpoint: TokenEndpoint
  readonly scope: Scope.Scope
  readonly flight: SingleFlight
  readonly state: State
  /** The id of this service in the store, in the field `exchangingBy` of a grant. */
  readonly owner: string
}

/** The location or the company that the grant belongs to. */
export const grantee = ({ companyId, locationId }: Installation): string => companyId ?? locationId

/** The key of the grant in the store. */
export const keyOf = (installation: Installation): string => grantKey(installation.clientId, grantee(installation))

/** Uses a grant from now on. */
export const use = (state: State, grant: TokenStore.Grant): void => {
  const { current } = state
  if (current !== undefined && refreshTokenOf(current) !== refreshTokenOf(grant)) state.earlier = current
  state.current = grant
}

/** Adds a refresh token to a set, which keeps the latest 100. */
export const remember = (tokens: Set<string>, refreshToken: string): void => {
  tokens.add(refreshToken)
  for (const oldest of tokens) {
    if (tokens.size <= 100) return
    tokens.delete(oldest)
  }
}

/** The time by which the vendor's clock was ahead of ours at the last refresh, in milliseconds. */
export const clockSkewOf = ({ clockSkew, current }: State): number => clockSkew ?? current?.clockSkew ?? 0

/** The stored grant. Version 0.1 stored a grant under the id alone, which is read if there is no grant under the key. */
export const readStored = (
  { installation }: Rotation,
  get: Effect.Effect<Option.Option<TokenStore.Grant>, TokenStore.TokenStoreError>
): Effect.Effect<TokenStore.Grant | undefined, TokenStore.TokenStoreError> =>
  Effect.flatMap(get, (stored) =>
    Effect.map(
      Option.isSome(stored) ? Effect.succeed(stored) : installation.store.get(grantee(installation)),
      Option.getOrUndefined
    )
  )

/** The error of a call if the token store failed. */
export const storeFailure = ({ message }: TokenStore.TokenStoreError): Errors.ContactsError =>
  new Errors.TransportError({
    operation: bearerOperation,
    attempts: 0,
    message,
    code: "TOKEN_STORE",
    outcome: "NotApplied",
    isRetryable: true
  })
