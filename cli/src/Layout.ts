// Formats contacts, texts and durations for a terminal.
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { Contact } from "effect-growthhub/Schema"
import { isArray, type JsonObject } from "./Json.js"

const encodeContact = Schema.encodeSync(Contact)

/** Encodes a contact in the form that an update takes: timestamps as text, custom fields unchanged. */
const encode = (contact: Contact): JsonObject => {
  const { customFields } = contact
  return { ...encodeContact(contact), ...(customFields === undefined ? {} : { customFields }) }
}

/** The characters that control a terminal: control characters, and those that change the direction of text. */
const terminalControls = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/** A text without terminal control characters, which the fields of a contact may contain. */
export const plain = (text: string): string => text.replace(terminalControls, " ").replace(/ {2,}/g, " ")

/** A text without terminal control characters other than its line breaks. */
export const plainLines = (text: string): string => text.split("\n").map(plain).join("\n")

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

const shown = (value: unknown): string => {
  if (typeof value === "string") return plain(value)
  if (isArray(value) && value.every((one) => typeof one === "string")) return plain(value.join(", "))
  return plain(JSON.stringify(value))
}

/** Escapes terminal control characters, except line breaks: JSON has already escaped the line breaks within texts. */
const escapeControls = (json: string) =>
  json.replace(terminalControls, (character) => (character === "\n" ? character : escaped(character)))

/** A value as one line of JSON, without terminal control characters. */
export const jsonLineOf = (value: unknown): string => escapeControls(JSON.stringify(value) ?? "null")

/** A value as JSON over several lines, without terminal control characters. */
export const jsonOf = (value: unknown): string => escapeControls(JSON.stringify(value, null, 2) ?? "null")

/** A contact as JSON over several lines, with the service's field names, without terminal control characters. */
export const json = (contact: Contact & { readonly new?: boolean }): string => jsonOf(encode(contact))

/** A contact as one line of JSON, without terminal control characters. */
export const jsonLine = (contact: Contact): string => jsonLineOf(encode(contact))

/** A contact as text, with one field per line. */
export const table = (contact: Contact): string => {
  const fields = Object.entries(encode(contact)).filter(([, value]) => !(isArray(value) && value.length === 0))
  const width = Math.max(...fields.map(([field]) => field.length))
  return fields.map(([field, value]) => `${plain(field).padEnd(width)}  ${shown(value)}`).join("\n")
}

/** The width of a grid cell, in characters. A longer text is cut and ends with an ellipsis. */
const longestCell = 40

const cellOf = (text: string) => (text.length > longestCell ? `${text.slice(0, longestCell - 1)}…` : text)

/** Values in aligned columns under a header. */
export const grid = (header: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<unknown>>): string => {
  const lines = [header, ...rows.map((row) => row.map((value) => (value === undefined ? "" : cellOf(shown(value)))))]
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}

/** A duration as text, rounded up to whole seconds. */
export const inSeconds = (time: Duration.Duration): string =>
  Duration.format(Duration.seconds(Math.ceil(Duration.toSeconds(time))))
