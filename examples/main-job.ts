/**
 * `npm start`: the main job, over real HTTP against a sandbox on a free loopback port. It upserts, gets and updates a
 * contact, finds it, tags it and adds a note, and then provokes each documented error. It exits with 0 if every result is as
 * expected, and otherwise with 1.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Data, Effect, Layer, Redacted } from "effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { DocumentedError } from "effect-growthhub/Errors"
import * as Filter from "effect-growthhub/Filter"
import * as GrowthHub from "effect-growthhub/GrowthHub"
import { NotesService } from "effect-growthhub/NotesService"
import { Sandbox } from "effect-growthhub/Sandbox"
import { type Contact, ContactId, CustomField, type UpsertedContact } from "effect-growthhub/Schema"

class NotAsExpected extends Data.TaggedError("NotAsExpected")<{ readonly what: string }> {
  override get message() {
    return `not as expected: ${this.what}`
  }
}

const expect = (isAsExpected: boolean, what: string) =>
  isAsExpected ? Effect.void : Effect.fail(new NotAsExpected({ what }))

const step = (call: string, outcome: string, lines: ReadonlyArray<string> = []) =>
  Console.log([`\n  ${call}`, `    → ${outcome}`, ...lines.map((line) => `      ${line}`)].join("\n"))

const described = (contact: Contact) => [
  `id       ${contact.id}`,
  `name     ${contact.firstName} ${contact.lastName}`,
  `email    ${contact.email}`,
  `company  ${contact.companyName ?? "–"}`,
  `city     ${contact.city ?? "–"}`,
  `tags     ${contact.tags?.join(", ") || "–"}`,
  ...(contact.customFields ?? []).map(({ id, value }) => `custom   ${id} = ${JSON.stringify(value)}`)
]

const upserted = (call: string, contact: UpsertedContact) =>
  step(call, contact.new ? "a new contact (new: true)" : "the same contact again (new: false)", described(contact))

/** Makes a call that must fail with the error of this tag, and handles the error as an app would. */
const meeting = <
  A,
  E extends { readonly _tag: string },
  R,
  Tag extends "BadRequest" | "Unauthorized" | "Unprocessable",
  E2,
  R2
>(
  call: string,
  self: Effect.Effect<A, E, R>,
  tag: Tag,
  handle: (error: Extract<E, { readonly _tag: Tag }> & DocumentedError) => Effect.Effect<string, E2, R2>
): Effect.Effect<void, E2 | NotAsExpected, R | R2> =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(self).pipe(
      Effect.mapError(() => new NotAsExpected({ what: `${call} succeeded, ${tag} was to come` })),
      Effect.filterOrFail(
        (error): error is Extract<E, { readonly _tag: Tag }> & DocumentedError => error._tag === tag,
        (error) => new NotAsExpected({ what: `${call} failed with ${error._tag}, ${tag} was to come` })
      )
    )
    const handled = yield* handle(error)
    yield* step(call, `${error._tag}: ${error.details.length > 1 ? `${error.details.length} faults` : error.message}`, [
      ...(error.details.length > 1 ? error.details.map((line) => `- ${line}`) : []),
      error.attempts === 0 ? "refused here, nothing was sent" : `status ${error.status}, trace ${error.traceId}`,
      `handled: ${handled}`
    ])
  })

const mainJob = Effect.gen(function* () {
  const contacts = yield* ContactsService
  const { url, locationId, ledger } = yield* Sandbox
  yield* Console.log(`The main job of effect-growthhub, against a sandbox at ${url}`)

  const first = yield* contacts.upsertContact({
    locationId,
    firstName: "Rosan",
    lastName: "Deo",
    email: "rosan@example.com",
    phone: "+1 888-888-8888"
  })
  yield* upserted("upsertContact({ email: rosan@example.com, … })", first)
  yield* expect(first.new, "the first upsert makes a new contact")

  const second = yield* contacts.upsertContact({ locationId, email: "rosan@example.com", companyName: "DGS VolMAX" })
  yield* upserted("upsertContact, by the same email", second)
  yield* expect(!second.new && second.id === first.id, "the second upsert finds the contact of the first")

  const before = yield* contacts.getContact(first.id)
  yield* step("getContact(id)", "the contact", described(before))
  yield* expect(before.companyName === "DGS VolMAX", "the second upsert has set the company")

  yield* contacts.updateContact(first.id, {
    city: "Dolomite",
    tags: ["VIP", "Webinar"],
    dateOfBirth: "09/25/1990",
    customFields: [
      CustomField.text("6dvNaf7VhkQ9snc5vnjJ", "My Text"),
      CustomField.number("MgobCB14YMVKuE4Ka8p1", 100.5),
      CustomField.options("y0BeYjuRIlDwsDcOHOJo", ["red", "blue"])
    ]
  })
  yield* step("updateContact(id, { city, tags, dateOfBirth, customFields })", "updated")

  const after = yield* contacts.getContact(first.id)
  yield* step("getContact(id), once more", "the contact as updated", [
    ...described(after),
    `born     ${after.dateOfBirth}`
  ])
  yield* expect(after.city === "Dolomite", "the city is set")
  yield* expect(after.tags?.join() === "vip,webinar", "the tags are overwritten, in lower case")
  yield* expect(after.dateOfBirth === "1990-09-25", "the date of birth is a day")
  yield* expect(after.customFields?.length === 3, "three custom fields are set")

  const { contacts: found, total } = yield* contacts.searchContacts({
    locationId,
    filters: [Filter.equals("email", "rosan@example.com")]
  })
  yield* step('searchContacts({ filters: [Filter.equals("email", …)] })', `${total} found: ${found[0]?.contactName}`)
  yield* expect(total === 1 && found[0]?.id === first.id, "the search finds the contact by its email")

  const { tags } = yield* contacts.addTags(first.id, ["Lead"])
  yield* step('addTags(id, ["Lead"])', `the tags are ${tags?.join(", ")}`)
  yield* expect(tags?.join() === "vip,webinar,lead", "the tag is added to the others")

  const { body } = yield* (yield* NotesService).createNote(first.id, { body: "Asked for a demo" })
  yield* step("createNote(id, { body })", `a note: ${body}`)

  yield* meeting('getContact("nobody")', contacts.getContact(ContactId.make("nobody")), "BadRequest", (error) =>
    expect(error.isContactNotFound, "the message says that there is no such contact").pipe(
      Effect.as("error.isContactNotFound, so the app goes on without the contact")
    )
  )

  const stranger = Effect.flatMap(ContactsService, (contacts) => contacts.getContact(first.id)).pipe(
    Effect.provide(ContactsService.layer({ baseUrl: url, token: Redacted.make("pit-of-somebody-else") }))
  )
  yield* meeting("getContact(id), with a wrong token", stranger, "Unauthorized", () =>
    Effect.map(contacts.getContact(first.id), ({ firstName }) => `read again with the right token: ${firstName}`)
  )

  const sentBefore = (yield* ledger).requests.length
  const invalid = {
    email: "",
    dateOfBirth: "1990-02-30",
    // An update has no `locationId`. The compiler would refuse it, but untyped input may contain it.
    ...({ locationId } as object)
  }
  yield* meeting(
    "updateContact(id, { locationId, email, dateOfBirth })",
    contacts.updateContact(first.id, invalid),
    "Unprocessable",
    () =>
      Effect.gen(function* () {
        yield* expect((yield* ledger).requests.length === sentBefore, "what is refused here sends no request")
        const corrected = yield* contacts.updateContact(first.id, { dateOfBirth: "1990-02-28" })
        return `a line per fault to show in a form, then sent again: born ${corrected.dateOfBirth}`
      })
  )

  yield* meeting(
    'updateContact(id, { email: "rosan@deos" })',
    contacts.updateContact(first.id, { email: "rosan@deos" }),
    "Unprocessable",
    (error) =>
      expect(error.status === 422, "the service has refused the address").pipe(
        Effect.zipRight(contacts.updateContact(first.id, { email: "rosan@deos.com" })),
        Effect.map(({ email }) => `sent again, corrected: ${email}`)
      )
  )

  const { applied, requests } = yield* ledger
  yield* expect(applied.length === 7, "seven writes were applied")
  yield* Console.log(
    `\nAll as expected: ${requests.length} requests, ${applied.length} writes applied, 1 contact in the directory.\n`
  )
})

const Services = Layer.unwrapEffect(Effect.map(Sandbox, ({ url, token }) => GrowthHub.layer({ baseUrl: url, token })))

const live = Services.pipe(Layer.provideMerge(Sandbox.layer()), Layer.provideMerge(FetchHttpClient.layer))

mainJob.pipe(
  Effect.provide(live),
  // Any unexpected result ends the job with exit code 1.
  Effect.tapError((error) => Console.error(`\n${error._tag}: ${error.message}`)),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
