// What an import sends for a row: one upsert, and an update that adds the row's tags to those of the contact.
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { ContactsService } from "effect-growthhub/ContactsService"
import * as Errors from "effect-growthhub/Errors"
import { isArray } from "../Json.js"
import type { Contact, ContactId, ContactUpdate, ContactUpsert, UpsertedContact } from "effect-growthhub/Schema"
import { planOf } from "./Rows.js"

/** Whether a second upsert cannot create the contact twice. */
const isRepeatable = ({ email, phone, createNewIfDuplicateAllowed }: ContactUpsert) =>
  [email, phone].some((identity) => typeof identity === "string" && identity.trim() !== "") &&
  createNewIfDuplicateAllowed !== true

type Service = Context.Tag.Service<ContactsService>

const normalized = (tag: string) => tag.trim().toLowerCase()

/** The contact's tags and those that it lacks, or nothing if it lacks none. The service keeps tags in lower case. */
export const missingTags = (
  existing: ReadonlyArray<string>,
  added: ReadonlyArray<string>
): ReadonlyArray<string> | undefined => {
  const has = new Set(existing.map(normalized))
  const missing = added.filter((tag) => !has.has(normalized(tag)))
  return missing.length === 0 ? undefined : [...existing, ...missing]
}

/**
 * The failure of an update that follows an upsert: the contact is there by then. Where a second upsert would create it twice,
 * the outcome of the row is unknown.
 */
const afterUpsert =
  (input: ContactUpsert) =>
  (error: Errors.ContactsError): Errors.ContactsError => {
    const message = `The contact was saved, its tags were not added: ${error.message}`
    // All classes take what all have.
    const Class = error.constructor as new (fields: object) => Errors.ContactsError
    const { details, ...fields } = error
    const told = { ...fields, message, details: details.length > 0 ? [message] : [] }
    if (isRepeatable(input)) return new Class(told)
    return new Class({ ...told, outcome: "Unknown", ...("isRetryable" in fields ? { isRetryable: false } : {}) })
  }

const tagsOf = (service: Service, { id, tags }: Contact) =>
  tags === undefined ? Effect.map(service.getContact(id), (contact) => contact.tags ?? []) : Effect.succeed(tags)

const addTags = (service: Service, contact: UpsertedContact, added: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const tags = missingTags(yield* tagsOf(service, contact), added)
    if (tags === undefined) return contact
    const updated = yield* service.updateContact(contact.id, { tags })
    return { ...updated, ignored: [...contact.ignored, ...updated.ignored], new: contact.new }
  })

/** Without an email and a phone the upsert creates a contact, which has no tags to keep. */
const mayMatch = ({ email, phone }: ContactUpsert) => [email, phone].some((identity) => typeof identity === "string")

/** An upsert that keeps the tags of the contact: tags in an upsert would replace them. */
const upsertAddingTags = (service: Service, input: ContactUpsert) => {
  const { tags, ...others } = input
  const isList = isArray(tags) && tags.every((tag) => typeof tag === "string")
  // What is no list of texts is refused by the upsert, and a contact that cannot be there already has no tags to keep.
  if (!isList || !mayMatch(input)) return service.upsertContact(input)
  if (tags.length === 0) return service.upsertContact(others)
  return Effect.flatMap(service.upsertContact(others), (contact) =>
    Effect.mapError(addTags(service, contact, tags), afterUpsert(input))
  )
}

/** A row that is refused before anything is sent. */
const refused = (details: ReadonlyArray<string>) =>
  new Errors.Unprocessable({ operation: "upsertContact", attempts: 0, details, message: details.join("; ") })

/** Fields of an upsert that an update does not take. */
const toUpdate = ({
  locationId: _location,
  companyName: _company,
  gender: _gender,
  createNewIfDuplicateAllowed: _createNew,
  ...changes
}: ContactUpsert): ContactUpdate => changes

/** An update of the contact that a row names, with its tags added. */
const updateNamed = (service: Service, id: ContactId, input: ContactUpsert, replacesTags: boolean) =>
  Effect.gen(function* () {
    const { tags, ...changes } = toUpdate(input)
    if (tags === undefined) return yield* service.updateContact(id, changes)
    if (replacesTags) return yield* service.updateContact(id, { ...changes, tags })
    const { tags: existing = [] } = yield* service.getContact(id)
    const all = missingTags(existing, tags)
    return yield* service.updateContact(id, all === undefined ? changes : { ...changes, tags: all })
  }).pipe(Effect.map((contact): UpsertedContact => ({ ...contact, new: false })))

/** The service as an import uses it: a row is settled after both requests, so that a kill between them loses nothing. */
export const forImport = (service: Service, { replacesTags }: { readonly replacesTags: boolean }): Service => ({
  ...service,
  upsertContact: (input) => {
    const { faults = [], contactId } = planOf(input) ?? {}
    if (faults.length > 0) return Effect.fail(refused(faults))
    if (contactId !== undefined) return updateNamed(service, contactId, input, replacesTags)
    return replacesTags ? service.upsertContact(input) : upsertAddingTags(service, input)
  }
})
