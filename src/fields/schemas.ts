// Schemas that the models of the API share.
import * as DateTime from "effect/DateTime"
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

/** An optional field of a response: it may be absent, but is never null or undefined. */
export const optionalInResponse = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** Keeps the fields that a schema does not describe. */
export const unknownFields = {
  key: Schema.String,
  value: Schema.Unknown.annotations({ arbitrary: () => (fc) => fc.jsonValue() })
} as const

const dateTime = Schema.declare(DateTime.isDateTime).annotations({
  ...withMessage("must be a DateTime"),
  arbitrary: () => (fc) => fc.date({ noInvalidDate: true, min: new Date(0) }).map((date) => DateTime.unsafeMake(date))
})

const dateTimeAs = (write: (moment: DateTime.DateTime) => string) =>
  Schema.transform(Schema.String, dateTime, {
    strict: true,
    decode: (iso) => DateTime.unsafeMake(iso),
    encode: (moment) => write(moment)
  })

/** A `DateTime`, sent as ISO text in UTC. */
export const moment = dateTimeAs(DateTime.formatIso)

/** A `DateTime`, sent as ISO text with the offset of its zone, and without milliseconds if they are zero. */
export const momentWithOffset = dateTimeAs((moment) => DateTime.formatIsoOffset(moment).replace(/\.000(?=\D)/, ""))

/** Text that is not empty. */
export const nonEmptyText = text.pipe(Schema.filter((value) => value.trim() !== "" || "must not be empty"))

/** A list that is not empty. */
export const nonEmptyArray = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.Array(schema)
    .annotations(anArray)
    .pipe(Schema.filter((all) => all.length > 0 || "must not be empty"))

/** A whole number within these bounds, both included. */
export const count = (least: number, most: number) =>
  Schema.Number.annotations(withMessage("must be a number")).pipe(
    Schema.filter(
      (value) =>
        (Number.isInteger(value) && value >= least && value <= most) ||
        (most === Infinity
          ? `must be a whole number of at least ${least}`
          : `must be a whole number from ${least} to ${most}`),
      { arbitrary: () => (fc) => fc.integer({ min: least, max: Math.min(most, 2 ** 31 - 1) }) }
    )
  )
