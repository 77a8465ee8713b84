// Reading standard input.
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type CliExit, usageError } from "./CliExit.js"

const bytes = NodeStream.fromReadable<unknown, Uint8Array>(
  () => process.stdin,
  (error) => error
)

/** What the parser of arguments is given for `-`, which it takes for an option. No argument of a process has this character. */
const mark = "\u0000"

/** Options without a value: `-` behind one of them is an argument. */
const flags = new Set(["--json", "--yes", "--sandbox", "--ids", "--resume", "--restart", "--overwrite"])

/** The arguments as the parser takes them. The value of an option stays as it is. */
export const marked = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  args.map((arg, index) => {
    const before = args[index - 1] ?? ""
    return arg === "-" && (!before.startsWith("--") || flags.has(before)) ? mark : arg
  })

/** Whether an argument is `-`, which stands for standard input. */
export const isMark = (arg: string | undefined): boolean => arg === "-" || arg === mark

/** Where standard input is read from; a test has its own. */
export class Source extends Context.Reference<Source>()("growthhub/StandardInput", {
  defaultValue: (): Stream.Stream<Uint8Array, unknown> => bytes
}) {}

/** All of standard input, as text. */
export const text: Effect.Effect<string, CliExit> = Effect.flatMap(Source, (source) =>
  source.pipe(
    Stream.decodeText(),
    Stream.runCollect,
    Effect.mapBoth({
      onFailure: () => usageError("Standard input cannot be read"),
      onSuccess: (chunks) => Chunk.join(chunks, "")
    })
  )
)
