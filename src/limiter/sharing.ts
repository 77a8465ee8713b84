// Functions on the state of a limit that several processes share.
import { isArray, isObject, parseObject } from "../runtime/json.js"
import { initialState, type LimitState, type Settings } from "./limit.js"

/** The time after which a process that was not seen no longer shares the limit, in milliseconds. */
const processTimeout = 60_000

/** Records that a process was seen now, and removes processes that were not seen for long. */
export const seeProcess = (state: LimitState, process: string): void => {
  const recent = Object.entries(state.processes).filter(([, seenAt]) => state.now - seenAt < processTimeout)
  state.processes = { ...Object.fromEntries(recent), [process]: state.now }
}

/** The part of the state that concerns a process's own requests, for use without the shared state. */
export const ownPart = (state: LimitState, process: string): LimitState => {
  const own = structuredClone(state)
  own.log = own.log.filter(([, , owner]) => owner === process)
  own.expired = own.given - own.log.reduce((sum, [, count]) => sum + count, 0)
  return own
}

/** Whether a value has the shape of another, one level deep. */
const isAlike = (value: unknown, other: unknown): boolean =>
  isArray(other) ? isArray(value) : isObject(other) ? isObject(value) : other === null || typeof value === typeof other

/** Parses a stored state. Undefined if another version or another program wrote the text. */
export const parseState = (text: string, settings: Settings): LimitState | undefined => {
  const value = parseObject(text)
  const fields = Object.entries(initialState(settings))
  // Every field must be there with the right type.
  return value !== undefined && fields.every(([name, field]) => name in value && isAlike(value[name], field))
    ? (value as unknown as LimitState)
    : undefined
}
