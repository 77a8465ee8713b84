// Tests OAuth grants with the test clock and a simulated vendor, without a server.
import { describe, expect, it } from "@effect/vitest"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as ConfigProvider from "effect/ConfigProvider"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Credentials from "effect-growthhub/Credentials"
import { LocationId } from "effect-growthhub/Schema"
import * as TokenStore from "effect-growthhub/TokenStore"
import { inspect } from "node:util"
import { joined, turning } from "./clock.js"

const second = 1000
const minute = 60 * second
const day = 24 * 60 * minute

const app = { clientId: "app", clientSecret: Redacted.make("canary-secret") }
const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")
const companyId = "company"
const baseUrl = new URL("https://vendor.example/")

/** The key of the grant in the store. */
const key = Credentials.grantKey(app.clientId, locationId)
const companyKey = Credentials.grantKey(app.clientId, companyId)

// --- a vendor ----------------------------------------------------------------------------------------------------------

interface Asked {
  readonly at: number
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly form: { readonly [field: string]: string }
}

/** The vendor's response to a request. Undefined means that the vendor does not respond. */
type Says = Response | undefined

const bodyOf = ({ body }: HttpClientRequest.HttpClientRequest) =>
  body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : ""

const vendor = (...answers: ReadonlyArray<(asked: Asked) => Says>) => {
  const asked: Array<Asked> = []
  const client = HttpClient.make((request, url) =>
    Effect.flatMap(Effect.clock, (clock) => {
      const { method, headers } = request
      const form = Object.fromEntries(new URLSearchParams(bodyOf(request)))
      const one = { at: clock.unsafeCurrentTimeMillis(), method, url: url.href, headers: { ...headers }, form }
      const answer = answers[Math.min(asked.push(one), answers.length) - 1]?.(one)
      return answer === undefined ? Effect.never : Effect.succeed(HttpClientResponse.fromWeb(request, answer))
    })
  )
  return { asked, client }
}

/** A vendor that responds when the test calls `answer`. */
const slow = (says: (asked: Asked) => Says) => {
  const { asked, client } = vendor(says)
  const latch = Effect.unsafeMakeLatch()
  return {
    asked,
    client: HttpClient.transformResponse(client, Effect.zipLeft(latch.await)),
    answer: () => latch.unsafeOpen()
  }
}

const says =
  (body: unknown, status = 200, headers: { readonly [name: string]: string } = {}) =>
  (): Says =>
    Response.json(body, { status, headers })

const silent = (): Says => undefined

const pair = (number: number, more: object = {}) =>
  says({ access_token: `access-${number}`, refresh_token: `refresh-${number}`, expires_in: day / second, ...more })

const grantOf = (more: Partial<TokenStore.Grant> = {}): TokenStore.Grant => ({
  accessToken: Redacted.make("access-0"),
  refreshToken: Redacted.make("refresh-0"),
  issuedAt: DateTime.unsafeMake(0),
  expiresAt: DateTime.unsafeMake(day),
  userType: "Location",
  ...more
})

const ended = grantOf({ expiresAt: DateTime.unsafeMake(0), issuedAt: DateTime.unsafeMake(-day) })

// --- helpers of the tests ---------------------------------------------------------------------------------------------

/** Runs an effect, and advances the test clock step by step until it ends. */
const running = <A, E, R>(self: Effect.Effect<A, E, R>, step: Duration.DurationInput = "1 second") =>
  Effect.flatMap(Effect.fork(self), (fiber) => joined(fiber, step))

type Client = Pick<ReturnType<typeof vendor>, "client">

const opened = (credentials: Credentials.Credentials, { client }: Client) =>
  Effect.provideService(credentials.open(baseUrl), HttpClient.HttpClient, client)

/** The open credentials of the location, with a store that holds this grant. */
const service = (over: Client, grant: TokenStore.Grant | undefined, more: { readonly companyId?: string } = {}) =>
  Effect.gen(function* () {
    const store = yield* TokenStore.makeMemory(
      grant === undefined ? [] : [[more.companyId === undefined ? key : companyKey, grant]]
    )
    return yield* serviceOver(over, store, more)
  })

const serviceOver = (
  over: Client,
  store: TokenStore.Service,
  more: { readonly companyId?: string; readonly refresh?: Credentials.Refresh; readonly clientId?: string } = {}
) =>
  Effect.map(opened(Credentials.oauth({ ...app, locationId, store, ...more }), over), (bearer) => {
    const { get, renew, cached } = bearer as Required<Credentials.Bearer>
    return {
      store,
      kept: Effect.map(store.get(more.companyId === undefined ? key : companyKey), Option.getOrThrow),
      get: Effect.map(get, Redacted.value),
      renew: (refused: string) => Effect.map(renew(Redacted.make(refused)), Option.isSome),
      held: (now: number) => {
        const token = cached(now)
        return token && Redacted.value(token)
      }
    }
  })

const exchange = (over: Client, options: { store?: TokenStore.Service; [option: string]: unknown } = {}) =>
  Effect.gen(function* () {
    const store = options.store ?? (yield* TokenStore.makeMemory())
    return yield* Effect.provideService(
      Credentials.authorizationCode({ ...app, code: Redacted.make("canary-code"), baseUrl, ...options, store }),
      HttpClient.HttpClient,
      over.client
    )
  })

const exposed = ({ accessToken, refreshToken, ...others }: TokenStore.Grant) => ({
  ...others,
  accessToken: Redacted.value(accessToken),
  refreshToken: Redacted.value(refreshToken)
})

/** A store that records its writes, and whose writes of some grants fail. */
const watchedStore = (
  store: TokenStore.Service,
  isBroken: (grant: TokenStore.Grant) => boolean
): { readonly store: TokenStore.Service; readonly written: Array<TokenStore.Grant> } => {
  const written: Array<TokenStore.Grant> = []
  return {
    written,
    store: {
      ...store,
      withLock: (key, use) =>
        store.withLock(key, ({ get, set }) =>
          use({
            get,
            set: (grant) =>
              Effect.suspend(() => {
                written.push(grant)
                return isBroken(grant) ? new TokenStore.TokenStoreError({ message: "disk full" }) : set(grant)
              })
          })
        )
    }
  }
}

const isPair = ({ exchanging }: TokenStore.Grant) => exchanging === undefined

// --- bearers that do not change ----------------------------------------------------------------------------------------

describe("a private integration token", () => {
  const open = (token: string) => opened(Credentials.privateIntegrationToken(Redacted.make(token)), vendor())

  it.scoped("is available at once for every call and cannot be renewed", () =>
    Effect.gen(function* () {
      const { get, cached, renew } = yield* open("pit-1")
      expect(Redacted.value(yield* get)).toBe("pit-1")
      expect(Redacted.value(cached!(0)!)).toBe("pit-1")
      expect(renew, "there is no other").toBeUndefined()
    })
  )

  it.scoped("fails the call with Unauthorized and is not cached if it contains spaces", () =>
    Effect.gen(function* () {
      const { get, cached } = yield* open("pit 1")
      expect(cached!(0)).toBeUndefined()
      expect(yield* Effect.flip(get)).toMatchObject({
        _tag: "Unauthorized",
        operation: "getBearer",
        attempts: 0,
        message: "The token contains spaces"
      })
    })
  )

  it.prop(
    "has a rate limit key of its own, which does not contain the token",
    [FastCheck.string({ minLength: 12 }), FastCheck.string({ minLength: 12 })],
    ([one, other]) => {
      const rateLimitKey = (token: string) => Credentials.privateIntegrationToken(Redacted.make(token)).rateLimitKey
      expect(rateLimitKey(one)).toMatch(/^token:[0-9a-f]{1,8}$/)
      expect(rateLimitKey(one)).toBe(rateLimitKey(one))
      if (one !== other) expect(rateLimitKey(one)).not.toBe(rateLimitKey(other))
    }
  )

  it('may contain "bearer" within a word, but no "Bearer" prefix, quotes, whitespace or non-ASCII characters', () => {
    const taken = (token: string) => Either.isRight(Credentials.validate(Redacted.make(token)))
    expect(["bearers-1", "a-bearer", "not-bearer-1", "~", "!"].map(taken)).toEqual([true, true, true, true, true])
    expect(["  Bearer pit-1", "bearer", "`pit-1`", "épit", "pit 1", "pi\nt"].map(taken)).toEqual(Array(6).fill(false))
  })
})

describe("a custom token source", () => {
  it("uses the given rate limit key, or a unique one by default", () => {
    const token = Effect.succeed(Redacted.make("a"))
    expect(Credentials.accessToken(token, { rateLimitKey: "app:location" }).rateLimitKey).toBe("app:location")
    const [one, other] = [Credentials.accessToken(token), Credentials.accessToken(token)]
    expect(one.rateLimitKey).toMatch(/^source:[0-9a-z]+$/)
    expect(one.rateLimitKey).not.toBe(other.rateLimitKey)
    expect(one.rateLimitKey).not.toBe(Credentials.accessToken(token).rateLimitKey)
  })

  it.scoped("can replace a rejected token only if it returns a different one", () =>
    Effect.gen(function* () {
      const { renew } = yield* opened(Credentials.accessToken(Effect.succeed(Redacted.make("a"))), vendor())
      expect(yield* renew!(Redacted.make("a"))).toEqual(Option.none())
      expect(Redacted.value(Option.getOrThrow(yield* renew!(Redacted.make("b"))))).toBe("a")
    })
  )

  it.scoped("fails the call with the reason if its token is empty", () =>
    Effect.gen(function* () {
      const { get } = yield* opened(Credentials.accessToken(Effect.succeed(Redacted.make(""))), vendor())
      expect(yield* Effect.flip(get)).toMatchObject({ message: "The token is empty", attempts: 0 })
    })
  )
})

// --- the requests to the vendor, and its responses --------------------------------------------------------------------

describe("a request to the token endpoint", () => {
  it.scoped("has the documented form and headers for a refresh", () =>
    Effect.gen(function* () {
      const over = vendor(pair(1))
      const { get } = yield* service(over, ended)
      expect(yield* get).toBe("access-1")
      expect(over.asked).toMatchObject([
        {
          method: "POST",
          url: "https://vendor.example/oauth/token",
          headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
          form: {
            client_id: "app",
            client_secret: "canary-secret",
            grant_type: "refresh_token",
            refresh_token: "refresh-0",
            user_type: "Location"
          }
        }
      ])
      expect(over.asked[0]!.headers).not.toHaveProperty("authorization")
    })
  )

  it.effect("has the documented form for an authorization code, without the optional fields that are not set", () =>
    Effect.gen(function* () {
      const over = vendor(pair(1, { locationId, userType: "Location" }))
      yield* exchange(over)
      yield* exchange(over, { redirectUri: "https://app.example/back", userType: "Company" })
      const form = {
        client_id: "app",
        client_secret: "canary-secret",
        grant_type: "authorization_code",
        code: "canary-code"
      }
      expect(over.asked.map(({ form }) => form)).toEqual([
        form,
        { ...form, redirect_uri: "https://app.example/back", user_type: "Company" }
      ])
    })
  )

  it.effect("goes to the vendor's host if no base URL is set", () =>
    Effect.gen(function* () {
      const over = vendor(pair(1, { locationId }))
      yield* exchange(over, { baseUrl: undefined })
      expect(over.asked[0]!.url).toBe("https://services.leadconnectorhq.com/oauth/token")
    })
  )

  it.scoped("is retried after a 503 with jittered exponential backoff, for at most 28 seconds", () =>
    Effect.gen(function* () {
      const over = vendor(says({}, 503))
      const { get } = yield* service(over, ended)
      const error = yield* running(Effect.flip(get), "100 millis")
      expect(error).toMatchObject({ _tag: "ServerError", status: 503, operation: "getBearer", attempts: 1 })
      const waits = over.asked.slice(1).map(({ at }, index) => at - over.asked[index]!.at)
      // The last delay is cut off at the end of the window.
      for (const [index, wait] of waits.slice(0, -1).entries()) {
        const meant = Math.min(200 * 2 ** index, 3000)
        // The test clock advances in steps of 100 ms.
        expect(wait).toBeGreaterThanOrEqual(0.8 * meant - 100)
        expect(wait).toBeLessThanOrEqual(1.2 * meant + 100)
      }
      // The first attempt may have succeeded with its response lost, so the last attempt must come within 30 seconds of it.
      const last = over.asked.at(-1)!.at
      expect(last).toBeGreaterThan(24 * second)
      expect(last).toBeLessThanOrEqual(28 * second)
    })
  )

  it.scoped("succeeds if the endpoint recovers from 502 responses within 24 seconds", () =>
    Effect.gen(function* () {
      for (const back of [5, 12, 20.5, 24]) {
        const begin = (yield* Effect.clock).unsafeCurrentTimeMillis()
        const over = vendor(({ at }) => {
          if (at - begin < back * second) return Response.json({}, { status: 502 })
          return at - begin <= 30 * second ? pair(1)() : Response.json({ error: "invalid_grant" }, { status: 400 })
        })
        // Each response takes a second.
        const client = HttpClient.transformResponse(over.client, Effect.zipLeft(Effect.sleep("1 second")))
        const { get } = yield* service({ client }, ended)
        expect([back, yield* running(get, "500 millis")]).toEqual([back, "access-1"])
      }
    })
  )

  it.scoped("times out after 8 seconds, is retried, and fails with TIMEOUT if no attempt gets a response", () =>
    Effect.gen(function* () {
      const over = vendor(silent, pair(1))
      const { get } = yield* service(over, ended)
      expect(yield* running(get)).toBe("access-1")
      expect(over.asked[1]!.at - over.asked[0]!.at).toBeGreaterThanOrEqual(8 * second)
      expect(over.asked[1]!.at - over.asked[0]!.at).toBeLessThanOrEqual(9 * second)
      const never = vendor(silent)
      expect(yield* running(Effect.flip((yield* service(never, ended)).get))).toMatchObject({
        _tag: "TransportError",
        code: "TIMEOUT",
        message: "Timed out after 8s waiting for the response",
        // A later exchange with the same refresh token gets the grant that this one may have made.
        outcome: "Unknown",
        isRetryable: true
      })
      expect(never.asked.length).toBeLessThanOrEqual(4)
    })
  )

  it.scoped.each([
    [400, { message: "client unknown" }, "BadRequest"],
    [401, { message: "client unknown" }, "Unauthorized"],
    [422, { message: "client unknown" }, "Unprocessable"],
    [403, { message: "not for this app" }, "Forbidden"],
    [404, {}, "UnexpectedResponse"]
  ] as const)("is not retried after a %d response", ([status, body, tag]) =>
    Effect.gen(function* () {
      const over = vendor(says(body, status))
      const { get } = yield* service(over, ended)
      const error = yield* Effect.flip(get)
      expect(error).toMatchObject({ _tag: tag, status, attempts: 1, outcome: "NotApplied" })
      expect(error).not.toHaveProperty("reconnect")
      expect(over.asked).toHaveLength(1)
    })
  )

  it.scoped("fails with an error that omits the secrets which the response echoes", () =>
    Effect.gen(function* () {
      const echo = ({ form, headers }: Asked) =>
        Response.json({ message: inspect({ form, headers }), error: Object.values(form) }, { status: 403 })
      const errors = [
        yield* Effect.flip((yield* service(vendor(echo), { ...ended, refreshToken: Redacted.make("canary-1") })).get),
        yield* Effect.flip(exchange(vendor(echo))),
        yield* Effect.flip(
          (yield* service(vendor(echo), grantOf({ accessToken: Redacted.make("canary-2") }), { companyId })).get
        )
      ]
      for (const error of errors) {
        expect(error).toMatchObject({ _tag: "Forbidden" })
        expect(inspect(error, { depth: 9 }) + JSON.stringify(error)).not.toContain("canary")
      }
      // The access token is redacted together with its prefix "Bearer" and the blanks around it.
      expect(errors[2]!.message).not.toContain("Bearer")
    })
  )

  it.scoped(
    "fails with UnexpectedResponse if the response has no access token, and keeps the stored refresh token",
    () =>
      Effect.gen(function* () {
        for (const answer of [{}, [], "access-1", { access_token: "" }, { access_token: 7 }, null]) {
          const { get, kept } = yield* service(vendor(says(answer)), ended)
          expect(yield* running(Effect.flip(get), "5 seconds")).toMatchObject({
            _tag: "UnexpectedResponse",
            message: "The response cannot be decoded: it has no access token"
          })
          expect(exposed(yield* kept)).toMatchObject({ refreshToken: "refresh-0" })
        }
      })
  )

  it.scoped("fails if no header can carry the new access token, but saves the new refresh token", () =>
    Effect.gen(function* () {
      for (const token of ["canary 1", "canary\r\nx-admin: 1", "Bearer canary", "canäry"]) {
        const over = vendor(pair(1, { access_token: token }), pair(2))
        const { get, held, kept } = yield* service(over, ended)
        const error = yield* Effect.flip(get)
        expect(error).toMatchObject({ _tag: "UnexpectedResponse", isRetryable: true })
        expect(error.message).toMatch(/^The access token that the vendor sent/)
        expect(inspect(error)).not.toMatch(/can.ry/)
        expect(held(0)).toBeUndefined()
        expect(exposed(yield* kept)).toMatchObject({ refreshToken: "refresh-1" })
        expect(yield* get).toBe("access-2")
        const location = vendor(says({ access_token: token }))
        const company = yield* service(location, grantOf(), { companyId })
        expect(yield* Effect.flip(company.get)).toMatchObject({ _tag: "UnexpectedResponse" })
      }
    })
  )

  it.effect.each([
    [3600, 3600 * second],
    ["3600", 3600 * second],
    [0.5, 500],
    [366 * 86_400, 366 * day],
    [366 * 86_400 + 1, day],
    [0, day],
    [-5, day],
    ["soon", day],
    [1e300, day],
    [null, day],
    [undefined, day]
  ] as const)(
    "yields a token with the lifetime of expires_in: %s, or of one day if that is invalid",
    ([told, lifetime]) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(5 * day)
        const grant = yield* exchange(vendor(pair(1, { locationId, expires_in: told })))
        expect(exposed(grant)).toMatchObject({
          accessToken: "access-1",
          refreshToken: "refresh-1",
          issuedAt: DateTime.unsafeMake(5 * day),
          expiresAt: DateTime.unsafeMake(5 * day + lifetime)
        })
      })
  )

  it.scoped("yields a token whose lifetime is measured by the vendor's clock, from the Date header", () =>
    Effect.gen(function* () {
      const ahead = 3 * 60 * minute
      const date = new Date(ahead).toUTCString()
      const granted = (number: number) => ({
        access_token: `access-${number}`,
        refresh_token: `refresh-${number}`,
        expires_in: 3600
      })
      const { store, written } = watchedStore(yield* TokenStore.makeMemory([[key, ended]]), () => false)
      const over = vendor(says(granted(1), 200, { date }), says(granted(2), 200, { date }))
      const { get, held, kept, renew } = yield* serviceOver(over, store)
      expect(yield* get).toBe("access-1")
      expect(yield* kept).toMatchObject({
        issuedAt: DateTime.unsafeMake(ahead),
        expiresAt: DateTime.unsafeMake(ahead + 60 * minute)
      })
      // The token lasts an hour by either clock, and is refreshed six minutes before its end.
      expect(held(54 * minute - 1)).toBe("access-1")
      expect(held(54 * minute)).toBeUndefined()
      expect(yield* renew("access-1")).toBe(true)
      expect(written.map(({ exchanging }) => exchanging)).toEqual([
        DateTime.unsafeMake(0),
        undefined,
        DateTime.unsafeMake(ahead),
        undefined
      ])
    })
  )

  it.effect(
    "stores scope, user type and ids of the response, and keeps earlier values of missing or invalid fields",
    () =>
      Effect.gen(function* () {
        const details = { scope: "contacts.write", userType: "Location", locationId, companyId }
        const grant = yield* exchange(vendor(pair(1, { ...details, planId: "plan" })))
        expect(grant).toMatchObject(details)
        expect(grant).not.toHaveProperty("planId")
        yield* Effect.scoped(
          Effect.gen(function* () {
            const over = vendor(pair(1, { scope: "contacts.readonly", userType: "", companyId: 7 }))
            const { get, kept } = yield* service(over, { ...ended, ...details })
            yield* get
            expect(yield* kept).toMatchObject({ ...details, scope: "contacts.readonly" })
          })
        )
      })
  )

  it.scoped("keeps the refresh token if the response has no new one", () =>
    Effect.gen(function* () {
      const { get, kept } = yield* service(vendor(says({ access_token: "access-1" })), ended)
      yield* get
      expect(exposed(yield* kept)).toMatchObject({ accessToken: "access-1", refreshToken: "refresh-0" })
      expect(yield* kept).not.toHaveProperty("exchanging")
    })
  )

  it.scoped("is counted by outcome in the metric of token refreshes", () =>
    Effect.gen(function* () {
      const counted = Effect.map(Metric.snapshot, (all) => {
        const own = all.filter(({ metricKey }) => metricKey.name === "growthhub.client.token.refreshes")
        const count = (outcome: string) =>
          own
            .filter(({ metricKey }) => metricKey.tags.some(({ key, value }) => key === "outcome" && value === outcome))
            .reduce((sum, { metricState }) => sum + Number((metricState as { count?: number }).count), 0)
        return [count("ok"), count("Forbidden")] as const
      })
      const [ok, refused] = yield* counted
      yield* (yield* service(vendor(pair(1)), ended)).get
      expect(yield* counted).toEqual([ok + 1, refused])
      yield* Effect.flip((yield* service(vendor(says({}, 403)), ended)).get)
      expect(yield* counted).toEqual([ok + 1, refused + 1])
    })
  )
})

describe("a refused refresh", () => {
  const refused = (status: number, body: unknown) =>
    Effect.gen(function* () {
      const over = vendor(says(body, status))
      const { get } = yield* service(over, ended)
      return yield* Effect.flip(get)
    })

  const dead = {
    _tag: "Unauthorized",
    message: "The refresh token is no longer valid; the customer must reconnect the app",
    reconnect: true,
    locationId,
    operation: "getBearer",
    attempts: 0
  }

  it.scoped.each([
    { error: "invalid_grant" },
    { error: "invalid_grant", error_description: "Something else" },
    { message: "Invalid refresh token" },
    { message: "invalid refresh_token given" },
    { message: "Expired RefreshToken" },
    { message: "This grant was revoked" },
    { message: "The refresh token was used before" },
    { message: "unknown refresh-token" },
    { message: "used grant" },
    { message: "revoked: the refresh token" },
    { message: "Refresh token not found" },
    { message: "refresh token is unknown" },
    { message: "the grant has expired" },
    { message: "grant invalid" },
    { message: ["nothing", "The refresh token is invalid"] },
    { error: "unauthorized_client", error_description: "The refresh token is expired" },
    { message: 7, error_description: "The refresh token is expired" }
  ])("requires a reconnect if the vendor rejects the refresh token with %j", (body) =>
    Effect.gen(function* () {
      for (const status of [400, 401, 422]) expect(yield* refused(status, body)).toMatchObject(dead)
    })
  )

  it.scoped.each([
    { error: "invalid_client" },
    { error: "invalid_client", error_description: "Invalid client for a refresh token" },
    { message: "Invalid client credentials for the refresh token" },
    { error: "unsupported_grant_type", error_description: "This grant is unknown" },
    { message: "Invalid grant_type" },
    { message: "invalid client" },
    { message: "refresh token" },
    { error: "invalid_request", error_description: "the refresh token could not be checked now" },
    { message: `invalid ${"x".repeat(41)} grant` },
    { message: `grant ${"x".repeat(41)} invalid` },
    { message: { text: "invalid grant" } },
    { hint: "invalid refresh token" },
    ["invalid_grant"],
    "invalid_grant",
    null
  ])("does not require a reconnect after another error: %j", (body) =>
    Effect.gen(function* () {
      for (const status of [400, 401, 422]) expect(yield* refused(status, body)).not.toHaveProperty("reconnect")
    })
  )

  it.scoped("does not require a reconnect after status 403, 404, 409 or 500", () =>
    Effect.gen(function* () {
      for (const status of [403, 404, 409, 500]) {
        for (const body of [{ error: "invalid_grant" }, { message: "Invalid refresh token" }]) {
          const error = yield* running(refused(status, body))
          expect(error).toMatchObject({ status })
          expect(error).not.toHaveProperty("reconnect")
        }
      }
    })
  )

  it.scoped("uses the grant that another process has stored during the exchange", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory([[key, ended]])
      const other = grantOf({ accessToken: Redacted.make("access-9"), refreshToken: Redacted.make("refresh-9") })
      // The lock of this store fails: another process writes a grant during the exchange.
      const over = vendor((asked) => {
        expect(asked.form["refresh_token"]).toBe("refresh-0")
        Effect.runSync(store.withLock("another key", ({ get }) => get))
        written()
        return Response.json({ error: "invalid_grant" }, { status: 400 })
      })
      const sections: Array<TokenStore.LockedGrant> = []
      const written = () => Effect.runSync(sections.at(-1)!.set(other))
      const { get } = yield* serviceOver(over, {
        ...store,
        withLock: (key, use) =>
          store.withLock(key, (section) => {
            sections.push(section)
            return use(section)
          })
      })
      expect(yield* get).toBe("access-9")
    })
  )

  it.scoped("fails with a retryable TOKEN_STORE error if the store cannot be read again", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory([[key, ended]])
      let reads = 0
      const { get } = yield* serviceOver(vendor(says({ error: "invalid_grant" }, 400)), {
        ...store,
        withLock: (key, use) =>
          store.withLock(key, (section) =>
            use({
              ...section,
              get: Effect.suspend(() =>
                ++reads > 1 ? new TokenStore.TokenStoreError({ message: "disk gone" }) : section.get
              )
            })
          )
      })
      expect(yield* Effect.flip(get)).toMatchObject({ code: "TOKEN_STORE", isRetryable: true, message: "disk gone" })
    })
  )

  it.scoped("does not send the rejected refresh token again, but exchanges a newer one from the store", () =>
    Effect.gen(function* () {
      const over = vendor(says({ error: "invalid_grant" }, 400), pair(2))
      const { get, store } = yield* service(over, ended)
      yield* Effect.flip(get)
      expect(yield* Effect.flip(get)).toMatchObject(dead)
      expect(over.asked).toHaveLength(1)
      const next = { ...ended, refreshToken: Redacted.make("refresh-1") }
      yield* store.withLock(key, ({ set }) => set(next))
      expect(yield* get).toBe("access-2")
    })
  )
})

// --- a code ------------------------------------------------------------------------------------------------------------

describe("an authorization code", () => {
  it.effect("is exchanged for a grant, which is stored under the id of its location, or of its company", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory()
      const ofLocation = yield* exchange(vendor(pair(1, { locationId, companyId })), { store })
      const ofCompany = yield* exchange(vendor(pair(2, { companyId })), { store })
      expect(Option.getOrThrow(yield* store.get(key))).toEqual(ofLocation)
      expect(Option.getOrThrow(yield* store.get(companyKey))).toEqual(ofCompany)
      expect(exposed(ofCompany)).toMatchObject({ accessToken: "access-2", refreshToken: "refresh-2" })
    })
  )

  it.effect("is refused if the grant has no refresh token, or neither location nor company", () =>
    Effect.gen(function* () {
      for (const answer of [{ locationId, refresh_token: "" }, { userType: "Location" }]) {
        expect(yield* Effect.flip(exchange(vendor(pair(1, answer))))).toMatchObject({
          _tag: "Unauthorized",
          operation: "authorizationCode",
          attempts: 0,
          message: "The vendor sent a grant without a refresh token, location or company"
        })
      }
    })
  )

  it.effect("is not exchanged if the store cannot be locked or read", () =>
    Effect.gen(function* () {
      const over = vendor(pair(1, { locationId }))
      const broken = new TokenStore.TokenStoreError({ message: "disk gone" })
      const store = yield* TokenStore.makeMemory()
      const locked = { ...store, withLock: () => broken }
      const unreadable: TokenStore.Service = {
        ...store,
        withLock: (key, use) => store.withLock(key, (section) => use({ ...section, get: broken }))
      }
      for (const store of [locked, unreadable]) expect(yield* Effect.flip(exchange(over, { store }))).toBe(broken)
      expect(over.asked).toEqual([])
    })
  )

  it.effect("yields a grant whose failed save is retried every 500 ms, for at most two minutes", () =>
    Effect.gen(function* () {
      const memory = yield* TokenStore.makeMemory()
      let isFull = true
      const isGrant = (grant: TokenStore.Grant) => Redacted.value(grant.refreshToken) === "refresh-1"
      const watched = watchedStore(memory, (grant) => isFull && isGrant(grant))
      const { store } = watched
      const tries = () => watched.written.filter(isGrant).length
      const fiber = yield* Effect.fork(exchange(vendor(pair(1, { locationId })), { store }))
      while (tries() === 0) yield* turning
      yield* TestClock.adjust("5 seconds")
      expect(tries()).toBe(1 + 10)
      isFull = false
      yield* TestClock.adjust("500 millis")
      expect(exposed(yield* Fiber.join(fiber))).toMatchObject({ refreshToken: "refresh-1" })
      expect(Option.isSome(yield* memory.get(key))).toBe(true)
      isFull = true
      const failing = yield* Effect.fork(Effect.flip(exchange(vendor(pair(1, { locationId })), { store })))
      while (tries() < 13) yield* turning
      yield* TestClock.adjust("121 seconds")
      expect(yield* Fiber.join(failing)).toMatchObject({ _tag: "TokenStoreError", message: "disk full" })
    })
  )

  it.effect("yields a grant whose save is retried after a defect in the app's own store", () =>
    Effect.gen(function* () {
      const memory = yield* TokenStore.makeMemory()
      let failures = 3
      const broken = (locked: TokenStore.LockedGrant): TokenStore.LockedGrant => ({
        get: locked.get,
        set: (grant) => (grant.locationId !== undefined && failures-- > 0 ? Effect.die("broken") : locked.set(grant))
      })
      const store: TokenStore.Service = {
        ...memory,
        withLock: (key, use) => memory.withLock(key, (locked) => use(broken(locked)))
      }
      yield* running(exchange(vendor(pair(1, { locationId })), { store }))
      expect(exposed(Option.getOrThrow(yield* memory.get(key)))).toMatchObject({ refreshToken: "refresh-1" })
    })
  )

  it.effect("is not exchanged if the store can be locked and read, but not written", () =>
    Effect.gen(function* () {
      const over = vendor(pair(1, { locationId }))
      const { store } = watchedStore(yield* TokenStore.makeMemory(), () => true)
      expect(yield* Effect.flip(exchange(over, { store }))).toMatchObject({ message: "disk full" })
      expect(over.asked).toEqual([])
    })
  )

  it.effect("is exchanged to the end in the background if the caller is interrupted, and the grant is saved", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory()
      const over = slow(pair(1, { locationId }))
      const fiber = yield* Effect.fork(exchange(over, { store }))
      while (over.asked.length === 0) yield* turning
      yield* Fiber.interrupt(fiber)
      expect(Option.isNone(yield* store.get(key)), "the vendor has not answered yet").toBe(true)
      over.answer()
      while (Option.isNone(yield* store.get(key))) yield* turning
    })
  )

  it.effect("delays the close of the given scope until the exchange has ended and the grant is saved", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory()
      const over = slow(pair(1, { locationId }))
      const scope = yield* Scope.make()
      const fiber = yield* Effect.fork(exchange(over, { store, scope }))
      while (over.asked.length === 0) yield* turning
      yield* Fiber.interrupt(fiber)
      const closed = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* turning
      over.answer()
      yield* Fiber.join(closed)
      expect(Option.isSome(yield* store.get(key))).toBe(true)
    })
  )

  it.effect("is not sent if it, the client id, the client secret or the base URL is invalid; the error says why", () =>
    Effect.gen(function* () {
      const over = vendor(pair(1, { locationId }))
      const reasons: Array<[object, string]> = [
        [{ code: Redacted.make("") }, "The code is empty"],
        [{ clientId: "a b" }, "The client id contains spaces"],
        [{ clientSecret: Redacted.make("'") }, "The client secret contains quotes"],
        [{ baseUrl: "ftp://vendor.example" }, "The base URL must begin with https://"]
      ]
      for (const [options, reason] of reasons) {
        expect(yield* Effect.flip(exchange(over, { ...options }))).toMatchObject({
          _tag: "Unprocessable",
          operation: "authorizationCode",
          message: expect.stringContaining(reason) as string
        })
      }
      expect(over.asked).toEqual([])
    })
  )
})

// --- when it is refreshed ----------------------------------------------------------------------------------------------

describe("an access token", () => {
  /** Asks for a token at a given time, and lets a refresh in the background finish. */
  const after = (millis: number, grant: TokenStore.Grant, ...answers: ReadonlyArray<() => Says>) =>
    Effect.gen(function* () {
      const over = vendor(...answers)
      const one = yield* service(over, grant)
      yield* TestClock.setTime(millis)
      const got = yield* one.get
      yield* turning
      return { ...one, got, over }
    })

  it.scoped("is refreshed in the background from 10 minutes before its expiry, if its lifetime is a day", () =>
    Effect.gen(function* () {
      const before = yield* after(day - 10 * minute - 1, grantOf(), pair(1))
      expect(before.got).toBe("access-0")
      expect(before.held(day - 10 * minute - 1)).toBe("access-0")
      expect(before.held(day - 10 * minute), "it is due").toBeUndefined()
      expect(before.over.asked).toEqual([])
      const then = yield* after(day - 10 * minute, grantOf(), pair(1))
      expect(then.got).toBe("access-0")
      expect(then.over.asked).toHaveLength(1)
      expect(yield* then.get).toBe("access-1")
    })
  )

  it.scoped("makes calls wait for a refresh in its last 30 seconds, if its lifetime is a day", () =>
    Effect.gen(function* () {
      expect((yield* after(day - 30 * second - 1, grantOf(), pair(1))).got).toBe("access-0")
      expect((yield* after(day - 30 * second, grantOf(), pair(1))).got).toBe("access-1")
    })
  )

  it.scoped("is refreshed in the last tenth of a shorter lifetime, and calls wait in the last hundredth", () =>
    Effect.gen(function* () {
      const short = grantOf({ expiresAt: DateTime.unsafeMake(100 * second) })
      expect((yield* after(90 * second - 1, short, pair(1))).over.asked).toHaveLength(0)
      expect((yield* after(90 * second, short, pair(1))).over.asked).toHaveLength(1)
      expect((yield* after(99 * second - 1, short, pair(1))).got).toBe("access-0")
      expect((yield* after(99 * second, short, pair(1))).got).toBe("access-1")
    })
  )

  it.scoped("is assumed to have a lifetime of a day if its grant has no issue time", () =>
    Effect.gen(function* () {
      const { issuedAt: _, ...grant } = grantOf({ expiresAt: DateTime.unsafeMake(60 * minute) })
      expect((yield* after(50 * minute - 1, grant, pair(1))).over.asked).toHaveLength(0)
      expect((yield* after(50 * minute, grant, pair(1))).over.asked).toHaveLength(1)
    })
  )

  it.scoped("is refreshed, though valid, if its grant records an unfinished exchange of an unknown process", () =>
    Effect.gen(function* () {
      const { over, held } = yield* after(0, grantOf({ exchanging: DateTime.unsafeMake(0) }), says({}, 403))
      expect(over.asked).toHaveLength(1)
      expect(held(0)).toBeUndefined()
    })
  )

  it.scoped("is not refreshed in the background for 30 seconds after a failed background refresh", () =>
    Effect.gen(function* () {
      const begin = day - 10 * minute
      const { over, get } = yield* after(begin, grantOf(), says({}, 403), pair(1))
      expect(over.asked).toHaveLength(1)
      yield* TestClock.setTime(begin + 30 * second - 1)
      expect(yield* get).toBe("access-0")
      yield* turning
      expect(over.asked).toHaveLength(1)
      yield* TestClock.setTime(begin + 30 * second)
      expect(yield* get).toBe("access-0")
      yield* turning
      expect(over.asked).toHaveLength(2)
      expect(yield* get).toBe("access-1")
    })
  )

  it.scoped("is not refreshed in the background for 30 seconds after the end of a refresh that timed out", () =>
    Effect.gen(function* () {
      const { over, get } = yield* after(day - 10 * minute, grantOf(), silent)
      while (over.asked.length < 4) {
        yield* turning
        yield* TestClock.adjust("1 second")
      }
      yield* TestClock.adjust("9 seconds")
      yield* turning
      yield* TestClock.adjust("20 seconds")
      expect(yield* get).toBe("access-0")
      yield* turning
      expect(over.asked).toHaveLength(4)
    })
  )

  it.scoped("is used until it expires if its refresh fails; after that, calls fail with the error of the refresh", () =>
    Effect.gen(function* () {
      const { got, get } = yield* after(day - 1, grantOf(), says({}, 403))
      expect(got).toBe("access-0")
      yield* TestClock.setTime(day)
      expect(yield* Effect.flip(get)).toMatchObject({ _tag: "Forbidden" })
    })
  )

  it.scoped("is taken from the store and used until its last 30 seconds if another process has fetched it", () =>
    Effect.gen(function* () {
      const theirs = (left: number) =>
        grantOf({
          accessToken: Redacted.make("access-9"),
          refreshToken: Redacted.make("refresh-9"),
          expiresAt: DateTime.unsafeMake(2 * day),
          issuedAt: DateTime.unsafeMake(2 * day - left)
        })
      const meeting = (grant: TokenStore.Grant, now: number) =>
        Effect.gen(function* () {
          yield* TestClock.setTime(0)
          const over = vendor(pair(1))
          const { get, store } = yield* service(over, grantOf())
          yield* get
          yield* store.withLock(key, ({ set }) => set(grant))
          yield* TestClock.setTime(now)
          return { got: yield* get, asked: over.asked.length }
        })
      // The token is due for a refresh, but it is used, because another process has fetched it.
      expect(yield* meeting(theirs(day), 2 * day - 5 * minute)).toEqual({ got: "access-9", asked: 0 })
      expect(yield* meeting(theirs(day), 2 * day - 30 * second - 1)).toEqual({ got: "access-9", asked: 0 })
      expect(yield* meeting(theirs(day), 2 * day - 30 * second)).toEqual({ got: "access-1", asked: 1 })
      const exchanging = { ...theirs(day), exchanging: DateTime.unsafeMake(0) }
      expect(yield* meeting(exchanging, 2 * day - 5 * minute)).toEqual({ got: "access-1", asked: 1 })
    })
  )

  it.scoped("is read from the store once while it is valid", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory([[key, grantOf()]])
      let reads = 0
      const get = (key: string) =>
        Effect.zipRight(
          Effect.sync(() => void (reads += 1)),
          store.get(key)
        )
      const one = yield* serviceOver(vendor(), { ...store, get })
      for (let call = 0; call < 3; call++) expect(yield* one.get).toBe("access-0")
      expect(reads).toBe(1)
    })
  )

  it.scoped("is refreshed once if the service rejects it for several calls at the same time", () =>
    Effect.gen(function* () {
      const over = vendor(pair(1))
      const { get, renew, held } = yield* service(over, grantOf())
      yield* get
      const renewals = Array.from({ length: 5 }, () => renew("access-0"))
      expect(yield* Effect.all(renewals, { concurrency: "unbounded" })).toEqual(Array(5).fill(true))
      expect(over.asked).toHaveLength(1)
      expect(held(0)).toBe("access-1")
      expect(yield* renew("access-0"), "it has been").toBe(true)
      expect(over.asked).toHaveLength(1)
    })
  )

  it.scoped("is refreshed after a 401 even if its grant is not saved yet", () =>
    Effect.gen(function* () {
      const memory = yield* TokenStore.makeMemory([[key, ended]])
      const latch = Effect.unsafeMakeLatch()
      const slowly = (section: TokenStore.LockedGrant): TokenStore.LockedGrant => ({
        get: section.get,
        set: (grant) => (isPair(grant) ? Effect.zipRight(latch.await, section.set(grant)) : section.set(grant))
      })
      const { get, held, renew } = yield* serviceOver(vendor(pair(1), pair(2)), {
        ...memory,
        withLock: (key, use) => memory.withLock(key, (section) => use(slowly(section)))
      })
      const first = yield* Effect.fork(get)
      while (held(0) === undefined) yield* turning
      const renewed = yield* Effect.fork(renew("access-1"))
      yield* turning
      latch.unsafeOpen()
      yield* Fiber.join(first)
      expect(yield* Fiber.join(renewed)).toBe(true)
      expect(held(0)).toBe("access-2")
    })
  )

  it.scoped("cannot be renewed after a 401 if the refresh fails or returns the same token, and stays in use", () =>
    Effect.gen(function* () {
      const failing = vendor(says({}, 403))
      const one = yield* service(failing, grantOf())
      yield* one.get
      expect(yield* Effect.flip(one.renew("access-0"))).toMatchObject({ _tag: "Forbidden" })
      expect(yield* one.get).toBe("access-0")
      expect(failing.asked).toHaveLength(1)
      const unchanged = vendor(says({ access_token: "access-0" }))
      const same = yield* service(unchanged, grantOf())
      yield* same.get
      expect(yield* same.renew("access-0")).toBe(false)
      expect(yield* same.get).toBe("access-0")
      expect(unchanged.asked).toHaveLength(1)
    })
  )

  it.scoped("is refreshed at most once a minute if the service keeps rejecting fresh tokens", () =>
    Effect.gen(function* () {
      const over = vendor(...Array.from({ length: 9 }, (_, index) => pair(index + 1)))
      const { get, renew } = yield* service(over, grantOf())
      for (let call = 0; call < 50; call += 1) yield* renew(yield* get)
      expect(over.asked).toHaveLength(1)
      yield* TestClock.adjust("59 seconds")
      expect(yield* renew("access-1")).toBe(false)
      yield* TestClock.adjust("1 second")
      expect(yield* renew("access-1")).toBe(true)
      expect(over.asked).toHaveLength(2)
    })
  )

  it.scoped(
    "is replaced by the token of a reconnect, without a second refresh, if the service rejects it while fresh",
    () =>
      Effect.gen(function* () {
        const over = vendor(pair(1))
        const { get, renew, store } = yield* service(over, grantOf())
        yield* renew(yield* get)
        const other = grantOf({ accessToken: Redacted.make("access-9"), refreshToken: Redacted.make("refresh-9") })
        yield* store.withLock(key, ({ set }) => set(other))
        expect(yield* renew("access-1")).toBe(true)
        expect(yield* get).toBe("access-9")
        expect(over.asked).toHaveLength(1)
      })
  )

  it.scoped("is refreshed on demand while the call waits, and not in the background", () =>
    Effect.gen(function* () {
      const over = vendor(pair(1))
      const store = yield* TokenStore.makeMemory([[key, grantOf()]])
      const { get } = yield* serviceOver(over, store, { refresh: "onDemand" })
      yield* TestClock.setTime(day - 10 * minute - 1)
      expect(yield* get).toBe("access-0")
      yield* TestClock.setTime(day - 10 * minute)
      expect(yield* get).toBe("access-1")
      expect(over.asked).toHaveLength(1)
    })
  )

  it.scoped("is used while it is valid if its refresh on demand fails, and refreshed at most every 30 seconds", () =>
    Effect.gen(function* () {
      const over = vendor(says({}, 403))
      const store = yield* TokenStore.makeMemory([[key, grantOf()]])
      const { get } = yield* serviceOver(over, store, { refresh: "onDemand" })
      const due = day - 10 * minute
      for (const [at, asked] of [
        [due - 1, 0],
        [due, 1],
        [due + 30 * second - 1, 1],
        [due + 30 * second, 2],
        [day - 30 * second - 1, 3]
      ] as const) {
        yield* TestClock.setTime(at)
        expect(yield* get).toBe("access-0")
        expect(over.asked, `${at - due} ms after it was due`).toHaveLength(asked)
      }
      yield* TestClock.setTime(day)
      expect(yield* Effect.flip(get)).toMatchObject({ _tag: "Forbidden" })
      expect(over.asked).toHaveLength(4)
    })
  )

  it.scoped("is not requested if the store has no grant; calls fail with Unauthorized and reconnect", () =>
    Effect.gen(function* () {
      const over = vendor(pair(1))
      const { get, held, renew } = yield* service(over, undefined)
      const missing = {
        _tag: "Unauthorized",
        message: `There is no grant for ${locationId}; the customer must connect the app`,
        reconnect: true,
        locationId,
        attempts: 0
      }
      expect(yield* Effect.flip(get)).toMatchObject(missing)
      expect(yield* Effect.flip(renew("access-0"))).toMatchObject(missing)
      expect(held(0)).toBeUndefined()
      expect(over.asked).toEqual([])
    })
  )

  it.effect("is saved if the service is released during the refresh", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const over = slow(pair(1))
      const { get, kept } = yield* Scope.extend(service(over, ended), scope)
      const fiber = yield* Effect.fork(get)
      while (over.asked.length === 0) yield* turning
      const closed = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* turning
      over.answer()
      yield* Fiber.join(closed)
      expect(exposed(yield* kept)).toMatchObject({ accessToken: "access-1", refreshToken: "refresh-1" })
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("is requested again after the service's release, and saved, if the vendor may have issued it", () =>
    Effect.gen(function* () {
      const answers = [
        [says({}, 502), says({}, 429), pair(1)],
        [says({}, 502), says({}, 503), says({}, 503), pair(1)]
      ]
      for (const one of answers) {
        const scope = yield* Scope.make()
        const over = vendor(...one)
        const { get, kept } = yield* Scope.extend(service(over, ended), scope)
        const fiber = yield* Effect.fork(Effect.exit(get))
        while (over.asked.length < 2) {
          yield* turning
          yield* TestClock.adjust("100 millis")
        }
        yield* running(Scope.close(scope, Exit.void))
        expect(exposed(yield* kept)).toMatchObject({ refreshToken: "refresh-1" })
        yield* Fiber.interrupt(fiber)
      }
    })
  )

  it.effect("is not requested again after the service's release if the vendor certainly has not issued it", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const over = vendor(says({}, 429))
      const { get } = yield* Scope.extend(service(over, ended), scope)
      const fiber = yield* Effect.fork(Effect.exit(get))
      while (over.asked.length === 0) yield* turning
      yield* turning
      // The scope closes although the test clock stands still, so it does not wait for the exchange.
      yield* Scope.close(scope, Exit.void)
      expect(over.asked).toHaveLength(1)
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("is requested for up to 10 more seconds after the service's release if the vendor responds with 503", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const over = vendor(says({}, 503))
      const { get } = yield* Scope.extend(service(over, ended), scope)
      const fiber = yield* Effect.fork(Effect.flip(get))
      while (over.asked.length === 0) yield* turning
      yield* turning
      const closed = (yield* Effect.clock).unsafeCurrentTimeMillis()
      yield* running(Scope.close(scope, Exit.void))
      expect(yield* Fiber.join(fiber)).toMatchObject({ message: "The service has been released" })
      expect(over.asked.length).toBeGreaterThan(3)
      expect((yield* Effect.clock).unsafeCurrentTimeMillis() - closed).toBeLessThanOrEqual(11 * second)
    })
  )

  it.effect("is not returned after the service's release: waiting and new calls fail with Unauthorized", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const over = vendor(silent)
      const { get } = yield* Scope.extend(service(over, ended), scope)
      const fiber = yield* Effect.fork(Effect.flip(get))
      while (over.asked.length === 0) yield* turning
      const closed = yield* Effect.fork(Scope.close(scope, Exit.void))
      expect(yield* joined(fiber, "1 second")).toMatchObject({
        _tag: "Unauthorized",
        message: "The service has been released",
        operation: "getBearer"
      })
      yield* joined(closed, "1 second")
      // The running request is repeated after its timeout, as long as the vendor returns the same pair again.
      const times = over.asked.map(({ at }) => Math.floor(at / second))
      expect(times).toEqual([0, 8, 16])
      expect(yield* Effect.flip(get)).toMatchObject({ message: "The service has been released" })
      yield* TestClock.adjust("1 hour")
      expect(over.asked, "nothing is requested for a new call").toHaveLength(3)
    })
  )
})

// --- a store that fails ------------------------------------------------------------------------------------------------

describe("saving a refreshed grant", () => {
  const broken = new TokenStore.TokenStoreError({ message: "disk gone" })
  const told = {
    _tag: "TransportError",
    operation: "getBearer",
    attempts: 0,
    message: "disk gone",
    code: "TOKEN_STORE",
    outcome: "NotApplied",
    isRetryable: true
  }

  it.scoped("fails the call with a retryable TOKEN_STORE error if the store fails before the exchange", () =>
    Effect.gen(function* () {
      const over = vendor(pair(1))
      const store = yield* TokenStore.makeMemory([[key, ended]])
      const stores: ReadonlyArray<TokenStore.Service> = [
        { ...store, get: () => broken },
        { ...store, withLock: () => broken },
        { ...store, withLock: (key, use) => store.withLock(key, (section) => use({ ...section, get: broken })) },
        { ...store, withLock: (key, use) => store.withLock(key, (section) => use({ ...section, set: () => broken })) }
      ]
      for (const store of stores) {
        expect(yield* Effect.flip((yield* serviceOver(over, store)).get)).toMatchObject(told)
      }
      expect(over.asked).toEqual([])
    })
  )

  it.scoped("writes the start of the exchange first, and then the new grant", () =>
    Effect.gen(function* () {
      const memory = yield* TokenStore.makeMemory([[key, ended]])
      const { store, written } = watchedStore(memory, () => false)
      yield* TestClock.setTime(7)
      yield* (yield* serviceOver(vendor(pair(1)), store)).get
      expect(written.map(exposed)).toMatchObject([
        { refreshToken: "refresh-0", exchanging: DateTime.unsafeMake(7) },
        { refreshToken: "refresh-1" }
      ])
      expect(written[1]).not.toHaveProperty("exchanging")
    })
  )

  it.scoped("is retried once a second until it succeeds", () =>
    Effect.gen(function* () {
      const memory = yield* TokenStore.makeMemory([[key, ended]])
      let isFull = true
      const { store, written } = watchedStore(memory, (grant) => isFull && isPair(grant))
      const { get } = yield* serviceOver(vendor(pair(1)), store)
      expect(yield* get).toBe("access-1")
      const pairs = () => written.filter(isPair).length
      // The grant is written twice at once: by the exchange and by the first retry of the write.
      yield* turning
      expect(pairs()).toBe(2)
      yield* TestClock.adjust("10 seconds")
      expect(pairs()).toBe(12)
      isFull = false
      yield* TestClock.adjust("1 second")
      const kept = Effect.map(memory.get(key), Option.getOrThrow)
      expect(exposed(yield* kept)).toMatchObject({ refreshToken: "refresh-1" })
      yield* TestClock.adjust("10 seconds")
      expect(pairs(), "and then no more").toBe(13)
    })
  )

  it.effect("is retried when the service is released", () =>
    Effect.gen(function* () {
      const memory = yield* TokenStore.makeMemory([[key, ended]])
      let isFull = true
      const { store } = watchedStore(memory, (grant) => isFull && isPair(grant))
      const kept = Effect.map(memory.get(key), Option.getOrThrow)
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* (yield* serviceOver(vendor(pair(1)), store)).get
          yield* turning
          isFull = false
        })
      )
      expect(exposed(yield* kept)).toMatchObject({ accessToken: "access-1", refreshToken: "refresh-1" })
    })
  )

  it.effect("is retried when the fiber that owns the service is interrupted", () =>
    Effect.gen(function* () {
      const memory = yield* TokenStore.makeMemory([[key, ended]])
      let isFull = true
      const { store } = watchedStore(memory, (grant) => isFull && isPair(grant))
      const ready = Effect.unsafeMakeLatch()
      const owner = Effect.flatMap(serviceOver(vendor(pair(1)), store), ({ get }) => Effect.zipRight(get, ready.open))
      const fiber = yield* Effect.fork(Effect.scoped(Effect.zipRight(owner, Effect.never)))
      yield* ready.await
      isFull = false
      yield* Fiber.interrupt(fiber)
      const kept = Effect.map(memory.get(key), Option.getOrThrow)
      expect(exposed(yield* kept)).toMatchObject({ refreshToken: "refresh-1" })
    })
  )

  it.effect("delays the service's release by at most 20 seconds if another process holds the lock", () =>
    Effect.gen(function* () {
      const memory = yield* TokenStore.makeMemory([[key, ended]])
      const { store } = watchedStore(memory, isPair)
      let isLocked = false
      const busy = Effect.delay(new TokenStore.TokenStoreError({ message: "locked" }), "1 minute")
      const scope = yield* Scope.make()
      const { get } = yield* Scope.extend(
        serviceOver(vendor(pair(1)), {
          ...store,
          withLock: (key, use) => Effect.suspend(() => (isLocked ? busy : store.withLock(key, use)))
        }),
        scope
      )
      yield* get
      isLocked = true
      const before = (yield* Effect.clock).unsafeCurrentTimeMillis()
      yield* joined(yield* Effect.fork(Scope.close(scope, Exit.void)), "1 second")
      expect((yield* Effect.clock).unsafeCurrentTimeMillis() - before).toBeLessThanOrEqual(21 * second)
    })
  )

  it.scoped("succeeds if the store has lost the earlier grant", () =>
    Effect.gen(function* () {
      const memory = yield* TokenStore.makeMemory([[key, ended]])
      const { store } = watchedStore(memory, isPair)
      const saved: Array<TokenStore.Grant> = []
      let isForgetful = false
      const { get } = yield* serviceOver(vendor(pair(1)), {
        ...store,
        withLock: (key, use) =>
          store.withLock(key, (section) =>
            use(
              isForgetful
                ? { get: Effect.succeedNone, set: (grant) => Effect.sync(() => void saved.push(grant)) }
                : section
            )
          )
      })
      yield* get
      yield* turning
      isForgetful = true
      yield* TestClock.adjust("1 second")
      expect(saved.map(exposed)).toMatchObject([{ refreshToken: "refresh-1" }])
    })
  )

  it.effect("is retried during the service's release if the store still fails at first", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const memory = yield* TokenStore.makeMemory([[key, ended]])
      let failures = 5
      const { store } = watchedStore(memory, (grant) => isPair(grant) && failures-- > 0)
      const over = slow(pair(1))
      const { get, kept } = yield* Scope.extend(serviceOver(over, store), scope)
      const fiber = yield* Effect.fork(Effect.exit(get))
      while (over.asked.length === 0) yield* turning
      const closed = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* turning
      over.answer()
      yield* joined(closed, "1 second")
      expect(exposed(yield* kept)).toMatchObject({ refreshToken: "refresh-1" })
      yield* Fiber.interrupt(fiber)
    })
  )

  it.scoped("is retried after a defect in the store", () =>
    Effect.gen(function* () {
      const memory = yield* TokenStore.makeMemory([[key, ended]])
      let failures = 3
      const broken = (section: TokenStore.LockedGrant): TokenStore.LockedGrant => ({
        get: section.get,
        set: (grant) => (isPair(grant) && failures-- > 0 ? Effect.die("broken") : section.set(grant))
      })
      const store: TokenStore.Service = {
        ...memory,
        withLock: (key, use) => memory.withLock(key, (section) => use(broken(section)))
      }
      const { get, kept } = yield* serviceOver(vendor(pair(1)), store)
      expect(yield* get).toBe("access-1")
      yield* turning
      yield* TestClock.adjust("5 seconds")
      expect(exposed(yield* kept)).toMatchObject({ refreshToken: "refresh-1" })
    })
  )

  it.effect("is not repeated at the service's release if the grant is already saved", () =>
    Effect.gen(function* () {
      const memory = yield* TokenStore.makeMemory([[key, ended]])
      const { store, written } = watchedStore(memory, () => false)
      let sections = 0
      const counting: TokenStore.Service = {
        ...store,
        withLock: (key, use) => {
          sections += 1
          return store.withLock(key, use)
        }
      }
      yield* Effect.scoped(Effect.flatMap(serviceOver(vendor(pair(1)), counting), ({ get }) => get))
      expect({ sections, written: written.length }).toEqual({ sections: 1, written: 2 })
    })
  )

  it.scoped("does not block the next refresh, which uses the refresh token that is not saved yet", () =>
    Effect.gen(function* () {
      const memory = yield* TokenStore.makeMemory([[key, ended]])
      let isFull = true
      const { store } = watchedStore(memory, (grant) => isFull && isPair(grant))
      const over = vendor(pair(1), pair(2), pair(3))
      const { get, renew } = yield* serviceOver(over, store)
      yield* get
      expect(yield* renew("access-1")).toBe(true)
      expect(yield* get).toBe("access-2")
      yield* TestClock.adjust("1 minute")
      expect(yield* renew("access-2")).toBe(true)
      expect(over.asked.map(({ form }) => form["refresh_token"])).toEqual(["refresh-0", "refresh-1", "refresh-2"])
      // Writes succeed again, because otherwise the credentials would retry for a while when their scope ends.
      isFull = false
    })
  )

  it.scoped("stops if another process has stored a newer grant, which is then used", () =>
    Effect.gen(function* () {
      const memory = yield* TokenStore.makeMemory([[key, ended]])
      const { store, written } = watchedStore(memory, (grant) => isPair(grant))
      const { get, held } = yield* serviceOver(vendor(pair(1)), store)
      expect(yield* get).toBe("access-1")
      yield* turning
      const tries = written.length
      const other = grantOf({ accessToken: Redacted.make("access-9"), refreshToken: Redacted.make("refresh-9") })
      yield* memory.withLock(key, ({ set }) => set(other))
      yield* TestClock.adjust("1 second")
      expect(held(0)).toBe("access-9")
      yield* TestClock.adjust("1 minute")
      expect(written.length, "nothing is left to save").toBe(tries)
    })
  )
})

// --- shared stores, and stores that return an older grant -------------------------------------------------------------

describe("a stored grant", () => {
  it.scoped("is separate for each app that is installed in the same location", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory()
      yield* exchange(vendor(pair(1, { locationId })), { store, clientId: "one" })
      yield* exchange(vendor(pair(2, { locationId })), { store, clientId: "two" })
      expect(yield* (yield* serviceOver(vendor(), store, { clientId: "one" })).get).toBe("access-1")
      expect(yield* (yield* serviceOver(vendor(), store, { clientId: "two" })).get).toBe("access-2")
    })
  )

  it.scoped("is read from its old key, the location's id alone, and saved under the app's key after a refresh", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory([[locationId, grantOf()]])
      const { get, kept } = yield* serviceOver(vendor(pair(1)), store)
      expect(yield* get).toBe("access-0")
      yield* TestClock.setTime(day)
      expect(yield* get).toBe("access-1")
      expect(exposed(yield* kept)).toMatchObject({ refreshToken: "refresh-1" })
      // The grant that stays under the location's id alone is no longer read.
      const next = yield* serviceOver(vendor(), store)
      expect(yield* next.get).toBe("access-1")
    })
  )

  it.scoped("is not written back by a running service after its removal if the vendor rejects its refresh token", () =>
    Effect.gen(function* () {
      const over = vendor(says({ error: "invalid_grant" }, 400))
      const { get, renew, store } = yield* service(over, grantOf())
      yield* get
      yield* Credentials.removeGrant({ ...app, store }, { locationId })
      expect(yield* Effect.flip(renew("access-0"))).toMatchObject({ _tag: "Unauthorized", reconnect: true })
      expect(over.asked).toHaveLength(1)
      expect(yield* store.list).toEqual([])
    })
  )

  it.scoped("does not replace the newer grant in memory if the store returns an older one or none", () =>
    Effect.gen(function* () {
      for (const fallen of [ended, undefined]) {
        const store = yield* TokenStore.makeMemory([[key, ended]])
        const shown = { isFallen: false }
        const over = vendor(pair(1), pair(2))
        const { get } = yield* serviceOver(over, fallingBack(store, shown, fallen))
        expect(yield* get).toBe("access-1")
        // The store reads from a replica that has not received the last write.
        shown.isFallen = true
        yield* TestClock.adjust(day)
        expect(yield* get).toBe("access-2")
        expect(over.asked.map(({ form }) => form["refresh_token"])).toEqual(["refresh-0", "refresh-1"])
        yield* TestClock.setTime(0)
      }
    })
  )

  it.scoped(
    "is tried first if this process does not know it; if the vendor rejects it, the grant in memory is used",
    () =>
      Effect.gen(function* () {
        const known = (refreshToken: string) => grantOf({ ...ended, refreshToken: Redacted.make(refreshToken) })
        const store = yield* TokenStore.makeMemory([[key, known("refresh-5")]])
        const over = vendor(({ form }) =>
          form["refresh_token"] === "refresh-4"
            ? Response.json({ error: "invalid_grant" }, { status: 400 })
            : Response.json({ access_token: "access-6", refresh_token: "refresh-6" })
        )
        const { get, held } = yield* serviceOver(
          over,
          fallingBack(store, { isFallen: false, once: true }, known("refresh-4"))
        )
        expect(held(0)).toBeUndefined()
        expect(yield* get).toBe("access-6")
        expect(over.asked.map(({ form }) => form["refresh_token"])).toEqual(["refresh-4", "refresh-5"])
      })
  )

  it.scoped(
    "is not used for a location if a company owns it and companyId is not set; the error says what to set",
    () =>
      Effect.gen(function* () {
        const store = yield* TokenStore.makeMemory()
        yield* exchange(vendor(pair(1, { companyId, userType: "Company" })), { store })
        const { get } = yield* serviceOver(vendor(), store)
        const error = yield* Effect.flip(get)
        expect(error).toMatchObject({
          _tag: "Unauthorized",
          companyId,
          locationId,
          message:
            `There is no grant for location ${locationId}, but company company has installed the app; ` +
            'if the location belongs to it, set `companyId: "company"` in the credentials'
        })
        expect(error, "to connect again would change nothing").not.toHaveProperty("reconnect")
      })
  )

  it.scoped("is not exchanged by other processes while its owner cannot save the new pair yet", () =>
    Effect.gen(function* () {
      const memory = yield* TokenStore.makeMemory([[key, ended]])
      let isFull = true
      const { store } = watchedStore(memory, (grant) => isFull && isPair(grant))
      const over = vendor(({ at, form }) =>
        form["refresh_token"] === "refresh-0" && at > 30 * second
          ? Response.json({ error: "invalid_grant" }, { status: 400 })
          : pair(1)()
      )
      expect(yield* (yield* serviceOver(over, store)).get).toBe("access-1")
      yield* TestClock.adjust("45 seconds")
      const others = yield* Effect.all(Array.from({ length: 7 }, () => serviceOver(over, memory)))
      const calls = yield* Effect.fork(
        Effect.all(
          others.map(({ get }) => get),
          { concurrency: "unbounded" }
        )
      )
      yield* turning
      yield* TestClock.adjust("10 seconds")
      isFull = false
      expect(yield* joined(calls, "1 second")).toEqual(Array(7).fill("access-1"))
      expect(over.asked).toHaveLength(1)
    })
  )

  it.scoped("is exchanged after 5 seconds if another process left an exchange unfinished an hour ago", () =>
    Effect.gen(function* () {
      const halfway = { ...ended, exchanging: DateTime.unsafeMake(0), exchangingBy: "another process" }
      const store = yield* TokenStore.makeMemory([[key, halfway]])
      const over = vendor(pair(1))
      const { get } = yield* serviceOver(over, store)
      yield* TestClock.setTime(60 * minute)
      expect(yield* running(get)).toBe("access-1")
      const wait = over.asked[0]!.at - 60 * minute
      expect(wait).toBeGreaterThanOrEqual(5 * second)
      expect(wait).toBeLessThanOrEqual(10 * second)
    })
  )

  it.scoped("is reported in the log every 10 minutes while it cannot be saved, and each failure is counted", () =>
    Effect.gen(function* () {
      const counted = Effect.map(Metric.snapshot, (all) =>
        all
          .filter(({ metricKey }) => metricKey.name === "growthhub.client.token.save_failures")
          .reduce((sum, { metricState }) => sum + Number((metricState as { count?: number }).count), 0)
      )
      const before = yield* counted
      const lines: Array<string> = []
      const logger = Logger.make(({ message, logLevel }) => void lines.push(`${logLevel.label} ${inspect(message)}`))
      let isFull = true
      const memory = yield* TokenStore.makeMemory([[key, ended]])
      const { store } = watchedStore(memory, (grant) => isFull && isPair(grant))
      yield* Effect.gen(function* () {
        yield* (yield* serviceOver(vendor(pair(1)), store)).get
        yield* turning
        yield* TestClock.adjust("9 minutes")
        expect(lines).toHaveLength(1)
        yield* TestClock.adjust("2 minutes")
        expect(lines).toHaveLength(2)
      }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
      isFull = false
      expect(lines[0]).toContain("WARN")
      expect(lines[0]).toContain(`The grant of ${key} is not saved: disk full`)
      expect(lines.join()).not.toMatch(/access-|refresh-/)
      expect((yield* counted) - before).toBeGreaterThan(600)
    })
  )

  it.scoped("is used by a new process without a refresh although the local clock is a day ahead of the vendor's", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(10 * day)
      const date = new Date(9 * day).toUTCString()
      const store = yield* TokenStore.makeMemory([[key, ended]])
      const over = vendor(
        says({ access_token: "access-1", refresh_token: "refresh-1", expires_in: day / second }, 200, { date })
      )
      expect(yield* (yield* serviceOver(over, store)).get).toBe("access-1")
      const next = yield* serviceOver(over, store)
      expect(yield* next.get).toBe("access-1")
      expect(over.asked, "the next start makes no exchange").toHaveLength(1)
    })
  )
})

/** A store whose locked reads return an older grant: until the next write if `isFallen`, or always if `once`. */
const fallingBack = (
  store: TokenStore.Service,
  shown: { isFallen: boolean; readonly once?: boolean },
  older: TokenStore.Grant | undefined
): TokenStore.Service => ({
  ...store,
  withLock: (key, use) =>
    store.withLock(key, ({ get, set }) =>
      use({
        get: Effect.suspend(() => (shown.isFallen || shown.once ? Effect.succeed(Option.fromNullable(older)) : get)),
        set: (grant) =>
          Effect.zipLeft(
            set(grant),
            Effect.sync(() => void (shown.isFallen = false))
          )
      })
    )
})

// --- location tokens ---------------------------------------------------------------------------------------------------

describe("a location token", () => {
  const company = grantOf({ accessToken: Redacted.make("company-0"), userType: "Company" })
  const ofLocation = (number: number, more: object = {}) =>
    says({ access_token: `location-${number}`, expires_in: day / second, ...more })

  it.scoped("is requested with the documented form and the company's access token", () =>
    Effect.gen(function* () {
      const over = vendor(ofLocation(1))
      const { get } = yield* service(over, company, { companyId })
      expect(yield* get).toBe("location-1")
      expect(over.asked).toMatchObject([
        {
          method: "POST",
          url: "https://vendor.example/oauth/locationToken",
          headers: { accept: "application/json", authorization: "Bearer company-0", version: "2021-07-28" }
        }
      ])
      expect(over.asked[0]!.form).toEqual({ companyId, locationId })
    })
  )

  it.scoped("is cached until 30 seconds before its expiry, and requested once for concurrent calls", () =>
    Effect.gen(function* () {
      const over = vendor(ofLocation(1), ofLocation(2))
      const { get, held } = yield* service(over, grantOf({ ...company, expiresAt: DateTime.unsafeMake(9 * day) }), {
        companyId
      })
      expect(held(0)).toBeUndefined()
      yield* Effect.all([get, get, get], { concurrency: "unbounded" })
      expect(over.asked).toHaveLength(1)
      expect(held(day - 30 * second - 1)).toBe("location-1")
      expect(held(day - 30 * second)).toBeUndefined()
      yield* TestClock.setTime(day - 30 * second - 1)
      expect(yield* get).toBe("location-1")
      yield* TestClock.setTime(day - 30 * second)
      expect(yield* get).toBe("location-2")
    })
  )

  it.scoped("is cached until the last hundredth of a short lifetime", () =>
    Effect.gen(function* () {
      const { get, held } = yield* service(vendor(ofLocation(1, { expires_in: 100 })), company, { companyId })
      yield* get
      expect(held(99 * second - 1)).toBe("location-1")
      expect(held(99 * second)).toBeUndefined()
    })
  )

  it.scoped("is replaced after a 401 if the vendor returns a different one", () =>
    Effect.gen(function* () {
      const over = vendor(ofLocation(1), ofLocation(2), ofLocation(2))
      const { get, renew } = yield* service(over, company, { companyId })
      expect(yield* get).toBe("location-1")
      expect(yield* renew("location-0"), "there is another already").toBe(true)
      expect(over.asked).toHaveLength(1)
      expect(yield* renew("location-1")).toBe(true)
      expect(yield* get).toBe("location-2")
      yield* TestClock.adjust("1 minute")
      expect(yield* renew("location-2"), "it is the same again").toBe(false)
      expect(over.asked).toHaveLength(3)
    })
  )

  it.scoped("is renewed at most once a minute if the service keeps rejecting it", () =>
    Effect.gen(function* () {
      const numbers = Array.from({ length: 9 }, (_, index) => ofLocation(index + 1))
      const over = vendor(...numbers)
      const { get, renew } = yield* service(over, company, { companyId })
      for (let call = 0; call < 50; call += 1) yield* renew(yield* get)
      expect(over.asked).toHaveLength(2)
      yield* TestClock.adjust("1 minute")
      yield* renew(yield* get)
      expect(over.asked).toHaveLength(3)
    })
  )

  it.scoped("is requested once more with a refreshed company token if the vendor rejects the first with 401", () =>
    Effect.gen(function* () {
      const refused = says({ statusCode: 401, message: "Invalid JWT" }, 401)
      const over = vendor(refused, pair(1), ofLocation(1))
      const { get } = yield* service(over, company, { companyId })
      expect(yield* get).toBe("location-1")
      expect(over.asked.map(({ url, headers }) => [new URL(url).pathname, headers["authorization"]])).toEqual([
        ["/oauth/locationToken", "Bearer company-0"],
        ["/oauth/token", undefined],
        ["/oauth/locationToken", "Bearer access-1"]
      ])
      const twice = vendor(refused, pair(1), refused)
      const error = yield* Effect.flip((yield* service(twice, company, { companyId })).get)
      expect(error).toMatchObject({ _tag: "Unauthorized", message: "Invalid JWT" })
      expect(twice.asked).toHaveLength(3)
      const same = vendor(refused, says({ access_token: "company-0" }))
      expect(yield* Effect.flip((yield* service(same, company, { companyId })).get)).toBeInstanceOf(Error)
      expect(same.asked).toHaveLength(2)
    })
  )

  it.scoped("does not cause a refresh of the company's token if its request times out", () =>
    Effect.gen(function* () {
      const over = vendor(silent)
      const { get } = yield* service(over, company, { companyId })
      expect(yield* running(Effect.flip(get))).toMatchObject({ _tag: "TransportError", code: "TIMEOUT" })
      expect(new Set(over.asked.map(({ url }) => new URL(url).pathname))).toEqual(new Set(["/oauth/locationToken"]))
    })
  )

  it.scoped("is not requested again after a 401 or 403 that a new company token would not change", () =>
    Effect.gen(function* () {
      for (const [status, message] of [
        [401, "The token is not authorized for this scope."],
        [403, "no"]
      ] as const) {
        const over = vendor(says({ message }, status))
        expect(yield* Effect.flip((yield* service(over, company, { companyId })).get)).toMatchObject({
          status,
          message
        })
        expect(over.asked).toHaveLength(1)
      }
    })
  )

  it.scoped("is not available if the company has no grant; the error names the company", () =>
    Effect.gen(function* () {
      const { get } = yield* service(vendor(), undefined, { companyId })
      expect(yield* Effect.flip(get)).toMatchObject({
        message: "There is no grant for company; the customer must connect the app",
        reconnect: true,
        locationId
      })
    })
  )
})

// --- the app -----------------------------------------------------------------------------------------------------------

describe("OAuth credentials", () => {
  it.scoped("fail each call with the reason, without a request, if an id or the client secret is invalid", () =>
    Effect.gen(function* () {
      const over = vendor(pair(1))
      const store = yield* TokenStore.makeMemory([[key, ended]])
      const wrong: Array<[object, string]> = [
        [{ clientId: "" }, "The client id is empty"],
        [{ clientSecret: Redacted.make("a b") }, "The client secret contains spaces"],
        [{ companyId: '"' }, "The company id contains quotes"]
      ]
      for (const [options, message] of wrong) {
        const bearer = yield* opened(Credentials.oauth({ ...app, locationId, store, ...options }), over)
        expect(yield* Effect.flip(bearer.get)).toMatchObject({
          _tag: "Unauthorized",
          attempts: 0,
          message
        })
      }
      expect(over.asked).toEqual([])
    })
  )

  it.effect("have one rate limit key per app and location, and are read and validated from the configuration", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory()
      expect(Credentials.oauth({ ...app, locationId, store }).rateLimitKey).toBe(`app:${locationId}`)
      const variables = {
        GROWTHHUB_CLIENT_ID: "app",
        GROWTHHUB_CLIENT_SECRET: "canary-secret",
        GROWTHHUB_LOCATION_ID: locationId
      }
      const configured = (more: object) =>
        Effect.withConfigProvider(
          Credentials.oauthConfig({ store }),
          ConfigProvider.fromMap(new Map(Object.entries({ ...variables, ...more })))
        )
      expect((yield* configured({})).rateLimitKey).toBe(`app:${locationId}`)
      const over = vendor(says({}, 404))
      const missing = (credentials: Credentials.Credentials) =>
        Effect.scoped(Effect.flatMap(opened(credentials, over), ({ get }) => Effect.flip(get)))
      expect(yield* missing(yield* configured({ GROWTHHUB_COMPANY_ID: "" }))).toMatchObject({
        message: `There is no grant for ${locationId}; the customer must connect the app`
      })
      expect(yield* missing(yield* configured({ GROWTHHUB_COMPANY_ID: "company" }))).toMatchObject({
        message: "There is no grant for company; the customer must connect the app"
      })
      expect(yield* missing(yield* configured({}))).toMatchObject({
        message: `There is no grant for ${locationId}; the customer must connect the app`
      })
      expect(inspect(yield* Effect.flip(configured({ GROWTHHUB_CLIENT_ID: "" })))).toContain("The client id is empty")
      const error = yield* Effect.flip(configured({ GROWTHHUB_CLIENT_SECRET: "can ary" }))
      expect(inspect(error)).toContain("GROWTHHUB_CLIENT_SECRET")
      expect(inspect(error)).toContain("The client secret contains spaces")
    })
  )
})
