// growthhub api: sends any request of the API.
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as HttpLayer from "effect-growthhub/HttpLayer"
import { type CliExit, fromError, usageError } from "../CliExit.js"
import * as Connection from "../Connection.js"
import { describe } from "../Help.js"
import { type JsonObject, parseOption } from "../Json.js"
import * as Layout from "../Layout.js"
import * as StandardInput from "../StandardInput.js"

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const

type Method = (typeof methods)[number]

/** The idempotent methods (RFC 9110, section 9.2.2): repeating such a request has the same effect as sending it once. */
const idempotent: ReadonlySet<Method> = new Set(["GET", "PUT", "DELETE"])

const refusedPath = "The path must be one of the API, such as /contacts/seD4PfOuKoVMLkEZqohJ, without a host"

/** The path and query of a request; undefined if they lead to another host or climb up with `..`. */
const pathOf = (text: string, base: string) => {
  // Refuses characters that a URL parser would change, so that the path that is sent is the path as written.
  if (!/^\/(?!\/)[\w\-.~%!$&'()*+,;=:@/?[\]|]*$/.test(text)) return undefined
  const url = new URL(base)
  const target = new URL(text, url.origin)
  const [path = ""] = text.split("?")
  // The URL parser resolves `..`, so the parsed path differs from the written one if it climbs up.
  if (target.origin !== url.origin || target.pathname !== path || /%2e|%2f|%5c/i.test(path)) return undefined
  const query: Record<string, Array<string>> = {}
  for (const [name, value] of target.searchParams) (query[name] ??= []).push(value)
  return { path: path as `/${string}`, query }
}

const bodyOf = (given: Option.Option<string>): Effect.Effect<unknown, CliExit> =>
  Effect.gen(function* () {
    if (Option.isNone(given)) return undefined
    const value = parseOption(StandardInput.isMark(given.value) ? yield* StandardInput.text : given.value)
    return Option.isSome(value) ? value.value : yield* usageError("--data takes JSON, or - for JSON on standard input")
  })

const endpointOf = (method: Method, path: `/${string}`, version: string) =>
  HttpLayer.endpoint({
    name: "api",
    method,
    path,
    version,
    versions: { [version]: (body: JsonObject) => body },
    query: Schema.Record({ key: Schema.String, value: Schema.Array(Schema.String) }),
    body: Schema.Unknown,
    answer: Schema.Unknown,
    errors: [400, 401, 422],
    isSafeToRetry: () => idempotent.has(method)
  })

export const api = Command.make(
  "api",
  {
    method: Args.text({ name: "method" }).pipe(Args.withDescription(methods.join(", "))),
    path: Args.text({ name: "path" }).pipe(
      Args.withDescription("The path on the host of the API, with its query string")
    ),
    data: Options.text("data").pipe(
      Options.optional,
      Options.withDescription("The body as JSON; - reads it from standard input")
    ),
    version: Options.text("api-version").pipe(
      Options.withDefault("2021-07-28"),
      Options.withDescription("The Version header; 2021-07-28 by default")
    ),
    isJson: Options.boolean("json").pipe(Options.withDescription("Writes a failure as one line of JSON")),
    connection: Options.all(Connection.options)
  },
  (given) =>
    Effect.gen(function* () {
      const method = methods.find((one) => one === given.method.toUpperCase())
      if (method === undefined) return yield* usageError(`The method must be one of ${methods.join(", ")}`)
      if (!/^[\w.-]{1,40}$/.test(given.version))
        return yield* usageError("--api-version takes a Version, such as 2021-07-28")
      const target = pathOf(given.path, (yield* Connection.Session).url)
      if (target === undefined) return yield* usageError(refusedPath)
      const body = yield* bodyOf(given.data)
      if (method === "GET" && body !== undefined) return yield* usageError("A GET takes no --data")
      const { perform } = yield* HttpLayer.ContactsHttp
      const endpoint = endpointOf(method, target.path, given.version)
      const answer = yield* Effect.mapError(perform(endpoint, { query: target.query, body }), fromError)
      yield* Console.log(Layout.jsonOf(answer))
    }).pipe(Effect.provide(Connection.layer(given.connection)))
).pipe(
  describe(
    "Sends a request to the API with the token, the Version and the rate limit of the other commands, and prints the response. " +
      "GET, PUT and DELETE are retried after a failure, POST and PATCH only if nothing was sent",
    [
      "growthhub api GET '/contacts/seD4PfOuKoVMLkEZqohJ/appointments'",
      `growthhub api POST /contacts/search --data '{"locationId":"ve9EPM428h8vShlRW1KT","pageLimit":1}'`
    ]
  )
)
