/**
 * The responses of the service: statuses and bodies, refusals, and trace ids.
 *
 * @since 0.2.0
 */
import type { JsonObject } from "../runtime/json.js"

/**
 * The status and the JSON body of a response.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reply {
  readonly status: number
  readonly body: JsonObject
}

/**
 * The trace id of the nth response.
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
 * The details of a refusal besides its status and message.
 *
 * @since 0.2.0
 * @category models
 */
export interface RefusalDetails {
  /** Further data, such as the contact that the request would duplicate. */
  readonly meta?: JsonObject
  /** The `error` phrase of the body; by default the phrase of the status, and none for 400 and 403. */
  readonly error?: string
}

/**
 * Makes a refusal in the service's shape. A 400 or a 403 has no `error` by default.
 *
 * @since 0.1.0
 * @category replies
 */
export const refusal = (
  status: number,
  message: string | ReadonlyArray<string>,
  { meta, error = phrases[status] }: RefusalDetails = {}
): Reply => ({
  status,
  body: {
    statusCode: status,
    message,
    ...(error === undefined ? {} : { error }),
    ...(meta === undefined ? {} : { meta })
  }
})

/**
 * The flags of a success, in both spellings: recorded responses have them together.
 *
 * @since 0.2.0
 * @category replies
 */
export const doneFlags = { succeded: true, succeeded: true } as const

/**
 * The error that an operation throws to refuse a request, before it changes anything.
 *
 * @since 0.2.0
 * @category models
 */
export class Refusal extends Error {
  readonly status: number
  /** The message: one sentence, or one sentence for each fault. */
  readonly messages: string | ReadonlyArray<string>
  /** The details besides the status and the message. */
  readonly details: RefusalDetails

  constructor(status: number, said: string | ReadonlyArray<string>, details: RefusalDetails = {}) {
    super(String(said))
    this.status = status
    this.messages = said
    this.details = details
  }
}

/**
 * A 400 of the search. In recordings it has the phrase of its status as `error`.
 *
 * @since 0.2.0
 * @category replies
 */
export const badSearch = (said: string): Refusal => new Refusal(400, said, { error: "Bad Request" })
