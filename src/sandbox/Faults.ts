/**
 * Faults that the sandbox injects into requests: a scripted number of times, with a probability, or always. They are drawn
 * from a seed, so that the same requests get the same faults in every run.
 *
 * @since 0.1.0
 */
import * as S from "effect/Schema"
import * as Utils from "effect/Utils"
import { defaulting } from "./Defaults.js"
import { type Name, names } from "./Endpoints.js"

// --- models ------------------------------------------------------------------------------------------------------------

/** The time of a fault: before the request is performed, or after that and before the response is sent. */
const when = S.Literal("before", "after")

const headers = S.optional(S.Record({ key: S.String, value: S.String }))

const millis = S.NonNegative

/** An unknown field is refused: a test with a misspelt field would pass without any fault. */
const strict = { parseOptions: { onExcessProperty: "error" } } as const

/**
 * A fault in the response to a request. With `when: "before"` the sandbox does not perform the request; with `"after"` it
 * performs the request, writes included, and then loses the response. An unknown field is refused.
 *
 * @since 0.1.0
 * @category models
 */
export const Fault = S.Union(
  // Resets the connection.
  S.TaggedStruct("Reset", {
    /** Whether the connection is reset before the request is performed, or after. */
    when
  }),
  // Performs the request, sends half of the body, and resets the connection.
  S.TaggedStruct("HalfBody", {}),
  // Sends nothing for a while, then responds as usual if the client is still connected.
  S.TaggedStruct("Stall", {
    /** Whether the stall comes before the request is performed, or after. `"before"` by default. */
    when: defaulting(when, "before"),
    /** The length of the stall in milliseconds, 8,000 by default. */
    millis: defaulting(millis, 8000)
  }),
  // Responds with an error status.
  S.TaggedStruct("Status", {
    /** The status of the response, from 400 to 599. */
    status: S.Int.pipe(S.between(400, 599)),
    /** Whether the error replaces the response before the request is performed, or after. `"before"` by default. */
    when: defaulting(when, "before"),
    /** The body of the response: an error as `"json"` (the default), an `"html"` page, plain `"text"`, or `"none"`. */
    body: defaulting(S.Literal("json", "html", "text", "none"), "json"),
    /** Further headers of the response, such as `retry-after`. */
    headers
  }),
  // Responds with status 200 and an HTML page, as a proxy would.
  S.TaggedStruct("Html", {
    /** Whether the page replaces the response before the request is performed, or after. `"before"` by default. */
    when: defaulting(when, "before")
  }),
  // Responds with status 200 and truncated JSON.
  S.TaggedStruct("Garbage", {
    /** Whether the JSON replaces the response before the request is performed, or after. `"after"` by default. */
    when: defaulting(when, "after")
  }),
  // Performs the request and sends a wrong `content-length`.
  S.TaggedStruct("WrongLength", {
    /** How many bytes `content-length` is too large; negative if it is too small. 10 by default. */
    by: defaulting(S.Int, 10)
  })
)

/**
 * A fault: `Reset` (the connection), `HalfBody`, `Stall`, `Status` (an error status), `Html` (a 200 with a page), `Garbage`
 * (a 200 with truncated JSON) or `WrongLength` (of the body).
 *
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
  S.TaggedStruct("Fixed", {
    /** The latency in milliseconds. */
    millis
  }),
  S.TaggedStruct("LogNormal", {
    /** The median latency in milliseconds. */
    median: millis,
    /** The standard deviation of the logarithm, 0.5 by default. */
    sigma: defaulting(S.NonNegative, 0.5)
  })
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
 * A fault and the requests that it applies to.
 *
 * @since 0.1.0
 * @category models
 */
export const Rule = S.Struct({
  /** The fault. */
  fault: Fault,
  /** The endpoint whose requests the fault applies to; every endpoint by default. */
  endpoint: S.optional(Endpoint),
  /** The probability that the fault applies to a request, from 0 to 1; 1 by default. */
  probability: S.optional(S.Number.pipe(S.between(0, 1))),
  /** The maximum number of requests that the fault applies to; no limit by default. */
  times: S.optional(S.NonNegativeInt)
}).annotations(strict)

/**
 * The faults of a sandbox, in the order in which they are tried.
 *
 * @since 0.1.0
 * @category models
 */
export const Plan = S.Struct({
  /** The seed of probabilities and latencies: the same seed gives the same faults in every run. 1 by default. */
  seed: defaulting(S.Int, 1),
  /**
   * The rules; none by default. A request gets the fault of the first rule that applies to it. The probabilities of the
   * rules for one endpoint add up: 0.1 and 0.2 leave 70 % of its requests without a fault.
   */
  rules: defaulting(S.Array(Rule), []),
  /** The added latencies; none by default. The first one that applies to a request counts. */
  latency: defaulting(
    S.Array(
      S.Struct({
        /** The endpoint whose requests are delayed; every endpoint by default. */
        endpoint: S.optional(Endpoint),
        /** The distribution of the latency. */
        distribution: Latency
      })
    ),
    []
  )
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
  /** The added latency in milliseconds. */
  readonly delay: number
  /** The fault; undefined if no fault applies to the request. */
  readonly fault: Fault | undefined
}

/**
 * A plan in use. It counts the requests that each rule was applied to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Faults {
  /** Decides about the next request of an endpoint. */
  readonly next: (endpoint: Endpoint) => FaultDecision
}

// --- drawing from the seed ---------------------------------------------------------------------------------------------

/** A number of the standard normal distribution (Box-Muller transform). */
const normal = (random: Utils.PCGRandom): number =>
  Math.sqrt(-2 * Math.log(1 - random.number())) * Math.cos(2 * Math.PI * random.number())

const sample = (latency: Latency, random: Utils.PCGRandom): number =>
  latency._tag === "Fixed" ? latency.millis : latency.median * Math.exp(latency.sigma * normal(random))

/**
 * Starts a plan. The nth request of an endpoint always gets the same fault.
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
      const delay = latency === undefined ? 0 : sample(latency, random)
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
