import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Judge from "../../reliability/Judge.js"

/** A sandbox process that all tests of a file share. Each run begins with an empty sandbox. */
export const AJudge = Context.GenericTag<Judge.Judge>("test/Judge")
export const OneJudge = Layer.scoped(AJudge, Judge.make)
