import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as ConfigProvider from "effect/ConfigProvider"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as Credentials from "effect-growthhub/Credentials"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { type Options, Sandbox } from "effect-growthhub/Sandbox"
import { ContactId, LocationId } from "effect-growthhub/Schema"
import * as TokenStore from "effect-growthhub/TokenStore"
import { inspect } from "node:util"
import { joined, turning } from "./clock.js"

const reason = (token: string) =>
  Either.getLeft(Credentials.validate(Redacted.make(token))).pipe((left) =>
    left._tag === "Some" ? left.value : "taken"
  )

describe("a token", () => {
  it("is accepted if a header can carry it unchanged", () => {
    for (const token of ["pit-0123-4567", "eyJhbGciOi.eyJzdWIi.sig_-", "a+b/c=="]) expect(reason(token)).toBe("taken")
  })

  it("is rejected with the reason if it is missing, empty, has invalid characters or begins with Bearer", () => {
    expect(reason(undefined as unknown as string)).toBe("The token is missing")
    expect(reason("")).toBe("The token is empty")
    expect(reason("pit-1\n")).toBe("The token contains a line break")
    expect(reason("pit-1\r\nx-admin: 1")).toBe("The token contains a line break")
    expect(reason(" pit-1")).toBe("The token contains spaces")
    expect(reason("pit-1\t")).toBe("The token contains spaces")
    expect(reason('"pit-1"')).toBe("The token contains quotes")
    expect(reason("'pit-1'")).toBe("The token contains quotes")
    expect(reason("  Bearer pit-1")).toBe('The token begins with "Bearer": give the token alone')
    expect(reason("Bearer pit-1")).toBe('The token begins with "Bearer": give the token alone')
    expect(reason("bearer pit-1")).toBe('The token begins with "Bearer": give the token alone')
    expect(reason("pit-é")).toBe("The token contains characters that a header cannot have")
    expect(reason("pit-\u0000")).toBe("The token contains characters that a header cannot have")
  })

  it.prop("is never contained in the reason of a rejection", [FastCheck.string({ minLength: 12 })], ([token]) => {
    expect(reason(token)).not.toContain(token)
  })
})

// --- OAuth, against the sandbox -----------------------------------------------------------------------------------------

const jane = ContactId.make("jane")
const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")
const companyId = "company"

/** The key of the grant of the sandbox's app in the store. */
const key = Credentials.grantKey("sandbox-app", locationId)

const get = Effect.flatMap(ContactsService, (contacts) => contacts.getContact(jane))

const client = (token: Credentials.Credentials) =>
  Effect.map(Sandbox, ({ url }) =>
    Layer.provide(ContactsService.layer({ token, baseUrl: url }), FetchHttpClient.layer)
  ).pipe(Layer.unwrapEffect)

const grantsAsked = Effect.flatMap(Sandbox, ({ ledger }) =>
  Effect.map(ledger, ({ requests }) => requests.filter(({ url }) => url === "/oauth/token").length)
)

/** Installs the app for the location, and stores its grant. */
const connecting = (store: TokenStore.Service, installation: { locationId?: LocationId; companyId?: string }) =>
  Effect.gen(function* () {
    const { app, install, url } = yield* Sandbox
    const code = yield* install(installation)
    return yield* Credentials.authorizationCode({ ...app, code, store, baseUrl: url }).pipe(
      Effect.provide(FetchHttpClient.layer)
    )
  })

const oauth = (store: TokenStore.Service, more: { readonly companyId?: string } = {}) =>
  Layer.unwrapEffect(
    Effect.map(Sandbox, ({ app }) => client(Credentials.oauth({ ...app, locationId, store, ...more })))
  )

const sandbox = (options: Options = {}) =>
  Sandbox.layer({ contacts: [{ id: jane, locationId }], limits: { max: 10_000 }, ...options })

/** Runs an effect with a location that has connected the app, and with the store that holds its grant. */
const connected = <A, E>(
  self: (store: TokenStore.Service) => Effect.Effect<A, E, ContactsService | Sandbox>,
  options: Options = {},
  change: (store: TokenStore.Service) => TokenStore.Service = (store) => store
) =>
  Effect.gen(function* () {
    const store = yield* TokenStore.makeMemory()
    yield* connecting(store, { locationId })
    return yield* Effect.provide(self(store), oauth(change(store)))
  }).pipe(Effect.provide(sandbox(options)))

const running = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Effect.fork(self), (fiber) => joined(fiber, "20 millis"))

describe("an OAuth grant", () => {
  it.effect("is obtained for an authorization code, stored, and used to read a contact of the location", () =>
    connected((store) =>
      Effect.gen(function* () {
        expect((yield* get).id).toBe(jane)
        const grant = Option.getOrThrow(yield* store.get(key))
        expect(grant).toMatchObject({ locationId, userType: "Location" })
        expect(DateTime.toEpochMillis(grant.expiresAt)).toBe(86_399_000)
        expect(inspect(grant) + JSON.stringify(grant)).not.toContain("sandbox-refresh")
        expect(yield* grantsAsked).toBe(1)
      })
    )
  )

  it.effect(
    "is refreshed in the background shortly before its token expires, and before the next call after that",
    () =>
      connected((store) =>
        Effect.gen(function* () {
          const token = Effect.map(store.get(key), (grant) => Redacted.value(Option.getOrThrow(grant).accessToken))
          const first = yield* token
          yield* get
          yield* TestClock.adjust("23 hours")
          yield* get
          expect(yield* grantsAsked).toBe(1)
          yield* TestClock.adjust("55 minutes")
          // The call uses the old token, because it does not wait for the refresh in the background.
          yield* get
          const { requests } = yield* (yield* Sandbox).ledger
          expect(requests.at(-1)?.url === "/oauth/token" ? requests.at(-2) : requests.at(-1)).toMatchObject({
            status: 200,
            headers: { authorization: `Bearer ${first}` }
          })
          while ((yield* token) === first) yield* turning
          expect(yield* grantsAsked).toBe(2)
          yield* TestClock.adjust("10 days")
          yield* get
          expect(yield* grantsAsked).toBe(3)
        })
      )
  )

  it.effect("is refreshed about once a minute if its tokens expire after a minute", () =>
    connected(
      () =>
        Effect.gen(function* () {
          for (let second = 0; second < 300; second += 10) {
            yield* running(get)
            yield* TestClock.adjust("10 seconds")
          }
          // The token endpoint gets one request for the code, and one refresh per minute.
          expect(yield* grantsAsked).toBeLessThanOrEqual(1 + 300 / 50)
          expect(yield* grantsAsked).toBeGreaterThanOrEqual(300 / 60)
        }),
      { oauth: { expiresIn: 60 } }
    )
  )

  it.effect.each([50, 250])("is refreshed once for %d concurrent calls that get a 401", (calls) =>
    connected(() =>
      Effect.gen(function* () {
        yield* get
        yield* (yield* Sandbox).expireTokens
        yield* Effect.all(
          Array.from({ length: calls }, () => get),
          { concurrency: "unbounded" }
        )
        expect(yield* grantsAsked).toBe(2)
      })
    )
  )

  it.effect.each(["version header was not found.", "The token is not authorized for this scope."])(
    "is not refreshed after a 401 that a new token would not change: %s",
    (message) =>
      Effect.gen(function* () {
        let refreshes = 0
        let calls = 0
        const failing = Layer.succeed(FetchHttpClient.Fetch, (input) => {
          if (String(input instanceof Request ? input.url : input).includes("/oauth/token")) {
            refreshes += 1
            return Promise.resolve(Response.json({ access_token: "a1", refresh_token: "r1" }))
          }
          calls += 1
          return Promise.resolve(Response.json({ statusCode: 401, message }, { status: 401 }))
        })
        const store = yield* TokenStore.makeMemory([[locationId, grantUntil(1e12)]])
        const token = Credentials.oauth({ clientId: "app", clientSecret: Redacted.make("canary"), locationId, store })
        const error = yield* Effect.flip(get).pipe(
          Effect.provide(ContactsService.layer({ token })),
          Effect.provide(Layer.provide(FetchHttpClient.layer, failing))
        )
        expect(error).toMatchObject({ _tag: "Unauthorized", message, attempts: 1 })
        expect({ refreshes, calls }).toEqual({ refreshes: 0, calls: 1 })
      })
  )

  it.effect("is refreshed at most once per call if every response is a 401", () =>
    Effect.gen(function* () {
      let refreshes = 0
      let calls = 0
      const failing = Layer.succeed(FetchHttpClient.Fetch, (input) => {
        if (String(input instanceof Request ? input.url : input).includes("/oauth/token")) {
          refreshes += 1
          return Promise.resolve(Response.json({ access_token: `a${refreshes}`, refresh_token: `r${refreshes}` }))
        }
        calls += 1
        return Promise.resolve(Response.json({ statusCode: 401, message: "Invalid JWT" }, { status: 401 }))
      })
      const store = yield* TokenStore.makeMemory([[locationId, grantUntil(1e12)]])
      const token = Credentials.oauth({ clientId: "app", clientSecret: Redacted.make("canary"), locationId, store })
      const error = yield* Effect.flip(get).pipe(
        Effect.provide(ContactsService.layer({ token })),
        Effect.provide(Layer.provide(FetchHttpClient.layer, failing))
      )
      expect(error).toMatchObject({ _tag: "Unauthorized", attempts: 2 })
      expect({ refreshes, calls }).toEqual({ refreshes: 1, calls: 2 })
    })
  )

  it.effect("is not refreshed after a 401 if another process has stored a newer token", () =>
    connected((store) =>
      Effect.gen(function* () {
        yield* get
        const { app, url, expireTokens } = yield* Sandbox
        yield* expireTokens
        // Another process refreshes the grant first.
        yield* Effect.provide(
          get,
          Layer.provide(
            ContactsService.layer({ token: Credentials.oauth({ ...app, locationId, store }), baseUrl: url }),
            FetchHttpClient.layer
          )
        )
        expect(yield* grantsAsked).toBe(2)
        expect((yield* get).id).toBe(jane)
        expect(yield* grantsAsked).toBe(2)
      })
    )
  )

  it.effect("fails the call with the error of the refresh, without another attempt, if the refresh fails", () =>
    connected(() =>
      Effect.gen(function* () {
        const sandbox = yield* Sandbox
        yield* get
        yield* sandbox.setFaults({ rules: [{ fault: { _tag: "Status", status: 503 }, endpoint: "token" }] })
        yield* sandbox.expireTokens
        const policy = RetryPolicy.make({ attemptTimeout: "1 minute", deadline: "2 minutes" })
        const error = yield* joined(
          yield* Effect.fork(Effect.flip(Effect.provideService(get, RetryPolicy.RetryPolicy, policy))),
          "1 second"
        )
        expect(error).toMatchObject({ _tag: "ServerError", status: 503, isRetryable: true, attempts: 1 })
        const { requests } = yield* sandbox.ledger
        expect(requests.filter(({ url, status }) => url.startsWith("/contacts") && status === 401)).toHaveLength(1)
      })
    )
  )

  it.effect("fails a delete with NotApplied if the refresh before it fails, and does not verify the delete", () =>
    connected(() =>
      Effect.gen(function* () {
        const { ledger, setFaults } = yield* Sandbox
        const contacts = yield* ContactsService
        yield* TestClock.adjust("2 days")
        yield* setFaults({ rules: [{ fault: { _tag: "Status", status: 501 }, endpoint: "token", times: 1 }] })
        const error = yield* Effect.flip(running(contacts.deleteContact(ContactId.make("nobody"))))
        expect(error).toMatchObject({ _tag: "ServerError", status: 501, attempts: 0, outcome: "NotApplied" })
        expect((yield* ledger).requests.filter(({ url }) => url.startsWith("/contacts"))).toEqual([])
      })
    )
  )

  it.effect.each([400, 422])("causes Unauthorized if the token endpoint responds to its refresh with %d", (status) =>
    connected(() =>
      Effect.gen(function* () {
        const { expireTokens, setFaults } = yield* Sandbox
        yield* setFaults({ rules: [{ fault: { _tag: "Status", status }, endpoint: "token" }] })
        yield* get
        yield* expireTokens
        expect(yield* Effect.flip(running(get))).toMatchObject({ _tag: "Unauthorized", status, attempts: 1 })
        yield* TestClock.adjust("2 days")
        expect(yield* Effect.flip(running(get))).toMatchObject({ _tag: "Unauthorized", status, attempts: 0 })
      })
    )
  )

  it.effect("fails each call that waits for the same refresh with an error that has the operation of that call", () =>
    connected(() =>
      Effect.gen(function* () {
        const { setFaults } = yield* Sandbox
        const contacts = yield* ContactsService
        yield* setFaults({ rules: [{ fault: { _tag: "Status", status: 403 }, endpoint: "token" }] })
        yield* TestClock.adjust("2 days")
        const calls = [Effect.flip(get), Effect.flip(contacts.updateContact(jane, { firstName: "Jane" }))]
        const errors = yield* running(Effect.all(calls, { concurrency: 2 }))
        expect(errors.map(({ operation }) => operation)).toEqual(["getContact", "updateContact"])
        expect(yield* grantsAsked, "one authorization and one refresh").toBe(2)
      })
    )
  )

  it.effect("is used while its token is valid, even if the vendor cannot refresh it", () =>
    connected((store) =>
      Effect.gen(function* () {
        const { setFaults, app, url } = yield* Sandbox
        yield* TestClock.adjust(86_399_000 - 5 * 60_000)
        yield* setFaults({ rules: [{ fault: { _tag: "Status", status: 503 }, endpoint: "token" }] })
        const fresh = ContactsService.layer({ token: Credentials.oauth({ ...app, locationId, store }), baseUrl: url })
        // When the layer ends, it retries the refresh for a while, so the test clock has to advance.
        const call = yield* Effect.fork(Effect.provide(get, Layer.provide(fresh, FetchHttpClient.layer)))
        expect((yield* joined(call, "1 second")).id).toBe(jane)
      })
    )
  )

  it.effect("is saved after a refresh even if other fields of the response are invalid", () =>
    Effect.gen(function* () {
      for (const detail of [
        { companyId: null },
        { expires_in: "86399" },
        { expires_in: 1e300 },
        { scope: 7, userType: [] }
      ]) {
        const answering = Layer.succeed(FetchHttpClient.Fetch, (input) =>
          Promise.resolve(
            String(input instanceof Request ? input.url : input).includes("/oauth/token")
              ? Response.json({ access_token: "a2", refresh_token: "r2", expires_in: 86_399, ...detail })
              : Response.json({ contact: { id: "jane" } })
          )
        )
        const store = yield* TokenStore.makeMemory([[key, grantUntil(0)]])
        const app = { clientId: "sandbox-app", clientSecret: Redacted.make("secret") }
        const token = Credentials.oauth({ ...app, locationId, store })
        yield* get.pipe(
          Effect.provide(ContactsService.layer({ token })),
          Effect.provide(Layer.provide(FetchHttpClient.layer, answering))
        )
        const kept = Option.getOrThrow(yield* store.get(key))
        expect(Redacted.value(kept.refreshToken)).toBe("r2")
        expect(kept.exchanging).toBeUndefined()
      }
    })
  )

  it.effect("is not used by a released service: the call fails with Unauthorized", () =>
    Effect.gen(function* () {
      const { app, url } = yield* Sandbox
      const store = yield* TokenStore.makeMemory([[locationId, grantUntil(0)]])
      const token = Credentials.oauth({ ...app, locationId, store })
      const contacts = yield* ContactsService.pipe(
        Effect.provide(Layer.provide(ContactsService.layer({ token, baseUrl: url }), FetchHttpClient.layer))
      )
      expect(yield* Effect.flip(contacts.getContact(jane))).toMatchObject({
        _tag: "Unauthorized",
        message: "The service has been released"
      })
    }).pipe(Effect.provide(sandbox()))
  )

  const lost = { fault: { _tag: "Reset", when: "after" }, endpoint: "token", times: 1 } as const

  it.effect("remains valid after a lost response to a refresh, because the exchange is retried", () =>
    connected(() =>
      Effect.gen(function* () {
        const sandbox = yield* Sandbox
        yield* get
        yield* sandbox.setFaults({ rules: [lost] })
        yield* sandbox.expireTokens
        expect((yield* running(get)).id).toBe(jane)
        yield* TestClock.adjust("1 minute")
        yield* sandbox.expireTokens
        expect((yield* running(get)).id).toBe(jane)
      })
    )
  )

  it.effect("remains valid if a process dies during a refresh: the next one repeats the exchange", () =>
    connected((store) =>
      Effect.gen(function* () {
        const { app, url } = yield* Sandbox
        const before = Option.getOrThrow(yield* store.get(key))
        // The exchange reached the vendor, but the process died before it stored the grant. Only the note of the exchange is
        // stored.
        const form = {
          client_id: app.clientId,
          client_secret: Redacted.value(app.clientSecret),
          grant_type: "refresh_token"
        }
        yield* Effect.promise(() =>
          fetch(`${url}/oauth/token`, {
            method: "POST",
            body: new URLSearchParams({ ...form, refresh_token: Redacted.value(before.refreshToken) })
          })
        )
        const exchanging = yield* DateTime.now
        yield* store.withLock(key, (section) => section.set({ ...before, exchanging }))
        yield* TestClock.adjust("20 seconds")
        expect((yield* get).id).toBe(jane)
        const current = Effect.map(store.get(key), Option.getOrThrow)
        while ((yield* current).exchanging !== undefined) yield* turning
        const after = yield* current
        expect(Redacted.value(after.refreshToken)).not.toBe(Redacted.value(before.refreshToken))
        yield* TestClock.adjust("2 days")
        expect((yield* get).id).toBe(jane)
      })
    )
  )

  it.effect("is used while its save after a refresh fails, and saved later", () => {
    const failures = Ref.unsafeMake(0)
    const failing = (store: TokenStore.Service): TokenStore.Service => ({
      ...store,
      withLock: (key, use) =>
        store.withLock(key, (section) =>
          use({
            get: section.get,
            set: (grant) =>
              grant.exchanging === undefined
                ? Effect.flatMap(
                    Ref.updateAndGet(failures, (count) => count + 1),
                    (count) =>
                      count <= 3 ? new TokenStore.TokenStoreError({ message: "disk full" }) : section.set(grant)
                  )
                : section.set(grant)
          })
        )
    })
    return connected(
      (store) =>
        Effect.gen(function* () {
          yield* get
          yield* (yield* Sandbox).expireTokens
          expect((yield* get).id).toBe(jane)
          expect((yield* get).id).toBe(jane)
          expect(yield* grantsAsked).toBe(2)
          const before = Option.getOrThrow(yield* store.get(key))
          expect(before.exchanging, "the journal is still open").toBeDefined()
          yield* TestClock.adjust("10 seconds")
          const after = Option.getOrThrow(yield* store.get(key))
          expect(after.exchanging).toBeUndefined()
          yield* TestClock.adjust("1 minute")
          yield* (yield* Sandbox).expireTokens
          expect((yield* get).id).toBe(jane)
        }),
      {},
      failing
    )
  })

  it.effect("is not exchanged if the start of the exchange cannot be written to the store", () => {
    const readOnly = (store: TokenStore.Service): TokenStore.Service => ({
      ...store,
      withLock: (key, use) =>
        store.withLock(key, ({ get }) =>
          use({ get, set: () => new TokenStore.TokenStoreError({ message: "The token store could not be written" }) })
        )
    })
    return connected(
      () =>
        Effect.gen(function* () {
          yield* get
          yield* (yield* Sandbox).expireTokens
          const error = yield* Effect.provideService(Effect.flip(get), RetryPolicy.RetryPolicy, RetryPolicy.none)
          expect(error).toMatchObject({ _tag: "TransportError", code: "TOKEN_STORE", isRetryable: true })
          expect(yield* grantsAsked).toBe(1)
        }),
      {},
      readOnly
    )
  })

  it.effect.each(["oauth", "envelope"] as const)(
    "requires a reconnect if the vendor rejects its refresh token, with errors in the %s format",
    (errors) =>
      connected(
        (store) =>
          Effect.gen(function* () {
            yield* get
            const { app, url } = yield* Sandbox
            // The vendor no longer knows its refresh token: another process has exchanged it without this store.
            const { refreshToken } = Option.getOrThrow(yield* store.get(key))
            yield* Effect.promise(() =>
              fetch(`${url}/oauth/token`, {
                method: "POST",
                body: new URLSearchParams({
                  client_id: app.clientId,
                  client_secret: Redacted.value(app.clientSecret),
                  grant_type: "refresh_token",
                  refresh_token: Redacted.value(refreshToken)
                })
              })
            )
            yield* TestClock.adjust("1 minute")
            yield* (yield* Sandbox).expireTokens
            const error = yield* Effect.flip(get)
            expect(error).toMatchObject({ _tag: "Unauthorized", reconnect: true, locationId })
            expect(inspect(error) + JSON.stringify(error)).not.toMatch(/canary|sandbox-secret/)
            const asked = yield* grantsAsked
            yield* Effect.flip(get)
            expect(yield* grantsAsked, "the vendor is not asked about it again").toBe(asked)
            // The customer connects the app again. The running service needs no restart.
            yield* connecting(store, { locationId })
            expect((yield* get).id).toBe(jane)
          }),
        { oauth: { errors } }
      )
  )

  it.effect("causes Unauthorized with reconnect if the store does not have it", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory()
      const error = yield* Effect.flip(Effect.provide(get, oauth(store)))
      expect(error).toMatchObject({ _tag: "Unauthorized", reconnect: true, locationId, attempts: 0 })
    }).pipe(Effect.provide(sandbox()))
  )

  it.effect("is refreshed to the end if the call that started the refresh is interrupted", () =>
    connected((store) =>
      Effect.gen(function* () {
        const sandbox = yield* Sandbox
        yield* get
        const before = Option.getOrThrow(yield* store.get(key))
        yield* sandbox.setFaults({ latency: [{ endpoint: "token", distribution: { _tag: "Fixed", millis: 1000 } }] })
        yield* sandbox.expireTokens
        const fiber = yield* Effect.fork(get)
        while ((yield* sandbox.ledger).received < 4) yield* turning
        yield* Fiber.interrupt(fiber)
        yield* TestClock.adjust("1 second")
        const current = Effect.map(store.get(key), Option.getOrThrow)
        while (Redacted.value((yield* current).refreshToken) === Redacted.value(before.refreshToken)) yield* turning
        expect((yield* running(get)).id).toBe(jane)
      })
    )
  )
})

const grantUntil = (expiresAt: number): TokenStore.Grant => ({
  accessToken: Redacted.make("access"),
  refreshToken: Redacted.make("refresh"),
  expiresAt: DateTime.unsafeMake(expiresAt)
})

describe("a location token", () => {
  const within = <A, E>(self: Effect.Effect<A, E, ContactsService | Sandbox>) =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory()
      yield* connecting(store, { companyId })
      return yield* Effect.provide(self, oauth(store, { companyId }))
    }).pipe(Effect.provide(sandbox()))

  it.effect("is requested with the company's token, and once more for all calls when it has expired", () =>
    within(
      Effect.gen(function* () {
        expect((yield* get).id).toBe(jane)
        yield* (yield* Sandbox).expireTokens
        yield* Effect.all(
          Array.from({ length: 50 }, () => get),
          { concurrency: "unbounded" }
        )
        const { requests } = yield* (yield* Sandbox).ledger
        const asked = requests.flatMap(({ url, status }) => (url.startsWith("/oauth") ? [`${url} ${status}`] : []))
        expect(asked).toEqual([
          "/oauth/token 200",
          "/oauth/locationToken 200",
          "/oauth/locationToken 401",
          "/oauth/token 200",
          "/oauth/locationToken 200"
        ])
        yield* TestClock.adjust("2 days")
        expect((yield* get).id).toBe(jane)
      })
    )
  )
})

describe("a custom token source", () => {
  it.effect("is evaluated once more after a 401, and the call succeeds with the new token", () =>
    Effect.gen(function* () {
      const { token } = yield* Sandbox
      const asked: Array<string> = []
      const tokens = [Redacted.make("stale"), token]
      const source = Effect.sync(() => {
        const next = tokens.shift() ?? token
        asked.push(Redacted.value(next))
        return next
      })
      expect((yield* Effect.provide(get, client(Credentials.accessToken(source)))).id).toBe(jane)
      expect(asked).toEqual(["stale", "pit-sandbox"])
      const { requests } = yield* (yield* Sandbox).ledger
      expect(requests).toMatchObject([
        { status: 401, headers: { authorization: "Bearer stale" } },
        { status: 200, headers: { authorization: "Bearer pit-sandbox" } }
      ])
    }).pipe(Effect.provide(sandbox()))
  )

  it.effect("fails the call with Unauthorized, without a second attempt, if it has no other token after a 401", () =>
    Effect.gen(function* () {
      let evaluations = 0
      const source = Effect.sync(() => {
        evaluations += 1
        return Redacted.make("stale")
      })
      const error = yield* Effect.flip(Effect.provide(get, client(Credentials.accessToken(source))))
      expect(error).toMatchObject({ _tag: "Unauthorized", attempts: 1 })
      // The source is evaluated for the request, and once more after the 401.
      expect(evaluations).toBe(2)
      expect((yield* (yield* Sandbox).ledger).requests).toMatchObject([{ status: 401 }])
    }).pipe(Effect.provide(sandbox()))
  )
})

describe("OAuth credentials from the configuration", () => {
  const built = (variables: Record<string, string>, options?: { readonly refresh?: Credentials.Refresh }) =>
    Effect.gen(function* () {
      const { url, app } = yield* Sandbox
      const store = yield* TokenStore.makeMemory()
      yield* connecting(store, { locationId })
      const variablesOfAll = {
        GROWTHHUB_BASE_URL: url,
        GROWTHHUB_CLIENT_ID: app.clientId,
        GROWTHHUB_CLIENT_SECRET: Redacted.value(app.clientSecret),
        GROWTHHUB_LOCATION_ID: locationId,
        ...variables
      }
      const token = Credentials.oauthConfig({ store })
      const fromContext = Credentials.layerOAuthConfig((token) => ContactsService.layerConfig({ token }), options)
      return yield* get.pipe(
        Effect.provide(
          Layer.provide(
            options === undefined ? ContactsService.layerConfig({ token }) : fromContext,
            Layer.merge(FetchHttpClient.layer, Layer.succeed(TokenStore.TokenStore, store))
          )
        ),
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variablesOfAll))))
      )
    }).pipe(Effect.provide(sandbox()))

  it.effect("give access to the location's contacts", () =>
    Effect.gen(function* () {
      expect((yield* built({})).id).toBe(jane)
    })
  )

  it.effect("give access to the location's contacts with the token store of the context", () =>
    Effect.gen(function* () {
      expect((yield* built({}, { refresh: "onDemand" })).id).toBe(jane)
    })
  )

  it.effect("are rejected when the layer is built if a variable is invalid, without the secret in the error", () =>
    Effect.gen(function* () {
      const wrong = [
        { GROWTHHUB_CLIENT_ID: "" },
        { GROWTHHUB_CLIENT_SECRET: "'canary'" },
        { GROWTHHUB_LOCATION_ID: "../canary" }
      ]
      for (const variables of wrong) {
        const error = yield* Effect.flip(built(variables))
        expect(inspect(error)).toContain(Object.keys(variables)[0])
        expect(inspect(error)).not.toContain("'canary'")
      }
    })
  )
})

describe("Credentials.layerOAuth", () => {
  it.effect("uses its options and the grant in the token store of the context", () =>
    Effect.gen(function* () {
      const { app, url } = yield* Sandbox
      const store = yield* TokenStore.makeMemory()
      const fromStore = (options: { readonly companyId?: string }) =>
        Effect.provide(
          get,
          Layer.provide(
            Credentials.layerOAuth((token) => ContactsService.layer({ token, baseUrl: url }), {
              ...app,
              locationId,
              ...options
            }),
            Layer.merge(FetchHttpClient.layer, Layer.succeed(TokenStore.TokenStore, store))
          )
        )
      expect(yield* Effect.flip(fromStore({}))).toMatchObject({ _tag: "Unauthorized", reconnect: true, locationId })
      expect(yield* Effect.flip(fromStore({ companyId: "agency" }))).toMatchObject({
        message: "There is no grant for agency; the customer must connect the app"
      })
      yield* connecting(store, { locationId })
      expect((yield* fromStore({})).id).toBe(jane)
    }).pipe(Effect.provide(sandbox()))
  )
})

describe("invalid input of authorizationCode", () => {
  it.effect("is rejected without a request, and is not contained in the error", () =>
    Effect.gen(function* () {
      const { app, url } = yield* Sandbox
      const store = yield* TokenStore.makeMemory()
      const code = Redacted.make("code")
      const inputs = [
        { ...app, code: Redacted.make("can ary") },
        { ...app, code: Redacted.make("'canary'") },
        { ...app, code, clientSecret: Redacted.make("Bearer canary") },
        { ...app, code, clientSecret: Redacted.make("canary\n") },
        { ...app, code, clientId: "" },
        { ...app, code, clientId: "ca nary" },
        { ...app, code, baseUrl: "http://canary.example" }
      ]
      for (const input of inputs) {
        const error = yield* Effect.flip(Credentials.authorizationCode({ store, baseUrl: url, ...input })).pipe(
          Effect.provide(FetchHttpClient.layer)
        )
        expect(error).toMatchObject({ _tag: "Unprocessable", attempts: 0 })
        expect(inspect(error)).not.toContain("canary")
      }
      expect(yield* grantsAsked).toBe(0)
    }).pipe(Effect.provide(sandbox()))
  )
})
