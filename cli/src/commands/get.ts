// growthhub get: shows contacts by their ids.
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactId } from "effect-growthhub/Schema"
import { CliExit, fromError } from "../CliExit.js"
import * as Connection from "../Connection.js"
import * as ContactIds from "../ContactIds.js"
import { isJson } from "../ContactOptions.js"
import { describe } from "../Help.js"
import * as Layout from "../Layout.js"

const one = (id: ContactId, asJson: boolean) =>
  Effect.gen(function* () {
    const { getContact } = yield* ContactsService
    const contact = yield* Effect.mapError(getContact(id), fromError)
    yield* Console.log(asJson ? Layout.json(contact) : Layout.table(contact))
  })

/** Shows several contacts. A contact that cannot be read does not stop the others. */
const many = (ids: ReadonlyArray<ContactId>, asJson: boolean) =>
  Effect.gen(function* () {
    // The module is loaded on demand, because a command for one contact does not need it.
    const ContactsBulk = yield* Effect.promise(() => import("effect-growthhub/ContactsBulk"))
    let failed: CliExit | undefined
    let failures = 0
    let isFirst = true
    yield* Stream.runForEach(ContactsBulk.getMany(ids), ({ id, result }) => {
      if (Either.isRight(result)) {
        const text = asJson ? Layout.jsonLine(result.right) : `${isFirst ? "" : "\n"}${Layout.table(result.right)}`
        isFirst = false
        return Console.log(text)
      }
      const end = fromError(result.left)
      failed ??= end
      failures += 1
      return Console.error(`${id}: ${Layout.plain(end.message)}`)
    })
    if (failed !== undefined) {
      return yield* new CliExit({ code: failed.code, message: `${failures} of ${ids.length} not shown` })
    }
  })

export const get = Command.make(
  "get",
  { contactIds: ContactIds.several, isJson, connection: Options.all(Connection.options) },
  (given) =>
    Effect.gen(function* () {
      const { ids, isSingle } = yield* ContactIds.idsOf(given.contactIds)
      const [first] = ids
      yield* isSingle && first !== undefined ? one(first, given.isJson) : many(ids, given.isJson)
    }).pipe(Effect.provide(Connection.layer(given.connection)))
).pipe(
  describe("Shows contacts. With --json, one contact is an object, and several are one object per line", [
    "growthhub get seD4PfOuKoVMLkEZqohJ",
    "growthhub get seD4PfOuKoVMLkEZqohJ ocQHyuzHvysMo5N5VsXc --json",
    "cut -d, -f1 ids.csv | growthhub get - --json"
  ])
)
