// Simulates requests from a rate limiter to the sandbox's quota, and their responses, in virtual time.
import * as S from "effect/Schema"
import * as Utils from "effect/Utils"
import { parseRateLimitHeaders } from "../src/limiter/headers.js"
import * as Limit from "../src/limiter/limit.js"
import type { Level } from "../src/limiter/model.js"
import * as Quota from "../src/sandbox/Quota.js"

const decode = S.decodeSync(Quota.Limits)

export interface Traffic {
  readonly limits: typeof Quota.Limits.Encoded
  /** The time of each call, in milliseconds. */
  readonly arrivals: ReadonlyArray<number>
  /** The longest time of a request to the service (`out`) and of a response (`back`), in milliseconds. */
  readonly out: number
  readonly back: number
  readonly seed: number
  readonly priority?: Level
  /** The offset of the first call within a fixed window, in milliseconds. */
  readonly phase?: number
  readonly settings?: Partial<Limit.Settings>
  /** The number of requests that an earlier process sent, evenly spread, in the interval before. */
  readonly before?: number
}

export interface Result {
  /** The times at which the service counted requests, by its clock. */
  readonly counted: ReadonlyArray<number>
  /** The number of requests that were refused with 429. */
  readonly refused: number
  readonly others: Quota.OtherConsumers
  /** The time at which the last call succeeded, in milliseconds. */
  readonly ended: number
}

type Event =
  | { readonly at: number; readonly _tag: "Call" }
  | { readonly at: number; readonly _tag: "Counted"; readonly grant: Limit.PermitRecord }
  | {
      readonly at: number
      readonly _tag: "Completed"
      readonly grant: Limit.PermitRecord
      readonly admission: Quota.Admission
    }

/** The start of the simulation, which is not the start of a fixed window. */
const epoch = 1_000_370

export const simulate = (traffic: Traffic): Result => {
  const { arrivals, out, back, seed, priority = "interactive", phase = 0, before = 0 } = traffic
  const random = new Utils.PCGRandom(seed)
  const others = { given: 0, refused: 0 }
  const limits = decode(traffic.limits)
  const begin = epoch + phase - limits.interval
  const quota = Quota.make(limits, begin, others)
  for (let index = 0; index < before; index += 1) quota.admit(begin + Math.floor((index * limits.interval) / before))
  const settings = { limit: 100, interval: 10_000, share: 1, reserve: 0.05, ...traffic.settings }
  const events = arrivals.map((at): Event => ({ at, _tag: "Call" })).sort((a, b) => a.at - b.at)
  const add = (event: Event) => {
    let index = events.length
    while (index > 0 && events[index - 1]!.at > event.at) index -= 1
    events.splice(index, 0, event)
  }
  const counted: Array<number> = []
  const state = Limit.initialState(settings)
  let [waiting, refused, done, now] = [0, 0, 0, 0]
  while (done < arrivals.length) {
    Limit.advance(state, now)
    while (waiting > 0) {
      const grant = Limit.acquire(state, settings, { priority, leaseMillis: 10_000 }, "")
      if (grant === undefined) break
      waiting -= 1
      add({ at: now + random.number() * out, _tag: "Counted", grant })
    }
    const wakeUp = waiting > 0 ? now + Math.max(Limit.nextWakeUp(state, settings, priority), 0.001) : Infinity
    if ((events[0]?.at ?? Infinity) > wakeUp) {
      now = wakeUp
      continue
    }
    const event = events.shift()!
    now = event.at
    if (event._tag === "Call") waiting += 1
    else if (event._tag === "Counted") {
      const time = epoch + phase + Math.floor(now)
      const admission = quota.admit(time)
      if (admission.isAdmitted) counted.push(time)
      add({ at: now + random.number() * back, _tag: "Completed", grant: event.grant, admission })
    } else {
      const { headers: sent, isAdmitted } = event.admission
      const headers = parseRateLimitHeaders(isAdmitted ? 200 : 429, sent)
      const outcome = { isRefused: !isAdmitted, retryAfterMillis: undefined, headers }
      Limit.complete(Limit.advance(state, now), event.grant, now, outcome)
      if (isAdmitted) done += 1
      else {
        refused += 1
        waiting += 1
      }
    }
  }
  return { counted, refused, others, ended: now }
}
