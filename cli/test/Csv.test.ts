import { describe, expect, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import { parse } from "csv-parse/sync"
import { CsvParser } from "../src/import/Csv.js"

const parsed = (pieces: ReadonlyArray<string>, delimiter = ",") => {
  const parser = new CsvParser(delimiter, 1)
  return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()]
}

const cellsOf = (...pieces: ReadonlyArray<string>) => parsed(pieces).map(({ cells }) => cells)

/** Texts of what matters to a parser of CSV, in pieces. */
const pieces = fc.array(
  fc
    .array(fc.constantFrom('"', '""', ",", ";", "\n", "a", "bc", " ", '\n"', '",', '"\n'), { maxLength: 12 })
    .map((parts) => parts.join("")),
  { maxLength: 6 }
)

describe("a CSV", () => {
  it("is split as a library for it does, wherever its text is cut", () => {
    fc.assert(
      fc.property(pieces, fc.constantFrom(",", ";"), (texts, delimiter) => {
        const text = texts.join("")
        const options = { delimiter, record_delimiter: "\n", relax_column_count: true, relax_quotes: true }
        let expected: ReadonlyArray<ReadonlyArray<string>> | undefined
        try {
          expected = parse(text, options)
        } catch {
          expect(() => parsed(texts, delimiter)).toThrow(/has no " at its end/)
          return
        }
        expect(parsed(texts, delimiter).map(({ cells }) => cells)).toEqual(expected)
      }),
      { numRuns: 2000 }
    )
  })

  it("has the line of each record, whatever line ends are in its cells", () => {
    expect(parsed(['a,b\n"x\n', 'y","z"\n\nlast,"1\n2\n3"\nend']).map(({ line }) => line)).toEqual([1, 2, 4, 5, 8])
  })

  it("keeps quotes that begin no cell, and takes no time for a cell that never ends but to read it", () => {
    expect(cellsOf('6" pipe,"A" Ltd,a"b"\n')).toEqual([['6" pipe', '"A" Ltd', 'a"b"']])
    expect(cellsOf('"a ""b"" c","","\n"')).toEqual([['a "b" c', "", "\n"]])
    const long = Array.from({ length: 3000 }, () => "x,y\n".repeat(1000))
    expect(() => parsed(['a,"', ...long])).toThrow(/^Line 1: a cell that begins with " has no " at its end$/)
  })
})
