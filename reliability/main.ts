// npm run reliability: the figures, with the sandbox in its own process as judge. See the README.
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as Programs from "../test/programs.js"
import * as RedisServer from "../test/redis.js"
import * as Accounts from "./Accounts.js"
import * as Bulk from "./Bulk.js"
import * as Cluster from "./Cluster.js"
import * as Deadline from "./Deadline.js"
import * as Executions from "./Executions.js"
import { type Figure, table } from "./Figure.js"
import * as Freezes from "./Freezes.js"
import * as Fuzz from "./Fuzz.js"
import * as Grants from "./Grants.js"
import * as Interruption from "./Interruption.js"
import * as Judge from "./Judge.js"
import * as Kills from "./Kills.js"
import * as Leaks from "./Leaks.js"
import * as OfficialSdk from "./OfficialSdk.js"
import * as Operations from "./Operations.js"
import * as Outage from "./Outage.js"
import * as Pacing from "./Pacing.js"
import * as Paths from "./Paths.js"
import * as Refreshes from "./Refreshes.js"
import * as Search from "./Search.js"
import * as Secrets from "./Secrets.js"
import * as Transports from "./Transports.js"
import * as Webhooks from "./Webhooks.js"
import * as Writes from "./Writes.js"

const usage = `usage: npm run reliability -- [--json] [--seeds COUNT] [--only R1,R2,…] [--no-rival]

  --json       one line of JSON instead of a table
  --seeds      how many runs of each figure, 5 by default; the worst counts
  --only       these figures
  --no-rival   without the official SDK beside us (else it is installed under bench/, if it is not yet there)`

const parsed = () => {
  try {
    return parseArgs({
      options: {
        json: { type: "boolean", default: false },
        seeds: { type: "string", default: "5" },
        only: { type: "string", default: "" },
        "no-rival": { type: "boolean", default: false },
        help: { type: "boolean", default: false }
      }
    }).values
  } catch {
    return undefined
  }
}

const options = parsed()
if (options === undefined || options.help || !/^[1-9]\d?$/.test(options.seeds)) {
  console.log(usage)
  process.exit(options?.help === true ? 0 : 2)
}

const seeds = Array.from({ length: Number(options.seeds) }, (_, index) => index + 1)
const ids = [
  "R1",
  "R2",
  "R3",
  "R4",
  "R5",
  "R6",
  "R7",
  "R8",
  "R9",
  "R10",
  "R11",
  "R12",
  "R13",
  "R14",
  "R16",
  "R17",
  "R18",
  "R19",
  "R20",
  "R22",
  "R23",
  "R24",
  "SDK"
]
const unknown = options.only.split(",").filter((id) => id !== "" && !ids.includes(id))
if (unknown.length > 0) {
  console.error(`--only takes some of ${ids.join(", ")}, not ${unknown.join(", ")}`)
  process.exit(2)
}
const isAsked = (...ids: ReadonlyArray<string>) =>
  options.only === "" || ids.some((id) => options.only.split(",").includes(id))

await Programs.bundle()

/** The name of a seed's transport. Successive seeds use different transports. */
const nameOf = (seed: number) => Transports.names[(seed - 1) % Transports.names.length]!
const transports = await Promise.all(seeds.map((seed) => Transports.load(nameOf(seed))))
const transportOf = (seed: number) => transports[seed - 1]!

const bench = fileURLToPath(new URL("../bench", import.meta.url))

const isRivalHere = () => existsSync(`${bench}/node_modules/@gohighlevel/api-client/package.json`)

const withRival = !options["no-rival"] && isAsked("R2", "R3", "R4", "R6", "R7", "R8", "SDK")
if (withRival && !isRivalHere()) {
  console.error("installing the official SDK under bench/")
  spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: bench, stdio: ["ignore", "ignore", "inherit"] })
}
if (withRival && !isRivalHere()) {
  console.error("The official SDK could not be installed: run with --no-rival to do without it.")
  process.exit(2)
}

const began = performance.now()
const tell = (what: string) =>
  Effect.sync(() => console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${what}`))

const eachSeed = <A, E, R>(what: string, run: (seed: number) => Effect.Effect<A, E, R>) =>
  Effect.forEach(seeds, (seed) => Effect.zipRight(tell(`${what}, seed ${seed} of ${seeds.length}`), run(seed)))

const judged = <A>(run: (judge: Judge.Judge) => Effect.Effect<A>): Effect.Effect<A> =>
  Effect.scoped(Effect.flatMap(Judge.make, run))

const writes = 10_000
const answers = 10_000
const hostileIds = 1000
const kills = 200
const outageSeconds = 30
/** The calls of R14 on each of four transports. */
const leakingCalls = 250_000
/** The setting of R19. The limit is about half of what this sandbox can serve beside its client on two cores. */
const cluster = { contacts: 10_000, chunk: 50, runners: 3, kills: 10, limit: 2000 }
const bulk = { contacts: 100_000, kills: 20, limit: 5000, steps: 100 }
const webhooks = 10_000
/** The setting of R17: 30 processes for each seed, ten for each duration. */
const freezes = { seconds: [20, 45, 90], refreshes: 5, calls: 4, imports: 1, rows: 100 }

const searchedContacts = 100_000

/** The kills of the command in R23, over all seeds. */
const importKills = 100

/** The calls of each operation in R22. */
const operationCalls = 200

const all = Effect.gen(function* () {
  const figures: Array<Figure> = []
  if (isAsked("R1")) {
    const runs = yield* judged((judge) =>
      eachSeed("R1", (seed) => Writes.run(judge, { writes, nameless: 500, seed, transport: transportOf(seed) }))
    )
    figures.push(Writes.figure(runs, writes))
  }
  if (isAsked("R2")) {
    const runs = yield* judged((judge) => eachSeed("R2", (seed) => Executions.runOurs(judge, transportOf(seed))))
    const rival = withRival
      ? yield* Effect.zipRight(
          tell("R2, the official SDK"),
          judged((judge) => Effect.map(Executions.runRival(judge), (run) => [run]))
        )
      : undefined
    figures.push(Executions.figure(runs, rival))
  }
  const refreshRival =
    withRival && isAsked("R3", "R4")
      ? yield* Effect.zipRight(tell("R3 and R4, the official SDK"), judged(Refreshes.runRival))
      : undefined
  if (isAsked("R3")) {
    yield* tell("R3, all seeds")
    const runs = yield* judged((judge) => Refreshes.runAlone(judge, seeds.length))
    figures.push(Refreshes.figure("R3", runs, refreshRival?.alone))
  }
  if (isAsked("R4")) {
    yield* tell("R4, all seeds")
    const runs = yield* judged((judge) => Refreshes.runTogether(judge, seeds.length))
    figures.push(Refreshes.figure("R4", runs, refreshRival?.together))
  }
  if (isAsked("R5")) {
    yield* tell("R5, two seeds at a time")
    const killing = Math.ceil(kills / seeds.length)
    const runs = yield* Effect.forEach(
      seeds,
      (seed) =>
        judged((judge) =>
          Effect.all({
            lost: Grants.runAll(judge, { kills: killing, seed }),
            failedSaves: Grants.runFailedSaves(judge)
          })
        ),
      { concurrency: 2 }
    )
    figures.push(
      Grants.figure(
        runs.flatMap(({ lost }) => lost),
        runs.map(({ failedSaves }) => failedSaves)
      )
    )
  }
  if (isAsked("R6")) {
    const cases = Pacing.cases.filter(({ setting }) => setting !== "together" || RedisServer.isThere)
    const ran = (one: Pacing.Case) => (measured: Pacing.Measured) => [one, measured] as const
    const rival = (judge: Judge.Judge, name: (typeof Pacing.rivals)[number]) =>
      Effect.zipRight(
        tell(`R6, ${name}`),
        Effect.forEach(cases, (one) => Effect.map(Pacing.runRival(judge, one, name), ran(one)))
      )
    // The cases run one at a time against one warm service, because the figure measures when requests are sent.
    const { runs, beside } = yield* judged((judge) =>
      Effect.all({
        runs: eachSeed("R6", (seed) =>
          Effect.forEach(cases, (one) => Effect.map(Pacing.runOurs(judge, one, seed, nameOf(seed)), ran(one)))
        ),
        beside: withRival
          ? Effect.all({
              sdk: rival(judge, "sdk"),
              bottleneck: rival(judge, "bottleneck"),
              experimental: rival(judge, "experimental")
            })
          : Effect.succeed(undefined)
      })
    )
    figures.push(Pacing.figure(runs.flat(), beside))
  }
  if (isAsked("R7", "R8")) {
    yield* tell(`R7 and R8, all seeds${withRival ? " and the official SDK" : ""} at once`)
    const [runs, rival] = yield* Effect.all(
      [
        Effect.forEach(seeds, (seed) => judged((judge) => Outage.runOurs(judge, outageSeconds, transportOf(seed))), {
          concurrency: "unbounded"
        }),
        withRival ? judged((judge) => Outage.runRival(judge, outageSeconds)) : Effect.succeed(undefined)
      ],
      { concurrency: "unbounded" }
    )
    figures.push(...Outage.figures(runs, outageSeconds, rival))
  }
  if (isAsked("R9")) {
    const runs = yield* judged((judge) => eachSeed("R9", (seed) => Interruption.run(judge, 100, transportOf(seed))))
    figures.push(Interruption.figure(runs))
  }
  if (isAsked("R10")) {
    const runs = yield* judged((judge) => eachSeed("R10", (seed) => Deadline.run(judge, 100, transportOf(seed))))
    figures.push(Deadline.figure(runs))
  }
  if (isAsked("R11")) {
    yield* tell("R11, two seeds at a time")
    const runs = yield* Effect.forEach(seeds, (seed) => Fuzz.run({ answers, seed, transport: nameOf(seed) }), {
      concurrency: 2
    })
    figures.push(Fuzz.figure(runs, answers))
  }
  if (isAsked("R12")) {
    yield* tell("R12, all transports at once")
    const runs = yield* Effect.forEach(
      Transports.names,
      (name) =>
        Effect.flatMap(
          Effect.promise(() => Transports.load(name)),
          (transport) => Secrets.run(transport)
        ),
      { concurrency: "unbounded" }
    )
    figures.push(Secrets.figure(runs))
  }
  if (isAsked("R13")) {
    const runs = yield* judged((judge) =>
      eachSeed("R13", (seed) => Paths.run(judge, { ids: hostileIds, seed, transport: transportOf(seed) }))
    )
    figures.push(Paths.figure(runs, hostileIds))
  }
  if (isAsked("R14")) {
    yield* tell("R14, two transports at a time")
    const runs = yield* Effect.forEach(
      ["fetch", "HttpClientFetch", "undici", "HttpClientUndici"],
      (name) => Leaks.run(leakingCalls, name),
      {
        concurrency: 2
      }
    )
    figures.push(Leaks.figure(runs, leakingCalls))
  }
  if (isAsked("R16")) {
    yield* tell("R16, once")
    figures.push(Bulk.figure([yield* judged((judge) => Bulk.run(judge, bulk, "fetch"))], bulk))
  }
  if (isAsked("R17")) {
    yield* tell("R17, all seeds at once")
    const runs = yield* Effect.forEach(seeds, (seed) => judged((judge) => Freezes.run(judge, { ...freezes, seed })), {
      concurrency: "unbounded"
    })
    figures.push(Freezes.figure(runs, freezes))
  }
  if (isAsked("R18")) {
    const runs = yield* Effect.forEach([2, 50].flatMap(Accounts.casesOf), (one) =>
      Effect.zipRight(tell(`R18, ${one.accounts} accounts, ${one.credentials}, ${one.place}`), Accounts.run(one))
    )
    figures.push(Accounts.figure(runs))
  }
  if (isAsked("R19") && (Cluster.isPossible || options.only !== "")) {
    yield* tell("R19, once")
    if (!Cluster.isPossible) return yield* Effect.dieMessage("R19 needs redis-server and Postgres")
    figures.push(Cluster.figure([yield* judged((judge) => Cluster.run(judge, cluster, 1))], cluster))
  }
  if (isAsked("R20")) {
    const runs = yield* eachSeed("R20", (seed) => Webhooks.run(webhooks, seed))
    figures.push(Webhooks.figure(runs, webhooks))
  }
  if (isAsked("R22")) {
    const runs = yield* eachSeed("R22", (seed) => Operations.run({ calls: operationCalls, seed }))
    figures.push(Operations.figure(runs, operationCalls))
  }
  if (isAsked("R23")) {
    const killing = Math.ceil(importKills / seeds.length)
    const runs = yield* judged((judge) =>
      eachSeed("R23", (seed) => Kills.run(judge, { kills: killing, rows: 200, seed }))
    )
    figures.push(Kills.figure(runs))
  }
  if (isAsked("R24")) {
    yield* tell("R24, once")
    const ran = yield* judged((judge) => Search.run(judge, searchedContacts, nameOf(1)))
    figures.push(Search.figure([ran], searchedContacts))
  }
  if (isAsked("SDK") && withRival) {
    yield* tell("SDK, once")
    figures.push(OfficialSdk.figure(yield* OfficialSdk.run))
  }
  return figures
})

const figures = await Effect.runPromise(all)
const isMet = figures.every((figure) => figure.isMet)

if (options.json) {
  const named = figures.map(({ id, isMet, values }) => [id, { isMet, ...values }] as const)
  console.log(JSON.stringify({ isMet, seeds: seeds.length, ...Object.fromEntries(named) }))
} else {
  console.log(`\n${table(figures)}\n`)
  console.log(isMet ? "All aims are met." : "An aim is missed.")
}
process.exitCode = isMet ? 0 : 1
