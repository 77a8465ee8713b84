// Reads standard input, and recognizes the argument `-` that stands for it.
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { type CliExit, usageError } from "./CliExit.js"

/** The mark that replaces `-` for the parser, which takes `-` for an option. A process argument cannot contain it. */
const mark = "\u0000"

/** The options without a value. A `-` after one of them is an argument. */
const flags = new Set(
  (
    "--json --yes --sandbox --ids --resume --restart --overwrite --ignore-others --update-only --create-only " +
    "--replace-tags --clear-nulls --skip-invalid-cells --dry-run"
  ).split(" ")
)

/** The arguments for the parser, with each `-` replaced by the mark. A `-` that is the value of an option is kept. */
export const marked = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  args.map((arg, index) => {
    const before = args[index - 1] ?? ""
    return arg === "-" && (!before.startsWith("--") || flags.has(before)) ? mark : arg
  })

/** Whether an argument is `-`, which stands for standard input. */
export const isMark = (arg: string | undefined): boolean => arg === "-" || arg === mark

const readAll = async (): Promise<string> => {
  const decoder = new TextDecoder()
  let text = ""
  for await (const chunk of process.stdin) text += decoder.decode(chunk as Buffer, { stream: true })
  return text + decoder.decode()
}

/** The function that reads standard input. Tests provide their own. */
export class Reader extends Context.Reference<Reader>()("growthhub/StandardInput", {
  defaultValue: (): Effect.Effect<string, CliExit> =>
    Effect.tryPromise({ try: readAll, catch: () => usageError("Standard input cannot be read") })
}) {}

/** All of standard input, as text. */
export const text: Effect.Effect<string, CliExit> = Effect.flatten(Reader)
