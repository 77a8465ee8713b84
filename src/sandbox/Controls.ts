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
 * What a test can do to a sandbox, and what it can look at.
 *
 * @since 0.2.0
 * @category models
 */
export interface Controls {
  readonly ledger: Effect.Effect<Ledger.Ledger>
  readonly contacts: Effect.Effect<ReadonlyArray<StoredContact>>
  /** What goes wrong from now on, instead of what did until now. Fails for a plan that makes no sense. */
  readonly setFaults: (plan: typeof Faults.Plan.Encoded) => Effect.Effect<void, ParseResult.ParseError>
  /** Every request meets this, a plain 503 by default, until `recover`. */
  readonly outage: (fault?: typeof Faults.Fault.Encoded) => Effect.Effect<void, ParseResult.ParseError>
  readonly recover: Effect.Effect<void>
  /** What a location may ask for from now on; counts begin anew. Fails for limits that make no sense. */
  readonly setLimits: (limits: typeof Quota.Limits.Encoded) => Effect.Effect<void, ParseResult.ParseError>
  /** The day of the daily quota begins anew. */
  readonly startDay: Effect.Effect<void>
  /** The app as `/oauth/token` knows it. */
  readonly app: { readonly clientId: string; readonly clientSecret: Redacted.Redacted }
  /** Installs the app: the code that the consent page would send to its redirect URI. */
  readonly install: (installation: {
    readonly locationId?: LocationId | undefined
    readonly companyId?: string | undefined
    readonly scopes?: ReadonlyArray<Tokens.Scope> | undefined
  }) => Effect.Effect<Redacted.Redacted>
  /** All access tokens of OAuth end now; their grants stay. */
  readonly expireTokens: Effect.Effect<void>
  /** Everything as it was at the start: contacts, quotas and faults; an empty ledger. */
  readonly reset: Effect.Effect<void>
  /** Adds contacts, without a word in the ledger. One without a `locationId` goes to the first location. */
  readonly seed: (contacts: ReadonlyArray<Contact>) => Effect.Effect<void>
  /** All locations and contacts as JSON, to be imported again. */
  readonly exportDirectory: Effect.Effect<Seed.Snapshot>
  readonly importDirectory: (snapshot: Seed.Snapshot) => Effect.Effect<void>
}

const decodeFaults = S.decode(Faults.Plan)
const decodeLimitsEffect = S.decode(Quota.Limits)
const decodeFault = S.decode(Faults.Fault)

const setting = (state: State.State, changes: Partial<State.State>) =>
  Effect.sync(() => void Object.assign(state, changes))

/** Counts begin anew with other limits. */
const limiting = (state: State.State, limits: Quota.Limits) => setting(state, { limits, quotas: new Map() })

/**
 * The controls of a sandbox.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (state: State.State, options: State.Options): Controls => ({
  ledger: Effect.sync(() => {
    const { received, applied, requests, strangers } = state.ledger
    return { received, applied: [...applied], requests: [...requests], strangers: { ...strangers } }
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
