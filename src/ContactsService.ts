/**
 * The Contacts API of GrowthHub as a service: get, update and upsert a contact.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as S from "effect/Schema"
import * as Credentials from "./Credentials.js"
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
  body: S.Undefined,
  answer: GetContactAnswer,
  errors: documentedErrors,
  isRepeatable: () => true
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
  verify: (http, params, changes) =>
    Effect.map(http.perform(getContact, params, undefined), ({ contact }) =>
      isApplied(encodeUpdate(changes), contact) ? Option.some({ contact }) : Option.none()
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
  params: S.Struct({}),
  body: Schema.ContactUpsert,
  answer: UpsertContactAnswer,
  errors: documentedErrors,
  isRepeatable: ({ email, phone, createNewIfDuplicateAllowed }) =>
    [email, phone].some((identity) => typeof identity === "string" && identity.trim() !== "") &&
    createNewIfDuplicateAllowed !== true,
  reconcile: (answer, repeat) => (answer.new ? answer : { ...answer, new: isMadeBy(answer.contact, repeat) })
})

/** For flatMap, which costs half of map. */
const contactOf = ({ contact }: { readonly contact: Schema.Contact }) => Effect.succeed(contact)

const makeService = (http: HttpLayer.Service): Service => ({
  getContact: (id) => Effect.flatMap(http.perform(getContact, { contactId: id }, undefined), contactOf),
  updateContact: (id, changes) => Effect.flatMap(http.perform(updateContact, { contactId: id }, changes), contactOf),
  upsertContact: (contact) =>
    Effect.map(http.perform(upsertContact, {}, contact), (answer) => ({
      ...answer.contact,
      new: answer.new,
      ...(typeof answer.traceId === "string" ? { traceId: answer.traceId } : {})
    }))
})

// --- the layers --------------------------------------------------------------------------------------------------------

/**
 * - `token`: the bearer, a private integration token say, or where it comes from: see `Credentials`.
 * - `baseUrl`: where the API is, by default the vendor's host. `https`, or `http` to a loopback address.
 * - `versions`: another documented `Version` header than its own, by endpoint.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly token: Redacted.Redacted | Credentials.Credentials
  readonly baseUrl?: string | URL | undefined
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
   * The service on the app's own `HttpClient`. A token or base URL that cannot be used fails each call with
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
    return Layer.unwrapEffect(Effect.map(optionsConfig(config), (options) => ContactsService.layer(options)))
  }

  /**
   * The service on a `ContactsHttp` of the app's own making.
   *
   * @since 0.1.0
   */
  static readonly layerHttp: Layer.Layer<ContactsService, never, HttpLayer.ContactsHttp> = Layer.effect(
    ContactsService,
    Effect.map(HttpLayer.ContactsHttp, makeService)
  )
}

const checked =
  <A, B>(check: (value: A) => Either.Either<B, string>) =>
  (config: Config.Config<A>): Config.Config<B> =>
    Config.mapOrFail(config, (value) => Either.mapLeft(check(value), (reason) => ConfigError.InvalidData([], reason)))

// Not Config.redacted, which hides the name of a variable that is missing. What is checked right on the variable is
// refused under its name.
const defaultToken = checked((token: string) => Credentials.validate(Redacted.make(token)))(
  Config.string("GROWTHHUB_TOKEN")
)

const defaultBaseUrl = checked(HttpLayer.validateBaseUrl)(Config.string("GROWTHHUB_BASE_URL")).pipe(
  Config.withDefault(HttpLayer.defaultBaseUrl)
)

/** Credentials check what they are made of themselves. */
const checkedToken = (token: Options["token"]): Either.Either<Options["token"], string> =>
  Redacted.isRedacted(token) ? Credentials.validate(token) : Either.right(token)

const optionsConfig = ({ token, baseUrl, versions }: ConfigOptions): Config.Config<Options> =>
  Config.all({
    token: token === undefined ? defaultToken : checked(checkedToken)(token),
    baseUrl: baseUrl === undefined ? defaultBaseUrl : checked(HttpLayer.validateBaseUrl)(baseUrl),
    versions: versions ?? Config.succeed(undefined)
  })
