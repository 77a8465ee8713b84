// What an import sends for a row: one upsert, and an update that adds the row's tags to those of the contact. With
// --update-only and --create-only: a look-up, and an update or a create.
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { ContactsService } from "effect-growthhub/ContactsService"
import * as Errors from "effect-growthhub/Errors"
import type { ContactUpsert, UpsertedContact } from "effect-growthhub/Schema"
import { isArray } from "../Json.js"
import { hasIdentity, makeCreateOnly, updateNamed, updateOnly } from "./Modes.js"
import { planOf } from "./Rows.js"
import { missingTags, tagsOf } from "./Tags.js"

/** What an import does about contacts that are there already, and about those that are not. */
export type Mode = "Upsert" | "UpdateOnly" | "CreateOnly"

/** How rows are sent. */
export interface Options {
  readonly mode: Mode
  /** Whether the tags of a row replace those of its contact; otherwise they are added. */
  readonly replacesTags: boolean
  /** Whether an earlier run was interrupted. */
  readonly isResumed: boolean
}

type Service = Context.Tag.Service<ContactsService>

/** Whether a second upsert cannot create the contact twice. */
const isUpsertRepeatable = (input: ContactUpsert) => hasIdentity(input) && input.createNewIfDuplicateAllowed !== true

/**
 * Whether a row can be sent again without being applied twice: an update always, and a create that looks for the contact
 * before.
 */
export const isRepeatable =
  (mode: Mode) =>
  (input: ContactUpsert): boolean => {
    if (mode === "UpdateOnly" || planOf(input)?.contactId !== undefined) return true
    return mode === "CreateOnly" ? hasIdentity(input) : isUpsertRepeatable(input)
  }

/** By what rows are of one contact: its id, its email, and the digits of its phone. */
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
    if (isUpsertRepeatable(input)) return new Class(told)
    return new Class({ ...told, outcome: "Unknown", ...("isRetryable" in fields ? { isRetryable: false } : {}) })
  }

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

/** The service as an import uses it: a row is settled after all its requests, so that a kill between them loses nothing. */
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
