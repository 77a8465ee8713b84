/**
 * The types of operations: the simulated behaviour of endpoints.
 *
 * @since 0.2.0
 */
import type { JsonObject } from "../runtime/json.js"
import type * as Directory from "./Directory.js"
import type { Rule } from "./Rules.js"

/**
 * The parts of a request: the parameters of the path, the query string, and the body.
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
 * The result of a successful operation: the body of the response, and the contacts that were written.
 *
 * @since 0.2.0
 * @category models
 */
export interface OperationResult {
  readonly body: JsonObject
  /** The contact that was written; the contact of the path by default. */
  readonly contactId?: string
  /** The contacts that were written, for operations that can write several. */
  readonly contactIds?: ReadonlyArray<string>
  /** Whether something was created. */
  readonly isNew?: boolean
}

/**
 * The simulated behaviour of an endpoint. It refuses a request by throwing a `Refusal` before it changes anything.
 *
 * @since 0.1.0
 * @category models
 */
export interface Operation {
  /** The rule for the query string; no parameter is allowed by default. */
  readonly query?: Rule
  /** The rule for the body, by Version; the body is not checked by default. */
  readonly body?: (version: string) => Rule
  readonly perform: (
    directory: Directory.Directory,
    caller: Directory.Caller,
    request: Request & { readonly body: JsonObject }
  ) => OperationResult
}

/**
 * The operations of a set of endpoints, by name.
 *
 * @since 0.2.0
 * @category models
 */
export type Operations<Rows> = { readonly [Name in keyof Rows]: Operation }
