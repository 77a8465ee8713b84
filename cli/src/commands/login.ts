// growthhub login: creates a profile for an OAuth app.
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
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
import * as Credentials from "effect-growthhub/Credentials"
import { LocationId } from "effect-growthhub/Schema"
import type { Grant } from "effect-growthhub/TokenStore"
import * as AppGrants from "../AppGrants.js"
import { CliExit, codes, fromError, usageError } from "../CliExit.js"
import { awaitConsent } from "../Consent.js"
import { isJson } from "../ContactOptions.js"
import { describe } from "../Help.js"
import * as Layout from "../Layout.js"
import * as Profiles from "../Profiles.js"
import { secretFrom } from "../Secrets.js"

const defaultScopes = ["contacts.readonly", "contacts.write", "locations/customFields.readonly"]

const text = (name: string, description: string) =>
  Options.text(name).pipe(Options.optional, Options.withDescription(description))

const options = {
  name: Args.text({ name: "name" }).pipe(Args.withDescription("The name of the profile")),
  clientId: Options.text("client-id").pipe(
    Options.withFallbackConfig(Config.string("GROWTHHUB_CLIENT_ID")),
    Options.withDescription("The client id of the app (GROWTHHUB_CLIENT_ID)")
  ),
  isStdin: Options.boolean("stdin").pipe(
    Options.withDescription(
      "Takes the client secret from standard input; otherwise it is in GROWTHHUB_CLIENT_SECRET, or typed"
    )
  ),
  scopes: Options.text("scope").pipe(
    Options.repeated,
    Options.withDescription(`A scope of the app; may be repeated. By default ${defaultScopes.join(", ")}`)
  ),
  redirectUri: Options.text("redirect-uri").pipe(
    Options.withDefault("http://127.0.0.1:4100/callback"),
    Options.withDescription(
      "A redirect URL of the app on this machine, as it is registered for the app; http://127.0.0.1:4100/callback by default"
    )
  ),
  versionId: text("version-id", "The version of the app, if its installation link has one"),
  location: text("location", "The location to use, if an agency installs the app"),
  baseUrl: Options.text("base-url").pipe(
    Options.withFallbackConfig(Config.string("GROWTHHUB_BASE_URL")),
    Options.optional,
    Options.withDescription("The base URL of the API (GROWTHHUB_BASE_URL; the vendor's host by default)")
  ),
  isReplaced: Options.boolean("replace").pipe(Options.withDescription("Replaces a profile of this name")),
  isJson
}

type LoginOptions = Command.Command.ParseConfig<typeof options>

const secretOf = (isInput: boolean): Effect.Effect<Redacted.Redacted, CliExit> =>
  Effect.gen(function* () {
    const text = yield* secretFrom(isInput, "GROWTHHUB_CLIENT_SECRET", "Client secret")
    return text === ""
      ? yield* usageError("Which client secret? Give it in GROWTHHUB_CLIENT_SECRET, or on standard input with --stdin")
      : Redacted.make(text)
  })

/** The time within which the user must give consent. */
const loginTimeout = "10 minutes"

/** Prints the URL of the consent page, waits for the code, and exchanges the code for a grant. */
const connect = (given: LoginOptions, app: Credentials.App): Effect.Effect<Grant, CliExit> =>
  Effect.gen(function* () {
    const state = yield* Credentials.makeState
    const { code, redirectUri } = yield* awaitConsent(given.redirectUri, state)
    const url = yield* Either.mapLeft(
      Credentials.authorizationUrl({
        clientId: app.clientId,
        redirectUri,
        scopes: given.scopes.length === 0 ? defaultScopes : given.scopes,
        state,
        versionId: Option.getOrUndefined(given.versionId)
      }),
      fromError
    )
    yield* Console.error("Open this page in a browser, and choose the account that the app may use:")
    yield* Console.error(url.href)
    const late = () => new CliExit({ code: codes.credentials, message: "No consent was given within ten minutes" })
    return yield* Credentials.authorizationCode({
      ...app,
      code: yield* Effect.timeoutFail(code, { duration: loginTimeout, onTimeout: late }),
      redirectUri,
      store: yield* AppGrants.store,
      baseUrl: Option.getOrUndefined(given.baseUrl),
      scope: yield* Effect.scope
    }).pipe(
      Effect.mapError((error) => (error._tag === "TokenStoreError" ? usageError(error.message) : fromError(error))),
      Effect.provide(FetchHttpClient.layer)
    )
  }).pipe(Effect.scoped)

const decodeLocation = Schema.decodeUnknownOption(LocationId)

/** The profile for a grant: a grant of a location itself, or an agency's grant used for one of its locations. */
const profileOf = (app: Credentials.App, grant: Grant, given: LoginOptions): Profiles.Profile => {
  const isOfLocation = grant.locationId !== undefined
  const location = isOfLocation ? Option.some(grant.locationId) : given.location
  return {
    app: { ...app, ...(isOfLocation || grant.companyId === undefined ? {} : { companyId: grant.companyId }) },
    locationId: Option.getOrUndefined(Option.flatMap(location, decodeLocation)),
    baseUrl: Option.getOrUndefined(given.baseUrl)
  }
}

export const login = Command.make("login", options, (given) =>
  Effect.gen(function* () {
    const name = yield* Profiles.nameOf(given.name)
    if (!given.isReplaced && Object.hasOwn(yield* Profiles.all, name)) {
      return yield* usageError(`The profile ${name} exists already: --replace replaces it`)
    }
    if (Option.isSome(given.location) && Option.isNone(decodeLocation(given.location.value))) {
      return yield* usageError("--location must be the id of a location")
    }
    const app = { clientId: given.clientId, clientSecret: yield* secretOf(given.isStdin) }
    const profile = profileOf(app, yield* connect(given, app), given)
    yield* Profiles.add(name, profile, given.isReplaced)
    const { locationId } = profile
    yield* Console.log(
      given.isJson
        ? Layout.jsonLineOf({ name, location: locationId })
        : `Connected ${locationId ?? "an agency: give --location with each command"}. Use it with --profile ${name}`
    )
  })
).pipe(
  describe(
    "Connects an OAuth app: prints the URL of the vendor's consent page, receives the code on this machine, and saves the grant in " +
      "your configuration directory, where only you can read it",
    ["growthhub login acme --client-id 65c0a1b2", "growthhub search --profile acme --tag vip"]
  )
)
