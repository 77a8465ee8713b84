/**
 * The service's counterpart: a real HTTP server on a loopback port that keeps contacts, finds duplicates, checks tokens,
 * scopes and Versions, counts requests, and answers and refuses in the service's own words.
 *
 * Needs `@effect/platform-node`.
 *
 * @since 0.1.0
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiSwagger from "@effect/platform/HttpApiSwagger"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import type * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import { createServer } from "node:http"
import { parseOption } from "../internal/json.js"
import type { Contact, LocationId } from "../Schema.js"
import { Api } from "./Api.js"
import * as Directory from "./Directory.js"
import * as Operations from "./Operations.js"
import * as Quota from "./Quota.js"
import * as Tokens from "./Tokens.js"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Location,
  /**
   * @since 0.1.0
   * @category models
   */
  StoredContact
} from "./Directory.js"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Token
} from "./Tokens.js"

// --- models ------------------------------------------------------------------------------------------------------------

/**
 * A request as it arrived, and how it was answered. `url` is the raw request target.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReceivedRequest {
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly body: string
  readonly status: number
  readonly traceId: string
}

/**
 * A write that was applied.
 *
 * @since 0.1.0
 * @category models
 */
export interface AppliedWrite extends Operations.Write {
  readonly at: DateTime.Utc
  readonly traceId: string
}

/**
 * What happened, for tests to judge by: every write that was applied, and the latest 10,000 requests.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ledger {
  readonly applied: ReadonlyArray<AppliedWrite>
  readonly requests: ReadonlyArray<ReceivedRequest>
}

/**
 * - `port`: 0, a free one, by default. The host is always a loopback address.
 * - `locations`, `contacts`: what is there at the start; by default one location that allows no duplicates, empty.
 * - `tokens`: by default one with every scope for the first location.
 * - `limits`: requests in a burst and in a day; the service's own by default, 100 in 10 seconds. They are counted by the
 *   clock that the layer is built with: under a `TestClock` that stands still, the 101st request meets a 429.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly port?: number | undefined
  readonly locations?: ReadonlyArray<Directory.Location> | undefined
  readonly contacts?: ReadonlyArray<Contact> | undefined
  readonly tokens?: ReadonlyArray<Tokens.Token> | undefined
  readonly limits?: Partial<Quota.Limits> | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Where the API is, such as `http://127.0.0.1:8787`. */
  readonly url: string
  /** A token for `locationId`, the first that the sandbox knows. */
  readonly token: Redacted.Redacted
  readonly locationId: LocationId
  readonly ledger: Effect.Effect<Ledger>
  readonly contacts: Effect.Effect<ReadonlyArray<Directory.StoredContact>>
}

/**
 * @example
 * import { FetchHttpClient } from "@effect/platform"
 * import { Effect, Layer } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import { Sandbox } from "effect-growthhub/Sandbox"
 *
 * const Contacts = Layer.unwrapEffect(
 *   Effect.map(Sandbox, ({ url, token }) => ContactsService.layer({ baseUrl: url, token }))
 * )
 *
 * export const TestLayer = Contacts.pipe(Layer.provide(FetchHttpClient.layer), Layer.provideMerge(Sandbox.layer()))
 *
 * @since 0.1.0
 * @category tags
 */
export class Sandbox extends Context.Tag("effect-growthhub/Sandbox")<Sandbox, Service>() {
  /**
   * Starts a sandbox, and stops it with the scope. Serves the API, its OpenAPI document at `/openapi.json`, and a page to
   * try it in at `/docs`.
   *
   * @since 0.1.0
   */
  static layer(options: Options = {}): Layer.Layer<Sandbox, HttpServerError.ServeError> {
    const server = NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: options.port ?? 0 })
    return Layer.unwrapEffect(Effect.map(makeState(options), (state) => serving(state))).pipe(Layer.provide(server))
  }
}

// --- state -------------------------------------------------------------------------------------------------------------

interface State {
  readonly tokens: ReadonlyArray<Tokens.Token>
  readonly limits: Quota.Limits
  readonly locationId: LocationId
  readonly directory: Ref.Ref<Directory.Directory>
  readonly quotas: Ref.Ref<ReadonlyMap<string, Quota.Quota>>
  readonly applied: Array<AppliedWrite>
  readonly requests: Array<ReceivedRequest>
  readonly answers: Ref.Ref<number>
}

const requestsKept = 10_000

const makeState = (options: Options): Effect.Effect<State> =>
  Effect.gen(function* () {
    const locations = options.locations ?? [Directory.defaultLocation]
    const locationId = (locations[0] ?? Directory.defaultLocation).id
    return {
      tokens: options.tokens ?? [{ token: "pit-sandbox", locationId, scopes: Tokens.allScopes }],
      limits: { ...Quota.serviceLimits, ...options.limits },
      locationId,
      directory: yield* Ref.make(Directory.make({ locations, contacts: options.contacts, now: yield* DateTime.now })),
      quotas: yield* Ref.make<ReadonlyMap<string, Quota.Quota>>(new Map()),
      applied: [],
      requests: [],
      answers: yield* Ref.make(0)
    }
  })

// --- answers -----------------------------------------------------------------------------------------------------------

interface Reply extends Operations.Reply {
  readonly headers?: { readonly [name: string]: string }
}

/** Every answer has a trace id, and stands in the ledger. */
const recorded = (
  state: State,
  reply: (body: string, traceId: string) => Effect.Effect<Reply>
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest.HttpServerRequest> =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const traceId = Operations.traceId(yield* Ref.updateAndGet(state.answers, (count) => count + 1))
    const body = yield* Effect.orElseSucceed(request.text, () => "")
    const { status, body: json, headers } = yield* reply(body, traceId)
    state.requests.push({ method: request.method, url: request.url, headers: request.headers, body, status, traceId })
    if (state.requests.length > requestsKept) state.requests.shift()
    return HttpServerResponse.unsafeJson(
      { ...json, traceId },
      { status, ...(headers === undefined ? {} : { headers }) }
    )
  })

// --- what stands before an endpoint ------------------------------------------------------------------------------------

const versions = ["2021-04-15", "2021-07-28", "2023-02-21", "v3"]

/** Who asks, or why not. Version before token before quota; a request that is refused by the first two costs no slot. */
const admitted = (
  state: State,
  scope: Tokens.Scope
): Effect.Effect<
  { readonly caller: Directory.Caller; readonly headers: { readonly [name: string]: string } },
  Reply,
  HttpServerRequest.HttpServerRequest
> =>
  Effect.gen(function* () {
    const { headers } = yield* HttpServerRequest.HttpServerRequest
    const version = headers["version"]
    if (version === undefined) return yield* Effect.fail(Operations.refusal(401, "version header was not found."))
    if (!versions.includes(version)) {
      const body = { status: 401, message: "version header is invalid", error: "Error" }
      return yield* Effect.fail({ status: 401, body })
    }
    const locationId = yield* Effect.mapError(
      Tokens.authorize(state.tokens, headers["authorization"], scope),
      (message) => Operations.refusal(401, message)
    )
    const now = yield* DateTime.now
    const quota = yield* Ref.modify(state.quotas, (quotas) => {
      const before = quotas.get(locationId) ?? Quota.make(now.epochMillis)
      const after = Quota.admit(before, state.limits, now.epochMillis)
      return [after, new Map(quotas).set(locationId, after.quota)]
    })
    if (!quota.isAdmitted) {
      return yield* Effect.fail({ ...Operations.refusal(429, "Too Many Requests"), headers: quota.headers })
    }
    return { caller: { locationId, version, now }, headers: quota.headers }
  })

// --- the endpoints -----------------------------------------------------------------------------------------------------

const parsed = (text: string): Option.Option<unknown> => (text === "" ? Option.some({}) : parseOption(text))

/** Admits the request, performs the operation on the directory, and writes down what was applied. */
const endpoint = (state: State, name: Operations.Name, contactId = "") =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    recorded(state, (text, traceId) =>
      Effect.gen(function* () {
        const operation = Operations.operations[name]
        const { caller, headers } = yield* admitted(state, operation.scope)
        const body = parsed(text)
        if (Option.isNone(body)) return { ...Operations.refusal(400, "Unexpected token in JSON"), headers }
        const { reply, write } = yield* Ref.modify(state.directory, (directory) => {
          const performed = operation.perform(directory, caller, { contactId, body: body.value })
          return [performed, performed.directory]
        })
        if (write !== undefined) state.applied.push({ ...write, at: caller.now, traceId })
        return { ...reply, headers }
      }).pipe(Effect.merge, Effect.provideService(HttpServerRequest.HttpServerRequest, request))
    )
  )

const contacts = (state: State) =>
  HttpApiBuilder.group(Api, "contacts", (handlers) =>
    handlers
      .handleRaw("getContact", ({ path }) => endpoint(state, "getContact", path.contactId))
      .handleRaw("updateContact", ({ path }) => endpoint(state, "updateContact", path.contactId))
      .handleRaw("upsertContact", () => endpoint(state, "upsertContact"))
  )

// --- the server --------------------------------------------------------------------------------------------------------

const unknownRoute = (state: State) => (app: HttpApp.Default) =>
  Effect.catchAllCause(app, (cause) => {
    // The router fails with RouteNotFound although the type of an HttpApp says that it never fails.
    const failure = Cause.failureOption<unknown>(cause)
    return Option.isSome(failure) && isRouteNotFound(failure.value)
      ? Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ method, url }) =>
          recorded(state, () => Effect.succeed(Operations.refusal(404, `Cannot ${method} ${url}`)))
        )
      : Effect.failCause(cause)
  })

const isRouteNotFound = (error: unknown) =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "RouteNotFound"

const serving = (
  state: State
): Layer.Layer<Sandbox, never, HttpServer.HttpServer | HttpRouter.HttpRouter.DefaultServices> => {
  const api = HttpApiBuilder.api(Api).pipe(Layer.provide(contacts(state)))
  const pages = Layer.mergeAll(
    HttpApiSwagger.layer({ path: "/docs" }),
    HttpApiBuilder.middlewareOpenApi({ path: "/openapi.json" }),
    HttpApiBuilder.Router.use((router) => router.get("/", HttpServerResponse.redirect("/docs")))
  )
  const service = Layer.effect(
    Sandbox,
    Effect.map(HttpServer.HttpServer, ({ address }) => ({
      url: address._tag === "TcpAddress" ? `http://${address.hostname}:${address.port}` : address.path,
      token: Redacted.make(state.tokens[0]?.token ?? ""),
      locationId: state.tokens[0]?.locationId ?? state.locationId,
      ledger: Effect.sync(() => ({ applied: [...state.applied], requests: [...state.requests] })),
      contacts: Effect.map(Ref.get(state.directory), Directory.contacts)
    }))
  )
  return service.pipe(
    Layer.provideMerge(HttpApiBuilder.serve()),
    Layer.provide(HttpApiBuilder.middleware(unknownRoute(state))),
    Layer.provide(pages),
    Layer.provide(api),
    Layer.provide(HttpRouter.setRouterConfig({ maxParamLength: 10_000 }))
  )
}
