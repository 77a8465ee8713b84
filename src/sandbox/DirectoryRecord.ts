/**
 * The records of a directory: locations, parts of contacts such as notes, and the changes of an operation. Pure.
 *
 * @since 0.2.0
 */
import type { StoredContact } from "./ContactRecord.js"
import type * as Duplicates from "./Duplicates.js"

/**
 * The handling of custom fields in a write of a contact, where the behaviour of the service is not known.
 *
 * @since 0.2.0
 * @category models
 */
export interface CustomFieldInput {
  /**
   * The handling of a custom field whose id or key the location does not have: `"ignore"` (the default) responds with 2xx
   * and does not store it, `"refuse"` responds with 422. A location without definitions of custom fields of contacts stores
   * every custom field that has an id.
   */
  readonly unknown?: "ignore" | "refuse" | undefined
  /**
   * The handling of `{ key, field_value }` without an `id`: `"apply"` (the default) finds the field by its key, `"ignore"`
   * responds with 2xx and does not store it, `"refuse"` responds with 422.
   */
  readonly byKey?: "apply" | "ignore" | "refuse" | undefined
  /**
   * The handling of `{ id, value }` instead of `field_value` or `fieldValue`: `"apply"` (the default) stores it, `"ignore"`
   * responds with 2xx and does not store it, `"refuse"` responds with 422.
   */
  readonly byValue?: "apply" | "ignore" | "refuse" | undefined
}

/**
 * A location.
 *
 * @since 0.1.0
 * @category models
 */
export interface Location {
  /** The id of the location. */
  readonly id: string
  /** The "Allow Duplicate Contact" setting; by default duplicates are not allowed, and email is checked before phone. */
  readonly duplicates?: Duplicates.Setting | undefined
  /**
   * The country of contacts that are created without one; none by default.
   *
   * @since 0.2.0
   */
  readonly country?: string | undefined
  /**
   * The time in milliseconds until a search finds a write: 0 by default.
   *
   * @since 0.2.0
   */
  readonly indexLag?: number | undefined
  /**
   * The handling of custom fields in a write of a contact, where the behaviour of the service is not known.
   *
   * @since 0.2.0
   */
  readonly customFieldInput?: CustomFieldInput | undefined
}

/**
 * A record that belongs to a contact, such as a note: the JSON of a response.
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
 * A record that belongs to a location, such as a tag: the JSON of a response.
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
 * A change of a contact, a note or a task. `before` is absent if the record is new, `after` if it was deleted.
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
 * The kinds of contact parts whose changes send webhook events.
 *
 * @since 0.2.0
 * @category models
 */
export type PartKind = "note" | "task"
