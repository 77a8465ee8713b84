// The endpoints of contacts.
import { identity } from "effect/Function"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type ContactId, LocationId } from "../fields/ids.js"
import { text } from "../fields/schemas.js"
import { isApplied } from "./applied.js"
import {
  always,
  ContactPath,
  documentedErrors,
  Done,
  flags,
  wasCreatedSince,
  never,
  pageOf,
  deletionVerification,
  traceId,
  endpointDefaults
} from "./common.js"
import { Contact } from "./contact.js"
import { ContactCreate, ContactUpdate, ContactUpsert, toV3 } from "./contactInput.js"
import { endpoint, type RetryTiming } from "./endpoint.js"

const service = "ContactsService"

const spelledVersions = { "2021-07-28": identity, v3: toV3 }

/** Returns an error message if a response is about another contact: contacts were merged, or a proxy mixed up responses. */
const contactMismatch = (
  { contact }: { readonly contact: Contact },
  { contactId }: { readonly contactId: ContactId }
): string | undefined =>
  contact.id === contactId
    ? undefined
    : `it is about the contact ${contact.id}, not ${contactId}: they were merged, or a proxy mixed up its responses`

/** `GET /contacts/{contactId}` */
export const getContact = endpoint({
  name: "getContact",
  service,
  scope: "contacts.readonly",
  page: pageOf("get-contact"),
  method: "GET",
  path: "/contacts/{contactId}",
  version: "2021-07-28",
  versions: { "2021-07-28": identity, "2021-04-15": identity, v3: identity },
  params: ContactPath,
  answer: Schema.Struct({ contact: Contact, traceId }),
  errors: documentedErrors,
  isSafeToRetry: always,
  mismatch: contactMismatch
})

/** `PUT /contacts/{contactId}` */
export const updateContact = endpoint({
  name: "updateContact",
  service,
  scope: "contacts.write",
  page: pageOf("update-contact"),
  method: "PUT",
  path: "/contacts/{contactId}",
  version: "2021-07-28",
  versions: spelledVersions,
  params: ContactPath,
  body: ContactUpdate,
  answer: Schema.Struct({ ...flags, contact: Contact, traceId }),
  errors: documentedErrors,
  isSafeToRetry: always,
  mismatch: contactMismatch,
  verify: (lookup, { params, body }) =>
    Effect.map(lookup(getContact, { params }), ({ answer: { contact } }) =>
      isApplied({ ...body }, contact) ? Option.some({ contact }) : Option.none()
    )
})

/** The maximum difference, in milliseconds, between `dateUpdated` and `Date` (in whole seconds) of one write. */
const sameMoment = 2000

/**
 * Whether the call of this response created the contact: it was not created before the first attempt that may have been
 * applied, by the service's clock. `Date` gives that clock to the second, and `dateUpdated` to the millisecond if the retry
 * has just set it.
 */
const wasCreatedByCall = ({ dateAdded, dateUpdated }: Contact, { elapsed, serverTime }: RetryTiming): boolean => {
  if (serverTime === undefined) return false
  const isFresh = dateUpdated !== undefined && Math.abs(dateUpdated.epochMillis - serverTime) <= sameMoment
  return wasCreatedSince(dateAdded, { elapsed, serverTime: isFresh ? dateUpdated.epochMillis : serverTime })
}

/** Whether a value is text that is not blank, and can identify a contact. */
const isNonBlankText = (value: unknown): value is string => typeof value === "string" && value.trim() !== ""

/** `POST /contacts/upsert` */
export const upsertContact = endpoint({
  name: "upsertContact",
  service,
  scope: "contacts.write",
  page: pageOf("upsert-contact"),
  method: "POST",
  path: "/contacts/upsert",
  version: "2023-02-21",
  versions: { "2023-02-21": identity, ...spelledVersions },
  body: ContactUpsert,
  answer: Schema.Struct({ new: Schema.Boolean, ...flags, contact: Contact, traceId }),
  errors: documentedErrors,
  isSafeToRetry: ({ email, phone, createNewIfDuplicateAllowed }) =>
    [email, phone].some(isNonBlankText) && createNewIfDuplicateAllowed !== true,
  reconcile: (answer, timing) => (answer.new ? answer : { ...answer, new: wasCreatedByCall(answer.contact, timing) })
})

/** An empty object, which counts as null: no contact matches. */
const NoContact = Schema.transform(Schema.Record({ key: Schema.String, value: Schema.Never }), Schema.Null, {
  strict: true,
  decode: () => null,
  encode: () => ({})
})

/** `GET /contacts/search/duplicate` */
export const getDuplicateContact = endpoint({
  name: "getDuplicateContact",
  service,
  scope: "contacts.readonly",
  page: pageOf("get-duplicate-contact"),
  method: "GET",
  path: "/contacts/search/duplicate",
  ...endpointDefaults,
  query: Schema.Struct({
    locationId: LocationId,
    email: Schema.optional(text),
    number: Schema.optional(text)
  }),
  answer: Schema.Struct({ contact: Schema.optional(Schema.Union(Schema.Null, Contact, NoContact)), traceId }),
  errors: [400, 401],
  isSafeToRetry: always
})

/** `POST /contacts/` */
export const createContact = endpoint({
  name: "createContact",
  service,
  scope: "contacts.write",
  page: pageOf("create-contact"),
  method: "POST",
  path: "/contacts/",
  version: "2021-07-28",
  versions: spelledVersions,
  body: ContactCreate,
  success: 201,
  answer: Schema.Struct({ ...flags, contact: Contact, traceId }),
  errors: documentedErrors,
  isSafeToRetry: never,
  verify: (lookup, { body: { locationId, email, phone } }) => {
    if (!isNonBlankText(email) && !isNonBlankText(phone)) return Effect.succeed(Option.none())
    const query = isNonBlankText(email) ? { locationId, email } : { locationId, number: phone ?? "" }
    return Effect.map(lookup(getDuplicateContact, { query }), ({ answer: { contact }, ...timing }) => {
      const isOurs = contact?.createdBy?.source === undefined || contact.createdBy.source === "INTEGRATION"
      return contact && isOurs && wasCreatedSince(contact.dateAdded, timing) ? Option.some({ contact }) : Option.none()
    })
  }
})

/** `DELETE /contacts/{contactId}` */
export const deleteContact = endpoint({
  name: "deleteContact",
  service,
  scope: "contacts.write",
  page: pageOf("delete-contact"),
  method: "DELETE",
  path: "/contacts/{contactId}",
  ...endpointDefaults,
  params: ContactPath,
  answer: Done,
  ...deletionVerification(getContact)
})

/** The endpoints of contacts, by name. */
export const contactRows = {
  getContact,
  updateContact,
  upsertContact,
  createContact,
  deleteContact,
  getDuplicateContact
}
