// Formats the help of a command: plain text of at most 80 columns, with examples.
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"

const columns = 80

const docOf = (sentence: string, lists: ReadonlyArray<readonly [title: string, lines: ReadonlyArray<string>]>) => {
  const listed = lists.flatMap(([title, lines]) => [title, ...lines.map((line) => `  ${line}`)])
  return listed
    .map((line) => HelpDoc.p(line))
    .reduce((above, line) => HelpDoc.sequence(above, line), HelpDoc.p(sentence))
}

/** Adds a description to a command: a sentence, and examples of its use. */
export const describe = (sentence: string, examples: ReadonlyArray<string>) =>
  Command.withDescription(docOf(sentence, [["Examples:", examples]]))

/** Adds a description to a command with subcommands: a sentence, a sentence about each subcommand, and examples. */
export const describeAll = (
  sentence: string,
  commands: { readonly [name: string]: string },
  examples: ReadonlyArray<string>
) => {
  const width = Math.max(...Object.keys(commands).map((name) => name.length))
  const lines = Object.entries(commands).map(([name, does]) => `${name.padEnd(width)}  ${does}`)
  return Command.withDescription(
    docOf(sentence, [
      ["Commands:", lines],
      ["Examples:", examples]
    ])
  )
}

const escapes = /\u001b\[[\d;]*[A-Za-z]/g

const isEscaped = (text: string) => text.includes("\u001b[")

const wrap = (line: string): ReadonlyArray<string> => {
  if (line.length <= columns) return [line]
  const indent = /^ */.exec(line)?.[0] ?? ""
  const lines: Array<string> = []
  let current = indent
  for (const word of line.trim().split(" ")) {
    if (current.trim() !== "" && current.length + 1 + word.length > columns) {
      lines.push(current)
      current = indent
    }
    current = current.trim() === "" ? `${indent}${word}` : `${current} ${word}`
  }
  return [...lines, current]
}

/** The sentences that @effect/cli adds to nearly every option. The help omits them. */
const noise =
  /^\s*(?:A true or false value\.|A user-defined piece of text\.|This setting is optional\.|One of the following: .*|This option may be repeated .*|This option can be set from environment variables\.|An existing file\.)$/

/** The options that every command has. Only the overall help lists them. */
const common = /^(?:--completions|--log-level|\(-h, --help\)|--wizard|--version)/

const isIndented = (text: string) => text.startsWith("  ")
const isOption = (text: string) => /^(?:-|\(-|<)/.test(text)

/** The paragraphs of a help text, without the paragraphs that every command has. */
const paragraphsOf = (text: string): ReadonlyArray<string> => {
  const [own = "", more] = text.split("\nCOMMANDS\n")
  let isLeftOut = false
  return own
    .split(/\n[ \t]*\n/)
    .map((paragraph) => paragraph.replace(/^\n+|\s+$/g, ""))
    .filter((paragraph) => {
      if (!isIndented(paragraph)) isLeftOut = more === undefined && common.test(paragraph)
      return paragraph !== "" && !isLeftOut && !noise.test(paragraph)
    })
}

const help = (text: string): string => {
  let before = ""
  return paragraphsOf(text.replace(/^\$ (?!growthhub)/m, "$$ growthhub ").replace(/^growthhub\s+(?=growthhub )/, ""))
    .map((paragraph) => {
      const isClose = isIndented(paragraph) || (isIndented(before) && isOption(paragraph))
      const gap = before === "" ? "" : isClose ? "\n" : "\n\n"
      before = paragraph
      return `${gap}${paragraph.split("\n").flatMap(wrap).join("\n")}`
    })
    .join("")
}

/** Formats output of @effect/cli, without escape codes and in 80 columns. Returns any other text unchanged. */
export const typeset = (text: string): string => {
  if (!isEscaped(text)) return text
  const plain = text.replace(escapes, "").trim()
  return /^USAGE$/m.test(plain) ? help(plain) : plain.split("\n").flatMap(wrap).join("\n")
}
