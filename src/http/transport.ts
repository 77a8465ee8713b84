// Transports: functions that send one request over an HTTP client and collect its complete response.
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"
import type * as Failure from "./failure.js"
import { abortOnNextTick } from "../runtime/timer.js"
import { guardFiberRefs, withManualRedirects } from "./httpClient.js"

/** The status and headers of a response. */
export type Head = Omit<Failure.Response, "body">

/** A request that has been started. Redirects are not followed. */
export interface PendingResponse {
  /** The complete response, or the error. The promise never rejects. */
  readonly exit: Promise<Exit.Exit<Failure.Response, HttpClientError.HttpClientError>>
  /** Returns status and headers once they have arrived. */
  readonly head: () => Head | undefined
  /** Whether any part of the request may have been sent. */
  readonly isSent: () => boolean
  /** Aborts the request on the next tick. A request that has not been sent yet is not sent. */
  readonly abort: () => void
}

/** Starts a request, in the context of the fiber that sends it. */
export type Transport = (
  request: HttpClientRequest.HttpClientRequest,
  fiber: Fiber.RuntimeFiber<unknown, unknown>
) => PendingResponse

// --- the maximum size of a response ------------------------------------------------------------------------------------

/** The maximum size of a decompressed body: 16 MB. */
export const maxBodyBytes = 16 * 2 ** 20

/** The error for a body that is larger than {@link maxBodyBytes}. */
export class BodyTooLarge extends Error {
  constructor() {
    super(`The response is larger than ${maxBodyBytes / 2 ** 20} MB`)
  }
}

/** Whether the headers declare a body within the limit, so that its bytes need not be counted. */
export const isWithinLimit = (headers: Head["headers"]): boolean => {
  const length = headers["content-length"]
  if (length === undefined || headers["content-encoding"] !== undefined) return false
  return /^\d+$/.test(length) && Number(length) <= maxBodyBytes
}

/** Joins the chunks of a body to a text and refuses more than the limit. Like `fetch`, it drops a byte order mark. */
export const bodyCollector = () => {
  const decoder = new TextDecoder()
  let size = 0
  let text = ""
  return {
    /** Adds a chunk. Returns whether the body is still within the limit. */
    add: (chunk: Uint8Array): boolean => {
      size += chunk.byteLength
      if (size > maxBodyBytes) return false
      text += decoder.decode(chunk, { stream: true })
      return true
    },
    text: () => text + decoder.decode()
  }
}

// --- the transport of any HttpClient -----------------------------------------------------------------------------------

/** Recovers the response from the error of a client that fails on a status that is no 2xx. */
const responseOf = (
  error: HttpClientError.HttpClientError
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> =>
  error._tag === "ResponseError" && error.reason === "StatusCode" ? Effect.succeed(error.response) : Effect.fail(error)

const countedBody = (response: HttpClientResponse.HttpClientResponse) =>
  Effect.suspend(() => {
    const body = bodyCollector()
    const tooLarge = Effect.failSync(
      () =>
        new HttpClientError.ResponseError({
          request: response.request,
          response,
          reason: "Decode",
          cause: new BodyTooLarge()
        })
    )
    return Stream.runForEach(response.stream, (chunk) => (body.add(chunk) ? Effect.void : tooLarge)).pipe(
      Effect.map(body.text),
      Effect.catchAll((error) => (error.reason === "EmptyBody" ? Effect.succeed("") : Effect.fail(error)))
    )
  })

const bodyOf = (response: HttpClientResponse.HttpClientResponse) =>
  isWithinLimit(response.headers) ? response.text : countedBody(response)

/** Makes the transport for any client, whatever middleware it has. Each request runs in a fiber of its own. */
const fromHttpClient = (client: HttpClient.HttpClient): Transport => {
  const manual = withManualRedirects(client)
  return (request, parent) => {
    let head: Head | undefined
    // A cause with a failure and a defect counts as the failure.
    const executed = Effect.catchAllCause(manual.execute(request), (cause) =>
      Option.match(Cause.failureOption(cause), { onNone: () => Effect.failCause(cause), onSome: responseOf })
    )
    const response = Effect.flatMap(executed, (response) => {
      const { status, headers } = response
      head = { status, headers }
      return Effect.map(bodyOf(response), (body): Failure.Response => ({ status, headers, body }))
    })
    const runtime = Runtime.make({
      context: parent.currentContext,
      fiberRefs: guardFiberRefs(parent.getFiberRefs(), parent.id()),
      runtimeFlags: Runtime.defaultRuntimeFlags
    })
    // The fiber is interruptible even if the caller is not. It returns its `Exit` as a value, because a failed fiber would
    // be reported in the app's log.
    const fiber = Runtime.runFork(runtime, Effect.interruptible(Effect.exit(response)))
    return {
      exit: new Promise((resolve) => {
        fiber.addObserver((exit) => resolve(Exit.flatten(exit)))
      }),
      head: () => head,
      isSent: () => true,
      abort: () => abortOnNextTick(() => fiber.unsafeInterruptAsFork(fiber.id()))
    }
  }
}

// --- the transports of this library's clients --------------------------------------------------------------------------

const transports = new WeakMap<HttpClient.HttpClient, Transport>()

/**
 * Registers a transport for a client, which is cheaper than the client's effects. A client that an app derives from it
 * (`mapRequest`, `transform`) is another client and has no registered transport.
 */
export const withTransport = (client: HttpClient.HttpClient, transport: Transport): HttpClient.HttpClient => {
  transports.set(client, transport)
  return client
}

/** The transport that is registered for a client, or else one that runs the client's effects. */
export const transportOf = (client: HttpClient.HttpClient): Transport =>
  transports.get(client) ?? fromHttpClient(client)
