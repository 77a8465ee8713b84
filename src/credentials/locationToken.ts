// Location tokens, which are requested with the access token of a company. They have no refresh token.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as Errors from "../Errors.js"
import type { Bearer } from "../http/bearer.js"
import { expirySkew } from "./grant.js"
import { renewalBackoff } from "./rotatingGrant.js"
import * as SingleFlight from "./singleFlight.js"
import { type TokenEndpoint, unusable } from "./tokenEndpoint.js"

interface Location {
  readonly companyId: string
  readonly locationId: string
}

/** The bearer tokens of a location, requested with those of its company. */
export const make = (
  company: Required<Bearer>,
  { companyId, locationId }: Location,
  endpoint: TokenEndpoint
): Effect.Effect<Required<Bearer>, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    const flight = SingleFlight.make(scope)
    /** No token is requested after a 401 before this time (milliseconds of the epoch). */
    let renewedUntil = 0
    let current: { readonly token: Redacted.Redacted; readonly until: number } | undefined

    const request = (bearer: Redacted.Redacted) =>
      endpoint(
        "/oauth/locationToken",
        { companyId, locationId },
        { authorization: `Bearer ${Redacted.value(bearer)}`, version: "2021-07-28" }
      )

    const fetchToken: Effect.Effect<void, Errors.ContactsError> = Effect.gen(function* () {
      const bearer = yield* company.get
      const { accessToken, fault, lifetime } = yield* Effect.catchAll(request(bearer), ({ error, isRefusedBearer }) =>
        Effect.gen(function* () {
          const renewed = isRefusedBearer ? yield* company.renew(bearer) : Option.none()
          if (Option.isNone(renewed)) return yield* Effect.fail(error)
          return yield* Effect.mapError(request(renewed.value), ({ error }) => error)
        })
      )
      if (fault !== undefined) return yield* Effect.fail(unusable(fault))
      const until = (yield* Clock.currentTimeMillis) + lifetime - expirySkew(lifetime)
      current = { token: Redacted.make(accessToken), until }
    })

    const fetched = Effect.flatten(flight.start(fetchToken))

    const isAnother = (refused: Redacted.Redacted) =>
      current !== undefined && Redacted.value(current.token) !== Redacted.value(refused)

    const cached = (now: number) => (current !== undefined && now < current.until ? current.token : undefined)

    const get = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.map(cached(now) === undefined ? fetched : Effect.void, () => current!.token)
    )

    /** Replaces a refused token. Returns whether there is another token now. */
    const renew = (refused: Redacted.Redacted) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        if (isAnother(refused)) return Effect.succeed(true)
        // The service has rejected a token that was fetched a moment ago; another one would not help.
        if (now < renewedUntil) return Effect.succeed(false)
        return Effect.map(fetched, () => {
          renewedUntil = now + renewalBackoff
          return isAnother(refused)
        })
      })

    return { cached, get, renew: (refused) => Effect.whenEffect(get, renew(refused)) }
  })
