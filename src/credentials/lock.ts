// A lock on a grant that other processes may hold.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type LockedGrant, TokenStoreError } from "../TokenStore.js"

/** A locked grant that can also be removed. */
export interface OwnedGrant extends LockedGrant {
  /** Removes the grant; does nothing if there is none. */
  readonly remove: Effect.Effect<void, TokenStoreError>
}

/** A lock that this process holds. Its grant cannot be written after another process may have acquired the lock. */
export interface Lock {
  readonly grant: OwnedGrant
  readonly release: Effect.Effect<void>
}

/** The maximum wait for a lock, in milliseconds. */
const timeout = 60_000
/** The time between two attempts to acquire a lock, in milliseconds. */
const interval = 50

const busy = () =>
  new TokenStoreError({ message: "Another process has held the lock of the token store for 60s; try the call again" })

export const lockLost = () =>
  new TokenStoreError({ message: "Another process has taken the lock of the token store; nothing was written" })

/**
 * Runs an effect with the grant that a lock protects. The wait for the lock can be interrupted; an acquired lock is always
 * released. `tryLock` returns the lock without waiting, or `None` if another process holds it.
 */
export const withLock = <A, E, R>(
  tryLock: Effect.Effect<Option.Option<Lock>, TokenStoreError>,
  use: (grant: OwnedGrant) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | TokenStoreError, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const until = (yield* Clock.currentTimeMillis) + timeout
      for (;;) {
        const lock = yield* tryLock
        if (Option.isSome(lock)) {
          const { grant, release } = lock.value
          return yield* Effect.ensuring(restore(Effect.suspend(() => use(grant))), release)
        }
        if ((yield* Clock.currentTimeMillis) >= until) return yield* Effect.fail(busy())
        yield* restore(Effect.sleep(interval))
      }
    })
  )

/** Removes the grant that a lock protects, once this process has acquired the lock. */
export const removeLocked = (
  tryLock: Effect.Effect<Option.Option<Lock>, TokenStoreError>
): Effect.Effect<void, TokenStoreError> => withLock(tryLock, ({ remove }) => remove)
