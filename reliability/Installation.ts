// Locations that have connected the app, each with one contact, and their grants in a store.
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Credentials from "effect-growthhub/Credentials"
import type * as TokenStore from "effect-growthhub/TokenStore"
import type { Judge } from "./Judge.js"

/** The default app of a sandbox. */
export const app = { clientId: "sandbox-app", clientSecret: "sandbox-secret" }

/** The key under which a store has the grant of a location. */
export const keyOf = (location: string) => Credentials.grantKey(app.clientId, location)

export { directory } from "../test/directory.js"

export const connect = (judge: Judge, store: TokenStore.Service, locations: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    yield* judge.seed(locations.map((locationId) => ({ id: `contact-of-${locationId}`, locationId })))
    yield* Effect.forEach(
      locations,
      (locationId) =>
        Effect.gen(function* () {
          const code = Redacted.make(yield* judge.install({ locationId }))
          yield* Credentials.authorizationCode({
            clientId: app.clientId,
            clientSecret: Redacted.make(app.clientSecret),
            code,
            store,
            baseUrl: judge.url
          })
        }),
      { concurrency: 8 }
    )
  }).pipe(Effect.provide(FetchHttpClient.layer), Effect.orDie)

/** The number of requests to the vendor's token endpoint. */
export const exchanges = (judge: Judge) =>
  Effect.map(judge.ledger, ({ requests }) => requests.filter(({ url }) => url === "/oauth/token").length)
