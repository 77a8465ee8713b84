// growthhub profiles: edits the named accounts of the user.
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { validate } from "effect-growthhub/Credentials"
import * as HttpLayer from "effect-growthhub/HttpLayer"
import { LocationId } from "effect-growthhub/Schema"
import { type CliExit, usageError } from "../CliExit.js"
import { isJson } from "../ContactOptions.js"
import { describe, describeAll } from "../Help.js"
import * as Layout from "../Layout.js"
import * as Profiles from "../Profiles.js"
import { secretFrom } from "../Secrets.js"

const name = Args.text({ name: "name" }).pipe(Args.withDescription("The name of the profile"))

/** Reads the token. It is not an argument, because other users of the machine can see arguments. */
const tokenOf = (isInput: boolean): Effect.Effect<Redacted.Redacted, CliExit> =>
  Effect.gen(function* () {
    const text = yield* secretFrom(isInput, "GROWTHHUB_TOKEN", "Private integration token")
    if (text === "")
      return yield* usageError("Which token? Give it in GROWTHHUB_TOKEN, or on standard input with --stdin")
    return yield* Either.mapLeft(validate(Redacted.make(text)), usageError)
  })

const add = Command.make(
  "add",
  {
    name,
    location: Options.text("location").pipe(
      Options.withFallbackConfig(Config.string("GROWTHHUB_LOCATION_ID")),
      Options.optional,
      Options.withDescription("The location's id (GROWTHHUB_LOCATION_ID)")
    ),
    baseUrl: Options.text("base-url").pipe(
      Options.withFallbackConfig(Config.string("GROWTHHUB_BASE_URL")),
      Options.optional,
      Options.withDescription("The base URL of the API (GROWTHHUB_BASE_URL; the vendor's host by default)")
    ),
    isStdin: Options.boolean("stdin").pipe(Options.withDescription("Takes the token from standard input")),
    isReplaced: Options.boolean("replace").pipe(Options.withDescription("Replaces a profile of this name")),
    isJson
  },
  (given) =>
    Effect.gen(function* () {
      const name = yield* Profiles.nameOf(given.name)
      const locationId = yield* Option.match(given.location, {
        onNone: () => Effect.succeed(undefined),
        onSome: (text) =>
          Either.mapLeft(Schema.decodeUnknownEither(LocationId)(text), () =>
            usageError("--location must be the id of a location")
          )
      })
      const baseUrl = yield* Option.match(given.baseUrl, {
        onNone: () => Effect.succeed(undefined),
        onSome: (text) =>
          HttpLayer.validateBaseUrl(text).pipe(
            Either.map(({ href }) => href),
            Either.mapLeft(usageError)
          )
      })
      const token = yield* tokenOf(given.isStdin)
      yield* Profiles.add(name, { token, locationId, baseUrl }, given.isReplaced)
      yield* Console.log(
        given.isJson ? Layout.jsonLineOf({ name }) : `Use it with --profile ${name}, or GROWTHHUB_PROFILE=${name}`
      )
    })
).pipe(
  describe("Keeps a token, its location and its host under a name. The token is in GROWTHHUB_TOKEN, or typed", [
    "growthhub profiles add acme --location ve9EPM428h8vShlRW1KT",
    "pass show acme | growthhub profiles add acme --stdin"
  ])
)

/** The parts of a profile that may be shown: neither a token nor a secret. */
const shownOf = ([name, { app, baseUrl, locationId }]: readonly [string, Profiles.Profile]) => ({
  name,
  kind: app === undefined ? "token" : "app",
  location: locationId,
  baseUrl
})

const list = Command.make("list", { isJson }, (given) =>
  Effect.gen(function* () {
    const all = Object.entries(yield* Profiles.all).map(shownOf)
    if (all.length === 0) return yield* Console.error("There are no profiles: growthhub profiles add NAME")
    yield* Console.log(
      given.isJson
        ? all.map(Layout.jsonLineOf).join("\n")
        : Layout.grid(
            ["NAME", "KIND", "LOCATION", "HOST"],
            all.map(({ name, kind, location, baseUrl }) => [name, kind, location, baseUrl])
          )
    )
  })
).pipe(describe("Shows the profiles, without their tokens", ["growthhub profiles list"]))

const remove = Command.make("remove", { name, isJson }, (given) =>
  Effect.gen(function* () {
    const { app, locationId } = yield* Profiles.remove(given.name)
    if (app !== undefined) {
      const AppGrants = yield* Effect.promise(() => import("../AppGrants.js"))
      yield* AppGrants.remove(app, locationId)
    }
    yield* Console.log(given.isJson ? Layout.jsonLineOf({ name: given.name, removed: true }) : `removed ${given.name}`)
  })
).pipe(describe("Removes a profile, with its token or its grant", ["growthhub profiles remove acme"]))

export const profiles = Command.make("profiles").pipe(
  describeAll(
    "Tokens of several accounts, in a file of your configuration directory that only you can read.",
    { list: "shows the profiles", add: "adds one", remove: "removes one" },
    ["growthhub profiles add acme --location ve9EPM428h8vShlRW1KT", "growthhub search --profile acme"]
  ),
  Command.withSubcommands([list, add, remove])
)
