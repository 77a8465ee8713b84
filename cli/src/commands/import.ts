// growthhub import: every contact of a file.
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type CliExit, usageError } from "../CliExit.js"
import * as Connection from "../Connection.js"
import { describe } from "../Help.js"
import * as Import from "../import/Import.js"

/** The name of a column may have the sign itself. */
const columnOf = (text: string): Effect.Effect<readonly [name: string, field: string], CliExit> => {
  const at = text.lastIndexOf("=")
  return at > 0
    ? Effect.succeed([text.slice(0, at).trim(), text.slice(at + 1).trim()])
    : Effect.fail(usageError("--column takes NAME=FIELD"))
}

/** As a shell takes it for one word. */
const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

/** The command that goes on with an import: its own options again. */
const again = ({
  file,
  columns,
  ignored,
  replacesTags,
  clearsNulls,
  connection
}: {
  readonly file: string
  readonly columns: ReadonlyArray<string>
  readonly ignored: ReadonlyArray<string>
  readonly replacesTags: boolean
  readonly clearsNulls: boolean
  readonly connection: Connection.Connection
}) =>
  [
    ...["growthhub", "import", file],
    ...columns.flatMap((column) => ["--column", column]),
    ...ignored.flatMap((name) => ["--ignore", name]),
    ...(replacesTags ? ["--replace-tags"] : []),
    ...(clearsNulls ? ["--clear-nulls"] : []),
    ...Option.match(connection.location, { onNone: () => [], onSome: (location) => ["--location", location] }),
    ...Option.match(connection.baseUrl, { onNone: () => [], onSome: (url) => ["--base-url", url] }),
    "--resume"
  ]
    .map(quoted)
    .join(" ")

export const imports = Command.make(
  "import",
  {
    file: Args.file({ name: "file", exists: "yes" }).pipe(
      Args.withDescription("CSV with a header (also with ; or tabs), or NDJSON (.ndjson, .jsonl)")
    ),
    isDryRun: Options.boolean("dry-run").pipe(Options.withDescription("Checks every row and sends nothing")),
    isResumed: Options.boolean("resume").pipe(Options.withDescription("Goes on with an import that has not ended")),
    isRestarted: Options.boolean("restart").pipe(Options.withDescription("Forgets an earlier import of this file")),
    columns: Options.text("column").pipe(
      Options.repeated,
      Options.withDescription("The field of a column, where its name does not say: --column 'E-Mail 1=email'")
    ),
    ignored: Options.text("ignore").pipe(
      Options.repeated,
      Options.withDescription("A column to leave out; may be repeated")
    ),
    replacesTags: Options.boolean("replace-tags").pipe(
      Options.withDescription(
        "Replaces the tags of a contact by those of its row, in one request. By default the tags of a row are added: the " +
          "contact is upserted without them and then updated with its own tags and the row's, so that a row with tags takes " +
          "two requests; a tag that somebody else adds between these two is lost"
      )
    ),
    clearsNulls: Options.boolean("clear-nulls").pipe(
      Options.withDescription("null in NDJSON clears the field of the contact. By default the field is left as it is")
    ),
    connection: Options.all(Connection.options)
  },
  (given) =>
    Effect.gen(function* () {
      const { file, isDryRun, isResumed, isRestarted, columns, ignored, replacesTags, clearsNulls, connection } = given
      const task = {
        file,
        isResumed,
        isRestarted,
        locationId: yield* Connection.locationOf(connection),
        columns: new Map(yield* Effect.forEach(columns, columnOf)),
        again: again(given),
        replacesTags,
        clearsNulls,
        ignored: new Set(ignored)
      }
      yield* isDryRun ? Import.dryRun(task) : Effect.provide(Import.run(task), Connection.layer(connection))
    })
).pipe(
  describe("Upserts every contact of a file; can be interrupted and resumed at any moment", [
    "growthhub import leads.csv --dry-run",
    "growthhub import leads.csv --sandbox",
    "growthhub import leads.csv --column 'Cell=phone' --ignore Notes"
  ])
)
