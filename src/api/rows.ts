// Every endpoint that this library describes, by name.
import { contactRows } from "./contacts.js"
import type { AnyEndpoint } from "./endpoint.js"
import { noteRows } from "./notes.js"
import { searchRows } from "./search.js"

export const rows = { ...contactRows, ...noteRows, ...searchRows } satisfies { readonly [name: string]: AnyEndpoint }

export type Rows = typeof rows

/** The name of an endpoint. */
export type RowName = keyof Rows

/** Another documented `Version` than its own, by endpoint. */
export type Versions = {
  readonly [Name in RowName]?: keyof Rows[Name]["versions"] | undefined
}
