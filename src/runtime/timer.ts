// Timers of the app's clock, and time that is never set back.
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** The host's clock. */
export const liveClock = Context.get(DefaultServices.liveServices, Clock.Clock)

/** Milliseconds of a clock that only counts on: setting the time of day does not move a deadline. */
export const monotonic = (clock: Clock.Clock): number =>
  // By the host's own counter where that can be: the bigint of the clock's nanoseconds costs more than a permit.
  clock === liveClock ? performance.now() : Number(clock.unsafeCurrentTimeNanos()) / 1e6

/** Aborts on the next tick, because aborting can take over a millisecond and the caller should not wait for it. */
export const abandon = (abort: () => void): void => void setTimeout(abort, 0)

/** The longest delay, in milliseconds, that a timer of the host can have. */
export const longestDelay = 2 ** 31 - 1

/** Runs a task after the event loop has read what its sockets hold, where the host has a phase for that. */
const afterPoll: (task: () => void) => void =
  typeof setImmediate === "function" ? (task) => void setImmediate(task) : (task) => void setTimeout(task, 0)

/** A timer that fires this much later than it was set for was held up with its whole process, in milliseconds. */
const suspension = 1000

/** After a suspension, what has arrived has this long to be read, decrypted and unpacked, in milliseconds. */
const settleTime = 1000

/**
 * Runs a task after so many milliseconds of a clock; the result cancels it. By the host's clock a timer is used instead of a
 * fiber, which costs more.
 *
 * The timer lets the event loop read its sockets before the task runs: after the process was suspended, an overdue timer
 * fires first, although the response may have arrived meanwhile.
 */
export const later = (clock: Clock.Clock, millis: number, task: () => void): (() => void) => {
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
