import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { ContactsTest } from "effect-growthhub/ContactsTest"
import * as GrowthHub from "effect-growthhub/GrowthHub"
import { NotesService } from "effect-growthhub/NotesService"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { type Options, Sandbox } from "effect-growthhub/Sandbox"
import { ContactId } from "effect-growthhub/Schema"

const jane = ContactId.make("jane")
const contacts = [{ id: jane, firstName: "Jane" }]

const overHttp = Layer.unwrapEffect(
  Effect.map(Sandbox, ({ url, token }) => GrowthHub.layer({ baseUrl: url, token }))
).pipe(Layer.provide(FetchHttpClient.layer), Layer.provide(Sandbox.layer({ contacts })), Layer.orDie)

describe.each([
  ["in memory", ContactsTest.layer({ contacts })],
  ["over HTTP, against the sandbox", overHttp]
] as const)("NotesService %s", (_, layer) => {
  const using = <A, E>(run: (notes: NotesService["Type"]) => Effect.Effect<A, E>) =>
    Effect.flatMap(NotesService, run).pipe(Effect.provide(Layer.fresh(layer)))

  it.effect("creates, gets, changes, lists and deletes a note", () =>
    using((notes) =>
      Effect.gen(function* () {
        const created = yield* notes.createNote(jane, { body: "<b>Called</b>", title: "Call", pinned: true })
        expect(created).toMatchObject({
          body: "<b>Called</b>",
          bodyText: "Called",
          title: "Call",
          pinned: true,
          contactId: jane
        })
        // The service returns null if no user wrote the note.
        expect(created).not.toHaveProperty("userId")
        expect(yield* notes.getNote(jane, created.id)).toEqual(created)
        const changed = yield* notes.updateNote(jane, created.id, { body: "Wants an offer" })
        expect(changed).toMatchObject({ id: created.id, body: "Wants an offer", title: "Call" })
        expect(yield* notes.getAllNotes(jane)).toEqual([changed])
        yield* notes.deleteNote(jane, created.id)
        expect(yield* notes.getAllNotes(jane)).toEqual([])
      })
    )
  )

  it.effect("fails with BadRequest for an unknown note and an unknown contact", () =>
    using((notes) =>
      Effect.gen(function* () {
        const missing = yield* Effect.flip(notes.getNote(jane, "missing"))
        expect(missing).toMatchObject({ _tag: "BadRequest", isContactNotFound: false })
        const gone = yield* Effect.flip(notes.deleteNote(jane, "missing"))
        expect(gone).toMatchObject({ _tag: "BadRequest", attempts: 1 })
        const nobody = yield* Effect.flip(notes.createNote(ContactId.make("nobody"), { body: "Hello" }))
        expect(nobody).toMatchObject({ _tag: "BadRequest", isContactNotFound: true })
      })
    )
  )

  it.effect("rejects input that the endpoint does not accept, before a request is sent", () =>
    using((notes) =>
      Effect.gen(function* () {
        const untyped = notes as unknown as { createNote: (id: string, note: object) => Effect.Effect<unknown, Error> }
        expect(yield* Effect.flip(untyped.createNote(jane, {}))).toMatchObject({ _tag: "Unprocessable", attempts: 0 })
        expect(yield* Effect.flip(untyped.createNote(jane, { body: "x", text: "y" }))).toMatchObject({
          _tag: "Unprocessable",
          attempts: 0
        })
        expect(yield* Effect.flip(notes.getNote(jane, ".."))).toMatchObject({ _tag: "Unprocessable", attempts: 0 })
      })
    )
  )
})

describe("a write of a note whose response is lost", () => {
  const faulty = (options: Partial<Options>) =>
    ContactsTest.layer({ contacts, retryPolicy: RetryPolicy.make(), ...options })

  const afterwards = Effect.map(
    Effect.flatMap(NotesService, (notes) => notes.getAllNotes(jane)),
    (notes) => notes.map(({ body }) => body)
  )

  /** Runs a call and advances the test clock. */
  const inTime = <A, E, R>(call: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(call)
      yield* TestClock.adjust("60 seconds")
      return yield* Fiber.join(fiber)
    })

  const once = (fault: object, endpoint: string) => ({ rules: [{ fault, endpoint, times: 1 }] }) as Options["faults"]

  it.effect("succeeds if the note is found among the contact's notes, and is not repeated", () =>
    Effect.gen(function* () {
      const notes = yield* NotesService
      const note = yield* inTime(notes.createNote(jane, { body: "Called" }))
      expect(note.body).toBe("Called")
      expect(yield* afterwards).toEqual(["Called"])
    }).pipe(Effect.provide(faulty({ faults: once({ _tag: "Reset", when: "after" }, "createNote") })))
  )

  it.effect("keeps its unknown outcome if only an older note with the same body is found", () =>
    Effect.gen(function* () {
      const notes = yield* NotesService
      yield* notes.createNote(jane, { body: "Called" })
      yield* TestClock.adjust("1 hour")
      yield* (yield* ContactsTest).setFaults(once({ _tag: "Reset", when: "before" }, "createNote")!)
      const error = yield* Effect.flip(inTime(notes.createNote(jane, { body: "Called" })))
      expect(error).toMatchObject({ _tag: "TransportError", outcome: "Unknown", isRetryable: false, attempts: 1 })
      expect(yield* afterwards).toEqual(["Called"])
    }).pipe(Effect.provide(faulty({})))
  )

  it.effect("succeeds for a delete if the retry finds that the note is gone", () =>
    Effect.gen(function* () {
      const notes = yield* NotesService
      const { id } = yield* notes.createNote(jane, { body: "Called" })
      yield* inTime(notes.deleteNote(jane, id))
      expect(yield* afterwards).toEqual([])
    }).pipe(Effect.provide(faulty({ faults: once({ _tag: "Status", status: 502, when: "after" }, "deleteNote") })))
  )
})
