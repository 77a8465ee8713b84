// Settings for the app's `HttpClient` during a request of this library: it follows no redirect, uses no cache, traces
// nothing, and redacts the bearer when headers are printed.
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import { constTrue } from "effect/Function"
import * as Option from "effect/Option"
import { fetchInit } from "./fetchInit.js"

/**
 * Middleware for the app's own client, which may have other middleware already. `fetch` returns redirects instead of
 * following them, because it would send the body of a 307 to any host. The middleware changes the context during the
 * request, because only there can it find a `Fetch` of the app's own layer. It wraps `Fetch` and not `RequestInit`, because
 * a later transformation of the client may set `RequestInit`.
 */
export const withManualRedirects = HttpClient.mapRequestEffect((request: HttpClientRequest.HttpClientRequest) =>
  Effect.as(
    Effect.updateFiberRefs((id, refs) => {
      const context = FiberRefs.getOrDefault(refs, FiberRef.currentContext)
      const fetch = Option.getOrElse(Context.getOption(context, FetchHttpClient.Fetch), () => globalThis.fetch)
      const manual = Context.add(context, FetchHttpClient.Fetch, manualFetch(fetch))
      // Tracing is disabled here too, because a client may set a predicate of its own.
      const isUntraced = FiberRefs.getOrDefault(refs, HttpClient.currentTracerDisabledWhen) === constTrue
      return FiberRefs.updateManyAs(refs, {
        entries: [[FiberRef.currentContext, [[id, manual]]], ...(isUntraced ? [] : [untraced(id)])]
      })
    }),
    request
  )
)

const manualFetches = new WeakMap<typeof globalThis.fetch, typeof globalThis.fetch>()

const manualFetch = (fetch: typeof globalThis.fetch): typeof globalThis.fetch => {
  const known = manualFetches.get(fetch)
  if (known !== undefined) return known
  const manual: typeof globalThis.fetch = (input, init = {}) => fetch(input, { ...init, ...fetchInit(init) })
  manualFetches.set(fetch, manual)
  return manual
}

const untraced = (id: FiberId.Runtime) => [HttpClient.currentTracerDisabledWhen, [[id, constTrue]]] as const

const redactAuthorization = (names: ReadonlyArray<string | RegExp>) =>
  names.includes("authorization") ? names : [...names, "authorization"]

/** The fiber refs of a request: the platform adds no span and no trace headers, and printed headers redact the bearer. */
export const guardFiberRefs = (refs: FiberRefs.FiberRefs, id: FiberId.Runtime): FiberRefs.FiberRefs => {
  const names = FiberRefs.getOrDefault(refs, Headers.currentRedactedNames)
  return FiberRefs.updateManyAs(refs, {
    entries: [untraced(id), [Headers.currentRedactedNames, [[id, redactAuthorization(names)]]]]
  })
}
