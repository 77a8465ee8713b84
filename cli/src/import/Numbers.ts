// Reads numbers as spreadsheets write them. All cells of a column together decide the decimal mark, because `1.234` may mean
// 1234 or 1.234.

/** The character before the decimals. */
export type DecimalMark = "Point" | "Comma"

/** The evidence in the numbers of a column for their decimal mark. */
export interface NumberEvidence {
  /** The number of cells that can only be read with a decimal point. */
  point: number
  /** The number of cells that can only be read with a decimal comma. */
  comma: number
}

// No digit can match two repetitions, because backtracking would then take quadratic time.
const withPoint = /^[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:e[+-]?\d{1,3})?$/i
const withComma = /^[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)?(?:,\d*)?(?:e[+-]?\d{1,3})?$/i
/** Whether a number is ambiguous: three digits after one point or comma, as in `1.234` and `1,234`. */
const isGrouped = /^[+-]?\d{1,3}[.,]\d{3}$/

/** The length of the longest cell that is read as a number, in characters. */
const longest = 40

/** A cell without currency, percent sign, blanks, and apostrophes between thousands, as in Swiss numbers. */
const bareOf = (cell: string): string =>
  cell
    .replace(/^[$€£¥\s]+|[$€£¥%\s]+$/g, "")
    .replace(/(?<=\d)['’\u00a0\u202f ](?=\d{3}(?!\d))/g, "")
    .replace(/^([+-])\s*[$€£¥]\s*/, "$1")

/** Adds a cell to the evidence of its column. */
export const observeNumber = (cell: string, evidence: NumberEvidence): void => {
  if (cell.length > longest) return
  const text = bareOf(cell.trim())
  if (isGrouped.test(text)) return
  const [isPoint, isComma] = [withPoint.test(text), withComma.test(text)]
  if (isPoint && !isComma) evidence.point += 1
  if (isComma && !isPoint) evidence.comma += 1
}

/** The decimal mark of most numbers of a column; undefined if there are as many of each. */
export const markOf = ({ point, comma }: NumberEvidence): DecimalMark | undefined => {
  if (point === comma) return undefined
  return point > comma ? "Point" : "Comma"
}

/** A number, or the fault: a sentence that follows the name of the field. */
export type NumberResult = { readonly number: number } | { readonly fault: string }

const noNumber = { fault: "must be a number" } as const

/**
 * Reads a cell as a number. `mark` is the decimal mark of its column. If it is undefined, a comma before three digits
 * separates thousands, unless `isCommaLikely`: then an ambiguous number such as `1.234` or `1,234` is refused.
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
  // The check refuses integers that JavaScript cannot represent without losing digits.
  const isSafe = Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number))
  return isSafe ? { number } : { fault: "has more digits than can be kept: import it as text" }
}
