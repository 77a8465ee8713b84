// The clients that are measured. Each takes the URL of the server and returns `run(operation, calls, atOnce, note)`, which
// makes `calls` calls, `atOnce` of them concurrently, and passes the duration of each to `note`. A client loads its modules
// only when it is used, because importing undici changes the behaviour of the global fetch.
import { readFileSync } from "node:fs"

const fixture = (name) => JSON.parse(readFileSync(new URL(`../test/fixtures/${name}.json`, import.meta.url), "utf8"))

const contactId = "seD4PfOuKoVMLkEZqohJ"
const token = "pit-bench"
const update = () => fixture("update-contact.request")
const upsert = () => fixture("upsert-contact.request")

const headers = (version) => ({ accept: "application/json", authorization: `Bearer ${token}`, version })

/** The three requests, for the clients without an API of their own for contacts. */
const requests = () => ({
  get: { method: "GET", path: `/contacts/${contactId}`, headers: headers("2021-07-28"), body: undefined },
  update: { method: "PUT", path: `/contacts/${contactId}`, headers: headers("2021-07-28"), body: update() },
  upsert: { method: "POST", path: "/contacts/upsert", headers: headers("2023-02-21"), body: upsert() }
})

const json = { "content-type": "application/json" }

/** Makes `run` from a function that returns a promise: a pool of `atOnce` loops. */
const pool = (call) => async (operation, calls, atOnce, note) => {
  let left = calls
  const lane = async () => {
    while (left-- > 0) {
      const began = performance.now()
      await call(operation)
      note(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}

/** Makes `run` from an effect: the calls are fibers of one program, as in an app, without a promise for each call. */
const fibers = async (call, layer) => {
  const Effect = await import("effect/Effect")
  const ManagedRuntime = await import("effect/ManagedRuntime")
  const runtime = ManagedRuntime.make(layer)
  const services = await runtime.runtime()
  return (operation, calls, atOnce, note) => {
    const one = call(operation)
    const timed = Effect.suspend(() => {
      const began = performance.now()
      return Effect.map(one, () => note(performance.now() - began))
    })
    const some = (number, each, concurrency) =>
      Effect.forEach(Array.from({ length: number }), () => each, { concurrency, discard: true })
    const all = some(atOnce, some(Math.ceil(calls / atOnce), timed, 1), atOnce)
    return runtime.runPromise(Effect.provide(all, services))
  }
}

const overUndici = async (baseUrl, read) => {
  const { Agent, request } = await import("undici")
  const dispatcher = new Agent()
  const all = requests()
  return pool(async (operation) => {
    const { method, path, headers, body } = all[operation]
    const response = await request(`${baseUrl}${path}`, {
      method,
      dispatcher,
      headers: body === undefined ? headers : { ...headers, ...json },
      body: body === undefined ? undefined : JSON.stringify(body)
    })
    return read(JSON.parse(await response.body.text()))
  })
}

const textFields = [
  "name",
  "locationId",
  "firstName",
  "lastName",
  "email",
  "phone",
  "companyName",
  "address1",
  "city"
].concat(["state", "country", "postalCode", "website", "timezone", "dateOfBirth", "source", "assignedTo", "type"])

/** The text fields of a contact, each with the same schema. */
export const each = (field) => Object.fromEntries(textFields.map((name) => [name, field]))

/** A zod schema of the documented fields of a contact. */
export const contactOf = (z) => {
  return z.looseObject({
    id: z.string(),
    ...each(z.string().nullish()),
    tags: z.array(z.string()).nullish(),
    dnd: z.boolean().nullish(),
    dateAdded: z.coerce.date().nullish(),
    customFields: z.array(z.looseObject({ id: z.string(), value: z.unknown() })).nullish()
  })
}

/** A hand-written client with Effect and its platform, without retries, a rate limit or a deadline. */
const idiomatic = async (baseUrl, transport) => {
  const Effect = await import("effect/Effect")
  const Schema = await import("effect/Schema")
  const HttpClient = await import("@effect/platform/HttpClient")
  const HttpClientRequest = await import("@effect/platform/HttpClientRequest")
  const HttpClientResponse = await import("@effect/platform/HttpClientResponse")
  const Contact = Schema.Struct({
    id: Schema.String,
    ...each(Schema.optional(Schema.NullOr(Schema.String))),
    tags: Schema.optional(Schema.NullOr(Schema.Array(Schema.String))),
    customFields: Schema.optional(
      Schema.NullOr(Schema.Array(Schema.Struct({ id: Schema.String, value: Schema.Unknown })))
    )
  })
  const read = HttpClientResponse.schemaBodyJson(Schema.Struct({ contact: Contact }))
  const all = requests()
  const call = (operation) =>
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      const { method, path, headers, body } = all[operation]
      const bare = HttpClientRequest.make(method)(`${baseUrl}${path}`, { headers })
      const request = body === undefined ? bare : yield* HttpClientRequest.bodyJson(bare, body)
      const response = yield* HttpClient.filterStatusOk(client).execute(request)
      return yield* read(response)
    })
  return fibers(call, transport)
}

/** This library with all features. `around` wraps each call. */
const ours = async (baseUrl, transport, around = (effect) => effect) => {
  const Effect = await import("effect/Effect")
  const Layer = await import("effect/Layer")
  const Redacted = await import("effect/Redacted")
  const { ContactsService } = await import("../dist/ContactsService.js")
  const call = (operation) =>
    around(
      Effect.flatMap(ContactsService, (contacts) => {
        if (operation === "get") return contacts.getContact(contactId)
        return operation === "update" ? contacts.updateContact(contactId, changes) : contacts.upsertContact(lead)
      })
    )
  // Converts the body of the documentation's example to an input of this library, which names the fields in one way only.
  const model = ({ customFields, ...fields }) => ({
    ...fields,
    ...(customFields === undefined
      ? {}
      : { customFields: customFields.map(({ id, field_value, value }) => ({ id, value: value ?? field_value })) })
  })
  const changes = model(update())
  const lead = model(upsert())
  return fibers(call, Layer.provide(ContactsService.layer({ baseUrl, token: Redacted.make(token) }), transport))
}

/** Upserts a stream of different contacts with `ContactsBulk`. */
const bulk = async (baseUrl) => {
  const Effect = await import("effect/Effect")
  const Layer = await import("effect/Layer")
  const ManagedRuntime = await import("effect/ManagedRuntime")
  const Redacted = await import("effect/Redacted")
  const Stream = await import("effect/Stream")
  const ContactsBulk = await import("../dist/ContactsBulk.js")
  const { ContactsService } = await import("../dist/ContactsService.js")
  const RateLimit = await import("../dist/RateLimit.js")
  const layer = ContactsService.layer({ baseUrl, token: Redacted.make(token) }).pipe(
    Layer.provide(await ownLayer()),
    Layer.provide(RateLimit.layerUnlimited)
  )
  const runtime = ManagedRuntime.make(layer)
  const { customFields: _, phone: __, ...lead } = upsert()
  return (_, calls, atOnce, note) => {
    const leads = Stream.map(Stream.range(1, calls), (number) => ({ ...lead, email: `lead-${number}@example.com` }))
    const upserts = ContactsBulk.upsertMany(leads, { concurrency: atOnce })
    return runtime.runPromise(Stream.runForEach(upserts, () => Effect.sync(() => note(0))))
  }
}

/** Upserts different contacts from a pool of promises on undici. */
const bulkOverUndici = async (baseUrl) => {
  const { Agent, request } = await import("undici")
  const dispatcher = new Agent()
  const { method, path, headers } = requests().upsert
  const { customFields: _, phone: __, ...lead } = upsert()
  let number = 0
  return pool(async () => {
    number += 1
    const body = JSON.stringify({ ...lead, email: `lead-${number}@example.com` })
    const response = await request(`${baseUrl}${path}`, { method, dispatcher, headers: { ...headers, ...json }, body })
    return JSON.parse(await response.body.text())
  })
}

const platformFetchLayer = async () => (await import("@effect/platform/FetchHttpClient")).layer
const fetchLayer = async () => (await import("../dist/HttpClientFetch.js")).layer
const undiciLayer = async () => (await import("@effect/platform-node/NodeHttpClient")).layerUndici
const ownLayer = async () => (await import("../dist/HttpClientUndici.js")).layer()

/** A tracer that discards all spans. */
const traced = async () => {
  const Effect = await import("effect/Effect")
  const Tracer = await import("effect/Tracer")
  const span = (name, parent, context, links, startTime, kind) => ({
    _tag: "Span",
    name,
    parent,
    context,
    links,
    kind,
    spanId: "1",
    traceId: "1",
    sampled: true,
    status: { _tag: "Started", startTime },
    attributes: new Map(),
    attribute() {},
    event() {},
    addLinks() {},
    end() {}
  })
  return Effect.withTracer(Tracer.make({ span, context: (run) => run() }))
}

export const clients = {
  undici: (url) => overUndici(url, (value) => value),
  "undici + zod": async (url) => {
    const { z } = await import("zod")
    const answer = z.looseObject({ contact: contactOf(z) })
    return overUndici(url, (value) => answer.parse(value))
  },
  fetch: (url) => {
    const all = requests()
    return pool(async (operation) => {
      const { method, path, headers, body } = all[operation]
      const response = await fetch(`${url}${path}`, {
        method,
        headers: body === undefined ? headers : { ...headers, ...json },
        body: body === undefined ? undefined : JSON.stringify(body)
      })
      return response.json()
    })
  },
  "official SDK": async (url) => {
    const { default: sdk } = await import("@gohighlevel/api-client")
    sdk.HighLevel.BASE_URL = url
    const { contacts } = new sdk.HighLevel({ privateIntegrationToken: token, logLevel: "none" })
    const [changes, lead] = [update(), upsert()]
    const calls = {
      get: () => contacts.getContact({ contactId }),
      update: () => contacts.updateContact({ contactId }, changes),
      upsert: () => contacts.upsertContact(lead)
    }
    return pool((operation) => calls[operation]())
  },
  "Effect on fetch": async (url) => idiomatic(url, await platformFetchLayer()),
  "Effect on layerUndici": async (url) => idiomatic(url, await undiciLayer()),
  "ours on FetchHttpClient": async (url) => ours(url, await platformFetchLayer()),
  "ours on fetch": async (url) => ours(url, await fetchLayer()),
  "ours on layerUndici": async (url) => ours(url, await undiciLayer()),
  ours: async (url) => ours(url, await ownLayer()),
  "ours, traced": async (url) => ours(url, await ownLayer(), await traced())
}

/** The clients that are measured with 100,000 upserts. */
export const bulkClients = { "undici, bulk": bulkOverUndici, "ours, bulk": bulk }
