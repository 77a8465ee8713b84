// How deep a value is nested, measured without recursion: a schema or JSON.stringify would exhaust the stack.

/** The deepest nesting that a contact may have. The deepest field of the API, a file of a custom field, has six levels. */
export const maximumDepth = 100

/** The objects and arrays directly inside a value. */
const childrenOf = (value: object): ReadonlyArray<object> =>
  Object.values(value).filter((child): child is object => typeof child === "object" && child !== null)

/** Whether a value is nested deeper than {@link maximumDepth}. A circular value is. */
export const isTooDeep = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null) return false
  const stack = [{ node: value, depth: 1 }]
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (top.depth > maximumDepth) return true
    for (const node of childrenOf(top.node)) stack.push({ node, depth: top.depth + 1 })
  }
  return false
}

/** What the user is told of such a value. */
export const tooDeep = `is nested deeper than ${maximumDepth} levels`
