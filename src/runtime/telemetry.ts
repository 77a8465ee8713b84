// Metrics and spans, named by OpenTelemetry's conventions for HTTP clients.
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import * as MetricLabel from "effect/MetricLabel"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

/** The names of the metrics. */
export const metrics = {
  /**
   * A histogram of calls in seconds, with their retries and waits, by `operation` and `outcome`: `ok`, or the tag of the
   * error. An interrupted call is not recorded.
   */
  callDuration: "growthhub.client.call.duration",
  /**
   * A histogram of single requests in seconds, by `http.request.method`, `url.template`, `server.address`, `server.port`,
   * `http.response.status_code` and `error.type`.
   */
  requestDuration: "http.client.request.duration",
  /** Counts retries, by `operation` and the `error.type` of the attempt before. */
  retries: "growthhub.client.retries",
  /** Counts refreshes of a token, by `outcome`: `ok`, or the tag of the error. */
  refreshes: "growthhub.client.token.refreshes",
  /** Counts failed attempts to save a grant in the token store. */
  saveFailures: "growthhub.client.token.save_failures"
} as const

type Tags = { readonly [name: string]: string | number | undefined }

/** The boundaries that the conventions advise, in seconds. */
const boundaries = MetricBoundaries.fromIterable([
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10
])

type Updatable = Pick<Metric.Metric<unknown, number, unknown>, "unsafeUpdate">

type Values = ReadonlyArray<string | number | undefined>

/** No tags besides those of the metric itself. */
export const noTags: ReadonlyArray<MetricLabel.MetricLabel> = []

/** A node of a tree of metrics: the metrics whose first tag values are the same. */
interface Branch {
  readonly next: Map<Values[number], Branch>
  metric: Updatable | undefined
}

const branch = (): Branch => ({ next: new Map(), metric: undefined })

const addBranch = ({ next }: Branch, value: Values[number]): Branch => {
  const added = branch()
  next.set(value, added)
  return added
}

/** Caches a metric for each set of tags in a tree, because a lookup by Effect costs more than the update itself. */
const tagged = (names: ReadonlyArray<string>, make: (labels: ReadonlyArray<MetricLabel.MetricLabel>) => Updatable) => {
  const made = branch()
  const first = (values: Values): Updatable =>
    make(
      names.flatMap((name, index) => {
        const value = values[index]
        return value === undefined ? [] : [MetricLabel.make(name, String(value))]
      })
    )
  return (amount: number, ...values: Values): void => {
    let found = made
    for (const value of values) found = found.next.get(value) ?? addBranch(found, value)
    found.metric ??= first(values)
    found.metric.unsafeUpdate(amount, noTags)
  }
}

const histogram = (name: string, description: string, tags: ReadonlyArray<string>) =>
  tagged(tags, (labels) =>
    Metric.fromMetricKey(MetricKey.taggedWithLabels(MetricKey.histogram(name, boundaries, description), labels))
  )

const counter = (name: string, description: string, tags: ReadonlyArray<string>) =>
  tagged(tags, (labels) =>
    Metric.fromMetricKey(
      MetricKey.taggedWithLabels(MetricKey.counter(name, { description, incremental: true }), labels)
    )
  )

export const callDuration = histogram(
  metrics.callDuration,
  "Duration of calls with their retries and waits, in seconds",
  ["operation", "outcome"]
)

export const requestDuration = histogram(metrics.requestDuration, "Duration of HTTP client requests, in seconds", [
  "http.request.method",
  "url.template",
  "server.address",
  "server.port",
  "http.response.status_code",
  "error.type"
])

export const retries = counter(metrics.retries, "Retries of requests", ["operation", "error.type"])

export const refreshes = counter(metrics.refreshes, "Refreshes of a token", ["outcome"])

export const saveFailures = counter(metrics.saveFailures, "Failed attempts to save a grant", [])

// --- spans -------------------------------------------------------------------------------------------------------------

const nativeTracer = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/** Whether the app has installed a tracer. */
export const isTracing = (services: Context.Context<DefaultServices.DefaultServices>): boolean =>
  Context.get(services, Tracer.Tracer) !== nativeTracer

const annotate = (span: Tracer.Span, tags: Tags) => {
  for (const [name, value] of Object.entries(tags)) if (value !== undefined) span.attribute(name, value)
}

const errorTypeOf = <E>(cause: Cause.Cause<E>, tagOf: (error: E) => string): string =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => (Cause.isInterruptedOnly(cause) ? "interrupted" : "defect"),
    onSome: tagOf
  })

/** The options of a span. */
interface Spanned<A, E> {
  readonly name: string
  readonly kind: Tracer.SpanKind
  readonly attributes: Tags
  /** The attributes that a value adds. With an `error.type`, the span ends as failed. */
  readonly ofValue?: (value: A) => Tags
  readonly tagOf: (error: E) => string
}

/** Runs an effect in a span. The span has ids as attributes, but no data of the request or the response. */
export const spanned = <A, E>(
  self: Effect.Effect<A, E>,
  { name, kind, attributes, ofValue, tagOf }: Spanned<A, E>
): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.makeSpan(name, { kind, captureStackTrace: false }), (span) => {
      annotate(span, attributes)
      // `restore` lets an interruption end the effect at once; the span still ends with `interrupted`.
      return Effect.onExit(restore(Effect.withParentSpan(self, span)), (exit) =>
        Effect.map(Effect.clock, (clock) => {
          const tags = Exit.match(exit, {
            onFailure: (cause): Tags => ({ "error.type": errorTypeOf(cause, tagOf) }),
            onSuccess: (value) => ofValue?.(value) ?? {}
          })
          annotate(span, tags)
          const errorType = tags["error.type"]
          const isFailed = Exit.isSuccess(exit) && errorType !== undefined
          // Without the value: a tracer may print it, and it holds the response and its request.
          span.end(clock.unsafeCurrentTimeNanos(), isFailed ? Exit.die(String(errorType)) : Exit.asVoid(exit))
        })
      )
    })
  )
