// The root command, and the exit code of the process.
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
        "command writes its failure as one line of JSON on standard error. " +
        `Exit codes: ${codes.usage} bad input, ${codes.credentials} refused credentials, ${codes.rejected} contacts not ` +
        `applied, ${codes.unavailable} try again later.`,
      Object.fromEntries(Object.entries(commands).map(([name, { description }]) => [name, description])),
      ["growthhub import leads.csv --sandbox", "growthhub get seD4PfOuKoVMLkEZqohJ", "growthhub import --help"]
    ),
    // There is at least one subcommand, because an unknown name loads all commands.
    Command.withSubcommands(subcommands as [AnyCommand, ...Array<AnyCommand>])
  )

const typesetAll = (args: ReadonlyArray<unknown>) => args.map((arg) => (typeof arg === "string" ? typeset(arg) : arg))

/** An error in the arguments as one line of JSON. */
const faultAsJson = (args: ReadonlyArray<unknown>) =>
  toJson(usageError(typesetAll(args).join(" ").replace(/\s+/g, " ").trim()))

/** A console for the output of @effect/cli itself: it typesets the help and errors in the arguments. */
const typesetting = (console: Console.Console, isJson: boolean): Console.Console => ({
  ...console,
  log: (...args) => console.log(...typesetAll(args)),
  error: (...args) => (isJson ? console.error(faultAsJson(args)) : console.error(...typesetAll(args)))
})

/** Commands whose output has one format. Their parser has no `--json`, which formats only their failures. */
const withoutJson = new Set(["sandbox"])

/** The arguments that the command parses. */
const parsed = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  withoutJson.has(args[2] ?? "") ? args.filter((arg) => arg !== "--json") : StandardInput.marked(args)

/** Runs the command that the arguments name. `args` has the form of `process.argv`. */
export const run = (args: ReadonlyArray<string>) => {
  const isJson = args.includes("--json")
  const show = (end: CliExit) => (isJson ? toJson(end) : Layout.plainLines(end.message))
  return Console.consoleWith((console) =>
    Effect.promise(() => loadFor(args.slice(2))).pipe(
      Effect.flatMap((subcommands) => {
        // The command itself writes to the original console, so its output is not typeset.
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
  // Any other failure is an error in the arguments, which @effect/cli has printed already.
  if (failure !== undefined) return codes.usage
  return Cause.isInterruptedOnly(exit.cause) ? codes.interrupted : codes.unexpected
}

/** Watches standard output. Returns whether a write failed; a closed pipe, as after `| head`, does not count. */
const watchOutput = () => {
  let hasFailed = false
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") hasFailed = true
  })
  process.stderr.on("error", () => undefined)
  return () => hasFailed
}

/** Runs the command, and ends the process with its exit code. */
export const main = (args: ReadonlyArray<string>): void => {
  const hasOutputFailed = watchOutput()
  NodeRuntime.runMain(run(args), {
    disableErrorReporting: true,
    // The sandbox replaces the default logger by its request log. The pretty logger would log each request a second time.
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
