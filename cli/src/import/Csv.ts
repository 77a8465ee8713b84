// Splits the text of a CSV into records, as it comes. Lines without quotes, which nearly all are, are split at once.
import { InvalidFile } from "./InvalidFile.js"

/** The cells of a row, as they are written. */
export interface Record {
  /** The line that the row begins in, from 1. */
  readonly line: number
  readonly cells: ReadonlyArray<string>
}

const lineBreaks = (text: string): number => {
  let count = 0
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1
  return count
}

const lineBreaksOf = (cells: ReadonlyArray<string>) => cells.reduce((sum, cell) => sum + lineBreaks(cell), 0)

/** Finds a character from a place on. It remembers where the next one is, so that no text is searched twice. */
class Finder {
  private text = ""
  private found = -1

  constructor(private readonly character: string) {}

  begin(text: string): void {
    this.text = text
    this.found = text.indexOf(this.character)
  }

  from(place: number): number {
    if (this.found >= 0 && this.found < place) this.found = this.text.indexOf(this.character, place)
    return this.found
  }
}

const firstOf = (a: number, b: number): number => (a < 0 || (b >= 0 && b < a) ? b : a)

/**
 * Where the parser is: before a cell, in one without quotes, in one with quotes, or behind a quote in such a cell, which may
 * be its end or the first of two.
 */
type Place = "Before" | "Plain" | "Quoted" | "BehindQuote"

/**
 * Parses CSV whose lines end with a line feed. A cell in quotes may have delimiters, line feeds and doubled quotes in it. A
 * quote elsewhere is text: people write `6" pipe`, and `"A" Ltd`.
 */
export class CsvParser {
  private place: Place = "Before"
  private cells: Array<string> = []
  private cell = ""
  /** The line that the record begins in. */
  private line: number
  private records: Array<Record> = []
  private readonly quotes = new Finder('"')
  private readonly lineFeeds = new Finder("\n")
  private readonly delimiters: Finder

  constructor(
    private readonly delimiter: string,
    firstLine: number
  ) {
    this.line = firstLine
    this.delimiters = new Finder(delimiter)
  }

  private endCell(): void {
    this.cells.push(this.cell)
    this.cell = ""
    this.place = "Before"
  }

  private endRecord(): void {
    const { line, cells } = this
    this.records.push({ line, cells })
    this.line += 1 + lineBreaksOf(cells)
    this.cells = []
  }

  /** Ends a cell without quotes, or behind its quotes, at its delimiter or line feed; all of the text may be of it. */
  private plain(text: string, from: number): number {
    const end = firstOf(this.delimiters.from(from), this.lineFeeds.from(from))
    if (end < 0) {
      this.cell += text.slice(from)
      return text.length
    }
    this.cell += text.slice(from, end)
    this.endCell()
    if (text[end] === "\n") this.endRecord()
    return end + 1
  }

  private quoted(text: string, from: number): number {
    const quote = this.quotes.from(from)
    this.cell += text.slice(from, quote < 0 ? text.length : quote)
    if (quote < 0) return text.length
    this.place = "BehindQuote"
    return quote + 1
  }

  private behindQuote(text: string, from: number): number {
    const next = text[from]
    if (next === '"') {
      this.cell += '"'
      this.place = "Quoted"
      return from + 1
    }
    // What goes on behind its quotes is not quoted: the quotes are part of it.
    if (next !== this.delimiter && next !== "\n") this.cell = `"${this.cell}"`
    this.place = "Plain"
    return from
  }

  /** Parses the next piece of text, and gives the records that end in it. */
  push(text: string): ReadonlyArray<Record> {
    this.records = []
    for (const finder of [this.quotes, this.lineFeeds, this.delimiters]) finder.begin(text)
    for (let at = 0; at < text.length;) {
      if (this.place === "Before" && this.cells.length === 0) {
        const [end, quote] = [this.lineFeeds.from(at), this.quotes.from(at)]
        if (end >= 0 && (quote < 0 || quote > end)) {
          this.records.push({ line: this.line, cells: text.slice(at, end).split(this.delimiter) })
          this.line += 1
          at = end + 1
          continue
        }
      }
      if (this.place === "Before") {
        const isQuoted = text[at] === '"'
        this.place = isQuoted ? "Quoted" : "Plain"
        if (isQuoted) at += 1
      } else if (this.place === "Plain") at = this.plain(text, at)
      else at = this.place === "Quoted" ? this.quoted(text, at) : this.behindQuote(text, at)
    }
    return this.records
  }

  /** Gives the last record, if the text does not end with a line feed. */
  end(): ReadonlyArray<Record> {
    this.records = []
    if (this.place === "Quoted") {
      const line = this.line + lineBreaksOf(this.cells)
      throw new InvalidFile({ message: `Line ${line}: a cell that begins with " has no " at its end` })
    }
    if (this.place !== "Before" || this.cells.length > 0) {
      this.endCell()
      this.endRecord()
    }
    return this.records
  }
}
