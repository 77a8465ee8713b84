import { expect, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Cluster from "../../reliability/Cluster.js"
import { AJudge, OneJudge } from "./judge.js"

// A short form of experiment R19 of `npm run reliability`. It needs Redis and Postgres.
layer(OneJudge, { excludeTestServices: true })("examples/cluster-import", (it) => {
  const scoped = Cluster.isPossible ? it.scoped : it.scoped.skip

  scoped(
    "imports every contact once when a runner is killed",
    () =>
      Effect.gen(function* () {
        const setting = { contacts: 300, chunk: 25, runners: 2, kills: 1, limit: 2000 }
        const ran = yield* Cluster.run(yield* AJudge, setting, 1)
        expect(ran).toMatchObject({ lost: 0, duplicated: 0, refused: 0, miscounted: 0, deadLetters: 0 })
      }),
    120_000
  )
})
