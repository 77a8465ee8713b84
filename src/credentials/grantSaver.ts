// Saves a new grant, and retries until the store can be written.
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as telemetry from "../runtime/telemetry.js"
import type * as TokenStore from "../TokenStore.js"
import { isBehind } from "./grant.js"
import { keyOf, readStored, type Rotation, use } from "./installation.js"

/** The time between two warnings about a grant that cannot be saved, in milliseconds. */
const warningInterval = 10 * 60_000

/** Counts a failure and logs a warning, at most one in ten minutes. */
const report = ({ installation, state }: Rotation, cause: Cause.Cause<TokenStore.TokenStoreError>) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    telemetry.saveFailures(1)
    if (state.warnedAt !== undefined && now - state.warnedAt < warningInterval) return Effect.void
    state.warnedAt = now
    // The cause of a defect is not logged, because it may contain the grant.
    const reason = Option.match(Cause.failureOption(cause), {
      onNone: () => "the store failed with a defect",
      onSome: ({ message }) => message
    })
    return Effect.logWarning(
      `The grant of ${keyOf(installation)} is not saved: ${reason}. It will be saved when the store can be written; ` +
        "if this process ends before that, the customer must reconnect the app"
    )
  })

/** Saves the grant that was just refreshed. */
export const save = ({ state }: Rotation, locked: TokenStore.LockedGrant, grant: TokenStore.Grant) =>
  Effect.tap(locked.set(grant), () => {
    if (state.current === grant) state.isUnsaved = false
    state.warnedAt = undefined
  })

/** Saves the grant. If another process or a reconnect has stored a newer grant, that one is used instead. */
const saveUnsaved = (rotation: Rotation) =>
  Effect.suspend(() => {
    const { state, installation } = rotation
    if (!state.isUnsaved) return Effect.void
    return installation.store.withLock(keyOf(installation), (locked) =>
      Effect.gen(function* () {
        const stored = yield* readStored(rotation, locked.get)
        if (!state.isUnsaved || state.current === undefined) return
        if (isBehind(stored, state)) return yield* save(rotation, locked, state.current)
        state.isUnsaved = false
        if (stored !== undefined) use(state, stored)
      })
    )
    // Defects are retried too, because the app's own store may have a bug.
  }).pipe(
    Effect.tapErrorCause((cause) => report(rotation, cause)),
    Effect.sandbox
  )

/** Tries once a second until the grant is saved. */
export const saveLater = (rotation: Rotation) =>
  Effect.interruptible(Effect.ignore(Effect.retry(saveUnsaved(rotation), Schedule.spaced("1 second"))))

/** Saves the grant when the service is released; gives up after 20 seconds. */
export const saveAtEnd = (rotation: Rotation) =>
  Effect.retry(saveUnsaved(rotation), Schedule.spaced("500 millis")).pipe(
    // The timeout runs this in a fiber of its own, which is not interrupted if the fiber of the service is.
    Effect.interruptible,
    Effect.timeout("20 seconds"),
    Effect.ignore
  )
