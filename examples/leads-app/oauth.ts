// The app for many locations. Each location connects it with OAuth, and the grants are stored in SQLite.
//
//   GROWTHHUB_CLIENT_ID=… GROWTHHUB_CLIENT_SECRET=… PUBLIC_URL=https://my-app.example DATABASE=grants.db \
//     npx tsx examples/leads-app/oauth.ts
//
// GET /connect connects a location; GET /locations/LOCATION_ID/contacts/CONTACT_ID gets a contact of a location;
// POST /webhooks/crm receives webhook events, and removes the grant of a location that uninstalls the app.
import { FetchHttpClient, HttpMiddleware, HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { SqlClient } from "@effect/sql"
import { LibsqlClient } from "@effect/sql-libsql"
import { Config, Effect, Layer, LayerMap, Schema } from "effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as Credentials from "effect-growthhub/Credentials"
import { ContactId, LocationId } from "effect-growthhub/Schema"
import { TokenStore } from "effect-growthhub/TokenStore"
import * as TokenStoreSql from "effect-growthhub/TokenStoreSql"
import * as Webhooks from "effect-growthhub/Webhooks"
import { createServer } from "node:http"
import * as Connect from "./Connect.js"
import * as Webhook from "./Webhook.js"

const app = Config.all({
  clientId: Config.string("GROWTHHUB_CLIENT_ID"),
  clientSecret: Config.redacted("GROWTHHUB_CLIENT_SECRET"),
  publicUrl: Config.string("PUBLIC_URL"),
  baseUrl: Config.withDefault(Config.string("GROWTHHUB_BASE_URL"), undefined)
})

const Database = LibsqlClient.layerConfig({ url: Config.map(Config.string("DATABASE"), (file) => `file:${file}`) })

const Store = Layer.unwrapEffect(
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`PRAGMA journal_mode = WAL`
    yield* TokenStoreSql.migration()
    return TokenStoreSql.layer()
  })
).pipe(Layer.provide(Database))

/** The `ContactsService` of each location. It is built at the first call for the location. */
class Locations extends LayerMap.Service<Locations>()("app/Locations", {
  lookup: (locationId: LocationId) =>
    Layer.unwrapEffect(
      Effect.map(app, ({ baseUrl, ...options }) =>
        Credentials.layerOAuth((token) => ContactsService.layer({ token, baseUrl }), { ...options, locationId })
      )
    ),
  idleTimeToLive: "10 minutes"
}) {}

const getContact = Effect.gen(function* () {
  const { location, contact } = yield* HttpRouter.schemaPathParams(
    Schema.Struct({ location: LocationId, contact: ContactId })
  )
  const { id, email } = yield* Effect.flatMap(ContactsService, (contacts) => contacts.getContact(contact)).pipe(
    Effect.provide(Locations.get(location))
  )
  return yield* HttpServerResponse.json({ id, email })
}).pipe(
  Effect.catchTags({
    ParseError: () => HttpServerResponse.text("No such contact", { status: 404 }),
    BadRequest: () => HttpServerResponse.text("No such contact", { status: 404 }),
    Unauthorized: ({ reconnect }) =>
      reconnect === true
        ? HttpServerResponse.text("Connect the app: /connect", { status: 409 })
        : HttpServerResponse.text("The CRM cannot be used", { status: 503 })
  })
)

const handle = (event: Webhooks.Event) =>
  Effect.gen(function* () {
    if (event._tag === "UNINSTALL") {
      const { clientId } = yield* app
      yield* Credentials.removeGrant({ clientId, store: yield* TokenStore }, event)
      // The cached service is dropped, so that the next call reads the store and finds no grant.
      return event.locationId === undefined ? undefined : yield* Locations.invalidate(event.locationId)
    }
    if (!("locationId" in event)) return
    const location = yield* Schema.decodeUnknown(LocationId)(event.locationId)
    yield* Effect.provide(Webhook.handle(event), Locations.get(location))
  })

const Server = Layer.unwrapEffect(
  Effect.gen(function* () {
    const port = yield* Config.withDefault(Config.integer("PORT"), 3000)
    return HttpRouter.empty.pipe(
      HttpRouter.concat(Connect.router(yield* app)),
      HttpRouter.concat(Webhook.router(handle)),
      HttpRouter.get("/locations/:location/contacts/:contact", getContact),
      HttpServer.serve(HttpMiddleware.logger),
      HttpServer.withLogAddress,
      Layer.provide(NodeHttpServer.layer(createServer, { port, host: "127.0.0.1" }))
    )
  })
)

const main = Server.pipe(
  Layer.provide(Webhook.inMemory(({ id }) => void console.log("changed", id))),
  // `Webhooks.layerConfig` reads GROWTHHUB_WEBHOOK_KEYS and GROWTHHUB_WEBHOOK_APP_ID.
  Layer.provide([Locations.Default, Webhooks.layerConfig()]),
  Layer.provide([Store, FetchHttpClient.layer])
)

NodeRuntime.runMain(Layer.launch(main))
