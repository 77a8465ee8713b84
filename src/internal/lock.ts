// The exclusive section of a token store, by a lock that other processes may hold.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Section, TokenStoreError } from "../TokenStore.js"

/**
 * A lock that is held, and what may be done with it. Its section writes nothing when somebody else may have the lock by now:
 * that would overwrite theirs.
 */
export interface Held {
  readonly section: Section
  readonly release: Effect.Effect<void>
}

/** How long to wait for a lock, and how often to ask for it, in milliseconds. */
const patience = 60_000
const interval = 50

const busy = () => new TokenStoreError({ message: "Another process holds the token store" })

export const lost = () => new TokenStoreError({ message: "The lock of the token store has been lost" })

/**
 * Uses the section that a lock protects. Whoever waits for the lock can be interrupted; whoever has got it gives it back.
 *
 * - `tryLock`: the lock if it is free, at once.
 */
export const exclusively = <A, E, R>(
  tryLock: Effect.Effect<Option.Option<Held>, TokenStoreError>,
  use: (section: Section) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | TokenStoreError, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const until = (yield* Clock.currentTimeMillis) + patience
      for (;;) {
        const lock = yield* tryLock
        if (Option.isSome(lock)) {
          const { section, release } = lock.value
          return yield* Effect.ensuring(restore(Effect.suspend(() => use(section))), release)
        }
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
