/**
 * The operations on the workflows of a contact, as the service performs them.
 *
 * @since 0.2.0
 */
import type { workflowRows } from "../../api/workflows.js"
import * as Directory from "../Directory.js"
import type { Operation, Operations } from "../Operation.js"
import { doneFlags } from "../Reply.js"
import { accepting, isText, object } from "../Rules.js"

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
    const { id: contactId } = Directory.contactOf(directory, caller, params)
    const workflowId = params["workflowId"] ?? ""
    const id = idOf(contactId, workflowId)
    directory.enrollments.set(id, { ...body, id, contactId, workflowId })
    return { body: doneFlags }
  }
}

const removeFromWorkflow: Operation = {
  body,
  perform: (directory, caller, { params }) => {
    const { id: contactId } = Directory.contactOf(directory, caller, params)
    directory.enrollments.delete(idOf(contactId, params["workflowId"] ?? ""))
    return { body: doneFlags }
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
