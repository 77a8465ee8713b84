// The fields by which a search can filter, and the operators of each.

export const fieldsByKind = {
  id: ["id"],
  flag: ["dnd", "isValidWhatsapp", "validEmail"],
  whole: [
    "contactName",
    "assignedTo",
    "country",
    "email",
    "followers",
    "timezone",
    "type",
    "website",
    "activeWorkflows",
    "finishedWorkflows"
  ],
  text: [
    "address",
    "businessName",
    "city",
    "companyName",
    "firstNameLowerCase",
    "lastNameLowerCase",
    "phone",
    "postalCode",
    "source",
    "state",
    "tags"
  ],
  date: ["dateAdded", "dateUpdated", "dateOfBirth", "lastAppointment", "lastEmailClickedDate", "lastEmailOpenedDate"]
} as const

export const equality = ["eq", "not_eq"] as const
export const presence = ["exists", "not_exists"] as const
export const containment = ["contains", "not_contains"] as const

export const operatorsByKind = {
  id: equality,
  flag: [...equality, ...presence],
  whole: [...equality, ...presence],
  text: [...equality, ...presence, ...containment],
  date: ["range", ...presence]
} as const

export type FieldsByKind = typeof fieldsByKind

/**
 * A boolean field.
 *
 * @since 0.2.0
 * @category fields
 */
export type FlagField = FieldsByKind["flag"][number]

/**
 * A text field that can only be compared as a whole, not searched for a part of its text.
 *
 * @since 0.2.0
 * @category fields
 */
export type WholeField = FieldsByKind["id" | "whole"][number]

/**
 * A text field that can also be searched for a part of its text. `tags` matches whole tags only, with every operator.
 *
 * @since 0.2.0
 * @category fields
 */
export type TextField = FieldsByKind["text"][number]

/**
 * A date field.
 *
 * @since 0.2.0
 * @category fields
 */
export type DateField = FieldsByKind["date"][number]

/**
 * A field that can be unset: all but `id`.
 *
 * @since 0.2.0
 * @category fields
 */
export type OptionalField = FlagField | Exclude<WholeField, "id"> | TextField | DateField

/**
 * A custom field by its id, `customFields.<id>`. A box of a text box list is `customFields.<id>.<boxId>`.
 *
 * @since 0.2.0
 * @category fields
 */
export type CustomFieldPath = `customFields.${string}`

/**
 * A field of an opportunity.
 *
 * @since 0.2.0
 * @category fields
 */
export type OpportunityField = "pipelineId" | "pipelineStageId" | "status"
