// The verifier of webhooks: its options, its service and its constructor.
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
 * A webhook request, unchanged.
 *
 * @since 0.2.0
 * @category models
 */
export interface Request {
  /** The headers of the request. */
  readonly headers: HeadersInput
  /** The unchanged body: JSON that was parsed and written again does not match the signature. A string stands for UTF-8. */
  readonly body: Uint8Array | string
}

/**
 * The options of {@link make}, which decide about the webhooks that are accepted.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /**
   * The Ed25519 keys for the header `x-ghl-signature`, as PEM or the base64 of the SPKI. One of them must have made the
   * signature. While the vendor rotates its key, give both keys. {@link publishedKeys} by default.
   */
  readonly keys?: ReadonlyArray<string> | undefined
  /**
   * The RSA keys for the older header `x-wh-signature`, which is used only if `x-ghl-signature` is absent. None by default,
   * so that the older header is not accepted. {@link publishedRsaKeys} are the vendor's.
   */
  readonly rsaKeys?: ReadonlyArray<string> | undefined
  /**
   * The id of the app that receives the webhooks. The vendor signs the webhooks of all apps with one key, so without this
   * option a webhook of another app is accepted. With it, webhooks without an `appId` are refused. Not checked by default.
   */
  readonly appId?: string | undefined
  /** The maximum distance of a webhook's `timestamp` from the `Clock`, in both directions. 5 minutes by default. */
  readonly tolerance?: Duration.DurationInput | undefined
  /** The time for which the id of a webhook is stored. 3 days by default; at least twice the `tolerance`. */
  readonly rememberFor?: Duration.DurationInput | undefined
  /** The maximum size of a body, in bytes. 1 MiB by default. */
  readonly maxBodySize?: number | undefined
  /**
   * Whether a webhook must have `timestamp` and `webhookId`. `optional` by default: a webhook without them is accepted by
   * its signature alone, and a warning is logged, because a replay of that webhook is accepted too.
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
   * Returns the event of a request that the vendor signed, that is not older than allowed and was not accepted before. The
   * id of the event is stored, so a repeat for the same request fails with `ReplayedWebhook`. Fails with a {@link Rejection}, or
   * with `WebhookStoreError` if the store cannot be used; the webhook is not accepted in either case.
   */
  readonly verify: (request: Request) => Effect.Effect<Event, Rejection | WebhookStoreError>
  /** Removes the id of an event that could not be handled, so that the event is accepted when the vendor sends it again. */
  readonly forget: (event: Event) => Effect.Effect<void, WebhookStoreError>
  /** The maximum size of a body, in bytes. */
  readonly maxBodySize: number
}

/**
 * The service that verifies the webhooks of an app. See `Webhooks.layer` and `Webhooks.layerConfig`.
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
  /** A description of the fault, with the name of the option. */
  message: Schema.String
}) {}

/**
 * The Ed25519 keys that the vendor publishes, as of November 2026.
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
        : invalidOption(`\`${name}\` must be positive and finite`)
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
    // An empty environment variable would otherwise lead to the refusal of every webhook.
    if (appId === "") return yield* invalidOption("`appId` is empty")
    const settings: Verify.Settings = {
      keys,
      tolerance,
      // A webhook with a timestamp in the future passes the check of its age for up to twice the tolerance.
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
