// The verifier of webhooks: its options, its service, and how it is made.
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Service as Store, WebhookStoreError } from "../WebhookStore.js"
import type { Event } from "./events.js"
import { importKey, publishedEd25519, publishedRsa } from "./keys.js"
import type { Rejection } from "./rejections.js"
import type { HeadersInput } from "./signature.js"
import * as Verify from "./verify.js"

/**
 * A request as it came.
 *
 * @since 0.2.0
 * @category models
 */
export interface Request {
  /** The headers of the request. */
  readonly headers: HeadersInput
  /** The body as it came, byte for byte: JSON that was parsed and written again has another signature. Text is UTF-8. */
  readonly body: Uint8Array | string
}

/**
 * What is accepted.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /**
   * The Ed25519 keys of which one must have signed `x-ghl-signature`: PEM, or the base64 of the SPKI. While the vendor rotates
   * its key, give both. {@link publishedKeys} by default.
   */
  readonly keys?: ReadonlyArray<string> | undefined
  /**
   * The RSA keys of the older header `x-wh-signature`, which counts only where `x-ghl-signature` is absent. None by default:
   * that header is not accepted. {@link publishedRsaKeys} are the vendor's.
   */
  readonly rsaKeys?: ReadonlyArray<string> | undefined
  /**
   * The app that the webhooks are for. The vendor signs the webhooks of all apps with one key: without this option, a webhook
   * of another app is accepted. Webhooks without an `appId` are refused then. Not checked by default.
   */
  readonly appId?: string | undefined
  /** How far the `timestamp` of a webhook may be from the `Clock`, in both directions. 5 minutes by default. */
  readonly tolerance?: Duration.DurationInput | undefined
  /** How long the id of a webhook is remembered. 3 days by default; at least twice the `tolerance`. */
  readonly rememberFor?: Duration.DurationInput | undefined
  /** The size of a body at most, in bytes. 1 MiB by default. */
  readonly maxBodySize?: number | undefined
  /**
   * Whether a webhook must have `timestamp` and `webhookId`. `optional` by default: without them its signature alone decides,
   * and a warning is logged, because a replay of it is accepted.
   */
  readonly envelope?: "optional" | "required" | undefined
}

/**
 * Verifies webhooks.
 *
 * @since 0.2.0
 * @category models
 */
export interface Service {
  /**
   * The event of a request that the vendor signed, that is not older than allowed and was not accepted before. Its id is
   * stored by then: a repeat for the same request fails with `Replayed`. Fails with a {@link Rejection}, or with
   * `WebhookStoreError` if the store cannot be used: the webhook is not accepted then.
   */
  readonly verify: (request: Request) => Effect.Effect<Event, Rejection | WebhookStoreError>
  /** Forgets that an event was accepted, because it could not be handled: it is accepted when the vendor sends it again. */
  readonly forget: (event: Event) => Effect.Effect<void, WebhookStoreError>
  /** The size of a body at most, in bytes. */
  readonly maxBodySize: number
}

/**
 * Verifies the webhooks of an app: `Webhooks.layer`, `Webhooks.layerConfig`.
 *
 * @since 0.2.0
 * @category tags
 */
export class Webhooks extends Context.Tag("effect-growthhub/Webhooks")<Webhooks, Service>() {}

/**
 * An option is not valid.
 *
 * @since 0.2.0
 * @category errors
 */
export class InvalidWebhookOptions extends Schema.TaggedError<InvalidWebhookOptions>(
  "effect-growthhub/InvalidWebhookOptions"
)("InvalidWebhookOptions", {
  /** Which option, and what is wrong with it. */
  message: Schema.String
}) {}

/**
 * The Ed25519 keys that the vendor publishes, of November 2026.
 *
 * @since 0.2.0
 * @category keys
 */
export const publishedKeys: ReadonlyArray<string> = [publishedEd25519]

/**
 * The RSA keys that the vendor published for the older header `x-wh-signature`.
 *
 * @since 0.2.0
 * @category keys
 */
export const publishedRsaKeys: ReadonlyArray<string> = [publishedRsa]

const invalidOption = (message: string) => new InvalidWebhookOptions({ message })

const keysOf = ({ keys = publishedKeys, rsaKeys = [] }: Options) => {
  const all = [
    ...keys.map((text) => ["keys", "Ed25519", text] as const),
    ...rsaKeys.map((text) => ["rsaKeys", "RSA-SHA256", text] as const)
  ]
  if (all.length === 0) return invalidOption("`keys` is empty: no webhook could be accepted")
  return Effect.forEach(all, ([option, algorithm, text]) =>
    Effect.mapError(importKey(algorithm, text), (reason) => invalidOption(`A key of \`${option}\` ${reason}`))
  )
}

const durationOf = (name: "tolerance" | "rememberFor", input: Duration.DurationInput) =>
  Option.match(Duration.decodeUnknown(input), {
    onNone: () => invalidOption(`\`${name}\` is not a duration`),
    onSome: (duration) =>
      Duration.toMillis(duration) > 0 && Duration.isFinite(duration)
        ? Effect.succeed(duration)
        : invalidOption(`\`${name}\` must be longer than nothing and finite`)
  })

/**
 * A verifier with a store of its own. Fails with {@link InvalidWebhookOptions} if a key cannot be read or another option is
 * not valid.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (options: Options, store: Store): Effect.Effect<Service, InvalidWebhookOptions> =>
  Effect.gen(function* () {
    const { appId, envelope = "optional", maxBodySize = 1024 * 1024 } = options
    const keys = yield* keysOf(options)
    const tolerance = yield* durationOf("tolerance", options.tolerance ?? "5 minutes")
    const rememberFor = yield* durationOf("rememberFor", options.rememberFor ?? "3 days")
    if (!(maxBodySize >= 1)) return yield* invalidOption("`maxBodySize` must be at least 1 byte")
    // An environment variable that is set to nothing would refuse every webhook.
    if (appId === "") return yield* invalidOption("`appId` is empty")
    const settings: Verify.Settings = {
      keys,
      tolerance,
      // A webhook from the future is young for twice the tolerance.
      rememberFor: Duration.max(rememberFor, Duration.times(tolerance, 2)),
      maxBodySize,
      appId,
      envelope,
      store
    }
    return {
      maxBodySize,
      verify: (request) => Verify.verify(settings, request),
      forget: ({ webhookId }) => (webhookId === undefined ? Effect.void : store.remove(webhookId))
    }
  })
