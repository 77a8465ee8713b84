// Follows redirects within the service's origin and refuses others.
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Failure from "./failure.js"
import { type Attempt, type AttemptFailure, errorContext, type Response, type Send } from "./attempt.js"

const maxRedirects = 5

const statuses = new Set([301, 302, 303, 307, 308])

/** The request to a redirect's location, if the redirect keeps the method and the origin; otherwise the reason. */
const target = (
  { request }: Attempt,
  status: number,
  location: string
): Either.Either<HttpClientRequest.HttpClientRequest, string> => {
  if (!URL.canParse(location, request.url)) return Either.left("its location is not a URL")
  const url = new URL(location, request.url)
  const { origin, protocol } = new URL(request.url)
  // The protocol is compared too, because a `blob:` URL has the origin of the page that made it.
  if (url.origin !== origin || url.protocol !== protocol) return Either.left("it leads to another origin")
  if (url.username !== "" || url.password !== "") return Either.left("it contains credentials")
  if (request.method !== "GET" && status !== 307 && status !== 308) return Either.left("it would drop the body")
  return Either.right(HttpClientRequest.setUrl(request, url.href))
}

const follow = (
  send: Send,
  attempt: Attempt,
  response: Response,
  left: number
): Effect.Effect<Response, AttemptFailure> => {
  const location = statuses.has(response.status) ? response.headers["location"] : undefined
  if (location === undefined) return Effect.succeed(response)
  const next = left === 0 ? Either.left("too many in a row") : target(attempt, response.status, location)
  const { requests, sentAt, status } = response
  if (Either.isLeft(next)) {
    return Effect.failSync(() => ({ error: Failure.fromRedirect(errorContext(attempt), status, next.left), sentAt }))
  }
  const redirected = { ...attempt, request: next.right, requestsBefore: requests }
  return Effect.flatMap(send(redirected), (response) => follow(send, redirected, response, left - 1))
}

/** Follows up to five redirects within the origin of the request. Each of them is sent as a separate request. */
export const withRedirects =
  (send: Send): Send =>
  (attempt) =>
    Effect.flatMap(send(attempt), (response) => follow(send, attempt, response, maxRedirects))
