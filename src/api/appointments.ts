// The appointments of a contact: their model and endpoint.
import * as Schema from "effect/Schema"
import { isObject, type JsonObject } from "../runtime/json.js"
import { field, flag, id, model, text, texts } from "../fields/model.js"
import { normalizeId } from "../fields/lenient.js"
import { always, ContactPath, pageOf, traceId, endpointDefaults } from "./common.js"
import { endpoint } from "./endpoint.js"

const appointment = model(
  "Appointment",
  {
    /** The id of the appointment. */
    id: field(Schema.String, normalizeId)
  },
  {
    /** The id of the calendar that holds the appointment. */
    calendarId: id,
    /** The id of the calendar group that holds the appointment. */
    groupId: id,
    /** The id of the location of the appointment. */
    locationId: id,
    /** The id of the contact of the appointment. */
    contactId: id,
    /** The title of the appointment. */
    title: text,
    /** The place of the appointment: an address, or the link of a meeting. */
    address: text,
    /** The notes on the appointment. */
    notes: text,
    /** The id of the user who holds the appointment. */
    assignedUserId: id,
    /** The ids of the users who take part. */
    users: texts,
    /** The rooms and equipment that the appointment needs. */
    assignedResources: texts,
    /** Whether the slot is booked. */
    status: text,
    /** The state of the appointment, such as `new`, `confirmed`, `cancelled`, `showed`, `noshow`, `invalid`. */
    appointmentStatus: text,
    /**
     * The start time as the service sent it: `2021-07-16 11:00:00` without a time zone (as far as is known, that of the
     * location), or ISO text with an offset.
     */
    startTime: text,
    /** The end time, in the same form as `startTime`. */
    endTime: text,
    /** The creation time as the service sent it: in the same form as `startTime`, or as ISO text in UTC. */
    dateAdded: text,
    /** The time of the last change, in the same form as `dateAdded`. */
    dateUpdated: text,
    /** Whether the appointment was deleted. */
    deleted: flag,
    /** Whether the appointment recurs. */
    isRecurring: flag
  },
  // Responses have either spelling of the field.
  (wire) =>
    isObject(wire) && "appoinmentStatus" in wire
      ? { ...wire, appointmentStatus: wire["appointmentStatus"] ?? wire["appoinmentStatus"] }
      : wire
)

/**
 * An appointment of a contact in a response. Its times are text, because not all of them have a time zone. Fields that are
 * not described here are kept.
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
  ...endpointDefaults,
  params: ContactPath,
  answer: Schema.Struct({ events: Schema.NullOr(Schema.Array(Appointment)), traceId }),
  isSafeToRetry: always
})

/** The endpoints of appointments, by name. */
export const appointmentRows = { getAppointments }
