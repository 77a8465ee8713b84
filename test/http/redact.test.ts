// Redaction of the service's messages: the forms in which a message can repeat a sent value.
import { describe, expect, it } from "@effect/vitest"
import { concealing, cut, limits, redactedLines } from "../../src/http/redact.js"

const redacted = "[redacted]"

/** Replaces the sent values in a text. `#` in an expectation stands for a redacted value. */
const expectText = (sent: string, text: string, expected: string) =>
  expect(concealing([sent])(text), `${sent} in ${text}`).toBe(expected.replaceAll("#", redacted))

describe("a sent value", () => {
  it.each([
    ["Ada", "Adamant Ada, ADA", "Adamant #, #"],
    ["Ada Lovelace", "no Lovelace", "no #"],
    ["Ada;Lovelace,  Byron", "Byron", "#"],
    // A word of eleven characters is matched as a word, a longer one anywhere.
    ["abcdefghijk", "abcdefghijkl", "abcdefghijkl"],
    ["abcdefghijkl", "xabcdefghijkl", "x#"],
    ["李", "李さん", "#さん"],
    ["x", "x y", "x y"],
    ["ab", "ab", "#"]
  ])("%j is redacted as a word: %j", expectText)

  it.each([
    ["O'Brien", "Brien and O", "# and O"],
    ["Ann-Marie Li", "Marie", "#"],
    ["Al-Li", "Li, Al, Al-Li", "Li, Al, #"],
    ["Jean-Luc-Marie", "Luc", "#"],
    ["a.b-cde", "cde", "cde"],
    ["one-two3", "one", "one"]
  ])("%j is redacted in its parts: %j", expectText)

  it.each([
    ["a1 b2 c3 d4 e5 f6 g7 h8", "h8", "#"],
    ["a1 b2 c3 d4 e5 f6 g7 h8 i9", "h8", "h8"]
  ])("%j is a name of at most eight words: %j", expectText)

  it.each([
    ["red_harbour", "xred_harbour", "xred_harbour"],
    ["red_harbour", "red_harbour.", "#."],
    ["blue_harbour", "xblue_harbourx", "x#x"],
    ["7-11", "7-11a 7-112 7-11", "#a 7-112 #"],
    ["4-u", "4-ux 4-u", "4-ux #"],
    ["泰-泰", "x泰-泰x", "x#x"]
  ])("%j is redacted as a phrase: %j", expectText)

  it.each([
    ["contact", "contact not found", "contact not found"],
    ["contact: Ada", "contact Ada", "contact #"]
  ])("%j keeps the words of the service's own messages: %j", expectText)

  const long = "the quick brown fox jumps over the lazy dog"

  it.each([
    [long, `it says ${long}!`, "it says #!"],
    [long, "it says The Quick Brown Fox jumps-up", "it says #-up"],
    [long, "it says the quick brown cat", "it says the quick brown cat"],
    [long, `${long}${long}`, "##"],
    ["twenty-four-characters-x", "atwenty-four-characters-x", "a#"],
    ["twenty-five-characters-xy", "atwenty-five-characters-x", "a#"]
  ])("%j is redacted as far as it is repeated: %j", expectText)

  it.each([
    ["abcdefgh12345678", "abcdefgh-was refused, abcdefg", "# refused, abcdefg"],
    ["say abcdefgh12345678", "abcdefghij", "#"],
    ["abcdefgh1234567", "abcdefghij", "abcdefghij"]
  ])("%j, like a token, is recognized by its first characters: %j", expectText)

  it.each([
    ["O'Brien", "O&#39;Brien", "#"],
    ["O'Brien", "O&#x27;Brien", "#"],
    ["O'Brien", "O&#39Brien", "#"],
    ["O'Brien", "O&apos;Brien", "#"],
    ["O'Brien", "O&amp;#39;Brien", "#"],
    ["O'Brien", "O\\u0027Brien", "#"],
    ["Löwe Äa", "L%C3%B6we%20%C3%84a", "#"],
    ["Löwe Äa", "Lo\u0308we \u00c4a", "#"],
    ["Ada", "&#9999999; &#x10ffff; %ff Ada", "\ufffd \u{10ffff} %ff #"],
    ["Ada", "&lt;b&gt; without it", "&lt;b&gt; without it"],
    ["\ud800 in a text", "%EF%BF%BD%20in%20a%20text", "#"]
  ])("%j is redacted although the message escapes it: %j", expectText)

  it.each([
    "05.09.1990",
    "5.9.1990",
    "9/5/1990",
    "09/05/1990",
    "05-09-1990",
    "1990_09_05",
    "1990/9/5",
    "19900905",
    "05091990",
    "5 Sep 1990",
    "05 September 1990",
    "September 5, 1990",
    "sep 05 1990",
    "652492800000",
    "652492800"
  ])("%s is redacted as another form of a sent date", (text) => {
    expectText("1990-09-05", `born ${text}`, "born #")
    expectText("1990-09-05T10:00:00Z", `born ${text}`, "born #")
  })

  it("does not redact short numbers that only look like a sent date, nor dates in other texts", () => {
    expectText("1990-09-05", "951990", "951990")
    expectText("x1990-09-05t", "05.09.1990", "05.09.1990")
  })
})

describe("the lines of an error", () => {
  const lines = (given: ReadonlyArray<string>) => redactedLines(given, concealing(["Ada"]))

  it("redact tokens, emails and phones that were not sent, but no dates", () => {
    expect(
      lines(["Bearer abc pit-1-2 eyJa.b", "to bob@example.com", "+1 (555) 010-0001", "on 2026-11-27 at 10"])
    ).toEqual(["[redacted] [redacted] [redacted]", "to [redacted]", "[redacted]", "on 2026-11-27 at 10"])
  })

  it("are cut, and have no control characters and no white space around them", () => {
    expect(lines([" a\u0007\u0007b\n c \u0007"])).toEqual(["a b c"])
    expect(lines(["b".repeat(limits.line)])).toEqual(["b".repeat(limits.line)])
    expect(lines(["b".repeat(limits.line + 1)])).toEqual([`${"b".repeat(limits.line - 1)}…`])
    expect(lines(Array.from({ length: limits.lines + 1 }, String)).length).toBe(limits.lines)
    expect(cut("abc", 3)).toBe("abc")
    expect(cut("abcd", 3)).toBe("ab…")
  })
})
