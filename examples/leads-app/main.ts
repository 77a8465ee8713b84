// The app for one location: leads over HTTP, and webhook events of the CRM.
//
//   GROWTHHUB_TOKEN=… GROWTHHUB_LOCATION_ID=… npx tsx examples/leads-app/main.ts
import { FetchHttpClient, HttpApiBuilder, HttpMiddleware, HttpRouter, HttpServer } from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Effect, Layer, Schema } from "effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import { LocationId } from "effect-growthhub/Schema"
import * as Webhooks from "effect-growthhub/Webhooks"
import { createServer } from "node:http"
import * as LeadsApi from "./LeadsApi.js"
import * as Webhook from "./Webhook.js"

const Server = Layer.unwrapEffect(
  Effect.gen(function* () {
    const locationId = yield* Schema.Config("GROWTHHUB_LOCATION_ID", LocationId)
    const port = yield* Config.withDefault(Config.integer("PORT"), 3000)
    const context = yield* Effect.context<ContactsService | Webhook.Inbox | Webhooks.Webhooks>()
    const router = HttpRouter.transform(Webhook.router(Webhook.handle), Effect.provide(context))
    const webhooks = HttpApiBuilder.Router.use((all) => all.concat(router))
    return HttpApiBuilder.serve(HttpMiddleware.logger).pipe(
      HttpServer.withLogAddress,
      Layer.provide(webhooks),
      Layer.provide(LeadsApi.layer(locationId)),
      Layer.provide(NodeHttpServer.layer(createServer, { port, host: "127.0.0.1" }))
    )
  })
)

const main = Server.pipe(
  Layer.provide(Webhook.inMemory(({ id }) => void console.log("changed", id))),
  // `Webhooks.layerConfig` reads GROWTHHUB_WEBHOOK_KEYS and GROWTHHUB_WEBHOOK_APP_ID.
  Layer.provide([ContactsService.layerConfig(), Webhooks.layerConfig()]),
  Layer.provide(FetchHttpClient.layer)
)

NodeRuntime.runMain(Layer.launch(main))
