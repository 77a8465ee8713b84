/**
 * Sends the events of a sandbox to a receiver, signed by a key of its own.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as S from "effect/Schema"
import type * as Scope from "effect/Scope"
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { defaulting } from "./Defaults.js"
import { isLoopbackHost } from "./Guard.js"
import type { WebhookEvent } from "./WebhookEvents.js"
import * as WebhookFaults from "./WebhookFaults.js"

// --- models ------------------------------------------------------------------------------------------------------------

const isReceiver = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { host, password, protocol, username } = new URL(text)
  if (username !== "" || password !== "") return false
  return protocol === "https:" || (protocol === "http:" && isLoopbackHost(host))
}

/**
 * Where a sandbox sends its events, and how. An unknown field is refused.
 *
 * @since 0.2.0
 * @category models
 */
export const WebhookOptions = S.Struct({
  /** The receiver: an `https` URL, or an `http` URL of a loopback address. It must not contain credentials. */
  url: S.String.pipe(
    S.filter((text) => isReceiver(text) || "must be an https URL, or an http URL of a loopback address")
  ),
  /** The `appId` of the events; the client id of the sandbox's app (`sandbox-app`) by default. */
  appId: S.optional(S.NonEmptyString),
  /**
   * How long after a 429 an event is sent again, in milliseconds: 1,000 by default. The vendor waits ten minutes. Like the
   * vendor, the sandbox sends an event again six times at most, and only after a 429.
   */
  retryDelay: defaulting(S.NonNegative, 1000),
  /** The faults of the delivery; none by default. */
  faults: defaulting(WebhookFaults.WebhookFaults, S.decodeSync(WebhookFaults.WebhookFaults)({}))
}).annotations({ parseOptions: { onExcessProperty: "error" } })

/**
 * @since 0.2.0
 * @category models
 */
export type WebhookOptions = typeof WebhookOptions.Type

/**
 * An attempt to deliver an event, or an event that was lost.
 *
 * @since 0.2.0
 * @category models
 */
export const SentWebhook = S.Struct({
  /** The type of the event, such as `ContactUpdate`. */
  type: S.String,
  /** The id of the event: the same for each attempt. */
  webhookId: S.String,
  /** The body: the JSON that was signed. */
  event: S.Record({ key: S.String, value: S.Unknown }),
  /** Which attempt it was: 1 for the first one, 2 to 7 for those after a 429, 0 if the event was lost. */
  attempt: S.Int,
  /** The status of the response; 0 if there was none within 10 seconds, or if the event was lost. */
  status: S.Int,
  /** When the attempt began, by the sandbox's clock. */
  at: S.DateTimeUtc
})

/**
 * @since 0.2.0
 * @category models
 */
export interface SentWebhook extends S.Schema.Type<typeof SentWebhook> {}

/**
 * The webhooks of a running sandbox.
 *
 * @since 0.2.0
 * @category models
 */
export interface Webhooks {
  /** The public key of the sandbox: the base64 of its SPKI (RFC 8410), as `Webhooks.verify` takes it. */
  readonly key: string
  /** Whether events are sent. */
  readonly isOn: boolean
  /** The attempts so far, the oldest first. */
  readonly sent: Effect.Effect<ReadonlyArray<SentWebhook>>
  /** Sends events after those before them, and not before `ready` is done. It does not wait for their delivery. */
  readonly send: (events: ReadonlyArray<WebhookEvent>, ready: Effect.Effect<void>) => Effect.Effect<void>
  /** Drops what was not sent yet, forgets what was, and draws the faults from the beginning. */
  readonly reset: Effect.Effect<void>
}

// --- delivery ----------------------------------------------------------------------------------------------------------

/** An event on its way. */
interface Delivery {
  readonly event: WebhookEvent & { readonly webhookId: string }
  readonly attempt: number
  /** How many times each attempt is made: twice if the event meets the fault. */
  readonly times: number
  /** The number of resets before it: a later reset drops it. */
  readonly generation: number
}

/** What is to be done with an event, in the order of the queue. */
type Job =
  /** The event is new. It may leave when `ready` is done: the response of the write has been sent. */
  | { readonly _tag: "New"; readonly delivery: Delivery; readonly ready: Effect.Effect<void> }
  /** Its delay is over, after a fault or a 429. */
  | { readonly _tag: "Due"; readonly delivery: Delivery }
  /** It has waited long enough for a next event. */
  | { readonly _tag: "Release"; readonly delivery: Delivery }

/** What the deliveries of one sandbox share. One fiber takes its jobs, so that nothing is sent at the same time. */
interface Courier {
  readonly options: WebhookOptions
  readonly privateKey: KeyObject
  readonly queue: Queue.Queue<Job>
  readonly isLogged: boolean
  sent: Array<SentWebhook>
  generation: number
  decide: () => WebhookFaults.Decision
  /** The event that is sent after the next one. */
  held: Delivery | undefined
}

type Step = Effect.Effect<void, never, Scope.Scope>

/** Sends the body; gives the status, or 0 if there was no response. */
const post = (url: string, body: Buffer, signature: string): Effect.Effect<number> =>
  Effect.tryPromise(async (signal) => {
    const headers = { "content-type": "application/json", "x-ghl-signature": signature }
    const response = await fetch(url, {
      method: "POST",
      redirect: "manual",
      headers,
      body: new Uint8Array(body),
      signal
    })
    await response.body?.cancel()
    return response.status
  }).pipe(
    Effect.timeout("10 seconds"),
    Effect.orElseSucceed(() => 0)
  )

const sentKept = 10_000

const record = ({ sent }: Courier, { event }: Delivery, outcome: Pick<SentWebhook, "attempt" | "status" | "at">) => {
  sent.push({ type: event.type, webhookId: event.webhookId, event, ...outcome })
  if (sent.length > sentKept) sent.shift()
}

/** Queues a job after a while. */
const later = ({ queue }: Courier, job: Job, millis: number): Step =>
  Queue.offer(queue, job).pipe(Effect.delay(Duration.millis(millis)), Effect.forkScoped, Effect.asVoid)

const mostAttempts = 7

/** One attempt. There is another one later if the receiver asks for it by a 429. */
const attemptOnce = (courier: Courier, delivery: Delivery): Step =>
  Effect.gen(function* () {
    const { isLogged, options, privateKey } = courier
    const { attempt, event } = delivery
    const at = yield* DateTime.now
    const body = Buffer.from(JSON.stringify(event))
    const status = yield* post(options.url, body, sign(null, body, privateKey).toString("base64"))
    // A reset has come in between.
    if (delivery.generation !== courier.generation) return
    record(courier, delivery, { attempt, status, at })
    if (isLogged) yield* Effect.logInfo(`webhook ${event.type} ${status === 0 ? "(no response)" : status}`)
    if (status !== 429 || attempt === mostAttempts) return
    yield* later(
      courier,
      { _tag: "Due", delivery: { ...delivery, attempt: attempt + 1, times: 1 } },
      options.retryDelay
    )
  })

const attempt = (courier: Courier, delivery: Delivery): Step =>
  Effect.repeatN(attemptOnce(courier, delivery), delivery.times - 1)

/** The first attempt of an event, or what its faults make of it. */
const begin = (courier: Courier, given: Delivery): Step =>
  Effect.gen(function* () {
    const { delay } = courier.options.faults
    const { isDelayed, isLost, isReordered, isRepeated } = courier.decide()
    const delivery = { ...given, times: isRepeated ? 2 : 1 }
    const { held } = courier
    if (isLost) {
      record(courier, delivery, { attempt: 0, status: 0, at: yield* DateTime.now })
    } else if (isDelayed) {
      yield* later(courier, { _tag: "Due", delivery }, delay)
    } else if (isReordered && held === undefined) {
      courier.held = delivery
      yield* later(courier, { _tag: "Release", delivery }, delay)
    } else {
      yield* attempt(courier, delivery)
    }
    if (held !== undefined) yield* release(courier, held)
  })

/** Sends the event that was held back, if it was not sent since. */
const release = (courier: Courier, delivery: Delivery): Step => {
  if (courier.held !== delivery) return Effect.void
  courier.held = undefined
  return attempt(courier, delivery)
}

const perform = (courier: Courier, job: Job): Step =>
  Effect.suspend(() => {
    if (job.delivery.generation !== courier.generation) return Effect.void
    switch (job._tag) {
      case "New":
        return begin(courier, job.delivery)
      case "Due":
        return attempt(courier, job.delivery)
      case "Release":
        return release(courier, job.delivery)
    }
  })

/** Takes one job after the other. A response that stalls holds back the events of later writes, so that they keep their order. */
const work = (courier: Courier): Effect.Effect<never, never, Scope.Scope> =>
  Queue.take(courier.queue).pipe(
    Effect.tap((job) => (job._tag === "New" ? job.ready : Effect.void)),
    Effect.flatMap((job) => perform(courier, job)),
    Effect.forever
  )

// --- constructors ------------------------------------------------------------------------------------------------------

const restart = (courier: Courier) =>
  Effect.sync(() => {
    courier.generation += 1
    courier.sent = []
    courier.held = undefined
    courier.decide = WebhookFaults.make(courier.options.faults)
  })

/** Ids that no other run has: a receiver may remember those of an earlier one. */
const idsOf = (key: string) => {
  let count = 0
  const prefix = Buffer.from(key, "base64").subarray(-6).toString("hex")
  return () => `sandbox-${prefix}-${(count += 1)}`
}

const courierOf = (options: WebhookOptions, privateKey: KeyObject, isLogged: boolean): Effect.Effect<Courier> =>
  Effect.map(Queue.unbounded<Job>(), (queue) => ({
    options,
    privateKey,
    queue,
    isLogged,
    sent: [],
    generation: 0,
    decide: WebhookFaults.make(options.faults),
    held: undefined
  }))

/**
 * Starts the delivery of webhooks, and ends it with the scope. Without options, no event is sent. `appId` is for events whose
 * options have none.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (
  options: WebhookOptions | undefined,
  { appId, isLogged }: { readonly appId: string; readonly isLogged: boolean }
): Effect.Effect<Webhooks, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519")
    const key = publicKey.export({ type: "spki", format: "der" }).toString("base64")
    if (options === undefined) {
      return { key, isOn: false, sent: Effect.succeed([]), send: () => Effect.void, reset: Effect.void }
    }
    const courier = yield* courierOf(options, privateKey, isLogged)
    // A layer is built without interruption, which its fibers would inherit.
    yield* Effect.forkScoped(Effect.interruptible(work(courier)))
    const nextId = idsOf(key)
    const jobOf = (fields: WebhookEvent, timestamp: string, ready: Effect.Effect<void>): Job => {
      const event = { ...fields, timestamp, webhookId: nextId(), appId: options.appId ?? appId }
      return { _tag: "New", ready, delivery: { event, attempt: 1, times: 1, generation: courier.generation } }
    }
    return {
      key,
      isOn: true,
      sent: Effect.sync(() => [...courier.sent]),
      send: (events, ready) =>
        Effect.flatMap(DateTime.now, (now) =>
          Queue.offerAll(
            courier.queue,
            events.map((event) => jobOf(event, DateTime.formatIso(now), ready))
          )
        ),
      reset: restart(courier)
    }
  })
