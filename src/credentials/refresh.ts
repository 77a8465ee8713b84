// Refreshes a grant: selects the newest grant, exchanges its refresh token, and keeps the new pair.
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Errors from "../Errors.js"
import { inSeconds } from "../runtime/duration.js"
import * as telemetry from "../runtime/telemetry.js"
import type * as TokenStore from "../TokenStore.js"
import {
  accessTokenOf,
  expirySkew,
  isExchangedElsewhere,
  lifetimeOf,
  newestGrant,
  nextGrant,
  refreshAhead,
  refreshTokenOf,
  timeLeft,
  type TokenResponse
} from "./grant.js"
import { save, saveLater } from "./grantSaver.js"
import { clockSkewOf, grantee, keyOf, readStored, remember, type Rotation, storeFailure, use } from "./installation.js"
import { bearerOperation } from "./token.js"
import { clientForm, unusable } from "./tokenEndpoint.js"

/** The time after a failed refresh in which a valid token is not refreshed again, in milliseconds. */
const refreshBackoff = 30_000

/** The pause between two checks whether another process has finished its exchange. */
const ownerPause = Duration.seconds(1)

// --- errors ------------------------------------------------------------------------------------------------------------

const revokedGrant = ({ installation: { locationId } }: Rotation) =>
  new Errors.Unauthorized({
    operation: bearerOperation,
    attempts: 0,
    message: "The refresh token is no longer valid; the customer must reconnect the app",
    reconnect: true,
    locationId
  })

/** The error of a location without a grant, if a company has one. Reconnecting the app would not help. */
const companyGrant = ({ installation }: Rotation, companyId: string) =>
  new Errors.Unauthorized({
    operation: bearerOperation,
    attempts: 0,
    message:
      `There is no grant for location ${installation.locationId}, but company ${companyId} has installed the app; ` +
      `if the location belongs to it, set \`companyId: "${companyId}"\` in the credentials`,
    locationId: installation.locationId,
    companyId
  })

const missingGrant = (rotation: Rotation) => {
  const { installation } = rotation
  const { clientId, companyId, locationId, store } = installation
  const error = new Errors.Unauthorized({
    operation: bearerOperation,
    attempts: 0,
    message: `There is no grant for ${grantee(installation)}; the customer must connect the app`,
    reconnect: true,
    locationId
  })
  if (companyId !== undefined) return Effect.fail(error)
  // `authorizationCode` stores the company that connected the app last under the client id.
  return Effect.flatMap(Effect.orElseSucceed(store.get(clientId), Option.none), (last) => {
    const company = Option.getOrUndefined(last)?.companyId
    return Effect.fail(company === undefined ? error : companyGrant(rotation, company))
  })
}

// --- an exchange -------------------------------------------------------------------------------------------------------

/** A clock difference of at least this is logged, in milliseconds. */
const noteworthySkew = 5 * 60_000

const warnOfClock = (clockSkew: number) => {
  const difference = inSeconds(Duration.millis(Math.abs(clockSkew)))
  return Math.abs(clockSkew) < noteworthySkew
    ? Effect.void
    : Effect.logWarning(
        `The clock of this machine is ${difference} ${clockSkew < 0 ? "ahead of" : "behind"} the vendor's; correct it`
      )
}

/** Uses the new grant and saves it, in the background if the store cannot be written now. */
const keep = (
  rotation: Rotation,
  locked: TokenStore.LockedGrant,
  current: TokenStore.Grant,
  response: TokenResponse
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { state, scope } = rotation
    // There is always a refresh token: the new one, or the one that was exchanged.
    const grant = nextGrant(response, yield* Clock.currentTimeMillis, current)!
    if (state.clockSkew === undefined) yield* warnOfClock(response.clockSkew)
    remember(state.exchanged, refreshTokenOf(current))
    state.exchanged.delete(refreshTokenOf(grant))
    state.current = grant
    state.earlier = undefined
    state.clockSkew = response.clockSkew
    state.isUnsaved = true
    yield* Effect.catchAllCause(save(rotation, locked, grant), () => Effect.forkIn(saveLater(rotation), scope))
  })

/** Exchanges a refresh token. Returns `false` if the vendor rejects it as invalid. */
const exchange = (
  rotation: Rotation,
  locked: TokenStore.LockedGrant,
  current: TokenStore.Grant,
  isStored: boolean
): Effect.Effect<boolean, Errors.ContactsError> =>
  Effect.gen(function* () {
    const { endpoint, installation, owner, state } = rotation
    const refreshToken = refreshTokenOf(current)
    const startedAt = DateTime.unsafeMake((yield* Clock.currentTimeMillis) + clockSkewOf(state))
    // A saved grant that is no longer stored may have been removed, so it is not written back before the exchange succeeds.
    if (isStored || state.isUnsaved) {
      // The note marks the refresh token as possibly exchanged, for other processes.
      const note = { ...current, exchanging: startedAt, exchangingBy: owner }
      yield* Effect.mapError(locked.set(note), storeFailure)
      // The note contains the current pair, which is therefore saved.
      state.isUnsaved = false
    }
    const response = yield* Effect.either(
      endpoint("/oauth/token", {
        ...clientForm(installation),
        grant_type: "refresh_token",
        refresh_token: refreshToken,
        user_type: current.userType
      })
    )
    telemetry.refreshes(1, Either.isRight(response) ? "ok" : response.left.error._tag)
    if (Either.isLeft(response)) {
      if (!response.left.isInvalidGrant) return yield* Effect.fail(response.left.error)
      remember(state.revoked, refreshToken)
      return false
    }
    const { fault } = response.right
    yield* keep(rotation, locked, current, response.right)
    return fault === undefined ? true : yield* Effect.fail(unusable(fault))
  })

// --- a refresh ---------------------------------------------------------------------------------------------------------

/** The reason for a refresh. */
interface RefreshRequest {
  /** The access token that the service rejected with 401; undefined if the refresh has another reason. */
  readonly refused: string | undefined
  /** The access token that the process used at the start of the refresh. */
  readonly held: string | undefined
  /** The start of the refresh, in milliseconds of the epoch. */
  readonly since: number
}

type Verdict = "Refreshed" | "WaitForOwner"

/** Whether the newest grant needs no refresh: another process may have refreshed it. */
const isGood = (grant: TokenStore.Grant, left: number, { refused, held }: RefreshRequest) => {
  const token = accessTokenOf(grant)
  // A token from another process is used until it expires.
  const least = token === held ? refreshAhead(grant) : expirySkew(lifetimeOf(grant))
  return grant.exchanging === undefined && token !== refused && left > least
}

/**
 * Refreshes the newest grant. If the vendor rejects it as invalid, reads the store again and tries the grant found there, then
 * the grant that this process used before.
 */
const refreshLocked = (
  rotation: Rotation,
  request: RefreshRequest,
  locked: TokenStore.LockedGrant
): Effect.Effect<Verdict, Errors.ContactsError> =>
  Effect.gen(function* () {
    const { state, owner } = rotation
    const { refused, since } = request
    let isUsable = false
    for (;;) {
      const stored = yield* Effect.mapError(readStored(rotation, locked.get), storeFailure)
      const current = newestGrant(stored, state)
      if (current === undefined) {
        if (isUsable) return yield* backOff(rotation)
        return yield* stored === undefined && state.current === undefined
          ? missingGrant(rotation)
          : revokedGrant(rotation)
      }
      use(state, current)
      const now = yield* Clock.currentTimeMillis
      const clockSkew = clockSkewOf(state)
      const left = timeLeft(current, now, clockSkew)
      if (isGood(current, left, request)) return "Refreshed"
      isUsable = accessTokenOf(current) !== refused && left > 0
      if (isExchangedElsewhere(current, { owner, now: now + clockSkew, since: since + clockSkew })) {
        return isUsable ? yield* backOff(rotation) : "WaitForOwner"
      }
      const exchanged = yield* Effect.either(exchange(rotation, locked, current, stored !== undefined))
      if (Either.isRight(exchanged) && exchanged.right) return "Refreshed"
      if (Either.isLeft(exchanged)) return yield* isUsable ? backOff(rotation) : exchanged.left
    }
    // An interruption of the caller or the end of the service does not stop an exchange halfway.
  }).pipe(Effect.uninterruptible)

/** Uses the current token while it is valid, and starts no background refresh for a while. */
const backOff = ({ state }: Rotation): Effect.Effect<Verdict> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    state.backoffUntil = now + refreshBackoff
    return "Refreshed"
  })

const refresh = (rotation: Rotation, refused?: string): Effect.Effect<void, Errors.ContactsError> =>
  Effect.gen(function* () {
    const { installation, state } = rotation
    const held = state.current && accessTokenOf(state.current)
    const request = { refused, held, since: yield* Clock.currentTimeMillis }
    for (;;) {
      const verdict = yield* installation.store.withLock(keyOf(installation), (locked) =>
        refreshLocked(rotation, request, locked)
      )
      if (verdict === "Refreshed") return
      yield* Effect.sleep(ownerPause)
    }
  }).pipe(Effect.mapError((error) => (error._tag === "TokenStoreError" ? storeFailure(error) : error)))

/** Starts a refresh unless one is running; the inner effect waits for its end. */
export const start = (rotation: Rotation, refused?: string) => rotation.flight.start(refresh(rotation, refused))
