import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Sandbox } from "effect-growthhub/Sandbox"
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { readdir, readFile, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable } from "node:stream"
import { json, serving } from "../../test/servers.js"
import { directory, environment, fileOf, growthhub } from "./command.js"

/** Runs an effect with these lines on standard input. */
const withInput = <A, E, R>(lines: ReadonlyArray<string | Buffer>, self: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const before = Object.getOwnPropertyDescriptor(process, "stdin")!
      const input = Readable.from(lines.map((line) => (typeof line === "string" ? Buffer.from(`${line}\n`) : line)))
      Object.defineProperty(process, "stdin", { ...before, get: () => input })
      return before
    }),
    () => self,
    (before) => Effect.sync(() => Object.defineProperty(process, "stdin", before))
  )

/** The temporary directories in which running commands keep standard input. */
const spools = Effect.promise(async () => {
  const names = (await readdir(tmpdir())).filter((name) => /^growthhub-[A-Za-z0-9]{6}$/.test(name))
  return names.map((name) => join(tmpdir(), name)).filter((path) => existsSync(join(path, "stdin")))
})

const lines = ["email", "a@example.com", "nobody", "c@example.com"]

describe("an import of standard input", () => {
  it.scopedLive("works like an import of a file, with progress and report in the --checkpoint directory", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const state = join(yield* directory, "state")
      const args = ["import", "-", "--checkpoint", state]
      const first = yield* withInput(lines, growthhub(args, env))
      expect(first).toMatchObject({
        code: 4,
        out: expect.stringMatching(/^2 created, 0 updated, 1 rejected\nWhat was not applied, and why: \S+/) as unknown
      })
      const names = yield* Effect.promise(() => readdir(state))
      expect(names.sort()).toEqual([
        expect.stringMatching(/^stdin-[0-9a-f]{8}-[0-9a-f]{8}\.checkpoint$/),
        expect.stringMatching(/^stdin-[0-9a-f]{8}\.rejected\.csv$/)
      ])
      expect(yield* Effect.promise(() => readFile(join(state, names[1]!), "utf8"))).toContain("nobody,3,Rejected,")
      expect(yield* withInput(lines, growthhub(args, env))).toMatchObject({
        code: 2,
        err: expect.stringContaining("Standard input was imported before: 2 created") as unknown
      })
      // Different input starts another import.
      const other = yield* withInput(["email", "d@example.com"], growthhub(args, env))
      expect(other).toMatchObject({ code: 0, out: "1 created, 0 updated, 0 rejected" })
      expect(yield* withInput(lines, growthhub([...args, "--dry-run"]))).toMatchObject({ code: 2 })
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("resumes with the same input and --checkpoint, and not without --checkpoint", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const state = yield* directory
      const good = lines.filter((line) => line !== "nobody")
      const args = ["import", "-", "--checkpoint", state]
      const away = yield* withInput(good, growthhub(args, { ...env, GROWTHHUB_TOKEN: "pit-other" }))
      expect(away).toMatchObject({
        code: 3,
        err: expect.stringMatching(
          /Continue with: growthhub import - --checkpoint \S+ .*--resume \(and the same standard input\)$/
        ) as unknown
      })
      expect(yield* withInput(good, growthhub([...args, "--resume"], env))).toMatchObject({
        code: 0,
        out: "2 created, 0 updated, 0 rejected"
      })
      expect(yield* withInput(good, growthhub(["import", "-", "--resume"], env))).toMatchObject({
        code: 2,
        err: expect.stringContaining("is saved only with --checkpoint DIR") as unknown
      })
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("stores the input in a file that only its owner can read, and deletes it at the end", () =>
    Effect.gen(function* () {
      const before = yield* spools
      const modes: Array<ReadonlyArray<number>> = []
      const { url } = yield* serving((_, response) => {
        void Effect.runPromise(
          Effect.gen(function* () {
            for (const path of yield* spools) {
              if (before.includes(path)) continue
              const found = yield* Effect.promise(() => Promise.all([stat(path), stat(join(path, "stdin"))]))
              modes.push(found.map(({ mode }) => mode & 0o777))
            }
            json(response, 200, { new: true, contact: { id: "a", tags: [] } })
          })
        )
      })
      const env = { GROWTHHUB_TOKEN: "pit-x", GROWTHHUB_BASE_URL: url, GROWTHHUB_LOCATION_ID: "abc" }
      const [contact] = yield* Effect.all([withInput(['[{"email":"a@example.com"}]'], growthhub(["import", "-"], env))])
      expect(contact).toMatchObject({ code: 0, out: "1 created, 0 updated, 0 rejected" })
      expect(modes).toContainEqual([0o700, 0o600])
      expect(yield* withInput(["email", "nobody"], growthhub(["import", "-", "--dry-run"], env))).toMatchObject({
        code: 2
      })
      expect(yield* withInput([], growthhub(["import", "-"], env))).toMatchObject({
        code: 2,
        err: "Standard input: It is empty"
      })
      const left = (yield* spools).filter((path) => !before.includes(path))
      expect(left).toEqual([])
    })
  )

  it.scopedLive("is suggested by the error for a named pipe", () =>
    Effect.gen(function* () {
      const pipe = join(yield* directory, "pipe")
      spawnSync("mkfifo", [pipe])
      // The pipe has no writer, so a command that opened it to read would wait forever.
      expect(yield* growthhub(["import", pipe, "--location", "abc"], { GROWTHHUB_TOKEN: "pit-x" })).toMatchObject({
        code: 2,
        err: expect.stringContaining("pipe it to `growthhub import -`") as unknown
      })
    })
  )
})

describe("an import with --json", () => {
  it.scopedLive("prints the result as one line of JSON, also with --dry-run", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const file = yield* fileOf("leads.csv", [...lines, "neither"])
      const tried = yield* growthhub(["import", file, "--dry-run", "--json"], env)
      expect(JSON.parse(tried.out)).toEqual({
        ...{ rows: 4, valid: 2, rejected: 2, matching: 0, withBlanks: 0, skippedCells: 0 },
        reasons: [{ reason: 'column "email": email must be an email', rows: 2 }]
      })
      expect(JSON.parse(tried.err.split("\n").at(-1)!)).toMatchObject({ exitCode: 2 })
      const ended = yield* growthhub(["import", file, "--json"], env)
      expect(ended.code).toBe(4)
      expect(JSON.parse(ended.out)).toEqual({
        ...{ created: 2, updated: 0, rejected: 2, unknown: 0, isComplete: true },
        report: file.replace(".csv", ".rejected.csv")
      })
      const stopped = yield* growthhub(["import", file, "--json", "--restart"], {
        ...env,
        GROWTHHUB_TOKEN: "pit-other"
      })
      expect(JSON.parse(stopped.out)).toMatchObject({ created: 0, isComplete: false })
      expect(JSON.parse(stopped.err.split("\n").at(-1)!)).toMatchObject({ exitCode: 3 })
    }).pipe(Effect.provide(Sandbox.layer()))
  )
})
