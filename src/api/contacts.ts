// The contact, as it is answered.
import * as DateTime from "effect/DateTime"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { isObject, type JsonObject } from "../internal/json.js"
import * as reader from "../internal/reader.js"
import { normalizeCustomField, CustomField, CustomFieldValue } from "./customFields.js"
import { normalizeDndSettings, DndSettings } from "./dnd.js"
import { answered, named, unknownFields } from "./fields.js"
import { ContactId, isContactId, isId, LocationId } from "./ids.js"
import {
  type Normalize,
  normalizeArray,
  normalizeDay,
  normalizeFlag,
  normalizeId,
  normalizeObject,
  normalizeTextOrFlag,
  normalizeTexts,
  instantMillis,
  textRules
} from "./lenient.js"

const answeredText = answered(Schema.String)

const Instant = Schema.transform(Schema.String, Schema.DateTimeUtcFromSelf, {
  strict: true,
  decode: (iso) => DateTime.unsafeMake(iso),
  encode: (instant) => DateTime.formatIso(instant)
}).annotations({ ...named("Instant") })

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
).annotations({ ...named("Attribution") })

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
).annotations({ ...named("Actor") })

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

/** A custom field in a response is `{ id, value }`; in a request it is `{ id, field_value }`. */
const AnsweredCustomField = Schema.transform(
  Schema.Struct({ id: Schema.String, key: Schema.optional(Schema.String), value: CustomFieldValue }),
  Schema.typeSchema(CustomField),
  { strict: true, decode: (field) => field, encode: (field) => field }
)

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
    customFields: answered(Schema.Array(AnsweredCustomField)),
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

/** A contact as it travels, field by field, for documents that describe an API. */
export const ContactWire = Schema.encodedSchema(ContactFields)

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
  Schema.declare(isObject, { identifier: "object", [AST.SurrogateAnnotationId]: ContactWire.ast }),
  Schema.typeSchema(ContactFields),
  {
    strict: false,
    decode: (wire: JsonObject) => ParseResult.succeed(normalizeContact(wire)),
    encode: (contact, options) => ParseResult.encodeUnknown(ContactFields)(contact, options)
  }
).annotations({ ...named("Contact"), [reader.annotationId]: readContact })

/** Reads a contact without its schema, the most expensive step of a call: only the id is left to check after normalizing. */
function readContact(wire: unknown): unknown {
  const contact = normalizeContact(wire)
  return contact !== undefined && isContactId(contact["id"]) ? contact : reader.noMatch
}

/**
 * The contact that an upsert created or matched.
 *
 * @since 0.1.0
 * @category contact
 */
export interface UpsertedContact extends Contact {
  /** Whether this upsert created the contact. */
  readonly new: boolean
  /** The service's id of this request, for its support. */
  readonly traceId?: string
}

// --- how a response is normalized --------------------------------------------------------------------------------------

const normalizeInstant: Normalize = (value) => {
  const millis = instantMillis(value)
  return millis === undefined ? undefined : DateTime.unsafeMake(millis)
}

const normalizeAttributionFields = normalizeObject(
  new Map(textRules([...Object.keys(attribution.fields), "msclickid"]))
)

const normalizeAttribution: Normalize = (value) => {
  const normalized = normalizeAttributionFields(value)
  if (normalized === undefined || !("msclickid" in normalized)) return normalized
  const { msclickid, ...rest } = normalized
  return { msclikid: msclickid, ...rest }
}

const normalizeActor = normalizeObject(
  new Map([...textRules(["source", "channel", "sourceId", "sourceName"]), ["timestamp", normalizeInstant]])
)
const normalizeEntry = (field: string, label: string): Normalize => {
  const entry = normalizeObject(new Map(textRules([field, label])))
  return (value) => (typeof value === "string" ? { [field]: value } : entry(value))
}

const normalizeLocationId: Normalize = (value) => (isId(value) ? value : undefined)

const textFields = Object.entries(ContactFields.fields).flatMap(([field, schema]) =>
  schema === answeredText ? [field] : []
)

export const normalizeContact = normalizeObject(
  new Map<string, Normalize>([
    ...textRules(textFields),
    ["id", normalizeId],
    ["locationId", normalizeLocationId],
    ["dateOfBirth", normalizeDay],
    ["dnd", normalizeFlag],
    ["deleted", normalizeFlag],
    ["bounceEmail", normalizeTextOrFlag],
    ["unsubscribeEmail", normalizeTextOrFlag],
    ["validEmail", normalizeTextOrFlag],
    ["dndSettings", normalizeDndSettings],
    ["inboundDndSettings", normalizeDndSettings],
    ["tags", normalizeTexts],
    ["followers", normalizeTexts],
    ["attachments", normalizeTexts],
    ["customFields", normalizeArray(normalizeCustomField)],
    ["attributionSource", normalizeAttribution],
    ["lastAttributionSource", normalizeAttribution],
    ["attributions", normalizeArray(normalizeAttribution)],
    ["additionalEmails", normalizeArray(normalizeEntry("email", "label"))],
    ["additionalPhones", normalizeArray(normalizeEntry("phone", "phoneLabel"))],
    ["createdBy", normalizeActor],
    ["lastUpdatedBy", normalizeActor],
    ["dateAdded", normalizeInstant],
    ["dateUpdated", normalizeInstant],
    ["lastActivity", normalizeInstant],
    ["lastSessionActivityAt", normalizeInstant],
    ["validEmailDate", normalizeInstant]
  ])
)
