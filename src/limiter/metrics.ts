// The metrics of all rate limits of a process. No metric has the key of a limit as a tag, so their number does not grow.
import * as Metric from "effect/Metric"
import type { Rejection } from "./model.js"

/**
 * The names of the metrics of all limits of a process. `RateLimit.states` gives the numbers of a single limit.
 *
 * @since 0.1.0
 * @category metrics
 */
export const metrics = {
  /** A gauge: calls that wait for a permit. */
  waiting: "growthhub.rate_limit.waiting",
  /** A counter: calls that got no permit, by `reason` (`Timeout`, `DailyQuotaExhausted`). */
  rejections: "growthhub.rate_limit.rejections",
  /** A gauge: limits whose shared store cannot be used. */
  unavailableStores: "growthhub.rate_limit.unavailable_stores"
} as const

const counted = (name: string) => {
  const gauge = Metric.gauge(name)
  let count = 0
  return (by: number): void => gauge.unsafeUpdate((count += by), [])
}

/** Adds to the number of waiting calls. A negative number subtracts. */
export const addWaiting = counted(metrics.waiting)

/** Adds to the number of unavailable stores. A negative number subtracts. */
export const addUnavailableStores = counted(metrics.unavailableStores)

const rejections = Metric.counter(metrics.rejections, { incremental: true })
const byReason = {
  Timeout: Metric.tagged(rejections, "reason", "Timeout"),
  DailyQuotaExhausted: Metric.tagged(rejections, "reason", "DailyQuotaExhausted")
}

export const addRejection = (reason: Rejection["reason"]): void => byReason[reason].unsafeUpdate(1, [])
