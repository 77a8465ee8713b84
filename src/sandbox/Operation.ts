/**
 * An endpoint as the service performs it.
 *
 * @since 0.2.0
 */
import type { JsonObject } from "../runtime/json.js"
import type * as Directory from "./Directory.js"
import type { Rule } from "./Rules.js"

/**
 * What is asked: the parameters of the path, the query string, and the body.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  readonly params: { readonly [name: string]: string }
  readonly query: JsonObject
  readonly body: unknown
}

/**
 * What an operation answers with its success status, and which contact it wrote.
 *
 * @since 0.2.0
 * @category models
 */
export interface Answer {
  readonly body: JsonObject
  /** The contact that was written; that of the path by default. */
  readonly contactId?: string
  /** The contacts that were written, if they may be several. */
  readonly contactIds?: ReadonlyArray<string>
  /** Whether something was created. */
  readonly isNew?: boolean
}

/**
 * An endpoint as the service performs it. It refuses by throwing a `Refusal`, before it has changed anything.
 *
 * @since 0.1.0
 * @category models
 */
export interface Operation {
  /** What the query string may hold; nothing by default. */
  readonly query?: Rule
  /** What the body may hold, by Version; it is not looked at by default. */
  readonly body?: (version: string) => Rule
  readonly perform: (
    directory: Directory.Directory,
    caller: Directory.Caller,
    request: Request & { readonly body: JsonObject }
  ) => Answer
}

/**
 * The operations of some rows.
 *
 * @since 0.2.0
 * @category models
 */
export type Operations<Rows> = { readonly [Name in keyof Rows]: Operation }
