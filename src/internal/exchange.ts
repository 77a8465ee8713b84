// A transport that can carry a request until its whole answer is there, and keep the limit of its time, without a fiber.
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Effect from "effect/Effect"
import type * as Errors from "../Errors.js"
import type * as Failure from "../http/failure.js"
import type { Watched } from "./deadline.js"

/** What came before a body. */
export type Head = Omit<Failure.Response, "body">

/** How long there is for the whole answer, and who is told what came before its body: not of a redirect. */
export interface Watch extends Watched<Errors.ContactsError> {
  readonly onHead?: (head: Head) => void
}

/** What a request comes to. */
export type Outcome = Effect.Effect<Failure.Response, Errors.ContactsError>

/**
 * What follows, told to the transport instead of to its effect: that spares each call an operation. Neither throws: who calls
 * them is no fiber.
 */
export interface End {
  readonly answered: (answer: Failure.Response) => Outcome
  readonly failed: (error: HttpClientError.HttpClientError) => Outcome
}

/**
 * One request of this library, whose body is bytes or none, as it is: no redirect is followed. A body of the answer that the
 * status does not need has a second.
 */
export type Exchange = (request: HttpClientRequest.HttpClientRequest, watch: Watch, end: End) => Outcome

const exchanges = new WeakMap<HttpClient.HttpClient, Exchange>()

/** The client, with its exchange. What the app makes of it (`mapRequest`, `transform`) is another client, without one. */
export const keeping = (client: HttpClient.HttpClient, exchange: Exchange): HttpClient.HttpClient => {
  exchanges.set(client, exchange)
  return client
}

export const of = (client: HttpClient.HttpClient): Exchange | undefined => exchanges.get(client)

/** The milliseconds that a body may take that is not needed for the verdict. */
export const patience = 1000

/** Any 2xx. */
export const isSuccess = ({ status }: { readonly status: number }): boolean => status >= 200 && status <= 299

const redirects = new Set([301, 302, 303, 307, 308])

/** Where a redirect leads. */
export const locationOf = ({ status, headers }: Head): string | undefined =>
  redirects.has(status) ? headers["location"] : undefined
