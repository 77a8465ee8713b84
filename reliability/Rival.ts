// The official SDK, from the package under bench/ that a contributor's install does not have.
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as TokenStore from "effect-growthhub/TokenStore"
import { writeFileSync } from "node:fs"
import * as Child from "./Child.js"
import * as Installation from "./Installation.js"
import type { Judge } from "./Judge.js"

export interface Rival {
  readonly upsertContact: (contact: object) => Promise<unknown>
  readonly getContact: (contactId: string) => Promise<unknown>
}

type Make = (options: { readonly baseUrl: string; readonly token: string }) => Rival

const specifier = "../bench/officialSdk.js"

/** Makes a client of the SDK. It works for only one judge at a time: see officialSdk.js. */
export const make = ({ url, token }: Judge): Effect.Effect<Rival> =>
  Effect.map(
    Effect.promise(() => import(specifier) as Promise<{ readonly make: Make }>),
    ({ make }) => make({ baseUrl: url, token })
  )

/** Starts a process that makes calls with the SDK: see officialSdkWorker.js. */
export const worker = Effect.map(Child.spawn("../bench/officialSdkWorker.js"), ({ child }) => child)

/** Writes a stored grant to a file, as a session of the SDK. */
export const keep = (store: TokenStore.Service, locationId: string, file: string) =>
  Effect.map(Effect.orDie(store.get(Installation.keyOf(locationId))), (grant) => {
    const { accessToken, refreshToken } = Option.getOrThrow(grant)
    const session = {
      access_token: Redacted.value(accessToken),
      refresh_token: Redacted.value(refreshToken),
      userType: "Location",
      locationId,
      expires_in: 86_399,
      expire_at: Date.now() + 86_399_000
    }
    writeFileSync(file, JSON.stringify(session))
  })

/** Starts a process whose calls a rival's rate limiter delays: see paced.js. */
export const paced = (rival: string) => Effect.map(Child.spawn("../bench/paced.js", [rival]), ({ child }) => child)
