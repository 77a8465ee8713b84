import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as HttpLayer from "effect-growthhub/HttpLayer"
import { Sandbox } from "effect-growthhub/Sandbox"
import { ContactId } from "effect-growthhub/Schema"
import { chmod, readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { directory, environment, growthhub, inTerminal, read, unreachable } from "./command.js"

const seeded = Sandbox.layer({ contacts: [{ id: ContactId.make("a"), email: "a@example.com" }] })

const modeOf = (file: string) =>
  Effect.map(
    Effect.promise(() => stat(file)),
    ({ mode }) => mode & 0o777
  )

describe("a profile", () => {
  it.scopedLive("stores the token, location and host of an account in a file that only its owner can read", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const home = { XDG_CONFIG_HOME: yield* directory }
      const added = yield* growthhub(
        [
          "profiles",
          "add",
          "acme",
          "--location",
          env.GROWTHHUB_LOCATION_ID,
          "--base-url",
          env.GROWTHHUB_BASE_URL,
          "--stdin"
        ],
        home,
        { input: `${env.GROWTHHUB_TOKEN}\n` }
      )
      expect(added).toEqual({ code: 0, out: "Use it with --profile acme, or GROWTHHUB_PROFILE=acme", err: "" })
      const own = join(home.XDG_CONFIG_HOME, "growthhub")
      expect(yield* modeOf(own)).toBe(0o700)
      expect(yield* Effect.promise(() => readdir(own))).toEqual(["profiles.json"])
      expect(yield* modeOf(join(own, "profiles.json"))).toBe(0o600)
      const found = { code: 0, err: "", out: expect.stringContaining("a@example.com") as unknown }
      expect(yield* growthhub(["search", "--profile", "acme"], home)).toMatchObject(found)
      expect(yield* growthhub(["search", "--profile=acme"], home)).toMatchObject(found)
      expect(yield* growthhub(["search"], { ...home, GROWTHHUB_PROFILE: "acme" })).toMatchObject(found)
      // The profile is not mixed with values of another account in the environment.
      const other = {
        GROWTHHUB_TOKEN: "pit-other",
        GROWTHHUB_LOCATION_ID: "other",
        GROWTHHUB_BASE_URL: unreachable
      }
      expect(yield* growthhub(["search", "--profile", "acme"], { ...home, ...other })).toMatchObject(found)
      expect(yield* growthhub(["search", "--profile", "acme", "--location", "other"], home)).toMatchObject({ code: 4 })
    }).pipe(Effect.provide(seeded))
  )

  it.scopedLive("without a location and a host uses neither the location nor the host from the environment", () =>
    Effect.gen(function* () {
      const home = { XDG_CONFIG_HOME: yield* directory }
      yield* growthhub(["profiles", "add", "bare"], { ...home, GROWTHHUB_TOKEN: "pit-x" })
      const env = {
        ...home,
        GROWTHHUB_TOKEN: "pit-other",
        GROWTHHUB_LOCATION_ID: "other",
        GROWTHHUB_BASE_URL: unreachable
      }
      expect(yield* growthhub(["search", "--profile", "bare"], env)).toMatchObject({
        code: 2,
        err: "Which location? Give --location or GROWTHHUB_LOCATION_ID"
      })
      const sent: Array<readonly [url: string, authorization: string | null]> = []
      const fetch: typeof globalThis.fetch = (input, init) => {
        const request = new Request(input, init)
        sent.push([request.url, request.headers.get("authorization")])
        return Promise.resolve(Response.json({ contact: { id: "a" } }))
      }
      const shown = yield* growthhub(["get", "a", "--profile", "bare"], env).pipe(
        Effect.provideService(FetchHttpClient.Fetch, fetch)
      )
      expect(shown).toMatchObject({ code: 0, err: "" })
      expect(sent).toEqual([[`${HttpLayer.defaultBaseUrl}/contacts/a`, "Bearer pit-x"]])
    })
  )

  it.scopedLive("is added with a typed token, listed without the token, replaced and removed", () =>
    Effect.gen(function* () {
      const home = { XDG_CONFIG_HOME: yield* directory }
      expect(yield* growthhub(["profiles", "list"], home)).toMatchObject({ code: 0, out: "" })
      expect(yield* growthhub(["profiles", "add", "acme"], home)).toMatchObject({
        code: 2,
        err: "Which token? Give it in GROWTHHUB_TOKEN, or on standard input with --stdin"
      })
      expect(yield* growthhub(["profiles", "add", "acme"], home, { answers: ["pit-typed"] })).toMatchObject({ code: 0 })
      const file = join(home.XDG_CONFIG_HOME, "growthhub", "profiles.json")
      expect(yield* read(file)).toContain("pit-typed")
      const again = { ...home, GROWTHHUB_TOKEN: "pit-again" }
      expect(yield* growthhub(["profiles", "add", "acme"], again)).toMatchObject({
        code: 2,
        err: "The profile acme exists already: --replace replaces it"
      })
      expect(yield* growthhub(["profiles", "add", "acme", "--replace", "--location", "abc"], again)).toMatchObject({
        code: 0
      })
      const listed = yield* growthhub(["profiles", "list"], home)
      expect(listed.out).toBe("NAME  KIND   LOCATION  HOST\nacme  token  abc")
      const json = yield* growthhub(["profiles", "list", "--json"], home)
      expect(JSON.parse(json.out)).toEqual({ name: "acme", kind: "token", location: "abc" })
      for (const wrong of [
        ["a b"],
        ["--json"],
        ["x", "--location", "a/b"],
        ["x", "--base-url", "http://example.com"]
      ]) {
        expect(yield* growthhub(["profiles", "add", ...wrong], again)).toMatchObject({ code: 2 })
      }
      expect(yield* growthhub(["profiles", "add", "x"], { ...home, GROWTHHUB_TOKEN: "Bearer x" })).toMatchObject({
        code: 2
      })
      expect(yield* growthhub(["profiles", "remove", "acme"], home)).toMatchObject({ code: 0, out: "removed acme" })
      expect(yield* read(file)).not.toContain("pit-")
      expect(yield* growthhub(["profiles", "remove", "acme"], home)).toMatchObject({ code: 2 })
    })
  )

  it.scopedLive("causes an error if it does not exist, or if other users can read the file", () =>
    Effect.gen(function* () {
      const home = { XDG_CONFIG_HOME: yield* directory, GROWTHHUB_TOKEN: "pit-x" }
      expect(yield* growthhub(["get", "a", "--profile", "acme"], home)).toMatchObject({
        code: 2,
        err: "There is no profile acme: add it with growthhub profiles add acme"
      })
      yield* growthhub(["profiles", "add", "acme"], home)
      const missing = yield* growthhub(["get", "a", "--profile", "other", "--json"], home)
      expect(JSON.parse(missing.err)).toEqual({
        error: "CliExit",
        exitCode: 2,
        message: "There is no profile other: there are acme"
      })
      expect((yield* growthhub(["get", "--help", "--profile", "other"], home)).code).toBe(0)
      const file = join(home.XDG_CONFIG_HOME, "growthhub", "profiles.json")
      yield* Effect.promise(() => chmod(file, 0o644))
      expect(yield* growthhub(["get", "a", "--profile", "acme"], home)).toMatchObject({
        code: 2,
        err: expect.stringContaining("can be read by others") as unknown
      })
    })
  )

  it.scopedLive(
    "accepts a token typed in a terminal, and does not print it",
    () =>
      Effect.gen(function* () {
        const home = { XDG_CONFIG_HOME: yield* directory }
        const terminal = inTerminal(["profiles", "add", "acme"], home)
        yield* terminal.seen(/Private integration token: /)
        const ended = yield* Effect.fork(terminal.ended)
        yield* Effect.yieldNow()
        terminal.type("pit-typed\r")
        const { code, output } = yield* ended
        expect({ code, output }).toMatchObject({ code: 0, output: expect.not.stringContaining("pit-typed") as unknown })
        expect(yield* read(join(home.XDG_CONFIG_HOME, "growthhub", "profiles.json"))).toContain('"pit-typed"')
      }),
    // The test starts a separate process of the command.
    120_000
  )
})
