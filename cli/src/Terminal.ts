// Asks the user questions in the terminal.
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { createInterface } from "node:readline"
import { Writable } from "node:stream"

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() })

/** Asks a question. Returns the line that the user types; undefined if the terminal is closed or the user interrupts. */
const ask = (question: string, isSecret: boolean): Effect.Effect<string | undefined> =>
  Effect.async((resume) => {
    // The interface echoes the typed text to `output`, so a secret is not shown.
    const output = isSecret ? nowhere() : process.stderr
    const lines = createInterface({ input: process.stdin, output, terminal: isSecret })
    process.stderr.write(question)
    const end = (line?: string) => {
      lines.removeAllListeners()
      lines.close()
      if (isSecret || line === undefined) process.stderr.write("\n")
      resume(Effect.succeed(line))
    }
    lines.once("line", end)
    lines.once("close", () => end())
    lines.once("SIGINT", () => end())
    return Effect.sync(() => lines.close())
  })

/** The terminal of the command. Tests provide their own. */
export class Terminal extends Context.Reference<Terminal>()("growthhub/Terminal", {
  defaultValue: (): {
    /** Whether there is a user who can answer a question. */
    readonly isInteractive: boolean
    /** Asks a question. Returns the line that the user types; undefined if the terminal is closed or the user interrupts. */
    readonly ask: (question: string, isSecret: boolean) => Effect.Effect<string | undefined>
  } => ({ isInteractive: process.stdin.isTTY && process.stderr.isTTY, ask })
}) {}

/** Asks a yes-or-no question. True if the user types `y` or `yes`; undefined if the terminal is not interactive. */
export const confirm = (question: string): Effect.Effect<boolean | undefined> =>
  Effect.flatMap(Terminal, ({ isInteractive, ask }) =>
    isInteractive
      ? Effect.map(ask(`${question} [y/N] `, false), (line) => /^y(?:es)?$/i.test(line?.trim() ?? ""))
      : Effect.succeed(undefined)
  )

/** Asks for a secret, which is not shown. Empty if the terminal is not interactive. */
export const askSecret = (question: string): Effect.Effect<string> =>
  Effect.flatMap(Terminal, ({ isInteractive, ask }) =>
    isInteractive ? Effect.map(ask(`${question}: `, true), (line) => line?.trim() ?? "") : Effect.succeed("")
  )
