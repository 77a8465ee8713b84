// Decides whether the error of an upsert is about the contact, the location or the service. No effects.
import * as Duration from "effect/Duration"
import { upsertContact } from "../api/contacts.js"
import type * as Errors from "../Errors.js"
import { inSeconds } from "../runtime/duration.js"
import type { ContactUpsert } from "../Schema.js"
import { type BulkStopped, type Failure, Outcome } from "./outcome.js"

/** A contact of the list. */
export interface Item {
  readonly index: number
  readonly input: ContactUpsert
  /** The number of times that this run has sent the contact. */
  readonly sends: number
  /** Whether an earlier send of this run may have applied the contact. */
  readonly mayBeApplied: boolean
}

/** The maximum number of times that one run sends one contact. Each send is a call with its own retries. */
export const maximumSends = 3

/** Whether an upsert of the contact can be sent again without creating it twice. */
export const { isSafeToRetry: isUpsertSafeToRetry } = upsertContact

/**
 * The meaning of a failed upsert.
 *
 * - `TokenRefused`, `RateLimited`: no other contact can be sent either.
 * - `LocationRefused`: the service refuses the location or the token's access to it, not the contact.
 * - `Unexplained`: the service neither accepted nor refused the contact: 5xx, transport, an unreadable response.
 * - `InvalidInput`: the library refused the contact without a request.
 * - `ContactRefused`: the service refuses this contact.
 */
export type Verdict =
  "TokenRefused" | "RateLimited" | "LocationRefused" | "Unexplained" | "InvalidInput" | "ContactRefused"

/** Matches words in messages about the account of the token. */
const account =
  /\b(?:locations?|location ?ids?|sub-?accounts?|accounts?|agency|company|subscription|plan|app|token|scopes?)\b/i

/** Matches words in messages about one contact, even if the messages mention the location. */
const contact = /duplicat|\b(?:phones?|e-?mails?|tags?|custom ?fields?|time ?zones?|country|countries|assigned)\b/i

const isOfAccount = (line: string) => account.test(line) && !contact.test(line)

const isOfLocation = (error: Errors.BadRequest | Errors.Unprocessable): boolean => {
  if (error.attempts === 0 || (error._tag === "BadRequest" && error.isContactNotFound)) return false
  const lines = error.details.length > 0 ? error.details : [error.message]
  return lines.every(isOfAccount)
}

export const verdictOf = (error: Errors.ContactsError): Verdict => {
  switch (error._tag) {
    case "Unauthorized":
      return "TokenRefused"
    case "RateLimited":
      return "RateLimited"
    case "Forbidden":
      return "LocationRefused"
    case "ServerError":
    case "TransportError":
    case "UnexpectedResponse":
      return "Unexplained"
    case "BadRequest":
    case "Unprocessable":
      if (isOfLocation(error)) return "LocationRefused"
      return error.attempts === 0 ? "InvalidInput" : "ContactRefused"
  }
}

export const failureOf = ({ index, input, mayBeApplied }: Item, error: Errors.ContactsError): Failure =>
  Outcome[mayBeApplied || error.outcome === "Unknown" ? "Unknown" : "Rejected"]({ index, input, error })

/** Whether a contact can be sent again without being applied twice. */
export type IsSafeToRetry = (input: ContactUpsert) => boolean

/** Whether sending the contact again may help and cannot create it twice. */
export const shouldResend = (
  isSafeToRetry: IsSafeToRetry,
  { input, sends }: Item,
  { _tag, error }: Failure
): boolean =>
  _tag === "Unknown"
    ? isSafeToRetry(input) && (error.outcome === "Unknown" || error.isRetryable)
    : error.isRetryable && sends < maximumSends

const contacts = (count: number) => `${count} contact${count === 1 ? "" : "s"}`

/** The message of `BulkStopped`. */
export const stopMessage = (
  reason: BulkStopped["reason"],
  { message }: Errors.ContactsError,
  more: Pick<Partial<BulkStopped>, "retryAfter" | "unresolved">
): string => {
  switch (reason) {
    case "Unauthorized":
      return `The service refuses the token: ${message}`
    case "Forbidden":
      return `The service refuses every request for this location: ${message}`
    case "QuotaExhausted":
      return `Quota exhausted; requests may be sent again in ${inSeconds(more.retryAfter ?? Duration.zero)}`
    case "Outage":
      return `The service is unavailable: ${message}`
    case "Unresolved":
      return `${contacts(more.unresolved?.length ?? 0)} left without a known outcome after ${maximumSends} sends each; the next run sends them again: ${message}`
  }
}
