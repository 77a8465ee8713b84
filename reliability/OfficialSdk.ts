// The contacts calls of the official SDK against the sandbox over HTTP: every call needs a route, and each response has to
// match the types of the SDK. The SDK is the vendor's own reading of its API, made without this library.
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Sandbox } from "effect-growthhub/Sandbox"
import { ContactId } from "effect-growthhub/Schema"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import { isObject, type JsonObject } from "../src/runtime/json.js"
import type { Figure } from "./Figure.js"
import * as Promised from "./promised.js"

const sdk = new URL("../bench/node_modules/@gohighlevel/api-client/dist/", import.meta.url)

type Method = (...args: ReadonlyArray<unknown>) => Promise<unknown>

type Contacts = { readonly [method: string]: Method }

interface Module {
  readonly HighLevel: {
    new (options: object): { readonly contacts: Contacts }
    BASE_URL: string
  }
}

const contactsOf = (url: string, token: string): Contacts => {
  const { HighLevel } = createRequire(import.meta.url)(fileURLToPath(new URL("index.js", sdk))) as Module
  HighLevel.BASE_URL = url
  return new HighLevel({ privateIntegrationToken: token, logLevel: "none" }).contacts
}

/** Calls a method of the SDK by its name. */
type Call = (method: string, ...args: ReadonlyArray<unknown>) => Promise<JsonObject>

const idIn = (answer: JsonObject, field: string): string => {
  const part = answer[field]
  return isObject(part) ? String(part["id"]) : ""
}

const business = "641c094001436dbc2081e642"
const workflowId = "4a6d6f3c-0f0f-4f7e-9d7a-1f7e2c3b4a5d"

const contactCalls = async (call: Call, locationId: string): Promise<string> => {
  const customFields = [{ id: "budgetId", key: "budget", field_value: "3" }]
  const created = await call("createContact", { locationId, firstName: "Jane", email: "roe@example.com", customFields })
  const contactId = idIn(created, "contact")
  await call("getContact", { contactId })
  const dndSettings = { Email: { status: "active", message: "asked", code: "1" } }
  await call("updateContact", { contactId }, { lastName: "Roe", dateOfBirth: "1990-09-25", tags: ["a"], dndSettings })
  await call("upsertContact", { locationId, email: "roe@example.com", companyName: "Acme" })
  await call("getDuplicateContact", { locationId, email: "roe@example.com" })
  await call("searchContactsAdvanced", {
    locationId,
    pageLimit: 10,
    filters: [{ field: "email", operator: "eq", value: "roe@example.com" }]
  })
  await call("getContacts", { locationId, limit: 10, query: "roe" })
  return contactId
}

const partCalls = async (call: Call, contactId: string): Promise<void> => {
  const note = await call("createNote", { contactId }, { body: "A note", userId: "user1", title: "Title" })
  const id = idIn(note, "note")
  await call("getAllNotes", { contactId })
  await call("getNote", { contactId, id })
  await call("updateNote", { contactId, id }, { body: "Another", pinned: true })
  await call("deleteNote", { contactId, id })
  const due = { dueDate: "2026-07-20T10:00:00Z", completed: false }
  const taskId = idIn(await call("createTask", { contactId }, { title: "Call", body: "Soon", ...due }), "task")
  await call("getAllTasks", { contactId })
  await call("getTask", { contactId, taskId })
  await call("updateTask", { contactId, taskId }, { title: "Call again", assignedTo: "user1" })
  await call("updateTaskCompleted", { contactId, taskId }, { completed: true })
  await call("deleteTask", { contactId, taskId })
  await call("addTags", { contactId }, { tags: ["vip", "lead"] })
  await call("removeTags", { contactId }, { tags: ["lead"] })
  await call("addFollowersContact", { contactId }, { followers: ["user1", "user2"] })
  await call("removeFollowersContact", { contactId }, { followers: ["user2"] })
}

const memberCalls = async (call: Call, contactId: string, locationId: string, bearer: object): Promise<void> => {
  await call("addContactToCampaign", { contactId, campaignId: "campaign1" }, {})
  await call("removeContactFromCampaign", { contactId, campaignId: "campaign1" })
  await call("removeContactFromEveryCampaign", { contactId })
  const eventStartTime = "2021-06-23T03:30:00+01:00"
  await call("addContactToWorkflow", { contactId, workflowId }, { eventStartTime })
  await call("deleteContactFromWorkflow", { contactId, workflowId }, { eventStartTime })
  const contacts = [contactId, "seD4PfOuKoVMLkEZqohJ"]
  // The SDK sends no token with these two calls, because their description does not mention one.
  await call("createAssociation", { type: "add" }, { locationId, contacts, tags: ["bulk"] }, bearer)
  await call("addRemoveContactFromBusiness", { locationId, ids: [contactId], businessId: business }, bearer)
  await call("getContactsByBusinessId", { businessId: business, locationId, limit: "10", skip: "0", query: "roe" })
  await call("getAppointmentsForContact", { contactId: "jane" })
  await call("deleteContact", { contactId })
}

/** Whether a difference is known: the types say text, but the documented example has an object for each contact. */
const isKnown = (difference: string) => /^createAssociation\.responses\[\] /.test(difference)

export interface Run {
  /** The number of methods of the SDK. */
  readonly methods: number
  /** The methods without a call here. */
  readonly uncalled: ReadonlyArray<string>
  /** The calls that failed, with their reason. */
  readonly failed: ReadonlyArray<string>
  /** The differences between the responses and the types. */
  readonly differences: ReadonlyArray<string>
}

const measure = async (contacts: Contacts, locationId: string, bearer: object): Promise<Run> => {
  const file = (name: string) => fileURLToPath(new URL(`lib/code/contacts/${name}`, sdk))
  const promised = Promised.read(file("contacts.d.ts"), file("models/contacts.d.ts"))
  const called = new Set<string>()
  const [failed, differences]: [Array<string>, Array<string>] = [[], []]
  const call: Call = async (method, ...args) => {
    called.add(method)
    try {
      const answer = await contacts[method]!(...args)
      differences.push(...promised.differences(method, answer).filter((one) => !isKnown(one)))
      return isObject(answer) ? answer : {}
    } catch (error) {
      failed.push(`${method}: ${error instanceof Error ? error.message : String(error)}`)
      return {}
    }
  }
  const contactId = await contactCalls(call, locationId)
  await partCalls(call, contactId)
  await memberCalls(call, contactId, locationId, bearer)
  const uncalled = promised.methods.filter((method) => !called.has(method))
  return { methods: promised.methods.length, uncalled, failed, differences }
}

const appointment = {
  id: "a1",
  contactId: "jane",
  title: "Demo",
  startTime: "2021-07-16 11:00:00",
  endTime: "2021-07-16 12:00:00",
  appointmentStatus: "confirmed",
  users: ["user1"]
}

/** Calls every method, each with a body that has the documented fields. */
export const run: Effect.Effect<Run> = Effect.gen(function* () {
  const { url, token, locationId } = yield* Sandbox
  const secret = Redacted.value(token)
  return yield* Effect.promise(() =>
    measure(contactsOf(url, secret), locationId, { headers: { Authorization: `Bearer ${secret}` } })
  )
}).pipe(
  Effect.provide(
    Sandbox.layer({
      contacts: [{ id: ContactId.make("jane") }],
      appointments: [appointment],
      customFields: [{ id: "budgetId", name: "Budget", dataType: "TEXT" }]
    })
  ),
  Effect.orDie
)

export const figure = ({ methods, uncalled, failed, differences }: Run): Figure => {
  for (const what of [...uncalled.map((method) => `not called: ${method}`), ...failed, ...differences]) {
    console.error(`SDK: ${what}`)
  }
  return {
    id: "SDK",
    what: `of ${methods} contacts calls of the official SDK: not called; failed; answers unlike their types`,
    aim: "0; 0; 0",
    measured: `${uncalled.length}; ${failed.length}; ${differences.length}`,
    isMet: methods > 0 && uncalled.length + failed.length + differences.length === 0,
    values: { methods, uncalled: uncalled.length, failed: failed.length, differences: differences.length }
  }
}
