/**
 * What travels to and from the Contacts API: ids, the contact as it is answered, and what an update and an upsert
 * may carry.
 *
 * Reading is lenient: `null` is absent, numbers in text fields become text, unknown fields, statuses and channels are
 * kept. Writing is strict: a field that the endpoint does not take is refused before anything is sent.
 *
 * @since 0.1.0
 */
import type * as Brand from "effect/Brand"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import { isArray, isObject, type JsonObject, objectsIn, stringifyOption } from "./internal/json.js"
import * as reader from "./internal/reader.js"

const identifier = (name: string) => `effect-growthhub/${name}`

const saying = (message: string) => ({ message: () => message })

const anObject = saying("must be an object")
const anArray = saying("must be an array")

// --- ids ---------------------------------------------------------------------------------------------------------------

const maxIdLength = 256

/** Most are of this kind, and need no closer look. */
const plainId = /^[\w-]{1,64}$/

const idFault = (id: string): string | undefined => {
  if (plainId.test(id)) return undefined
  if (id === "") return "must not be empty"
  if (id === "." || id === "..") return "must not be a relative path segment"
  if (id.length > maxIdLength) return `must not be longer than ${maxIdLength} characters`
  if (/[/\\]/.test(id)) return "must not contain a slash"
  if (/\p{Cc}/u.test(id)) return "must not contain control characters"
  if (/\p{Surrogate}/u.test(id)) return "must be well-formed text"
  return undefined
}

const isId = (value: unknown): boolean => typeof value === "string" && idFault(value) === undefined

const Id = Schema.String.annotations(saying("must be a string")).pipe(Schema.filter((id) => idFault(id) ?? true))

/**
 * The id of a contact: text of 1 to 256 characters, not `.` or `..`, without slashes and control characters, so that
 * it can never name another path of the API.
 *
 * @example
 * import { ContactId } from "effect-growthhub/Schema"
 *
 * const id = ContactId.make("seD4PfOuKoVMLkEZqohJ")
 *
 * @since 0.1.0
 * @category ids
 */
export const ContactId = Id.pipe(Schema.brand("ContactId")).annotations({ identifier: identifier("ContactId") })

/**
 * @since 0.1.0
 * @category ids
 */
export type ContactId = string & Brand.Brand<"ContactId">

/**
 * The id of a location (a sub-account). The same rules as for {@link ContactId}.
 *
 * @since 0.1.0
 * @category ids
 */
export const LocationId = Id.pipe(Schema.brand("LocationId")).annotations({ identifier: identifier("LocationId") })

/**
 * @since 0.1.0
 * @category ids
 */
export type LocationId = string & Brand.Brand<"LocationId">

// --- countries ---------------------------------------------------------------------------------------------------------

/**
 * The two-letter codes that the API takes as a country.
 *
 * Source: https://highlevel.stoplight.io/docs/integrations/ZG9jOjI4MzUzNDIy-country-list
 *
 * @since 0.1.0
 * @category countries
 */
// prettier-ignore
export const Country = Schema.Literal(
  "AF", "AX", "AL", "DZ", "AS", "AD", "AO", "AI", "AQ", "AG", "AR", "AM", "AW", "AU", "AT", "AZ", "BS", "BH", "BD",
  "BB", "BY", "BE", "BZ", "BJ", "BM", "BT", "BO", "BA", "BW", "BV", "BR", "IO", "BN", "BG", "BF", "BI", "KH", "CM",
  "CA", "CV", "KY", "CF", "TD", "CL", "CN", "CX", "CC", "CO", "KM", "CG", "CD", "CK", "CR", "CI", "HR", "CU", "CY",
  "CZ", "DK", "DJ", "DM", "DO", "EC", "EG", "SV", "GQ", "ER", "EE", "ET", "FK", "FO", "FJ", "FI", "FR", "GF", "PF",
  "TF", "GA", "GM", "GE", "DE", "GH", "GI", "GR", "GL", "GD", "GP", "GU", "GT", "GG", "GN", "GW", "GY", "HT", "HM",
  "VA", "HN", "HK", "HU", "IS", "IN", "ID", "IR", "IQ", "IE", "IM", "IL", "IT", "JM", "JP", "JE", "JO", "KZ", "KE",
  "KI", "KP", "KR", "XK", "KW", "KG", "LA", "LV", "LB", "LS", "LR", "LY", "LI", "LT", "LU", "MO", "MK", "MG", "MW",
  "MY", "MV", "ML", "MT", "MH", "MQ", "MR", "MU", "YT", "MX", "FM", "MD", "MC", "MN", "ME", "MS", "MA", "MZ", "MM",
  "NA", "NR", "NP", "NL", "AN", "NC", "NZ", "NI", "NE", "NG", "NU", "NF", "MP", "NO", "OM", "PK", "PW", "PS", "PA",
  "PG", "PY", "PE", "PH", "PN", "PL", "PT", "PR", "QA", "RE", "RO", "RU", "RW", "SH", "KN", "LC", "MF", "PM", "VC",
  "WS", "SM", "ST", "SA", "SN", "RS", "SC", "SL", "SG", "SX", "SK", "SI", "SB", "SO", "ZA", "GS", "ES", "LK", "SD",
  "SR", "SJ", "SZ", "SE", "CH", "SY", "TW", "TJ", "TZ", "TH", "TL", "TG", "TK", "TO", "TT", "TN", "TR", "TM", "TC",
  "TV", "UG", "GB", "UA", "AE", "US", "UM", "UY", "UZ", "VU", "VE", "VN", "VG", "VI", "WF", "EH", "YE", "ZM", "ZW"
).annotations({ identifier: identifier("Country"), ...saying("must be a two-letter code of the country list") })

/**
 * @since 0.1.0
 * @category countries
 */
export type Country = typeof Country.Type

// --- days --------------------------------------------------------------------------------------------------------------

const isoDay = (year: number, month: number, day: number): Option.Option<string> => {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const isReal =
    date.getUTCFullYear() === year &&
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    year >= 0 &&
    year <= 9999
  return isReal ? Option.some(date.toISOString().slice(0, 10)) : Option.none()
}

const yearFirst = /^(\d{4})([-/._])(\d{2})\2(\d{2})$/
const monthFirst = /^(\d{2})([-/._])(\d{2})\2(\d{4})$/

const isoDayOfText = (text: string): Option.Option<string> => {
  const ymd = yearFirst.exec(text)
  if (ymd !== null) return isoDay(Number(ymd[1]), Number(ymd[3]), Number(ymd[4]))
  const mdy = monthFirst.exec(text)
  if (mdy !== null) return isoDay(Number(mdy[4]), Number(mdy[1]), Number(mdy[3]))
  return Option.none()
}

const realDay = (input: string | DateTime.DateTime, ast: AST.AST): Either.Either<string, ParseResult.ParseIssue> =>
  Either.fromOption(
    typeof input === "string" ? isoDayOfText(input) : isoDayOfDateTime(input),
    () => new ParseResult.Type(ast, input)
  )

const isoDayOfDateTime = (dateTime: DateTime.DateTime): Option.Option<string> => {
  const { year, month, day } = DateTime.toParts(dateTime)
  return isoDay(year, month, day)
}

/**
 * A date of birth as it is written: text in one of the eight documented formats (`YYYY-MM-DD`, `MM-DD-YYYY`, and both
 * with `/`, `.` or `_` between), or a `DateTime`, of which the day in its own time zone counts. It must be a real day.
 * It is sent as `YYYY-MM-DD`.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/update-contact
 *
 * @example
 * import * as Schema from "effect/Schema"
 * import { DateOfBirth } from "effect-growthhub/Schema"
 *
 * Schema.encodeSync(DateOfBirth)("09/25/1990") // "1990-09-25"
 *
 * @since 0.1.0
 * @category dates
 */
export const DateOfBirth = Schema.transformOrFail(
  Schema.String,
  Schema.Union(Schema.String, Schema.DateTimeUtcFromSelf, Schema.DateTimeZonedFromSelf),
  {
    strict: true,
    decode: (input, _, ast) => realDay(input, ast),
    encode: (input, _, ast) => realDay(input, ast)
  }
).annotations({
  identifier: identifier("DateOfBirth"),
  ...saying("must be a real day as YYYY-MM-DD, MM-DD-YYYY, the same with / . or _ between, or a DateTime")
})

/**
 * @since 0.1.0
 * @category dates
 */
export type DateOfBirth = typeof DateOfBirth.Type

// --- do not disturb ----------------------------------------------------------------------------------------------------

const text = Schema.String.annotations(saying("must be a string"))
const flag = Schema.Boolean.annotations(saying("must be a boolean value"))
const number = Schema.JsonNumber.annotations(saying("must be a finite number"))
const texts = Schema.Array(text).annotations(anArray)

/** A field of an answer: absent, never null or undefined. */
const answered = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** Fields that are not described yet stay reachable under their own names. */
const unknownFields = { key: Schema.String, value: Schema.Unknown } as const

const dndMessage = { message: Schema.optional(text), code: Schema.optional(text) }

const DndSettingInput = Schema.Struct({
  status: Schema.Literal("active", "inactive", "permanent").annotations(
    saying("must be one of the following values: active, inactive, permanent")
  ),
  ...dndMessage
}).annotations(anObject)

const dndChannels = ["Call", "Email", "SMS", "WhatsApp", "GMB", "FB"] as const

const dndSettingsInput = Schema.Struct({
  Call: Schema.optional(DndSettingInput),
  Email: Schema.optional(DndSettingInput),
  SMS: Schema.optional(DndSettingInput),
  WhatsApp: Schema.optional(DndSettingInput),
  GMB: Schema.optional(DndSettingInput),
  FB: Schema.optional(DndSettingInput)
}).annotations({ identifier: identifier("DndSettingsInput"), ...anObject })

/**
 * Do-not-disturb by channel, as an update and an upsert take it.
 *
 * @since 0.1.0
 * @category do not disturb
 */
export interface DndSettingsInput extends Schema.Schema.Type<typeof dndSettingsInput> {}

/**
 * @since 0.1.0
 * @category do not disturb
 */
export const DndSettingsInput: Schema.Schema<
  DndSettingsInput,
  Schema.Schema.Encoded<typeof dndSettingsInput>
> = dndSettingsInput

const inboundDndSettingsInput = Schema.Struct({
  all: Schema.optional(
    Schema.Struct({
      status: Schema.Literal("active", "inactive").annotations(
        saying("must be one of the following values: active, inactive")
      ),
      message: Schema.optional(text)
    }).annotations(anObject)
  )
}).annotations({ identifier: identifier("InboundDndSettingsInput"), ...anObject })

/**
 * Do-not-disturb for what a contact sends, as an update and an upsert take it.
 *
 * @since 0.1.0
 * @category do not disturb
 */
export interface InboundDndSettingsInput extends Schema.Schema.Type<typeof inboundDndSettingsInput> {}

/**
 * @since 0.1.0
 * @category do not disturb
 */
export const InboundDndSettingsInput: Schema.Schema<
  InboundDndSettingsInput,
  Schema.Schema.Encoded<typeof inboundDndSettingsInput>
> = inboundDndSettingsInput

const dndSetting = Schema.Struct(
  { status: answered(Schema.String), message: answered(Schema.String), code: answered(Schema.String) },
  unknownFields
).annotations({ identifier: identifier("DndSetting") })

/**
 * Do-not-disturb of one channel, as answered. `status` is documented as `active`, `inactive` or `permanent`; any other
 * is kept as it came.
 *
 * @since 0.1.0
 * @category do not disturb
 */
export interface DndSetting extends Schema.Schema.Type<typeof dndSetting> {}

/**
 * @since 0.1.0
 * @category do not disturb
 */
export const DndSetting: Schema.Schema<DndSetting, Schema.Schema.Encoded<typeof dndSetting>> = dndSetting

const dndSettings = Schema.Struct(
  {
    Call: answered(DndSetting),
    Email: answered(DndSetting),
    SMS: answered(DndSetting),
    WhatsApp: answered(DndSetting),
    GMB: answered(DndSetting),
    FB: answered(DndSetting),
    RCS: answered(DndSetting)
  },
  { key: Schema.String, value: Schema.UndefinedOr(DndSetting) }
).annotations({ identifier: identifier("DndSettings") })

/**
 * Do-not-disturb by channel, as answered. Channels of every Version come under these names; unknown ones are kept.
 *
 * @since 0.1.0
 * @category do not disturb
 */
export interface DndSettings extends Schema.Schema.Type<typeof dndSettings> {}

/**
 * @since 0.1.0
 * @category do not disturb
 */
export const DndSettings: Schema.Schema<DndSettings, Schema.Schema.Encoded<typeof dndSettings>> = dndSettings

// --- custom fields -----------------------------------------------------------------------------------------------------

const customFieldFile = Schema.Struct(
  {
    url: text,
    documentId: Schema.optional(text),
    meta: Schema.optional(
      Schema.Struct(
        {
          fieldname: Schema.optional(text),
          originalname: Schema.optional(text),
          encoding: Schema.optional(text),
          mimetype: Schema.optional(text),
          size: Schema.optional(number),
          uuid: Schema.optional(text)
        },
        unknownFields
      )
    )
  },
  unknownFields
).annotations({ identifier: identifier("CustomFieldFile") })

/**
 * One file of a custom field of the kind file. Keys that are not listed here are kept.
 *
 * @since 0.1.0
 * @category custom fields
 */
export interface CustomFieldFile extends Schema.Schema.Type<typeof customFieldFile> {}

/**
 * @since 0.1.0
 * @category custom fields
 */
export const CustomFieldFile: Schema.Schema<
  CustomFieldFile,
  Schema.Schema.Encoded<typeof customFieldFile>
> = customFieldFile

/**
 * The value of a custom field: text (text, large text, single select, radio), a finite number (numeric, monetary),
 * options (checkbox, multi select), or files by their uuid (file).
 *
 * @since 0.1.0
 * @category custom fields
 */
export const CustomFieldValue = Schema.Union(
  Schema.String,
  Schema.JsonNumber,
  Schema.Array(Schema.String),
  Schema.Record({ key: Schema.String, value: CustomFieldFile })
).annotations({
  identifier: identifier("CustomFieldValue"),
  ...saying("must be text, a finite number, an array of text, or files by their uuid")
})

/**
 * @since 0.1.0
 * @category custom fields
 */
export type CustomFieldValue = typeof CustomFieldValue.Type

const isCustomFieldValue = Schema.is(CustomFieldValue)

const CustomFieldModel = Schema.Struct({
  id: text.pipe(Schema.filter((id) => id !== "" || "must not be empty")),
  key: Schema.optional(text),
  value: CustomFieldValue
}).annotations(anObject)

/**
 * A custom field of a contact, the same model for reading and writing: what `getContact` gave may be put into an
 * update as it is. The service answers `id` and `value` only, never the key. On the wire the value is spelt `value`,
 * `field_value` or `fieldValue`; that is this codec's business. A value of none of the documented kinds is read as its
 * JSON text.
 *
 * @since 0.1.0
 * @category custom fields
 */
export interface CustomField extends Schema.Schema.Type<typeof CustomFieldModel> {}

const CustomFieldWire = Schema.Struct({
  id: Schema.String,
  key: Schema.optional(Schema.Unknown),
  value: Schema.optional(Schema.Unknown),
  field_value: Schema.optional(Schema.Unknown),
  fieldValue: Schema.optional(Schema.Unknown)
})

/**
 * The codec of {@link CustomField}, with a constructor for each kind of value.
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
  Schema.transform(CustomFieldWire, CustomFieldModel, {
    strict: true,
    decode: (wire) => customFieldOf(wire.id, wire),
    encode: ({ id, key, value }) => ({ id, ...(key === undefined ? {} : { key }), field_value: value })
  }).annotations({ identifier: identifier("CustomField") }),
  {
    /** Text, large text, single select and radio. */
    text: (id: string, value: string, key?: string): CustomField => customField(id, value, key),
    /** Numeric and monetary. */
    number: (id: string, value: number, key?: string): CustomField => customField(id, value, key),
    /** Checkbox and multi select: the chosen options. */
    options: (id: string, value: ReadonlyArray<string>, key?: string): CustomField => customField(id, value, key),
    /** Files, by their uuid. */
    files: (id: string, value: { readonly [uuid: string]: CustomFieldFile }, key?: string): CustomField =>
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
  const canonical = isArray(value) ? canonicalTexts(value) : canonicalFiles(value)
  return isCustomFieldValue(canonical) ? canonical : String(canonicalText(value) ?? "")
}

// --- the contact, as answered ------------------------------------------------------------------------------------------

const answeredText = answered(Schema.String)

const Instant = Schema.transform(Schema.String, Schema.DateTimeUtcFromSelf, {
  strict: true,
  decode: (iso) => DateTime.unsafeMake(iso),
  encode: (instant) => DateTime.formatIso(instant)
}).annotations({ identifier: identifier("Instant") })

const attribution = Schema.Struct(
  {
    url: answeredText,
    campaign: answeredText,
    utmSource: answeredText,
    utmMedium: answeredText,
    utmContent: answeredText,
    referrer: answeredText,
    campaignId: answeredText,
    fbclid: answeredText,
    gclid: answeredText,
    msclikid: answeredText,
    dclid: answeredText,
    fbc: answeredText,
    fbp: answeredText,
    fbEventId: answeredText,
    userAgent: answeredText,
    ip: answeredText,
    medium: answeredText,
    mediumId: answeredText,
    sessionSource: answeredText
  },
  unknownFields
).annotations({ identifier: identifier("Attribution") })

/**
 * Where a contact came from. Keys that are not listed here (`utmTerm`, `adName`, `gbraid`, …) are kept.
 *
 * @since 0.1.0
 * @category contact
 */
export interface Attribution extends Schema.Schema.Type<typeof attribution> {}

/**
 * @since 0.1.0
 * @category contact
 */
export const Attribution: Schema.Schema<Attribution, Schema.Schema.Encoded<typeof attribution>> = attribution

const actor = Schema.Struct(
  {
    source: answeredText,
    channel: answeredText,
    sourceId: answeredText,
    sourceName: answeredText,
    timestamp: answered(Instant)
  },
  unknownFields
).annotations({ identifier: identifier("Actor") })

/**
 * Who created or changed a contact, and when.
 *
 * @since 0.1.0
 * @category contact
 */
export interface Actor extends Schema.Schema.Type<typeof actor> {}

/**
 * @since 0.1.0
 * @category contact
 */
export const Actor: Schema.Schema<Actor, Schema.Schema.Encoded<typeof actor>> = actor

const textOrFlag = answered(Schema.Union(Schema.String, Schema.Boolean))

const ContactFields = Schema.Struct(
  {
    id: ContactId,
    locationId: answered(LocationId),
    name: answeredText,
    firstName: answeredText,
    lastName: answeredText,
    email: answeredText,
    phone: answeredText,
    companyName: answeredText,
    address1: answeredText,
    city: answeredText,
    state: answeredText,
    country: answeredText,
    postalCode: answeredText,
    website: answeredText,
    timezone: answeredText,
    gender: answeredText,
    dateOfBirth: answeredText,
    ssn: answeredText,
    type: answeredText,
    source: answeredText,
    keyword: answeredText,
    assignedTo: answeredText,
    businessId: answeredText,
    visitorId: answeredText,
    emailLowerCase: answeredText,
    firstNameLowerCase: answeredText,
    lastNameLowerCase: answeredText,
    fullNameLowerCase: answeredText,
    dnd: answered(Schema.Boolean),
    dndSettings: answered(DndSettings),
    inboundDndSettings: answered(DndSettings),
    tags: answered(Schema.Array(Schema.String)),
    followers: answered(Schema.Array(Schema.String)),
    attachments: answered(Schema.Array(Schema.String)),
    customFields: answered(Schema.Array(CustomField)),
    attributionSource: answered(Attribution),
    lastAttributionSource: answered(Attribution),
    attributions: answered(Schema.Array(Attribution)),
    additionalEmails: answered(Schema.Array(Schema.Struct({ email: answeredText }, unknownFields))),
    additionalPhones: answered(
      Schema.Array(Schema.Struct({ phone: answeredText, phoneLabel: answeredText }, unknownFields))
    ),
    createdBy: answered(Actor),
    lastUpdatedBy: answered(Actor),
    deleted: answered(Schema.Boolean),
    bounceEmail: textOrFlag,
    unsubscribeEmail: textOrFlag,
    validEmail: textOrFlag,
    dateAdded: answered(Instant),
    dateUpdated: answered(Instant),
    lastActivity: answered(Instant),
    lastSessionActivityAt: answered(Instant),
    validEmailDate: answered(Instant)
  },
  unknownFields
)

/**
 * A contact, as answered. Every field but `id` may be absent: the service leaves unset fields out.
 *
 * - Moments (`dateAdded`, `dateUpdated`, `lastActivity`, …) are `DateTime.Utc`; one that cannot be read is absent.
 * - `dateOfBirth` is a day, `YYYY-MM-DD` whatever the service wrote (eight formats, ISO text, epoch milliseconds); text
 *   that is no day is kept as it came.
 * - Fields that are not described here stay reachable under their own names, as `unknown`.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-contact
 *
 * @since 0.1.0
 * @category contact
 */
export interface Contact extends Schema.Schema.Type<typeof ContactFields> {}

/**
 * Decodes a contact of an answer, encodes one for a cache or a fixture.
 *
 * @example
 * import * as Schema from "effect/Schema"
 * import { Contact } from "effect-growthhub/Schema"
 *
 * const contact = Schema.decodeUnknownSync(Contact)({ id: "seD4PfOuKoVMLkEZqohJ", phone: null, score: 7 })
 * // { id: "seD4PfOuKoVMLkEZqohJ", score: 7 }
 *
 * @since 0.1.0
 * @category contact
 */
export const Contact: Schema.Schema<Contact, JsonObject> = Schema.transformOrFail(
  Schema.declare(isObject, { identifier: "object" }),
  Schema.typeSchema(ContactFields),
  {
    strict: false,
    decode: (wire: JsonObject) => ParseResult.succeed(canonicalContact(wire)),
    encode: (contact, options) => ParseResult.encodeUnknown(ContactFields)(contact, options)
  }
).annotations({ identifier: identifier("Contact"), [reader.annotationId]: readContact })

/**
 * The rules below leave nothing to check but the id: a property test holds them to that. It spares the most expensive step
 * of a call.
 */
function readContact(wire: unknown): unknown {
  const contact = canonicalContact(wire)
  return contact !== undefined && isId(contact["id"]) ? contact : reader.unread
}

/**
 * A contact as it travels, field by field, for a document that describes the API.
 *
 * @since 0.1.0
 * @category contact
 */
export const ContactWire = Schema.encodedSchema(
  Schema.Struct({
    ...ContactFields.fields,
    customFields: answered(Schema.Array(Schema.Struct({ id: Schema.String, value: CustomFieldValue })))
  })
)

/**
 * The contact that an upsert created or matched.
 *
 * - `new`: true if this upsert created it.
 * - `traceId`: the service's name for this request, for its support.
 *
 * @since 0.1.0
 * @category contact
 */
export interface UpsertedContact extends Contact {
  readonly new: boolean
  readonly traceId?: string
}

// --- from the spellings of the wire to one -----------------------------------------------------------------------------

/** A value in the form that its field has here. Undefined leaves the field out. */
type Canonical = (value: unknown) => unknown

const isAbsent = (value: unknown): value is null | undefined => value === null || value === undefined

/** Without those that are absent. */
const lean = (value: JsonObject): JsonObject => {
  const out: Record<string, unknown> = {}
  for (const key in value) {
    if (!isAbsent(value[key]) && key !== "__proto__") out[key] = value[key]
  }
  return out
}

/** Without nulls, each field by its rule, and the others as they came. Most are as they should be: there is no copy then. */
const canonicalObject =
  (rules: Pick<ReadonlyMap<string, Canonical>, "get">) =>
  (value: unknown): JsonObject | undefined => {
    if (!isObject(value)) return undefined
    let changed: Record<string, unknown> | undefined
    let isLean = true
    for (const key in value) {
      const field = value[key]
      if (!isAbsent(field) && key !== "__proto__") {
        const rule = rules.get(key)
        if (rule === undefined) continue
        const canonical = rule(field)
        if (canonical !== field) {
          // Made at once, it costs a third of one that grows.
          changed ??= { ...value }
          changed[key] = canonical
        }
        if (canonical !== undefined) continue
      }
      isLean = false
    }
    const all = changed ?? value
    return isLean ? all : lean(all)
  }

const canonicalArray =
  (element: Canonical): Canonical =>
  (value) => {
    const all: ReadonlyArray<unknown> = isArray(value) ? value : [value]
    const out = all.map((one) => element(one))
    return out.some(isAbsent) ? out.filter((one) => !isAbsent(one)) : out
  }

const isEmpty = (value: object) => Object.keys(value).length === 0

/** Text as it is, what is no text as its JSON; an empty object or array is how some answers write nothing. */
function canonicalText(value: unknown): string | undefined {
  if (typeof value === "string") return value
  if (isAbsent(value) || (typeof value === "object" && isEmpty(value))) return undefined
  // Nested deeper than the stack, it is no text that anybody could use.
  return Option.getOrUndefined(stringifyOption(value))
}

const canonicalTexts = canonicalArray(canonicalText)

const flags: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  ["true", true],
  [1, true],
  [false, false],
  ["false", false],
  [0, false]
])

const canonicalFlag: Canonical = (value) => flags.get(value)

const canonicalTextOrFlag: Canonical = (value) => flags.get(value) ?? canonicalText(value)

const canonicalNumber: Canonical = (value) => {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value
  return typeof number === "number" && Number.isFinite(number) ? number : undefined
}

const withoutOffset = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.]*$/

const isoMoment = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/i

/** A moment that says its zone, or that is ISO text, which is then in UTC: no other depends on where it is read. */
const isMoment = (value: unknown): value is string | number =>
  typeof value === "number" || (typeof value === "string" && (isoMoment.test(value) || /\b(?:GMT|UTC)$/.test(value)))

/** As the service writes them. */
const usualMoment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/

const canonicalInstant: Canonical = (value) => {
  if (typeof value === "string" && usualMoment.test(value)) {
    const millis = Date.parse(value)
    return Number.isNaN(millis) ? undefined : DateTime.unsafeMake(millis)
  }
  if (!isMoment(value)) return undefined
  const input = typeof value === "string" && withoutOffset.test(value) ? `${value.replace(" ", "T")}Z` : value
  const date = new Date(input)
  return Number.isNaN(date.getTime()) ? undefined : DateTime.unsafeMake(date)
}

const canonicalDay: Canonical = (value) => {
  if (typeof value === "number") {
    const date = new Date(value)
    return Number.isNaN(date.getTime()) ? String(value) : date.toISOString().slice(0, 10)
  }
  const day = canonicalText(value)
  if (day === undefined) return undefined
  return Option.getOrElse(isoDayOfText(/^\d{4}-\d\d-\d\dT/.test(day) ? day.slice(0, 10) : day), () => day)
}

const textRules = (fields: ReadonlyArray<string>) => fields.map((field) => [field, canonicalText] as const)

const channels = [...dndChannels, "RCS"]

const channelNames = new Map(channels.map((channel) => [channel.toLowerCase(), channel]))

const channelName = (name: string): string =>
  channels.includes(name) ? name : (channelNames.get(name.toLowerCase()) ?? name)

const canonicalDndSetting = canonicalObject(new Map(textRules(["status", "message", "code"])))

const canonicalChannels = canonicalObject({ get: () => canonicalDndSetting })

const canonicalDndSettings: Canonical = (value) => {
  const settings = canonicalChannels(value)
  for (const channel in settings) {
    if (channelName(channel) === channel) continue
    return Object.fromEntries(Object.entries(settings).map(([name, setting]) => [channelName(name), setting]))
  }
  return settings
}

const canonicalAttributionFields = canonicalObject(
  new Map(textRules([...Object.keys(attribution.fields), "msclickid"]))
)

const canonicalAttribution: Canonical = (value) => {
  const canonical = canonicalAttributionFields(value)
  if (canonical === undefined || !("msclickid" in canonical)) return canonical
  const { msclickid, ...rest } = canonical
  return { msclikid: msclickid, ...rest }
}

const canonicalActor = canonicalObject(
  new Map([...textRules(["source", "channel", "sourceId", "sourceName"]), ["timestamp", canonicalInstant]])
)

const canonicalFile = canonicalObject(
  new Map<string, Canonical>([
    ...textRules(["url", "documentId"]),
    [
      "meta",
      canonicalObject(
        new Map<string, Canonical>([
          ...textRules(["fieldname", "originalname", "encoding", "mimetype", "uuid"]),
          ["size", canonicalNumber]
        ])
      )
    ]
  ])
)

/** Files by their uuid; what is no file stays as it is. */
function canonicalFiles(value: unknown): unknown {
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([uuid, file]) => [uuid, canonicalFile(file) ?? file]))
}

const canonicalCustomField: Canonical = (value) => {
  if (!isObject(value)) return undefined
  const id = canonicalText(value["id"])
  const hasValue = !isAbsent(value["value"] ?? value["field_value"] ?? value["fieldValue"])
  return id === undefined || id === "" || !hasValue ? undefined : customFieldOf(id, value)
}

const canonicalEntry = (field: string, label: string): Canonical => {
  const entry = canonicalObject(new Map(textRules([field, label])))
  return (value) => (typeof value === "string" ? { [field]: value } : entry(value))
}

const canonicalLocationId: Canonical = (value) => (isId(value) ? value : undefined)

const textFields = Object.entries(ContactFields.fields).flatMap(([field, schema]) =>
  schema === answeredText ? [field] : []
)

const canonicalContact = canonicalObject(
  new Map<string, Canonical>([
    ...textRules(textFields),
    ["id", canonicalText],
    ["locationId", canonicalLocationId],
    ["dateOfBirth", canonicalDay],
    ["dnd", canonicalFlag],
    ["deleted", canonicalFlag],
    ["bounceEmail", canonicalTextOrFlag],
    ["unsubscribeEmail", canonicalTextOrFlag],
    ["validEmail", canonicalTextOrFlag],
    ["dndSettings", canonicalDndSettings],
    ["inboundDndSettings", canonicalDndSettings],
    ["tags", canonicalTexts],
    ["followers", canonicalTexts],
    ["attachments", canonicalTexts],
    ["customFields", canonicalArray(canonicalCustomField)],
    ["attributionSource", canonicalAttribution],
    ["lastAttributionSource", canonicalAttribution],
    ["attributions", canonicalArray(canonicalAttribution)],
    ["additionalEmails", canonicalArray(canonicalEntry("email", "label"))],
    ["additionalPhones", canonicalArray(canonicalEntry("phone", "phoneLabel"))],
    ["createdBy", canonicalActor],
    ["lastUpdatedBy", canonicalActor],
    ["dateAdded", canonicalInstant],
    ["dateUpdated", canonicalInstant],
    ["lastActivity", canonicalInstant],
    ["lastSessionActivityAt", canonicalInstant],
    ["validEmailDate", canonicalInstant]
  ])
)

// --- the contact, as written -------------------------------------------------------------------------------------------

const optionalText = Schema.optional(text)
const nullableText = Schema.optional(Schema.NullOr(text))
const email = text.pipe(Schema.filter((address) => /^[^\s@]+@[^\s@]+$/.test(address) || "must be an email"))

/** What both endpoints take in the same way. */
const writtenFields = {
  firstName: nullableText,
  lastName: nullableText,
  name: nullableText,
  email: Schema.optional(Schema.NullOr(email)),
  phone: nullableText,
  address1: nullableText,
  city: nullableText,
  state: nullableText,
  website: nullableText,
  timezone: nullableText,
  dndSettings: Schema.optional(DndSettingsInput),
  inboundDndSettings: Schema.optional(InboundDndSettingsInput),
  tags: Schema.optional(texts),
  customFields: Schema.optional(Schema.Array(CustomField).annotations(anArray)),
  dateOfBirth: Schema.optional(Schema.NullOr(DateOfBirth)),
  country: Schema.optional(Country)
} as const

/**
 * What an update may carry. `null` clears a field, an absent field is left as it is; `tags` overwrites all tags of the
 * contact. `locationId` must not be sent.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/update-contact
 *
 * @since 0.1.0
 * @category contact
 */
export const ContactUpdate = Schema.Struct({
  ...writtenFields,
  postalCode: nullableText,
  dnd: Schema.optional(Schema.NullOr(flag)),
  source: nullableText,
  assignedTo: nullableText
}).annotations({ identifier: identifier("ContactUpdate"), ...anObject })

/**
 * @since 0.1.0
 * @category contact
 */
export interface ContactUpdate extends Schema.Schema.Type<typeof ContactUpdate> {}

/**
 * What an upsert may carry. With an `email` or a `phone` the service looks for a contact that matches; with
 * `createNewIfDuplicateAllowed: true`, in a location that allows duplicates, it creates one at once.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/upsert-contact
 *
 * @since 0.1.0
 * @category contact
 */
export const ContactUpsert = Schema.Struct({
  locationId: LocationId,
  ...writtenFields,
  postalCode: optionalText,
  companyName: nullableText,
  gender: optionalText,
  dnd: Schema.optional(flag),
  source: optionalText,
  assignedTo: optionalText,
  createNewIfDuplicateAllowed: Schema.optional(flag)
}).annotations({ identifier: identifier("ContactUpsert"), ...anObject })

/**
 * @since 0.1.0
 * @category contact
 */
export interface ContactUpsert extends Schema.Schema.Type<typeof ContactUpsert> {}

// --- envelopes ---------------------------------------------------------------------------------------------------------

/** Any other value than text is as good as none. */
const traceId = Schema.optional(Schema.Unknown)

/** A 200 whose own flag says that nothing was done is no success. */
const succeeded = Schema.optional(Schema.NullOr(Schema.Literal(true)))

/**
 * The answer of get contact.
 *
 * @since 0.1.0
 * @category envelopes
 */
export const GetContactAnswer = Schema.Struct({ contact: Contact, traceId })

/**
 * The answer of update contact: `succeded` (sic) and `succeeded` were both seen, together and alone.
 *
 * @since 0.1.0
 * @category envelopes
 */
export const UpdateContactAnswer = Schema.Struct({ succeded: succeeded, succeeded, contact: Contact, traceId })

/**
 * The answer of upsert contact.
 *
 * @since 0.1.0
 * @category envelopes
 */
export const UpsertContactAnswer = Schema.Struct({
  new: Schema.Boolean,
  succeded: succeeded,
  succeeded,
  contact: Contact,
  traceId
})

// --- Version v3 --------------------------------------------------------------------------------------------------------

const v3Channels: { readonly [channel: string]: string } = {
  Call: "call",
  Email: "email",
  SMS: "sms",
  WhatsApp: "whatsApp",
  GMB: "gmb",
  FB: "fb"
}

/**
 * Respells the body of an update or an upsert for `Version: v3`: channels are `call, email, sms, whatsApp, gmb, fb`, and
 * a custom field carries `fieldValue`.
 *
 * @since 0.1.0
 * @category envelopes
 */
export const toV3 = (body: JsonObject): JsonObject => {
  const { dndSettings, customFields, ...rest } = body
  return {
    ...rest,
    ...(isObject(dndSettings)
      ? {
          dndSettings: Object.fromEntries(
            Object.entries(dndSettings).map(([channel, setting]) => [v3Channels[channel] ?? channel, setting])
          )
        }
      : {}),
    ...(customFields === undefined
      ? {}
      : {
          customFields: objectsIn(customFields).map(({ field_value, ...field }) => ({
            ...field,
            fieldValue: field_value
          }))
        })
  }
}
