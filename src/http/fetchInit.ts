// The `fetch` options of this library's requests, for each runtime.

/** The `cache` option of `fetch`. The types of Node lack it. */
const noStore: object = { cache: "no-store" }

let isCacheKnown: boolean | undefined

/** Whether this runtime accepts the `cache` option. Some versions of Cloudflare Workers throw if it is set. */
const knowsCache = (): boolean => {
  if (isCacheKnown === undefined) {
    try {
      new Request("https://localhost", noStore)
      isCacheKnown = true
    } catch {
      isCacheKnown = false
    }
  }
  return isCacheKnown
}

/**
 * Whether the runtime is Deno. Its `fetch` sends a request again, even a POST, when a reused connection ends without a
 * response. It cannot do so with a stream as the body.
 */
const resendsByItself = () => "Deno" in globalThis

const streamOf = (body: Uint8Array | string) => new Blob([body]).stream()

const isBytes = (body: unknown): body is Uint8Array | string => typeof body === "string" || body instanceof Uint8Array

/** Returns the options with which `fetch` follows no redirect, uses no cache, and does not send a POST again by itself. */
export const fetchInit = ({ method, body }: Pick<RequestInit, "method" | "body">): RequestInit => ({
  redirect: "manual",
  ...(knowsCache() ? noStore : {}),
  ...(method === "POST" && isBytes(body) && resendsByItself()
    ? // `duplex` is required with a stream, but the types lack it.
      { body: streamOf(body), duplex: "half" }
    : {})
})
