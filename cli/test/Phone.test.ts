import { describe, expect, it } from "@effect/vitest"
import { phoneFault } from "../src/import/Phone.js"

describe("a phone number", () => {
  it("is accepted with common punctuation", () => {
    for (const phone of [
      "+15550100001",
      "15550100001",
      "0015550100001",
      "(555) 010-0001",
      "+1 (555) 010.0001",
      "(+44) 20 7946 0018",
      "+49 (0)30 901820/0",
      "030.901820",
      "612.345.678",
      "+47 22 00 00 01",
      "555\u2013010\u20130001",
      "555\u00a0010\u00a00001",
      " +15550100001 "
    ]) {
      expect([phone, phoneFault(phone)]).toEqual([phone, undefined])
    }
  })

  it("is rejected if a spreadsheet has corrupted it, with the kind of corruption in the message", () => {
    for (const [phone, fault] of [
      ["1.55501E+10", /scientific notation/],
      ["1,55501E+10", /scientific notation/],
      ["155501e5", /scientific notation/],
      ["#REF!", /error value/],
      ["#ERROR!", /error value/],
      ["#DIV/0!", /error value/],
      ["#WERT!", /error value/],
      ["########", /error value/],
      ["#N/A", /placeholder/],
      ["N/A", /placeholder/],
      ["NULL", /placeholder/],
      ["nan", /placeholder/],
      ["None", /placeholder/],
      ["undefined", /placeholder/],
      ["TRUE", /placeholder/],
      ["-", /placeholder/],
      ["0", /placeholder/],
      ["0000000000", /placeholder/],
      ["15550100001.0", /decimal number/],
      ["15550100001,00", /decimal number/],
      ['="+15550100004"', /formula/],
      ["=A1", /formula/],
      ["'+15550100003", /text mark/],
      ["’+15550100003", /text mark/],
      ["-15550100001", /negative number/],
      ["15,550,100,001", /thousands/],
      ["2026-11-27", /date/],
      ["25.09.1990", /date/],
      ["9/25/1990", /date/]
    ] as const) {
      expect([phone, phoneFault(phone)]).toEqual([phone, expect.stringMatching(fault)])
    }
  })

  it("is rejected if it is other text, too short, too long, or a single repeated digit", () => {
    for (const phone of [
      "call me",
      "1-800-FLOWERS",
      "ada@example.com",
      "911",
      "12345",
      "5550100001/5550100002",
      "+49 30 1234567/8",
      "5550100001 / 22",
      "5550100001, 5550100002",
      "1111111111",
      "+",
      "()",
      "555+0100001",
      "1".repeat(80_000),
      "\u202a+15550100001\u202c"
    ]) {
      expect([phone, phoneFault(phone)]).toEqual([phone, expect.any(String)])
    }
  })
})
