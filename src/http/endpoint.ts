// Encodes the input of an endpoint into a request and decodes its response into an answer.
import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { Done } from "../api/common.js"
import type { AnyEndpoint, Method } from "../api/endpoint.js"
import type * as Errors from "../Errors.js"
import * as Failure from "./failure.js"
import { isArray, isObject, type JsonObject, parseJson, stringifyJson } from "../runtime/json.js"
import { boundedEncoder, decoder, encoder } from "../runtime/codec.js"
import { type Attempt, errorContext, type Response } from "./attempt.js"

type Codec = Schema.Schema.AnyNoContext

// --- the request -------------------------------------------------------------------------------------------------------

/** An encoded request, without base URL and bearer. */
export interface EncodedRequest {
  /** The endpoint's name. */
  readonly name: string
  readonly method: Method
  /** The path with the names of its parameters in braces. */
  readonly template: string
  /** The path with the values of its parameters, followed by the query string. */
  readonly path: string
  readonly params: { readonly [param: string]: string }
  readonly version: string
  /** The body as JSON, with the field names of the Version. */
  readonly body: string | undefined
}

type QueryValue = string | number | boolean | undefined

/** The parameters of a query string. A list is a repeated parameter. */
type EncodedQuery = { readonly [name: string]: QueryValue | ReadonlyArray<QueryValue> }

/** The codecs and paths of an endpoint. They are compiled once, because compiling costs more than a call. */
interface CompiledEndpoint {
  readonly params: (params: unknown) => Either.Either<EncodedRequest["params"] | undefined, ParseResult.ParseIssue>
  readonly query: (query: unknown) => Either.Either<EncodedQuery | undefined, ParseResult.ParseIssue>
  readonly body: (body: unknown) => Either.Either<JsonObject | undefined, ParseResult.ParseIssue>
  readonly answer: (json: unknown) => Either.Either<unknown, ParseResult.ParseIssue>
  /** For each Version the template of its path, and the path's segments: literal text and parameter names, alternating. */
  readonly paths: ReadonlyMap<string, { readonly template: string; readonly segments: ReadonlyArray<string> }>
}

const compiled = new WeakMap<AnyEndpoint, CompiledEndpoint>()

const parameter = /\{(\w+)\}/

const templateOf = (row: AnyEndpoint, version: string): string =>
  typeof row.path === "string" ? row.path : ((row.path as { readonly [version: string]: string })[version] ?? "/")

const compile = (row: AnyEndpoint): CompiledEndpoint => {
  const known = compiled.get(row)
  if (known !== undefined) return known
  const none = Schema.Undefined as Codec
  const made: CompiledEndpoint = {
    params: encoder((row.params ?? none) as Codec),
    query: encoder((row.query ?? none) as Codec),
    body: boundedEncoder((row.body ?? none) as Codec),
    answer: decoder(row.answer as Codec),
    paths: new Map(
      Object.keys(row.versions).map((version) => {
        const template = templateOf(row, version)
        return [version, { template, segments: template.split(parameter) }] as const
      })
    )
  }
  compiled.set(row, made)
  return made
}

/** A lone surrogate, which cannot be encoded in a URL. */
const surrogate = /\p{Surrogate}/u

/** Whether a parameter's value fills exactly one segment of the path. Checked whatever the parameter's schema allows. */
const isSegment = (value: string) => value !== "" && value !== "." && value !== ".." && !surrogate.test(value)

const pathOf = (
  segments: ReadonlyArray<string>,
  params: EncodedRequest["params"] | undefined
): Either.Either<string, string> => {
  let path = segments[0] ?? ""
  for (let index = 1; index < segments.length; index += 2) {
    const name = segments[index] ?? ""
    const value = params?.[name]
    if (value === undefined) throw new Error(`The path needs {${name}}, which the endpoint's params do not have`)
    if (!isSegment(value)) return Either.left(`${name} must be a path segment`)
    path += encodeURIComponent(value) + (segments[index + 1] ?? "")
  }
  return Either.right(path)
}

const queryText = (query: EncodedQuery | undefined): string => {
  if (query === undefined) return ""
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const one of isArray(value) ? value : [value]) if (one !== undefined) search.append(name, String(one))
  }
  return search.size === 0 ? "" : `?${search.toString()}`
}

/** The encoding of a part that the endpoint does not have and the caller did not give. */
const absent = Either.right(undefined)

/** Encodes the input of a call, or fails if the input is invalid. Throws if the endpoint's definition is wrong. */
export const encode = (
  row: AnyEndpoint,
  version: string,
  input: { readonly params?: unknown; readonly query?: unknown; readonly body?: unknown }
): Either.Either<EncodedRequest, Errors.Unprocessable> => {
  const codecs = compile(row)
  const route = codecs.paths.get(version)
  if (route === undefined) {
    const documented = [...codecs.paths.keys()].join(", ")
    throw new Error(`${row.name} has no Version "${version}"; it has ${documented}`)
  }
  const params = row.params === undefined && input.params === undefined ? absent : codecs.params(input.params)
  const query = row.query === undefined && input.query === undefined ? absent : codecs.query(input.query)
  const body = row.body === undefined && input.body === undefined ? absent : codecs.body(input.body)
  if (Either.isLeft(params) || Either.isLeft(query) || Either.isLeft(body)) {
    const issues = [params, query, body].flatMap((encoded) => (Either.isLeft(encoded) ? [encoded.left] : []))
    return Either.left(Failure.fromFaults(row.name, issues.flatMap(Failure.faults)))
  }
  const path = pathOf(route.segments, params.right)
  if (Either.isLeft(path)) return Either.left(Failure.fromFaults(row.name, [path.left]))
  const toWireNames = row.versions[version]!
  const json = body.right === undefined ? undefined : stringifyJson(toWireNames(body.right))
  if (body.right !== undefined && json === undefined)
    return Either.left(Failure.fromFaults(row.name, ["the input must be JSON"]))
  return Either.right({
    name: row.name,
    method: row.method,
    template: route.template,
    path: query.right === undefined ? path.right : path.right + queryText(query.right),
    params: params.right ?? {},
    version,
    body: json
  })
}

/** The fields that errors may show: ids and choices from fixed lists contain no personal data. */
const nonPersonalNames = new Set(
  "id key locationId assignedTo country timezone status field operator group sort pageLimit page model dataType".split(
    " "
  )
)

const personalTexts = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") return [value]
  if (typeof value === "number") return [String(value)]
  if (isArray(value)) return value.flatMap(personalTexts)
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => (nonPersonalNames.has(key) ? [] : personalTexts(inner)))
}

/** The values of a request that no error may show. */
export const secretsOf = ({ body, path }: EncodedRequest): ReadonlyArray<string> => [
  ...personalTexts(body === undefined ? undefined : JSON.parse(body)),
  ...Array.from(new URLSearchParams(path.split("?")[1])).flatMap(([name, value]) =>
    nonPersonalNames.has(name) ? [] : [value]
  )
]

// --- the answer --------------------------------------------------------------------------------------------------------

/** Decodes a response. Any 2xx is a success if its body can be decoded and belongs to the requested item. */
export const decode = (
  row: AnyEndpoint,
  attempt: Attempt,
  response: Response,
  input: { readonly params?: unknown }
): Either.Either<unknown, Errors.ContactsError> => {
  // The context is made only for errors, because it costs more than a permit.
  const context = () => errorContext({ ...attempt, request: response.request, requestsBefore: response.requests - 1 })
  const unreadable = (reasons: ReadonlyArray<string>) =>
    Either.left(Failure.fromUnreadable(context(), response, reasons))
  if (!Failure.isSuccess(response)) {
    return Either.left(Failure.fromResponse(context(), response, attempt.call.clock.unsafeCurrentTimeMillis()))
  }
  // A success without a body is complete where the answer holds no data.
  const json = parseJson(response.body === "" && row.answer === Done ? "{}" : response.body)
  if (json === undefined) return unreadable(["it is not JSON"])
  const decoded = compile(row).answer(json)
  if (Either.isLeft(decoded)) return unreadable(Failure.faults(decoded.left))
  const mismatch = row.mismatch?.(decoded.right, input.params)
  return mismatch === undefined ? Either.right(decoded.right) : unreadable([mismatch])
}
