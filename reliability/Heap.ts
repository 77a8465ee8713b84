// What a process holds, for those that watch whether it grows.
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

/** What a heap may differ by without having grown. */
export const noise = 1_000_000

/** Collects what nobody holds any more. */
export const collector = (): (() => void) => {
  setFlagsFromString("--expose-gc")
  // As V8 puts it there.
  return runInNewContext("gc") as () => void
}
