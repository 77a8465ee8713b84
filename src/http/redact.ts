// What may be shown of what the service says: pure.

/** Sizes in characters, and counts of lines. */
export const limits = { scanned: 2048, prefix: 64, message: 500, line: 300, lines: 20, faults: 100, name: 100 } as const

/** The beginning of a text, with an ellipsis where it was longer. */
export const cut = (text: string, length: number) => (text.length <= length ? text : `${text.slice(0, length - 1)}…`)

const blank = "[redacted]"

const tokens = /\bBearer\s+\S+|\bpit-[\w-]+|\beyJ[\w-]+(?:\.[\w-]*)*/gi
const emails = /[^\s@"'<>()[\]:;,]{1,64}@[^\s@"'<>()[\]:;,]{1,255}/g
/** Runs of digits as people write phone numbers; a date is none. */
const phones = /(?<![\p{L}\p{N}-])(?!\d{4}-\d\d-\d\d(?!\d))\+?\(?\d[\d\s().-]{5,30}\d(?![\p{L}\p{N}-])/gu

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")

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

/** Text that is not well-formed cannot be percent-encoded. */
const percentEncoded = (text: string) => encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd"))

/** A value in the forms in which it comes back: whole, percent-encoded, a name in its parts, a long text by its beginning. */
const forms = (secret: string): ReadonlyArray<string> => {
  const text = normalized(secret).toLowerCase()
  const parts = text.split(" ")
  const encoded = percentEncoded(text).toLowerCase()
  return [text.slice(0, limits.prefix), encoded.slice(0, limits.prefix), ...(parts.length <= 3 ? parts : [])]
}

/** Short texts count as words only; long ones occur nowhere by chance. */
const occurrences = (phrase: string) =>
  phrase.length >= 12 || unspaced.test(phrase)
    ? new RegExp(`${escaped(phrase)}${phrase.length === limits.prefix ? ".*" : ""}`, "giu")
    : new RegExp(`(?<![\\p{L}\\p{N}])${escaped(phrase)}(?![\\p{L}\\p{N}])`, "giu")

/** Blanks out what was sent, whatever its case. Words are looked up: there may be very many of them. */
export const concealing = (secrets: ReadonlyArray<string>): ((text: string) => string) => {
  const known = Array.from(new Set(secrets.flatMap(forms))).filter(
    (secret) => (secret.length > 1 || unspaced.test(secret)) && !vocabulary.has(secret)
  )
  const words = new Set(known.filter(isWord))
  const phrases = known.filter((secret) => !isWord(secret)).sort((a, b) => b.length - a.length)
  return (text) => {
    const lowered = text.toLowerCase()
    return phrases
      .filter((phrase) => lowered.includes(phrase))
      .reduce((hidden, phrase) => hidden.replace(occurrences(phrase), blank), text)
      .replace(/[\p{L}\p{N}]+/gu, (word) => (words.has(word.toLowerCase()) ? blank : word))
  }
}

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
