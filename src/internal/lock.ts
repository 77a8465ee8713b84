// A time limit for promises.

/** A timer that fires this much later than it was set for (milliseconds) was held up with its whole process. */
const suspension = 1000

/**
 * A promise that is given up after a while. After the process was suspended, the promise has the time once more: its result
 * may be there already and only needs the event loop.
 */
export const inTime = <A>(promise: Promise<A>, millis = 10_000): Promise<A> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_, reject) => {
    const start = () => {
      const due = performance.now() + millis
      timer = setTimeout(() => (performance.now() - due > suspension ? start() : reject(new Error("timeout"))), millis)
    }
    start()
  })
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}
