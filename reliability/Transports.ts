// The transports that an app may bring. Importing undici, which platform-node does, changes what the global fetch does: one
// that is not measured is not loaded.
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type { Transport } from "./Judge.js"

export const names = ["fetch", "undici", "node:http"] as const

export const load = async (name: string | undefined): Promise<Transport> => {
  if (name === "fetch") return FetchHttpClient.layer
  const { layer, layerUndici } = await import("@effect/platform-node/NodeHttpClient")
  return name === "undici" ? layerUndici : layer
}
