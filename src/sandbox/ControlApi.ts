/**
 * The HTTP API that controls a sandbox, under `/_sandbox`. The service has no such API.
 *
 * @since 0.2.0
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as S from "effect/Schema"
import * as Schema from "../Schema.js"
import type * as Base from "./Controls.js"
import * as Faults from "./Faults.js"
import { Ledger } from "./Ledger.js"
import * as Quota from "./Quota.js"
import * as Seed from "./Seed.js"
import { SentWebhook } from "./Webhooks.js"

/**
 * The controls of a sandbox, with those of its webhooks.
 *
 * @since 0.2.0
 * @category models
 */
export interface Controls extends Base.Controls {
  /**
   * The public key that the sandbox signs its webhooks with: the base64 of its SPKI (RFC 8410). Each sandbox has its own
   * key. Give it to a receiver as its only key: `Webhooks.layer({ keys: [webhookKey] })`.
   *
   * @since 0.2.0
   */
  readonly webhookKey: string
  /**
   * The latest 10,000 attempts to deliver an event since the start or `reset`, the oldest first; none without the option
   * `webhooks`.
   *
   * @since 0.2.0
   */
  readonly webhooks: Effect.Effect<ReadonlyArray<SentWebhook>>
}

/**
 * The endpoints of the controls.
 *
 * @since 0.2.0
 * @category api
 */
export const group = HttpApiGroup.make("control")
  .add(
    HttpApiEndpoint.put("setFaults", "/faults").setPayload(Faults.Plan).annotate(OpenApi.Summary, "Replace the faults")
  )
  .add(
    HttpApiEndpoint.put("outage", "/outage")
      .setPayload(Faults.Fault)
      .annotate(OpenApi.Summary, "Let every request meet this fault")
  )
  .add(HttpApiEndpoint.del("recover", "/outage").annotate(OpenApi.Summary, "End the outage"))
  .add(
    HttpApiEndpoint.put("setLimits", "/limits")
      .setPayload(Quota.Limits)
      .annotate(OpenApi.Summary, "Replace the rate limits and reset their counts")
  )
  .add(HttpApiEndpoint.post("startDay", "/day").annotate(OpenApi.Summary, "Start a new day of the daily quota"))
  .add(HttpApiEndpoint.post("reset", "/reset").annotate(OpenApi.Summary, "Restore the state at the start"))
  .add(
    HttpApiEndpoint.post("seed", "/contacts")
      .setPayload(S.Array(Schema.Contact.annotations({ jsonSchema: { type: "object", required: ["id"] } })))
      .annotate(OpenApi.Summary, "Add contacts")
  )
  .add(
    HttpApiEndpoint.get("ledger", "/ledger")
      .addSuccess(Ledger)
      .annotate(OpenApi.Summary, "The requests received and the writes applied")
  )
  .add(
    HttpApiEndpoint.get("webhooks", "/webhooks")
      .addSuccess(S.Struct({ key: S.String, sent: S.Array(SentWebhook) }))
      .annotate(OpenApi.Summary, "The public key of the webhooks, and the attempts to deliver one")
  )
  .add(
    HttpApiEndpoint.get("exportDirectory", "/directory")
      .addSuccess(Seed.Snapshot)
      .annotate(OpenApi.Summary, "All locations, contacts and notes")
  )
  .add(
    HttpApiEndpoint.put("importDirectory", "/directory")
      .setPayload(Seed.Snapshot)
      .annotate(OpenApi.Summary, "Replace all locations, contacts and notes")
  )
  .add(
    HttpApiEndpoint.post("install", "/installations")
      .setPayload(S.Struct({ locationId: S.optional(Schema.LocationId), companyId: S.optional(S.NonEmptyString) }))
      .addSuccess(S.Struct({ code: S.String }))
      .annotate(OpenApi.Summary, "Install the app; responds with an authorization code")
  )
  .add(HttpApiEndpoint.del("expireTokens", "/tokens").annotate(OpenApi.Summary, "Expire all access tokens"))
  .prefix("/_sandbox")

/**
 * The API of the controls, with its one group.
 *
 * @since 0.2.0
 * @category api
 */
export const Api = HttpApi.make("control").add(group)

/**
 * Serves the controls of a sandbox over HTTP.
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (controls: Controls) =>
  HttpApiBuilder.group(Api, "control", (handlers) =>
    handlers
      .handle("setFaults", ({ payload }) => Effect.orDie(controls.setFaults(payload)))
      .handle("outage", ({ payload }) => Effect.orDie(controls.outage(payload)))
      .handle("recover", () => controls.recover)
      .handle("setLimits", ({ payload }) => Effect.orDie(controls.setLimits(payload)))
      .handle("startDay", () => controls.startDay)
      .handle("reset", () => controls.reset)
      .handle("seed", ({ payload }) => controls.seed(payload))
      .handle("ledger", () => controls.ledger)
      .handle("webhooks", () => Effect.map(controls.webhooks, (sent) => ({ key: controls.webhookKey, sent })))
      .handle("exportDirectory", () => controls.exportDirectory)
      .handle("importDirectory", ({ payload }) => controls.importDirectory(payload))
      .handle("install", ({ payload }) =>
        Effect.map(controls.install(payload), (code) => ({ code: Redacted.value(code) }))
      )
      .handle("expireTokens", () => controls.expireTokens)
  )
