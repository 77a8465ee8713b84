/**
 * The models of the API: ids, contacts and their custom fields, notes, tasks, tags, followers, appointments, lists and
 * searches, in requests and in responses.
 *
 * Reading is lenient: `null` is absent, numbers in text fields become text, and unknown fields, statuses and channels are
 * kept. Writing is strict: a field that the endpoint does not accept is refused before anything is sent.
 *
 * @module
 * @since 0.1.0
 */
export { ContactId, LocationId } from "./fields/ids.js"
export { Country } from "./api/country.js"
export { DateOfBirth } from "./api/dateOfBirth.js"
export { DndSetting, DndSettings, DndSettingsInput, InboundDndSettingsInput } from "./api/dnd.js"
export { CustomField, CustomFieldFile, CustomFieldValue } from "./api/customFields.js"
export { Actor, Attribution, Contact, type UpsertedContact, type WrittenContact } from "./api/contact.js"
export { ContactCreate, ContactUpdate, ContactUpsert } from "./api/contactInput.js"
export { CustomFieldCreate, CustomFieldDefinition, CustomFieldUpdate } from "./api/customFieldDefinitions.js"
export { LocationTag, LocationTagInput } from "./api/locationTags.js"
export { Note, NoteCreate, NoteUpdate } from "./api/notes.js"
export { Task, TaskCreate, TaskUpdate } from "./api/tasks.js"
export { AddedTags, RemovedTags } from "./api/tags.js"
export { AddedFollowers, RemovedFollowers } from "./api/followers.js"
export { Appointment } from "./api/appointments.js"
export { WorkflowEntry } from "./api/workflows.js"
export { ContactList, ContactListQuery, ListedContact } from "./api/contactList.js"
export { BusinessContactsQuery, BusinessInBulk } from "./api/businesses.js"
export { TagsInBulk, type TagsInBulkResult } from "./api/bulkTags.js"
export { ContactSearch, Opportunity, SearchedContact, type SearchPage, SearchSort } from "./api/search.js"
