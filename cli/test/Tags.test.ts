import { describe, expect, it } from "@effect/vitest"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as ContactsBulk from "effect-growthhub/ContactsBulk"
import { ContactsService } from "effect-growthhub/ContactsService"
import { ContactsTest } from "effect-growthhub/ContactsTest"
import * as Errors from "effect-growthhub/Errors"
import { type ContactUpsert, LocationId } from "effect-growthhub/Schema"
import * as Upserting from "../src/import/Upserting.js"

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")

describe("the tags of a row", () => {
  const lost = new Errors.TransportError({
    operation: "updateContact",
    attempts: 1,
    message: "reset",
    outcome: "Unknown",
    isRetryable: true
  })

  /** An in-memory service whose first updates fail. */
  const failing = (error: Errors.ContactsError, times: number) =>
    Layer.effect(
      ContactsService,
      Effect.map(ContactsService, (service) => {
        let updates = 0
        return {
          ...service,
          updateContact: (id, changes) =>
            Effect.suspend(() => (++updates <= times ? Effect.fail(error) : service.updateContact(id, changes)))
        }
      })
    ).pipe(Layer.provideMerge(ContactsTest.layer({ locationId })))

  const imported = (contacts: ReadonlyArray<ContactUpsert>) =>
    Effect.gen(function* () {
      const service = Upserting.forImport(yield* ContactsService, {
        mode: "Upsert",
        replacesTags: false,
        isResumed: false
      })
      const store = yield* Effect.provide(KeyValueStore.KeyValueStore, KeyValueStore.layerMemory)
      return yield* ContactsBulk.upsertMany(Stream.fromIterable(contacts), {
        checkpoint: { store, name: "leads" }
      }).pipe(Stream.runCollect, Effect.map(Chunk.toReadonlyArray), Effect.provideService(ContactsService, service))
    })

  it.effect("are added by a retry if the request that adds them fails with a transport error", () =>
    Effect.gen(function* () {
      const outcomes = yield* imported([
        { locationId, email: "a@example.com", tags: ["x"] },
        { locationId, email: "b@example.com" }
      ])
      expect(outcomes.map(({ _tag }) => _tag).sort()).toEqual(["Created", "Updated"])
      const stored = yield* (yield* ContactsTest).contacts
      expect(stored.find(({ email }) => email === "a@example.com")?.tags).toEqual(["x"])
    }).pipe(Effect.provide(failing(lost, 1)))
  )

  it.effect("have the outcome Rejected if refused after the contact was saved, or Unknown if a retry is unsafe", () =>
    Effect.gen(function* () {
      const outcomes = yield* imported([
        { locationId, email: "a@example.com", tags: ["x"] },
        { locationId, email: "b@example.com", tags: ["x"], createNewIfDuplicateAllowed: true }
      ])
      const told = outcomes.map((outcome) => [outcome._tag, "error" in outcome && outcome.error.message])
      const message = "The contact was saved, its tags were not added: tag too long"
      expect(told.sort()).toEqual([
        ["Rejected", message],
        ["Unknown", message]
      ])
    }).pipe(
      Effect.provide(
        failing(
          new Errors.Unprocessable({ operation: "updateContact", attempts: 1, status: 422, message: "tag too long" }),
          9
        )
      )
    )
  )
})
