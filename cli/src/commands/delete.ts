// growthhub delete: deletes contacts by their ids.
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactId } from "effect-growthhub/Schema"
import { type CliExit, usageError } from "../CliExit.js"
import * as Connection from "../Connection.js"
import * as ContactIds from "../ContactIds.js"
import { isJson } from "../ContactOptions.js"
import { describe } from "../Help.js"
import * as Layout from "../Layout.js"
import * as Terminal from "../Terminal.js"

/** Asks whether to delete the contacts, unless `--yes` is given. A deletion cannot be undone. */
const isConfirmed = (ids: ReadonlyArray<ContactId>, isYes: boolean): Effect.Effect<boolean, CliExit> => {
  if (isYes) return Effect.succeed(true)
  const what = ids.length === 1 ? `the contact ${ids[0]}` : `${ids.length.toLocaleString("en")} contacts`
  return Effect.flatMap(Terminal.confirm(`Delete ${what}?`), (answer) =>
    answer === undefined
      ? Effect.fail(usageError(`Deleting ${what} needs a confirmation, and this is not a terminal: add --yes`))
      : Effect.succeed(answer)
  )
}

export const deletes = Command.make(
  "delete",
  {
    contactIds: ContactIds.several,
    isYes: Options.boolean("yes").pipe(Options.withDescription("Deletes without asking")),
    isJson,
    connection: Options.all(Connection.options)
  },
  (given) =>
    Effect.gen(function* () {
      const { ids } = yield* ContactIds.idsOf(given.contactIds)
      if (!(yield* isConfirmed(ids, given.isYes))) return yield* Console.error("Nothing was deleted")
      const { deleteContact } = yield* ContactsService
      yield* ContactIds.forEach(ids, deleteContact, (id) =>
        given.isJson ? Layout.jsonLineOf({ id, deleted: true }) : `deleted ${id}`
      )
    }).pipe(Effect.provide(Connection.layer(given.connection)))
).pipe(
  describe("Deletes contacts. In a terminal it asks first; otherwise it needs --yes", [
    "growthhub delete seD4PfOuKoVMLkEZqohJ",
    "growthhub delete - --yes < ids.txt"
  ])
)
