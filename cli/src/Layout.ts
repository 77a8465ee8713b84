// Contacts, texts and durations as a person reads them in a terminal.
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { Contact } from "effect-growthhub/Schema"
import { isArray, type JsonObject } from "./Json.js"

const encodeContact = Schema.encodeSync(Contact)

/** As it can be written again: moments as text, custom fields as they are here. */
const encode = (contact: Contact): JsonObject => {
  const { customFields } = contact
  return { ...encodeContact(contact), ...(customFields === undefined ? {} : { customFields }) }
}

/** Characters that command a terminal: controls, and those that turn the direction of text around. */
const commanding = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/** What somebody wrote into a contact must not command the terminal. */
export const plain = (text: string): string => text.replace(commanding, " ").replace(/ {2,}/g, " ")

/** The same, line by line. */
export const plainLines = (text: string): string => text.split("\n").map(plain).join("\n")

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

const shown = (value: unknown): string => {
  if (typeof value === "string") return plain(value)
  if (isArray(value) && value.every((one) => typeof one === "string")) return plain(value.join(", "))
  return plain(JSON.stringify(value))
}

/** Line breaks of the layout stay: those of a text are escaped by JSON already. */
const escapeControls = (json: string) =>
  json.replace(commanding, (character) => (character === "\n" ? character : escaped(character)))

/** Any value as one line of JSON, without a character that commands a terminal. */
export const jsonLineOf = (value: unknown): string => escapeControls(JSON.stringify(value) ?? "null")

/** Any value as JSON over several lines, without a character that commands a terminal. */
export const jsonOf = (value: unknown): string => escapeControls(JSON.stringify(value, null, 2) ?? "null")

/** Its JSON, as the service would write it, without a character that commands a terminal. */
export const json = (contact: Contact & { readonly new?: boolean }): string => jsonOf(encode(contact))

/** The same in one line. */
export const jsonLine = (contact: Contact): string => jsonLineOf(encode(contact))

/** One field to a line. */
export const table = (contact: Contact): string => {
  const fields = Object.entries(encode(contact)).filter(([, value]) => !(isArray(value) && value.length === 0))
  const width = Math.max(...fields.map(([field]) => field.length))
  return fields.map(([field, value]) => `${plain(field).padEnd(width)}  ${shown(value)}`).join("\n")
}

/** The longest cell of a grid; what is longer ends with an ellipsis. */
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

/** How long something takes, in whole seconds, and never too few. */
export const inSeconds = (time: Duration.Duration): string =>
  Duration.format(Duration.seconds(Math.ceil(Duration.toSeconds(time))))
