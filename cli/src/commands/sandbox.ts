// growthhub sandbox: runs the sandbox until it is interrupted.
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { type CliExit, usageError } from "../CliExit.js"
import { describe } from "../Help.js"

/** A logger that writes each request as one line with the time of day. */
const requestLog = Logger.replace(
  Logger.defaultLogger,
  Logger.withConsoleError(
    Logger.make(({ date, message }) => `${date.toTimeString().slice(0, 8)} ${[message].flat().join(" ")}`)
  )
)

interface Settings {
  readonly port: number
  readonly control: boolean
  readonly quiet: boolean
  readonly webhooks: Option.Option<string>
}

/** The settings that the receiver of the webhooks needs, as environment variables. */
const receiverOf = (url: string, key: string, appId: string): string => `
  webhooks                      ${url}

  GROWTHHUB_WEBHOOK_KEYS=${key} GROWTHHUB_WEBHOOK_APP_ID=${appId}
`

const run = ({ control, port, quiet, webhooks }: Settings): Effect.Effect<void, CliExit> =>
  Effect.gen(function* () {
    const { Sandbox, WebhookOptions } = yield* Effect.promise(() => import("effect-growthhub/Sandbox"))
    const receiver = Option.getOrUndefined(webhooks)
    if (receiver !== undefined && !Schema.is(WebhookOptions.fields.url)(receiver)) {
      return yield* usageError("--webhooks must be an https URL, or an http URL of a loopback address")
    }
    return yield* Effect.gen(function* () {
      const { app, url, token, locationId, webhookKey } = yield* Sandbox
      // The token of the sandbox is not a secret.
      yield* Console.log(`The sandbox answers at ${url}

  documentation, to try it in   ${url}/docs
  OpenAPI                       ${url}/openapi.json
  token                         ${Redacted.value(token)}
  location                      ${locationId}${control ? `\n  faults, outage, ledger        ${url}/_sandbox (see the documentation)` : ""}

  GROWTHHUB_TOKEN=${Redacted.value(token)} GROWTHHUB_LOCATION_ID=${locationId} GROWTHHUB_BASE_URL=${url}
${receiver === undefined ? "" : receiverOf(receiver, webhookKey, app.clientId)}
${quiet ? "" : "Each request is logged here; --quiet logs none. "}Ctrl-C stops it.`)
      return yield* Effect.never
    }).pipe(
      Effect.provide(
        Sandbox.layer({
          port,
          control,
          logRequests: !quiet,
          webhooks: receiver === undefined ? undefined : { url: receiver }
        })
      ),
      Effect.provide(requestLog),
      Effect.catchTag("ServeError", () =>
        Effect.fail(usageError(`Port ${port} cannot be used: does another process use it?`))
      )
    )
  })

export const sandbox = Command.make(
  "sandbox",
  {
    port: Options.text("port").pipe(
      Options.withDefault("0"),
      Options.filterMap(
        (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 65535 ? Option.some(Number(text)) : Option.none()),
        "--port takes a number from 0 to 65535"
      ),
      Options.withDescription("0 for any free port")
    ),
    control: Options.boolean("control").pipe(
      Options.withDescription("Faults, outage, contacts and ledger over HTTP, under /_sandbox")
    ),
    webhooks: Options.text("webhooks").pipe(
      Options.optional,
      Options.withDescription("Sends an event for each write to this URL, signed with a key that is printed")
    ),
    quiet: Options.boolean("quiet").pipe(Options.withDescription("Does not log the requests"))
  },
  run
).pipe(
  describe("Runs the sandbox, until it is interrupted", [
    "growthhub sandbox --port 8080",
    "growthhub sandbox --control --quiet",
    "growthhub sandbox --webhooks http://localhost:3000/webhooks/crm"
  ])
)
