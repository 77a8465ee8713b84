/**
 * The requests that a sandbox received and the writes that it applied, for tests to assert on.
 *
 * @since 0.1.0
 */
import * as S from "effect/Schema"
import type { RowName } from "../api/rows.js"
import { writes } from "./Endpoints.js"

/**
 * A request that the sandbox received.
 *
 * @since 0.1.0
 * @category models
 */
export const ReceivedRequest = S.Struct({
  /** The method, such as `GET`. */
  method: S.String,
  /** The raw request target: the path and the query string. */
  url: S.String,
  /** The headers; the names are in lower case. */
  headers: S.Record({ key: S.String, value: S.String }),
  /** The body as text; empty if there was none. */
  body: S.String,
  /** The status of the response; 0 if no response was sent. */
  status: S.Int,
  /** The trace id of the response. */
  traceId: S.String,
  /** The tag of the injected fault; absent if there was none. */
  fault: S.optionalWith(S.String, { exact: true })
})

/**
 * @since 0.1.0
 * @category models
 */
export interface ReceivedRequest extends S.Schema.Type<typeof ReceivedRequest> {}

/**
 * A write that was applied.
 *
 * @since 0.1.0
 * @category models
 */
export const AppliedWrite = S.Struct({
  /** The name of the endpoint, such as `upsertContact`. */
  operation: S.Literal(...(writes as readonly [RowName, ...ReadonlyArray<RowName>])),
  /** The contact that was written, or whose note was written. */
  contactId: S.String,
  /** Whether the write created something. */
  isNew: S.Boolean,
  /** The time at which the write was applied, by the sandbox's clock. */
  at: S.DateTimeUtc,
  /** The trace id of the response, to find its request. */
  traceId: S.String
})

/**
 * @since 0.1.0
 * @category models
 */
export interface AppliedWrite extends S.Schema.Type<typeof AppliedWrite> {}

/**
 * The requests that the sandbox received since its start or `reset`, and the writes that it applied.
 *
 * @since 0.1.0
 * @category models
 */
export const Ledger = S.Struct({
  /** The number of requests that were received. */
  received: S.Int,
  /** Every write that was applied, the oldest first. */
  applied: S.Array(AppliedWrite),
  /** The latest 10,000 requests, the oldest first. */
  requests: S.Array(ReceivedRequest),
  /** The simulated requests of other consumers of the same quota: see `limits.otherConsumers`. */
  otherConsumers: S.Struct({
    /** The number of their requests that were admitted. */
    given: S.Int,
    /** The number of their requests that were rejected with 429. */
    refused: S.Int
  })
})

/**
 * @since 0.1.0
 * @category models
 */
export interface Ledger extends S.Schema.Type<typeof Ledger> {}

const requestsKept = 10_000

/**
 * The ledger that the sandbox writes to.
 *
 * @since 0.1.0
 * @category models
 */
export interface MutableLedger {
  /** The number of requests that were received. */
  received: number
  /** Every write that was applied. */
  readonly applied: Array<AppliedWrite>
  /** The latest requests. */
  readonly requests: Array<ReceivedRequest>
  /** The counts of the simulated requests of other consumers. */
  readonly otherConsumers: { given: number; refused: number }
}

/**
 * An empty ledger.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (): MutableLedger => ({
  received: 0,
  applied: [],
  requests: [],
  otherConsumers: { given: 0, refused: 0 }
})

/**
 * Records a request. Only the latest 10,000 are kept.
 *
 * @since 0.1.0
 * @category writing
 */
export const receive = (ledger: MutableLedger, request: ReceivedRequest): void => {
  ledger.requests.push(request)
  if (ledger.requests.length > requestsKept) ledger.requests.shift()
}
