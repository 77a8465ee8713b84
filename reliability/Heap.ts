// Helpers for measuring whether the heap of a process grows.
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

/** The difference in bytes up to which a heap does not count as grown. */
export const noise = 1_000_000

/** Returns a function that collects all garbage. */
export const collector = (): (() => void) => {
  setFlagsFromString("--expose-gc")
  // With the flag, V8 adds `gc` to new contexts.
  return runInNewContext("gc") as () => void
}
