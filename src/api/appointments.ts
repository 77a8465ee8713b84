// The appointments of a contact: their model and endpoint.
import * as Schema from "effect/Schema"
import { isObject, type JsonObject } from "../runtime/json.js"
import { field, flag, id, model, text, texts } from "../fields/model.js"
import { normalizeId } from "../fields/lenient.js"
import { always, ContactPath, pageOf, traceId, usual } from "./common.js"
import { endpoint } from "./endpoint.js"

const appointment = model(
  "Appointment",
  {
    /** The id of the appointment. */
    id: field(Schema.String, normalizeId)
  },
  {
    /** The calendar that it is in. */
    calendarId: id,
    /** The group of calendars that it is in. */
    groupId: id,
    /** The location that it belongs to. */
    locationId: id,
    /** The contact that it is with. */
    contactId: id,
    /** What it is called. */
    title: text,
    /** Where it takes place: an address, or the link of a meeting. */
    address: text,
    /** Notes to it. */
    notes: text,
    /** The user who holds it. */
    assignedUserId: id,
    /** The users who take part. */
    users: texts,
    /** The rooms and things that it needs. */
    assignedResources: texts,
    /** Whether the slot is booked. */
    status: text,
    /** What became of it, such as `new`, `confirmed`, `cancelled`, `showed`, `noshow`, `invalid`. */
    appointmentStatus: text,
    /**
     * When it begins, as the service wrote it: `2021-07-16 11:00:00`, whose zone is not said (the location's, as far as is
     * known), or ISO text with an offset.
     */
    startTime: text,
    /** When it ends, in the same form as `startTime`. */
    endTime: text,
    /** When it was made, as the service wrote it: in the same form as `startTime`, or as ISO text in UTC. */
    dateAdded: text,
    /** When it was changed, in the same form as `dateAdded`. */
    dateUpdated: text,
    /** Whether it was deleted. */
    deleted: flag,
    /** Whether it recurs. */
    isRecurring: flag
  },
  // The service spells it both ways.
  (wire) =>
    isObject(wire) && "appoinmentStatus" in wire
      ? { ...wire, appointmentStatus: wire["appointmentStatus"] ?? wire["appoinmentStatus"] }
      : wire
)

/**
 * An appointment of a contact, as answered. Its times stay text, because not all of them say their zone. Fields that are not
 * described here are kept.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-appointments-for-contact
 *
 * @since 0.2.0
 * @category appointments
 */
export interface Appointment extends Schema.Schema.Type<typeof appointment.struct> {}

/**
 * The codec of {@link Appointment}.
 *
 * @since 0.2.0
 * @category appointments
 */
export const Appointment: Schema.Schema<Appointment, JsonObject> = appointment.schema

/** `GET /contacts/{contactId}/appointments` */
export const getAppointments = endpoint({
  name: "getAppointments",
  service: "ContactsService",
  scope: "contacts.readonly",
  page: pageOf("get-appointments-for-contact"),
  method: "GET",
  path: "/contacts/{contactId}/appointments",
  ...usual,
  params: ContactPath,
  answer: Schema.Struct({ events: Schema.NullOr(Schema.Array(Appointment)), traceId }),
  isRepeatable: always
})

/** The rows of appointments, by name. */
export const appointmentRows = { getAppointments }
