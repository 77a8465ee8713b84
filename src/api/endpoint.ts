// An endpoint of the API as a row of data. Everything that is known of it follows from the row: the client's method, the
// options of its layers, the sandbox's route and its OpenAPI operation.
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type * as Errors from "../Errors.js"
import type { JsonObject } from "../internal/json.js"

type Codec = Schema.Schema.AnyNoContext

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE"

type Path = `/${string}`

/**
 * A response that came to a retry, after an attempt that may have been applied.
 *
 * @since 0.1.0
 * @category models
 */
export interface Repeat {
  /** Milliseconds from when the first of those attempts was sent until this response. */
  readonly elapsed: number
  /** The service's own clock when it gave the response (milliseconds of the epoch, whole seconds), if it told. */
  readonly serverTime: number | undefined
}

/** The part of an input that may be left out where its type says so. */
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
 * An answer that was looked up to find out whether a call was applied, with the times to judge it by.
 *
 * @since 0.2.0
 * @category models
 */
export interface Found<Answer> extends Repeat {
  readonly answer: Answer
}

/**
 * Performs another endpoint on behalf of a call of unknown outcome.
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
  /** The operation's name in errors, spans, metrics and `Options.versions`. */
  readonly name: string
  /**
   * The service that has the method: spans are called by both, such as `NotesService.createNote`. `ContactsHttp` by default.
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
   * The page of the documentation.
   *
   * @since 0.2.0
   */
  readonly page?: string
  readonly method: Method
  /**
   * The path, or one for each Version: a template such as `/contacts/{contactId}`. Its parameters are described by `params`
   * and percent-encoded.
   */
  readonly path: Path | { readonly [version in NoInfer<Version>]: Path }
  /** The `Version` header that the endpoint is documented with. */
  readonly version: NoInfer<Version>
  /** Every documented `Version`, with how a body is spelt in it. */
  readonly versions: { readonly [version in Version]: (body: JsonObject) => JsonObject }
  /** What fills the path; left out where it has no parameter. */
  readonly params?: Params
  /** The query string. A field that is undefined is left out. */
  readonly query?: Query
  /** What is sent as JSON, also with DELETE; left out where nothing is sent. */
  readonly body?: Body
  /** The body of a success. */
  readonly answer: Answer
  /**
   * The status that it documents for a success, 200 by default. The client takes any 2xx.
   *
   * @since 0.2.0
   */
  readonly success?: number
  /** The statuses that it documents as errors. */
  readonly errors: ReadonlyArray<number>
  /**
   * Whether it changes nothing: by default, whether its method is GET.
   *
   * @since 0.2.0
   */
  readonly isRead?: boolean
  /** Whether this input can be sent again although it may have been applied already. */
  readonly isRepeatable: (body: Schema.Schema.Type<Body>) => boolean
  /** What an answer means when it came to a retry, after an attempt that may have been applied. */
  readonly reconcile?: (answer: Schema.Schema.Type<Answer>, repeat: Repeat) => Schema.Schema.Type<Answer>
  /**
   * The answer of a call whose retry was refused because an earlier attempt had been applied: what is to be deleted is gone,
   * say. Nothing where the refusal means something else.
   *
   * @since 0.2.0
   */
  readonly reconcileError?: (error: Errors.ContactsError) => Option.Option<Schema.Schema.Type<Answer>>
  /** Finds out by other requests whether a call of unknown outcome was applied: its answer if it was. */
  readonly verify?: (
    lookup: Lookup,
    input: Input<Params, Query, Body>
  ) => Effect.Effect<Option.Option<Schema.Schema.Type<Answer>>, Errors.ContactsError>
  /**
   * Why nothing can tell whether a call of unknown outcome was applied: the end of its error's message.
   *
   * @since 0.2.0
   */
  readonly unverifiable?: string
  /** Why an answer cannot be the answer to this input, if it cannot: an answer about another contact, say. */
  readonly mismatch?: (answer: Schema.Schema.Type<Answer>, params: Schema.Schema.Type<Params>) => string | undefined
}

/** Any row. Its functions are called with what its own schemas have made. */
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
