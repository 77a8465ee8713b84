// The tasks of a contact: their models and endpoints.
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { JsonObject } from "../runtime/json.js"
import { Id } from "../fields/ids.js"
import { field, flag, id, instant, model, text } from "../fields/model.js"
import { normalizeId } from "../fields/lenient.js"
import * as Input from "../fields/schemas.js"
import { always, ContactPath, Done, never, pageOf, deletionVerification, traceId, endpointDefaults } from "./common.js"
import { endpoint } from "./endpoint.js"

const task = model(
  "Task",
  {
    /** The id of the task. */
    id: field(Schema.String, normalizeId)
  },
  {
    /** The title of the task. */
    title: text,
    /** The description of the task; absent if unset. */
    body: text,
    /** The id of the user that the task is assigned to; absent if unset. */
    assignedTo: id,
    /** The due date. */
    dueDate: instant,
    /** Whether the task is done. */
    completed: flag,
    /** The id of the contact of the task; absent if the contact was deleted. */
    contactId: id
  }
)

/**
 * A task of a contact in a response. The service does not store its creation time. Fields that are not described here are
 * kept.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-task
 *
 * @since 0.2.0
 * @category tasks
 */
export interface Task extends Schema.Schema.Type<typeof task.struct> {}

/**
 * The codec of {@link Task}.
 *
 * @since 0.2.0
 * @category tasks
 */
export const Task: Schema.Schema<Task, JsonObject> = task.schema

const inputFields = {
  /** The description of the task. */
  body: Schema.optional(Input.text),
  /** The id of the user of the location to assign the task to. */
  assignedTo: Schema.optional(Input.text)
} as const

/**
 * The fields of a new task.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/create-task
 *
 * @since 0.2.0
 * @category tasks
 */
export const TaskCreate = Schema.Struct({
  /** The title of the task. */
  title: Input.text,
  /** The due date, which the API requires. It is sent as ISO text in UTC. */
  dueDate: Input.moment,
  /** Whether the task is already done. */
  completed: Input.flag,
  ...inputFields
}).annotations({ ...Input.named("TaskCreate"), ...Input.anObject })

/**
 * @since 0.2.0
 * @category tasks
 */
export interface TaskCreate extends Schema.Schema.Type<typeof TaskCreate> {}

/**
 * The changes of a task; an absent field is unchanged.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/update-task
 *
 * @since 0.2.0
 * @category tasks
 */
export const TaskUpdate = Schema.Struct({
  /** The title of the task. */
  title: Schema.optional(Input.text),
  /** The due date. It is sent as ISO text in UTC. */
  dueDate: Schema.optional(Input.moment),
  /** Whether the task is done; `false` reopens it. */
  completed: Schema.optional(Input.flag),
  ...inputFields
}).annotations({ ...Input.named("TaskUpdate"), ...Input.anObject })

/**
 * @since 0.2.0
 * @category tasks
 */
export interface TaskUpdate extends Schema.Schema.Type<typeof TaskUpdate> {}

// --- the endpoints -----------------------------------------------------------------------------------------------------

const service = "TasksService"

const TaskPath = Schema.Struct({ ...ContactPath.fields, taskId: Id })

const TaskAnswer = Schema.Struct({ task: Task, traceId })

const millisOf = (moment: DateTime.DateTime | undefined): number | undefined => moment?.epochMillis

/** Whether a task has all fields as sent. Due dates are compared as timestamps. */
const hasFields = (found: Task, { dueDate, ...sent }: TaskUpdate): boolean =>
  (dueDate === undefined || millisOf(found.dueDate) === millisOf(dueDate)) &&
  Object.entries(sent).every(
    // An empty text clears a field, and the response lacks the field then.
    ([name, value]) => value === undefined || (found[name] ?? "") === value
  )

/** `GET /contacts/{contactId}/tasks` */
export const getAllTasks = endpoint({
  name: "getAllTasks",
  service,
  scope: "contacts.readonly",
  page: pageOf("get-all-tasks"),
  method: "GET",
  path: "/contacts/{contactId}/tasks",
  ...endpointDefaults,
  params: ContactPath,
  answer: Schema.Struct({ tasks: Schema.Array(Task), traceId }),
  errors: [400, 401],
  isSafeToRetry: always
})

/** `POST /contacts/{contactId}/tasks` */
export const createTask = endpoint({
  name: "createTask",
  service,
  scope: "contacts.write",
  page: pageOf("create-task"),
  method: "POST",
  path: "/contacts/{contactId}/tasks",
  ...endpointDefaults,
  params: ContactPath,
  body: TaskCreate,
  success: 201,
  answer: TaskAnswer,
  isSafeToRetry: never,
  unverifiable: "a task has no creation time, so a new task cannot be distinguished from an equal older one"
})

/** `GET /contacts/{contactId}/tasks/{taskId}` */
export const getTask = endpoint({
  name: "getTask",
  service,
  scope: "contacts.readonly",
  page: pageOf("get-task"),
  method: "GET",
  path: "/contacts/{contactId}/tasks/{taskId}",
  ...endpointDefaults,
  params: TaskPath,
  answer: TaskAnswer,
  errors: [400, 401],
  isSafeToRetry: always
})

/** `PUT /contacts/{contactId}/tasks/{taskId}` */
export const updateTask = endpoint({
  name: "updateTask",
  service,
  scope: "contacts.write",
  page: pageOf("update-task"),
  method: "PUT",
  path: "/contacts/{contactId}/tasks/{taskId}",
  ...endpointDefaults,
  params: TaskPath,
  body: TaskUpdate,
  answer: TaskAnswer,
  isSafeToRetry: always,
  verify: (lookup, { params, body }) =>
    Effect.map(lookup(getTask, { params }), ({ answer: { task } }) =>
      hasFields(task, body) ? Option.some({ task }) : Option.none()
    )
})

/** `PUT /contacts/{contactId}/tasks/{taskId}/completed` */
export const updateTaskCompleted = endpoint({
  name: "updateTaskCompleted",
  service,
  scope: "contacts.write",
  page: pageOf("update-task-completed"),
  method: "PUT",
  path: "/contacts/{contactId}/tasks/{taskId}/completed",
  ...endpointDefaults,
  params: TaskPath,
  body: Schema.Struct({ completed: Input.flag }),
  answer: TaskAnswer,
  isSafeToRetry: always,
  verify: (lookup, { params, body }) =>
    Effect.map(lookup(getTask, { params }), ({ answer: { task } }) =>
      hasFields(task, body) ? Option.some({ task }) : Option.none()
    )
})

/** `DELETE /contacts/{contactId}/tasks/{taskId}` */
export const deleteTask = endpoint({
  name: "deleteTask",
  service,
  scope: "contacts.write",
  page: pageOf("delete-task"),
  method: "DELETE",
  path: "/contacts/{contactId}/tasks/{taskId}",
  ...endpointDefaults,
  params: TaskPath,
  answer: Done,
  errors: [400, 401],
  ...deletionVerification(getTask)
})

/** The endpoints of tasks, by name. */
export const taskRows = { getAllTasks, createTask, getTask, updateTask, updateTaskCompleted, deleteTask }
