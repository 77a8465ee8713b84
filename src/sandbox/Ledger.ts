/**
 * The requests that a sandbox received and the writes that it applied, for tests to assert on.
 *
 * @since 0.1.0
 */
import * as S from "effect/Schema"
import type { RowName } from "../api/rows.js"
import { writes } from "./Endpoints.js"

/**
 * A request as it arrived, and its response. `url` is the raw request target. `status` is 0 if no response was sent. `fault` is
 * the tag of the injected fault.
 *
 * @since 0.1.0
 * @category models
 */
export const ReceivedRequest = S.Struct({
  method: S.String,
  url: S.String,
  headers: S.Record({ key: S.String, value: S.String }),
  body: S.String,
  status: S.Int,
  traceId: S.String,
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
  operation: S.Literal(...(writes as readonly [RowName, ...ReadonlyArray<RowName>])),
  contactId: S.String,
  isNew: S.Boolean,
  at: S.DateTimeUtc,
  traceId: S.String
})

/**
 * @since 0.1.0
 * @category models
 */
export interface AppliedWrite extends S.Schema.Type<typeof AppliedWrite> {}

/**
 * Every write that was applied, how many requests there were, and the latest 10,000 of them. `strangers`: how many of the
 * requests of others were given a place in the quota, and how many were refused.
 *
 * @since 0.1.0
 * @category models
 */
export const Ledger = S.Struct({
  received: S.Int,
  applied: S.Array(AppliedWrite),
  requests: S.Array(ReceivedRequest),
  strangers: S.Struct({ given: S.Int, refused: S.Int })
})

/**
 * @since 0.1.0
 * @category models
 */
export interface Ledger extends S.Schema.Type<typeof Ledger> {}

const requestsKept = 10_000

/**
 * The ledger as the sandbox writes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface MutableLedger {
  received: number
  readonly applied: Array<AppliedWrite>
  readonly requests: Array<ReceivedRequest>
  readonly strangers: { given: number; refused: number }
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (): MutableLedger => ({
  received: 0,
  applied: [],
  requests: [],
  strangers: { given: 0, refused: 0 }
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
