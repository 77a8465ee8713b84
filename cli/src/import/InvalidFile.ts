// The failure for a file that is not a list of contacts.
import * as Data from "effect/Data"

/** The failure for a file that cannot be read as a list of contacts. No request was sent. */
export class InvalidFile extends Data.TaggedError("InvalidFile")<{ readonly message: string }> {}

/** Converts any failure to read a file into an {@link InvalidFile}. */
export const invalidFileOf = (error: unknown): InvalidFile =>
  error instanceof InvalidFile
    ? error
    : new InvalidFile({ message: error instanceof Error ? error.message : String(error) })
