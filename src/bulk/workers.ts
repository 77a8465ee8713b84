// The workers of a run: each takes the next contact of the list and sends it.
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Schema from "../Schema.js"
import type { CheckpointError, Journal } from "./checkpoint.js"
import type { Queued } from "./ordering.js"
import type { BulkStopped } from "./outcome.js"
import type { Run } from "./run.js"
import type { Item } from "./verdict.js"

/** Runs `concurrency` workers until the list or the run ends. */
export const runWorkers = <E, R>(
  run: Run,
  pull: Effect.Effect<Item | undefined, E, R>,
  takeTurn: (input: Schema.ContactUpsert) => Queued,
  concurrency: number
): Effect.Effect<void, E | BulkStopped | CheckpointError, R> =>
  Effect.gen(function* () {
    let cause: Cause.Cause<E | CheckpointError> | undefined
    const pulled = yield* Effect.makeSemaphore(1)
    // Only one worker pulls at a time, so that turns are taken in the order of the list.
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
    // If a worker fails, the others end the calls that they have started.
    const worker = Effect.catchAllCause(work, (broken) =>
      Effect.suspend(() => {
        cause ??= broken
        return run.abort
      })
    )
    yield* Effect.forEach(Array.from({ length: concurrency }), () => worker, { concurrency, discard: true })
    yield* run.end(cause)
  })

/** Pulls the next contact that has no outcome yet, with its place; undefined when the list or the run has ended. */
export const makePull = <E, R>(
  contacts: Stream.Stream<Schema.ContactUpsert, E, R>,
  journal: Journal,
  ending: Effect.Effect<void>
): Effect.Effect<Effect.Effect<Item | undefined, E, R>, never, R | Scope.Scope> =>
  Effect.map(Stream.toPull(contacts), (next) => {
    // The next contact of the list may take forever, so the end of the run must not wait for it.
    const pull = Effect.raceFirst(Effect.disconnect(next), Effect.zipRight(ending, Effect.fail(Option.none<E>())))
    let chunk: Iterator<Schema.ContactUpsert> = [][Symbol.iterator]()
    let place = 0
    const take: Effect.Effect<Item | undefined, E, R> = Effect.suspend(() => {
      for (let one = chunk.next(); one.done !== true; one = chunk.next()) {
        const index = place++
        if (!journal.wasSettled(index))
          return Effect.succeed({ index, input: one.value, sends: 0, mayBeApplied: false })
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
