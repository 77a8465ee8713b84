// growthhub update: changes fields of one contact.
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactUpdate } from "effect-growthhub/Schema"
import { fromError, usageError } from "../CliExit.js"
import * as Connection from "../Connection.js"
import * as ContactOptions from "../ContactOptions.js"
import { describe } from "../Help.js"
import * as Layout from "../Layout.js"

const cleared = Options.text("clear").pipe(
  Options.repeated,
  Options.withDescription("A field to be cleared; may be repeated")
)

export const update = Command.make(
  "update",
  {
    contactId: Args.text({ name: "contact-id" }),
    ...ContactOptions.options(ContactOptions.common),
    cleared,
    isJson: ContactOptions.isJson,
    connection: Options.all(Connection.options)
  },
  (given) =>
    Effect.gen(function* () {
      const id = yield* ContactOptions.idOf(given.contactId)
      const fields = yield* ContactOptions.read(given)
      // `updateContact` checks the fields: a field that an update does not have is refused before the request is sent.
      const changes = { ...fields, ...Object.fromEntries(given.cleared.map((field) => [field, null])) } as ContactUpdate
      if (Object.keys(changes).length === 0) {
        return yield* usageError("Nothing to update: give a field, such as --first-name NAME, or --stdin")
      }
      const { updateContact } = yield* ContactsService
      const contact = yield* Effect.mapError(updateContact(id, changes), fromError)
      yield* Console.log(given.isJson ? Layout.json(contact) : Layout.table(contact))
    }).pipe(Effect.provide(Connection.layer(given.connection)))
).pipe(
  describe("Changes fields of a contact; the others stay unchanged", [
    "growthhub update seD4PfOuKoVMLkEZqohJ --city Berlin --clear phone",
    `echo '{"dnd":true}' | growthhub update seD4PfOuKoVMLkEZqohJ --stdin`
  ])
)
