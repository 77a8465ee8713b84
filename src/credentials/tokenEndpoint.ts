// Requests to the vendor's token endpoints, and their responses.
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Errors from "../Errors.js"
import * as Url from "../http/baseUrl.js"
import { isRefusedBearer } from "../http/bearer.js"
import { makeExchange } from "../http/exchange.js"
import * as Failure from "../http/failure.js"
import { parseObject } from "../runtime/json.js"
import { defaultLifetime, type TokenResponse } from "./grant.js"
import { bearerOperation, faultOf } from "./token.js"

/** The app's credentials. */
interface Client {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted
}

/** The fields of a form; a field that is undefined is not sent. */
export type Form = { readonly [field: string]: string | undefined }

/** The fields of a form that authenticate the app. */
export const clientForm = ({ clientId, clientSecret }: Client): Form => ({
  client_id: clientId,
  client_secret: Redacted.value(clientSecret)
})

// --- reading a response ------------------------------------------------------------------------------------------------

const textOf = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined)

const lifetimeFrom = (expiresIn: unknown) => {
  const millis = Number(expiresIn) * 1000
  return millis > 0 && millis <= 366 * defaultLifetime ? millis : defaultLifetime
}

const detailNames = ["scope", "userType", "locationId", "companyId"] as const

/** Reads a response leniently: a new refresh token must not be lost because of a fault in another field. */
const parseTokenResponse = (body: string): Omit<TokenResponse, "clockSkew"> | undefined => {
  const json = parseObject(body)
  const accessToken = textOf(json?.["access_token"])
  if (json === undefined || accessToken === undefined) return undefined
  const details = detailNames.flatMap((name) => {
    const text = textOf(json[name])
    return text === undefined ? [] : [[name, text] as const]
  })
  const fault = faultOf("access token that the vendor sent", accessToken)
  return {
    // An invalid access token is not stored.
    accessToken: fault === undefined ? accessToken : "unusable",
    fault,
    refreshToken: textOf(json["refresh_token"]),
    lifetime: fault === undefined ? lifetimeFrom(json["expires_in"]) : 0,
    details: Object.fromEntries(details)
  }
}

/** Errors of the app or its request, not of the grant (RFC 6749, 5.2). */
const clientErrors = new Set<unknown>(["invalid_client", "invalid_scope", "unsupported_grant_type"])
const aboutClient = /grant.?type|client.{0,3}(?:id|secret|credentials)/i

const aboutInvalidGrant =
  /(?:invalid|expired|revoked|used|unknown).{0,40}(?:refresh.?token|grant)|(?:refresh.?token|grant).{0,40}(?:invalid|expired|revoked|used|unknown|not found)/i

/** Whether a response says that the grant is invalid, in the form of OAuth (RFC 6749, 5.2) or the service's own envelope. */
const isInvalidGrant = ({ status, body }: Failure.Response): boolean => {
  const json = parseObject(body)
  if (json === undefined || ![400, 401, 422].includes(status)) return false
  if (json["error"] === "invalid_grant") return true
  if (clientErrors.has(json["error"])) return false
  const lines = [json["message"], json["error_description"]].flat().map(String)
  return lines.some((line) => aboutInvalidGrant.test(line) && !aboutClient.test(line))
}

/** The error of a response with an access token that cannot be sent. */
export const unusable = (fault: string): Errors.ContactsError =>
  new Errors.UnexpectedResponse({
    operation: bearerOperation,
    attempts: 1,
    message: fault,
    outcome: "NotApplied",
    isRetryable: true
  })

// --- requests ----------------------------------------------------------------------------------------------------------

/** A failed exchange. */
export interface ExchangeFailure {
  readonly error: Errors.ContactsError
  /** Whether the vendor rejected the refresh token or the code as invalid. */
  readonly isInvalidGrant: boolean
  /** Whether the vendor rejected the bearer token of the request. */
  readonly isRefusedBearer: boolean
}

const failure = (error: Errors.ContactsError): ExchangeFailure => ({
  error,
  isInvalidGrant: false,
  isRefusedBearer: false
})

/** Requests a token, with retries while the vendor still returns the same pair again. Uninterruptible while it sends. */
export type TokenEndpoint = (
  path: string,
  form: Form,
  headers?: { readonly [name: string]: string }
) => Effect.Effect<TokenResponse, ExchangeFailure>

/** The timeout of an attempt. */
const attemptTimeout = Duration.seconds(8)
/** The latest start of an attempt after the first one, in milliseconds: the vendor returns the same pair for 30 seconds. */
const retryWindow = Duration.toMillis("28 seconds")
/** The latest start of an attempt after the release of the service, in milliseconds. */
const closingRetryWindow = Duration.toMillis("10 seconds")

/** The delay of the next attempt after this many attempts, in milliseconds. */
const retryPause = (attempts: number): Effect.Effect<number> =>
  Effect.map(Random.nextRange(0.8, 1.2), (jitter) => Math.min(200 * 2 ** (attempts - 1), 3000) * jitter)

interface RetryState {
  readonly attempts: number
  /** No attempt starts after this time (milliseconds of the epoch). */
  readonly until: number
  /** Whether an earlier attempt may have exchanged the token. */
  readonly mayBeExchanged: boolean
  /** Whether the service was released in the meantime. */
  readonly isClosing: boolean
}

const secretFields = ["client_secret", "refresh_token", "code"]

/** Makes one attempt: sends the request and reads the token from its response. */
const makeAttempt = (
  exchange: ReturnType<typeof makeExchange>,
  call: Failure.ErrorContext,
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<TokenResponse, ExchangeFailure> =>
  Effect.gen(function* () {
    const response = yield* Effect.mapError(exchange(request, call, attemptTimeout), failure)
    const now = yield* Clock.currentTimeMillis
    if (!Failure.isSuccess(response)) {
      return yield* Effect.fail<ExchangeFailure>({
        error: Failure.fromResponse(call, response, now),
        isInvalidGrant: isInvalidGrant(response),
        isRefusedBearer: isRefusedBearer(response)
      })
    }
    const parsed = parseTokenResponse(response.body)
    if (parsed === undefined) {
      return yield* Effect.fail(failure(Failure.fromUnreadable(call, response, ["it has no access token"])))
    }
    return { ...parsed, clockSkew: (Failure.serverTime(response, now) ?? now) - now }
  })

const withRetries = (
  attempt: Effect.Effect<TokenResponse, ExchangeFailure>,
  state: RetryState
): Effect.Effect<TokenResponse, ExchangeFailure> =>
  Effect.catchAll(attempt, (refused) =>
    Effect.gen(function* () {
      const { attempts, until, isClosing } = state
      const now = yield* Clock.currentTimeMillis
      if (!refused.error.isRetryable || now >= until) return yield* Effect.fail(refused)
      // The last attempt starts at the end of the window.
      const pause = Math.ceil(Math.min(yield* retryPause(attempts), until - now))
      const mayBeExchanged = state.mayBeExchanged || refused.error.outcome === "Unknown"
      const next = { attempts: attempts + 1, until, mayBeExchanged, isClosing }
      if (isClosing) return yield* Effect.zipRight(Effect.sleep(pause), withRetries(attempt, next))
      const paused = yield* Effect.exit(Effect.interruptible(Effect.sleep(pause)))
      if (Exit.isSuccess(paused)) return yield* withRetries(attempt, next)
      // The vendor may have issued a new pair. It is requested again although no caller waits, because later it would be lost.
      if (!mayBeExchanged) return yield* Effect.fail(refused)
      return yield* withRetries(attempt, { ...next, until: Math.min(until, now + closingRetryWindow), isClosing: true })
    })
  )

/** The token endpoints at a base URL. Their errors have the given `operation`. */
export const make = (client: HttpClient.HttpClient, baseUrl: URL, operation = bearerOperation): TokenEndpoint => {
  const exchange = makeExchange(client)
  return (path, form, headers = {}) => {
    const call: Failure.ErrorContext = {
      operation,
      attempts: 1,
      declares: [400, 401, 422],
      isWrite: true,
      isSafeToRetry: true,
      mayBeApplied: false,
      secrets: () => [...secretFields.map((field) => form[field] ?? ""), ...Object.values(headers)]
    }
    const request = HttpClientRequest.post(Url.join(baseUrl, path), {
      headers: { accept: "application/json", ...headers }
    }).pipe(HttpClientRequest.bodyUrlParams(form))
    const attempt = makeAttempt(exchange, call, request)
    return Effect.uninterruptible(
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        withRetries(attempt, { attempts: 1, until: now + retryWindow, mayBeExchanged: false, isClosing: false })
      )
    )
  }
}
