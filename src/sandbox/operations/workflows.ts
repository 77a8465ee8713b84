/**
 * The operations on the workflows of a contact, as the service performs them.
 *
 * @since 0.2.0
 */
import type { workflowRows } from "../../api/workflows.js"
import * as Directory from "../Directory.js"
import type { Operation, Operations } from "../Operation.js"
import { accepting, isText, object } from "../Rules.js"

const done = { succeded: true, succeeded: true }

const isoWithOffset = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

const body = () =>
  object({
    eventStartTime: accepting(
      (value) => isText(value) && isoWithOffset.test(value),
      "must be a valid ISO 8601 date string"
    )
  })

const idOf = (contactId: string, workflowId: string) => `${contactId} workflow ${workflowId}`

const addToWorkflow: Operation = {
  body,
  perform: (directory, caller, { params, body }) => {
    const { id: contactId } = Directory.get(directory, caller, params["contactId"] ?? "")
    const workflowId = params["workflowId"] ?? ""
    const id = idOf(contactId, workflowId)
    directory.enrollments.set(id, { ...body, id, contactId, workflowId })
    return { body: done }
  }
}

const removeFromWorkflow: Operation = {
  body,
  perform: (directory, caller, { params }) => {
    const { id: contactId } = Directory.get(directory, caller, params["contactId"] ?? "")
    directory.enrollments.delete(idOf(contactId, params["workflowId"] ?? ""))
    return { body: done }
  }
}

/**
 * @since 0.2.0
 * @category operations
 */
export const workflowOperations = {
  addToWorkflow,
  removeFromWorkflow
} satisfies Operations<typeof workflowRows>
