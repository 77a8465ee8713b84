// A contact as a person reads it in a terminal.
import * as Schema from "effect/Schema"
import { isArray, type JsonObject } from "../internal/json.js"
import { Contact } from "../Schema.js"

const encodeContact = Schema.encodeSync(Contact)

/** As it can be written again: moments as text, custom fields as they are here. */
const encode = (contact: Contact): JsonObject => {
  const { customFields } = contact
  return { ...encodeContact(contact), ...(customFields === undefined ? {} : { customFields }) }
}

/** What somebody wrote into a contact must not command the terminal. */
export const plain = (text: string): string => text.replace(/\p{Cc}+/gu, " ")

const shown = (value: unknown): string => {
  if (typeof value === "string") return plain(value)
  if (isArray(value) && value.every((one) => typeof one === "string")) return plain(value.join(", "))
  return plain(JSON.stringify(value))
}

/** Its JSON, as the service would write it. */
export const json = (contact: Contact & { readonly new?: boolean }): string => JSON.stringify(encode(contact), null, 2)

/** One field to a line. */
export const table = (contact: Contact): string => {
  const fields = Object.entries(encode(contact)).filter(([, value]) => !(isArray(value) && value.length === 0))
  const width = Math.max(...fields.map(([field]) => field.length))
  return fields.map(([field, value]) => `${plain(field).padEnd(width)}  ${shown(value)}`).join("\n")
}
