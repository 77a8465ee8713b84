// One call of each operation on what belongs to contacts, for R22.
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactsError } from "effect-growthhub/Errors"
import { type ContactId, LocationId } from "effect-growthhub/Schema"
import { TasksService } from "effect-growthhub/TasksService"
import type { appointmentRows } from "../src/api/appointments.js"
import type { bulkTagRows } from "../src/api/bulkTags.js"
import type { businessRows } from "../src/api/businesses.js"
import type { campaignRows } from "../src/api/campaigns.js"
import type { contactListRows } from "../src/api/contactList.js"
import type { followerRows } from "../src/api/followers.js"
import type { tagRows } from "../src/api/tags.js"
import type { taskRows } from "../src/api/tasks.js"
import type { workflowRows } from "../src/api/workflows.js"
import type { Operation } from "./calls.js"

type Name =
  | keyof typeof taskRows
  | keyof typeof tagRows
  | keyof typeof followerRows
  | keyof typeof appointmentRows
  | keyof typeof campaignRows
  | keyof typeof workflowRows
  | keyof typeof contactListRows
  | keyof typeof businessRows
  | keyof typeof bulkTagRows

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")

const onContacts = <A>(use: (service: ContactsService["Type"]) => Effect.Effect<A, ContactsError>) =>
  Effect.flatMap(ContactsService, use)

const onTasks = <A>(use: (service: TasksService["Type"]) => Effect.Effect<A, ContactsError>) =>
  Effect.flatMap(TasksService, use)

const dueDate = DateTime.unsafeMake("2026-07-20T10:00:00Z")

const task = (id: ContactId) =>
  Effect.map(
    onTasks((service) => service.createTask(id, { title: id, dueDate, completed: false })),
    ({ id }) => id
  )

const tagged = (id: ContactId) => onContacts((service) => service.addTags(id, ["cold"]))

const followed = (id: ContactId) => onContacts((service) => service.addFollowers(id, ["user"]))

export const partOperations: { readonly [name in Name]: Operation } = {
  getAllTasks: { isRead: true, call: (id) => onTasks((service) => service.getAllTasks(id)) },
  createTask: { isOnce: true, call: task },
  getTask: { isRead: true, prepare: task, call: (id, taskId) => onTasks((s) => s.getTask(id, taskId as string)) },
  updateTask: {
    prepare: task,
    call: (id, taskId) => onTasks((service) => service.updateTask(id, taskId as string, { title: "Changed" }))
  },
  updateTaskCompleted: {
    prepare: task,
    call: (id, taskId) => onTasks((service) => service.updateTaskCompleted(id, taskId as string, true))
  },
  deleteTask: { prepare: task, call: (id, taskId) => onTasks((service) => service.deleteTask(id, taskId as string)) },
  addTags: { call: (id) => onContacts((service) => service.addTags(id, ["warm"])) },
  removeTags: { prepare: tagged, call: (id) => onContacts((service) => service.removeTags(id, ["cold"])) },
  addFollowers: { call: (id) => onContacts((service) => service.addFollowers(id, ["user"])) },
  removeFollowers: { prepare: followed, call: (id) => onContacts((service) => service.removeFollowers(id, ["user"])) },
  getAppointments: { isRead: true, call: (id) => onContacts((service) => service.getAppointments(id)) },
  addToCampaign: { isOnce: true, call: (id) => onContacts((service) => service.addToCampaign(id, "campaign")) },
  removeFromCampaign: { call: (id) => onContacts((service) => service.removeFromCampaign(id, "campaign")) },
  removeFromAllCampaigns: { call: (id) => onContacts((service) => service.removeFromAllCampaigns(id)) },
  addToWorkflow: { isOnce: true, call: (id) => onContacts((service) => service.addToWorkflow(id, "workflow")) },
  removeFromWorkflow: { call: (id) => onContacts((service) => service.removeFromWorkflow(id, "workflow")) },
  getContacts: { isRead: true, call: () => onContacts((service) => service.getContacts({ locationId })) },
  getContactsByBusiness: {
    isRead: true,
    prepare: (id) => onContacts((s) => s.setBusinessInBulk({ locationId, ids: [id], businessId: "business" })),
    call: () => onContacts((service) => service.getContactsByBusiness("business", { locationId }))
  },
  setBusinessInBulk: {
    call: (id) => onContacts((service) => service.setBusinessInBulk({ locationId, ids: [id], businessId: "business" }))
  },
  updateTagsInBulk: {
    call: (id) =>
      onContacts((service) => service.updateTagsInBulk({ type: "add", locationId, contacts: [id], tags: ["warm"] }))
  }
}
