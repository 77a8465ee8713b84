// How the command ends.
import * as Data from "effect/Data"
import type { BulkStopped } from "effect-growthhub/ContactsBulk"
import type { ContactsError } from "effect-growthhub/Errors"

/** The exit codes, for scripts to tell apart. */
export const codes = {
  unexpected: 1,
  usage: 2,
  credentials: 3,
  rejected: 4,
  unavailable: 5,
  interrupted: 130
} as const

/** An end that is not success. */
export class CliExit extends Data.TaggedError("CliExit")<{
  /** The exit code of the process. */
  readonly code: number
  /** What happened, and what to do: for a person. */
  readonly message: string
  /** The failed call that ended the command. */
  readonly error?: ContactsError | undefined
}> {}

/** Arguments or input that cannot be used: nothing was sent. */
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
    case "UnexpectedResponse":
      // A status that refuses the request, and that no repeat changes.
      return Math.floor((error.status ?? 0) / 100) === 4 && !error.isRetryable ? codes.rejected : codes.unavailable
    default:
      return codes.unavailable
  }
}

/** What an error says, each fault of an input by itself. */
export const reasons = (error: ContactsError): ReadonlyArray<string> =>
  error._tag === "Unprocessable" && error.details.length > 0 ? error.details : [error.message]

/** The end after a failed call. */
export const fromError = (error: ContactsError): CliExit => {
  const isOpen =
    error.outcome === "Unknown" ? "\nIt may have been applied all the same: look before you repeat it." : ""
  return new CliExit({ code: codeOf(error), message: `${reasons(error).join("\n")}${isOpen}`, error })
}

/** The end after a run that stopped, with the command that goes on. */
export const fromStopped = ({ reason, message }: BulkStopped, goOn: string): CliExit =>
  new CliExit({
    code: reason === "Unauthorized" || reason === "Forbidden" ? codes.credentials : codes.unavailable,
    message: `${message}\n${goOn}`
  })

/** The same for a program: one line of JSON. */
export const toJson = ({ code, message, error }: CliExit): string =>
  JSON.stringify({
    error: error?._tag ?? "CliExit",
    exitCode: code,
    message,
    ...(error === undefined
      ? {}
      : {
          operation: error.operation,
          attempts: error.attempts,
          outcome: error.outcome,
          isRetryable: error.isRetryable,
          ...(error.status === undefined ? {} : { status: error.status }),
          ...(error.traceId === undefined ? {} : { traceId: error.traceId }),
          ...(error.details.length === 0 ? {} : { details: error.details })
        })
  })
