/**
 * Decides which contact an upsert updates, by the location's settings. Pure.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/upsert-contact
 *
 * @since 0.1.0
 */

/**
 * A field by which two contacts can be duplicates.
 *
 * @since 0.1.0
 * @category models
 */
export type Field = "email" | "phone"

/**
 * The "Allow Duplicate Contact" setting of a location: whether duplicates are allowed, and which fields are checked, in
 * their order of priority.
 *
 * @since 0.1.0
 * @category models
 */
export interface Setting {
  /** Whether the location may have several contacts with the same email or phone. */
  readonly allow: boolean
  /** The fields by which duplicates are found, the first one first. An empty array finds none. */
  readonly check: ReadonlyArray<Field>
}

/**
 * The default setting of a location: duplicates are not allowed, and email is checked before phone.
 *
 * @since 0.2.0
 * @category models
 */
export const defaultSetting: Setting = { allow: false, check: ["email", "phone"] }

/**
 * The fields of an upsert that the decision depends on.
 *
 * @since 0.1.0
 * @category models
 */
export interface Candidate {
  /** The email. */
  readonly email?: unknown
  /** The phone. */
  readonly phone?: unknown
  /** Whether a contact is created although another one matches. It has an effect only if duplicates are allowed. */
  readonly createNewIfDuplicateAllowed?: unknown
}

/**
 * The decision to create a contact, or to update the one that matched. `ignored` lists the fields that belong to another
 * contact and are not written.
 *
 * @since 0.1.0
 * @category models
 */
export type Decision =
  | { readonly _tag: "Create" }
  | { readonly _tag: "Update"; readonly contactId: string; readonly ignored: ReadonlyArray<Field> }

/**
 * Decides whether an upsert creates or updates a contact. `find` returns the id of the contact that has a value.
 *
 * @since 0.1.0
 * @category duplicates
 */
export const decide = (
  setting: Setting,
  candidate: Candidate,
  find: (field: Field, value: string) => string | undefined
): Decision => {
  if (candidate.createNewIfDuplicateAllowed === true && setting.allow) return { _tag: "Create" }
  const matches = setting.check.flatMap((field) => {
    const value = candidate[field]
    const contactId = typeof value === "string" && value !== "" ? find(field, value) : undefined
    return contactId === undefined ? [] : [{ field, contactId }]
  })
  const [first, ...others] = matches
  if (first === undefined) return { _tag: "Create" }
  const ignored = others.filter(({ contactId }) => contactId !== first.contactId).map(({ field }) => field)
  return { _tag: "Update", contactId: first.contactId, ignored }
}
