// One call of each operation, for R22: on a contact of its own, so that what is applied can be counted.
import * as Effect from "effect/Effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactsError } from "effect-growthhub/Errors"
import * as Filter from "effect-growthhub/Filter"
import { NotesService } from "effect-growthhub/NotesService"
import { type ContactId, LocationId } from "effect-growthhub/Schema"
import type { TasksService } from "effect-growthhub/TasksService"
import type { RowName } from "../src/api/rows.js"
import { partOperations } from "./partCalls.js"

export type Services = ContactsService | NotesService | TasksService

export type Name = RowName

type Call<A = unknown> = Effect.Effect<A, ContactsError, Services>

export interface Operation {
  readonly isRead?: boolean
  /** Whether a second application makes a second thing. */
  readonly isOnce?: boolean
  /** What has to be there before, without faults. */
  readonly prepare?: (id: ContactId) => Call
  /** The call; `prepared` is what `prepare` gave. */
  readonly call: (id: ContactId, prepared: unknown) => Call
}

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")

const onContacts = <A>(use: (service: ContactsService["Type"]) => Effect.Effect<A, ContactsError>): Call<A> =>
  Effect.flatMap(ContactsService, use)

const onNotes = <A>(use: (service: NotesService["Type"]) => Effect.Effect<A, ContactsError>): Call<A> =>
  Effect.flatMap(NotesService, use)

const emailOf = (id: ContactId) => `${id}@example.com`

const note = (id: ContactId) =>
  Effect.map(
    onNotes((service) => service.createNote(id, { body: id })),
    ({ id }) => id
  )

export const operations: { readonly [name in Name]: Operation } = {
  ...partOperations,
  getContact: { isRead: true, call: (id) => onContacts((service) => service.getContact(id)) },
  updateContact: { call: (id) => onContacts((service) => service.updateContact(id, { city: id })) },
  upsertContact: {
    call: (id) => onContacts((service) => service.upsertContact({ locationId, email: emailOf(id), city: id }))
  },
  createContact: {
    isOnce: true,
    call: (id) => onContacts((service) => service.createContact({ locationId, email: emailOf(id) }))
  },
  deleteContact: { call: (id) => onContacts((service) => service.deleteContact(id)) },
  getDuplicateContact: {
    isRead: true,
    call: (id) => onContacts((service) => service.getDuplicateContact({ locationId, email: emailOf(id) }))
  },
  searchContacts: {
    isRead: true,
    call: (id) =>
      onContacts((service) => service.searchContacts({ locationId, filters: [Filter.equals("id", id)], pageLimit: 10 }))
  },
  getAllNotes: { isRead: true, call: (id) => onNotes((service) => service.getAllNotes(id)) },
  createNote: { isOnce: true, call: (id) => onNotes((service) => service.createNote(id, { body: `Called ${id}` })) },
  getNote: {
    isRead: true,
    prepare: note,
    call: (id, noteId) => onNotes((service) => service.getNote(id, noteId as string))
  },
  updateNote: {
    prepare: note,
    call: (id, noteId) => onNotes((service) => service.updateNote(id, noteId as string, { body: "Changed" }))
  },
  deleteNote: {
    prepare: note,
    call: (id, noteId) => onNotes((service) => service.deleteNote(id, noteId as string))
  }
}
