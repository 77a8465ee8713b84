// Reads the values of custom fields with options, and of custom fields that are lists of text boxes.
import * as Option from "effect/Option"
import { isObject, parseOption } from "../Json.js"
import type { CellResult } from "./Cells.js"
import { readList } from "./Lists.js"
import { normalizeName } from "./Names.js"

/** The number of options that an error message lists. */
const named = 20

const mustBeOf = (choices: ReadonlyArray<string>) => {
  const more = choices.length > named ? ` and ${choices.length - named} more` : ""
  return `must be of the options ${choices
    .slice(0, named)
    .map((choice) => JSON.stringify(choice))
    .join(", ")}${more}`
}

/** Finds the option that equals a text, or the only option that equals it without case and punctuation. */
const makeFind = (choices: ReadonlyArray<string>) => {
  const exact = new Set(choices)
  const similar = new Map<string, ReadonlyArray<string>>()
  for (const choice of choices) {
    const name = normalizeName(choice)
    similar.set(name, [...(similar.get(name) ?? []), choice])
  }
  return (text: string): string | undefined => {
    if (exact.has(text)) return text
    const found = similar.get(normalizeName(text)) ?? []
    return found.length === 1 && normalizeName(text) !== "" ? found[0] : undefined
  }
}

/** Returns a reader of one option. It accepts any text if the field has no options. */
export const optionReader = (choices: ReadonlyArray<string>) => {
  const find = makeFind(choices)
  return (cell: string): CellResult => {
    const value = choices.length === 0 ? cell : find(cell)
    return value === undefined ? { fault: mustBeOf(choices) } : { value }
  }
}

/** Returns a reader of several options. Commas separate them only if every part is then an option. */
export const optionsReader = (choices: ReadonlyArray<string>, separator: string | undefined) => {
  const find = makeFind(choices)
  return (cell: string): CellResult => {
    const texts = readList(cell, separator, false)
    if (choices.length === 0) return { value: texts }
    for (const list of separator === undefined ? [texts, readList(cell, undefined, true)] : [texts]) {
      const values = list.map(find)
      if (values.every((value) => value !== undefined)) return { value: values }
    }
    return { fault: mustBeOf(choices) }
  }
}

/** Reads the value of a list of text boxes: a JSON object of texts by the id of their box. */
export const readBoxes = (cell: string): CellResult => {
  const value = Option.getOrUndefined(parseOption(cell))
  return isObject(value) && Object.values(value).every((one) => typeof one === "string")
    ? { value }
    : { fault: 'must be a JSON object of texts by the id of their box, as {"abc":"text"}' }
}
