import * as Effect from "effect/Effect"
import * as Judge from "./Judge.js"
import * as Refreshes from "./Refreshes.js"
import * as Stores from "./Stores.js"
const only = process.argv[2]
for (const name of Object.keys(Stores.fresh)) if (name !== only) delete (Stores.fresh as any)[name]
const t = performance.now()
const runs = await Effect.runPromise(Effect.scoped(Effect.flatMap(Judge.make, (judge: any) => Refreshes.runTogether(judge, 1))) as any)
console.log(only, runs, performance.now() - t)
