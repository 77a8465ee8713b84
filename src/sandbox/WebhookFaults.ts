/**
 * Faults of the delivery of webhooks. They are drawn from a seed, so that the same events meet the same faults in every run.
 *
 * @since 0.2.0
 */
import * as S from "effect/Schema"
import * as Utils from "effect/Utils"
import { defaulting } from "./Defaults.js"

const probability = defaulting(S.Number.pipe(S.between(0, 1)), 0)

/**
 * The faults of the delivery, each with its probability from 0 to 1. They are independent of each other. An unknown field is
 * refused.
 *
 * @since 0.2.0
 * @category models
 */
export const WebhookFaults = S.Struct({
  /** The seed: the nth event meets the same faults in every run with one seed. 1 by default. */
  seed: defaulting(S.Int, 1),
  /** How often an event is never sent; 0 by default. */
  loss: probability,
  /** How often an event is sent twice, with the same body and signature; 0 by default. */
  repeats: probability,
  /** How often an event is sent after the next one, or after `delay` if none comes until then; 0 by default. */
  reordering: probability,
  /** How often an event is sent `delay` later, and the events behind it before; 0 by default. */
  delays: probability,
  /** How much later, in milliseconds: 1,000 by default. */
  delay: defaulting(S.NonNegative, 1000)
}).annotations({ parseOptions: { onExcessProperty: "error" } })

/**
 * @since 0.2.0
 * @category models
 */
export type WebhookFaults = typeof WebhookFaults.Type

/**
 * What one event meets.
 *
 * @since 0.2.0
 * @category models
 */
export interface Decision {
  readonly isLost: boolean
  readonly isRepeated: boolean
  readonly isReordered: boolean
  readonly isDelayed: boolean
}

/**
 * Decides about one event after the other. Each takes the same number of draws, so that no probability changes what another
 * one decides.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = ({ delays, loss, reordering, repeats, seed }: WebhookFaults): (() => Decision) => {
  const random = new Utils.PCGRandom(seed)
  const meets = (probability: number) => random.number() < probability
  return () => ({
    isLost: meets(loss),
    isRepeated: meets(repeats),
    isReordered: meets(reordering),
    isDelayed: meets(delays)
  })
}
