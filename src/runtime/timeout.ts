// A timeout for promises.

/** The delay of a timer, in milliseconds, from which on the process is considered to have been suspended. */
const suspension = 1000

/**
 * Rejects if a promise takes longer than `millis`. After a suspension of the process, the timeout starts again, because the
 * result may have arrived and only waits for the event loop.
 */
export const withTimeout = <A>(promise: Promise<A>, millis = 10_000): Promise<A> => {
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
