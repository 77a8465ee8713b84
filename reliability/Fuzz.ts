// R11: with any response, a call ends in time with a contact or a typed error, and without a hot loop.
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { ContactsService } from "effect-growthhub/ContactsService"
import { isDocumented, isOperational } from "effect-growthhub/Errors"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { ContactId, LocationId } from "effect-growthhub/Schema"
import * as Child from "./Child.js"
import { type Figure, worst } from "./Figure.js"
import { client, type Transport, layerUnlimited } from "./Judge.js"

const id = ContactId.make("lead")
const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")

/** The deadline in milliseconds. It is long because a busy machine may send no request within 300 ms of a call. */
const deadline = 2000
const attempts = 3

/** The time in milliseconds after its deadline at which a call counts as hanging, even on a busy machine. */
const hangMarginMillis = 5000

const policy = RetryPolicy.make({
  schedule: RetryPolicy.backoff({ attempts, base: "5 millis" }),
  attemptTimeout: "500 millis",
  deadline,
  verifyUnknown: false,
  budget: Infinity
})

const call = (index: number) =>
  Effect.gen(function* () {
    const contacts = yield* ContactsService
    const operation: Effect.Effect<unknown, unknown> =
      index % 3 === 0
        ? contacts.getContact(id)
        : index % 3 === 1
          ? contacts.updateContact(id, { firstName: "Rosan" })
          : contacts.upsertContact({ locationId, email: "lead@example.com" })
    return yield* Effect.exit(
      Effect.timeoutFail(operation, { duration: deadline + hangMarginMillis, onTimeout: () => "hangs" })
    )
  })

const isTyped = (exit: Exit.Exit<unknown, unknown>) =>
  Exit.match(exit, {
    onSuccess: () => true,
    onFailure: (cause) => {
      const failure = Cause.failureOption(cause)
      return failure._tag === "Some" && (isDocumented(failure.value) || isOperational(failure.value))
    }
  })

export interface Fuzzed {
  readonly hangs: number
  readonly untyped: number
  readonly crashes: number
  /** Requests of a hot loop: more than the policy allows, with some for redirects within the origin. */
  readonly excess: number
  /** All requests. How many of the calls could send one before their deadline depends on the machine. */
  readonly received: number
}

export interface Options {
  readonly answers: number
  readonly seed: number
  readonly transport: Transport
}

/** Runs the calls in this process, and counts the crashes that the process survives. */
export const measure = ({ answers, seed, transport }: Options) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { child, message } = yield* Child.spawn<{ readonly url: string }>("./answers.ts", [String(seed)])
      let crashes = 0
      const crashed = () => {
        crashes += 1
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => process.on("uncaughtException", crashed).on("unhandledRejection", crashed)),
        () => Effect.sync(() => process.off("uncaughtException", crashed).off("unhandledRejection", crashed))
      )
      const exits = yield* Effect.forEach(
        Array.from({ length: answers }, (_, index) => call(index)),
        (each) => each,
        { concurrency: 64 }
      ).pipe(Effect.provide(client({ url: message.url, token: "pit-fuzz" }, transport, policy, layerUnlimited)))
      const { received } = yield* Child.ask<{ readonly received: number }>(child)
      const hangs = exits.filter((exit) => Exit.isFailure(exit) && Cause.squash(exit.cause) === "hangs").length
      const untyped = exits.filter((exit) => !isTyped(exit)).length - hangs
      const excess = Math.max(0, received - answers * attempts * 1.5)
      const fuzzed: Fuzzed = { hangs, untyped, crashes, excess, received }
      return fuzzed
    })
  )

/** Runs the calls of a seed in a new process, so that one transport does not change another. */
export const run = ({ answers, seed, transport }: Omit<Options, "transport"> & { readonly transport: string }) =>
  Effect.scoped(
    Effect.map(
      Child.spawn<Fuzzed>("./fuzzing.ts", [String(answers), String(seed), transport]),
      ({ message }) => message
    )
  ).pipe(
    Effect.catchAllDefect(() => Effect.succeed<Fuzzed>({ hangs: 0, untyped: 0, crashes: 1, excess: 0, received: 0 }))
  )

export const figure = (runs: ReadonlyArray<Fuzzed>, answers: number): Figure => {
  const [crashes, hangs, excess, untyped] = (["crashes", "hangs", "excess", "untyped"] as const).map((name) =>
    worst(runs.map((run) => run[name]))
  ) as [number, number, number, number]
  const received = Math.min(...runs.map((run) => run.received))
  return {
    id: "R11",
    what: `${answers} calls met by fuzzed answers`,
    aim: "0 crashes, hangs, hot loops, untyped errors",
    measured: `${crashes} crashes, ${hangs} hangs, ${excess} of ${received} requests too many, ${untyped} untyped errors`,
    isMet: crashes + hangs + excess + untyped === 0 && received >= answers,
    values: { crashes, hangs, excess, untyped, received }
  }
}
