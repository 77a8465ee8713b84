// The failures that end the command, with their exit codes and messages.
import * as Data from "effect/Data"
import type { BulkStopped } from "effect-growthhub/ContactsBulk"
import type { ContactsError } from "effect-growthhub/Errors"

/** The exit codes of the command. Scripts distinguish failures by them. */
export const codes = {
  unexpected: 1,
  usage: 2,
  credentials: 3,
  rejected: 4,
  unavailable: 5,
  interrupted: 130
} as const

/** A failure that ends the command. */
export class CliExit extends Data.TaggedError("CliExit")<{
  /** The exit code of the process. */
  readonly code: number
  /** The message for the user: what happened, and what to do. */
  readonly message: string
  /** The failed call that ended the command. */
  readonly error?: ContactsError | undefined
}> {}

/** The failure for invalid arguments or input. No request was sent. */
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
      // The base URL is one to which no access token may be sent.
      return error.attempts === 0 && !error.isRetryable ? codes.usage : codes.unavailable
    case "UnexpectedResponse":
      // A 4xx status refuses the request, and a retry would not change that.
      return Math.floor((error.status ?? 0) / 100) === 4 && !error.isRetryable ? codes.rejected : codes.unavailable
    default:
      return codes.unavailable
  }
}

/** The reasons in an error: each fault of the input as one item, otherwise the message. */
export const reasons = (error: ContactsError): ReadonlyArray<string> =>
  error._tag === "Unprocessable" && error.details.length > 0 ? error.details : [error.message]

/** The failure of the command after a failed call. */
export const fromError = (error: ContactsError): CliExit => {
  const unknownOutcomeHint =
    error.outcome === "Unknown" ? "\nIt may have been applied all the same: check that before you send it again." : ""
  return new CliExit({ code: codeOf(error), message: `${reasons(error).join("\n")}${unknownOutcomeHint}`, error })
}

/** The failure of the command after a bulk run that stopped. `goOn` tells the user how to continue the run. */
export const fromStopped = ({ reason, message }: BulkStopped, resumeHint: string): CliExit =>
  new CliExit({
    code: reason === "Unauthorized" || reason === "Forbidden" ? codes.credentials : codes.unavailable,
    message: `${message}\n${resumeHint}`
  })

/** The failure as one line of JSON, for scripts. */
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
