/**
 * The service for the Contacts API of GrowthHub.
 *
 * @module
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { ignoredFields } from "./api/applied.js"
import { appointmentRows } from "./api/appointments.js"
import { bulkTagRows, resultsOf } from "./api/bulkTags.js"
import { businessRows } from "./api/businesses.js"
import { campaignRows } from "./api/campaigns.js"
import { contactListRows } from "./api/contactList.js"
import type { ContactParts } from "./api/contactParts.js"
import { contactRows } from "./api/contacts.js"
import { followerRows } from "./api/followers.js"
import { searchContacts, defaultPageSize } from "./api/search.js"
import { tagRows } from "./api/tags.js"
import { workflowRows } from "./api/workflows.js"
import { type ContactsError, type DocumentedError, orDieOperational } from "./Errors.js"
import * as HttpLayer from "./HttpLayer.js"
import type * as Schema from "./Schema.js"

// --- the interface -----------------------------------------------------------------------------------------------------

/**
 * The operations on contacts and their parts, such as tags and followers.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service extends ContactParts {
  /**
   * Gets a contact by its id. Safe to retry.
   *
   * Fails with `BadRequest` (`isContactNotFound`) for an unknown or deleted contact, with `Forbidden` for a contact of
   * another location.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-contact
   */
  readonly getContact: (id: Schema.ContactId) => Effect.Effect<Schema.Contact, ContactsError>

  /**
   * Changes the given fields of a contact and returns the whole contact; its `ignored` lists the fields that the service did
   * not store. `tags` overwrites all tags. Safe to retry. The client verifies an unknown outcome by reading the contact (see
   * `RetryPolicy`).
   *
   * Fails with `Unprocessable`, before anything is sent, for changes that the endpoint does not accept.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/update-contact
   */
  readonly updateContact: (
    id: Schema.ContactId,
    changes: Schema.ContactUpdate
  ) => Effect.Effect<Schema.WrittenContact, ContactsError>

  /**
   * Updates the contact with this email or phone, or creates one; the location's settings determine which field is matched
   * first. `new` is true if the call created the contact, even if the response of the attempt that created it was lost. The
   * call is safe to retry with an email or a phone, and without `createNewIfDuplicateAllowed: true`. `ignored` lists the
   * fields that the service did not store: if the contact was found by its email, the service drops a phone that belongs to
   * another contact.
   *
   * Fails with `Unprocessable`, before anything is sent, for a contact that the endpoint does not accept.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/upsert-contact
   */
  readonly upsertContact: (contact: Schema.ContactUpsert) => Effect.Effect<Schema.UpsertedContact, ContactsError>

  /**
   * Creates a contact. If the location does not allow duplicates, the call fails with a `BadRequest` whose `duplicateOf` is
   * the contact that already has the email or phone.
   *
   * The call is not retried once it may have been applied. The client verifies an unknown outcome with the duplicate search,
   * by the email, or by the phone if there is no email. `ignored` lists the fields that the service did not store. According
   * to one report, the service can create the contact and still respond with 422.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/create-contact
   *
   * @since 0.2.0
   */
  readonly createContact: (contact: Schema.ContactCreate) => Effect.Effect<Schema.WrittenContact, ContactsError>

  /**
   * Deletes a contact. Safe to retry: a retry that finds the contact gone succeeds. `searchContacts` may still find the
   * contact for a while.
   *
   * Fails with `BadRequest` (`isContactNotFound`) for an unknown contact, or a contact that was deleted before this call.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/delete-contact
   *
   * @since 0.2.0
   */
  readonly deleteContact: (id: Schema.ContactId) => Effect.Effect<void, ContactsError>

  /**
   * Gets the contact that an upsert with this email or phone would update, by the location's settings; `None` if no contact
   * matches. Safe to retry.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-duplicate-contact
   *
   * @since 0.2.0
   */
  readonly getDuplicateContact: (identity: {
    /** The location to search. */
    readonly locationId: Schema.LocationId
    /** The email to search for. */
    readonly email?: string | undefined
    /** The phone to search for, in E.164 (`+18887324197`). */
    readonly phone?: string | undefined
  }) => Effect.Effect<Option.Option<Schema.Contact>, ContactsError>

  /**
   * Gets a page of the contacts that match a search, 100 contacts by default. Safe to retry. For all pages, see
   * `ContactsBulk.searchAll`.
   *
   * The search index lags behind writes by seconds, sometimes by a minute: it lacks new contacts and still has deleted ones.
   * To check whether a contact exists, use `getContact`. `page` reaches the first 10,000 contacts, `searchAfter` reaches
   * all.
   *
   * Fails with `Unprocessable`, before anything is sent, for a search that the endpoint does not accept.
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
 * A service whose methods fail only with the errors that the API documents; operational errors are defects.
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

const rows = {
  ...contactRows,
  ...tagRows,
  ...followerRows,
  ...appointmentRows,
  ...campaignRows,
  ...workflowRows,
  ...contactListRows,
  ...businessRows,
  ...bulkTagRows
}

const makeService = ({ perform }: HttpLayer.Service): Service => ({
  getContact: (contactId) => Effect.map(perform(rows.getContact, { params: { contactId } }), contactOf),
  updateContact: (contactId, body) =>
    Effect.map(perform(rows.updateContact, { params: { contactId }, body }), writtenOf(body)),
  upsertContact: (body) =>
    Effect.map(perform(rows.upsertContact, { body }), ({ contact, new: isNew, traceId }) =>
      Object.assign(writtenOf(body)({ contact }), { new: isNew }, typeof traceId === "string" ? { traceId } : {})
    ),
  createContact: (body) => Effect.map(perform(rows.createContact, { body }), writtenOf(body)),
  deleteContact: (contactId) => Effect.asVoid(perform(rows.deleteContact, { params: { contactId } })),
  getDuplicateContact: ({ locationId, email, phone }) =>
    Effect.map(perform(rows.getDuplicateContact, { query: { locationId, email, number: phone } }), ({ contact }) =>
      Option.fromNullable(contact)
    ),
  searchContacts: (search) =>
    Effect.map(
      perform(searchContacts, { body: { ...search, pageLimit: search.pageLimit ?? defaultPageSize } }),
      ({ contacts, total }) => {
        const searchAfter = contacts.at(-1)?.searchAfter
        return { contacts, total, ...(searchAfter === undefined ? {} : { searchAfter }) }
      }
    ),
  ...makeParts(perform)
})

const makeParts = (perform: HttpLayer.Service["perform"]): ContactParts => ({
  addTags: (contactId, tags) => perform(rows.addTags, { params: { contactId }, body: { tags } }),
  removeTags: (contactId, tags) => perform(rows.removeTags, { params: { contactId }, body: { tags } }),
  addFollowers: (contactId, followers) => perform(rows.addFollowers, { params: { contactId }, body: { followers } }),
  removeFollowers: (contactId, followers) =>
    perform(rows.removeFollowers, { params: { contactId }, body: { followers } }),
  getAppointments: (contactId) =>
    Effect.map(perform(rows.getAppointments, { params: { contactId } }), ({ events }) => events ?? []),
  addToCampaign: (contactId, campaignId) =>
    Effect.asVoid(perform(rows.addToCampaign, { params: { contactId, campaignId }, body: {} })),
  removeFromCampaign: (contactId, campaignId) =>
    Effect.asVoid(perform(rows.removeFromCampaign, { params: { contactId, campaignId } })),
  removeFromAllCampaigns: (contactId) => Effect.asVoid(perform(rows.removeFromAllCampaigns, { params: { contactId } })),
  addToWorkflow: (contactId, workflowId, entry = {}) =>
    Effect.asVoid(perform(rows.addToWorkflow, { params: { contactId, workflowId }, body: entry })),
  removeFromWorkflow: (contactId, workflowId, entry = {}) =>
    Effect.asVoid(perform(rows.removeFromWorkflow, { params: { contactId, workflowId }, body: entry })),
  getContacts: (query) => perform(rows.getContacts, { query }),
  getContactsByBusiness: (businessId, query) => perform(rows.getContactsByBusiness, { params: { businessId }, query }),
  updateTagsInBulk: (body) =>
    Effect.map(perform(rows.updateTagsInBulk, { params: { type: body.type }, body }), (answer) =>
      resultsOf(body.contacts, answer)
    ),
  setBusinessInBulk: (body) =>
    Effect.map(perform(rows.setBusinessInBulk, { body }), ({ ids }) => Option.fromNullable(ids))
})

const writtenOf =
  (sent: object) =>
  ({ contact }: { readonly contact: Schema.Contact }): Schema.WrittenContact =>
    // Changes the decoded contact in place: nothing else refers to it, and a copy costs about as much as decoding it.
    Object.assign(contact, { ignored: ignoredFields(sent, contact) })

const contactOf = ({ contact }: { readonly contact: Schema.Contact }): Schema.Contact => contact

const documented = (service: Service): Documented<Service> =>
  // The cast is safe: each method differs only in its errors.
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
 * The {@link Options}, each as a `Config`. An option that is not given is read under its default name.
 *
 * @since 0.1.0
 * @category models
 */
export type ConfigOptions = HttpLayer.ServiceConfigOptions

/**
 * The service for the contacts of GrowthHub (HighLevel, GoHighLevel, LeadConnector).
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
   * The service on the app's own `HttpClient`. Each use of the layer builds a new service, so one app can have many
   * accounts. If the token or base URL cannot be used, each call fails with `Unauthorized` or `TransportError` and a message
   * that gives the reason; nothing is sent.
   *
   * @since 0.1.0
   */
  static layer(options: Options): Layer.Layer<ContactsService, never, HttpClient.HttpClient> {
    return Layer.provide(ContactsService.layerHttp, HttpLayer.layer(options))
  }

  /**
   * The service with the options of the app's configuration: `GROWTHHUB_TOKEN` (redacted) and `GROWTHHUB_BASE_URL` (the
   * vendor's host if absent), or the `Config` that is given for an option. A token or base URL that is missing or cannot be
   * used is a `ConfigError` when the layer is built; its message does not repeat the token.
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
   * Each use of the layer builds a new service: Effect would otherwise build it once for each memo map, and a second account
   * would get the service of the first.
   *
   * @since 0.1.0
   */
  static readonly layerHttp: Layer.Layer<ContactsService, never, HttpLayer.ContactsHttp> = Layer.fresh(
    Layer.effect(ContactsService, Effect.map(HttpLayer.ContactsHttp, makeService))
  )

  /**
   * The service with exactly the documented errors in every signature, `BadRequest | Unauthorized | Unprocessable`: the
   * operational errors (network, outage, rate limit, a contact of another location) are defects.
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
