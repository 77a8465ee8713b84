// One run of R11 in its own process. The arguments are the number of calls, the seed and the transport.
import * as Effect from "effect/Effect"
import { endWithParent } from "./Child.js"
import { measure } from "./Fuzz.js"
import * as Transports from "./Transports.js"

endWithParent()

const [, , answers, seed, name] = process.argv
const transport = await Transports.load(name)
const fuzzed = await Effect.runPromise(measure({ answers: Number(answers), seed: Number(seed), transport }))
process.send?.(fuzzed)
