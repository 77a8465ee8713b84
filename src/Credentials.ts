/**
 * Where the bearer of a call comes from.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"

const fault = (token: unknown): string | undefined => {
  // An environment variable that is not set gets past the types.
  if (typeof token !== "string") return "The token is missing"
  if (token === "") return "The token is empty"
  if (/^bearer\b/i.test(token.trim())) return 'The token begins with "Bearer": give the token alone'
  if (/[\r\n]/.test(token)) return "The token contains a line break"
  if (/\s/.test(token)) return "The token contains blanks"
  if (/["'`]/.test(token)) return "The token contains quotes"
  if (!/^[\x21-\x7e]+$/.test(token)) return "The token contains characters that no header can carry"
  return undefined
}

/**
 * A token that can be sent as a bearer, or what is wrong with it, in a sentence that does not repeat it. Refused are:
 * the empty text, a `Bearer ` prefix, line breaks, blanks, quotes, and what a header cannot carry.
 *
 * @example
 * import * as Redacted from "effect/Redacted"
 * import * as Credentials from "effect-growthhub/Credentials"
 *
 * Credentials.validate(Redacted.make("Bearer pit-1234")) // Left("The token begins with …")
 *
 * @since 0.1.0
 * @category validation
 */
export const validate = (token: Redacted.Redacted): Either.Either<Redacted.Redacted, string> => {
  const reason = fault(Redacted.value(token))
  return reason === undefined ? Either.right(token) : Either.left(reason)
}
