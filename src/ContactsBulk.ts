/**
 * Streams of many contacts: upserts that say what happened to each and can be killed at any moment, and reads that ask for
 * each contact once.
 *
 * @since 0.1.0
 */
import * as Cache from "effect/Cache"
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as S from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Take from "effect/Take"
import { ContactsService, upsertContact } from "./ContactsService.js"
import * as Errors from "./Errors.js"
import { inSeconds } from "./internal/duration.js"
import * as journal from "./internal/journal.js"
import { parse, stringifyOption } from "./internal/json.js"
import { defaultLimit } from "./limiter/service.js"
import * as RateLimit from "./RateLimit.js"
import * as Schema from "./Schema.js"

// --- what happens to a contact -----------------------------------------------------------------------------------------

/**
 * What happened to one contact. `index` is its place in the list, from 0, and `input` what it was to be.
 *
 * - `Created`, `Updated`: it was applied; `contact` is what the service answered.
 * - `Rejected`: it was not; `error` says why.
 * - `Unknown`: it may have been, and no answer came. It can be sent again without harm if it has an email or a phone and
 *   not `createNewIfDuplicateAllowed`.
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
 * Why a run ended before its list did. Every contact that it had begun with is settled, or is sent again by the next run
 * with the same checkpoint.
 *
 * - `Unauthorized`: the service refuses the token, or the grant is dead.
 * - `NotYet`: nothing may be sent for longer than the run is patient, as where the day's requests are used up.
 *   `retryAfter` says when to go on.
 * - `Outage`: call after call failed, as many as `failures` says or all there were, and none for a reason of its own.
 *
 * `error` is the one that it ended with.
 *
 * @since 0.1.0
 * @category errors
 */
export class Stopped extends Data.TaggedError("Stopped")<{
  readonly reason: "Unauthorized" | "NotYet" | "Outage"
  readonly message: string
  readonly error: Errors.ContactsError
  readonly retryAfter?: Duration.Duration | undefined
}> {}

// --- the checkpoint ----------------------------------------------------------------------------------------------------

/**
 * Where a run writes down what it has done: progress under `name` and a few more keys that begin with it, in any
 * `KeyValueStore`, also one whose writes can be cut off. It holds the data of the contacts that failed, and of no other.
 *
 * - `source`: what the list is, a hash of its file say. A run with another one is refused.
 *
 * One run at a time: two with one checkpoint do everything twice.
 *
 * @since 0.1.0
 * @category models
 */
export interface Checkpoint extends journal.Checkpoint {}

/**
 * A checkpoint that cannot be used: `Unreadable`, made for `AnotherList`, or its `StoreFailed`.
 *
 * @since 0.1.0
 * @category errors
 */
export const CheckpointError = journal.CheckpointError

/**
 * @since 0.1.0
 * @category errors
 */
export type CheckpointError = journal.CheckpointError

/**
 * How far the runs with a checkpoint have come together: how many contacts came to each end, and whether that was all.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress {
  readonly counts: journal.Counts
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

const ContactsError = S.Union(
  Errors.BadRequest,
  Errors.Unauthorized,
  Errors.Unprocessable,
  Errors.Forbidden,
  Errors.RateLimited,
  Errors.ServerError,
  Errors.TransportError,
  Errors.UnexpectedResponse
)

const Letter = S.Struct({
  index: S.NonNegativeInt,
  outcome: S.Literal("Rejected", "Unknown"),
  input: S.Unknown,
  error: ContactsError
})

const encodeUpsert = S.encodeUnknownOption(Schema.ContactUpsert, { onExcessProperty: "error" })

const decodeUpsert = S.decodeUnknownOption(Schema.ContactUpsert)

/** As it would be sent; what could not be, as it is. */
const letterOf = ({ _tag, index, input, error }: Failure): unknown => {
  const sendable = Option.getOrElse(encodeUpsert(input), (): unknown => input)
  const json = Option.getOrElse(stringifyOption(sendable), () => undefined)
  return S.encodeSync(Letter)({ index, outcome: _tag, input: json === undefined ? null : parse(json), error })
}

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
export const deadLetters = (checkpoint: Checkpoint): Stream.Stream<Failure, CheckpointError> =>
  Stream.mapEffect(journal.letters(checkpoint), (json) =>
    Either.match(S.decodeUnknownEither(Letter)(json), {
      onLeft: () =>
        Effect.fail(
          new CheckpointError({ reason: "Unreadable", message: `A dead letter of ${checkpoint.name} cannot be read` })
        ),
      onRight: ({ outcome, index, input, error }) =>
        // What could not be sent is what it was, and no type can say what that is.
        Effect.succeed(
          Outcome[outcome]({ index, input: Option.getOrElse(decodeUpsert(input), () => input as never), error })
        )
    })
  )

/**
 * The outcome of a contact that was not applied, or may not have been.
 *
 * @since 0.1.0
 * @category models
 */
export type Failure = Extract<Outcome, { readonly error: Errors.ContactsError }>

// --- upserts -----------------------------------------------------------------------------------------------------------

/**
 * - `checkpoint`: lets a run be killed at any moment and go on from there. Without one, all is forgotten with the run.
 * - `isOrdered`: outcomes in the order of the list; otherwise as they come, which is the default.
 * - `concurrency`: calls at once. By default as many as the service lets go in two tenths of its interval, by what
 *   `RateLimit` has learned or the documentation says: the pacing is never short of calls, and few wait in it. 256 at most.
 * - `patience`: how long a contact may be kept from leaving, all in all, before the run ends as `NotYet`. A minute by
 *   default.
 * - `failures`: how many contacts in a row may fail for no reason of their own (outcomes of `ServerError`,
 *   `TransportError` and the like) before the run ends as `Outage`. 20 by default, 1000 at most.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly checkpoint?: Checkpoint | undefined
  readonly isOrdered?: boolean | undefined
  readonly concurrency?: number | undefined
  readonly patience?: Duration.DurationInput | undefined
  readonly failures?: number | undefined
}

/** Contacts that may be settled before the first that is not: what the checkpoint and an ordered stream have to remember. */
const longestLead = 2000

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

interface Item {
  readonly index: number
  readonly input: Schema.ContactUpsert
}

/** Errors of the call and not of the contact: they tell nothing about the next one, unless they go on. */
const isOfTheService = ({ _tag }: Errors.ContactsError): boolean =>
  _tag === "ServerError" || _tag === "TransportError" || _tag === "UnexpectedResponse"

/**
 * Upserts each contact of a stream and tells what happened to it. It takes what pacing leaves after interactive calls
 * (`RateLimit.Priority` is `bulk`), and holds a bounded number of contacts in memory.
 *
 * - A contact that fails does not stop the others. Two of one email or phone go one after the other, as in the list.
 * - With a checkpoint, a run that was killed at any moment and is started again with the same list does not send again what
 *   was answered, and loses nothing. What was on its way is sent again if that is safe, and `Unknown` if it is not.
 * - Outcomes are told once, after they are written down: those of earlier runs are in {@link progress} and
 *   {@link deadLetters}.
 *
 * It fails with the stream's own error, with `Stopped`, or with `CheckpointError`, after the calls on their way have ended.
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
): Stream.Stream<Outcome, E | Stopped | CheckpointError, R | ContactsService> =>
  Stream.unwrapScoped(
    Effect.gen(function* () {
      const service = yield* ContactsService
      const done = yield* journal.open(options.checkpoint)
      const concurrency = between(options.concurrency, yield* fitting, mostAtOnce)
      const outcomes = yield* Queue.bounded<Take.Take<Outcome, E | Stopped | CheckpointError>>(concurrency)
      const offer = (outcome: Outcome) => Queue.offer(outcomes, Take.of(outcome))
      const telling = options.isOrdered === true ? yield* inOrder(done, offer) : { tell: offer, rest: Effect.void }
      const run = makeRun(service, done, options, telling.tell)
      const pull = yield* pulling(contacts, done, run.ending)
      const takeTurn = makeTurns()
      const pulled = yield* Effect.makeSemaphore(1)
      const next = pulled.withPermits(1)(
        Effect.suspend(() =>
          run.isEnding()
            ? Effect.succeed(undefined)
            : Effect.map(pull, (item) => item && ([item, takeTurn(item)] as const))
        )
      )
      let cause: Cause.Cause<E | CheckpointError> | undefined

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
      yield* Effect.forEach(Array.from({ length: concurrency }), () => worker, { concurrency, discard: true }).pipe(
        Effect.zipRight(Effect.suspend(() => run.end(cause))),
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

/**
 * - `handle`: upserts a contact, or stops the run.
 * - `isEnding`, `ending`, `abort`: what was not begun is left, and nothing more is waited for.
 * - `end`: settles what is open when there is nothing left to handle; fails if the run was stopped, or has broken.
 */
interface Run {
  readonly handle: (item: Item) => Effect.Effect<void, CheckpointError>
  readonly isEnding: () => boolean
  readonly ending: Effect.Effect<void>
  readonly abort: Effect.Effect<void>
  readonly end: <E>(broken: Cause.Cause<E> | undefined) => Effect.Effect<void, E | Stopped | CheckpointError>
}

const makeRun = (
  service: Context.Tag.Service<ContactsService>,
  done: journal.Journal,
  options: Options,
  tell: (outcome: Outcome) => Effect.Effect<unknown>
): Run => {
  // Fewer than may be ahead of the slowest: these are what the slowest waits for.
  const most = between(options.failures, 20, longestLead / 2)
  const patience = Duration.toMillis(options.patience ?? "1 minute")
  let stopped: Stopped | undefined
  let isAborted = false
  const ending = Deferred.unsafeMake<void>(FiberId.none)
  /** Whether the service has answered at all. */
  let isThere = false
  /** Those that failed for no reason of their own since the service last gave an answer. */
  let suspects: Array<Failure> = []
  /** Those that are being sent. */
  let underWay = 0
  /** Those that are too far ahead of the slowest. */
  let stalled: Deferred.Deferred<void> | undefined

  const isEnding = () => stopped !== undefined || isAborted

  const proceed = Effect.suspend(() => {
    const waiting = stalled
    stalled = undefined
    return waiting === undefined ? Effect.void : Deferred.succeed(waiting, undefined)
  })

  const settle = (outcome: Outcome) => {
    const letter = "error" in outcome ? letterOf(outcome) : undefined
    return done
      .settle(outcome.index, journal.kinds[outcome._tag], letter)
      .pipe(Effect.zipRight(tell(outcome)), Effect.zipRight(proceed))
  }

  const stop = (reason: Stopped["reason"], error: Errors.ContactsError, retryAfter?: Duration.Duration) =>
    Effect.suspend(() => {
      stopped ??= new Stopped({ reason, message: words[reason](error, retryAfter), error, retryAfter })
      return end
    })

  const end = Effect.suspend(() => Effect.zipRight(Deferred.succeed(ending, undefined), proceed))

  /** It will be sent again by the next run, unless it may have been applied and a repeat would not be safe. */
  const leave = (failure: Failure) =>
    failure._tag === "Unknown" && !isRepeatable(failure.input) ? settle(failure) : done.takeBack(failure.index)

  /** One after the other: who comes second goes on when those before are written down. */
  const settling = Effect.unsafeMakeSemaphore(1)

  /** The service is there: what failed before that failed for reasons of its own. */
  const answered = settling.withPermits(1)(
    Effect.suspend(() => {
      isThere = true
      if (suspects.length === 0) return Effect.void
      const failures = suspects
      suspects = []
      return Effect.forEach(failures, settle, { discard: true })
    })
  )

  const send = (item: Item, waited = 0): Effect.Effect<void, CheckpointError> =>
    Effect.matchEffect(service.upsertContact(item.input), {
      onSuccess: (contact) =>
        // Those before it first: a run that is killed in between does not send them after it.
        Effect.zipRight(answered, settle(Outcome[contact.new ? "Created" : "Updated"]({ ...item, contact }))),
      onFailure: (error) => failed(item, error, waited)
    })

  /** `waited`: how long it has been kept from leaving, in milliseconds. */
  const failed = (item: Item, error: Errors.ContactsError, waited: number): Effect.Effect<void, CheckpointError> => {
    const failure = Outcome[error.outcome === "Unknown" ? "Unknown" : "Rejected"]({ ...item, error })
    if (error._tag === "Unauthorized") return Effect.zipRight(leave(failure), stop("Unauthorized", error))
    if (error._tag === "RateLimited" && (error.outcome === "NotApplied" || isRepeatable(item.input))) {
      const wait = Duration.max(error.retryAfter ?? Duration.seconds(1), shortestWait)
      const all = waited + Duration.toMillis(wait)
      if (all > patience) return Effect.zipRight(leave(failure), stop("NotYet", error, wait))
      return Effect.zipRight(
        Effect.sleep(wait),
        Effect.suspend(() => (isEnding() ? leave(failure) : send(item, all)))
      )
    }
    // What was refused here says nothing about the service.
    if (!isOfTheService(error)) return Effect.zipRight(error.attempts === 0 ? Effect.void : answered, settle(failure))
    suspects.push(failure)
    // Certainly not applied: whatever becomes of this run, it may be sent again.
    const noted = failure._tag === "Rejected" ? done.takeBack(item.index) : Effect.void
    return suspects.length >= most ? Effect.zipRight(noted, stop("Outage", error)) : noted
  }

  const sending = (self: Effect.Effect<void, CheckpointError>) =>
    Effect.suspend(() => {
      underWay += 1
      return Effect.ensuring(
        self,
        Effect.suspend(() => {
          underWay -= 1
          return proceed
        })
      )
    })

  /** Until the slowest may have been settled. */
  const caughtUp = Effect.suspend((): Effect.Effect<unknown, CheckpointError> => {
    const slowest = suspects.find(({ index }) => index === done.next())
    // It waits for an answer of the service to any other, and there is none to come.
    if (slowest !== undefined && underWay === 0) return isThere ? answered : stop("Outage", slowest.error)
    stalled ??= Deferred.unsafeMake(FiberId.none)
    return Deferred.await(stalled)
  })

  const handle = (item: Item): Effect.Effect<void, CheckpointError> => {
    if (isEnding()) return Effect.void
    if (item.index >= done.next() + longestLead) {
      return Effect.zipRight(
        caughtUp,
        Effect.suspend(() => handle(item))
      )
    }
    if (isRepeatable(item.input)) return sending(send(item))
    if (done.wasBegun(item.index)) return settle(Outcome.Unknown({ ...item, error: cutOff }))
    return sending(Effect.zipRight(done.begin(item.index), send(item)))
  }

  return {
    handle,
    isEnding,
    ending: Deferred.await(ending),
    abort: Effect.suspend(() => {
      isAborted = true
      return end
    }),
    end: <E>(broken: Cause.Cause<E> | undefined) =>
      Effect.suspend((): Effect.Effect<void, E | Stopped | CheckpointError> => {
        const last = suspects.at(-1)
        // A few at the end of a list that was answered otherwise have reasons of their own.
        const isOutage = last !== undefined && !isThere
        const ended =
          stopped === undefined && broken === undefined && !isOutage
            ? answered
            : Effect.forEach(suspects, leave, { discard: true })
        if (broken !== undefined) return Effect.zipRight(ended, Effect.failCause(broken))
        return Effect.zipRight(ended, isOutage ? stop("Outage", last.error) : Effect.void).pipe(
          Effect.zipRight(
            Effect.suspend((): Effect.Effect<void, Stopped | CheckpointError> =>
              stopped === undefined ? done.complete : Effect.fail(stopped)
            )
          )
        )
      })
  }
}

/** Tells outcomes in the order of the list; `rest`: those that are left when there is no more to wait for. */
const inOrder = (done: journal.Journal, offer: (outcome: Outcome) => Effect.Effect<unknown>) =>
  Effect.map(Effect.makeSemaphore(1), (turn) => {
    const early = new Map<number, Outcome>()
    let next = 0
    const told: Effect.Effect<void> = Effect.suspend(() => {
      while (done.wasSettled(next)) next += 1
      const outcome = early.get(next)
      if (outcome === undefined) return Effect.void
      early.delete(next)
      next += 1
      return Effect.zipRight(offer(outcome), told)
    })
    return {
      tell: (outcome: Outcome) =>
        Effect.suspend(() => {
          early.set(outcome.index, outcome)
          return turn.withPermits(1)(told)
        }),
      rest: Effect.suspend(() => {
        const left = Array.from(early.values()).sort((a, b) => a.index - b.index)
        return Effect.forEach(left, offer, { discard: true })
      })
    }
  })

const { isRepeatable } = upsertContact

const words: {
  readonly [reason in Stopped["reason"]]: (error: Errors.ContactsError, retryAfter?: Duration.Duration) => string
} = {
  Unauthorized: ({ message }) => `The service refuses the token: ${message}`,
  NotYet: (_, retryAfter) => `Nothing may be sent now: go on in ${inSeconds(retryAfter ?? Duration.zero)}`,
  Outage: ({ message }) => `The service does not answer: ${message}`
}

/** No service is asked again sooner than this, whatever it says. */
const shortestWait = Duration.millis(100)

/** What is known of a contact that an earlier run had sent, and that must not be sent twice. */
const cutOff = new Errors.TransportError({
  operation: upsertContact.name,
  attempts: 1,
  message: "The run ended before the answer came, and the contact must not be sent twice",
  outcome: "Unknown",
  isRetryable: false
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
        if (!done.wasSettled(index)) return Effect.succeed({ index, input: one.value })
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

/** What the service may match a contact by. */
const identities = ({ email, phone }: Schema.ContactUpsert): ReadonlyArray<string> =>
  [
    ...(typeof email === "string" ? [email.trim().toLowerCase()] : []),
    ...(typeof phone === "string" ? [phone.replace(/\D/g, "")] : [])
  ].filter((name) => name !== "")

interface Turn {
  isOver: boolean
  over: Deferred.Deferred<void> | undefined
}

const turnOver = (turn: Turn) =>
  Effect.suspend(() => {
    if (turn.isOver) return Effect.void
    turn.over ??= Deferred.unsafeMake(FiberId.none)
    return Deferred.await(turn.over)
  })

/** Lets contacts of one email or phone go one after the other, in the order in which they take their turns. */
const makeTurns = () => {
  const last = new Map<string, Turn>()
  return ({ input }: Item) => {
    const names = identities(input)
    const before = names.flatMap((name) => last.get(name) ?? [])
    const turn: Turn = { isOver: false, over: undefined }
    for (const name of names) last.set(name, turn)
    const end = Effect.suspend(() => {
      turn.isOver = true
      for (const name of names) if (last.get(name) === turn) last.delete(name)
      return turn.over === undefined ? Effect.void : Deferred.succeed(turn.over, undefined)
    })
    return <E>(self: Effect.Effect<void, E>): Effect.Effect<void, E> =>
      Effect.ensuring(
        before.length === 0 ? self : Effect.zipRight(Effect.forEach(before, turnOver, { discard: true }), self),
        end
      )
  }
}

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

/** A failure is not kept, not even for those that ask within the same millisecond. */
const had = (cache: ContactCache, id: Schema.ContactId) => Effect.tapError(cache.get(id), () => cache.invalidate(id))

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
      // In a fiber of its own: of those that ask at the same time, the first may be the first to give up.
      const get = (id: Schema.ContactId) =>
        cache === undefined ? getContact(id) : Effect.flatMap(Effect.forkDaemon(had(cache, id)), Fiber.join)
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
