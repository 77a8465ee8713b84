// What happens to a contact of a run, and why a run ends early.
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as Errors from "../Errors.js"
import type * as Schema from "../Schema.js"

/**
 * What happened to one contact. `index` is its place in the list, from 0, and `input` is the contact as it was given.
 *
 * - `Created`, `Updated`: it was applied; `contact` is what the service answered.
 * - `Rejected`: it was not applied; `error` says why.
 * - `Unknown`: it may have been applied, no response says so, and sending it again could create it twice. A contact with an
 *   email or a phone and without `createNewIfDuplicateAllowed` never ends like this: it is sent again.
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome = Data.TaggedEnum<{
  Created: { readonly index: number; readonly input: Schema.ContactUpsert; readonly contact: Schema.UpsertedContact }
  Updated: { readonly index: number; readonly input: Schema.ContactUpsert; readonly contact: Schema.UpsertedContact }
  Rejected: { readonly index: number; readonly input: Schema.ContactUpsert; readonly error: Errors.ContactsError }
  Unknown: { readonly index: number; readonly input: Schema.ContactUpsert; readonly error: Errors.ContactsError }
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
 * Why a run ended before all contacts were settled. The next run with the same checkpoint sends those that were not.
 *
 * @since 0.2.0
 * @category errors
 */
export class BulkStopped extends Data.TaggedError("BulkStopped")<{
  /**
   * - `Unauthorized`: the service refuses the token, or the grant is no longer valid.
   * - `Forbidden`: the service refuses the location, or the edge blocks the requests: as many refusals in a row as
   *   `failures` says, or all there were. None of these contacts is settled.
   * - `QuotaExhausted`: no request may be sent for longer than `patience`, for example because the daily quota is used up.
   *   `retryAfter` says when to go on.
   * - `Outage`: as many calls in a row as `failures` says, or all there were, failed without a response that refuses the
   *   contact. None of these contacts is settled.
   * - `Unresolved`: the list has ended, but for some contacts no response says whether they were applied, although they
   *   were sent three times. `unresolved` has their places.
   */
  readonly reason: "Unauthorized" | "Forbidden" | "QuotaExhausted" | "Outage" | "Unresolved"
  /** What happened, for a person. */
  readonly message: string
  /** The error of the call that ended the run. */
  readonly error: Errors.ContactsError
  /** How long to wait before the next run, where the service said so. */
  readonly retryAfter?: Duration.Duration | undefined
  /** With `Unresolved`: the places in the list of the contacts that the next run sends again. */
  readonly unresolved?: ReadonlyArray<number> | undefined
}> {}
