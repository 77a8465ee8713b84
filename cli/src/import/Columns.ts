// What the columns of a list are.
import * as Either from "effect/Either"
import { InvalidFile } from "./InvalidFile.js"
import { bare, fieldOf, fields, similarTo } from "./Names.js"
import { presetOf } from "./Presets.js"

/** What the report adds to a row, which may be imported again. */
export const added = { line: "growthhub:line", outcome: "growthhub:outcome", error: "growthhub:error" } as const

const addedColumns: ReadonlySet<string> = new Set(Object.values(added))

/** Whether a column is one that a report has added. */
export const isAdded = (column: string): boolean => addedColumns.has(column.trim())

/** What a column is. */
export type Column =
  | { readonly _tag: "Field"; readonly name: string; readonly field: string }
  | { readonly _tag: "CustomField"; readonly name: string; readonly id: string; readonly kind: string }
  | { readonly _tag: "ContactId"; readonly name: string }
  | { readonly _tag: "Ignored"; readonly name: string }

/** What a person says about the columns. */
export interface Given {
  /** The field of a column, where its name does not say. */
  readonly columns: ReadonlyMap<string, string>
  /** Columns that are left out. */
  readonly ignored: ReadonlySet<string>
  /** Whether all columns that are no field are left out. */
  readonly ignoresOthers: boolean
}

/** The columns of a list in their order, and what a person should know about them. */
export interface Columns {
  readonly columns: ReadonlyArray<Column>
  readonly notes: ReadonlyArray<string>
}

/** `customField.ID`, with `:number`, `:date` or `:options` for other values than text. */
const customField = /^custom[ _-]?fields?[.:](.+?)(?::(text|number|options|date))?$/i

const meaning = (name: string, meant: string): Column | undefined => {
  const [, id, kind = "text"] = customField.exec(meant) ?? []
  if (id !== undefined) return { _tag: "CustomField", name, id, kind: kind.toLowerCase() }
  if (bare(meant) === "contactid") return { _tag: "ContactId", name }
  const field = fieldOf(meant)
  return field === undefined ? undefined : { _tag: "Field", name, field }
}

const quoted = (names: ReadonlyArray<string>) => names.map((name) => JSON.stringify(name)).join(", ")

const unknownColumns = (unknown: ReadonlyArray<string>) => {
  const hints = unknown.flatMap((name) => {
    const field = similarTo(name)
    return field === undefined ? [] : [`Did you mean ${field} by ${JSON.stringify(name)}? --column '${name}=${field}'`]
  })
  return new InvalidFile({
    message: [
      `Line 1: these columns are no fields of a contact: ${quoted(unknown)}.`,
      ...hints,
      `Say what they are with --column 'NAME=FIELD', leave one out with --ignore NAME, or all with --ignore-others.`,
      `Fields: ${fields.join(", ")}, contactId, customField.ID, customField.ID:number, :date or :options`
    ].join("\n")
  })
}

const targetOf = (column: Column | undefined): string | undefined => {
  if (column?._tag === "CustomField") return `customField.${column.id}`
  if (column?._tag === "ContactId") return "contactId"
  return column?._tag === "Field" ? column.field : undefined
}

/** Reads a header, or says what is wrong with it. */
export const columnsOf = (header: ReadonlyArray<string>, given: Given): Either.Either<Columns, InvalidFile> => {
  const preset = presetOf(header)
  const known = new Map(Object.entries(preset?.columns ?? {}).map(([name, field]) => [bare(name), field]))
  const isLenient = preset !== undefined || given.ignoresOthers
  const leftOut: Array<string> = []
  const columns = header.map((name): Column | undefined => {
    const own = given.columns.get(name)
    if (own === undefined && (given.ignored.has(name) || isAdded(name))) return { _tag: "Ignored", name }
    const meant = own ?? known.get(bare(name)) ?? (preset === undefined || customField.test(name) ? name : "")
    const column = meaning(name, meant)
    if (column !== undefined || own !== undefined || !isLenient) return column
    if (name !== "") leftOut.push(name)
    return { _tag: "Ignored", name }
  })
  const unknown = header.filter((_, index) => columns[index] === undefined)
  if (unknown.length > 0) return Either.left(unknownColumns(unknown))
  const targets = columns.map(targetOf)
  const twice = targets.find((target, index) => target !== undefined && targets.indexOf(target) !== index)
  if (twice !== undefined && preset === undefined) {
    const message = `Line 1: two columns are ${twice}: leave one out with --ignore NAME`
    return Either.left(new InvalidFile({ message }))
  }
  const notes = [
    ...(preset === undefined ? [] : [`Read as an export of ${preset.name}`]),
    ...(leftOut.length === 0 ? [] : [`Columns that are left out: ${quoted(leftOut)}`])
  ]
  return Either.right({ columns: columns.flatMap((column) => column ?? []), notes })
}

/** What a mapping file says of each column: its field, or null where it is left out. */
export const mappingOf = (columns: ReadonlyArray<Column>): { readonly [name: string]: string | null } =>
  Object.fromEntries(
    columns
      .filter(({ name }) => name !== "" && !isAdded(name))
      .map((column) => {
        const target = targetOf(column) ?? null
        return [column.name, column._tag === "CustomField" ? `${target}:${column.kind}` : target]
      })
  )
