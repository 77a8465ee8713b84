/**
 * The rules for the body of a contact, and the messages of refusals. Written from the documentation and from recordings,
 * independently of the client's schemas, so that tests can compare the two.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as S from "effect/Schema"
import { isArray, isObject, type JsonObject, objectsIn } from "../runtime/json.js"
import { Country, DateOfBirth } from "../Schema.js"
import {
  accepting,
  each,
  email,
  flag,
  isText,
  nullable,
  object,
  oneOf,
  required,
  type Rule,
  type Shape,
  text,
  texts
} from "./Rules.js"

const country = accepting(S.is(Country), "must be a valid ISO31661 Alpha2 code")

const day = accepting(
  (value) => isText(value) && Either.isRight(S.encodeUnknownEither(DateOfBirth)(value)),
  "must be a valid date"
)

// --- the parts ---------------------------------------------------------------------------------------------------------

const file = accepting((value) => isObject(value) && isText(value["url"]), "must be a file with its url")

const customFieldValue: Rule = (path, value) => {
  if (isText(value) || typeof value === "number") return []
  if (isArray(value)) return texts(path, value)
  if (isObject(value))
    return Object.entries(value).flatMap(([id, entry]) => (isText(entry) ? [] : file(`${path}.${id}`, entry)))
  return [`${path} must be a string, a number, an array or an object`]
}

const customFieldShape: Shape = {
  id: required,
  key: text,
  field_value: customFieldValue,
  fieldValue: customFieldValue,
  value: customFieldValue
}

/**
 * A custom field. Both spellings of the value work in every Version, as a public report of a working request shows. Public
 * apps also send `value`, and a `key` without an `id`; `CustomFieldInput` handles these.
 */
const customField: Rule = (path, value) =>
  object(customFieldShape, isObject(value) && isText(value["key"]) && value["key"] !== "" ? [] : ["id"])(path, value)

const channel = object({ status: oneOf("active", "inactive", "permanent"), message: text, code: text }, ["status"])

const channelsOf = (isV3: boolean) =>
  isV3 ? ["call", "email", "sms", "whatsApp", "gmb", "fb"] : ["Call", "Email", "SMS", "WhatsApp", "GMB", "FB"]

const common = (isV3: boolean): Shape => ({
  firstName: nullable(text),
  lastName: nullable(text),
  name: nullable(text),
  email: nullable(email),
  phone: nullable(text),
  address1: nullable(text),
  city: nullable(text),
  state: nullable(text),
  website: nullable(text),
  timezone: nullable(text),
  dndSettings: object(Object.fromEntries(channelsOf(isV3).map((name) => [name, channel]))),
  inboundDndSettings: object({ all: object({ status: oneOf("active", "inactive"), message: text }, ["status"]) }),
  tags: texts,
  customFields: each(customField),
  dateOfBirth: nullable(day),
  country
})

const update = (isV3: boolean) =>
  object({
    ...common(isV3),
    postalCode: nullable(text),
    dnd: nullable(flag),
    source: nullable(text),
    assignedTo: nullable(text)
  })

const createFields = (isV3: boolean): Shape => ({
  locationId: required,
  ...common(isV3),
  postalCode: text,
  companyName: nullable(text),
  gender: text,
  dnd: flag,
  source: text,
  assignedTo: text
})

/** Returns the rule with the field names of a Version. */
const ruleByVersion = (rule: (isV3: boolean) => Rule) => {
  const older = rule(false)
  const v3 = rule(true)
  return (version: string): Rule => (version === "v3" ? v3 : older)
}

/**
 * The rules for the body of a create, an update and an upsert, by Version.
 *
 * @since 0.2.0
 * @category validation
 */
export const rules = {
  create: ruleByVersion((isV3) => object(createFields(isV3), ["locationId"])),
  update: ruleByVersion(update),
  upsert: ruleByVersion((isV3) => object({ ...createFields(isV3), createNewIfDuplicateAllowed: flag }, ["locationId"]))
}

/**
 * Converts a valid body to the spelling of the older Versions: channels by their display names, custom fields as
 * `{ id, value }`, the date of birth as `YYYY-MM-DD`.
 *
 * @since 0.1.0
 * @category validation
 */
export const normalizeBody = (body: JsonObject): JsonObject => {
  const { dndSettings, customFields, dateOfBirth, ...rest } = body
  return {
    ...rest,
    ...(isObject(dndSettings) ? { dndSettings: renameChannels(dndSettings, channelsOf(true), channelsOf(false)) } : {}),
    ...(customFields === undefined
      ? {}
      : {
          customFields: objectsIn(customFields).map(({ id, value, field_value, fieldValue }) => ({
            id,
            value: fieldValue ?? field_value ?? value
          }))
        }),
    ...(dateOfBirth === undefined
      ? {}
      : { dateOfBirth: isText(dateOfBirth) ? S.encodeUnknownSync(DateOfBirth)(dateOfBirth) : null })
  }
}

const renameChannels = (settings: JsonObject, from: ReadonlyArray<string>, to: ReadonlyArray<string>) =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [to[from.indexOf(name)] ?? name, value]))

/**
 * A stored contact as a response has it: in the spelling of a Version, and without its full name (none in recordings).
 *
 * @since 0.1.0
 * @category answers
 */
export const toResponse = ({ name: _, ...contact }: JsonObject, version: string): JsonObject =>
  version === "v3" && isObject(contact["dndSettings"])
    ? { ...contact, dndSettings: renameChannels(contact["dndSettings"], channelsOf(false), channelsOf(true)) }
    : contact
