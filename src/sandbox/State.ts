/**
 * The state of a sandbox: contacts, tokens, quotas, faults and the ledger.
 *
 * @since 0.2.0
 */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as S from "effect/Schema"
import type { LocationId } from "../Schema.js"
import type * as Directory from "./Directory.js"
import * as Faults from "./Faults.js"
import * as Ledger from "./Ledger.js"
import * as OAuth from "./OAuth.js"
import * as Quota from "./Quota.js"
import * as Seed from "./Seed.js"
import * as Tokens from "./Tokens.js"

/**
 * The state of a sandbox at its start.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options extends Seed.Options {
  /** The tokens; by default one with every scope for the first location. */
  readonly tokens?: ReadonlyArray<Tokens.Token> | undefined
  /**
   * The rate limits of each location; by default those of the service, 100 requests in 10 seconds and 200,000 a day. Requests
   * are counted by the `Clock` that the layer is built with: while a `TestClock` stands still, the 101st request gets a 429.
   */
  readonly limits?: typeof Quota.Limits.Encoded | undefined
  /** The app that can use the token endpoints, and the behaviour of these endpoints. */
  readonly oauth?: Partial<OAuth.Options> | undefined
  /** The injected faults; none by default. */
  readonly faults?: typeof Faults.Plan.Encoded | undefined
}

/**
 * The state of a running sandbox.
 *
 * @since 0.2.0
 * @category models
 */
export interface State {
  /** The tokens of the options, without those that OAuth has issued. */
  readonly tokens: ReadonlyArray<Tokens.Token>
  /** The first location. */
  readonly locationId: LocationId
  /** The rate limits of each location. */
  limits: Quota.Limits
  /** Locations, contacts and notes. */
  directory: Directory.Directory
  /** The quotas by location; a quota is made with the first request of its location. */
  quotas: Map<string, Quota.Quota>
  /** The state of the token endpoints. */
  oauth: OAuth.OAuth
  /** The faults that are injected while there is no outage. */
  faults: Faults.Faults
  /** The fault of every request during an outage; undefined if there is no outage. */
  outage: Faults.Fault | undefined
  /** The requests that were received and the writes that were applied. */
  ledger: Ledger.MutableLedger
}

const decodePlan = S.decodeSync(Faults.Plan)
const decodeLimits = S.decodeSync(Quota.Limits)

/**
 * The state at the start and after a reset. `now` is in milliseconds of the epoch.
 *
 * @since 0.2.0
 * @category constructors
 */
export const initial = (options: Options, now: number) => ({
  limits: decodeLimits(options.limits ?? {}),
  directory: Seed.make({ ...options, now }),
  quotas: new Map<string, Quota.Quota>(),
  oauth: OAuth.make(options.oauth),
  faults: Faults.make(decodePlan(options.faults ?? {})),
  outage: undefined,
  ledger: Ledger.make()
})

const sentenceOf = ({ message, path }: ParseResult.ArrayFormatterIssue) => [path.join("."), message].join(" ").trim()

/**
 * Checks an option, which would otherwise make every request fail or have no effect. Throws a `TypeError` if it is invalid.
 *
 * @since 0.2.0
 * @category constructors
 */
export const check = <A, I>(name: string, schema: S.Schema<A, I>, value: unknown): A => {
  const decoded = S.decodeUnknownEither(schema, { onExcessProperty: "error", errors: "all" })(value)
  if (Either.isRight(decoded)) return decoded.right
  const faults = ParseResult.ArrayFormatter.formatErrorSync(decoded.left).map(sentenceOf)
  throw new TypeError(`The option \`${name}\` of the sandbox is invalid: ${faults.join("; ")}`)
}

/**
 * The state of a new sandbox. `now` is in milliseconds of the epoch. Throws a `TypeError` for invalid locations and tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (options: Options, now: number): State => {
  if (options.locations !== undefined) check("locations", Seed.Locations, options.locations)
  if (options.tokens !== undefined) check("tokens", Tokens.Tokens, options.tokens)
  const locationId = ((options.locations ?? [])[0] ?? Seed.defaultLocation).id
  return {
    tokens: options.tokens ?? [{ token: "pit-sandbox", locationId, scopes: Tokens.allScopes }],
    locationId,
    ...initial(options, now)
  }
}

/**
 * The fault and the delay of the next request of an endpoint.
 *
 * @since 0.2.0
 * @category faults
 */
export const nextFault = ({ faults, outage }: State, name: Faults.Endpoint): Faults.FaultDecision =>
  outage === undefined ? faults.next(name) : { delay: 0, fault: outage }
