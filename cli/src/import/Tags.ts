// Combines the tags of a row with those of its contact.
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { ContactsService } from "effect-growthhub/ContactsService"
import type { Contact } from "effect-growthhub/Schema"

const normalized = (tag: string) => tag.trim().toLowerCase()

/** The contact's tags and the added ones; undefined if the contact has them all. The service keeps tags in lower case. */
export const missingTags = (
  existing: ReadonlyArray<string>,
  added: ReadonlyArray<string>
): ReadonlyArray<string> | undefined => {
  const has = new Set(existing.map(normalized))
  const missing = added.filter((tag) => !has.has(normalized(tag)))
  return missing.length === 0 ? undefined : [...existing, ...missing]
}

/** The tags of a contact. They are fetched if the given contact does not include them. */
export const tagsOf = (
  { getContact }: Pick<Context.Tag.Service<ContactsService>, "getContact">,
  { id, tags }: Pick<Contact, "id" | "tags">
) => (tags === undefined ? Effect.map(getContact(id), (contact) => contact.tags ?? []) : Effect.succeed(tags))
