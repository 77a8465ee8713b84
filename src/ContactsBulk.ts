/**
 * Streams of many contacts: upserts that say what happened to each and can be killed at any moment, and reads that ask for
 * each contact once.
 *
 * @since 0.1.0
 */
import * as Cache from "effect/Cache"
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Take from "effect/Take"
import * as journal from "./bulk/journal.js"
import type { Checkpoint, CheckpointError } from "./bulk/journal.js"
import * as letters from "./bulk/letters.js"
import * as ordering from "./bulk/ordering.js"
import type { BulkStopped, Failure, Outcome } from "./bulk/outcome.js"
import * as runs from "./bulk/run.js"
import type { Item } from "./bulk/verdict.js"
import { ContactsService } from "./ContactsService.js"
import type * as Errors from "./Errors.js"
import { defaultLimit } from "./limiter/service.js"
import * as RateLimit from "./RateLimit.js"
import type * as Schema from "./Schema.js"

export { BulkStopped, type Failure, Outcome } from "./bulk/outcome.js"
export { type Checkpoint, CheckpointError, type Counts } from "./bulk/journal.js"

// --- the checkpoint ----------------------------------------------------------------------------------------------------

/**
 * How far the runs with a checkpoint have come together.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress {
  /** How many contacts came to each end. */
  readonly counts: journal.Counts
  /** Whether all contacts of the list are settled. */
  readonly isComplete: boolean
}

/**
 * How far the runs with this checkpoint have come, if there was one.
 *
 * @since 0.1.0
 * @category checkpoints
 */
export const progress = (checkpoint: Checkpoint): Effect.Effect<Option.Option<Progress>, CheckpointError> =>
  Effect.map(
    journal.look(checkpoint),
    Option.map(({ counts, isComplete }) => ({ counts, isComplete }))
  )

/**
 * Forgets a checkpoint, its dead letters too.
 *
 * @since 0.1.0
 * @category checkpoints
 */
export const clear = (checkpoint: Checkpoint): Effect.Effect<void, CheckpointError> => journal.clear(checkpoint)

/**
 * Forgets the dead letters of a checkpoint, the only personal data in it, and keeps its counts.
 *
 * @since 0.2.0
 * @category checkpoints
 */
export const clearDeadLetters = (checkpoint: Checkpoint): Effect.Effect<void, CheckpointError> =>
  journal.clearLetters(checkpoint)

/**
 * The contacts that were rejected or ended as unknown in all runs with this checkpoint, to be reported, mended and fed to
 * another `upsertMany` (with another checkpoint, for theirs is settled). Contacts are as they would have been sent.
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
 * How {@link upsertMany} works.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Lets a run be killed at any moment and go on from there. Without one, all is forgotten with the run. */
  readonly checkpoint?: Checkpoint | undefined
  /**
   * Gives outcomes in the order of the list; by default they come as they end. A contact that is sent again later does not
   * hold the others up: its outcome is given when it is settled.
   */
  readonly isOrdered?: boolean | undefined
  /**
   * Calls at once, 256 at most. By default as many as leave in two tenths of the interval, by what `RateLimit` has learned
   * or the documentation says: enough to use the whole rate limit, and few that wait for it.
   */
  readonly concurrency?: number | undefined
  /**
   * How long one contact may be kept from leaving, all in all, before the run stops with `QuotaExhausted`. A minute by
   * default.
   */
  readonly patience?: Duration.DurationInput | undefined
  /**
   * After how many in a row the run stops: failures without a verdict (5xx, transport) with `Outage`, refusals of the
   * location (403, or a 400 that concerns the location) with `Forbidden`. 20 by default, 1000 at most.
   */
  readonly failures?: number | undefined
}

const mostAtOnce = 256

/** What is no number is as good as not given. */
const between = (given: number | undefined, otherwise: number, most: number) =>
  given === undefined || Number.isNaN(given) ? otherwise : Math.min(most, Math.max(1, Math.floor(given)))

/** As many as leave in two tenths of the interval: bulk work goes evenly, a tenth at a time. */
const fitting: Effect.Effect<number> = Effect.gen(function* () {
  const rateLimit = yield* RateLimit.RateLimit
  const limits = (yield* rateLimit.states).map(({ limit }) => limit)
  const limit = limits.length > 0 ? Math.max(...limits) : defaultLimit
  return Math.min(mostAtOnce, Math.max(2, Math.ceil(limit / 5)))
})

/**
 * Upserts each contact of a stream and tells what happened to it. It takes what pacing leaves after interactive calls
 * (`RateLimit.Priority` is `bulk`), and holds a bounded number of contacts in memory.
 *
 * - A contact that fails does not stop the others. Two with one email or phone go one after the other, as in the list.
 * - A contact whose outcome is unknown is sent again where that is safe (with an email or a phone, without
 *   `createNewIfDuplicateAllowed`): up to three times in a run, and again by the next run, which the run asks for by
 *   stopping with `Unresolved`. Where it is not safe, the contact is `Unknown`.
 * - With a checkpoint, a run that was killed at any moment and is started again with the same list does not send again what
 *   was answered, and loses nothing.
 * - Outcomes are given once, after they are written down: those of earlier runs are in {@link progress} and
 *   {@link deadLetters}.
 *
 * It fails with the stream's own error, with `BulkStopped`, or with `CheckpointError`, after the calls on their way have
 * ended.
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
      const done = yield* journal.open(options.checkpoint)
      const concurrency = between(options.concurrency, yield* fitting, mostAtOnce)
      const outcomes = yield* Queue.bounded<Take.Take<Outcome, E | BulkStopped | CheckpointError>>(concurrency)
      const offer = (outcome: Outcome) => Queue.offer(outcomes, Take.of(outcome))
      const telling = options.isOrdered === true ? yield* ordering.inOrder(done, offer) : ordering.asTheyCome(offer)
      const takeTurn = ordering.makeTurns()
      const run = runs.make({
        service,
        journal: done,
        telling,
        takeTurn,
        concurrency,
        // Fewer than may be ahead of the slowest: these are what the slowest waits for.
        failures: between(options.failures, 20, journal.longestLead / 2),
        patience: Duration.toMillis(options.patience ?? "1 minute")
      })
      const pull = yield* pulling(contacts, done, run.ending)
      yield* working(run, pull, takeTurn, concurrency).pipe(
        Effect.provideService(RateLimit.Priority, "bulk" as const),
        Effect.matchCauseEffect({
          onFailure: (cause) => Effect.zipRight(telling.rest, Queue.offer(outcomes, Take.failCause(cause))),
          onSuccess: () => Queue.offer(outcomes, Take.end)
        }),
        Effect.forkScoped
      )
      return Stream.flattenTake(Stream.fromQueue(outcomes))
    })
  )

/** As many workers as calls may be under way, until the list or the run has ended. */
const working = <E, R>(
  run: runs.Run,
  pull: Effect.Effect<Item | undefined, E, R>,
  takeTurn: (input: Schema.ContactUpsert) => ordering.Queued,
  concurrency: number
): Effect.Effect<void, E | BulkStopped | CheckpointError, R> =>
  Effect.gen(function* () {
    let cause: Cause.Cause<E | CheckpointError> | undefined
    const pulled = yield* Effect.makeSemaphore(1)
    // Turns are taken in the order of the list.
    const next = pulled.withPermits(1)(
      Effect.suspend(() =>
        run.isEnding()
          ? Effect.succeed(undefined)
          : Effect.map(pull, (item) => item && ([item, takeTurn(item.input)] as const))
      )
    )
    const work: Effect.Effect<void, E | CheckpointError, R> = Effect.flatMap(next, (taken) =>
      taken === undefined ? Effect.void : Effect.zipRight(taken[1](run.handle(taken[0])), work)
    )
    // One that breaks lets the others end what they have begun.
    const worker = Effect.catchAllCause(work, (broken) =>
      Effect.suspend(() => {
        cause ??= broken
        return run.abort
      })
    )
    yield* Effect.forEach(Array.from({ length: concurrency }), () => worker, { concurrency, discard: true })
    yield* run.end(cause)
  })

/** The contacts one by one with their places, without those that are settled, until the run ends. */
const pulling = <E, R>(
  contacts: Stream.Stream<Schema.ContactUpsert, E, R>,
  done: journal.Journal,
  ending: Effect.Effect<void>
): Effect.Effect<Effect.Effect<Item | undefined, E, R>, never, R | Scope.Scope> =>
  Effect.map(Stream.toPull(contacts), (next) => {
    // A list may be silent for as long as it likes.
    const pull = Effect.raceFirst(Effect.disconnect(next), Effect.zipRight(ending, Effect.fail(Option.none<E>())))
    let chunk: Iterator<Schema.ContactUpsert> = [][Symbol.iterator]()
    let place = 0
    const take: Effect.Effect<Item | undefined, E, R> = Effect.suspend(() => {
      for (let one = chunk.next(); one.done !== true; one = chunk.next()) {
        const index = place++
        if (!done.wasSettled(index)) return Effect.succeed({ index, input: one.value, sends: 0 })
      }
      return Effect.matchEffect(pull, {
        onSuccess: (pulled) => {
          chunk = pulled[Symbol.iterator]()
          return take
        },
        onFailure: Option.match({ onNone: () => Effect.succeed(undefined), onSome: (error) => Effect.fail(error) })
      })
    })
    return take
  })

// --- reads -------------------------------------------------------------------------------------------------------------

/**
 * What came of one id: the contact, or why there is none.
 *
 * @since 0.1.0
 * @category models
 */
export interface Found {
  readonly id: Schema.ContactId
  readonly result: Either.Either<Schema.Contact, Errors.ContactsError>
}

/**
 * Contacts that were read, for several `getMany`: each is asked for once while it is in the cache, also by those that ask at
 * the same time. Failures are not kept.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContactCache extends Cache.Cache<Schema.ContactId, Schema.Contact, Errors.ContactsError> {}

/**
 * A cache for {@link getMany}: at most `capacity` contacts, each for `timeToLive`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeCache = (options: {
  readonly capacity: number
  readonly timeToLive: Duration.DurationInput
}): Effect.Effect<ContactCache, never, ContactsService> =>
  Effect.flatMap(ContactsService, ({ getContact }) =>
    Cache.makeWith({
      capacity: options.capacity,
      lookup: getContact,
      timeToLive: Exit.match({ onSuccess: () => options.timeToLive, onFailure: () => Duration.zero })
    })
  )

/** A lookup that several wait for. */
interface Lookup {
  readonly fiber: Fiber.Fiber<Schema.Contact, Errors.ContactsError>
  waiting: number
}

const lookups = new WeakMap<ContactCache, Map<Schema.ContactId, Lookup>>()

/** A failure is not kept, not even for those that ask within the same millisecond. */
const cached = (cache: ContactCache, id: Schema.ContactId) => Effect.tapError(cache.get(id), () => cache.invalidate(id))

/**
 * Gets a contact through the cache, in a fiber of its own: of those that wait for it, the first may be the first to give up.
 * It is interrupted with the last of them.
 */
const getShared = (cache: ContactCache, id: Schema.ContactId): Effect.Effect<Schema.Contact, Errors.ContactsError> =>
  Effect.acquireUseRelease(
    Effect.suspend(() => {
      const running = lookups.get(cache) ?? new Map<Schema.ContactId, Lookup>()
      lookups.set(cache, running)
      const lookup = running.get(id)
      if (lookup !== undefined) {
        lookup.waiting += 1
        return Effect.succeed({ running, lookup })
      }
      // Waiting for the lookup is what can be interrupted, and not its beginning.
      return Effect.map(Effect.forkDaemon(Effect.interruptible(cached(cache, id))), (fiber) => {
        const lookup: Lookup = { fiber, waiting: 1 }
        running.set(id, lookup)
        return { running, lookup }
      })
    }),
    ({ lookup }) => Fiber.join(lookup.fiber),
    ({ running, lookup }) =>
      Effect.suspend(() => {
        lookup.waiting -= 1
        if (lookup.waiting > 0) return Effect.void
        running.delete(id)
        return Fiber.interrupt(lookup.fiber)
      })
  )

/**
 * Gets many contacts, each id once however often it occurs, and tells what came of each, in the order in which the ids come
 * first. One that fails does not stop the others. It takes what pacing leaves after interactive calls.
 *
 * - `concurrency`: as for {@link upsertMany}.
 * - `cache`: asked before the service is; see {@link makeCache}.
 *
 * Repeating it is safe.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-contact
 *
 * @since 0.1.0
 * @category bulk
 */
export const getMany = <E = never, R = never>(
  ids: Iterable<Schema.ContactId> | Stream.Stream<Schema.ContactId, E, R>,
  options: { readonly concurrency?: number | undefined; readonly cache?: ContactCache | undefined } = {}
): Stream.Stream<Found, E, R | ContactsService> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { getContact } = yield* ContactsService
      const concurrency = between(options.concurrency, yield* fitting, mostAtOnce)
      const { cache } = options
      const get = (id: Schema.ContactId) => (cache === undefined ? getContact(id) : getShared(cache, id))
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
