// Saves standard input to a temporary file, because a list is read more than once.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import { createWriteStream } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { type CliExit, usageError } from "../CliExit.js"

/** The temporary file that holds standard input. */
export interface Spooled {
  readonly file: string
  /** A name derived from the contents, so that the same input has the same name. */
  readonly name: string
}

/** Writes standard input to a file that only its owner can read. The file is removed when the scope ends. */
export const spool: Effect.Effect<Spooled, CliExit, Scope.Scope> = Effect.gen(function* () {
  const directory = yield* Effect.acquireRelease(
    Effect.tryPromise({
      // `mkdtemp` creates the directory with mode 0700.
      try: () => mkdtemp(join(tmpdir(), "growthhub-")),
      catch: () => usageError(`Standard input cannot be kept in ${tmpdir()}: set TMPDIR to a directory of your own`)
    }),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
  )
  const file = join(directory, "stdin")
  const hash = createHash("sha256")
  yield* Effect.tryPromise({
    try: (signal) =>
      pipeline(
        process.stdin,
        async function* (chunks: AsyncIterable<Uint8Array>) {
          for await (const chunk of chunks) {
            hash.update(chunk)
            yield chunk
          }
        },
        createWriteStream(file, { flags: "wx", mode: 0o600 }),
        { signal }
      ),
    catch: () => usageError(`Standard input cannot be read, or there is no room for it in ${tmpdir()}`)
  })
  return { file, name: `stdin-${hash.digest("hex").slice(0, 8)}` }
})
