// Receives webhooks. Each event is verified and put into a queue, and the vendor gets its response at once. A worker takes
// the events from the queue: a new contact gets a tag, and a value for the custom field named "Lead source" of its location.
//
//   GROWTHHUB_TOKEN=pit-… GROWTHHUB_WEBHOOK_APP_ID=65c0… npx tsx examples/webhooks.ts
import { FetchHttpClient, HttpRouter, HttpServer } from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Console, Effect, Layer, Queue } from "effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as CustomFields from "effect-growthhub/CustomFields"
import * as GrowthHub from "effect-growthhub/GrowthHub"
import * as Webhooks from "effect-growthhub/Webhooks"
import { createServer } from "node:http"

/** Tags a new contact, and writes a custom field, which is found by its name. */
const welcome = ({ id, locationId, source }: Extract<Webhooks.Event, { readonly _tag: "ContactCreate" }>) =>
  Effect.gen(function* () {
    const contacts = yield* ContactsService
    yield* contacts.addTags(id, ["new-lead"])
    if (locationId === undefined) return
    const fields = yield* CustomFields.forLocation(locationId)
    const customFields = yield* fields.write({ "Lead source": source ?? "unknown" })
    yield* contacts.updateContact(id, { customFields })
    yield* Console.log(`${id} is a new lead`)
  })

/** Handles an event. Events arrive late and out of order, so the current contact is read from the CRM. */
const work = (event: Webhooks.Event) =>
  Effect.gen(function* () {
    switch (event._tag) {
      case "ContactCreate":
        return yield* welcome(event)
      case "ContactUpdate": {
        const contact = yield* Effect.flatMap(ContactsService, ({ getContact }) => getContact(event.id))
        return yield* Console.log(`${contact.id} has changed: ${contact.email}`)
      }
      case "UNINSTALL":
        return yield* Console.log(`${event.locationId ?? event.companyId} has removed the app`)
      default:
        return yield* Console.log(`${event.type} is not handled`)
    }
  }).pipe(Effect.catchAllCause((cause) => Effect.logError("An event was lost", cause)))

const App = Layer.unwrapScoped(
  Effect.gen(function* () {
    // If the queue is full, the event is dropped: the handler fails, and the vendor sends the webhook again.
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
  Layer.provide([GrowthHub.layerConfig(), Webhooks.layerConfig()]),
  Layer.provide(FetchHttpClient.layer)
)

NodeRuntime.runMain(Layer.launch(Live))
