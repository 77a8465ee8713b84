// The command in this process, and what a person and a script see of it.
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Sandbox } from "effect-growthhub/Sandbox"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { codeOf, run } from "../src/Growthhub.js"

export const root = fileURLToPath(new URL("../..", import.meta.url))

export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A command in this process, and what a person and a script see of it. */
export const growthhub = (
  args: ReadonlyArray<string>,
  environment: Record<string, string> = {}
): Effect.Effect<Ended> =>
  Effect.gen(function* () {
    const said = { out: [] as Array<string>, err: [] as Array<string> }
    const into = (stream: "out" | "err") => (text: unknown) => Effect.sync(() => void said[stream].push(String(text)))
    const console_: Console.Console = {
      ...(yield* Console.consoleWith(Effect.succeed)),
      log: into("out"),
      error: into("err")
    }
    const exit = yield* run(["node", "growthhub", ...args]).pipe(
      Effect.withConsole(console_),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment)))),
      Effect.exit
    )
    return { code: codeOf(exit), out: said.out.join("\n"), err: said.err.join("\n") }
  })

/** What the environment of somebody is who has set the command up for this sandbox. */
export const environment = Effect.map(Sandbox, ({ url, token, locationId }) => ({
  GROWTHHUB_TOKEN: Redacted.value(token),
  GROWTHHUB_BASE_URL: url,
  GROWTHHUB_LOCATION_ID: locationId
}))

export const directory = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "growthhub-cli-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

export const fileOf = (name: string, lines: ReadonlyArray<string>) =>
  Effect.flatMap(directory, (path) =>
    Effect.as(
      Effect.promise(() => writeFile(join(path, name), `${lines.join("\n")}\n`)),
      join(path, name)
    )
  )

export const read = (file: string) => Effect.promise(() => readFile(file, "utf8"))
