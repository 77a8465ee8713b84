// The tags of a single contact: their models and endpoints.
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { JsonObject } from "../runtime/json.js"
import { model, texts } from "../fields/model.js"
import { nonEmptyText, nonEmptyArray } from "../fields/schemas.js"
import { always, ContactPath, pageOf, endpointDefaults } from "./common.js"
import { getContact } from "./contacts.js"
import { endpoint } from "./endpoint.js"

const added = model(
  "AddedTags",
  {
    /** All tags that the contact has now, in lower case. */
    tags: texts
  },
  {
    /** The tags that the contact did not have before. Absent if an earlier attempt may have added them. */
    tagsAdded: texts
  }
)

/**
 * The tags of a contact after some were added.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/add-tags
 *
 * @since 0.2.0
 * @category tags
 */
export interface AddedTags extends Schema.Schema.Type<typeof added.struct> {}

/**
 * The codec of {@link AddedTags}.
 *
 * @since 0.2.0
 * @category tags
 */
export const AddedTags: Schema.Schema<AddedTags, JsonObject> = added.schema

const removed = model(
  "RemovedTags",
  {
    /** All tags that the contact has now, in lower case. */
    tags: texts
  },
  {
    /** The tags that the contact had before. Absent if an earlier attempt may have removed them. */
    tagsRemoved: texts
  }
)

/**
 * The tags of a contact after some were removed.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/remove-tags
 *
 * @since 0.2.0
 * @category tags
 */
export interface RemovedTags extends Schema.Schema.Type<typeof removed.struct> {}

/**
 * The codec of {@link RemovedTags}.
 *
 * @since 0.2.0
 * @category tags
 */
export const RemovedTags: Schema.Schema<RemovedTags, JsonObject> = removed.schema

const service = "ContactsService"

const TagsBody = Schema.Struct({ tags: nonEmptyArray(nonEmptyText) })

/** Returns a tag as the service stores it, in lower case. */
const tagOf = (tag: string): string => tag.trim().toLowerCase()

/** `POST /contacts/{contactId}/tags` */
export const addTags = endpoint({
  name: "addTags",
  service,
  scope: "contacts.write",
  page: pageOf("add-tags"),
  method: "POST",
  path: "/contacts/{contactId}/tags",
  ...endpointDefaults,
  params: ContactPath,
  body: TagsBody,
  success: 201,
  answer: AddedTags,
  isSafeToRetry: always,
  reconcile: ({ tagsAdded: _, ...answer }) => answer,
  verify: (lookup, { params, body }) =>
    Effect.map(lookup(getContact, { params }), ({ answer: { contact } }) => {
      const tags = contact.tags ?? []
      const found = new Set(tags.map(tagOf))
      return body.tags.every((tag) => found.has(tagOf(tag))) ? Option.some({ tags }) : Option.none()
    })
})

/** `DELETE /contacts/{contactId}/tags` */
export const removeTags = endpoint({
  name: "removeTags",
  service,
  scope: "contacts.write",
  page: pageOf("remove-tags"),
  method: "DELETE",
  path: "/contacts/{contactId}/tags",
  ...endpointDefaults,
  params: ContactPath,
  body: TagsBody,
  answer: RemovedTags,
  isSafeToRetry: always,
  reconcile: ({ tagsRemoved: _, ...answer }) => answer,
  verify: (lookup, { params, body }) =>
    Effect.map(lookup(getContact, { params }), ({ answer: { contact } }) => {
      const tags = contact.tags ?? []
      const removed = new Set(body.tags.map(tagOf))
      return tags.some((tag) => removed.has(tagOf(tag))) ? Option.none() : Option.some({ tags })
    })
})

/** The endpoints of tags, by name. */
export const tagRows = { addTags, removeTags }
