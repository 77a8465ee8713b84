import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Sandbox } from "effect-growthhub/Sandbox"
import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { bundle, programOf } from "./programs.js"
import { json, serving } from "./servers.js"

const root = fileURLToPath(new URL("..", import.meta.url))

/** Writes the first program of the README to a file within the package. */
const program = Effect.gen(function* () {
  const readme = yield* Effect.promise(() => readFile(join(root, "README.md"), "utf8"))
  const [, code = ""] = /^## Quick start\n\n```ts\n([\s\S]*?)^```$/m.exec(readme) ?? []
  const directory = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(root, "test", ".readme-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
  )
  const file = join(directory, "program.ts")
  yield* Effect.promise(() => writeFile(file, code))
  const source = relative(root, file)
  yield* Effect.promise(() => bundle([source]))
  return programOf(source)
})

const running = (file: string, environment: Record<string, string>) =>
  Effect.async<{ readonly code: number; readonly out: string; readonly err: string }>((resume) => {
    execFile(
      process.execPath,
      [file],
      { cwd: root, env: { PATH: process.env["PATH"] ?? "", ...environment } },
      (error, out, err) => resume(Effect.succeed({ code: error === null ? 0 : Number(error.code), out, err }))
    )
  })

describe("the quick start of the README", () => {
  it.scopedLive(
    "prints the contact that it has created",
    () =>
      Effect.gen(function* () {
        const { url, token } = yield* Sandbox
        const environment = { GROWTHHUB_BASE_URL: url, GROWTHHUB_TOKEN: Redacted.value(token) }
        const { code, out, err } = yield* running(yield* program, environment)
        expect({ code, err }).toEqual({ code: 0, err: "" })
        expect(out).toContain("tags: [ 'webinar' ]")
        expect(out).toContain("email: 'rosan@example.com'")
      }).pipe(Effect.provide(Sandbox.layer())),
    120_000
  )

  it.scopedLive(
    "exits with 1 and one line if the token is invalid or missing or the service fails",
    () =>
      Effect.gen(function* () {
        const file = yield* program
        const { url } = yield* Sandbox
        const away = yield* serving((_, response) => json(response, 501, { message: "Not now" }))
        const ended = yield* Effect.all(
          [
            running(file, { GROWTHHUB_BASE_URL: url, GROWTHHUB_TOKEN: "pit-other" }),
            running(file, { GROWTHHUB_BASE_URL: away.url, GROWTHHUB_TOKEN: "pit-other" }),
            running(file, {})
          ],
          { concurrency: 2 }
        )
        expect(ended.map(({ code, out }) => ({ code, out }))).toEqual(ended.map(() => ({ code: 1, out: "" })))
        const lines = ended.map(({ err }) => err.trimEnd())
        expect(lines[0]).toMatch(/^Unauthorized: Invalid Private Integration token$/)
        expect(lines[1]).toMatch(/^ServerError: Not now$/)
        expect(lines[2]).toMatch(/^.*GROWTHHUB_TOKEN.*$/)
        for (const line of lines) expect(line).not.toContain("\n")
      }).pipe(Effect.provide(Sandbox.layer())),
    120_000
  )
})
