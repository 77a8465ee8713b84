/**
 * A stand-in for the real service: an HTTP server on a loopback port that stores contacts, finds duplicates, checks tokens,
 * scopes and Versions, enforces rate limits, and responds in the service's own words.
 *
 * Needs `@effect/platform-node`.
 *
 * @module Sandbox
 * @since 0.1.0
 */
import type * as HttpServerError from "@effect/platform/HttpServerError"
import type * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { createServer } from "node:http"
import type { LocationId } from "../Schema.js"
import type * as ControlApi from "./ControlApi.js"
import * as Controls from "./Controls.js"
import { serve, type Serving } from "./Server.js"
import * as State from "./State.js"
import { installed } from "./WebhookEvents.js"
import * as Webhooks from "./Webhooks.js"

export {
  /**
   * @since 0.1.0
   * @category constants
   */
  defaultLocation
} from "./Seed.js"

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
  Snapshot
} from "./Seed.js"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  StoredContact
} from "./ContactRecord.js"

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

export {
  /**
   * @since 0.2.0
   * @category models
   */
  SentWebhook,
  /**
   * @since 0.2.0
   * @category models
   */
  WebhookOptions
} from "./Webhooks.js"

// --- models ------------------------------------------------------------------------------------------------------------

/**
 * The options of {@link Sandbox.layer}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends State.Options {
  /** The port of the server: 0, a free one, by default. The host is always a loopback address. */
  readonly port?: number | undefined
  /**
   * Whether the controls are served over HTTP too, under `/_sandbox`; `false` by default. If so, the sandbox rejects every
   * request with another `Host` than a loopback address or from the pages of another origin.
   */
  readonly control?: boolean | undefined
  /**
   * Whether each request is logged at level `Info`, in a line such as `GET /contacts/jane 200 3 ms` or
   * `PUT /contacts/jane 503 1 ms (fault: Status)`; not by default. A line has no token, and no values of a query string.
   *
   * @since 0.2.0
   */
  readonly logRequests?: boolean | undefined
  /**
   * The receiver of the events of writes and installations, which are signed with `webhookKey`; no events are sent by
   * default. Each event is sent after the response of its write, in the order of the writes. A URL other than `https` or a
   * loopback address is refused.
   *
   * @since 0.2.0
   */
  readonly webhooks?: typeof Webhooks.WebhookOptions.Encoded | undefined
}

/**
 * A running sandbox: its address, a token for it, and its controls.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service extends ControlApi.Controls {
  /** The base URL of the API, such as `http://127.0.0.1:8787`. */
  readonly url: string
  /** The first token of the sandbox: one for `locationId` by default. */
  readonly token: Redacted.Redacted
  /** The location that `token` gives access to. */
  readonly locationId: LocationId
}

/**
 * A sandbox on a loopback port, for tests over real HTTP.
 *
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
      // Open connections, to a stalled response for example, do not delay the shutdown.
      const closing = Layer.scopedDiscard(Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections())))
      return Layer.unwrapScoped(Effect.map(starting(options), (serving) => layerOf(serving, options))).pipe(
        Layer.provideMerge(closing),
        Layer.provide(NodeHttpServer.layer(() => server, { host: "127.0.0.1", port: options.port ?? 0 })),
        // The platform's router is a constant layer: two sandboxes in one layer graph would share it.
        Layer.fresh
      )
    })
  }
}

// --- the server --------------------------------------------------------------------------------------------------------

const starting = (options: Options): Effect.Effect<Serving, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { epochMillis } = yield* DateTime.now
    const state = State.make(options, epochMillis)
    const { logRequests = false } = options
    const webhookOptions =
      options.webhooks === undefined ? undefined : State.check("webhooks", Webhooks.WebhookOptions, options.webhooks)
    const appId = state.oauth.options.clientId
    const webhooks = yield* Webhooks.make(webhookOptions, { appId, isLogged: logRequests })
    return { state, webhooks, logRequests }
  })

/** The controls of the sandbox. `install` also sends an event, and `reset` also resets the webhooks. */
const controlsOf = ({ state, webhooks }: Serving, options: Options): ControlApi.Controls => {
  const controls = Controls.make(state, options)
  return {
    ...controls,
    install: (installation) =>
      Effect.tap(controls.install(installation), () =>
        webhooks.send([installed(installation.locationId, installation.companyId)], Effect.void)
      ),
    reset: Effect.zipRight(controls.reset, webhooks.reset),
    webhookKey: webhooks.key,
    webhooks: webhooks.sent
  }
}

const layerOf = (
  serving: Serving,
  options: Options
): Layer.Layer<Sandbox, never, HttpServer.HttpServer | HttpRouter.HttpRouter.DefaultServices> => {
  const { state } = serving
  const controls = controlsOf(serving, options)
  const service = Layer.effect(
    Sandbox,
    Effect.map(HttpServer.HttpServer, ({ address }) => ({
      url: address._tag === "TcpAddress" ? `http://${address.hostname}:${address.port}` : address.path,
      token: Redacted.make(state.tokens[0]?.token ?? ""),
      locationId: state.tokens[0]?.locationId ?? state.locationId,
      ...controls
    }))
  )
  return Layer.provideMerge(service, serve(serving, options.control === true ? controls : undefined))
}
