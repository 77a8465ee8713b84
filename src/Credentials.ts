/**
 * Where the bearer of a call comes from: a private integration token, a source of the app's own, or an OAuth grant that
 * rotates and is never lost.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Errors from "./Errors.js"
import * as Url from "./http/baseUrl.js"
import { type Bearer, isRefusedBearer } from "./http/bearer.js"
import { isSuccess } from "./http/deadline.js"
import { makeExchange } from "./http/exchange.js"
import * as Failure from "./http/failure.js"
import * as telemetry from "./runtime/telemetry.js"
import { parseObject } from "./internal/json.js"
import { LocationId } from "./Schema.js"
import type * as TokenStore from "./TokenStore.js"

// --- what can be a bearer ----------------------------------------------------------------------------------------------

const fault = (what: string, token: unknown): string | undefined => {
  // An environment variable that is not set gets past the types.
  if (typeof token !== "string") return `The ${what} is missing`
  if (token === "") return `The ${what} is empty`
  if (/^bearer\b/i.test(token.trim())) return `The ${what} begins with "Bearer": give the ${what} alone`
  if (/[\r\n]/.test(token)) return `The ${what} contains a line break`
  if (/\s/.test(token)) return `The ${what} contains blanks`
  if (/["'`]/.test(token)) return `The ${what} contains quotes`
  if (!/^[\x21-\x7e]+$/.test(token)) return `The ${what} contains characters that no header can carry`
  return undefined
}

/**
 * A token that can be sent as a bearer, or what is wrong with it, in a sentence that does not repeat it. Refused are:
 * the empty text, a `Bearer ` prefix, line breaks, blanks, quotes, and what a header cannot carry.
 *
 * @example
 * import * as Redacted from "effect/Redacted"
 * import * as Credentials from "effect-growthhub/Credentials"
 *
 * Credentials.validate(Redacted.make("Bearer pit-1234")) // Left("The token begins with …")
 *
 * @since 0.1.0
 * @category validation
 */
export const validate = (token: Redacted.Redacted): Either.Either<Redacted.Redacted, string> => {
  const reason = fault("token", Redacted.value(token))
  return reason === undefined ? Either.right(token) : Either.left(reason)
}

// --- the model ---------------------------------------------------------------------------------------------------------

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Bearer
} from "./http/bearer.js"

/**
 * - `open`: how bearers come about, in the scope of a service, over its client and against its base URL.
 * - `quota`: which quota the calls count against, that of an app and a location: a name that is no secret.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials {
  readonly quota: string
  readonly open: (baseUrl: URL) => Effect.Effect<Bearer, never, HttpClient.HttpClient | Scope.Scope>
}

const unauthorized = (operation: string, message: string) =>
  new Errors.Unauthorized({ operation, attempts: 0, message })

const checkedBearer = (operation: string, token: Redacted.Redacted) =>
  Either.mapLeft(validate(token), (reason) => unauthorized(operation, reason))

/**
 * A private integration token, or any token that does not change. One that cannot be sent fails each call with
 * `Unauthorized`, without a request.
 *
 * @since 0.1.0
 * @category constructors
 */
export const privateIntegrationToken = (token: Redacted.Redacted): Credentials => ({
  // The token is app and location in one. A few bits of it are enough to tell it from others.
  quota: `token:${(Hash.string(String(Redacted.value(token))) >>> 0).toString(16)}`,
  open: () => {
    const held = Option.getOrUndefined(Either.getRight(validate(token)))
    return Effect.succeed({ get: (operation) => checkedBearer(operation, token), held: () => held })
  }
})

/**
 * Access tokens from a source of the app's own, asked for each call. After a 401 it is asked once more, and the call is
 * repeated if the answer is another token than the one that was refused.
 *
 * - `quota`: a name for the app and the location that the tokens are for, so that all that use it are paced together (see
 *   `RateLimit`). Without it, a source is paced by itself.
 *
 * @since 0.1.0
 * @category constructors
 */
export const accessToken = (
  token: Effect.Effect<Redacted.Redacted, Errors.ContactsError>,
  options: { readonly quota?: string | undefined } = {}
): Credentials => ({
  quota: options.quota ?? `source:${Math.random().toString(36).slice(2)}`,
  open: () =>
    Effect.succeed<Bearer>({
      get: (operation) => Effect.flatMap(token, (token) => checkedBearer(operation, token)),
      renew: (_, refused) => Effect.map(token, (token) => Redacted.value(token) !== Redacted.value(refused))
    })
})

// --- OAuth: what the vendor is asked ------------------------------------------------------------------------------------

/**
 * The app as the vendor knows it.
 *
 * @since 0.1.0
 * @category models
 */
export interface App {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted
}

/** What the token endpoint answers, as far as it is of use. */
interface GrantAnswer {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  /** Milliseconds. */
  readonly lifetime: number
  /** What is kept with the grant as it was told. */
  readonly details: Partial<Record<(typeof detailNames)[number], string>>
}

const detailNames = ["scope", "userType", "locationId", "companyId"] as const

const textOf = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined)

const day = Duration.toMillis("1 day")

const lifetimeOf = (expiresIn: unknown) => {
  const millis = Number(expiresIn) * 1000
  return millis > 0 && millis <= 366 * day ? millis : day
}

/** Read leniently: a rotation is not thrown away because of a detail. */
const grantAnswerOf = (body: string): GrantAnswer | undefined => {
  const json = parseObject(body)
  const accessToken = textOf(json?.["access_token"])
  if (json === undefined || accessToken === undefined) return undefined
  const details = detailNames.flatMap((name) => {
    const text = textOf(json[name])
    return text === undefined ? [] : [[name, text] as const]
  })
  return {
    accessToken,
    refreshToken: textOf(json["refresh_token"]),
    lifetime: lifetimeOf(json["expires_in"]),
    details: Object.fromEntries(details)
  }
}

/** An answer of the token endpoint, and how far the vendor's clock was ahead of ours. */
interface Granted {
  readonly answer: GrantAnswer
  readonly ahead: number
}

type Form = { readonly [field: string]: string | undefined }

/** How long one attempt may take. */
const exchangeTimeout = Duration.seconds(8)
/** From the first attempt until the last one begins: the vendor answers the same again for 30 seconds. */
const grace = Duration.toMillis("28 seconds")
/** The same, once nobody waits any more and a service is about to end. */
const closingGrace = Duration.toMillis("10 seconds")
/** Between two attempts: twice as long each time, and never so long that much of the grace would go by unused. */
const pauseAfter = (attempts: number): Effect.Effect<number> =>
  Effect.map(Random.nextRange(0.8, 1.2), (jitter) => Math.min(200 * 2 ** (attempts - 1), 3000) * jitter)

const secretFields = ["client_secret", "refresh_token", "code"]

/** A refusal of the token endpoint: whether it is the grant that is dead, or the bearer that was refused. */
interface Refused {
  readonly error: Errors.ContactsError
  readonly isDead: boolean
  readonly isBearer: boolean
}

const failed = (error: Errors.ContactsError): Refused => ({ error, isDead: false, isBearer: false })

/**
 * - `until`: no attempt begins after that.
 * - `isUnsure`: whether the vendor may have exchanged it in one before.
 * - `isClosing`: whether nobody waits for it any more.
 */
interface Trying {
  readonly until: number
  readonly isUnsure: boolean
  readonly isClosing: boolean
}

type Ask = (
  operation: string,
  path: string,
  form: Form,
  headers?: { readonly [name: string]: string }
) => Effect.Effect<Granted, Refused>

/** Of the app and of what it asks for (RFC 6749, 5.2), not of the grant. */
const ofTheApp = new Set<unknown>(["invalid_client", "invalid_scope", "unsupported_grant_type"])
const tellsOfTheApp = /grant.?type|client.{0,3}(?:id|secret|credentials)/i

const deadGrant =
  /(?:invalid|expired|revoked|used|unknown).{0,40}(?:refresh.?token|grant)|(?:refresh.?token|grant).{0,40}(?:invalid|expired|revoked|used|unknown|not found)/i

/** Both shapes of its errors: that of OAuth (RFC 6749, 5.2), and the service's own envelope. */
const tellsOfDeadGrant = ({ status, body }: Failure.Response): boolean => {
  const json = parseObject(body)
  if (json === undefined || ![400, 401, 422].includes(status)) return false
  if (json["error"] === "invalid_grant") return true
  if (ofTheApp.has(json["error"])) return false
  const lines = [json["message"], json["error_description"]].flat().map(String)
  return lines.some((line) => deadGrant.test(line) && !tellsOfTheApp.test(line))
}

/** Asks the token endpoint until it answers: the same exchange may be repeated, within its time. */
const asking = (client: HttpClient.HttpClient, baseUrl: URL): Ask => {
  const exchange = makeExchange(client)
  return (operation, path, form, headers = {}) => {
    const call: Failure.Call = {
      operation,
      attempts: 1,
      declares: [400, 401, 422],
      isWrite: true,
      isRepeatable: true,
      mayBeApplied: false,
      secrets: () => [...secretFields.map((field) => form[field] ?? ""), ...Object.values(headers)]
    }
    const request = HttpClientRequest.post(Url.join(baseUrl, path), {
      headers: { accept: "application/json", ...headers }
    }).pipe(HttpClientRequest.bodyUrlParams(form))
    const once = Effect.gen(function* () {
      const answer = yield* Effect.mapError(exchange(request, call, exchangeTimeout), failed)
      const now = yield* Clock.currentTimeMillis
      if (!isSuccess(answer)) {
        return yield* Effect.fail<Refused>({
          error: Failure.fromAnswer(call, answer, now),
          isDead: tellsOfDeadGrant(answer),
          isBearer: isRefusedBearer(answer)
        })
      }
      const granted = grantAnswerOf(answer.body)
      if (granted === undefined) {
        return yield* Effect.fail(failed(Failure.fromUnreadable(call, answer, ["it is no grant"])))
      }
      return { answer: granted, ahead: (Failure.serverTime(answer, now) ?? now) - now }
    })
    const exchanged = (attempts: number, { until, isUnsure, isClosing }: Trying): Effect.Effect<Granted, Refused> =>
      Effect.catchAll(once, (refused) =>
        Effect.gen(function* () {
          const pause = yield* pauseAfter(attempts)
          const now = yield* Clock.currentTimeMillis
          if (!refused.error.isRetryable || now + pause > until) return yield* Effect.fail(refused)
          // What the vendor may have exchanged is not given up when nobody waits any more: later is too late.
          const trying = { until, isUnsure: isUnsure || refused.error.outcome === "Unknown", isClosing }
          if (isClosing) return yield* Effect.zipRight(Effect.sleep(pause), exchanged(attempts + 1, trying))
          const paused = yield* Effect.exit(Effect.interruptible(Effect.sleep(pause)))
          if (Exit.isSuccess(paused)) return yield* exchanged(attempts + 1, trying)
          if (!trying.isUnsure) return yield* Effect.fail(refused)
          const closing = { ...trying, until: Math.min(until, now + closingGrace), isClosing: true }
          return yield* exchanged(attempts + 1, closing)
        })
      )
    const begun = (began: number) => exchanged(1, { until: began + grace, isUnsure: false, isClosing: false })
    // An exchange that is on its way is waited for, and what it brought is had.
    return Effect.uninterruptible(Effect.flatMap(Clock.currentTimeMillis, begun))
  }
}

/** The grant that an answer makes of the one before it. */
const grantOf = ({ answer, ahead }: Granted, now: number, before?: TokenStore.Grant): TokenStore.Grant | undefined => {
  const refreshToken = answer.refreshToken ?? (before && Redacted.value(before.refreshToken))
  if (refreshToken === undefined) return undefined
  const { exchanging: _, ...kept } = before ?? {}
  return {
    ...kept,
    ...answer.details,
    accessToken: Redacted.make(answer.accessToken),
    refreshToken: Redacted.make(refreshToken),
    issuedAt: DateTime.unsafeMake(now + ahead),
    expiresAt: DateTime.unsafeMake(now + ahead + answer.lifetime)
  }
}

// --- OAuth: the grant of an installation --------------------------------------------------------------------------------

const grantForm = ({ clientId, clientSecret }: App) => ({
  client_id: clientId,
  client_secret: Redacted.value(clientSecret)
})

const faultOfApp = ({ clientId, clientSecret }: App): string | undefined =>
  fault("client id", clientId) ?? fault("client secret", Redacted.value(clientSecret))

/**
 * Exchanges the code that the vendor's consent page has sent to the app's redirect URI for a grant, and keeps it: under the
 * id of its location, or of its company. The code works once: the store is tried before it is spent, and saving for two
 * minutes before a failure is told.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/oauth/get-access-token
 *
 * @since 0.1.0
 * @category constructors
 */
export const authorizationCode = (
  options: App & {
    readonly code: Redacted.Redacted
    readonly redirectUri?: string | undefined
    readonly userType?: "Location" | "Company" | undefined
    readonly store: TokenStore.Service
    readonly baseUrl?: string | URL | undefined
  }
): Effect.Effect<TokenStore.Grant, Errors.ContactsError | TokenStore.TokenStoreError, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const operation = "authorizationCode"
    const reason = faultOfApp(options) ?? fault("code", Redacted.value(options.code))
    if (reason !== undefined) return yield* Failure.fromFaults(operation, [reason])
    const baseUrl = Url.validateBaseUrl(options.baseUrl ?? Url.vendorUrl)
    if (Either.isLeft(baseUrl)) return yield* Failure.fromFaults(operation, [baseUrl.left])
    const ask = asking(yield* HttpClient.HttpClient, baseUrl.right)
    // A store that cannot be locked or read is found out before the code is spent.
    yield* options.store.exclusive(options.clientId, ({ get }) => get)
    const form = {
      ...grantForm(options),
      grant_type: "authorization_code",
      code: Redacted.value(options.code),
      redirect_uri: options.redirectUri,
      user_type: options.userType
    }
    const granted = yield* Effect.mapError(ask(operation, "/oauth/token", form), ({ error }) => error)
    const grant = grantOf(granted, yield* Clock.currentTimeMillis)
    const key = grant?.locationId ?? grant?.companyId
    if (grant === undefined || key === undefined) {
      return yield* unauthorized(operation, "The vendor answered a grant without a refresh token, location or company")
    }
    const saving = options.store.exclusive(key, (section) => section.set(grant))
    // Also where a store of the app's own breaks.
    yield* Effect.sandbox(saving).pipe(
      Effect.retry(Schedule.spaced("500 millis").pipe(Schedule.upTo("2 minutes"))),
      Effect.unsandbox
    )
    return grant
  }).pipe(Effect.uninterruptible)

const lifetime = ({ issuedAt, expiresAt }: TokenStore.Grant) =>
  issuedAt === undefined ? day : expiresAt.epochMillis - issuedAt.epochMillis
/** When no more than this is left of a token, a new one is fetched in the background. */
const early = (grant: TokenStore.Grant) => Math.min(Duration.toMillis("10 minutes"), lifetime(grant) / 10)
/** When no more than this is left of a token with this lifetime, a call waits for the new one. */
const late = (lifetime: number) => Math.min(Duration.toMillis("30 seconds"), lifetime / 100)
/** A refresh in the background that failed is not tried again at once. */
const quiet = Duration.toMillis("30 seconds")

interface State {
  grant: TokenStore.Grant | undefined
  /** A grant that could not be saved yet, and the refresh token that it was exchanged for. */
  unsaved: { readonly grant: TokenStore.Grant; readonly since: string } | undefined
  dead: string | undefined
  ahead: number
  quietUntil: number
}

/** Work that is done once for all who wait for it, in the scope of the service: it goes on when they give up. */
interface Flight {
  readonly isUnderWay: () => boolean
  readonly begun: (
    operation: string,
    work: Effect.Effect<void, Errors.ContactsError>
  ) => Effect.Effect<Effect.Effect<void, Errors.ContactsError>>
}

const makeFlight = (scope: Scope.Scope): Flight => {
  let current: Deferred.Deferred<void, Errors.ContactsError> | undefined
  return {
    isUnderWay: () => current !== undefined,
    begun: (operation, work) =>
      Effect.suspend(() => {
        if (current !== undefined) return Effect.succeed(Deferred.await(current))
        const flight = Deferred.unsafeMake<void, Errors.ContactsError>(FiberId.none)
        current = flight
        const done = (exit: Exit.Exit<void, Errors.ContactsError>) => {
          current = undefined
          return Exit.isInterrupted(exit)
            ? Deferred.fail(flight, unauthorized(operation, "The service has been released"))
            : Deferred.done(flight, exit)
        }
        return Effect.interruptible(work).pipe(
          Effect.onExit(done),
          // As a value: a fiber that fails would be reported in the app's log.
          Effect.exit,
          Effect.forkIn(scope),
          Effect.as(Deferred.await(flight))
        )
        // Whatever happens to the fiber, those who wait are told.
      }).pipe(Effect.uninterruptible)
  }
}

const fromStore =
  (operation: string) =>
  ({ message }: TokenStore.TokenStoreError): Errors.ContactsError =>
    new Errors.TransportError({
      operation,
      attempts: 0,
      message,
      code: "TOKEN_STORE",
      outcome: "NotApplied",
      isRetryable: true
    })

interface Installation extends App {
  readonly key: string
  readonly ids: { readonly locationId?: string }
  readonly store: TokenStore.Service
}

/** The rotating grant of one installation: one exchange at a time, whoever waits for it and whoever gives up. */
const rotating = (installation: Installation, ask: Ask): Effect.Effect<Required<Bearer>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { key, store, ids } = installation
    const scope = yield* Effect.scope
    const state: State = {
      grant: undefined,
      unsaved: undefined,
      dead: undefined,
      ahead: 0,
      quietUntil: 0
    }
    const flight = makeFlight(scope)

    const disconnected = (operation: string, message: string) =>
      new Errors.Unauthorized({ operation, attempts: 0, message, reconnect: true, ...ids })
    const dead = (operation: string) =>
      disconnected(operation, "The grant is dead: the customer must connect the app again")
    const missing = (operation: string) => disconnected(operation, `There is no grant for ${key}`)

    const left = (grant: TokenStore.Grant, now: number) => grant.expiresAt.epochMillis - now - state.ahead

    /** Whether it is time to refresh it, though it may be good yet. */
    const isDue = (grant: TokenStore.Grant, now: number) =>
      left(grant, now) <= early(grant) || grant.exchanging !== undefined

    /** What goes on from the one that is stored, where nobody else has: somebody may, and the customer may connect anew. */
    const newest = (stored: TokenStore.Grant) =>
      Redacted.value(stored.refreshToken) === state.unsaved?.since ? state.unsaved.grant : stored

    const save = (section: TokenStore.Section, grant: TokenStore.Grant) =>
      Effect.tap(section.set(grant), () => {
        if (state.unsaved?.grant === grant) state.unsaved = undefined
      })

    const saveUnsaved = Effect.suspend(() => {
      if (state.unsaved === undefined) return Effect.void
      return store.exclusive(key, (section) =>
        Effect.gen(function* () {
          const stored = Option.getOrUndefined(yield* section.get)
          const grant = stored === undefined ? state.unsaved?.grant : newest(stored)
          if (grant === undefined) return
          state.grant = grant
          if (grant === stored) state.unsaved = undefined
          else yield* save(section, grant)
        })
      )
      // Also where a store of the app's own breaks.
    }).pipe(Effect.sandbox)

    /** What was exchanged and could not be saved is saved as soon as that is possible, at the end of the service at last. */
    const saveLater = Effect.interruptible(Effect.ignore(Effect.retry(saveUnsaved, Schedule.spaced("1 second"))))
    yield* Effect.addFinalizer(() =>
      Effect.ignore(Effect.retry(saveUnsaved, Schedule.spaced("500 millis").pipe(Schedule.upTo("20 seconds"))))
    )

    const exchange = (
      operation: string,
      section: TokenStore.Section,
      current: TokenStore.Grant
    ): Effect.Effect<void, Errors.ContactsError> =>
      Effect.gen(function* () {
        const refreshToken = Redacted.value(current.refreshToken)
        if (state.dead === refreshToken) return yield* dead(operation)
        const began = yield* Clock.currentTimeMillis
        // The journal: whoever finds it knows that this refresh token may be used up, and exchanges it again in time.
        yield* Effect.mapError(
          section.set({ ...current, exchanging: DateTime.unsafeMake(began + state.ahead) }),
          fromStore(operation)
        )
        state.unsaved = undefined
        const asked = yield* Effect.either(
          ask(operation, "/oauth/token", {
            ...grantForm(installation),
            grant_type: "refresh_token",
            refresh_token: refreshToken,
            user_type: current.userType
          })
        )
        telemetry.refreshes(1, Either.isRight(asked) ? "ok" : asked.left.error._tag)
        if (Either.isLeft(asked)) {
          if (!asked.left.isDead) return yield* Effect.fail(asked.left.error)
          const stored = Option.getOrUndefined(yield* Effect.orElseSucceed(section.get, Option.none))
          if (stored !== undefined && Redacted.value(stored.refreshToken) !== refreshToken) {
            state.grant = stored
            return
          }
          state.dead = refreshToken
          return yield* dead(operation)
        }
        // It has the refresh token of the one before it at least.
        const grant = grantOf(asked.right, yield* Clock.currentTimeMillis, current)!
        state.grant = grant
        state.ahead = asked.right.ahead
        state.unsaved = { grant, since: refreshToken }
        yield* Effect.catchAllCause(save(section, grant), () => Effect.forkIn(saveLater, scope))
      })

    const work = (operation: string, refused: string | undefined): Effect.Effect<void, Errors.ContactsError> => {
      const held = state.grant && Redacted.value(state.grant.accessToken)
      return store
        .exclusive(key, (section) =>
          Effect.gen(function* () {
            const stored = Option.getOrUndefined(yield* Effect.mapError(section.get, fromStore(operation)))
            if (stored === undefined) return yield* missing(operation)
            const current = newest(stored)
            state.grant = current
            const now = yield* Clock.currentTimeMillis
            const token = Redacted.value(current.accessToken)
            // What another process has just fetched is good, however little of it is left.
            const least = token === held ? early(current) : late(lifetime(current))
            const isGood = current.exchanging === undefined && token !== refused && left(current, now) > least
            if (isGood) return
            const isUsable = token !== refused && left(current, now) > 0
            yield* Effect.catchAll(exchange(operation, section, current), (error) =>
              Effect.flatMap(Clock.currentTimeMillis, (now) => {
                if (!isUsable) return Effect.fail(error)
                state.quietUntil = now + quiet
                return Effect.void
              })
            )
            // Neither a caller that gives up nor the end of the service leaves an exchange halfway.
          }).pipe(Effect.uninterruptible)
        )
        .pipe(Effect.mapError((error) => (error._tag === "TokenStoreError" ? fromStore(operation)(error) : error)))
    }

    const begun = (operation: string, refused?: string) =>
      flight.begun(
        operation,
        Effect.suspend(() => work(operation, refused))
      )

    const refreshed = (operation: string, refused?: string) => Effect.flatten(begun(operation, refused))

    /** What is kept may be good, however the vendor is. */
    const loaded = (operation: string) =>
      Effect.map(Effect.mapError(store.get(key), fromStore(operation)), (stored) => {
        state.grant ??= Option.getOrUndefined(stored)
      })

    /** Where there is a grant: a refresh that has succeeded leaves one. */
    const held = Effect.sync(() => state.grant!.accessToken)

    return {
      held: (now) => {
        const { grant } = state
        return grant !== undefined && !isDue(grant, now) ? grant.accessToken : undefined
      },
      get: (operation) =>
        Effect.zipRight(
          Effect.suspend(() => (state.grant === undefined ? loaded(operation) : Effect.void)),
          Effect.flatMap(Clock.currentTimeMillis, (now) => {
            if (state.grant === undefined) return Effect.zipRight(refreshed(operation), held)
            const remaining = left(state.grant, now)
            if (remaining <= late(lifetime(state.grant))) return Effect.zipRight(refreshed(operation), held)
            if (!isDue(state.grant, now) || now < state.quietUntil) return held
            return Effect.zipRight(begun(operation), held)
          })
        ),
      renew: (operation, refused) =>
        Effect.suspend(() => {
          const isAnother = () =>
            state.grant !== undefined && Redacted.value(state.grant.accessToken) !== Redacted.value(refused)
          if (isAnother()) return Effect.succeed(true)
          const renewed = Effect.map(refreshed(operation, Redacted.value(refused)), isAnother)
          // One that was under way may know nothing of the refusal.
          return flight.isUnderWay()
            ? Effect.flatMap(renewed, (isDone) => (isDone ? Effect.succeed(true) : renewed))
            : renewed
        })
    }
  })

/** Location tokens from those of a company: they have no refresh token, and are asked for again. */
const derived = (
  company: Required<Bearer>,
  ids: { readonly companyId: string; readonly locationId: string },
  ask: Ask
): Effect.Effect<Required<Bearer>, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    const flight = makeFlight(scope)
    let held: { readonly token: Redacted.Redacted; readonly until: number } | undefined

    const asked = (operation: string, bearer: Redacted.Redacted) =>
      ask(operation, "/oauth/locationToken", ids, {
        authorization: `Bearer ${Redacted.value(bearer)}`,
        version: "2021-07-28"
      })

    const fetched = (operation: string): Effect.Effect<void, Errors.ContactsError> =>
      Effect.gen(function* () {
        const bearer = yield* company.get(operation)
        const granted = yield* Effect.catchAll(asked(operation, bearer), ({ error, isBearer }) =>
          Effect.gen(function* () {
            if (!isBearer || !(yield* company.renew(operation, bearer))) return yield* Effect.fail(error)
            return yield* Effect.mapError(asked(operation, yield* company.get(operation)), ({ error }) => error)
          })
        )
        const { accessToken, lifetime } = granted.answer
        const until = (yield* Clock.currentTimeMillis) + lifetime - late(lifetime)
        held = { token: Redacted.make(accessToken), until }
      })

    const ensured = (operation: string) => Effect.flatten(flight.begun(operation, fetched(operation)))

    const isAnother = (refused: Redacted.Redacted) =>
      held !== undefined && Redacted.value(held.token) !== Redacted.value(refused)

    const heldAt = (now: number) => (held !== undefined && now < held.until ? held.token : undefined)

    return {
      held: heldAt,
      get: (operation) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Effect.map(heldAt(now) === undefined ? ensured(operation) : Effect.void, () => held!.token)
        ),
      renew: (operation, refused) =>
        Effect.suspend(() =>
          isAnother(refused) ? Effect.succeed(true) : Effect.map(ensured(operation), () => isAnother(refused))
        )
    }
  })

/** What {@link oauth} is told besides the app. */
interface Connection {
  readonly locationId: LocationId
  readonly companyId?: string | undefined
  readonly store: TokenStore.Service
}

/**
 * The OAuth grant of an installation, kept in a store and rotated: refreshed in the background ten minutes before its access
 * token ends, by force when that has ended or was refused, once at a time in this process and in all that share the store.
 *
 * - `locationId`: whose contacts. Its grant is kept under this id, or, with `companyId`, the company's is kept under that
 *   one, and location tokens are made of it.
 * - `store`: see `TokenStore`. The grant gets there by {@link authorizationCode}.
 *
 * A grant that is dead fails each call with `Unauthorized`, `reconnect: true` and the location.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/oauth/get-access-token
 *
 * @since 0.1.0
 * @category constructors
 */
export const oauth = (options: App & Connection): Credentials => ({
  quota: `${options.clientId}:${options.locationId}`,
  open: (baseUrl) =>
    Effect.gen(function* () {
      const { locationId, companyId } = options
      const reason = faultOfApp(options) ?? (companyId === undefined ? undefined : fault("company id", companyId))
      if (reason !== undefined) return { get: (operation: string) => unauthorized(operation, reason) }
      const ask = asking(yield* HttpClient.HttpClient, baseUrl)
      const key = companyId ?? locationId
      const grant = yield* rotating({ ...options, key, ids: { locationId } }, ask)
      return companyId === undefined ? grant : yield* derived(grant, { companyId, locationId }, ask)
    })
})

// Not Config.redacted, which hides the name of a variable that is wrong. The reason does not repeat its value.
const checkedText = (what: string, name: string): Config.Config<string> =>
  Config.mapOrFail(Config.string(name), (text) => {
    const reason = fault(what, text)
    return reason === undefined ? Either.right(text) : Either.left(ConfigError.InvalidData([], reason))
  })

/**
 * {@link oauth} as the app's configuration says: `GROWTHHUB_CLIENT_ID`, `GROWTHHUB_CLIENT_SECRET`, `GROWTHHUB_LOCATION_ID`,
 * and `GROWTHHUB_COMPANY_ID` if the grant is a company's. For `ContactsService.layerConfig({ token })`.
 *
 * @example
 * import { Effect, Layer } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as Credentials from "effect-growthhub/Credentials"
 * import { TokenStore } from "effect-growthhub/TokenStore"
 *
 * // Layer<ContactsService, ConfigError, HttpClient | TokenStore>
 * export const Contacts = Layer.unwrapEffect(
 *   Effect.map(TokenStore, (store) => ContactsService.layerConfig({ token: Credentials.oauthConfig({ store }) }))
 * )
 *
 * @since 0.1.0
 * @category constructors
 */
export const oauthConfig = ({ store }: Pick<Connection, "store">): Config.Config<Credentials> =>
  Config.map(
    Config.all({
      clientId: checkedText("client id", "GROWTHHUB_CLIENT_ID"),
      clientSecret: Config.map(checkedText("client secret", "GROWTHHUB_CLIENT_SECRET"), Redacted.make),
      locationId: Schema.Config("GROWTHHUB_LOCATION_ID", LocationId),
      // A variable that is set to nothing is not set.
      companyId: Config.map(Config.withDefault(Config.string("GROWTHHUB_COMPANY_ID"), ""), (id) => id || undefined)
    }),
    (options) => oauth({ ...options, store })
  )
