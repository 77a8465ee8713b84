import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Sandbox } from "effect-growthhub/Sandbox"
import { ContactId } from "effect-growthhub/Schema"
import { json, serving } from "../../test/servers.js"
import { environment, growthhub } from "./command.js"

const seeded = Sandbox.layer({ contacts: [{ id: ContactId.make("a"), email: "a@example.com" }] })

describe("growthhub api", () => {
  it.scopedLive("prints the response body, or the error message with exit code 4", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const read = yield* growthhub(["api", "get", "/contacts/a"], env)
      expect(JSON.parse(read.out)).toMatchObject({ contact: { id: "a", email: "a@example.com" } })
      const body = JSON.stringify({ tags: ["vip"] })
      const wrote = yield* growthhub(["api", "POST", "/contacts/a/tags", "--data", "-"], env, { input: body })
      expect(JSON.parse(wrote.out)).toMatchObject({ tags: ["vip"] })
      const query = "/contacts/search/duplicate?locationId=ve9EPM428h8vShlRW1KT&email=a%40example.com"
      expect(JSON.parse((yield* growthhub(["api", "GET", query], env)).out)).toMatchObject({ contact: { id: "a" } })
      expect(yield* growthhub(["api", "GET", "/contacts/nobody"], env)).toMatchObject({
        code: 4,
        err: "Contact not found for id:nobody"
      })
      const failed = yield* growthhub(["api", "GET", "/contacts/nobody", "--json"], env)
      expect(JSON.parse(failed.err)).toMatchObject({ error: "BadRequest", exitCode: 4, operation: "api" })
    }).pipe(Effect.provide(seeded))
  )

  it.scopedLive("sends the token and the Version header; retries a GET after a 503, but not a POST", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const { url } = yield* serving(({ method, url, headers, body }, response) => {
        seen.push([method, url, headers["authorization"], headers["version"], body])
        return seen.length % 2 === 1 ? json(response, 503, {}) : json(response, 200, { ok: true })
      })
      const env = { GROWTHHUB_TOKEN: "pit-x", GROWTHHUB_BASE_URL: url }
      expect(yield* growthhub(["api", "GET", "/things/?a=1&a=2&b=%26"], env)).toMatchObject({
        code: 0,
        out: '{\n  "ok": true\n}'
      })
      const read = ["GET", "/things/?a=1&a=2&b=%26", "Bearer pit-x", "2021-07-28", ""]
      expect(seen).toEqual([read, read])
      const write = ["api", "POST", "/things", "--data", '[{"x":1}]', "--api-version", "v3"]
      expect(yield* growthhub(write, env)).toMatchObject({ code: 5 })
      expect(seen.slice(2)).toEqual([["POST", "/things", "Bearer pit-x", "v3", '[{"x":1}]']])
    })
  )

  it.scopedLive("rejects a path that could leave the API host, and invalid arguments, without a request", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const hosts = [
        "https://example.com/contacts",
        "//example.com/contacts",
        "contacts/a",
        "/\\example.com",
        "@example.com"
      ]
      const ways = [
        "/contacts/../oauth",
        "/contacts/%2e%2e/oauth",
        "/contacts/./a",
        "/contacts/a%2Fb",
        "/contacts/{id}"
      ]
      const others = ["/contacts/a\r\nx: y", "/contacts/a#b", "/contacts/ü", ""]
      for (const path of [...hosts, ...ways, ...others]) {
        expect([path, yield* growthhub(["api", "GET", path], env)]).toMatchObject([
          path,
          { code: 2, out: "", err: expect.stringContaining("without a host") as unknown }
        ])
      }
      for (const args of [
        ["BREW", "/contacts/a"],
        ["GET", "/contacts/a", "--data", "{}"],
        ["POST", "/contacts/a", "--data", "{"],
        ["GET", "/contacts/a", "--api-version", "a b"]
      ]) {
        expect(yield* growthhub(["api", ...args], env)).toMatchObject({ code: 2, out: "" })
      }
      expect((yield* (yield* Sandbox).ledger).received).toBe(0)
    }).pipe(Effect.provide(seeded))
  )
})
