// What a run over many contacts has done, in a key-value store, so that another run can go on from there.
import type { PlatformError } from "@effect/platform/Error"
import type * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { parseOption } from "../internal/json.js"

/**
 * A checkpoint that cannot be used.
 *
 * @since 0.1.0
 * @category errors
 */
export class CheckpointError extends Data.TaggedError("CheckpointError")<{
  /**
   * - `Unreadable`: what is there is no checkpoint, was edited, or is of a later version.
   * - `SourceMismatch`: it was made for another `source`.
   * - `StoreFailed`: the store cannot be read or written.
   */
  readonly reason: "Unreadable" | "SourceMismatch" | "StoreFailed"
  /** What happened, for a person. */
  readonly message: string
}> {}

/**
 * Where a run writes down what it has done: progress under `name` and a few more keys that begin with it, in any
 * `KeyValueStore`, also one whose writes can be cut off. It holds the data of the contacts that failed, and of no other.
 *
 * One run at a time: two with one checkpoint do everything twice.
 *
 * @since 0.1.0
 * @category models
 */
export interface Checkpoint {
  /** Where it is kept. */
  readonly store: KeyValueStore.KeyValueStore
  /** The key of the progress, and the beginning of the other keys. */
  readonly name: string
  /** What the list is, for example a hash of its file. A run with another one fails with `SourceMismatch`. */
  readonly source?: string | undefined
}

/** What a contact that came to an end is counted as. */
export const kinds = { Created: "created", Updated: "updated", Rejected: "rejected", Unknown: "unknown" } as const

export type Kind = (typeof kinds)[keyof typeof kinds]

const Counts = Schema.Struct({
  /** Contacts that were created. */
  created: Schema.NonNegativeInt,
  /** Contacts that were updated. */
  updated: Schema.NonNegativeInt,
  /** Contacts that were not applied. */
  rejected: Schema.NonNegativeInt,
  /** Contacts that may have been applied and must not be sent twice. */
  unknown: Schema.NonNegativeInt
})

/**
 * How many contacts came to each end.
 *
 * @since 0.2.0
 * @category models
 */
export interface Counts extends Schema.Schema.Type<typeof Counts> {}

/** Contacts that may be settled before the first that is not: what the checkpoint and an ordered stream have to remember. */
export const longestLead = 2000

/** Contacts of a run that are left to be sent again later. More of them are an outage. */
export const mostDeferred = 1000

/** What a checkpoint may remember beyond that: the calls that were on their way. */
const slack = 1000

/**
 * - `sequence`: the higher of two is the later.
 * - `next`: all before it are settled or deferred; `beyond`: those after it that are, from and to.
 * - `deferred`: those that no response says anything about, and that are sent again.
 * - `begun`: those that were sent, must not be sent twice, and are not settled.
 * - `letters`: how many batches of dead letters there are.
 */
const ProgressFields = Schema.Struct({
  version: Schema.Literal(1),
  sequence: Schema.NonNegativeInt,
  source: Schema.optionalWith(Schema.String, { exact: true }),
  next: Schema.NonNegativeInt,
  beyond: Schema.Array(Schema.Tuple(Schema.NonNegativeInt, Schema.NonNegativeInt)),
  deferred: Schema.optionalWith(Schema.Array(Schema.NonNegativeInt), { exact: true, default: () => [] }),
  begun: Schema.Array(Schema.NonNegativeInt),
  counts: Counts,
  letters: Schema.NonNegativeInt,
  isComplete: Schema.Boolean
})

interface Progress extends Schema.Schema.Type<typeof ProgressFields> {}

const isUnique = (numbers: ReadonlyArray<number>) => new Set(numbers).size === numbers.length

/** Whether a run can have written it. What was edited must neither exhaust the memory nor skip a contact. */
export const isConsistent = ({ next, beyond, deferred, begun, counts }: Progress): boolean => {
  let last = next
  let ahead = 0
  for (const [from, to] of beyond) {
    if (from <= last || to < from || to >= next + longestLead + slack) return false
    ahead += to - from + 1
    last = to
  }
  const settled = counts.created + counts.updated + counts.rejected + counts.unknown
  return (
    begun.length <= mostDeferred + slack &&
    deferred.length <= mostDeferred + slack &&
    isUnique(begun) &&
    isUnique(deferred) &&
    deferred.every((index) => index < next || beyond.some(([from, to]) => from <= index && index <= to)) &&
    settled === next + ahead - deferred.length
  )
}

const Progress = ProgressFields.pipe(
  Schema.filter((progress) => isConsistent(progress) || "must be what a run has written")
)

const ProgressJson = Schema.parseJson(Progress)

const failed = (name: string) => () =>
  new CheckpointError({
    reason: "StoreFailed",
    message: `The store of the checkpoint ${name} cannot be read or written`
  })

// --- two places, written in turn, so that one is whole wherever a write is cut off --------------------------------------

const places = [0, 1] as const

const placeOf = ({ name }: Pick<Checkpoint, "name">, sequence: number) => `${name}.${sequence % places.length}`

const lettersOf = ({ name }: Pick<Checkpoint, "name">, batch: number) => `${name}.dead.${batch}`

const read = (checkpoint: Checkpoint): Effect.Effect<Progress | undefined, CheckpointError> =>
  Effect.gen(function* () {
    const found = yield* Effect.forEach(places, (place) => checkpoint.store.get(placeOf(checkpoint, place))).pipe(
      Effect.mapError(failed(checkpoint.name))
    )
    const texts = found.flatMap(Option.toArray)
    const read = texts.map((text) => ({ text, progress: Schema.decodeUnknownOption(ProgressJson)(text) }))
    const [latest] = read.flatMap(({ progress }) => Option.toArray(progress)).sort((a, b) => b.sequence - a.sequence)
    // A write that was cut off leaves no JSON, and leaves the one before it. Anything else was edited, or is not ours.
    const isEdited = read.some(({ text, progress }) => Option.isNone(progress) && Option.isSome(parseOption(text)))
    if (isEdited || (latest === undefined && texts.length === places.length)) {
      const message = `The checkpoint ${checkpoint.name} cannot be read`
      return yield* new CheckpointError({ reason: "Unreadable", message })
    }
    if (latest !== undefined && checkpoint.source !== undefined && latest.source !== checkpoint.source) {
      const message = `The checkpoint ${checkpoint.name} was made for another list`
      return yield* new CheckpointError({ reason: "SourceMismatch", message })
    }
    return latest
  })

/** How far a run has come, if there was one. */
export const look = (
  checkpoint: Checkpoint
): Effect.Effect<Option.Option<Pick<Progress, "counts" | "isComplete">>, CheckpointError> =>
  Effect.map(read(checkpoint), Option.fromNullable)

/** What was written down of those that failed, as JSON values. */
export const letters = (checkpoint: Checkpoint): Stream.Stream<unknown, CheckpointError> =>
  Stream.unwrap(
    Effect.map(read(checkpoint), (progress) =>
      Stream.range(0, (progress?.letters ?? 0) - 1).pipe(
        Stream.mapEffect((batch) =>
          Effect.mapError(checkpoint.store.get(lettersOf(checkpoint, batch)), failed(checkpoint.name))
        ),
        Stream.mapEffect((text) =>
          Either.mapLeft(
            Schema.decodeUnknownEither(Schema.parseJson(Schema.Array(Schema.Unknown)))(Option.getOrUndefined(text)),
            () =>
              new CheckpointError({ reason: "Unreadable", message: `Dead letters of ${checkpoint.name} are missing` })
          )
        ),
        Stream.flattenIterables
      )
    )
  )

const remove = (store: KeyValueStore.KeyValueStore, key: string) =>
  Effect.tap(store.has(key), (isThere) => (isThere ? store.remove(key) : Effect.void))

/** Removes batch after batch: a progress that is not whole does not say how many there are. */
const removeLetters = (checkpoint: Checkpoint, batch = 0): Effect.Effect<void, PlatformError> =>
  Effect.flatMap(remove(checkpoint.store, lettersOf(checkpoint, batch)), (wasThere) =>
    wasThere ? removeLetters(checkpoint, batch + 1) : Effect.void
  )

/** Forgets it, dead letters and all. */
export const clear = (checkpoint: Checkpoint): Effect.Effect<void, CheckpointError> =>
  Effect.forEach(places, (place) => remove(checkpoint.store, placeOf(checkpoint, place)), { discard: true }).pipe(
    Effect.zipRight(removeLetters(checkpoint)),
    Effect.mapError(failed(checkpoint.name))
  )

/** Forgets the dead letters, and keeps the counts. */
export const clearLetters = (checkpoint: Checkpoint): Effect.Effect<void, CheckpointError> =>
  Effect.flatMap(read(checkpoint), (progress) => {
    if (progress === undefined || progress.letters === 0) return Effect.void
    // Both places: the older one would ask for the letters that are gone.
    return Effect.forEach(places, (_, more) => {
      const sequence = progress.sequence + 1 + more
      return checkpoint.store.set(
        placeOf(checkpoint, sequence),
        JSON.stringify({ ...progress, sequence, letters: 0 } satisfies Progress)
      )
    }).pipe(Effect.zipRight(removeLetters(checkpoint)), Effect.mapError(failed(checkpoint.name)))
  })

// --- while a run goes on -------------------------------------------------------------------------------------------------

/** What the runs with a checkpoint have done. An effect is done when it is written down. */
export interface Journal {
  /** All contacts before it are settled or deferred. */
  readonly next: () => number
  /** How many contacts were created or updated in all runs. */
  readonly applied: () => number
  /** Whether an earlier run has settled the contact. */
  readonly wasSettled: (index: number) => boolean
  /** Whether an earlier run has sent the contact and does not know its outcome. */
  readonly wasBegun: (index: number) => boolean
  /** The contact is about to be sent and must not be sent twice. */
  readonly begin: (index: number) => Effect.Effect<void, CheckpointError>
  /** The contact that was begun was certainly not applied. */
  readonly takeBack: (index: number) => Effect.Effect<void, CheckpointError>
  /** The contact is sent again later, and the list goes on without it. */
  readonly defer: (index: number) => Effect.Effect<void, CheckpointError>
  /** The contact has come to its end. `letter` is what is kept of one that failed. */
  readonly settle: (index: number, kind: Kind, letter?: unknown) => Effect.Effect<void, CheckpointError>
  /** All contacts of the list are settled. */
  readonly complete: Effect.Effect<void, CheckpointError>
}

/** From and to of each row of numbers without a gap. */
const ranges = (numbers: Iterable<number>): ReadonlyArray<[number, number]> => {
  const rows: Array<[number, number]> = []
  for (const number of Array.from(numbers).sort((a, b) => a - b)) {
    const last = rows.at(-1)
    if (last !== undefined && last[1] === number - 1) last[1] = number
    else rows.push([number, number])
  }
  return rows
}

const numbersIn = ([from, to]: readonly [number, number]) => Array.from({ length: to - from + 1 }, (_, at) => from + at)

/** What was done, in memory: which contacts came to which end. */
const makeLedger = (earlier: Progress | undefined) => {
  const counts = { created: 0, updated: 0, rejected: 0, unknown: 0, ...earlier?.counts }
  const beyond = new Set(earlier?.beyond.flatMap(numbersIn))
  const deferred = new Set(earlier?.deferred)
  const begun = new Set(earlier?.begun)
  const before = {
    next: earlier?.next ?? 0,
    beyond: new Set(beyond),
    deferred: new Set(deferred),
    begun: new Set(begun)
  }
  let next = before.next
  const pass = (index: number) => {
    if (index >= next) beyond.add(index)
    while (beyond.delete(next)) next += 1
  }
  return {
    begun,
    next: () => next,
    applied: () => counts.created + counts.updated,
    wasSettled: (index: number) => (index < before.next || before.beyond.has(index)) && !before.deferred.has(index),
    wasBegun: (index: number) => before.begun.has(index),
    defer: (index: number) => {
      begun.delete(index)
      deferred.add(index)
      pass(index)
    },
    settle: (index: number, kind: Kind) => {
      counts[kind] += 1
      begun.delete(index)
      deferred.delete(index)
      pass(index)
    },
    snapshot: () => ({
      next,
      beyond: ranges(beyond),
      deferred: Array.from(deferred),
      begun: Array.from(begun),
      counts: { ...counts }
    })
  }
}

/** Writes what is done to the store: who comes first writes for all that wait with it. */
const makeWriter = (
  checkpoint: Checkpoint,
  earlier: Progress | undefined,
  snapshot: () => Pick<Progress, "next" | "beyond" | "deferred" | "begun" | "counts">
) =>
  Effect.map(Effect.makeSemaphore(1), (writing) => {
    const { store, source } = checkpoint
    const unwritten: Array<unknown> = []
    let sequence = earlier?.sequence ?? 0
    let batches = earlier?.letters ?? 0
    let isComplete = false
    /** How many changes there were, and how many of them are written. */
    let changed = 0
    let written = 0

    const write = Effect.suspend(() => {
      const change = changed
      const batch = unwritten.slice()
      const progress: Progress = {
        version: 1,
        sequence: sequence + 1,
        ...(source === undefined ? {} : { source }),
        ...snapshot(),
        letters: batches + (batch.length > 0 ? 1 : 0),
        isComplete
      }
      // The letters first: a batch that no progress tells of is written again.
      const lettersWritten =
        batch.length > 0 ? store.set(lettersOf(checkpoint, batches), JSON.stringify(batch)) : Effect.void
      const progressWritten = store.set(placeOf(checkpoint, progress.sequence), JSON.stringify(progress))
      return Effect.map(Effect.zipRight(lettersWritten, progressWritten), () => {
        unwritten.splice(0, batch.length)
        batches = progress.letters
        sequence = progress.sequence
        written = change
      })
    })

    const commit: Effect.Effect<void, CheckpointError> = Effect.suspend(() => {
      changed += 1
      const change = changed
      return writing.withPermits(1)(
        Effect.suspend(() =>
          written >= change ? Effect.void : Effect.uninterruptible(Effect.mapError(write, failed(checkpoint.name)))
        )
      )
    })

    return {
      commit,
      keep: (letter: unknown) => void unwritten.push(letter),
      complete: Effect.suspend(() => {
        isComplete = true
        return commit
      })
    }
  })

/** Without a checkpoint nothing is written. */
const unwritten = { commit: Effect.void, keep: () => undefined, complete: Effect.void }

/** Goes on where an earlier run has ended. Without a checkpoint, it remembers as long as it lives. */
export const open = (checkpoint: Checkpoint | undefined): Effect.Effect<Journal, CheckpointError> =>
  Effect.gen(function* () {
    const earlier = checkpoint && (yield* read(checkpoint))
    const ledger = makeLedger(earlier)
    const { commit, keep, complete } = checkpoint ? yield* makeWriter(checkpoint, earlier, ledger.snapshot) : unwritten
    const changing = (change: () => void) =>
      Effect.suspend(() => {
        change()
        return commit
      })
    return {
      next: ledger.next,
      applied: ledger.applied,
      wasSettled: ledger.wasSettled,
      wasBegun: ledger.wasBegun,
      begin: (index) => changing(() => ledger.begun.add(index)),
      takeBack: (index) => Effect.suspend(() => (ledger.begun.delete(index) ? commit : Effect.void)),
      defer: (index) => changing(() => ledger.defer(index)),
      settle: (index, kind, letter) =>
        changing(() => {
          ledger.settle(index, kind)
          if (letter !== undefined) keep(letter)
        }),
      complete
    }
  })
