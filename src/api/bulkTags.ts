// The tags of many contacts at once: their models and endpoint.
import * as Schema from "effect/Schema"
import { isObject } from "../runtime/json.js"
import { ContactId, LocationId } from "../fields/ids.js"
import { array, id, model, nested, text, texts } from "../fields/model.js"
import { anArray, anObject, filled, flag, named, some, withMessage } from "../fields/schemas.js"
import { always, documentedErrors, pageOf, usual } from "./common.js"
import { endpoint } from "./endpoint.js"

const fields = {
  /** The location of the contacts. */
  locationId: LocationId,
  /** The contacts, at least one. How many the service takes at once is not documented: 100 are prudent. */
  contacts: some(ContactId),
  /** The tags, at least one unless all are removed. */
  tags: Schema.Array(filled).annotations(anArray),
  /** Whether all tags of the contacts are removed, whatever `tags` says. Only with `type: "remove"`. */
  removeAllTags: Schema.optional(flag)
} as const

/**
 * Contacts, and the tags that they are to get or to lose.
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
        return { path: ["removeAllTags"], message: 'goes with type "remove"' }
      if (tags.length === 0 && removeAllTags !== true) return { path: ["tags"], message: "must not be empty" }
      return true
    })
  )

/**
 * @since 0.2.0
 * @category bulk
 */
export interface TagsInBulk extends Schema.Schema.Type<typeof TagsInBulk> {}

/** The type stands in the path. */
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
  // It is documented as text, and was an object in the one example.
  (wire) => (typeof wire === "string" ? { message: wire } : wire)
)

const Items = array(nested(item))

/** The answer with nothing but its items: the flags of the one example contradict them. */
const TagsAnswer = model("TagsInBulkAnswer", {}, { responses: Items }, (wire) =>
  isObject(wire) ? { responses: wire["responses"], traceId: wire["traceId"] } : wire
)

/**
 * What became of one contact.
 *
 * @since 0.2.0
 * @category bulk
 */
export interface TagsInBulkResult {
  /** The contact. */
  readonly contactId: ContactId
  /** `Refused` is certain that its tags are as before; `NotAnswered` is one that the service said nothing about. */
  readonly outcome: "Updated" | "Refused" | "NotAnswered"
  /** What the service said, such as `contact is deleted`. */
  readonly message?: string
  /** Its tags before. Absent where a retry cannot tell, because an earlier attempt may have changed them; so are the next two. */
  readonly oldTags?: ReadonlyArray<string>
  /** The tags that it did not have before. */
  readonly tagsAdded?: ReadonlyArray<string>
  /** The tags that it had before and has no more. */
  readonly tagsRemoved?: ReadonlyArray<string>
}

type Item = Schema.Schema.Type<typeof item.struct>

const resultOf = (contactId: ContactId, found: Item | undefined): TagsInBulkResult => {
  if (found === undefined) return { contactId, outcome: "NotAnswered" }
  const { message, oldTags, tagsAdded, tagsRemoved, type } = found
  return {
    contactId,
    outcome: type === "success" ? "Updated" : type === "error" ? "Refused" : "NotAnswered",
    ...(message === undefined ? {} : { message }),
    ...(oldTags === undefined ? {} : { oldTags }),
    ...(tagsAdded === undefined ? {} : { tagsAdded }),
    ...(tagsRemoved === undefined ? {} : { tagsRemoved })
  }
}

/** What became of each contact, in the order of the call. One that was given twice is told once. */
export const resultsOf = (
  contacts: ReadonlyArray<ContactId>,
  { responses = [] }: { readonly responses?: ReadonlyArray<Item> }
): ReadonlyArray<TagsInBulkResult> => {
  const byContact = new Map<string | undefined, Item>()
  for (const one of responses) if (!byContact.has(one.contactId)) byContact.set(one.contactId, one)
  return Array.from(new Set(contacts), (contactId) => resultOf(contactId, byContact.get(contactId)))
}

/** `POST /contacts/bulk/tags/update/{type}`, which the service calls `create-association` */
export const updateTagsInBulk = endpoint({
  name: "updateTagsInBulk",
  service: "ContactsService",
  scope: "contacts.write",
  page: pageOf("create-association"),
  method: "POST",
  path: "/contacts/bulk/tags/update/{type}",
  ...usual,
  params: Schema.Struct({ type: Schema.Literal("add", "remove") }),
  body: TagsBody,
  success: 201,
  answer: TagsAnswer.schema,
  // Only 400 and 422 are documented, and the service checks the token here, too.
  errors: documentedErrors,
  isRepeatable: always,
  reconcile: ({ responses = [], ...answer }) => ({
    ...answer,
    responses: responses.map(({ oldTags: _, tagsAdded: __, tagsRemoved: ___, ...item }) => item)
  })
})

/** The rows of tags of many contacts, by name. */
export const bulkTagRows = { updateTagsInBulk }
