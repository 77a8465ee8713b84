// What is measured and traced, under the names of OpenTelemetry's conventions for HTTP clients.
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import * as MetricLabel from "effect/MetricLabel"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

/** The names of the metrics. */
export const metrics = {
  callDuration: "growthhub.client.call.duration",
  requestDuration: "http.client.request.duration",
  retries: "growthhub.client.retries",
  refreshes: "growthhub.client.token.refreshes"
} as const

type Tags = { readonly [name: string]: string | number | undefined }

/** The boundaries that the conventions advise, in seconds. */
const boundaries = MetricBoundaries.fromIterable([
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10
])

type Updatable = Pick<Metric.Metric<unknown, number, unknown>, "unsafeUpdate">

/** A metric for each set of tags, made when it is first updated: finding one again costs more than updating it. */
const tagged = (make: (labels: ReadonlyArray<MetricLabel.MetricLabel>) => Updatable) => {
  const made = new Map<string, Updatable>()
  return (value: number, tags: Tags): void => {
    let name = ""
    for (const tag in tags) name += `${tags[tag] ?? ""} `
    let metric = made.get(name)
    if (metric === undefined) {
      metric = make(
        Object.entries(tags).flatMap(([tag, value]) =>
          value === undefined ? [] : [MetricLabel.make(tag, String(value))]
        )
      )
      made.set(name, metric)
    }
    metric.unsafeUpdate(value, [])
  }
}

const histogram = (name: string, description: string) =>
  tagged((labels) =>
    Metric.fromMetricKey(MetricKey.taggedWithLabels(MetricKey.histogram(name, boundaries, description), labels))
  )

const counter = (name: string, description: string) =>
  tagged((labels) =>
    Metric.fromMetricKey(
      MetricKey.taggedWithLabels(MetricKey.counter(name, { description, incremental: true }), labels)
    )
  )

/** Of a call with all its attempts and waits, in seconds: `operation`, `outcome` (`ok`, or the tag of its error). */
export const callDuration = histogram(
  metrics.callDuration,
  "Duration of calls with their repeats and waits, in seconds"
)

/** Of one request, in seconds. */
export const requestDuration = histogram(metrics.requestDuration, "Duration of HTTP client requests, in seconds")

/** Attempts that were repeated: `operation`, `error.type`. */
export const retries = counter(metrics.retries, "Requests that were sent again")

/** Exchanges of a grant: `outcome`. */
export const refreshes = counter(metrics.refreshes, "Exchanges of a grant")

// --- spans -------------------------------------------------------------------------------------------------------------

const nativeTracer = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/** Whether anybody looks. */
export const isTracing = (services: Context.Context<DefaultServices.DefaultServices>): boolean =>
  Context.get(services, Tracer.Tracer) !== nativeTracer

const annotate = (span: Tracer.Span, tags: Tags) => {
  for (const [name, value] of Object.entries(tags)) if (value !== undefined) span.attribute(name, value)
}

const errorType = (cause: Cause.Cause<{ readonly _tag: string }>): string =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => (Cause.isInterruptedOnly(cause) ? "interrupted" : "defect"),
    onSome: ({ _tag }) => _tag
  })

/**
 * A span carries ids, never a person's data: a tracer sees neither what was sent nor what came back. `attributes` are those
 * that it begins with, `ending` those that are known at its end.
 */
export const spanned = <A, E extends { readonly _tag: string }>(
  self: Effect.Effect<A, E>,
  name: string,
  kind: Tracer.SpanKind,
  attributes: Tags,
  ending: () => Tags = () => ({})
): Effect.Effect<A, E> => {
  let answer: Option.Option<A> = Option.none()
  const span = Effect.useSpan(name, { kind, captureStackTrace: false }, (span) => {
    annotate(span, attributes)
    return Effect.matchCauseEffect(Effect.withParentSpan(self, span), {
      onSuccess: (value) => {
        answer = Option.some(value)
        annotate(span, ending())
        return Effect.void
      },
      onFailure: (cause) => {
        annotate(span, { ...ending(), "error.type": errorType(cause) })
        return Effect.failCause(cause)
      }
    })
  })
  return Effect.map(span, () => Option.getOrThrow(answer))
}
