// What several processes know of a limit that they share.
import { isArray, isObject, parseObject } from "../internal/json.js"
import { initialState, type LimitState, type Settings } from "./limit.js"

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

/** Whether a value has the shape of another, one level deep. */
const isAlike = (value: unknown, other: unknown): boolean =>
  isArray(other) ? isArray(value) : isObject(other) ? isObject(value) : other === null || typeof value === typeof other

/** The state of a text that was stored, or `undefined` where it is none: another edition or another program wrote it. */
export const parseState = (text: string, settings: Settings): LimitState | undefined => {
  const value = parseObject(text)
  const fields = Object.entries(initialState(settings))
  // Every field is there and of its kind.
  return value !== undefined && fields.every(([name, field]) => name in value && isAlike(value[name], field))
    ? (value as unknown as LimitState)
    : undefined
}
