// The followers of a contact: their models and endpoints.
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { JsonObject } from "../runtime/json.js"
import { Id } from "../fields/ids.js"
import { model, texts } from "../fields/model.js"
import { nonEmptyArray } from "../fields/schemas.js"
import { always, ContactPath, pageOf, endpointDefaults } from "./common.js"
import { getContact } from "./contacts.js"
import { endpoint } from "./endpoint.js"

const added = model(
  "AddedFollowers",
  {
    /** The ids of all users who follow the contact now. */
    followers: texts
  },
  {
    /** The ids of the users who did not follow the contact before. Absent if an earlier attempt may have added them. */
    followersAdded: texts
  }
)

/**
 * The followers of a contact after some were added.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/add-followers-contact
 *
 * @since 0.2.0
 * @category followers
 */
export interface AddedFollowers extends Schema.Schema.Type<typeof added.struct> {}

/**
 * The codec of {@link AddedFollowers}.
 *
 * @since 0.2.0
 * @category followers
 */
export const AddedFollowers: Schema.Schema<AddedFollowers, JsonObject> = added.schema

const removed = model(
  "RemovedFollowers",
  {
    /** The ids of all users who follow the contact now. */
    followers: texts
  },
  {
    /** The ids of the users who followed the contact before. Absent if an earlier attempt may have removed them. */
    followersRemoved: texts
  }
)

/**
 * The followers of a contact after some were removed.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/remove-followers-contact
 *
 * @since 0.2.0
 * @category followers
 */
export interface RemovedFollowers extends Schema.Schema.Type<typeof removed.struct> {}

/**
 * The codec of {@link RemovedFollowers}.
 *
 * @since 0.2.0
 * @category followers
 */
export const RemovedFollowers: Schema.Schema<RemovedFollowers, JsonObject> = removed.schema

const service = "ContactsService"

const FollowersBody = Schema.Struct({ followers: nonEmptyArray(Id) })

/** `POST /contacts/{contactId}/followers` */
export const addFollowers = endpoint({
  name: "addFollowers",
  service,
  scope: "contacts.write",
  page: pageOf("add-followers-contact"),
  method: "POST",
  path: "/contacts/{contactId}/followers",
  ...endpointDefaults,
  params: ContactPath,
  body: FollowersBody,
  success: 201,
  answer: AddedFollowers,
  isSafeToRetry: always,
  reconcile: ({ followersAdded: _, ...answer }) => answer,
  verify: (lookup, { params, body }) =>
    Effect.map(lookup(getContact, { params }), ({ answer: { contact } }) => {
      const followers = contact.followers ?? []
      return body.followers.every((user) => followers.includes(user)) ? Option.some({ followers }) : Option.none()
    })
})

/** `DELETE /contacts/{contactId}/followers` */
export const removeFollowers = endpoint({
  name: "removeFollowers",
  service,
  scope: "contacts.write",
  page: pageOf("remove-followers-contact"),
  method: "DELETE",
  path: "/contacts/{contactId}/followers",
  ...endpointDefaults,
  params: ContactPath,
  body: FollowersBody,
  answer: RemovedFollowers,
  isSafeToRetry: always,
  reconcile: ({ followersRemoved: _, ...answer }) => answer,
  // A contact without followers has no field `followers`.
  verify: (lookup, { params, body }) =>
    Effect.map(lookup(getContact, { params }), ({ answer: { contact } }) => {
      const followers = contact.followers ?? []
      return body.followers.some((user) => followers.includes(user)) ? Option.none() : Option.some({ followers })
    })
})

/** The endpoints of followers, by name. */
export const followerRows = { addFollowers, removeFollowers }
