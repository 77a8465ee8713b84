// Numbers, as spreadsheets write them. A column is judged as a whole: `1.234` is one number here and another one there.

/** Which character stands before the decimals. */
export type DecimalMark = "Point" | "Comma"

/** What the numbers of a column show about their decimals. */
export interface NumberEvidence {
  /** Numbers that can only be read with a decimal point. */
  point: number
  /** Numbers that can only be read with a decimal comma. */
  comma: number
}

// No digit can be part of two repetitions: that would take quadratic time.
const withPoint = /^[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:e[+-]?\d{1,3})?$/i
const withComma = /^[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)?(?:,\d*)?(?:e[+-]?\d{1,3})?$/i
/** Groups of three digits after the one or the other: `1.234`, `1,234`. */
const isGrouped = /^[+-]?\d{1,3}[.,]\d{3}$/

/** Longer ones are no numbers that anybody means. */
const longest = 40

/** Without currency, percent, blanks, and the apostrophes that Swiss thousands have. */
const bareOf = (cell: string): string =>
  cell
    .replace(/^[$€£¥\s]+|[$€£¥%\s]+$/g, "")
    .replace(/(?<=\d)['’\u00a0\u202f ](?=\d{3}(?!\d))/g, "")
    .replace(/^([+-])\s*[$€£¥]\s*/, "$1")

/** Counts what a cell shows about its column. */
export const observeNumber = (cell: string, evidence: NumberEvidence): void => {
  if (cell.length > longest) return
  const text = bareOf(cell.trim())
  if (isGrouped.test(text)) return
  const [isPoint, isComma] = [withPoint.test(text), withComma.test(text)]
  if (isPoint && !isComma) evidence.point += 1
  if (isComma && !isPoint) evidence.comma += 1
}

/** What most numbers of a column have before their decimals. */
export const markOf = ({ point, comma }: NumberEvidence): DecimalMark | undefined => {
  if (point === comma) return undefined
  return point > comma ? "Point" : "Comma"
}

/** A number, or why there is none: the sentence goes after the name of the field. */
export type NumberResult = { readonly number: number } | { readonly fault: string }

const noNumber = { fault: "must be a number" } as const

/**
 * Reads a cell as a number. `mark` is that of its column; where the column does not tell, a comma before three digits
 * separates thousands, and a point before three digits is refused if `isCommaLikely`.
 */
export const readNumber = (cell: string, mark: DecimalMark | undefined, isCommaLikely: boolean): NumberResult => {
  if (cell.length > longest) return noNumber
  const text = bareOf(cell.trim())
  if (mark === undefined && isCommaLikely && isGrouped.test(text)) {
    return { fault: `may be ${text.replace(/[.,]/, "")} or ${text.replace(",", ".")}: write it without separators` }
  }
  const isComma = mark === undefined ? !withPoint.test(text) : mark === "Comma"
  if (!/\d/.test(text) || !(isComma ? withComma : withPoint).test(text)) return noNumber
  const plain = isComma ? text.replaceAll(".", "").replace(",", ".") : text.replaceAll(",", "")
  const number = Number(plain)
  // JavaScript can represent the number without losing digits.
  const isSafe = Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number))
  return isSafe ? { number } : { fault: "has more digits than can be kept: import it as text" }
}
