import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { Sandbox } from "effect-growthhub/Sandbox"
import { readdir, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { environment, fileOf, growthhub, inTerminal, read, unreachable } from "./command.js"

describe("an import", () => {
  it.scopedLive("writes rejected rows to a report that can be corrected and imported", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const { contacts } = yield* Sandbox
      const file = yield* fileOf("leads.csv", [
        "email,first name,tags",
        "a@example.com,Ada,x",
        'nobody,"Bob, the ""late""",y;z',
        "c@example.com,Eve,"
      ])
      const first = yield* growthhub(["import", file], env)
      const report = file.replace(".csv", ".rejected.csv")
      expect(first).toMatchObject({
        code: 4,
        out: `2 created, 0 updated, 1 rejected\nWhat was not applied, and why: ${report}`,
        err: expect.stringContaining("1 row not applied") as unknown
      })
      const rejected = yield* read(report)
      expect(rejected.split("\n")).toEqual([
        "email,first name,tags,growthhub:line,growthhub:outcome,growthhub:error",
        'nobody,"Bob, the ""late""",y;z,3,Rejected,email must be an email',
        ""
      ])
      expect(yield* growthhub(["import", report], env)).toMatchObject({ code: 4 })
      expect((yield* read(report.replace(".csv", ".rejected.csv"))).split("\n")[0]).toBe(rejected.split("\n")[0])
      yield* Effect.promise(() => writeFile(report, rejected.replace("nobody", "b@example.com")))
      expect(yield* growthhub(["import", report, "--restart"], env)).toMatchObject({
        code: 0,
        out: "1 created, 0 updated, 0 rejected"
      })
      expect((yield* contacts).map(({ email }) => email).sort()).toEqual([
        "a@example.com",
        "b@example.com",
        "c@example.com"
      ])
      expect(yield* growthhub(["import", file], env)).toMatchObject({
        code: 2,
        err: expect.stringContaining("was imported before: 2 created, 0 updated, 1 rejected") as unknown
      })
      expect(yield* growthhub(["import", file, "--restart"], env)).toMatchObject({
        out: expect.stringContaining("0 created, 2 updated, 1 rejected") as unknown
      })
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("reports a rejected row even if it is nested too deeply to be written as JSON", () =>
    Effect.gen(function* () {
      const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`
      const file = yield* fileOf("leads.ndjson", [
        '{"email":"a@example.com"}',
        `{"email":"b@example.com","customFields":[{"id":"x","value":${deep}}]}`,
        '{"email":"c@example.com"}'
      ])
      const ended = yield* growthhub(["import", file], yield* environment)
      expect(ended).toMatchObject({
        code: 4,
        out: expect.stringContaining("2 created, 0 updated, 1 rejected") as unknown
      })
      const report = yield* read(file.replace(".ndjson", ".rejected.ndjson"))
      expect(JSON.parse(report)).toMatchObject({ "growthhub:line": 2, "growthhub:outcome": "Rejected" })
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("stops at a rejected token or an exhausted daily quota, and continues with --resume", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const sandbox = yield* Sandbox
      const file = yield* fileOf("leads.csv", [
        "email",
        ...Array.from({ length: 30 }, (_, index) => `${index}@example.com`)
      ])
      const refused = yield* growthhub(["import", file], { ...env, GROWTHHUB_TOKEN: "pit-other" })
      expect(refused).toMatchObject({
        code: 3,
        out: "0 created, 0 updated, 0 rejected",
        err: `The service refuses the token: Invalid Private Integration token\nContinue with: growthhub import ${file} --location ${env.GROWTHHUB_LOCATION_ID} --base-url ${env.GROWTHHUB_BASE_URL} --resume`
      })
      yield* sandbox.setLimits({ max: 100, interval: 1000, daily: 10 })
      const over = yield* growthhub(["import", file, "--resume"], env)
      expect(over).toMatchObject({
        code: 5,
        err: expect.stringMatching(/requests may be sent again in (?:1d|23h)/) as unknown
      })
      yield* sandbox.setLimits({ max: 100, interval: 1000 })
      const rest = yield* growthhub(["import", file, "--resume"], env)
      expect(rest).toMatchObject({ code: 0, out: "30 created, 0 updated, 0 rejected" })
      expect((yield* sandbox.ledger).applied).toHaveLength(30)
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  /** Rows with a name and an email, except that each fifth row has only a name. */
  const persons = Array.from({ length: 60 }, (_, index) => {
    const firstName = `Person ${index}`
    return { firstName, email: index % 5 === 0 ? "" : `${index}@example.com` }
  })
  const withEmail = persons.filter(({ email }) => email !== "")

  it.scopedLive("stops with 5 if the service cannot be reached, sends no row, and writes no report", () =>
    Effect.gen(function* () {
      const env = { GROWTHHUB_TOKEN: "pit-x", GROWTHHUB_BASE_URL: unreachable, GROWTHHUB_LOCATION_ID: "abc" }
      const file = yield* fileOf("leads.csv", ["email", "a@example.com", "b@example.com"])
      const hint = `Continue with: growthhub import ${file} --location abc --base-url ${unreachable} --resume`
      for (const more of [[], ["--resume"]]) {
        expect(yield* growthhub(["import", file, ...more], env)).toEqual({
          code: 5,
          out: "0 created, 0 updated, 0 rejected",
          err: `The service is unavailable: The service could not be reached (ECONNREFUSED)\n${hint}`
        })
      }
      expect(yield* Effect.promise(() => readdir(join(file, "..")))).toEqual(["leads.csv", "leads.csv.checkpoint"])
    }).pipe(Effect.provideService(RetryPolicy.RetryPolicy, RetryPolicy.none))
  )

  it.scopedLive("stops with 5 before it has sent all rows if each response is a 503, and continues with --resume", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const { contacts, ledger, outage, recover } = yield* Sandbox
      const file = yield* fileOf("leads.csv", ["email", ...withEmail.map(({ email }) => email)])
      yield* outage()
      expect(yield* growthhub(["import", file], env)).toMatchObject({
        code: 5,
        out: "0 created, 0 updated, 0 rejected",
        err: expect.stringMatching(
          /^The service is unavailable: Service Unavailable\nContinue with: .* --resume$/
        ) as unknown
      })
      expect(yield* contacts).toEqual([])
      expect((yield* ledger).received).toBeLessThan(withEmail.length)
      yield* recover
      expect(yield* growthhub(["import", file, "--resume"], env)).toMatchObject({
        code: 0,
        out: `${withEmail.length} created, 0 updated, 0 rejected`
      })
      expect((yield* ledger).applied).toHaveLength(withEmail.length)
    }).pipe(
      Effect.provideService(RetryPolicy.RetryPolicy, RetryPolicy.none),
      Effect.provide(Sandbox.layer({ limits: { max: 10_000 } }))
    )
  )

  it.scopedLive(
    "stops with 5 if all connections are reset from some request on, and --resume loses and doubles no row",
    () =>
      Effect.gen(function* () {
        const env = yield* environment
        const { contacts, ledger, setFaults } = yield* Sandbox
        const lines = persons.map(({ firstName, email }) => `${firstName},${email}`)
        const file = yield* fileOf("leads.csv", ["firstName,email", ...lines])
        yield* setFaults({
          rules: [
            // The first requests get their responses, the next ones are applied without a response, and the others are lost.
            { fault: { _tag: "Stall", millis: 0 }, times: 10 },
            { fault: { _tag: "Reset", when: "after" }, times: 10 },
            { fault: { _tag: "Reset", when: "before" } }
          ]
        })
        const stopped = yield* growthhub(["import", file, "--json"], env)
        expect(stopped.code).toBe(5)
        expect(JSON.parse(stopped.err)).toMatchObject({
          exitCode: 5,
          message: expect.stringMatching(/^The service is unavailable: .*\nContinue with: .* --resume$/) as unknown
        })
        expect(JSON.parse(stopped.out)).toMatchObject({ created: 10, updated: 0, rejected: 0, isComplete: false })
        expect((yield* ledger).applied).toHaveLength(20)
        yield* setFaults({})
        const ended = yield* growthhub(["import", file, "--resume", "--json"], env)
        const summary = JSON.parse(ended.out) as { readonly [count: string]: number }
        expect(summary).toMatchObject({ rejected: 0, isComplete: true })
        expect(summary["created"]! + summary["updated"]! + summary["unknown"]!).toBe(persons.length)
        const names = (yield* contacts).map(({ firstName }) => firstName)
        expect(new Set(names).size).toBe(names.length)
        // A row without an email is sent once: its contact exists, or the report lists it as unknown.
        const report = yield* read(file.replace(".csv", ".rejected.csv"))
        expect(summary["unknown"]).toBe(report.split("Unknown,").length - 1)
        for (const { firstName, email } of persons) {
          const isReported = email === "" && report.includes(`${firstName},,`)
          expect(isReported || names.includes(firstName), firstName).toBe(true)
        }
      }).pipe(
        Effect.provideService(RetryPolicy.RetryPolicy, RetryPolicy.none),
        Effect.provide(Sandbox.layer({ limits: { max: 10_000 } }))
      )
  )

  it.scopedLive("does not overwrite an existing file or a symbolic link at the path of its report", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const file = yield* fileOf("it's mine.csv", ["email", "a@example.com", "nobody"])
      const report = file.replace(".csv", ".rejected.csv")
      const elsewhere = file.replace(".csv", ".txt")
      yield* Effect.promise(() => writeFile(report, "mine"))
      yield* Effect.promise(() => writeFile(elsewhere, "also mine"))
      yield* Effect.promise(() => symlink(elsewhere, file.replace(".csv", ".rejected.2.csv")))
      expect(yield* growthhub(["import", file], env)).toMatchObject({
        code: 4,
        out: expect.stringContaining(".rejected.3.csv") as unknown
      })
      expect(yield* read(report)).toBe("mine")
      expect(yield* read(elsewhere)).toBe("also mine")
      expect((yield* (yield* Sandbox).ledger).applied).toHaveLength(1)
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("keeps rejected rows in the checkpoint until the report is written, and then only the counts", () =>
    Effect.gen(function* () {
      const env = yield* environment
      // The file name is so long that the name of the report's temporary file exceeds the limit of the file system.
      const file = yield* fileOf(`${"x".repeat(236)}.csv`, ["email", "a@example.com", "nobody"])
      const held = Effect.promise(() => readdir(`${file}.checkpoint`))
      expect(yield* growthhub(["import", file], env)).toMatchObject({
        code: 1,
        err: expect.stringContaining("--resume tries again") as unknown
      })
      expect(yield* held).toContain("import.dead.0")
      const short = yield* fileOf("leads.csv", ["email", "a@example.com", "nobody"])
      yield* growthhub(["import", short], env)
      const left = yield* Effect.promise(() => readdir(`${short}.checkpoint`))
      expect(left.sort()).toEqual(["import.0", "import.1"])
      const texts = yield* Effect.forEach(left, (name) => read(join(`${short}.checkpoint`, name)))
      expect(texts.join()).not.toContain("nobody")
      expect(yield* growthhub(["import", short, "--resume"], env)).toMatchObject({
        code: 4,
        err: expect.stringContaining("1 row not applied: their report was written") as unknown
      })
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("quotes the file and the options for the shell in the command that it prints to continue", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const file = yield* fileOf("it's mine.csv", ["My Mail", "a@example.com"])
      const stopped = yield* growthhub(["import", file, "--column", "My Mail=email"], {
        ...env,
        GROWTHHUB_TOKEN: "pit-x"
      })
      const quoted = `'${file.replace("'", "'\\''")}' --column 'My Mail=email' --location`
      expect(stopped.err).toContain(`Continue with: growthhub import ${quoted}`)
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("is not resumed if its file has changed", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const file = yield* fileOf("leads.csv", ["email", "a@example.com", "b@example.com", "c@example.com"])
      yield* (yield* Sandbox).setLimits({ daily: 1 })
      expect(yield* growthhub(["import", file], env)).toMatchObject({ code: 5 })
      expect(yield* growthhub(["import", file], env)).toMatchObject({
        code: 2,
        err: expect.stringContaining("Continue it with --resume, or start again with --restart") as unknown
      })
      yield* Effect.promise(() => writeFile(file, "email\nb@example.com\n"))
      expect(yield* growthhub(["import", file, "--resume"], env)).toMatchObject({
        code: 2,
        err: expect.stringContaining("or its options have changed since the import was started") as unknown
      })
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  /** The progress line once some of the rows have been sent. */
  const moving = /[1-9]\d* of 300 \(\d+ %\): .*?\/s, .* left/

  it.scopedLive(
    "shows progress in a terminal, and resumes after Ctrl-C and after a kill without duplicate contacts",
    () =>
      Effect.gen(function* () {
        const env = yield* environment
        const { ledger } = yield* Sandbox
        const file = yield* fileOf("leads.csv", [
          "email",
          ...Array.from({ length: 300 }, (_, index) => `${index}@example.com`)
        ])
        const first = inTerminal(["import", file], env)
        yield* first.seen(moving)
        const ctrlC = yield* Effect.fork(first.ended)
        yield* Effect.yieldNow()
        first.type("\u0003")
        const interrupted = yield* ctrlC
        expect(interrupted.output).toMatch(
          /Interrupted: \d+ created.*Continue with: growthhub import .*leads\.csv --location \w+ --base-url \S+ --resume/s
        )
        const second = inTerminal(["import", file, "--resume"], env)
        yield* second.seen(moving)
        const dead = yield* Effect.fork(second.ended)
        yield* Effect.yieldNow()
        second.kill()
        yield* dead
        const last = yield* growthhub(["import", file, "--resume"], env)
        expect(last.code).toBe(0)
        const { applied } = yield* ledger
        expect(new Set(applied.map(({ contactId }) => contactId)).size).toBe(300)
        expect(applied.filter(({ isNew }) => isNew)).toHaveLength(300)
      }).pipe(Effect.provide(Sandbox.layer({ limits: { max: 50, interval: 500 } }))),
    // The test starts separate processes of the command.
    120_000
  )
})
