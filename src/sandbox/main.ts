/**
 * `npm run sandbox -- --port 8787`: the sandbox alone, until it is interrupted.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { parseArgs } from "node:util"
import { Sandbox } from "./Sandbox.js"

const usage = `usage: npm run sandbox -- [--port PORT] [--control]

  --port PORT   1 to 65535, or 0 for a free one (the default)
  --control     faults, outage, contacts and ledger over HTTP, under /_sandbox`

const flags = { port: { type: "string", default: "0" }, control: { type: "boolean", default: false } } as const

const optionsOf = (args: ReadonlyArray<string>) =>
  Either.try({
    try: () => parseArgs({ args: [...args], options: flags }).values,
    catch: () => usage
  }).pipe(
    Either.filterOrLeft(
      ({ port }) => /^\d{1,5}$/.test(port) && Number(port) <= 65535,
      () => `--port takes a number from 0 to 65535\n${usage}`
    ),
    Either.map(({ port, control }) => ({ port: Number(port), control }))
  )

const serve = (control: boolean) =>
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
  })

const main = process.argv.slice(2).includes("--help")
  ? Console.log(usage)
  : Effect.flatMap(optionsOf(process.argv.slice(2)), ({ port, control }) =>
      Effect.provide(serve(control), Sandbox.layer({ port, control })).pipe(
        Effect.catchTag("ServeError", () => Effect.fail(`Port ${port} cannot be used: is it taken?`))
      )
    ).pipe(
      Effect.catchAll((message) =>
        Effect.zipRight(
          Console.error(message),
          Effect.sync(() => {
            process.exitCode = 1
          })
        )
      )
    )

NodeRuntime.runMain(main)
