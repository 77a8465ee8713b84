import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import { Sandbox } from "effect-growthhub/Sandbox"
import { ContactId } from "effect-growthhub/Schema"
import { readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { directory, growthhub, read } from "./command.js"

const seeded = Sandbox.layer({ contacts: [{ id: ContactId.make("a"), email: "a@example.com" }] })

const page = (url: string) =>
  Effect.promise(() => fetch(url).then(async (response) => [response.status, await response.text()] as const))

/** Runs a login. `open` acts as the user on the consent page: it gets the redirect URI, the state and the page's URL. */
const loggingIn = (
  args: ReadonlyArray<string>,
  open: (redirectUri: string, state: string, consent: URL) => Effect.Effect<void>
) =>
  Effect.gen(function* () {
    const { app, url } = yield* Sandbox
    const home = {
      XDG_CONFIG_HOME: yield* directory,
      GROWTHHUB_CLIENT_SECRET: Redacted.value(app.clientSecret),
      GROWTHHUB_BASE_URL: url
    }
    const consent = yield* Deferred.make<URL>()
    const login = yield* Effect.fork(
      growthhub(
        ["login", "acme", "--client-id", app.clientId, "--redirect-uri", "http://127.0.0.1:0/callback", ...args],
        home,
        { onError: (line) => (URL.canParse(line) ? Deferred.succeed(consent, new URL(line)) : Effect.void) }
      )
    )
    const asked = yield* Deferred.await(consent)
    yield* open(asked.searchParams.get("redirect_uri") ?? "", asked.searchParams.get("state") ?? "", asked)
    return { ended: yield* Fiber.join(login), home, clientId: app.clientId }
  })

describe("growthhub login", () => {
  it.scopedLive("stores the grant in files that only their owner can read, and adds a profile that uses it", () =>
    Effect.gen(function* () {
      const { install, locationId } = yield* Sandbox
      const code = yield* install({ locationId })
      const { ended, home, clientId } = yield* loggingIn(
        ["--scope", "contacts.readonly"],
        (redirectUri, state, consent) =>
          Effect.gen(function* () {
            expect(consent.href).toMatch(/^https:\/\/marketplace\.gohighlevel\.com\/oauth\/chooselocation\?/)
            expect(Object.fromEntries(consent.searchParams)).toMatchObject({
              response_type: "code",
              scope: "contacts.readonly"
            })
            const callback = `${redirectUri}?code=${Redacted.value(code)}&state=${state}`
            expect((yield* page(callback.replace("/callback", "/other")))[0]).toBe(404)
            expect((yield* page(callback.replace(state, "x".repeat(43))))[0]).toBe(400)
            expect((yield* page(callback.replace(`&state=${state}`, "")))[0]).toBe(400)
            expect(yield* page(callback)).toEqual([
              200,
              "The app is connected. You can close this page and return to the terminal.\n"
            ])
          })
      )
      expect(ended).toMatchObject({ code: 0, out: `Connected ${locationId}. Use it with --profile acme` })
      const own = join(home.XDG_CONFIG_HOME, "growthhub")
      const grants = yield* Effect.promise(() => readdir(join(own, "grants")))
      for (const file of [join(own, "profiles.json"), ...grants.map((name) => join(own, "grants", name))]) {
        expect((yield* Effect.promise(() => stat(file))).mode & 0o077).toBe(0)
      }
      const env = { XDG_CONFIG_HOME: home.XDG_CONFIG_HOME }
      const found = { code: 0, out: expect.stringContaining("a@example.com") as unknown }
      expect(yield* growthhub(["search", "--profile", "acme"], env)).toMatchObject(found)
      yield* (yield* Sandbox).expireTokens
      expect(yield* growthhub(["search", "--profile", "acme"], env)).toMatchObject(found)
      expect((yield* growthhub(["profiles", "list"], env)).out).toMatch(/^acme +app +\w+ +http:/m)
      expect(yield* growthhub(["profiles", "remove", "acme"], env)).toMatchObject({ code: 0 })
      const left = yield* Effect.promise(() => readdir(join(own, "grants")))
      const texts = yield* Effect.forEach(left, (name) => read(join(own, "grants", name)))
      expect(texts.filter((text) => text.includes(locationId))).toEqual([])
      expect(yield* read(join(own, "profiles.json"))).not.toContain(clientId)
    }).pipe(Effect.provide(seeded))
  )

  it.scopedLive("uses the location from --location if the grant belongs to an agency", () =>
    Effect.gen(function* () {
      const { install, locationId } = yield* Sandbox
      const code = yield* install({ companyId: "agency" })
      const { ended, home } = yield* loggingIn(["--location", locationId], (redirectUri, state) =>
        Effect.asVoid(page(`${redirectUri}?code=${Redacted.value(code)}&state=${state}`))
      )
      expect(ended).toMatchObject({ code: 0 })
      const env = { XDG_CONFIG_HOME: home.XDG_CONFIG_HOME }
      expect(yield* growthhub(["get", "a", "--profile", "acme"], env)).toMatchObject({ code: 0 })
    }).pipe(Effect.provide(seeded))
  )

  it.scopedLive("exits with 3 and stores nothing if the user declines", () =>
    Effect.gen(function* () {
      const { ended, home } = yield* loggingIn(["--json"], (redirectUri, state) =>
        Effect.asVoid(page(`${redirectUri}?error=access_denied&state=${state}`))
      )
      expect(ended).toMatchObject({ code: 3, out: "" })
      expect(ended.err).toContain("The vendor did not grant access (access_denied)")
      expect(yield* Effect.promise(() => readdir(home.XDG_CONFIG_HOME))).toEqual([])
    }).pipe(Effect.provide(seeded))
  )

  it.scopedLive("rejects invalid options or a missing client secret before it prints the consent URL", () =>
    Effect.gen(function* () {
      const home = { XDG_CONFIG_HOME: yield* directory }
      const secret = { ...home, GROWTHHUB_CLIENT_SECRET: "secret" }
      const id = ["--client-id", "app"]
      const cases = [
        [[], secret, "Expected to find option: '--client-id'"],
        [
          [...id, "--redirect-uri", "https://example.com/callback"],
          secret,
          "--redirect-uri takes a URL of this machine"
        ],
        [
          [...id, "--redirect-uri", "http://192.168.0.1/callback"],
          secret,
          "--redirect-uri takes a URL of this machine"
        ],
        [[...id, "--location", "a/b"], secret, "--location must be the id of a location"],
        [
          [...id, "--redirect-uri", "http://127.0.0.1:0/", "--scope", "a b"],
          secret,
          "A scope is empty or contains spaces"
        ],
        [id, { ...home, GROWTHHUB_CLIENT_SECRET: "" }, "Which client secret? Give it in GROWTHHUB_CLIENT_SECRET"]
      ] as const
      for (const [args, env, message] of cases) {
        const consent = yield* Deferred.make<never, string>()
        // A login that prints the URL waits for the consent. The failure ends it.
        const ended = yield* growthhub(["login", "acme", ...args], env, {
          onError: (line) => (/^https?:/.test(line) ? Deferred.fail(consent, `printed ${line}`) : Effect.void)
        }).pipe(Effect.raceFirst(Deferred.await(consent)))
        expect([args, ended]).toEqual([args, { code: 2, out: "", err: expect.stringContaining(message) as unknown }])
      }
    })
  )
})
