// The sandbox that judges the measurements: it runs in its own process and is controlled over HTTP.
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Redacted from "effect/Redacted"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as RateLimit from "effect-growthhub/RateLimit"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import type { Fault, Options, Plan, Snapshot } from "effect-growthhub/Sandbox"
import type { LocationId } from "effect-growthhub/Schema"
import * as Child from "./Child.js"

export interface Ledger {
  readonly received: number
  readonly applied: ReadonlyArray<{ readonly operation: string; readonly contactId: string; readonly isNew: boolean }>
  readonly requests: ReadonlyArray<{ readonly method: string; readonly url: string; readonly status: number }>
  readonly otherConsumers: { readonly given: number; readonly refused: number }
}

export interface Judge {
  readonly url: string
  readonly token: string
  readonly locationId: LocationId
  readonly setFaults: (plan: typeof Plan.Encoded) => Effect.Effect<void>
  readonly outage: (fault: typeof Fault.Encoded) => Effect.Effect<void>
  readonly recover: Effect.Effect<void>
  readonly setLimits: (limits: NonNullable<Options["limits"]>) => Effect.Effect<void>
  readonly reset: Effect.Effect<void>
  readonly seed: (contacts: ReadonlyArray<object>) => Effect.Effect<void>
  readonly ledger: Effect.Effect<Ledger>
  readonly contacts: Effect.Effect<Snapshot["contacts"]>
  /** Installs the app for a location, and returns the authorization code of the consent page. */
  readonly install: (installation: { readonly locationId: string }) => Effect.Effect<string>
  readonly expireTokens: Effect.Effect<void>
}

export const make = Effect.gen(function* () {
  const { message } = yield* Child.spawn<Pick<Judge, "url" | "token" | "locationId">>("./sandbox.ts")
  const asking = <A>(method: string, path: string, body?: unknown) =>
    Effect.promise(async (): Promise<A> => {
      const response = await fetch(`${message.url}/_sandbox${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } })
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
      return (text === "" ? undefined : JSON.parse(text)) as A
    })
  const judge: Judge = {
    ...message,
    setFaults: (plan) => asking("PUT", "/faults", plan),
    outage: (fault) => asking("PUT", "/outage", fault),
    recover: asking("DELETE", "/outage"),
    setLimits: (limits) => asking("PUT", "/limits", limits),
    reset: asking("POST", "/reset"),
    seed: (contacts) => asking("POST", "/contacts", contacts),
    ledger: asking("GET", "/ledger"),
    contacts: Effect.map(asking<Snapshot>("GET", "/directory"), ({ contacts }) => contacts),
    install: (installation) =>
      Effect.map(asking<{ readonly code: string }>("POST", "/installations", installation), ({ code }) => code),
    expireTokens: asking("DELETE", "/tokens")
  }
  return judge
})

export type Transport = Layer.Layer<HttpClient.HttpClient>

/** A layer without a rate limit, for figures that do not measure it. */
export const layerUnlimited: Layer.Layer<RateLimit.RateLimit> = RateLimit.layerUnlimited

/** The library's client for a judge, or for any other server. */
export const client = (
  { url, token }: Pick<Judge, "url" | "token">,
  transport: Transport,
  policy: RetryPolicy.Policy = RetryPolicy.make(),
  limit: Layer.Layer<RateLimit.RateLimit> = RateLimit.layer()
): Layer.Layer<ContactsService> =>
  ContactsService.layer({ baseUrl: url, token: Redacted.make(token) }).pipe(
    Layer.provide(transport),
    Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, policy)),
    Layer.provide(limit)
  )
