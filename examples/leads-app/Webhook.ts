// Receives webhook events of the CRM. The library checks the signature and accepts each event once. Events arrive late and
// out of order, so the handler reads the contact from the CRM and not from the event.
import { HttpRouter } from "@effect/platform"
import { Context, Effect, Layer } from "effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactsError } from "effect-growthhub/Errors"
import type { Contact } from "effect-growthhub/Schema"
import * as Webhooks from "effect-growthhub/Webhooks"

/** The part of the app that handles changed contacts. */
export class Inbox extends Context.Tag("app/Inbox")<
  Inbox,
  {
    readonly changed: (contact: Contact) => Effect.Effect<void>
  }
>() {}

/** Whether a later delivery of the event may succeed. */
const mayPass = (error: ContactsError) => error.isRetryable || error._tag === "Unauthorized"

/** Reads the contact of an event and passes it to the inbox. Fails if the vendor should send the event again. */
export const handle = (event: Webhooks.Event): Effect.Effect<void, ContactsError, ContactsService | Inbox> =>
  Effect.gen(function* () {
    switch (event._tag) {
      case "ContactCreate":
      case "ContactUpdate":
      case "ContactTagUpdate": {
        const contacts = yield* ContactsService
        const inbox = yield* Inbox
        return yield* inbox.changed(yield* contacts.getContact(event.id))
      }
      default:
        return yield* Effect.logDebug(`${event.type} is not handled`)
    }
  }).pipe(
    // A deleted contact would still be deleted at the next delivery, so the event is accepted.
    Effect.catchIf(
      (error) => !mayPass(error),
      (error) => Effect.logWarning("An event could not be looked up", error)
    )
  )

/** The route: responds with 401 to an event that is not signed, and with 429 if the handler fails. */
export const router = <A, E, R>(handler: (event: Webhooks.Event) => Effect.Effect<A, E, R>) =>
  HttpRouter.empty.pipe(HttpRouter.post("/webhooks/crm", Webhooks.httpApp(handler)))

/** An inbox in memory, for this example. */
export const inMemory = (changed: (contact: Contact) => void): Layer.Layer<Inbox> =>
  Layer.succeed(Inbox, { changed: (contact) => Effect.sync(() => changed(contact)) })
