// Pure functions that decide from a transport's error whether its request may have been sent.
import { isArray, isObject, type JsonObject } from "../runtime/json.js"

type Chain = ReadonlyArray<JsonObject>

/** An error and the chain of its causes. */
export const causes = (error: unknown, depth = 5): Chain => {
  if (!isObject(error) || depth === 0) return []
  const inner = isArray(error["errors"]) ? error["errors"] : [error["cause"]]
  return [error, ...inner.flatMap((cause) => causes(cause, depth - 1))]
}

/** The transport's code for a failure: `ECONNREFUSED`, or `ConnectionRefused` on Bun. */
export const codeOf = (chain: Chain) =>
  chain.map(({ code }) => code).find((code): code is string => typeof code === "string" && /^[A-Z]\w{2,60}$/.test(code))

/** The system calls before a connection is established. If they fail, the request was certainly not sent. */
const beforeSending = new Set(["connect", "getaddrinfo"])
const notConnected =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|UND_ERR_CLOSED)$/
/** Bun's codes for a refused connection, an unknown host name and a failed TLS handshake. */
const notConnectedOnBun = /^(?:ConnectionRefused|FailedToOpenSocket|DNSLookupFailed|ERR_TLS_HANDSHAKE_FAILED)$/
/** The codes of undici and node:http for a proxy that refuses the tunnel. */
const notTunnelled = /^(?:UND_ERR_PRX_\w+|ERR_PROXY_TUNNEL)$/
/** The codes for an untrusted certificate. The request was not sent, and a retry would fail again. */
const notTrusted = /^(?:CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|ERR_TLS_CERT_\w+)$/
const notTrustedOnDeno = /invalid peer certificate/

/** The message of fetch for a port that it blocks, such as 1 and 6000. */
const blockedPort = /^bad port$/

/** The messages of failures without a code: of node:tls, of undici's proxy client, and of Deno. */
const notConnectedMessages = [
  /^Client network socket disconnected before secure TLS connection was established$/,
  /^Proxy response .*!== 200 when HTTP Tunneling$/,
  /(?:^|: )(?:client error \(Connect\)|error trying to connect)(?::|$)/
]

/**
 * OpenSSL's reasons for a failed handshake, found locally or sent as an alert by the server. Reasons that may also occur
 * after the handshake, such as a bad record, are not included.
 */
const handshakeReason =
  /(?:^|_)(?:WRONG_VERSION_NUMBER|UNSUPPORTED_PROTOCOL|UNKNOWN_PROTOCOL|HTTP_REQUEST|VERSION_TOO_LOW|NO_CIPHERS_AVAILABLE|WRONG_CIPHER_RETURNED|DH_KEY_TOO_SMALL|EE_KEY_TOO_SMALL|UNSAFE_LEGACY_RENEGOTIATION_DISABLED|UNRECOGNIZED_NAME|ALERT_(?:HANDSHAKE_FAILURE|PROTOCOL_VERSION|INSUFFICIENT_SECURITY|NO_APPLICATION_PROTOCOL|ACCESS_DENIED|UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+))$/

/** Whether an error is a failed TLS handshake. The reason is in the code or, if the code is `EPROTO`, in the message. */
const isFailedHandshake = ({ code, message }: JsonObject): boolean => {
  if (typeof code !== "string") return false
  const [, inMessage = ""] = typeof message === "string" ? (/:SSL routines:\w*:([\w ]+)/.exec(message) ?? []) : []
  const reason = code === "EPROTO" ? inMessage.toUpperCase().replaceAll(" ", "_") : /^ERR_SSL_(\w+)$/.exec(code)?.[1]
  return reason !== undefined && handshakeReason.test(reason)
}

/** Whether the platform could not build the request. */
const isUnbuilt = ({ _tag, reason }: JsonObject) =>
  _tag === "RequestError" && (reason === "Encode" || reason === "InvalidUrl")

const says = (chain: Chain, pattern: RegExp): boolean =>
  chain.some(({ message }) => typeof message === "string" && pattern.test(message))

export type SendState = "NotBuilt" | "NotTrusted" | "NotConnected" | "Sent"

/** Classifies a transport's error by whether its request may have been sent. */
export const sendStateOf = (chain: Chain, code = ""): SendState => {
  if (chain.some(isUnbuilt) || says(chain, blockedPort)) return "NotBuilt"
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
