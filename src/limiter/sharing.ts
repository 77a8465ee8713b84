// What several processes know of a limit that they share.
import type { LimitState } from "./limit.js"

/** A process that was not seen for this long does not share the limit any more. */
const processTimeout = 60_000

/** The state with a process that was seen now, and without those that were not seen for long. */
export const withProcess = (state: LimitState, process: string): LimitState => {
  const recent = Object.entries(state.processes).filter(([, seenAt]) => state.now - seenAt < processTimeout)
  return { ...state, processes: { ...Object.fromEntries(recent), [process]: state.now } }
}

/** What a process knows of its own requests where the shared state cannot be had. */
export const ownPart = (state: LimitState, process: string): LimitState => {
  const log = state.log.filter(([, , owner]) => owner === process)
  return { ...state, log, expired: state.given - log.reduce((sum, [, count]) => sum + count, 0) }
}
