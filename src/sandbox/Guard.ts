/**
 * Refuses requests by their headers alone: bodies that are too large and, where the sandbox can be controlled over HTTP,
 * requests of web pages from other origins.
 *
 * @since 0.2.0
 */
import { refusal, type Reply } from "./Reply.js"

/**
 * The largest request body in bytes: 16 MB, and 64 MB for the control API, which can import a whole directory.
 *
 * @since 0.2.0
 * @category guards
 */
export const maxBodySize = (path: string): number => (isControl(path) ? 64 : 16) * 1024 * 1024

const isControl = (path: string) => path.startsWith("/_sandbox/")

const loopback = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i

/**
 * Whether a host, with or without a port, is this machine.
 *
 * @since 0.2.0
 * @category guards
 */
export const isLoopbackHost = (host: string): boolean => loopback.test(host)

type Headers = { readonly [name: string]: string | undefined }

/**
 * Whether a request may come from a web page of another origin. The `Host` of a DNS rebinding attack is not a loopback host,
 * and a page of another origin sends its `Origin`.
 */
const isFromElsewhere = ({ host = "", origin }: Headers): boolean =>
  !isLoopbackHost(host) || (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`)

/**
 * The refusal of a request, if it is refused by its headers alone. `isControlled`: whether the sandbox can be controlled
 * over HTTP.
 *
 * @since 0.2.0
 * @category guards
 */
export const refuse = (path: string, headers: Headers, isControlled: boolean): Reply | undefined => {
  if (isControlled && isFromElsewhere(headers)) {
    return refusal(403, "With `control`, the sandbox accepts only requests to a loopback host and from its own pages")
  }
  const limit = maxBodySize(path)
  return Number(headers["content-length"] ?? 0) > limit
    ? refusal(413, `The body is larger than ${limit / 1024 / 1024} MB`)
    : undefined
}
