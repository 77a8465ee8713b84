// Questions to the person at the terminal.
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { createInterface } from "node:readline"
import { Writable } from "node:stream"

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() })

/** The line that the person types; none if the terminal is closed or the person interrupts. */
const ask = (question: string, isSecret: boolean): Effect.Effect<string | undefined> =>
  Effect.async((resume) => {
    // The interface writes the typed text here, and it is not shown.
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

/** The terminal of the command; a test has its own. */
export class Terminal extends Context.Reference<Terminal>()("growthhub/Terminal", {
  defaultValue: (): {
    /** Whether a person can be asked. */
    readonly isInteractive: boolean
    /** Asks a question. The line that the person types; none if the terminal is closed or the person interrupts. */
    readonly ask: (question: string, isSecret: boolean) => Effect.Effect<string | undefined>
  } => ({ isInteractive: process.stdin.isTTY && process.stderr.isTTY, ask })
}) {}

/** Asks a question whose answer is no unless the person types `y` or `yes`; none where nobody can be asked. */
export const confirm = (question: string): Effect.Effect<boolean | undefined> =>
  Effect.flatMap(Terminal, ({ isInteractive, ask }) =>
    isInteractive
      ? Effect.map(ask(`${question} [y/N] `, false), (line) => /^y(?:es)?$/i.test(line?.trim() ?? ""))
      : Effect.succeed(undefined)
  )

/** Asks for a secret, which is not shown. Empty where nobody can be asked. */
export const askSecret = (question: string): Effect.Effect<string> =>
  Effect.flatMap(Terminal, ({ isInteractive, ask }) =>
    isInteractive ? Effect.map(ask(`${question}: `, true), (line) => line?.trim() ?? "") : Effect.succeed("")
  )
