// The outcome of a contact, and the error of a run that stops early.
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as Errors from "../Errors.js"
import type * as Schema from "../Schema.js"

/**
 * The outcome of one contact.
 *
 * - `Created`, `Updated`: the service applied it. It is `Updated` too if an earlier send, whose response was lost, created it.
 * - `Rejected`: the service did not apply it.
 * - `Unknown`: the service may have applied it, but no response confirms that, and sending it again could create it twice or
 *   fails for another reason. A contact with an email or a phone and without `createNewIfDuplicateAllowed` is sent again first.
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome = Data.TaggedEnum<{
  Created: {
    /** The place of the contact in the list, from 0. */
    readonly index: number
    /** The contact as it was given. */
    readonly input: Schema.ContactUpsert
    /** The contact that the service created. */
    readonly contact: Schema.UpsertedContact
  }
  Updated: {
    /** The place of the contact in the list, from 0. */
    readonly index: number
    /** The contact as it was given. */
    readonly input: Schema.ContactUpsert
    /** The contact that the service updated. */
    readonly contact: Schema.UpsertedContact
  }
  Rejected: {
    /** The place of the contact in the list, from 0. */
    readonly index: number
    /** The contact as it was given. */
    readonly input: Schema.ContactUpsert
    /** Why the contact was not applied. */
    readonly error: Errors.ContactsError
  }
  Unknown: {
    /** The place of the contact in the list, from 0. */
    readonly index: number
    /** The contact as it was given. */
    readonly input: Schema.ContactUpsert
    /** Why it is not known whether the contact was applied. */
    readonly error: Errors.ContactsError
  }
}>

/**
 * Constructors, guards and `$match` of {@link Outcome}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const Outcome = Data.taggedEnum<Outcome>()

/**
 * The outcome of a contact that was not applied, or may not have been.
 *
 * @since 0.1.0
 * @category models
 */
export type Failure = Extract<Outcome, { readonly error: Errors.ContactsError }>

/**
 * A run stopped before all contacts had an outcome. The next run with the same checkpoint sends the others.
 *
 * @since 0.2.0
 * @category errors
 */
export class BulkStopped extends Data.TaggedError("BulkStopped")<{
  /**
   * The reason why the run stopped.
   *
   * - `Unauthorized`: the service refuses the token, the OAuth grant is no longer valid, or the token endpoint refuses the app.
   * - `Forbidden`: the service refuses the location, or its firewall blocks the requests: `failures` contacts in a row, or all
   *   of them, were refused for that reason. None of these contacts has an outcome.
   * - `QuotaExhausted`: the rate limit lets no request leave for longer than `maximumWait`, for example because the daily quota is
   *   exhausted.
   * - `Outage`: `failures` calls in a row, or all of them, failed transiently (5xx, transport). None of these contacts has an
   *   outcome.
   * - `Unresolved`: the list has ended, but some contacts have no known outcome although they were sent three times.
   */
  readonly reason: "Unauthorized" | "Forbidden" | "QuotaExhausted" | "Outage" | "Unresolved"
  /** A description of the reason in one sentence. */
  readonly message: string
  /** The error of the call that stopped the run. */
  readonly error: Errors.ContactsError
  /** The delay before the next run; present with `QuotaExhausted`. */
  readonly retryAfter?: Duration.Duration | undefined
  /** The places, from 0, of the contacts that the next run sends again; present with `Unresolved`. */
  readonly unresolved?: ReadonlyArray<number> | undefined
}> {}
