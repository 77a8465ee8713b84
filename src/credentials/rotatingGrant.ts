// The access tokens of an installation, from a grant with a rotating refresh token.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { Bearer } from "../http/bearer.js"
import type * as TokenStore from "../TokenStore.js"
import { accessTokenOf, expirySkew, isBehind, lifetimeOf, refreshAhead, timeLeft } from "./grant.js"
import { saveAtEnd } from "./grantSaver.js"
import {
  clockSkewOf,
  type Installation,
  keyOf,
  makeState,
  readStored,
  type Rotation,
  storeFailure,
  use
} from "./installation.js"
import * as Refresh from "./refresh.js"
import * as SingleFlight from "./singleFlight.js"
import type { TokenEndpoint } from "./tokenEndpoint.js"

/** The time after a refresh caused by a 401 in which another 401 causes no refresh, in milliseconds. */
export const renewalBackoff = 60_000

const left = ({ state }: Rotation, grant: TokenStore.Grant, now: number) => timeLeft(grant, now, clockSkewOf(state))

const isDue = (rotation: Rotation, grant: TokenStore.Grant, now: number) =>
  left(rotation, grant, now) <= refreshAhead(grant) || grant.exchanging !== undefined

const isEnding = (rotation: Rotation, grant: TokenStore.Grant, now: number) =>
  left(rotation, grant, now) <= expirySkew(lifetimeOf(grant))

/** Reads the store without a lock, and uses the grant that another process or a reconnect has stored. */
const load = (rotation: Rotation) => {
  const { installation, state } = rotation
  const stored = readStored(rotation, installation.store.get(keyOf(installation)))
  return Effect.map(Effect.mapError(stored, storeFailure), (grant) => {
    if (grant !== undefined && !isBehind(grant, state)) use(state, grant)
  })
}

const get = (rotation: Rotation) => {
  const { installation, state } = rotation
  // After a successful refresh there is a grant.
  const currentToken = Effect.sync(() => state.current!.accessToken)
  const start = Refresh.start(rotation)
  const refreshed = Effect.zipRight(Effect.flatten(start), currentToken)
  return Effect.zipRight(
    Effect.suspend(() => (state.current === undefined ? load(rotation) : Effect.void)),
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (state.current === undefined || isEnding(rotation, state.current, now)) return refreshed
      if (!isDue(rotation, state.current, now) || now < state.backoffUntil) return currentToken
      return installation.refresh === "onDemand" ? refreshed : Effect.zipRight(start, currentToken)
    })
  )
}

/** Replaces a token that the service rejected with 401. Returns whether there is another token now. */
const renew = (rotation: Rotation, refused: Redacted.Redacted) => {
  const { flight, state } = rotation
  const isAnother = () => state.current !== undefined && accessTokenOf(state.current) !== Redacted.value(refused)
  const refreshed = Effect.map(Effect.flatten(Refresh.start(rotation, Redacted.value(refused))), isAnother)
  return Effect.flatMap(Clock.currentTimeMillis, (now) => {
    if (isAnother()) return Effect.succeed(true)
    // The service has rejected a token that was fetched a moment ago; another refresh would not help.
    if (now < state.renewedUntil) return Effect.map(load(rotation), isAnother)
    // A refresh that was already running may have started before the 401.
    const renewed = flight.isRunning()
      ? Effect.flatMap(refreshed, (isDone) => (isDone ? Effect.succeed(true) : refreshed))
      : refreshed
    return Effect.flatMap(renewed, (isDone) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        state.renewedUntil = now + renewalBackoff
        return isDone
      })
    )
  })
}

/** The bearer tokens of an installation. One refresh runs at a time, and it continues if its callers are interrupted. */
export const make = (
  installation: Installation,
  endpoint: TokenEndpoint
): Effect.Effect<Required<Bearer>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const owner = Math.random().toString(36).slice(2)
    const rotation: Rotation = {
      installation,
      endpoint,
      scope,
      flight: SingleFlight.make(scope),
      state: makeState(),
      owner
    }
    yield* Effect.addFinalizer(() => saveAtEnd(rotation))
    return {
      cached: (now) => {
        const { current } = rotation.state
        return current !== undefined && !isDue(rotation, current, now) ? current.accessToken : undefined
      },
      get: get(rotation),
      renew: (refused) => Effect.whenEffect(get(rotation), renew(rotation, refused))
    }
  })
