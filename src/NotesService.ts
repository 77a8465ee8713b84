/**
 * The service for the notes of a contact.
 *
 * @module
 * @since 0.2.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { noteRows as rows } from "./api/notes.js"
import type { ContactsError } from "./Errors.js"
import * as HttpLayer from "./HttpLayer.js"
import type { ContactId, Note, NoteCreate, NoteUpdate } from "./Schema.js"

/**
 * The operations on the notes of a contact.
 *
 * @since 0.2.0
 * @category models
 */
export interface Service {
  /**
   * Gets all notes of a contact in one response: this endpoint has no pages. Safe to retry.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-all-notes
   *
   * @since 0.2.0
   */
  readonly getAllNotes: (contactId: ContactId) => Effect.Effect<ReadonlyArray<Note>, ContactsError>

  /**
   * Adds a note to a contact.
   *
   * The call is not retried once it may have been applied, because a retry would create a second note. To verify an unknown
   * outcome, the client lists the notes; a note with the same fields that was created since the first attempt counts as the
   * new one.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/create-note
   *
   * @since 0.2.0
   */
  readonly createNote: (contactId: ContactId, note: NoteCreate) => Effect.Effect<Note, ContactsError>

  /**
   * Gets a note by its id. Safe to retry.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-note
   *
   * @since 0.2.0
   */
  readonly getNote: (contactId: ContactId, noteId: string) => Effect.Effect<Note, ContactsError>

  /**
   * Changes the given fields of a note and returns the whole note. Safe to retry.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/update-note
   *
   * @since 0.2.0
   */
  readonly updateNote: (contactId: ContactId, noteId: string, changes: NoteUpdate) => Effect.Effect<Note, ContactsError>

  /**
   * Deletes a note. Safe to retry: a retry that finds the note gone succeeds.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/delete-note
   *
   * @since 0.2.0
   */
  readonly deleteNote: (contactId: ContactId, noteId: string) => Effect.Effect<void, ContactsError>
}

const makeService = ({ perform }: HttpLayer.Service): Service => ({
  getAllNotes: (contactId) => Effect.map(perform(rows.getAllNotes, { params: { contactId } }), ({ notes }) => notes),
  createNote: (contactId, body) => Effect.map(perform(rows.createNote, { params: { contactId }, body }), noteOf),
  getNote: (contactId, id) => Effect.map(perform(rows.getNote, { params: { contactId, id } }), noteOf),
  updateNote: (contactId, id, body) =>
    Effect.map(perform(rows.updateNote, { params: { contactId, id }, body }), noteOf),
  deleteNote: (contactId, id) => Effect.asVoid(perform(rows.deleteNote, { params: { contactId, id } }))
})

const noteOf = ({ note }: { readonly note: Note }): Note => note

/**
 * The service for the notes of contacts, for example on a call with the contact.
 *
 * @example
 * import { Effect } from "effect"
 * import { NotesService } from "effect-growthhub/NotesService"
 * import { ContactId } from "effect-growthhub/Schema"
 *
 * export const noted = Effect.flatMap(NotesService, (notes) =>
 *   notes.createNote(ContactId.make("seD4PfOuKoVMLkEZqohJ"), { body: "Called, wants an offer" })
 * )
 *
 * @since 0.2.0
 * @category tags
 */
export class NotesService extends Context.Tag("effect-growthhub/NotesService")<NotesService, Service>() {
  /**
   * The service on the app's own `HttpClient`, with a token and a rate limit of its own. For several services over one
   * token, see `GrowthHub.layer`.
   *
   * @since 0.2.0
   */
  static layer(options: HttpLayer.ServiceOptions): Layer.Layer<NotesService, never, HttpClient.HttpClient> {
    return Layer.provide(NotesService.layerHttp, HttpLayer.layer(options))
  }

  /**
   * The service with the options of the app's configuration; see `HttpLayer.layerConfig`.
   *
   * @since 0.2.0
   */
  static layerConfig(
    config: HttpLayer.ServiceConfigOptions = {}
  ): Layer.Layer<NotesService, ConfigError.ConfigError, HttpClient.HttpClient> {
    return Layer.provide(NotesService.layerHttp, HttpLayer.layerConfig(config))
  }

  /**
   * The service on a `ContactsHttp` of the app's own. Each use of the layer builds a new service.
   *
   * @since 0.2.0
   */
  static readonly layerHttp: Layer.Layer<NotesService, never, HttpLayer.ContactsHttp> = Layer.fresh(
    Layer.effect(NotesService, Effect.map(HttpLayer.ContactsHttp, makeService))
  )
}
