import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { json, serving } from "../../test/servers.js"
import { commands } from "../src/Commands.js"
import { growthhub } from "./command.js"

/** The commands that have subcommands, with their subcommands. */
const parts: { readonly [group: string]: ReadonlyArray<string> } = {
  tags: ["add", "remove"],
  notes: ["list", "add"],
  tasks: ["list", "add", "complete"],
  fields: ["list", "create"],
  profiles: ["list", "add", "remove"]
}

const all: ReadonlyArray<ReadonlyArray<string>> = [
  [],
  ...Object.keys(commands).flatMap((name) => [[name], ...(parts[name] ?? []).map((part) => [name, part])])
]

/** The names that a help lists as commands. */
const listed = (help: string) => {
  const lines = help.split("\n")
  const first = lines.indexOf("Commands:") + 1
  return first === 0 ? [] : lines.slice(first, lines.indexOf("", first)).map((line) => line.trim().split(" ")[0])
}

describe("--help and --completions", () => {
  it.live("--help of each command has an example, lines of at most 80 columns, and no escape codes", () =>
    Effect.gen(function* () {
      for (const command of all) {
        const { code, out, err } = yield* growthhub([...command, "--help"])
        const shown = ["growthhub", ...command].join(" ")
        expect({ shown, code, err }).toEqual({ shown, code: 0, err: "" })
        const lines = out.split("\n")
        expect([shown, lines]).toEqual([shown, expect.arrayContaining(["Examples:"])])
        const examples = lines.slice(lines.indexOf("Examples:") + 1).filter((line) => line.startsWith("  "))
        expect([shown, examples.some((line) => line.includes("growthhub "))]).toEqual([shown, true])
        expect([shown, lines.filter((line) => line.length > 80)]).toEqual([shown, []])
        expect(out).not.toContain("\u001b")
      }
    })
  )

  it.live(
    "--help lists exactly the commands, each with its description, and exactly the subcommands of a command",
    () =>
      Effect.gen(function* () {
        const { out } = yield* growthhub(["--help"])
        expect(listed(out)).toEqual(Object.keys(commands))
        for (const [name, { description }] of Object.entries(commands)) {
          expect(out).toMatch(new RegExp(`^  ${name} +${description}$`, "m"))
          const help = yield* growthhub([name, "--help"])
          expect([name, listed(help.out)]).toEqual([name, parts[name] ?? []])
        }
      })
  )

  it.live("--completions prints a script that completes the names of all commands, for bash, zsh and fish", () =>
    Effect.gen(function* () {
      const completed = {
        bash: (name: string) => `growthhub,${name})`,
        zsh: (name: string) => `(${name})`,
        fish: (name: string) => `"__fish_use_subcommand" -f -a "${name}"`
      }
      for (const [shell, line] of Object.entries(completed)) {
        const { code, out } = yield* growthhub(["--completions", shell])
        expect(code).toBe(0)
        for (const name of Object.keys(commands)) expect(out).toContain(line(name))
      }
    })
  )
})

describe("a failure with --json", () => {
  const told = (text: string): unknown => JSON.parse(text)

  it.live("is printed as one line of JSON with exit code 2 for invalid arguments", () =>
    Effect.gen(function* () {
      const wrong = [
        ["nonsense", "--json"],
        ["get", "--json"],
        ["search", "--limit", "x", "--json"],
        ["tags", "add", "--json"],
        ["import", "--json"],
        ["sandbox", "--json", "--port", "x"],
        ["forget", "--json"]
      ]
      for (const args of wrong) {
        const { code, out, err } = yield* growthhub(args)
        expect([args, code, out]).toEqual([args, 2, ""])
        expect([args, told(err)]).toMatchObject([args, { error: "CliExit", exitCode: 2 }])
        expect(err).not.toContain("\n")
      }
    })
  )

  it.scopedLive("contains the error, message and status of a request that the service refuses", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) => json(response, 401, { statusCode: 401, message: "Invalid JWT" }))
      const env = { GROWTHHUB_TOKEN: "pit-x", GROWTHHUB_BASE_URL: url, GROWTHHUB_LOCATION_ID: "abc" }
      for (const args of [
        ["get", "a"],
        ["delete", "a", "--yes"],
        ["notes", "list", "a"],
        ["fields", "list"],
        ["export"]
      ]) {
        const { code, out, err } = yield* growthhub([...args, "--json"], env)
        expect([args, code, out]).toEqual([args, 3, ""])
        expect(told(err)).toMatchObject({ error: "Unauthorized", exitCode: 3, message: "Invalid JWT", status: 401 })
      }
    })
  )

  it.scopedLive("of doctor contains the exit code, and each check is a line of JSON on standard output", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) => json(response, 401, { statusCode: 401, message: "Invalid JWT" }))
      const env = { GROWTHHUB_TOKEN: "pit-x", GROWTHHUB_BASE_URL: url, GROWTHHUB_LOCATION_ID: "abc" }
      const sick = yield* growthhub(["doctor", "--json"], env)
      expect(sick.code).toBe(3)
      const findings = sick.out.split("\n").map(told)
      expect(findings).toContainEqual(expect.objectContaining({ name: "contacts.readonly", ok: false }))
      expect(told(sick.err)).toMatchObject({ exitCode: 3 })
    })
  )
})
