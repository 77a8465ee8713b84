// Runs the command in the process of the test or in a terminal, and records its output and exit code.
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Sandbox } from "effect-growthhub/Sandbox"
import { spawn } from "node:child_process"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { directory } from "../../test/directory.js"
import { programOf } from "../../test/programs.js"
import { codeOf, run } from "../src/Growthhub.js"
import * as StandardInput from "../src/StandardInput.js"
import * as Terminal from "../src/Terminal.js"

export const root = fileURLToPath(new URL("../..", import.meta.url))

export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** The input of a command besides its arguments. */
export interface Surroundings {
  /** The text on standard input. */
  readonly input?: string
  /** The answers that the user types, one per question. By default the terminal is not interactive. */
  readonly answers?: ReadonlyArray<string>
  /** Runs for each line of standard error. */
  readonly onError?: (line: string) => Effect.Effect<unknown>
}

const surrounded =
  ({ input, answers }: Surroundings) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) => {
    const left = [...(answers ?? [])]
    return effect.pipe(
      Effect.provideService(StandardInput.Reader, Effect.succeed(input ?? "")),
      Effect.provideService(Terminal.Terminal, {
        isInteractive: answers !== undefined,
        ask: (question) => Effect.as(Console.error(question), left.shift())
      })
    )
  }

/** Runs a command in the process of the test. Returns its exit code, standard output and standard error. */
export const growthhub = (
  args: ReadonlyArray<string>,
  environment: Record<string, string> = {},
  surroundings: Surroundings = {}
): Effect.Effect<Ended> =>
  Effect.gen(function* () {
    const said = { out: [] as Array<string>, err: [] as Array<string> }
    const into = (stream: "out" | "err") => (text: unknown) => Effect.sync(() => void said[stream].push(String(text)))
    const console_: Console.Console = {
      ...(yield* Console.consoleWith(Effect.succeed)),
      log: into("out"),
      error: (text) => Effect.zipRight(into("err")(text), surroundings.onError?.(String(text)) ?? Effect.void)
    }
    const exit = yield* run(["node", "growthhub", ...args]).pipe(
      surrounded(surroundings),
      Effect.withConsole(console_),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment)))),
      Effect.exit
    )
    return { code: codeOf(exit), out: said.out.join("\n"), err: said.err.join("\n") }
  })

/** The environment variables that configure the command for the sandbox. */
export const environment = Effect.map(Sandbox, ({ url, token, locationId }) => ({
  GROWTHHUB_TOKEN: Redacted.value(token),
  GROWTHHUB_BASE_URL: url,
  GROWTHHUB_LOCATION_ID: locationId
}))

/** A base URL at which no process listens. (The fetch of Node.js refuses some ports, such as 1, without a connection.) */
export const unreachable = "http://127.0.0.1:2"

export { directory }

export const fileOf = (name: string, lines: ReadonlyArray<string>) =>
  Effect.flatMap(directory, (path) =>
    Effect.as(
      Effect.promise(() => writeFile(join(path, name), `${lines.join("\n")}\n`)),
      join(path, name)
    )
  )

export const read = (file: string) => Effect.promise(() => readFile(file, "utf8"))

/** Starts the command in a pseudo-terminal. */
export const inTerminal = (args: ReadonlyArray<string>, env: Record<string, string>) => {
  const command = [process.execPath, programOf("cli/src/main.ts"), ...args].join(" ")
  // The process leads a group, so that `kill` ends the command together with `script`.
  const child = spawn("script", ["-qefc", `exec ${command}`, "/dev/null"], {
    cwd: root,
    env: { PATH: process.env["PATH"] ?? "", ...env },
    detached: true
  })
  let output = ""
  child.stdout.on("data", (chunk: Buffer) => {
    output += String(chunk)
  })
  /** Waits until the output of the terminal matches a pattern. */
  const seen = (pattern: RegExp) =>
    Effect.async<void>((resume) => {
      const look = () => {
        if (!pattern.test(output)) return
        child.stdout.off("data", look)
        resume(Effect.void)
      }
      child.stdout.on("data", look)
      look()
    })
  const ended = Effect.async<{ readonly code: number | null; readonly output: string }>((resume) => {
    child.once("close", (code) => resume(Effect.succeed({ code, output })))
  })
  return {
    seen,
    ended,
    type: (keys: string) => child.stdin.write(keys),
    kill: () => process.kill(-child.pid!, "SIGKILL")
  }
}
