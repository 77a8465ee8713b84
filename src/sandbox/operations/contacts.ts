/**
 * The operations on contacts, as the service performs them.
 *
 * @since 0.2.0
 */
import type { contactRows } from "../../api/contacts.js"
import type { JsonObject } from "../../runtime/json.js"
import * as ContactBody from "../ContactBody.js"
import { changed, newContact, type StoredContact } from "../ContactRecord.js"
import * as CustomFieldInput from "../CustomFieldInput.js"
import * as Directory from "../Directory.js"
import * as Duplicates from "../Duplicates.js"
import type { Operation, Operations } from "../Operation.js"
import { doneFlags, Refusal } from "../Reply.js"
import { object, required, text } from "../Rules.js"

const getContact: Operation = {
  perform: (directory, caller, { params }) => ({
    body: { contact: ContactBody.toResponse(Directory.contactOf(directory, caller, params), caller.version) }
  })
}

/** The fields of a body, with only the custom fields that the location stores. */
const fieldsOf = (directory: Directory.Directory, location: Directory.Location, body: JsonObject): JsonObject =>
  ContactBody.normalizeBody(CustomFieldInput.resolve(directory, location, body))

/** Throws a `Refusal` if the fields would duplicate another contact and the location does not allow that. */
const refuseDuplicate = (
  directory: Directory.Directory,
  { duplicates = Duplicates.defaultSetting, id }: Directory.Location,
  fields: JsonObject,
  contactId?: string
): void => {
  if (duplicates.allow) return
  for (const field of duplicates.check) {
    for (const value of Directory.textsOf(fields[field])) {
      const other = Directory.find(directory, id)(field, value)
      if (other === undefined || other === contactId) continue
      throw new Refusal(400, "This location does not allow duplicated contacts.", {
        meta: { contactId: other, contactName: directory.contacts.get(other)?.["name"], matchingField: field }
      })
    }
  }
}

const updateContact: Operation = {
  body: ContactBody.rules.update,
  perform: (directory, caller, { params, body }) => {
    const contact = Directory.contactOf(directory, caller, params)
    const location = Directory.locationOf(directory, caller, contact.locationId)
    const changes = fieldsOf(directory, location, body)
    refuseDuplicate(directory, location, changes, contact.id)
    return written(directory, caller, changed(contact, changes, caller.now))
  }
}

const written = (directory: Directory.Directory, caller: Directory.Caller, contact: StoredContact) => {
  Directory.put(directory, contact)
  return { body: { ...doneFlags, contact: ContactBody.toResponse(contact, caller.version) }, contactId: contact.id }
}

const create = (directory: Directory.Directory, { id, country }: Directory.Location, fields: JsonObject, now: number) =>
  newContact(Directory.nextId(directory), { country, ...fields }, id, now)

const createContact: Operation = {
  body: ContactBody.rules.create,
  perform: (directory, caller, { body }) => {
    const location = Directory.locationOf(directory, caller, body["locationId"])
    const fields = fieldsOf(directory, location, body)
    refuseDuplicate(directory, location, fields)
    const contact = create(directory, location, fields, caller.now)
    Directory.put(directory, contact)
    return { body: { contact: ContactBody.toResponse(contact, caller.version) }, contactId: contact.id, isNew: true }
  }
}

/** The response of an upsert has these lists even if they are empty. */
const emptyLists = { followers: [], additionalEmails: [], additionalPhones: [] }

const upsertContact: Operation = {
  body: ContactBody.rules.upsert,
  perform: (directory, caller, { body }) => {
    const location = Directory.locationOf(directory, caller, body["locationId"])
    const { createNewIfDuplicateAllowed, ...fields } = fieldsOf(directory, location, body)
    const decision = Duplicates.decide(
      location.duplicates ?? Duplicates.defaultSetting,
      { ...fields, createNewIfDuplicateAllowed },
      Directory.find(directory, location.id)
    )
    const contact =
      decision._tag === "Create"
        ? create(directory, location, fields, caller.now)
        : changed(
            Directory.get(directory, caller, decision.contactId),
            without(fields, [...decision.ignored, "gender"]),
            caller.now
          )
    const isNew = decision._tag === "Create"
    Directory.put(directory, contact)
    return {
      body: {
        new: isNew,
        ...doneFlags,
        contact: { ...emptyLists, ...ContactBody.toResponse(contact, caller.version) }
      },
      contactId: contact.id,
      isNew
    }
  }
}

const without = (fields: JsonObject, names: ReadonlyArray<string>): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))

const deleteContact: Operation = {
  perform: (directory, caller, { params }) => {
    const contact = Directory.contactOf(directory, caller, params)
    Directory.remove(directory, contact)
    return { body: doneFlags }
  }
}

const getDuplicateContact: Operation = {
  query: object({ locationId: required, email: text, number: text }, ["locationId"]),
  perform: (directory, caller, { query }) => {
    const { duplicates = Duplicates.defaultSetting, id } = Directory.locationOf(directory, caller, query["locationId"])
    const values: JsonObject = { email: query["email"], phone: query["number"] }
    for (const field of duplicates.check) {
      for (const value of Directory.textsOf(values[field])) {
        const contact = directory.contacts.get(Directory.find(directory, id)(field, value) ?? "")
        if (contact !== undefined) {
          return { body: { contact: ContactBody.toResponse(contact, caller.version), matchingField: field } }
        }
      }
    }
    return { body: { contact: null } }
  }
}

/**
 * @since 0.2.0
 * @category operations
 */
export const contactOperations = {
  getContact,
  updateContact,
  upsertContact,
  createContact,
  deleteContact,
  getDuplicateContact
} satisfies Operations<typeof contactRows>
