// Reading a value in one pass where it is as its schema has it. What is not is the schema's business, and its message.
import * as Option from "effect/Option"
import * as SchemaAST from "effect/SchemaAST"
import { isObject } from "./json.js"

/** What a value is read as, or {@link unread}. */
export type Reader = (value: unknown) => unknown

/** This value has to be left to the schema. */
export const unread: unique symbol = Symbol("unread")

/** Annotates a schema with a reader of its own. */
export const annotationId: unique symbol = Symbol.for("effect-growthhub/Reader")

const plain =
  (is: (value: unknown) => boolean): Reader =>
  (value) =>
    is(value) ? value : unread

const leaf = (ast: SchemaAST.AST): Reader | undefined => {
  switch (ast._tag) {
    case "UnknownKeyword":
      return (value) => value
    case "StringKeyword":
      return plain((value) => typeof value === "string")
    case "BooleanKeyword":
      return plain((value) => typeof value === "boolean")
    case "UndefinedKeyword":
      return plain((value) => value === undefined)
    case "Literal":
      return plain((value) => value === ast.literal)
    default:
      return undefined
  }
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

interface Property {
  readonly name: string
  readonly isOptional: boolean
  readonly read: Reader
}

/** Its fields and no others. With `isClosed`, others are left to the schema. */
const struct =
  (properties: ReadonlyArray<Property>, isClosed: boolean): Reader =>
  (value) => {
    if (!isObject(value)) return unread
    const out: Record<string, unknown> = {}
    let count = 0
    for (const { name, isOptional, read } of properties) {
      if (!Object.hasOwn(value, name)) {
        if (isOptional) continue
        return unread
      }
      const field = read(value[name])
      if (field === unread) return unread
      out[name] = field
      count += 1
    }
    return isClosed && Reflect.ownKeys(value).length !== count ? unread : out
  }

const all = <A>(values: ReadonlyArray<A | undefined>): ReadonlyArray<A> | undefined => {
  const found = values.filter((value) => value !== undefined)
  return found.length === values.length ? found : undefined
}

/**
 * The reader of a schema, if it is made of nothing but plain values, unions of them, filters and structs, or has a reader of
 * its own. With `isClosed`, a struct takes no other fields than its own.
 */
export const readerOf = (ast: SchemaAST.AST, isClosed: boolean): Reader | undefined => {
  const own = ast.annotations[annotationId] as Reader | undefined
  if (own !== undefined) return own
  if (SchemaAST.isRefinement(ast)) {
    const from = readerOf(ast.from, isClosed)
    return (
      from &&
      ((value) => {
        const found = from(value)
        return found !== unread && Option.isNone(ast.filter(found, options, ast)) ? found : unread
      })
    )
  }
  if (SchemaAST.isUnion(ast)) {
    const readers = all(ast.types.map(leaf))
    return readers && union(readers)
  }
  if (SchemaAST.isTypeLiteral(ast) && ast.indexSignatures.length === 0) {
    const properties = all(
      ast.propertySignatures.map(({ name, isOptional, type }): Property | undefined => {
        const read = readerOf(type, isClosed)
        return typeof name === "string" && read ? { name, isOptional, read } : undefined
      })
    )
    return properties && struct(properties, isClosed)
  }
  return leaf(ast)
}

const options: SchemaAST.ParseOptions = {}
