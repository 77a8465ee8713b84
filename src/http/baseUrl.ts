// Where requests may go.
import * as Either from "effect/Either"

/** The vendor's host. */
export const vendorUrl = "https://services.leadconnectorhq.com"

/** Whether a host is this machine. */
export const isLoopback = (hostname: string) =>
  hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)

/** A base URL that a secret may be sent to, or what is wrong with it. */
export const validateBaseUrl = (baseUrl: string | URL): Either.Either<URL, string> => {
  if (!URL.canParse(String(baseUrl))) return Either.left("The base URL is not a URL")
  const url = new URL(baseUrl)
  if (url.protocol !== "https:" && url.protocol !== "http:") return Either.left("The base URL must begin with https://")
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    return Either.left("The base URL must be https: a bearer goes over plain http to loopback addresses only")
  }
  if (url.username !== "" || url.password !== "") return Either.left("The base URL must not contain credentials")
  // Not url.search and url.hash: both are empty for a bare "?" or "#", which would still cut off the path.
  if (/[?#]/.test(url.href)) return Either.left("The base URL must not contain a query or a fragment")
  return Either.right(url)
}

/** The same path on every base. */
export const join = (baseUrl: URL, path: string): string => baseUrl.href.replace(/\/+$/, "") + path
