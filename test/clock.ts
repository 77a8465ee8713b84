// Helpers for tests that use the test clock together with real network I/O.
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"

/** Waits a millisecond of real time, so that pending I/O can complete. */
export const turning = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1)))

/** Advances the test clock step by step until the fiber ends. */
export const joined = <A, E>(fiber: Fiber.Fiber<A, E>, step: Duration.DurationInput) =>
  Effect.gen(function* () {
    while (Option.isNone(yield* Fiber.poll(fiber))) {
      yield* turning
      yield* TestClock.adjust(step)
    }
    return yield* Fiber.join(fiber)
  })
