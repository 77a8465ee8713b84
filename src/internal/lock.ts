// The exclusive section of a token store, by a lock that other processes may hold.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Section, TokenStoreError } from "../TokenStore.js"

/** A lock that is held. `isLost` becomes true if somebody else may have it by now. */
export interface Held {
  readonly release: Effect.Effect<void>
  readonly isLost: () => boolean
}

/** How long to wait for a lock, and how often to ask for it, in milliseconds. */
const patience = 60_000
const interval = 50

const busy = () => new TokenStoreError({ message: "Another process holds the token store" })
const lost = () => new TokenStoreError({ message: "The lock of the token store has been lost" })

/** What is written while somebody else may have the lock would overwrite theirs. */
const guarded = ({ get, set }: Section, { isLost }: Held): Section => ({
  get,
  set: (grant) => Effect.suspend(() => (isLost() ? Effect.fail(lost()) : set(grant)))
})

/**
 * Uses the section that a lock protects. Whoever waits for the lock can be interrupted; whoever has got it gives it back.
 *
 * - `tryLock`: the lock if it is free, at once.
 */
export const exclusively = <A, E, R>(
  tryLock: Effect.Effect<Option.Option<Held>, TokenStoreError>,
  section: Section,
  use: (section: Section) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | TokenStoreError, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const until = (yield* Clock.currentTimeMillis) + patience
      for (;;) {
        const lock = yield* tryLock
        if (Option.isSome(lock)) {
          const held = lock.value
          return yield* Effect.ensuring(restore(Effect.suspend(() => use(guarded(section, held)))), held.release)
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
