// Stores the grants of OAuth apps in files that only their owner can read.
import * as Effect from "effect/Effect"
import * as Credentials from "effect-growthhub/Credentials"
import type { LocationId } from "effect-growthhub/Schema"
import { TokenStore } from "effect-growthhub/TokenStore"
import * as TokenStoreFile from "effect-growthhub/TokenStoreFile"
import { join } from "node:path"
import { type CliExit, usageError } from "./CliExit.js"
import * as Profiles from "./Profiles.js"

/** The store of the grants. */
export const store: Effect.Effect<TokenStore["Type"], CliExit> = Effect.flatMap(Profiles.directory, (directory) =>
  Effect.provide(TokenStore, TokenStoreFile.layer({ directory: join(directory, "grants") }))
).pipe(Effect.mapError(({ message }) => usageError(message)))

/** The credentials of a location: access tokens from the grant that the location, or its agency, gave to an app. */
export const credentialsOf = (
  { clientId, clientSecret, companyId }: NonNullable<Profiles.Profile["app"]>,
  locationId: LocationId
): Effect.Effect<Credentials.Credentials, CliExit> =>
  Effect.map(store, (store) =>
    // The command ends soon, so a token is refreshed only when a request needs it.
    Credentials.oauth({ clientId, clientSecret, companyId, locationId, store, refresh: "onDemand" })
  )

/** Removes the grant of an app from the store, unless another profile uses the same grant. */
export const remove = (
  { clientId, companyId }: NonNullable<Profiles.Profile["app"]>,
  locationId: LocationId | undefined
): Effect.Effect<void, CliExit> =>
  Effect.gen(function* () {
    const id = companyId ?? locationId
    if (id === undefined) return
    const isUsed = Object.values(yield* Profiles.all).some(
      ({ app, locationId: other }) => app?.clientId === clientId && (app.companyId ?? other) === id
    )
    if (isUsed) return
    const { remove } = yield* store
    yield* Effect.mapError(remove(Credentials.grantKey(clientId, id)), ({ message }) => usageError(message))
  })
