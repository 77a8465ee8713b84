// Every endpoint that this library describes, by name.
import { appointmentRows } from "./appointments.js"
import { bulkTagRows } from "./bulkTags.js"
import { businessRows } from "./businesses.js"
import { campaignRows } from "./campaigns.js"
import { contactListRows } from "./contactList.js"
import { contactRows } from "./contacts.js"
import { customFieldRows } from "./customFieldDefinitions.js"
import type { AnyEndpoint } from "./endpoint.js"
import { locationTagRows } from "./locationTags.js"
import { followerRows } from "./followers.js"
import { noteRows } from "./notes.js"
import { searchRows } from "./search.js"
import { tagRows } from "./tags.js"
import { taskRows } from "./tasks.js"
import { workflowRows } from "./workflows.js"

export const rows = {
  ...contactRows,
  ...noteRows,
  ...customFieldRows,
  ...locationTagRows,
  ...taskRows,
  ...tagRows,
  ...followerRows,
  ...appointmentRows,
  ...campaignRows,
  ...workflowRows,
  ...contactListRows,
  ...businessRows,
  ...bulkTagRows,
  ...searchRows
} satisfies { readonly [name: string]: AnyEndpoint }

export type Rows = typeof rows

/** The name of an endpoint. */
export type RowName = keyof Rows

/** The documented `Version` to send instead of the default, by endpoint. */
export type Versions = {
  readonly [Name in RowName]?: keyof Rows[Name]["versions"] | undefined
}
