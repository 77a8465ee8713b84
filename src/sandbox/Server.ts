/**
 * The HTTP server of the sandbox. It receives requests, applies faults, and records each request in the ledger.
 *
 * @since 0.2.0
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiSwagger from "@effect/platform/HttpApiSwagger"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as HttpRouter from "@effect/platform/HttpRouter"
import type * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Answer from "./Answer.js"
import * as Connection from "./Connection.js"
import * as ControlApi from "./ControlApi.js"
import * as Edge from "./Edge.js"
import type * as Faults from "./Faults.js"
import * as Guard from "./Guard.js"
import * as Ledger from "./Ledger.js"
import { describedApi } from "./OpenApi.js"
import * as Reply from "./Reply.js"
import * as RequestLog from "./RequestLog.js"
import * as Service from "./Service.js"
import * as State from "./State.js"
import type { Webhooks } from "./Webhooks.js"

/**
 * A sandbox that is served.
 *
 * @since 0.2.0
 * @category models
 */
export interface Serving {
  /** The state of the sandbox. */
  readonly state: State.State
  /** Sends the events of writes. */
  readonly webhooks: Webhooks
  /** Whether each request is logged. */
  readonly logRequests: boolean
}

type ServerRequest = HttpServerRequest.HttpServerRequest

/** Computes the response to a request, adds the trace id, and records the request in the ledger. */
const recorded = (
  { state, webhooks }: Serving,
  request: ServerRequest,
  traceId: string,
  answer: Service.Route["answer"],
  fault?: Faults.Fault
): Effect.Effect<Answer.EncodedResponse> => {
  const { ledger } = state
  return Effect.gen(function* () {
    // The request came before a reset of the sandbox, so the new state does not include it.
    if (ledger !== state.ledger) return yield* Connection.reset(request)
    // The body is not read if a fault resets the connection before the request is performed.
    const isRead = fault?._tag !== "Reset" || Answer.isPerformed(fault)
    // A request whose body breaks off or is too large is not performed; its connection is reset.
    const body = isRead ? yield* Effect.catchAll(request.text, () => Connection.reset(request)) : ""
    const now = yield* DateTime.now
    const { status, body: json, events, headers } = answer(body, traceId, now.epochMillis)
    if (events !== undefined && webhooks.isOn) yield* webhooks.send(events, yield* Connection.responded(request))
    const { method, url, headers: sent } = request
    const outcome = fault === undefined ? { status } : { status: Answer.statusWith(fault, status), fault: fault._tag }
    Ledger.receive(ledger, { method, url, headers: sent, body, traceId, ...outcome })
    return {
      status,
      headers: { ...Answer.headersOf("application/json", now), ...headers },
      text: JSON.stringify({ ...json, traceId })
    }
  })
}

const notPerformed = (): Service.RouteResponse => ({ status: 200, body: {} })

const notFound = ({ method, url }: ServerRequest): Service.RouteResponse =>
  Reply.refusal(404, `Cannot ${method} ${url}`)

/** Responds to a request, and applies its fault if there is one. */
const respond = (serving: Serving) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const { state } = serving
    // The request is counted before its body is read, because the client may give up on it.
    const traceId = Reply.traceId((state.ledger.received += 1))
    const route = Service.route(state, request)
    const { delay, fault } = route === undefined ? noFault : State.nextFault(state, route.name)
    const perform = route?.answer ?? (() => notFound(request))
    const isPerformed = fault === undefined || Answer.isPerformed(fault)
    const answer = recorded(serving, request, traceId, isPerformed ? perform : notPerformed, fault)
    const response = fault === undefined ? Effect.map(answer, Edge.respond) : Edge.applyFault(request, fault, answer)
    const delayed = delay > 0 ? Effect.delay(response, Duration.millis(delay)) : response
    return serving.logRequests ? RequestLog.logged(request, fault, delayed) : delayed
  })

const noFault: Faults.FaultDecision = { delay: 0, fault: undefined }

const isRouteNotFound = (error: unknown) =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "RouteNotFound"

/** Any path other than the sandbox's own pages is a request to the simulated API. */
const servingApi = (serving: Serving) => (app: HttpApp.Default) =>
  Effect.catchAllCause(app, (cause) =>
    // The router fails with RouteNotFound although the type of an HttpApp says that it never fails.
    Option.exists(Cause.failureOption<unknown>(cause), isRouteNotFound) ? respond(serving) : Effect.failCause(cause)
  )

/** Refuses requests whose bodies must not be read, and limits the size of all other bodies. */
const guarded = (isControlled: boolean, logRequests: boolean) => (app: HttpApp.Default) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const { headers, url } = request
    const refused = Guard.refuse(url, headers, isControlled)
    if (refused === undefined) return HttpIncomingMessage.withMaxBodySize(app, Option.some(Guard.maxBodySize(url)))
    const response = Effect.map(DateTime.now, (now) =>
      Edge.respond({
        status: refused.status,
        headers: { ...Answer.headersOf("application/json", now), connection: "close" },
        text: JSON.stringify(refused.body)
      })
    )
    return logRequests ? RequestLog.logged(request, undefined, response) : response
  })

/**
 * Serves a sandbox, with its controls if they are given.
 *
 * @since 0.2.0
 * @category layers
 */
export const serve = (
  serving: Serving,
  controls: ControlApi.Controls | undefined
): Layer.Layer<never, never, HttpServer.HttpServer | HttpRouter.HttpRouter.DefaultServices> => {
  const { logRequests } = serving
  const isControlled = controls !== undefined
  const pages = Layer.mergeAll(
    HttpApiSwagger.layer({ path: "/docs" }),
    HttpApiBuilder.middlewareOpenApi({ path: "/openapi.json", additionalPropertiesStrategy: "allow" }),
    HttpApiBuilder.Router.use((router) => router.get("/", HttpServerResponse.redirect("/docs"))),
    controls === undefined ? Layer.empty : ControlApi.layer(controls)
  )
  const api = Layer.succeed(HttpApi.Api, {
    api: describedApi(isControlled) as never,
    context: Context.empty()
  })
  return HttpApiBuilder.serve().pipe(
    Layer.provide(HttpApiBuilder.middleware((app) => guarded(isControlled, logRequests)(servingApi(serving)(app)))),
    Layer.provide(pages),
    Layer.provide(api),
    Layer.provide(HttpRouter.setRouterConfig({ maxParamLength: 10_000 }))
  )
}
