// Pure functions that redact the service's messages before an error shows them.
import { isoDayOfText } from "../fields/lenient.js"

/** The limits of redacted text. `lines` and `faults` are counts of lines, the others are numbers of characters. */
export const limits = { scanned: 2048, prefix: 24, message: 500, line: 300, lines: 20, faults: 100, name: 100 } as const

/** Shortens a text to at most `length` characters, with an ellipsis at the end. */
export const cut = (text: string, length: number) => (text.length <= length ? text : `${text.slice(0, length - 1)}…`)

const blank = "[redacted]"

const tokens = /\bBearer\s+\S+|\bpit-[\w-]+|\beyJ[\w-]+(?:\.[\w-]*)*/gi
const emails = /[^\s@"'<>()[\]:;,]{1,64}@[^\s@"'<>()[\]:;,]{1,255}/g
/** Matches runs of digits that look like phone numbers, but not dates. */
const phones = /(?<![\p{L}\p{N}-])(?!\d{4}-\d\d-\d\d(?!\d))\+?\(?\d[\d\s().-]{5,30}\d(?![\p{L}\p{N}-])/gu

const escapeRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")

/** The words of the service's own messages. They are not redacted, even if the request contained them (in a tag, say). */
const vocabulary = new Set(
  (
    "a access address allow allowed an and are array at be boolean can cannot characters code contact contacts date " +
    "does duplicate duplicated duplicates each email empty exist field for found has have id in invalid is it least " +
    "location longer missing must name no not number object of one only or phone property required should shorter " +
    "string tag tags text than the this to token type unknown valid value was with"
  ).split(" ")
)

/** Matches characters of scripts that write words without spaces between them. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u

const isWord = (text: string) => text.length < 12 && /^[\p{L}\p{N}]+$/u.test(text) && !unspaced.test(text)

/** Normalizes white space and Unicode composition, so that equal texts compare as equal. */
const normalized = (text: string) => text.normalize("NFC").replace(/\s+/g, " ").trim()

// --- the forms in which a message repeats a value ----------------------------------------------------------------------

/** Percent-encodes a text. Lone surrogates are replaced, because `encodeURIComponent` throws on them. */
const percentEncoded = (text: string) => encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd"))

/** The most words of a name. A longer text is not a name, and its single words are not personal data. */
const mostWordsOfName = 8

/** The words of a name, and the parts of words that are joined by a hyphen or an apostrophe. */
const partsOf = (text: string): ReadonlyArray<string> => {
  const words = text.split(/[\s,;]+/)
  if (words.length > mostWordsOfName) return []
  const joined = words.filter((word) => /^\p{L}+(?:[-'\u2019]\p{L}+)+$/u.test(word))
  return [...words, ...joined.flatMap((word) => word.split(/[-'\u2019]/)).filter((part) => part.length > 2)]
}

const monthNames = "january february march april may june july august september october november december".split(" ")

/** A date in the usual written forms, with padded and unpadded digits, and as a timestamp in milliseconds and in seconds. */
const dayForms = (text: string): ReadonlyArray<string> => {
  const iso = isoDayOfText(/^\d{4}-\d\d-\d\dt/.test(text) ? text.slice(0, 10) : text)
  if (iso === undefined) return []
  const [year, month, day] = iso.split("-") as [string, string, string]
  const name = monthNames[Number(month) - 1]!
  const millis = Math.abs(Date.parse(iso))
  const numeric = [
    { m: month, d: day },
    { m: String(Number(month)), d: String(Number(day)) }
  ].flatMap(({ m, d }) =>
    ["-", "/", ".", "_", ""].flatMap((between) =>
      [
        [year, m, d],
        [m, d, year],
        [d, m, year]
      ].map((p) => p.join(between))
    )
  )
  const written = [day, String(Number(day))].flatMap((d) =>
    [name, name.slice(0, 3)].flatMap((m) => [`${m} ${d} ${year}`, `${m} ${d}, ${year}`, `${d} ${m} ${year}`])
  )
  return [...numeric.filter((form) => form.length >= 8), ...written, String(millis), String(millis / 1000)]
}

/** The forms of a value to redact: the whole text, percent-encoded, its single words, and the other forms of a date. */
const forms = (secret: string): ReadonlyArray<string> => {
  const text = normalized(secret).toLowerCase()
  const encoded = percentEncoded(text).toLowerCase()
  return [text.slice(0, limits.scanned), encoded.slice(0, limits.scanned), ...partsOf(text), ...dayForms(text)]
}

/**
 * Matches the occurrences of a phrase. A short phrase must stand as whole words, because it may be part of another word by
 * chance. After digits a letter may follow, as in a timestamp.
 */
const occurrences = (phrase: string) => {
  if (phrase.length >= 12 || unspaced.test(phrase)) return new RegExp(escapeRegExp(phrase), "giu")
  const after = /\d$/.test(phrase) ? "\\p{N}" : "\\p{L}\\p{N}"
  return new RegExp(`(?<![\\p{L}\\p{N}])${escapeRegExp(phrase)}(?![${after}])`, "giu")
}

const commonLength = (text: string, other: string): number => {
  let length = 0
  while (length < text.length && text[length] === other[length]) length += 1
  return length
}

/** Redacts a phrase. A long phrase is recognized by its beginning and redacted as far as the text matches it. */
const withoutPhrase = (text: string, phrase: string): string => {
  if (phrase.length <= limits.prefix) return text.replace(occurrences(phrase), blank)
  const start = text.toLowerCase().indexOf(phrase.slice(0, limits.prefix))
  if (start === -1) return text
  const rest = text.slice(start)
  const length = commonLength(rest.toLowerCase(), phrase)
  return text.slice(0, start) + blank + withoutPhrase(rest.slice(length), phrase)
}

/** A text without spaces of at least `length` characters, such as a token, is recognized by its first `head` characters. */
const token = { length: 16, head: 8 } as const

/** Whether a text begins like a token that was sent. Services show the first characters of a token in their messages. */
const startsLikeSecret = (secrets: ReadonlyArray<string>) => {
  const heads = new Set(
    secrets
      .flatMap((secret) => normalized(secret).toLowerCase().split(" "))
      .filter((part) => part.length >= token.length)
      .map((part) => part.slice(0, token.head))
  )
  return (run: string) => {
    const lowered = run.toLowerCase()
    return heads.has(lowered.slice(0, token.head)) && !vocabulary.has(lowered)
  }
}

/** Matches runs of the characters of a token (RFC 6750, 2.1). */
const tokenRuns = /[\w.~+/=-]{8,}/g

/** Makes a function that redacts secrets in a text, whatever their case. Words are in a set, because there may be many. */
export const concealing = (secrets: ReadonlyArray<string>): ((text: string) => string) => {
  const known = Array.from(new Set(secrets.flatMap(forms))).filter(
    (secret) => (secret.length > 1 || unspaced.test(secret)) && !vocabulary.has(secret)
  )
  const words = new Set(known.filter(isWord))
  const phrases = known.filter((secret) => !isWord(secret)).sort((a, b) => b.length - a.length)
  const isHead = startsLikeSecret(secrets)
  const conceal = (text: string) => {
    const lowered = text.toLowerCase()
    return phrases
      .filter((phrase) => lowered.includes(phrase.slice(0, limits.prefix)))
      .reduce(withoutPhrase, text)
      .replace(tokenRuns, (run) => (isHead(run) ? blank : run))
      .replace(/[\p{L}\p{N}]+/gu, (word) => (words.has(word.toLowerCase()) ? blank : word))
  }
  return (text) => {
    const plain = unescaped(text)
    const concealed = conceal(plain)
    // The text keeps its escapes, unless a secret is found only in the unescaped text.
    return concealed === plain ? conceal(text) : concealed
  }
}

// --- escapes -----------------------------------------------------------------------------------------------------------

const namedEntities: { readonly [name: string]: string } = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " "
}

const characterOf = (code: number) => (code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd")

const percentDecoded = (encoded: string) => {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}

const unescapedOnce = (text: string): string =>
  text
    .replace(/&#(?:x([\da-f]{1,6})|(\d{1,7}));?/gi, (_, hex: string | undefined, decimal: string) =>
      characterOf(hex === undefined ? Number(decimal) : parseInt(hex, 16))
    )
    .replace(/&([a-z]{2,4});/gi, (entity, name: string) => namedEntities[name.toLowerCase()] ?? entity)
    .replace(/\\u([\da-f]{4})/gi, (_, hex: string) => characterOf(parseInt(hex, 16)))
    .replace(/(?:%[\da-f]{2})+/gi, percentDecoded)

/** Decodes HTML, JSON and URL escapes, up to two levels deep. */
const unescaped = (text: string): string => normalized(unescapedOnce(unescapedOnce(text)))

export type Conceal = ReturnType<typeof concealing>

/** Redacts sent values, tokens, emails and phone numbers in lines, and limits the length and number of the lines. */
export const redactedLines = (
  lines: ReadonlyArray<string>,
  conceal: Conceal,
  most: number = limits.lines
): ReadonlyArray<string> =>
  lines.slice(0, most).map((line) => {
    const hidden = conceal(normalized(line.slice(0, limits.scanned)))
      .replace(tokens, blank)
      .replace(emails, blank)
      .replace(phones, blank)
    return cut(hidden.replace(/\p{Cc}+/gu, " ").trim(), limits.line)
  })
