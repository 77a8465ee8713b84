// The smallest program with this library: gets one contact, with all features of the library.
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { ContactsService } from "../../dist/ContactsService.js"
import { ContactId } from "../../dist/Schema.js"

const layer = ContactsService.layer({ token: Redacted.make("pit-bench"), baseUrl: process.env.URL }).pipe(
  Layer.provide(FetchHttpClient.layer)
)
const contact = Effect.flatMap(ContactsService, (contacts) =>
  contacts.getContact(ContactId.make("seD4PfOuKoVMLkEZqohJ"))
)

Effect.runPromise(Effect.provide(contact, layer)).then(({ id }) => console.log(performance.now(), id))
