/**
 * Verifies the signature and the age of the webhooks that the vendor sends when contacts, notes, tasks and installations
 * change, and decodes their events.
 *
 * Uses Web Crypto: Node 20 and later, Deno, Bun, Cloudflare Workers.
 *
 * Source: https://marketplace.gohighlevel.com/docs/webhook/WebhookIntegrationGuide
 *
 * @module
 * @since 0.2.0
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Events from "./webhooks/events.js"
import {
  InvalidSignature,
  MalformedWebhook,
  type Rejection,
  ReplayedWebhook,
  StaleWebhook
} from "./webhooks/rejections.js"
import { type InvalidWebhookOptions, make, type Options, type Request, Webhooks } from "./webhooks/service.js"
import * as Verify from "./webhooks/verify.js"
import * as WebhookStore from "./WebhookStore.js"

// --- models --------------------------------------------------------------------------------------------------------------

export { InvalidSignature, MalformedWebhook, type Rejection, ReplayedWebhook, StaleWebhook }

/**
 * An event. Its `_tag` is the vendor's `type`, or `Unknown` if that type has no model in this library. Every field except
 * `id` may be absent. A field without a model keeps its own name and has the type `unknown`.
 *
 * @since 0.2.0
 * @category events
 */
export type Event = Events.Event

/**
 * Decodes the body of a webhook, and encodes an event as the vendor sends it. It does not check a signature.
 *
 * @since 0.2.0
 * @category events
 */
export const Event: Schema.Schema<Event, { readonly [field: string]: unknown }> = Events.Event

/**
 * A contact was created, changed or deleted. The event has most fields of the contact, but not the information which of them
 * changed. Events arrive late and out of order, so read the contact again if you need its current state.
 *
 * @since 0.2.0
 * @category events
 */
export type ContactEvent = Extract<Event, { readonly _tag: `Contact${string}` }>

/**
 * A note was created, changed or deleted.
 *
 * @since 0.2.0
 * @category events
 */
export type NoteEvent = Extract<Event, { readonly _tag: `Note${string}` }>

/**
 * A task was created, completed or deleted.
 *
 * @since 0.2.0
 * @category events
 */
export type TaskEvent = Extract<Event, { readonly _tag: `Task${string}` }>

/**
 * A location or a company installed or removed the app.
 *
 * @since 0.2.0
 * @category events
 */
export type InstallationEvent = Extract<Event, { readonly _tag: "INSTALL" | "UNINSTALL" }>

/**
 * The headers of a request: a `Headers`, or an object whose names may be in any case.
 *
 * @since 0.2.0
 * @category models
 */
export type { HeadersInput } from "./webhooks/signature.js"

export {
  InvalidWebhookOptions,
  make,
  type Options,
  publishedKeys,
  publishedRsaKeys,
  type Request,
  type Service,
  Webhooks
} from "./webhooks/service.js"

// --- layers --------------------------------------------------------------------------------------------------------------

/** The store of the context, or one in memory. */
const contextStore = Effect.flatMap(Effect.serviceOption(WebhookStore.WebhookStore), (store) =>
  Option.isSome(store) ? Effect.succeed(store.value) : WebhookStore.makeMemory()
)

/**
 * The layer of {@link Webhooks}. It uses the `WebhookStore` of the context, or a store in memory if there is none.
 *
 * @example
 * import { Layer } from "effect"
 * import * as Webhooks from "effect-growthhub/Webhooks"
 * import * as WebhookStoreRedis from "effect-growthhub/WebhookStoreRedis"
 * import { Redis } from "ioredis"
 *
 * // Layer<Webhooks, InvalidWebhookOptions>
 * export const Live = Webhooks.layer({ appId: "65c0…" }).pipe(
 *   Layer.provide(WebhookStoreRedis.layer({ client: new Redis("redis://localhost:6379") }))
 * )
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Webhooks, InvalidWebhookOptions> =>
  Layer.effect(
    Webhooks,
    Effect.flatMap(contextStore, (store) => make(options, store))
  )

const listed = (text: string) =>
  text
    .split(",")
    .map((key) => key.trim())
    .filter((key) => key !== "")

/**
 * {@link layer} with options from the app's configuration: `GROWTHHUB_WEBHOOK_KEYS` (Ed25519 keys, separated by commas; the
 * published one if it is not set) and `GROWTHHUB_WEBHOOK_APP_ID` (not checked if it is not set). `options` has the other
 * options. Fails with `ConfigError` if a value is not valid.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerConfig = (
  options: Omit<Options, "keys" | "appId"> = {}
): Layer.Layer<Webhooks, ConfigError.ConfigError> =>
  Layer.effect(
    Webhooks,
    Effect.gen(function* () {
      const keys = listed(yield* Config.withDefault(Config.string("GROWTHHUB_WEBHOOK_KEYS"), ""))
      const appId = yield* Config.withDefault(Config.string("GROWTHHUB_WEBHOOK_APP_ID"), "")
      const configured = {
        ...options,
        keys: keys.length === 0 ? undefined : keys,
        appId: appId === "" ? undefined : appId
      }
      return yield* Effect.mapError(make(configured, yield* contextStore), ({ message }) =>
        ConfigError.InvalidData(["GROWTHHUB_WEBHOOK_KEYS"], message)
      )
    })
  )

// --- an Effect server ----------------------------------------------------------------------------------------------------

/**
 * Verifies a request with the `Webhooks` of the context and returns its event. See {@link Service.verify}.
 *
 * @since 0.2.0
 * @category accessors
 */
export const verify = (request: Request): Effect.Effect<Event, Rejection | WebhookStore.WebhookStoreError, Webhooks> =>
  Effect.flatMap(Webhooks, (webhooks) => webhooks.verify(request))

/** Reads the body of the current request. Fails as soon as the body exceeds the maximum size. */
const readBody = (request: HttpServerRequest.HttpServerRequest, maxBodySize: number) =>
  Effect.map(
    Stream.runFoldEffect(request.stream, { chunks: [] as Array<Uint8Array>, size: 0 }, (body, chunk) => {
      const size = body.size + chunk.byteLength
      if (size > maxBodySize) return Verify.tooLarge(maxBodySize)
      body.chunks.push(chunk)
      return Effect.succeed({ chunks: body.chunks, size })
    }),
    ({ chunks, size }) => {
      const bytes = new Uint8Array(size)
      let offset = 0
      for (const chunk of chunks) {
        bytes.set(chunk, offset)
        offset += chunk.byteLength
      }
      return bytes
    }
  )

/**
 * Verifies the current request of an Effect server and returns its event. Fails with the errors of {@link verify}, and with
 * `RequestError` if the body cannot be read.
 *
 * @since 0.2.0
 * @category http
 */
export const verifyCurrent: Effect.Effect<
  Event,
  Rejection | WebhookStore.WebhookStoreError | HttpServerError.RequestError,
  Webhooks | HttpServerRequest.HttpServerRequest
> = Effect.gen(function* () {
  const webhooks = yield* Webhooks
  const request = yield* HttpServerRequest.HttpServerRequest
  // The declared length is checked before reading, so that the sender gets a response: Node closes the connection if reading
  // stops within a body.
  if (Number(request.headers["content-length"] ?? 0) > webhooks.maxBodySize) {
    return yield* Verify.tooLarge(webhooks.maxBodySize)
  }
  const body = yield* readBody(request, webhooks.maxBodySize)
  return yield* webhooks.verify({ headers: request.headers, body })
})

/** The only status after which the vendor, by its own documentation, sends a webhook again: every 10 minutes, six times. */
const retryStatus = 429

/**
 * The status of the response to a webhook that is not accepted: 401 for a signature that is not valid, 200 for a replay, 400
 * for a webhook that is stale or malformed, 413 for one that is too large. For any other error it is 429, after which the
 * vendor sends the webhook again.
 *
 * @since 0.2.0
 * @category http
 */
export const statusOf = (error: unknown): number => {
  if (error instanceof InvalidSignature) return 401
  if (error instanceof ReplayedWebhook) return 200
  if (error instanceof StaleWebhook) return 400
  if (error instanceof MalformedWebhook) return error.isTooLarge ? 413 : 400
  return retryStatus
}

const rejected = (error: Rejection | WebhookStore.WebhookStoreError | HttpServerError.RequestError) =>
  Effect.as(
    Effect.annotateLogs(
      error._tag === "ReplayedWebhook" ? Effect.logDebug(error.message) : Effect.logWarning(error.message),
      "rejection",
      error._tag
    ),
    HttpServerResponse.empty({ status: statusOf(error) })
  )

/**
 * The event that {@link middleware} has verified.
 *
 * @since 0.2.0
 * @category http
 */
export class CurrentEvent extends Context.Tag("effect-growthhub/Webhooks/CurrentEvent")<CurrentEvent, Event>() {}

/**
 * Runs an app for verified requests only, with their {@link CurrentEvent}. Responds with 401 to a signature that is not
 * valid, 400 or 413 to a webhook that is stale or malformed, 200 to a replay, and 429 if the store cannot be used. If the app
 * fails, or responds with a status of 400 or more, the event is accepted again when the vendor sends it once more.
 *
 * @since 0.2.0
 * @category http
 */
export const middleware = <E, R>(
  app: HttpApp.Default<E, R>
): HttpApp.Default<E, Exclude<R, CurrentEvent> | Webhooks | HttpServerRequest.HttpServerRequest> =>
  Effect.flatMap(Effect.either(verifyCurrent), (verified) =>
    verified._tag === "Left"
      ? rejected(verified.left)
      : Effect.provideService(app, CurrentEvent, verified.right).pipe(
          Effect.onExit((exit) =>
            Exit.isSuccess(exit) && exit.value.status < 400 ? Effect.void : forget(verified.right)
          )
        )
  )

const forget = (event: Event) => Effect.ignoreLogged(Effect.flatMap(Webhooks, (webhooks) => webhooks.forget(event)))

/**
 * An app that verifies requests, passes each event to a handler and responds with 204 when the handler has succeeded. The
 * vendor waits for the response, so the handler should put the event into a queue from which another fiber takes it.
 *
 * If the handler fails, the app logs its cause and responds with 429, after which the vendor sends the webhook again. See
 * {@link middleware} for the other responses.
 *
 * @example
 * import { HttpRouter } from "@effect/platform"
 * import { Effect, Queue } from "effect"
 * import * as Webhooks from "effect-growthhub/Webhooks"
 *
 * export const router = (events: Queue.Queue<Webhooks.Event>) =>
 *   HttpRouter.empty.pipe(
 *     HttpRouter.post(
 *       "/webhooks/crm",
 *       Webhooks.httpApp((event) => Queue.offer(events, event))
 *     )
 *   )
 *
 * @since 0.2.0
 * @category http
 */
export const httpApp = <A, E, R>(
  handle: (event: Event) => Effect.Effect<A, E, R>
): HttpApp.Default<never, Exclude<R, CurrentEvent> | Webhooks | HttpServerRequest.HttpServerRequest> =>
  middleware(
    Effect.as(
      Effect.flatMap(CurrentEvent, (event) => handle(event)),
      HttpServerResponse.empty()
    )
  ).pipe(
    Effect.catchAllCause((cause) =>
      Cause.isInterruptedOnly(cause)
        ? Effect.interrupt
        : Effect.as(
            Effect.logError("A webhook could not be handled", cause),
            HttpServerResponse.empty({ status: retryStatus })
          )
    )
  )

// --- other servers -------------------------------------------------------------------------------------------------------

/**
 * A verifier for servers without Effect.
 *
 * @since 0.2.0
 * @category models
 */
export interface Verifier {
  /** Like {@link Service.verify}. Rejects with a {@link Rejection} or a `WebhookStoreError`, which differ by `_tag`. */
  readonly verify: (request: Request) => Promise<Event>
  /** Like {@link Service.forget}. */
  readonly forget: (event: Event) => Promise<void>
}

const runPromise = async <A, E>(effect: Effect.Effect<A, E>): Promise<A> => {
  const exit = await Effect.runPromiseExit(effect)
  if (Exit.isSuccess(exit)) return exit.value
  throw Cause.squash(exit.cause)
}

/**
 * A verifier for a server without Effect, such as Express, Hono or a Worker. Without a `store`, it remembers ids in memory.
 * Rejects with {@link InvalidWebhookOptions} if an option is not valid.
 *
 * @example
 * import * as Webhooks from "effect-growthhub/Webhooks"
 *
 * const verifier = Webhooks.makePromise({ appId: "65c0…" })
 *
 * export const POST = async (request: globalThis.Request) => {
 *   const { verify } = await verifier
 *   try {
 *     const event = await verify({ headers: request.headers, body: new Uint8Array(await request.arrayBuffer()) })
 *     console.log(event._tag)
 *     return new Response(null, { status: 204 })
 *   } catch (error) {
 *     return new Response(null, { status: Webhooks.statusOf(error) })
 *   }
 * }
 *
 * @since 0.2.0
 * @category constructors
 */
export const makePromise = (
  options: Options & {
    /** The store of the ids of webhooks. In memory by default. */
    readonly store?: WebhookStore.Service | undefined
  } = {}
): Promise<Verifier> =>
  runPromise(
    Effect.gen(function* () {
      const service = yield* make(options, options.store ?? (yield* WebhookStore.makeMemory()))
      return {
        verify: (request: Request) => runPromise(service.verify(request)),
        forget: (event: Event) => runPromise(service.forget(event))
      }
    })
  )
