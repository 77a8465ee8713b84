import { describe, expect, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as S from "effect/Schema"
import * as Credentials from "effect-growthhub/Credentials"
import { Sandbox } from "effect-growthhub/Sandbox"
import { LocationId } from "effect-growthhub/Schema"
import * as TokenStore from "effect-growthhub/TokenStore"
import { inspect } from "node:util"

// Tests the promises of SECURITY.md that no other test covers.

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")

const printed = (value: unknown) => `${inspect(value, { depth: 9, showHidden: true })} ${JSON.stringify(value)}`

describe("a value that contains a secret", () => {
  it.effect("does not show the secret when it is printed", () =>
    Effect.gen(function* () {
      const secret = (name: string) => Redacted.make(`canary-${name}`)
      const grant = {
        accessToken: secret("access"),
        refreshToken: secret("refresh"),
        expiresAt: DateTime.unsafeMake(4e12)
      }
      const store = yield* TokenStore.makeMemory([[locationId, grant]])
      const app = { clientId: "app", clientSecret: secret("client"), store }
      const kept = [
        Credentials.privateIntegrationToken(secret("pit")),
        Credentials.oauth({ ...app, locationId }),
        { ...app, code: secret("code") },
        S.decodeSync(TokenStore.Grant)(S.encodeSync(TokenStore.Grant)(grant)),
        store
      ]
      for (const value of kept) expect(printed(value)).not.toContain("canary")
      expect(printed(grant)).toContain("<redacted>")
    })
  )
})

describe("the sandbox", () => {
  it.effect("listens on a loopback address", () =>
    Effect.gen(function* () {
      const { url } = yield* Sandbox
      expect(new URL(url).hostname).toBe("127.0.0.1")
    }).pipe(Effect.provide(Sandbox.layer()))
  )
})
