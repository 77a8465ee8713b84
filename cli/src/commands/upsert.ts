// growthhub upsert: creates or updates one contact.
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactUpsert } from "effect-growthhub/Schema"
import { hasData } from "../ContactData.js"
import { fromError, usageError } from "../CliExit.js"
import * as Connection from "../Connection.js"
import * as ContactOptions from "../ContactOptions.js"
import { describe } from "../Help.js"
import * as Layout from "../Layout.js"

export const upsert = Command.make(
  "upsert",
  {
    ...ContactOptions.options([...ContactOptions.common, "companyName", "gender"]),
    isJson: ContactOptions.isJson,
    connection: Options.all(Connection.options)
  },
  (given) =>
    Effect.gen(function* () {
      const fields = yield* ContactOptions.read(given)
      if (!hasData(fields)) {
        return yield* usageError("Nothing to upsert: give a field, such as --email ADDRESS, or --stdin")
      }
      const { locationId } = yield* Connection.Session
      const isGiven = Option.isSome(given.connection.location)
      const located =
        locationId === undefined || ("locationId" in fields && !isGiven) ? fields : { ...fields, locationId }
      if (!("locationId" in located)) {
        return yield* usageError("Which location? Give --location or GROWTHHUB_LOCATION_ID")
      }
      const { upsertContact } = yield* ContactsService
      // `upsertContact` checks the fields.
      const contact = yield* Effect.mapError(upsertContact(located as unknown as ContactUpsert), fromError)
      yield* Console.log(
        given.isJson ? Layout.json(contact) : `${contact.new ? "created" : "updated"}\n${Layout.table(contact)}`
      )
    }).pipe(Effect.provide(Connection.layer(given.connection)))
).pipe(
  describe("Creates a contact, or updates the one with its email or phone", [
    "growthhub upsert --email ada@example.com --first-name Ada --tag vip",
    `echo '{"email":"ada@example.com","dnd":false}' | growthhub upsert --stdin`
  ])
)
