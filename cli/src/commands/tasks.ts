// growthhub tasks: lists, adds and completes tasks of a contact.
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Task } from "effect-growthhub/Schema"
import { TasksService } from "effect-growthhub/TasksService"
import { fromError } from "../CliExit.js"
import * as Connection from "../Connection.js"
import * as ContactIds from "../ContactIds.js"
import { idOf, isJson } from "../ContactOptions.js"
import { describe, describeAll } from "../Help.js"
import * as Layout from "../Layout.js"
import * as Moment from "../Moment.js"

const encode = Schema.encodeSync(Task)

const grid = (tasks: ReadonlyArray<Task>): string =>
  Layout.grid(
    ["ID", "DUE", "DONE", "TITLE"],
    tasks.map((task) => [task.id, encode(task)["dueDate"], task.completed === true ? "yes" : "no", task.title])
  )

const text = (name: string, description: string) =>
  Options.text(name).pipe(Options.optional, Options.withDescription(description))

const list = Command.make(
  "list",
  { contactId: ContactIds.one, isJson, connection: Options.all(Connection.options) },
  (given) =>
    Effect.gen(function* () {
      const { getAllTasks } = yield* TasksService
      const tasks = yield* Effect.mapError(getAllTasks(yield* idOf(given.contactId)), fromError)
      if (tasks.length === 0) return yield* Console.error("The contact has no tasks")
      yield* Console.log(given.isJson ? tasks.map((task) => Layout.jsonLineOf(encode(task))).join("\n") : grid(tasks))
    }).pipe(Effect.provide(TasksService.layerHttp), Effect.provide(Connection.layer(given.connection)))
).pipe(
  describe("Shows the tasks of a contact. With --json, one object per line", [
    "growthhub tasks list seD4PfOuKoVMLkEZqohJ"
  ])
)

const add = Command.make(
  "add",
  {
    contactId: ContactIds.one,
    title: Args.text({ name: "title" }).pipe(Args.withDescription("The title of the task")),
    due: Options.text("due").pipe(
      Options.withDescription("When it is due: 2026-11-26, 2026-11-26T08:00:00Z, or 7d for in seven days (h: hours)")
    ),
    body: text("body", "The text of the task"),
    assignedTo: text("assigned-to", "The id of the user to assign it to"),
    isJson,
    connection: Options.all(Connection.options)
  },
  (given) =>
    Effect.gen(function* () {
      const id = yield* idOf(given.contactId)
      const dueDate = yield* Moment.future("--due", given.due)
      const { createTask } = yield* TasksService
      const task = yield* Effect.mapError(
        createTask(id, {
          title: given.title,
          dueDate,
          completed: false,
          ...(Option.isSome(given.body) ? { body: given.body.value } : {}),
          ...(Option.isSome(given.assignedTo) ? { assignedTo: given.assignedTo.value } : {})
        }),
        fromError
      )
      yield* Console.log(given.isJson ? Layout.jsonOf(encode(task)) : `added ${Layout.plain(task.id)}`)
    }).pipe(Effect.provide(TasksService.layerHttp), Effect.provide(Connection.layer(given.connection)))
).pipe(describe("Adds a task to a contact", ["growthhub tasks add seD4PfOuKoVMLkEZqohJ 'Send the offer' --due 3d"]))

const complete = Command.make(
  "complete",
  {
    contactId: ContactIds.one,
    taskId: Args.text({ name: "task-id" }).pipe(Args.withDescription("The id of the task")),
    isReopened: Options.boolean("reopen").pipe(Options.withDescription("Marks the task as not done")),
    isJson,
    connection: Options.all(Connection.options)
  },
  (given) =>
    Effect.gen(function* () {
      const id = yield* idOf(given.contactId)
      const { updateTaskCompleted } = yield* TasksService
      const task = yield* Effect.mapError(updateTaskCompleted(id, given.taskId, !given.isReopened), fromError)
      const did = given.isReopened ? "reopened" : "completed"
      yield* Console.log(given.isJson ? Layout.jsonOf(encode(task)) : `${did} ${Layout.plain(task.id)}`)
    }).pipe(Effect.provide(TasksService.layerHttp), Effect.provide(Connection.layer(given.connection)))
).pipe(
  describe("Marks a task of a contact as done", [
    "growthhub tasks complete seD4PfOuKoVMLkEZqohJ 66f1c8a2e4b0",
    "growthhub tasks complete seD4PfOuKoVMLkEZqohJ 66f1c8a2e4b0 --reopen"
  ])
)

export const tasks = Command.make("tasks").pipe(
  describeAll(
    "The tasks of a contact.",
    { list: "shows the tasks", add: "adds a task", complete: "marks a task as done" },
    ["growthhub tasks add seD4PfOuKoVMLkEZqohJ 'Send the offer' --due 3d"]
  ),
  Command.withSubcommands([list, add, complete])
)
