import { describe, expect, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import { ContactId, LocationId } from "effect-growthhub/Schema"
import type { StoredContact } from "../../src/sandbox/ContactRecord.js"
import * as Directory from "../../src/sandbox/Directory.js"
import * as Operations from "../../src/sandbox/Operations.js"
import * as Seed from "../../src/sandbox/Seed.js"

const { id: locationId } = Seed.defaultLocation
const at = (iso: string): Directory.Caller => ({ locationId, version: "2021-07-28", now: Date.parse(iso) })
const caller = at("2026-01-01T00:00:00Z")
const later = at("2026-01-02T00:00:00Z")

interface Applied {
  readonly directory: Directory.Directory
  readonly contact: StoredContact
  readonly isNew: boolean
}

const copyOf = (directory: Directory.Directory) => Seed.fromSnapshot(Seed.toSnapshot(directory))

/** Performs an operation on a copy of the directory, so that the test can reuse the original. */
const performed = (
  directory: Directory.Directory,
  name: "getContact" | "updateContact" | "upsertContact",
  as: Directory.Caller,
  contactId: string,
  body: unknown
) => {
  const copy = copyOf(directory)
  return { copy, ...Operations.perform(name, copy, as, { params: { contactId }, query: {}, body }) }
}

const applied = ({ copy, reply, write }: ReturnType<typeof performed>): Applied => {
  if (write === undefined) throw new Error(JSON.stringify(reply))
  const contact = copy.contacts.get(write.contactId)
  return { directory: copy, contact: contact!, isNew: write.isNew }
}

const upserted = (directory: Directory.Directory, body: object, as = caller) =>
  applied(performed(directory, "upsertContact", as, "", { locationId, ...body }))

const updated = (directory: Directory.Directory, id: string, body: object, as = later) =>
  applied(performed(directory, "updateContact", as, id, body))

const refusal = ({ reply }: ReturnType<typeof performed>) => {
  const { message, meta } = reply.body
  return { status: reply.status, message, ...(meta === undefined ? {} : { meta }) }
}

describe("a directory", () => {
  it("stores a new contact with its dates and lower-case fields, and without unset fields", () => {
    const { contact, isNew } = upserted(Seed.make(), {
      name: "Rosan van Deo",
      email: "Rosan@Deos.com",
      phone: null,
      city: ""
    })
    expect(isNew).toBe(true)
    expect(contact.id).toMatch(/^[A-Za-z0-9]{20}$/)
    expect(contact).toMatchObject({
      locationId,
      name: "Rosan van Deo",
      firstName: "Rosan",
      lastName: "van Deo",
      firstNameLowerCase: "rosan",
      lastNameLowerCase: "van deo",
      fullNameLowerCase: "rosan van deo",
      emailLowerCase: "rosan@deos.com",
      type: "lead",
      tags: [],
      dateAdded: "2026-01-01T00:00:00.000Z",
      dateUpdated: "2026-01-01T00:00:00.000Z"
    })
    for (const field of ["phone", "city", "dndSettings", "companyName"]) expect(contact).not.toHaveProperty(field)
  })

  it("completes the fields of a seeded contact, and keeps the given fields", () => {
    const given = { id: ContactId.make("jane"), firstName: "Jane", lastName: "Roe", email: "J@X.com", tags: ["VIP"] }
    const dateAdded = DateTime.unsafeMake("2020-01-01T00:00:00Z")
    const directory = Seed.make({
      contacts: [{ ...given, dateAdded, type: "customer", score: 7 }],
      now: caller.now
    })
    expect(Directory.get(directory, caller, "jane")).toMatchObject({
      locationId,
      name: "Jane Roe",
      fullNameLowerCase: "jane roe",
      emailLowerCase: "j@x.com",
      email: "J@X.com",
      tags: ["vip"],
      type: "customer",
      score: 7,
      dateAdded: "2020-01-01T00:00:00.000Z",
      dateUpdated: "2026-01-01T00:00:00.000Z"
    })
  })

  it("gives each contact a unique id, the same in every run", () => {
    const ids = new Set<string>()
    let directory = Seed.make()
    for (let i = 0; i < 1000; i++) {
      const next = upserted(directory, { email: `${i}@example.com` })
      ids.add(next.contact.id)
      directory = next.directory
    }
    expect(ids.size).toBe(1000)
    expect(upserted(Seed.make(), {}).contact.id).toBe([...ids][0])
    expect(Array.from(directory.contacts.values())).toHaveLength(1000)
  })

  it("does not give a new contact the id of a seeded contact", () => {
    const { id } = upserted(Seed.make(), { email: "first@example.com" }).contact
    const directory = Seed.make({ contacts: [{ id: ContactId.make(id), email: "first@example.com" }] })
    const second = upserted(directory, { email: "second@example.com" })
    expect(second.isNew).toBe(true)
    expect(second.contact.id).not.toBe(id)
    expect(Array.from(second.directory.contacts.values())).toHaveLength(2)
  })

  it("treats two different phones without digits as different", () => {
    const first = upserted(Seed.make(), { phone: "n/a" })
    expect(upserted(first.directory, { phone: "unknown" }).isNew).toBe(true)
    expect(upserted(first.directory, { phone: "N/A" }).isNew).toBe(false)
  })

  it("updates a contact without a change of its `dateAdded`", () => {
    const first = upserted(Seed.make(), { firstName: "Rosan", lastName: "Deo" })
    const { contact } = updated(first.directory, first.contact.id, { firstName: "Rosa" })
    expect(contact).toMatchObject({
      name: "Rosa Deo",
      firstNameLowerCase: "rosa",
      dateAdded: "2026-01-01T00:00:00.000Z",
      dateUpdated: "2026-01-02T00:00:00.000Z"
    })
    const cleared = updated(first.directory, first.contact.id, { name: null })
    for (const field of ["name", "firstName", "lastName", "fullNameLowerCase"]) {
      expect(cleared.contact).not.toHaveProperty(field)
    }
  })

  it("does not match an email that a contact no longer has", () => {
    const first = upserted(Seed.make(), { email: "old@example.com" })
    const changed = updated(first.directory, first.contact.id, { email: "new@example.com" })
    expect(upserted(changed.directory, { email: "old@example.com" }).isNew).toBe(true)
    expect(upserted(changed.directory, { email: "NEW@example.com" }).contact.id).toBe(first.contact.id)
  })

  it("matches a contact by a secondary email, and overwrites the primary email, like the service", () => {
    const id = ContactId.make("jane")
    const directory = Seed.make({
      contacts: [{ id, email: "jane@example.com", additionalEmails: [{ email: "jane@work.example" }] }]
    })
    const { contact, isNew } = upserted(directory, { email: "jane@work.example" })
    expect([isNew, contact.id, contact["email"]]).toEqual([false, "jane", "jane@work.example"])
  })

  it("stores the gender in an upsert that creates, and ignores it in one that updates, like the service", () => {
    const first = upserted(Seed.make(), { email: "a@example.com", gender: "male" })
    expect(first.contact).toHaveProperty("gender", "male")
    const second = upserted(first.directory, { email: "a@example.com", gender: "female" })
    expect([second.isNew, second.contact["gender"]]).toEqual([false, "male"])
  })

  it("gives a created contact the country of its location, unless the input has a country", () => {
    expect(upserted(Seed.make(), {}).contact).toHaveProperty("country", "US")
    expect(upserted(Seed.make(), { country: "DE" }).contact).toHaveProperty("country", "DE")
    const { country: _, ...location } = Seed.defaultLocation
    expect(upserted(Seed.make({ locations: [location] }), {}).contact).not.toHaveProperty("country")
  })

  it("keeps contacts of two locations apart", () => {
    const other = { id: LocationId.make("other"), duplicates: Seed.defaultLocation.duplicates }
    const directory = Seed.make({ locations: [Seed.defaultLocation, other] })
    const here = upserted(directory, { email: "a@example.com" })
    const there = { ...caller, locationId: "other" }
    expect(upserted(here.directory, { email: "a@example.com", locationId: "other" }, there).isNew).toBe(true)
    expect(refusal(performed(here.directory, "getContact", there, here.contact.id, undefined)).status).toBe(403)
    expect(refusal(performed(directory, "upsertContact", caller, "", { locationId: "other" })).status).toBe(403)
    expect(
      refusal(performed(directory, "upsertContact", { ...caller, locationId: "gone" }, "", { locationId: "gone" }))
        .status
    ).toBe(403)
  })

  it("refuses an update that would create a duplicate, and returns the duplicate in `meta`", () => {
    const first = upserted(Seed.make(), { email: "a@example.com", name: "Ann" })
    const second = upserted(first.directory, { email: "b@example.com" })
    expect(
      refusal(performed(second.directory, "updateContact", caller, second.contact.id, { email: "A@example.com" }))
    ).toEqual({
      status: 400,
      message: "This location does not allow duplicated contacts.",
      meta: { contactId: first.contact.id, contactName: "Ann", matchingField: "email" }
    })
    const same = performed(second.directory, "updateContact", caller, second.contact.id, { email: "b@example.com" })
    expect(same.reply.status).toBe(200)
  })

  it("allows an update that creates a duplicate if the location allows duplicates", () => {
    const location = { id: locationId, duplicates: { allow: true, check: ["email"] as const } }
    const first = upserted(Seed.make({ locations: [location] }), { email: "a@example.com" })
    const second = upserted(first.directory, { email: "b@example.com" })
    expect(updated(second.directory, second.contact.id, { email: "a@example.com" }).contact["email"]).toBe(
      "a@example.com"
    )
  })

  it("changes nothing if it refuses an operation", () => {
    const directory = Seed.make()
    expect(refusal(performed(directory, "upsertContact", caller, "", { locationId, foo: 1 }))).toEqual({
      status: 422,
      message: ["property foo should not exist"]
    })
    expect(Array.from(directory.contacts.values())).toEqual([])
  })
})

describe("a contact in the directory", () => {
  const field = (id: string, field_value: unknown) => ({ id, field_value })
  const before = upserted(Seed.make(), {
    name: "Jane Q. Roe",
    email: "jane@x.com",
    phone: "+1 (555) 010-0100",
    tags: ["a"],
    customFields: [field("one", "1"), field("two", "2")],
    dndSettings: { SMS: { status: "active" } }
  })
  const id = before.contact.id
  const after = (changes: object) => updated(before.directory, id, changes)

  it("keeps the fields that an update does not name", () => {
    const { contact, isNew } = after({ city: "Austin" })
    expect(isNew).toBe(false)
    const { dateUpdated: _, city: __, lastUpdatedBy: ___, ...rest } = contact
    const { dateUpdated: ____, lastUpdatedBy: _____, ...first } = before.contact
    expect(rest).toEqual(first)
  })

  it("keeps its other custom fields and channels, and loses a custom field that is set to an empty value", () => {
    expect(after({ customFields: [field("two", "3"), field("three", "4")] }).contact["customFields"]).toEqual([
      { id: "one", value: "1" },
      { id: "two", value: "3" },
      { id: "three", value: "4" }
    ])
    expect(after({ customFields: [field("one", "")] }).contact["customFields"]).toEqual([{ id: "two", value: "2" }])
    expect(after({ dndSettings: { Call: { status: "active" } } }).contact["dndSettings"]).toEqual({
      SMS: { status: "active" },
      Call: { status: "active" }
    })
    const without = upserted(Seed.make(), { email: "j@x.com" })
    expect(without.contact["customFields"]).toEqual([])
    expect(
      updated(without.directory, without.contact.id, { dndSettings: { SMS: { status: "active" } } }).contact
    ).toMatchObject({
      dndSettings: { SMS: { status: "active" } }
    })
  })

  it("has only the given tags after an update with tags", () => {
    expect(after({ tags: ["B", "b", "C"] }).contact["tags"]).toEqual(["b", "c"])
    expect(after({ city: "Austin" }).contact["tags"]).toEqual(["a"])
  })

  it("has a name that follows its parts, and parts that follow a new name", () => {
    const names = ({ contact: { name, firstName, lastName } }: Applied) => [name, firstName, lastName]
    expect(names(before)).toEqual(["Jane Q. Roe", "Jane", "Q. Roe"])
    expect(names(after({ lastName: "Doe" }))).toEqual(["Jane Doe", "Jane", "Doe"])
    expect(names(after({ firstName: "Joan" }))).toEqual(["Joan Q. Roe", "Joan", "Q. Roe"])
    expect(names(after({ lastName: null }))).toEqual(["Jane", "Jane", undefined])
    expect(names(after({ name: "Max Mustermann" }))).toEqual(["Max Mustermann", "Max", "Mustermann"])
    expect(names(after({ name: "Max", firstName: "Moritz" }))).toEqual(["Max", "Moritz", "Q. Roe"])
    expect(names(after({ name: null }))).toEqual([undefined, undefined, undefined])
    expect(names(after({ city: "Austin" }))).toEqual(["Jane Q. Roe", "Jane", "Q. Roe"])
  })

  it("is matched by its phone and its email in any spelling", () => {
    const found = (body: object) => upserted(before.directory, body).contact.id === id
    expect(found({ email: "JANE@X.com" })).toBe(true)
    expect(found({ phone: "15550100100" })).toBe(true)
    expect(found({ phone: "1-555-010-0101" })).toBe(false)
    const worded = upserted(Seed.make(), { phone: "none given" })
    expect(upserted(worded.directory, { phone: "NONE GIVEN" }).isNew).toBe(false)
  })

  it("is not matched by an email that it no longer has, unlike another contact with that email", () => {
    const allowing = { ...Seed.defaultLocation, duplicates: { allow: true, check: ["email"] as const } }
    const first = upserted(Seed.make({ locations: [allowing] }), {
      email: "same@x.com",
      createNewIfDuplicateAllowed: true
    })
    const second = upserted(first.directory, { email: "same@x.com", createNewIfDuplicateAllowed: true })
    expect(second.isNew).toBe(true)
    const moved = updated(second.directory, first.contact.id, { email: "other@x.com" })
    expect(upserted(moved.directory, { email: "same@x.com" }).contact.id).toBe(second.contact.id)
    const gone = updated(moved.directory, second.contact.id, { email: "third@x.com" })
    expect(upserted(gone.directory, { email: "same@x.com" }).isNew).toBe(true)
  })

  it("records who created it and when", () => {
    const actor = { source: "INTEGRATION", channel: "OAUTH", sourceId: "sandbox" }
    expect(before.contact["createdBy"]).toEqual({ ...actor, timestamp: "2026-01-01T00:00:00.000Z" })
  })

  it("is unchanged after the export and import of a snapshot", () => {
    const snapshot = Seed.toSnapshot(before.directory)
    expect(snapshot).toMatchObject({
      created: 2,
      locationTags: [{ name: "a" }],
      locations: [{ id: locationId }],
      contacts: [{ id }]
    })
    const again = Seed.fromSnapshot(JSON.parse(JSON.stringify(snapshot)) as Seed.Snapshot)
    expect(Array.from(again.contacts.values())).toEqual(Array.from(before.directory.contacts.values()))
    expect(upserted(again, { email: "jane@x.com" }).isNew).toBe(false)
    expect(upserted(again, { email: "new@x.com" }).contact.id).toBe(
      upserted(before.directory, { email: "new@x.com" }).contact.id
    )
  })

  it("is refused for an unknown id or another location, with the service's messages", () => {
    expect(refusal(performed(before.directory, "getContact", caller, "nobody", undefined))).toEqual({
      status: 400,
      message: "Contact not found for id:nobody"
    })
    const elsewhere = { ...caller, locationId: LocationId.make("elsewhere") }
    const forbidden = { status: 403, message: "The token does not have access to this location." }
    expect(refusal(performed(before.directory, "getContact", elsewhere, id, undefined))).toEqual(forbidden)
    expect(
      refusal(performed(before.directory, "upsertContact", elsewhere, "", { locationId, email: "a@x.com" }))
    ).toEqual(forbidden)
  })
})
