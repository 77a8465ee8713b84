// The grant of an installation, whose refresh token changes with each refresh.
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Errors from "../Errors.js"
import * as telemetry from "../internal/telemetry.js"
import type * as TokenStore from "../TokenStore.js"
import { expirySkew, lifetimeOf, nextGrant, refreshAhead, timeLeft } from "./grant.js"
import * as SingleFlight from "./singleFlight.js"
import { clientForm, type TokenEndpoint } from "./tokenEndpoint.js"

/** Whose grant it is, and where it is kept. */
export interface Installation {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted
  readonly key: string
  /** What an error says of the installation. */
  readonly ids: { readonly locationId?: string }
  readonly store: TokenStore.Service
}

/** A refresh in the background that failed is not tried again for this time, in milliseconds. */
const refreshBackoff = 30_000

/** What one service knows of the grant. */
interface State {
  grant: TokenStore.Grant | undefined
  /** A grant that is not saved yet, and the refresh token that it was exchanged for. */
  unsaved: { readonly grant: TokenStore.Grant; readonly exchangedFor: string } | undefined
  revokedRefreshToken: string | undefined
  /** How far the vendor's clock is ahead of ours, in milliseconds. */
  clockSkew: number
  /** No refresh in the background starts before this time. */
  backoffUntil: number
}

interface Rotation {
  readonly installation: Installation
  readonly endpoint: TokenEndpoint
  readonly scope: Scope.Scope
  readonly state: State
  readonly flight: SingleFlight.SingleFlight
}

const accessTokenOf = (grant: TokenStore.Grant) => Redacted.value(grant.accessToken)
const refreshTokenOf = (grant: TokenStore.Grant) => Redacted.value(grant.refreshToken)

// --- errors ------------------------------------------------------------------------------------------------------------

export const storeFailure =
  (operation: string) =>
  ({ message }: TokenStore.TokenStoreError): Errors.ContactsError =>
    new Errors.TransportError({
      operation,
      attempts: 0,
      message,
      code: "TOKEN_STORE",
      outcome: "NotApplied",
      isRetryable: true
    })

const disconnected = ({ installation: { ids } }: Rotation, operation: string, message: string) =>
  new Errors.Unauthorized({ operation, attempts: 0, message, reconnect: true, ...ids })

const revoked = (rotation: Rotation, operation: string) =>
  disconnected(rotation, operation, "The refresh token is no longer valid; the customer must reconnect the app")

const missing = (rotation: Rotation, operation: string) =>
  disconnected(rotation, operation, `There is no grant for ${rotation.installation.key}`)

// --- saving ------------------------------------------------------------------------------------------------------------

/** Our unsaved grant if the store still holds what it was exchanged for; another process or a reconnect replaced it else. */
const newestOf = ({ state }: Rotation, stored: TokenStore.Grant) =>
  refreshTokenOf(stored) === state.unsaved?.exchangedFor ? state.unsaved.grant : stored

const save = ({ state }: Rotation, locked: TokenStore.LockedGrant, grant: TokenStore.Grant) =>
  Effect.tap(locked.set(grant), () => {
    if (state.unsaved?.grant === grant) state.unsaved = undefined
  })

const saveUnsaved = (rotation: Rotation) =>
  Effect.suspend(() => {
    const { state, installation } = rotation
    if (state.unsaved === undefined) return Effect.void
    return installation.store.withLock(installation.key, (locked) =>
      Effect.gen(function* () {
        const stored = Option.getOrUndefined(yield* locked.get)
        const grant = stored === undefined ? state.unsaved?.grant : newestOf(rotation, stored)
        if (grant === undefined) return
        state.grant = grant
        if (grant === stored) state.unsaved = undefined
        else yield* save(rotation, locked, grant)
      })
    )
    // Defects too: a store of the app's own may have a bug.
  }).pipe(Effect.sandbox)

/** Saves as soon as the store can be written. */
const saveLater = (rotation: Rotation) =>
  Effect.interruptible(Effect.ignore(Effect.retry(saveUnsaved(rotation), Schedule.spaced("1 second"))))

/** Saves when the service is released. */
const saveAtEnd = (rotation: Rotation) =>
  Effect.ignore(Effect.retry(saveUnsaved(rotation), Schedule.spaced("500 millis").pipe(Schedule.upTo("20 seconds"))))

// --- refreshing --------------------------------------------------------------------------------------------------------

const exchange = (
  rotation: Rotation,
  operation: string,
  locked: TokenStore.LockedGrant,
  current: TokenStore.Grant
): Effect.Effect<void, Errors.ContactsError> =>
  Effect.gen(function* () {
    const { endpoint, installation, scope, state } = rotation
    const refreshToken = refreshTokenOf(current)
    if (state.revokedRefreshToken === refreshToken) return yield* revoked(rotation, operation)
    const now = yield* Clock.currentTimeMillis
    // A process that finds this note knows that the refresh token may be used up, and exchanges it again in time.
    const note = { ...current, exchanging: DateTime.unsafeMake(now + state.clockSkew) }
    yield* Effect.mapError(locked.set(note), storeFailure(operation))
    state.unsaved = undefined
    const response = yield* Effect.either(
      endpoint(operation, "/oauth/token", {
        ...clientForm(installation),
        grant_type: "refresh_token",
        refresh_token: refreshToken,
        user_type: current.userType
      })
    )
    telemetry.refreshes(1, Either.isRight(response) ? "ok" : response.left.error._tag)
    if (Either.isLeft(response)) {
      if (!response.left.isInvalidGrant) return yield* Effect.fail(response.left.error)
      const stored = Option.getOrUndefined(yield* Effect.orElseSucceed(locked.get, Option.none))
      if (stored !== undefined && refreshTokenOf(stored) !== refreshToken) {
        state.grant = stored
        return
      }
      state.revokedRefreshToken = refreshToken
      return yield* revoked(rotation, operation)
    }
    // A refresh token is there: at least the one that was exchanged.
    const grant = nextGrant(response.right, yield* Clock.currentTimeMillis, current)!
    state.grant = grant
    state.clockSkew = response.right.clockSkew
    state.unsaved = { grant, exchangedFor: refreshToken }
    yield* Effect.catchAllCause(save(rotation, locked, grant), () => Effect.forkIn(saveLater(rotation), scope))
  })

/** Refreshes what the store holds, unless another process has done so. */
const refreshLocked = (
  rotation: Rotation,
  operation: string,
  locked: TokenStore.LockedGrant,
  refused: string | undefined,
  held: string | undefined
): Effect.Effect<void, Errors.ContactsError> =>
  Effect.gen(function* () {
    const { state } = rotation
    const stored = Option.getOrUndefined(yield* Effect.mapError(locked.get, storeFailure(operation)))
    if (stored === undefined) return yield* missing(rotation, operation)
    const current = newestOf(rotation, stored)
    state.grant = current
    const now = yield* Clock.currentTimeMillis
    const token = accessTokenOf(current)
    // A token that another process has just fetched is used until its end.
    const least = token === held ? refreshAhead(current) : expirySkew(lifetimeOf(current))
    const left = timeLeft(current, now, state.clockSkew)
    if (current.exchanging === undefined && token !== refused && left > least) return
    const isUsable = token !== refused && left > 0
    yield* Effect.catchAll(exchange(rotation, operation, locked, current), (error) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        if (!isUsable) return Effect.fail(error)
        state.backoffUntil = now + refreshBackoff
        return Effect.void
      })
    )
    // Neither a caller that gives up nor the end of the service leaves an exchange halfway.
  }).pipe(Effect.uninterruptible)

const refresh = (
  rotation: Rotation,
  operation: string,
  refused: string | undefined
): Effect.Effect<void, Errors.ContactsError> =>
  Effect.suspend(() => {
    const { store, key } = rotation.installation
    const held = rotation.state.grant && accessTokenOf(rotation.state.grant)
    return store.withLock(key, (locked) => refreshLocked(rotation, operation, locked, refused, held))
  }).pipe(Effect.mapError((error) => (error._tag === "TokenStoreError" ? storeFailure(operation)(error) : error)))

// --- the bearer --------------------------------------------------------------------------------------------------------

/** The access tokens of a grant; see `Bearer` in `Credentials`. */
export interface RotatingBearer {
  readonly get: (operation: string) => Effect.Effect<Redacted.Redacted, Errors.ContactsError>
  readonly held: (now: number) => Redacted.Redacted | undefined
  readonly renew: (operation: string, refused: Redacted.Redacted) => Effect.Effect<boolean, Errors.ContactsError>
}

const bearerOf = (rotation: Rotation): RotatingBearer => {
  const { flight, installation, state } = rotation
  const left = (grant: TokenStore.Grant, now: number) => timeLeft(grant, now, state.clockSkew)
  const isDue = (grant: TokenStore.Grant, now: number) =>
    left(grant, now) <= refreshAhead(grant) || grant.exchanging !== undefined
  const start = (operation: string, refused?: string) => flight.start(operation, refresh(rotation, operation, refused))
  const refreshed = (operation: string, refused?: string) => Effect.flatten(start(operation, refused))
  const loaded = (operation: string) =>
    Effect.map(Effect.mapError(installation.store.get(installation.key), storeFailure(operation)), (stored) => {
      state.grant ??= Option.getOrUndefined(stored)
    })
  // A refresh that succeeds leaves a grant.
  const held = Effect.sync(() => state.grant!.accessToken)
  return {
    held: (now) => {
      const { grant } = state
      return grant !== undefined && !isDue(grant, now) ? grant.accessToken : undefined
    },
    get: (operation) =>
      Effect.zipRight(
        Effect.suspend(() => (state.grant === undefined ? loaded(operation) : Effect.void)),
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          if (state.grant === undefined) return Effect.zipRight(refreshed(operation), held)
          if (left(state.grant, now) <= expirySkew(lifetimeOf(state.grant))) {
            return Effect.zipRight(refreshed(operation), held)
          }
          if (!isDue(state.grant, now) || now < state.backoffUntil) return held
          return Effect.zipRight(start(operation), held)
        })
      ),
    renew: (operation, refused) =>
      Effect.suspend(() => {
        const isAnother = () => state.grant !== undefined && accessTokenOf(state.grant) !== Redacted.value(refused)
        if (isAnother()) return Effect.succeed(true)
        const renewed = Effect.map(refreshed(operation, Redacted.value(refused)), isAnother)
        // A refresh that runs already may not know of the refusal.
        return flight.isRunning()
          ? Effect.flatMap(renewed, (isDone) => (isDone ? Effect.succeed(true) : renewed))
          : renewed
      })
  }
}

/** The bearers of an installation; one exchange runs at a time, whoever waits for it and whoever gives up. */
export const make = (
  installation: Installation,
  endpoint: TokenEndpoint
): Effect.Effect<RotatingBearer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const state: State = {
      grant: undefined,
      unsaved: undefined,
      revokedRefreshToken: undefined,
      clockSkew: 0,
      backoffUntil: 0
    }
    const rotation: Rotation = { installation, endpoint, scope, state, flight: SingleFlight.make(scope) }
    yield* Effect.addFinalizer(() => saveAtEnd(rotation))
    return bearerOf(rotation)
  })
