// Checks a webhook, in this order: its size, signature, shape, app and age, and whether it is new.
import * as Clock from "effect/Clock"
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { parseObject } from "../runtime/json.js"
import type { Service as Store, WebhookStoreError } from "../WebhookStore.js"
import { Event } from "./events.js"
import { InvalidSignature, MalformedWebhook, type Rejection, ReplayedWebhook, StaleWebhook } from "./rejections.js"
import type { Key } from "./keys.js"
import { checkSignature, type HeadersInput } from "./signature.js"

/** The settings of the checks. */
export interface Settings {
  readonly keys: ReadonlyArray<Key>
  readonly tolerance: Duration.Duration
  readonly maxBodySize: number
  readonly appId: string | undefined
  readonly rememberFor: Duration.Duration
  readonly envelope: "optional" | "required"
  readonly store: Store
}

/** A webhook request, unchanged. */
export interface Request {
  readonly headers: HeadersInput
  readonly body: Uint8Array | string
}

const signatureMessages = {
  Missing: "The request has no signature that this app accepts",
  Mismatch: "The signature is not one of the vendor for this body: was the body changed, for example parsed as JSON?",
  OtherApp: "The webhook was sent to another app"
} as const

const invalid = (reason: keyof typeof signatureMessages) =>
  new InvalidSignature({ reason, message: signatureMessages[reason] })

const malformed = (message: string) => new MalformedWebhook({ message })

export const tooLarge = (maxBodySize: number): MalformedWebhook =>
  new MalformedWebhook({ message: `The body is larger than ${maxBodySize} bytes`, isTooLarge: true })

/** Decodes the event of a signed body. The message of an error names fields, but never their values. */
const decode = (body: Uint8Array): Effect.Effect<Event, MalformedWebhook> =>
  Effect.suspend(() => {
    const wire = parseObject(new TextDecoder().decode(body))
    if (wire === undefined) return malformed("The body is not a JSON object")
    if (typeof wire["type"] !== "string") return malformed("The event has no `type`")
    return Effect.mapError(Schema.decode(Event)(wire), (error) => {
      const paths = ParseResult.ArrayFormatter.formatErrorSync(error).map(({ path }) => path.join("."))
      const fields = [...new Set(paths.filter((path) => path !== "" && path !== "_tag" && path !== "type"))]
      return malformed(`Fields of the event are missing or cannot be read: ${fields.join(", ") || "unknown"}`)
    }).pipe(Effect.tap((event) => checkEnvelope(wire, event)))
  })

/** Fails if the timestamp or the id is present but cannot be read, because the check of its age or id would be skipped. */
const checkEnvelope = (wire: { readonly [field: string]: unknown }, event: Event) => {
  const unreadable = (["timestamp", "webhookId"] as const).filter(
    (name) => wire[name] !== undefined && wire[name] !== null && (event[name] === undefined || event[name] === "")
  )
  return unreadable.length === 0
    ? Effect.void
    : malformed(`Fields of the event cannot be read: ${unreadable.join(", ")}`)
}

const checkAge = (timestamp: DateTime.Utc, tolerance: Duration.Duration) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const age = now - timestamp.epochMillis
    if (Math.abs(age) <= Duration.toMillis(tolerance)) return Effect.void
    const seconds = Math.round(Math.abs(age) / 1000)
    return new StaleWebhook({
      timestamp,
      message:
        `The webhook was sent ${seconds}s ${age > 0 ? "ago" : "in the future"}, ` +
        `more than ${Duration.toSeconds(tolerance)}s away: is the clock of this machine right?`
    })
  })

const checkNew = (webhookId: string, { store, rememberFor }: Settings) =>
  Effect.flatMap(store.add(webhookId, rememberFor), (isNew) =>
    isNew ? Effect.void : new ReplayedWebhook({ webhookId, message: `Webhook ${webhookId} was received before` })
  )

/** Fails if the event lacks a field that `envelope` requires. If the field is optional, it logs a warning instead. */
const checkMissing = (event: Event, { envelope }: Settings) => {
  const missing = (["timestamp", "webhookId"] as const).filter((name) => event[name] === undefined)
  if (missing.length === 0) return Effect.void
  const names = missing.map((name) => `\`${name}\``).join(" and ")
  return envelope === "required"
    ? malformed(`The event has no ${names}`)
    : Effect.logWarning(`A webhook (${event._tag}) has no ${names}: a replay cannot be distinguished from the original`)
}

export const bytesOf = (body: Uint8Array | string): Uint8Array =>
  typeof body === "string" ? new TextEncoder().encode(body) : body

/** Returns the event of a request that passes every check, after the id of the event is stored. */
export const verify = (
  settings: Settings,
  { headers, body: input }: Request
): Effect.Effect<Event, Rejection | WebhookStoreError> =>
  Effect.gen(function* () {
    const body = bytesOf(input)
    if (body.byteLength > settings.maxBodySize) return yield* tooLarge(settings.maxBodySize)
    yield* Effect.mapError(checkSignature(settings.keys, headers, body), invalid)
    const event = yield* decode(body)
    if (settings.appId !== undefined && event.appId !== settings.appId) return yield* invalid("OtherApp")
    yield* checkMissing(event, settings)
    if (event.timestamp !== undefined) yield* checkAge(event.timestamp, settings.tolerance)
    if (event.webhookId !== undefined) yield* checkNew(event.webhookId, settings)
    return event
  })
