/**
 * The Contacts API of GrowthHub as a service: what can be done to contacts.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { contactRows as rows } from "./api/contacts.js"
import { searchContacts, usualPage } from "./api/search.js"
import { type ContactsError, type DocumentedError, orDieOperational } from "./Errors.js"
import * as HttpLayer from "./HttpLayer.js"
import type * as Schema from "./Schema.js"

// --- the interface -----------------------------------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Gets a contact by its id. Repeating it is safe.
   *
   * Fails with `BadRequest` (`isContactNotFound`) for an unknown or deleted contact, `Forbidden` for another location's.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-contact
   */
  readonly getContact: (id: Schema.ContactId) => Effect.Effect<Schema.Contact, ContactsError>

  /**
   * Changes the given fields of a contact and answers the whole contact. `tags` overwrites all tags. Repeating it with
   * the same changes is safe. If its outcome is unknown in the end, the contact is looked at (see `RetryPolicy`).
   *
   * Fails with `Unprocessable`, before anything is sent, for changes that the endpoint does not take.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/update-contact
   */
  readonly updateContact: (
    id: Schema.ContactId,
    changes: Schema.ContactUpdate
  ) => Effect.Effect<Schema.Contact, ContactsError>

  /**
   * Updates the contact that matches by email or phone, as the location's settings say, or creates one: `new` tells
   * which, also when an attempt whose answer was lost has created it. Repeating it is safe when it can only match what
   * it made: with an email or a phone, and without `createNewIfDuplicateAllowed: true`.
   *
   * Fails with `Unprocessable`, before anything is sent, for a contact that the endpoint does not take.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/upsert-contact
   */
  readonly upsertContact: (contact: Schema.ContactUpsert) => Effect.Effect<Schema.UpsertedContact, ContactsError>

  /**
   * Creates a contact. Where the location does not allow duplicates, it fails with a `BadRequest` whose `duplicateOf` is the
   * contact that has the email or phone already.
   *
   * It is never sent again once it may have been applied. If its outcome is unknown in the end, the duplicate search tells by
   * the email, or else the phone, whether it was. A 422 can have created the contact all the same, by one report.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/create-contact
   *
   * @since 0.2.0
   */
  readonly createContact: (contact: Schema.ContactCreate) => Effect.Effect<Schema.Contact, ContactsError>

  /**
   * Deletes a contact. Repeating it is safe: a retry that finds the contact gone is a success. `searchContacts` may still
   * find the contact for a while.
   *
   * Fails with `BadRequest` (`isContactNotFound`) for an unknown contact, or one that was deleted before this call.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/delete-contact
   *
   * @since 0.2.0
   */
  readonly deleteContact: (id: Schema.ContactId) => Effect.Effect<void, ContactsError>

  /**
   * The contact that an upsert with this email or phone would update, by the location's settings; none if there is no match.
   * Repeating it is safe.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-duplicate-contact
   *
   * @since 0.2.0
   */
  readonly getDuplicateContact: (identity: {
    /** The location to look in. */
    readonly locationId: Schema.LocationId
    /** The email to look for. */
    readonly email?: string | undefined
    /** The phone to look for, in E.164 (`+18887324197`). */
    readonly phone?: string | undefined
  }) => Effect.Effect<Option.Option<Schema.Contact>, ContactsError>

  /**
   * A page of the contacts that match a search, 100 of them by default. Repeating it is safe. For all pages, see
   * `ContactsBulk.searchAll`.
   *
   * The search is an index that lags behind writes, by seconds and at times by a minute: a new contact is not found at once, a
   * deleted one still is. Whether a contact exists is told by `getContact`. `page` reaches the first 10,000 contacts,
   * `searchAfter` all of them.
   *
   * Fails with `Unprocessable`, before anything is sent, for a search that the endpoint does not take.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/search-contacts-advanced
   *
   * @example
   * import { DateTime, Effect } from "effect"
   * import { ContactsService } from "effect-growthhub/ContactsService"
   * import * as Filter from "effect-growthhub/Filter"
   * import { LocationId } from "effect-growthhub/Schema"
   *
   * export const page = Effect.gen(function* () {
   *   const contacts = yield* ContactsService
   *   const lastWeek = DateTime.subtract(yield* DateTime.now, { weeks: 1 })
   *   return yield* contacts.searchContacts({
   *     locationId: LocationId.make("ve9EPM428h8vShlRW1KT"),
   *     filters: [Filter.equals("tags", "webinar"), Filter.range("dateAdded", { gte: lastWeek })],
   *     sort: [{ field: "dateAdded", direction: "asc" }]
   *   })
   * })
   *
   * @since 0.2.0
   */
  readonly searchContacts: (search: Schema.ContactSearch) => Effect.Effect<Schema.SearchPage, ContactsError>
}

/**
 * A service whose methods fail only as the API documents: its operational errors are defects.
 *
 * @since 0.2.0
 * @category models
 */
export type Documented<Methods> = {
  readonly [Name in keyof Methods]: Methods[Name] extends (
    ...input: infer Input
  ) => Effect.Effect<infer A, ContactsError, infer R>
    ? (...input: Input) => Effect.Effect<A, DocumentedError, R>
    : Methods[Name]
}

const makeService = ({ perform }: HttpLayer.Service): Service => ({
  getContact: (contactId) => Effect.map(perform(rows.getContact, { params: { contactId } }), contactOf),
  updateContact: (contactId, body) =>
    Effect.map(perform(rows.updateContact, { params: { contactId }, body }), contactOf),
  upsertContact: (body) =>
    Effect.map(perform(rows.upsertContact, { body }), ({ contact, new: isNew, traceId }) => ({
      ...contact,
      new: isNew,
      ...(typeof traceId === "string" ? { traceId } : {})
    })),
  createContact: (body) => Effect.map(perform(rows.createContact, { body }), contactOf),
  deleteContact: (contactId) => Effect.asVoid(perform(rows.deleteContact, { params: { contactId } })),
  getDuplicateContact: ({ locationId, email, phone }) =>
    Effect.map(perform(rows.getDuplicateContact, { query: { locationId, email, number: phone } }), ({ contact }) =>
      Option.fromNullable(contact)
    ),
  searchContacts: (search) =>
    Effect.map(
      perform(searchContacts, { body: { ...search, pageLimit: search.pageLimit ?? usualPage } }),
      ({ contacts, total }) => {
        const searchAfter = contacts.at(-1)?.searchAfter
        return { contacts, total, ...(searchAfter === undefined ? {} : { searchAfter }) }
      }
    )
})

const contactOf = ({ contact }: { readonly contact: Schema.Contact }): Schema.Contact => contact

const documented = (service: Service): Documented<Service> =>
  // Each method stays the same but for its errors.
  Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      (...input: ReadonlyArray<never>) =>
        orDieOperational(
          (method as (...input: ReadonlyArray<never>) => Effect.Effect<unknown, ContactsError>)(...input)
        )
    ])
  ) as unknown as Documented<Service>

// --- the layers --------------------------------------------------------------------------------------------------------

/**
 * The options of {@link ContactsService.layer}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends HttpLayer.ServiceOptions {}

/**
 * {@link Options}, each from the app's configuration. Those that are not given are read under their default names.
 *
 * @since 0.1.0
 * @category models
 */
export type ConfigOptions = HttpLayer.ServiceConfigOptions

/**
 * The contacts of GrowthHub (HighLevel, GoHighLevel, LeadConnector).
 *
 * @example
 * import { FetchHttpClient } from "@effect/platform"
 * import { Effect, Layer } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import { ContactId } from "effect-growthhub/Schema"
 *
 * const program = Effect.gen(function* () {
 *   const contacts = yield* ContactsService
 *   const contact = yield* contacts.getContact(ContactId.make("seD4PfOuKoVMLkEZqohJ"))
 *   return contact.email
 * })
 *
 * // Effect<string | undefined, ContactsError | ConfigError>
 * export const main = program.pipe(
 *   Effect.provide(ContactsService.layerConfig().pipe(Layer.provide(FetchHttpClient.layer)))
 * )
 *
 * @since 0.1.0
 * @category tags
 */
export class ContactsService extends Context.Tag("effect-growthhub/ContactsService")<ContactsService, Service>() {
  /**
   * The service on the app's own `HttpClient`: another one each time, so that one app can have many accounts. A token or base URL that cannot be used fails each call with
   * `Unauthorized` or `TransportError` and a message that says why; nothing is sent.
   *
   * @since 0.1.0
   */
  static layer(options: Options): Layer.Layer<ContactsService, never, HttpClient.HttpClient> {
    return Layer.provide(ContactsService.layerHttp, HttpLayer.layer(options))
  }

  /**
   * The service as the app's configuration says: `GROWTHHUB_TOKEN` (redacted) and `GROWTHHUB_BASE_URL` (the vendor's host
   * if absent), unless a `Config` of the app's own is given for an option. A token or base URL that is missing or cannot
   * be used is a `ConfigError` when the layer is built; its message does not repeat the token.
   *
   * @since 0.1.0
   */
  static layerConfig(
    config: ConfigOptions = {}
  ): Layer.Layer<ContactsService, ConfigError.ConfigError, HttpClient.HttpClient> {
    return Layer.provide(ContactsService.layerHttp, HttpLayer.layerConfig(config))
  }

  /**
   * The service on a `ContactsHttp` of the app's own. Several services over one `HttpLayer.layer(options)` share its token
   * and its rate limit.
   *
   * The layer is built anew wherever it is used: Effect would otherwise build it once for each memo map, and a second account
   * would get the service of the first.
   *
   * @since 0.1.0
   */
  static readonly layerHttp: Layer.Layer<ContactsService, never, HttpLayer.ContactsHttp> = Layer.fresh(
    Layer.effect(ContactsService, Effect.map(HttpLayer.ContactsHttp, makeService))
  )

  /**
   * The service with exactly the documented errors in every signature, `BadRequest | Unauthorized | Unprocessable`: the
   * operational ones (network, outage, rate limit, a foreign location) are defects.
   *
   * @example
   * import { Effect } from "effect"
   * import { ContactsService } from "effect-growthhub/ContactsService"
   * import { ContactId } from "effect-growthhub/Schema"
   *
   * // Effect<Contact, BadRequest | Unauthorized | Unprocessable, ContactsService>
   * export const contact = Effect.flatMap(ContactsService.documented, (contacts) =>
   *   contacts.getContact(ContactId.make("seD4PfOuKoVMLkEZqohJ"))
   * )
   *
   * @since 0.2.0
   */
  static readonly documented: Effect.Effect<Documented<Service>, never, ContactsService> = Effect.map(
    Effect.suspend(() => ContactsService),
    documented
  )
}
