// Every endpoint that this library describes, by name.
import { contactRows } from "./contacts.js"
import { customFieldRows } from "./customFieldDefinitions.js"
import type { AnyEndpoint } from "./endpoint.js"
import { locationTagRows } from "./locationTags.js"
import { noteRows } from "./notes.js"

export const rows = {
  ...contactRows,
  ...noteRows,
  ...customFieldRows,
  ...locationTagRows
} satisfies { readonly [name: string]: AnyEndpoint }

export type Rows = typeof rows

/** The name of an endpoint. */
export type RowName = keyof Rows

/** Another documented `Version` than its own, by endpoint. */
export type Versions = {
  readonly [Name in RowName]?: keyof Rows[Name]["versions"] | undefined
}
