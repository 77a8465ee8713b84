// growthhub tags: adds and removes tags of contacts.
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as Connection from "../Connection.js"
import * as ContactIds from "../ContactIds.js"
import { isJson } from "../ContactOptions.js"
import { describe, describeAll } from "../Help.js"
import * as Layout from "../Layout.js"

const options = {
  contactId: ContactIds.oneOrInput,
  tags: Args.text({ name: "tag" }).pipe(Args.atLeast(1)),
  isJson,
  connection: Options.all(Connection.options)
}

type TagsOptions = Command.Command.ParseConfig<typeof options>

const change = (given: TagsOptions, method: "addTags" | "removeTags") =>
  Effect.gen(function* () {
    const { ids } = yield* ContactIds.idsOf([given.contactId])
    const service = yield* ContactsService
    yield* ContactIds.forEach(
      ids,
      (id) => service[method](id, given.tags),
      (id, { tags }) =>
        given.isJson ? Layout.jsonLineOf({ id, tags }) : `${id}  ${Layout.plain(tags.join(", "))}`.trim()
    )
  }).pipe(Effect.provide(Connection.layer(given.connection)))

const add = Command.make("add", options, (given) => change(given, "addTags")).pipe(
  describe("Adds tags to a contact, and shows its tags", [
    "growthhub tags add seD4PfOuKoVMLkEZqohJ vip berlin",
    "cut -d, -f1 ids.csv | growthhub tags add - vip"
  ])
)

const remove = Command.make("remove", options, (given) => change(given, "removeTags")).pipe(
  describe("Removes tags of a contact, and shows the tags that are left", [
    "growthhub tags remove seD4PfOuKoVMLkEZqohJ vip"
  ])
)

export const tags = Command.make("tags").pipe(
  describeAll("The tags of contacts.", { add: "adds tags to contacts", remove: "removes tags of contacts" }, [
    "growthhub tags add seD4PfOuKoVMLkEZqohJ vip"
  ]),
  Command.withSubcommands([add, remove])
)
