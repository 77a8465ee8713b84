// Checks a bearer token, a client id or a client secret.

/** The operation of an error of the credentials. A call that gets the error replaces it by its own. */
export const bearerOperation = "getBearer"

/** Describes the fault of a token that is sent in a header, without the token itself; undefined if the token is valid. */
export const faultOf = (what: string, token: unknown): string | undefined => {
  // The types do not catch an environment variable that is not set.
  if (typeof token !== "string") return `The ${what} is missing`
  if (token === "") return `The ${what} is empty`
  if (/^bearer\b/i.test(token.trim())) return `The ${what} begins with "Bearer": give the ${what} alone`
  if (/[\r\n]/.test(token)) return `The ${what} contains a line break`
  if (/\s/.test(token)) return `The ${what} contains spaces`
  if (/["'`]/.test(token)) return `The ${what} contains quotes`
  if (!/^[\x21-\x7e]+$/.test(token)) return `The ${what} contains characters that a header cannot have`
  return undefined
}
