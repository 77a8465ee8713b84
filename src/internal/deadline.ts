// A limit of time that is kept whatever it limits.
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

/**
 * In another turn: taking a request off the wire takes a transport a millisecond or more, and whoever has given up on it
 * does not wait for that.
 */
const abandon = (fiber: Fiber.RuntimeFiber<unknown, unknown>) => {
  setTimeout(() => fiber.unsafeInterruptAsFork(fiber.id()), 0)
}

/**
 * The effect, or what `onTimeout` makes of it when its time is over. Neither that nor an interruption waits for the effect
 * to end, be it uninterruptible or slow to clean up.
 */
export const within = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  limit: Duration.Duration,
  onTimeout: () => E
): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      // Interruptible even where the caller is not. As a value: a fiber that fails would be reported in the app's log.
      Effect.zip(
        Effect.forkDaemon(Effect.interruptible(Effect.either(self))),
        Effect.forkDaemon(Effect.interruptible(Effect.sleep(limit)))
      ),
      ([fiber, timer]) =>
        Effect.onInterrupt(
          restore(
            Effect.async<A, E>((resume) => {
              fiber.addObserver((exit) => {
                timer.unsafeInterruptAsFork(timer.id())
                resume(Effect.flatten(exit))
              })
              timer.addObserver(({ _tag }) => {
                if (_tag === "Failure") return
                abandon(fiber)
                resume(Effect.failSync(onTimeout))
              })
            })
          ),
          () =>
            Effect.sync(() => {
              timer.unsafeInterruptAsFork(timer.id())
              abandon(fiber)
            })
        )
    )
  )
