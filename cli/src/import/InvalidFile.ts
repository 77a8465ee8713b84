// A file that is no list of contacts, and why.
import * as Data from "effect/Data"

/** A file that cannot be read as a list of contacts: nothing was sent. */
export class InvalidFile extends Data.TaggedError("InvalidFile")<{ readonly message: string }> {}

/** Any failure to read a file, as one. */
export const invalidFileOf = (error: unknown): InvalidFile =>
  error instanceof InvalidFile
    ? error
    : new InvalidFile({ message: error instanceof Error ? error.message : String(error) })
