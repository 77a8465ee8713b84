/**
 * The operations on the custom fields of a location, as the service performs them.
 *
 * @since 0.2.0
 */
import type { customFieldRows } from "../../api/customFieldDefinitions.js"
import { isArray, type JsonObject, objectsIn } from "../../runtime/json.js"
import { newCustomField, ofLocation } from "../CustomFieldRecord.js"
import * as Directory from "../Directory.js"
import type { Operation, Operations } from "../Operation.js"
import { doneFlags, Refusal } from "../Reply.js"
import { each, flag, number, object, oneOf, required, type Rule, text, texts } from "../Rules.js"

const dataTypes = [
  ..."TEXT LARGE_TEXT NUMERICAL PHONE MONETORY CHECKBOX SINGLE_OPTIONS MULTIPLE_OPTIONS FLOAT TIME DATE".split(" "),
  ..."TEXTBOX_LIST FILE_UPLOAD SIGNATURE RADIO EMAIL".split(" ")
]

const fields = {
  name: required,
  placeholder: text,
  acceptedFormat: texts,
  isMultipleFile: flag,
  maxNumberOfFiles: number,
  options: texts,
  textBoxListOptions: each(object({ label: text, prefillValue: text })),
  position: number,
  model: oneOf("contact", "opportunity")
}

/** The rule for the body of a new custom field. A text box list needs at least one box. */
const created: Rule = (path, value) => [
  ...object({ ...fields, dataType: oneOf(...dataTypes) }, ["name", "dataType"])(path, value),
  ...(isBoxList(value) && !hasBoxes(value) ? ["textBoxListOptions should not be empty"] : [])
]

const isBoxList = (value: unknown): boolean => (value as JsonObject | undefined)?.["dataType"] === "TEXTBOX_LIST"

const hasBoxes = (value: unknown): boolean => {
  const boxes = (value as JsonObject)["textBoxListOptions"]
  return isArray(boxes) && boxes.length > 0
}

/** Converts the field names of a request body to those of a response. */
const answeredOf = (
  directory: Directory.Directory,
  { isMultipleFile, maxNumberOfFiles, options, textBoxListOptions, ...rest }: JsonObject
): JsonObject => ({
  ...rest,
  ...(isMultipleFile === undefined ? {} : { isMultiFileAllowed: isMultipleFile }),
  ...(maxNumberOfFiles === undefined ? {} : { maxFileLimit: maxNumberOfFiles }),
  ...(options === undefined ? {} : { picklistOptions: options }),
  ...(textBoxListOptions === undefined
    ? {}
    : {
        picklistOptions: objectsIn(textBoxListOptions).map((box) => ({ id: Directory.nextId(directory), ...box }))
      })
})

/** Finds a custom field by its id or its key. Throws a `Refusal` if there is none. */
const customFieldOf = (
  directory: Directory.Directory,
  caller: Directory.Caller,
  params: { readonly [name: string]: string }
): Directory.StoredOfLocation => {
  const { id: locationId } = Directory.locationOf(directory, caller, params["locationId"])
  const found = ofLocation(directory, locationId).find(({ id, fieldKey }) => [id, fieldKey].includes(params["id"]))
  if (found === undefined) throw new Refusal(400, "Custom field not found")
  return found
}

const getCustomFields: Operation = {
  query: object({ model: oneOf("contact", "opportunity", "all") }),
  perform: (directory, caller, { params, query }) => {
    const { id } = Directory.locationOf(directory, caller, params["locationId"])
    const model = query["model"] ?? "all"
    return {
      body: { customFields: ofLocation(directory, id).filter((one) => model === "all" || one["model"] === model) }
    }
  }
}

const createCustomField: Operation = {
  body: () => created,
  perform: (directory, caller, { params, body }) => {
    const { id: locationId } = Directory.locationOf(directory, caller, params["locationId"])
    const customField = newCustomField(directory, answeredOf(directory, body), locationId, caller.now)
    directory.customFields.set(customField.id, customField)
    return { body: { customField }, isNew: true }
  }
}

const getCustomField: Operation = {
  perform: (directory, caller, { params }) => ({ body: { customField: customFieldOf(directory, caller, params) } })
}

const updateCustomField: Operation = {
  body: () => object(fields, ["name"]),
  perform: (directory, caller, { params, body }) => {
    const customField = { ...customFieldOf(directory, caller, params), ...answeredOf(directory, body) }
    directory.customFields.set(customField.id, customField)
    return { body: { customField } }
  }
}

const deleteCustomField: Operation = {
  perform: (directory, caller, { params }) => {
    directory.customFields.delete(customFieldOf(directory, caller, params).id)
    return { body: doneFlags }
  }
}

/**
 * @since 0.2.0
 * @category operations
 */
export const customFieldOperations = {
  getCustomFields,
  createCustomField,
  getCustomField,
  updateCustomField,
  deleteCustomField
} satisfies Operations<typeof customFieldRows>
