/**
 * What a directory keeps: locations, parts of contacts, and what an operation changes. Pure.
 *
 * @since 0.2.0
 */
import type { StoredContact } from "./ContactRecord.js"
import type * as Duplicates from "./Duplicates.js"

/**
 * How a location handles custom fields in a write of a contact, where the behaviour of the service is not known.
 *
 * @since 0.2.0
 * @category models
 */
export interface CustomFieldInput {
  /**
   * A custom field that the location does not have, by its id or its key: `"ignore"` (the default) answers with 2xx and does
   * not store it, `"refuse"` answers with 422. A location without any definition of a custom field of contacts stores whatever
   * is sent by an id.
   */
  readonly unknown?: "ignore" | "refuse" | undefined
  /** `{ key, field_value }` without an `id`: `"apply"` (the default) finds the field by its key; 2xx or 422 otherwise. */
  readonly byKey?: "apply" | "ignore" | "refuse" | undefined
  /** `{ id, value }` instead of `field_value` or `fieldValue`: `"apply"` by default; 2xx or 422 otherwise. */
  readonly byValue?: "apply" | "ignore" | "refuse" | undefined
}

/**
 * A location.
 *
 * @since 0.1.0
 * @category models
 */
export interface Location {
  /** Its id. */
  readonly id: string
  /** Its "Allow Duplicate Contact" setting; by default duplicates are not allowed, and email is checked before phone. */
  readonly duplicates?: Duplicates.Setting | undefined
  /**
   * The country of contacts that are created without one; none by default.
   *
   * @since 0.2.0
   */
  readonly country?: string | undefined
  /**
   * How far the search lags behind the writes, in milliseconds: 0 by default.
   *
   * @since 0.2.0
   */
  readonly indexLag?: number | undefined
  /**
   * How it handles custom fields in a write of a contact, where the behaviour of the service is not known.
   *
   * @since 0.2.0
   */
  readonly customFieldInput?: CustomFieldInput | undefined
}

/**
 * Something that belongs to a contact, such as a note: the JSON of an answer.
 *
 * @since 0.2.0
 * @category models
 */
export interface StoredPart {
  readonly id: string
  readonly contactId: string
  readonly [field: string]: unknown
}

/**
 * Something that belongs to a location, such as a tag: the JSON of an answer.
 *
 * @since 0.2.0
 * @category models
 */
export interface StoredOfLocation {
  readonly id: string
  readonly locationId: string
  readonly [field: string]: unknown
}

/**
 * What became of a contact, a note or a task. `before` is absent if it is new, `after` if it was deleted.
 *
 * @since 0.2.0
 * @category models
 */
export type Change =
  | {
      readonly kind: "contact"
      readonly before?: StoredContact | undefined
      readonly after?: StoredContact | undefined
    }
  | { readonly kind: PartKind; readonly before?: StoredPart | undefined; readonly after?: StoredPart | undefined }

/**
 * The parts of contacts whose changes are told.
 *
 * @since 0.2.0
 * @category models
 */
export type PartKind = "note" | "task"
