// Reads the cells of a file by the kinds of their columns.
import { optionReader, optionsReader, readBoxes } from "./Choices.js"
import type { Column, CustomFieldColumn } from "./Columns.js"
import { countryOf } from "./Countries.js"
import { type DayEvidence, type DayOrder, observeDay, orderOf, readDay } from "./Days.js"
import { readList } from "./Lists.js"
import { type DecimalMark, markOf, type NumberEvidence, observeNumber, readNumber } from "./Numbers.js"
import { isPhoneCountry, readPhone } from "./Phone.js"

/** The value of a cell, or the fault: a sentence that follows the name of the field. */
export type CellResult = { readonly value: unknown } | { readonly fault: string }

export type ReadCell = (cell: string) => CellResult

/** The options of the command for reading values. */
export interface ValueOptions {
  /** The order of day, month and year in dates (`--date-format`). It overrides the order that a column shows. */
  readonly dayOrder: DayOrder | undefined
  /** The country of phones without a country code. */
  readonly country: string | undefined
  readonly listSeparator: string | undefined
}

/** The evidence in the cells of a column for how to read a cell that is ambiguous by itself. */
export type Evidence = DayEvidence | NumberEvidence

const isOfDays = (column: Column) =>
  (column._tag === "Field" && column.field === "dateOfBirth") ||
  (column._tag === "CustomField" && column.kind === "date")

const isOfNumbers = (column: Column) => column._tag === "CustomField" && column.kind === "number"

/** Whether all cells of the column must be examined before one of them can be read. */
export const isJudged = (column: Column): boolean => isOfDays(column) || isOfNumbers(column)

/** Makes a judge, which observes the cells of a column and then returns how to read them. */
export const makeJudge = (column: Column) => {
  const days: DayEvidence = { dayFirst: 0, monthFirst: 0 }
  const numbers: NumberEvidence = { point: 0, comma: 0 }
  const hasDays = isOfDays(column)
  return {
    observe: (cell: string) => (hasDays ? observeDay(cell, days) : observeNumber(cell, numbers)),
    judgement: (): Judgement => ({ order: orderOf(days), mark: markOf(numbers) })
  }
}

/** The order of dates and the decimal mark with which the cells of a column are read. */
export interface Judgement {
  readonly order: DayOrder | undefined
  readonly mark: DecimalMark | undefined
}

const flags = new Map([
  ...["true", "yes", "y", "1", "ja", "oui", "si", "sí", "sim", "x"].map((word) => [word, true] as const),
  ...["false", "no", "n", "0", "nein", "non", "não", "nee"].map((word) => [word, false] as const)
])

/** Whether a text may be an email. Brackets, separators and invisible characters show a name or several values in the cell. */
const isEmail = (text: string) => /^[^\s@<>,;\p{C}]+@[^\s@<>,;\p{C}]+$/u.test(text)

/** The first of several values in one cell, which address books separate by ` ::: `. */
const firstOf = (cell: string) => (cell.includes(" ::: ") ? (cell.split(" ::: ")[0] ?? "") : cell)

const readEmail: ReadCell = (cell) => {
  const text = firstOf(cell).replace(/^mailto:/i, "")
  return isEmail(text) ? { value: text } : { fault: "must be an email" }
}

const readFlag: ReadCell = (cell) => {
  const value = flags.get(cell.toLowerCase())
  return value === undefined ? { fault: "must be yes or no" } : { value }
}

const readCountry: ReadCell = (cell) => {
  const value = countryOf(cell)
  return value === undefined ? { fault: "must be a country: its name, or its two-letter code" } : { value }
}

const phoneReader = (country: string | undefined): ReadCell => {
  const code = country !== undefined && isPhoneCountry(country) ? country : undefined
  return (cell) => {
    const result = readPhone(firstOf(cell), code)
    return "phone" in result ? { value: result.phone } : result
  }
}

const tagsReader =
  (separator: string | undefined): ReadCell =>
  (cell) => ({
    value: cell.includes(" ::: ")
      ? // The names of Google's built-in groups begin with a star. They are not tags.
        cell.split(" ::: ").filter((label) => !label.startsWith("* "))
      : readList(cell, separator, true)
  })

const dayReader = (order: DayOrder | undefined): ReadCell => {
  const thisYear = new Date().getUTCFullYear()
  return (cell) => {
    const result = readDay(cell, order, thisYear)
    return "day" in result ? { value: result.day } : result
  }
}

const numberReader =
  (mark: DecimalMark | undefined, isCommaLikely: boolean): ReadCell =>
  (cell) => {
    const result = readNumber(cell, mark, isCommaLikely)
    return "number" in result ? { value: result.number } : result
  }

const readText: ReadCell = (cell) => ({ value: cell })

/** The number of results that are cached per column. Most columns have either few distinct cells or only distinct ones. */
const cacheSize = 1000

const memoized = (read: ReadCell): ReadCell => {
  const known = new Map<string, CellResult>()
  return (cell) => {
    const before = known.get(cell)
    if (before !== undefined) return before
    const result = read(cell)
    if (known.size < cacheSize) known.set(cell, result)
    return result
  }
}

const readFiles: ReadCell = () => ({ fault: "has files, which no cell can hold: leave the column out with --ignore" })

const customFieldReader = (
  { kind, choices }: CustomFieldColumn,
  { order, mark }: Judgement,
  given: ValueOptions,
  delimiter: string
): ReadCell => {
  switch (kind) {
    case "date":
      return memoized(dayReader(given.dayOrder ?? order))
    case "number":
      return numberReader(mark, delimiter === ";")
    case "options":
      return memoized(optionsReader(choices, given.listSeparator))
    case "option":
      return memoized(optionReader(choices))
    case "phone":
      return phoneReader(given.country)
    case "email":
      return readEmail
    case "boxes":
      return readBoxes
    case "files":
      return readFiles
    case "text":
      return readText
  }
}

/** Returns the function that reads the cells of a column. The cells must be trimmed and not empty. */
export const readerOf = (column: Column, judgement: Judgement, given: ValueOptions, delimiter: string): ReadCell => {
  if (column._tag === "CustomField") return customFieldReader(column, judgement, given, delimiter)
  switch (column._tag === "Field" ? column.field : "") {
    case "email":
      return readEmail
    case "phone":
      return phoneReader(given.country)
    case "country":
      return memoized(readCountry)
    case "dateOfBirth":
      return memoized(dayReader(given.dayOrder ?? judgement.order))
    case "tags":
      return memoized(tagsReader(given.listSeparator))
    case "dnd":
    case "createNewIfDuplicateAllowed":
      return readFlag
    default:
      return readText
  }
}
