// The command options for the fields of a contact.
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ContactId } from "effect-growthhub/Schema"
import { type CliExit, usageError } from "./CliExit.js"
import { type JsonObject, parseObject } from "./Json.js"
import * as StandardInput from "./StandardInput.js"

/** The option `--json`. */
export const isJson = Options.boolean("json").pipe(Options.withDescription("JSON instead of a table"))

/** Parses an argument as the id of a contact. */
export const idOf = (text: string): Either.Either<ContactId, CliExit> =>
  Either.mapLeft(Schema.decodeUnknownEither(ContactId)(text), () =>
    usageError("The contact's id must be a path segment")
  )

/** The text fields of a contact that have an option of their own in every command that writes contacts. */
export const common = [
  ...([
    "firstName",
    "lastName",
    "name",
    "email",
    "phone",
    "address1",
    "city",
    "state",
    "postalCode",
    "country"
  ] as const),
  ...(["website", "timezone", "dateOfBirth", "source", "assignedTo"] as const)
] as const

const dashed = (field: string) => field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

const textOptions = (fields: ReadonlyArray<string>) =>
  Options.all(
    Object.fromEntries(fields.map((field) => [field, Options.optional(Options.text(dashed(field)))] as const))
  )

const others = {
  dnd: Options.choice("dnd", ["true", "false"]).pipe(Options.optional, Options.withDescription("Do not disturb")),
  tags: Options.text("tag").pipe(Options.repeated, Options.withDescription("Overwrites all tags; may be repeated")),
  customFields: Options.text("custom-field").pipe(
    Options.repeated,
    Options.withDescription("ID=TEXT; may be repeated. Other kinds of values by --stdin")
  ),
  isStdin: Options.boolean("stdin").pipe(
    Options.withDescription("Reads a JSON object of fields from standard input; options take precedence")
  )
}

/** The parsed options for the fields of a contact. */
export interface FieldOptions {
  readonly texts: { readonly [field: string]: Option.Option<string> }
  readonly dnd: Option.Option<"true" | "false">
  readonly tags: ReadonlyArray<string>
  readonly customFields: ReadonlyArray<string>
  readonly isStdin: boolean
}

export const options = (fields: ReadonlyArray<string>) => ({ texts: textOptions(fields), ...others })

const customField = (text: string): Effect.Effect<{ readonly id: string; readonly value: string }, CliExit> => {
  const at = text.indexOf("=")
  return at > 0
    ? Effect.succeed({ id: text.slice(0, at), value: text.slice(at + 1) })
    : Effect.fail(usageError("--custom-field takes ID=TEXT"))
}

const standardInput = (isAsked: boolean): Effect.Effect<JsonObject, CliExit> =>
  isAsked
    ? Effect.flatMap(StandardInput.text, (text) =>
        Option.match(parseObject(text), {
          onNone: () => Effect.fail(usageError("Standard input must be a JSON object of the contact's fields")),
          onSome: Effect.succeed
        })
      )
    : Effect.succeed({})

/** The fields of a contact, from standard input and options; an option overrides standard input. The call checks them. */
export const read = (given: FieldOptions): Effect.Effect<JsonObject, CliExit> =>
  Effect.gen(function* () {
    const json = yield* standardInput(given.isStdin)
    const texts = Object.entries(given.texts).flatMap(([field, text]) =>
      Option.match(text, { onNone: () => [], onSome: (value) => [[field, value] as const] })
    )
    const customFields = yield* Effect.forEach(given.customFields, customField)
    return {
      ...json,
      ...Object.fromEntries(texts),
      ...(Option.isSome(given.dnd) ? { dnd: given.dnd.value === "true" } : {}),
      ...(given.tags.length > 0 ? { tags: given.tags } : {}),
      ...(customFields.length > 0 ? { customFields } : {})
    }
  })
