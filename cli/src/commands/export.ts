// growthhub export: writes contacts in a format that growthhub import reads.
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Connection from "../Connection.js"
import * as Filters from "../Filters.js"
import { describe } from "../Help.js"
import * as StandardInput from "../StandardInput.js"

const flag = (name: string, description: string) => Options.boolean(name).pipe(Options.withDescription(description))

const formatOf = (file: string) => (/\.(?:ndjson|jsonl)$/i.test(file) ? "ndjson" : "csv")

export const exports = Command.make(
  "export",
  {
    file: Args.text({ name: "file" }).pipe(
      Args.optional,
      Args.withDescription("A new file, which only you can read; - or none is standard output")
    ),
    ...Filters.options,
    format: Options.choice("format", ["csv", "ndjson"]).pipe(
      Options.optional,
      Options.withDescription("By default ndjson for a file .ndjson or .jsonl, and csv for others")
    ),
    hasIds: flag(
      "ids",
      "With the ids of the contacts: an import of the file updates these very contacts, and makes no new ones"
    ),
    isResumed: flag("resume", "Continues an export that has not ended, from FILE.partial"),
    isRestarted: flag("restart", "Forgets an export of this name that has not ended"),
    isReplaced: flag("overwrite", "Replaces the file if there is one"),
    isJson: flag("json", "Writes a failure as one line of JSON"),
    connection: Options.all(Connection.options)
  },
  (given) =>
    Effect.gen(function* () {
      const Export = yield* Effect.promise(() => import("../export/Export.js"))
      const { hasIds, isResumed, isRestarted, isReplaced } = given
      const file = Option.filter(given.file, (name) => !StandardInput.isMark(name))
      const format = Option.getOrElse(given.format, () =>
        Option.match(file, { onNone: () => "csv" as const, onSome: formatOf })
      )
      const task = { filters: yield* Filters.read(given), format, hasIds, isResumed, isRestarted, isReplaced } as const
      yield* Option.match(file, { onNone: () => Export.toOutput(task), onSome: (name) => Export.toFile(task, name) })
    }).pipe(Effect.provide(Connection.layer(given.connection)))
).pipe(
  describe(
    "Writes the fields of contacts that an import can write, all contacts or those that match. To a file, it can be " +
      "interrupted and resumed at any moment",
    [
      "growthhub export contacts.csv",
      "growthhub export vips.ndjson --tag vip --ids",
      "growthhub export --updated-since 1d | head"
    ]
  )
)
