// A queue of timestamps in ascending order.

export interface Times {
  readonly length: () => number
  readonly at: (index: number) => number | undefined
  readonly push: (time: number) => void
  /** Returns the number of timestamps after a time. */
  readonly countAfter: (time: number) => number
  /** Removes one timestamp with this time, if there is one. */
  readonly remove: (time: number) => void
  /** Drops the timestamps that are at or before a time, and returns their number. */
  readonly dropUntil: (time: number) => number
}

/** The number of dropped timestamps up to which their memory is not released. */
const slack = 64

export const make = (): Times => {
  let times: Array<number> = []
  let first = 0
  const drop = (count: number) => {
    first += count
    if (first > slack && first * 2 > times.length) {
      times = times.slice(first)
      first = 0
    }
  }
  /** Returns the index of the first timestamp after a time. */
  const after = (time: number) => {
    let low = first
    let high = times.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (times[middle]! <= time) low = middle + 1
      else high = middle
    }
    return low
  }
  return {
    length: () => times.length - first,
    at: (index) => (index < 0 ? undefined : times[first + index]),
    push: (time) => void times.push(time),
    countAfter: (time) => times.length - after(time),
    remove: (time) => {
      const index = after(time) - 1
      if (index >= first && times[index] === time) times.splice(index, 1)
    },
    dropUntil: (time) => {
      let count = 0
      while (first + count < times.length && times[first + count]! <= time) count += 1
      drop(count)
      return count
    }
  }
}
