// The commands together, and how the process ends.
import * as Command from "@effect/cli/Command"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { readFileSync } from "node:fs"
import { CliExit, codes, toJson } from "./CliExit.js"
import { doctor } from "./commands/doctor.js"
import { forget } from "./commands/forget.js"
import { get } from "./commands/get.js"
import { imports } from "./commands/import.js"
import { sandbox } from "./commands/sandbox.js"
import { update } from "./commands/update.js"
import { upsert } from "./commands/upsert.js"
import { describeAll, typeset } from "./Help.js"
import * as Layout from "./Layout.js"

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string
}

const growthhub = Command.make("growthhub").pipe(
  describeAll(
    "Contacts of GrowthHub. The token is in GROWTHHUB_TOKEN, the location in GROWTHHUB_LOCATION_ID. " +
      `Exit codes: ${codes.usage} bad input, ${codes.credentials} refused credentials, ${codes.rejected} contacts not ` +
      `applied, ${codes.unavailable} try again later.`,
    {
      get: "shows contacts",
      update: "changes fields of a contact",
      upsert: "creates a contact, or updates the one with its email or phone",
      import: "upserts every contact of a file",
      forget: "removes the checkpoint and the reports of an import",
      doctor: "says what is wrong with token, location, clock and quota",
      sandbox: "runs the sandbox"
    },
    ["growthhub import leads.csv --sandbox", "growthhub get seD4PfOuKoVMLkEZqohJ", "growthhub import --help"]
  ),
  Command.withSubcommands([get, update, upsert, imports, forget, doctor, sandbox])
)

const typesetAll = (args: ReadonlyArray<unknown>) => args.map((arg) => (typeof arg === "string" ? typeset(arg) : arg))

/** Text of the library of options is typeset; what the commands write goes as it is. */
const withTypesetHelp = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Console.consoleWith((console) =>
    Effect.withConsole(effect, {
      ...console,
      log: (...args: ReadonlyArray<unknown>) => console.log(...typesetAll(args)),
      error: (...args: ReadonlyArray<unknown>) => console.error(...typesetAll(args))
    })
  )

/** `-` right after a command goes behind its options: @effect/cli looks for no options behind it. */
const withInputLast = (args: ReadonlyArray<string>) =>
  args[3] === "-" ? [...args.slice(0, 3), ...args.slice(4), "-"] : args

/** Runs the command that the arguments name, as `process.argv` has them. */
export const run = (args: ReadonlyArray<string>) => {
  const show = (end: CliExit) => (args.includes("--json") ? toJson(end) : Layout.plainLines(end.message))
  return Command.run(growthhub, { name: "growthhub", version })(withInputLast(args)).pipe(
    Effect.tapErrorTag("CliExit", (end) => Console.error(show(end))),
    withTypesetHelp,
    Effect.provide(NodeContext.layer)
  )
}

/** The exit code of the command. */
export const codeOf = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return 0
  const failure = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (failure instanceof CliExit) return failure.code
  // The others are faults of the arguments, and were told.
  if (failure !== undefined) return codes.usage
  return Cause.isInterruptedOnly(exit.cause) ? codes.interrupted : codes.unexpected
}

/** Tells whether standard output could not be written. A reader that goes away, as head does, has what it wanted. */
const watchOutput = () => {
  let hasFailed = false
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") hasFailed = true
  })
  process.stderr.on("error", () => undefined)
  return () => hasFailed
}

/** Runs it, and ends the process with its exit code. */
export const main = (args: ReadonlyArray<string>): void => {
  const hasOutputFailed = watchOutput()
  NodeRuntime.runMain(run(args), {
    disableErrorReporting: true,
    teardown: (exit, end) => {
      if (Exit.isFailure(exit) && Cause.isDie(exit.cause)) process.stderr.write(`${Cause.pretty(exit.cause)}\n`)
      // Node reports a failed write to standard output on the next tick.
      setImmediate(() => {
        const code = codeOf(exit)
        if (code !== 0 || !hasOutputFailed()) return end(code)
        process.stderr.write("Standard output could not be written\n")
        return end(codes.unexpected)
      })
    }
  })
}
