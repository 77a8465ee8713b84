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

describe("the fast codec", () => {
  it.prop("decodes any response as the schema does", [answers], ([answer]) => {
    for (const { answer: schema } of rows as ReadonlyArray<{ answer: S.Schema<unknown, unknown> }>) {
      expect(told(decoder(schema)(answer))).toEqual(told(ParseResult.decodeUnknownEither(schema)(answer)))
    }
  })

  it.prop("encodes any input as the schema does, with the same faults", [params, bodies], (inputs) => {
    for (const { params, body } of rows) {
      for (const schema of [params ?? S.Undefined, body ?? S.Undefined] as ReadonlyArray<S.Schema<unknown, unknown>>) {
        for (const input of inputs) {
          expect(told(encoder(schema)(input))).toEqual(told(ParseResult.encodeUnknownEither(schema, strictly)(input)))
        }
      }
    }
  })

  it.prop("encodes any custom fields as the schema does", [bodies, customFields], (all) => {
    const [body, customFields] = all
    for (const row of rows) {
      const schema = (row.body ?? S.Undefined) as S.Schema<unknown, unknown>
      const input = { ...body, customFields }
      expect(told(encoder(schema)(input))).toEqual(told(ParseResult.encodeUnknownEither(schema, strictly)(input)))
    }
  })

  it("uses the schema for a transformation with an effect", () => {
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

  it.prop("decodes an encoded contact to a valid contact", [fc.contact], ([contact]) => {
    const read = Either.getOrThrow(decoder(Contact)(S.encodeSync(Contact)(contact)))
    expect(S.is(Contact)(read)).toBe(true)
    expect(read).toEqual(S.decodeSync(Contact)(S.encodeSync(Contact)(contact)))
  })

  it.prop(
    "gives the schema's result for transformations, filters, unions and records",
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

  it("gives the schema's result for unions of structs and for schemas with their own parse options", () => {
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

describe("a deeply nested value", () => {
  const fileOf = (levels: number) => ({ customFields: [{ id: "f", value: { u: { url: "u", more: nested(levels) } } }] })

  it.each([200, 1300, 20_000])("of %s levels is rejected by every input schema, with a message", (levels) => {
    for (const row of [updateContact, upsertContact]) {
      const body = row.body as S.Schema<unknown, unknown>
      const input = { locationId: "l", ...fileOf(levels) }
      const strict = ParseResult.encodeUnknownEither(body, strictly)
      for (const encode of [boundedEncoder(body), strict]) {
        const lines = faults(Either.getOrThrow(Either.flip(encode(input))))
        expect(lines).toContain(`customFields.0.value ${tooDeep}`)
      }
    }
  })

  it("is rejected as input of an endpoint that accepts any body", () => {
    const anything = boundedEncoder(S.Unknown)
    expect(Either.isRight(anything(nested(100)))).toBe(true)
    for (const levels of [101, 1300, 20_000]) {
      expect(faults(Either.getOrThrow(Either.flip(anything(nested(levels)))))).toEqual([`the input ${tooDeep}`])
    }
    const circular: { self?: unknown } = {}
    circular.self = circular
    expect(faults(Either.getOrThrow(Either.flip(anything(circular))))).toEqual([`the input ${tooDeep}`])
  })

  it("is rejected by a recursive schema without a defect", () => {
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

  it("becomes JSON text in a decoded file field, and can be written back", () => {
    const [field] = S.decodeUnknownSync(Contact)({ id: "c", ...fileOf(1300) }).customFields ?? []
    expect(typeof field?.value).toBe("string")
    expect(S.is(CustomField)(field)).toBe(true)
  })
})
