/**
 * What goes wrong on purpose, and when: by script, by probability, or all the time. Seeded, so that the same requests meet
 * the same faults in every run.
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
 * What happens to a request instead of its answer. Whatever says `when` happens `before` the request is taken up, or
 * `after` it was performed, write included.
 *
 * - `Reset`: the connection is reset.
 * - `HalfBody`: performed; the connection is reset after half of the answer.
 * - `Stall`: nothing at all for a while, 8 seconds by default; then, if the client is still there, as usual.
 * - `Status`: another status, with a body as JSON, HTML or plain text, or none; `headers` such as `retry-after`.
 * - `Html`: a success, by its status, with a page from the edge.
 * - `Garbage`: a success whose body is cut-off JSON.
 * - `WrongLength`: performed; `content-length` says more than there is, or less if `by` is negative.
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
 * How long a request takes besides: always the same, or lognormal around a median.
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
 * The endpoints that can break: those of the contacts, and the two of OAuth.
 *
 * @since 0.1.0
 * @category models
 */
export type Endpoint = typeof Endpoint.Type

/**
 * A fault and the requests that meet it: those of one endpoint or of all, the next `times` or all that come, each with a
 * `probability` or for certain.
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
 * All that is to go wrong. Of the rules for a request the first that applies is the one; their probabilities add up. The
 * first latency for its endpoint comes on top.
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
 * What is decided of one request.
 *
 * @since 0.1.0
 * @category models
 */
export interface FaultDecision {
  readonly delay: number
  readonly fault: Fault | undefined
}

/**
 * A plan on its way.
 *
 * @since 0.1.0
 * @category models
 */
export interface Faults {
  readonly next: (endpoint: Endpoint) => FaultDecision
}

// --- how they are drawn ------------------------------------------------------------------------------------------------

/** Of a standard normal distribution (Box and Muller). */
const normal = (random: Utils.PCGRandom): number =>
  Math.sqrt(-2 * Math.log(1 - random.number())) * Math.cos(2 * Math.PI * random.number())

const drawn = (latency: Latency, random: Utils.PCGRandom): number =>
  latency._tag === "Fixed" ? latency.millis : latency.median * Math.exp(latency.sigma * normal(random))

/**
 * A plan from its beginning: the nth request of an endpoint always meets the same.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (plan: Plan): Faults => {
  const randoms = new Map(names.map((name, index) => [name, new Utils.PCGRandom(plan.seed, index)]))
  const left = plan.rules.map(({ times }) => times ?? Infinity)
  return {
    next: (endpoint) => {
      // There is one for each endpoint, and there are no others.
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
