// The sandbox alone, until it is interrupted.
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Sandbox } from "../sandbox/Sandbox.js"
import { usageError, type CliExit } from "./CliExit.js"

export const run = (port: number, control: boolean): Effect.Effect<void, CliExit> =>
  Effect.gen(function* () {
    const { url, token, locationId } = yield* Sandbox
    // The sandbox's own token is for everyone to see.
    yield* Console.log(`The sandbox answers at ${url}

  documentation, to try it in   ${url}/docs
  OpenAPI                       ${url}/openapi.json
  token                         ${Redacted.value(token)}
  location                      ${locationId}${control ? `\n  faults, outage, ledger        ${url}/_sandbox (see the documentation)` : ""}

  GROWTHHUB_TOKEN=${Redacted.value(token)} GROWTHHUB_BASE_URL=${url}

Ctrl-C stops it.`)
    return yield* Effect.never
  }).pipe(
    Effect.provide(Sandbox.layer({ port, control })),
    Effect.catchTag("ServeError", () => Effect.fail(usageError(`Port ${port} cannot be used: is it taken?`)))
  )
