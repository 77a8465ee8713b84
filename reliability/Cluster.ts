// R19: an import on several machines through a workflow engine, whose runners are killed one after the other.
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as PgClient from "@effect/sql-pg/PgClient"
import type { ContactUpsert } from "effect-growthhub/Schema"
import { spawn } from "node:child_process"
import { createServer } from "node:net"
import { programOf } from "../test/programs.js"
import * as Import from "../examples/cluster-import/Import.js"
import { directory } from "../test/directory.js"
import * as Postgres from "../test/postgres.js"
import * as RedisServer from "../test/redis.js"
import { type Figure, worst } from "./Figure.js"
import type { Judge } from "./Judge.js"

export interface Setting {
  readonly contacts: number
  readonly chunk: number
  readonly runners: number
  readonly kills: number
  /** The number of requests that the service allows in ten seconds. */
  readonly limit: number
}

export interface Ran {
  readonly lost: number
  readonly duplicated: number
  readonly repeated: number
  readonly refused: number
  /** The difference between the counts of the import and the number of contacts. */
  readonly miscounted: number
  readonly deadLetters: number
  readonly seconds: number
}

/** Whether this machine has Redis and Postgres, which the figure needs. */
export const isPossible = RedisServer.isThere && Postgres.isThere

const freePort = Effect.async<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** A runner in a process of its own, until it is killed or the scope closes. */
const runner = (environment: { readonly [name: string]: string }) =>
  Effect.gen(function* () {
    const port = yield* freePort
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [programOf("examples/cluster-import/runner.ts")], {
          env: { ...process.env, ...environment, HOST: "127.0.0.1", PORT: String(port) },
          stdio: ["ignore", process.env["VERBOSE"] === undefined ? "ignore" : "inherit", "inherit"]
        })
      ),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    return { kill: Effect.sync(() => child.kill("SIGKILL")) }
  })

const contact = (judge: Judge, index: number): ContactUpsert => ({
  locationId: judge.locationId,
  email: `lead-${index}@example.com`,
  firstName: `Lead ${index}`
})

const runWith = (judge: Judge, setting: Setting) =>
  Effect.gen(function* () {
    const { contacts, chunk, runners, kills, limit } = setting
    yield* judge.reset
    yield* judge.setLimits({ max: limit, interval: 10_000, daily: contacts * 4 })
    const redis = yield* RedisServer.make(yield* directory)
    const { host } = yield* Postgres.make(yield* directory)
    const url = `postgres://growthhub:none@localhost/postgres?host=${encodeURIComponent(host)}`
    const environment = {
      DATABASE_URL: url,
      REDIS_URL: redis.socket,
      GROWTHHUB_BASE_URL: judge.url,
      GROWTHHUB_TOKEN: judge.token
    }
    const began = performance.now()
    const measured = Effect.gen(function* () {
      yield* Import.migration
      const list = Array.from({ length: contacts }, (_, index) => contact(judge, index))
      yield* Import.start("leads", list, chunk)
      const scopes = yield* Effect.replicateEffect(Scope.make(), runners)
      yield* Effect.addFinalizer((exit) => Effect.forEach(scopes, (scope) => Scope.close(scope, exit)))
      const alive = yield* Effect.forEach(scopes, (scope) => Scope.extend(runner(environment), scope))
      const settled = Effect.map(judge.ledger, ({ applied }) => applied.length)
      for (let kill = 0; kill < kills; kill += 1) {
        // The kills are spread over two thirds of the list, at random moments.
        const from = Math.floor((contacts * 2 * (kill + 0.5)) / 3 / kills)
        yield* Effect.repeat(settled, { until: (count) => count >= from, schedule: Schedule.spaced("200 millis") })
        yield* Effect.sleep(yield* Random.nextIntBetween(0, 1500))
        yield* alive[kill % runners]!.kill
        alive[kill % runners] = yield* Scope.extend(runner(environment), scopes[kill % runners]!)
      }
      yield* Effect.repeat(Import.progress("leads"), {
        until: ({ chunks, done }) => done === chunks,
        schedule: Schedule.spaced("500 millis")
      })
      return yield* Import.progress("leads")
    })
    const progress = yield* Effect.provide(measured, PgClient.layer({ url: Redacted.make(url) }))
    const { applied, requests } = yield* judge.ledger
    const unique = new Set(applied.map(({ contactId }) => contactId)).size
    return {
      lost: contacts - unique,
      duplicated: applied.filter(({ isNew }) => isNew).length - unique,
      repeated: applied.length - unique,
      refused: requests.filter(({ status }) => status === 429).length,
      miscounted: Math.abs(contacts - progress.created - progress.updated - progress.deadLetters.length),
      deadLetters: progress.deadLetters.length,
      seconds: Math.round((performance.now() - began) / 1000)
    }
  })

export const run = (judge: Judge, setting: Setting, seed: number): Effect.Effect<Ran> =>
  runWith(judge, setting).pipe(Effect.scoped, Effect.orDie, Effect.withRandom(Random.make(seed)))

export const figure = (runs: ReadonlyArray<Ran>, { contacts, runners, kills }: Setting): Figure => {
  const of = (name: keyof Ran) => worst(runs.map((run) => run[name]))
  const [lost, duplicated, refused] = [of("lost"), of("duplicated"), of("refused")]
  return {
    id: "R19",
    what: `import of ${contacts} by ${runners} runners of a cluster, ${kills} kills: lost, duplicated, 429s`,
    aim: "0, 0, 0",
    measured: `${lost}, ${duplicated}, ${refused} (${of("repeated")} sent once more, ${of("seconds")} s)`,
    isMet: lost + duplicated + refused + of("miscounted") + of("deadLetters") === 0,
    values: {
      lost,
      duplicated,
      refused,
      miscounted: of("miscounted"),
      repeated: of("repeated"),
      seconds: of("seconds")
    }
  }
}
