// A model of the API from one table: each field with its schema, and with how its values in a response are brought into the
// form of that schema. Type, codec and fast reader follow from the table.
import * as DateTime from "effect/DateTime"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { isObject, type JsonObject } from "../internal/json.js"
import * as reader from "../internal/reader.js"
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

/** A moment; one that cannot be read is absent. */
export const instant = field(Instant, (value) => {
  const millis = Lenient.instantMillis(value)
  return millis === undefined ? undefined : DateTime.unsafeMake(millis)
})

/** An array; elements that cannot be read are left out, and a single one stands for an array of itself. */
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

/** The struct of a model: its required fields, its optional ones, and whatever else a response holds. */
type Struct<R extends Fields, O extends Fields> = Schema.TypeLiteral<
  Required<R> & Optional<O>,
  [{ readonly key: typeof Schema.String; readonly value: Schema.Schema<unknown> }]
>

/** A model, and what it is made of. */
export interface Model<R extends Fields, O extends Fields> {
  /** The model field by field, as it stands in JSON. */
  readonly struct: Struct<R, O>
  /** Brings an object of a response into the form of the model; nothing for what is no object. */
  readonly normalize: (wire: unknown) => JsonObject | undefined
  /** The codec: reads a response leniently, and encodes to the shape of a response. */
  readonly schema: Schema.Schema<Schema.Schema.Type<Struct<R, O>>, JsonObject>
}

/**
 * A model from the table of its fields. Nulls are absent, and fields that are not in the table are kept. A value that lacks
 * a required field is refused. `prepare` renames what comes under another name; `wire` describes the model as it travels, where
 * that is not the encoded form.
 */
export const model = <R extends Fields, O extends Fields>(
  name: string,
  required: R,
  optional: O,
  prepare: (wire: unknown) => unknown = (wire) => wire,
  wire?: Codec
): Model<R, O> => {
  const fields = { ...required, ...optional }
  const schemas = Object.fromEntries(
    Object.entries(fields).map(([name, { schema }]) => [
      name,
      name in required ? schema : Schema.optionalWith(schema, { exact: true })
    ])
  )
  // The entries are those of the two tables, each with its own schema.
  const struct = Schema.Struct(schemas as never, unknownFields).annotations(named(name)) as never as Struct<R, O>
  const normalizeFields = Lenient.normalizeObject(
    new Map(Object.entries(fields).map(([name, { normalize }]) => [name, normalize]))
  )
  const normalize = (wire: unknown) => normalizeFields(prepare(wire))
  const checks = Object.entries(required).map(([name, { schema }]) => [name, Schema.is(schema)] as const)

  /** In one pass: after normalizing, only the required fields are left to check. */
  const read = (wire: unknown): unknown => {
    const normalized = normalize(wire)
    return normalized !== undefined && checks.every(([name, is]) => is(normalized[name])) ? normalized : reader.noMatch
  }

  const schema = Schema.transformOrFail(
    Schema.declare(isObject, {
      identifier: "object",
      ...(wire === undefined ? {} : { [AST.JSONIdentifierAnnotationId]: `GrowthHub${name}Wire` }),
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

/** A model as a field of another one. */
export const nested = <R extends Fields, O extends Fields>({
  struct,
  normalize
}: Model<R, O>): Field<Schema.Schema<Schema.Schema.Type<Struct<R, O>>, Schema.Schema.Encoded<Struct<R, O>>>> =>
  field(struct as never, normalize)
