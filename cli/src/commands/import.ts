// growthhub import: upserts every contact of a file.
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { type CliExit, usageError } from "../CliExit.js"
import * as Connection from "../Connection.js"
import { describe } from "../Help.js"
import * as StandardInput from "../StandardInput.js"

/** Parses `NAME=FIELD` at the last `=`, because the name of a column may contain one. */
const columnOf = (text: string): Effect.Effect<readonly [name: string, field: string], CliExit> => {
  const at = text.lastIndexOf("=")
  return at > 0
    ? Effect.succeed([text.slice(0, at).trim(), text.slice(at + 1).trim()])
    : Effect.fail(usageError("--column takes NAME=FIELD"))
}

/** Quotes a word so that a shell reads it as one word. */
const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

const flag = (name: string, description: string) => Options.boolean(name).pipe(Options.withDescription(description))

const text = (name: string, description: string) =>
  Options.text(name).pipe(Options.optional, Options.withDescription(description))

const flags = {
  ignoresOthers: flag("ignore-others", "Leaves out all columns that are not a field of a contact"),
  updatesOnly: flag(
    "update-only",
    "Only updates contacts: each row's contact is looked up by email, then by phone, and a row without one is rejected"
  ),
  createsOnly: flag(
    "create-only",
    "Only creates contacts: a row whose email or phone a contact has already is rejected, and that contact is left as it is"
  ),
  replacesTags: flag(
    "replace-tags",
    "Replaces the tags of a contact by those of its row, in one request. By default the tags of a row are added: the " +
      "contact is upserted without them and then updated with its own tags and the row's, so that a row with tags takes " +
      "two requests; a tag that somebody else adds between these two is lost"
  ),
  clearsNulls: flag(
    "clear-nulls",
    "null in NDJSON clears the field of the contact. By default the field is left as it is"
  ),
  skipsInvalidCells: flag(
    "skip-invalid-cells",
    "Leaves out a cell that cannot be read. By default its row is rejected. A row is still rejected if the cell is the only one that identifies its contact"
  )
} as const

const texts = {
  mapping: text("mapping", "A file that maps columns to fields, as --save-mapping writes it"),
  country: text("country", "The two-letter code of the country of phones without a country code"),
  dateFormat: text("date-format", "DD.MM.YYYY, MM/DD/YYYY or YYYY-MM-DD, for columns whose days do not show the order"),
  listSeparator: text(
    "list-separator",
    "The separator of tags and options in a cell: by default ; or, for tags, a comma"
  ),
  encoding: text("encoding", "The file's encoding, if the detected one is wrong: windows-1252, utf-16le …"),
  directory: text("checkpoint", "The directory for checkpoint and report; by default they are beside the file")
} as const

/** The arguments and options of the command. */
const options = {
  file: Args.text({ name: "file" }).pipe(
    Args.withDescription(
      "CSV with a header (commas, semicolons, tabs), .xlsx, NDJSON, or a JSON array. - is standard input: it is kept in a private temporary file until the command ends, can be resumed only with --checkpoint DIR and the same input, and its report is in this directory or in DIR"
    )
  ),
  isDryRun: flag(
    "dry-run",
    "Checks every row, says what would happen, and writes nothing; it reads only the custom fields that columns name"
  ),
  isResumed: flag("resume", "Continues an import that has not ended"),
  isRestarted: flag("restart", "Forgets an earlier import of this file"),
  columns: Options.text("column").pipe(
    Options.repeated,
    Options.withDescription(
      "The field of a column whose name does not tell it: --column 'E-Mail 1=email'. Custom fields are found by name, key or id. Also keeps a column that would be left out of an export of HighLevel (found by Contact Id and one of Last Activity, Created, Business Name), HubSpot (Record ID and one of Create Date, Lead Status, Phone Number …), Mailchimp (two of LEID, EUID, OPTIN_TIME …) or Google Contacts (E-mail 1 - Value or Phone 1 - Value)"
    )
  ),
  ignored: Options.text("ignore").pipe(
    Options.repeated,
    Options.withDescription("A column to leave out; may be repeated")
  ),
  ...texts,
  isJson: flag("json", "One line of JSON instead of a summary for people"),
  savedMapping: text("save-mapping", "Writes the mapping of columns to fields to a new file"),
  ...flags,
  connection: Options.all(Connection.options)
} as const

type ImportOptions = Command.Command.ParseConfig<typeof options>

const flagNames = {
  ignoresOthers: "ignore-others",
  updatesOnly: "update-only",
  createsOnly: "create-only",
  replacesTags: "replace-tags",
  clearsNulls: "clear-nulls",
  skipsInvalidCells: "skip-invalid-cells",
  isJson: "json"
} as const

const textNames = {
  mapping: "mapping",
  country: "country",
  dateFormat: "date-format",
  listSeparator: "list-separator",
  encoding: "encoding",
  directory: "checkpoint"
} as const

const keysOf = <A extends object>(record: A) => Object.keys(record) as Array<keyof A>

const given = (name: string, value: Option.Option<string>) =>
  Option.match(value, { onNone: () => [], onSome: (word) => [`--${name}`, word] })

const written = (words: ReadonlyArray<string>) => words.map(quoted).join(" ")

/** The command that resumes an import: the same options and `--resume`. */
const resumeCommand = (command: ImportOptions) =>
  written([
    ...["growthhub", "import", StandardInput.isMark(command.file) ? "-" : command.file],
    ...command.columns.flatMap((column) => ["--column", column]),
    ...command.ignored.flatMap((name) => ["--ignore", name]),
    ...keysOf(textNames).flatMap((key) => given(textNames[key], command[key])),
    ...keysOf(flagNames).flatMap((key) => (command[key] ? [`--${flagNames[key]}`] : [])),
    ...given("location", command.connection.location),
    ...given("base-url", command.connection.baseUrl),
    ...given("profile", command.connection.profile),
    "--resume"
  ])

/** Whether the import updates existing contacts, creates new ones, or both. */
const modeOf = ({ updatesOnly, createsOnly }: ImportOptions) => {
  if (updatesOnly && createsOnly) return Either.left(usageError("Either --update-only or --create-only"))
  return Either.right(
    updatesOnly ? ("UpdateOnly" as const) : createsOnly ? ("CreateOnly" as const) : ("Upsert" as const)
  )
}

/** Checks `--country` and `--date-format`, which take only certain values. */
const valuesOf = ({ country, dateFormat }: ImportOptions) =>
  Effect.gen(function* () {
    const { isPhoneCountry } = yield* Effect.promise(() => import("../import/Phone.js"))
    const { orderOfFormat } = yield* Effect.promise(() => import("../import/Days.js"))
    const code = Option.getOrUndefined(country)?.toUpperCase()
    if (code !== undefined && !isPhoneCountry(code)) {
      return yield* usageError("--country takes the two-letter code of a country, such as US")
    }
    const format = Option.getOrUndefined(dateFormat)
    const dayOrder = format === undefined ? undefined : orderOfFormat(format)
    if (format !== undefined && dayOrder === undefined) {
      return yield* usageError("--date-format takes DD.MM.YYYY, MM/DD/YYYY or YYYY-MM-DD")
    }
    return { country: code, dayOrder }
  })

/** The field of each column, from the mapping file and the options. An option overrides the file. */
const columnsOf = ({ columns, ignored, mapping }: ImportOptions) =>
  Effect.gen(function* () {
    const Mapping = yield* Effect.promise(() => import("../import/Mapping.js"))
    const kept = Option.isNone(mapping) ? {} : (yield* Mapping.read(mapping.value)).columns
    const own = yield* Effect.forEach(columns, columnOf)
    const named = Object.entries(kept).flatMap(([name, field]) => (field === null ? [] : [[name, field] as const]))
    const leftOut = Object.entries(kept).flatMap(([name, field]) => (field === null ? [name] : []))
    return { columns: new Map([...named, ...own]), ignored: new Set([...leftOut, ...ignored]) }
  })

export const imports = Command.make("import", options, (command) =>
  Effect.gen(function* () {
    // The module is loaded on demand, because it is large and other commands do not need it.
    const Import = yield* Effect.promise(() => import("../import/Import.js"))
    const { file, connection, ignoresOthers, replacesTags, clearsNulls, skipsInvalidCells } = command
    const Spool = yield* Effect.promise(() => import("../import/Spool.js"))
    const input = StandardInput.isMark(file) ? yield* Spool.spool : ({ file, name: file } as const)
    const directory = Option.getOrUndefined(command.directory)
    const task = {
      name: StandardInput.isMark(file) ? "Standard input" : file,
      beside: input.name,
      isResumable: !StandardInput.isMark(file) || directory !== undefined,
      isJson: command.isJson,
      options: {
        file: input.file,
        locationId: yield* Connection.locationOf(connection),
        ...(yield* columnsOf(command)),
        ...(yield* valuesOf(command)),
        mode: yield* modeOf(command),
        listSeparator: Option.getOrUndefined(command.listSeparator),
        encoding: Option.getOrUndefined(command.encoding),
        ...{ ignoresOthers, replacesTags, clearsNulls, skipsInvalidCells }
      },
      again: resumeCommand(command),
      forgets: written(["growthhub", "forget", input.name, ...given("checkpoint", command.directory)]),
      isResumed: command.isResumed,
      isRestarted: command.isRestarted,
      directory,
      savedMapping: Option.getOrUndefined(command.savedMapping)
    }
    const service = Connection.layer(connection)
    yield* command.isDryRun ? Import.tryImport(task, service) : Effect.provide(Import.run(task), service)
  }).pipe(Effect.scoped)
).pipe(
  describe("Upserts every contact of a file; can be interrupted and resumed at any moment", [
    "growthhub import leads.csv --dry-run",
    "growthhub import leads.csv --sandbox",
    "growthhub import leads.csv --column 'Cell=phone' --country US --ignore-others",
    "growthhub import leads.csv --update-only"
  ])
)
