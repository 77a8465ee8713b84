// What can be sent as a bearer, a client id or a client secret.

/** What is wrong with a text that has to fit into a header, in a sentence that does not repeat it. */
export const faultOf = (what: string, token: unknown): string | undefined => {
  // An environment variable that is not set gets past the types.
  if (typeof token !== "string") return `The ${what} is missing`
  if (token === "") return `The ${what} is empty`
  if (/^bearer\b/i.test(token.trim())) return `The ${what} begins with "Bearer": give the ${what} alone`
  if (/[\r\n]/.test(token)) return `The ${what} contains a line break`
  if (/\s/.test(token)) return `The ${what} contains blanks`
  if (/["'`]/.test(token)) return `The ${what} contains quotes`
  if (!/^[\x21-\x7e]+$/.test(token)) return `The ${what} contains characters that no header can carry`
  return undefined
}
