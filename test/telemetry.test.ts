import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader
} from "@opentelemetry/sdk-metrics"
import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as HttpLayer from "effect-growthhub/HttpLayer"
import * as RateLimit from "effect-growthhub/RateLimit"
import { Sandbox } from "effect-growthhub/Sandbox"
import { ContactId, LocationId } from "effect-growthhub/Schema"

const jane = {
  id: ContactId.make("jane-id"),
  locationId: LocationId.make("ve9EPM428h8vShlRW1KT"),
  firstName: "Janet-Canary",
  email: "janet@canary.example"
}

describe("the OpenTelemetry SDK", () => {
  it.scopedLive("receives spans and metrics of calls, requests and rate limits, without personal data", () =>
    Effect.gen(function* () {
      const spans = new InMemorySpanExporter()
      const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
      const reader = new PeriodicExportingMetricReader({ exporter: metrics })
      const telemetry = NodeSdk.layer(() => ({
        resource: { serviceName: "test" },
        spanProcessor: new SimpleSpanProcessor(spans),
        metricReader: reader
      }))
      const { url, token } = yield* Sandbox
      const contacts = ContactsService.layer({ token, baseUrl: url }).pipe(Layer.provide(FetchHttpClient.layer))
      const finished = yield* Effect.gen(function* () {
        const service = yield* ContactsService
        yield* service.getContact(jane.id)
        yield* Effect.flip(service.getContact(ContactId.make("nobody")))
      }).pipe(
        Effect.provide(contacts),
        Effect.withSpan("app"),
        Effect.tap(Effect.promise(() => reader.forceFlush())),
        // The spans are copied before the layer of the exporter ends, which drops them.
        Effect.map(() => [...spans.getFinishedSpans()]),
        Effect.provide(telemetry)
      )
      const app = finished.find(({ name }) => name === "app")
      const calls = finished.filter(({ parentSpanContext }) => parentSpanContext?.spanId === app?.spanContext().spanId)
      expect(calls.map(({ name }) => name)).toEqual(["ContactsService.getContact", "ContactsService.getContact"])
      const [first] = calls
      const request = finished.find(
        ({ parentSpanContext }) => parentSpanContext?.spanId === first?.spanContext().spanId
      )
      expect(request).toMatchObject({
        name: "GET /contacts/{contactId}",
        attributes: { "http.request.method": "GET", "http.response.status_code": 200, "server.address": "127.0.0.1" }
      })

      const told = metrics.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
      const names = told.map(({ descriptor }) => descriptor.name)
      expect(names).toEqual(
        expect.arrayContaining([
          HttpLayer.metrics.callDuration,
          HttpLayer.metrics.requestDuration,
          RateLimit.metrics.waiting
        ])
      )
      const outcomes = told
        .filter(({ descriptor }) => descriptor.name === HttpLayer.metrics.callDuration)
        .flatMap(({ dataPoints }) => dataPoints.map(({ attributes }) => attributes["outcome"]))
      expect(outcomes).toEqual(expect.arrayContaining(["ok", "BadRequest"]))

      const all = JSON.stringify([
        finished.map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
        told
      ])
      expect(all).toContain("jane-id")
      for (const secret of ["Janet", "canary.example", "pit-"]) expect(all).not.toContain(secret)
    }).pipe(Effect.provide(Sandbox.layer({ contacts: [jane] })))
  )
})
