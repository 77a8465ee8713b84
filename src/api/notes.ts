// The notes of a contact: their models and endpoints.
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { JsonObject } from "../runtime/json.js"
import { Id } from "../fields/ids.js"
import { field, flag, id, instant, model, text } from "../fields/model.js"
import { normalizeId } from "../fields/lenient.js"
import * as Input from "../fields/schemas.js"
import {
  always,
  ContactPath,
  Done,
  wasCreatedSince,
  never,
  pageOf,
  deletionVerification,
  traceId,
  endpointDefaults
} from "./common.js"
import { endpoint } from "./endpoint.js"

const note = model(
  "Note",
  {
    /** The id of the note. */
    id: field(Schema.String, normalizeId)
  },
  {
    /** The text of the note; HTML if it was written in the CRM. */
    body: text,
    /** The text of the note without HTML. */
    bodyText: text,
    /** The title. */
    title: text,
    /** The color, such as `#FFAA00`. */
    color: text,
    /** Whether the note is pinned above the others. */
    pinned: flag,
    /** The user who wrote the note; absent if an integration wrote it. */
    userId: id,
    /** The contact that the note belongs to. */
    contactId: id,
    /** When the note was created. The service does not return the time of the last change. */
    dateAdded: instant
  }
)

/**
 * A note of a contact in a response. Fields that are not described here are kept.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-note
 *
 * @since 0.2.0
 * @category notes
 */
export interface Note extends Schema.Schema.Type<typeof note.struct> {}

/**
 * The codec of {@link Note}.
 *
 * @since 0.2.0
 * @category notes
 */
export const Note: Schema.Schema<Note, JsonObject> = note.schema

const inputFields = {
  /** The id of the user who wrote the note: a user of the location. */
  userId: Schema.optional(Input.text),
  /** The title. */
  title: Schema.optional(Input.text),
  /** The color, such as `#FFAA00`. */
  color: Schema.optional(Input.text),
  /** Whether the note is pinned above the others. */
  pinned: Schema.optional(Input.flag)
} as const

/**
 * The fields of a new note.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/create-note
 *
 * @since 0.2.0
 * @category notes
 */
export const NoteCreate = Schema.Struct({
  /** The text, which may be HTML. */
  body: Input.text,
  ...inputFields
}).annotations({ ...Input.named("NoteCreate"), ...Input.anObject })

/**
 * @since 0.2.0
 * @category notes
 */
export interface NoteCreate extends Schema.Schema.Type<typeof NoteCreate> {}

/**
 * The changes of a note; an absent field is unchanged.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/update-note
 *
 * @since 0.2.0
 * @category notes
 */
export const NoteUpdate = Schema.Struct({
  /** The text, which may be HTML. */
  body: Schema.optional(Input.text),
  ...inputFields
}).annotations({ ...Input.named("NoteUpdate"), ...Input.anObject })

/**
 * @since 0.2.0
 * @category notes
 */
export interface NoteUpdate extends Schema.Schema.Type<typeof NoteUpdate> {}

// --- the endpoints -----------------------------------------------------------------------------------------------------

const service = "NotesService"

const NotePath = Schema.Struct({ ...ContactPath.fields, id: Id })

const NoteAnswer = Schema.Struct({ note: Note, traceId })

/** Whether a note has all fields as sent. The service may return the text as HTML, so `bodyText` is compared as well. */
const hasFields = (found: Note, sent: NoteUpdate): boolean =>
  Object.entries(sent).every(
    ([name, value]) => value === undefined || found[name] === value || (name === "body" && found.bodyText === value)
  )

/** `GET /contacts/{contactId}/notes` */
export const getAllNotes = endpoint({
  name: "getAllNotes",
  service,
  scope: "contacts.readonly",
  page: pageOf("get-all-notes"),
  method: "GET",
  path: "/contacts/{contactId}/notes",
  ...endpointDefaults,
  params: ContactPath,
  answer: Schema.Struct({ notes: Schema.Array(Note), traceId }),
  errors: [400, 401],
  isSafeToRetry: always
})

/** `POST /contacts/{contactId}/notes` */
export const createNote = endpoint({
  name: "createNote",
  service,
  scope: "contacts.write",
  page: pageOf("create-note"),
  method: "POST",
  path: "/contacts/{contactId}/notes",
  ...endpointDefaults,
  params: ContactPath,
  body: NoteCreate,
  success: 201,
  answer: NoteAnswer,
  isSafeToRetry: never,
  verify: (lookup, { params, body }) =>
    Effect.map(lookup(getAllNotes, { params }), ({ answer: { notes }, ...timing }) =>
      Option.map(
        Option.fromNullable(notes.find((note) => hasFields(note, body) && wasCreatedSince(note.dateAdded, timing))),
        (note) => ({ note })
      )
    )
})

/** `GET /contacts/{contactId}/notes/{id}` */
export const getNote = endpoint({
  name: "getNote",
  service,
  scope: "contacts.readonly",
  page: pageOf("get-note"),
  method: "GET",
  path: "/contacts/{contactId}/notes/{id}",
  ...endpointDefaults,
  params: NotePath,
  answer: NoteAnswer,
  isSafeToRetry: always
})

/** `PUT /contacts/{contactId}/notes/{id}` */
export const updateNote = endpoint({
  name: "updateNote",
  service,
  scope: "contacts.write",
  page: pageOf("update-note"),
  method: "PUT",
  path: "/contacts/{contactId}/notes/{id}",
  ...endpointDefaults,
  params: NotePath,
  body: NoteUpdate,
  answer: NoteAnswer,
  isSafeToRetry: always,
  verify: (lookup, { params, body }) =>
    Effect.map(lookup(getNote, { params }), ({ answer: { note } }) =>
      hasFields(note, body) ? Option.some({ note }) : Option.none()
    )
})

/** `DELETE /contacts/{contactId}/notes/{id}` */
export const deleteNote = endpoint({
  name: "deleteNote",
  service,
  scope: "contacts.write",
  page: pageOf("delete-note"),
  method: "DELETE",
  path: "/contacts/{contactId}/notes/{id}",
  ...endpointDefaults,
  params: NotePath,
  answer: Done,
  ...deletionVerification(getNote)
})

/** The endpoints of notes, by name. */
export const noteRows = { getAllNotes, createNote, getNote, updateNote, deleteNote }
