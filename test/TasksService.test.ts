import { describe, expect, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { ContactId } from "effect-growthhub/Schema"
import { TasksService } from "effect-growthhub/TasksService"
import { accounts, applied, Judge, losses, overHttp, requests, retrying, verifying } from "./account.js"

const jane = ContactId.make("jane")
const contacts = [{ id: jane }, { id: ContactId.make("john") }]

const due = DateTime.unsafeMake("2026-07-20T10:00:00Z")
const call = { title: "Call back", dueDate: due, completed: false }

describe.each(accounts)("TasksService %s", (_, account) => {
  const using = <A, E>(
    run: (tasks: TasksService["Type"], judge: Judge["Type"]) => Effect.Effect<A, E, Judge>,
    retryPolicy: RetryPolicy.Policy = RetryPolicy.none
  ) =>
    Effect.all([TasksService, Judge]).pipe(
      Effect.flatMap(([tasks, judge]) => run(tasks, judge)),
      Effect.provide(account({ contacts, retryPolicy }))
    )

  it.effect("creates, lists, reads, updates, completes and deletes a task, with the documented requests", () =>
    using((tasks) =>
      Effect.gen(function* () {
        const task = yield* tasks.createTask(jane, { ...call, body: "About the offer", assignedTo: "u1" })
        const { id } = task
        expect(task).toEqual({ ...call, id, body: "About the offer", assignedTo: "u1", contactId: "jane" })
        expect(yield* tasks.getAllTasks(jane)).toEqual([task])
        expect(yield* tasks.getAllTasks(ContactId.make("john"))).toEqual([])
        expect(yield* tasks.getTask(jane, id)).toEqual(task)
        expect(yield* tasks.updateTask(jane, id, { title: "Write" })).toEqual({ ...task, title: "Write" })
        expect(yield* tasks.updateTaskCompleted(jane, id, true)).toMatchObject({ title: "Write", completed: true })
        expect(yield* tasks.updateTask(jane, id, { completed: false })).toMatchObject({ completed: false })
        yield* tasks.deleteTask(jane, id)
        expect(yield* tasks.getAllTasks(jane)).toEqual([])
        const version = "2021-07-28"
        const one = `/contacts/jane/tasks/${id}`
        const dueDate = "2026-07-20T10:00:00.000Z"
        expect(yield* requests).toEqual([
          {
            line: "POST /contacts/jane/tasks",
            version,
            body: { title: "Call back", dueDate, completed: false, body: "About the offer", assignedTo: "u1" }
          },
          { line: "GET /contacts/jane/tasks", version, body: undefined },
          { line: "GET /contacts/john/tasks", version, body: undefined },
          { line: `GET ${one}`, version, body: undefined },
          { line: `PUT ${one}`, version, body: { title: "Write" } },
          { line: `PUT ${one}/completed`, version, body: { completed: true } },
          { line: `PUT ${one}`, version, body: { completed: false } },
          { line: `DELETE ${one}`, version, body: undefined },
          { line: "GET /contacts/jane/tasks", version, body: undefined }
        ])
      })
    )
  )

  it.effect("sends a due date of any time zone in UTC", () =>
    using((tasks) =>
      Effect.gen(function* () {
        const dueDate = DateTime.unsafeMakeZoned("2026-07-20T10:00:00Z", { timeZone: "Asia/Kolkata" })
        const task = yield* tasks.createTask(jane, { ...call, dueDate })
        expect(task.dueDate).toEqual(due)
        expect((yield* requests)[0]).toMatchObject({ body: { dueDate: "2026-07-20T10:00:00.000Z" } })
      })
    )
  )

  it.effect("rejects an invalid task before a request is sent", () =>
    using((tasks, { ledger }) =>
      Effect.gen(function* () {
        const wrong = { title: 1, dueDate: "2026-07-20", done: true } as never
        const faults = [
          [
            tasks.createTask(jane, wrong),
            ["title must be a string", "dueDate must be a DateTime", /completed/, /done/]
          ],
          [tasks.updateTask(jane, "t", { body: null } as never), ["body must be a string"]],
          [tasks.updateTaskCompleted(jane, "t", "yes" as never), ["completed must be a boolean value"]],
          [tasks.getTask(jane, ".."), ["taskId must not be a relative path segment"]],
          [tasks.deleteTask(jane, "a/b"), ["taskId must not contain a slash"]],
          [tasks.getAllTasks("search" as ContactId), ["contactId must not be the name of another path of the API"]]
        ] as const
        for (const [refused, lines] of faults) {
          const error = yield* Effect.flip(refused)
          expect(error).toMatchObject({ _tag: "Unprocessable", attempts: 0 })
          for (const line of lines) expect(error.details.join("\n")).toMatch(line)
        }
        expect((yield* ledger).received).toBe(0)
      })
    )
  )

  it.effect("fails with BadRequest for an unknown task and a task of another contact", () =>
    using((tasks) =>
      Effect.gen(function* () {
        const { id } = yield* tasks.createTask(jane, call)
        for (const missing of [
          tasks.getTask(jane, "nothing"),
          tasks.updateTask(jane, "nothing", { title: "x" }),
          tasks.deleteTask(jane, "nothing"),
          tasks.getTask(ContactId.make("john"), id)
        ]) {
          expect(yield* Effect.flip(missing as typeof missing & Effect.Effect<unknown, Error>)).toMatchObject({
            _tag: "BadRequest",
            message: "The task id is invalid.",
            outcome: "NotApplied"
          })
        }
      })
    )
  )

  it.effect("does not retry a create whose response is lost, and explains why it cannot be verified", () =>
    using(
      (tasks, { ledger, reset, setFaults }) =>
        Effect.gen(function* () {
          for (const fault of losses) {
            yield* reset
            yield* setFaults({ rules: [{ fault }] })
            const error = yield* Effect.flip(tasks.createTask(jane, call))
            expect(error).toMatchObject({ outcome: "Unknown", isRetryable: false, attempts: 1 })
            expect(error.message).toMatch(/a task has no creation time/)
            expect((yield* ledger).received).toBe(1)
            expect(yield* applied).toEqual(["createTask jane"])
          }
        }),
      retrying
    )
  )

  it.effect("retries an update or a delete whose response is lost", () =>
    using(
      (tasks, { reset, setFaults }) =>
        Effect.gen(function* () {
          for (const fault of losses) {
            yield* reset
            const { id } = yield* tasks.createTask(jane, call)
            yield* setFaults({ rules: [{ fault, times: 1 }] })
            expect(yield* tasks.updateTask(jane, id, { title: "Write" })).toMatchObject({ title: "Write" })
            yield* setFaults({ rules: [{ fault, times: 1 }] })
            expect(yield* tasks.updateTaskCompleted(jane, id, true)).toMatchObject({ completed: true })
            yield* setFaults({ rules: [{ fault, times: 1 }] })
            yield* tasks.deleteTask(jane, id)
            expect(yield* applied).toEqual([
              "createTask jane",
              ...["updateTask jane", "updateTask jane"],
              ...["updateTaskCompleted jane", "updateTaskCompleted jane"],
              // The retry finds that the task is gone, which counts as success.
              "deleteTask jane"
            ])
            expect(yield* tasks.getAllTasks(jane)).toEqual([])
          }
        }),
      retrying
    )
  )

  it.effect("verifies an update or a delete with a read of the task if no retry is left", () =>
    using(
      (tasks, { setFaults }) =>
        Effect.gen(function* () {
          const { id } = yield* tasks.createTask(jane, call)
          const fault = { _tag: "Reset", when: "after" } as const
          yield* setFaults({
            rules: [
              { fault, endpoint: "updateTask" },
              { fault, endpoint: "updateTaskCompleted" },
              { fault, endpoint: "deleteTask" }
            ]
          })
          const dueDate = DateTime.unsafeMake("2027-01-01T00:00:00.5Z")
          const changes = { title: "Write", dueDate, body: "" }
          expect(yield* tasks.updateTask(jane, id, changes)).toMatchObject({ title: "Write", dueDate })
          expect(yield* tasks.updateTaskCompleted(jane, id, true)).toMatchObject({ completed: true })
          yield* tasks.deleteTask(jane, id)
          expect(yield* applied).toEqual([
            "createTask jane",
            "updateTask jane",
            "updateTaskCompleted jane",
            "deleteTask jane"
          ])
        }),
      verifying
    )
  )

  it.effect("keeps an unknown outcome if the task does not have the changes", () =>
    using(
      (tasks, { setFaults }) =>
        Effect.gen(function* () {
          const { id } = yield* tasks.createTask(jane, call)
          const fault = { _tag: "Reset", when: "before" } as const
          yield* setFaults({ rules: [{ fault, endpoint: "updateTask" }] })
          const dueDate = DateTime.unsafeMake("2027-01-01T00:00:00Z")
          for (const changes of [{ title: "Write" }, { dueDate }, { completed: true }, { assignedTo: "u2" }]) {
            expect(yield* Effect.flip(tasks.updateTask(jane, id, changes))).toMatchObject({ outcome: "Unknown" })
          }
          expect(yield* applied).toEqual(["createTask jane"])
        }),
      verifying
    )
  )
})

describe("TasksService", () => {
  it.effect("sends the same requests with Version v3", () =>
    Effect.gen(function* () {
      const tasks = yield* TasksService
      const { id } = yield* tasks.createTask(jane, call)
      yield* tasks.updateTaskCompleted(jane, id, true)
      yield* tasks.deleteTask(jane, id)
      expect(yield* requests).toMatchObject([
        { line: "POST /contacts/jane/tasks", version: "v3" },
        { line: `PUT /contacts/jane/tasks/${id}/completed`, version: "v3", body: { completed: true } },
        { line: `DELETE /contacts/jane/tasks/${id}`, version: "v3" }
      ])
    }).pipe(Effect.provide(overHttp({ contacts }, { createTask: "v3", updateTaskCompleted: "v3", deleteTask: "v3" })))
  )
})
