/**
 * The controls of a sandbox: faults, limits, contacts, tokens and the ledger.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as S from "effect/Schema"
import type { Contact, LocationId } from "../Schema.js"
import type { StoredContact } from "./ContactRecord.js"
import * as Faults from "./Faults.js"
import type * as Ledger from "./Ledger.js"
import * as OAuth from "./OAuth.js"
import * as Quota from "./Quota.js"
import * as Seed from "./Seed.js"
import * as State from "./State.js"
import * as Tokens from "./Tokens.js"

/**
 * The controls of a sandbox for a test: it injects faults, sets limits, and reads contacts and the ledger.
 *
 * @since 0.2.0
 * @category models
 */
export interface Controls {
  /** The requests that were received and the writes that were applied. */
  readonly ledger: Effect.Effect<Ledger.Ledger>
  /** All contacts as they are stored, in the JSON of a response. */
  readonly contacts: Effect.Effect<ReadonlyArray<StoredContact>>
  /** Replaces the faults. Fails with `ParseError` if the plan is invalid. */
  readonly setFaults: (plan: typeof Faults.Plan.Encoded) => Effect.Effect<void, ParseResult.ParseError>
  /** Applies a fault to every request until `recover`: a 503 by default. Fails with `ParseError` if the fault is invalid. */
  readonly outage: (fault?: typeof Faults.Fault.Encoded) => Effect.Effect<void, ParseResult.ParseError>
  /** Ends the outage; the faults of `setFaults` apply again. */
  readonly recover: Effect.Effect<void>
  /** Replaces the rate limits and resets their counts. Fails with `ParseError` if the limits are invalid. */
  readonly setLimits: (limits: typeof Quota.Limits.Encoded) => Effect.Effect<void, ParseResult.ParseError>
  /** Starts a new day of the daily quota. */
  readonly startDay: Effect.Effect<void>
  /** The app whose credentials `/oauth/token` accepts. */
  readonly app: {
    /** The client id of the app. */
    readonly clientId: string
    /** The client secret of the app. */
    readonly clientSecret: Redacted.Redacted
  }
  /** Installs the app. Gives the authorization code that the consent page would send to the redirect URI. */
  readonly install: (installation: {
    /** The location that installs the app; left out if an agency does. */
    readonly locationId?: LocationId | undefined
    /** The agency (company) that installs the app, or that the location belongs to. */
    readonly companyId?: string | undefined
    /** The scopes that are granted; every scope by default. */
    readonly scopes?: ReadonlyArray<Tokens.Scope> | undefined
  }) => Effect.Effect<Redacted.Redacted>
  /** Expires all access tokens of OAuth; their refresh tokens stay valid. */
  readonly expireTokens: Effect.Effect<void>
  /** Restores contacts, limits, faults and OAuth as they were at the start, and empties the ledger. */
  readonly reset: Effect.Effect<void>
  /** Adds contacts without an entry in the ledger. A contact without a `locationId` goes to the first location. */
  readonly seed: (contacts: ReadonlyArray<Contact>) => Effect.Effect<void>
  /** All locations, contacts and other records as JSON. */
  readonly exportDirectory: Effect.Effect<Seed.Snapshot>
  /** Replaces all locations, contacts and other records by those of a snapshot. */
  readonly importDirectory: (snapshot: Seed.Snapshot) => Effect.Effect<void>
}

const decodeFaults = S.decode(Faults.Plan)
const decodeLimitsEffect = S.decode(Quota.Limits)
const decodeFault = S.decode(Faults.Fault)

const setting = (state: State.State, changes: Partial<State.State>) =>
  Effect.sync(() => void Object.assign(state, changes))

/** Replaces the limits, and resets the counts of all quotas. */
const limiting = (state: State.State, limits: Quota.Limits) => setting(state, { limits, quotas: new Map() })

/**
 * The controls of a sandbox.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (state: State.State, options: State.Options): Controls => ({
  ledger: Effect.sync(() => {
    const { received, applied, requests, otherConsumers } = state.ledger
    return { received, applied: [...applied], requests: [...requests], otherConsumers: { ...otherConsumers } }
  }),
  contacts: Effect.sync(() => Array.from(state.directory.contacts.values())),
  setFaults: (plan) => Effect.flatMap(decodeFaults(plan), (plan) => setting(state, { faults: Faults.make(plan) })),
  outage: (fault = { _tag: "Status", status: 503 }) =>
    Effect.flatMap(decodeFault(fault), (outage) => setting(state, { outage })),
  recover: setting(state, { outage: undefined }),
  setLimits: (limits) => Effect.flatMap(decodeLimitsEffect(limits), (limits) => limiting(state, limits)),
  startDay: Effect.map(DateTime.now, ({ epochMillis }) => {
    for (const quota of state.quotas.values()) quota.startDay(epochMillis)
  }),
  app: { clientId: state.oauth.options.clientId, clientSecret: Redacted.make(state.oauth.options.clientSecret) },
  install: ({ locationId, companyId, scopes = Tokens.allScopes }) =>
    Effect.suspend(() => {
      const [code, oauth] = OAuth.install(state.oauth, { locationId, companyId, scopes })
      return Effect.as(setting(state, { oauth }), Redacted.make(code))
    }),
  expireTokens: Effect.suspend(() => setting(state, { oauth: OAuth.expire(state.oauth) })),
  reset: Effect.flatMap(DateTime.now, ({ epochMillis }) => setting(state, State.initial(options, epochMillis))),
  seed: (contacts) =>
    Effect.map(DateTime.now, ({ epochMillis }) => Seed.seed(state.directory, contacts, state.locationId, epochMillis)),
  exportDirectory: Effect.sync(() => Seed.toSnapshot(state.directory)),
  importDirectory: (snapshot) => Effect.suspend(() => setting(state, { directory: Seed.fromSnapshot(snapshot) }))
})
