// Reading standard input.
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { type CliExit, usageError } from "./CliExit.js"

/** What the parser of arguments is given for `-`, which it takes for an option. No argument of a process has this character. */
const mark = "\u0000"

/** Options without a value: `-` behind one of them is an argument. */
const flags = new Set(
  (
    "--json --yes --sandbox --ids --resume --restart --overwrite --ignore-others --update-only --create-only " +
    "--replace-tags --clear-nulls --skip-invalid-cells --dry-run"
  ).split(" ")
)

/** The arguments as the parser takes them. The value of an option stays as it is. */
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

/** What reads standard input; a test has its own. */
export class Reader extends Context.Reference<Reader>()("growthhub/StandardInput", {
  defaultValue: (): Effect.Effect<string, CliExit> =>
    Effect.tryPromise({ try: readAll, catch: () => usageError("Standard input cannot be read") })
}) {}

/** All of standard input, as text. */
export const text: Effect.Effect<string, CliExit> = Effect.flatten(Reader)
