// The ids of the API.
import type * as Brand from "effect/Brand"
import * as Schema from "effect/Schema"
import { named, withMessage } from "./schemas.js"

const maxIdLength = 256

/** Most ids match this and need no further check. */
const plainId = /^[\w-]{1,64}$/

const idFault = (id: string): string | undefined => {
  if (plainId.test(id)) return undefined
  if (id === "") return "must not be empty"
  if (id === "." || id === "..") return "must not be a relative path segment"
  if (id.length > maxIdLength) return `must not be longer than ${maxIdLength} characters`
  if (/[/\\]/.test(id)) return "must not contain a slash"
  if (/\p{Cc}/u.test(id)) return "must not contain control characters"
  if (/\p{Surrogate}/u.test(id)) return "must be well-formed text"
  return undefined
}

/** Names below `/contacts` that are paths of the API, not ids. The service accepts them in upper case too. */
const contactRoutes = new Set(["search", "upsert", "bulk", "business", "removeall", "remove-all", "lookup"])

const contactIdFault = (id: string): string | undefined =>
  idFault(id) ?? (contactRoutes.has(id.toLowerCase()) ? "must not be the name of another path of the API" : undefined)

/** Whether a value is an id. */
export const isId = (value: unknown): boolean => typeof value === "string" && idFault(value) === undefined

const idWithout = (fault: (id: string) => string | undefined) =>
  Schema.String.annotations(withMessage("must be a string")).pipe(Schema.filter((id) => fault(id) ?? true))

/** The id of a note, a task or another record, with the same rules as the id of a location. */
export const Id = idWithout(idFault)

/** An id that must not be one of these names, which are paths of the API. */
export const idExcept = (names: ReadonlyArray<string>) =>
  idWithout((id) =>
    names.includes(id.toLowerCase()) ? "must not be the name of another path of the API" : idFault(id)
  )

/**
 * The id of a contact: text of 1 to 256 characters, not `.` or `..`, without slashes and control characters, so that it
 * cannot lead to another path of the API. `search`, `upsert`, `bulk`, `business`, `removeAll`, `remove-all` and `lookup` are
 * paths of the API and refused, in upper case too.
 *
 * @example
 * import { ContactId } from "effect-growthhub/Schema"
 *
 * const id = ContactId.make("seD4PfOuKoVMLkEZqohJ")
 *
 * @since 0.1.0
 * @category ids
 */
export const ContactId = idWithout(contactIdFault)
  .pipe(Schema.brand("ContactId"))
  .annotations({ ...named("ContactId") })

/** Whether a value is the id of a contact. */
export const isContactId = (value: unknown): value is ContactId =>
  typeof value === "string" && contactIdFault(value) === undefined

/**
 * The id of a contact.
 *
 * @since 0.1.0
 * @category ids
 */
export type ContactId = string & Brand.Brand<"ContactId">

/**
 * The id of a location (a sub-account): text of 1 to 256 characters, with the same rules as {@link ContactId}, except that
 * the names of paths are allowed.
 *
 * @since 0.1.0
 * @category ids
 */
export const LocationId = idWithout(idFault)
  .pipe(Schema.brand("LocationId"))
  .annotations({ ...named("LocationId") })

/**
 * The id of a location (a sub-account).
 *
 * @since 0.1.0
 * @category ids
 */
export type LocationId = string & Brand.Brand<"LocationId">
