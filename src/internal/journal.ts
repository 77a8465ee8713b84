// What a run over many contacts has done, in a key-value store, so that another run can go on from there.
import type { PlatformError } from "@effect/platform/Error"
import type * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

/**
 * A checkpoint that cannot be used.
 *
 * - `Unreadable`: what is there is no checkpoint, or one of a later version.
 * - `AnotherList`: it was made for another `source`.
 * - `StoreFailed`: the store cannot be read or written.
 */
export class CheckpointError extends Data.TaggedError("CheckpointError")<{
  readonly reason: "Unreadable" | "AnotherList" | "StoreFailed"
  readonly message: string
}> {}

/** Where a run writes down what it has done. */
export interface Checkpoint {
  readonly store: KeyValueStore.KeyValueStore
  readonly name: string
  readonly source?: string | undefined
}

/** What a contact that came to an end is counted as. */
export const kinds = { Created: "created", Updated: "updated", Rejected: "rejected", Unknown: "unknown" } as const

export type Kind = (typeof kinds)[keyof typeof kinds]

const Counts = Schema.Struct({
  created: Schema.NonNegativeInt,
  updated: Schema.NonNegativeInt,
  rejected: Schema.NonNegativeInt,
  unknown: Schema.NonNegativeInt
})

/** How many contacts came to each end. */
export interface Counts extends Schema.Schema.Type<typeof Counts> {}

/**
 * - `sequence`: the higher of two is the later.
 * - `next`: all before it are settled; `beyond`: those after it that are, from and to.
 * - `begun`: those that were sent, must not be sent twice, and are not settled.
 * - `letters`: how many batches of dead letters there are.
 */
const Progress = Schema.Struct({
  version: Schema.Literal(1),
  sequence: Schema.NonNegativeInt,
  source: Schema.optionalWith(Schema.String, { exact: true }),
  next: Schema.NonNegativeInt,
  beyond: Schema.Array(Schema.Tuple(Schema.NonNegativeInt, Schema.NonNegativeInt)),
  begun: Schema.Array(Schema.NonNegativeInt),
  counts: Counts,
  letters: Schema.NonNegativeInt,
  isComplete: Schema.Boolean
})

interface Progress extends Schema.Schema.Type<typeof Progress> {}

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
    const whole = texts.flatMap((text) => Option.toArray(Schema.decodeUnknownOption(ProgressJson)(text)))
    const [latest] = whole.sort((a, b) => b.sequence - a.sequence)
    // The very first write may have been cut off. Later ones leave the one before it.
    if (latest === undefined && texts.length === places.length) {
      const message = `The checkpoint ${checkpoint.name} cannot be read`
      return yield* new CheckpointError({ reason: "Unreadable", message })
    }
    if (latest !== undefined && checkpoint.source !== undefined && latest.source !== checkpoint.source) {
      const message = `The checkpoint ${checkpoint.name} was made for another list`
      return yield* new CheckpointError({ reason: "AnotherList", message })
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

/** Forgets it, dead letters and all. */
export const clear = ({ store, name }: Checkpoint): Effect.Effect<void, CheckpointError> => {
  const remove = (key: string) => Effect.tap(store.has(key), (isThere) => (isThere ? store.remove(key) : Effect.void))
  // What is not whole does not say how many there are.
  const removeLetters = (batch: number): Effect.Effect<void, PlatformError> =>
    Effect.flatMap(remove(lettersOf({ name }, batch)), (wasThere) =>
      wasThere ? removeLetters(batch + 1) : Effect.void
    )
  return Effect.forEach(places, (place) => remove(placeOf({ name }, place)), { discard: true }).pipe(
    Effect.zipRight(removeLetters(0)),
    Effect.mapError(failed(name))
  )
}

// --- while a run goes on -------------------------------------------------------------------------------------------------

/**
 * - `next`: all before it are settled.
 * - `wasSettled`, `wasBegun`: by an earlier run.
 * - `begin`, `settle`, `complete`: done when it is written down. `letter` is what is kept of one that failed.
 * - `takeBack`: one that was begun was certainly not applied.
 */
export interface Journal {
  readonly next: () => number
  readonly wasSettled: (index: number) => boolean
  readonly wasBegun: (index: number) => boolean
  readonly begin: (index: number) => Effect.Effect<void, CheckpointError>
  readonly takeBack: (index: number) => Effect.Effect<void, CheckpointError>
  readonly settle: (index: number, kind: Kind, letter?: unknown) => Effect.Effect<void, CheckpointError>
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

/** Goes on where an earlier run has ended. Without a checkpoint, it remembers as long as it lives. */
export const open = (checkpoint: Checkpoint | undefined): Effect.Effect<Journal, CheckpointError> =>
  Effect.gen(function* () {
    const earlier = checkpoint && (yield* read(checkpoint))
    const counts = { created: 0, updated: 0, rejected: 0, unknown: 0, ...earlier?.counts }
    const beyond = new Set(earlier?.beyond.flatMap(numbersIn))
    const begun = new Set(earlier?.begun)
    const beyondBefore = new Set(beyond)
    const begunBefore = new Set(begun)
    const unwritten: Array<unknown> = []
    let next = earlier?.next ?? 0
    let sequence = earlier?.sequence ?? 0
    let batches = earlier?.letters ?? 0
    let isComplete = false
    /** How many changes there were, and how many of them are written. */
    let changed = 0
    let written = 0
    const writing = yield* Effect.makeSemaphore(1)

    const write = (checkpoint: Checkpoint) =>
      Effect.suspend(() => {
        const { store, source } = checkpoint
        const change = changed
        const batch = unwritten.slice()
        const progress: Progress = {
          version: 1,
          sequence: sequence + 1,
          ...(source === undefined ? {} : { source }),
          next,
          beyond: ranges(beyond),
          begun: Array.from(begun),
          counts: { ...counts },
          letters: batches + (batch.length > 0 ? 1 : 0),
          isComplete
        }
        // The letters first: a batch that no progress tells of is written again.
        const lettersWritten =
          batch.length > 0 ? store.set(lettersOf(checkpoint, batches), JSON.stringify(batch)) : Effect.void
        return Effect.map(
          Effect.zipRight(lettersWritten, store.set(placeOf(checkpoint, progress.sequence), JSON.stringify(progress))),
          () => {
            unwritten.splice(0, batch.length)
            batches = progress.letters
            sequence = progress.sequence
            written = change
          }
        )
      })

    /** Whoever comes first writes for all that wait with it. */
    const commit: Effect.Effect<void, CheckpointError> =
      checkpoint === undefined
        ? Effect.void
        : Effect.suspend(() => {
            changed += 1
            const change = changed
            return writing.withPermits(1)(
              Effect.suspend(() =>
                written >= change
                  ? Effect.void
                  : Effect.uninterruptible(Effect.mapError(write(checkpoint), failed(checkpoint.name)))
              )
            )
          })

    return {
      next: () => next,
      wasSettled: (index) => index < (earlier?.next ?? 0) || beyondBefore.has(index),
      wasBegun: (index) => begunBefore.has(index),
      begin: (index) =>
        Effect.suspend(() => {
          begun.add(index)
          return commit
        }),
      takeBack: (index) => Effect.suspend(() => (begun.delete(index) ? commit : Effect.void)),
      settle: (index, kind, letter) =>
        Effect.suspend(() => {
          counts[kind] += 1
          begun.delete(index)
          beyond.add(index)
          while (beyond.delete(next)) next += 1
          if (letter !== undefined && checkpoint !== undefined) unwritten.push(letter)
          return commit
        }),
      complete: Effect.suspend(() => {
        isComplete = true
        return commit
      })
    }
  })
