/**
 * The operations on the tags of a location, as the service performs them.
 *
 * @since 0.2.0
 */
import type { locationTagRows } from "../../api/locationTags.js"
import * as Directory from "../Directory.js"
import type { Operation, Operations } from "../Operation.js"
import { doneFlags, Refusal } from "../Reply.js"
import { object, required } from "../Rules.js"

const named = () => object({ name: required }, ["name"])

const tagOf = (
  directory: Directory.Directory,
  caller: Directory.Caller,
  params: { readonly [name: string]: string }
): Directory.StoredOfLocation => {
  const { id } = Directory.locationOf(directory, caller, params["locationId"])
  const found = directory.locationTags.get(params["tagId"] ?? "")
  if (found === undefined || found.locationId !== id) throw new Refusal(400, "Tag not found")
  return found
}

/** Returns the name as it is saved. Throws a `Refusal` if another tag of the location has that name. */
const freeName = (directory: Directory.Directory, locationId: string, name: unknown, tagId?: string): string => {
  const saved = Directory.tagName(String(name))
  const other = Directory.findLocationTag(directory, locationId, saved)
  if (other !== undefined && other.id !== tagId) throw new Refusal(400, "The tag name is already exist.")
  return saved
}

const getLocationTags: Operation = {
  perform: (directory, caller, { params }) => {
    const { id } = Directory.locationOf(directory, caller, params["locationId"])
    return { body: { tags: Array.from(directory.locationTags.values()).filter(({ locationId }) => locationId === id) } }
  }
}

const createLocationTag: Operation = {
  body: named,
  perform: (directory, caller, { params, body }) => {
    const { id } = Directory.locationOf(directory, caller, params["locationId"])
    const name = freeName(directory, id, body["name"])
    Directory.ensureLocationTags(directory, id, [name])
    return { body: { tag: Directory.findLocationTag(directory, id, name) }, isNew: true }
  }
}

const getLocationTag: Operation = {
  perform: (directory, caller, { params }) => ({ body: { tag: tagOf(directory, caller, params) } })
}

const updateLocationTag: Operation = {
  body: named,
  perform: (directory, caller, { params, body }) => {
    const found = tagOf(directory, caller, params)
    const tag = { ...found, name: freeName(directory, found.locationId, body["name"], found.id) }
    directory.locationTags.set(tag.id, tag)
    return { body: { tag } }
  }
}

const deleteLocationTag: Operation = {
  perform: (directory, caller, { params }) => {
    directory.locationTags.delete(tagOf(directory, caller, params).id)
    return { body: doneFlags }
  }
}

/**
 * @since 0.2.0
 * @category operations
 */
export const locationTagOperations = {
  getLocationTags,
  createLocationTag,
  getLocationTag,
  updateLocationTag,
  deleteLocationTag
} satisfies Operations<typeof locationTagRows>
