import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as GrowthHub from "effect-growthhub/GrowthHub"
import { NotesService } from "effect-growthhub/NotesService"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { type Options, Sandbox } from "effect-growthhub/Sandbox"
import { ContactId, LocationId } from "effect-growthhub/Schema"
import { TasksService } from "effect-growthhub/TasksService"
import * as Webhooks from "effect-growthhub/Webhooks"
import * as WebhookStore from "effect-growthhub/WebhookStore"
import { spawn } from "node:child_process"
import type { ServerResponse } from "node:http"
import { eventsOf } from "../../src/sandbox/WebhookEvents.js"
import { programOf } from "../programs.js"
import { type Seen, serving } from "../servers.js"

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")
const jane = ContactId.make("jane")
const unlimited = { max: 1_000_000, daily: 1_000_000 }

type WebhookOptions = Omit<NonNullable<Options["webhooks"]>, "url">

/** A receiver on its own port. It responds to each event with the next status, or not at all. */
const receiving = (statuses: ReadonlyArray<number> = []) =>
  Effect.gen(function* () {
    const arrived = yield* Queue.unbounded<Seen>()
    const left = [...statuses]
    const receiver = yield* serving((seen, response) => {
      const status = left.shift() ?? 204
      if (status !== 0) response.writeHead(status).end()
      Queue.unsafeOffer(arrived, seen)
    })
    return { ...receiver, take: Queue.take(arrived) }
  })

const over = (options: Options) =>
  Layer.unwrapEffect(Effect.map(Sandbox, ({ token, url }) => GrowthHub.layer({ baseUrl: url, token }))).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, RetryPolicy.none)),
    Layer.provideMerge(Sandbox.layer({ limits: unlimited, contacts: [{ id: jane, firstName: "Jane" }], ...options }))
  )

type Services = GrowthHub.Services | Sandbox

/** Runs an effect with a sandbox that sends its events to the receiver. */
const sending = <A, E>(
  { url }: { readonly url: string },
  webhooks: WebhookOptions,
  run: Effect.Effect<A, E, Services>,
  options: Options = {}
) => Effect.provide(run, over({ ...options, webhooks: { url: `${url}/hook`, ...webhooks } }))

const bodyOf = ({ body }: Seen) => JSON.parse(body) as Record<string, unknown>

const upsert = (email: string) =>
  Effect.flatMap(ContactsService, (contacts) => contacts.upsertContact({ locationId, email }))

const upserting = (emails: ReadonlyArray<string>) => Effect.forEach(emails, (email) => upsert(email), { discard: true })

const emailsOf = <E, R>(take: Effect.Effect<Seen, E, R>, count: number) =>
  Effect.map(Effect.replicateEffect(take, count), (all) => all.map((seen) => bodyOf(seen)["email"]))

const verifier = Effect.gen(function* () {
  const { webhookKey } = yield* Sandbox
  const store = yield* WebhookStore.makeMemory()
  return yield* Webhooks.make({ keys: [webhookKey], appId: "sandbox-app", envelope: "required" }, store)
})

/** Makes the writes that cause each event of the table once. */
const writeEverything = Effect.gen(function* () {
  const contacts = yield* ContactsService
  const notes = yield* NotesService
  const tasks = yield* TasksService
  const { id } = yield* contacts.createContact({ locationId, email: "a@example.com", dateOfBirth: "2000-01-05" })
  yield* contacts.updateContact(id, { firstName: "Ada" })
  yield* contacts.addTags(id, ["VIP"])
  yield* contacts.updateContact(id, { dnd: true })
  const note = yield* notes.createNote(id, { body: "Called" })
  yield* notes.updateNote(id, note.id, { body: "Called twice" })
  yield* notes.deleteNote(id, note.id)
  const dueDate = DateTime.unsafeMake("2026-12-01T00:00:00Z")
  const task = yield* tasks.createTask(id, { title: "Call", dueDate, completed: false })
  yield* tasks.updateTask(id, task.id, { title: "Call again" })
  yield* tasks.updateTaskCompleted(id, task.id, true)
  yield* tasks.deleteTask(id, task.id)
  yield* contacts.deleteContact(id)
  yield* Effect.flatMap(Sandbox, ({ install }) => install({ locationId, companyId: "acme" }))
  return { id, note, task }
})

describe("the webhooks of the sandbox", () => {
  it.scoped("report each write to the receiver, signed with the key of the sandbox", () =>
    Effect.gen(function* () {
      const receiver = yield* receiving()
      const run = Effect.gen(function* () {
        const { id, note, task } = yield* writeEverything
        const { verify } = yield* verifier
        const requests = yield* Effect.replicateEffect(receiver.take, 12)
        const events = yield* Effect.forEach(requests, (request) => verify(request))
        expect(events.map(({ _tag }) => _tag)).toEqual([
          "ContactCreate",
          "ContactUpdate",
          "ContactTagUpdate",
          "ContactDndUpdate",
          "NoteCreate",
          "NoteUpdate",
          "NoteDelete",
          "TaskCreate",
          "TaskComplete",
          "TaskDelete",
          "ContactDelete",
          "INSTALL"
        ])
        const contact = { id, locationId, email: "a@example.com", dateOfBirth: "2000-01-05", firstName: "Ada" }
        expect(events[3]).toMatchObject({ ...contact, tags: ["vip"], dnd: true })
        expect(events[5]).toMatchObject({ id: note.id, contactId: id, locationId, body: "Called twice" })
        expect(events[6]).toMatchObject({ id: note.id, body: "Called twice" })
        expect(events[7]).toMatchObject({ id: task.id, contactId: id, title: "Call", dateAdded: yield* DateTime.now })
        expect(events[8]).toMatchObject({ id: task.id, title: "Call again" })
        expect(events[11]).toMatchObject({ locationId, companyId: "acme", userId: "sandbox-user" })
        expect(new Set(events.map(({ webhookId }) => webhookId)).size).toBe(12)
        expect(bodyOf(requests[0]!)).toMatchObject({ dateOfBirth: "2000-01-05T00:00:00.000Z", country: "US" })
        expect(requests[0]).toMatchObject({ method: "POST", url: "/hook" })
        expect(requests[0]!.headers["content-type"]).toBe("application/json")
        const vendors = yield* Webhooks.make({}, yield* WebhookStore.makeMemory())
        const refused = yield* Effect.flip(vendors.verify(requests[0]!))
        expect(refused, "by the vendor's key").toMatchObject({ _tag: "InvalidSignature", reason: "Mismatch" })
      })
      yield* sending(receiver, {}, run)
    })
  )

  it.scoped("have the id of the app, and webhook ids that differ between sandboxes", () =>
    Effect.gen(function* () {
      const receiver = yield* receiving()
      const one = Effect.andThen(upsert("a@example.com"), Effect.map(receiver.take, bodyOf))
      const first = yield* sending(receiver, {}, one)
      const second = yield* sending(receiver, { appId: "another" }, one)
      expect([first["appId"], second["appId"]]).toEqual(["sandbox-app", "another"])
      expect(first["webhookId"]).not.toBe(second["webhookId"])
    })
  )

  it.scoped("do not delay the response of a write, and stop with the sandbox", () =>
    Effect.gen(function* () {
      const receiver = yield* receiving([0])
      // The receiver never responds. Neither the write nor the end of the sandbox waits for it.
      yield* sending(receiver, {}, Effect.andThen(upsert("a@example.com"), receiver.take))
      yield* receiver.closed
    })
  )

  it.scopedLive("are sent only after the response of the write", () =>
    Effect.gen(function* () {
      const receiver = yield* receiving()
      const stall = { _tag: "Stall", when: "after", millis: 60 } as const
      const run = Effect.gen(function* () {
        yield* upsert("a@example.com")
        yield* receiver.take
        const [sent] = yield* attempts(1)
        const appliedAt = (yield* (yield* Sandbox).ledger).applied[0]!.at.epochMillis
        expect(sent!.at.epochMillis - appliedAt).toBeGreaterThanOrEqual(55)
      })
      yield* sending(receiver, {}, run, { faults: { rules: [{ fault: stall }] } })
    })
  )

  it.scoped("are sent for a write whose response is lost", () =>
    Effect.gen(function* () {
      const receiver = yield* receiving()
      const run = Effect.gen(function* () {
        const sandbox = yield* Sandbox
        for (const fault of [{ _tag: "Reset", when: "after" }, { _tag: "HalfBody" }] as const) {
          yield* sandbox.setFaults({ rules: [{ fault, times: 1 }] })
          yield* Effect.exit(upsert(`${fault._tag}@example.com`))
          expect(bodyOf(yield* receiver.take)["email"]).toBe(`${fault._tag}@example.com`)
        }
      })
      yield* sending(receiver, {}, run)
    })
  )

  it.scoped("keep the order of the writes", () =>
    Effect.gen(function* () {
      const receiver = yield* receiving()
      const run = Effect.gen(function* () {
        const emails = Array.from({ length: 20 }, (_, index) => `${index}@example.com`)
        yield* Effect.forEach(emails, (email) => upsert(email), { concurrency: 5 })
        const ids = (yield* Effect.replicateEffect(receiver.take, 20)).map((seen) => bodyOf(seen)["id"])
        expect(ids).toEqual((yield* (yield* Sandbox).ledger).applied.map(({ contactId }) => contactId))
      })
      yield* sending(receiver, {}, run)
    })
  )

  it.scoped("are not sent without the option, or for a request that changes nothing", () =>
    Effect.gen(function* () {
      const receiver = yield* receiving()
      const silent = Effect.andThen(
        upsert("a@example.com"),
        Effect.flatMap(Sandbox, ({ webhooks }) => webhooks)
      )
      expect(yield* Effect.provide(silent, over({}))).toEqual([])
      const idle = Effect.gen(function* () {
        const contacts = yield* ContactsService
        yield* contacts.getContact(jane)
        yield* contacts.removeTags(jane, ["none"])
        yield* Effect.flip(contacts.updateContact(ContactId.make("nobody"), { firstName: "A" }))
        yield* upsert("last@example.com")
        expect(bodyOf(yield* receiver.take)["email"]).toBe("last@example.com")
      })
      yield* sending(receiver, {}, idle)
      expect(receiver.seen).toHaveLength(1)
    })
  )

  it.scoped("are logged in one line each if requests are logged", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ message }) => void lines.push([message].flat().join(" ")))
      )
      const run = Effect.andThen(upsert("a@example.com"), attempts(1))
      const receiver = yield* receiving([500])
      yield* Effect.provide(sending(receiver, {}, run, { logRequests: true }), logger)
      expect(lines.filter((line) => line.startsWith("webhook"))).toEqual(["webhook ContactCreate 500"])
      expect(lines.join(), "nothing of the contact").not.toContain("example")
    })
  )

  it.effect("can be sent only to https and loopback addresses", () =>
    Effect.gen(function* () {
      const built = (webhooks: Options["webhooks"]) =>
        Effect.exit(Effect.scoped(Layer.build(Sandbox.layer({ webhooks }))))
      for (const url of [
        "http://example.com/",
        "ftp://localhost/",
        "x",
        "https://a:b@example.com",
        "http://127.0.0.1.nip.io"
      ]) {
        const exit = yield* built({ url })
        const message = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
        expect(message, url).toContain("The option `webhooks` of the sandbox is invalid: url must be an https URL")
      }
      for (const url of ["https://example.com/hook?key=1", "http://localhost:1/", "http://[::1]:1/"]) {
        expect(Exit.isSuccess(yield* built({ url })), url).toBe(true)
      }
      const misspelt = yield* built({ url: "https://example.com", faults: { los: 1 } as never })
      expect(Exit.isFailure(misspelt)).toBe(true)
    })
  )
})

/** Waits until there are this many attempts, and returns them. The sandbox records an attempt after its response. */
const attempts = (count: number) =>
  Effect.flatMap(Sandbox, ({ webhooks }) =>
    webhooks.pipe(
      Effect.zipLeft(Effect.yieldNow()),
      Effect.zipLeft(Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))),
      Effect.repeat({ until: (sent) => sent.length >= count })
    )
  )

const statusesOf = (all: ReadonlyArray<{ readonly attempt: number; readonly status: number }>) =>
  all.map(({ attempt, status }) => `${attempt}: ${status}`)

describe("a webhook event that the receiver refuses", () => {
  it.scopedLive("is sent again after a 429, with the same id, until the receiver accepts it", () =>
    Effect.gen(function* () {
      const receiver = yield* receiving([429, 429, 204])
      const run = Effect.gen(function* () {
        yield* upsert("a@example.com")
        const sent = yield* attempts(3)
        expect(statusesOf(sent)).toEqual(["1: 429", "2: 429", "3: 204"])
        expect(new Set(receiver.seen.map(({ body }) => body)).size).toBe(1)
        expect(sent[1]!.at.epochMillis - sent[0]!.at.epochMillis).toBeGreaterThanOrEqual(9)
      })
      yield* sending(receiver, { retryDelay: 10 }, run)
    })
  )

  it.scopedLive("is sent again at most six times, after the events that were created meanwhile", () =>
    Effect.gen(function* () {
      const arrived = yield* Queue.unbounded<ServerResponse>()
      const receiver = yield* serving((seen, response) => {
        if (receiver.seen.length === 1) return void Queue.unsafeOffer(arrived, response)
        response.writeHead(bodyOf(seen)["email"] === "a@example.com" ? 429 : 204).end()
      })
      const run = Effect.gen(function* () {
        yield* upsert("a@example.com")
        const first = yield* Queue.take(arrived)
        yield* upsert("b@example.com")
        first.writeHead(429).end()
        yield* attempts(8)
        yield* upsert("c@example.com")
        const sent = yield* attempts(9)
        expect(sent.map(({ attempt, event }) => `${attempt}: ${String(event["email"])}`)).toEqual([
          "1: a@example.com",
          "1: b@example.com",
          ...[2, 3, 4, 5, 6, 7].map((attempt) => `${attempt}: a@example.com`),
          "1: c@example.com"
        ])
      })
      yield* sending(receiver, { retryDelay: 0 }, run)
    })
  )

  it.scoped("is not sent again after another status, and not redirected", () =>
    Effect.gen(function* () {
      const receiver = yield* receiving([500, 401, 302, 204])
      const run = Effect.gen(function* () {
        yield* upserting(["a@example.com", "b@example.com", "c@example.com", "d@example.com"])
        expect(statusesOf(yield* attempts(4))).toEqual(["1: 500", "1: 401", "1: 302", "1: 204"])
      })
      yield* sending(receiver, { retryDelay: 0 }, run)
    })
  )

  it.scoped("has the status 0 if the receiver cannot be reached", () =>
    sending(
      { url: "http://127.0.0.1:1" },
      {},
      Effect.gen(function* () {
        yield* upsert("a@example.com")
        expect(statusesOf(yield* attempts(1))).toEqual(["1: 0"])
      })
    )
  )
})

describe("a webhook delivery fault", () => {
  const emails = ["a", "b", "c", "d"].map((name) => `${name}@example.com`)

  const arriving = (faults: WebhookOptions["faults"], count: number, given = emails) =>
    Effect.gen(function* () {
      const receiver = yield* receiving()
      const run = Effect.andThen(upserting(given), emailsOf(receiver.take, count))
      const arrived = yield* sending(receiver, { faults }, run)
      return arrived.map((email) => String(email).slice(0, 1)).join("")
    })

  it.scoped("loses events, which the sandbox records", () =>
    Effect.gen(function* () {
      const receiver = yield* receiving()
      const run = Effect.gen(function* () {
        yield* upserting(emails)
        expect(statusesOf(yield* attempts(4))).toEqual(["0: 0", "0: 0", "0: 0", "0: 0"])
      })
      yield* sending(receiver, { faults: { loss: 1 } }, run)
      expect(receiver.seen).toEqual([])
    })
  )

  it.scoped("repeats events with the same id", () =>
    Effect.gen(function* () {
      const receiver = yield* receiving()
      const run = Effect.gen(function* () {
        yield* upsert("a@example.com")
        const { verify } = yield* verifier
        yield* verify(yield* receiver.take)
        expect(yield* Effect.flip(verify(yield* receiver.take))).toMatchObject({ _tag: "ReplayedWebhook" })
      })
      yield* sending(receiver, { faults: { repeats: 1 } }, run)
      expect(yield* arriving({ repeats: 1 }, 8)).toBe("aabbccdd")
    })
  )

  it.scoped("sends an event after the next one", () =>
    Effect.gen(function* () {
      expect(yield* arriving({ reordering: 1 }, 4)).toBe("badc")
      expect(yield* arriving({ reordering: 1, repeats: 1 }, 8)).toBe("bbaaddcc")
    })
  )

  it.scopedLive("sends a reordered event after a delay if there is no next event", () =>
    Effect.gen(function* () {
      expect(yield* arriving({ reordering: 1, delay: 20 }, 1, ["a@example.com"])).toBe("a")
    })
  )

  it.scopedLive("delays events", () =>
    Effect.gen(function* () {
      const receiver = yield* receiving()
      const run = Effect.gen(function* () {
        yield* upsert("a@example.com")
        const [sent] = yield* attempts(1)
        expect(sent!.at.epochMillis - Date.parse(String(sent!.event["timestamp"]))).toBeGreaterThanOrEqual(35)
      })
      yield* sending(receiver, { faults: { delays: 1, delay: 40 } }, run)
    })
  )

  it.scoped("is the same in every run with the same seed, and different with another seed", () =>
    Effect.gen(function* () {
      const many = Array.from("abcdefghijkl", (name) => `${name}@example.com`)
      const met = (seed: number) =>
        Effect.gen(function* () {
          const receiver = yield* receiving()
          const run = Effect.gen(function* () {
            const sandbox = yield* Sandbox
            const outcome = Effect.gen(function* () {
              yield* upserting(many)
              // Two more events release an event that the fault holds back.
              yield* upserting(["y@example.com", "z@example.com"])
              const sent = yield* attempts(many.length)
              return sent.slice(0, many.length).map(({ attempt, event }) => `${attempt}${String(event["email"])[0]}`)
            })
            const first = yield* outcome
            yield* sandbox.reset
            return [first, yield* outcome]
          })
          return yield* sending(receiver, { faults: { seed, loss: 0.3, repeats: 0.3, reordering: 0.3 } }, run)
        })
      const [first, afterReset] = yield* met(7)
      expect(afterReset).toEqual(first)
      expect((yield* met(7))[0]).toEqual(first)
      expect((yield* met(8))[0]).not.toEqual(first)
    })
  )
})

describe("the controls of the sandbox", () => {
  it.scoped("return the webhook key and the delivery attempts over HTTP, and install the app", () =>
    Effect.gen(function* () {
      const receiver = yield* receiving()
      const run = Effect.gen(function* () {
        const { url, webhookKey } = yield* Sandbox
        const control = (path: string, init?: RequestInit) =>
          Effect.promise(
            async () => (await fetch(`${url}/_sandbox${path}`, init)).json() as Promise<Record<string, unknown>>
          )
        const headers = { "content-type": "application/json" }
        yield* control("/installations", { method: "POST", headers, body: JSON.stringify({ locationId }) })
        expect(bodyOf(yield* receiver.take)).toMatchObject({ type: "INSTALL", locationId })
        yield* attempts(1)
        const answered = yield* control("/webhooks")
        expect(answered["key"]).toBe(webhookKey)
        expect(answered["sent"]).toMatchObject([{ type: "INSTALL", attempt: 1, status: 204 }])
      })
      yield* sending(receiver, {}, run, { control: true })
    })
  )

  it.scoped("drop waiting webhook events on a reset", () =>
    Effect.gen(function* () {
      const arrived = yield* Queue.unbounded<readonly [Seen, ServerResponse]>()
      const receiver = yield* serving((seen, response) => void Queue.unsafeOffer(arrived, [seen, response]))
      const run = Effect.gen(function* () {
        yield* upsert("a@example.com")
        const [, response] = yield* Queue.take(arrived)
        yield* upsert("b@example.com")
        const sandbox = yield* Sandbox
        yield* sandbox.reset
        response.writeHead(429).end()
        yield* upsert("c@example.com")
        const [next, last] = yield* Queue.take(arrived)
        expect(bodyOf(next)["email"]).toBe("c@example.com")
        last.writeHead(204).end()
        expect((yield* attempts(1)).map(({ event }) => event["email"])).toEqual(["c@example.com"])
      })
      yield* sending(receiver, { retryDelay: 0 }, run)
    })
  )
})

describe("the webhook events of a change", () => {
  const place = { locationId: "here", now: 0 }
  const before = {
    id: "jane",
    locationId: "here",
    firstName: "Jane",
    tags: ["a"],
    dndSettings: { SMS: { status: "active" } }
  }
  const typesOf = (after: typeof before & Record<string, unknown>) =>
    eventsOf({ kind: "contact", before, after }, place).map(({ type }) => type)

  it("have the types of the changed fields", () => {
    expect(typesOf({ ...before, firstName: "Ada", tags: ["b"], dndSettings: { SMS: { status: "inactive" } } })).toEqual(
      ["ContactUpdate", "ContactTagUpdate", "ContactDndUpdate"]
    )
    expect(typesOf({ ...before, tags: [], dateUpdated: "2026-11-27T10:00:00Z" })).toEqual(["ContactTagUpdate"])
    expect(typesOf({ ...before, dnd: true })).toEqual(["ContactDndUpdate"])
    expect(typesOf({ ...before, timezone: "Europe/Berlin" })).toEqual(["ContactUpdate"])
    expect(typesOf({ ...before }), "a write that changes nothing").toEqual(["ContactUpdate"])
  })

  it("contain only the fields that the service documents", () => {
    const all = { ...before, dateOfBirth: "2000-01-05", dateUpdated: "now", businessId: "b", phone: "1" }
    expect(eventsOf({ kind: "contact", after: all }, place)).toEqual([
      {
        type: "ContactCreate",
        id: "jane",
        locationId: "here",
        dateOfBirth: "2000-01-05T00:00:00.000Z",
        firstName: "Jane",
        phone: "1",
        tags: ["a"]
      }
    ])
    const note = { id: "n", contactId: "jane", body: "Hi", pinned: true, dateAdded: "then" }
    expect(eventsOf({ kind: "note", before: note }, place)).toEqual([
      { type: "NoteDelete", id: "n", locationId: "here", contactId: "jane", body: "Hi", dateAdded: "then" }
    ])
    const task = { id: "t", contactId: "jane", title: "Call", completed: true }
    expect(eventsOf({ kind: "task", after: task }, place)).toEqual([
      {
        type: "TaskCreate",
        id: "t",
        locationId: "here",
        contactId: "jane",
        title: "Call",
        dateAdded: "1970-01-01T00:00:00.000Z"
      }
    ])
    expect(eventsOf({ kind: "task", before: task, after: { ...task, title: "Write" } }, place)).toEqual([])
  })
})

describe("growthhub sandbox --webhooks", () => {
  const started = (...args: ReadonlyArray<string>) =>
    Effect.acquireRelease(
      Effect.sync(() => spawn(process.execPath, [programOf("cli/src/main.ts"), "sandbox", "--quiet", ...args])),
      (child) => Effect.sync(() => void child.kill())
    )

  it.scopedLive("sends events that the printed key verifies, and refuses a URL without https", () =>
    Effect.gen(function* () {
      const receiver = yield* receiving()
      const child = yield* started("--webhooks", receiver.url)
      const text = yield* Effect.async<string>((resume) => {
        let all = ""
        child.stdout.on("data", (chunk: Buffer) => {
          all += chunk.toString()
          if (all.includes("Ctrl-C")) resume(Effect.succeed(all))
        })
      })
      const url = /answers at (\S+)/.exec(text)?.[1] ?? ""
      const key = /GROWTHHUB_WEBHOOK_KEYS=(\S+)/.exec(text)?.[1] ?? ""
      const appId = /GROWTHHUB_WEBHOOK_APP_ID=(\S+)/.exec(text)?.[1] ?? ""
      const contacts = ContactsService.layer({ baseUrl: url, token: Redacted.make("pit-sandbox") })
      yield* Effect.provide(upsert("a@example.com"), Layer.provide(contacts, FetchHttpClient.layer))
      const { verify } = yield* Webhooks.make({ keys: [key], appId }, yield* WebhookStore.makeMemory())
      expect(yield* verify(yield* receiver.take)).toMatchObject({ _tag: "ContactCreate", email: "a@example.com" })

      const refused = yield* started("--webhooks", "http://example.com/hook")
      const [code, said] = yield* Effect.async<readonly [number | null, string]>((resume) => {
        let all = ""
        refused.stderr.on("data", (chunk: Buffer) => (all += chunk.toString()))
        refused.on("close", (code) => resume(Effect.succeed([code, all])))
      })
      expect(code).not.toBe(0)
      expect(said).toContain("--webhooks must be an https URL, or an http URL of a loopback address")
    })
  )
})
