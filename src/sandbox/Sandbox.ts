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
import { createServer } from "node:http"
import type { LocationId } from "../Schema.js"
import * as Controls from "./Controls.js"
import { serve } from "./Server.js"
import * as State from "./State.js"

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
   * `PUT /contacts/jane 503 1 ms (fault: Status)`; not by default. A line has no token, and of a query string only the names.
   *
   * @since 0.2.0
   */
  readonly logRequests?: boolean | undefined
}

/**
 * A running sandbox: its address, a token for it, and its controls.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service extends Controls.Controls {
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
      const state = Effect.map(DateTime.now, ({ epochMillis }) => State.make(options, epochMillis))
      return Layer.unwrapEffect(Effect.map(state, (state) => serving(state, options))).pipe(
        Layer.provideMerge(closing),
        Layer.provide(NodeHttpServer.layer(() => server, { host: "127.0.0.1", port: options.port ?? 0 })),
        // The platform's router is a constant layer: two sandboxes in one layer graph would share it.
        Layer.fresh
      )
    })
  }
}

// --- the server --------------------------------------------------------------------------------------------------------

const serving = (
  state: State.State,
  options: Options
): Layer.Layer<Sandbox, never, HttpServer.HttpServer | HttpRouter.HttpRouter.DefaultServices> => {
  const controlled = Controls.make(state, options)
  const service = Layer.effect(
    Sandbox,
    Effect.map(HttpServer.HttpServer, ({ address }) => ({
      url: address._tag === "TcpAddress" ? `http://${address.hostname}:${address.port}` : address.path,
      token: Redacted.make(state.tokens[0]?.token ?? ""),
      locationId: state.tokens[0]?.locationId ?? state.locationId,
      ...controlled
    }))
  )
  return Layer.provideMerge(
    service,
    serve(state, {
      controls: options.control === true ? controlled : undefined,
      logRequests: options.logRequests ?? false
    })
  )
}
