/**
 * The operations on the followers of a contact, as the service performs them.
 *
 * @since 0.2.0
 */
import type { followerRows } from "../../api/followers.js"
import { isArray } from "../../runtime/json.js"
import { changed } from "../ContactRecord.js"
import * as Directory from "../Directory.js"
import type { Operation, Operations } from "../Operation.js"
import { isText, object, someTexts } from "../Rules.js"

const body = () => object({ followers: someTexts }, ["followers"])

const usersIn = (users: unknown): ReadonlyArray<string> =>
  isArray(users) ? Array.from(new Set(users.filter(isText))) : []

/** The changed field of a contact. A contact without followers has no such field. */
const withFollowers = (followers: ReadonlyArray<string>) => ({
  followers: followers.length === 0 ? undefined : followers
})

const addFollowers: Operation = {
  body,
  perform: (directory, caller, { params, body }) => {
    const contact = Directory.contactOf(directory, caller, params)
    const before = usersIn(contact["followers"])
    const followersAdded = usersIn(body["followers"]).filter((user) => !before.includes(user))
    const followers = [...before, ...followersAdded]
    Directory.put(directory, changed(contact, withFollowers(followers), caller.now))
    return { body: { followers, followersAdded } }
  }
}

const removeFollowers: Operation = {
  body,
  perform: (directory, caller, { params, body }) => {
    const contact = Directory.contactOf(directory, caller, params)
    const before = usersIn(contact["followers"])
    const sent = usersIn(body["followers"])
    const followers = before.filter((user) => !sent.includes(user))
    Directory.put(directory, changed(contact, withFollowers(followers), caller.now))
    return { body: { followers, followersRemoved: before.filter((user) => sent.includes(user)) } }
  }
}

/**
 * @since 0.2.0
 * @category operations
 */
export const followerOperations = {
  addFollowers,
  removeFollowers
} satisfies Operations<typeof followerRows>
