// The transports that an app may bring, and those of this library. Importing undici changes the global fetch, so a transport
// that is not measured is not loaded.
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClientFetch from "effect-growthhub/HttpClientFetch"
import type { Transport } from "./Judge.js"

export const names = ["fetch", "HttpClientUndici", "HttpClientFetch", "undici", "node:http"] as const

export const load = async (name: string | undefined): Promise<Transport> => {
  if (name === "fetch") return FetchHttpClient.layer
  if (name === "HttpClientFetch") return HttpClientFetch.layer
  if (name === "HttpClientUndici") return (await import("effect-growthhub/HttpClientUndici")).layer()
  const { layer, layerUndici } = await import("@effect/platform-node/NodeHttpClient")
  return name === "undici" ? layerUndici : layer
}
