// Reads phone numbers, and detects cells in which a spreadsheet has spoilt one.
import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from "libphonenumber-js/min"

/** The number of digits of the shortest and of the longest phone number, with its country code (E.164). */
const digits = { fewest: 7, most: 15 } as const

/** The length of the longest phone number with its punctuation, in characters. */
const longest = 40

const remedy = "format the column as text and export it again"

/** Texts that stand for "no value". */
const placeholders = new Set(
  (
    "n/a na n.a n.a. #n/a nil null none nan undefined unknown true false yes no tbd tba empty blank missing inf infinity " +
    "- -- --- . ? x xx xxx keine kein unbekannt"
  ).split(" ")
)

const isDate = (text: string): boolean => {
  const [, a, b, c] = /^(\d{1,4})[-./](\d{1,2})[-./](\d{1,4})$/.exec(text) ?? []
  if (a === undefined || b === undefined || c === undefined) return false
  const [year, rest] = a.length === 4 ? [a, c] : [c, a]
  const isDayAndMonth = [b, rest].every((part) => part.length <= 2 && Number(part) >= 1 && Number(part) <= 31)
  return year.length === 4 && /^(?:19|20)/.test(year) && isDayAndMonth && Math.min(Number(b), Number(rest)) <= 12
}

/** The forms into which spreadsheets convert phone numbers, each with its error message. */
const artefacts: ReadonlyArray<readonly [is: (text: string) => boolean, fault: string]> = [
  [(text) => placeholders.has(text.toLowerCase()), "is a placeholder for no value: leave the cell empty"],
  [(text) => text.startsWith("#"), `is an error value of a spreadsheet: ${remedy}`],
  [(text) => text.startsWith("="), `is a formula of a spreadsheet: ${remedy}`],
  [(text) => /^['’‘"`]/.test(text), "begins with the text mark of a spreadsheet ('): remove it"],
  [
    (text) => /^[+-]?\d+(?:[.,]\d+)?e[+-]?\d+$/i.test(text),
    `is in the scientific notation of a spreadsheet, which has lost digits: ${remedy}`
  ],
  [(text) => /^[+-]?\d+[.,]\d{1,2}$/.test(text), `is a decimal number of a spreadsheet: ${remedy}`],
  [(text) => /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/.test(text), `is a number with thousands separators: ${remedy}`],
  [(text) => text.startsWith("-"), `is a negative number: ${remedy}`],
  [isDate, `is a date: ${remedy}`],
  [(text) => /^0+$/.test(text), "is a placeholder for no value: leave the cell empty"]
]

/** The form of a phone number: digits, blanks, brackets, dots, slashes and any dash, optionally after a plus. */
const punctuated = /^\(?\+?[\d\s().\-/\u2010-\u2015]+$/

/** The reason why a text is not a phone number; undefined if it is one. The message does not repeat the text. */
export const phoneFault = (phone: string): string | undefined => {
  const text = phone.trim()
  if (text.length > longest) return `has more than ${longest} characters`
  const artefact = artefacts.find(([is]) => is(text))
  if (artefact !== undefined) return artefact[1]
  if (!punctuated.test(text)) return "must be digits, with spaces and + ( ) - . / between them"
  if (/\/\s*[1-9]\d{0,2}$/.test(text)) return "has an extension or a second number after a slash: write one number"
  const number = text.replace(/\D/g, "")
  const significant = number.replace(/^0+/, "")
  if (number.length < digits.fewest) return `has fewer than ${digits.fewest} digits`
  if (significant.length > digits.most) return `has more than ${digits.most} digits: write one number`
  return /^(\d)\1+$/.test(number) ? "repeats one digit: leave the cell empty" : undefined
}

/** A phone number, or the fault: a sentence that follows the name of the field. */
export type PhoneResult = { readonly phone: string } | { readonly fault: string }

/** Whether phone numbers of a country can be read. */
export const isPhoneCountry = (country: string): country is CountryCode => isSupportedCountry(country)

const parsed = (text: string, country: CountryCode | undefined): string | undefined => {
  const number = parsePhoneNumberFromString(text, country)
  return number?.isPossible() === true ? number.number : undefined
}

/** The way from written digits to a number in E.164: the count of leading digits to drop, and the prefix to add. */
interface Pattern {
  readonly drops: number
  readonly adds: string
}

const patternOf = (digits: string, number: string): Pattern | undefined => {
  for (let drops = 0; drops <= 4; drops += 1) {
    const rest = digits.slice(drops)
    if (number.endsWith(rest)) return { drops, adds: number.slice(0, number.length - rest.length) }
  }
  return undefined
}

/** A cache of patterns by first digits and length. The phone library takes a hundred times as long as a lookup here. */
const patterns = new Map<string, Pattern>()
const mostPatterns = 100_000

const numberOf = (text: string, country: CountryCode | undefined): string | undefined => {
  const digits = text.replace(/\D/g, "")
  const isInternational = /^\(?\+/.test(text)
  const key = `${isInternational ? "+" : country}${digits.slice(0, 5)} ${digits.length}`
  const known = patterns.get(key)
  if (known !== undefined) return known.adds + digits.slice(known.drops)
  const number = parsed(text, country)
  const pattern = number === undefined ? undefined : patternOf(digits, number)
  if (pattern !== undefined && patterns.size < mostPatterns) patterns.set(key, pattern)
  return number
}

/**
 * Reads a cell as a phone number. A number with a country code (`+` or `00`), or any number if `country` is given, becomes
 * `+` and digits (E.164). Otherwise it stays as written, and the service reads it as a number of the location's country.
 */
export const readPhone = (cell: string, country: CountryCode | undefined): PhoneResult => {
  const fault = phoneFault(cell)
  if (fault !== undefined) return { fault }
  // The national zero in brackets is dropped if there is a country code: +49 (0)30.
  const text = cell.trim().replace(/^(\(?\+[\d\s).]*)\(0\)/, "$1")
  const international = text.replace(/^00(?=[1-9])/, "+")
  if (country === undefined && !/^\(?\+/.test(international)) return { phone: cell.trim() }
  const number = numberOf(international, country)
  if (number !== undefined) return { phone: number }
  return {
    fault:
      country === undefined || international.startsWith("+")
        ? "has an unknown country code, or too few or too many digits for it"
        : `is not a number of ${country}: write it with its country code, such as +44 20 7946 0018`
  }
}
