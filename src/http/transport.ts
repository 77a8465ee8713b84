// How one request goes over a client, and comes back as a whole response.
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
import { abandon } from "../runtime/timer.js"
import { guardFiberRefs, withManualRedirects } from "./httpClient.js"

/** What comes before a body. */
export type Head = Omit<Failure.Response, "body">

/** A request that has been started. Redirects are not followed. */
export interface PendingResponse {
  /** The whole response. The promise never rejects. */
  readonly exit: Promise<Exit.Exit<Failure.Response, HttpClientError.HttpClientError>>
  /** Status and headers, as soon as they are there. */
  readonly head: () => Head | undefined
  /** Whether any of the request may be on the wire. */
  readonly isSent: () => boolean
  /** Gives the request up. It is taken off the wire on the next tick, and not sent any more if it has not been. */
  readonly abort: () => void
}

/** Starts a request, in the context of the fiber that sends it. */
export type Transport = (
  request: HttpClientRequest.HttpClientRequest,
  fiber: Fiber.RuntimeFiber<unknown, unknown>
) => PendingResponse

// --- how large a response may be ---------------------------------------------------------------------------------------

/** The most bytes of a body that are read, unpacked: 16 MB. */
export const maxBodyBytes = 16 * 2 ** 20

/** A body that is larger than {@link maxBodyBytes}. */
export class BodyTooLarge extends Error {
  constructor() {
    super(`The response is larger than ${maxBodyBytes / 2 ** 20} MB`)
  }
}

/** Whether the headers promise a body within the limit: then it need not be counted while it comes in. */
export const isWithinLimit = (headers: Head["headers"]): boolean => {
  const length = headers["content-length"]
  if (length === undefined || headers["content-encoding"] !== undefined) return false
  return /^\d+$/.test(length) && Number(length) <= maxBodyBytes
}

/** Joins the chunks of a body and refuses more than the limit. Without a byte order mark, as fetch gives a text. */
export const bodyCollector = () => {
  const decoder = new TextDecoder()
  let size = 0
  let text = ""
  return {
    /** Whether the body is still within the limit. */
    add: (chunk: Uint8Array): boolean => {
      size += chunk.byteLength
      if (size > maxBodyBytes) return false
      text += decoder.decode(chunk, { stream: true })
      return true
    },
    text: () => text + decoder.decode()
  }
}

// --- any client of the app's -------------------------------------------------------------------------------------------

/** A client that fails on statuses still has the response, and the response decides. */
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

/** The transport over any client, whatever was put on it. The request has a fiber of its own. */
const fromHttpClient = (client: HttpClient.HttpClient): Transport => {
  const manual = withManualRedirects(client)
  return (request, parent) => {
    let head: Head | undefined
    // A client that breaks besides is a client that has failed.
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
    // Interruptible even where the caller is not. As a value: a fiber that fails would be reported in the app's log.
    const fiber = Runtime.runFork(runtime, Effect.interruptible(Effect.exit(response)))
    return {
      exit: new Promise((resolve) => {
        fiber.addObserver((exit) => resolve(Exit.flatten(exit)))
      }),
      head: () => head,
      isSent: () => true,
      abort: () => abandon(() => fiber.unsafeInterruptAsFork(fiber.id()))
    }
  }
}

// --- clients of this library -------------------------------------------------------------------------------------------

const transports = new WeakMap<HttpClient.HttpClient, Transport>()

/**
 * The client, with a transport that costs less than its effects. What an app makes of the client (`mapRequest`, `transform`)
 * is another client, without one.
 */
export const withTransport = (client: HttpClient.HttpClient, transport: Transport): HttpClient.HttpClient => {
  transports.set(client, transport)
  return client
}

/** The client's own transport, or one over its effects. */
export const transportOf = (client: HttpClient.HttpClient): Transport =>
  transports.get(client) ?? fromHttpClient(client)
