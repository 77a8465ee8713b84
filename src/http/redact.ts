// Redacts the service's sentences before an error shows them: pure.
import { isoDayOfText } from "../fields/lenient.js"

/** Sizes in characters, and counts of lines. */
export const limits = { scanned: 2048, prefix: 24, message: 500, line: 300, lines: 20, faults: 100, name: 100 } as const

/** The beginning of a text, with an ellipsis where it was longer. */
export const cut = (text: string, length: number) => (text.length <= length ? text : `${text.slice(0, length - 1)}…`)

const blank = "[redacted]"

const tokens = /\bBearer\s+\S+|\bpit-[\w-]+|\beyJ[\w-]+(?:\.[\w-]*)*/gi
const emails = /[^\s@"'<>()[\]:;,]{1,64}@[^\s@"'<>()[\]:;,]{1,255}/g
/** Runs of digits as people write phone numbers; a date is none. */
const phones = /(?<![\p{L}\p{N}-])(?!\d{4}-\d\d-\d\d(?!\d))\+?\(?\d[\d\s().-]{5,30}\d(?![\p{L}\p{N}-])/gu

const escapeRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")

/** The words that the service's own sentences are made of: one that was also sent, as a tag say, gives nothing away. */
const vocabulary = new Set(
  (
    "a access address allow allowed an and are array at be boolean can cannot characters code contact contacts date " +
    "does duplicate duplicated duplicates each email empty exist field for found has have id in invalid is it least " +
    "location longer missing must name no not number object of one only or phone property required should shorter " +
    "string tag tags text than the this to token type unknown valid value was with"
  ).split(" ")
)

/** Scripts that write words without blanks between them. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u

const isWord = (text: string) => text.length < 12 && /^[\p{L}\p{N}]+$/u.test(text) && !unspaced.test(text)

/** The same text is the same, however its blanks and accents were written. */
const normalized = (text: string) => text.normalize("NFC").replace(/\s+/g, " ").trim()

// --- the forms in which a value comes back -----------------------------------------------------------------------------

/** Text that is not well-formed cannot be percent-encoded. */
const percentEncoded = (text: string) => encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd"))

/** A text of more words is no name, and its words are everybody's. */
const mostWordsOfName = 8

/** The words of a name, and the parts of those that are joined by a hyphen or an apostrophe. */
const partsOf = (text: string): ReadonlyArray<string> => {
  const words = text.split(/[\s,;]+/)
  if (words.length > mostWordsOfName) return []
  const joined = words.filter((word) => /^\p{L}+(?:[-'\u2019]\p{L}+)+$/u.test(word))
  return [...words, ...joined.flatMap((word) => word.split(/[-'\u2019]/)).filter((part) => part.length > 2)]
}

const monthNames = "january february march april may june july august september october november december".split(" ")

/** A day in the forms in which dates are written, with their digits padded or not, and as milliseconds and seconds. */
const dayForms = (text: string): ReadonlyArray<string> => {
  const iso = isoDayOfText(/^\d{4}-\d\d-\d\dt/.test(text) ? text.slice(0, 10) : text)
  if (iso === undefined) return []
  const [year = "", month = "", day = ""] = iso.split("-")
  const name = monthNames[Number(month) - 1] ?? ""
  const millis = Math.abs(Date.parse(iso))
  const numeric = [
    [month, day],
    [String(Number(month)), String(Number(day))]
  ].flatMap(([m = "", d = ""]) =>
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

/** A value whole, percent-encoded, in its parts, and a day in other ways of writing it. */
const forms = (secret: string): ReadonlyArray<string> => {
  const text = normalized(secret).toLowerCase()
  const encoded = percentEncoded(text).toLowerCase()
  return [text.slice(0, limits.scanned), encoded.slice(0, limits.scanned), ...partsOf(text), ...dayForms(text)]
}

/** Short texts count as words only; long ones occur nowhere by chance. A letter may follow digits, as in a moment. */
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

/** A long text is recognized by its beginning, and blanked as far as it was repeated. */
const withoutPhrase = (text: string, phrase: string): string => {
  if (phrase.length <= limits.prefix) return text.replace(occurrences(phrase), blank)
  const start = text.toLowerCase().indexOf(phrase.slice(0, limits.prefix))
  if (start === -1) return text
  const rest = text.slice(start)
  const length = commonLength(rest.toLowerCase(), phrase)
  return text.slice(0, start) + blank + withoutPhrase(rest.slice(length), phrase)
}

/** A text of this length without blanks, such as a token, is recognized by its beginning. */
const token = { length: 16, head: 8 } as const

/** Recognizes what begins like a token that was sent: services show the head of one. */
const beginsLike = (secrets: ReadonlyArray<string>) => {
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

/** The characters that a token, or its head, is made of (RFC 6750, 2.1). */
const tokenRuns = /[\w.~+/=-]{8,}/g

/** Replaces what was sent, whatever its case. Words are looked up: there may be very many of them. */
export const concealing = (secrets: ReadonlyArray<string>): ((text: string) => string) => {
  const known = Array.from(new Set(secrets.flatMap(forms))).filter(
    (secret) => (secret.length > 1 || unspaced.test(secret)) && !vocabulary.has(secret)
  )
  const words = new Set(known.filter(isWord))
  const phrases = known.filter((secret) => !isWord(secret)).sort((a, b) => b.length - a.length)
  const isHead = beginsLike(secrets)
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
    // Shown as the service wrote it, unless its escapes hide what was sent.
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

/** Without HTML's, JSON's and URLs' escapes, also where one is inside another. */
const unescaped = (text: string): string => normalized(unescapedOnce(unescapedOnce(text)))

export type Conceal = ReturnType<typeof concealing>

/** Lines that may be shown: without what was sent and what looks like a secret, on one line each, and bounded. */
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
