/**
 * The three endpoints as the service performs them on a directory, apart from HTTP: scope, change and answer.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import type { JsonObject } from "../internal/json.js"
import * as ContactBody from "./ContactBody.js"
import * as Directory from "./Directory.js"
import type { Scope } from "./Tokens.js"

/**
 * @since 0.1.0
 * @category models
 */
export type Name = (typeof reads)[number] | (typeof writes)[number]

/**
 * Those that change nothing.
 *
 * @since 0.1.0
 * @category operations
 */
export const reads = ["getContact"] as const

/**
 * Those that do, and that the ledger tells of.
 *
 * @since 0.1.0
 * @category operations
 */
export const writes = ["updateContact", "upsertContact"] as const

/**
 * A status and the JSON that goes with it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reply {
  readonly status: number
  readonly body: JsonObject
}

/**
 * A write that was applied.
 *
 * @since 0.1.0
 * @category models
 */
export interface Write {
  readonly operation: (typeof writes)[number]
  readonly contactId: string
  readonly isNew: boolean
}

/**
 * What became of a request: the answer, the directory after it, and the write, if there was one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Performed {
  readonly reply: Reply
  readonly directory: Directory.Directory
  readonly write?: Write
}

/**
 * `contactId` is empty where the path has none.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  readonly contactId: string
  readonly body: unknown
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Operation {
  readonly scope: Scope
  readonly perform: (directory: Directory.Directory, caller: Directory.Caller, request: Request) => Performed
}

/**
 * The trace id of the nth answer.
 *
 * @since 0.1.0
 * @category replies
 */
export const traceId = (count: number) => `00000000-0000-4000-8000-${count.toString(16).padStart(12, "0")}`

const phrases: { readonly [status: number]: string } = {
  401: "Unauthorized",
  404: "Not Found",
  422: "Unprocessable Entity",
  429: "Too Many Requests"
}

/**
 * A refusal in the service's shape; its 400 and 403 carry no `error`.
 *
 * @since 0.1.0
 * @category replies
 */
export const refusal = (status: number, message: string | ReadonlyArray<string>, meta?: object): Reply => ({
  status,
  body: {
    statusCode: status,
    message,
    ...(phrases[status] === undefined ? {} : { error: phrases[status] }),
    ...(meta === undefined ? {} : { meta })
  }
})

const refused = (directory: Directory.Directory, { status, message, meta }: Directory.Refusal): Performed => ({
  directory,
  reply: refusal(status, message, meta)
})

const getContact: Operation = {
  scope: "contacts.readonly",
  perform: (directory, caller, { contactId }) =>
    Either.match(Directory.get(directory, caller, contactId), {
      onLeft: (refusal) => refused(directory, refusal),
      onRight: (contact) => ({
        directory,
        reply: { status: 200, body: { contact: ContactBody.answered(contact, caller.version) } }
      })
    })
}

const flags = { succeded: true, succeeded: true }

const updateContact: Operation = {
  scope: "contacts.write",
  perform: (directory, caller, { contactId, body }) =>
    Either.match(Directory.update(directory, caller, contactId, body), {
      onLeft: (refusal) => refused(directory, refusal),
      onRight: (applied) => ({
        directory: applied.directory,
        reply: { status: 200, body: { ...flags, contact: ContactBody.answered(applied.contact, caller.version) } },
        write: { operation: "updateContact", contactId, isNew: false }
      })
    })
}

/** The answer of an upsert has these where they are empty, too. */
const emptyLists = { followers: [], additionalEmails: [], additionalPhones: [] }

const upsertContact: Operation = {
  scope: "contacts.write",
  perform: (directory, caller, { body }) =>
    Either.match(Directory.upsert(directory, caller, body), {
      onLeft: (refusal) => refused(directory, refusal),
      onRight: ({ directory, contact, isNew }) => ({
        directory,
        reply: {
          status: 200,
          body: { new: isNew, ...flags, contact: { ...emptyLists, ...ContactBody.answered(contact, caller.version) } }
        },
        write: { operation: "upsertContact", contactId: contact.id, isNew }
      })
    })
}

/**
 * @since 0.1.0
 * @category operations
 */
export const operations: { readonly [name in Name]: Operation } = { getContact, updateContact, upsertContact }
