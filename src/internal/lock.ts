// A time limit for promises.

/** A promise that is given up after a while: one that never ends would hold everything up. */
export const inTime = <A>(promise: Promise<A>, millis = 10_000): Promise<A> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("timeout")), millis)
  })
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}
