// Sends rows with --update-only, with --create-only, and rows that name a contact by its id.
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ContactsService } from "effect-growthhub/ContactsService"
import * as Errors from "effect-growthhub/Errors"
import type {
  Contact,
  ContactCreate,
  ContactId,
  ContactUpdate,
  ContactUpsert,
  UpsertedContact
} from "effect-growthhub/Schema"
import { missingTags, tagsOf } from "./Tags.js"

type Service = Context.Tag.Service<ContactsService>

const identities = ["email", "phone"] as const

const isGiven = (value: unknown): value is string => typeof value === "string" && value.trim() !== ""

/** Whether a row has an email or phone by which the service can find a contact. */
export const hasIdentity = (input: ContactUpsert): boolean => identities.some((identity) => isGiven(input[identity]))

/** The failure of a row that the contacts of the location do not allow. */
const refusal = (operation: string, message: string) =>
  new Errors.Unprocessable({ operation, attempts: 1, message, details: [] })

/** Finds the contact with the email of a row, or else with its phone. */
const findContact = (service: Service, input: ContactUpsert) =>
  Effect.gen(function* () {
    for (const identity of identities) {
      const value = input[identity]
      if (!isGiven(value)) continue
      const found = yield* service.getDuplicateContact({ locationId: input.locationId, [identity]: value })
      if (Option.isSome(found)) return Option.some({ contact: found.value, identity })
    }
    return Option.none<{ readonly contact: Contact; readonly identity: (typeof identities)[number] }>()
  })

/** Removes the fields of an upsert that an update does not accept. */
const toUpdate = ({
  locationId: _location,
  companyName: _company,
  gender: _gender,
  createNewIfDuplicateAllowed: _createNew,
  ...changes
}: ContactUpsert): ContactUpdate => changes

/** Updates a contact. The row's tags are added to `existing`, or replace the contact's tags if it is undefined. */
const updateWith = (
  service: Service,
  id: ContactId,
  input: ContactUpsert,
  existing: Effect.Effect<ReadonlyArray<string>, Errors.ContactsError> | undefined
) =>
  Effect.gen(function* () {
    const { tags, ...changes } = toUpdate(input)
    if (tags === undefined) return yield* service.updateContact(id, changes)
    const all = existing === undefined ? tags : missingTags(yield* existing, tags)
    return yield* service.updateContact(id, all === undefined ? changes : { ...changes, tags: all })
  }).pipe(Effect.map((contact): UpsertedContact => ({ ...contact, new: false })))

/** Updates the contact that a row names by its id. The row's tags are added to the contact's, or replace them. */
export const updateNamed = (service: Service, id: ContactId, input: ContactUpsert, replacesTags: boolean) =>
  updateWith(service, id, input, replacesTags ? undefined : tagsOf(service, { id }))

/** Updates the contact with the email or phone of a row. Fails if there is none. */
export const updateOnly = (
  service: Service,
  input: ContactUpsert,
  replacesTags: boolean
): Effect.Effect<UpsertedContact, Errors.ContactsError> =>
  Effect.gen(function* () {
    if (!hasIdentity(input)) {
      return yield* refusal("updateContact", "--update-only needs the email, the phone or the id of a contact")
    }
    const found = yield* findContact(service, input)
    if (Option.isNone(found)) {
      return yield* refusal("updateContact", "No contact has this email or phone, and --update-only creates none")
    }
    const { contact } = found.value
    return yield* updateWith(service, contact.id, input, replacesTags ? undefined : tagsOf(service, contact))
  })

const exists = (by: string, isResumed: boolean) =>
  refusal(
    "createContact",
    `A contact with this ${by} exists already, and --create-only changes none${
      isResumed ? ". This import may have created it before it was interrupted" : ""
    }`
  )

const toCreate = ({ createNewIfDuplicateAllowed: _createNew, ...fields }: ContactUpsert): ContactCreate => fields

/**
 * Creates contacts that do not exist yet. It looks up each contact first, because a location may allow duplicates, and
 * because a row that is retried after an unknown outcome must not create a second contact. `isResumed`: whether an earlier
 * run was interrupted.
 */
export const makeCreateOnly = (service: Service, isResumed: boolean) => {
  /** The rows whose create has an unknown outcome in this run. */
  const inDoubt = new WeakSet<ContactUpsert>()
  return (
    input: ContactUpsert,
    contactId: ContactId | undefined
  ): Effect.Effect<UpsertedContact, Errors.ContactsError> =>
    Effect.gen(function* () {
      if (contactId !== undefined) {
        return yield* refusal("createContact", "The row has the id of a contact, and --create-only changes none")
      }
      const found = yield* findContact(service, input)
      if (Option.isSome(found)) {
        const { contact, identity } = found.value
        // An earlier attempt of this run created the contact, but its response was lost.
        if (inDoubt.has(input)) return { ...contact, ignored: [], new: true }
        return yield* exists(identity, isResumed)
      }
      const created = yield* service.createContact(toCreate(input)).pipe(
        Effect.tapError(({ outcome }) => Effect.sync(() => void (outcome === "Unknown" && inDoubt.add(input)))),
        Effect.catchIf(
          (error): error is Errors.BadRequest => error._tag === "BadRequest" && error.duplicateOf !== undefined,
          ({ matchingField }) => Effect.fail(exists(matchingField ?? "email or phone", isResumed))
        )
      )
      return { ...created, new: true }
    })
}
