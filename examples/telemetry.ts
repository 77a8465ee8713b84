// Exports traces and metrics of the calls with OpenTelemetry: to the console here, to a collector in a real app.
//
//   GROWTHHUB_TOKEN=… npx tsx examples/telemetry.ts CONTACT_ID
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import { FetchHttpClient } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { ConsoleMetricExporter, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics"
import { BatchSpanProcessor, ConsoleSpanExporter } from "@opentelemetry/sdk-trace-base"
import { Effect, Layer } from "effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import { ContactId } from "effect-growthhub/Schema"

const Telemetry = NodeSdk.layer(() => ({
  resource: { serviceName: "leads" },
  spanProcessor: new BatchSpanProcessor(new ConsoleSpanExporter()),
  metricReader: new PeriodicExportingMetricReader({ exporter: new ConsoleMetricExporter() })
}))

const program = Effect.flatMap(ContactsService, (contacts) =>
  contacts.getContact(ContactId.make(process.argv[2] ?? ""))
).pipe(Effect.withSpan("GET /leads"))

NodeRuntime.runMain(
  program.pipe(
    Effect.provide(ContactsService.layerConfig().pipe(Layer.provide(FetchHttpClient.layer))),
    Effect.provide(Telemetry)
  )
)
