// The time of the test beside that of the network, which takes its own.
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"

/** Lets happen what the host has to do. */
export const turning = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1)))

/** Lets the time of the test pass, step by step, until the fiber ends. */
export const joined = <A, E>(fiber: Fiber.Fiber<A, E>, step: Duration.DurationInput) =>
  Effect.gen(function* () {
    while (Option.isNone(yield* Fiber.poll(fiber))) {
      yield* turning
      yield* TestClock.adjust(step)
    }
    return yield* Fiber.join(fiber)
  })
