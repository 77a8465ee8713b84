/**
 * An `HttpClient` for a sandbox in memory: the same requests, the same responses and the same faults, without a connection.
 *
 * @since 0.2.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Answer from "./Answer.js"
import type { Fault } from "./Faults.js"
import * as Ledger from "./Ledger.js"
import * as Reply from "./Reply.js"
import * as Service from "./Service.js"
import * as State from "./State.js"

const textOf = ({ body }: HttpClientRequest.HttpClientRequest): string =>
  body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : ""

/** Performs a request, and records it in the ledger. */
const performed = (
  state: State.State,
  request: Service.Request & { readonly body: string },
  answer: Service.Route["answer"],
  fault: Fault | undefined,
  traceId: string
): Effect.Effect<Answer.EncodedResponse> =>
  Effect.map(DateTime.now, (now) => {
    const isPerformed = fault === undefined || Answer.isPerformed(fault)
    const reply = isPerformed ? answer(request.body, traceId, now.epochMillis) : { status: 200, body: {} }
    const outcome =
      fault === undefined
        ? { status: reply.status }
        : { status: Answer.statusWith(fault, reply.status), fault: fault._tag }
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, value ?? ""]))
    Ledger.receive(state.ledger, {
      method: request.method,
      url: request.url,
      headers,
      body: request.body,
      traceId,
      ...outcome
    })
    return {
      status: reply.status,
      headers: { ...Answer.headersOf("application/json", now), ...("headers" in reply ? reply.headers : {}) },
      text: JSON.stringify({ ...reply.body, traceId })
    }
  })

/** A body that breaks off in the middle. */
const brokenBody = (text: string): ReadableStream<Uint8Array> => {
  const half = new TextEncoder().encode(text.slice(0, text.length / 2))
  let isSent = false
  return new ReadableStream({
    pull: (controller) => {
      if (isSent) return controller.error(new TypeError("terminated"))
      isSent = true
      controller.enqueue(half)
    }
  })
}

/**
 * The client of a sandbox.
 *
 * @since 0.2.0
 * @category constructors
 */
export const clientOf = (state: State.State): HttpClient.HttpClient =>
  HttpClient.make((request, url) =>
    Effect.gen(function* () {
      const traceId = Reply.traceId((state.ledger.received += 1))
      const body = textOf(request)
      const received = { method: request.method, url: url.pathname + url.search, headers: request.headers, body }
      const route = Service.route(state, received)
      const { delay, fault } = route === undefined ? { delay: 0, fault: undefined } : State.nextFault(state, route.name)
      const answer = route?.answer ?? (() => Reply.refusal(404, `Cannot ${received.method} ${received.url}`))
      const stall = Duration.millis(delay + (fault?._tag === "Stall" ? fault.millis : 0))
      if (fault?._tag !== "Stall" || fault.when === "before") yield* Effect.sleep(stall)
      const whole = yield* performed(state, received, answer, fault, traceId)
      if (fault?._tag === "Stall" && fault.when === "after") yield* Effect.sleep(stall)
      return yield* respond(request, whole, fault)
    })
  )

const respond = (
  request: HttpClientRequest.HttpClientRequest,
  whole: Answer.EncodedResponse,
  fault: Fault | undefined
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> => {
  if (fault?._tag === "Reset") {
    const cause = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" })
    return Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause }))
  }
  return Effect.map(DateTime.now, (now) => {
    const { status, headers, text } = fault === undefined ? whole : (Answer.replaced(fault, whole, now) ?? whole)
    const isBroken = fault?._tag === "HalfBody" || fault?._tag === "WrongLength"
    return HttpClientResponse.fromWeb(request, new Response(isBroken ? brokenBody(text) : text, { status, headers }))
  })
}
