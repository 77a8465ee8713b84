// Formats validation errors as sentences. A sentence does not repeat the value, which may be personal data.
import * as ParseResult from "effect/ParseResult"

const nounOf = (type: string): string => {
  if (type.startsWith("ReadonlyArray<")) return "a list"
  if (type.startsWith("{")) return "an object"
  return type === "string" || type === "number" || type === "boolean" ? `a ${type}` : type
}

/** The expected type as a noun, from the default message `Expected …, actual …`; undefined for a message of another form. */
const expectedBy = ({ message }: ParseResult.ArrayFormatterIssue): string | undefined => {
  const [, type] = /^Expected (.+?), actual /s.exec(message) ?? []
  return type === undefined ? undefined : nounOf(type)
}

/** Whether a member of a union stands for "not set". Such a member does not help the user, so it is not listed. */
const isOfAbsence = (noun: string | undefined) => noun === "null" || noun === "undefined"

const listed = (nouns: ReadonlyArray<string>) =>
  nouns.length < 2 ? nouns.join("") : `${nouns.slice(0, -1).join(", ")} or ${nouns[nouns.length - 1]}`

const sentences = (name: string, issues: ReadonlyArray<ParseResult.ArrayFormatterIssue>): ReadonlyArray<string> => {
  const nouns = new Set<string>()
  const lines = new Set<string>()
  for (const issue of issues) {
    const noun = expectedBy(issue)
    if (issue._tag === "Missing") lines.add(`${name} should not be empty`)
    // The name of an unknown property may be personal data in the wrong place, so it is shown only if it looks like a name.
    else if (issue._tag === "Unexpected") {
      lines.add(`property ${/^[\w.-]{1,100}$/.test(name) ? name : "that is unknown"} should not exist`)
    } else if (noun === undefined) lines.add(`${name} ${issue.message}`)
    else if (!isOfAbsence(noun)) nouns.add(noun)
  }
  return nouns.size === 0 ? [...lines] : [...lines, `${name} must be ${listed([...nouns])}`]
}

/** The faults, one line each: the path of the value, and the type that is expected there. */
export const faultsOf = (issue: ParseResult.ParseIssue): ReadonlyArray<string> => {
  const byName = new Map<string, Array<ParseResult.ArrayFormatterIssue>>()
  for (const one of ParseResult.ArrayFormatter.formatIssueSync(issue)) {
    const name = one.path.length === 0 ? "the contact" : one.path.map(String).join(".")
    byName.set(name, [...(byName.get(name) ?? []), one])
  }
  return [...byName].flatMap(([name, issues]) => sentences(name, issues))
}
