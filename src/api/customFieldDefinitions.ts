// The definitions of a location's custom fields: their models and endpoints.
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isArray, isObject, type JsonObject } from "../runtime/json.js"
import { idExcept } from "../fields/ids.js"
import { field, flag, id, instant, model, number, text, texts } from "../fields/model.js"
import { normalizeArray, normalizeId, normalizeText } from "../fields/lenient.js"
import * as Input from "../fields/schemas.js"
import {
  always,
  Done,
  wasCreatedSince,
  LocationPath,
  locationPageOf,
  never,
  deletionVerification,
  traceId,
  endpointDefaults
} from "./common.js"
import { endpoint } from "./endpoint.js"

// --- the models --------------------------------------------------------------------------------------------------------

/** Returns the text of an option. A response has the text itself, or an object that has it under one of these names. */
const optionText = (value: unknown): string | undefined =>
  isObject(value)
    ? [value["label"], value["name"], value["key"], value["value"], value["id"]].map(normalizeText).find(Boolean)
    : normalizeText(value)

const optionTexts = field(Schema.Array(Schema.String), normalizeArray(optionText))

/** A box of a text box list in a response. A contact has the text of the box under the box's id. */
const textBox = model(
  "TextBox",
  {
    /** The id of the box. A contact has the text of the box under this id. */
    id: field(Schema.String, normalizeId)
  },
  {
    /** The text before the box. */
    label: text,
    /** The initial text of the box. */
    prefillValue: text
  }
)

const normalizeBox = (value: unknown) =>
  isObject(value) && normalizeId(value["id"]) !== undefined ? textBox.normalize(value) : undefined

/** Returns the options that have an id, which are the boxes of a text box list; undefined if none has one. */
const normalizeTextBoxes = (value: unknown) => {
  const boxes = normalizeArray(normalizeBox)(value)
  return isArray(boxes) && boxes.length > 0 ? boxes : undefined
}

const definition = model(
  "CustomFieldDefinition",
  {
    /** The id of the custom field: the `id` of a contact's value. */
    id: field(Schema.String, normalizeId)
  },
  {
    /** The displayed name. */
    name: text,
    /** The key for templates, `contact.<key>` for a field of contacts. */
    fieldKey: text,
    /** The type of the value, such as `TEXT`, `NUMERICAL`, `DATE` or `SINGLE_OPTIONS`; other types may exist. */
    dataType: text,
    /** The placeholder that an empty field shows. */
    placeholder: text,
    /** The position among the custom fields, from 0. */
    position: number,
    /** The texts of the options; for an option that is an object, its label. */
    picklistOptions: optionTexts,
    /** The texts of the options that have a picture. */
    picklistImageOptions: optionTexts,
    /** The boxes of a `TEXTBOX_LIST`, if the response has their ids. */
    textBoxes: field(Schema.Array(textBox.struct), normalizeTextBoxes),
    /** Whether a value may differ from all options. */
    isAllowedCustomOption: flag,
    /** Whether a value can have several files. */
    isMultiFileAllowed: flag,
    /** The maximum number of files of a value. */
    maxFileLimit: number,
    /** The accepted file types, such as `.pdf`. */
    acceptedFormat: texts,
    /** The id of the location of the custom field. */
    locationId: id,
    /** The model that has the field: `contact` or `opportunity`. */
    model: text,
    /** `field`, or `folder` for a group of fields. */
    documentType: text,
    /** The id of the folder that holds the field. */
    parentId: id,
    /** Whether the field is a standard field of the service. */
    standard: flag,
    /** When the custom field was created; not every response has it. */
    dateAdded: instant
  },
  (wire) => {
    if (!isObject(wire)) return wire
    const options = wire["picklistOptions"] ?? wire["textBoxListOptions"]
    return wire["dataType"] === "TEXTBOX_LIST" && options !== undefined ? { textBoxes: options, ...wire } : wire
  }
)

/**
 * The definition of a custom field of a location: it gives the name and type for the id of a contact's custom field. Fields
 * that are not described here are kept.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/get-custom-field
 *
 * @since 0.2.0
 * @category custom fields
 */
export interface CustomFieldDefinition extends Schema.Schema.Type<typeof definition.struct> {}

/**
 * The codec of {@link CustomFieldDefinition}.
 *
 * @since 0.2.0
 * @category custom fields
 */
export const CustomFieldDefinition: Schema.Schema<CustomFieldDefinition, JsonObject> = definition.schema

const inputFields = {
  /** The placeholder that an empty field shows. */
  placeholder: Schema.optional(Input.text),
  /** The accepted file types, such as `.pdf`. */
  acceptedFormat: Schema.optional(Input.texts),
  /** Whether a value can have several files. */
  isMultipleFile: Schema.optional(Input.flag),
  /** The maximum number of files of a value. */
  maxNumberOfFiles: Schema.optional(Input.number),
  /**
   * The texts of the options, for `SINGLE_OPTIONS`, `RADIO`, `CHECKBOX` and `MULTIPLE_OPTIONS`. The vendor's documentation
   * does not list this field; public clients send it.
   */
  options: Schema.optional(Input.texts),
  /** The boxes of a `TEXTBOX_LIST`, which needs at least one. */
  textBoxListOptions: Schema.optional(
    Schema.Array(
      Schema.Struct({
        /** The text before the box. */
        label: Input.text,
        /** The initial text of the box. */
        prefillValue: Schema.optional(Input.text)
      }).annotations(Input.anObject)
    ).annotations(Input.anArray)
  ),
  /** The position among the custom fields, from 0. */
  position: Schema.optional(Input.number),
  /** The model that has the field: `contact` or `opportunity`. */
  model: Schema.optional(
    Schema.Literal("contact", "opportunity").annotations(Input.withMessage("must be contact or opportunity"))
  )
} as const

/**
 * The fields of a new custom field.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/create-custom-field
 *
 * @since 0.2.0
 * @category custom fields
 */
export const CustomFieldCreate = Schema.Struct({
  /** The displayed name. */
  name: Input.nonEmptyText,
  /**
   * The type of the value: `TEXT`, `LARGE_TEXT`, `NUMERICAL`, `PHONE`, `MONETORY` (sic), `CHECKBOX`, `SINGLE_OPTIONS`,
   * `MULTIPLE_OPTIONS`, `FLOAT`, `TIME`, `DATE`, `TEXTBOX_LIST`, `FILE_UPLOAD`, `SIGNATURE`, `RADIO`, `EMAIL`.
   */
  dataType: Input.text,
  ...inputFields
}).annotations({ ...Input.named("CustomFieldCreate"), ...Input.anObject })

/**
 * @since 0.2.0
 * @category custom fields
 */
export interface CustomFieldCreate extends Schema.Schema.Type<typeof CustomFieldCreate> {}

/**
 * The changes of a custom field. `name` is required; `dataType` cannot change.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/update-custom-field
 *
 * @since 0.2.0
 * @category custom fields
 */
export const CustomFieldUpdate = Schema.Struct({
  /** The displayed name, required even if it does not change. */
  name: Input.nonEmptyText,
  ...inputFields
}).annotations({ ...Input.named("CustomFieldUpdate"), ...Input.anObject })

/**
 * @since 0.2.0
 * @category custom fields
 */
export interface CustomFieldUpdate extends Schema.Schema.Type<typeof CustomFieldUpdate> {}

// --- the endpoints -----------------------------------------------------------------------------------------------------

const service = "CustomFieldsService"
const readScope = "locations/customFields.readonly"
const writeScope = "locations/customFields.write"

const CustomFieldPath = Schema.Struct({ ...LocationPath.fields, id: idExcept(["upload"]) })

const CustomFieldAnswer = Schema.Struct({ customField: CustomFieldDefinition, traceId })

/** The names in responses of the fields that have another name in requests. */
const responseNames: { readonly [name: string]: string } = {
  isMultipleFile: "isMultiFileAllowed",
  maxNumberOfFiles: "maxFileLimit",
  options: "picklistOptions"
}

const labelsOf = (boxes: unknown) => JSON.stringify(normalizeArray(optionText)(boxes))

/** Whether a definition has all fields as sent. A field that the response lacks counts as unset. */
const hasFields = (found: CustomFieldDefinition, sent: object): boolean =>
  Object.entries(sent).every(([name, value]) => {
    if (value === undefined) return true
    if (name === "textBoxListOptions") return labelsOf(found.textBoxes ?? found.picklistOptions) === labelsOf(value)
    return JSON.stringify(found[responseNames[name] ?? name]) === JSON.stringify(value)
  })

/** `GET /locations/{locationId}/customFields` */
export const getCustomFields = endpoint({
  name: "getCustomFields",
  service,
  scope: readScope,
  page: locationPageOf("get-custom-fields"),
  method: "GET",
  path: "/locations/{locationId}/customFields",
  ...endpointDefaults,
  params: LocationPath,
  query: Schema.Struct({
    /** The model whose fields to get; the service decides if absent. */
    model: Schema.optional(
      Schema.Literal("contact", "opportunity", "all").annotations(
        Input.withMessage("must be contact, opportunity or all")
      )
    )
  }),
  answer: Schema.Struct({ customFields: Schema.Array(CustomFieldDefinition), traceId }),
  isSafeToRetry: always
})

/** `POST /locations/{locationId}/customFields` */
export const createCustomField = endpoint({
  name: "createCustomField",
  service,
  scope: writeScope,
  page: locationPageOf("create-custom-field"),
  method: "POST",
  path: "/locations/{locationId}/customFields",
  ...endpointDefaults,
  params: LocationPath,
  body: CustomFieldCreate,
  success: 201,
  answer: CustomFieldAnswer,
  isSafeToRetry: never,
  verify: (lookup, { params, body: { name, dataType } }) =>
    Effect.map(lookup(getCustomFields, { params, query: { model: "all" } }), ({ answer, ...timing }) =>
      Option.map(
        Option.fromNullable(
          answer.customFields.find(
            (one) => hasFields(one, { name, dataType }) && wasCreatedSince(one.dateAdded, timing)
          )
        ),
        (customField) => ({ customField })
      )
    )
})

/** `GET /locations/{locationId}/customFields/{id}` */
export const getCustomField = endpoint({
  name: "getCustomField",
  service,
  scope: readScope,
  page: locationPageOf("get-custom-field"),
  method: "GET",
  path: "/locations/{locationId}/customFields/{id}",
  ...endpointDefaults,
  params: CustomFieldPath,
  answer: CustomFieldAnswer,
  isSafeToRetry: always
})

/** `PUT /locations/{locationId}/customFields/{id}` */
export const updateCustomField = endpoint({
  name: "updateCustomField",
  service,
  scope: writeScope,
  page: locationPageOf("update-custom-field"),
  method: "PUT",
  path: "/locations/{locationId}/customFields/{id}",
  ...endpointDefaults,
  params: CustomFieldPath,
  body: CustomFieldUpdate,
  answer: CustomFieldAnswer,
  isSafeToRetry: always,
  verify: (lookup, { params, body }) =>
    Effect.map(lookup(getCustomField, { params }), ({ answer: { customField } }) =>
      hasFields(customField, body) ? Option.some({ customField }) : Option.none()
    )
})

/** `DELETE /locations/{locationId}/customFields/{id}` */
export const deleteCustomField = endpoint({
  name: "deleteCustomField",
  service,
  scope: writeScope,
  page: locationPageOf("delete-custom-field"),
  method: "DELETE",
  path: "/locations/{locationId}/customFields/{id}",
  ...endpointDefaults,
  params: CustomFieldPath,
  answer: Done,
  ...deletionVerification(getCustomField)
})

/** The endpoints of custom fields, by name. */
export const customFieldRows = {
  getCustomFields,
  createCustomField,
  getCustomField,
  updateCustomField,
  deleteCustomField
}
