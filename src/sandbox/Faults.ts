/**
 * Faults that the sandbox injects into requests: a scripted number of times, with a probability, or always. They are drawn
 * from a seed, so that the same requests meet the same faults in every run.
 *
 * @since 0.1.0
 */
import * as S from "effect/Schema"
import * as Utils from "effect/Utils"
import { defaulting } from "../internal/schema.js"
import { type Name, names } from "./Endpoints.js"

// --- models ------------------------------------------------------------------------------------------------------------

/** Before anything is done, or when all is done and only the answer is missing. */
const when = S.Literal("before", "after")

const headers = S.optional(S.Record({ key: S.String, value: S.String }))

const millis = S.NonNegative

/** A misspelt word would let a test pass that met nothing. */
const strict = { parseOptions: { onExcessProperty: "error" } } as const

/**
 * A fault that a request meets instead of its response. With `when: "before"` the sandbox does not perform the request; with
 * `"after"` it performs the request, writes included, and then loses the response.
 *
 * - `Reset`: resets the connection.
 * - `HalfBody`: performs the request, sends half of the body, and resets the connection.
 * - `Stall`: sends nothing for `millis` (8,000 by default), then responds as usual if the client is still connected.
 * - `Status`: responds with this status and a JSON, HTML, plain-text or empty body. `headers` adds headers such as
 *   `retry-after`.
 * - `Html`: responds with status 200 and an HTML page, as a proxy would.
 * - `Garbage`: responds with status 200 and truncated JSON.
 * - `WrongLength`: performs the request and sends a `content-length` that is too large by `by` bytes, or too small if `by` is
 *   negative.
 *
 * @since 0.1.0
 * @category models
 */
export const Fault = S.Union(
  S.TaggedStruct("Reset", { when }),
  S.TaggedStruct("HalfBody", {}),
  S.TaggedStruct("Stall", { when: defaulting(when, "before"), millis: defaulting(millis, 8000) }),
  S.TaggedStruct("Status", {
    status: S.Int.pipe(S.between(400, 599)),
    when: defaulting(when, "before"),
    body: defaulting(S.Literal("json", "html", "text", "none"), "json"),
    headers
  }),
  S.TaggedStruct("Html", { when: defaulting(when, "before") }),
  S.TaggedStruct("Garbage", { when: defaulting(when, "after") }),
  S.TaggedStruct("WrongLength", { by: defaulting(S.Int, 10) })
)

/**
 * @since 0.1.0
 * @category models
 */
export type Fault = typeof Fault.Type

/**
 * Latency added to each request, in milliseconds: fixed, or lognormal with a median.
 *
 * @since 0.1.0
 * @category models
 */
export const Latency = S.Union(
  S.TaggedStruct("Fixed", { millis }),
  S.TaggedStruct("LogNormal", { median: millis, sigma: defaulting(S.NonNegative, 0.5) })
)

/**
 * @since 0.1.0
 * @category models
 */
export type Latency = typeof Latency.Type

const Endpoint = S.Literal(...(names as readonly [Name, ...ReadonlyArray<Name>]))

/**
 * The endpoints that faults can be limited to: those of the API, and the two of OAuth.
 *
 * @since 0.1.0
 * @category models
 */
export type Endpoint = typeof Endpoint.Type

/**
 * A fault and the requests that meet it: those of one `endpoint` (all by default), the next `times` of them (no limit by
 * default), each with a `probability` (1 by default).
 *
 * @since 0.1.0
 * @category models
 */
export const Rule = S.Struct({
  fault: Fault,
  endpoint: S.optional(Endpoint),
  probability: S.optional(S.Number.pipe(S.between(0, 1))),
  times: S.optional(S.NonNegativeInt)
}).annotations(strict)

/**
 * The faults of a sandbox. A request meets the first rule that applies to it; the probabilities of its rules add up. The
 * first latency for its endpoint is added.
 *
 * @since 0.1.0
 * @category models
 */
export const Plan = S.Struct({
  seed: defaulting(S.Int, 1),
  rules: defaulting(S.Array(Rule), []),
  latency: defaulting(S.Array(S.Struct({ endpoint: S.optional(Endpoint), distribution: Latency })), [])
}).annotations(strict)

/**
 * @since 0.1.0
 * @category models
 */
export type Plan = typeof Plan.Type

/**
 * The fault and the delay of one request.
 *
 * @since 0.1.0
 * @category models
 */
export interface FaultDecision {
  readonly delay: number
  readonly fault: Fault | undefined
}

/**
 * A plan that is being carried out.
 *
 * @since 0.1.0
 * @category models
 */
export interface Faults {
  readonly next: (endpoint: Endpoint) => FaultDecision
}

// --- drawing from the seed ---------------------------------------------------------------------------------------------

/** Of a standard normal distribution (Box and Muller). */
const normal = (random: Utils.PCGRandom): number =>
  Math.sqrt(-2 * Math.log(1 - random.number())) * Math.cos(2 * Math.PI * random.number())

const drawn = (latency: Latency, random: Utils.PCGRandom): number =>
  latency._tag === "Fixed" ? latency.millis : latency.median * Math.exp(latency.sigma * normal(random))

/**
 * Starts a plan. The nth request of an endpoint always meets the same fault.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (plan: Plan): Faults => {
  const randoms = new Map(names.map((name, index) => [name, new Utils.PCGRandom(plan.seed, index)]))
  const left = plan.rules.map(({ times }) => times ?? Infinity)
  return {
    next: (endpoint) => {
      // There is one generator for each endpoint.
      const random = randoms.get(endpoint)!
      const concerns = (rule: { readonly endpoint?: Endpoint | undefined }) => (rule.endpoint ?? endpoint) === endpoint
      const latency = plan.latency.find(concerns)?.distribution
      const delay = latency === undefined ? 0 : drawn(latency, random)
      let draw = random.number()
      for (const [index, rule] of plan.rules.entries()) {
        if (!concerns(rule) || left[index] === 0) continue
        const probability = rule.probability ?? 1
        if (draw < probability) {
          left[index]! -= 1
          return { delay, fault: rule.fault }
        }
        draw -= probability
      }
      return { delay, fault: undefined }
    }
  }
}
