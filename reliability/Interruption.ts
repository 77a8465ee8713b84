// R9: how soon a call that is interrupted has settled, wherever it is.
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { ContactId } from "effect-growthhub/Schema"
import { type Figure, percentile99, rounded, worst } from "./Figure.js"
import { client, type Judge, type Transport } from "./Judge.js"

const get = Effect.flatMap(ContactsService, (contacts) => contacts.getContact(ContactId.make("lead")))

const timed = Effect.gen(function* () {
  const fiber = yield* Effect.fork(get)
  yield* Effect.sleep("20 millis")
  const began = performance.now()
  const exit = yield* Fiber.interrupt(fiber)
  // One that had ended by itself was neither in flight nor waiting.
  return Exit.isInterrupted(exit) ? performance.now() - began : Infinity
})

/** Whether every call had sent the one request that it was interrupted in, or after. */
const allSent = (judge: Judge, times: number) => Effect.map(judge.ledger, ({ received }) => received === times)

export const run = (judge: Judge, times: number, transport: Transport) =>
  Effect.gen(function* () {
    const policy = RetryPolicy.make({ schedule: Schedule.spaced("10 seconds"), budget: Infinity })
    const settling = Effect.provide(Effect.replicateEffect(timed, times), client(judge, transport, policy))
    yield* judge.reset
    yield* judge.setFaults({ rules: [{ fault: { _tag: "Stall", millis: 60_000 } }] })
    const inFlight = yield* settling
    const wereInFlight = yield* allSent(judge, times)
    yield* judge.setFaults({ rules: [{ fault: { _tag: "Status", status: 503 } }] })
    const inBackoff = yield* settling
    const wereInBackoff = yield* allSent(judge, 2 * times)
    yield* judge.reset
    return {
      inFlight: wereInFlight ? percentile99(inFlight) : Infinity,
      inBackoff: wereInBackoff ? percentile99(inBackoff) : Infinity
    }
  })

export const figure = (runs: ReadonlyArray<Effect.Effect.Success<ReturnType<typeof run>>>): Figure => {
  const inFlight = worst(runs.map((run) => run.inFlight))
  const inBackoff = worst(runs.map((run) => run.inBackoff))
  return {
    id: "R9",
    what: "from interrupt to settled (99 %): in flight, in backoff",
    aim: "at most 5 ms",
    measured: `${rounded(inFlight)} ms, ${rounded(inBackoff)} ms`,
    isMet: Math.max(inFlight, inBackoff) <= 5,
    values: { inFlightMillis: rounded(inFlight, 2), inBackoffMillis: rounded(inBackoff, 2) }
  }
}
