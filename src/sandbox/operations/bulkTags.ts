/**
 * The operations on the tags of many contacts, as the service performs them.
 *
 * @since 0.2.0
 */
import type { bulkTagRows } from "../../api/bulkTags.js"
import { isArray, type JsonObject } from "../../runtime/json.js"
import { changed, tagsOf } from "../ContactRecord.js"
import * as Directory from "../Directory.js"
import type { Operation, Operations } from "../Operation.js"
import { doneFlags, Refusal } from "../Reply.js"
import { flag, object, required, someTexts, texts } from "../Rules.js"

const idsIn = (ids: unknown): ReadonlyArray<string> => (isArray(ids) ? ids.map(String) : [])

/** The reason why the tags of a contact cannot be changed; undefined if they can be changed. */
const faultOf = (directory: Directory.Directory, locationId: string, contactId: string): string | undefined => {
  const contact = directory.contacts.get(contactId)
  if (contact?.locationId === locationId) return undefined
  if (contact !== undefined) return "contact does not belong to location"
  return /^[A-Za-z0-9]{20}$/.test(contactId) ? "contact is deleted" : "contact id is not a valid firebase id"
}

/** The tags of a contact after a change. */
type Change = (before: ReadonlyArray<string>) => ReadonlyArray<string>

const changeOf = (type: string | undefined, body: JsonObject): Change => {
  const tags = tagsOf(body["tags"])
  if (type === "add") return (before) => Array.from(new Set([...before, ...tags]))
  return body["removeAllTags"] === true ? () => [] : (before) => before.filter((tag) => !tags.includes(tag))
}

const updateTagsInBulk: Operation = {
  body: () =>
    object({ locationId: required, contacts: someTexts, tags: texts, removeAllTags: flag }, [
      "locationId",
      "contacts",
      "tags"
    ]),
  perform: (directory, caller, { params, body }) => {
    const type = params["type"]
    if (type !== "add" && type !== "remove") throw new Refusal(400, "type must be add or remove")
    const { id: locationId } = Directory.locationOf(directory, caller, body["locationId"])
    const change = changeOf(type, body)
    const contactIds: Array<string> = []
    const responses = idsIn(body["contacts"]).map((contactId) => {
      const message = faultOf(directory, locationId, contactId)
      if (message !== undefined) return { contactId, type: "error", message }
      const contact = Directory.get(directory, caller, contactId)
      const oldTags = tagsOf(contact["tags"])
      const tags = change(oldTags)
      Directory.put(directory, changed(contact, { tags }, caller.now))
      contactIds.push(contactId)
      return {
        contactId,
        type: "success",
        message: "Tags updated",
        oldTags,
        tagsAdded: tags.filter((tag) => !oldTags.includes(tag)),
        tagsRemoved: oldTags.filter((tag) => !tags.includes(tag))
      }
    })
    // The only documented example has these flags and this count although it also has errors.
    return { body: { ...doneFlags, errorCount: 0, responses }, contactIds }
  }
}

/**
 * @since 0.2.0
 * @category operations
 */
export const bulkTagOperations = {
  updateTagsInBulk
} satisfies Operations<typeof bulkTagRows>
