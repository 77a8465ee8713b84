/**
 * The operations on the tags of a contact, as the service performs them.
 *
 * @since 0.2.0
 */
import type { tagRows } from "../../api/tags.js"
import { isArray } from "../../runtime/json.js"
import { changed, tagsOf } from "../ContactRecord.js"
import * as Directory from "../Directory.js"
import type { Operation, Operations } from "../Operation.js"
import { object, someTexts } from "../Rules.js"

const body = () => object({ tags: someTexts }, ["tags"])

/** The tags of a request, in the form in which they are stored. */
const sentTags = (tags: unknown) => tagsOf(isArray(tags) ? tags.map((tag) => String(tag).trim()) : [])

const addTags: Operation = {
  body,
  perform: (directory, caller, { params, body }) => {
    const contact = Directory.contactOf(directory, caller, params)
    const before = tagsOf(contact["tags"])
    const tagsAdded = sentTags(body["tags"]).filter((tag) => !before.includes(tag))
    const tags = [...before, ...tagsAdded]
    if (tagsAdded.length > 0) Directory.put(directory, changed(contact, { tags }, caller.now))
    return { body: { tags, tagsAdded } }
  }
}

const removeTags: Operation = {
  body,
  perform: (directory, caller, { params, body }) => {
    const contact = Directory.contactOf(directory, caller, params)
    const before = tagsOf(contact["tags"])
    const sent = sentTags(body["tags"])
    const tags = before.filter((tag) => !sent.includes(tag))
    const tagsRemoved = before.filter((tag) => sent.includes(tag))
    if (tagsRemoved.length > 0) Directory.put(directory, changed(contact, { tags }, caller.now))
    return { body: { tags, tagsRemoved } }
  }
}

/**
 * @since 0.2.0
 * @category operations
 */
export const tagOperations = {
  addTags,
  removeTags
} satisfies Operations<typeof tagRows>
