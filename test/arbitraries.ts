import * as DateTime from "effect/DateTime"
import * as FastCheck from "effect/FastCheck"
import { type Contact, ContactId, CustomField, LocationId } from "effect-growthhub/Schema"

const text = FastCheck.string({ unit: "grapheme", maxLength: 40 })

const present = <A>(values: { [K in keyof A]: FastCheck.Arbitrary<A[K]> }) =>
  FastCheck.record(values, { requiredKeys: [] }) as FastCheck.Arbitrary<Partial<A>>

/** Random JSON values as `JSON.parse` returns them. Other random values may contain -0, which JSON lacks. */
export const json = (constraints?: FastCheck.JsonSharedConstraints): FastCheck.Arbitrary<unknown> =>
  FastCheck.json(constraints).map((text): unknown => JSON.parse(text))

export const id = FastCheck.stringMatching(/^[A-Za-z0-9]{20}$/)

export const moment = FastCheck.date({
  noInvalidDate: true,
  min: new Date("1970-01-01"),
  max: new Date("2100-01-01")
}).map((date) => DateTime.unsafeMake(date))

export const day = FastCheck.date({
  noInvalidDate: true,
  min: new Date("0001-01-01"),
  max: new Date("9999-12-31")
}).map((date) => date.toISOString().slice(0, 10))

const file = present({
  documentId: text,
  meta: present({ fieldname: text, originalname: text, mimetype: text, size: FastCheck.nat(), uuid: FastCheck.uuid() })
}).chain((rest) => FastCheck.webUrl().map((url) => ({ ...rest, url })))

const double = FastCheck.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value))

export const customField: FastCheck.Arbitrary<CustomField> = FastCheck.tuple(
  id,
  FastCheck.option(text, { nil: undefined })
).chain(([id, key]) =>
  FastCheck.oneof(
    text.map((value) => CustomField.text(id, value, key)),
    double.map((value) => CustomField.number(id, value, key)),
    FastCheck.array(text).map((value) => CustomField.options(id, value, key)),
    FastCheck.dictionary(FastCheck.uuid(), file).map((value) => CustomField.files(id, { ...value }, key))
  )
)

const setting = present({ status: text, message: text, code: text })

const actor = present({ source: text, channel: text, sourceId: text, sourceName: text, timestamp: moment })

const attribution = present({ url: text, campaign: text, msclikid: text, mediumId: text, utmTerm: text })

export const contact: FastCheck.Arbitrary<Contact> = FastCheck.tuple(
  id,
  present({
    locationId: id.map((value) => LocationId.make(value)),
    name: text,
    email: FastCheck.emailAddress(),
    phone: text,
    postalCode: text,
    dateOfBirth: day,
    tags: FastCheck.array(text),
    attachments: FastCheck.array(text),
    customFields: FastCheck.array(customField, { maxLength: 5 }),
    dnd: FastCheck.boolean(),
    dndSettings: present({ Call: setting, SMS: setting, RCS: setting, Fax: setting }),
    attributionSource: attribution,
    attributions: FastCheck.array(attribution, { maxLength: 3 }),
    createdBy: actor,
    dateAdded: moment,
    dateUpdated: moment,
    lastActivity: moment,
    bounceEmail: FastCheck.boolean(),
    score: FastCheck.oneof(FastCheck.integer(), text, FastCheck.boolean())
  })
).map(([id, fields]) => ({ ...fields, id: ContactId.make(id) }))

const orNull = <A>(arbitrary: FastCheck.Arbitrary<A>) => FastCheck.option(arbitrary, { nil: null })

const channel = FastCheck.record(
  { status: FastCheck.constantFrom("active", "inactive", "permanent"), message: text, code: text },
  { requiredKeys: ["status"] }
)

/** Random values for the fields that both an update and an upsert accept. */
export const written = present({
  firstName: orNull(text),
  lastName: orNull(text),
  name: orNull(text),
  email: orNull(FastCheck.emailAddress()),
  phone: orNull(text),
  city: orNull(text),
  tags: FastCheck.array(text),
  customFields: FastCheck.array(customField, { maxLength: 3 }),
  dndSettings: present({ Call: channel, WhatsApp: channel }),
  dateOfBirth: orNull(FastCheck.oneof(day, moment)),
  country: FastCheck.constantFrom("US", "XK", "ZW")
})
