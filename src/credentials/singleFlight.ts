// Single flight: concurrent callers share one execution.
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import type * as Scope from "effect/Scope"
import * as Errors from "../Errors.js"
import { bearerOperation } from "./token.js"

type Work = Effect.Effect<void, Errors.ContactsError>

/** Runs one effect at a time, in the scope of a service. It continues if its callers are interrupted. */
export interface SingleFlight {
  readonly isRunning: () => boolean
  /** Starts the effect unless one is running. The inner effect waits for the one that runs. */
  readonly start: (work: Work) => Effect.Effect<Work>
}

export const make = (scope: Scope.Scope): SingleFlight => {
  let current: Deferred.Deferred<void, Errors.ContactsError> | undefined
  return {
    isRunning: () => current !== undefined,
    start: (work) =>
      Effect.suspend(() => {
        if (current !== undefined) return Effect.succeed(Deferred.await(current))
        const flight = Deferred.unsafeMake<void, Errors.ContactsError>(FiberId.none)
        current = flight
        const done = (exit: Exit.Exit<void, Errors.ContactsError>) => {
          current = undefined
          const released = new Errors.Unauthorized({
            operation: bearerOperation,
            attempts: 0,
            message: "The service has been released"
          })
          return Exit.isInterrupted(exit) ? Deferred.fail(flight, released) : Deferred.done(flight, exit)
        }
        return Effect.interruptible(work).pipe(
          Effect.onExit(done),
          // The fiber returns its exit as a value, because Effect logs a forked fiber that fails.
          Effect.exit,
          Effect.forkIn(scope),
          Effect.as(Deferred.await(flight))
        )
        // The start is uninterruptible, so that the deferred is always completed.
      }).pipe(Effect.uninterruptible)
  }
}
