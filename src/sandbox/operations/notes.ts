/**
 * The operations on notes, as the service performs them.
 *
 * @since 0.2.0
 */
import type { noteRows } from "../../api/notes.js"
import { isoOf } from "../ContactRecord.js"
import * as Directory from "../Directory.js"
import type { Operation, Operations } from "../Operation.js"
import { doneFlags } from "../Reply.js"
import { flag, object, text } from "../Rules.js"

const fields = { body: text, userId: text, title: text, color: text, pinned: flag }

/** HTML as plain text. */
const plain = (body: unknown) => String(body).replace(/<[^>]*>/g, "")

const noteOf = (
  directory: Directory.Directory,
  caller: Directory.Caller,
  params: { readonly [name: string]: string }
) =>
  Directory.partOf(
    directory.notes,
    Directory.contactOf(directory, caller, params),
    params["id"] ?? "",
    "The note id is invalid."
  )

const getAllNotes: Operation = {
  perform: (directory, caller, { params }) => {
    const contact = Directory.contactOf(directory, caller, params)
    return { body: { notes: Array.from(directory.notes.values()).filter(({ contactId }) => contactId === contact.id) } }
  }
}

const createNote: Operation = {
  body: () => object(fields, ["body"]),
  perform: (directory, caller, { params, body }) => {
    const contact = Directory.contactOf(directory, caller, params)
    const note = {
      id: Directory.nextId(directory),
      userId: null,
      pinned: false,
      ...body,
      bodyText: plain(body["body"]),
      contactId: contact.id,
      dateAdded: isoOf(caller.now),
      relations: []
    }
    Directory.putPart(directory, "note", note)
    return { body: { note }, isNew: true }
  }
}

const getNote: Operation = {
  perform: (directory, caller, { params }) => ({ body: { note: noteOf(directory, caller, params) } })
}

const updateNote: Operation = {
  body: () => object(fields),
  perform: (directory, caller, { params, body }) => {
    const found = noteOf(directory, caller, params)
    const note = { ...found, ...body, bodyText: plain(body["body"] ?? found["body"]) }
    Directory.putPart(directory, "note", note)
    return { body: { note } }
  }
}

const deleteNote: Operation = {
  perform: (directory, caller, { params }) => {
    Directory.removePart(directory, "note", noteOf(directory, caller, params))
    return { body: doneFlags }
  }
}

/**
 * @since 0.2.0
 * @category operations
 */
export const noteOperations = {
  getAllNotes,
  createNote,
  getNote,
  updateNote,
  deleteNote
} satisfies Operations<typeof noteRows>
