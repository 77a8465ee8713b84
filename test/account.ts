// All services of one account, in memory and over HTTP. The same tests run against both.
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { ContactsTest, type Options, type Service } from "effect-growthhub/ContactsTest"
import * as GrowthHub from "effect-growthhub/GrowthHub"
import type * as HttpLayer from "effect-growthhub/HttpLayer"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { Sandbox } from "effect-growthhub/Sandbox"

/** The controls of the simulated service: its ledger, its faults and its reset. */
export class Judge extends Context.Tag("test/Judge")<Judge, Pick<Service, "ledger" | "setFaults" | "reset">>() {}

export type Account = Layer.Layer<GrowthHub.Services | Judge>

/** Two retries without a delay. */
export const retrying = RetryPolicy.make({ schedule: Schedule.recurs(2) })

/** No retries, but an unknown outcome is verified. */
export const verifying = RetryPolicy.make({ schedule: Schedule.stop })

export const inMemory = (options: Options): Account =>
  Layer.provideMerge(Layer.effect(Judge, ContactsTest), ContactsTest.layer(options))

export const overHttp = (
  { contacts, appointments, retryPolicy = RetryPolicy.none }: Options,
  versions: HttpLayer.Versions = {}
): Account => {
  const services = Layer.unwrapEffect(
    Effect.map(Sandbox, ({ token, url }) => GrowthHub.layer({ baseUrl: url, token, versions }))
  ).pipe(Layer.provide(FetchHttpClient.layer), Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, retryPolicy)))
  return Layer.mergeAll(services, Layer.effect(Judge, Sandbox)).pipe(
    Layer.provide(Sandbox.layer({ contacts, appointments })),
    Layer.orDie
  )
}

export const accounts = [
  ["in memory", inMemory],
  ["over HTTP, against the sandbox", overHttp]
] as const

/** The requests that arrived, as `METHOD path body`, and their Versions. */
export const requests = Effect.flatMap(Judge, ({ ledger }) =>
  Effect.map(ledger, ({ requests }) =>
    requests.map(({ body, headers, method, url }) => ({
      line: `${method} ${url.replace(/^https?:\/\/[^/]+/, "")}`,
      version: headers["version"],
      body: body === "" ? undefined : (JSON.parse(body) as unknown)
    }))
  )
)

/** The writes that were applied, as `operation contact`. */
export const applied = Effect.flatMap(Judge, ({ ledger }) =>
  Effect.map(ledger, ({ applied }) => applied.map(({ contactId, operation }) => `${operation} ${contactId}`))
)

/** The faults in which the request is applied but its response is lost. */
export const losses = [
  { _tag: "Reset", when: "after" },
  { _tag: "Status", status: 502, when: "after", body: "html" },
  { _tag: "Garbage" }
] as const
