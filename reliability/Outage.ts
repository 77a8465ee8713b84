// R7 and R8: an app that calls at the service's own rate, while the service is down for half a minute and afterwards.
import * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { ContactsService } from "effect-growthhub/ContactsService"
import { ContactId } from "effect-growthhub/Schema"
import { type Figure, rounded, worst } from "./Figure.js"
import { client, type Judge, type Transport } from "./Judge.js"
import * as Rival from "./Rival.js"

const id = ContactId.make("lead")

/** The milliseconds between two calls of the app (100 in 10 seconds, as the service allows) and two probes of an outage. */
const interval = 100
const limit = 100

/** The number of calls that all begin one second before the end of the outage. */
const crowd = 200

interface Ended {
  readonly at: number
  readonly isSuccess: boolean
}

export interface Measured {
  /** Requests per call during the outage. */
  readonly ratio: number
  /** Milliseconds from the end of the outage until 95 % of the calls succeed. */
  readonly recovery: number
  /** The share of the calls that begin after the outage and succeed. */
  readonly succeeded: number
  /** Requests in the first 100 milliseconds after the outage. */
  readonly surge: number
}

const measuring = (
  judge: Judge,
  seconds: number,
  call: Effect.Effect<boolean>,
  departures: ReadonlyArray<number>
): Effect.Effect<Measured> =>
  Effect.gen(function* () {
    yield* judge.reset
    yield* judge.seed([{ id }])
    const ended: Array<Ended> = []
    const calling = Effect.tap(call, (isSuccess) => void ended.push({ at: performance.now(), isSuccess }))
    const paced = (millis: number) =>
      Effect.gen(function* () {
        const fibers: Array<Fiber.Fiber<boolean>> = []
        const began = performance.now()
        for (let count = 0; count * interval < millis; count += 1) {
          fibers.push(yield* Effect.forkDaemon(calling))
          yield* Effect.sleep(Math.max(0, began + (count + 1) * interval - performance.now()))
        }
        return fibers
      })
    yield* Effect.flatMap(paced(1000), Fiber.joinAll)
    const { received: before } = yield* judge.ledger
    yield* judge.outage({ _tag: "Status", status: 503 })
    const inOutage = yield* paced((seconds - 1) * 1000)
    const { received: after } = yield* judge.ledger
    const late = yield* Effect.replicateEffect(Effect.forkDaemon(calling), crowd)
    const last = yield* paced(1000)
    yield* judge.recover
    const recovered = performance.now()
    const following = yield* paced(5000)
    yield* Fiber.joinAll([...inOutage, ...late, ...last])
    const isSuccess = yield* Fiber.joinAll(following)
    const since = ended.filter(({ at }) => at >= recovered).sort((a, b) => a.at - b.at)
    const healthy = since.findIndex((_, index) => {
      const rest = since.slice(index)
      return rest.filter(({ isSuccess }) => isSuccess).length >= 0.95 * rest.length
    })
    return {
      ratio: (after - before) / inOutage.length,
      recovery: healthy === -1 ? Infinity : healthy === 0 ? 0 : since[healthy]!.at - recovered,
      succeeded: isSuccess.filter(Boolean).length / isSuccess.length,
      surge: departures.filter((at) => at >= recovered && at < recovered + 100).length
    }
  })

export const runOurs = (judge: Judge, seconds: number, transport: Transport) =>
  Effect.gen(function* () {
    const departures: Array<number> = []
    const counted = Layer.effect(
      HttpClient.HttpClient,
      Effect.map(
        HttpClient.HttpClient,
        HttpClient.mapRequest((request) => {
          departures.push(performance.now())
          return request
        })
      )
    ).pipe(Layer.provide(transport))
    return yield* Effect.gen(function* () {
      const contacts = yield* ContactsService
      const call = Effect.map(Effect.either(contacts.getContact(id)), Either.isRight)
      return yield* measuring(judge, seconds, call, departures)
    }).pipe(Effect.provide(client(judge, counted)))
  })

export const runRival = (judge: Judge, seconds: number) =>
  Effect.gen(function* () {
    const sdk = yield* Rival.make(judge)
    const call = Effect.promise(() =>
      sdk.getContact(id).then(
        () => true,
        () => false
      )
    )
    return yield* measuring(judge, seconds, call, [])
  })

export const figures = (
  runs: ReadonlyArray<Measured>,
  seconds: number,
  rival: Measured | undefined
): readonly [Figure, Figure] => {
  const ratio = worst(runs.map((run) => run.ratio))
  const recovery = worst(runs.map((run) => run.recovery))
  const surge = worst(runs.map((run) => run.surge))
  return [
    {
      id: "R7",
      what: `requests per call while the service answers 503 for ${seconds} s`,
      aim: "at most 1.1",
      measured: String(rounded(ratio, 3)),
      isMet: ratio <= 1.1 && runs.every((run) => run.ratio >= 1),
      ...(rival === undefined ? {} : { rival: String(rounded(rival.ratio, 3)) }),
      values: { ratio: rounded(ratio, 3), ...(rival === undefined ? {} : { rivalRatio: rounded(rival.ratio, 3) }) }
    },
    {
      id: "R8",
      what: "after it: until 95 % succeed; most requests in the first 100 ms",
      aim: `${interval} ms, ${limit}`,
      measured: `${rounded(recovery)} ms, ${surge}`,
      isMet: recovery <= interval && surge <= limit,
      values: { recoveryMillis: rounded(recovery), surge }
    }
  ]
}
