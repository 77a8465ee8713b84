// What every runtime's fetch has to be told for a request of this library.

/** An option of every browser's fetch that the types of Node lack. */
const noStore: object = { cache: "no-store" }

let isCacheKnown: boolean | undefined

/** Whether `cache` is an option of this runtime. Some editions of Cloudflare Workers throw where it is given. */
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
 * Deno's fetch sends a request again when a reused connection ends without a response, a POST included. It cannot do so with
 * a body that it has read once.
 */
const resendsByItself = () => "Deno" in globalThis

const streamOf = (body: Uint8Array | string) => new Blob([body]).stream()

const isBytes = (body: unknown): body is Uint8Array | string => typeof body === "string" || body instanceof Uint8Array

/** No redirect is followed, no cache answers, and no runtime sends a POST again by itself. */
export const fetchInit = ({ method, body }: Pick<RequestInit, "method" | "body">): RequestInit => ({
  redirect: "manual",
  ...(knowsCache() ? noStore : {}),
  ...(method === "POST" && isBytes(body) && resendsByItself()
    ? // `duplex` is required with a stream, and missing in the types.
      { body: streamOf(body), duplex: "half" }
    : {})
})
