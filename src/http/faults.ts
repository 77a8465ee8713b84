// Formats the faults of an invalid value as sentences.
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as AST from "effect/SchemaAST"
import { cut, limits } from "./redact.js"

/**
 * The faults of a value, one line each: the path and the expectation. The lines never contain the value itself.
 */
export const faults = (issue: ParseResult.ParseIssue): ReadonlyArray<string> =>
  Array.from(new Set(faultLines(issue, [])))

const isAbsence = (ast: AST.AST) => AST.isUndefinedKeyword(ast) || (AST.isLiteral(ast) && ast.literal === null)

const annotatedMessage = (issue: ParseResult.ParseIssue): string | undefined => {
  if (issue._tag === "Pointer" || issue._tag === "Unexpected" || issue._tag === "Missing") return undefined
  // The faults inside an object or an array are more precise than its own message; the faults of union members are not.
  if (issue._tag === "Composite" && !AST.isUnion(issue.ast)) return undefined
  const message = Option.getOrUndefined(AST.getMessageAnnotation(issue.ast))?.(issue)
  return typeof message === "string" ? message : undefined
}

const faultLines = (issue: ParseResult.ParseIssue, path: ReadonlyArray<PropertyKey>): ReadonlyArray<string> => {
  const name = path.length === 0 ? "the input" : cut(path.map(String).join("."), limits.name)
  const message = annotatedMessage(issue)
  if (message !== undefined) return [`${name} ${message}`]
  switch (issue._tag) {
    case "Pointer":
      return faultLines(issue.issue, path.concat(issue.path))
    case "Unexpected":
      // An unusual property name may be personal data in the wrong place, so it is not shown.
      return [`property ${/^[\w.-]{1,100}$/.test(name) ? name : "that is unknown"} should not exist`]
    case "Missing":
      return [`${name} should not be empty`]
    case "Composite": {
      const inner: ReadonlyArray<ParseResult.ParseIssue> = "_tag" in issue.issues ? [issue.issues] : issue.issues
      return inner.flatMap((one) => (one._tag === "Type" && isAbsence(one.ast) ? [] : faultLines(one, path)))
    }
    case "Refinement":
    case "Transformation":
      return faultLines(issue.issue, path)
    case "Type":
    case "Forbidden":
      return [`${name} ${issue.message ?? `must be ${String(issue.ast)}`}`]
  }
}
