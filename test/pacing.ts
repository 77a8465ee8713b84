// Requests through a sliding log to the sandbox's own quota and back, in virtual time.
import * as S from "effect/Schema"
import * as Utils from "effect/Utils"
import type { Entry } from "../src/internal/logState.js"
import { newsOf } from "../src/internal/news.js"
import { makeSlidingLog } from "../src/internal/slidingLog.js"
import * as Quota from "../src/sandbox/Quota.js"

const decode = S.decodeSync(Quota.Limits)

export interface Traffic {
  readonly limits: typeof Quota.Limits.Encoded
  /** When each call comes, in milliseconds. */
  readonly arrivals: ReadonlyArray<number>
  /** How long a request is on its way, there and back: anything up to this. */
  readonly out: number
  readonly back: number
  readonly seed: number
  readonly priority?: "interactive" | "bulk"
  /** By how much later in a fixed window the first one comes. */
  readonly phase?: number
}

export interface Told {
  /** When requests were counted, by the service. */
  readonly counted: ReadonlyArray<number>
  readonly refused: number
  readonly strangers: Quota.Strangers
  /** When all were answered. */
  readonly ended: number
  /** Whether somebody ever waited although there was room. */
  readonly wasIdle: boolean
}

type Event =
  | { readonly at: number; readonly _tag: "Call" }
  | { readonly at: number; readonly _tag: "Counted"; readonly entry: Entry }
  | {
      readonly at: number
      readonly _tag: "Answered"
      readonly entry: Entry
      readonly headers: Quota.Admission["headers"]
      readonly isAdmitted: boolean
    }

/** Fixed windows do not begin when the test does. */
const epoch = 1_000_370

export const simulate = (traffic: Traffic): Told => {
  const { arrivals, out, back, seed, priority = "interactive", phase = 0 } = traffic
  const limits = decode(traffic.limits)
  const random = new Utils.PCGRandom(seed)
  const strangers = { given: 0, refused: 0 }
  const quota = Quota.make(limits, epoch + phase, strangers)
  const log = makeSlidingLog({ limit: 100, interval: 10_000, share: 1, reserve: 0.05 })
  const events = arrivals.map((at): Event => ({ at, _tag: "Call" })).sort((a, b) => a.at - b.at)
  /** Behind those of the same time. */
  const add = (event: Event) => {
    let index = events.length
    while (index > 0 && events[index - 1]!.at > event.at) index -= 1
    events.splice(index, 0, event)
  }
  const counted: Array<number> = []
  let [waiting, refused, done, now, left] = [0, 0, 0, 0, 0]
  let wasIdle = false
  let answeredAt = -Infinity
  /** How many had left when the service was heard again, and how many of the first ones it has answered. */
  let [silent, answered] = [0, 0]
  while (done < arrivals.length) {
    for (let isFree = true; isFree && waiting > 0;) {
      const entry = log.takeOne(priority, now, waiting)
      isFree = entry !== undefined
      if (entry === undefined) continue
      waiting -= 1
      left = entry.departed
      add({ at: now + random.number() * out, _tag: "Counted", entry })
    }
    const again = waiting > 0 ? log.again(priority, now) : Infinity
    // In the first part of the interval after an answer, and when those are answered that left before it: it is known what
    // there is.
    const isKnown = now - answeredAt <= limits.interval / 10 && answered >= silent && priority === "interactive"
    if (waiting > 0 && isKnown && log.free(now) > 0) wasIdle = true
    const at = events[0]?.at ?? Infinity
    if (at > now + Math.max(again, 0.001)) {
      now += Math.max(again, 0.001)
      continue
    }
    const event = events.shift()!
    now = event.at
    if (event._tag === "Call") waiting += 1
    else if (event._tag === "Counted") {
      const time = epoch + phase + Math.floor(now)
      const { isAdmitted, headers } = quota.admit(time)
      if (isAdmitted) counted.push(time)
      add({ at: now + random.number() * back, _tag: "Answered", entry: event.entry, headers, isAdmitted })
    } else {
      if (now - answeredAt > limits.interval) silent = left
      answered = Math.max(answered, event.entry.departed)
      answeredAt = now
      log.settle(event.entry, newsOf(event.headers, !event.isAdmitted, undefined), now)
      if (event.isAdmitted) done += 1
      else {
        refused += 1
        waiting += 1
      }
    }
  }
  return { counted, refused, strangers, ended: now, wasIdle }
}
