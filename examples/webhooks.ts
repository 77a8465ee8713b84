// Receives webhooks: each event is put into a queue, the vendor gets its response at once, and a worker does the work.
//
//   GROWTHHUB_TOKEN=pit-… GROWTHHUB_WEBHOOK_APP_ID=65c0… npx tsx examples/webhooks.ts
import { FetchHttpClient, HttpRouter, HttpServer } from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Console, Effect, Layer, Queue } from "effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as Webhooks from "effect-growthhub/Webhooks"
import { createServer } from "node:http"

/** Events come late and out of order, so what a contact is now is read from the CRM. */
const work = (event: Webhooks.Event) =>
  Effect.gen(function* () {
    switch (event._tag) {
      case "ContactCreate":
      case "ContactUpdate": {
        const contact = yield* Effect.flatMap(ContactsService, ({ getContact }) => getContact(event.id))
        return yield* Console.log(`${event._tag} ${contact.id}: ${contact.email}`)
      }
      case "UNINSTALL":
        return yield* Console.log(`${event.locationId ?? event.companyId} has removed the app`)
      default:
        return yield* Console.log(`${event.type} is not handled`)
    }
  }).pipe(Effect.catchAllCause((cause) => Effect.logError("An event was lost", cause)))

const App = Layer.unwrapScoped(
  Effect.gen(function* () {
    // A queue that is full drops the event: the handler fails, and the vendor sends the webhook again.
    const events = yield* Queue.dropping<Webhooks.Event>(1000)
    yield* Effect.forkScoped(Effect.forever(Effect.flatMap(Queue.take(events), work)))
    const receive = Webhooks.httpApp((event) =>
      Effect.filterOrFail(
        Queue.offer(events, event),
        (isQueued) => isQueued,
        () => "The queue is full"
      )
    )
    return HttpRouter.empty.pipe(
      HttpRouter.post("/webhooks/crm", receive),
      HttpServer.serve(),
      HttpServer.withLogAddress
    )
  })
)

const Live = App.pipe(
  Layer.provide(NodeHttpServer.layerConfig(createServer, { port: Config.withDefault(Config.integer("PORT"), 3000) })),
  Layer.provide([ContactsService.layerConfig(), Webhooks.layerConfig()]),
  Layer.provide(FetchHttpClient.layer)
)

NodeRuntime.runMain(Layer.launch(Live))
