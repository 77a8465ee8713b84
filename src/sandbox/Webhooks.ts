/**
 * Sends the webhook events of a sandbox to a receiver, signed with the sandbox's own key.
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
 * The receiver of a sandbox's events, and the options of their delivery. An unknown field is refused.
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
   * The delay after a 429 before an event is sent again, in milliseconds: 1,000 by default. The vendor waits ten minutes.
   * Like the vendor, the sandbox sends an event again six times at most, and only after a 429.
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
  /** The number of the attempt: 1 for the first one, 2 to 7 for the retries after a 429, 0 if the event was lost. */
  attempt: S.Int,
  /** The status of the response; 0 if there was none within 10 seconds, or if the event was lost. */
  status: S.Int,
  /** The time at which the attempt began, by the sandbox's clock. */
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
  /** Queues events behind the earlier ones; they are sent when `ready` has completed. Does not wait for their delivery. */
  readonly send: (events: ReadonlyArray<WebhookEvent>, ready: Effect.Effect<void>) => Effect.Effect<void>
  /** Drops the events that were not sent yet, empties `sent`, and restarts the faults from their seed. */
  readonly reset: Effect.Effect<void>
}

// --- delivery ----------------------------------------------------------------------------------------------------------

/** An event that is being delivered. */
interface Delivery {
  readonly event: WebhookEvent & { readonly webhookId: string }
  readonly attempt: number
  /** The number of times that this attempt is sent: 2 for a first attempt with the `repeats` fault, otherwise 1. */
  readonly times: number
  /** The number of resets before this delivery. A later reset drops the delivery. */
  readonly generation: number
}

/** A job of the delivery queue. */
type Job =
  /** A new event. It is sent when `ready` has completed, which means that the response of its write was sent. */
  | { readonly _tag: "New"; readonly delivery: Delivery; readonly ready: Effect.Effect<void> }
  /** An event whose delay after a fault or a 429 is over. */
  | { readonly _tag: "Due"; readonly delivery: Delivery }
  /** A reordered event that has waited `delay` for a next event. */
  | { readonly _tag: "Release"; readonly delivery: Delivery }

/** The state that the deliveries of one sandbox share. One fiber takes the jobs, so that events are sent one at a time. */
interface Courier {
  readonly options: WebhookOptions
  readonly privateKey: KeyObject
  readonly queue: Queue.Queue<Job>
  readonly isLogged: boolean
  sent: Array<SentWebhook>
  generation: number
  decide: () => WebhookFaults.Decision
  /** The event that the `reordering` fault holds back until the next event was sent. */
  reordered: Delivery | undefined
}

type Step = Effect.Effect<void, never, Scope.Scope>

/** Sends the body. Returns the status, or 0 if there was no response within 10 seconds. */
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

/** Queues a job after `millis` milliseconds. */
const enqueueAfter = ({ queue }: Courier, job: Job, millis: number): Step =>
  Queue.offer(queue, job).pipe(Effect.delay(Duration.millis(millis)), Effect.forkScoped, Effect.asVoid)

const mostAttempts = 7

/** Makes one attempt. After a 429, it schedules the next attempt. */
const attemptOnce = (courier: Courier, delivery: Delivery): Step =>
  Effect.gen(function* () {
    const { isLogged, options, privateKey } = courier
    const { attempt, event } = delivery
    const at = yield* DateTime.now
    const body = Buffer.from(JSON.stringify(event))
    const status = yield* post(options.url, body, sign(null, body, privateKey).toString("base64"))
    // The sandbox was reset during the attempt.
    if (delivery.generation !== courier.generation) return
    record(courier, delivery, { attempt, status, at })
    if (isLogged) yield* Effect.logInfo(`webhook ${event.type} ${status === 0 ? "(no response)" : status}`)
    if (status !== 429 || attempt === mostAttempts) return
    yield* enqueueAfter(
      courier,
      { _tag: "Due", delivery: { ...delivery, attempt: attempt + 1, times: 1 } },
      options.retryDelay
    )
  })

const attempt = (courier: Courier, delivery: Delivery): Step =>
  Effect.repeatN(attemptOnce(courier, delivery), delivery.times - 1)

/** Makes the first attempt of an event, or applies the event's faults. */
const deliverFirst = (courier: Courier, given: Delivery): Step =>
  Effect.gen(function* () {
    const { delay } = courier.options.faults
    const { isDelayed, isLost, isReordered, isRepeated } = courier.decide()
    const delivery = { ...given, times: isRepeated ? 2 : 1 }
    const { reordered } = courier
    if (isLost) {
      record(courier, delivery, { attempt: 0, status: 0, at: yield* DateTime.now })
    } else if (isDelayed) {
      yield* enqueueAfter(courier, { _tag: "Due", delivery }, delay)
    } else if (isReordered && reordered === undefined) {
      courier.reordered = delivery
      yield* enqueueAfter(courier, { _tag: "Release", delivery }, delay)
    } else {
      yield* attempt(courier, delivery)
    }
    if (reordered !== undefined) yield* release(courier, reordered)
  })

/** Sends the event that was held back, unless it was sent meanwhile. */
const release = (courier: Courier, delivery: Delivery): Step => {
  if (courier.reordered !== delivery) return Effect.void
  courier.reordered = undefined
  return attempt(courier, delivery)
}

const perform = (courier: Courier, job: Job): Step =>
  Effect.suspend(() => {
    if (job.delivery.generation !== courier.generation) return Effect.void
    switch (job._tag) {
      case "New":
        return deliverFirst(courier, job.delivery)
      case "Due":
        return attempt(courier, job.delivery)
      case "Release":
        return release(courier, job.delivery)
    }
  })

/**
 * Performs one job after the other. The events of later writes wait for a stalled response, so that they keep their order.
 */
const runJobs = (courier: Courier): Effect.Effect<never, never, Scope.Scope> =>
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
    courier.reordered = undefined
    courier.decide = WebhookFaults.make(courier.options.faults)
  })

/** Makes event ids that differ from those of other runs, because a receiver may remember the ids of an earlier run. */
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
    reordered: undefined
  }))

/**
 * Starts the delivery of webhooks, and ends it with the scope. Without options, no event is sent. `appId` is used if the
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
    // A layer is built uninterruptibly, and the fiber would inherit that.
    yield* Effect.forkScoped(Effect.interruptible(runJobs(courier)))
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
