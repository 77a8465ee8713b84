import { describe, expect, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { programOf } from "./programs.js"

const root = fileURLToPath(new URL("..", import.meta.url))

const running = (file: string, args: ReadonlyArray<string>, environment: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [programOf(file), ...args], {
    cwd: root,
    env: { PATH: process.env["PATH"] ?? "", ...environment }
  })
  let output = ""
  const waiting: Array<() => void> = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += String(chunk)
      waiting.forEach((check) => check())
    })
  }
  const ended = new Promise<{ readonly code: number | null; readonly output: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, output }))
  )
  const saying = (words: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const check = () => {
        const match = words.exec(output)
        if (match !== null) resolve(match)
      }
      waiting.push(check)
      check()
      void ended.then(() => reject(new Error(`ended without ${String(words)}: ${output}`)))
    })
  return { ended, saying, stop: () => child.kill("SIGINT") }
}

describe("npm start", () => {
  it("runs the main example and exits with 0", { timeout: 60_000 }, async () => {
    const { code, output } = await running("examples/main-job.ts", []).ended
    expect(code, output).toBe(0)
    for (const words of ["new: true", "new: false", "BadRequest", "Unauthorized", "Unprocessable", "All as expected"]) {
      expect(output).toContain(words)
    }
  })
})

describe("npm run sandbox, and the example for the real service", () => {
  it("work together over HTTP", { timeout: 60_000 }, async () => {
    const sandbox = running("cli/src/main.ts", ["sandbox", "--port", "0"])
    const quiet = running("cli/src/main.ts", ["sandbox", "--quiet"])
    const [, url = ""] = await sandbox.saying(/answers at (\S+)/)
    const environment = { GROWTHHUB_TOKEN: "pit-sandbox", GROWTHHUB_BASE_URL: url }
    const unknown = await running("examples/get-contact.ts", ["nobody"], environment).ended
    expect(unknown).toEqual({ code: 1, output: "There is no such contact.\n" })
    const made = await fetch(`${url}/contacts/upsert`, {
      method: "POST",
      headers: { authorization: "Bearer pit-sandbox", version: "2023-02-21" },
      body: JSON.stringify({ locationId: "ve9EPM428h8vShlRW1KT", email: "a@example.com" })
    })
    const { contact } = (await made.json()) as { contact: { id: string } }
    const known = await running("examples/get-contact.ts", [contact.id], environment).ended
    expect(known.code).toBe(0)
    expect(JSON.parse(known.output)).toMatchObject({ id: contact.id, email: "a@example.com" })
    const refused = await running("examples/get-contact.ts", [contact.id], { ...environment, GROWTHHUB_TOKEN: "pit-x" })
      .ended
    expect(refused).toEqual({ code: 1, output: "The token was refused: Invalid Private Integration token\n" })
    await sandbox.saying(/^\d\d:\d\d:\d\d POST \/contacts\/upsert 200 \d+ ms$/m)
    const [, quietUrl = ""] = await quiet.saying(/answers at (\S+)/)
    expect((await fetch(`${quietUrl}/contacts/nobody`)).status).toBe(401)
    sandbox.stop()
    quiet.stop()
    const { output } = await sandbox.ended
    expect(output.match(/POST \/contacts\/upsert 200/g)).toHaveLength(1)
    const variables = `GROWTHHUB_TOKEN=pit-sandbox GROWTHHUB_LOCATION_ID=ve9EPM428h8vShlRW1KT GROWTHHUB_BASE_URL=${url}`
    expect(output).toContain(`  ${variables}\n`)
    expect((await quiet.ended).output).not.toContain("/contacts/nobody")
  })

  it("report invalid arguments", { timeout: 60_000 }, async () => {
    const port = await running("cli/src/main.ts", ["sandbox", "--port", "x"]).ended
    expect(port.code).toBe(2)
    expect(port.output).toContain("--port takes a number")
    const id = await running("examples/get-contact.ts", [], { GROWTHHUB_TOKEN: "t" }).ended
    expect(id).toMatchObject({ code: 1, output: "usage: npx tsx examples/get-contact.ts CONTACT_ID\n" })
    const token = await running("examples/get-contact.ts", ["x"]).ended
    expect(token.code).toBe(1)
    expect(token.output).toContain("GROWTHHUB_TOKEN")
  })
})
