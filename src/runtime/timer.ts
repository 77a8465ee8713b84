// Timers and monotonic time of the app's clock.
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** The host's clock. */
export const liveClock = Context.get(DefaultServices.liveServices, Clock.Clock)

/** The monotonic time of a clock, in milliseconds. A change of the system time does not move a deadline. */
export const monotonic = (clock: Clock.Clock): number =>
  // `performance.now()` is used where possible, because the bigint of the clock's nanoseconds costs more than a permit.
  clock === liveClock ? performance.now() : Number(clock.unsafeCurrentTimeNanos()) / 1e6

/** Aborts on the next tick, because aborting can take over a millisecond and the caller should not wait for it. */
export const abortOnNextTick = (abort: () => void): void => void setTimeout(abort, 0)

/** The longest delay, in milliseconds, that a timer of the host can have. */
export const longestDelay = 2 ** 31 - 1

/** Runs a task after the event loop has read from its sockets, if the host has `setImmediate`. */
const afterPoll: (task: () => void) => void =
  typeof setImmediate === "function" ? (task) => void setImmediate(task) : (task) => void setTimeout(task, 0)

/** The delay of a timer, in milliseconds, above which the process is considered to have been suspended. */
const suspension = 1000

/** The time after a suspension to read, decrypt and decompress data that has arrived, in milliseconds. */
const settleTime = 1000

/**
 * Runs a task after `millis` milliseconds of a clock; the result cancels it. With the host's clock it uses a timer, because
 * a fiber costs more.
 *
 * The timer lets the event loop read its sockets before the task runs: after the process was suspended, an overdue timer
 * fires first, although the response may have arrived meanwhile.
 */
export const setTimer = (clock: Clock.Clock, millis: number, task: () => void): (() => void) => {
  if (clock === liveClock && millis <= longestDelay) {
    let isCancelled = false
    const run = () => afterPoll(() => (isCancelled ? undefined : task()))
    const due = performance.now() + millis
    let timer = setTimeout(() => {
      if (performance.now() - due <= suspension) return run()
      timer = setTimeout(run, settleTime)
    }, millis)
    return () => {
      isCancelled = true
      clearTimeout(timer)
    }
  }
  const fiber = Effect.runFork(clock.sleep(Duration.millis(millis)))
  fiber.addObserver(({ _tag }) => {
    if (_tag === "Success") task()
  })
  return () => fiber.unsafeInterruptAsFork(fiber.id())
}
