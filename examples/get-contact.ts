/**
 * Gets a contact from the API, or from the service at `GROWTHHUB_BASE_URL` if it is set:
 *
 *     GROWTHHUB_TOKEN=pit-… npx tsx examples/get-contact.ts seD4PfOuKoVMLkEZqohJ
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Layer, Schema } from "effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import { Contact, ContactId } from "effect-growthhub/Schema"

const program = Effect.gen(function* () {
  const id = yield* Schema.decodeUnknown(ContactId)(process.argv[2] ?? "")
  const contacts = yield* ContactsService
  const contact = yield* contacts.getContact(id)
  yield* Console.log(JSON.stringify(yield* Schema.encode(Contact)(contact), null, 2))
}).pipe(
  Effect.catchTags({
    ParseError: () => Effect.fail("usage: npx tsx examples/get-contact.ts CONTACT_ID"),
    BadRequest: (error) => Effect.fail(error.isContactNotFound ? "There is no such contact." : error.message),
    Unauthorized: (error) => Effect.fail(`The token was refused: ${error.message}`)
  }),
  Effect.provide(ContactsService.layerConfig().pipe(Layer.provide(FetchHttpClient.layer)))
)

program.pipe(
  Effect.tapError((error) => Console.error(typeof error === "string" ? error : error.message)),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
