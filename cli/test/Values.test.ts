import { describe, expect, it } from "@effect/vitest"
import { countryOf } from "../src/import/Countries.js"
import { observeDay, orderOf, readDay } from "../src/import/Days.js"
import { readList } from "../src/import/Lists.js"
import { markOf, observeNumber, readNumber } from "../src/import/Numbers.js"
import { readPhone } from "../src/import/Phone.js"

const days = (cells: ReadonlyArray<string>) => {
  const evidence = { dayFirst: 0, monthFirst: 0 }
  for (const cell of cells) observeDay(cell, evidence)
  return cells.map((cell) => Object.values(readDay(cell, orderOf(evidence), 2026))[0] as unknown)
}

const numbers = (cells: ReadonlyArray<string>, isCommaLikely = false) => {
  const evidence = { point: 0, comma: 0 }
  for (const cell of cells) observeNumber(cell, evidence)
  return cells.map((cell) => Object.values(readNumber(cell, markOf(evidence), isCommaLikely))[0] as unknown)
}

describe("a date cell", () => {
  it("is read in the formats of spreadsheets, with the day and month order of its column", () => {
    expect(days(["05.09.1990", "25.09.1990"])).toEqual(["1990-09-05", "1990-09-25"])
    expect(days(["9/5/1990", "12/25/88"])).toEqual(["1990-09-05", "1988-12-25"])
    expect(days(["33121", "1990-09-25 00:00:00", "25-Sep-90", "25. September 1990", "Sep 25, 1990"])).toEqual([
      "1990-09-05",
      ...Array.from({ length: 4 }, () => "1990-09-25")
    ])
  })

  it("is rejected if its column has an ambiguous or contradictory order, or if it is no date", () => {
    for (const cells of [["05.09.1990"], ["05.09.1990", "25.09.1990", "09.25.1990"]]) {
      expect(days(cells)[0]).toMatch(/day or the month first/)
    }
    expect(days(["05/05/1990"])).toEqual(["1990-05-05"])
    expect(days(["31.02.1990", "2026-02-30", "soon", "09/25", "1990"])).toEqual([
      "must be a real day",
      "must be a real day",
      "must be a day, as 1990-09-25",
      expect.stringContaining("has no year"),
      expect.stringContaining("has only a year")
    ])
  })
})

describe("a number cell", () => {
  it("is read with the decimal separator of its column, and rejected if it is ambiguous", () => {
    expect(numbers(["1.234", "2,5"])).toEqual([1234, 2.5])
    expect(numbers(["1,234", "2.5", "$ 7"])).toEqual([1234, 2.5, 7])
    expect(numbers(["1,234"])).toEqual([1234])
    expect(numbers(["1.234"], true)[0]).toMatch(/may be 1234 or 1.234/)
  })
})

describe("a cell", () => {
  it("is read as a list separated by semicolons, by commas for tags, or as a JSON array", () => {
    expect(readList('"newsletter","vip"', undefined, true)).toEqual(["newsletter", "vip"])
    expect(readList("1,000-5,000", undefined, false)).toEqual(["1,000-5,000"])
    expect(readList("1,000; 2,000", undefined, false)).toEqual(["1,000", "2,000"])
    expect(readList('["a","b"]', undefined, false)).toEqual(["a", "b"])
    expect(readList("a/b", "/", true)).toEqual(["a", "b"])
  })

  it("is read as a country by its code or name", () => {
    expect(["USA", "United States", "us", "UK", "Deutschland", "Österreich", "nowhere"].map(countryOf)).toEqual([
      ...["US", "US", "US", "GB", "DE", "AT"],
      undefined
    ])
  })

  it("is read as a phone number, with the code of the given country added if it has none", () => {
    expect(readPhone("(555) 010-0104", "US")).toEqual({ phone: "+15550100104" })
    expect(readPhone("030 901820", "DE")).toEqual({ phone: "+4930901820" })
    expect(readPhone("030 901821", "DE")).toEqual({ phone: "+4930901821" })
    expect(readPhone("+49 (0)30 901820", undefined)).toEqual({ phone: "+4930901820" })
    expect(readPhone("(555) 010-0104", undefined)).toEqual({ phone: "(555) 010-0104" })
    expect(readPhone("+999 1234567", undefined)).toHaveProperty("fault")
  })
})
