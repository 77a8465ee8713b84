// Runs a script of this folder in a child process, which ends with the scope or with this process.
import * as Effect from "effect/Effect"
import { fork, type ChildProcess } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { programOf } from "../test/programs.js"

/** The path of a file's program; a TypeScript file runs as its bundle. */
export const scriptOf = (file: string): string =>
  file.endsWith(".ts") ? programOf(join("reliability", file)) : fileURLToPath(new URL(file, import.meta.url))

/** Starts a process, and returns it with the first message that it sent. */
export const spawn = <Message>(file: string, args: ReadonlyArray<string> = []) =>
  Effect.acquireRelease(
    Effect.async<{ readonly child: ChildProcess; readonly message: Message }>((resume) => {
      const child = fork(scriptOf(file), args)
      child.once("message", (message) => resume(Effect.succeed({ child, message: message as Message })))
      child.once("exit", (code) => resume(Effect.dieMessage(`${file} ended with ${String(code)}`)))
    }),
    ({ child }) =>
      Effect.async<void>((resume) => {
        if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
        child.once("exit", () => resume(Effect.void))
        child.kill()
      })
  )

/** Sends a message to a process, and returns the next message of the process. */
export const ask = <Message>(child: ChildProcess, question: object = {}) =>
  Effect.async<Message>((resume) => {
    child.once("message", (message) => resume(Effect.succeed(message as Message)))
    child.send(question)
  })

/** Ends this process, a child, when its parent is gone. */
export const endWithParent = () => process.once("disconnect", () => process.exit())
