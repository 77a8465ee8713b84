// growthhub fields: lists and creates the custom fields of a location.
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { CustomFieldsService } from "effect-growthhub/CustomFieldsService"
import { CustomFieldDefinition } from "effect-growthhub/Schema"
import { fromError } from "../CliExit.js"
import * as Connection from "../Connection.js"
import { isJson } from "../ContactOptions.js"
import { describe, describeAll } from "../Help.js"
import * as Layout from "../Layout.js"

const encode = Schema.encodeSync(CustomFieldDefinition)

/** The types of custom fields that need only a name, then those that also need options. */
const types = [
  ...(["TEXT", "LARGE_TEXT", "NUMERICAL", "FLOAT", "MONETORY", "DATE", "TIME", "PHONE", "EMAIL"] as const),
  ...(["SINGLE_OPTIONS", "RADIO", "CHECKBOX", "MULTIPLE_OPTIONS"] as const)
] as const

const grid = (fields: ReadonlyArray<CustomFieldDefinition>): string =>
  Layout.grid(
    ["ID", "NAME", "KEY", "TYPE", "OPTIONS"],
    fields.map(({ id, name, fieldKey, dataType, picklistOptions }) => [id, name, fieldKey, dataType, picklistOptions])
  )

const list = Command.make("list", { isJson, connection: Options.all(Connection.options) }, (given) =>
  Effect.gen(function* () {
    const locationId = yield* Connection.requiredLocation
    const { getCustomFields } = yield* CustomFieldsService
    const fields = yield* Effect.mapError(getCustomFields(locationId, { model: "contact" }), fromError)
    if (fields.length === 0) return yield* Console.error("The location has no custom fields of contacts")
    yield* Console.log(given.isJson ? fields.map((field) => Layout.jsonLineOf(encode(field))).join("\n") : grid(fields))
  }).pipe(Effect.provide(CustomFieldsService.layerHttp), Effect.provide(Connection.layer(given.connection)))
).pipe(
  describe("Shows the custom fields of contacts. With --json, one object per line", [
    "growthhub fields list",
    "growthhub fields list --location ve9EPM428h8vShlRW1KT --json"
  ])
)

const create = Command.make(
  "create",
  {
    name: Args.text({ name: "name" }).pipe(Args.withDescription("The name of the field")),
    type: Options.choice("type", types).pipe(
      Options.withDefault("TEXT" as const),
      Options.withDescription(`TEXT by default, or one of ${types.slice(1).join(", ")}`)
    ),
    choices: Options.text("option").pipe(
      Options.repeated,
      Options.withDescription("An option that can be chosen; may be repeated")
    ),
    isJson,
    connection: Options.all(Connection.options)
  },
  (given) =>
    Effect.gen(function* () {
      const locationId = yield* Connection.requiredLocation
      const { createCustomField } = yield* CustomFieldsService
      const field = yield* Effect.mapError(
        createCustomField(locationId, {
          name: given.name,
          dataType: given.type,
          model: "contact",
          ...(given.choices.length === 0 ? {} : { options: given.choices })
        }),
        fromError
      )
      yield* Console.log(given.isJson ? Layout.jsonOf(encode(field)) : `created ${Layout.plain(field.id)}`)
    }).pipe(Effect.provide(CustomFieldsService.layerHttp), Effect.provide(Connection.layer(given.connection)))
).pipe(
  describe("Adds a custom field to contacts", [
    "growthhub fields create Budget --type NUMERICAL",
    "growthhub fields create Color --type SINGLE_OPTIONS --option red --option blue"
  ])
)

export const fields = Command.make("fields").pipe(
  describeAll("The custom fields of a location.", { list: "shows them", create: "adds one" }, [
    "growthhub fields list",
    "growthhub fields create Budget --type NUMERICAL"
  ]),
  Command.withSubcommands([list, create])
)
