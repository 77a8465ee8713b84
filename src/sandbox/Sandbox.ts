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
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import type * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as S from "effect/Schema"
import { createServer } from "node:http"
import { parseOption } from "../internal/json.js"
import type { Contact, LocationId } from "../Schema.js"
import { Api, ControlledApi } from "./Api.js"
import * as Connection from "./Connection.js"
import * as Directory from "./Directory.js"
import * as Edge from "./Edge.js"
import * as Faults from "./Faults.js"
import * as Guard from "./Guard.js"
import * as Ledger from "./Ledger.js"
import * as OAuth from "./OAuth.js"
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
  StoredContact,
  /**
   * @since 0.1.0
   * @category models
   */
  Snapshot
} from "./Directory.js"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Fault,
  /**
   * @since 0.1.0
   * @category models
   */
  Plan
} from "./Faults.js"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Token
} from "./Tokens.js"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  AppliedWrite,
  /**
   * @since 0.1.0
   * @category models
   */
  Ledger,
  /**
   * @since 0.1.0
   * @category models
   */
  ReceivedRequest
} from "./Ledger.js"

// --- models ------------------------------------------------------------------------------------------------------------

/**
 * - `port`: 0, a free one, by default. The host is always a loopback address.
 * - `locations`, `contacts`: what is there at the start; by default one location that allows no duplicates, empty.
 * - `tokens`: by default one with every scope for the first location.
 * - `limits`: requests in a burst and in a day, what a 429 says, and who else uses them: see `Quota`. The service's own by
 *   default, 100 in 10 seconds. They are counted by the clock that the layer is built with: under a `TestClock` that stands
 *   still, the 101st request meets a 429.
 * - `oauth`: the app that its token endpoints know, and how they behave: see `OAuth`.
 * - `faults`: what goes wrong from the start; nothing by default.
 * - `control`: whether faults, outage, contacts and ledger can be reached over HTTP too, under `/_sandbox`; not by default.
 *   Requests are then answered for a loopback `Host` and from the sandbox's own pages only.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly port?: number | undefined
  readonly locations?: ReadonlyArray<Directory.Location> | undefined
  readonly contacts?: ReadonlyArray<Contact> | undefined
  readonly tokens?: ReadonlyArray<Tokens.Token> | undefined
  readonly limits?: typeof Quota.Limits.Encoded | undefined
  readonly oauth?: Partial<OAuth.Options> | undefined
  readonly faults?: typeof Faults.Plan.Encoded | undefined
  readonly control?: boolean | undefined
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
  readonly ledger: Effect.Effect<Ledger.Ledger>
  readonly contacts: Effect.Effect<ReadonlyArray<Directory.StoredContact>>
  /** What goes wrong from now on, instead of what did until now. Fails for a plan that makes no sense. */
  readonly setFaults: (plan: typeof Faults.Plan.Encoded) => Effect.Effect<void, ParseResult.ParseError>
  /** Every request meets this, a plain 503 by default, until `recover`. */
  readonly outage: (fault?: typeof Faults.Fault.Encoded) => Effect.Effect<void, ParseResult.ParseError>
  readonly recover: Effect.Effect<void>
  /** What a location may ask for from now on; counts begin anew. Fails for limits that make no sense. */
  readonly setLimits: (limits: typeof Quota.Limits.Encoded) => Effect.Effect<void, ParseResult.ParseError>
  /** The day of the daily quota begins anew. */
  readonly startDay: Effect.Effect<void>
  /** The app as `/oauth/token` knows it. */
  readonly app: { readonly clientId: string; readonly clientSecret: Redacted.Redacted }
  /** Installs the app: the code that the consent page would send to its redirect URI. */
  readonly install: (installation: {
    readonly locationId?: LocationId | undefined
    readonly companyId?: string | undefined
    readonly scopes?: ReadonlyArray<Tokens.Scope> | undefined
  }) => Effect.Effect<Redacted.Redacted>
  /** All access tokens of OAuth end now; their grants stay. */
  readonly expireTokens: Effect.Effect<void>
  /** Everything as it was at the start: contacts, quotas and faults; an empty ledger. */
  readonly reset: Effect.Effect<void>
  /** Adds contacts, without a word in the ledger. One without a `locationId` goes to the first location. */
  readonly seed: (contacts: ReadonlyArray<Contact>) => Effect.Effect<void>
  /** All locations and contacts as JSON, to be imported again. */
  readonly exportDirectory: Effect.Effect<Directory.Snapshot>
  readonly importDirectory: (snapshot: Directory.Snapshot) => Effect.Effect<void>
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
    return Layer.suspend(() => {
      const server = createServer()
      // Whoever is still connected, to an answer that stalls say, does not hold up the end.
      const closing = Layer.scopedDiscard(Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections())))
      return Layer.unwrapEffect(Effect.map(makeState(options), (state) => serving(state, options))).pipe(
        Layer.provideMerge(closing),
        Layer.provide(NodeHttpServer.layer(() => server, { host: "127.0.0.1", port: options.port ?? 0 })),
        // The platform's router is a constant layer: two sandboxes in one layer graph would share it.
        Layer.fresh
      )
    })
  }
}

// --- state -------------------------------------------------------------------------------------------------------------

interface State {
  readonly tokens: ReadonlyArray<Tokens.Token>
  readonly locationId: LocationId
  limits: Quota.Limits
  directory: Directory.Directory
  quotas: Map<string, Quota.Quota>
  oauth: OAuth.OAuth
  faults: Faults.Faults
  outage: Faults.Fault | undefined
  book: Ledger.Book
}

/** What is there at the start, and after a reset. */
const initial = (options: Options, now: DateTime.Utc) => ({
  limits: decodeLimits(options.limits ?? {}),
  directory: Directory.make({ locations: options.locations, contacts: options.contacts, now }),
  quotas: new Map<string, Quota.Quota>(),
  oauth: OAuth.make(options.oauth),
  faults: Faults.make(decodePlan(options.faults ?? {})),
  outage: undefined,
  book: Ledger.make()
})

const decodePlan = S.decodeSync(Faults.Plan)
const decodeLimits = S.decodeSync(Quota.Limits)

const makeState = (options: Options): Effect.Effect<State> =>
  Effect.map(DateTime.now, (now) => {
    const locationId = ((options.locations ?? [])[0] ?? Directory.defaultLocation).id
    return {
      tokens: options.tokens ?? [{ token: "pit-sandbox", locationId, scopes: Tokens.allScopes }],
      locationId,
      ...initial(options, now)
    }
  })

// --- answers -----------------------------------------------------------------------------------------------------------

type ServerRequest = HttpServerRequest.HttpServerRequest

interface Reply extends Operations.Reply {
  readonly headers?: { readonly [name: string]: string }
}

/** Counts a request, which may never come to an entry if its client gives up on it, and names its answer. */
const arrived = ({ book }: State) => Operations.traceId((book.received += 1))

/** What a reply becomes: with a trace id, and an entry in the ledger. */
const recorded = (
  state: State,
  request: ServerRequest,
  traceId: string,
  reply: (body: string) => Effect.Effect<Reply>,
  fault?: Faults.Fault
): Effect.Effect<Edge.Answer> => {
  const { book } = state
  return Effect.gen(function* () {
    // It came before a reset of the sandbox, and is no part of what is there now.
    if (book !== state.book) return yield* Connection.reset(request)
    // What the edge resets is not even read.
    const isRead = fault?._tag !== "Reset" || Edge.isPerformed(fault)
    // A body that breaks off, or is too large, is no request: nothing is performed.
    const body = isRead ? yield* Effect.catchAll(request.text, () => Connection.reset(request)) : ""
    const { status, body: json, headers } = yield* reply(body)
    const { method, url, headers: sent } = request
    const met = fault === undefined ? { status } : { status: Edge.statusWith(fault, status), fault: fault._tag }
    Ledger.receive(book, { method, url, headers: sent, body, traceId, ...met })
    return {
      status,
      headers: { ...Edge.headersOf("application/json", yield* DateTime.now), ...headers },
      text: JSON.stringify({ ...json, traceId })
    }
  })
}

// --- what stands before an endpoint ------------------------------------------------------------------------------------

const versions = ["2021-04-15", "2021-07-28", "2023-02-21", "v3"]

/** Who asks, or why not. Version before token before quota; a request that is refused by the first two costs no slot. */
const admitted = (
  state: State,
  { headers }: ServerRequest,
  scope: Tokens.Scope
): Effect.Effect<{ readonly caller: Directory.Caller; readonly headers: { readonly [name: string]: string } }, Reply> =>
  Effect.gen(function* () {
    const version = headers["version"]
    if (version === undefined) return yield* Effect.fail(Operations.refusal(401, "version header was not found."))
    if (!versions.includes(version)) {
      const body = { status: 401, message: "version header is invalid", error: "Error" }
      return yield* Effect.fail({ status: 401, body })
    }
    const now = yield* DateTime.now
    const find = (bearer: string) =>
      state.tokens.find(({ token }) => token === bearer) ?? OAuth.find(state.oauth, bearer, now.epochMillis)
    const locationId = yield* Effect.mapError(Tokens.authorize(find, headers["authorization"], scope), (message) =>
      Operations.refusal(401, message)
    )
    const quota = state.quotas.get(locationId) ?? Quota.make(state.limits, now.epochMillis, state.book.strangers)
    state.quotas.set(locationId, quota)
    const { isAdmitted, headers: limits } = quota.admit(now.epochMillis)
    if (!isAdmitted) return yield* Effect.fail({ ...Operations.refusal(429, "Too Many Requests"), headers: limits })
    return { caller: { locationId, version, now }, headers: limits }
  })

// --- the endpoints -----------------------------------------------------------------------------------------------------

const parsed = (text: string): Option.Option<unknown> => (text === "" ? Option.some({}) : parseOption(text))

/** Admits the request, performs the operation on the directory, and writes down what was applied. */
const performing =
  (state: State, request: ServerRequest, traceId: string, name: Operations.Name, contactId: string) =>
  (text: string): Effect.Effect<Reply> =>
    Effect.gen(function* () {
      const operation = Operations.operations[name]
      const { caller, headers } = yield* admitted(state, request, operation.scope)
      const body = parsed(text)
      if (Option.isNone(body)) return { ...Operations.refusal(400, "Unexpected token in JSON"), headers }
      const { reply, directory, write } = operation.perform(state.directory, caller, { contactId, body: body.value })
      state.directory = directory
      if (write !== undefined) state.book.applied.push({ ...write, at: caller.now, traceId })
      return { ...reply, headers }
    }).pipe(Effect.merge)

/** Answers what the vendor's token endpoints would. */
const granting =
  (state: State, grant: (oauth: OAuth.OAuth, form: OAuth.Form, now: number) => OAuth.Answered) =>
  (text: string): Effect.Effect<Reply> =>
    Effect.map(DateTime.now, ({ epochMillis }) => {
      const { reply, oauth } = grant(state.oauth, Object.fromEntries(new URLSearchParams(text)), epochMillis)
      state.oauth = oauth
      return reply
    })

/** Answers a request, unless a fault is in its way. */
const answering = (
  state: State,
  name: Faults.Endpoint,
  performing: (request: ServerRequest, traceId: string) => (text: string) => Effect.Effect<Reply>
) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    Effect.gen(function* () {
      const traceId = arrived(state)
      const { delay, fault } = state.outage === undefined ? state.faults.next(name) : { delay: 0, fault: state.outage }
      const reply =
        fault === undefined || Edge.isPerformed(fault)
          ? performing(request, traceId)
          : () => Effect.succeed({ status: 200, body: {} })
      const answer = recorded(state, request, traceId, reply, fault)
      if (delay > 0) yield* Effect.sleep(Duration.millis(delay))
      return yield* fault === undefined ? Effect.map(answer, Edge.respond) : Edge.meet(request, fault, answer)
    })
  )

const endpoint = (state: State, name: Operations.Name, contactId = "") =>
  answering(state, name, (request, traceId) => performing(state, request, traceId, name, contactId))

const oauth = (state: State) =>
  HttpApiBuilder.group(Api, "oauth", (handlers) =>
    handlers
      .handleRaw("token", () => answering(state, "token", () => granting(state, OAuth.token)))
      .handleRaw("locationToken", () =>
        answering(state, "locationToken", ({ headers }) =>
          granting(state, (oauth, form, now) =>
            OAuth.locationToken(
              oauth,
              { bearer: Tokens.bearerOf(headers["authorization"]), version: headers["version"] },
              form,
              now
            )
          )
        )
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
      ? Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
          Effect.map(
            recorded(state, request, arrived(state), () =>
              Effect.succeed(Operations.refusal(404, `Cannot ${request.method} ${request.url}`))
            ),
            Edge.respond
          )
        )
      : Effect.failCause(cause)
  })

/** Refuses what must not even be read, and bounds what is. */
const guarded = (isControlled: boolean) => (app: HttpApp.Default) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers, url }) => {
    const refused = Guard.refuse(url, headers, isControlled)
    return refused === undefined
      ? HttpIncomingMessage.withMaxBodySize(app, Option.some(Guard.maxBodySize(url)))
      : Effect.map(DateTime.now, (now) =>
          Edge.respond({
            status: refused.status,
            headers: { ...Edge.headersOf("application/json", now), connection: "close" },
            text: JSON.stringify(refused.body)
          })
        )
  })

const isRouteNotFound = (error: unknown) =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "RouteNotFound"

const decodeFaults = S.decode(Faults.Plan)
const decodeLimitsEffect = S.decode(Quota.Limits)
const decodeFault = S.decode(Faults.Fault)

type Controls = Omit<Service, "url" | "token" | "locationId">

const setting = (state: State, changes: Partial<State>) => Effect.sync(() => void Object.assign(state, changes))

/** Counts begin anew with other limits. */
const limiting = (state: State, limits: Quota.Limits) => setting(state, { limits, quotas: new Map() })

/** What can be done with the sandbox besides asking it. */
const controls = (state: State, options: Options): Controls => ({
  ledger: Effect.sync(() => {
    const { received, applied, requests, strangers } = state.book
    return { received, applied: [...applied], requests: [...requests], strangers: { ...strangers } }
  }),
  contacts: Effect.sync(() => Directory.contacts(state.directory)),
  setFaults: (plan) => Effect.flatMap(decodeFaults(plan), (plan) => setting(state, { faults: Faults.make(plan) })),
  outage: (fault = { _tag: "Status", status: 503 }) =>
    Effect.flatMap(decodeFault(fault), (outage) => setting(state, { outage })),
  recover: setting(state, { outage: undefined }),
  setLimits: (limits) => Effect.flatMap(decodeLimitsEffect(limits), (limits) => limiting(state, limits)),
  startDay: Effect.map(DateTime.now, ({ epochMillis }) => {
    for (const quota of state.quotas.values()) quota.startDay(epochMillis)
  }),
  app: { clientId: state.oauth.options.clientId, clientSecret: Redacted.make(state.oauth.options.clientSecret) },
  install: ({ locationId, companyId, scopes = Tokens.allScopes }) =>
    Effect.suspend(() => {
      const [code, oauth] = OAuth.install(state.oauth, { locationId, companyId, scopes })
      return Effect.as(setting(state, { oauth }), Redacted.make(code))
    }),
  expireTokens: Effect.suspend(() => setting(state, { oauth: OAuth.expire(state.oauth) })),
  reset: Effect.flatMap(DateTime.now, (now) => setting(state, initial(options, now))),
  seed: (contacts) =>
    Effect.flatMap(DateTime.now, (now) =>
      setting(state, {
        directory: Directory.seed(state.directory, contacts, { locationId: state.locationId, now })
      })
    ),
  exportDirectory: Effect.sync(() => Directory.toSnapshot(state.directory)),
  importDirectory: (snapshot) => Effect.suspend(() => setting(state, { directory: Directory.fromSnapshot(snapshot) }))
})

const control = (state: State, service: Controls) =>
  HttpApiBuilder.group(ControlledApi, "control", (handlers) =>
    handlers
      .handle("setFaults", ({ payload }) => setting(state, { faults: Faults.make(payload) }))
      .handle("outage", ({ payload }) => setting(state, { outage: payload }))
      .handle("recover", () => service.recover)
      .handle("setLimits", ({ payload }) => limiting(state, payload))
      .handle("startDay", () => service.startDay)
      .handle("reset", () => service.reset)
      .handle("seed", ({ payload }) => service.seed(payload))
      .handle("ledger", () => service.ledger)
      .handle("exportDirectory", () => service.exportDirectory)
      .handle("importDirectory", ({ payload }) => service.importDirectory(payload))
      .handle("install", ({ payload }) =>
        Effect.map(service.install(payload), (code) => ({ code: Redacted.value(code) }))
      )
      .handle("expireTokens", () => service.expireTokens)
  )

const serving = (
  state: State,
  options: Options
): Layer.Layer<Sandbox, never, HttpServer.HttpServer | HttpRouter.HttpRouter.DefaultServices> => {
  const controlled = controls(state, options)
  const groups = Layer.merge(contacts(state), oauth(state))
  const api =
    options.control === true
      ? HttpApiBuilder.api(ControlledApi).pipe(Layer.provide(control(state, controlled)), Layer.provide(groups))
      : HttpApiBuilder.api(Api).pipe(Layer.provide(groups))
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
      ...controlled
    }))
  )
  return service.pipe(
    Layer.provideMerge(HttpApiBuilder.serve()),
    Layer.provide(HttpApiBuilder.middleware((app) => guarded(options.control === true)(unknownRoute(state)(app)))),
    Layer.provide(pages),
    Layer.provide(api),
    Layer.provide(HttpRouter.setRouterConfig({ maxParamLength: 10_000 }))
  )
}
