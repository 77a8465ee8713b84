// Checks all rows of a list before any request is sent.
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { type CliExit, usageError } from "../CliExit.js"
import { plain } from "../Layout.js"
import type { Task } from "./Import.js"
import { invalidFileOf } from "./InvalidFile.js"
import { type List, nounOf } from "./List.js"
import { type Match, makeMatches } from "./Matches.js"
import { counted } from "./Progress.js"
import { describe, type Fault, planOf, type Row } from "./Rows.js"

/** The number of faults, and of matches, that are shown one by one. */
const maximumShown = 50

/** The number of distinct reasons that are counted separately. */
const mostReasons = 200

/** The result of checking a list. */
export interface Checked {
  rows: number
  invalid: number
  /** The number of rows from which null or blank fields are left out. */
  blanks: number
  /** The number of rows with the email or phone of an earlier row under another name. */
  matching: number
  /** The number of unreadable cells that are left out. */
  skipped: number
  readonly faults: Array<string>
  readonly matches: Array<Match>
  /** The number of rows that each fault rejects. */
  readonly reasons: Map<string, number>
}

const reasonOf = ({ column, text }: Fault) =>
  column === undefined ? text : `column ${JSON.stringify(column)}: ${text}`

const note = (checked: Checked, noun: string, { line, faults, skipped }: Row): void => {
  for (const fault of [...faults, ...skipped]) {
    if (checked.faults.length < maximumShown) checked.faults.push(describe(noun, line, fault))
  }
  for (const reason of new Set(faults.map(reasonOf))) {
    const count = checked.reasons.get(reason)
    if (count !== undefined || checked.reasons.size < mostReasons) checked.reasons.set(reason, (count ?? 0) + 1)
  }
}

const checkRow = (checked: Checked, noun: string, row: Row, matchOf: ReturnType<typeof makeMatches>): void => {
  checked.rows += 1
  checked.skipped += row.skipped.length
  if (row.hasBlanks) checked.blanks += 1
  if (row.faults.length > 0 || row.skipped.length > 0) note(checked, noun, row)
  if (row.faults.length > 0) checked.invalid += 1
  else if (planOf(row.contact)?.contactId === undefined) {
    const match = matchOf(row.line, row.contact)
    if (match === undefined) return
    checked.matching += 1
    if (checked.matches.length < maximumShown) checked.matches.push(match)
  }
}

/** Reads every row, without sending a request. `name` is the name of the list in error messages. */
export const check = (list: List, name: string): Effect.Effect<Checked, CliExit> =>
  Effect.tryPromise({
    try: async (signal) => {
      const matchOf = makeMatches()
      const noun = nounOf(list)
      const counts = { rows: 0, invalid: 0, blanks: 0, matching: 0, skipped: 0 }
      const checked: Checked = { ...counts, faults: [], matches: [], reasons: new Map() }
      for await (const rows of list.batches()) {
        if (signal.aborted) break
        for (const row of rows) checkRow(checked, noun, row, matchOf)
      }
      return checked
    },
    catch: (error) => usageError(`${name}: ${plain(invalidFileOf(error).message)}`)
  })

/** Prints the notes about how the list is read. */
export const showNotes = ({ notes }: List): Effect.Effect<void> =>
  Effect.forEach(notes, (note) => Console.error(plain(note)), { discard: true })

/** Prints the rows that the service will merge into one contact. */
export const showMatches = (list: List, { matching, matches }: Checked): Effect.Effect<void> =>
  Effect.gen(function* () {
    if (matching === 0) return
    const noun = nounOf(list)
    for (const { line, earlier, by } of matches) {
      yield* Console.error(`${noun} ${line}: has the ${by} of ${noun} ${earlier} under another name`)
    }
    if (matching > matches.length) yield* Console.error(`and ${(matching - matches.length).toLocaleString("en")} more`)
    yield* Console.error(
      `${counted(matching, "row")} with the email or phone of an earlier row under another name: ` +
        "the service makes one contact of both, with the later name. If they are different people, leave the email or phone out."
    )
  })

/** Prints the numbers of cells and fields that are left out of the rows. */
export const showLeftOut = ({ blanks, skipped }: Checked, clearsNulls: boolean): Effect.Effect<void> =>
  Effect.gen(function* () {
    if (skipped > 0) yield* Console.error(`${counted(skipped, "cell")} that cannot be read: left out of the rows`)
    if (blanks === 0 || clearsNulls) return
    yield* Console.error(
      `${counted(blanks, "row")} with null or blank fields: they are left as they are; --clear-nulls clears them`
    )
  })

const showReasons = ({ reasons }: Checked) =>
  Effect.forEach(
    [...reasons].sort(([, a], [, b]) => b - a).slice(0, maximumShown),
    ([reason, count]) => Console.log(`${counted(count, "row")}: ${plain(reason)}`),
    { discard: true }
  )

/** Prints the numbers of valid and rejected rows, and the reasons. */
const showSummary = (checked: Checked) =>
  Effect.gen(function* () {
    const { rows, invalid, matching } = checked
    const alike = `${matching.toLocaleString("en")} of them matching an earlier row under another name`
    if (invalid === 0) {
      return yield* Console.log(`${counted(rows, "row")}, ${matching === 0 ? "all of them valid" : alike}`)
    }
    yield* Console.log(
      `${(rows - invalid).toLocaleString("en")} valid, ${invalid.toLocaleString("en")} rejected, ` +
        `${matching.toLocaleString("en")} matching an earlier row under another name`
    )
    yield* showReasons(checked)
  })

/** The result of the check as one line of JSON. */
const toJson = ({ rows, invalid, matching, blanks, skipped, reasons }: Checked): string =>
  JSON.stringify({
    rows,
    valid: rows - invalid,
    rejected: invalid,
    matching,
    withBlanks: blanks,
    skippedCells: skipped,
    reasons: [...reasons].sort(([, a], [, b]) => b - a).map(([reason, rows]) => ({ reason, rows }))
  })

/** Checks a list, and prints its faults row by row and a summary. Fails if rows would be rejected. */
export const dryRun = (
  list: List,
  { name, isJson, options: { clearsNulls } }: Pick<Task, "name" | "isJson" | "options">
): Effect.Effect<void, CliExit> =>
  Effect.gen(function* () {
    yield* showNotes(list)
    const checked = yield* check(list, name)
    const { rows, invalid, faults } = checked
    yield* Effect.forEach(faults, (fault) => Console.error(plain(fault)), { discard: true })
    yield* showMatches(list, checked)
    yield* showLeftOut(checked, clearsNulls)
    if (isJson) yield* Console.log(toJson(checked))
    else yield* showSummary(checked)
    if (invalid > 0)
      return yield* usageError(`${counted(invalid, "row")} of ${rows.toLocaleString("en")} would be rejected`)
  })
