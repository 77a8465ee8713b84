// Reads secrets from the user. A secret is not an argument, because other users of the machine can see arguments.
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type { CliExit } from "./CliExit.js"
import * as StandardInput from "./StandardInput.js"
import * as Terminal from "./Terminal.js"

/** Reads a secret from standard input if `isInput`, else from the environment, else by a prompt. Empty if there is none. */
export const secretFrom = (isInput: boolean, variable: string, question: string): Effect.Effect<string, CliExit> =>
  Effect.gen(function* () {
    if (isInput) return (yield* StandardInput.text).trim()
    const environment = yield* Effect.orElseSucceed(Config.string(variable), () => "")
    return environment === "" ? yield* Terminal.askSecret(question) : environment
  })
