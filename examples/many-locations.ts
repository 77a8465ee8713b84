// One app for many locations. Each location has its own ContactsService, which is built at its first call and released when
// it is idle. All of them share one HTTP client and one token store.
//
//   REDIS_URL=redis://localhost:6379 GROWTHHUB_CLIENT_ID=… GROWTHHUB_CLIENT_SECRET=… npx tsx examples/many-locations.ts LOCATION_ID CONTACT_ID
import { NodeRuntime } from "@effect/platform-node"
import { FetchHttpClient } from "@effect/platform"
import { Config, Console, Effect, Layer, LayerMap } from "effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as Credentials from "effect-growthhub/Credentials"
import { ContactId, LocationId } from "effect-growthhub/Schema"
import * as TokenStoreRedis from "effect-growthhub/TokenStoreRedis"
import { Redis } from "ioredis"

const Store = Layer.unwrapScoped(
  Effect.gen(function* () {
    const url = yield* Config.string("REDIS_URL")
    const client = yield* Effect.acquireRelease(
      Effect.sync(() => new Redis(url)),
      (client) => Effect.sync(() => client.disconnect())
    )
    return TokenStoreRedis.layer({ client })
  })
)

/** The `ContactsService` of one location. */
const contactsOf = (locationId: LocationId) =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      const clientId = yield* Config.string("GROWTHHUB_CLIENT_ID")
      const clientSecret = yield* Config.redacted("GROWTHHUB_CLIENT_SECRET")
      const baseUrl = yield* Config.withDefault(Config.string("GROWTHHUB_BASE_URL"), undefined)
      return Credentials.layerOAuth((token) => ContactsService.layer({ token, baseUrl }), {
        clientId,
        clientSecret,
        locationId
      })
    })
  )

export class Locations extends LayerMap.Service<Locations>()("app/Locations", {
  lookup: contactsOf,
  idleTimeToLive: "10 minutes",
  dependencies: [FetchHttpClient.layer, Store]
}) {}

const program = Effect.gen(function* () {
  const [location = "", contact = ""] = process.argv.slice(2)
  const { id, tags } = yield* Effect.flatMap(
    ContactsService,
    (contacts) => contacts.getContact(ContactId.make(contact))
    // The service is provided only around the calls, so that it is released when it is idle.
  ).pipe(Effect.provide(Locations.get(LocationId.make(location))))
  yield* Console.log(id, tags)
}).pipe(
  Effect.catchTag("Unauthorized", (error) =>
    error.reconnect === true
      ? Console.error(`The customer of ${error.locationId ?? "that location"} must reconnect the app.`)
      : Effect.fail(error)
  )
)

NodeRuntime.runMain(Effect.provide(program, Locations.Default))
