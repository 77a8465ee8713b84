// Which service a command speaks to, and as whom.
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

export const options = {
  location: Options.text("location").pipe(
    Options.withFallbackConfig(Config.string("GROWTHHUB_LOCATION_ID")),
    Options.optional,
    Options.withDescription("The location's id (GROWTHHUB_LOCATION_ID)")
  ),
  isSandbox: Options.boolean("sandbox").pipe(
    Options.withDescription("Speaks to an embedded sandbox that lives as long as the command")
  ),
  baseUrl: Options.text("base-url").pipe(
    Options.withFallbackConfig(Config.string("GROWTHHUB_BASE_URL")),
    Options.optional,
    Options.withDescription("Where the API is (GROWTHHUB_BASE_URL; the vendor's host). The token is in GROWTHHUB_TOKEN")
  )
}

/** The options, as they were given. */
export interface Connection {
  readonly isSandbox: boolean
  readonly baseUrl: Option.Option<string>
  readonly location: Option.Option<string>
}

/** Where the service is, and the location that contacts go to, unless they say another themselves. */
export class Session extends Context.Tag("growthhub/Session")<
  Session,
  { readonly url: string; readonly isSandbox: boolean; readonly locationId: LocationId | undefined }
>() {}

/** The location of the embedded sandbox, which is loaded only when it is used. */
export const sandboxLocation = LocationId.make("ve9EPM428h8vShlRW1KT")

const decodeLocation = Schema.decodeUnknownEither(LocationId)

/** The location that was given, or that of the sandbox. */
export const locationOf = ({
  isSandbox,
  location
}: Pick<Connection, "isSandbox" | "location">): Either.Either<LocationId | undefined, CliExit> =>
  Option.match(location, {
    onNone: () => Either.right(isSandbox ? sandboxLocation : undefined),
    onSome: (text) => Either.mapLeft(decodeLocation(text), () => usageError("--location must be the id of a location"))
  })

const faultsOf = (error: ConfigError.ConfigError): ReadonlyArray<string> =>
  error._op === "And" || error._op === "Or"
    ? [error.left, error.right].flatMap(faultsOf)
    : [`${error.path.join("_")}: ${error.message}`]

const whatIsWrong = (error: ConfigError.ConfigError): CliExit =>
  ConfigError.isMissingDataOnly(error)
    ? new CliExit({
        code: codes.credentials,
        message: "GROWTHHUB_TOKEN is not set: a private integration token of the location. Or try it with --sandbox."
      })
    : new CliExit({ code: codes.credentials, message: faultsOf(error).join("\n") })

/** A client of the service, on which single requests can be described too. */
type Client = ContactsService | HttpLayer.ContactsHttp

/** The services of the command over one token and one limit. */
const clientOver = <E>(http: Layer.Layer<HttpLayer.ContactsHttp, E, HttpClient.HttpClient>): Layer.Layer<Client, E> =>
  ContactsService.layerHttp.pipe(Layer.provideMerge(http), Layer.provide(HttpClientFetch.layer))

const embedded = (locationId: LocationId | undefined): Layer.Layer<Client | Session, CliExit> =>
  Layer.unwrapEffect(
    Effect.map(
      Effect.promise(() => import("effect-growthhub/Sandbox")),
      ({ Sandbox }) =>
        Layer.unwrapEffect(
          Effect.map(Sandbox, ({ url, token }) =>
            Layer.merge(
              clientOver(HttpLayer.layer({ token, baseUrl: url })),
              Layer.succeed(Session, { url, isSandbox: true, locationId })
            )
          )
        ).pipe(
          Layer.provide(Sandbox.layer()),
          Layer.mapError(
            () => new CliExit({ code: codes.unexpected, message: "There is no free port for the sandbox" })
          )
        )
    )
  )

const real = (
  baseUrl: Option.Option<string>,
  locationId: LocationId | undefined
): Either.Either<Layer.Layer<Client | Session, CliExit>, CliExit> =>
  HttpLayer.validateBaseUrl(Option.getOrElse(baseUrl, () => HttpLayer.defaultBaseUrl)).pipe(
    Either.mapLeft(usageError),
    Either.map(({ href }) =>
      Layer.merge(
        Layer.mapError(clientOver(HttpLayer.layerConfig({ baseUrl: Config.succeed(href) })), whatIsWrong),
        Layer.succeed(Session, { url: href, isSandbox: false, locationId })
      )
    )
  )

/** The service, and a limit that can be looked at. */
export const layer = (connection: Connection): Layer.Layer<Client | Session | RateLimit.RateLimit, CliExit> =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      const locationId = yield* locationOf(connection)
      return connection.isSandbox ? embedded(locationId) : yield* real(connection.baseUrl, locationId)
    })
  ).pipe(Layer.provideMerge(RateLimit.layer()))
