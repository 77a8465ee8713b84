/**
 * The faults of webhook delivery. They are drawn from a seed, so that the same events get the same faults in every run.
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
  /** The seed: with the same seed, the nth event gets the same faults in every run. 1 by default. */
  seed: defaulting(S.Int, 1),
  /** The probability that an event is never sent; 0 by default. */
  loss: probability,
  /** The probability that an event is sent twice, with the same body and signature; 0 by default. */
  repeats: probability,
  /** The probability that an event is sent after the next one, or after `delay` if none comes; 0 by default. */
  reordering: probability,
  /** The probability that an event is sent `delay` later, while later events are sent before it; 0 by default. */
  delays: probability,
  /** The delay of delayed and reordered events, in milliseconds: 1,000 by default. */
  delay: defaulting(S.NonNegative, 1000)
}).annotations({ parseOptions: { onExcessProperty: "error" } })

/**
 * @since 0.2.0
 * @category models
 */
export type WebhookFaults = typeof WebhookFaults.Type

/**
 * The faults that apply to one event.
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
 * Returns a function that decides the faults of the next event. Every event takes the same number of random draws, so that a
 * change of one probability does not change the other faults.
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
