/**
 * The service for the tasks of a contact.
 *
 * @module
 * @since 0.2.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { taskRows as rows } from "./api/tasks.js"
import type { ContactsError } from "./Errors.js"
import * as HttpLayer from "./HttpLayer.js"
import type { ContactId, Task, TaskCreate, TaskUpdate } from "./Schema.js"

/**
 * The operations on the tasks of a contact. The service responds with 400 `The task id is invalid.` for an unknown task.
 *
 * @since 0.2.0
 * @category models
 */
export interface Service {
  /**
   * Gets all tasks of a contact, including done ones, in one response: this endpoint has no pages. Safe to retry.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-all-tasks
   *
   * @since 0.2.0
   */
  readonly getAllTasks: (contactId: ContactId) => Effect.Effect<ReadonlyArray<Task>, ContactsError>

  /**
   * Adds a task to a contact.
   *
   * The call is not retried once it may have been applied, because a retry would create a second task. A task has no
   * creation time, so an unknown outcome stays unknown: an equal task in the list may be older.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/create-task
   *
   * @since 0.2.0
   */
  readonly createTask: (contactId: ContactId, task: TaskCreate) => Effect.Effect<Task, ContactsError>

  /**
   * Gets a task by its id. Safe to retry.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-task
   *
   * @since 0.2.0
   */
  readonly getTask: (contactId: ContactId, taskId: string) => Effect.Effect<Task, ContactsError>

  /**
   * Changes the given fields of a task and returns the whole task. Safe to retry. The client verifies an unknown outcome by
   * reading the task.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/update-task
   *
   * @since 0.2.0
   */
  readonly updateTask: (contactId: ContactId, taskId: string, changes: TaskUpdate) => Effect.Effect<Task, ContactsError>

  /**
   * Marks a task as done, or reopens it, and returns the whole task. Safe to retry. The client verifies an unknown outcome
   * by reading the task.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/update-task-completed
   *
   * @since 0.2.0
   */
  readonly updateTaskCompleted: (
    contactId: ContactId,
    taskId: string,
    completed: boolean
  ) => Effect.Effect<Task, ContactsError>

  /**
   * Deletes a task. Safe to retry: a retry that finds the task gone succeeds.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/delete-task
   *
   * @since 0.2.0
   */
  readonly deleteTask: (contactId: ContactId, taskId: string) => Effect.Effect<void, ContactsError>
}

const makeService = ({ perform }: HttpLayer.Service): Service => ({
  getAllTasks: (contactId) => Effect.map(perform(rows.getAllTasks, { params: { contactId } }), ({ tasks }) => tasks),
  createTask: (contactId, body) => Effect.map(perform(rows.createTask, { params: { contactId }, body }), taskOf),
  getTask: (contactId, taskId) => Effect.map(perform(rows.getTask, { params: { contactId, taskId } }), taskOf),
  updateTask: (contactId, taskId, body) =>
    Effect.map(perform(rows.updateTask, { params: { contactId, taskId }, body }), taskOf),
  updateTaskCompleted: (contactId, taskId, completed) =>
    Effect.map(perform(rows.updateTaskCompleted, { params: { contactId, taskId }, body: { completed } }), taskOf),
  deleteTask: (contactId, taskId) => Effect.asVoid(perform(rows.deleteTask, { params: { contactId, taskId } }))
})

const taskOf = ({ task }: { readonly task: Task }): Task => task

/**
 * The service for the tasks of contacts, such as a call that a salesperson has to make.
 *
 * @example
 * import { DateTime, Effect } from "effect"
 * import { ContactId } from "effect-growthhub/Schema"
 * import { TasksService } from "effect-growthhub/TasksService"
 *
 * export const planned = Effect.flatMap(TasksService, (tasks) =>
 *   tasks.createTask(ContactId.make("seD4PfOuKoVMLkEZqohJ"), {
 *     title: "Call back",
 *     dueDate: DateTime.unsafeMake("2026-07-20T10:00:00Z"),
 *     completed: false
 *   })
 * )
 *
 * @since 0.2.0
 * @category tags
 */
export class TasksService extends Context.Tag("effect-growthhub/TasksService")<TasksService, Service>() {
  /**
   * The service on the app's own `HttpClient`, with a token and a rate limit of its own. For several services over one
   * token, see `GrowthHub.layer`.
   *
   * @since 0.2.0
   */
  static layer(options: HttpLayer.ServiceOptions): Layer.Layer<TasksService, never, HttpClient.HttpClient> {
    return Layer.provide(TasksService.layerHttp, HttpLayer.layer(options))
  }

  /**
   * The service with the options of the app's configuration; see `HttpLayer.layerConfig`.
   *
   * @since 0.2.0
   */
  static layerConfig(
    config: HttpLayer.ServiceConfigOptions = {}
  ): Layer.Layer<TasksService, ConfigError.ConfigError, HttpClient.HttpClient> {
    return Layer.provide(TasksService.layerHttp, HttpLayer.layerConfig(config))
  }

  /**
   * The service on a `ContactsHttp` of the app's own. Each use of the layer builds a new service.
   *
   * @since 0.2.0
   */
  static readonly layerHttp: Layer.Layer<TasksService, never, HttpLayer.ContactsHttp> = Layer.fresh(
    Layer.effect(TasksService, Effect.map(HttpLayer.ContactsHttp, makeService))
  )
}
