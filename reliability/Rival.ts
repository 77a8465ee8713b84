// The official SDK, from the package under bench/ that a contributor's install does not have.
import * as Effect from "effect/Effect"
import type { Judge } from "./Judge.js"

export interface Rival {
  readonly upsertContact: (contact: object) => Promise<unknown>
  readonly getContact: (contactId: string) => Promise<unknown>
}

type Make = (options: { readonly baseUrl: string; readonly token: string }) => Rival

const specifier = "../bench/officialSdk.js"

/** Not for two judges at a time: see officialSdk.js. */
export const make = ({ url, token }: Judge): Effect.Effect<Rival> =>
  Effect.map(
    Effect.promise(() => import(specifier) as Promise<{ readonly make: Make }>),
    ({ make }) => make({ baseUrl: url, token })
  )
