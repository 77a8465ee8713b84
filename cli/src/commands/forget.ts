// growthhub forget: removes the checkpoint and the reports that an import left beside its file.
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { usageError } from "../CliExit.js"
import { isJson } from "../ContactOptions.js"
import { describe } from "../Help.js"
import { jsonLineOf } from "../Layout.js"

export const forget = Command.make(
  "forget",
  {
    file: Args.text({ name: "file" }).pipe(Args.withDescription("The file that was imported; it is not changed")),
    directory: Options.text("checkpoint").pipe(
      Options.optional,
      Options.withDescription("The directory of the import's checkpoint")
    ),
    isJson
  },
  ({ file, directory, isJson }) =>
    Effect.gen(function* () {
      const Checkpoint = yield* Effect.promise(() => import("../import/Checkpoint.js"))
      const Report = yield* Effect.promise(() => import("../import/Report.js"))
      const parent = Option.getOrUndefined(directory)
      const hadCheckpoint = yield* Checkpoint.forget(file, parent)
      const reports = yield* Effect.tryPromise({
        try: () => Report.forget(file, parent),
        catch: () => usageError(`The reports of ${file} cannot be removed`)
      })
      const removed = [...(hadCheckpoint ? [Checkpoint.directoryOf(file, parent)] : []), ...reports]
      if (isJson) return yield* Console.log(jsonLineOf({ removed }))
      yield* Console.log(
        removed.length === 0 ? "There is nothing to forget" : removed.map((name) => `removed ${name}`).join("\n")
      )
    })
).pipe(
  describe("Removes the checkpoint and the reports of an import, which hold personal data", [
    "growthhub forget leads.csv"
  ])
)
