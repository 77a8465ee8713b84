// Schemas that the models of the API share.
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"

/** The name of a schema: `effect-growthhub/…`, and `GrowthHub…` in JSON Schema and OpenAPI, whose names have no slash. */
export const named = (name: string) => ({
  identifier: `effect-growthhub/${name}`,
  [AST.JSONIdentifierAnnotationId]: `GrowthHub${name}`
})

/** The message for a value that a schema refuses; it follows the path of the value. */
export const withMessage = (message: string) => ({ message: () => message })

export const anObject = withMessage("must be an object")
export const anArray = withMessage("must be an array")

export const text = Schema.String.annotations(withMessage("must be a string"))
export const flag = Schema.Boolean.annotations(withMessage("must be a boolean value"))
export const number = Schema.JsonNumber.annotations(withMessage("must be a finite number"))
export const texts = Schema.Array(text).annotations(anArray)

/** A field of a response: absent, never null or undefined. */
export const answered = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** Keeps the fields that a schema does not describe. */
export const unknownFields = {
  key: Schema.String,
  value: Schema.Unknown.annotations({ arbitrary: () => (fc) => fc.jsonValue() })
} as const
