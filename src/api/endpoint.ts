// Describes an endpoint of the API as a row of data. The client's method, the option `versions` of the layers, the sandbox's
// route and its OpenAPI operation are derived from the row.
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type * as Errors from "../Errors.js"
import type { JsonObject } from "../runtime/json.js"

type Codec = Schema.Schema.AnyNoContext

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE"

type Path = `/${string}`

/**
 * The times of a response to a retry, after an earlier attempt that may have been applied.
 *
 * @since 0.1.0
 * @category models
 */
export interface RetryTiming {
  /** Milliseconds from when the first of the earlier attempts was sent until this response. */
  readonly elapsed: number
  /**
   * The time of the response by the service's clock, in milliseconds since the epoch (whole seconds); undefined if unknown.
   */
  readonly serverTime: number | undefined
}

/** A part of an input; optional if its type includes undefined. */
type Part<Name extends string, A> = undefined extends A
  ? { readonly [name in Name]?: A }
  : { readonly [name in Name]: A }

/**
 * The input of an endpoint: `params` fill its path, `query` its query string, `body` is sent as JSON. A part that the
 * endpoint does not describe is left out.
 *
 * @since 0.2.0
 * @category models
 */
export type Input<Params extends Codec, Query extends Codec, Body extends Codec> = Part<
  "params",
  Schema.Schema.Type<Params>
> &
  Part<"query", Schema.Schema.Type<Query>> &
  Part<"body", Schema.Schema.Type<Body>>

/**
 * The result of a lookup: the response of the other endpoint, and how long after the first attempt it came.
 *
 * @since 0.2.0
 * @category models
 */
export interface Found<Answer> extends RetryTiming {
  /** The decoded body of the response. */
  readonly answer: Answer
}

/**
 * Calls another endpoint to verify a call of unknown outcome.
 *
 * @since 0.2.0
 * @category models
 */
export type Lookup = <
  Params extends Codec,
  Query extends Codec,
  Body extends Codec,
  Answer extends Codec,
  Version extends string
>(
  endpoint: Endpoint<Params, Query, Body, Answer, Version>,
  input: Input<Params, Query, Body>
) => Effect.Effect<Found<Schema.Schema.Type<Answer>>, Errors.ContactsError>

/** Performs a described endpoint. */
export type Perform = <
  Params extends Codec,
  Query extends Codec,
  Body extends Codec,
  Answer extends Codec,
  Version extends string
>(
  endpoint: Endpoint<Params, Query, Body, Answer, Version>,
  input: Input<Params, Query, Body>
) => Effect.Effect<Schema.Schema.Type<Answer>, Errors.ContactsError>

/**
 * An endpoint of the API, as a value.
 *
 * @since 0.1.0
 * @category models
 */
export interface Endpoint<
  Params extends Codec,
  Query extends Codec,
  Body extends Codec,
  Answer extends Codec,
  Version extends string
> {
  /** The name of the endpoint in errors, spans, metrics and the option `versions`. */
  readonly name: string
  /**
   * The service that has the method. A span is named after both, such as `NotesService.createNote`. `ContactsHttp` by
   * default.
   *
   * @since 0.2.0
   */
  readonly service?: string
  /**
   * The scope that the token needs.
   *
   * @since 0.2.0
   */
  readonly scope?: string
  /**
   * The URL of the endpoint's documentation.
   *
   * @since 0.2.0
   */
  readonly page?: string
  /** The HTTP method. */
  readonly method: Method
  /**
   * The path, or one for each Version: a template such as `/contacts/{contactId}`. Its parameters are described by `params`
   * and percent-encoded.
   */
  readonly path: Path | { readonly [version in NoInfer<Version>]: Path }
  /** The `Version` header that is sent by default. */
  readonly version: NoInfer<Version>
  /** Every documented `Version`, with the function that converts a body to the field names of that Version. */
  readonly versions: { readonly [version in Version]: (body: JsonObject) => JsonObject }
  /** The schema of the parameters of the path; left out if it has none. */
  readonly params?: Params
  /** The schema of the query string. A field that is undefined is not sent. */
  readonly query?: Query
  /** The schema of the request body, which is sent as JSON, with DELETE too; left out if there is none. */
  readonly body?: Body
  /** The schema of the body of a successful response. */
  readonly answer: Answer
  /**
   * The documented status of a successful response, 200 by default. The client accepts any 2xx.
   *
   * @since 0.2.0
   */
  readonly success?: number
  /** The documented error statuses. */
  readonly errors: ReadonlyArray<number>
  /**
   * Whether the endpoint changes nothing. By default it is a read if its method is GET.
   *
   * @since 0.2.0
   */
  readonly isRead?: boolean
  /** Whether a retry with this body is safe although an earlier attempt may have been applied. */
  readonly isSafeToRetry: (body: Schema.Schema.Type<Body>) => boolean
  /** Corrects the answer of a retry, after an earlier attempt that may have been applied. */
  readonly reconcile?: (answer: Schema.Schema.Type<Answer>, timing: RetryTiming) => Schema.Schema.Type<Answer>
  /**
   * The answer of a call whose retry failed because an earlier attempt had been applied: the contact to delete is gone, for
   * example. `None` if the error means something else.
   *
   * @since 0.2.0
   */
  readonly reconcileError?: (error: Errors.ContactsError) => Option.Option<Schema.Schema.Type<Answer>>
  /** Finds out by other requests whether a call of unknown outcome was applied; returns its answer if it was. */
  readonly verify?: (
    lookup: Lookup,
    input: Input<Params, Query, Body>
  ) => Effect.Effect<Option.Option<Schema.Schema.Type<Answer>>, Errors.ContactsError>
  /**
   * The reason why a call of unknown outcome cannot be verified; it is appended to the message of the error.
   *
   * @since 0.2.0
   */
  readonly unverifiable?: string
  /**
   * Returns the reason why an answer does not belong to this input, for example that it is about another contact; undefined
   * if it does.
   */
  readonly mismatch?: (answer: Schema.Schema.Type<Answer>, params: Schema.Schema.Type<Params>) => string | undefined
}

/** Any endpoint. Its functions receive only values of its own schemas. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the row's own types are known where it is performed
export type AnyEndpoint = Endpoint<any, any, any, any, any>

/**
 * Describes an endpoint.
 *
 * @since 0.1.0
 * @category constructors
 */
export const endpoint = <
  Answer extends Codec,
  Version extends string,
  Params extends Codec = typeof Schema.Undefined,
  Query extends Codec = typeof Schema.Undefined,
  Body extends Codec = typeof Schema.Undefined
>(
  row: Endpoint<Params, Query, Body, Answer, Version>
): Endpoint<Params, Query, Body, Answer, Version> => row

/** Whether an endpoint changes nothing. */
export const isRead = (row: AnyEndpoint): boolean => row.isRead ?? row.method === "GET"
