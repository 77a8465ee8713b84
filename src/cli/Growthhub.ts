// The commands, their options, and what each does.
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { ContactsService } from "../ContactsService.js"
import { isArray, isUnset, type JsonObject } from "../internal/json.js"
import { ContactId, type ContactUpdate, type ContactUpsert } from "../Schema.js"
import * as Connection from "./Connection.js"
import * as Doctor from "./Doctor.js"
import { usageError, codes, CliExit, fromError } from "./CliExit.js"
import * as Fields from "./Fields.js"
import * as Import from "./Import.js"
import * as Layout from "./Layout.js"
import * as Serve from "./Serve.js"

const isJson = Options.boolean("json").pipe(Options.withDescription("JSON instead of a layout for people"))

const contactId = Args.text({ name: "contact-id" })

const idOf = (text: string) =>
  Either.mapLeft(Schema.decodeUnknownEither(ContactId)(text), () =>
    usageError("The contact's id must be a path segment")
  )

const stdin = NodeStream.fromReadable<unknown, Uint8Array>(
  () => process.stdin,
  (error) => error
)

// --- one contact -------------------------------------------------------------------------------------------------------

const get = Command.make("get", { contactId, isJson, connection: Options.all(Connection.options) }, (given) =>
  Effect.gen(function* () {
    const id = yield* idOf(given.contactId)
    const { getContact } = yield* ContactsService
    const contact = yield* Effect.mapError(getContact(id), fromError)
    yield* Console.log(given.isJson ? Layout.json(contact) : Layout.table(contact))
  }).pipe(Effect.provide(Connection.layer(given.connection)))
).pipe(Command.withDescription("Shows a contact"))

const cleared = Options.text("clear").pipe(
  Options.repeated,
  Options.withDescription("A field to be cleared; may be repeated")
)

const update = Command.make(
  "update",
  { contactId, ...Fields.options(Fields.common), cleared, isJson, connection: Options.all(Connection.options) },
  (given) =>
    Effect.gen(function* () {
      const id = yield* idOf(given.contactId)
      const fields = yield* Fields.read(given, stdin)
      // The service checks it: what is no field of an update is refused before it is sent.
      const changes = { ...fields, ...Object.fromEntries(given.cleared.map((field) => [field, null])) } as ContactUpdate
      if (Object.keys(changes).length === 0) {
        return yield* usageError("Nothing to update: give a field, as --first-name NAME, or --stdin")
      }
      const { updateContact } = yield* ContactsService
      const contact = yield* Effect.mapError(updateContact(id, changes), fromError)
      yield* Console.log(given.isJson ? Layout.json(contact) : Layout.table(contact))
    }).pipe(Effect.provide(Connection.layer(given.connection)))
).pipe(Command.withDescription("Changes fields of a contact, and leaves the others"))

/** What says where a contact goes and how it is matched, and nothing about it. */
const addresses = new Set(["locationId", "createNewIfDuplicateAllowed"])

const isEmpty = (value: unknown) =>
  isUnset(typeof value === "string" ? value.trim() : value) || (isArray(value) && value.length === 0)

/** An upsert of nothing creates a contact that nobody can find. */
const saysAnything = (fields: JsonObject) =>
  Object.entries(fields).some(([field, value]) => !addresses.has(field) && !isEmpty(value))

const upsert = Command.make(
  "upsert",
  {
    ...Fields.options([...Fields.common, "companyName", "gender"]),
    isJson,
    connection: Options.all(Connection.options)
  },
  (given) =>
    Effect.gen(function* () {
      const fields = yield* Fields.read(given, stdin)
      if (!saysAnything(fields)) {
        return yield* usageError("Nothing to upsert: give a field, as --email ADDRESS, or --stdin")
      }
      const { locationId } = yield* Connection.Session
      const isGiven = Option.isSome(given.connection.location)
      const located =
        locationId === undefined || ("locationId" in fields && !isGiven) ? fields : { ...fields, locationId }
      if (!("locationId" in located)) {
        return yield* usageError("Which location? Give --location or GROWTHHUB_LOCATION_ID")
      }
      const { upsertContact } = yield* ContactsService
      // The service checks it.
      const contact = yield* Effect.mapError(upsertContact(located as unknown as ContactUpsert), fromError)
      yield* Console.log(
        given.isJson ? Layout.json(contact) : `${contact.new ? "created" : "updated"}\n${Layout.table(contact)}`
      )
    }).pipe(Effect.provide(Connection.layer(given.connection)))
).pipe(Command.withDescription("Creates a contact, or updates the one with its email or phone"))

// --- many of them ------------------------------------------------------------------------------------------------------

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

const imports = Command.make(
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
).pipe(Command.withDescription("Upserts every contact of a file; can be interrupted and resumed at any moment"))

// --- the way to the service --------------------------------------------------------------------------------------------

const doctor = Command.make("doctor", { connection: Options.all(Connection.options) }, ({ connection }) =>
  Effect.provide(Doctor.run, Connection.layer(connection))
).pipe(Command.withDescription("Looks at token, scopes, clock and quota, and says what to fix"))

const sandbox = Command.make(
  "sandbox",
  {
    port: Options.text("port").pipe(
      Options.withDefault("0"),
      Options.filterMap(
        (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 65535 ? Option.some(Number(text)) : Option.none()),
        "--port takes a number from 0 to 65535"
      ),
      Options.withDescription("0 is a free one")
    ),
    control: Options.boolean("control").pipe(
      Options.withDescription("Faults, outage, contacts and ledger over HTTP, under /_sandbox")
    )
  },
  ({ port, control }) => Serve.run(port, control)
).pipe(Command.withDescription("Runs the sandbox, until it is interrupted"))

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string
}

const growthhub = Command.make("growthhub").pipe(
  Command.withDescription(
    `Contacts of GrowthHub. The token is in GROWTHHUB_TOKEN, the location in GROWTHHUB_LOCATION_ID. ` +
      `Exit codes: ${codes.usage} bad input, ${codes.credentials} refused credentials, ${codes.rejected} contacts not applied, ` +
      `${codes.unavailable} try again later.`
  ),
  Command.withSubcommands([get, update, upsert, imports, doctor, sandbox])
)

/** Runs the command that the arguments name, as `process.argv` has them. */
export const run = (args: ReadonlyArray<string>) =>
  Command.run(growthhub, { name: "growthhub", version })(args).pipe(
    Effect.tapErrorTag("CliExit", ({ message }) => Console.error(Layout.plainLines(message))),
    Effect.provide(NodeContext.layer)
  )

/** What a script is told of how it ended. */
export const codeOf = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return 0
  const failure = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (failure instanceof CliExit) return failure.code
  // The others are faults of the arguments, and were told.
  if (failure !== undefined) return codes.usage
  return Cause.isInterruptedOnly(exit.cause) ? codes.interrupted : codes.unexpected
}

/** Tells whether standard output could not be written. A reader that goes away, as head does, has what it wanted. */
const watchOutput = () => {
  let hasFailed = false
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") hasFailed = true
  })
  process.stderr.on("error", () => undefined)
  return () => hasFailed
}

/** Runs it, and ends the process with its exit code. */
export const main = (args: ReadonlyArray<string>): void => {
  const hasOutputFailed = watchOutput()
  NodeRuntime.runMain(run(args), {
    disableErrorReporting: true,
    teardown: (exit, end) => {
      if (Exit.isFailure(exit) && Cause.isDie(exit.cause)) process.stderr.write(`${Cause.pretty(exit.cause)}\n`)
      // A failed write is told in the next turn.
      setImmediate(() => {
        const code = codeOf(exit)
        if (code !== 0 || !hasOutputFailed()) return end(code)
        process.stderr.write("Standard output could not be written\n")
        return end(codes.unexpected)
      })
    }
  })
}
