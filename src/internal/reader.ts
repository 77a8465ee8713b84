// Reading and writing a value in one pass where it is as its schema has it. What is not is the schema's business, and its
// message.
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { isArray, isObject } from "./json.js"

/** What a value is read or written as, or {@link unread}. */
export type Reader = (value: unknown) => unknown

/** This value is not as the schema has it. */
export const unread: unique symbol = Symbol("unread")

/** Annotates a schema with a reader of its own, for decoding. */
export const annotationId: unique symbol = Symbol.for("effect-growthhub/Reader")

/** Decoding leaves out what it does not know, encoding refuses it. */
type Direction = "decode" | "encode"

export const strictly = { errors: "all", onExcessProperty: "error" } as const

const plain =
  (is: (value: unknown) => boolean): Reader =>
  (value) =>
    is(value) ? value : unread

/** Countries are many. */
const oneOf = (values: ReadonlyArray<unknown>): Reader => {
  const all = new Set(values)
  return plain((value) => all.has(value))
}

const union =
  (readers: ReadonlyArray<Reader>): Reader =>
  (value) => {
    for (const read of readers) {
      const found = read(value)
      if (found !== unread) return found
    }
    return unread
  }

const array =
  (read: Reader): Reader =>
  (value) => {
    if (!isArray(value)) return unread
    const out: Array<unknown> = []
    for (const element of value) {
      const found = read(element)
      if (found === unread) return unread
      out.push(found)
    }
    return out
  }

const filtered =
  (ast: SchemaAST.Refinement, read: Reader): Reader =>
  (value) => {
    const found = read(value)
    return found !== unread && Option.isNone(ast.filter(found, strictly, ast)) ? found : unread
  }

interface Property {
  readonly name: PropertyKey
  readonly isOptional: boolean
  readonly read: Reader
}

/** Counted, as the names of an object cost an array. */
const hasMore = (fields: object, count: number): boolean => {
  let left = count
  for (const _ in fields) left -= 1
  return left !== 0 || Object.getOwnPropertySymbols(fields).length > 0
}

const struct =
  (properties: ReadonlyArray<Property>, isClosed: boolean): Reader =>
  (value) => {
    if (!isObject(value)) return unread
    const out: Record<PropertyKey, unknown> = {}
    const fields: { readonly [name: PropertyKey]: unknown } = value
    let count = 0
    for (const { name, isOptional, read } of properties) {
      if (!Object.hasOwn(fields, name)) {
        if (isOptional) continue
        return unread
      }
      const field = read(fields[name])
      if (field === unread) return unread
      out[name] = field
      count += 1
    }
    return isClosed && hasMore(fields, count) ? unread : out
  }

/** By the schema itself, as slow as it is. */
const general = (ast: SchemaAST.AST, direction: Direction): Reader => {
  const schema = Schema.make(ast)
  const parse =
    direction === "decode" ? ParseResult.decodeUnknownOption(schema) : ParseResult.encodeUnknownOption(schema, strictly)
  return (value) => Option.getOrElse(parse(value), () => unread)
}

/** A transformation that takes an effect is the schema's. */
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
  const slow = general(ast, direction)
  return (value) => {
    const found = before(value)
    if (found === unread) return unread
    const made = transform(found, options, ast, value)
    if (!Either.isEither(made)) return slow(value)
    return Either.isRight(made) ? after(made.right) : unread
  }
}

/** What it is before it is decoded, or encoded. */
const given = (ast: SchemaAST.AST, direction: Direction) =>
  direction === "decode" ? SchemaAST.encodedAST(ast) : SchemaAST.typeAST(ast)

/** Which of several structs it is, the schema finds out in its own way. */
const isAmbiguous = (types: ReadonlyArray<SchemaAST.AST>, direction: Direction): boolean =>
  types.filter((type) => given(type, direction)._tag === "TypeLiteral").length > 1

/** Plain values, unions, filters, arrays and structs in one pass, and the rest, part by part, by the schema. */
export const readerOf = (ast: SchemaAST.AST, direction: Direction): Reader => {
  const own = direction === "decode" ? (ast.annotations[annotationId] as Reader | undefined) : undefined
  if (own !== undefined) return own
  if (SchemaAST.ParseOptionsAnnotationId in ast.annotations) return general(ast, direction)
  switch (ast._tag) {
    case "UnknownKeyword":
      return (value) => value
    case "StringKeyword":
      return plain((value) => typeof value === "string")
    case "NumberKeyword":
      return plain((value) => typeof value === "number")
    case "BooleanKeyword":
      return plain((value) => typeof value === "boolean")
    case "UndefinedKeyword":
      return plain((value) => value === undefined)
    case "Literal":
      return plain((value) => value === ast.literal)
    case "Union":
      if (isAmbiguous(ast.types, direction)) return general(ast, direction)
      return ast.types.every(SchemaAST.isLiteral)
        ? oneOf(ast.types.map((type) => (type as SchemaAST.Literal).literal))
        : union(ast.types.map((type) => readerOf(type, direction)))
    case "Refinement":
      // What is written is judged before it is transformed.
      return direction === "decode" || SchemaAST.typeAST(ast.from) === ast.from
        ? filtered(ast, readerOf(ast.from, direction))
        : general(ast, direction)
    case "TupleType": {
      const [element, ...more] = ast.rest
      return element !== undefined && more.length === 0 && ast.elements.length === 0
        ? array(readerOf(element.type, direction))
        : general(ast, direction)
    }
    case "TypeLiteral": {
      // One without fields takes anything.
      if (ast.indexSignatures.length > 0 || ast.propertySignatures.length === 0) return general(ast, direction)
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
        : general(ast, direction)
    default:
      return general(ast, direction)
  }
}

type Parse<A> = (value: unknown) => Either.Either<A, ParseResult.ParseIssue>

/** In one pass, or by the schema, for its message. A property test holds the one to the other. */
const quickly =
  <A>(read: Reader, parse: Parse<A>): Parse<A> =>
  (value) => {
    const found = read(value)
    return found === unread ? parse(value) : Either.right(found as A)
  }

export const decoder = <A, I>(schema: Schema.Schema<A, I>): Parse<A> =>
  quickly(readerOf(schema.ast, "decode"), ParseResult.decodeUnknownEither(schema))

/** With all that is wrong with a value, and none of what is unknown. */
export const encoder = <A, I>(schema: Schema.Schema<A, I>): Parse<I> =>
  quickly(readerOf(schema.ast, "encode"), ParseResult.encodeUnknownEither(schema, strictly))
