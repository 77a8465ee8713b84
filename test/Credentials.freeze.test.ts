// Tests a process that is suspended while it refreshes a grant, as when a laptop is closed or a serverless platform freezes
// it.
import { expect, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as TokenStore from "effect-growthhub/TokenStore"
import * as TokenStoreFile from "effect-growthhub/TokenStoreFile"
import * as Child from "../reliability/Child.js"
import * as Installation from "../reliability/Installation.js"
import { json, serving } from "./servers.js"
import { brotliCompressSync } from "node:zlib"

const ended: TokenStore.Grant = {
  accessToken: Redacted.make("access-0"),
  refreshToken: Redacted.make("refresh-0"),
  issuedAt: DateTime.unsafeMake(0),
  expiresAt: DateTime.unsafeMake(0),
  userType: "Location"
}

/** The time for which the process is suspended. It exceeds the timeout of the pending request. */
const frozen = "10 seconds"

/** A strict vendor: each refresh token works once. It responds 400 ms after a request. */
const vendorOf = (encoding: "identity" | "br") =>
  Effect.gen(function* () {
    const spent = new Set<string>()
    let asked = () => {}
    const isAsked = new Promise<void>((resolve) => (asked = resolve))
    const { url } = yield* serving(({ url, body }, response) => {
      if (url !== "/oauth/token") return json(response, 200, { contact: { id: "contact-of-frozen" } })
      const refreshToken = new URLSearchParams(body).get("refresh_token") ?? ""
      if (spent.has(refreshToken)) return json(response, 400, { error: "invalid_grant" })
      spent.add(refreshToken)
      const pair = JSON.stringify({ access_token: "access-1", refresh_token: "refresh-1", expires_in: 86_399 })
      response.writeHead(200, { "content-type": "application/json", "content-encoding": encoding })
      setTimeout(() => response.end(encoding === "br" ? brotliCompressSync(pair) : pair), 400)
      asked()
    })
    return { url, spent, isAsked: Effect.promise(() => isAsked) }
  })

const frozenRefresh = (encoding: "identity" | "br") =>
  Effect.gen(function* () {
    const { url, spent, isAsked } = yield* vendorOf(encoding)
    const directory = yield* Installation.directory
    const store = yield* TokenStoreFile.make({ directory })
    const key = Installation.keyOf("frozen")
    yield* store.withLock(key, ({ set }) => set(ended))
    const { child } = yield* Child.spawn("./caller.ts", ["worker"])
    const task = { url, app: Installation.app, store: { directory }, locations: ["frozen"], calls: 1, spread: 0 }
    const freeze = Effect.gen(function* () {
      yield* isAsked
      child.kill("SIGSTOP")
      yield* Effect.sleep(frozen)
      child.kill("SIGCONT")
    })
    const [answer] = yield* Effect.all([Child.ask<{ readonly succeeded: number }>(child, task), freeze], {
      concurrency: "unbounded"
    })
    const kept = Option.getOrThrow(yield* store.get(key))
    return { succeeded: answer.succeeded, refreshToken: Redacted.value(kept.refreshToken), exchanges: spent.size }
  })

it.scopedLive(
  "a process suspended for longer than the timeout of a refresh saves the grant, plain or brotli-encoded",
  () =>
    Effect.gen(function* () {
      const results = yield* Effect.all([frozenRefresh("identity"), frozenRefresh("br")], { concurrency: "unbounded" })
      expect(results).toEqual(Array(2).fill({ succeeded: 1, refreshToken: "refresh-1", exchanges: 1 }))
    }),
  60_000
)
