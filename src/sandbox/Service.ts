/**
 * Computes the response of the sandbox to a complete request, independently of the connection.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import { type RowName, rows } from "../api/rows.js"
import { type JsonObject, parseJson } from "../runtime/json.js"
import type * as Directory from "./Directory.js"
import * as Endpoints from "./Endpoints.js"
import * as OAuth from "./OAuth.js"
import * as Operations from "./Operations.js"
import * as Quota from "./Quota.js"
import * as Reply from "./Reply.js"
import type { State } from "./State.js"
import * as Tokens from "./Tokens.js"
import { eventsOf, type WebhookEvent } from "./WebhookEvents.js"

/**
 * A request: `url` is the path and the query string.
 *
 * @since 0.2.0
 * @category models
 */
export interface Request {
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string | undefined }
}

/**
 * A response: its status and body, its headers besides the usual ones, and the webhook events of the changes.
 *
 * @since 0.2.0
 * @category models
 */
export interface RouteResponse extends Reply.Reply {
  readonly headers?: { readonly [name: string]: string }
  /** The webhook events of the changes; absent if there are none. */
  readonly events?: ReadonlyArray<WebhookEvent>
}

/**
 * The endpoint of a request. `answer` computes the response from the body, the trace id of the response, and the time
 * (milliseconds of the epoch).
 *
 * @since 0.2.0
 * @category models
 */
export interface Route {
  readonly name: Endpoints.Name
  readonly answer: (body: string, traceId: string, now: number) => RouteResponse
}

/**
 * The endpoint that a request is for, if there is one.
 *
 * @since 0.2.0
 * @category routes
 */
export const route = (state: State, request: Request): Route | undefined => {
  const { headers, method, url } = request
  const [path = "", search = ""] = url.split("?")
  if (method === "POST" && path === "/oauth/token") {
    return { name: "token", answer: granting(state, OAuth.token) }
  }
  if (method === "POST" && path === "/oauth/locationToken") {
    const company = { bearer: Tokens.bearerOf(headers["authorization"]), version: headers["version"] }
    return {
      name: "locationToken",
      answer: granting(state, (oauth, form, now) => OAuth.locationToken(oauth, company, form, now))
    }
  }
  const matched = Endpoints.match(method, path, headers["version"])
  return matched && { name: matched.name, answer: performing(state, request, { ...matched, query: queryOf(search) }) }
}

/** Performs a request to a token endpoint, and stores the new state of OAuth. */
const granting =
  (state: State, grant: (oauth: OAuth.OAuth, form: OAuth.Form, now: number) => OAuth.OAuthResult) =>
  (text: string, _: string, now: number): RouteResponse => {
    const { reply, oauth } = grant(state.oauth, Object.fromEntries(new URLSearchParams(text)), now)
    state.oauth = oauth
    return reply
  }

/** The parameters of a query string. A repeated parameter becomes a list. */
const queryOf = (search: string): JsonObject => {
  const query = new URLSearchParams(search)
  return Object.fromEntries(
    Array.from(new Set(query.keys()), (name) => {
      const values = query.getAll(name)
      return [name, values.length === 1 ? values[0] : values]
    })
  )
}

interface Matched {
  readonly name: RowName
  readonly params: { readonly [name: string]: string }
  readonly query: JsonObject
}

/** Admits the request, performs its operation on the directory, and records the applied writes in the ledger. */
const performing =
  (state: State, { headers }: Request, { name, params, query }: Matched) =>
  (text: string, traceId: string, now: number): RouteResponse => {
    const admission = admit(state, headers, rows[name].scope, now)
    if ("refused" in admission) return admission.refused
    const body = text === "" ? {} : parseJson(text)
    if (body === undefined) return { ...Reply.refusal(400, "Unexpected token in JSON"), headers: admission.headers }
    const request = { params, query, body }
    const {
      changes = [],
      contactIds,
      reply,
      write
    } = Operations.perform(name, state.directory, admission.caller, request)
    if (write !== undefined) {
      for (const contactId of contactIds ?? [write.contactId]) {
        state.ledger.applied.push({ ...write, contactId, at: DateTime.unsafeMake(now), traceId })
      }
    }
    const events = changes.flatMap((change) => eventsOf(change, admission.caller))
    return { ...reply, headers: admission.headers, ...(events.length === 0 ? {} : { events }) }
  }

const versions = ["2021-04-15", "2021-07-28", "2023-02-21", "v3"]

/**
 * The caller of a request, or the refusal. The version is checked first, then the token, then the quota: a request that
 * fails one of the first two checks does not count against the quota.
 */
const admit = (
  state: State,
  headers: Request["headers"],
  scope: string | undefined,
  now: number
):
  | { readonly caller: Directory.Caller; readonly headers: RouteResponse["headers"] & {} }
  | { readonly refused: RouteResponse } => {
  const version = headers["version"]
  if (version === undefined) return { refused: Reply.refusal(401, "version header was not found.") }
  if (!versions.includes(version)) {
    return { refused: { status: 401, body: { status: 401, message: "version header is invalid", error: "Error" } } }
  }
  const find = (bearer: string) =>
    state.tokens.find(({ token }) => token === bearer) ?? OAuth.find(state.oauth, bearer, now)
  const authorized = Tokens.authorize(find, headers["authorization"], scope)
  if (Either.isLeft(authorized)) return { refused: Reply.refusal(401, authorized.left) }
  const locationId = authorized.right
  const quota = state.quotas.get(locationId) ?? Quota.make(state.limits, now, state.ledger.otherConsumers)
  state.quotas.set(locationId, quota)
  const { isAdmitted, headers: limits } = quota.admit(now)
  return isAdmitted
    ? { caller: { locationId, version, now }, headers: limits }
    : { refused: { ...Reply.refusal(429, "Too Many Requests"), headers: limits } }
}
