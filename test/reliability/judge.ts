import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Judge from "../../reliability/Judge.js"

/** One process for all tests of a file: each run begins with an empty sandbox. */
export const AJudge = Context.GenericTag<Judge.Judge>("test/Judge")
export const OneJudge = Layer.scoped(AJudge, Judge.make)
