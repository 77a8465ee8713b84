// How far a request came whose transport failed: pure.
import { isArray, isObject, type JsonObject } from "../runtime/json.js"

type Chain = ReadonlyArray<JsonObject>

/** The error and what caused it. */
export const causes = (error: unknown, depth = 5): Chain => {
  if (!isObject(error) || depth === 0) return []
  const inner = isArray(error["errors"]) ? error["errors"] : [error["cause"]]
  return [error, ...inner.flatMap((cause) => causes(cause, depth - 1))]
}

/** The transport's own name for a failure: `ECONNREFUSED`, or `ConnectionRefused` on Bun. */
export const codeOf = (chain: Chain) =>
  chain.map(({ code }) => code).find((code): code is string => typeof code === "string" && /^[A-Z]\w{2,60}$/.test(code))

/** Failures that come before a connection stands, so that the request was certainly not sent. */
const beforeSending = new Set(["connect", "getaddrinfo"])
const notConnected =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|UND_ERR_CLOSED)$/
/** The codes of Bun, for a refused connection, a name that is not found, and TLS. */
const notConnectedOnBun = /^(?:ConnectionRefused|FailedToOpenSocket|DNSLookupFailed|ERR_TLS_HANDSHAKE_FAILED)$/
/** The codes of undici and node:http for a proxy that does not open the tunnel. */
const notTunnelled = /^(?:UND_ERR_PRX_\w+|ERR_PROXY_TUNNEL)$/
/** The same, and no second try would end otherwise. */
const notTrusted = /^(?:CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|ERR_TLS_CERT_\w+)$/
const notTrustedOnDeno = /invalid peer certificate/

/** Failures without a code of their own: of node:tls, of undici's proxy, and all of Deno's. */
const notConnectedMessages = [
  /^Client network socket disconnected before secure TLS connection was established$/,
  /^Proxy response .*!== 200 when HTTP Tunneling$/,
  /(?:^|: )(?:client error \(Connect\)|error trying to connect)(?::|$)/
]

/**
 * OpenSSL's reasons for a handshake that fails, before it or by an alert of the server. One that may also come later, such as
 * a bad record, is none of these.
 */
const handshakeReason =
  /(?:^|_)(?:WRONG_VERSION_NUMBER|UNSUPPORTED_PROTOCOL|UNKNOWN_PROTOCOL|HTTP_REQUEST|VERSION_TOO_LOW|NO_CIPHERS_AVAILABLE|WRONG_CIPHER_RETURNED|DH_KEY_TOO_SMALL|EE_KEY_TOO_SMALL|UNSAFE_LEGACY_RENEGOTIATION_DISABLED|UNRECOGNIZED_NAME|ALERT_(?:HANDSHAKE_FAILURE|PROTOCOL_VERSION|INSUFFICIENT_SECURITY|NO_APPLICATION_PROTOCOL|ACCESS_DENIED|UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+))$/

/** The reason is in the code, or where that is `EPROTO`, in the message. */
const isFailedHandshake = ({ code, message }: JsonObject): boolean => {
  if (typeof code !== "string") return false
  const [, inMessage = ""] = typeof message === "string" ? (/:SSL routines:\w*:([\w ]+)/.exec(message) ?? []) : []
  const reason = code === "EPROTO" ? inMessage.toUpperCase().replaceAll(" ", "_") : /^ERR_SSL_(\w+)$/.exec(code)?.[1]
  return reason !== undefined && handshakeReason.test(reason)
}

/** A request that the platform could not even build. */
const isUnbuilt = ({ _tag, reason }: JsonObject) =>
  _tag === "RequestError" && (reason === "Encode" || reason === "InvalidUrl")

const says = (chain: Chain, pattern: RegExp): boolean =>
  chain.some(({ message }) => typeof message === "string" && pattern.test(message))

export type Sending = "NotBuilt" | "NotTrusted" | "NotConnected" | "Sent"

/** How far a request came. */
export const sendingOf = (chain: Chain, code = ""): Sending => {
  if (chain.some(isUnbuilt)) return "NotBuilt"
  if (notTrusted.test(code) || says(chain, notTrustedOnDeno)) return "NotTrusted"
  if (notConnectedMessages.some((pattern) => says(chain, pattern)) || chain.some(isFailedHandshake)) {
    return "NotConnected"
  }
  if (notConnectedOnBun.test(code) || notTunnelled.test(code)) return "NotConnected"
  const syscalls = chain.flatMap(({ syscall }) => (typeof syscall === "string" ? [syscall] : []))
  const isNotConnected =
    syscalls.length > 0 ? syscalls.every((syscall) => beforeSending.has(syscall)) : notConnected.test(code)
  return isNotConnected ? "NotConnected" : "Sent"
}
