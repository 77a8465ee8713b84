// R22: every operation under the faults of R1. The sandbox is in memory, so that the test clock skips stalls of seconds. The
// sandbox's ledger shows which writes were applied.

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import { ContactsTest } from "effect-growthhub/ContactsTest"
import { isDocumented, isOperational } from "effect-growthhub/Errors"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { ContactId } from "effect-growthhub/Schema"
import { faults } from "./faults.js"
import { type Figure, worst } from "./Figure.js"
import { type Name, operations, type Services } from "./calls.js"

/** The share of the requests that get each kind of fault. */
const share = 0.02

/** The outcomes of the calls of one operation, counted. */
export interface Tally {
  readonly name: Name
  /** Calls that were reported as not applied although they were. */
  readonly false: number
  /** Calls that were reported as successful although nothing was applied. */
  readonly lost: number
  /** Calls that were applied twice although that creates two records. */
  readonly doubled: number
  /** Calls that were reported as unknown. */
  readonly unknown: number
  /** Calls that failed with something other than a typed error. */
  readonly untyped: number
  readonly failed: number
}

/** Runs a call while it advances the test clock, and returns the exit of the call. */
const inTime = <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<Exit.Exit<A, E>, never, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(call)
    while (fiber.unsafePoll() === null) {
      // Work that is pending in memory runs before the clock advances.
      yield* Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
      if (fiber.unsafePoll() === null) yield* TestClock.adjust("200 millis")
    }
    return yield* Fiber.await(fiber)
  })

const contactsOf = (calls: number) =>
  Array.from({ length: calls }, (_, index) => ({
    id: ContactId.make(`contact${index}`),
    firstName: `Contact ${index}`
  }))

const measure = (name: Name, calls: number, seed: number): Effect.Effect<Tally, never, never> =>
  Effect.gen(function* () {
    const test = yield* ContactsTest
    const services = yield* Effect.context<Services>()
    const { call, isOnce = false, isRead = false, prepare } = operations[name]
    const tally = { name, false: 0, lost: 0, doubled: 0, unknown: 0, untyped: 0, failed: 0 }
    const contacts = contactsOf(calls)
    const prepared: Array<unknown> = []
    for (const { id } of contacts) {
      prepared.push(
        prepare === undefined
          ? undefined
          : yield* Effect.orDie(Effect.provide(prepare(id), services) as Effect.Effect<unknown>)
      )
    }
    const appliedOf = Effect.map(
      test.ledger,
      ({ applied }) => applied.filter(({ operation }) => operation === name).length
    )
    yield* Effect.orDie(test.setFaults(faults(share, seed)))
    for (const [index, { id }] of contacts.entries()) {
      const before = yield* appliedOf
      const exit = yield* inTime(Effect.either(Effect.provide(call(id, prepared[index]), services)))
      const applied = (yield* appliedOf) - before
      if (Exit.isFailure(exit)) tally.untyped += 1
      else if (Either.isRight(exit.value)) tally.lost += !isRead && applied === 0 ? 1 : 0
      else {
        const error = exit.value.left
        tally.failed += 1
        if (!isDocumented(error) && !isOperational(error)) tally.untyped += 1
        else if (error.outcome === "Unknown") tally.unknown += 1
        else if (applied > 0) tally.false += 1
      }
      if (isOnce && applied > 1) tally.doubled += 1
    }
    return tally
  }).pipe(
    Effect.provide(
      ContactsTest.layer({
        contacts: contactsOf(calls),
        retryPolicy: RetryPolicy.make({ attemptTimeout: "1 second" })
      }).pipe(Layer.provideMerge(TestContext.TestContext))
    ),
    Effect.scoped
  )

/** Makes `calls` calls of every operation. */
export const run = (options: { readonly calls: number; readonly seed: number }): Effect.Effect<ReadonlyArray<Tally>> =>
  Effect.forEach(Object.keys(operations) as ReadonlyArray<Name>, (name) => measure(name, options.calls, options.seed))

const sum = (tallies: ReadonlyArray<Tally>, field: Exclude<keyof Tally, "name">) =>
  tallies.reduce((total, tally) => total + tally[field], 0)

export const figure = (runs: ReadonlyArray<ReadonlyArray<Tally>>, calls: number): Figure => {
  const of = (field: Exclude<keyof Tally, "name">) => worst(runs.map((tallies) => sum(tallies, field)))
  const [wrong, lost, doubled, untyped, unknown] = [
    of("false"),
    of("lost"),
    of("doubled"),
    of("untyped"),
    of("unknown")
  ]
  return {
    id: "R22",
    what: `of ${calls} calls of each of ${runs[0]?.length ?? 0} operations under faults: false, lost, doubled; unknown`,
    aim: "0; 0; 0",
    measured: `${wrong}; ${lost}; ${doubled}; ${unknown}`,
    isMet: wrong + lost + doubled + untyped === 0,
    values: { false: wrong, lost, doubled, untyped, unknown }
  }
}
