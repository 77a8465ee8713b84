// R23: imports by the command, which is killed (SIGKILL) at random moments of its whole run and resumed each time.
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { type Figure, worst } from "./Figure.js"
import { programOf } from "../test/programs.js"
import * as Installation from "./Installation.js"
import type { Judge } from "./Judge.js"

export interface Setting {
  readonly kills: number
  /** The rows of one file; there are as many files as the kills need. */
  readonly rows: number
}

export interface Ran {
  readonly kills: number
  readonly files: number
  /** Rows that are neither in the service nor reported as rejected or unknown. */
  readonly lost: number
  /** Contacts that were made more than once. */
  readonly doubled: number
  /** Rows with an email that are reported as unknown although they can be sent again. */
  readonly unknown: number
  /** Contacts without the tags of their row, or with others. */
  readonly mistagged: number
  /** Files whose summary or report is wrong about the outcomes of their rows. */
  readonly misreported: number
  /** Rows that were sent again because they were in flight when the process was killed. */
  readonly repeated: number
}

interface Life {
  readonly code: number | null
  readonly output: string
  readonly millis: number
}

/** Runs the command until it ends, or kills it after `millis` milliseconds. */
const live = (judge: Judge, args: ReadonlyArray<string>, millis: number | undefined) =>
  Effect.async<Life>((resume) => {
    const began = performance.now()
    const child = spawn(process.execPath, [programOf("cli/src/main.ts"), ...args], {
      env: { ...process.env, GROWTHHUB_TOKEN: judge.token, GROWTHHUB_BASE_URL: judge.url },
      stdio: ["ignore", "pipe", "ignore"]
    })
    let output = ""
    child.stdout.on("data", (chunk: Buffer) => (output += String(chunk)))
    const killing = millis === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), millis)
    child.once("close", (code) => {
      clearTimeout(killing)
      resume(Effect.succeed({ code, output, millis: performance.now() - began }))
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** The row at an index. Of twenty rows, one has neither email nor phone, one has an invalid email, and ten have a tag. */
const rowOf = (name: string, index: number): readonly [firstName: string, email: string, tags: string] => {
  const firstName = `${name} ${index}`
  if (index % 20 === 7) return [firstName, "", ""]
  if (index % 20 === 13) return [firstName, "nobody", ""]
  return [firstName, `${name}-${index}@example.com`, index % 2 === 0 ? `tag-${index % 5}` : ""]
}

/** Imports one file. The command is killed up to `kills` times, at random moments of its first `within` milliseconds. */
const importFile = (judge: Judge, name: string, rows: number, kills: number, within: number) =>
  Effect.gen(function* () {
    const file = join(yield* Installation.directory, "leads.csv")
    const lines = Array.from({ length: rows }, (_, index) => rowOf(name, index).join(","))
    yield* Effect.promise(() => writeFile(file, `firstName,email,tags\n${lines.join("\n")}\n`))
    const args = ["import", file, "--location", judge.locationId, "--json", "--resume"]
    let [killed, last] = [0, undefined as Life | undefined]
    while (last === undefined) {
      const millis = killed < kills ? yield* Random.nextIntBetween(1, within) : undefined
      const life = yield* live(judge, args, millis)
      if (life.code === null) killed += 1
      else last = life
    }
    return { file, killed, last }
  })

const isTags = Schema.is(Schema.Array(Schema.String))

/** Compares a file with the contacts of the service and with the output and report of the command. */
const judged = (judge: Judge, name: string, rows: number, file: string, { code, output, millis }: Life) =>
  Effect.gen(function* () {
    const own = (yield* judge.contacts).filter(({ firstName }) => String(firstName).startsWith(`${name} `))
    const places = own.map(({ firstName }) => Number(String(firstName).split(" ")[1]))
    const there = new Set(places)
    const reportFile = file.replace(".csv", ".rejected.csv")
    const report = existsSync(reportFile) ? readFileSync(reportFile, "utf8").trim().split("\n").slice(1) : []
    const outcomes = new Map(
      report.map((line) => [Number(/ (\d+),/.exec(line)?.[1]), /,(Rejected|Unknown),/.exec(line)?.[1]] as const)
    )
    const all = Array.from({ length: rows }, (_, index) => index)
    const isNameless = (index: number) => rowOf(name, index)[1] === ""
    const isBroken = (index: number) => rowOf(name, index)[1] === "nobody"
    const unknown = all.filter((index) => outcomes.get(index) === "Unknown")
    const summary = (code === 4 ? JSON.parse(output) : {}) as { readonly [count: string]: number }
    const isTold =
      all.filter(isBroken).every((index) => outcomes.get(index) === "Rejected") &&
      summary["rejected"] === all.filter(isBroken).length &&
      summary["unknown"] === unknown.length &&
      summary["created"]! + summary["updated"]! + summary["rejected"] + unknown.length === rows
    return {
      lost: all.filter((index) => !there.has(index) && !outcomes.has(index)).length,
      doubled: places.length - there.size,
      unknown: unknown.filter((index) => !isNameless(index)).length,
      mistagged: own.filter(
        ({ firstName, tags }) =>
          (isTags(tags) ? tags.join(";") : "") !== rowOf(name, Number(String(firstName).split(" ")[1]))[2]
      ).length,
      misreported: isTold ? 0 : 1,
      millis
    }
  })

export const run = (judge: Judge, { kills, rows, seed }: Setting & { readonly seed: number }): Effect.Effect<Ran> =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* judge.reset
      yield* judge.setLimits({ max: 100_000, interval: 10_000, daily: 10_000_000 })
      yield* judge.setFaults({ latency: [{ distribution: { _tag: "LogNormal", median: 25 } }] })
      const sum = { lost: 0, doubled: 0, unknown: 0, mistagged: 0, misreported: 0 }
      let [files, killed, within] = [0, 0, 1]
      do {
        const name = `Lead${seed}x${files}`
        // The first file is imported without kills, to measure how long an import takes.
        const ended = yield* importFile(judge, name, rows, files === 0 ? 0 : kills - killed, within)
        const found = yield* judged(judge, name, rows, ended.file, ended.last)
        if (files === 0) within = Math.ceil(found.millis)
        for (const key of Object.keys(sum) as Array<keyof typeof sum>) sum[key] += found[key]
        killed += ended.killed
        files += 1
      } while (killed < kills)
      const { applied } = yield* judge.ledger
      const upserts = applied.filter(({ operation }) => operation === "upsertContact")
      return {
        ...sum,
        kills: killed,
        files,
        repeated: upserts.length - new Set(upserts.map((one) => one.contactId)).size
      }
    }).pipe(Effect.withRandom(Random.make(`kills ${seed}`)))
  )

export const figure = (runs: ReadonlyArray<Ran>): Figure => {
  const of = (name: keyof Ran) => worst(runs.map((run) => run[name]))
  const total = (name: keyof Ran) => runs.reduce((all, run) => all + run[name], 0)
  const names = ["lost", "doubled", "unknown", "mistagged", "misreported"] as const
  const worsts = names.map(of)
  return {
    id: "R23",
    what: `imports by the command with ${total("kills")} kills, resumed each time: lost, doubled, unknown, mistagged, misreported`,
    aim: "0, 0, 0, 0, 0",
    measured: `${worsts.join(", ")} (${total("files")} files, ${total("repeated")} rows sent once more)`,
    isMet: worsts.every((one) => one === 0),
    values: {
      ...Object.fromEntries(names.map((name, index) => [name, worsts[index]!])),
      kills: total("kills"),
      repeated: total("repeated")
    }
  }
}
