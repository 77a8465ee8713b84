// Reads several values from one cell.
import { parse } from "csv-parse/sync"
import { isArray, parseOption } from "../Json.js"
import * as Option from "effect/Option"

const cleaned = (values: ReadonlyArray<string>) => values.map((one) => one.trim()).filter((one) => one !== "")

/** Splits a cell. A value in quotes may contain the separator. */
const split = (cell: string, separator: string): ReadonlyArray<string> => {
  if (!cell.includes('"')) return cell.split(separator)
  try {
    const [values = []] = parse(cell, { delimiter: separator, relax_quotes: true, trim: true })
    return values
  } catch {
    return cell.split(separator)
  }
}

const fromJson = (cell: string): ReadonlyArray<string> | undefined => {
  if (!cell.startsWith("[")) return undefined
  const values = Option.getOrUndefined(parseOption(cell))
  const isList = isArray(values) && values.every((one) => typeof one === "string" || typeof one === "number")
  return isList ? values.map(String) : undefined
}

/**
 * The values of a cell: a JSON list, or values separated by `separator`. Without `separator`, `;` separates if the cell has
 * one; otherwise commas do if `hasCommas`, which is for tags: they contain no commas, but options may.
 */
export const readList = (cell: string, separator: string | undefined, hasCommas: boolean): ReadonlyArray<string> => {
  const json = fromJson(cell)
  if (json !== undefined) return cleaned(json)
  if (separator !== undefined) return cleaned(split(cell, separator))
  if (cell.includes(";")) return cleaned(split(cell, ";"))
  return cleaned(hasCommas ? split(cell, ",") : [cell])
}
