/**
 * The operations on the appointments of a contact, as the service performs them.
 *
 * @since 0.2.0
 */
import type { appointmentRows } from "../../api/appointments.js"
import * as Directory from "../Directory.js"
import type { Operation, Operations } from "../Operation.js"

const getAppointments: Operation = {
  perform: (directory, caller, { params }) => {
    const contact = Directory.contactOf(directory, caller, params)
    return { body: { events: Directory.partsOfContact(directory.appointments, contact) } }
  }
}

/**
 * @since 0.2.0
 * @category operations
 */
export const appointmentOperations = {
  getAppointments
} satisfies Operations<typeof appointmentRows>
