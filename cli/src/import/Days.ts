// Reads dates as people and spreadsheets write them. All cells of a column together decide the order of day and month.

/** The order in which a column writes day, month and year as numbers. */
export type DayOrder = "DayFirst" | "MonthFirst" | "YearFirst"

/** The evidence in the dates of a column for their order. */
export interface DayEvidence {
  /** The number of dates that can only be read with the day first. */
  dayFirst: number
  /** The number of dates that can only be read with the month first. */
  monthFirst: number
}

/** A date `YYYY-MM-DD`, or the fault: a sentence that follows the name of the field. */
export type DayResult = { readonly day: string } | { readonly fault: string }

const monthNames: ReadonlyArray<string> = [
  "jan januar january janvier enero gennaio januari jänner janeiro ene janv",
  "feb februar february février fevrier febrero febbraio februari fevereiro fév",
  "mar märz maerz march mars marzo maart mrz mär março",
  "apr april avril abril aprile avr abr",
  "may mai mayo maggio mei maj maio",
  "jun juni june juin junio giugno junho",
  "jul juli july juillet julio luglio julho juil",
  "aug august août aout agosto augustus ago",
  "sep sept september septembre septiembre settembre setembro set",
  "oct okt october oktober octobre octubre ottobre outubro",
  "nov november novembre noviembre novembro",
  "dec dez december dezember décembre decembre diciembre dicembre dezembro dic déc"
]

const months = new Map(monthNames.flatMap((names, index) => names.split(" ").map((name) => [name, index + 1] as const)))

/** Excel's dates as numbers: the day that counts as 0, and the first and last number that is read as a date. */
const serials = { epoch: Date.UTC(1899, 11, 30), first: 367, last: 73_050 } as const

const dayMillis = 86_400_000

const fault = (text: string) => ({ fault: text }) as const

const isoOf = (year: number, month: number, day: number): DayResult => {
  const date = new Date(Date.UTC(2000, month - 1, day))
  date.setUTCFullYear(year, month - 1, day)
  const isReal =
    year >= 1000 && date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return isReal ? { day: date.toISOString().slice(0, 10) } : fault("must be a real day")
}

/** The year of a text. Two digits mean the latest such year that is not in the future. */
const yearOf = (text: string, thisYear: number): number => {
  if (text.length > 2) return Number(text)
  const year = 2000 + Number(text)
  return year > thisYear ? year - 100 : year
}

const numeric = /^(\d{1,4})([-./_ ])\s*(\d{1,2})\2\s*(\d{1,4})$/
const namedDayFirst = /^(\d{1,2})(?:\.|st|nd|rd|th)?[\s./-]*(?:de\s+)?(\p{L}+)\.?[\s./,-]*(?:de\s+)?(\d{4}|\d{2})$/iu
const namedMonthFirst = /^(\p{L}+)\.?[\s/-]*(\d{1,2})(?:st|nd|rd|th)?[\s/,-]+(\d{4}|\d{2})$/iu
/** A year alone. As a number of Excel it would mean a day of 1905, which nobody means. */
const onlyYear = /^(?:19\d\d|20\d\d|2100)$/
const withoutYear = /^(?:--)?\d{1,2}[-./]\d{1,2}\.?$/

/** Removes a time of day, which a date of birth does not need. */
const withoutTime = (text: string): string =>
  text.replace(/[T\s]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[ap]\.?m\.?)?\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})?$/i, "")

type Numbers = readonly [first: string, second: string, third: string]

const numbersOf = (text: string): Numbers | undefined => {
  const [, first, , second, third] = numeric.exec(text) ?? []
  return first === undefined || second === undefined || third === undefined ? undefined : [first, second, third]
}

/** Adds a cell to the evidence of its column. */
export const observeDay = (cell: string, evidence: DayEvidence): void => {
  const [first = "", second = ""] = numbersOf(withoutTime(cell.trim())) ?? []
  if (first.length > 2 || first === "") return
  if (Number(first) > 12 && Number(second) <= 12) evidence.dayFirst += 1
  if (Number(second) > 12 && Number(first) <= 12) evidence.monthFirst += 1
}

/** The order of a column; undefined if its dates show none, or both. */
export const orderOf = ({ dayFirst, monthFirst }: DayEvidence): DayOrder | undefined => {
  if (dayFirst > 0 && monthFirst === 0) return "DayFirst"
  return monthFirst > 0 && dayFirst === 0 ? "MonthFirst" : undefined
}

const ambiguousDay =
  "may have the day or the month first, and no other day of the column shows which: give --date-format DD/MM/YYYY " +
  "or MM/DD/YYYY"

const fromNumbers = ([first, second, third]: Numbers, order: DayOrder | undefined, thisYear: number): DayResult => {
  if (first.length > 2) return isoOf(Number(first), Number(second), Number(third))
  if (order === "YearFirst") return isoOf(yearOf(first, thisYear), Number(second), Number(third))
  if (third.length !== 2 && third.length !== 4) return fault("must be a real day")
  const year = yearOf(third, thisYear)
  const [a, b] = [Number(first), Number(second)]
  if (order === "DayFirst") return isoOf(year, b, a)
  if (order === "MonthFirst") return isoOf(year, a, b)
  if (a === b) return isoOf(year, a, b)
  if (a > 12) return isoOf(year, b, a)
  return b > 12 ? isoOf(year, a, b) : fault(ambiguousDay)
}

const fromNames = (text: string, thisYear: number): DayResult | undefined => {
  const [, day, month, year] = namedDayFirst.exec(text) ?? []
  const [, otherMonth, otherDay, otherYear] = namedMonthFirst.exec(text) ?? []
  const number = months.get((month ?? otherMonth ?? "").toLowerCase())
  const [theDay, theYear] = month === undefined ? [otherDay, otherYear] : [day, year]
  if (number === undefined || theDay === undefined || theYear === undefined) return undefined
  return isoOf(yearOf(theYear, thisYear), number, Number(theDay))
}

/** Reads a cell as a date `YYYY-MM-DD`. `order` comes from `--date-format` or from the cells of its column. */
export const readDay = (cell: string, order: DayOrder | undefined, thisYear: number): DayResult => {
  const text = withoutTime(cell.trim()).trim()
  const numbers = numbersOf(text)
  if (numbers !== undefined) return fromNumbers(numbers, order, thisYear)
  const compact = /^(\d{4})(\d{2})(\d{2})$/.exec(text)
  if (compact !== null) return isoOf(Number(compact[1]), Number(compact[2]), Number(compact[3]))
  if (onlyYear.test(text)) return fault("has only a year: write it as 1990-09-25, or leave the column out")
  if (/^\d{3,5}(?:[.,]\d+)?$/.test(text)) {
    const serial = Math.floor(Number(text.replace(",", ".")))
    if (serial < serials.first || serial > serials.last) return fault("must be a day, as 1990-09-25")
    return { day: new Date(serials.epoch + serial * dayMillis).toISOString().slice(0, 10) }
  }
  if (withoutYear.test(text)) return fault("has no year: write it as 1990-09-25, or leave the column out")
  return fromNames(text, thisYear) ?? fault("must be a day, as 1990-09-25")
}

/** The order of a format such as `DD.MM.YYYY`; undefined if it is not one. */
export const orderOfFormat = (format: string): DayOrder | undefined => {
  const letters = format
    .toUpperCase()
    .replace(/[^DMY]/g, "")
    .replace(/(.)\1+/g, "$1")
  if (letters === "DMY") return "DayFirst"
  if (letters === "MDY") return "MonthFirst"
  return letters === "YMD" ? "YearFirst" : undefined
}
