/**
 * The Contacts API of GrowthHub as a service: get, update and upsert a contact.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as S from "effect/Schema"
import type * as Credentials from "./Credentials.js"
import { toV3 } from "./api/contactInput.js"
import { GetContactAnswer, UpdateContactAnswer, UpsertContactAnswer } from "./api/envelopes.js"
import type { ContactsError } from "./Errors.js"
import * as HttpLayer from "./HttpLayer.js"
import { isApplied } from "./internal/changes.js"
import * as Schema from "./Schema.js"

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
}

// --- the endpoints, as data --------------------------------------------------------------------------------------------

const documentedErrors = [400, 401, 422]

const ContactPath = S.Struct({ contactId: Schema.ContactId })

/** Says so where an answer is about another contact: a merged one, or that of another request behind a broken proxy. */
const isOfAnother = (
  { contact }: { readonly contact: Schema.Contact },
  { contactId }: { readonly contactId: Schema.ContactId }
): string | undefined =>
  contact.id === contactId
    ? undefined
    : `it is about the contact ${contact.id}, not ${contactId}: they were merged, or a proxy mixed up its responses`

/**
 * `GET /contacts/{contactId}`
 *
 * @since 0.1.0
 * @category endpoints
 */
export const getContact = HttpLayer.endpoint({
  name: "getContact",
  method: "GET",
  path: "/contacts/{contactId}",
  version: "2021-07-28",
  versions: { "2021-07-28": identity, "2021-04-15": identity, v3: identity },
  params: ContactPath,
  answer: GetContactAnswer,
  errors: documentedErrors,
  isRepeatable: () => true,
  mismatch: isOfAnother
})

const encodeUpdate = S.encodeSync(Schema.ContactUpdate)

/**
 * `PUT /contacts/{contactId}`
 *
 * @since 0.1.0
 * @category endpoints
 */
export const updateContact = HttpLayer.endpoint({
  name: "updateContact",
  method: "PUT",
  path: "/contacts/{contactId}",
  version: "2021-07-28",
  versions: { "2021-07-28": identity, v3: toV3 },
  params: ContactPath,
  body: Schema.ContactUpdate,
  answer: UpdateContactAnswer,
  errors: documentedErrors,
  isRepeatable: () => true,
  mismatch: isOfAnother,
  verify: (perform, { params, body }) =>
    Effect.map(perform(getContact, { params }), ({ contact }) =>
      isApplied(encodeUpdate(body), contact) ? Option.some({ contact }) : Option.none()
    )
})

/** All clocks are read in whole milliseconds. */
const rounding = 2

/** How far `dateUpdated` may be from `Date`, which is in whole seconds, to be of the same moment. */
const sameMoment = 2000

/**
 * Whether a contact was made by the call that this answer ends: not before its first attempt that may have been applied,
 * by the service's own clock. That clock is told by `Date` to the second, and to the millisecond by the update that the
 * repeat has just made.
 */
const isMadeBy = (contact: Schema.Contact, { elapsed, serverTime }: HttpLayer.Repeat): boolean => {
  const { dateAdded, dateUpdated } = contact
  if (dateAdded === undefined || serverTime === undefined) return false
  const isFresh = dateUpdated !== undefined && Math.abs(dateUpdated.epochMillis - serverTime) <= sameMoment
  const now = isFresh ? dateUpdated.epochMillis : serverTime
  return dateAdded.epochMillis >= now - elapsed - rounding
}

/**
 * `POST /contacts/upsert`
 *
 * @since 0.1.0
 * @category endpoints
 */
export const upsertContact = HttpLayer.endpoint({
  name: "upsertContact",
  method: "POST",
  path: "/contacts/upsert",
  version: "2023-02-21",
  versions: { "2023-02-21": identity, "2021-07-28": identity, v3: toV3 },
  body: Schema.ContactUpsert,
  answer: UpsertContactAnswer,
  errors: documentedErrors,
  isRepeatable: ({ email, phone, createNewIfDuplicateAllowed }) =>
    [email, phone].some((identity) => typeof identity === "string" && identity.trim() !== "") &&
    createNewIfDuplicateAllowed !== true,
  reconcile: (answer, repeat) => (answer.new ? answer : { ...answer, new: isMadeBy(answer.contact, repeat) })
})

const makeService = ({ perform }: HttpLayer.Service): Service => ({
  getContact: (contactId) => Effect.map(perform(getContact, { params: { contactId } }), ({ contact }) => contact),
  updateContact: (contactId, body) =>
    Effect.map(perform(updateContact, { params: { contactId }, body }), ({ contact }) => contact),
  upsertContact: (body) =>
    Effect.map(perform(upsertContact, { body }), ({ contact, new: isNew, traceId }) => ({
      ...contact,
      new: isNew,
      ...(typeof traceId === "string" ? { traceId } : {})
    }))
})

// --- the layers --------------------------------------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The bearer, a private integration token say, or where it comes from: see `Credentials`. */
  readonly token: Redacted.Redacted | Credentials.Credentials
  /** Where the API is, by default the vendor's host. `https`, or `http` to a loopback address. */
  readonly baseUrl?: string | URL | undefined
  /** Another documented `Version` header than its own, by endpoint. */
  readonly versions?:
    | {
        readonly getContact?: keyof typeof getContact.versions | undefined
        readonly updateContact?: keyof typeof updateContact.versions | undefined
        readonly upsertContact?: keyof typeof upsertContact.versions | undefined
      }
    | undefined
}

/**
 * {@link Options}, each from the app's configuration. Those that are not given are read under their default names.
 *
 * @since 0.1.0
 * @category models
 */
export type ConfigOptions = {
  readonly [Name in keyof Options]?: Config.Config<NonNullable<Options[Name]>>
}

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
}
