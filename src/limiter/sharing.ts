// What several processes know of a limit that they share.
import { isArray, isObject, parseObject } from "../runtime/json.js"
import { initialState, type LimitState, type Settings } from "./limit.js"

/** A process that was not seen for this long does not share the limit any more. */
const processTimeout = 60_000

/** Says that a process was seen now, and forgets those that were not seen for long. */
export const seeProcess = (state: LimitState, process: string): void => {
  const recent = Object.entries(state.processes).filter(([, seenAt]) => state.now - seenAt < processTimeout)
  state.processes = { ...Object.fromEntries(recent), [process]: state.now }
}

/** What a process knows of its own requests where the shared state cannot be had. */
export const ownPart = (state: LimitState, process: string): LimitState => {
  const own = structuredClone(state)
  own.log = own.log.filter(([, , owner]) => owner === process)
  own.expired = own.given - own.log.reduce((sum, [, count]) => sum + count, 0)
  return own
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
