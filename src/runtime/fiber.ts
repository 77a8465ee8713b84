// Access to the calling fiber: its services, its clock and its interruptibility.
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

type Current = Fiber.RuntimeFiber<unknown, unknown>

/** Makes a wait interruptible if the caller is interruptible. */
export type Restore = <A, E>(wait: Effect.Effect<A, E>) => Effect.Effect<A, E>

/** Makes an effect that can be interrupted only in the effects that it passes to `restore`. */
export const uninterruptible = <A, E>(
  make: (restore: Restore, fiber: Current) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) => Effect.withFiberRuntime<A, E>((fiber) => make(restore, fiber)))

export const servicesOf = (fiber: Current): Context.Context<DefaultServices.DefaultServices> =>
  fiber.getFiberRef(DefaultServices.currentServices)

export const clockOf = (services: Context.Context<DefaultServices.DefaultServices>): Clock.Clock =>
  Context.get(services, Clock.Clock)
