// A date of birth in requests.
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import { named, withMessage } from "../fields/schemas.js"
import { isoDay, isoDayOfText } from "../fields/lenient.js"

const isoDayOfDateTime = (dateTime: DateTime.DateTime): string | undefined => {
  const { year, month, day } = DateTime.toParts(dateTime)
  return isoDay(year, month, day)
}

const firstDay = new Date("0001-01-01")
const lastDay = new Date("9999-12-31")

const realDay = (input: string | DateTime.DateTime, ast: AST.AST): Either.Either<string, ParseResult.ParseIssue> =>
  Either.fromNullable(
    typeof input === "string" ? isoDayOfText(input) : isoDayOfDateTime(input),
    () => new ParseResult.Type(ast, input)
  )

/**
 * A date of birth in a request: text in one of the eight documented formats (`YYYY-MM-DD`, `MM-DD-YYYY`, and both with `/`,
 * `.` or `_` instead of `-`), or a `DateTime`, of which the day in its own time zone is taken. The day must exist in the
 * calendar. It is sent as `YYYY-MM-DD`.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/update-contact
 *
 * @example
 * import * as Schema from "effect/Schema"
 * import { DateOfBirth } from "effect-growthhub/Schema"
 *
 * Schema.encodeSync(DateOfBirth)("09/25/1990") // "1990-09-25"
 *
 * @since 0.1.0
 * @category dates
 */
export const DateOfBirth = Schema.transformOrFail(
  Schema.String,
  Schema.Union(Schema.String, Schema.DateTimeUtcFromSelf, Schema.DateTimeZonedFromSelf).annotations({
    arbitrary: () => (fc) =>
      fc
        .tuple(fc.date({ noInvalidDate: true, min: firstDay, max: lastDay }), fc.boolean())
        .map(([date, isText]) => (isText ? date.toISOString().slice(0, 10) : DateTime.unsafeMake(date)))
  }),
  {
    strict: true,
    decode: (input, _, ast) => realDay(input, ast),
    encode: (input, _, ast) => realDay(input, ast)
  }
).annotations({
  ...named("DateOfBirth"),
  ...withMessage("must be a real day as YYYY-MM-DD, MM-DD-YYYY, the same with / . or _ between, or a DateTime")
})

/**
 * A date of birth in a request: text, or a `DateTime`.
 *
 * @since 0.1.0
 * @category dates
 */
export type DateOfBirth = typeof DateOfBirth.Type
