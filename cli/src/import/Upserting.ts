// The requests of a row: an upsert, and an update that adds the row's tags to those of the contact. With --update-only and
// --create-only: a lookup, and an update or a create.
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { ContactsService } from "effect-growthhub/ContactsService"
import * as Errors from "effect-growthhub/Errors"
import type { ContactUpsert, UpsertedContact } from "effect-growthhub/Schema"
import { isArray } from "../Json.js"
import { hasIdentity, makeCreateOnly, updateNamed, updateOnly } from "./Modes.js"
import { planOf } from "./Rows.js"
import { missingTags, tagsOf } from "./Tags.js"

/** Whether an import creates and updates contacts, only updates existing ones, or only creates new ones. */
export type Mode = "Upsert" | "UpdateOnly" | "CreateOnly"

/** The options for sending rows. */
export interface Options {
  readonly mode: Mode
  /** Whether the tags of a row replace those of its contact; otherwise they are added. */
  readonly replacesTags: boolean
  /** Whether an earlier run was interrupted. */
  readonly isResumed: boolean
}

type Service = Context.Tag.Service<ContactsService>

/** Whether a second upsert cannot create the contact twice. */
const isUpsertSafeToRetry = (input: ContactUpsert) => hasIdentity(input) && input.createNewIfDuplicateAllowed !== true

/**
 * Whether a row can be sent again without being applied twice. An update can; a create can if the contact can be looked up
 * first; an upsert can if the service finds the contact by its email or phone.
 */
export const isSafeToRetry =
  (mode: Mode) =>
  (input: ContactUpsert): boolean => {
    if (mode === "UpdateOnly" || planOf(input)?.contactId !== undefined) return true
    return mode === "CreateOnly" ? hasIdentity(input) : isUpsertSafeToRetry(input)
  }

/** The values by which rows belong to one contact: its id, its email, and the digits of its phone. */
export const identitiesOf = (input: ContactUpsert): ReadonlyArray<string> => {
  const { email, phone } = input
  const contactId = planOf(input)?.contactId
  return [
    ...(contactId === undefined ? [] : [`id ${contactId}`]),
    ...(typeof email === "string" ? [email.trim().toLowerCase()] : []),
    ...(typeof phone === "string" ? [phone.replace(/\D/g, "")] : [])
  ].filter((identity) => identity !== "")
}

/**
 * The failure of the update that follows a successful upsert. The contact exists by then. If a second upsert would create it
 * again, the outcome of the row is unknown, so that the row is not retried.
 */
const afterUpsert =
  (input: ContactUpsert) =>
  (error: Errors.ContactsError): Errors.ContactsError => {
    const message = `The contact was saved, its tags were not added: ${error.message}`
    // The constructors of all error classes accept the fields that all errors have.
    const Class = error.constructor as new (fields: object) => Errors.ContactsError
    const { details, ...fields } = error
    const errorFields = { ...fields, message, details: details.length > 0 ? [message] : [] }
    if (isUpsertSafeToRetry(input)) return new Class(errorFields)
    return new Class({ ...errorFields, outcome: "Unknown", ...("isRetryable" in fields ? { isRetryable: false } : {}) })
  }

const addTags = (service: Service, contact: UpsertedContact, added: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const tags = missingTags(yield* tagsOf(service, contact), added)
    if (tags === undefined) return contact
    const updated = yield* service.updateContact(contact.id, { tags })
    return { ...updated, ignored: [...contact.ignored, ...updated.ignored], new: contact.new }
  })

/** Whether an upsert may match an existing contact: without email and phone it creates one, which has no tags to keep. */
const mayMatch = ({ email, phone }: ContactUpsert) => [email, phone].some((identity) => typeof identity === "string")

/** Upserts a contact and adds the row's tags to it. Tags in the upsert itself would replace those of the contact. */
const upsertAddingTags = (service: Service, input: ContactUpsert) => {
  const { tags, ...others } = input
  const isList = isArray(tags) && tags.every((tag) => typeof tag === "string")
  // The upsert refuses tags that are not a list of texts, and a contact that cannot exist already has no tags to keep.
  if (!isList || !mayMatch(input)) return service.upsertContact(input)
  if (tags.length === 0) return service.upsertContact(others)
  return Effect.flatMap(service.upsertContact(others), (contact) =>
    Effect.mapError(addTags(service, contact, tags), afterUpsert(input))
  )
}

/** The failure of a row that is refused before any request is sent. */
const refused = (details: ReadonlyArray<string>) =>
  new Errors.Unprocessable({ operation: "upsertContact", attempts: 0, details, message: details.join("; ") })

/** The service for an import: one upsert makes all requests of a row, so that a kill between them loses no request. */
export const forImport = (service: Service, { mode, replacesTags, isResumed }: Options): Service => {
  const createOnly = makeCreateOnly(service, isResumed)
  return {
    ...service,
    upsertContact: (input) => {
      const { faults = [], contactId } = planOf(input) ?? {}
      if (faults.length > 0) return Effect.fail(refused(faults))
      if (mode === "CreateOnly") return createOnly(input, contactId)
      if (contactId !== undefined) return updateNamed(service, contactId, input, replacesTags)
      if (mode === "UpdateOnly") return updateOnly(service, input, replacesTags)
      return replacesTags ? service.upsertContact(input) : upsertAddingTags(service, input)
    }
  }
}
