/**
 * The operations on tasks, as the service performs them.
 *
 * @since 0.2.0
 */
import type { taskRows } from "../../api/tasks.js"
import { isoOf } from "../ContactRecord.js"
import * as Directory from "../Directory.js"
import type { Operation, Operations } from "../Operation.js"
import { doneFlags } from "../Reply.js"
import { accepting, flag, isText, object, text } from "../Rules.js"

const dueDate = accepting(
  (value) => isText(value) && !Number.isNaN(Date.parse(value)),
  "must be a valid ISO 8601 date string"
)

const fields = { title: text, body: text, assignedTo: text, dueDate, completed: flag }

type Params = { readonly [name: string]: string }

const taskOf = (directory: Directory.Directory, caller: Directory.Caller, params: Params) =>
  Directory.partOf(
    directory.tasks,
    Directory.contactOf(directory, caller, params),
    params["taskId"] ?? "",
    "The task id is invalid."
  )

/** The stored form of a task: its due date is in UTC with milliseconds, and it has no empty fields. */
const stored = (task: Directory.StoredPart): Directory.StoredPart => ({
  ...(Object.fromEntries(Object.entries(task).filter(([, value]) => value !== "")) as Directory.StoredPart),
  dueDate: isoOf(Date.parse(String(task["dueDate"])))
})

const getAllTasks: Operation = {
  perform: (directory, caller, { params }) => ({
    body: { tasks: Directory.partsOfContact(directory.tasks, Directory.contactOf(directory, caller, params)) }
  })
}

const createTask: Operation = {
  body: () => object(fields, ["title", "dueDate", "completed"]),
  perform: (directory, caller, { params, body }) => {
    const { id: contactId } = Directory.contactOf(directory, caller, params)
    const task = stored({ ...body, id: Directory.nextId(directory), contactId })
    Directory.putPart(directory, "task", task)
    return { body: { task }, isNew: true }
  }
}

const getTask: Operation = {
  perform: (directory, caller, { params }) => ({ body: { task: taskOf(directory, caller, params) } })
}

const updating = (rule: NonNullable<Operation["body"]>): Operation => ({
  body: rule,
  perform: (directory, caller, { params, body }) => {
    const task = stored({ ...taskOf(directory, caller, params), ...body })
    Directory.putPart(directory, "task", task)
    return { body: { task } }
  }
})

const updateTask = updating(() => object(fields))

const updateTaskCompleted = updating(() => object({ completed: flag }, ["completed"]))

const deleteTask: Operation = {
  perform: (directory, caller, { params }) => {
    Directory.removePart(directory, "task", taskOf(directory, caller, params))
    return { body: doneFlags }
  }
}

/**
 * @since 0.2.0
 * @category operations
 */
export const taskOperations = {
  getAllTasks,
  createTask,
  getTask,
  updateTask,
  updateTaskCompleted,
  deleteTask
} satisfies Operations<typeof taskRows>
