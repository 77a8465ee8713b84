// Waiting for a lock that others may hold.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** A lock that is held. `isLost` becomes true if somebody else may have it by now. */
export interface Held {
  readonly release: Effect.Effect<void>
  readonly isLost: () => boolean
}

/** How long to wait for a lock, and how often to ask for it, in milliseconds. */
const patience = 60_000
const interval = 50

/**
 * Uses what a lock protects. Whoever waits for the lock can be interrupted; whoever has got it gives it back.
 *
 * - `tryLock`: the lock if it is free, at once.
 * - `busy`: the error of one that has waited too long.
 */
export const exclusively = <A, E, R, E2>(
  tryLock: Effect.Effect<Option.Option<Held>, E2>,
  busy: () => E2,
  use: (held: Held) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | E2, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const until = (yield* Clock.currentTimeMillis) + patience
      for (;;) {
        const held = yield* tryLock
        if (Option.isSome(held)) return yield* Effect.ensuring(restore(use(held.value)), held.value.release)
        if ((yield* Clock.currentTimeMillis) >= until) return yield* Effect.fail(busy())
        yield* restore(Effect.sleep(interval))
      }
    })
  )

/** A promise that is given up after a while: one that never ends would hold everything up. */
export const inTime = <A>(promise: Promise<A>, millis = 10_000): Promise<A> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("timeout")), millis)
  })
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}
