// Two accounts in one app. Each account has its own Context.Tag, and a service with its own token and rate limit.
//
//   ACME_TOKEN=pit-… GLOBEX_TOKEN=pit-… npx tsx examples/two-accounts.ts CONTACT_OF_ACME CONTACT_OF_GLOBEX
import { FetchHttpClient } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Config, Console, Context, Effect, Layer } from "effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import { ContactId } from "effect-growthhub/Schema"

class AcmeContacts extends Context.Tag("app/AcmeContacts")<AcmeContacts, ContactsService["Type"]>() {}
class GlobexContacts extends Context.Tag("app/GlobexContacts")<GlobexContacts, ContactsService["Type"]>() {}

// Each call of `layerConfig(…)` or `layer(…)` makes a separate service, also within one layer graph.
const Accounts = Layer.merge(
  Layer.effect(AcmeContacts, ContactsService).pipe(
    Layer.provide(ContactsService.layerConfig({ token: Config.redacted("ACME_TOKEN") }))
  ),
  Layer.effect(GlobexContacts, ContactsService).pipe(
    Layer.provide(ContactsService.layerConfig({ token: Config.redacted("GLOBEX_TOKEN") }))
  )
).pipe(Layer.provide(FetchHttpClient.layer))

const program = Effect.gen(function* () {
  const [ofAcme = "", ofGlobex = ""] = process.argv.slice(2)
  const acme = yield* Effect.flatMap(AcmeContacts, ({ getContact }) => getContact(ContactId.make(ofAcme)))
  const globex = yield* Effect.flatMap(GlobexContacts, ({ getContact }) => getContact(ContactId.make(ofGlobex)))
  yield* Console.log(`Acme: ${acme.email}, Globex: ${globex.email}`)
})

NodeRuntime.runMain(Effect.provide(program, Accounts))
