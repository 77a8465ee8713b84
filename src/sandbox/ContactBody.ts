/**
 * What the service takes in the body of an update and of an upsert, and how it words its refusals. Written from the
 * documentation and the recordings, apart from the client's own schemas, so that one can judge the other.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as S from "effect/Schema"
import { isArray, isObject, type JsonObject, objectsIn } from "../internal/json.js"
import { Country, DateOfBirth } from "../Schema.js"

/** What is wrong with the value of a field, as sentences that begin with its path. */
type Rule = (path: string, value: unknown) => ReadonlyArray<string>

type Shape = { readonly [field: string]: Rule }

const accepting =
  (isValid: (value: unknown) => boolean, complaint: string): Rule =>
  (path, value) =>
    isValid(value) ? [] : [`${path} ${complaint}`]

const isText = (value: unknown): value is string => typeof value === "string"

const text = accepting(isText, "must be a string")

const required: Rule = (path, value) =>
  isText(value) && value !== "" ? [] : [...text(path, value), `${path} should not be empty`]

const flag = accepting((value) => typeof value === "boolean", "must be a boolean value")

const email = accepting((value) => isText(value) && /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(value), "must be an email")

const oneOf = (...values: ReadonlyArray<string>) =>
  accepting(
    (value) => isText(value) && values.includes(value),
    `must be one of the following values: ${values.join(", ")}`
  )

const country = accepting(S.is(Country), "must be a valid ISO31661 Alpha2 code")

const day = accepting(
  (value) => isText(value) && Either.isRight(S.encodeUnknownEither(DateOfBirth)(value)),
  "must be a valid date"
)

const nullable =
  (rule: Rule): Rule =>
  (path, value) =>
    value === null ? [] : rule(path, value)

const texts: Rule = (path, value) => {
  if (!isArray(value)) return [`${path} must be an array`]
  return value.every(isText) ? [] : [`each value in ${path} must be a string`]
}

const object =
  (shape: Shape, needed: ReadonlyArray<string> = []): Rule =>
  (path, value) => {
    if (!isObject(value)) return [`${path === "" ? "the body" : path} must be an object`]
    const inside = (field: string) => (path === "" ? field : `${path}.${field}`)
    const unknown = Object.keys(value)
      .filter((field) => !Object.hasOwn(shape, field))
      .map((field) =>
        path === "" ? `property ${field} should not exist` : `${path}.property ${field} should not exist`
      )
    const known = Object.keys(shape)
      .filter((field) => value[field] !== undefined || needed.includes(field))
      .flatMap((field) => shape[field]!(inside(field), value[field]))
    return [...unknown, ...known]
  }

const each =
  (rule: Rule): Rule =>
  (path, value) =>
    isArray(value) ? value.flatMap((element, index) => rule(`${path}.${index}`, element)) : [`${path} must be an array`]

// --- the parts ---------------------------------------------------------------------------------------------------------

const file = accepting((value) => isObject(value) && isText(value["url"]), "must be a file with its url")

const customFieldValue: Rule = (path, value) => {
  if (isText(value) || typeof value === "number") return []
  if (isArray(value)) return texts(path, value)
  if (isObject(value)) return Object.entries(value).flatMap(([uuid, entry]) => file(`${path}.${uuid}`, entry))
  return [`${path} must be a string, a number, an array or an object`]
}

const customField = (isV3: boolean) =>
  object(
    { id: required, key: text, field_value: customFieldValue, ...(isV3 ? { fieldValue: customFieldValue } : {}) },
    ["id"]
  )

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
  customFields: each(customField(isV3)),
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

const upsert = (isV3: boolean) =>
  object(
    {
      locationId: required,
      ...common(isV3),
      postalCode: text,
      companyName: nullable(text),
      gender: text,
      dnd: flag,
      source: text,
      assignedTo: text,
      createNewIfDuplicateAllowed: flag
    },
    ["locationId"]
  )

const rules = { update: [update(false), update(true)], upsert: [upsert(false), upsert(true)] } as const

/**
 * What the service would refuse in a body: nothing, or a sentence per fault.
 *
 * @since 0.1.0
 * @category validation
 */
export const faults = (kind: "update" | "upsert", version: string, body: unknown): ReadonlyArray<string> =>
  rules[kind][version === "v3" ? 1 : 0]("", body)

/**
 * A valid body in the spelling of the older versions: channels by their display names, custom fields as `{ id, value }`,
 * the date of birth as `YYYY-MM-DD`.
 *
 * @since 0.1.0
 * @category validation
 */
export const canonical = (body: JsonObject): JsonObject => {
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
 * A stored contact as it is answered: in the spelling of a Version, and without its full name, which no recorded answer has.
 *
 * @since 0.1.0
 * @category answers
 */
export const answered = ({ name: _, ...contact }: JsonObject, version: string): JsonObject =>
  version === "v3" && isObject(contact["dndSettings"])
    ? { ...contact, dndSettings: renameChannels(contact["dndSettings"], channelsOf(false), channelsOf(true)) }
    : contact
