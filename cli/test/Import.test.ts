import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Sandbox } from "effect-growthhub/Sandbox"
import { ContactId, LocationId } from "effect-growthhub/Schema"
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises"
import { hostname } from "node:os"
import { dirname, join } from "node:path"
import { json, serving } from "../../test/servers.js"
import { environment, fileOf, growthhub, read } from "./command.js"

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")

const anywhere = ["--location", "abc"]

describe("a row of an import", () => {
  it.scopedLive("with a phone corrupted by a spreadsheet is rejected with line and column, and never sent", () =>
    Effect.gen(function* () {
      const phones = ["1.55501E+10", "1.55501E+10", "N/A", "#REF!", "NULL", "0", '"=""+15550100004"""', "'+15550100003"]
      const file = yield* fileOf("leads.csv", [
        "First Name,Cell",
        ...phones.map((phone, index) => `Person ${index},${phone}`),
        "Ada,+1 (555) 010-0001"
      ])
      const columns = ["--column", "Cell=phone"]
      const tried = yield* growthhub(["import", file, "--dry-run", ...anywhere, ...columns])
      expect(tried.code).toBe(2)
      const lines = tried.err.split("\n")
      expect(lines.slice(0, -1).map((line) => line.split(": phone ")[0])).toEqual(
        phones.map((_, index) => `line ${index + 2}, column "Cell"`)
      )
      expect(lines[0]).toContain("scientific notation")
      expect(lines.at(-1)).toBe("8 rows of 9 would be rejected")
      expect(tried.err).not.toContain("1.55501")
      const ended = yield* growthhub(["import", file, ...columns], yield* environment)
      expect(ended).toMatchObject({
        code: 4,
        out: expect.stringContaining("1 created, 0 updated, 8 rejected") as unknown
      })
      expect(yield* (yield* Sandbox).contacts).toMatchObject([{ firstName: "Ada" }])
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("is reported if an earlier row has the same email or phone and another name", () =>
    Effect.gen(function* () {
      const file = yield* fileOf("leads.csv", [
        "First Name,Last Name,email,phone",
        "Ada,Lovelace,info@example.com,",
        "Grace,Hopper,INFO@example.com,",
        "ada,LOVELACE,info@example.com,",
        "Alan,,,+1 555 010 0001",
        "Kurt,,kurt@example.com,15550100001",
        ",,info@example.com,"
      ])
      const shown = [
        "line 3: has the email of line 2 under another name",
        "line 6: has the phone of line 5 under another name"
      ]
      const tried = yield* growthhub(["import", file, "--dry-run", ...anywhere])
      expect(tried).toMatchObject({
        code: 0,
        out: "6 rows, 2 of them matching an earlier row under another name"
      })
      expect(tried.err.split("\n").slice(0, 2)).toEqual(shown)
      expect(tried.err).not.toMatch(/example\.com|Grace/)
      const ended = yield* growthhub(["import", file], yield* environment)
      expect(ended.code).toBe(0)
      expect(ended.err.split("\n").slice(0, 2)).toEqual(shown)
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("is rejected if it is nested too deeply, and the import continues", () =>
    Effect.gen(function* () {
      const deep = `${"[".repeat(1300)}${"]".repeat(1300)}`
      const file = yield* fileOf("leads.ndjson", [
        '{"email":"a@example.com"}',
        `{"email":"b@example.com","customFields":[{"id":"x","value":${deep}}]}`,
        '{"email":"c@example.com"}'
      ])
      expect(yield* growthhub(["import", file, "--dry-run", ...anywhere])).toMatchObject({
        code: 2,
        err: expect.stringMatching(/^line 2: The contact must not be nested deeper than 100 levels\n/) as unknown
      })
      expect(yield* growthhub(["import", file], yield* environment)).toMatchObject({
        code: 4,
        out: expect.stringContaining("2 created, 0 updated, 1 rejected") as unknown
      })
      const report = yield* read(file.replace(".ndjson", ".rejected.ndjson"))
      expect(JSON.parse(report)).toMatchObject({ email: "b@example.com", "growthhub:line": 2 })
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("with a number is accepted with up to 40 characters, and rejected with more", () =>
    Effect.gen(function* () {
      const file = yield* fileOf("deals.csv", [
        "email,Deal",
        `a@example.com,${"1".padStart(40, "0")}`,
        `b@example.com,${"1".padStart(41, "0")}`,
        `c@example.com,${"1".repeat(800_000)}`
      ])
      const deal = ["--column", "Deal=customField.deal:number"]
      const lines = (yield* growthhub(["import", file, "--dry-run", ...anywhere, ...deal])).err.split("\n")
      const tooLong = (line: number) => `line ${line}, column "Deal": customField.deal must be a number`
      expect(lines).toEqual([tooLong(3), tooLong(4), "2 rows of 3 would be rejected"])
    })
  )

  it.scopedLive(
    "adds its tags, or replaces the contact's tags with --replace-tags; a row without tags changes none",
    () =>
      Effect.gen(function* () {
        const env = yield* environment
        const { contacts, seed } = yield* Sandbox
        yield* seed([
          { id: ContactId.make("a"), email: "a@example.com", tags: ["old"] },
          { id: ContactId.make("b"), email: "b@example.com", tags: ["old"] }
        ])
        const file = yield* fileOf("leads.csv", [
          "email,tags",
          "a@example.com,New;OLD",
          "b@example.com,",
          "c@example.com,x"
        ])
        const tagsOf = Effect.map(contacts, (all) => all.map(({ tags }) => tags))
        expect(yield* growthhub(["import", file], env)).toMatchObject({
          code: 0,
          out: "1 created, 2 updated, 0 rejected"
        })
        expect(yield* tagsOf).toEqual([["old", "new"], ["old"], ["x"]])
        expect(yield* growthhub(["import", file, "--restart", "--replace-tags"], env)).toMatchObject({ code: 0 })
        expect(yield* tagsOf).toEqual([["new", "old"], ["old"], ["x"]])
        const help = yield* growthhub(["import", "--help"])
        expect(help.out.replace(/\s+/g, " ")).toContain("By default the tags of a row are added")
      }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("clears no field by a null or blank value, unless --clear-nulls is given", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const { contacts, seed } = yield* Sandbox
      yield* seed([{ id: ContactId.make("a"), email: "a@example.com", firstName: "Ada", city: "London" }])
      const file = yield* fileOf("leads.ndjson", [
        '{"email":"a@example.com","firstName":null,"city":"","lastName":"L"}'
      ])
      const first = yield* growthhub(["import", file], env)
      expect(first).toMatchObject({
        code: 0,
        err: expect.stringContaining("1 row with null or blank fields") as unknown
      })
      expect(yield* contacts).toMatchObject([{ firstName: "Ada", city: "London", lastName: "L" }])
      yield* growthhub(["import", file, "--restart", "--clear-nulls"], env)
      const [cleared] = yield* contacts
      expect(cleared).not.toHaveProperty("firstName", "Ada")
      expect(cleared).not.toHaveProperty("city", "London")
    }).pipe(Effect.provide(Sandbox.layer()))
  )
})

describe("an import", () => {
  it.scopedLive("stops at a location that the token cannot access, and counts no row as processed", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const emails = Array.from({ length: 300 }, (_, index) => `${index}@example.com`)
      const file = yield* fileOf("leads.csv", ["email", ...emails])
      const ended = yield* growthhub(["import", file, "--location", "elsewhere"], env)
      expect(ended).toMatchObject({
        code: 3,
        out: "0 created, 0 updated, 0 rejected",
        err: expect.stringMatching(/refuses every request for this location: The token does not have access/) as unknown
      })
      expect((yield* (yield* Sandbox).ledger).requests.length).toBeLessThan(60)
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("does not write to a path from a forged checkpoint, or through a symbolic link", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const file = yield* fileOf("leads.csv", ["email", "a@example.com", "nobody"])
      const victim = join(dirname(file), "victim.txt")
      const directory = `${file}.checkpoint`
      yield* Effect.promise(async () => {
        await writeFile(victim, "mine")
        await mkdir(directory, { mode: 0o755 })
        for (const key of ["report", "import.report"]) {
          await writeFile(join(directory, key), JSON.stringify({ file: victim, hash: "" }))
        }
        for (const name of ["import.1", "import.dead.0", "import.0.tmp"]) await symlink(victim, join(directory, name))
      })
      // A symbolic link is not accepted as a file of the checkpoint.
      expect(yield* growthhub(["import", file], env)).toMatchObject({ code: 1 })
      expect(yield* growthhub(["import", file, "--restart"], env)).toMatchObject({
        code: 4,
        out: expect.stringContaining("leads.rejected.csv") as unknown
      })
      expect(yield* read(victim)).toBe("mine")
      expect((yield* Effect.promise(() => lstat(join(directory, "import.1")))).isFile()).toBe(true)
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("makes its checkpoint and report private, and rejects a linked checkpoint directory", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const file = yield* fileOf("leads.csv", ["email", "a@example.com", "nobody"])
      yield* Effect.promise(async () => {
        await mkdir(`${file}.checkpoint`)
        await chmod(`${file}.checkpoint`, 0o777)
      })
      yield* growthhub(["import", file], env)
      const modeOf = (path: string) =>
        Effect.map(
          Effect.promise(() => stat(path)),
          ({ mode }) => mode & 0o777
        )
      expect(yield* modeOf(`${file}.checkpoint`)).toBe(0o700)
      expect(yield* modeOf(file.replace(".csv", ".rejected.csv"))).toBe(0o600)
      for (const name of yield* Effect.promise(() => readdir(`${file}.checkpoint`))) {
        expect(yield* modeOf(join(`${file}.checkpoint`, name))).toBe(0o600)
      }
      const linked = yield* fileOf("others.csv", ["email", "a@example.com"])
      yield* Effect.promise(() => symlink(dirname(file), `${linked}.checkpoint`))
      expect(yield* growthhub(["import", linked], env)).toMatchObject({
        code: 2,
        err: expect.stringContaining("must be a directory that belongs to you, not a link") as unknown
      })
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  /** A service that creates a contact for each request, after it has run `onUpsert`. */
  const creating = (onUpsert: Effect.Effect<void>) =>
    Effect.gen(function* () {
      const run = yield* Effect.map(Effect.runtime<never>(), (runtime) => (effect: Effect.Effect<void>) => {
        void Effect.runPromise(Effect.provide(effect, runtime))
      })
      let made = 0
      const served = yield* serving((_, response) => {
        run(
          Effect.zipRight(
            onUpsert,
            Effect.sync(
              () => void json(response, 200, { new: true, contact: { id: `contact${(made += 1)}`, tags: [] } })
            )
          )
        )
      })
      return {
        ...served,
        env: { GROWTHHUB_TOKEN: "pit-x", GROWTHHUB_BASE_URL: served.url, GROWTHHUB_LOCATION_ID: locationId }
      }
    })

  it.scopedLive("reports rejected contacts as NDJSON, with an explanation, if its file changes during the import", () =>
    Effect.gen(function* () {
      const file = yield* fileOf("leads.csv", ["email", "a@example.com", "nobody", "c@example.com"])
      // The new contents are shorter, so an import that is still reading meets the end of the file and no other rows.
      const change = Effect.sync(() => writeFileSync(file, "email\nx@example.com\n"))
      const { env } = yield* creating(change)
      const ended = yield* growthhub(["import", file], env)
      const report = file.replace(".csv", ".rejected.ndjson")
      expect(ended).toMatchObject({
        code: 2,
        out: expect.stringContaining(report) as unknown,
        err: expect.stringContaining("has changed while it was imported") as unknown
      })
      expect(
        (yield* read(report))
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as unknown)
      ).toEqual([
        {
          locationId,
          email: "nobody",
          "growthhub:outcome": "Rejected",
          "growthhub:error": "email must be an email"
        }
      ])
    })
  )

  it.scopedLive(
    "does not start while another import of the file is running, also with --resume and --restart, and removes its lock at the end",
    () =>
      Effect.gen(function* () {
        const file = yield* fileOf("leads.csv", ["firstName", "Ada"])
        const go = yield* Deferred.make<void>()
        const { env, first, seen } = yield* creating(Deferred.await(go))
        const running = yield* Effect.fork(growthhub(["import", file], env))
        yield* first
        for (const more of [[], ["--resume"], ["--restart"]]) {
          expect(yield* growthhub(["import", file, ...more], env)).toMatchObject({
            code: 5,
            err: expect.stringContaining(`Another import of ${file} is running: process ${process.pid}`) as unknown
          })
        }
        yield* Deferred.succeed(go, undefined)
        expect(yield* Fiber.join(running)).toMatchObject({ code: 0, out: "1 created, 0 updated, 0 rejected" })
        expect(seen).toHaveLength(1)
        expect(yield* Effect.promise(() => readdir(`${file}.checkpoint`))).not.toContain("lock")
      })
  )

  it.scopedLive(
    "replaces the lock of an ended process of this machine and one with invalid contents, but not the lock of a running process or of another machine",
    () =>
      Effect.gen(function* () {
        const { env } = yield* creating(Effect.void)
        const file = yield* fileOf("leads.csv", ["email", "a@example.com"])
        const lock = join(`${file}.checkpoint`, "lock")
        const heldBy = (pid: number, host = hostname()) =>
          Effect.promise(async () => {
            await mkdir(`${file}.checkpoint`, { recursive: true })
            await writeFile(lock, JSON.stringify({ pid, host, id: "other" }))
          })
        const ended = spawnSync(process.execPath, ["-e", "0"]).pid
        for (const [pid, host] of [
          [process.ppid, hostname()],
          [ended, "another-machine"]
        ] as const) {
          yield* heldBy(pid, host)
          expect(yield* growthhub(["import", file], env)).toMatchObject({
            code: 5,
            err: expect.stringContaining(`Another import of ${file} is running: process ${pid}`) as unknown
          })
          expect(yield* read(lock)).toBe(JSON.stringify({ pid, host, id: "other" }))
        }
        yield* heldBy(ended)
        expect(yield* growthhub(["import", file], env)).toMatchObject({ code: 0 })
        yield* Effect.promise(() => writeFile(lock, "no lock of ours"))
        expect(yield* growthhub(["import", file, "--restart"], env)).toMatchObject({ code: 0 })
        expect(yield* Effect.promise(() => readFile(lock, "utf8").catch(() => "none"))).toBe("none")
      })
  )
})
