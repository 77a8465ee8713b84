/**
 * `ContactsService` in memory, for the tests of apps: the same rules as the sandbox, without HTTP.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as S from "effect/Schema"
import * as GrowthHub from "./GrowthHub.js"
import * as RateLimit from "./RateLimit.js"
import * as RetryPolicy from "./RetryPolicy.js"
import { Contact, type LocationId } from "./Schema.js"
import * as Controls from "./sandbox/Controls.js"
import type { Setting } from "./sandbox/Duplicates.js"
import type * as Faults from "./sandbox/Faults.js"
import { clientOf } from "./sandbox/Memory.js"
import * as Seed from "./sandbox/Seed.js"
import * as State from "./sandbox/State.js"

/**
 * The options of {@link ContactsTest.layer}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** What is there at the start. A contact without a `locationId` belongs to `locationId`. */
  readonly contacts?: ReadonlyArray<Contact> | undefined
  /** The location that the app's token would open, by default the sandbox's own. */
  readonly locationId?: LocationId | undefined
  /** Its "Allow Duplicate Contact" setting, by default not allowed, email before phone. */
  readonly duplicates?: Setting | undefined
  /**
   * How far `searchContacts` lags behind the writes, in milliseconds by the test's `Clock`: 0 by default.
   *
   * @since 0.2.0
   */
  readonly indexLag?: number | undefined
  /**
   * What goes wrong from the start, as in the sandbox; nothing by default.
   *
   * @since 0.2.0
   */
  readonly faults?: typeof Faults.Plan.Encoded | undefined
  /**
   * How calls are retried: not at all by default, so that a test needs no clock. Delays pass by the test's `Clock`.
   *
   * @since 0.2.0
   */
  readonly retryPolicy?: RetryPolicy.Policy | undefined
}

/**
 * What a test looks at and controls besides the calls.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service extends Pick<
  Controls.Controls,
  "ledger" | "setFaults" | "outage" | "recover" | "reset" | "seed"
> {
  /** The location that the token opens. */
  readonly locationId: LocationId
  /** All contacts as they are now. */
  readonly contacts: Effect.Effect<ReadonlyArray<Contact>>
}

/**
 * The contacts behind the services in memory.
 *
 * @example
 * import { Effect } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import { ContactsTest } from "effect-growthhub/ContactsTest"
 * import { ContactId } from "effect-growthhub/Schema"
 *
 * const id = ContactId.make("seD4PfOuKoVMLkEZqohJ")
 *
 * export const test = Effect.gen(function* () {
 *   const contacts = yield* ContactsService
 *   const updated = yield* contacts.updateContact(id, { tags: ["VIP"] })
 *   return updated.tags // ["vip"]
 * }).pipe(Effect.provide(ContactsTest.layer({ contacts: [{ id, firstName: "Rosan" }] })))
 *
 * @since 0.1.0
 * @category tags
 */
export class ContactsTest extends Context.Tag("effect-growthhub/ContactsTest")<ContactsTest, Service>() {
  /**
   * All services, and the `ContactsHttp` that they share, over a sandbox in memory: a new one each time the layer is built.
   * No rate limit makes a call wait.
   *
   * @since 0.1.0
   */
  static layer(options: Options = {}): Layer.Layer<GrowthHub.Services | ContactsTest> {
    return Layer.unwrapEffect(
      Effect.map(DateTime.now, ({ epochMillis }) => {
        const stateOptions = stateOptionsOf(options)
        return over(State.make(stateOptions, epochMillis), stateOptions, options.retryPolicy ?? RetryPolicy.none)
      })
    )
  }
}

const stateOptionsOf = ({ contacts, duplicates, faults, indexLag, locationId }: Options): State.Options => ({
  contacts,
  faults,
  locations: [
    {
      ...Seed.defaultLocation,
      id: locationId ?? Seed.defaultLocation.id,
      duplicates: duplicates ?? Seed.defaultLocation.duplicates,
      indexLag
    }
  ],
  // A clock that stands still would never let the quota of the service pass.
  limits: { max: Number.MAX_SAFE_INTEGER, daily: Number.MAX_SAFE_INTEGER }
})

const decodeContact = S.decodeUnknownSync(Contact)

const over = (
  state: State.State,
  options: State.Options,
  retryPolicy: RetryPolicy.Policy
): Layer.Layer<GrowthHub.Services | ContactsTest> => {
  const { ledger, setFaults, outage, recover, reset, seed } = Controls.make(state, options)
  const contacts = Effect.sync(() => Array.from(state.directory.contacts.values(), (stored) => decodeContact(stored)))
  const token = Redacted.make(state.tokens[0]?.token ?? "")
  return Layer.merge(
    GrowthHub.layer({ token }).pipe(
      Layer.provide(Layer.succeed(HttpClient.HttpClient, clientOf(state))),
      Layer.provide(RateLimit.layerUnlimited),
      Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, retryPolicy))
    ),
    Layer.succeed(ContactsTest, {
      locationId: state.locationId,
      contacts,
      ledger,
      setFaults,
      outage,
      recover,
      reset,
      seed
    })
  )
}
