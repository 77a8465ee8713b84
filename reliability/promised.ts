// The types of the official SDK, read from its declarations and compared with responses.
import { readFileSync } from "node:fs"
import ts from "typescript"
import { isArray, isObject } from "../src/runtime/json.js"

const parsed = (file: string) => ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ESNext, true)

type Interfaces = ReadonlyMap<string, ts.InterfaceDeclaration>

const interfacesOf = (file: ts.SourceFile): Interfaces =>
  new Map(file.statements.filter(ts.isInterfaceDeclaration).map((one) => [one.name.text, one]))

/** The methods of the only class of a file, with the types that their promises resolve to. */
const methodsOf = (file: ts.SourceFile): ReadonlyMap<string, ts.TypeNode> => {
  const methods = file.statements
    .filter(ts.isClassDeclaration)
    .flatMap(({ members }) => members.filter(ts.isMethodDeclaration))
  return new Map(
    methods.flatMap(({ name, type }) => {
      const answer = type !== undefined && ts.isTypeReferenceNode(type) ? type.typeArguments?.[0] : undefined
      return answer === undefined ? [] : [[name.getText(), answer]]
    })
  )
}

const kinds: { readonly [kind: number]: string } = {
  [ts.SyntaxKind.StringKeyword]: "string",
  [ts.SyntaxKind.NumberKeyword]: "number",
  [ts.SyntaxKind.BooleanKeyword]: "boolean"
}

/** The differences between a value and a type, as sentences that begin with the path. Fields beyond the type are allowed. */
const differences = (
  interfaces: Interfaces,
  type: ts.TypeNode,
  value: unknown,
  path: string
): ReadonlyArray<string> => {
  if (type.kind === ts.SyntaxKind.AnyKeyword) return []
  if (ts.isArrayTypeNode(type)) {
    return isArray(value)
      ? value.flatMap((one) => differences(interfaces, type.elementType, one, `${path}[]`))
      : [`${path} is no array`]
  }
  const kind = kinds[type.kind]
  if (kind !== undefined) return typeof value === kind ? [] : [`${path} is ${typeof value}, not ${kind}`]
  const name = type.getText().replace(/^Models\./, "")
  const declared = interfaces.get(name)
  if (declared === undefined) return [`${path} has a type that is not known: ${name}`]
  if (!isObject(value)) return [`${path} is no object`]
  return declared.members.filter(ts.isPropertySignature).flatMap(({ name, questionToken, type }) => {
    const field = value[name.getText()]
    // In lists, the service returns null for unset fields.
    if (field === undefined || field === null) {
      return questionToken === undefined ? [`${path}.${name.getText()} is missing`] : []
    }
    return type === undefined ? [] : differences(interfaces, type, field, `${path}.${name.getText()}`)
  })
}

export interface Promised {
  /** The names of the methods. */
  readonly methods: ReadonlyArray<string>
  /** Returns the differences between a response of a method and its type. */
  readonly differences: (method: string, answer: unknown) => ReadonlyArray<string>
}

/** Reads the declarations of a class of the SDK, and of its models. */
export const read = (classFile: string, modelsFile: string): Promised => {
  const methods = methodsOf(parsed(classFile))
  const interfaces = interfacesOf(parsed(modelsFile))
  return {
    methods: Array.from(methods.keys()),
    differences: (method, answer) => {
      const type = methods.get(method)
      return type === undefined ? [`${method} is not declared`] : differences(interfaces, type, answer, method)
    }
  }
}
