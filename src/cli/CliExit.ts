// How the command ends.
import * as Data from "effect/Data"
import type { BulkStopped } from "../ContactsBulk.js"
import type { ContactsError } from "../Errors.js"

/** The exit codes, for scripts to tell apart. */
export const codes = {
  unexpected: 1,
  usage: 2,
  credentials: 3,
  rejected: 4,
  unavailable: 5,
  interrupted: 130
} as const

/** An end that is not success, with what to tell the user. */
export class CliExit extends Data.TaggedError("CliExit")<{ readonly code: number; readonly message: string }> {}

export const usageError = (message: string) => new CliExit({ code: codes.usage, message })

const codeOf = (error: ContactsError): number => {
  switch (error._tag) {
    case "Unauthorized":
      return codes.credentials
    case "Unprocessable":
      return error.attempts === 0 ? codes.usage : codes.rejected
    case "BadRequest":
    case "Forbidden":
      return codes.rejected
    case "TransportError":
      // A base URL that no bearer may go to.
      return error.attempts === 0 && !error.isRetryable ? codes.usage : codes.unavailable
    default:
      return codes.unavailable
  }
}

/** What an error says, each fault of an input by itself. */
export const reasons = (error: ContactsError): ReadonlyArray<string> =>
  error._tag === "Unprocessable" && error.details.length > 0 ? error.details : [error.message]

/** Where a call failed. */
export const fromError = (error: ContactsError): CliExit => {
  const isOpen =
    error.outcome === "Unknown" ? "\nIt may have been applied all the same: look before you repeat it." : ""
  return new CliExit({ code: codeOf(error), message: `${reasons(error).join("\n")}${isOpen}` })
}

/** Where a run stopped. */
export const fromStopped = ({ reason, message }: BulkStopped, goOn: string): CliExit =>
  new CliExit({
    code: reason === "Unauthorized" || reason === "Forbidden" ? codes.credentials : codes.unavailable,
    message: `${message}\n${goOn}`
  })
