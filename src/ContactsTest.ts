/**
 * All services in memory, for the tests of apps: the whole client over the sandbox, without a network.
 *
 * @module
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
import { type Appointment, Contact, type CustomFieldDefinition, type LocationId, type LocationTag } from "./Schema.js"
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
  /** The contacts at the start; none by default. A contact without a `locationId` belongs to `locationId`. */
  readonly contacts?: ReadonlyArray<Contact> | undefined
  /**
   * The appointments at the start, each with its `contactId`; none by default.
   *
   * @since 0.2.0
   */
  readonly appointments?: ReadonlyArray<Appointment> | undefined
  /**
   * The definitions of the custom fields of the location; none by default. With definitions, a custom field of a contact that
   * is not among them is not stored.
   *
   * @since 0.2.0
   */
  readonly customFields?: ReadonlyArray<CustomFieldDefinition> | undefined
  /**
   * The tags of the location; by default those of the contacts, which are added in any case.
   *
   * @since 0.2.0
   */
  readonly locationTags?: ReadonlyArray<LocationTag> | undefined
  /** The location that the token gives access to; by default the location of the sandbox. */
  readonly locationId?: LocationId | undefined
  /** The "Allow Duplicate Contact" setting; by default duplicates are not allowed, and email is checked before phone. */
  readonly duplicates?: Setting | undefined
  /**
   * The time in milliseconds, by the test's `Clock`, until `searchContacts` finds a write: 0 by default.
   *
   * @since 0.2.0
   */
  readonly indexLag?: number | undefined
  /**
   * The injected faults, as in the sandbox; none by default.
   *
   * @since 0.2.0
   */
  readonly faults?: typeof Faults.Plan.Encoded | undefined
  /**
   * The retry policy; `RetryPolicy.none` by default, so that a test needs no clock. Delays follow the `Clock` of the test.
   *
   * @since 0.2.0
   */
  readonly retryPolicy?: RetryPolicy.Policy | undefined
}

/**
 * The contacts in memory, and the controls of the sandbox.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service extends Pick<
  Controls.Controls,
  "ledger" | "setFaults" | "outage" | "recover" | "reset" | "seed"
> {
  /** The location that the token gives access to. */
  readonly locationId: LocationId
  /** All contacts as they are stored now. */
  readonly contacts: Effect.Effect<ReadonlyArray<Contact>>
}

/**
 * The controls of the services in memory.
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
   * All services and their `ContactsHttp` over a sandbox in memory, a new one each time the layer is built. A call passes the
   * whole client: encoding, `HttpClient`, retries and decoding. There is no rate limit.
   *
   * @since 0.1.0
   */
  static layer(options: Options = {}): Layer.Layer<GrowthHub.Services | ContactsTest> {
    return Layer.unwrapEffect(
      Effect.map(DateTime.now, ({ epochMillis }) => {
        const stateOptions = stateOptionsOf(options)
        return layerOfState(
          State.make(stateOptions, epochMillis),
          stateOptions,
          options.retryPolicy ?? RetryPolicy.none
        )
      })
    )
  }
}

const stateOptionsOf = ({
  appointments,
  contacts,
  customFields,
  duplicates,
  faults,
  indexLag,
  locationId,
  locationTags
}: Options): State.Options => ({
  appointments,
  contacts,
  customFields,
  faults,
  locationTags,
  locations: [
    {
      ...Seed.defaultLocation,
      id: locationId ?? Seed.defaultLocation.id,
      duplicates,
      indexLag
    }
  ],
  // While a TestClock stands still, a window of the quota would never end.
  limits: { max: Number.MAX_SAFE_INTEGER, daily: Number.MAX_SAFE_INTEGER }
})

const decodeContact = S.decodeUnknownSync(Contact)

const layerOfState = (
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
