// An app process that makes calls on behalf of locations, with OAuth grants from a store that it shares with other
// processes. It performs the task of each message, and replies with the numbers of calls that succeeded and that timed out.
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as Credentials from "effect-growthhub/Credentials"
import { ContactId, LocationId } from "effect-growthhub/Schema"
import type * as TokenStore from "effect-growthhub/TokenStore"
import { endWithParent } from "./Child.js"
import * as Installation from "./Installation.js"
import { layerUnlimited } from "./Judge.js"
import * as Place from "./Place.js"

export interface Task {
  readonly url: string
  readonly app: { readonly clientId: string; readonly clientSecret: string }
  readonly store: Place.StoreAddress
  readonly locations: ReadonlyArray<string>
  /** The number of calls for each location; `spread`: the time in milliseconds that they are spread over. */
  readonly calls: number
  readonly spread: number
}

/** A task of one call for each location. */
export const oneCall = (
  { url }: { readonly url: string },
  store: Place.StoreAddress,
  locations: ReadonlyArray<string>
): Task => ({ url, app: Installation.app, store, locations, calls: 1, spread: 0 })

const calling = ({ url, app, calls, spread }: Task, store: TokenStore.Service, location: string) => {
  const token = Credentials.oauth({
    clientId: app.clientId,
    clientSecret: Redacted.make(app.clientSecret),
    locationId: LocationId.make(location),
    store
  })
  return Effect.gen(function* () {
    const contacts = yield* ContactsService
    const one = Effect.either(contacts.getContact(ContactId.make(`contact-of-${location}`)))
    const all = yield* Effect.all(
      Array.from({ length: calls }, (_, index) => Effect.delay(one, (spread * index) / calls)),
      { concurrency: "unbounded" }
    )
    const timedOut = all.filter(
      (one) => Either.isLeft(one) && one.left._tag === "TransportError" && one.left.code === "TIMEOUT"
    )
    return { succeeded: all.filter(Either.isRight).length, timedOut: timedOut.length }
  }).pipe(
    Effect.provide(ContactsService.layer({ token, baseUrl: url })),
    // There is no rate limit: it has figures of its own, and it would refuse the last of very many calls at once.
    Effect.provide(Layer.merge(FetchHttpClient.layer, layerUnlimited))
  )
}

/** The numbers of calls that have succeeded and that have timed out. */
const count = (task: Task, store: TokenStore.Service) =>
  Effect.map(
    Effect.forEach(task.locations, (location) => calling(task, store, location), { concurrency: "unbounded" }),
    (counts) => ({
      succeeded: counts.reduce((sum, { succeeded }) => sum + succeeded, 0),
      timedOut: counts.reduce((sum, { timedOut }) => sum + timedOut, 0)
    })
  )

export const performWith = (task: Task, store: TokenStore.Service) =>
  Effect.map(count(task, store), ({ succeeded }) => succeeded)

export const perform = (task: Task) =>
  Effect.scoped(Effect.flatMap(Place.open(task.store), (store) => performWith(task, store)))

if (process.send !== undefined && process.argv[2] === "worker") {
  endWithParent()
  process.on("message", (task: Task) => {
    const counts = Effect.flatMap(Place.open(task.store), (store) => count(task, store))
    void Effect.runPromise(Effect.scoped(counts)).then((counts) => process.send?.(counts))
  })
  // A process with a place is ready when the driver of that store is loaded.
  const place = process.argv[3]
  const loaded = place === undefined ? Effect.void : Effect.asVoid(Place.open(JSON.parse(place) as Place.StoreAddress))
  void Effect.runPromise(Effect.scoped(loaded)).then(() => process.send?.({ isReady: true }))
}
