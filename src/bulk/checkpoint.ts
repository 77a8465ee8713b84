// Writes the progress of a run to a key-value store, and reads it when the next run continues.
import type { PlatformError } from "@effect/platform/Error"
import type * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { isConsistent, type Kind, makeLedger, type Progress } from "./journal.js"
import { parseJson } from "../runtime/json.js"

/**
 * A checkpoint that cannot be used.
 *
 * @since 0.1.0
 * @category errors
 */
export class CheckpointError extends Data.TaggedError("CheckpointError")<{
  /**
   * The reason why the checkpoint cannot be used.
   *
   * - `Unreadable`: the value in the store is not a checkpoint, was edited, or is of a later version.
   * - `SourceMismatch`: it was made for another `source`.
   * - `StoreFailed`: the store cannot be read or written.
   */
  readonly reason: "Unreadable" | "SourceMismatch" | "StoreFailed"
  /** A description of the failure in one sentence. */
  readonly message: string
}> {}

/**
 * The store for the progress of a run, from which the next run continues: a few keys that begin with `name`, in any
 * `KeyValueStore`. A write may be cut off at any byte. A checkpoint contains no contacts except those that failed.
 *
 * Only one run at a time may use a checkpoint: two runs would send every contact twice.
 *
 * @since 0.1.0
 * @category models
 */
export interface Checkpoint {
  /** The store of the checkpoint. */
  readonly store: KeyValueStore.KeyValueStore
  /** The prefix of all keys of the checkpoint. */
  readonly name: string
  /** Identifies the list, for example by a hash of its file. A run with another `source` fails with `SourceMismatch`. */
  readonly source?: string | undefined
}

const Counts = Schema.Struct({
  /** Contacts that were created. */
  created: Schema.NonNegativeInt,
  /** Contacts that were updated. */
  updated: Schema.NonNegativeInt,
  /** Contacts that the service did not apply. */
  rejected: Schema.NonNegativeInt,
  /** Contacts that the service may have applied, and that must not be sent twice. */
  unknown: Schema.NonNegativeInt
})

/**
 * The number of contacts with each outcome, in all runs with the checkpoint.
 *
 * @since 0.2.0
 * @category models
 */
export interface Counts extends Schema.Schema.Type<typeof Counts> {}

const ProgressJson = Schema.parseJson(
  Schema.Struct({
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
  }).pipe(Schema.filter((progress) => isConsistent(progress) || "must be what a run has written"))
)

const failed = (name: string) => () =>
  new CheckpointError({
    reason: "StoreFailed",
    message: `The store of the checkpoint ${name} cannot be read or written`
  })

// --- the store ----------------------------------------------------------------------------------------------------------

/** Writes alternate between two keys, so that one of them is complete if a write is cut off. */ const places = [
  0, 1
] as const

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
    // A write that was cut off leaves a text that is not JSON. Any other unreadable text was edited or is not ours.
    const isEdited = read.some(({ text, progress }) => Option.isNone(progress) && parseJson(text) !== undefined)
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

/** The progress of the runs with a checkpoint; `None` if there was no run. */
export const readProgress = (
  checkpoint: Checkpoint
): Effect.Effect<Option.Option<Pick<Progress, "counts" | "isComplete">>, CheckpointError> =>
  Effect.map(read(checkpoint), Option.fromNullable)

/** The dead letters, as JSON values. */
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

/**
 * Removes the batches that exist, because a progress that was cut off does not contain their number. The last batch is removed
 * first, so that after a kill the others are still found.
 */
const removeLetters = (checkpoint: Checkpoint, batch = 0): Effect.Effect<void, PlatformError> => {
  const key = lettersOf(checkpoint, batch)
  return Effect.flatMap(checkpoint.store.has(key), (isThere) =>
    isThere ? Effect.zipRight(removeLetters(checkpoint, batch + 1), checkpoint.store.remove(key)) : Effect.void
  )
}

/** Removes the progress and the dead letters. */
export const clear = (checkpoint: Checkpoint): Effect.Effect<void, CheckpointError> =>
  Effect.forEach(places, (place) => remove(checkpoint.store, placeOf(checkpoint, place)), { discard: true }).pipe(
    Effect.zipRight(removeLetters(checkpoint)),
    Effect.mapError(failed(checkpoint.name))
  )

/** Removes the dead letters, and keeps the counts. */
export const clearDeadLetters = (checkpoint: Checkpoint): Effect.Effect<void, CheckpointError> =>
  Effect.flatMap(read(checkpoint), (progress) => {
    if (progress === undefined) return Effect.void
    // Both places are written, because the older one still refers to the removed letters.
    return Effect.forEach(places, (_, more) => {
      const sequence = progress.sequence + 1 + more
      return checkpoint.store.set(
        placeOf(checkpoint, sequence),
        JSON.stringify({ ...progress, sequence, letters: 0 } satisfies Progress)
      )
    }).pipe(Effect.zipRight(removeLetters(checkpoint)), Effect.mapError(failed(checkpoint.name)))
  })

// --- the journal of a run ------------------------------------------------------------------------------------------------

/** The progress of a run. Each effect ends when its change is saved. */
export interface Journal {
  /** The first contact that is neither settled nor deferred. */
  readonly next: () => number
  /** The number of contacts that were created or updated in all runs. */
  readonly applied: () => number
  /** Whether an earlier run has settled the contact. */
  readonly wasSettled: (index: number) => boolean
  /** Whether an earlier run has sent the contact without learning its outcome. */
  readonly wasBegun: (index: number) => boolean
  /** Notes that the contact is about to be sent, and must not be sent twice. */
  readonly begin: (index: number) => Effect.Effect<void, CheckpointError>
  /** Notes that the contact was certainly not applied, so that it may be sent again. */
  readonly cancelBegin: (index: number) => Effect.Effect<void, CheckpointError>
  /** Notes that the contact is sent again later. */
  readonly defer: (index: number) => Effect.Effect<void, CheckpointError>
  /** Notes the outcome of the contact. `letter` is the dead letter of a contact that failed. */
  readonly settle: (index: number, kind: Kind, letter?: unknown) => Effect.Effect<void, CheckpointError>
  /** Notes that all contacts of the list are settled. */
  readonly complete: Effect.Effect<void, CheckpointError>
}

/** Saves the progress. Concurrent commits share one write. */
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
    /** The number of changes, and the number of those that are written. */
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
      // The letters are written first. If the progress is not saved after them, the next write replaces the batch.
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
      addLetter: (letter: unknown) => void unwritten.push(letter),
      complete: Effect.suspend(() => {
        isComplete = true
        return commit
      })
    }
  })

/** Saves nothing, for a run without a checkpoint. */
const noWriter = { commit: Effect.void, addLetter: () => undefined, complete: Effect.void }

/** Continues from the progress of earlier runs. Without a checkpoint, the journal is only in memory. */
export const open = (checkpoint: Checkpoint | undefined): Effect.Effect<Journal, CheckpointError> =>
  Effect.gen(function* () {
    const earlier = checkpoint && (yield* read(checkpoint))
    const ledger = makeLedger(earlier)
    const { commit, addLetter, complete } = checkpoint
      ? yield* makeWriter(checkpoint, earlier, ledger.snapshot)
      : noWriter
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
      cancelBegin: (index) => Effect.suspend(() => (ledger.begun.delete(index) ? commit : Effect.void)),
      defer: (index) => changing(() => ledger.defer(index)),
      settle: (index, kind, letter) =>
        changing(() => {
          ledger.settle(index, kind)
          if (letter !== undefined) addLetter(letter)
        }),
      complete
    }
  })
