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
import { CliExit, codes, toJson, usageError } from "./CliExit.js"
import { type AnyCommand, commands, loadFor } from "./Commands.js"
import { describeAll, typeset } from "./Help.js"
import * as Layout from "./Layout.js"
import { withProfile } from "./Profile.js"
import * as StandardInput from "./StandardInput.js"

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string
}

const growthhub = (subcommands: ReadonlyArray<AnyCommand>) =>
  Command.make("growthhub").pipe(
    describeAll(
      "Contacts of GrowthHub. The token is in GROWTHHUB_TOKEN, the location in GROWTHHUB_LOCATION_ID. With --json, any " +
        "command tells its failure as one line of JSON on standard error. " +
        `Exit codes: ${codes.usage} bad input, ${codes.credentials} refused credentials, ${codes.rejected} contacts not ` +
        `applied, ${codes.unavailable} try again later.`,
      Object.fromEntries(Object.entries(commands).map(([name, { does }]) => [name, does])),
      ["growthhub import leads.csv --sandbox", "growthhub get seD4PfOuKoVMLkEZqohJ", "growthhub import --help"]
    ),
    // At least one: a name that is none loads all of them.
    Command.withSubcommands(subcommands as [AnyCommand, ...Array<AnyCommand>])
  )

const typesetAll = (args: ReadonlyArray<unknown>) => args.map((arg) => (typeof arg === "string" ? typeset(arg) : arg))

/** A fault of the arguments, for a program. */
const faultAsJson = (args: ReadonlyArray<unknown>) =>
  toJson(usageError(typesetAll(args).join(" ").replace(/\s+/g, " ").trim()))

/** What the library of options prints by itself: the help, and faults of the arguments. */
const typesetting = (console: Console.Console, isJson: boolean): Console.Console => ({
  ...console,
  log: (...args) => console.log(...typesetAll(args)),
  error: (...args) => (isJson ? console.error(faultAsJson(args)) : console.error(...typesetAll(args)))
})

/** Commands whose output has one form: `--json` is about their failures only. */
const withoutJson = new Set(["sandbox"])

/** The arguments that the command parses. */
const parsed = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  withoutJson.has(args[2] ?? "") ? args.filter((arg) => arg !== "--json") : StandardInput.marked(args)

/** Runs the command that the arguments name, as `process.argv` has them. */
export const run = (args: ReadonlyArray<string>) => {
  const isJson = args.includes("--json")
  const show = (end: CliExit) => (isJson ? toJson(end) : Layout.plainLines(end.message))
  return Console.consoleWith((console) =>
    Effect.promise(() => loadFor(args.slice(2))).pipe(
      Effect.flatMap((subcommands) => {
        // What a command writes goes as it is.
        const command = Command.transformHandler(growthhub(subcommands), Effect.withConsole(console))
        return Command.run(command, { name: "growthhub", version })(parsed(args))
      }),
      Effect.withConsole(typesetting(console, isJson)),
      withProfile(args.slice(2)),
      Effect.tapErrorTag("CliExit", (end) => Console.error(show(end))),
      Effect.provide(NodeContext.layer)
    )
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
    // It would replace the default logger, which the sandbox replaces by its request log: each request would be logged twice.
    disablePrettyLogger: true,
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
