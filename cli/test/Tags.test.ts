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
import { ContactId, type ContactUpsert, LocationId } from "effect-growthhub/Schema"
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

  /** An in-memory service whose first updates fail, before or after they are applied. It has one contact. */
  const failing = (error: Errors.ContactsError, times: number, when: "before" | "after" = "before") =>
    Layer.effect(
      ContactsService,
      Effect.map(ContactsService, (service) => {
        let updates = 0
        return {
          ...service,
          updateContact: (id, changes) =>
            Effect.suspend(() => {
              if (++updates > times) return service.updateContact(id, changes)
              const applied = when === "after" ? service.updateContact(id, changes) : Effect.void
              return Effect.zipRight(applied, Effect.fail(error))
            })
        }
      })
    ).pipe(
      Layer.provideMerge(
        ContactsTest.layer({
          locationId,
          contacts: [{ id: ContactId.make("old"), email: "old@example.com", tags: ["old"] }]
        })
      )
    )

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

  for (const when of ["before", "after"] as const) {
    it.effect(`are added if the connection is lost ${when} the request that adds them is applied`, () =>
      Effect.gen(function* () {
        const outcomes = yield* imported([
          { locationId, email: "a@example.com", tags: ["x"] },
          { locationId, email: "old@example.com", tags: ["x"] },
          { locationId, email: "c@example.com" }
        ])
        expect(outcomes.map(({ _tag }) => _tag).sort()).toEqual(["Created", "Updated", "Updated"])
        const stored = yield* (yield* ContactsTest).contacts
        expect(stored.map(({ email, tags }) => [email, tags]).sort()).toEqual([
          ["a@example.com", ["x"]],
          ["c@example.com", []],
          ["old@example.com", ["old", "x"]]
        ])
      }).pipe(Effect.provide(failing(lost, 2, when)))
    )
  }

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
