// R9: the time until an interrupted call has settled, in each phase of a call.
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as Credentials from "effect-growthhub/Credentials"
import * as RateLimit from "effect-growthhub/RateLimit"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { ContactId, LocationId } from "effect-growthhub/Schema"
import * as TokenStore from "effect-growthhub/TokenStore"
import { type Figure, percentile99, rounded, worst } from "./Figure.js"
import * as Installation from "./Installation.js"
import { client, type Judge, type Transport, layerUnlimited } from "./Judge.js"

const get = Effect.flatMap(ContactsService, (contacts) => contacts.getContact(ContactId.make("lead")))

const timed = Effect.gen(function* () {
  const fiber = yield* Effect.fork(get)
  yield* Effect.sleep("20 millis")
  const began = performance.now()
  const exit = yield* Fiber.interrupt(fiber)
  // A call that had ended by itself was neither in flight nor waiting.
  return Exit.isInterrupted(exit) ? performance.now() - began : Infinity
})

/** The 99th percentile of `times` calls; Infinity if they have not sent the expected number of requests. */
const measured = (judge: Judge, times: number, requests: number) =>
  Effect.gen(function* () {
    const { received: before } = yield* judge.ledger
    const settled = yield* Effect.replicateEffect(timed, times)
    const { received: after } = yield* judge.ledger
    return after - before === requests ? percentile99(settled) : Infinity
  })

const stalling = { rules: [{ fault: { _tag: "Stall", millis: 60_000 } }] } as const

const policy = RetryPolicy.make({ schedule: Schedule.spaced("10 seconds"), budget: Infinity })

/** Measures calls whose access token has just expired while the vendor does not respond. They all wait for one refresh. */
const refreshing = (judge: Judge, times: number, transport: Transport) =>
  Effect.gen(function* () {
    const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")
    const store = yield* TokenStore.makeMemory()
    yield* Installation.connect(judge, store, [locationId])
    yield* judge.expireTokens
    yield* judge.setFaults({ rules: [{ ...stalling.rules[0], endpoint: "token" }] })
    const { clientId, clientSecret } = Installation.app
    const token = Credentials.oauth({ clientId, clientSecret: Redacted.make(clientSecret), locationId, store })
    // The first call sends its request and the refresh; each other call sends one request.
    return yield* Effect.provide(
      measured(judge, times, times + 1),
      ContactsService.layer({ baseUrl: judge.url, token }).pipe(Layer.provide(transport), Layer.provide(layerUnlimited))
    )
  })

export const run = (judge: Judge, times: number, transport: Transport) =>
  Effect.gen(function* () {
    const calling = <A, E>(self: Effect.Effect<A, E, ContactsService>, limit = layerUnlimited) =>
      Effect.provide(self, client(judge, transport, policy, limit))
    yield* judge.reset
    yield* judge.setFaults(stalling)
    const inFlight = yield* calling(measured(judge, times, times))
    yield* judge.setFaults({ rules: [{ fault: { _tag: "Status", status: 503 } }] })
    const inBackoff = yield* calling(measured(judge, times, times))
    yield* judge.reset
    yield* judge.seed([{ id: "lead" }])
    yield* judge.setLimits({ max: 1, interval: 20_000 })
    const inQueue = yield* calling(Effect.zipRight(get, measured(judge, times, 0)), RateLimit.layer({ limit: 1 }))
    yield* judge.reset
    const inRefresh = yield* refreshing(judge, times, transport)
    yield* judge.reset
    return { inQueue, inFlight, inBackoff, inRefresh }
  }).pipe(Effect.orDie)

export const figure = (runs: ReadonlyArray<Effect.Effect.Success<ReturnType<typeof run>>>): Figure => {
  const places = ["inQueue", "inFlight", "inBackoff", "inRefresh"] as const
  const all = places.map((place) => worst(runs.map((run) => run[place])))
  return {
    id: "R9",
    what: "from interrupt to settled (99 %): waiting for a slot, in flight, in backoff, in a refresh",
    aim: "at most 5 ms",
    measured: all.map((millis) => `${rounded(millis)} ms`).join(", "),
    isMet: worst(all) <= 5,
    values: Object.fromEntries(places.map((place, index) => [`${place}Millis`, rounded(all[index]!, 2)]))
  }
}
