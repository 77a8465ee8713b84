// The profile with which a command runs. Its token, location and base URL replace those in the environment.
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { CliExit } from "./CliExit.js"
import type { Profile } from "./Profiles.js"

/** The profile of the command, if it has one. */
export class ActiveProfile extends Context.Reference<ActiveProfile>()("growthhub/ActiveProfile", {
  defaultValue: (): Option.Option<Profile> => Option.none()
}) {}

const named = "--profile"

const nameIn = (args: ReadonlyArray<string>): string | undefined => {
  const at = args.findIndex((arg) => arg === named || arg.startsWith(`${named}=`))
  const arg = args[at]
  return arg === named ? args[at + 1] : arg?.slice(named.length + 1)
}

const nameInEnvironment = Config.string("GROWTHHUB_PROFILE").pipe(Config.withDefault(""))

const variables = {
  token: "GROWTHHUB_TOKEN",
  locationId: "GROWTHHUB_LOCATION_ID",
  baseUrl: "GROWTHHUB_BASE_URL"
} as const

const replaced: ReadonlySet<string> = new Set(Object.values(variables))

/**
 * The environment with the values of the profile. A value that the profile lacks is unset, so that the token of one account
 * is never used with the location of another.
 */
const environmentOf = (profile: Profile, environment: ConfigProvider.ConfigProvider) => {
  const own = [
    [variables.token, profile.token === undefined ? undefined : Redacted.value(profile.token)],
    [variables.locationId, profile.locationId],
    [variables.baseUrl, profile.baseUrl]
  ] as const
  const given = own.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  const others = ConfigProvider.mapInputPath(environment, (path) =>
    replaced.has(path) ? `${path}_WITHOUT_PROFILE` : path
  )
  return ConfigProvider.orElse(ConfigProvider.fromMap(new Map(given)), () => others)
}

/** The commands that edit profiles and do not run with one. */
const profileCommands = new Set(["profiles", "login"])

const isHelp = (arg: string) => arg === "--help" || arg === "-h"

/** Runs a command with the profile named by `--profile` or else `GROWTHHUB_PROFILE`, and with none under `--sandbox`. */
export const withProfile =
  (args: ReadonlyArray<string>) =>
  <A, E, R>(command: Effect.Effect<A, E, R>): Effect.Effect<A, E | CliExit, R> =>
    Effect.gen(function* () {
      // The token, location and host in the environment are those of the real service, so they are unset for the sandbox.
      if (args.includes("--sandbox")) {
        const environment = environmentOf({}, yield* Effect.configProviderWith(Effect.succeed))
        return yield* Effect.withConfigProvider(command, environment)
      }
      const name = nameIn(args) ?? (yield* Effect.orElseSucceed(nameInEnvironment, () => ""))
      if (name === "" || profileCommands.has(args[0] ?? "") || args.some(isHelp)) return yield* command
      const Profiles = yield* Effect.promise(() => import("./Profiles.js"))
      const profile = yield* Profiles.find(name)
      const environment = environmentOf(profile, yield* Effect.configProviderWith(Effect.succeed))
      return yield* command.pipe(
        Effect.provideService(ActiveProfile, Option.some(profile)),
        Effect.withConfigProvider(environment)
      )
    })
