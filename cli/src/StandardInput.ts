// Reading standard input.
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type CliExit, usageError } from "./CliExit.js"

const bytes = NodeStream.fromReadable<unknown, Uint8Array>(
  () => process.stdin,
  (error) => error
)

/** All of standard input, as text. */
export const text: Effect.Effect<string, CliExit> = bytes.pipe(
  Stream.decodeText(),
  Stream.runCollect,
  Effect.mapBoth({
    onFailure: () => usageError("Standard input cannot be read"),
    onSuccess: (chunks) => Chunk.join(chunks, "")
  })
)
