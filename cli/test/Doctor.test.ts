import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Sandbox } from "effect-growthhub/Sandbox"
import { json, serving } from "../../test/servers.js"
import { environment, growthhub, unreachable } from "./command.js"

describe("growthhub doctor", () => {
  it.scopedLive("reports no problem, and shows the remaining rate limit and daily quota", () =>
    Effect.gen(function* () {
      const healthy = yield* growthhub(["doctor"], yield* environment)
      expect(healthy).toMatchObject({ code: 0, err: "" })
      expect(healthy.out).toMatch(/^ok +requests +\d+ of 100 in 10s are free$/m)
      expect(healthy.out).toMatch(/^ok +day +199,99\d of 200,000 are left; it resets in (?:1d|23h)/m)
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.scopedLive("fails for a location that the token cannot access, and passes for its own location", () =>
    Effect.gen(function* () {
      const { url } = yield* serving(({ url: path, body }, response) => {
        if (path !== "/contacts/search") return json(response, 400, { message: "Contact not found for id:x" })
        const isOwn = (JSON.parse(body) as { readonly locationId?: string }).locationId === "mine"
        return isOwn
          ? json(response, 200, { contacts: [], total: 0 })
          : json(response, 403, { statusCode: 403, message: "The token does not have access to this location." })
      })
      const env = { GROWTHHUB_TOKEN: "pit-x", GROWTHHUB_BASE_URL: url }
      const other = yield* growthhub(["doctor", "--location", "OTHER"], env)
      expect(other.code).toBe(3)
      expect(other.out).toMatch(/^FAIL +location +OTHER: The token does not have access to this location\.$/m)
      const own = yield* growthhub(["doctor", "--location", "mine"], env)
      expect(own).toMatchObject({ code: 0, out: expect.stringMatching(/^ok +location +mine$/m) as unknown })
    })
  )

  it.scopedLive("does not report a location as ok if it could not check it", () =>
    Effect.gen(function* () {
      const { url } = yield* serving(({ url: path }, response) =>
        path === "/contacts/search"
          ? json(response, 404, { message: "Cannot POST /contacts/search" })
          : json(response, 400, { message: "Contact not found for id:x" })
      )
      const env = { GROWTHHUB_TOKEN: "pit-x", GROWTHHUB_BASE_URL: url }
      const unchecked = yield* growthhub(["doctor", "--location", "OTHER"], env)
      expect(unchecked).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^\? +location +OTHER, not checked/m) as unknown
      })
    })
  )

  it.scopedLive("explains an invalid token, a missing scope, and an unreachable service", () =>
    Effect.gen(function* () {
      const env = yield* environment
      const revoked = yield* growthhub(["doctor"], { ...env, GROWTHHUB_TOKEN: "pit-other" })
      expect(revoked).toMatchObject({ code: 3, out: expect.stringContaining("→ Set GROWTHHUB_TOKEN to") as unknown })
      const reader = yield* growthhub(["doctor"], { ...env, GROWTHHUB_TOKEN: "pit-reader" })
      expect(reader.code).toBe(3)
      expect(reader.out).toMatch(/^ok +contacts\.readonly/m)
      expect(reader.out).toContain("→ Give the token the scope contacts.write.")
      const away = yield* growthhub(["doctor", "--base-url", unreachable], env)
      const advice = "Check the network, the proxy and --base-url."
      expect(away.code).toBe(5)
      expect(away.out.split("\n").slice(1)).toEqual([
        `FAIL  service             ${unreachable}/ does not respond`,
        `      → ${advice}`
      ])
    }).pipe(
      Effect.provide(
        Sandbox.layer({
          tokens: [
            {
              token: "pit-sandbox",
              locationId: "ve9EPM428h8vShlRW1KT",
              scopes: ["contacts.readonly", "contacts.write"]
            },
            { token: "pit-reader", locationId: "ve9EPM428h8vShlRW1KT", scopes: ["contacts.readonly"] }
          ] as never
        })
      )
    )
  )
})
