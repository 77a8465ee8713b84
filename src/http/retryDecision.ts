// What decides about a retry: the budget of a service, and whether a delay fits into the deadline. Pure.

/**
 * The retries of a service that its responses have not earned back. A service that fails most of the time is sent little more
 * than it would be without retries.
 */
export interface RetryBudget {
  spent: number
}

export const makeRetryBudget = (): RetryBudget => ({ spent: 0 })

const earnedByResponse = 0.5

/** A response that is no sign of trouble earns back half a retry. */
export const earn = (budget: RetryBudget): void => {
  if (budget.spent > 0) budget.spent = Math.max(0, budget.spent - earnedByResponse)
}

/** Takes a retry out of the budget, if there is one left. */
export const spend = (budget: RetryBudget, size: number): boolean => {
  if (size === Infinity) return true
  if (budget.spent + 1 > size) return false
  budget.spent += 1
  return true
}

/** The least time, in milliseconds, that a further attempt has to have: less would only make a certain outcome unknown. */
export const minimumAttemptMillis = 50

/** Whether an attempt after a delay still has time before the deadline. All in milliseconds. */
export const fits = (delay: number, remaining: number, longestDelay: number): boolean =>
  delay + minimumAttemptMillis <= remaining && delay <= longestDelay
