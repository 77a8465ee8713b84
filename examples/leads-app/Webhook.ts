// What the CRM tells of by itself. The library checks the signature and accepts an event once; it comes late and out of order,
// so what it is about is read from the CRM and not from the event.
import { HttpRouter } from "@effect/platform"
import { Context, Effect, Layer } from "effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactsError } from "effect-growthhub/Errors"
import type { Contact } from "effect-growthhub/Schema"
import * as Webhooks from "effect-growthhub/Webhooks"

/** What the app does about a contact that has changed. */
export class Inbox extends Context.Tag("app/Inbox")<
  Inbox,
  {
    readonly changed: (contact: Contact) => Effect.Effect<void>
  }
>() {}

/** Whether another delivery could end otherwise. */
const mayPass = (error: ContactsError) => error.isRetryable || error._tag === "Unauthorized"

/** Reads the contact of an event, if it is about one. Fails if the vendor should send the event again. */
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
    // A contact that is gone by now would be gone the next time, too.
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
