/**
 * The API that controls a sandbox, under `/_sandbox`: nothing of it is the service's own.
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
import type { Controls } from "./Controls.js"
import * as Faults from "./Faults.js"
import { Ledger } from "./Ledger.js"
import * as Quota from "./Quota.js"
import * as Seed from "./Seed.js"

/**
 * @since 0.2.0
 * @category api
 */
export const group = HttpApiGroup.make("control")
  .add(
    HttpApiEndpoint.put("setFaults", "/faults")
      .setPayload(Faults.Plan)
      .annotate(OpenApi.Summary, "What goes wrong from now on")
  )
  .add(
    HttpApiEndpoint.put("outage", "/outage")
      .setPayload(Faults.Fault)
      .annotate(OpenApi.Summary, "Every request meets this")
  )
  .add(HttpApiEndpoint.del("recover", "/outage").annotate(OpenApi.Summary, "The outage is over"))
  .add(
    HttpApiEndpoint.put("setLimits", "/limits")
      .setPayload(Quota.Limits)
      .annotate(OpenApi.Summary, "What a location may ask for from now on; its counts begin anew")
  )
  .add(HttpApiEndpoint.post("startDay", "/day").annotate(OpenApi.Summary, "The day of the daily quota begins anew"))
  .add(HttpApiEndpoint.post("reset", "/reset").annotate(OpenApi.Summary, "Everything as it was at the start"))
  .add(
    HttpApiEndpoint.post("seed", "/contacts")
      .setPayload(S.Array(Schema.Contact.annotations({ jsonSchema: { type: "object", required: ["id"] } })))
      .annotate(OpenApi.Summary, "Add contacts")
  )
  .add(HttpApiEndpoint.get("ledger", "/ledger").addSuccess(Ledger).annotate(OpenApi.Summary, "What happened"))
  .add(
    HttpApiEndpoint.get("exportDirectory", "/directory")
      .addSuccess(Seed.Snapshot)
      .annotate(OpenApi.Summary, "All locations and contacts")
  )
  .add(
    HttpApiEndpoint.put("importDirectory", "/directory")
      .setPayload(Seed.Snapshot)
      .annotate(OpenApi.Summary, "Other locations and contacts instead")
  )
  .add(
    HttpApiEndpoint.post("install", "/installations")
      .setPayload(S.Struct({ locationId: S.optional(Schema.LocationId), companyId: S.optional(S.NonEmptyString) }))
      .addSuccess(S.Struct({ code: S.String }))
      .annotate(OpenApi.Summary, "Install the app: the code that its consent page would send")
  )
  .add(HttpApiEndpoint.del("expireTokens", "/tokens").annotate(OpenApi.Summary, "All access tokens end now"))
  .prefix("/_sandbox")

/**
 * @since 0.2.0
 * @category api
 */
export const Api = HttpApi.make("control").add(group)

/**
 * The routes of these controls.
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
      .handle("exportDirectory", () => controls.exportDirectory)
      .handle("importDirectory", ({ payload }) => controls.importDirectory(payload))
      .handle("install", ({ payload }) =>
        Effect.map(controls.install(payload), (code) => ({ code: Redacted.value(code) }))
      )
      .handle("expireTokens", () => controls.expireTokens)
  )
