// The fields that a search filters by, and the operators of each.

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
 * A field with two values, true and false.
 *
 * @since 0.2.0
 * @category fields
 */
export type FlagField = FieldsByKind["flag"][number]

/**
 * A field of text that can be compared as a whole, and not searched for a part of it.
 *
 * @since 0.2.0
 * @category fields
 */
export type WholeField = FieldsByKind["id" | "whole"][number]

/**
 * A field of text that can be searched for a part of it. `tags` matches whole tags only, by any operator.
 *
 * @since 0.2.0
 * @category fields
 */
export type TextField = FieldsByKind["text"][number]

/**
 * A field that holds a moment.
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
 * A custom field by its id, `customFields.<id>`; with the id of an option for a list of text boxes.
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
