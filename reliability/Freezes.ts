// R17: processes that are frozen (SIGSTOP, as by a laptop's lid, a paused container or a serverless platform) at random
// moments of a refresh, of a call and of an import.
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as TokenStoreFile from "effect-growthhub/TokenStoreFile"
import { spawn, type ChildProcess } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { programOf } from "../test/programs.js"
import * as Caller from "./caller.js"
import * as Child from "./Child.js"
import { type Figure } from "./Figure.js"
import * as Installation from "./Installation.js"
import type { Judge } from "./Judge.js"

export interface Setting {
  /** The durations of the freezes, in seconds. */
  readonly seconds: ReadonlyArray<number>
  /** The number of processes that are frozen in a refresh, for each duration; `calls` and `imports` likewise. */
  readonly refreshes: number
  readonly calls: number
  readonly imports: number
  /** The rows of an import. */
  readonly rows: number
}

export interface Frozen {
  /** Processes that were frozen. */
  readonly freezes: number
  /** Grants that a later process cannot use. */
  readonly grantsLost: number
  /** Calls that ended as timed out although the service had responded. */
  readonly falseTimeouts: number
  /** Rows whose contact is missing at the end of the import. */
  readonly contactsLost: number
  readonly contactsDoubled: number
  /** Rows that the import reports as unknown although a retry is safe: each has an email. */
  readonly unknown: number
}

const none: Frozen = {
  freezes: 0,
  grantsLost: 0,
  falseTimeouts: 0,
  contactsLost: 0,
  contactsDoubled: 0,
  unknown: 0
}

const sum = (runs: ReadonlyArray<Frozen>): Frozen =>
  runs.reduce(
    (all, one) => ({
      freezes: all.freezes + one.freezes,
      grantsLost: all.grantsLost + one.grantsLost,
      falseTimeouts: all.falseTimeouts + one.falseTimeouts,
      contactsLost: all.contactsLost + one.contactsLost,
      contactsDoubled: all.contactsDoubled + one.contactsDoubled,
      unknown: all.unknown + one.unknown
    }),
    none
  )

/** Freezes a process for `seconds`, at a random moment within the next `within` milliseconds. */
const freeze = (child: ChildProcess, seconds: number, within: number) =>
  Effect.gen(function* () {
    yield* Effect.sleep(yield* Random.nextIntBetween(0, within))
    child.kill("SIGSTOP")
    yield* Effect.ensuring(
      Effect.sleep(seconds * 1000),
      Effect.sync(() => child.kill("SIGCONT"))
    )
  })

/** The latency of the service in milliseconds, so that most freezes happen while a request is in flight. */
const latency = { refresh: 400, call: 900 }

const slowly = (judge: Judge) =>
  judge.setFaults({
    latency: [
      { endpoint: "token", distribution: { _tag: "Fixed", millis: latency.refresh } },
      { endpoint: "getContact", distribution: { _tag: "Fixed", millis: latency.call } },
      { endpoint: "upsertContact", distribution: { _tag: "Fixed", millis: latency.call } }
    ]
  })

/** Freezes a process that makes one call for a location, whose grant another process needs later. */
const frozenCaller = (judge: Judge, directory: string, location: string, seconds: number, within: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { child } = yield* Child.spawn("./caller.ts", ["worker"])
      const task = Caller.oneCall(judge, { directory }, [location])
      const asked = Child.ask<{ readonly succeeded: number; readonly timedOut: number }>(child, task)
      const [answer] = yield* Effect.all([asked, freeze(child, seconds, within)], { concurrency: "unbounded" })
      return answer
    })
  )

/** Whether the service has responded to a call for this location with a contact. */
const hasResponded = (judge: Judge, location: string) =>
  Effect.map(judge.ledger, ({ requests }) =>
    requests.some(({ url, status }) => url === `/contacts/contact-of-${location}` && status === 200)
  )

/** Whether a client that has nothing but the store can use the grant after its access token has expired. */
const isUsable = (judge: Judge, directory: string, location: string) =>
  Effect.map(
    Effect.orDie(Caller.perform(Caller.oneCall(judge, { directory }, [location]))),
    (succeeded) => succeeded === 1
  )

const root = fileURLToPath(new URL("..", import.meta.url))

/** Runs the command; returns its exit code and its standard output. */
const command = (judge: Judge, args: ReadonlyArray<string>, during: (child: ChildProcess) => Effect.Effect<void>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, [programOf("cli/src/main.ts"), ...args], {
            cwd: root,
            env: { ...process.env, GROWTHHUB_TOKEN: judge.token, GROWTHHUB_BASE_URL: judge.url },
            stdio: ["ignore", "pipe", "pipe"]
          })
        ),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      let output = ""
      child.stdout.on("data", (chunk: Buffer) => (output += String(chunk)))
      // The process would block if its standard error were not read.
      child.stderr.resume()
      const ended = Effect.async<number | null>((resume) => {
        if (child.exitCode !== null) return resume(Effect.succeed(child.exitCode))
        child.once("exit", (code) => resume(Effect.succeed(code)))
      })
      const [code] = yield* Effect.all([ended, Effect.raceFirst(during(child), Effect.asVoid(ended))], {
        concurrency: "unbounded"
      })
      return { code, output }
    })
  )

/** Freezes an import while its requests are in flight, and resumes it once if it did not finish. */
const frozenImport = (judge: Judge, rows: number, name: string, seconds: number): Effect.Effect<Frozen> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = join(yield* Installation.directory, "leads.ndjson")
      const emails = Array.from({ length: rows }, (_, index) => `${name}-${index}@example.com`)
      const lines = emails.map((email) => JSON.stringify({ email, firstName: "Lead" }))
      yield* Effect.promise(() => writeFile(file, `${lines.join("\n")}\n`))
      const isOwn = (contact: { readonly [field: string]: unknown }) => String(contact["email"]).startsWith(`${name}-`)
      const own = Effect.map(judge.contacts, (contacts) =>
        contacts.filter(isOwn).map((contact) => String(contact["email"]))
      )
      const args = ["import", file, "--location", judge.locationId]
      const first = yield* command(judge, args, (child) =>
        Effect.gen(function* () {
          // Once the first contacts exist, other requests are in flight.
          while ((yield* own).length === 0) yield* Effect.sleep("100 millis")
          yield* freeze(child, seconds, 1500)
        })
      )
      const last = first.code === 0 ? first : yield* command(judge, [...args, "--resume"], () => Effect.void)
      const made = yield* own
      const unique = new Set(made).size
      const unknown = Option.fromNullable(/([\d,]+) unknown/.exec(last.output)?.[1])
      return {
        ...none,
        freezes: 1,
        contactsLost: rows - unique,
        contactsDoubled: made.length - unique,
        unknown: Option.match(unknown, { onNone: () => 0, onSome: (text) => Number(text.replaceAll(",", "")) })
      }
    })
  )

/** Freezes processes in a refresh, and processes in a call with a valid token. */
const frozenCalls = (judge: Judge, setting: Setting) =>
  Effect.scoped(
    Effect.gen(function* () {
      const named = (kind: string, count: number) =>
        setting.seconds.flatMap((seconds) =>
          Array.from({ length: count }, (_, index) => ({ location: `${kind}-${seconds}-${index}`, seconds }))
        )
      const refreshing = named("refresh", setting.refreshes)
      const calling = named("call", setting.calls)
      const all = [...refreshing, ...calling]
      const directory = yield* Installation.directory
      const store = yield* Effect.orDie(TokenStoreFile.make({ directory }))
      yield* Installation.connect(
        judge,
        store,
        refreshing.map(({ location }) => location)
      )
      yield* judge.expireTokens
      yield* Installation.connect(
        judge,
        store,
        calling.map(({ location }) => location)
      )
      yield* slowly(judge)
      const one = ({ location, seconds }: (typeof all)[number]) =>
        Effect.gen(function* () {
          const within = location.startsWith("refresh") ? 2 * latency.refresh : latency.call
          const { timedOut } = yield* frozenCaller(judge, directory, location, seconds, within)
          const isFalse = timedOut > 0 && (yield* hasResponded(judge, location))
          return { ...none, freezes: 1, falseTimeouts: isFalse ? 1 : 0 }
        })
      const frozen = sum(yield* Effect.forEach(all, one, { concurrency: "unbounded" }))
      yield* judge.setFaults({})
      yield* judge.expireTokens
      const usable = yield* Effect.forEach(all, ({ location }) => isUsable(judge, directory, location), {
        concurrency: 8
      })
      return { ...frozen, grantsLost: usable.filter((isGood) => !isGood).length }
    })
  )

const frozenImports = (judge: Judge, { seconds, imports, rows }: Setting) =>
  Effect.map(
    Effect.forEach(
      seconds.flatMap((seconds) =>
        Array.from({ length: imports }, (_, index) => ({ name: `import-${seconds}-${index}`, seconds }))
      ),
      ({ name, seconds }) => frozenImport(judge, rows, name, seconds),
      { concurrency: "unbounded" }
    ),
    sum
  )

export const run = (judge: Judge, setting: Setting & { readonly seed: number }): Effect.Effect<Frozen> =>
  Effect.gen(function* () {
    yield* judge.reset
    const calls = yield* frozenCalls(judge, setting)
    if (setting.imports === 0) return calls
    yield* slowly(judge)
    return sum([calls, yield* frozenImports(judge, setting)])
  }).pipe(Effect.withRandom(Random.make(setting.seed)))

export const figure = (runs: ReadonlyArray<Frozen>, { seconds }: Setting): Figure => {
  const { freezes, grantsLost, falseTimeouts, contactsLost, contactsDoubled, unknown } = sum(runs)
  return {
    id: "R17",
    what:
      `${freezes} processes frozen for ${seconds.join(", ")} s in a refresh, a call, an import: ` +
      "grants lost; calls timed out whose response was there; contacts lost, doubled, unknown",
    aim: "0; 0; 0, 0, 0",
    measured: `${grantsLost}; ${falseTimeouts}; ${contactsLost}, ${contactsDoubled}, ${unknown}`,
    isMet: grantsLost + falseTimeouts + contactsLost + contactsDoubled + unknown === 0,
    values: { freezes, grantsLost, falseTimeouts, contactsLost, contactsDoubled, unknown }
  }
}
