// The tags of many contacts at once: their models and endpoint.
import * as Schema from "effect/Schema"
import { isObject } from "../runtime/json.js"
import { ContactId, LocationId } from "../fields/ids.js"
import { array, id, model, nested, text, texts } from "../fields/model.js"
import { anArray, anObject, nonEmptyText, flag, named, nonEmptyArray, withMessage } from "../fields/schemas.js"
import { always, documentedErrors, pageOf, endpointDefaults } from "./common.js"
import { endpoint } from "./endpoint.js"

const fields = {
  /** The location of the contacts. */
  locationId: LocationId,
  /** The contacts, at least one. The service's limit is not documented; up to 100 per call is prudent. */
  contacts: nonEmptyArray(ContactId),
  /** The tags, at least one unless all are removed. */
  tags: Schema.Array(nonEmptyText).annotations(anArray),
  /** Whether all tags of the contacts are removed, regardless of `tags`. Only with `type: "remove"`. */
  removeAllTags: Schema.optional(flag)
} as const

/**
 * The contacts and tags of a bulk update that adds or removes tags.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/create-association
 *
 * @since 0.2.0
 * @category bulk
 */
export const TagsInBulk = Schema.Struct({
  /** Whether the tags are added or removed. */
  type: Schema.Literal("add", "remove").annotations(withMessage('must be "add" or "remove"')),
  ...fields
})
  .annotations({ ...named("TagsInBulk"), ...anObject })
  .pipe(
    Schema.filter(({ type, tags, removeAllTags }) => {
      if (type === "add" && removeAllTags === true)
        return { path: ["removeAllTags"], message: 'is allowed only with type "remove"' }
      if (tags.length === 0 && removeAllTags !== true) return { path: ["tags"], message: "must not be empty" }
      return true
    })
  )

/**
 * @since 0.2.0
 * @category bulk
 */
export interface TagsInBulk extends Schema.Schema.Type<typeof TagsInBulk> {}

/** The request body, without `type`, which is part of the path. */
const TagsBody = Schema.transform(Schema.encodedSchema(Schema.Struct(fields)), Schema.typeSchema(TagsInBulk), {
  strict: false,
  decode: (body) => ({ type: "add", ...body }),
  encode: ({ type: _, ...body }) => body
})

const item = model(
  "TagsInBulkItem",
  {},
  {
    contactId: id,
    type: text,
    message: text,
    oldTags: texts,
    tagsAdded: texts,
    tagsRemoved: texts
  },
  // An item is documented as text, but the only known example has an object.
  (wire) => (typeof wire === "string" ? { message: wire } : wire)
)

const Items = array(nested(item))

/** The answer with only the items and `traceId`: in the only known example, the flags contradict the items. */
const TagsAnswer = model("TagsInBulkAnswer", {}, { responses: Items }, (wire) =>
  isObject(wire) ? { responses: wire["responses"], traceId: wire["traceId"] } : wire
)

/**
 * The result of a bulk update of tags for one contact.
 *
 * @since 0.2.0
 * @category bulk
 */
export interface TagsInBulkResult {
  /** The id of the contact. */
  readonly contactId: ContactId
  /** The outcome. `Refused`: the tags are unchanged. `NoResult`: the response has no known result for the contact. */
  readonly outcome: "Updated" | "Refused" | "NoResult"
  /** The message of the service, such as `contact is deleted`. */
  readonly message?: string
  /** The earlier tags. Absent, like `tagsAdded` and `tagsRemoved`, if an earlier attempt may have changed them. */
  readonly oldTags?: ReadonlyArray<string>
  /** The tags that the update added to the contact. */
  readonly tagsAdded?: ReadonlyArray<string>
  /** The tags that the update removed from the contact. */
  readonly tagsRemoved?: ReadonlyArray<string>
}

type Item = Schema.Schema.Type<typeof item.struct>

const resultOf = (contactId: ContactId, found: Item | undefined): TagsInBulkResult => {
  if (found === undefined) return { contactId, outcome: "NoResult" }
  const { message, oldTags, tagsAdded, tagsRemoved, type } = found
  return {
    contactId,
    outcome: type === "success" ? "Updated" : type === "error" ? "Refused" : "NoResult",
    ...(message === undefined ? {} : { message }),
    ...(oldTags === undefined ? {} : { oldTags }),
    ...(tagsAdded === undefined ? {} : { tagsAdded }),
    ...(tagsRemoved === undefined ? {} : { tagsRemoved })
  }
}

/** Returns the result for each contact, in the order of the call. A contact that was given twice has one result. */
export const resultsOf = (
  contacts: ReadonlyArray<ContactId>,
  { responses = [] }: { readonly responses?: ReadonlyArray<Item> }
): ReadonlyArray<TagsInBulkResult> => {
  const byContact = new Map<string | undefined, Item>()
  for (const one of responses) if (!byContact.has(one.contactId)) byContact.set(one.contactId, one)
  return Array.from(new Set(contacts), (contactId) => resultOf(contactId, byContact.get(contactId)))
}

/** `POST /contacts/bulk/tags/update/{type}`, named `create-association` in the service's documentation */
export const updateTagsInBulk = endpoint({
  name: "updateTagsInBulk",
  service: "ContactsService",
  scope: "contacts.write",
  page: pageOf("create-association"),
  method: "POST",
  path: "/contacts/bulk/tags/update/{type}",
  ...endpointDefaults,
  params: Schema.Struct({ type: Schema.Literal("add", "remove") }),
  body: TagsBody,
  success: 201,
  answer: TagsAnswer.schema,
  // Only 400 and 422 are documented, but the service checks the token of this endpoint, too.
  errors: documentedErrors,
  isSafeToRetry: always,
  reconcile: ({ responses = [], ...answer }) => ({
    ...answer,
    responses: responses.map(({ oldTags: _, tagsAdded: __, tagsRemoved: ___, ...item }) => item)
  })
})

/** The endpoints of bulk tag updates, by name. */
export const bulkTagRows = { updateTagsInBulk }
