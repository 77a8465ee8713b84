import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Redacted from "effect/Redacted"
import * as Credentials from "effect-growthhub/Credentials"
import { Sandbox } from "effect-growthhub/Sandbox"
import { LocationId } from "effect-growthhub/Schema"
import * as TokenStore from "effect-growthhub/TokenStore"
import { inspect } from "node:util"

const state = Redacted.make("canary-state")

const options: Credentials.AuthorizationUrl = {
  clientId: "65c0-app",
  redirectUri: "https://my-app.example/callback",
  scopes: ["contacts.readonly", "contacts.write"],
  state
}

const urlOf = (more: Partial<Credentials.AuthorizationUrl> = {}) =>
  Either.getOrThrow(Credentials.authorizationUrl({ ...options, ...more }))

const faultsOf = (more: Partial<Credentials.AuthorizationUrl>) => {
  const error = Either.getOrThrow(Either.flip(Credentials.authorizationUrl({ ...options, ...more })))
  expect(error).toMatchObject({ _tag: "Unprocessable", operation: "authorizationUrl", attempts: 0 })
  return error.details
}

describe("the authorization URL", () => {
  it("points to the vendor's consent page, with the required query parameters", () => {
    const url = urlOf()
    expect(url.origin + url.pathname).toBe("https://marketplace.gohighlevel.com/oauth/chooselocation")
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: "code",
      client_id: "65c0-app",
      redirect_uri: "https://my-app.example/callback",
      scope: "contacts.readonly contacts.write",
      state: "canary-state"
    })
  })

  it("supports the white-label page, login in the same tab, and a version id", () => {
    const url = urlOf({ whiteLabel: true, loginInSameTab: true, versionId: "65c0" })
    expect(url.host).toBe("marketplace.leadconnectorhq.com")
    expect(url.searchParams.get("loginWindowOpenMode")).toBe("self")
    expect(url.searchParams.get("version_id")).toBe("65c0")
  })

  it("takes another base URL, with a path", () => {
    expect(urlOf({ baseUrl: "http://127.0.0.1:4010/market/" }).pathname).toBe("/market/oauth/chooselocation")
  })

  it("contains the redirect URI unchanged, which may use http for localhost", () => {
    for (const redirectUri of ["https://my-app.example", "http://localhost:3000/callback?app=1"]) {
      expect(urlOf({ redirectUri }).searchParams.get("redirect_uri")).toBe(redirectUri)
    }
  })

  it("is not built from invalid options; the error lists every fault, without the state", () => {
    expect(faultsOf({ clientId: "", redirectUri: "callback", scopes: [], versionId: "a b" })).toEqual([
      "The client id is empty",
      "The redirect URI is not a URL",
      "No scope is given",
      "The version id contains spaces"
    ])
    expect(faultsOf({ redirectUri: "http://my-app.example/callback" })).toEqual([
      "The redirect URI is neither `https` nor `http` to a loopback address"
    ])
    expect(faultsOf({ redirectUri: "https://my-app.example/#callback" })).toEqual([
      "The redirect URI has a fragment, which OAuth does not allow"
    ])
    expect(faultsOf({ scopes: ["contacts.readonly contacts.write"] })).toEqual([
      "A scope is empty or contains spaces, quotes or backslashes"
    ])
    expect(faultsOf({ baseUrl: "http://my-app.example" })[0]).toContain("must be https")
    expect(faultsOf({ state: Redacted.make("canary state") })).toEqual(["The state contains spaces"])
  })
})

describe("a generated OAuth state", () => {
  it.effect("has 256 random bits, in characters that a cookie and a URL can carry", () =>
    Effect.gen(function* () {
      const states = yield* Effect.all(Array.from({ length: 100 }, () => Credentials.makeState))
      for (const one of states) expect(Redacted.value(one)).toMatch(/^[A-Za-z0-9_-]{43}$/)
      expect(new Set(states.map(Redacted.value)).size).toBe(100)
      expect(inspect(states)).not.toContain(Redacted.value(states[0]!))
    })
  )
})

const parse = (query: string, expected: Redacted.Redacted | undefined = state) =>
  Credentials.parseCallback(`https://my-app.example/callback?${query}`, { state: expected })

const refusal = (query: string, expected: Redacted.Redacted | undefined = state) => {
  const error = Either.getOrThrow(Either.flip(parse(query, expected)))
  expect(error._tag).toBe("InvalidCallback")
  expect(inspect(error) + error.message).not.toContain("canary")
  return error.reason
}

describe("an OAuth callback", () => {
  it("returns the code, redacted, if its state matches", () => {
    const callback = Either.getOrThrow(parse("code=canary-code&state=canary-state"))
    expect(Redacted.value(callback.code)).toBe("canary-code")
    expect(inspect(callback) + JSON.stringify(callback)).not.toContain("canary")
    expect(Either.isRight(Credentials.parseCallback("/callback?state=canary-state&code=1#top", { state }))).toBe(true)
  })

  it("is rejected with StateMismatch if its state differs or occurs twice, even with an error parameter", () => {
    for (const other of ["canary-statf", "danary-state", "canary-stat", "canary-state1", "canary-state%00", "c"]) {
      expect(refusal(`code=1&state=${other}`)).toBe("StateMismatch")
    }
    expect(refusal("error=access_denied&state=another")).toBe("StateMismatch")
    expect(refusal("code=1&state=canary-state&state=another")).toBe("StateMismatch")
  })

  it("is rejected with StateMissing if the received or the expected state is missing, or both are empty", () => {
    expect(refusal("code=1")).toBe("StateMissing")
    expect(refusal("code=1&state=")).toBe("StateMissing")
    expect(Credentials.parseCallback("/callback?code=1&state=a", { state: undefined })).toMatchObject({
      left: { reason: "StateMissing" }
    })
    expect(refusal("code=1&state=", Redacted.make(""))).toBe("StateMissing")
  })

  it("is rejected with Denied if the vendor reports an error; unknown error text is not repeated", () => {
    expect(refusal("error=access_denied&state=canary-state")).toBe("Denied")
    expect(refusal("error=%3Ccanary%3E&state=canary-state")).toBe("Denied")
    expect(Either.getOrThrow(Either.flip(parse("error=access_denied&state=canary-state"))).message).toBe(
      "The vendor did not grant access (access_denied); the visitor can connect the app again"
    )
  })

  it("is rejected with CodeMissing if its code is missing, empty, duplicated or contains a line break", () => {
    for (const code of ["", "code=&", "code=canary%0Acode&", "code=1&code=2&"]) {
      expect(refusal(`${code}state=canary-state`)).toBe("CodeMissing")
    }
  })

  it.prop(
    "is accepted for the state of its authorization URL and no other",
    [FastCheck.stringMatching(/^[!-~]{1,60}$/), FastCheck.stringMatching(/^[!-~]{1,60}$/)],
    ([sent, other]) => {
      FastCheck.pre(!/["'`]|bearer/i.test(sent))
      const back = urlOf({ state: Redacted.make(sent) })
      back.searchParams.set("code", "1")
      expect(Either.isRight(Credentials.parseCallback(back, { state: Redacted.make(sent) }))).toBe(true)
      expect(Either.isRight(Credentials.parseCallback(back, { state: Redacted.make(other) }))).toBe(sent === other)
    }
  )
})

describe("an installation", () => {
  const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")
  const connect = (installation: { readonly locationId?: LocationId; readonly companyId?: string }) =>
    Effect.gen(function* () {
      const { app, install, url } = yield* Sandbox
      const store = yield* TokenStore.makeMemory()
      const code = yield* install(installation)
      return yield* Credentials.authorizationCode({ ...app, code, store, baseUrl: url })
    }).pipe(Effect.provide([FetchHttpClient.layer, Sandbox.layer()]))

  it.effect("is recognized from its grant as a company's or a location's", () =>
    Effect.gen(function* () {
      expect(Credentials.installationOf(yield* connect({ companyId: "agency" }))).toEqual({
        _tag: "Company",
        companyId: "agency"
      })
      expect(Credentials.installationOf(yield* connect({ locationId }))).toMatchObject({ _tag: "Location", locationId })
    })
  )

  it("is the location's if the grant names a location and a company, and undefined if it names neither", () => {
    const grant = {
      accessToken: Redacted.make("a"),
      refreshToken: Redacted.make("r"),
      expiresAt: DateTime.unsafeMake(0)
    }
    expect(Credentials.installationOf({ ...grant, locationId, companyId: "agency" })).toEqual({
      _tag: "Location",
      locationId,
      companyId: "agency"
    })
    expect(Credentials.installationOf(grant)).toBe(undefined)
  })
})

describe("an uninstall event", () => {
  it.effect("removes only the grant of the location or the company that it names", () =>
    Effect.gen(function* () {
      const grant = {
        accessToken: Redacted.make("a"),
        refreshToken: Redacted.make("r"),
        expiresAt: DateTime.unsafeMake(0)
      }
      const keys = ["acme", "globex", "agency"].map((id) => Credentials.grantKey("65c0-app", id))
      const store = yield* TokenStore.makeMemory(keys.map((key) => [key, grant]))
      const remove = (installation: { readonly locationId?: string; readonly companyId?: string }) =>
        Credentials.removeGrant({ clientId: "65c0-app", store }, installation)
      expect(yield* remove({ locationId: "acme", companyId: "agency" })).toBe(true)
      expect(yield* store.list).toEqual(keys.slice(1))
      expect(yield* remove({ companyId: "agency" })).toBe(true)
      expect(yield* remove({ companyId: "agency" }), "a repeat is safe").toBe(true)
      expect(yield* remove({})).toBe(false)
      expect(yield* store.list).toEqual([keys[1]])
    })
  )
})
