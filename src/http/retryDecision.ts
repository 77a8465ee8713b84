// The retry budget of a service, and the check whether a delay fits into the deadline.

/**
 * The number of retries of a service that its responses have not earned back. It limits the extra load on a service that
 * fails most of the time.
 */
export interface RetryBudget {
  spent: number
}

export const makeRetryBudget = (): RetryBudget => ({ spent: 0 })

const earnedByResponse = 0.5

/** Adds half a retry to the budget. Called for each response that is not a sign of overload. */
export const earn = (budget: RetryBudget): void => {
  if (budget.spent > 0) budget.spent = Math.max(0, budget.spent - earnedByResponse)
}

/** Takes a retry out of the budget. Returns whether there was one left. */
export const spend = (budget: RetryBudget, size: number): boolean => {
  if (size === Infinity) return true
  if (budget.spent + 1 > size) return false
  budget.spent += 1
  return true
}

/** The minimum time for another attempt, in milliseconds. With less, it would time out and make the outcome unknown. */
export const minimumAttemptMillis = 50

/** Whether an attempt after `delay` has enough time before the deadline. All arguments are in milliseconds. */
export const fits = (delay: number, remaining: number, longestDelay: number): boolean =>
  delay + minimumAttemptMillis <= remaining && delay <= longestDelay
