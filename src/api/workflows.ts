// The endpoints that add contacts to workflows and remove them.
import * as Schema from "effect/Schema"
import { Id } from "../fields/ids.js"
import { anObject, momentWithOffset, named } from "../fields/schemas.js"
import { always, ContactPath, Done, never, pageOf, endpointDefaults } from "./common.js"
import { endpoint } from "./endpoint.js"

/**
 * The data that a workflow receives about a contact that enters or leaves the workflow.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/add-contact-to-workflow
 *
 * @since 0.2.0
 * @category workflows
 */
export const WorkflowEntry = Schema.Struct({
  /**
   * The time of the event, if the workflow waits for one. It is sent as ISO text with the offset of its zone: as
   * `2021-06-23T03:30:00+01:00`, or with a `Z` if it is in UTC.
   */
  eventStartTime: Schema.optional(momentWithOffset)
}).annotations({ ...named("WorkflowEntry"), ...anObject })

/**
 * @since 0.2.0
 * @category workflows
 */
export interface WorkflowEntry extends Schema.Schema.Type<typeof WorkflowEntry> {}

const service = "ContactsService"

const WorkflowPath = Schema.Struct({ ...ContactPath.fields, workflowId: Id })

const unverifiable = "the API returns a contact's workflows only in a search, which lags behind"

/** `POST /contacts/{contactId}/workflow/{workflowId}` */
export const addToWorkflow = endpoint({
  name: "addToWorkflow",
  service,
  scope: "contacts.write",
  page: pageOf("add-contact-to-workflow"),
  method: "POST",
  path: "/contacts/{contactId}/workflow/{workflowId}",
  ...endpointDefaults,
  params: WorkflowPath,
  body: WorkflowEntry,
  answer: Done,
  isSafeToRetry: never,
  unverifiable
})

/** `DELETE /contacts/{contactId}/workflow/{workflowId}` */
export const removeFromWorkflow = endpoint({
  name: "removeFromWorkflow",
  service,
  scope: "contacts.write",
  page: pageOf("delete-contact-from-workflow"),
  method: "DELETE",
  path: "/contacts/{contactId}/workflow/{workflowId}",
  ...endpointDefaults,
  params: WorkflowPath,
  body: WorkflowEntry,
  answer: Done,
  isSafeToRetry: always,
  unverifiable
})

/** The endpoints of workflows, by name. */
export const workflowRows = { addToWorkflow, removeFromWorkflow }
