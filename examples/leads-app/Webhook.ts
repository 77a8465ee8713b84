// What the CRM tells of by itself. It signs the body as it is sent (Ed25519, `x-ghl-signature`), sends an event again until it
// is answered with a 2xx, and does not keep to an order: so the signature comes first, an event is taken once, and what it
// is about is read from the CRM and not from the event.
//
// Source: https://marketplace.gohighlevel.com/docs/webhook/WebhookIntegrationGuide
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { Context, Effect, Layer, Option, Schema } from "effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactsError } from "effect-growthhub/Errors"
import { type Contact, ContactId } from "effect-growthhub/Schema"
import { createPublicKey, type KeyObject, verify } from "node:crypto"

/** Those that are about one contact. Others, and other fields, are of no concern. */
const Event = Schema.parseJson(
  Schema.Struct({
    webhookId: Schema.String,
    type: Schema.Literal("ContactCreate", "ContactUpdate", "ContactTagUpdate"),
    id: ContactId
  })
)

/** What the app does about it, and which events it has taken before: a table with a unique key, in an app that is real. */
export class Inbox extends Context.Tag("app/Inbox")<
  Inbox,
  {
    readonly isNew: (webhookId: string) => Effect.Effect<boolean>
    readonly changed: (contact: Contact) => Effect.Effect<void>
  }
>() {}

const isSigned = (key: KeyObject, body: Uint8Array, signature: string | undefined): boolean =>
  // None is no signature.
  signature !== undefined && verify(null, body, key, Buffer.from(signature, "base64"))

/** Whether another delivery could end otherwise. */
const mayPass = (error: ContactsError) => error.isRetryable || error._tag === "Unauthorized"

/** The route, for a key as the vendor publishes it (PEM). */
export const router = (publicKey: string) => {
  const key = createPublicKey(publicKey)
  return HttpRouter.empty.pipe(
    HttpRouter.post(
      "/webhooks/crm",
      Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest
        // The bytes that were signed: JSON that was parsed and written again has others.
        const body = new Uint8Array(yield* request.arrayBuffer)
        if (!isSigned(key, body, request.headers["x-ghl-signature"])) return HttpServerResponse.empty({ status: 401 })
        const event = Schema.decodeOption(Event)(Buffer.from(body).toString())
        if (Option.isNone(event)) return HttpServerResponse.empty({ status: 204 })
        const inbox = yield* Inbox
        const contacts = yield* ContactsService
        const contact = yield* Effect.either(contacts.getContact(event.value.id))
        if (contact._tag === "Left") {
          yield* Effect.logWarning("An event could not be looked up", contact.left)
          // A 5xx has it delivered again; a contact that is gone by now would be gone then.
          return HttpServerResponse.empty({ status: mayPass(contact.left) ? 503 : 204 })
        }
        if (yield* inbox.isNew(event.value.webhookId)) yield* inbox.changed(contact.right)
        return HttpServerResponse.empty({ status: 204 })
      })
    )
  )
}

/** An inbox in memory, for this example. */
export const inMemory = (changed: (contact: Contact) => void): Layer.Layer<Inbox> =>
  Layer.sync(Inbox, () => {
    const seen = new Set<string>()
    return {
      isNew: (webhookId) => Effect.sync(() => !seen.has(webhookId) && seen.add(webhookId).has(webhookId)),
      changed: (contact) => Effect.sync(() => changed(contact))
    }
  })
