// The judge: a sandbox in its own process, without limits, whose faults are set over HTTP.
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Sandbox } from "effect-growthhub/Sandbox"
import { endWithParent } from "./Child.js"

endWithParent()

Effect.runFork(
  Effect.gen(function* () {
    const { url, token, locationId } = yield* Sandbox
    process.send?.({ url, token: Redacted.value(token), locationId })
    return yield* Effect.never
  }).pipe(
    Effect.provide(Sandbox.layer({ control: true, limits: { max: 1_000_000, interval: 1, daily: 1_000_000_000 } }))
  )
)
