// Secrets that a person gives. They are no arguments: others on the machine can see those.
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type { CliExit } from "./CliExit.js"
import * as StandardInput from "./StandardInput.js"
import * as Terminal from "./Terminal.js"

/** The secret on standard input, or in the environment, or typed; empty where there is none. */
export const secretFrom = (isInput: boolean, variable: string, question: string): Effect.Effect<string, CliExit> =>
  Effect.gen(function* () {
    if (isInput) return (yield* StandardInput.text).trim()
    const environment = yield* Effect.orElseSucceed(Config.string(variable), () => "")
    return environment === "" ? yield* Terminal.askSecret(question) : environment
  })
