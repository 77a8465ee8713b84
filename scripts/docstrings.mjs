// Checks that every export of a public module, and every property that a user can reach from it, shows documentation on
// hover. The symbols and their documentation come from TypeScript's language service, as in the quick info of an editor.
import { readFileSync } from "node:fs"
import { relative } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const root = fileURLToPath(new URL("..", import.meta.url))
const source = `${root}src/`
const { exports } = JSON.parse(readFileSync(`${root}package.json`, "utf8"))
const entries = Object.values(exports).flatMap(({ types }) =>
  types === undefined ? [] : [types.replace("./dist/", source).replace(/\.d\.ts$/, ".ts")]
)

const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile).config,
  ts.sys,
  root
)
const service = ts.createLanguageService({
  useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
  readDirectory: ts.sys.readDirectory,
  directoryExists: ts.sys.directoryExists,
  getDirectories: ts.sys.getDirectories,
  realpath: ts.sys.realpath,
  fileExists: ts.sys.fileExists,
  readFile: ts.sys.readFile,
  getCompilationSettings: () => options,
  getCurrentDirectory: () => root,
  getDefaultLibFileName: ts.getDefaultLibFilePath,
  getScriptFileNames: () => entries,
  getScriptVersion: () => "0",
  getScriptSnapshot: (file) =>
    ts.sys.fileExists(file) ? ts.ScriptSnapshot.fromString(ts.sys.readFile(file)) : undefined
})
const checker = service.getProgram().getTypeChecker()

/** The declaration of a symbol in `src/`; undefined for a symbol of a dependency. */
const declarationOf = (symbol) =>
  symbol.declarations?.find((declaration) => declaration.getSourceFile().fileName.startsWith(source))

const hover = (symbol) => ts.displayPartsToString(symbol.getDocumentationComment(checker))

const empty = new Map()
const seenSymbols = new Set()
const seenTypes = new Set()
let checked = 0

const check = (symbol, declaration, name) => {
  checked += 1
  if (hover(symbol).trim() !== "") return
  const file = declaration.getSourceFile()
  const { line } = file.getLineAndCharacterOfPosition(declaration.getStart())
  const place = `${relative(root, file.fileName)}:${line + 1}:${declaration.getStart() - file.getPositionOfLineAndCharacter(line, 0) + 1}`
  if (!empty.has(place)) empty.set(place, name)
}

const visitProperty = (property, name) => {
  const declaration = declarationOf(property)
  if (declaration === undefined) return
  const flags = ts.getCombinedModifierFlags(declaration)
  if (flags & ts.ModifierFlags.Private) return
  check(property, declaration, `${name}.${property.name}`)
  visitType(checker.getTypeOfSymbol(property), `${name}.${property.name}`)
}

/** The type of the values of a schema; undefined for other types. The internals of a schema are not checked. */
const modelOf = (type) => {
  if (type.getProperty("ast") === undefined) return undefined
  const property = type.getProperty("Type")
  return property && checker.getTypeOfSymbol(property)
}

/** Visits the properties, parameters, results and type arguments of a type, as far as they are declared in `src/`. */
const visitType = (type, name) => {
  if (seenTypes.has(type)) return
  seenTypes.add(type)
  if (type.isUnionOrIntersection()) {
    for (const part of type.types) visitType(part, name)
    if (type.isUnion()) return
  }
  if (!(type.flags & ts.TypeFlags.Object)) return
  const model = modelOf(type)
  if (model !== undefined) {
    visitType(model, name)
  } else if (type.objectFlags & ts.ObjectFlags.Reference) {
    for (const argument of checker.getTypeArguments(type)) visitType(argument, name)
  }
  for (const property of checker.getPropertiesOfType(type)) visitProperty(property, name)
  for (const signature of [...type.getCallSignatures(), ...type.getConstructSignatures()]) {
    const { declaration } = signature
    if (declaration !== undefined && !declaration.getSourceFile().fileName.startsWith(source)) continue
    for (const parameter of signature.getParameters()) visitType(checker.getTypeOfSymbol(parameter), name)
    visitType(signature.getReturnType(), name)
  }
}

const visitExport = (symbol, name) => {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  if (seenSymbols.has(target)) return
  seenSymbols.add(target)
  // A module that is exported as a namespace is checked as an entry point of its own.
  if (target.flags & ts.SymbolFlags.ValueModule && target.declarations.every(ts.isSourceFile)) return
  const declaration = declarationOf(target)
  if (declaration === undefined) return
  check(target, declaration, name)
  if (target.flags & ts.SymbolFlags.Type) visitType(checker.getDeclaredTypeOfSymbol(target), name)
  if (target.flags & ts.SymbolFlags.Value) visitType(checker.getTypeOfSymbol(target), name)
}

for (const entry of entries) {
  const module = checker.getSymbolAtLocation(service.getProgram().getSourceFile(entry))
  for (const symbol of checker.getExportsOfModule(module)) visitExport(symbol, symbol.name)
}

const lines = [...empty].map(([place, name]) => `${place} ${name}`).sort()
console.log(
  lines.length === 0
    ? `${checked} exports and properties show their documentation.`
    : [...lines, "", `${lines.length} of ${checked} exports and properties show nothing on hover.`].join("\n")
)
if (lines.length > 0) process.exit(1)
