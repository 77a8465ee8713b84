/**
 * Upserts and reads of many contacts as streams. An upsert reports the outcome of each contact, and continues after its
 * process was killed at any moment.
 *
 * @module
 * @since 0.1.0
 */
import * as Cache from "effect/Cache"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as checkpoints from "./bulk/checkpoint.js"
import type { Checkpoint, CheckpointError } from "./bulk/checkpoint.js"
import { maximumLead } from "./bulk/journal.js"
import * as letters from "./bulk/letters.js"
import { getShared } from "./bulk/lookups.js"
import * as ordering from "./bulk/ordering.js"
import type { BulkStopped, Failure, Outcome } from "./bulk/outcome.js"
import * as runs from "./bulk/run.js"
import { pages } from "./bulk/search.js"
import { isUpsertSafeToRetry } from "./bulk/verdict.js"
import { makePull, runWorkers } from "./bulk/workers.js"
import { ContactsService } from "./ContactsService.js"
import type * as Errors from "./Errors.js"
import { defaultLimit } from "./limiter/service.js"
import * as RateLimit from "./RateLimit.js"
import type * as Schema from "./Schema.js"

export { BulkStopped, type Failure, Outcome } from "./bulk/outcome.js"
export { type Checkpoint, CheckpointError, type Counts } from "./bulk/checkpoint.js"

// --- the checkpoint ----------------------------------------------------------------------------------------------------

/**
 * The progress of all runs with a checkpoint.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress {
  /** The number of contacts with each outcome. */
  readonly counts: checkpoints.Counts
  /** Whether all contacts of the list have an outcome. */
  readonly isComplete: boolean
}

/**
 * The progress of all runs with this checkpoint; `None` if there was no run.
 *
 * @since 0.1.0
 * @category checkpoints
 */
export const progress = (checkpoint: Checkpoint): Effect.Effect<Option.Option<Progress>, CheckpointError> =>
  Effect.map(
    checkpoints.readProgress(checkpoint),
    Option.map(({ counts, isComplete }) => ({ counts, isComplete }))
  )

/**
 * Removes a checkpoint with its dead letters. Safe to retry.
 *
 * @since 0.1.0
 * @category checkpoints
 */
export const clear = (checkpoint: Checkpoint): Effect.Effect<void, CheckpointError> => checkpoints.clear(checkpoint)

/**
 * Removes the dead letters of a checkpoint, the only personal data in it, and keeps its counts. Safe to retry.
 *
 * @since 0.2.0
 * @category checkpoints
 */
export const clearDeadLetters = (checkpoint: Checkpoint): Effect.Effect<void, CheckpointError> =>
  checkpoints.clearDeadLetters(checkpoint)

/**
 * The contacts that ended as `Rejected` or `Unknown` in all runs with this checkpoint, in the form of their request bodies.
 * Correct them and send them by another `upsertMany`, with a new checkpoint: in this one they have an outcome.
 *
 * @example
 * import * as Stream from "effect/Stream"
 * import * as ContactsBulk from "effect-growthhub/ContactsBulk"
 *
 * export const again = (checkpoint: ContactsBulk.Checkpoint) =>
 *   ContactsBulk.deadLetters(checkpoint).pipe(
 *     Stream.filter((letter) => letter.error._tag === "ServerError"),
 *     Stream.map((letter) => letter.input),
 *     (contacts) => ContactsBulk.upsertMany(contacts, { checkpoint: { ...checkpoint, name: "again" } })
 *   )
 *
 * @since 0.1.0
 * @category checkpoints
 */
export const deadLetters = (checkpoint: Checkpoint): Stream.Stream<Failure, CheckpointError> => letters.all(checkpoint)

// --- upserts -----------------------------------------------------------------------------------------------------------

/**
 * The options of {@link upsertMany}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The store for the run's progress. The next run continues from it after a kill. None by default. */
  readonly checkpoint?: Checkpoint | undefined
  /**
   * Whether outcomes are emitted in the order of the list. By default (`false`), each one is emitted at once. Contacts that
   * are sent again at the end of the list do not delay the others; their outcomes are emitted last.
   */
  readonly isOrdered?: boolean | undefined
  /**
   * The number of concurrent calls, 256 at most. By default a fifth of the requests that the rate limit allows per interval
   * (`RateLimit.states`, or the documented 100): enough to use the whole limit, with few calls waiting for it.
   */
  readonly concurrency?: number | undefined
  /**
   * The maximum total delay of one contact by the rate limit. After a longer one the run stops with `QuotaExhausted`. One
   * minute by default.
   */
  readonly maximumWait?: Duration.DurationInput | undefined
  /**
   * The number of failures in a row that stops the run: transient failures (5xx, transport) with `Outage`, refusals of the
   * location (403, or a 400 or 422 about the location) with `Forbidden`. 20 by default, 1000 at most.
   */
  readonly failures?: number | undefined
  /**
   * Whether a contact can be sent again without being applied twice. By default: it has an email or a phone, and not
   * `createNewIfDuplicateAllowed`. Set it for a `ContactsService` of your own whose `upsertContact` sends another request,
   * such as an update by id, which can always be sent again.
   *
   * @since 0.2.0
   */
  readonly isSafeToRetry?: ((contact: Schema.ContactUpsert) => boolean) | undefined
  /**
   * The values by which the service finds a contact: contacts that share one are sent one after the other, in the order of the
   * list. By default the email, and the digits of the phone.
   *
   * @since 0.2.0
   */
  readonly identitiesOf?: ((contact: Schema.ContactUpsert) => ReadonlyArray<string>) | undefined
}

const maximumConcurrency = 256

/** An option as a whole number from 1 to `maximum`; the default if it is undefined or not a number. */
const clampCount = (option: number | undefined, byDefault: number, maximum: number) =>
  option === undefined || Number.isNaN(option) ? byDefault : Math.min(maximum, Math.max(1, Math.floor(option)))

/** A fifth of the limit: the limiter sends bulk requests evenly, a tenth of the interval at a time. */
const defaultConcurrency: Effect.Effect<number> = Effect.gen(function* () {
  const rateLimit = yield* RateLimit.RateLimit
  const limits = (yield* rateLimit.states).map(({ limit }) => limit)
  const limit = limits.length > 0 ? Math.max(...limits) : defaultLimit
  return Math.min(maximumConcurrency, Math.max(2, Math.ceil(limit / 5)))
})

/**
 * Upserts each contact of a stream and emits its outcome. Interactive calls take precedence in the rate limit
 * (`RateLimit.Priority` is `bulk`). The number of contacts in memory is bounded.
 *
 * - A contact that fails does not stop the others. Contacts with the same email or phone are sent one after the other, in the
 *   order of the list.
 * - A contact with an unknown outcome is sent again if that is safe (with an email or a phone, without
 *   `createNewIfDuplicateAllowed`): up to three times. If its outcome is still unknown, the run stops with `Unresolved`, and
 *   the next run sends it again. If sending it again is not safe, the contact is `Unknown`.
 * - With a checkpoint, a run can be killed at any moment. The next run with the same list sends only the contacts that have
 *   no outcome yet.
 * - An outcome is emitted once, after it is saved. The outcomes of earlier runs are in {@link progress} and
 *   {@link deadLetters}.
 *
 * Fails with the error of the stream, with `BulkStopped`, or with `CheckpointError`, when the calls in flight have ended.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/upsert-contact
 *
 * @example
 * import * as Console from "effect/Console"
 * import * as Stream from "effect/Stream"
 * import * as ContactsBulk from "effect-growthhub/ContactsBulk"
 * import type { ContactUpsert } from "effect-growthhub/Schema"
 *
 * export const imported = (contacts: Stream.Stream<ContactUpsert>) =>
 *   ContactsBulk.upsertMany(contacts).pipe(
 *     Stream.runForEach(
 *       ContactsBulk.Outcome.$match({
 *         Created: ({ contact }) => Console.log("created", contact.id),
 *         Updated: ({ contact }) => Console.log("updated", contact.id),
 *         Rejected: ({ index, error }) => Console.error("rejected", index, error.message),
 *         Unknown: ({ index, error }) => Console.error("unknown", index, error.message)
 *       })
 *     )
 *   )
 *
 * @since 0.1.0
 * @category bulk
 */
export const upsertMany = <E, R>(
  contacts: Stream.Stream<Schema.ContactUpsert, E, R>,
  options: Options = {}
): Stream.Stream<Outcome, E | BulkStopped | CheckpointError, R | ContactsService> =>
  Stream.unwrapScoped(
    Effect.gen(function* () {
      const service = yield* ContactsService
      const journal = yield* checkpoints.open(options.checkpoint)
      const concurrency = clampCount(options.concurrency, yield* defaultConcurrency, maximumConcurrency)
      const outcomes = yield* Mailbox.make<Outcome, E | BulkStopped | CheckpointError>(concurrency)
      const offer = (outcome: Outcome) => outcomes.offer(outcome)
      const emitter =
        options.isOrdered === true ? yield* ordering.emitInOrder(journal, offer) : ordering.emitUnordered(offer)
      const identitiesOf = options.identitiesOf ?? ordering.identitiesOf
      const takeTurn = ordering.makeTurns(identitiesOf)
      const run = runs.make({
        service,
        journal,
        emitter,
        takeTurn,
        concurrency,
        isSafeToRetry: options.isSafeToRetry ?? isUpsertSafeToRetry,
        identitiesOf,
        // The limit is less than `maximumLead`, because the slowest contact may wait for the outcomes of these failures.
        failures: clampCount(options.failures, 20, maximumLead / 2),
        maximumWait: Duration.toMillis(options.maximumWait ?? "1 minute")
      })
      const pull = yield* makePull(contacts, journal, run.ending)
      yield* runWorkers(run, pull, takeTurn, concurrency).pipe(
        Effect.provideService(RateLimit.Priority, "bulk" as const),
        Effect.matchCauseEffect({
          onFailure: (cause) => Effect.zipRight(emitter.flush, outcomes.failCause(cause)),
          onSuccess: () => outcomes.end
        }),
        Effect.forkScoped
      )
      return Mailbox.toStream(outcomes)
    })
  )

// --- reads -------------------------------------------------------------------------------------------------------------

/**
 * The result for one id of {@link getMany}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Found {
  /** The id of the contact. */
  readonly id: Schema.ContactId
  /** The contact, or the error of its call. */
  readonly result: Either.Either<Schema.Contact, Errors.ContactsError>
}

/**
 * A cache of contacts that several {@link getMany} share. Concurrent lookups of one contact send one request. Failures are
 * not cached.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContactCache extends Cache.Cache<Schema.ContactId, Schema.Contact, Errors.ContactsError> {}

/** The service whose contacts a cache holds. */
const servicesOfCaches = new WeakMap<ContactCache, Context.Tag.Service<ContactsService>>()

/**
 * A cache for {@link getMany}. It holds the contacts of the service that it was made with; calls of another service do not use
 * it, because that may be another customer's account.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeCache = (options: {
  /** The maximum number of contacts in the cache. */
  readonly capacity: number
  /** The time after which a contact is read again. */
  readonly timeToLive: Duration.DurationInput
}): Effect.Effect<ContactCache, never, ContactsService> =>
  Effect.flatMap(ContactsService, (service) =>
    Cache.makeWith({
      capacity: options.capacity,
      lookup: service.getContact,
      timeToLive: Exit.match({ onSuccess: () => options.timeToLive, onFailure: () => Duration.zero })
    }).pipe(Effect.tap((cache) => Effect.sync(() => servicesOfCaches.set(cache, service))))
  )

/**
 * Gets many contacts. An id that occurs several times is read once. Results come in the order in which the ids first occur.
 * A contact that fails does not stop the others. Interactive calls take precedence in the rate limit. Safe to retry.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-contact
 *
 * @since 0.1.0
 * @category bulk
 */
export const getMany = <E = never, R = never>(
  ids: Iterable<Schema.ContactId> | Stream.Stream<Schema.ContactId, E, R>,
  options: {
    /** The number of concurrent calls, 256 at most. The default is that of {@link upsertMany}. */
    readonly concurrency?: number | undefined
    /** The cache of contacts that were read before; see {@link makeCache}. None by default. */
    readonly cache?: ContactCache | undefined
  } = {}
): Stream.Stream<Found, E, R | ContactsService> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const service = yield* ContactsService
      const concurrency = clampCount(options.concurrency, yield* defaultConcurrency, maximumConcurrency)
      const { cache } = options
      const isShared = cache !== undefined && (servicesOfCaches.get(cache) ?? service) === service
      const get = (id: Schema.ContactId) => (isShared ? getShared(cache, id) : service.getContact(id))
      const seen = new Set<Schema.ContactId>()
      const stream: Stream.Stream<Schema.ContactId, E, R> = Symbol.iterator in ids ? Stream.fromIterable(ids) : ids
      return stream.pipe(
        Stream.filter((id) => !seen.has(id) && seen.add(id) !== undefined),
        Stream.mapEffect(
          (id) =>
            Effect.either(get(id)).pipe(
              Effect.provideService(RateLimit.Priority, "bulk" as const),
              Effect.map((result): Found => ({ id, result }))
            ),
          { concurrency }
        )
      )
    })
  )

// --- searches ----------------------------------------------------------------------------------------------------------

/**
 * All contacts that match a search. Pages of 500 by default are requested one after the other when they are needed, and only
 * one page is in memory. Interactive calls take precedence in the rate limit. Safe to retry.
 *
 * It continues by `searchAfter`, so it is not limited to the 10,000 contacts that `page` can reach. It fails with the errors
 * of `ContactsService.searchContacts`, after it has emitted the contacts of the earlier pages. Another `searchAll` with the
 * `searchAfter` of the last emitted contact continues after that contact.
 *
 * Limitations:
 * - The index is behind writes, by seconds and at times by a minute: contacts that were just added or changed may be missing
 *   or outdated, and deleted ones may still be found.
 * - In the default order (`dateAdded`, oldest first), a contact that is changed during the search is emitted once, in its
 *   place, and a contact that is added during the search is emitted last. In the order of `dateUpdated` or another field
 *   that is written during the search, a contact may be emitted twice or not at all.
 * - Fields that only `getContact` returns, such as `createdBy`, are missing: see `getMany`.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/search-contacts-advanced
 *
 * @example
 * import * as Console from "effect/Console"
 * import * as Stream from "effect/Stream"
 * import * as ContactsBulk from "effect-growthhub/ContactsBulk"
 * import * as Filter from "effect-growthhub/Filter"
 * import { LocationId } from "effect-growthhub/Schema"
 *
 * export const withoutPhone = ContactsBulk.searchAll({
 *   locationId: LocationId.make("ve9EPM428h8vShlRW1KT"),
 *   filters: [Filter.notExists("phone")]
 * }).pipe(Stream.runForEach(({ id }) => Console.log(id)))
 *
 * @since 0.2.0
 * @category bulk
 */
export const searchAll = (
  search: Omit<Schema.ContactSearch, "page">
): Stream.Stream<Schema.SearchedContact, Errors.ContactsError, ContactsService> => pages(search)
