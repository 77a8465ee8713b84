// Validation of base URLs.
import * as Either from "effect/Either"

/** The base URL of the vendor's API. */
export const vendorUrl = "https://services.leadconnectorhq.com"

/** Whether a hostname is a loopback address. */
export const isLoopback = (hostname: string) =>
  hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)

/** Returns the parsed base URL if it is safe to send a bearer to it, otherwise the reason why not. */
export const validateBaseUrl = (baseUrl: string | URL): Either.Either<URL, string> => {
  if (!URL.canParse(String(baseUrl))) return Either.left("The base URL is not a URL")
  const url = new URL(baseUrl)
  if (url.protocol !== "https:" && url.protocol !== "http:") return Either.left("The base URL must begin with https://")
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    return Either.left("The base URL must be https: a bearer goes over plain http to loopback addresses only")
  }
  if (url.username !== "" || url.password !== "") return Either.left("The base URL must not contain credentials")
  // `url.search` and `url.hash` are not used: both are empty for a lone "?" or "#", which would still cut off the path.
  if (/[?#]/.test(url.href)) return Either.left("The base URL must not contain a query or a fragment")
  return Either.right(url)
}

/** Appends a path to a base URL, with exactly one slash between them. */
export const join = (baseUrl: URL, path: string): string => baseUrl.href.replace(/\/+$/, "") + path
