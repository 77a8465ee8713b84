// A model of the API as a table of fields: each field has a schema, and a rule that normalizes its values in a response. The
// type, the codec and the fast reader are derived from the table.
import * as DateTime from "effect/DateTime"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { isObject, type JsonObject } from "../runtime/json.js"
import * as reader from "../runtime/codec.js"
import * as Lenient from "./lenient.js"
import { named, unknownFields } from "./schemas.js"

type Codec = Schema.Schema.AnyNoContext

/** A field of a model. */
export interface Field<S extends Codec> {
  readonly schema: S
  readonly normalize: Lenient.Normalize
}

/** A field by its schema and the rule that normalizes it. */
export const field = <S extends Codec>(schema: S, normalize: Lenient.Normalize): Field<S> => ({
  schema,
  normalize
})

const Instant = Schema.transform(Schema.String, Schema.DateTimeUtcFromSelf, {
  strict: true,
  decode: (iso) => DateTime.unsafeMake(iso),
  encode: (instant) => DateTime.formatIso(instant)
}).annotations({ ...named("Instant") })

export const text = field(Schema.String, Lenient.normalizeText)
export const id = field(Schema.String, Lenient.normalizeId)
export const flag = field(Schema.Boolean, Lenient.normalizeFlag)
export const number = field(Schema.Number, Lenient.normalizeNumber)
export const texts = field(Schema.Array(Schema.String), Lenient.normalizeTexts)
export const day = field(Schema.String, Lenient.normalizeDay)
export const textOrFlag = field(Schema.Union(Schema.String, Schema.Boolean), Lenient.normalizeTextOrFlag)
export const unknown = field(Schema.Unknown, (value) => value)

/** A timestamp; absent if it cannot be read. */
export const instant = field(Instant, (value) => {
  const millis = Lenient.instantMillis(value)
  return millis === undefined ? undefined : DateTime.unsafeMake(millis)
})

/** An array. Elements that cannot be read are dropped; a single value is read as an array of one element. */
export const array = <S extends Codec>({
  schema,
  normalize
}: Field<S>): Field<Schema.Schema<ReadonlyArray<Schema.Schema.Type<S>>, ReadonlyArray<Schema.Schema.Encoded<S>>>> =>
  field(Schema.Array(schema as Codec), Lenient.normalizeArray(normalize))

type Fields = { readonly [name: string]: Field<Codec> }

type Required<F extends Fields> = { readonly [Name in keyof F]: F[Name]["schema"] }

type Optional<F extends Fields> = {
  readonly [Name in keyof F]: Schema.optionalWith<F[Name]["schema"], { exact: true }>
}

/** The struct of a model: required fields, optional fields, and fields that the model does not describe. */
type Struct<R extends Fields, O extends Fields> = Schema.TypeLiteral<
  Required<R> & Optional<O>,
  [{ readonly key: typeof Schema.String; readonly value: Schema.Schema<unknown> }]
>

/** A model with its struct, its rule and its codec. */
export interface Model<R extends Fields, O extends Fields> {
  /** The fields of the model and their schemas. */
  readonly struct: Struct<R, O>
  /** Normalizes an object of a response; undefined for a value that is not an object. */
  readonly normalize: (wire: unknown) => JsonObject | undefined
  /** The codec: reads a response leniently, and encodes to the JSON of a response. */
  readonly schema: Schema.Schema<Schema.Schema.Type<Struct<R, O>>, JsonObject>
}

/**
 * Makes a model from its fields. Fields that are null are absent; fields that the model does not describe are kept. A value
 * without a required field is refused. `prepare` renames fields before they are normalized. `wire` is the schema of a
 * response's JSON, if it differs from the encoded form.
 */
export const model = <R extends Fields, O extends Fields>(
  name: string,
  required: R,
  optional: O,
  prepare?: (wire: unknown) => unknown,
  wire?: Codec
): Model<R, O> => {
  const fields = { ...required, ...optional }
  const schemas = Object.fromEntries(
    Object.entries(fields).map(([name, { schema }]) => [
      name,
      name in required ? schema : Schema.optionalWith(schema, { exact: true })
    ])
  )
  // The cast is safe: the entries are those of the two tables, each with its own schema.
  const struct = Schema.Struct(schemas as never, unknownFields).annotations(named(name)) as never as Struct<R, O>
  const normalizeFields = Lenient.normalizeObject(
    new Map(Object.entries(fields).map(([name, { normalize }]) => [name, normalize]))
  )
  const normalize = prepare === undefined ? normalizeFields : (wire: unknown) => normalizeFields(prepare(wire))
  const checks = Object.entries(required).map(([name, { schema }]) => [name, Schema.is(schema)] as const)

  /** The fast reader: only the required fields have to be checked after they are normalized. */
  const read = (wire: unknown): unknown => {
    const normalized = normalize(wire)
    if (normalized === undefined) return reader.noMatch
    for (const [name, is] of checks) if (!is(normalized[name])) return reader.noMatch
    return normalized
  }

  const schema = Schema.transformOrFail(
    Schema.declare(isObject, {
      // The name of the expected type in error messages. JSON Schema documents use the model's own name.
      identifier: "object",
      [AST.JSONIdentifierAnnotationId]: wire === undefined ? `GrowthHub${name}` : `GrowthHub${name}Wire`,
      [AST.SurrogateAnnotationId]: (wire ?? Schema.encodedSchema(struct as never as Codec)).ast
    }),
    Schema.typeSchema(struct as never as Codec),
    {
      strict: false,
      decode: (wire: JsonObject) => ParseResult.succeed(normalize(wire)),
      encode: (value: unknown, options) => ParseResult.encodeUnknown(struct as never as Codec)(value, options)
    }
  ).annotations({ ...named(name), [reader.annotationId]: read })
  return { struct, normalize, schema: schema as never }
}

/** A model as a field of another model. */
export const nested = <R extends Fields, O extends Fields>({
  struct,
  normalize
}: Model<R, O>): Field<Schema.Schema<Schema.Schema.Type<Struct<R, O>>, Schema.Schema.Encoded<Struct<R, O>>>> =>
  field(struct as never, normalize)
