// The models of the events that the vendor sends, and the normalization of their bodies.
import * as DateTime from "effect/DateTime"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { CustomFieldInResponse, normalizeContact } from "../api/contact.js"
import { DndSettings } from "../api/dnd.js"
import { optionalInResponse, named, unknownFields } from "../fields/schemas.js"
import { ContactId, isContactId, isId, LocationId } from "../fields/ids.js"
import {
  instantMillis,
  type Normalize,
  normalizeFlag,
  normalizeId,
  normalizeObject,
  textRules
} from "../fields/lenient.js"
import { isObject, type JsonObject } from "../runtime/json.js"

const text = optionalInResponse(Schema.String)
const flag = optionalInResponse(Schema.Boolean)
/** A point in time. Generated values are in the years 1900 to 2100, because ISO text has only four digits for the year. */
const Moment = Schema.DateTimeUtcFromSelf.annotations({
  arbitrary: () => (fc) =>
    fc.integer({ min: Date.UTC(1900, 0), max: Date.UTC(2100, 0) }).map((millis) => DateTime.unsafeMake(millis))
})
const instant = optionalInResponse(
  Schema.transform(Schema.String, Moment, {
    strict: true,
    decode: (iso) => DateTime.unsafeMake(iso),
    encode: (instant) => DateTime.formatIso(instant)
  })
)
const id = Schema.NonEmptyString.annotations({ message: () => "must be a string" })

/** The fields that every event may have in addition to its own. */
const envelope = {
  /** The id of the event, which is the same for each delivery. */
  webhookId: text,
  /** The time at which the vendor sent the event. */
  timestamp: instant,
  /** The app that the event was sent to. */
  appId: text,
  /** The version of the app. */
  versionId: text,
  /** The company (agency) of the location. */
  companyId: text
}

const tagged = <Type extends string>(type: Type) => ({
  /** The discriminator of the union. It is the same as `type`. */
  _tag: Schema.Literal(type),
  /** The type of the event, as the vendor spells it. */
  type: Schema.Literal(type)
})

const contact = {
  ...envelope,
  /** The contact. */
  id: ContactId,
  /** The location of the contact. */
  locationId: optionalInResponse(LocationId),
  /** The full name. */
  name: text,
  /** The first name. */
  firstName: text,
  /** The last name. */
  lastName: text,
  /** The email address. */
  email: text,
  /** The phone number. */
  phone: text,
  /** The name of the company. */
  companyName: text,
  /** Street and number. */
  address1: text,
  /** The city. */
  city: text,
  /** The state or region. */
  state: text,
  /** The country, usually an ISO code. */
  country: text,
  /** The postal code. */
  postalCode: text,
  /** The website. */
  website: text,
  /** The source of the contact. */
  source: text,
  /** The user to whom the contact is assigned. */
  assignedTo: text,
  /** The date of birth, `YYYY-MM-DD`. Text that is not a date is kept unchanged. */
  dateOfBirth: text,
  /** The time at which the contact was created. */
  dateAdded: instant,
  /** Whether the contact must not be disturbed on any channel. */
  dnd: flag,
  /** Do-not-disturb by channel. */
  dndSettings: optionalInResponse(DndSettings),
  /** All tags of the contact, in lower case. */
  tags: optionalInResponse(Schema.Array(Schema.String)),
  /** The addresses of attached files. */
  attachments: optionalInResponse(Schema.Array(Schema.String)),
  /** The custom fields with their values. */
  customFields: optionalInResponse(Schema.Array(CustomFieldInResponse))
}

const note = {
  ...envelope,
  /** The id of the note or task. */
  id,
  /** The location of the contact. */
  locationId: optionalInResponse(LocationId),
  /** The contact of the note or task. */
  contactId: optionalInResponse(ContactId),
  /** The text of the note or task. */
  body: text,
  /** The time at which the note or task was created. */
  dateAdded: instant
}

const task = {
  ...note,
  /** The title of the task. */
  title: text,
  /** The user to whom the task is assigned. */
  assignedTo: text,
  /** The time at which the task is due. */
  dueDate: instant
}

const installation = {
  ...envelope,
  /** The location that installed or removed the app; absent if it was a company, whose id is in `companyId`. */
  locationId: optionalInResponse(LocationId),
  /** The user who installed the app. */
  userId: text,
  /** The plan of the app that was chosen. */
  planId: text,
  /** The name of the company. */
  companyName: text,
  /** Whether the company sells under a brand of its own. */
  isWhitelabelCompany: flag,
  /** The brand of the company. */
  whitelabelDetails: optionalInResponse(
    Schema.Struct(
      {
        /** The domain of the brand. */
        domain: text,
        /** The address of its logo. */
        logoUrl: text
      },
      unknownFields
    )
  ),
  /** The trial of the plan. */
  trial: optionalInResponse(
    Schema.Struct(
      {
        /** Whether the trial is running. */
        onTrial: flag,
        /** The duration of the trial, as the vendor sent it. */
        trialDuration: optionalInResponse(Schema.Unknown),
        /** The start of the trial. */
        trialStartDate: instant
      },
      unknownFields
    )
  )
}

const eventOf = <Type extends string, Fields extends Schema.Struct.Fields>(type: Type, fields: Fields) =>
  Schema.Struct({ ...tagged(type), ...fields }, unknownFields).annotations(named(`${type}Event`))

/** The event models of this library, by their `type`. */
export const events = {
  ContactCreate: eventOf("ContactCreate", contact),
  ContactUpdate: eventOf("ContactUpdate", contact),
  ContactDelete: eventOf("ContactDelete", contact),
  ContactTagUpdate: eventOf("ContactTagUpdate", contact),
  ContactDndUpdate: eventOf("ContactDndUpdate", contact),
  NoteCreate: eventOf("NoteCreate", note),
  NoteUpdate: eventOf("NoteUpdate", note),
  NoteDelete: eventOf("NoteDelete", note),
  TaskCreate: eventOf("TaskCreate", task),
  TaskComplete: eventOf("TaskComplete", task),
  TaskDelete: eventOf("TaskDelete", task),
  INSTALL: eventOf("INSTALL", installation),
  UNINSTALL: eventOf("UNINSTALL", installation)
} as const

const isDescribed = (type: unknown): type is keyof typeof events =>
  typeof type === "string" && Object.hasOwn(events, type)

/** An event whose `type` has no model in this library. Its own fields are not normalized, but nulls are omitted. */
export const UnknownEvent = Schema.Struct(
  {
    /** The discriminator for types without a model. */
    _tag: Schema.Literal("Unknown"),
    /** The type of the event, as the vendor sent it. */
    type: Schema.String.pipe(
      Schema.filter((type) => !isDescribed(type) || "must not be the type of a described event")
    ),
    ...envelope
  },
  unknownFields
).annotations(named("UnknownEvent"))

const EventModel = Schema.Union(...Object.values(events), UnknownEvent)

/** An event. */
export type Event = typeof EventModel.Type

// --- normalization of a body -------------------------------------------------------------------------------------------

const normalizeInstant: Normalize = (value) => {
  const millis = instantMillis(value)
  return millis === undefined ? undefined : DateTime.unsafeMake(millis)
}

const idWhere =
  (isValid: (value: unknown) => boolean): Normalize =>
  (value) => {
    const normalized = normalizeId(value)
    return isValid(normalized) ? normalized : undefined
  }

const envelopeRules = new Map<string, Normalize>([
  ...(["webhookId", "appId", "versionId", "companyId"] as const).map((name) => [name, normalizeId] as const),
  ["timestamp", normalizeInstant]
])

const normalizeEnvelope = normalizeObject(envelopeRules)

const recordRules = new Map<string, Normalize>([
  ...envelopeRules,
  ...textRules(["body", "title", "assignedTo", "userId", "planId", "companyName"]),
  ["id", normalizeId],
  ["locationId", idWhere(isId)],
  ["contactId", idWhere(isContactId)],
  ["dateAdded", normalizeInstant],
  ["dueDate", normalizeInstant],
  ["isWhitelabelCompany", normalizeFlag],
  ["whitelabelDetails", normalizeObject(new Map(textRules(["domain", "logoUrl"])))],
  [
    "trial",
    normalizeObject(
      new Map<string, Normalize>([
        ["onTrial", normalizeFlag],
        ["trialStartDate", normalizeInstant]
      ])
    )
  ]
])

const normalizeRecord = normalizeObject(recordRules)

const normalizeEvent = (wire: JsonObject): JsonObject => {
  const { _tag: _, ...fields } = wire
  const { type } = fields
  if (!isDescribed(type)) return { ...normalizeEnvelope(fields), _tag: "Unknown", type }
  const isContact = type.startsWith("Contact")
  const normalized = isContact ? normalizeEnvelope(normalizeContact(fields)) : normalizeRecord(fields)
  return { ...normalized, _tag: type, type }
}

/** Decodes the body of a webhook; encodes it as the vendor sends it. */
export const Event: Schema.Schema<Event, JsonObject> = Schema.transformOrFail(
  Schema.declare(isObject, { identifier: "object" }),
  Schema.typeSchema(EventModel),
  {
    strict: false,
    decode: (wire: JsonObject) => ParseResult.succeed(normalizeEvent(wire)),
    encode: (event, options) =>
      ParseResult.map(ParseResult.encodeUnknown(EventModel)(event, options), ({ _tag: _, ...wire }) => wire)
  }
).annotations(named("WebhookEvent"))
