/**
 * What the service answers: replies, refusals, and trace ids.
 *
 * @since 0.2.0
 */
import type { JsonObject } from "../runtime/json.js"

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
 * What a refusal may say besides its status and message.
 *
 * @since 0.2.0
 * @category models
 */
export interface RefusalDetails {
  /** What else is told, such as the contact that a duplicate would repeat. */
  readonly meta?: JsonObject
  /** The phrase of the status; by default the one of the status, and none for 400 and 403. */
  readonly error?: string
}

/**
 * A refusal in the service's shape; its 400 and 403 carry no `error` as a rule.
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
 * Thrown by an operation, before it has changed anything.
 *
 * @since 0.2.0
 * @category models
 */
export class Refusal extends Error {
  readonly status: number
  /** One sentence, or one for each fault. */
  readonly said: string | ReadonlyArray<string>
  /** What is told besides. */
  readonly details: RefusalDetails

  constructor(status: number, said: string | ReadonlyArray<string>, details: RefusalDetails = {}) {
    super(String(said))
    this.status = status
    this.said = said
    this.details = details
  }
}

/**
 * A 400 of the search, which has the phrase of its status in recordings.
 *
 * @since 0.2.0
 * @category replies
 */
export const badSearch = (said: string): Refusal => new Refusal(400, said, { error: "Bad Request" })
