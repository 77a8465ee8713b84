// R10: by how much a call misses its deadline.
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { ContactId } from "effect-growthhub/Schema"
import { type Figure, percentile99, rounded, worst } from "./Figure.js"
import { client, type Judge, type Transport, layerUnlimited } from "./Judge.js"

const deadline = 300

/**
 * Makes a call after a random delay, as the calls of an app do not begin at once; returns by how much it misses its
 * deadline.
 */
const timed = Effect.gen(function* () {
  const contacts = yield* ContactsService
  yield* Effect.flatMap(Random.nextIntBetween(0, 100), (millis) => Effect.sleep(millis))
  const began = performance.now()
  yield* Effect.either(contacts.getContact(ContactId.make("lead")))
  // A call that ends too early counts, too: it has not waited for its response.
  return Math.abs(performance.now() - began - deadline)
})

export const run = (judge: Judge, times: number, transport: Transport) =>
  Effect.gen(function* () {
    yield* judge.reset
    yield* judge.setFaults({ rules: [{ fault: { _tag: "Stall", millis: 60_000 } }] })
    const policy = RetryPolicy.make({
      schedule: Schedule.spaced("20 millis"),
      attemptTimeout: "90 millis",
      deadline,
      budget: Infinity
    })
    const missed = yield* Effect.all(
      Array.from({ length: times }, () => timed),
      { concurrency: 8 }
    ).pipe(Effect.provide(client(judge, transport, policy, layerUnlimited)))
    yield* judge.reset
    return percentile99(missed)
  })

export const figure = (runs: ReadonlyArray<number>): Figure => ({
  id: "R10",
  what: "deadline missed by (99 %)",
  aim: "at most 10 ms",
  measured: `${rounded(worst(runs))} ms`,
  isMet: worst(runs) <= 10,
  values: { missedMillis: rounded(worst(runs), 2) }
})
