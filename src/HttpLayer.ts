/**
 * `ContactsHttp`: the app's `HttpClient` with base URL, bearer, Version, pacing, deadline and retries, and the one function
 * that performs a described endpoint.
 *
 * @since 0.1.0
 */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import * as Credentials from "./Credentials.js"
import * as Errors from "./Errors.js"
import { within } from "./internal/deadline.js"
import { inSeconds } from "./internal/duration.js"
import * as exchange from "./internal/exchange.js"
import { isArray, isObject, type JsonObject, parse, parseOption, stringifyOption } from "./internal/json.js"
import { decoder, encoder } from "./internal/reader.js"
import * as telemetry from "./internal/telemetry.js"
import * as transmission from "./internal/transmission.js"
import * as RateLimit from "./RateLimit.js"
import * as RetryPolicy from "./RetryPolicy.js"

/**
 * The names of the metrics of calls, all in seconds or counted:
 *
 * - `callDuration`: a histogram of calls with their repeats and waits, by `operation` and `outcome` (`ok`, or the tag of the
 *   error).
 * - `requestDuration`: a histogram of single requests, by `http.request.method`, `url.template`, `server.address`,
 *   `server.port`, `http.response.status_code` and `error.type`.
 * - `retries`: counts repeats, by `operation` and the `error.type` that they follow.
 * - `refreshes`: counts exchanges of a grant, by `outcome`.
 *
 * Those of pacing are `RateLimit.metrics`.
 *
 * Source: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
 *
 * @since 0.1.0
 * @category metrics
 */
export const metrics = telemetry.metrics

// --- an endpoint, described --------------------------------------------------------------------------------------------

type Codec = Schema.Schema.AnyNoContext

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE"

/**
 * An endpoint of the API, as a value.
 *
 * - `path`: a template, `/contacts/{contactId}`; its parameters are described by `params` and percent-encoded.
 * - `version`: the `Version` header it is documented with; `versions`: all documented ones, each with the way in which a
 *   body is spelt in it.
 * - `body`: what is sent as JSON, `Schema.Undefined` where nothing is.
 * - `errors`: the statuses it declares.
 * - `isRepeatable`: whether this body can be sent again although it may have been applied already.
 * - `reconcile`: what an answer means when it came to a repeat, after an attempt that may have been applied.
 * - `verify`: finds out, by other requests, whether a call of unknown outcome was applied: its answer if it was.
 *
 * @since 0.1.0
 * @category models
 */
export interface Endpoint<Params extends Codec, Body extends Codec, Answer extends Codec, Version extends string> {
  readonly name: string
  readonly method: Method
  readonly path: `/${string}`
  readonly version: NoInfer<Version>
  readonly versions: { readonly [version in Version]: (body: JsonObject) => JsonObject }
  readonly params: Params
  readonly body: Body
  readonly answer: Answer
  readonly errors: ReadonlyArray<number>
  readonly isRepeatable: (body: Schema.Schema.Type<Body>) => boolean
  readonly reconcile?: (answer: Schema.Schema.Type<Answer>, repeat: Repeat) => Schema.Schema.Type<Answer>
  readonly verify?: (
    http: Service,
    params: Schema.Schema.Type<Params>,
    body: Schema.Schema.Type<Body>
  ) => Effect.Effect<Option.Option<Schema.Schema.Type<Answer>>, Errors.ContactsError>
}

/**
 * When an answer came that follows attempts of unknown outcome, in milliseconds.
 *
 * - `elapsed`: from the moment at which the first of those attempts left until this answer was there.
 * - `serverTime`: the service's own clock (of the epoch, in whole seconds) when it gave this answer, if it told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Repeat {
  readonly elapsed: number
  readonly serverTime: number | undefined
}

/**
 * Describes an endpoint.
 *
 * @since 0.1.0
 * @category constructors
 */
export const endpoint = <Params extends Codec, Body extends Codec, Answer extends Codec, Version extends string>(
  row: Endpoint<Params, Body, Answer, Version>
): Endpoint<Params, Body, Answer, Version> => row

// --- the service -------------------------------------------------------------------------------------------------------

/**
 * Performs one described endpoint: encodes the input, sends it, judges the answer and decodes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  readonly perform: <Params extends Codec, Body extends Codec, Answer extends Codec, Version extends string>(
    endpoint: Endpoint<Params, Body, Answer, Version>,
    params: Schema.Schema.Type<Params>,
    body: Schema.Schema.Type<Body>
  ) => Effect.Effect<Schema.Schema.Type<Answer>, Errors.ContactsError>
}

/**
 * The transport of `ContactsService`, also for endpoints that this library does not describe yet.
 *
 * @since 0.1.0
 * @category tags
 */
export class ContactsHttp extends Context.Tag("effect-growthhub/ContactsHttp")<ContactsHttp, Service>() {}

/**
 * A request that is ready to leave: everything but origin and bearer. `body` is JSON text, in the spelling of its
 * `version`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outgoing {
  readonly name: string
  readonly method: Method
  readonly template: string
  readonly path: string
  readonly params: { readonly [param: string]: string }
  readonly version: string
  readonly body: string | undefined
}

/**
 * What is kept in mind while a request is on its way.
 *
 * - `clock`, `until`: the moment until which its whole answer has to be there, in milliseconds of the epoch by that clock;
 *   `onTimeout`: the error if it is not, told `false` where it is certain that nothing has left.
 * - `onHead`: has to be told what came before the body.
 * - `onInterrupt`: may be set to what gives the request up if its call is interrupted, in place of a finalizer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Watch extends exchange.Watch {
  readonly onHead: (head: exchange.Head) => void
}

/**
 * How requests are carried.
 *
 * - `bearer`: the tokens for its calls.
 * - `transmit`: one request, until its whole answer is there or its time is over.
 * - `versions`: another documented `Version` than its own, by the endpoint's name.
 * - `limiter`: when a request may leave.
 * - `retryPolicy`: for calls that bring none of their own.
 * - `server`: where requests go, as spans and metrics tell.
 *
 * @since 0.1.0
 * @category models
 */
export interface Carrier {
  readonly bearer: Credentials.Bearer
  readonly limiter: RateLimit.Limiter
  readonly transmit: (
    request: Outgoing,
    bearer: Redacted.Redacted,
    call: Errors.Call,
    watch: Watch
  ) => Effect.Effect<Errors.Answer, Errors.ContactsError>
  readonly versions?: { readonly [endpoint: string]: string | undefined } | undefined
  readonly retryPolicy: RetryPolicy.Policy
  readonly server?: { readonly address: string; readonly port: number } | undefined
}

/** The parameters in a path template. */
const parameters = /\{(\w+)\}/

/** What an endpoint needs for each call, made once: it costs more than a call. `path`: texts and names in turn. */
interface Plan {
  readonly encodeParams: (params: unknown) => Either.Either<Outgoing["params"], ParseResult.ParseIssue>
  readonly encodeBody: (body: unknown) => Either.Either<JsonObject | undefined, ParseResult.ParseIssue>
  readonly decodeAnswer: (json: unknown) => Either.Either<unknown, ParseResult.ParseIssue>
  readonly path: ReadonlyArray<string>
}

const plans = new WeakMap<object, Plan>()

const planOf = (row: Pick<Endpoint<Codec, Codec, Codec, string>, "params" | "body" | "answer" | "path">): Plan => {
  const known = plans.get(row)
  if (known !== undefined) return known
  const plan: Plan = {
    encodeParams: encoder(row.params),
    encodeBody: encoder(row.body),
    decodeAnswer: decoder(row.answer),
    path: row.path.split(parameters)
  }
  plans.set(row, plan)
  return plan
}

/** Whatever its own schema allows, a parameter can fill one segment of the path and no other. */
const isSegment = (value: string) => value !== "" && value !== "." && value !== ".." && !/\p{Surrogate}/u.test(value)

const nothing = Option.some(undefined)

/** Encodes the input of a call; what is invalid never leaves the process. */
const encode = <Params extends Codec, Body extends Codec, Version extends string>(
  endpoint: Endpoint<Params, Body, Codec, Version>,
  version: Version,
  input: { readonly params: Schema.Schema.Type<Params>; readonly body: Schema.Schema.Type<Body> }
): Either.Either<Outgoing, Errors.Unprocessable> => {
  const plan = planOf(endpoint)
  const { encodeParams, encodeBody } = plan
  const params = encodeParams(input.params)
  const body = encodeBody(input.body)
  if (Either.isLeft(params) || Either.isLeft(body)) {
    const issues = [params, body].flatMap((encoded) => (Either.isLeft(encoded) ? [encoded.left] : []))
    return Either.left(Errors.fromFaults(endpoint.name, issues.flatMap(Errors.faults)))
  }
  let path = plan.path[0] ?? ""
  for (let index = 1; index < plan.path.length; index += 2) {
    const name = plan.path[index] ?? ""
    const value = params.right[name] ?? ""
    if (!isSegment(value)) return Either.left(Errors.fromFaults(endpoint.name, [`${name} must be a path segment`]))
    path += encodeURIComponent(value) + (plan.path[index + 1] ?? "")
  }
  const json = body.right === undefined ? nothing : stringifyOption(endpoint.versions[version](body.right))
  if (Option.isNone(json)) return Either.left(Errors.fromFaults(endpoint.name, ["the input must be JSON"]))
  return Either.right({
    name: endpoint.name,
    method: endpoint.method,
    template: endpoint.path,
    path,
    params: params.right,
    version,
    body: json.value
  })
}

/** Judges a whole answer: any 2xx is a success, if it can be read. */
const judge = <Answer extends Codec>(
  endpoint: Endpoint<Codec, Codec, Answer, string>,
  call: Errors.Call,
  answer: Errors.Answer,
  clock: Clock.Clock
): Either.Either<Schema.Schema.Type<Answer>, Errors.ContactsError> => {
  if (!exchange.isSuccess(answer)) {
    return Either.left(Errors.fromAnswer(call, answer, clock.unsafeCurrentTimeMillis()))
  }
  const json = parseOption(answer.body)
  if (Option.isNone(json)) return Either.left(Errors.fromUnreadable(call, answer, ["it is not JSON"]))
  // The plan is that of this very row.
  const decoded = planOf(endpoint).decodeAnswer(json.value) as Either.Either<
    Schema.Schema.Type<Answer>,
    ParseResult.ParseIssue
  >
  return Either.mapLeft(decoded, (issue) => Errors.fromUnreadable(call, answer, Errors.faults(issue)))
}

/** Ids and choices from fixed lists tell nothing about a person, and errors may name them. */
const impersonal = new Set(["id", "key", "locationId", "assignedTo", "country", "timezone", "status"])

const personalTexts = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") return [value]
  if (typeof value === "number") return [String(value)]
  if (isArray(value)) return value.flatMap(personalTexts)
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => (impersonal.has(key) ? [] : personalTexts(inner)))
}

/**
 * `ContactsHttp` over any carrier.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (carrier: Carrier): Service => {
  const budget = RetryPolicy.makeBudget()
  const perform: Service["perform"] = (endpoint, params, body) =>
    Effect.withFiberRuntime((fiber) => {
      // The versions that a caller can choose are those of the endpoint's own row: see ContactsService.Options.
      const version = (carrier.versions?.[endpoint.name] ?? endpoint.version) as typeof endpoint.version
      if (!Object.hasOwn(endpoint.versions, version)) {
        const documented = Object.keys(endpoint.versions).join(", ")
        return Effect.fail(
          Errors.fromFaults(endpoint.name, [`version must be one of the following values: ${documented}`])
        )
      }
      const encoded = encode(endpoint, version, { params, body })
      if (Either.isLeft(encoded)) return Effect.fail(encoded.left)
      const request = encoded.right
      const { verify } = endpoint
      const services = fiber.getFiberRef(DefaultServices.currentServices)
      const clock = Context.get(services, Clock.Clock)
      const policy = policyOf(fiber.currentContext) ?? carrier.retryPolicy
      const priority = Context.get(fiber.currentContext, RateLimit.Priority)
      const look =
        verify &&
        ((limit: Duration.Duration) =>
          Effect.provideService(verify(service, params, body), RetryPolicy.RetryPolicy, { ...policy, deadline: limit }))
      const isTraced = telemetry.isTracing(services)
      const call = new Calling(carrier, endpoint, request, body, priority, clock, look, isTraced)
      const performed = RetryPolicy.perform(call, policy, budget, clock)
      return isTraced
        ? telemetry.spanned(performed, `ContactsService.${endpoint.name}`, "internal", request.params)
        : performed
    })
  const service: Service = { perform }
  return service
}

/** The policy that the effect itself was given. */
const policyOf = (context: Context.Context<never>): RetryPolicy.Policy | undefined =>
  // Not by the reference, which answers its default: an app's own policy comes before that.
  context.unsafeMap.get(RetryPolicy.RetryPolicy.key) as RetryPolicy.Policy | undefined

/**
 * A call, and what its attempts have in common.
 *
 * - `isRenewed`: it has asked for another bearer; `isRefused`: and was refused that.
 * - `renewals`: the requests that it has sent besides its attempts, one at most.
 */
class Calling<
  Params extends Codec,
  Body extends Codec,
  Answer extends Codec,
  Version extends string
> implements RetryPolicy.Call<Schema.Schema.Type<Answer>> {
  isRenewed = false
  isRefused = false
  renewals: 0 | 1 = 0
  private readonly beganAt: number

  constructor(
    readonly carrier: Carrier,
    readonly endpoint: Endpoint<Params, Body, Answer, Version>,
    readonly request: Outgoing,
    readonly body: Schema.Schema.Type<Body>,
    readonly priority: RateLimit.Level,
    readonly clock: Clock.Clock,
    readonly look: RetryPolicy.Call<Schema.Schema.Type<Answer>>["look"],
    private readonly isTraced: boolean
  ) {
    this.beganAt = clock.unsafeCurrentTimeMillis()
  }

  get operation() {
    return this.endpoint.name
  }
  send(attempt: RetryPolicy.Attempt) {
    const sent = new Sending(this, attempt).perform()
    if (!this.isTraced) return sent
    const { method, template } = this.request
    const { server } = this.carrier
    const attributes = {
      "http.request.method": method,
      "url.template": template,
      "server.address": server?.address,
      "server.port": server?.port,
      "http.request.resend_count": attempt.number > 1 ? attempt.number - 1 : undefined
    }
    return telemetry.spanned(sent, `${method} ${template}`, "client", attributes, () => answered(attempt))
  }
  isOver() {
    return this.isRefused
  }

  // --- what is measured

  secondsSince(moment: number) {
    return (this.clock.unsafeCurrentTimeMillis() - moment) / 1000
  }
  onAttempt(attempt: RetryPolicy.Attempt, error: Errors.ContactsError | undefined) {
    if (attempt.sentAt !== undefined) this.measure(this.secondsSince(attempt.sentAt), attempt.status, error?._tag)
  }
  /** One request. */
  measure(seconds: number, status: number | undefined, errorType: string | undefined) {
    const { method, template } = this.request
    const { server } = this.carrier
    telemetry.requestDuration(seconds, method, template, server?.address, server?.port, status, errorType)
  }
  onRepeat(error: Errors.ContactsError) {
    telemetry.retries(1, this.operation, error._tag)
  }
  onEnd(error: Errors.ContactsError | undefined) {
    telemetry.callDuration(this.secondsSince(this.beganAt), this.operation, error?._tag ?? "ok")
  }
}

const answered = ({ status }: RetryPolicy.Attempt) => ({ "http.response.status_code": status })

/**
 * One attempt on its way, within its time, which begins when there is a slot for it. One whose bearer is refused is made
 * again with another, once for a call.
 */
class Sending<Params extends Codec, Body extends Codec, Answer extends Codec, Version extends string>
  implements Errors.Call, Watch
{
  /** Until the call has to end, and then, until the attempt has to; `limit`: the time that it has as a whole. */
  until: number
  private limit = 0
  /** Whether a request of this attempt has left. */
  private hasLeft = false
  private slot: Slot | undefined
  private bearer: Redacted.Redacted | undefined
  private refusedBearer: Redacted.Redacted | undefined

  constructor(
    private readonly call: Calling<Params, Body, Answer, Version>,
    private readonly attempt: RetryPolicy.Attempt
  ) {
    this.until = attempt.deadline
  }

  // --- the call, as errors tell of it

  get operation() {
    return this.call.endpoint.name
  }
  get attempts() {
    const { number, isUnsent } = this.attempt
    return number + this.call.renewals - (isUnsent === true ? 1 : 0)
  }
  get declares() {
    return this.call.endpoint.errors
  }
  get isWrite() {
    return this.call.endpoint.method !== "GET"
  }
  get isRepeatable() {
    return this.call.endpoint.isRepeatable(this.call.body)
  }
  get mayBeApplied() {
    return this.attempt.unknownSince !== undefined
  }
  secrets() {
    const { body } = this.call.request
    const bearers = [this.refusedBearer, this.bearer].flatMap((bearer) => (bearer ? [Redacted.value(bearer)] : []))
    return [...bearers, ...personalTexts(body === undefined ? undefined : parse(body))]
  }

  // --- the time

  get clock() {
    return this.call.clock
  }
  private now() {
    return this.call.clock.unsafeCurrentTimeMillis()
  }
  private timedOut(isSent: boolean) {
    return Errors.fromTimeout(this, Duration.millis(this.limit), isSent)
  }
  onTimeout(hasLeft = true) {
    return this.timedOut(hasLeft)
  }
  /** While no request is on its way. */
  private inTime<A>(
    self: Effect.Effect<A, Errors.ContactsError>,
    onError: (error: Errors.ContactsError) => Errors.ContactsError
  ) {
    const { clock, until } = this
    return within(Effect.mapError(self, onError), { clock, until, onTimeout: () => this.unsent(this.timedOut(false)) })
  }

  // --- the way

  perform(): Effect.Effect<Schema.Schema.Type<Answer>, Errors.ContactsError> {
    return Effect.flatMap(
      this.paced((slot) => this.begin(slot)),
      (answer) => this.judged(answer)
    )
  }

  /** One permit for one request. */
  private paced(use: (slot: Slot) => Effect.Effect<Errors.Answer, Errors.ContactsError>) {
    const { carrier, endpoint, priority } = this.call
    const timeoutMillis = this.until - this.now()
    const leaseMillis = Math.max(0, Math.min(Duration.toMillis(this.attempt.timeout), timeoutMillis))
    return Effect.uninterruptibleMask((restore) =>
      Effect.matchEffect(restore(carrier.limiter.acquire({ priority, timeoutMillis, leaseMillis })), {
        onFailure: (rejection) => Effect.fail(this.unsent(notYet(endpoint.name, rejection))),
        onSuccess: (permit) => new Slot(permit).using(use, restore)
      })
    )
  }

  private begin(slot: Slot) {
    const now = this.now()
    this.limit = Math.min(Duration.toMillis(this.attempt.timeout), Math.max(0, this.until - now))
    this.until = now + this.limit
    return this.limit === 0 ? Effect.fail(this.unsent(this.timedOut(false))) : this.send(slot)
  }

  private send(slot: Slot): Effect.Effect<Errors.Answer, Errors.ContactsError> {
    const { carrier, endpoint } = this.call
    const held = carrier.bearer.held?.(this.now())
    if (held !== undefined) return this.sendWith(held, slot)
    const had = this.inTime(carrier.bearer.get(endpoint.name), (error) => this.unsent(error))
    return Effect.flatMap(had, (bearer) => this.sendWith(bearer, slot))
  }

  private sendWith(bearer: Redacted.Redacted, slot: Slot) {
    const { call } = this
    const { renew } = call.carrier.bearer
    this.bearer = bearer
    this.slot = slot
    this.hasLeft = true
    if (this.refusedBearer !== undefined) call.renewals = 1
    this.attempt.status = undefined
    slot.leave()
    this.attempt.sentAt = this.now()
    const answered = call.carrier.transmit(call.request, bearer, this, this)
    if (renew === undefined || call.isRenewed) return answered
    return Effect.flatMap(answered, (answer) =>
      transmission.isRefusedBearer(answer)
        ? this.sendAgain(renew(call.endpoint.name, bearer), answer)
        : Effect.succeed(answer)
    )
  }

  /** With another bearer, if there is one. */
  private sendAgain(renewed: Effect.Effect<boolean, Errors.ContactsError>, answer: Errors.Answer) {
    const { call } = this
    const seconds = call.secondsSince(this.attempt.sentAt ?? this.now())
    const refused = (error: Errors.ContactsError) => {
      call.isRefused = true
      return Errors.fromBefore(this, error)
    }
    return Effect.flatMap(this.inTime(renewed, refused), (isAnother) => {
      // Not before: an attempt that has waited in vain leaves it to the next one to wait on.
      call.isRenewed = true
      if (!isAnother) return Effect.succeed(answer)
      this.refusedBearer = this.bearer
      call.measure(seconds, answer.status, "Unauthorized")
      return this.paced((slot) => this.send(slot))
    })
  }

  onHead(head: exchange.Head) {
    this.attempt.status = head.status
    this.slot?.answered(head, head.status === 429 ? Errors.retryAfter(head, this.now()) : undefined)
  }

  set onInterrupt(giveUp: (() => void) | undefined) {
    if (this.slot !== undefined) this.slot.onInterrupt = giveUp
  }

  private judged(answer: Errors.Answer) {
    const { attempt, call } = this
    const { endpoint, clock } = call
    const judged = judge(endpoint, this, answer, clock)
    if (attempt.unknownSince === undefined || endpoint.reconcile === undefined || Either.isLeft(judged)) return judged
    const now = this.now()
    const repeat = { elapsed: now - attempt.unknownSince, serverTime: Errors.serverTime(answer, now) }
    return Either.right(endpoint.reconcile(judged.right, repeat))
  }

  /** Of an error that came before a request: this attempt is none, if it has sent nothing. */
  private unsent(error: Errors.ContactsError) {
    if (!this.hasLeft) this.attempt.isUnsent = true
    return Errors.fromBefore(this, error)
  }
}

/** A permit in use. A request that has not left when it is done with gives its permit back. */
class Slot {
  private hasLeft = false
  onInterrupt: (() => void) | undefined

  constructor(private readonly permit: RateLimit.Permit) {}

  leave() {
    this.hasLeft = true
  }
  answered(answer: exchange.Head, retryAfter: number | undefined) {
    this.permit.complete(answer, retryAfter)
  }
  using(
    use: (slot: Slot) => Effect.Effect<Errors.Answer, Errors.ContactsError>,
    restore: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  ) {
    return Effect.matchCauseEffect(restore(Effect.suspend(() => use(this))), {
      onFailure: (cause) => {
        if (Cause.isInterrupted(cause)) this.onInterrupt?.()
        this.end()
        return Effect.failCause(cause)
      },
      onSuccess: (answer) => {
        this.end()
        return Effect.succeed(answer)
      }
    })
  }
  private end() {
    if (this.hasLeft) this.permit.complete()
    else this.permit.release()
  }
}

/** The error for a request that cannot leave in time. */
const notYet = (operation: string, { reason, retryAfterMillis }: RateLimit.Rejection) => {
  const wait = inSeconds(Duration.millis(retryAfterMillis))
  const message =
    reason === "DailyQuotaExhausted"
      ? `Daily quota exhausted; it resets in ${wait}`
      : `Rate limit reached; the next request may leave in ${wait}, after this call's deadline`
  return new Errors.RateLimited({
    operation,
    attempts: 0,
    message,
    retryAfter: Duration.millis(Math.ceil(retryAfterMillis))
  })
}

// --- over the app's HttpClient -----------------------------------------------------------------------------------------

/**
 * - `token`: the bearer, or where it comes from: see `Credentials`.
 * - `baseUrl`: where the API is, the vendor's host by default. `https`, or `http` to a loopback address.
 * - `versions`: another documented `Version` than its own, by the endpoint's name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly token: Redacted.Redacted | Credentials.Credentials
  readonly baseUrl?: string | URL | undefined
  readonly versions?: { readonly [endpoint: string]: string | undefined } | undefined
}

/**
 * The vendor's host.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultBaseUrl = transmission.vendorUrl

/**
 * A base URL that a bearer may be sent to, or what is wrong with it.
 *
 * @since 0.1.0
 * @category validation
 */
export const validateBaseUrl: (baseUrl: string | URL) => Either.Either<URL, string> = transmission.validateBaseUrl

/** A request without its URL, made once for all that have its bearer, version and method. */
const requests = () => {
  let held: Redacted.Redacted | undefined
  const made = new Map<string, HttpClientRequest.HttpClientRequest>()
  return (bearer: Redacted.Redacted, { method, version }: Outgoing): HttpClientRequest.HttpClientRequest => {
    if (bearer !== held) made.clear()
    held = bearer
    const name = method + version
    const known = made.get(name)
    if (known !== undefined) return known
    const authorization = `Bearer ${Redacted.value(bearer)}`
    const request = HttpClientRequest.make(method)("", {
      headers: { accept: "application/json", authorization, version }
    })
    made.set(name, request)
    return request
  }
}

/** One attempt over HTTP. */
const transmitting = (transmit: transmission.Transmit, baseUrl: URL): Carrier["transmit"] => {
  const base = transmission.join(baseUrl, "")
  const requestWith = requests()
  return (outgoing, bearer, call, watch) => {
    const { path, body } = outgoing
    const request = HttpClientRequest.setUrl(requestWith(bearer, outgoing), base + path)
    return transmit(
      body === undefined ? request : HttpClientRequest.setBody(request, HttpBody.text(body, "application/json")),
      call,
      watch
    )
  }
}

/**
 * `ContactsHttp` on the app's `HttpClient`. A token or a base URL that cannot be used fails each call, with a message that
 * says why and without a request: `Unauthorized` and `TransportError`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<ContactsHttp, never, HttpClient.HttpClient> =>
  Layer.scoped(
    ContactsHttp,
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      const retryPolicy = yield* RetryPolicy.RetryPolicy
      const rateLimit = yield* RateLimit.RateLimit
      const baseUrl = validateBaseUrl(options.baseUrl ?? defaultBaseUrl)
      const { token, versions } = options
      const credentials = Redacted.isRedacted(token) ? Credentials.privateIntegrationToken(token) : token
      const { host, hostname, port, protocol } = Either.getOrElse(baseUrl, () => new URL(defaultBaseUrl))
      const defaultPort = protocol === "https:" ? 443 : 80
      return make({
        server: { address: hostname, port: port === "" ? defaultPort : Number(port) },
        limiter: yield* rateLimit.open(`${host}:${credentials.quota}`),
        bearer: Either.isRight(baseUrl)
          ? yield* credentials.open(baseUrl.right)
          : { get: () => Effect.succeed(noBearer) },
        transmit: Either.isRight(baseUrl)
          ? transmitting(transmission.over(client), baseUrl.right)
          : (_, __, call) => Effect.fail(Errors.fromConfiguration(call, baseUrl.left)),
        versions,
        retryPolicy
      })
    })
  )

/** Never sent. */
const noBearer = Redacted.make("")
