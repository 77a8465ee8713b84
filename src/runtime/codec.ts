// A fast path for schemas that decodes or encodes a matching value in one pass. The schema itself handles all other values
// and gives the error message.
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { isArray, isObject, isTooDeep, tooDeep } from "./json.js"

/** Decodes or encodes a value, or returns {@link noMatch}. */
export type Reader = (value: unknown) => unknown

/** The result for a value that does not match the schema, or that the fast path does not support. */
export const noMatch: unique symbol = Symbol("noMatch")

/** The annotation of a schema that has its own reader for decoding. */
export const annotationId: unique symbol = Symbol.for("effect-growthhub/Reader")

/** Decoding drops unknown fields; encoding refuses them. */
type Direction = "decode" | "encode"

export const strictly = { errors: "all", onExcessProperty: "error" } as const

const unknownValue: Reader = (value) => value
const text: Reader = (value) => (typeof value === "string" ? value : noMatch)
const number: Reader = (value) => (typeof value === "number" ? value : noMatch)
const flag: Reader = (value) => (typeof value === "boolean" ? value : noMatch)
const absent: Reader = (value) => (value === undefined ? value : noMatch)

const literal =
  (only: unknown): Reader =>
  (value) =>
    value === only ? value : noMatch

/** Looks literals up in a set, because a country is one of 250. */
const oneOf = (values: ReadonlyArray<unknown>): Reader => {
  const all = new Set(values)
  return (value) => (all.has(value) ? value : noMatch)
}

const union =
  (readers: ReadonlyArray<Reader>): Reader =>
  (value) => {
    for (const read of readers) {
      const found = read(value)
      if (found !== noMatch) return found
    }
    return noMatch
  }

const array =
  (read: Reader): Reader =>
  (value) => {
    if (!isArray(value)) return noMatch
    const out: Array<unknown> = []
    for (const element of value) {
      const found = read(element)
      if (found === noMatch) return noMatch
      out.push(found)
    }
    return out
  }

const filtered =
  (ast: SchemaAST.Refinement, read: Reader): Reader =>
  (value) => {
    const found = read(value)
    return found !== noMatch && Option.isNone(ast.filter(found, strictly, ast)) ? found : noMatch
  }

interface Property {
  readonly name: PropertyKey
  readonly isOptional: boolean
  readonly read: Reader
}

/** Whether an object has more than `count` fields. Counts them, because `Object.keys` allocates an array. */
const hasMore = (fields: object, count: number): boolean => {
  let left = count
  for (const _ in fields) left -= 1
  return left !== 0 || Object.getOwnPropertySymbols(fields).length > 0
}

const struct =
  (properties: ReadonlyArray<Property>, isClosed: boolean): Reader =>
  (value) => {
    if (!isObject(value)) return noMatch
    const out: Record<PropertyKey, unknown> = {}
    const fields: { readonly [name: PropertyKey]: unknown } = value
    let count = 0
    for (const { name, isOptional, read } of properties) {
      if (!Object.hasOwn(fields, name)) {
        if (isOptional) continue
        return noMatch
      }
      const field = read(fields[name])
      if (field === noMatch) return noMatch
      out[name] = field
      count += 1
    }
    return isClosed && hasMore(fields, count) ? noMatch : out
  }

/** Decodes or encodes with the schema itself. */
const viaSchema = (ast: SchemaAST.AST, direction: Direction): Reader => {
  const schema = Schema.make(ast)
  const parse =
    direction === "decode" ? ParseResult.decodeUnknownOption(schema) : ParseResult.encodeUnknownOption(schema, strictly)
  return (value) => Option.getOrElse(parse(value), () => noMatch)
}

/** The reader of a transformation. If the transformation returns an Effect instead of an Either, the schema handles it. */
const transformed = (
  ast: SchemaAST.Transformation,
  { decode, encode }: SchemaAST.FinalTransformation,
  direction: Direction
): Reader => {
  const decodes = direction === "decode"
  const before = readerOf(decodes ? ast.from : ast.to, direction)
  const after = readerOf(decodes ? ast.to : ast.from, direction)
  const transform = decodes ? decode : encode
  const options = decodes ? {} : strictly
  const slow = viaSchema(ast, direction)
  return (value) => {
    const found = before(value)
    if (found === noMatch) return noMatch
    const made = transform(found, options, ast, value)
    if (!Either.isEither(made)) return slow(value)
    return Either.isRight(made) ? after(made.right) : noMatch
  }
}

/** The reader of a union with several structs. It passes objects to the schema, which decides which struct matches. */
const ambiguousUnion = (ast: SchemaAST.Union, direction: Direction): Reader => {
  const slow = viaSchema(ast, direction)
  const others = union(ast.types.filter((type) => !isStruct(type, direction)).map((type) => readerOf(type, direction)))
  return (value) => (isObject(value) ? slow(value) : others(value))
}

/** The side of a schema that describes a value before it is decoded or encoded. */
const inputAst = (ast: SchemaAST.AST, direction: Direction) =>
  direction === "decode" ? SchemaAST.encodedAST(ast) : SchemaAST.typeAST(ast)

const isStruct = (ast: SchemaAST.AST, direction: Direction): boolean => inputAst(ast, direction)._tag === "TypeLiteral"

/** The reader of a schema: plain values, unions, filters, arrays and structs in one pass, other parts with the schema. */
export const readerOf = (ast: SchemaAST.AST, direction: Direction): Reader => {
  const own = direction === "decode" ? (ast.annotations[annotationId] as Reader | undefined) : undefined
  if (own !== undefined) return own
  if (SchemaAST.ParseOptionsAnnotationId in ast.annotations) return viaSchema(ast, direction)
  switch (ast._tag) {
    case "UnknownKeyword":
      return unknownValue
    case "StringKeyword":
      return text
    case "NumberKeyword":
      return number
    case "BooleanKeyword":
      return flag
    case "UndefinedKeyword":
      return absent
    case "Literal":
      return literal(ast.literal)
    case "Union":
      if (ast.types.filter((type) => isStruct(type, direction)).length > 1) return ambiguousUnion(ast, direction)
      return ast.types.every(SchemaAST.isLiteral)
        ? oneOf(ast.types.map((type) => (type as SchemaAST.Literal).literal))
        : union(ast.types.map((type) => readerOf(type, direction)))
    case "Refinement":
      // When encoding, a filter checks the value before its transformation.
      return direction === "decode" || SchemaAST.typeAST(ast.from) === ast.from
        ? filtered(ast, readerOf(ast.from, direction))
        : viaSchema(ast, direction)
    case "TupleType": {
      const [element, ...more] = ast.rest
      return element !== undefined && more.length === 0 && ast.elements.length === 0
        ? array(readerOf(element.type, direction))
        : viaSchema(ast, direction)
    }
    case "TypeLiteral": {
      // A struct without fields accepts any value.
      if (ast.indexSignatures.length > 0 || ast.propertySignatures.length === 0) return viaSchema(ast, direction)
      const properties = ast.propertySignatures.map(({ name, isOptional, type }) => ({
        name,
        isOptional,
        read: readerOf(type, direction)
      }))
      return struct(properties, direction === "encode")
    }
    case "Transformation":
      return SchemaAST.isFinalTransformation(ast.transformation)
        ? transformed(ast, ast.transformation, direction)
        : viaSchema(ast, direction)
    default:
      return viaSchema(ast, direction)
  }
}

type Parse<A> = (value: unknown) => Either.Either<A, ParseResult.ParseIssue>

const deep = (value: unknown) => new ParseResult.Type(SchemaAST.unknownKeyword, value, tooDeep)

/**
 * Tries the fast path first, and the schema if the value does not match. A property test compares the two. A stack overflow
 * becomes a parse issue, because a recursive schema overflows on a deeply nested value.
 */
const withFallback =
  <A>(read: Reader, parse: Parse<A>): Parse<A> =>
  (value) => {
    try {
      const found = read(value)
      return found === noMatch ? parse(value) : Either.right(found as A)
    } catch (error) {
      if (error instanceof RangeError) return Either.left(deep(value))
      throw error
    }
  }

/** Decodes a response; drops unknown fields. */
export const decoder = <A, I>(schema: Schema.Schema<A, I>): Parse<A> =>
  withFallback(readerOf(schema.ast, "decode"), ParseResult.decodeUnknownEither(schema))

/** Encodes an input; reports every fault, and refuses unknown fields. */
export const encoder = <A, I>(schema: Schema.Schema<A, I>): Parse<I> =>
  withFallback<I>(readerOf(schema.ast, "encode"), ParseResult.encodeUnknownEither(schema, strictly))

/** Encodes an input as {@link encoder}, and refuses values that are nested too deeply. */
export const boundedEncoder = <A, I>(schema: Schema.Schema<A, I>): Parse<I> => {
  const encode = encoder(schema)
  return (value) => {
    const encoded = encode(value)
    return Either.isRight(encoded) && isTooDeep(encoded.right) ? Either.left(deep(value)) : encoded
  }
}
