// The named accounts, stored in a file in the user's configuration directory that only its owner can read.
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { LocationId } from "effect-growthhub/Schema"
import { lstat, mkdir } from "node:fs/promises"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { type CliExit, usageError } from "./CliExit.js"
import * as Lock from "./import/Lock.js"
import * as PrivateFiles from "./import/PrivateFiles.js"

const App = Schema.Struct({
  clientId: Schema.String,
  clientSecret: Schema.Redacted(Schema.String),
  /** The company (agency) that owns the grant, if the location does not own it itself. */
  companyId: Schema.optional(Schema.String)
})

const Profile = Schema.Struct({
  /** A private integration token. */
  token: Schema.optional(Schema.Redacted(Schema.String)),
  /** The app whose grant is in the token store. */
  app: Schema.optional(App),
  locationId: Schema.optional(LocationId),
  baseUrl: Schema.optional(Schema.String)
})

/** An account: a token or an OAuth app with a grant, and optionally a location and a base URL. */
export type Profile = typeof Profile.Type

const Profiles = Schema.parseJson(Schema.Struct({ profiles: Schema.Record({ key: Schema.String, value: Profile }) }), {
  space: 2
})

type Profiles = typeof Profiles.Type

const text = (name: string) => Config.option(Config.nonEmptyString(name))

/** The directory of the profiles and of the OAuth grants. */
export const directory: Effect.Effect<string> = Effect.gen(function* () {
  const own = yield* text("GROWTHHUB_CONFIG_DIR")
  if (Option.isSome(own)) return own.value
  const parent = yield* text(process.platform === "win32" ? "APPDATA" : "XDG_CONFIG_HOME")
  return join(
    Option.getOrElse(parent, () => join(homedir(), ".config")),
    "growthhub"
  )
}).pipe(Effect.orDie)

const fileIn = (directory: string) => join(directory, "profiles.json")

/** Reads the file of the profiles. Rejects a file that other users can read, because they may know its tokens. */
const textOf = async (file: string): Promise<string | undefined> => {
  try {
    const found = await lstat(file)
    if (!found.isFile()) throw new Error(`${file} must be a regular file, not a link`)
    const { mode } = found
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      throw new Error(`${file} can be read by others: replace the tokens in it, and make it yours with chmod 600`)
    }
    return await PrivateFiles.read(file)
  } catch (error) {
    if (PrivateFiles.isMissing(error)) return undefined
    throw error
  }
}

const decode = Schema.decodeUnknownEither(Profiles)
const encode = Schema.encodeSync(Profiles)

const readFrom = (file: string): Effect.Effect<Profiles["profiles"], CliExit> =>
  Effect.gen(function* () {
    const found = yield* Effect.tryPromise({
      try: () => textOf(file),
      catch: (error) => usageError(error instanceof Error ? error.message : `${file} cannot be read`)
    })
    if (found === undefined) return {}
    return yield* Either.match(decode(found), {
      onLeft: () =>
        Effect.fail(usageError(`${file} is not a valid file of profiles: remove it, and add the profiles again`)),
      onRight: ({ profiles }) => Effect.succeed(profiles)
    })
  })

/** All profiles, by their names. */
export const all: Effect.Effect<Profiles["profiles"], CliExit> = Effect.flatMap(directory, (path) =>
  readFrom(fileIn(path))
)

const namesOf = (profiles: Profiles["profiles"]) => Object.keys(profiles).sort()

/** Returns the profile with this name. */
export const find = (name: string): Effect.Effect<Profile, CliExit> =>
  Effect.flatMap(all, (profiles) => {
    const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined
    if (profile !== undefined) return Effect.succeed(profile)
    const names = namesOf(profiles)
    const hint = names.length === 0 ? `add it with growthhub profiles add ${name}` : `there are ${names.join(", ")}`
    return Effect.fail(usageError(`There is no profile ${name}: ${hint}`))
  })

/** Changes the profiles while it holds a lock, so that no other process changes them at the same time. */
const change = (
  update: (profiles: Profiles["profiles"]) => Effect.Effect<Profiles["profiles"], CliExit>
): Effect.Effect<void, CliExit> =>
  Effect.gen(function* () {
    const path = yield* directory
    const unusable = () => usageError(`${path} cannot be written: it must be your own directory, not a link`)
    yield* Effect.tryPromise({
      try: async () => {
        await mkdir(dirname(path), { recursive: true })
        await PrivateFiles.makeDirectory(path)
      },
      catch: unusable
    })
    const busy = (pid: number) => usageError(`Process ${pid} is changing the profiles: try again when it has ended`)
    yield* Lock.hold(join(path, "lock"), busy, unusable)
    const profiles = yield* update(yield* readFrom(fileIn(path)))
    yield* Effect.tryPromise({
      try: () => PrivateFiles.replace(fileIn(path), `${encode({ profiles })}\n`),
      catch: unusable
    })
  }).pipe(Effect.scoped)

/** Checks the name of a profile: it must be one word in a shell. */
export const nameOf = (name: string): Effect.Effect<string, CliExit> =>
  /^\w[\w.-]{0,63}$/.test(name)
    ? Effect.succeed(name)
    : Effect.fail(usageError("The name of a profile has letters, digits, dots, dashes and underscores"))

/** Adds a profile. Replaces a profile of the same name only if `replaces` is set; otherwise fails. */
export const add = (name: string, profile: Profile, replaces: boolean): Effect.Effect<void, CliExit> =>
  change((profiles) =>
    Object.hasOwn(profiles, name) && !replaces
      ? Effect.fail(usageError(`The profile ${name} exists already: --replace replaces it`))
      : Effect.succeed({ ...profiles, [name]: profile })
  )

/** Removes a profile and returns it. */
export const remove = (name: string): Effect.Effect<Profile, CliExit> =>
  Effect.flatMap(find(name), (profile) =>
    Effect.as(
      change((profiles) =>
        Effect.succeed(Object.fromEntries(Object.entries(profiles).filter(([other]) => other !== name)))
      ),
      profile
    )
  )
