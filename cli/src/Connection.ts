// The options, the client and the session with which a command calls the API.
import * as Options from "@effect/cli/Options"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as HttpClientFetch from "effect-growthhub/HttpClientFetch"
import * as HttpLayer from "effect-growthhub/HttpLayer"
import * as RateLimit from "effect-growthhub/RateLimit"
import { LocationId } from "effect-growthhub/Schema"
import { CliExit, codes, usageError } from "./CliExit.js"
import { ActiveProfile } from "./Profile.js"
import type { Profile } from "./Profiles.js"

export const options = {
  location: Options.text("location").pipe(
    Options.withFallbackConfig(Config.string("GROWTHHUB_LOCATION_ID")),
    Options.optional,
    Options.withDescription("The location's id (GROWTHHUB_LOCATION_ID)")
  ),
  isSandbox: Options.boolean("sandbox").pipe(
    Options.withDescription("Uses an embedded sandbox, which ends with the command")
  ),
  baseUrl: Options.text("base-url").pipe(
    Options.withFallbackConfig(Config.string("GROWTHHUB_BASE_URL")),
    Options.optional,
    Options.withDescription(
      "The base URL of the API (GROWTHHUB_BASE_URL; the vendor's host by default). The token is in GROWTHHUB_TOKEN"
    )
  ),
  profile: Options.text("profile").pipe(
    Options.optional,
    Options.withDescription(
      "A profile of growthhub profiles (GROWTHHUB_PROFILE): its token, location and host instead of those of the environment"
    )
  )
}

/** The parsed connection options. */
export interface Connection {
  readonly isSandbox: boolean
  readonly baseUrl: Option.Option<string>
  readonly location: Option.Option<string>
  readonly profile: Option.Option<string>
}

/** The URL of the API, and the default location: a contact goes there unless its own `locationId` names another. */
export class Session extends Context.Tag("growthhub/Session")<
  Session,
  { readonly url: string; readonly isSandbox: boolean; readonly locationId: LocationId | undefined }
>() {}

/** Loads the sandbox, which is large, only when a command uses it. */
const loadSandbox = Effect.promise(() => import("effect-growthhub/Sandbox"))

const decodeLocation = Schema.decodeUnknownEither(LocationId)

/** The location from `--location`. Without it, the default location of the sandbox, or undefined without a sandbox. */
export const locationOf = ({
  isSandbox,
  location
}: Pick<Connection, "isSandbox" | "location">): Effect.Effect<LocationId | undefined, CliExit> =>
  Option.match(location, {
    onNone: () =>
      isSandbox ? Effect.map(loadSandbox, ({ defaultLocation }) => defaultLocation.id) : Effect.succeed(undefined),
    onSome: (text) => Either.mapLeft(decodeLocation(text), () => usageError("--location must be the id of a location"))
  })

/** The location of the session. Fails if there is none. */
export const requiredLocation: Effect.Effect<LocationId, CliExit, Session> = Effect.flatMap(
  Session,
  ({ locationId }) =>
    locationId === undefined
      ? Effect.fail(usageError("Which location? Give --location or GROWTHHUB_LOCATION_ID"))
      : Effect.succeed(locationId)
)

const faultsOf = (error: ConfigError.ConfigError): ReadonlyArray<string> =>
  error._op === "And" || error._op === "Or"
    ? [error.left, error.right].flatMap(faultsOf)
    : [`${error.path.join("_")}: ${error.message}`]

const configFailure = (error: ConfigError.ConfigError): CliExit =>
  ConfigError.isMissingDataOnly(error)
    ? new CliExit({
        code: codes.credentials,
        message:
          "GROWTHHUB_TOKEN is not set: a private integration token of the location. Or give --profile, or try it with --sandbox."
      })
    : new CliExit({ code: codes.credentials, message: faultsOf(error).join("\n") })

/** The client: the contacts service, and the HTTP layer for requests to other endpoints. */
type Client = ContactsService | HttpLayer.ContactsHttp

/** The services of the command. They share one token and one rate limit. */
const clientOver = <E>(http: Layer.Layer<HttpLayer.ContactsHttp, E, HttpClient.HttpClient>): Layer.Layer<Client, E> =>
  ContactsService.layerHttp.pipe(Layer.provideMerge(http), Layer.provide(HttpClientFetch.layer))

const embedded = (locationId: LocationId | undefined): Layer.Layer<Client | Session, CliExit> =>
  Layer.unwrapEffect(
    Effect.map(loadSandbox, ({ Sandbox }) =>
      Layer.unwrapEffect(
        Effect.map(Sandbox, ({ url, token }) =>
          Layer.merge(
            clientOver(HttpLayer.layer({ token, baseUrl: url })),
            Layer.succeed(Session, { url, isSandbox: true, locationId })
          )
        )
      ).pipe(
        Layer.provide(Sandbox.layer()),
        Layer.mapError(() => new CliExit({ code: codes.unexpected, message: "The sandbox found no free port" }))
      )
    )
  )

/** The client with the OAuth app of the active profile, or with the token in the configuration. */
const authorized = (href: string, locationId: LocationId | undefined): Layer.Layer<Client, CliExit> =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      const { app } = Option.getOrElse(yield* ActiveProfile, (): Profile => ({}))
      const baseUrl = Config.succeed(href)
      if (app === undefined) return Layer.mapError(clientOver(HttpLayer.layerConfig({ baseUrl })), configFailure)
      if (locationId === undefined) return yield* usageError("Which location? Give --location")
      const { credentialsOf } = yield* Effect.promise(() => import("./AppGrants.js"))
      const token = yield* credentialsOf(app, locationId)
      return clientOver(HttpLayer.layer({ token, baseUrl: href }))
    })
  )

const real = (
  baseUrl: Option.Option<string>,
  locationId: LocationId | undefined
): Either.Either<Layer.Layer<Client | Session, CliExit>, CliExit> =>
  HttpLayer.validateBaseUrl(Option.getOrElse(baseUrl, () => HttpLayer.defaultBaseUrl)).pipe(
    Either.mapLeft(usageError),
    Either.map(({ href }) =>
      Layer.merge(authorized(href, locationId), Layer.succeed(Session, { url: href, isSandbox: false, locationId }))
    )
  )

/** The client, the session, and the rate limit, whose state `growthhub doctor` shows. */
export const layer = (connection: Connection): Layer.Layer<Client | Session | RateLimit.RateLimit, CliExit> =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      const locationId = yield* locationOf(connection)
      return connection.isSandbox ? embedded(locationId) : yield* real(connection.baseUrl, locationId)
    })
  ).pipe(Layer.provideMerge(RateLimit.layer()))
