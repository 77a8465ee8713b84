// A limit of time that is kept whatever it limits.
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"

/**
 * In another turn: taking a request off the wire takes a transport a millisecond or more, and whoever has given up on it
 * does not wait for that.
 */
const abandon = (fiber: Fiber.RuntimeFiber<unknown, unknown>) => {
  setTimeout(() => fiber.unsafeInterruptAsFork(fiber.id()), 0)
}

const liveClock = Context.get(DefaultServices.liveServices, Clock.Clock)

/** What a timer of the host can wait. */
const longestTimer = 2 ** 31 - 1

/** Does it when the time is over, by whatever clock it is; the answer takes that back. By the host's, a fiber is spared. */
const later = (clock: Clock.Clock, time: Duration.Duration, task: () => void): (() => void) => {
  const millis = Duration.toMillis(time)
  if (clock === liveClock && millis <= longestTimer) {
    const timer = setTimeout(task, millis)
    return () => clearTimeout(timer)
  }
  const fiber = Effect.runFork(clock.sleep(time))
  fiber.addObserver(({ _tag }) => {
    if (_tag === "Success") task()
  })
  return () => fiber.unsafeInterruptAsFork(fiber.id())
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
  Effect.flatMap(Effect.runtime<R>(), (runtime) =>
    Effect.clockWith((clock) =>
      Effect.async<A, E>((resume) => {
        // Interruptible even where the caller is not. As a value: a fiber that fails would be reported in the app's log.
        const fiber = Runtime.runFork(runtime, Effect.interruptible(Effect.exit(self)))
        const cancel = later(clock, limit, () => {
          abandon(fiber)
          resume(Effect.failSync(onTimeout))
        })
        fiber.addObserver((exit) => {
          cancel()
          resume(Effect.flatten(exit))
        })
        return Effect.sync(() => {
          cancel()
          abandon(fiber)
        })
      })
    )
  )
