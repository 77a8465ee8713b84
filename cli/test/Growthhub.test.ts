import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { Sandbox } from "effect-growthhub/Sandbox"
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { json, serving } from "../../test/servers.js"
import { programOf } from "../../test/programs.js"
import { environment, fileOf, growthhub, root, unreachable } from "./command.js"

describe("a command for one contact", () => {
  it.scopedLive("creates and shows the contact, and updates and clears its fields", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const made = yield* growthhub(
        [
          "upsert",
          "--email",
          "a@example.com",
          "--first-name",
          "Ada",
          "--tag",
          "x",
          "--custom-field",
          "f=1=2",
          "--json"
        ],
        env
      )
      expect(made).toMatchObject({ code: 0, err: "" })
      const contact = JSON.parse(made.out) as { readonly id: string }
      expect(contact).toMatchObject({ new: true, tags: ["x"], customFields: [{ id: "f", value: "1=2" }] })
      const updated = yield* growthhub(["update", contact.id, "--clear", "firstName", "--phone", "+18887324197"], env)
      expect(updated.code).toBe(0)
      const shown = yield* growthhub(["get", contact.id], env)
      expect(shown.out).toMatch(/^email +a@example\.com$/m)
      expect(shown.out).toMatch(/^phone +\+18887324197$/m)
      expect(shown.out).not.toMatch(/^firstName /m)
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("exits with 4 for an unknown contact, 3 for a missing or invalid token, 2 for invalid arguments", () =>
    Effect.gen(function* () {
      const env = yield* environment
      expect(yield* growthhub(["get", "nobody"], env)).toMatchObject({
        code: 4,
        err: "Contact not found for id:nobody"
      })
      const refused = yield* growthhub(["get", "nobody"], { ...env, GROWTHHUB_TOKEN: "pit-other" })
      expect(refused).toMatchObject({ code: 3, err: "Invalid Private Integration token" })
      expect(yield* growthhub(["get", "nobody"])).toMatchObject({
        code: 3,
        err: expect.stringContaining("GROWTHHUB_TOKEN is not set") as unknown
      })
      const { GROWTHHUB_LOCATION_ID: _, ...withoutLocation } = env
      const invalid = [
        [["get", ".."], env, "The contact's id must be a path segment"],
        [["get"], env, "Missing argument <contact-id>"],
        [["update", "x"], env, "Nothing to update: give a field, such as --first-name NAME, or --stdin"],
        [["upsert", "--email", "nobody"], env, "email must be an email"],
        [["get", "x", "--base-url", "http://example.com"], env, "The base URL must be https"],
        [["upsert", "--email", "a@b.co"], withoutLocation, "Which location? Give --location or GROWTHHUB_LOCATION_ID"],
        [["upsert", "--email", "a@b.co", "--location", "a/b"], env, "--location must be the id of a location"]
      ] as const
      for (const [args, variables, message] of invalid) {
        const ended = yield* growthhub(args, variables)
        expect([args, ended]).toMatchObject([
          args,
          { code: 2, out: "", err: expect.stringContaining(message) as unknown }
        ])
      }
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.live("exits with 5 if the service cannot be reached", () =>
    Effect.gen(function* () {
      const env = { GROWTHHUB_TOKEN: "pit-x", GROWTHHUB_BASE_URL: unreachable }
      expect(yield* growthhub(["get", "a"], env)).toEqual({
        code: 5,
        out: "",
        err: "The service could not be reached (ECONNREFUSED)"
      })
      const told = yield* growthhub(["get", "a", "--json"], env)
      expect(told.code).toBe(5)
      expect(JSON.parse(told.err)).toMatchObject({ error: "TransportError", exitCode: 5, outcome: "NotApplied" })
    }).pipe(Effect.provideService(RetryPolicy.RetryPolicy, RetryPolicy.none))
  )

  it.live("runs with --sandbox without a token and without the real service", () =>
    Effect.gen(function* () {
      const made = yield* growthhub(["upsert", "--sandbox", "--email", "a@example.com"])
      expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^created\n/) as unknown })
    })
  )

  it.scopedLive("prints no escape character from a field of the contact", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const made = yield* growthhub(["upsert", "--email", "a@example.com", "--first-name", "\u001b[2JAda"], env)
      expect(made.out).toContain("[2JAda")
      expect(made.out).not.toContain("\u001b")
    }).pipe(Effect.provide(Sandbox.layer()))
  )
})

describe("a command", () => {
  it.scopedLive("rejects an upsert without any non-blank field, and creates no contact", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const { contacts } = yield* Sandbox
      for (const args of [[], ["--first-name", ""], ["--email", " "]]) {
        expect(yield* growthhub(["upsert", ...args], env)).toEqual({
          code: 2,
          out: "",
          err: "Nothing to upsert: give a field, such as --email ADDRESS, or --stdin"
        })
      }
      expect(yield* contacts).toEqual([])
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("escapes all terminal control characters, also with --json and in error messages of the service", () =>
    Effect.gen(function* () {
      const hostile = "\u009b2JA\u007f\u202ed\u0085a"
      const { url } = yield* serving(({ method }, response) =>
        method === "GET"
          ? json(response, 400, { statusCode: 400, message: `no ${hostile} such` })
          : json(response, 200, { new: true, contact: { id: "a", firstName: hostile } })
      )
      const env = { GROWTHHUB_TOKEN: "pit-x", GROWTHHUB_BASE_URL: url, GROWTHHUB_LOCATION_ID: "abc" }
      const made = yield* growthhub(["upsert", "--email", "a@example.com", "--json"], env)
      const failed = yield* growthhub(["get", "a"], env)
      const commanding = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/
      expect(JSON.parse(made.out)).toMatchObject({ firstName: hostile })
      expect(made.out).not.toMatch(commanding)
      expect(failed).toMatchObject({ code: 4, err: expect.not.stringMatching(commanding) as unknown })
    })
  )

  const full = existsSync("/dev/full") ? it.scopedLive : it.scopedLive.skip

  full(
    "exits with 1 if its output cannot be written, and with 0 if the reader has closed the pipe",
    () =>
      Effect.gen(function* () {
        const file = yield* fileOf("leads.csv", ["email", "a@example.com"])
        const ended = (into: string) =>
          Effect.async<number | null>((resume) => {
            const command = `exec "$0" ${programOf("cli/src/main.ts")} import "$1" --dry-run --location abc ${into}`
            const child = spawn("sh", ["-c", command, process.execPath, file], {
              cwd: root,
              env: { PATH: process.env["PATH"] ?? "" },
              stdio: ["ignore", "pipe", "ignore"]
            })
            child.stdout.destroy()
            child.once("exit", (code) => resume(Effect.succeed(code)))
          })
        expect(yield* ended("> /dev/full")).toBe(1)
        expect(yield* ended("")).toBe(0)
      }),
    // The test starts separate processes of the command.
    120_000
  )
})
