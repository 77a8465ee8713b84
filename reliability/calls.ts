// One call of each operation, for R22. Each call has its own contact, so that applied writes can be counted.
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactsError } from "effect-growthhub/Errors"
import * as Filter from "effect-growthhub/Filter"
import { CustomFieldsService } from "effect-growthhub/CustomFieldsService"
import type * as GrowthHub from "effect-growthhub/GrowthHub"
import type * as HttpLayer from "effect-growthhub/HttpLayer"
import { LocationTagsService } from "effect-growthhub/LocationTagsService"
import { NotesService } from "effect-growthhub/NotesService"
import { type ContactId, LocationId } from "effect-growthhub/Schema"
import { TasksService } from "effect-growthhub/TasksService"
import type { RowName } from "../src/api/rows.js"

export type Services = Exclude<GrowthHub.Services, HttpLayer.ContactsHttp>

export type Name = RowName

type Call<A = unknown> = Effect.Effect<A, ContactsError, Services>

export interface Operation {
  readonly isRead?: boolean
  /** Whether applying the call twice creates two records. */
  readonly isOnce?: boolean
  /** Creates the record that the call needs, before there are faults. */
  readonly prepare?: (id: ContactId) => Call
  /** The call; `prepared` is the result of `prepare`. */
  readonly call: (id: ContactId, prepared: unknown) => Call
}

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")

const onContacts = <A>(use: (service: ContactsService["Type"]) => Effect.Effect<A, ContactsError>): Call<A> =>
  Effect.flatMap(ContactsService, use)

const onNotes = <A>(use: (service: NotesService["Type"]) => Effect.Effect<A, ContactsError>): Call<A> =>
  Effect.flatMap(NotesService, use)

const onTasks = <A>(use: (service: TasksService["Type"]) => Effect.Effect<A, ContactsError>): Call<A> =>
  Effect.flatMap(TasksService, use)

const onFields = <A>(use: (service: CustomFieldsService["Type"]) => Effect.Effect<A, ContactsError>): Call<A> =>
  Effect.flatMap(CustomFieldsService, use)

const onTags = <A>(use: (service: LocationTagsService["Type"]) => Effect.Effect<A, ContactsError>): Call<A> =>
  Effect.flatMap(LocationTagsService, use)

const emailOf = (id: ContactId) => `${id}@example.com`

const note = (id: ContactId) =>
  Effect.map(
    onNotes((service) => service.createNote(id, { body: id })),
    ({ id }) => id
  )

const dueDate = DateTime.unsafeMake("2026-07-20T10:00:00Z")

const task = (id: ContactId) =>
  Effect.map(
    onTasks((service) => service.createTask(id, { title: id, dueDate, completed: false })),
    ({ id }) => id
  )

const field = (id: ContactId) =>
  Effect.map(
    onFields((service) => service.createCustomField(locationId, { name: `Field of ${id}`, dataType: "TEXT" })),
    ({ id }) => id
  )

const tag = (id: ContactId) =>
  Effect.map(
    onTags((service) => service.createLocationTag(locationId, { name: `tag-${id}` })),
    ({ id }) => id
  )

export const operations: { readonly [name in Name]: Operation } = {
  getContact: { isRead: true, call: (id) => onContacts((service) => service.getContact(id)) },
  updateContact: { call: (id) => onContacts((service) => service.updateContact(id, { city: id })) },
  upsertContact: {
    call: (id) => onContacts((service) => service.upsertContact({ locationId, email: emailOf(id), city: id }))
  },
  createContact: {
    isOnce: true,
    call: (id) => onContacts((service) => service.createContact({ locationId, email: emailOf(id) }))
  },
  deleteContact: { call: (id) => onContacts((service) => service.deleteContact(id)) },
  getDuplicateContact: {
    isRead: true,
    call: (id) => onContacts((service) => service.getDuplicateContact({ locationId, email: emailOf(id) }))
  },
  searchContacts: {
    isRead: true,
    call: (id) =>
      onContacts((service) => service.searchContacts({ locationId, filters: [Filter.equals("id", id)], pageLimit: 10 }))
  },
  getAllNotes: { isRead: true, call: (id) => onNotes((service) => service.getAllNotes(id)) },
  createNote: { isOnce: true, call: (id) => onNotes((service) => service.createNote(id, { body: `Called ${id}` })) },
  getNote: {
    isRead: true,
    prepare: note,
    call: (id, noteId) => onNotes((service) => service.getNote(id, noteId as string))
  },
  updateNote: {
    prepare: note,
    call: (id, noteId) => onNotes((service) => service.updateNote(id, noteId as string, { body: "Changed" }))
  },
  deleteNote: {
    prepare: note,
    call: (id, noteId) => onNotes((service) => service.deleteNote(id, noteId as string))
  },
  getContacts: { isRead: true, call: () => onContacts((service) => service.getContacts({ locationId })) },
  getContactsByBusiness: {
    isRead: true,
    call: () => onContacts((service) => service.getContactsByBusiness("641c094001436dbc2081e642", { locationId }))
  },
  addTags: { call: (id) => onContacts((service) => service.addTags(id, ["vip"])) },
  removeTags: {
    prepare: (id) => onContacts((service) => service.addTags(id, ["vip"])),
    call: (id) => onContacts((service) => service.removeTags(id, ["vip"]))
  },
  addFollowers: { call: (id) => onContacts((service) => service.addFollowers(id, ["user1"])) },
  removeFollowers: {
    prepare: (id) => onContacts((service) => service.addFollowers(id, ["user1"])),
    call: (id) => onContacts((service) => service.removeFollowers(id, ["user1"]))
  },
  getAppointments: { isRead: true, call: (id) => onContacts((service) => service.getAppointments(id)) },
  addToCampaign: { isOnce: true, call: (id) => onContacts((service) => service.addToCampaign(id, "campaign1")) },
  removeFromCampaign: { call: (id) => onContacts((service) => service.removeFromCampaign(id, "campaign1")) },
  removeFromAllCampaigns: { call: (id) => onContacts((service) => service.removeFromAllCampaigns(id)) },
  addToWorkflow: { isOnce: true, call: (id) => onContacts((service) => service.addToWorkflow(id, "workflow1")) },
  removeFromWorkflow: { call: (id) => onContacts((service) => service.removeFromWorkflow(id, "workflow1")) },
  updateTagsInBulk: {
    call: (id) =>
      onContacts((service) => service.updateTagsInBulk({ locationId, type: "add", contacts: [id], tags: ["vip"] }))
  },
  setBusinessInBulk: {
    call: (id) =>
      onContacts((service) =>
        service.setBusinessInBulk({ locationId, ids: [id], businessId: "641c094001436dbc2081e642" })
      )
  },
  getAllTasks: { isRead: true, call: (id) => onTasks((service) => service.getAllTasks(id)) },
  createTask: {
    isOnce: true,
    call: (id) => onTasks((service) => service.createTask(id, { title: "Call", dueDate, completed: false }))
  },
  getTask: {
    isRead: true,
    prepare: task,
    call: (id, taskId) => onTasks((service) => service.getTask(id, taskId as string))
  },
  updateTask: {
    prepare: task,
    call: (id, taskId) => onTasks((service) => service.updateTask(id, taskId as string, { title: "Changed" }))
  },
  updateTaskCompleted: {
    prepare: task,
    call: (id, taskId) => onTasks((service) => service.updateTaskCompleted(id, taskId as string, true))
  },
  deleteTask: {
    prepare: task,
    call: (id, taskId) => onTasks((service) => service.deleteTask(id, taskId as string))
  },
  getCustomFields: { isRead: true, call: () => onFields((service) => service.getCustomFields(locationId)) },
  getCustomField: {
    isRead: true,
    prepare: field,
    call: (_, fieldId) => onFields((service) => service.getCustomField(locationId, fieldId as string))
  },
  createCustomField: {
    isOnce: true,
    call: (id) => onFields((service) => service.createCustomField(locationId, { name: `New ${id}`, dataType: "TEXT" }))
  },
  updateCustomField: {
    prepare: field,
    call: (id, fieldId) =>
      onFields((service) => service.updateCustomField(locationId, fieldId as string, { name: `Changed ${id}` }))
  },
  deleteCustomField: {
    prepare: field,
    call: (_, fieldId) => onFields((service) => service.deleteCustomField(locationId, fieldId as string))
  },
  getLocationTags: { isRead: true, call: () => onTags((service) => service.getLocationTags(locationId)) },
  getLocationTag: {
    isRead: true,
    prepare: tag,
    call: (_, tagId) => onTags((service) => service.getLocationTag(locationId, tagId as string))
  },
  createLocationTag: {
    isOnce: true,
    call: (id) => onTags((service) => service.createLocationTag(locationId, { name: `new-${id}` }))
  },
  updateLocationTag: {
    prepare: tag,
    call: (id, tagId) =>
      onTags((service) => service.updateLocationTag(locationId, tagId as string, { name: `changed-${id}` }))
  },
  deleteLocationTag: {
    prepare: tag,
    call: (_, tagId) => onTags((service) => service.deleteLocationTag(locationId, tagId as string))
  }
}
