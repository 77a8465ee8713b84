/**
 * What a sandbox knows at a time: contacts, tokens, quotas, faults, and what happened.
 *
 * @since 0.2.0
 */
import * as S from "effect/Schema"
import type { Appointment, Contact, LocationId } from "../Schema.js"
import type * as Directory from "./Directory.js"
import * as Faults from "./Faults.js"
import * as Ledger from "./Ledger.js"
import * as OAuth from "./OAuth.js"
import * as Quota from "./Quota.js"
import * as Seed from "./Seed.js"
import * as Tokens from "./Tokens.js"

/**
 * What is there at the start.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /** The locations; by default one that allows no duplicates. */
  readonly locations?: ReadonlyArray<Seed.Location> | undefined
  /** The contacts; none by default. One without a `locationId` belongs to the first location. */
  readonly contacts?: ReadonlyArray<Contact> | undefined
  /** The appointments, each with its `contactId`; none by default. */
  readonly appointments?: ReadonlyArray<Appointment> | undefined
  /** The tokens; by default one with every scope for the first location. */
  readonly tokens?: ReadonlyArray<Tokens.Token> | undefined
  /**
   * Requests in a burst and in a day, what a 429 says, and who else uses them: see `Quota`. The service's own by default, 100
   * in 10 seconds. They are counted by the clock that the layer is built with: under a `TestClock` that stands still, the
   * 101st request meets a 429.
   */
  readonly limits?: typeof Quota.Limits.Encoded | undefined
  /** The app that the token endpoints know, and how they behave: see `OAuth`. */
  readonly oauth?: Partial<OAuth.Options> | undefined
  /** What goes wrong from the start; nothing by default. */
  readonly faults?: typeof Faults.Plan.Encoded | undefined
}

/**
 * @since 0.2.0
 * @category models
 */
export interface State {
  readonly tokens: ReadonlyArray<Tokens.Token>
  /** The first location. */
  readonly locationId: LocationId
  limits: Quota.Limits
  directory: Directory.Directory
  quotas: Map<string, Quota.Quota>
  oauth: OAuth.OAuth
  faults: Faults.Faults
  outage: Faults.Fault | undefined
  book: Ledger.Book
}

const decodePlan = S.decodeSync(Faults.Plan)
const decodeLimits = S.decodeSync(Quota.Limits)

/**
 * What is there at the start, and after a reset. `now` in milliseconds of the epoch.
 *
 * @since 0.2.0
 * @category constructors
 */
export const initial = (options: Options, now: number) => ({
  limits: decodeLimits(options.limits ?? {}),
  directory: Seed.make({
    locations: options.locations,
    contacts: options.contacts,
    appointments: options.appointments,
    now
  }),
  quotas: new Map<string, Quota.Quota>(),
  oauth: OAuth.make(options.oauth),
  faults: Faults.make(decodePlan(options.faults ?? {})),
  outage: undefined,
  book: Ledger.make()
})

/**
 * @since 0.2.0
 * @category constructors
 */
export const make = (options: Options, now: number): State => {
  const locationId = ((options.locations ?? [])[0] ?? Seed.defaultLocation).id
  return {
    tokens: options.tokens ?? [{ token: "pit-sandbox", locationId, scopes: Tokens.allScopes }],
    locationId,
    ...initial(options, now)
  }
}

/**
 * What happens to the next request of an endpoint.
 *
 * @since 0.2.0
 * @category faults
 */
export const nextFault = ({ faults, outage }: State, name: Faults.Endpoint): Faults.FaultDecision =>
  outage === undefined ? faults.next(name) : { delay: 0, fault: outage }
