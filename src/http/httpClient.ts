// What the app's own `HttpClient` is made to do for a request of this library: no redirect is followed, no cache answers,
// nothing is traced, and the bearer is redacted in whatever is printed.
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
 * Middleware for the app's own client, whatever was put on it before: redirects come back to us instead of being
 * followed by fetch, which would carry the body of a 307 anywhere. It changes the context from within the request,
 * because that is where a `Fetch` that belongs to the app's own layer can be seen, and kept. It wraps `Fetch` and not
 * `RequestInit`, which a transformation of the client may set after us.
 */
export const withManualRedirects = HttpClient.mapRequestEffect((request: HttpClientRequest.HttpClientRequest) =>
  Effect.as(
    Effect.updateFiberRefs((id, refs) => {
      const context = FiberRefs.getOrDefault(refs, FiberRef.currentContext)
      const fetch = Option.getOrElse(Context.getOption(context, FetchHttpClient.Fetch), () => globalThis.fetch)
      const manual = Context.add(context, FetchHttpClient.Fetch, manualFetch(fetch))
      // Here too, because a client may bring a predicate of its own.
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

/** The refs of a request's fiber: no span and no trace headers of the platform, and no bearer in what somebody prints. */
export const guardFiberRefs = (refs: FiberRefs.FiberRefs, id: FiberId.Runtime): FiberRefs.FiberRefs => {
  const names = FiberRefs.getOrDefault(refs, Headers.currentRedactedNames)
  return FiberRefs.updateManyAs(refs, {
    entries: [untraced(id), [Headers.currentRedactedNames, [[id, redactAuthorization(names)]]]]
  })
}
