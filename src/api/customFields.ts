// Custom fields in requests and responses.
import * as Schema from "effect/Schema"
import { isArray, isObject, isTooDeep, type JsonObject, tooDeep } from "../runtime/json.js"
import { anObject, named, number, text, unknownFields, withMessage } from "../fields/schemas.js"
import {
  type Normalize,
  normalizeId,
  normalizeNumber,
  normalizeObject,
  normalizeText,
  normalizeTexts,
  isAbsent,
  textRules
} from "../fields/lenient.js"

const customFieldFile = Schema.Struct(
  {
    /** The download URL of the file. */
    url: text,
    /** The id of the file. */
    documentId: Schema.optional(text),
    /** The metadata of the file. */
    meta: Schema.optional(
      Schema.Struct(
        {
          /** The name of the form field that the file was sent in. */
          fieldname: Schema.optional(text),
          /** The name of the file. */
          originalname: Schema.optional(text),
          /** The transfer encoding of the upload. */
          encoding: Schema.optional(text),
          /** The media type of the file. */
          mimetype: Schema.optional(text),
          /** The size of the file in bytes. */
          size: Schema.optional(number),
          /** The uuid of the file. */
          uuid: Schema.optional(text)
        },
        unknownFields
      )
    )
  },
  unknownFields
).annotations({ ...named("CustomFieldFile") })

/**
 * A file of a custom field of the type file. Fields that are not described here are kept.
 *
 * @since 0.1.0
 * @category custom fields
 */
export interface CustomFieldFile extends Schema.Schema.Type<typeof customFieldFile> {}

/**
 * The schema of {@link CustomFieldFile}.
 *
 * @since 0.1.0
 * @category custom fields
 */
export const CustomFieldFile: Schema.Schema<
  CustomFieldFile,
  Schema.Schema.Encoded<typeof customFieldFile>
> = customFieldFile

/**
 * The value of a custom field: text (for the types text, large text, single select, radio), a finite number (numeric,
 * monetary), an array of options (checkbox, multi select), files by their uuid (file), or texts by
 * the id of their box (text box list).
 *
 * @since 0.1.0
 * @category custom fields
 */
export const CustomFieldValue = Schema.Union(
  Schema.String,
  Schema.JsonNumber,
  Schema.Array(Schema.String),
  Schema.Record({ key: Schema.String, value: CustomFieldFile }),
  Schema.Record({ key: Schema.String, value: Schema.String })
).annotations({
  ...named("CustomFieldValue"),
  ...withMessage(
    "must be text, a finite number, an array of text, files by their uuid, or texts by the id of their box"
  )
})

/**
 * @since 0.1.0
 * @category custom fields
 */
export type CustomFieldValue = typeof CustomFieldValue.Type

/** A value that is not nested too deeply to be sent. */
const WritableValue = CustomFieldValue.pipe(Schema.filter((value) => !isTooDeep(value) || tooDeep))

const isWritableValue = Schema.is(WritableValue)

const CustomFieldModel = Schema.Struct({
  /** The id of the custom field, from the settings of the location. */
  id: text.pipe(Schema.filter((id) => id !== "" || "must not be empty")),
  /** The key of the custom field. The service accepts it in requests and does not send it in responses. */
  key: Schema.optional(text),
  /** The value. */
  value: WritableValue
}).annotations(anObject)

/**
 * A custom field of a contact, for reading and writing: the custom fields that `getContact` returns can be sent in an update
 * unchanged. In JSON the value is named `value`, `field_value` or `fieldValue`, depending on the endpoint and Version; the
 * codec reads all of them. A value of an undocumented type is read as its JSON text.
 *
 * @since 0.1.0
 * @category custom fields
 */
export interface CustomField extends Schema.Schema.Type<typeof CustomFieldModel> {}

const CustomFieldJson = Schema.Struct({
  id: Schema.String,
  key: Schema.optional(Schema.Unknown),
  value: Schema.optional(Schema.Unknown),
  field_value: Schema.optional(Schema.Unknown),
  fieldValue: Schema.optional(Schema.Unknown)
})

/**
 * The codec of {@link CustomField}, with a constructor for each type of value.
 *
 * @example
 * import { CustomField } from "effect-growthhub/Schema"
 *
 * const fields = [
 *   CustomField.text("6dvNaf7VhkQ9snc5vnjJ", "My Text"),
 *   CustomField.number("y0BeYjuRIlDwsDcOHOJo", 100.5, "deal_size"),
 *   CustomField.options("ve9EPM428h8vShlRW1KT", ["red", "blue"])
 * ]
 *
 * @since 0.1.0
 * @category custom fields
 */
export const CustomField = Object.assign(
  Schema.transform(CustomFieldJson, CustomFieldModel, {
    strict: true,
    decode: (wire) => customFieldOf(wire.id, wire),
    encode: ({ id, key, value }) => ({ id, ...(key === undefined ? {} : { key }), field_value: value })
  }).annotations({ ...named("CustomField") }),
  {
    /** A custom field of the type text, large text, single select or radio. */
    text: (id: string, value: string, key?: string): CustomField => customField(id, value, key),
    /** A custom field of the type numeric or monetary. */
    number: (id: string, value: number, key?: string): CustomField => customField(id, value, key),
    /** A custom field of the type checkbox or multi select, with the selected options. */
    options: (id: string, value: ReadonlyArray<string>, key?: string): CustomField => customField(id, value, key),
    /** A custom field of the type file, with its files by their uuid. */
    files: (id: string, value: { readonly [uuid: string]: CustomFieldFile }, key?: string): CustomField =>
      customField(id, value, key),
    /** A custom field of the type text box list, with its texts by the id of their box. */
    textBoxes: (id: string, value: { readonly [boxId: string]: string }, key?: string): CustomField =>
      customField(id, value, key)
  }
)

function customField(id: string, value: CustomFieldValue, key: string | undefined): CustomField {
  return key === undefined ? { id, value } : { id, key, value }
}

function customFieldOf(id: string, { key, value, field_value, fieldValue }: JsonObject): CustomField {
  return customField(
    id,
    customFieldValue(value ?? field_value ?? fieldValue),
    typeof key === "string" ? key : undefined
  )
}

function customFieldValue(value: unknown): CustomFieldValue {
  if (typeof value === "string") return value
  const normalized = isArray(value) ? normalizeTexts(value) : normalizeFiles(value)
  return isWritableValue(normalized) ? normalized : String(normalizeText(value) ?? "")
}

const normalizeFile = normalizeObject(
  new Map<string, Normalize>([
    ...textRules(["url", "documentId"]),
    [
      "meta",
      normalizeObject(
        new Map<string, Normalize>([
          ...textRules(["fieldname", "originalname", "encoding", "mimetype", "uuid"]),
          ["size", normalizeNumber]
        ])
      )
    ]
  ])
)

/** Normalizes files by their uuid; other values stay as they are. */
function normalizeFiles(value: unknown): unknown {
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([uuid, file]) => [uuid, normalizeFile(file) ?? file]))
}

/** Normalizes a custom field of a response; undefined if it has no id or no value. */
export const normalizeCustomField: Normalize = (value) => {
  if (!isObject(value)) return undefined
  const id = normalizeId(value["id"])
  const hasValue = !isAbsent(value["value"] ?? value["field_value"] ?? value["fieldValue"])
  return typeof id !== "string" || id === "" || !hasValue ? undefined : customFieldOf(id, value)
}
