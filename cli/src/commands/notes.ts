// growthhub notes: lists and adds notes of a contact.
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { NotesService } from "effect-growthhub/NotesService"
import { Note } from "effect-growthhub/Schema"
import { fromError } from "../CliExit.js"
import * as Connection from "../Connection.js"
import * as ContactIds from "../ContactIds.js"
import { idOf, isJson } from "../ContactOptions.js"
import { describe, describeAll } from "../Help.js"
import * as Layout from "../Layout.js"
import * as StandardInput from "../StandardInput.js"

const encode = Schema.encodeSync(Note)

const grid = (notes: ReadonlyArray<Note>): string =>
  Layout.grid(
    ["ID", "ADDED", "TEXT"],
    notes.map((note) => [note.id, encode(note)["dateAdded"], note.bodyText ?? note.body])
  )

const list = Command.make(
  "list",
  { contactId: ContactIds.one, isJson, connection: Options.all(Connection.options) },
  (given) =>
    Effect.gen(function* () {
      const { getAllNotes } = yield* NotesService
      const notes = yield* Effect.mapError(getAllNotes(yield* idOf(given.contactId)), fromError)
      if (notes.length === 0) return yield* Console.error("The contact has no notes")
      yield* Console.log(given.isJson ? notes.map((note) => Layout.jsonLineOf(encode(note))).join("\n") : grid(notes))
    }).pipe(Effect.provide(NotesService.layerHttp), Effect.provide(Connection.layer(given.connection)))
).pipe(
  describe("Shows the notes of a contact. With --json, one object per line", [
    "growthhub notes list seD4PfOuKoVMLkEZqohJ"
  ])
)

const add = Command.make(
  "add",
  {
    contactId: ContactIds.one,
    text: Args.text({ name: "text" }).pipe(
      Args.withDescription("The text of the note; - reads it from standard input")
    ),
    title: Options.text("title").pipe(Options.optional, Options.withDescription("The title of the note")),
    isJson,
    connection: Options.all(Connection.options)
  },
  (given) =>
    Effect.gen(function* () {
      const id = yield* idOf(given.contactId)
      const body = StandardInput.isMark(given.text) ? (yield* StandardInput.text).trimEnd() : given.text
      const { createNote } = yield* NotesService
      const note = yield* Effect.mapError(
        createNote(id, { body, ...(Option.isSome(given.title) ? { title: given.title.value } : {}) }),
        fromError
      )
      yield* Console.log(given.isJson ? Layout.jsonOf(encode(note)) : `added ${Layout.plain(note.id)}`)
    }).pipe(Effect.provide(NotesService.layerHttp), Effect.provide(Connection.layer(given.connection)))
).pipe(
  describe("Adds a note to a contact", [
    "growthhub notes add seD4PfOuKoVMLkEZqohJ 'Calls back on Monday'",
    "growthhub notes add seD4PfOuKoVMLkEZqohJ - --title Minutes < minutes.txt"
  ])
)

export const notes = Command.make("notes").pipe(
  describeAll("The notes of a contact.", { list: "shows the notes", add: "adds a note" }, [
    "growthhub notes add seD4PfOuKoVMLkEZqohJ 'Calls back on Monday'"
  ]),
  Command.withSubcommands([list, add])
)
