// R12: secrets and a contact's data in anything that an app prints: errors in every form, logs at every level, spans.
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Tracer from "effect/Tracer"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { inspect } from "node:util"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as Credentials from "effect-growthhub/Credentials"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { ContactId, LocationId } from "effect-growthhub/Schema"
import * as TokenStore from "effect-growthhub/TokenStore"
import { type Figure, worst } from "./Figure.js"
import type { Transport } from "./Judge.js"

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")
const id = ContactId.make("seD4PfOuKoVMLkEZqohJ")

/** The values that must never be printed. Each contains a mark, which `seen` finds and which no other text contains. */
const secrets = {
  clientSecret: "canary-client-secret-1",
  accessToken: "canary-access-token-2",
  refreshToken: "canary-refresh-token-3",
  code: "canary-code-6",
  newAccessToken: "canary-access-token-4",
  newRefreshToken: "canary-refresh-token-5"
}
const person = {
  firstName: "Canarina Canarosa del Canario Canarez",
  lastName: "O'Canaryson",
  email: "canary@canary.example",
  phone: "+1 555 010 7777",
  city: "Canaryville",
  address1: "7 Canary Lane"
}
const seen = /canar|555.?010.?7777/i

const statuses = [
  200, 201, 204, 301, 302, 307, 400, 401, 403, 404, 408, 409, 418, 422, 425, 429, 500, 501, 502, 503, 504, 521
]

type Shape = (echo: string) => readonly [type: string, body: string]

/** The first 20 characters of a text, and its first words. */
const parts = (echo: string) => [echo.slice(0, 20), ...echo.split(/[\s":,{}]+/)].slice(0, 20)

const htmlEscaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/** The ways in which a service echoes a request. */
const shapes: ReadonlyArray<Shape> = [
  (echo) => ["application/json", JSON.stringify({ message: `refused: ${echo}` })],
  (echo) => ["application/json", JSON.stringify({ message: [echo, `x ${echo}`], error: echo, traceId: echo })],
  (echo) => ["application/json", JSON.stringify({ error: "invalid_grant", error_description: echo })],
  (echo) => ["application/json", JSON.stringify({ contact: { id: `bad id ${echo}`, email: echo } })],
  (echo) => ["application/json", JSON.stringify({ message: parts(echo), error: echo.slice(0, 20) })],
  (echo) => ["application/json", JSON.stringify({ message: htmlEscaped(echo) })],
  (echo) => ["application/json", `{"message":"${echo}`],
  (echo) => ["text/html", `<html>${echo}</html>`],
  (echo) => ["text/plain", echo]
]

const speed = 500

/** A clock that runs faster, to shorten the delays between two exchanges of tokens. */
const hurried = (): Clock.Clock => {
  const real = Clock.make()
  const began = real.unsafeCurrentTimeMillis()
  const now = () => Math.floor(began + (real.unsafeCurrentTimeMillis() - began) * speed)
  const nanos = () => BigInt(now()) * 1_000_000n
  return {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: now,
    unsafeCurrentTimeNanos: nanos,
    currentTimeMillis: Effect.sync(now),
    currentTimeNanos: Effect.sync(nanos),
    sleep: (duration) => real.sleep(Duration.times(duration, 1 / speed))
  }
}

/** The server that echoes the request: the API, or the vendor's token endpoints after the API has refused the bearer. */
type Culprit = "api" | "oauth"

/** Starts a server that responds with a status and a body that echoes the bearer and the body of the request. */
const echoing = (status: number, shape: Shape, culprit: Culprit) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly close: () => void }>((resume) => {
      const server = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          const isToken = request.url?.startsWith("/oauth") === true
          const json = (status: number, body: object) =>
            response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
          if (isToken && culprit === "api") {
            return json(200, { access_token: secrets.newAccessToken, refresh_token: secrets.newRefreshToken })
          }
          if (!isToken && culprit === "oauth") return json(401, { statusCode: 401, message: "Invalid JWT" })
          const sent = Buffer.concat(chunks).toString()
          const echo = `${request.headers.authorization ?? ""} ${isToken ? decodeURIComponent(sent) : sent}`
          const [type, body] = shape(echo)
          response.writeHead(status, { "content-type": type, location: `/moved?${encodeURIComponent(echo)}` }).end(body)
        })
      })
      server.listen(0, "127.0.0.1", () =>
        resume(
          Effect.succeed({
            url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
            close: () => {
              server.closeAllConnections()
              server.close()
            }
          })
        )
      )
    }),
    ({ close }) => Effect.sync(close)
  )

const recording = (printedTexts: Array<string>) =>
  Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const attributes = new Map<string, unknown>()
      const status: Tracer.SpanStatus = { _tag: "Started", startTime }
      return {
        _tag: "Span",
        ...{ name, parent, context, kind, links, attributes, status },
        spanId: "1",
        traceId: "2",
        sampled: true,
        attribute: (key, value) => void printedTexts.push(`${name} ${key}=${inspect(value, { depth: 9 })}`),
        event: (event, _, values) => void printedTexts.push(`${name} ${event} ${inspect(values, { depth: 9 })}`),
        addLinks: () => undefined,
        end: (_, exit) => void printedTexts.push(`${name} ${inspect(exit, { depth: 9 })} ${JSON.stringify(exit)}`)
      }
    },
    context: (execute) => execute()
  })

const operations = Effect.map(ContactsService, (contacts) => [
  Effect.asVoid(contacts.getContact(id)),
  Effect.asVoid(contacts.updateContact(id, person)),
  Effect.asVoid(contacts.upsertContact({ locationId, ...person })),
  Effect.asVoid(contacts.updateContact(id, { ...person, nickname: "Canary" } as object)),
  Effect.asVoid(contacts.getContact("canary/../canary@canary.example" as ContactId))
])

const policy = RetryPolicy.make({
  schedule: RetryPolicy.backoff({ attempts: 2, base: "1 millis" }),
  attemptTimeout: "1 minute",
  deadline: "5 minutes"
})

const once = { ...RetryPolicy.none, attemptTimeout: Duration.minutes(1), deadline: Duration.minutes(1) }

/** All texts that an app could print about the result of one call. */
const printed = (exit: Exit.Exit<void, unknown>): ReadonlyArray<string> => {
  if (Exit.isSuccess(exit)) return []
  const error = Option.getOrElse(Cause.failureOption(exit.cause), () => Cause.squash(exit.cause))
  return [
    String(error),
    inspect(error, { depth: 9, showHidden: true }),
    JSON.stringify(error),
    Cause.pretty(exit.cause, { renderErrorCause: true }),
    inspect(exit.cause, { depth: 9, showHidden: true }),
    JSON.stringify(exit),
    error instanceof Error ? String(error.stack) : ""
  ]
}

export interface Leaks {
  readonly calls: number
  readonly lines: number
  readonly leaks: number
}

export const run = (transport: Transport, answered: ReadonlyArray<number> = statuses) =>
  Effect.gen(function* () {
    const told: Array<string> = []
    let calls = 0
    const logger = Logger.map(Logger.jsonLogger, (line) => void told.push(line))
    const observed = Layer.mergeAll(
      Logger.replace(Logger.defaultLogger, logger),
      Logger.minimumLogLevel(LogLevel.All),
      Layer.setTracer(recording(told))
    )
    // This text tests the search itself, which must find it.
    told.push(inspect(new Error(secrets.refreshToken)))
    const cases = answered.flatMap((status) =>
      shapes.flatMap((shape) => (["api", "oauth"] as const).map((culprit) => ({ status, shape, culprit })))
    )
    for (const { status, shape, culprit } of cases) {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { url, close } = yield* echoing(status, shape, culprit)
          const store = yield* TokenStore.makeMemory([
            [
              locationId,
              {
                accessToken: Redacted.make(secrets.accessToken),
                refreshToken: Redacted.make(secrets.refreshToken),
                expiresAt: DateTime.unsafeMake(4e12)
              }
            ]
          ])
          const app = { clientId: "app", clientSecret: Redacted.make(secrets.clientSecret), store }
          const token = Credentials.oauth({
            ...app,
            locationId,
            // Half of the cases get their token through a company.
            ...(calls % 2 === 0 ? {} : { companyId: locationId })
          })
          const connecting = Credentials.authorizationCode({
            ...app,
            code: Redacted.make(secrets.code),
            baseUrl: url
          })
          if (culprit === "oauth") {
            told.push(
              ...printed(
                yield* Effect.exit(Effect.asVoid(Effect.withClock(Effect.provide(connecting, transport), hurried())))
              )
            )
            calls += 1
          }
          const layer = ContactsService.layer({ token, baseUrl: url }).pipe(
            Layer.provide(transport),
            Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, culprit === "api" ? policy : once))
          )
          yield* Effect.gen(function* () {
            for (const operation of yield* operations) {
              told.push(...printed(yield* Effect.exit(operation)))
              calls += 1
            }
            close()
            told.push(...printed(yield* Effect.exit((yield* operations)[2]!)))
          }).pipe(Effect.provide(layer), Effect.provide(observed), Effect.withClock(hurried()))
        })
      )
    }
    const [control, ...leaks] = told.filter((line) => seen.test(line))
    const result: Leaks = { calls, lines: told.length, leaks: control === undefined ? Infinity : leaks.length }
    return { ...result, examples: leaks.slice(0, 3) }
  })

export const figure = (runs: ReadonlyArray<Leaks>): Figure => {
  const leaks = worst(runs.map((run) => run.leaks))
  const [{ calls, lines } = { calls: 0, lines: 0 }] = runs
  return {
    id: "R12",
    what: `secrets or a contact's data in what ${calls} failed calls print`,
    aim: "0",
    measured: `${leaks} (${lines} texts looked through)`,
    isMet: leaks === 0 && lines > calls,
    values: { leaks, calls, lines }
  }
}
