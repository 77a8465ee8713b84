import { describe, expect, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Redacted from "effect/Redacted"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactsError, Unprocessable } from "effect-growthhub/Errors"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { ContactId, type ListedContact, LocationId } from "effect-growthhub/Schema"
import { accounts, applied, Judge, losses, overHttp, requests, retrying, verifying } from "./account.js"
import { json, serving, transports } from "./servers.js"

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")
const jane = ContactId.make("jane")
const john = ContactId.make("john")
const nobody = ContactId.make("A1b2C3d4E5f6G7h8I9j0")
const foreign = ContactId.make("foreign")

const contacts = [
  { id: jane, firstName: "Jane", lastName: "Roe", tags: ["old"], dateAdded: DateTime.unsafeMake(2000) },
  { id: john, firstName: "John", email: "john@example.com", dateAdded: DateTime.unsafeMake(1000) },
  { id: foreign, locationId: LocationId.make("elsewhere") }
]

const appointments = [
  { id: "a1", contactId: "jane", title: "Demo", startTime: "2021-07-16 11:00:00", appointmentStatus: "confirmed" },
  { id: "a2", contactId: "jane", startTime: "2026-07-20T12:00:00+02:00", dateAdded: "2026-07-01T00:00:00.000Z" },
  { id: "a3", contactId: "john" }
]

type Contacts = ContactsService["Type"]

const lost = { _tag: "Reset", when: "after" } as const

const refusedBefore = (call: Effect.Effect<unknown, ContactsError>) =>
  Effect.map(Effect.flip(call), (error) => {
    expect(error).toMatchObject({ _tag: "Unprocessable", attempts: 0 })
    return (error as Unprocessable).details.join("\n")
  })

describe.each(accounts)("ContactsService %s", (_, account) => {
  const using = <A, E>(
    run: (contacts: Contacts, judge: Judge["Type"]) => Effect.Effect<A, E, Judge>,
    retryPolicy: RetryPolicy.Policy = RetryPolicy.none
  ) =>
    Effect.all([ContactsService, Judge]).pipe(
      Effect.flatMap(([contacts, judge]) => run(contacts, judge)),
      Effect.provide(account({ contacts, appointments, retryPolicy }))
    )

  it.effect("adds and removes tags, in lower case and without duplicates", () =>
    using((contacts) =>
      Effect.gen(function* () {
        expect(yield* contacts.addTags(jane, ["VIP", "old"])).toMatchObject({
          tags: ["old", "vip"],
          tagsAdded: ["vip"]
        })
        expect(yield* contacts.addTags(jane, ["vip"])).toMatchObject({ tags: ["old", "vip"], tagsAdded: [] })
        expect(yield* contacts.removeTags(jane, ["OLD"])).toMatchObject({ tags: ["vip"], tagsRemoved: ["old"] })
        expect(yield* contacts.removeTags(jane, ["old"])).toMatchObject({ tags: ["vip"], tagsRemoved: [] })
        expect((yield* contacts.getContact(jane)).tags).toEqual(["vip"])
        expect((yield* requests).slice(0, 3)).toEqual([
          { line: "POST /contacts/jane/tags", version: "2021-07-28", body: { tags: ["VIP", "old"] } },
          { line: "POST /contacts/jane/tags", version: "2021-07-28", body: { tags: ["vip"] } },
          { line: "DELETE /contacts/jane/tags", version: "2021-07-28", body: { tags: ["OLD"] } }
        ])
      })
    )
  )

  it.effect("adds and removes followers", () =>
    using((contacts) =>
      Effect.gen(function* () {
        const added = yield* contacts.addFollowers(jane, ["u1", "u2"])
        expect(added).toMatchObject({ followers: ["u1", "u2"], followersAdded: ["u1", "u2"] })
        const more = yield* contacts.addFollowers(jane, ["u2", "u3"])
        expect(more).toMatchObject({ followers: ["u1", "u2", "u3"], followersAdded: ["u3"] })
        const removed = yield* contacts.removeFollowers(jane, ["u1", "u9"])
        expect(removed).toMatchObject({ followers: ["u2", "u3"], followersRemoved: ["u1"] })
        expect((yield* contacts.getContact(jane)).followers).toEqual(["u2", "u3"])
        expect(yield* contacts.removeFollowers(jane, ["u2", "u3"])).toMatchObject({ followers: [] })
        expect(yield* contacts.getContact(jane)).not.toHaveProperty("followers")
        expect((yield* requests)[2]).toEqual({
          line: "DELETE /contacts/jane/followers",
          version: "2021-07-28",
          body: { followers: ["u1", "u9"] }
        })
      })
    )
  )

  it.effect("adds a contact to a campaign and a workflow and removes it, with the documented requests", () =>
    using((contacts) =>
      Effect.gen(function* () {
        yield* contacts.addToCampaign(jane, "c1")
        yield* contacts.removeFromCampaign(jane, "c1")
        yield* contacts.removeFromAllCampaigns(jane)
        yield* contacts.addToWorkflow(jane, "7f3a")
        const eventStartTime = DateTime.unsafeMakeZoned("2021-06-23T02:30:00Z", { timeZone: 60 * 60 * 1000 })
        yield* contacts.addToWorkflow(jane, "7f3a", { eventStartTime })
        yield* contacts.removeFromWorkflow(jane, "7f3a", {
          eventStartTime: DateTime.unsafeMake("2021-06-23T02:30:00.5Z")
        })
        yield* contacts.removeFromWorkflow(jane, "7f3a")
        const version = "2021-07-28"
        const workflow = "/contacts/jane/workflow/7f3a"
        expect(yield* requests).toEqual([
          { line: "POST /contacts/jane/campaigns/c1", version, body: {} },
          { line: "DELETE /contacts/jane/campaigns/c1", version, body: undefined },
          { line: "DELETE /contacts/jane/campaigns/removeAll", version, body: undefined },
          { line: `POST ${workflow}`, version, body: {} },
          { line: `POST ${workflow}`, version, body: { eventStartTime: "2021-06-23T03:30:00+01:00" } },
          { line: `DELETE ${workflow}`, version, body: { eventStartTime: "2021-06-23T02:30:00.500Z" } },
          { line: `DELETE ${workflow}`, version, body: {} }
        ])
        expect(yield* applied).toEqual([
          ...["addToCampaign jane", "removeFromCampaign jane", "removeFromAllCampaigns jane"],
          ...["addToWorkflow jane", "addToWorkflow jane", "removeFromWorkflow jane", "removeFromWorkflow jane"]
        ])
      })
    )
  )

  it.effect("returns the appointments of a contact, with their times unchanged", () =>
    using((contacts) =>
      Effect.gen(function* () {
        expect(yield* contacts.getAppointments(jane)).toEqual(appointments.slice(0, 2))
        yield* contacts.deleteContact(john)
        expect(yield* Effect.flip(contacts.getAppointments(john))).toMatchObject({ isContactNotFound: true })
        expect((yield* requests)[0]).toMatchObject({ line: "GET /contacts/jane/appointments", body: undefined })
      })
    )
  )

  it.effect("lists contacts page by page, with their original names", () =>
    using((contacts) =>
      Effect.gen(function* () {
        const list = contacts.getContacts
        const first = yield* list({ locationId, limit: 1 })
        expect(first.contacts).toMatchObject([
          { id: jane, firstName: "jane", firstNameRaw: "Jane", lastNameRaw: "Roe", contactName: "jane roe" }
        ])
        expect(first.contacts[0]).not.toHaveProperty("email")
        expect(first.contacts[0]!.dateAdded).toEqual(DateTime.unsafeMake(2000))
        expect(first.meta).toMatchObject({ total: 2, nextPage: 2, startAfter: 2000, startAfterId: "jane" })
        const { startAfter, startAfterId } = first.meta!
        const second = yield* list({ locationId, limit: 1, startAfter, startAfterId })
        expect(second.contacts).toMatchObject([{ id: john, email: "john@example.com" }])
        expect(second.meta).not.toHaveProperty("nextPage")
        expect((yield* list({ locationId, query: "rOE" })).contacts).toMatchObject([{ id: jane }])
        const query = `locationId=${locationId}`
        expect((yield* requests).map(({ line }) => line)).toEqual([
          `GET /contacts/?${query}&limit=1`,
          `GET /contacts/?${query}&limit=1&startAfter=2000&startAfterId=jane`,
          `GET /contacts/?${query}&query=rOE`
        ])
      })
    )
  )

  it.effect("assigns contacts to a business, lists them, and removes them", () =>
    using((contacts) =>
      Effect.gen(function* () {
        const changed = yield* contacts.setBusinessInBulk({ locationId, ids: [john, jane, foreign], businessId: "b1" })
        expect(new Set(Option.getOrThrow(changed))).toEqual(new Set([jane, john]))
        const found = yield* contacts.getContactsByBusiness("b1", { locationId, limit: 1, skip: 1, query: "o" })
        expect(found).toMatchObject({ contacts: [{ id: john, firstNameRaw: "John", businessId: "b1" }], count: 2 })
        yield* contacts.setBusinessInBulk({ locationId, ids: [jane, john], businessId: null })
        expect(yield* contacts.getContactsByBusiness("b1", { locationId })).toMatchObject({ contacts: [], count: 0 })
        const version = "2021-07-28"
        const path = `/contacts/business/b1?locationId=${locationId}`
        expect(yield* requests).toEqual([
          {
            line: "POST /contacts/bulk/business",
            version,
            body: { locationId, ids: [john, jane, foreign], businessId: "b1" }
          },
          { line: `GET ${path}&limit=1&skip=1&query=o`, version, body: undefined },
          { line: "POST /contacts/bulk/business", version, body: { locationId, ids: [jane, john], businessId: null } },
          { line: `GET ${path}`, version, body: undefined }
        ])
        expect((yield* applied).sort()).toEqual(
          [jane, jane, john, john].map((contactId) => `setBusinessInBulk ${contactId}`)
        )
      })
    )
  )

  it.effect("rejects `startAfter` for the contacts of a business in the default Version", () =>
    using((contacts) =>
      Effect.gen(function* () {
        const startAfter = { name: "jane roe", id: jane }
        const error = yield* Effect.flip(contacts.getContactsByBusiness("b1", { locationId, startAfter }))
        expect(error).toMatchObject({ _tag: "Unprocessable", details: ["property startAfter should not exist"] })
      })
    )
  )

  it.effect("changes the tags of many contacts, and reports the outcome of each", () =>
    using((contacts) =>
      Effect.gen(function* () {
        const ids = [john, nobody, jane, foreign, john]
        expect(yield* contacts.updateTagsInBulk({ type: "add", locationId, contacts: ids, tags: ["VIP"] })).toEqual([
          {
            contactId: john,
            outcome: "Updated",
            message: "Tags updated",
            oldTags: [],
            tagsAdded: ["vip"],
            tagsRemoved: []
          },
          { contactId: nobody, outcome: "Refused", message: "contact is deleted" },
          {
            contactId: jane,
            outcome: "Updated",
            message: "Tags updated",
            oldTags: ["old"],
            tagsAdded: ["vip"],
            tagsRemoved: []
          },
          { contactId: foreign, outcome: "Refused", message: "contact does not belong to location" }
        ])
        const removed = yield* contacts.updateTagsInBulk({
          type: "remove",
          locationId,
          contacts: [jane],
          tags: [],
          removeAllTags: true
        })
        expect(removed).toMatchObject([{ outcome: "Updated", tagsRemoved: ["old", "vip"] }])
        expect((yield* contacts.getContact(jane)).tags).toEqual([])
        expect((yield* contacts.getContact(john)).tags).toEqual(["vip"])
        expect((yield* requests).slice(0, 2)).toEqual([
          {
            line: "POST /contacts/bulk/tags/update/add",
            version: "2021-07-28",
            body: { locationId, contacts: ids, tags: ["VIP"] }
          },
          {
            line: "POST /contacts/bulk/tags/update/remove",
            version: "2021-07-28",
            body: { locationId, contacts: [jane], tags: [], removeAllTags: true }
          }
        ])
      })
    )
  )

  it.effect("rejects input that the endpoints do not accept, before a request is sent", () =>
    using((contacts, { ledger }) =>
      Effect.gen(function* () {
        const many = Array.from({ length: 51 }, (_, index) => ContactId.make(`c${index}`))
        const bulk = { locationId, contacts: [jane], tags: ["a"] }
        const refusals: ReadonlyArray<readonly [Effect.Effect<unknown, ContactsError>, RegExp]> = [
          [contacts.addTags(jane, []), /^tags must not be empty$/],
          [contacts.addTags(jane, ["a", " "]), /^tags\.1 must not be empty$/],
          [contacts.removeTags(jane, "a" as never), /^tags must be an array$/],
          [contacts.removeTags("bulk" as ContactId, ["a"]), /another path of the API/],
          [contacts.addFollowers(jane, []), /^followers must not be empty$/],
          [contacts.removeFollowers(jane, ["u1", ""]), /^followers\.1 must not be empty$/],
          [contacts.removeFromCampaign(jane, "removeAll"), /^campaignId must not be the name of another path/],
          [contacts.removeFromCampaign(jane, "REMOVE-ALL"), /^campaignId must not be the name of another path/],
          [contacts.addToCampaign(jane, ""), /^campaignId must not be empty$/],
          [contacts.addToWorkflow(jane, "a/b"), /^workflowId must not contain a slash$/],
          [contacts.addToWorkflow(jane, "w", { eventStartTime: "now" as never }), /eventStartTime must be a DateTime/],
          [contacts.getContactsByBusiness("..", { locationId }), /^businessId must not be a relative path segment$/],
          [contacts.getContactsByBusiness("b", { locationId, limit: 101 }), /from 1 to 100/],
          [contacts.getContactsByBusiness("b", { locationId, skip: -1 }), /at least 0$/],

          [contacts.getContacts({ locationId, limit: 0.5 }), /whole number/],

          [contacts.getContacts({ locationId, startAfter: 1 }), /startAfter and startAfterId go together/],
          [contacts.setBusinessInBulk({ locationId, ids: many, businessId: "b" }), /1 to 50 ids; it has 51/],
          [contacts.setBusinessInBulk({ locationId, ids: [], businessId: "b" }), /1 to 50 ids; it has 0/],
          [contacts.updateTagsInBulk({ type: "add", ...bulk, contacts: [] }), /^contacts must not be empty$/],
          [contacts.updateTagsInBulk({ type: "add", ...bulk, tags: [] }), /^tags must not be empty$/],
          [
            contacts.updateTagsInBulk({ type: "add", ...bulk, removeAllTags: true }),
            /^removeAllTags is allowed only with type/
          ],
          [contacts.updateTagsInBulk({ type: "set" as "add", ...bulk }), /type must be "add" or "remove"/]
        ]
        for (const [call, line] of refusals) expect(yield* refusedBefore(call)).toMatch(line)
        expect((yield* ledger).received).toBe(0)
        const all = contacts.setBusinessInBulk({ locationId, ids: many.slice(1), businessId: "b" })
        expect(yield* all).toEqual(Option.some([]))
      })
    )
  )

  it.effect("fails with BadRequest for an unknown contact", () =>
    using((contacts) =>
      Effect.gen(function* () {
        const calls: ReadonlyArray<Effect.Effect<unknown, ContactsError>> = [
          contacts.addTags(nobody, ["a"]),
          contacts.removeTags(nobody, ["a"]),
          contacts.addFollowers(nobody, ["u"]),
          contacts.removeFollowers(nobody, ["u"]),
          contacts.getAppointments(nobody),
          contacts.addToCampaign(nobody, "c"),
          contacts.removeFromCampaign(nobody, "c"),
          contacts.removeFromAllCampaigns(nobody),
          contacts.addToWorkflow(nobody, "w"),
          contacts.removeFromWorkflow(nobody, "w")
        ]
        for (const call of calls) {
          expect(yield* Effect.flip(call)).toMatchObject({ isContactNotFound: true, outcome: "NotApplied" })
        }
        expect(yield* applied).toEqual([])
      })
    )
  )

  it.effect("retries a set operation whose response is lost, and omits what the call changed", () =>
    using(
      (contacts, { reset, setFaults }) =>
        Effect.gen(function* () {
          for (const fault of losses) {
            yield* reset
            const losing = <A, E>(call: Effect.Effect<A, E>) =>
              Effect.zipRight(setFaults({ rules: [{ fault, times: 1 }] }), call)
            const addedTags = yield* losing(contacts.addTags(jane, ["a"]))
            expect(addedTags.tags).toEqual(["old", "a"])
            expect(addedTags).not.toHaveProperty("tagsAdded")
            const removedTags = yield* losing(contacts.removeTags(jane, ["old"]))
            expect(removedTags.tags).toEqual(["a"])
            expect(removedTags).not.toHaveProperty("tagsRemoved")
            const followers = yield* losing(contacts.addFollowers(jane, ["u1", "u2"]))
            expect(followers.followers).toEqual(["u1", "u2"])
            expect(followers).not.toHaveProperty("followersAdded")
            const left = yield* losing(contacts.removeFollowers(jane, ["u1"]))
            expect(left.followers).toEqual(["u2"])
            expect(left).not.toHaveProperty("followersRemoved")
            const ids = [jane, john]
            expect(yield* losing(contacts.setBusinessInBulk({ locationId, ids, businessId: "b" }))).toEqual(
              Option.none()
            )
            const bulk = { type: "add", locationId, contacts: [jane], tags: ["b"] } as const
            expect(yield* losing(contacts.updateTagsInBulk(bulk))).toEqual([
              { contactId: jane, outcome: "Updated", message: "Tags updated" }
            ])
            yield* losing(contacts.removeFromCampaign(jane, "c"))
            yield* losing(contacts.removeFromAllCampaigns(jane))
            yield* losing(contacts.removeFromWorkflow(jane, "w"))
            const { businessId, tags } = yield* contacts.getContact(jane)
            expect({ businessId, tags }).toEqual({ businessId: "b", tags: ["a", "b"] })
          }
        }),
      retrying
    )
  )

  it.effect("does not retry an entry into a campaign or a workflow, and explains why it cannot be verified", () =>
    using(
      (contacts, { ledger, reset, setFaults }) =>
        Effect.gen(function* () {
          for (const fault of losses) {
            yield* reset
            yield* setFaults({ rules: [{ fault }] })
            const campaign = yield* Effect.flip(contacts.addToCampaign(jane, "c"))
            expect(campaign).toMatchObject({ outcome: "Unknown", attempts: 1 })
            expect(campaign.message).toMatch(/does not return a contact's campaigns$/)
            const workflow = yield* Effect.flip(contacts.addToWorkflow(jane, "w"))
            expect(workflow).toMatchObject({ outcome: "Unknown", attempts: 1 })
            expect(workflow.message).toMatch(/only in a search, which lags behind$/)
            expect((yield* ledger).received).toBe(2)
            expect(yield* applied).toEqual(["addToCampaign jane", "addToWorkflow jane"])
          }
        }),
      retrying
    )
  )

  it.effect("verifies a set operation with a read of the contact if no retry is left", () =>
    using(
      (contacts, { setFaults }) =>
        Effect.gen(function* () {
          const rules = (["addTags", "removeTags", "addFollowers", "removeFollowers"] as const).map((endpoint) => ({
            fault: lost,
            endpoint
          }))
          yield* setFaults({ rules })
          expect(yield* contacts.addTags(jane, [" VIP"])).toEqual({ tags: ["old", "vip"] })
          expect(yield* contacts.removeTags(jane, ["Old"])).toEqual({ tags: ["vip"] })
          expect(yield* contacts.addFollowers(jane, ["u1"])).toEqual({ followers: ["u1"] })
          expect(yield* contacts.removeFollowers(jane, ["u1"])).toEqual({ followers: [] })
          expect(yield* applied).toHaveLength(4)
          const before = { _tag: "Reset", when: "before" } as const
          yield* setFaults({ rules: rules.map((rule) => ({ ...rule, fault: before })) })
          for (const call of [
            contacts.addTags(jane, ["vip", "new"]),
            contacts.removeTags(jane, ["vip", "new"]),
            contacts.addFollowers(jane, ["u1"])
          ] as ReadonlyArray<Effect.Effect<unknown, ContactsError>>) {
            expect(yield* Effect.flip(call)).toMatchObject({ outcome: "Unknown" })
          }
          expect(yield* applied).toHaveLength(4)
        }),
      verifying
    )
  )
})

describe("ContactsService", () => {
  it.effect("sends the paths and bodies of Version v3", () =>
    Effect.gen(function* () {
      const contacts = yield* ContactsService
      yield* contacts.addTags(jane, ["a"])
      yield* contacts.removeFollowers(jane, ["u"])
      yield* contacts.removeFromAllCampaigns(jane)
      yield* contacts.addToWorkflow(jane, "w")
      yield* contacts.updateTagsInBulk({ type: "remove", locationId, contacts: [jane], tags: ["a"] })
      yield* contacts.setBusinessInBulk({ locationId, ids: [jane], businessId: null })
      const version = "v3"
      expect(yield* requests).toEqual([
        { line: "POST /contacts/jane/tags", version, body: { tags: ["a"] } },
        { line: "DELETE /contacts/jane/followers", version, body: { followers: ["u"] } },
        { line: "DELETE /contacts/jane/campaigns/remove-all", version, body: undefined },
        { line: "POST /contacts/jane/workflow/w", version, body: {} },
        {
          line: "POST /contacts/bulk/tags/update/remove",
          version,
          body: { locationId, contacts: [jane], tags: ["a"] }
        },
        { line: "POST /contacts/bulk/business", version, body: { locationId, ids: [jane], businessId: null } }
      ])
    }).pipe(
      Effect.provide(
        overHttp(
          { contacts },
          {
            addTags: "v3",
            removeFollowers: "v3",
            removeFromAllCampaigns: "v3",
            addToWorkflow: "v3",
            updateTagsInBulk: "v3",
            setBusinessInBulk: "v3"
          }
        )
      )
    )
  )

  it.effect("pages through the contacts of a business with `startAfter` in Version v3", () =>
    Effect.gen(function* () {
      const contacts = yield* ContactsService
      const pages: Array<string> = []
      let last: ListedContact | undefined
      do {
        const startAfter = last && { name: last.contactName ?? "", id: last.id }
        const page = yield* contacts.getContactsByBusiness("b1", { locationId, limit: 1, startAfter })
        last = page.contacts[0]
        pages.push(last?.id ?? "")
      } while (last !== undefined)
      expect(pages).toEqual(["anne", "jane", "john", ""])
      const path = `GET /contacts/business/b1?locationId=${locationId}&limit=1`
      expect(yield* requests).toEqual(
        [
          path,
          `${path}&startAfter=anne%2C+a.+roe%2Canne`,
          `${path}&startAfter=jane+roe%2Cjane`,
          `${path}&startAfter=john%2Cjohn`
        ].map((line) => ({ line, version: "v3", body: undefined }))
      )
      const spelt = yield* contacts.getContactsByBusiness("b1", {
        locationId,
        startAfter: { name: "Jane ROE", id: jane }
      })
      expect(
        spelt.contacts.map(({ id }) => id),
        "whose name is sent in lower case"
      ).toEqual([john])
      const id = ContactId.make("a,b")
      const comma = contacts.getContactsByBusiness("b1", { locationId, startAfter: { name: "", id } })
      expect(yield* refusedBefore(comma)).toMatch(/startAfter.*must not have a comma/)
    }).pipe(
      Effect.provide(
        overHttp(
          {
            contacts: [
              ...contacts.map((contact) => ({ ...contact, businessId: "b1" })),
              { id: ContactId.make("anne"), firstName: "Anne, A.", lastName: "Roe", businessId: "b1" }
            ]
          },
          { getContactsByBusiness: "v3" }
        )
      )
    )
  )

  /** Makes a call to a service that responds with this status and body. */
  const against = <A, E>(
    status: number,
    body: unknown,
    call: (contacts: Contacts) => Effect.Effect<A, E>,
    transport: (typeof transports)[keyof typeof transports] = transports.fetch
  ) =>
    Effect.scoped(
      Effect.gen(function* () {
        const { seen, url } = yield* serving((_, response) =>
          body === "" ? response.writeHead(status).end() : json(response, status, body)
        )
        const layer = ContactsService.layer({ baseUrl: url, token: Redacted.make("pit-1") }).pipe(
          Layer.provide(transport),
          Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, RetryPolicy.none))
        )
        const answer = yield* Effect.provide(Effect.flatMap(ContactsService, call), layer)
        return { answer, seen }
      })
    )

  it.effect("sends the body of a DELETE over every transport", () =>
    Effect.gen(function* () {
      for (const transport of Object.values(transports)) {
        const removing = (contacts: Contacts) => contacts.removeTags(jane, ["a"])
        const { answer, seen } = yield* against(200, { tags: ["b"], tagsRemoved: ["a"] }, removing, transport)
        expect(answer).toEqual({ tags: ["b"], tagsRemoved: ["a"] })
        expect(seen).toMatchObject([{ method: "DELETE", url: "/contacts/jane/tags", body: '{"tags":["a"]}' }])
      }
    })
  )

  it.effect("decodes both formats of appointments", () =>
    Effect.gen(function* () {
      const events = [
        { id: "a", appoinmentStatus: "noshow", notes: null, users: ["u1", null], startTime: "2021-07-16 11:00:00" },
        { id: 7, appointmentStatus: "showed", appoinmentStatus: "new", dateAdded: "2026-07-01T00:00:00.000Z", extra: 1 }
      ]
      const { answer } = yield* against(200, { events }, (contacts) => contacts.getAppointments(jane))
      expect(answer).toMatchObject([
        { id: "a", appointmentStatus: "noshow", users: ["u1"], startTime: "2021-07-16 11:00:00" },
        { id: "7", appointmentStatus: "showed", dateAdded: "2026-07-01T00:00:00.000Z", extra: 1 }
      ])
      expect(answer[0]).not.toHaveProperty("notes")
      const none = yield* against(200, { events: null }, (contacts) => contacts.getAppointments(jane))
      expect(none.answer).toEqual([])
    })
  )

  it.effect("decodes lists of contacts without meta and with nulls", () =>
    Effect.gen(function* () {
      const listed = { id: "jane", email: null, tags: null, attributions: [{ utmSource: "google", isFirst: true }] }
      const body = { contacts: [listed], count: "1" }
      const { answer } = yield* against(200, body, (contacts) => contacts.getContactsByBusiness("b", { locationId }))
      expect(answer).toEqual({
        contacts: [{ id: "jane", attributions: [{ utmSource: "google", isFirst: true }] }],
        count: 1
      })
      const empty = yield* against(200, { contacts: null }, (contacts) =>
        contacts.getContactsByBusiness("b", { locationId })
      )
      expect(empty.answer).toEqual({ contacts: [] })
      const broken = yield* against(200, { contacts: [{ email: "a@b.co" }] }, (contacts) =>
        Effect.flip(contacts.getContactsByBusiness("b", { locationId }))
      )
      expect(broken.answer).toMatchObject({ _tag: "UnexpectedResponse" })
    })
  )

  it.effect("determines the outcome of each contact in a bulk response by its own item, not by the flags", () =>
    Effect.gen(function* () {
      const change = (contacts: Contacts) =>
        contacts.updateTagsInBulk({ type: "add", locationId, contacts: [jane, john, foreign], tags: ["a"] })
      const responses = [
        { contactId: "john", type: "error", message: "contact is deleted" },
        { contactId: "jane", type: "success", oldTags: null, tagsAdded: ["a"] }
      ]
      const { answer } = yield* against(201, { succeded: false, errorCount: 0, responses }, change)
      expect(answer).toEqual([
        { contactId: jane, outcome: "Updated", tagsAdded: ["a"] },
        { contactId: john, outcome: "Refused", message: "contact is deleted" },
        { contactId: foreign, outcome: "NoResult" }
      ])
      for (const body of [
        { succeded: true, errorCount: 0 },
        { succeded: true, responses: ["jane was updated"] }
      ]) {
        const told = yield* against(201, body, change)
        expect(told.answer.map(({ outcome }) => outcome)).toEqual(["NoResult", "NoResult", "NoResult"])
      }
    })
  )

  it.effect("fails with Unauthorized for a 401 of the bulk calls, although it is not documented", () =>
    Effect.gen(function* () {
      const refusal = { statusCode: 401, message: "Invalid JWT" }
      for (const call of [
        (contacts: Contacts) => contacts.setBusinessInBulk({ locationId, ids: [jane], businessId: "b" }),
        (contacts: Contacts) => contacts.updateTagsInBulk({ type: "add", locationId, contacts: [jane], tags: ["a"] })
      ] as ReadonlyArray<(contacts: Contacts) => Effect.Effect<unknown, ContactsError>>) {
        const { answer } = yield* against(401, refusal, (contacts) => Effect.flip(call(contacts)))
        expect(answer).toMatchObject({ _tag: "Unauthorized", outcome: "NotApplied" })
      }
    })
  )

  it.effect("accepts a success without a body if the answer has no data, and only then", () =>
    Effect.gen(function* () {
      const workflow = yield* against(200, "", (contacts) => contacts.addToWorkflow(jane, "w"))
      expect(workflow.answer).toBeUndefined()
      const tags = yield* against(201, "", (contacts) => Effect.flip(contacts.addTags(jane, ["a"])))
      expect(tags.answer).toMatchObject({ _tag: "UnexpectedResponse", outcome: "Unknown" })
      const found = yield* against(200, "", (contacts) =>
        Effect.flip(contacts.getDuplicateContact({ locationId, email: "a@b.co" }))
      )
      expect(found.answer).toMatchObject({ _tag: "UnexpectedResponse" })
    })
  )

  it.effect("finds no duplicate in a contact that is null, absent or an empty object", () =>
    Effect.gen(function* () {
      for (const body of [{ contact: null }, {}, { contact: {} }]) {
        const { answer } = yield* against(200, body, (contacts) =>
          contacts.getDuplicateContact({ locationId, email: "a@b.co" })
        )
        expect(Option.isNone(answer)).toBe(true)
      }
      const broken = yield* against(200, { contact: { email: "a@b.co" } }, (contacts) =>
        Effect.flip(contacts.getDuplicateContact({ locationId, email: "a@b.co" }))
      )
      expect(broken.answer).toMatchObject({ _tag: "UnexpectedResponse" })
    })
  )

  it.effect("does not take a deletion of unknown outcome for done after an unrelated refusal of the read", () =>
    Effect.scoped(
      Effect.gen(function* () {
        for (const [status, body, isDone] of [
          [404, "<html>no route</html>", false],
          [400, { statusCode: 400, message: "Invalid request body" }, false],
          [400, { statusCode: 400, message: "Contact not found" }, true]
        ] as const) {
          const { url } = yield* serving((request, response) =>
            request.method === "DELETE" ? json(response, 502, "bad gateway") : json(response, status, body)
          )
          const result = yield* Effect.flatMap(ContactsService, (contacts) => contacts.deleteContact(jane)).pipe(
            RetryPolicy.withPolicy(RetryPolicy.make({ schedule: Schedule.stop })),
            Effect.either,
            Effect.provide(ContactsService.layer({ baseUrl: url, token: Redacted.make("pit-1") })),
            Effect.provide(transports.fetch)
          )
          expect(Either.isRight(result), `${status}`).toBe(isDone)
          if (Either.isLeft(result)) expect(result.left).toMatchObject({ _tag: "ServerError", outcome: "Unknown" })
        }
      })
    )
  )

  it.effect("fails with UnexpectedResponse for a 200 whose flag is false", () =>
    Effect.gen(function* () {
      const { answer } = yield* against(200, { succeded: false }, (contacts) =>
        Effect.flip(contacts.removeFromAllCampaigns(jane))
      )
      expect(answer).toMatchObject({ _tag: "UnexpectedResponse" })
    })
  )
})
