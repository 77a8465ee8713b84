// A limit of time that is kept whatever it limits.
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Runtime from "effect/Runtime"

/**
 * In another turn: taking a request off the wire takes a transport a millisecond or more, and whoever has given up on it
 * does not wait for that.
 */
export const abandon = (take: () => void): void => void setTimeout(take, 0)

/** The host's. */
export const liveClock = Context.get(DefaultServices.liveServices, Clock.Clock)

/** What a timer of the host can wait. */
const longestTimer = 2 ** 31 - 1

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
  if (clock === liveClock && millis <= longestTimer) {
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

/**
 * - `clock`, `until`: the moment, in milliseconds of the epoch by that clock.
 * - `onTimeout`: what becomes of something that has not ended then; it is told where that is certain not to have left.
 */
export interface Deadline<E> {
  readonly clock: Clock.Clock
  readonly until: number
  readonly onTimeout: (hasLeft?: boolean) => E
}

/** The milliseconds until then. */
export const timeLeft = ({ clock, until }: Pick<Deadline<unknown>, "clock" | "until">): number =>
  Math.max(0, until - clock.unsafeCurrentTimeMillis())

/**
 * - `onInterrupt`: told by what is under way how to give it up. Whoever performs it does that when it is interrupted: a
 *   finalizer for each thing under way would cost more than the rest of a call.
 */
export interface Watched<E> extends Deadline<E> {
  onInterrupt?: (() => void) | undefined
}

/**
 * The effect, or what `onTimeout` makes of it when its time is over. Neither that nor giving it up waits for the effect to
 * end, be it uninterruptible or slow to clean up: it has a fiber of its own, whose references may be others.
 */
export const watched = <A, E, R, E2>(
  self: Effect.Effect<A, E, R>,
  watch: Watched<E2>,
  updateRefs: Runtime.RunForkOptions["updateRefs"] = identity
): Effect.Effect<A, E | E2, R> =>
  Effect.flatMap(Effect.runtime<R>(), (runtime) =>
    Effect.async<A, E | E2>((resume) => {
      // Interruptible even where the caller is not. As a value: a fiber that fails would be reported in the app's log.
      const fiber = Runtime.runFork(runtime, Effect.interruptible(Effect.exit(self)), { updateRefs })
      const interrupt = () => fiber.unsafeInterruptAsFork(fiber.id())
      let giveUp: (() => void) | undefined = () => {
        cancel()
        abandon(interrupt)
      }
      const cancel = later(watch.clock, timeLeft(watch), () => {
        abandon(interrupt)
        resume(Effect.failSync(() => watch.onTimeout()))
      })
      fiber.addObserver((exit) => {
        // Let go when it is over: what the caller's fiber still holds outlives many a collection.
        giveUp = undefined
        cancel()
        resume(Effect.flatten(exit))
      })
      watch.onInterrupt = () => giveUp?.()
    })
  )

/** {@link watched}, by itself: an interruption gives it up. */
export const within = <A, E, R, E2>(
  self: Effect.Effect<A, E, R>,
  deadline: Deadline<E2>
): Effect.Effect<A, E | E2, R> => alone(deadline, (watch) => watched(self, watch))

/** Something that is watched by nobody else. */
export const alone = <A, E, R, E2>(
  { clock, until, onTimeout }: Deadline<E2>,
  perform: (watch: Watched<E2>) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    const watch: Watched<E2> = { clock, until, onTimeout: () => onTimeout() }
    return Effect.onInterrupt(perform(watch), () => Effect.sync(() => watch.onInterrupt?.()))
  })
