// Determines the field of each column of a list from its header.
import * as Either from "effect/Either"
import { type LookupResult, choicesOf, kindOf, type Kind } from "./CustomFields.js"
import { InvalidFile } from "./InvalidFile.js"
import { normalizeName, fieldOf, fields, similarTo } from "./Names.js"
import { fieldsOf, nearlyOf, type Preset, presetOf } from "./Presets.js"

/** The columns that a report adds to its rows. They are ignored when the report is imported. */
export const added = { line: "growthhub:line", outcome: "growthhub:outcome", error: "growthhub:error" } as const

const addedColumns: ReadonlySet<string> = new Set(Object.values(added))

/** Whether a report has added this column. */
export const isAdded = (column: string): boolean => addedColumns.has(column.trim())

/** A column of a custom field. */
export interface CustomFieldColumn {
  readonly _tag: "CustomField"
  readonly name: string
  readonly id: string
  readonly kind: Kind
  /** The name of the field in the location; undefined if the field was not looked up. */
  readonly label: string | undefined
  /** The texts that are allowed as a value; empty if any text is. */
  readonly choices: ReadonlyArray<string>
}

/** A column: a field, a custom field, the id of the contact, a column to ignore, or one without a name, which must be empty. */
export type Column =
  | { readonly _tag: "Field"; readonly name: string; readonly field: string }
  | CustomFieldColumn
  | { readonly _tag: "ContactId"; readonly name: string }
  | { readonly _tag: "Ignored"; readonly name: string }
  | { readonly _tag: "Unnamed"; readonly name: "" }

/** The options of the command that name or ignore columns. */
export interface ColumnOptions {
  /** The field of each column that `--column` or the mapping file names. */
  readonly columns: ReadonlyMap<string, string>
  /** The names of the columns to leave out. */
  readonly ignored: ReadonlySet<string>
  /** Whether all columns that match no field are left out. */
  readonly ignoresOthers: boolean
}

/** The columns of a list in their order, and notes about them for the user. */
export interface Columns {
  readonly columns: ReadonlyArray<Column>
  readonly notes: ReadonlyArray<string>
}

// --- the header without the custom fields of the location --------------------------------------------------------------

/** The column name `customField.NAME`, with `:number`, `:date` or `:options` for values other than text. */
const customField = /^custom[ _-]?fields?[.:](.+?)(?::(text|number|options|date))?$/i

/** A column that may be a custom field. */
interface Candidate {
  readonly _tag: "Candidate"
  readonly name: string
  /** The name, key or id of the custom field. */
  readonly fieldName: string
  /** The kind of values, in case the field cannot be looked up; undefined if the column is not marked as a custom field. */
  readonly kind: Kind | undefined
}

/** A header, as far as it can be read without the custom fields of the location. */
export interface Header {
  readonly preset: Preset | undefined
  readonly columns: ReadonlyArray<Column | Candidate>
  /** The names, keys or ids of possible custom fields, to be looked up. */
  readonly candidates: ReadonlyArray<string>
}

const columnByName = (name: string, meant: string): Column | Candidate => {
  const [, fieldName, kind = "text"] = customField.exec(meant) ?? []
  if (fieldName !== undefined) return { _tag: "Candidate", name, fieldName, kind: kind.toLowerCase() as Kind }
  if (normalizeName(meant) === "contactid") return { _tag: "ContactId", name }
  const field = fieldOf(meant)
  return field === undefined
    ? { _tag: "Candidate", name, fieldName: meant, kind: undefined }
    : { _tag: "Field", name, field }
}

/** Reads a header. */
export const headerOf = (names: ReadonlyArray<string>, given: ColumnOptions): Header => {
  const preset = presetOf(names)
  const known = preset === undefined ? undefined : fieldsOf(preset, names)
  const columns = names.map((name): Column | Candidate => {
    const own = given.columns.get(name)
    if (own === undefined && (given.ignored.has(name) || isAdded(name))) return { _tag: "Ignored", name }
    if (own !== undefined) return columnByName(name, own)
    const field = known?.get(name)
    if (field !== undefined || preset === undefined || customField.test(name)) return columnByName(name, field ?? name)
    // Other columns of a known export are not fields of a contact, even if their names match one.
    return { _tag: "Candidate", name, fieldName: name, kind: undefined }
  })
  const candidates = columns.flatMap((one) => (one._tag === "Candidate" && one.fieldName !== "" ? [one.fieldName] : []))
  return { preset, columns, candidates }
}

// --- with the custom fields of the location ----------------------------------------------------------------------------

const quoted = (names: ReadonlyArray<string>) => names.map((name) => JSON.stringify(name)).join(", ")

const withoutToken =
  "Columns can also be named like the custom fields of the location: they are looked up where GROWTHHUB_TOKEN is set."

/** The sentence that says why the custom fields were not looked up; empty if they were. */
const lookupFailure = (answer: LookupResult) =>
  Either.isRight(answer)
    ? []
    : [answer.left === undefined ? withoutToken : `Custom fields of the location were not looked up: ${answer.left}`]

const unknownColumns = (unknown: ReadonlyArray<string>, { preset, columns }: Header, answer: LookupResult) => {
  const hints = unknown.flatMap((name) => {
    const field = similarTo(name)
    return field === undefined ? [] : [`Did you mean ${field} by ${JSON.stringify(name)}? --column '${name}=${field}'`]
  })
  const near = preset === undefined ? nearlyOf(columns.map(({ name }) => name)) : undefined
  return new InvalidFile({
    message: [
      `Line 1: these columns are no fields of a contact: ${quoted(unknown)}.`,
      ...hints,
      ...(near === undefined ? [] : [near]),
      ...lookupFailure(answer),
      `Say what they are with --column 'NAME=FIELD', leave one out with --ignore NAME, or all with --ignore-others.`,
      `Fields: ${fields.join(", ")}, contactId, customField.NAME (or its key or id; :number, :date or :options if it cannot be looked up)`
    ].join("\n")
  })
}

/** The hint how to keep a column that is left out because the file is a known export. */
const keepHint = (preset: Preset | undefined) =>
  preset === undefined ? "" : `. To keep one, say what it is: --column 'NAME=FIELD'`

/** Whether a name has the form of a custom field's id. */
const isPlainId = (name: string) => /^[A-Za-z0-9]{20}$/.test(name)

/** Resolves a candidate to a custom field; undefined if it is not one. */
const resolve = (
  { name, fieldName, kind }: Candidate,
  answer: LookupResult
): Either.Either<CustomFieldColumn | undefined, string> => {
  const found = Either.isRight(answer) ? answer.right.get(fieldName) : undefined
  if (found?._tag === "Several") return Either.left(`Line 1, column ${JSON.stringify(name)}: ${found.message}`)
  if (found?._tag === "Found") {
    const { definition } = found
    const choices = choicesOf(definition)
    return Either.right({
      _tag: "CustomField",
      name,
      id: definition.id,
      kind: kindOf(definition),
      label: definition.name,
      choices
    })
  }
  if (kind === undefined) return Either.right(undefined)
  const named = `Line 1, column ${JSON.stringify(name)}: ${JSON.stringify(fieldName)}`
  if (found?._tag === "Unknown") return Either.left(`${named} is not a custom field of the location`)
  // The custom fields could not be read. A name in the form of an id is used as the id; without a token, any name is.
  if (Either.isLeft(answer) && answer.left !== undefined && !isPlainId(fieldName)) {
    return Either.left(`${named} cannot be looked up among the custom fields. ${answer.left}`)
  }
  return Either.right({ _tag: "CustomField", name, id: fieldName, kind, label: undefined, choices: [] })
}

const targetOf = (column: Column | undefined): string | undefined => {
  if (column?._tag === "CustomField") return `customField.${column.id}`
  if (column?._tag === "ContactId") return "contactId"
  return column?._tag === "Field" ? column.field : undefined
}

const duplicateTarget = (
  columns: ReadonlyArray<Column | undefined>,
  preset: Preset | undefined
): string | undefined => {
  const targets = columns.map(targetOf)
  const twice = targets.findIndex((target, index) => target !== undefined && targets.indexOf(target) !== index)
  // A known export may have several columns for one field. The first that is not empty counts.
  const isUsual = preset !== undefined && columns[twice]?._tag === "Field"
  return isUsual ? undefined : targets[twice]
}

/** The columns of a header, with the candidates resolved by the custom fields of the location. Fails with the fault. */
export const columnsOf = (
  header: Header,
  given: ColumnOptions,
  answer: LookupResult
): Either.Either<Columns, InvalidFile> => {
  const { preset } = header
  const isLenient = preset !== undefined || given.ignoresOthers
  const leftOut: Array<string> = []
  const unknown: Array<string> = []
  const columns: Array<Column> = []
  for (const one of header.columns) {
    const resolved = one._tag === "Candidate" ? resolve(one, answer) : Either.right(one)
    if (Either.isLeft(resolved)) return Either.left(new InvalidFile({ message: resolved.left }))
    const column = resolved.right
    const isNeeded = !isLenient || given.columns.has(one.name)
    if (column !== undefined) {
      columns.push(column)
    } else if (isNeeded && one.name === "") {
      columns.push({ _tag: "Unnamed", name: "" })
    } else {
      columns.push({ _tag: "Ignored", name: one.name })
      if (isNeeded) unknown.push(one.name)
      else if (one.name !== "") leftOut.push(one.name)
    }
  }
  if (unknown.length > 0) return Either.left(unknownColumns(unknown, header, answer))
  const twice = duplicateTarget(columns, preset)
  if (twice !== undefined) {
    const message = `Line 1: two columns are ${twice}: leave one out with --ignore NAME`
    return Either.left(new InvalidFile({ message }))
  }
  const notes = [
    ...(preset === undefined ? [] : [`Read as an export of ${preset.name}`]),
    ...(leftOut.length === 0 ? [] : [`Columns that are left out: ${quoted(leftOut)}${keepHint(preset)}`]),
    ...(leftOut.length > 0 && Either.isLeft(answer) && answer.left !== undefined ? lookupFailure(answer) : [])
  ]
  return Either.right({ columns, notes })
}

const statedKinds: ReadonlySet<string> = new Set(["text", "number", "options", "date"])

/** The contents of a mapping file: the field of each column, or null for a column that is left out. */
export const mappingOf = (columns: ReadonlyArray<Column>): { readonly [name: string]: string | null } =>
  Object.fromEntries(
    columns
      .filter(({ name }) => name !== "" && !isAdded(name))
      .map((column) => {
        const target = targetOf(column) ?? null
        const isStated = column._tag === "CustomField" && statedKinds.has(column.kind)
        return [column.name, isStated ? `${target}:${column.kind}` : target]
      })
  )
