/**
 * Performs the operation of any endpoint on a directory, as the service does, without HTTP.
 *
 * @since 0.1.0
 */
import { type AnyEndpoint, isRead } from "../api/endpoint.js"
import { type RowName, rows, type Rows } from "../api/rows.js"
import { isObject } from "../runtime/json.js"
import type * as Directory from "./Directory.js"
import type { Change } from "./DirectoryRecord.js"
import type { Operations, Request } from "./Operation.js"
import { appointmentOperations } from "./operations/appointments.js"
import { bulkTagOperations } from "./operations/bulkTags.js"
import { businessOperations } from "./operations/businesses.js"
import { campaignOperations } from "./operations/campaigns.js"
import { contactListOperations } from "./operations/contactList.js"
import { contactOperations } from "./operations/contacts.js"
import { customFieldOperations } from "./operations/customFields.js"
import { locationTagOperations } from "./operations/locationTags.js"
import { followerOperations } from "./operations/followers.js"
import { noteOperations } from "./operations/notes.js"
import { searchOperations } from "./operations/search.js"
import { tagOperations } from "./operations/tags.js"
import { taskOperations } from "./operations/tasks.js"
import { workflowOperations } from "./operations/workflows.js"
import { refusal, Refusal, type Reply } from "./Reply.js"
import { object } from "./Rules.js"

/**
 * A write that was applied.
 *
 * @since 0.1.0
 * @category models
 */
export interface Write {
  readonly operation: RowName
  readonly contactId: string
  readonly isNew: boolean
}

/**
 * The result of a request: the response, and the write if there was one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Performed {
  readonly reply: Reply
  readonly write?: Write
  /** The contacts that the write changed, for operations that can change several. */
  readonly contactIds?: ReadonlyArray<string>
  /** The changes of the write, in order. */
  readonly changes?: ReadonlyArray<Change>
}

// --- performing --------------------------------------------------------------------------------------------------------

/**
 * The operations, by the name of their endpoint.
 *
 * @since 0.1.0
 * @category operations
 */
export const operations: Operations<Rows> = {
  ...contactOperations,
  ...noteOperations,
  ...customFieldOperations,
  ...locationTagOperations,
  ...taskOperations,
  ...tagOperations,
  ...followerOperations,
  ...appointmentOperations,
  ...campaignOperations,
  ...workflowOperations,
  ...contactListOperations,
  ...businessOperations,
  ...bulkTagOperations,
  ...searchOperations
}

const nothing = object({})

/**
 * Performs an operation. An invalid query or body gets a 422, and a success gets the status of the endpoint.
 *
 * @since 0.2.0
 * @category operations
 */
export const perform = (
  name: RowName,
  directory: Directory.Directory,
  caller: Directory.Caller,
  request: Request
): Performed => {
  const row: AnyEndpoint = rows[name]
  const operation = operations[name]
  const faults = [
    ...(operation.query ?? nothing)("", request.query),
    ...(operation.body === undefined ? [] : operation.body(caller.version)("", request.body))
  ]
  if (faults.length > 0) return { reply: refusal(422, faults) }
  // All writes of the operation get the time of the request.
  directory.now = caller.now
  directory.changes = []
  try {
    const body = isObject(request.body) ? request.body : {}
    const answer = operation.perform(directory, caller, { ...request, body })
    const reply = { status: row.success ?? 200, body: answer.body }
    if (isRead(row)) return { reply }
    const contactId = answer.contactId ?? request.params["contactId"] ?? ""
    const write = { operation: name, contactId, isNew: answer.isNew ?? false }
    const { changes } = directory
    return { reply, write, changes, ...(answer.contactIds === undefined ? {} : { contactIds: answer.contactIds }) }
  } catch (error) {
    if (error instanceof Refusal) return { reply: refusal(error.status, error.messages, error.details) }
    throw error
  } finally {
    directory.now = undefined
    directory.changes = []
  }
}
