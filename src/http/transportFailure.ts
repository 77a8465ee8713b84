// How far a request came whose transport failed: pure.
import { isArray, isObject, type JsonObject } from "../internal/json.js"

/** The error and what caused it. */
export const causes = (error: unknown, depth = 5): ReadonlyArray<JsonObject> => {
  if (!isObject(error) || depth === 0) return []
  const inner = isArray(error["errors"]) ? error["errors"] : [error["cause"]]
  return [error, ...inner.flatMap((cause) => causes(cause, depth - 1))]
}

/** The transport's own name for a failure, such as `ECONNREFUSED`. */
export const codeOf = (chain: ReturnType<typeof causes>) =>
  chain
    .map(({ code }) => code)
    .find((code): code is string => typeof code === "string" && /^[A-Z][A-Z0-9_]{2,60}$/.test(code))

/** Failures that come before a connection stands, so that the request was certainly not sent. */
const beforeSending = new Set(["connect", "getaddrinfo"])
const notConnected =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|UND_ERR_CLOSED)$/
/** The same, and no second try would end otherwise. */
const notTrusted = /^(?:CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|ERR_TLS_CERT_\w+)$/
/** node:tls has no code of its own for it. */
const duringHandshake = "Client network socket disconnected before secure TLS connection was established"

/** A request that the platform could not even build. */
const isUnbuilt = ({ _tag, reason }: JsonObject) =>
  _tag === "RequestError" && (reason === "Encode" || reason === "InvalidUrl")

export type Sending = "NotBuilt" | "NotTrusted" | "NotConnected" | "Sent"

/** How far a request came. */
export const sendingOf = (chain: ReturnType<typeof causes>, code: string | undefined): Sending => {
  if (chain.some(isUnbuilt)) return "NotBuilt"
  if (code !== undefined && notTrusted.test(code)) return "NotTrusted"
  if (chain.some(({ message }) => message === duringHandshake)) return "NotConnected"
  const syscalls = chain.flatMap(({ syscall }) => (typeof syscall === "string" ? [syscall] : []))
  const isNotConnected =
    syscalls.length > 0
      ? syscalls.every((syscall) => beforeSending.has(syscall))
      : code !== undefined && notConnected.test(code)
  return isNotConnected ? "NotConnected" : "Sent"
}
