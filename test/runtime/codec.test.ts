import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as ParseResult from "effect/ParseResult"
import * as S from "effect/Schema"
import { getContact, updateContact, upsertContact } from "../../src/api/contacts.js"
import { Contact, CustomField } from "effect-growthhub/Schema"
import { faults } from "../../src/http/faults.js"
import { boundedEncoder, decoder, encoder, strictly } from "../../src/runtime/codec.js"
import * as fc from "../arbitraries.js"

const rows = [getContact, updateContact, upsertContact]

const told = <A>(result: Either.Either<A, ParseResult.ParseIssue>) =>
  Either.mapLeft(result, (issue) => ParseResult.ArrayFormatter.formatIssueSync(issue))

/** A value in which some fields are replaced by invalid values, or to which further fields are added. */
const spoilt = (value: FastCheck.Arbitrary<object>): FastCheck.Arbitrary<object> =>
  FastCheck.tuple(
    value,
    FastCheck.dictionary(
      FastCheck.oneof(
        FastCheck.constantFrom("id", "contact", "new", "succeeded", "email", "tags", "customFields", "country", "dnd"),
        FastCheck.string()
      ),
      FastCheck.oneof(FastCheck.jsonValue(), FastCheck.constantFrom(undefined, Symbol("s"), 1n, new Date(0))),
      { maxKeys: 2 }
    )
  ).map(([whole, spoil]) => ({ ...whole, ...spoil }))

const answers = FastCheck.tuple(spoilt(fc.contact), FastCheck.boolean()).chain(([contact, isNew]) =>
  spoilt(FastCheck.constant({ contact, new: isNew, traceId: "t", succeded: true, more: [1] }))
)

const params = spoilt(FastCheck.record({ contactId: FastCheck.oneof(fc.id, FastCheck.string()) }))

const bodies = spoilt(FastCheck.tuple(fc.written, fc.id).map(([fields, locationId]) => ({ ...fields, locationId })))

const customFields = FastCheck.array(
  spoilt(
    FastCheck.record({
      id: fc.id,
      value: FastCheck.oneof(
        FastCheck.string(),
        FastCheck.double(),
        FastCheck.array(FastCheck.string(), { maxLength: 2 }),
        FastCheck.dictionary(FastCheck.string(), spoilt(FastCheck.constant({ url: "u", documentId: "d" })), {
          maxKeys: 2
        })
      )
    })
  ),
  { maxLength: 3 }
)

describe("what a call reads and writes in one pass", () => {
  it.prop("is what the schema makes of an answer, whatever is in it", [answers], ([answer]) => {
    for (const { answer: schema } of rows as ReadonlyArray<{ answer: S.Schema<unknown, unknown> }>) {
      expect(told(decoder(schema)(answer))).toEqual(told(ParseResult.decodeUnknownEither(schema)(answer)))
    }
  })

  it.prop("is what the schema makes of an input, with all that is wrong with it", [params, bodies], (inputs) => {
    for (const { params, body } of rows) {
      for (const schema of [params ?? S.Undefined, body ?? S.Undefined] as ReadonlyArray<S.Schema<unknown, unknown>>) {
        for (const input of inputs) {
          expect(told(encoder(schema)(input))).toEqual(told(ParseResult.encodeUnknownEither(schema, strictly)(input)))
        }
      }
    }
  })

  it.prop("is what the schema makes of custom fields, whatever is in them", [bodies, customFields], (all) => {
    const [body, customFields] = all
    for (const row of rows) {
      const schema = (row.body ?? S.Undefined) as S.Schema<unknown, unknown>
      const input = { ...body, customFields }
      expect(told(encoder(schema)(input))).toEqual(told(ParseResult.encodeUnknownEither(schema, strictly)(input)))
    }
  })

  it("leaves a transformation that takes an effect to the schema", () => {
    const schema = S.Struct({
      at: S.transformOrFail(S.String, S.Number, {
        decode: (text) => Effect.delay(Effect.succeed(Number(text)), 1),
        encode: (number) => Effect.succeed(String(number))
      })
    })
    const input = { at: 7 }
    expect(Either.getOrThrow(encoder(schema)(input))).toEqual({ at: "7" })
    expect(told(decoder(schema)({ at: "7" }))).toEqual(told(ParseResult.decodeUnknownEither(schema)({ at: "7" })))
  })

  it.prop("leaves a contact that is as it has to be", [fc.contact], ([contact]) => {
    const read = Either.getOrThrow(decoder(Contact)(S.encodeSync(Contact)(contact)))
    expect(S.is(Contact)(read)).toBe(true)
    expect(read).toEqual(S.decodeSync(Contact)(S.encodeSync(Contact)(contact)))
  })

  it.prop(
    "goes part by part where a schema transforms, filters or is open",
    [FastCheck.dictionary(FastCheck.constantFrom("n", "list", "pair", "open", "both"), FastCheck.jsonValue())],
    ([value]) => {
      const schema = S.Struct({
        n: S.optional(S.NumberFromString.pipe(S.filter((n) => n > 1))),
        list: S.optional(S.Array(S.Union(S.Number, S.Literal("a", "b")))),
        pair: S.optional(S.Tuple(S.String, S.Number)),
        open: S.optional(S.Record({ key: S.String, value: S.Boolean })),
        both: S.optional(S.Union(S.Struct({ a: S.String }), S.Struct({ b: S.Undefined }), S.NumberFromString))
      })
      expect(told(decoder(schema)(value))).toEqual(told(ParseResult.decodeUnknownEither(schema)(value)))
      expect(told(encoder(schema)(value))).toEqual(told(ParseResult.encodeUnknownEither(schema, strictly)(value)))
    }
  )

  it("leaves it to the schema which of several structs a value is, and what its own options say", () => {
    const Tagged = S.Struct({ a: S.Literal("x"), b: S.String })
    const cases: ReadonlyArray<readonly [schema: S.Schema.AnyNoContext, value: unknown]> = [
      [S.Union(S.Struct({ a: S.String }), Tagged), { a: "x", b: "y" }],
      [S.Union(S.Struct({ c: S.optional(S.String) }), Tagged), { a: "x", b: "y" }],
      [S.Struct({}), { a: 1 }],
      [S.Struct({ inner: S.Struct({}) }), { inner: new Date(0) }],
      [S.Struct({ a: S.String }).annotations({ parseOptions: { onExcessProperty: "error" } }), { a: "x", b: 1 }],
      [S.Struct({ a: S.String }).annotations({ parseOptions: { onExcessProperty: "preserve" } }), { a: "x", b: 1 }]
    ]
    for (const [any, value] of cases) {
      const schema: S.Schema<unknown, unknown> = any
      expect(told(decoder(schema)(value))).toEqual(told(ParseResult.decodeUnknownEither(schema)(value)))
      expect(told(encoder(schema)(value))).toEqual(told(ParseResult.encodeUnknownEither(schema, strictly)(value)))
    }
  })
})

/** Nested objects of this many levels. */
const nested = (levels: number): object => JSON.parse('{"a":'.repeat(levels) + "1" + "}".repeat(levels)) as object

const tooDeep = "must not be nested deeper than 100 levels"

describe("a value with very many levels", () => {
  const fileOf = (levels: number) => ({ customFields: [{ id: "f", value: { u: { url: "u", more: nested(levels) } } }] })

  it.each([200, 1300, 20_000])(
    "of %s is refused as input, with a sentence, by every schema that is written",
    (levels) => {
      for (const row of [updateContact, upsertContact]) {
        const body = row.body as S.Schema<unknown, unknown>
        const input = { locationId: "l", ...fileOf(levels) }
        const strict = ParseResult.encodeUnknownEither(body, strictly)
        for (const encode of [boundedEncoder(body), strict]) {
          const lines = faults(Either.getOrThrow(Either.flip(encode(input))))
          expect(lines).toContain(`customFields.0.value ${tooDeep}`)
        }
      }
    }
  )

  it("is refused as input of an endpoint that takes anything", () => {
    const anything = boundedEncoder(S.Unknown)
    expect(Either.isRight(anything(nested(100)))).toBe(true)
    for (const levels of [101, 1300, 20_000]) {
      expect(faults(Either.getOrThrow(Either.flip(anything(nested(levels)))))).toEqual([`the input ${tooDeep}`])
    }
    const circular: { self?: unknown } = {}
    circular.self = circular
    expect(faults(Either.getOrThrow(Either.flip(anything(circular))))).toEqual([`the input ${tooDeep}`])
  })

  it("is refused by a recursive schema, not a defect", () => {
    interface Tree {
      readonly a?: Tree | number | undefined
    }
    const Tree: S.Schema<Tree> = S.Struct({
      a: S.optional(
        S.Union(
          S.suspend(() => Tree),
          S.Number
        )
      )
    })
    expect(Either.isRight(decoder(Tree)(nested(50)))).toBe(true)
    for (const parse of [decoder(Tree), encoder(Tree)]) {
      expect(faults(Either.getOrThrow(Either.flip(parse(nested(100_000)))))).toEqual([`the input ${tooDeep}`])
    }
  })

  it("in a file that was read is its JSON text, which can be written", () => {
    const [field] = S.decodeUnknownSync(Contact)({ id: "c", ...fileOf(1300) }).customFields ?? []
    expect(typeof field?.value).toBe("string")
    expect(S.is(CustomField)(field)).toBe(true)
  })
})
