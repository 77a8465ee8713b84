// Reads and writes mapping files: JSON files that hold the field of each column of a list.
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { readFile } from "node:fs/promises"
import { type CliExit, usageError } from "../CliExit.js"
import { parseOption } from "../Json.js"
import { type Column, mappingOf } from "./Columns.js"
import * as PrivateFiles from "./PrivateFiles.js"

const Mapping = Schema.Struct({ columns: Schema.Record({ key: Schema.String, value: Schema.NullOr(Schema.String) }) })

/** The field of each column, or null for a column that is left out. */
export type Mapping = typeof Mapping.Type

const decode = Schema.decodeUnknownOption(Mapping)

/** Reads a mapping file. */
export const read = (file: string): Effect.Effect<Mapping, CliExit> =>
  Effect.tryPromise({
    try: () => readFile(file, "utf8"),
    catch: () => usageError(`--mapping: ${file} cannot be read`)
  }).pipe(
    Effect.flatMap((text) =>
      Option.match(Option.flatMap(parseOption(text), decode), {
        onNone: () =>
          Effect.fail(
            usageError(`--mapping: ${file} must be JSON such as {"columns":{"E-Mail 1":"email","Notes":null}}`)
          ),
        onSome: Effect.succeed
      })
    )
  )

/** Writes the columns of a list to a new mapping file. Fails if the file exists. */
export const save = (file: string, columns: ReadonlyArray<Column>): Effect.Effect<void, CliExit> =>
  Effect.tryPromise({
    try: () => PrivateFiles.create(file, `${JSON.stringify({ columns: mappingOf(columns) }, null, 2)}\n`),
    catch: () => usageError(`--save-mapping: ${file} cannot be written`)
  }).pipe(
    Effect.flatMap((isNew) =>
      isNew ? Effect.void : Effect.fail(usageError(`--save-mapping: the file ${file} exists already`))
    )
  )
