import { describe, expect, it } from "@effect/vitest"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Arbitrary from "effect/Arbitrary"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as Webhooks from "effect-growthhub/Webhooks"
import * as WebhookStore from "effect-growthhub/WebhookStore"
import * as WebhookStoreRedis from "effect-growthhub/WebhookStoreRedis"
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { directory as tempDirectory } from "./directory.js"
import * as RedisServer from "./redis.js"

const now = "2026-11-27T10:00:00.000Z"

const pemOf = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString()
const [first, second] = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")]
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 })

const json = {
  type: "ContactUpdate",
  id: "jane",
  locationId: "acme",
  email: "jane@example.com",
  timestamp: now,
  webhookId: "event-1",
  appId: "app-1"
}

const signed = (body: string, key = first.privateKey) => sign(null, Buffer.from(body), key).toString("base64")
const rsaSigned = (body: string) => sign("sha256", Buffer.from(body), rsa.privateKey).toString("base64")

const request = (event: object = json, key = first.privateKey): Webhooks.Request => {
  const body = JSON.stringify(event)
  return { body, headers: { "x-ghl-signature": signed(body, key) } }
}

/** A verifier, with the test clock set to `now`. */
const verifier = (options: Webhooks.Options = {}, given?: WebhookStore.Service) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.parse(now))
    const store = given ?? (yield* WebhookStore.makeMemory())
    return yield* Webhooks.make({ keys: [pemOf(first.publicKey)], ...options }, store)
  })

const tagOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
  Effect.match(effect, { onFailure: (error) => error._tag, onSuccess: () => "accepted" })

describe("the signature of a webhook", () => {
  it.effect("yields the event if it is valid", () =>
    Effect.gen(function* () {
      const { verify } = yield* verifier()
      const event = yield* verify(request())
      expect(event).toMatchObject({ _tag: "ContactUpdate", id: "jane", email: "jane@example.com" })
    })
  )

  it.effect("is invalid if a single byte of the body or the signature differs", () =>
    Effect.gen(function* () {
      const { verify } = yield* verifier()
      const { body, headers } = request()
      const bytes = Buffer.from(body as string)
      for (let index = 0; index < bytes.length; index += 1) {
        const altered = Uint8Array.from(bytes)
        altered[index]! ^= 1
        expect(yield* tagOf(verify({ body: altered, headers })), `byte ${index}`).toBe("InvalidSignature")
      }
      const signature = headers["x-ghl-signature" as never] as string
      for (let index = 0; index < signature.length; index += 1) {
        const altered = `${signature.slice(0, index)}${signature[index] === "A" ? "B" : "A"}${signature.slice(index + 1)}`
        const headers = { "x-ghl-signature": altered }
        expect(yield* tagOf(verify({ body, headers })), `character ${index}`).toBe("InvalidSignature")
      }
      expect(yield* tagOf(verify({ body, headers }))).toBe("accepted")
    })
  )

  it.effect("is invalid in any other base64 encoding of the same bytes", () =>
    Effect.gen(function* () {
      const { verify } = yield* verifier()
      const { body } = request()
      const signature = signed(body as string)
      const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
      const last = signature.length - 3
      const next = alphabet[alphabet.indexOf(signature[last]!) + 1]!
      const others = [
        `${signature.slice(0, last)}${next}==`,
        `${signature}\n`,
        signature.slice(0, -2),
        ` ${signature}`,
        `${signature}, ${signature}`
      ]
      for (const other of others) {
        const error = yield* Effect.flip(verify({ body, headers: { "x-ghl-signature": other } }))
        expect(error).toMatchObject({ _tag: "InvalidSignature", reason: "Mismatch" })
      }
    })
  )

  it.effect("is read from the headers of any server, and reported as missing if there is none", () =>
    Effect.gen(function* () {
      const body = JSON.stringify(json)
      const signature = signed(body)
      const found: ReadonlyArray<Webhooks.HeadersInput> = [
        new Headers({ "X-GHL-Signature": signature }),
        { "X-GHL-Signature": signature },
        { "x-ghl-signature": [signature] }
      ]
      for (const headers of found) {
        const { verify } = yield* verifier()
        expect(yield* tagOf(verify({ body, headers }))).toBe("accepted")
      }
      const { verify } = yield* verifier({ rsaKeys: [pemOf(rsa.publicKey)] })
      for (const headers of [{}, new Headers(), { "x-ghl-signature": undefined }, { signature }]) {
        const error = yield* Effect.flip(verify({ body, headers }))
        expect(error).toMatchObject({ _tag: "InvalidSignature", reason: "Missing" })
      }
    })
  )

  it.effect("is accepted in the older RSA form only if configured, and never with the current header", () =>
    Effect.gen(function* () {
      const body = JSON.stringify(json)
      const older = { "x-wh-signature": rsaSigned(body) }
      const without = yield* verifier()
      expect(yield* tagOf(without.verify({ body, headers: older }))).toBe("InvalidSignature")
      const { verify } = yield* verifier({ rsaKeys: [pemOf(rsa.publicKey)] })
      for (const current of ["", "forged", signed(body, second.privateKey)]) {
        const error = yield* Effect.flip(verify({ body, headers: { ...older, "x-ghl-signature": current } }))
        expect(error).toMatchObject({ _tag: "InvalidSignature", reason: "Mismatch" })
      }
      expect(yield* tagOf(verify({ body: `${body} `, headers: older }))).toBe("InvalidSignature")
      expect(yield* tagOf(verify({ body, headers: older }))).toBe("accepted")
    })
  )

  it.effect("may be made with any configured key, and with no other key", () =>
    Effect.gen(function* () {
      const keys = [pemOf(first.publicKey), pemOf(second.publicKey).replace(/-----.*-----|\s/g, "")]
      const { verify } = yield* verifier({ keys })
      expect(yield* tagOf(verify(request({ ...json, webhookId: "1" }, first.privateKey)))).toBe("accepted")
      expect(yield* tagOf(verify(request({ ...json, webhookId: "2" }, second.privateKey)))).toBe("accepted")
      const third = generateKeyPairSync("ed25519")
      expect(yield* tagOf(verify(request({ ...json, webhookId: "3" }, third.privateKey)))).toBe("InvalidSignature")
      const after = yield* verifier({ keys: [keys[1]!] })
      expect(yield* tagOf(after.verify(request()))).toBe("InvalidSignature")
    })
  )

  it.effect("is refused for another app if `appId` is given", () =>
    Effect.gen(function* () {
      const { verify } = yield* verifier({ appId: "app-1" })
      const { appId: _, ...without } = json
      for (const event of [{ ...json, appId: "app-2" }, without]) {
        expect(yield* Effect.flip(verify(request(event)))).toMatchObject({ reason: "OtherApp" })
      }
      expect(yield* tagOf(verify(request()))).toBe("accepted")
    })
  )
})

describe("a webhook", () => {
  it.effect("is accepted for five minutes in both directions", () =>
    Effect.gen(function* () {
      for (const [millis, expected] of [
        [300_000, "accepted"],
        [300_001, "StaleWebhook"],
        [-300_000, "accepted"],
        [-300_001, "StaleWebhook"]
      ] as const) {
        const { verify } = yield* verifier()
        yield* TestClock.setTime(Date.parse(now) + millis)
        expect(yield* tagOf(verify(request())), String(millis)).toBe(expected)
      }
      const { verify } = yield* verifier()
      yield* TestClock.adjust("6 minutes")
      const error = yield* Effect.flip(verify(request()))
      expect(error.message).toContain("sent 360s ago, more than 300s away")
    })
  )

  it.effect("is accepted once when it is delivered many times at once", () =>
    Effect.gen(function* () {
      const { verify } = yield* verifier()
      const tags = yield* Effect.all(
        Array.from({ length: 20 }, () => tagOf(verify(request()))),
        { concurrency: "unbounded" }
      )
      expect(tags.filter((tag) => tag === "accepted")).toHaveLength(1)
      expect(tags.filter((tag) => tag === "ReplayedWebhook")).toHaveLength(19)
      expect(yield* tagOf(verify(request({ ...json, webhookId: "event-2" })))).toBe("accepted")
    })
  )

  it.effect("is accepted again after `forget`", () =>
    Effect.gen(function* () {
      const { verify, forget } = yield* verifier()
      const event = yield* verify(request())
      expect(yield* tagOf(verify(request()))).toBe("ReplayedWebhook")
      yield* forget(event)
      expect(yield* tagOf(verify(request()))).toBe("accepted")
    })
  )

  it.effect("is stored for longer than it could be replayed", () =>
    Effect.gen(function* () {
      const times: Array<number> = []
      const store: WebhookStore.Service = {
        add: (_, timeToLive) => Effect.sync(() => times.push(Duration.toMillis(timeToLive)) > 0),
        remove: () => Effect.void
      }
      for (const rememberFor of [undefined, "1 second"] as const) {
        yield* Effect.flatMap(verifier({ rememberFor }, store), ({ verify }) => verify(request()))
      }
      expect(times).toEqual([3 * 86_400_000, 600_000])
    })
  )

  it.effect("is not stored before its signature and its age are verified", () =>
    Effect.gen(function* () {
      const { verify } = yield* verifier()
      yield* Effect.flip(verify(request(json, second.privateKey)))
      yield* TestClock.adjust("1 hour")
      yield* Effect.flip(verify(request()))
      yield* TestClock.setTime(Date.parse(now))
      expect(yield* tagOf(verify(request()))).toBe("accepted")
    })
  )

  it.effect("is accepted without an id or a timestamp, unless the app requires them", () =>
    Effect.gen(function* () {
      const { verify } = yield* verifier()
      const strict = yield* verifier({ envelope: "required" })
      for (const name of ["timestamp", "webhookId"] as const) {
        for (const value of [undefined, null]) {
          const incomplete = request({ ...json, webhookId: `${name}-${value}`, [name]: value })
          expect(yield* tagOf(verify(incomplete))).toBe("accepted")
          const error = yield* Effect.flip(strict.verify(incomplete))
          expect(error.message).toContain(`has no \`${name}\``)
        }
      }
    })
  )

  it.effect("is malformed if its id or timestamp is invalid", () =>
    Effect.gen(function* () {
      const { verify } = yield* verifier()
      const unreadable = [
        { timestamp: "yesterday" },
        { timestamp: {} },
        { timestamp: "" },
        { webhookId: "" },
        { webhookId: {} },
        { webhookId: ["event-1"] }
      ]
      for (const fields of unreadable) {
        expect(yield* tagOf(verify(request({ ...json, ...fields })))).toBe("MalformedWebhook")
      }
    })
  )

  it.effect("is malformed if it is not an event, and the error does not repeat the body", () =>
    Effect.gen(function* () {
      const { verify } = yield* verifier()
      for (const body of [
        "",
        "{",
        "[]",
        "null",
        '"canary"',
        '{"type":1}',
        '{"type":"ContactUpdate","email":"canary"}'
      ]) {
        const error = yield* Effect.flip(verify({ body, headers: { "x-ghl-signature": signed(body) } }))
        expect(error._tag, body).toBe("MalformedWebhook")
        expect(JSON.stringify(error)).not.toContain("canary")
      }
    })
  )

  it.effect("is malformed if it is larger than `maxBodySize`", () =>
    Effect.gen(function* () {
      const body = JSON.stringify(json)
      const { verify } = yield* verifier({ maxBodySize: body.length })
      const larger = yield* Effect.flip(verify(request({ ...json, more: "x" })))
      expect(larger).toMatchObject({ _tag: "MalformedWebhook", isTooLarge: true })
      expect(yield* tagOf(verify(request()))).toBe("accepted")
    })
  )

  it.effect("is not accepted while the store is unavailable", () =>
    Effect.gen(function* () {
      const error = new WebhookStore.WebhookStoreError({ message: "away" })
      const store = { add: () => Effect.fail(error), remove: () => Effect.fail(error) }
      const { verify } = yield* verifier({}, store)
      expect(yield* tagOf(verify(request()))).toBe("WebhookStoreError")
    })
  )
})

describe("webhook options", () => {
  it.effect("are checked when the verifier is made, with a message for each fault", () =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<readonly [Webhooks.Options, string]> = [
        [{ keys: [] }, "`keys` is empty"],
        [{ keys: ["no key!"] }, "A key of `keys` is neither PEM nor base64"],
        [{ keys: [pemOf(rsa.publicKey)] }, "A key of `keys` is not an Ed25519 public key"],
        [{ rsaKeys: [pemOf(first.publicKey)] }, "A key of `rsaKeys` is not an RSA-SHA256 public key"],
        [{ tolerance: 0 }, "`tolerance` must be positive"],
        [{ rememberFor: Infinity }, "`rememberFor` must be"],
        [{ maxBodySize: NaN }, "`maxBodySize` must be"],
        [{ appId: "" }, "`appId` is empty"]
      ]
      const store = yield* WebhookStore.makeMemory()
      for (const [options, message] of wrong) {
        expect((yield* Effect.flip(Webhooks.make(options, store))).message).toContain(message)
      }
    })
  )

  it.effect("include the vendor's published keys by default", () =>
    Effect.gen(function* () {
      const store = yield* WebhookStore.makeMemory()
      yield* Webhooks.make({ rsaKeys: Webhooks.publishedRsaKeys }, store)
      const spki = (text: string) => createPublicKey({ key: Buffer.from(text, "base64"), format: "der", type: "spki" })
      expect(Webhooks.publishedKeys.map((key) => spki(key).asymmetricKeyType)).toEqual(["ed25519"])
      expect(Webhooks.publishedRsaKeys.map((key) => spki(key).asymmetricKeyDetails?.modulusLength)).toEqual([4096])
      const { verify } = yield* Webhooks.make({}, store)
      expect(yield* tagOf(verify(request()))).toBe("InvalidSignature")
    })
  )

  it.effect("can be read from the configuration", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse(now))
      const configured = (variables: ReadonlyArray<readonly [string, string]>) =>
        Layer.provide(Webhooks.layerConfig(), Layer.setConfigProvider(ConfigProvider.fromMap(new Map(variables))))
      const base64 = (key: KeyObject) => key.export({ type: "spki", format: "der" }).toString("base64")
      const keys = [first, second].map(({ publicKey }) => base64(publicKey)).join(", ")
      const variables = [
        ["GROWTHHUB_WEBHOOK_KEYS", keys],
        ["GROWTHHUB_WEBHOOK_APP_ID", "app-1"]
      ] as const
      for (const [event, expected] of [
        [json, "accepted"],
        [{ ...json, appId: "app-2" }, "InvalidSignature"]
      ] as const) {
        const signedBySecond = Webhooks.verify(request(event, second.privateKey))
        expect(yield* tagOf(Effect.provide(signedBySecond, configured(variables)))).toBe(expected)
      }
      const wrong = Effect.provide(Webhooks.verify(request()), configured([["GROWTHHUB_WEBHOOK_KEYS", "none"]]))
      expect(JSON.stringify(yield* Effect.flip(wrong))).toContain("A key of `keys`")
    })
  )
})

const withoutNulls = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, field: unknown) => (field === null ? undefined : field)))

describe("a webhook event", () => {
  const decode = Schema.decodeSync(Webhooks.Event)

  it("is unchanged after encoding and decoding", () => {
    const Event = Schema.typeSchema(Webhooks.Event)
    // The filter drops events in which a random extra field has the name of a documented field and an invalid value.
    const event = Arbitrary.make(Event).filter(Schema.is(Event))
    const encode = Schema.encodeSync(Webhooks.Event)
    FastCheck.assert(
      FastCheck.property(event, (event) => {
        const wire: unknown = JSON.parse(JSON.stringify(encode(event)))
        const again: unknown = JSON.parse(JSON.stringify(encode(decode(wire as object as Record<string, unknown>))))
        // The vendor sends null for a field that is not set.
        expect(withoutNulls(again)).toEqual(withoutNulls(wire))
      }),
      { numRuns: 200 }
    )
  })

  it("has timestamps, dates and custom fields in the form of a contact, and no nulls", () => {
    const event = decode({
      ...json,
      phone: null,
      dateOfBirth: "2000-01-05T00:00:00.000Z",
      dateAdded: "2026-11-20T10:00:00Z",
      customFields: [{ id: "size", value: 7 }],
      dndSettings: { SMS: { status: "active", message: null } },
      score: { points: 7 }
    })
    if (event._tag !== "ContactUpdate") throw new Error(event._tag)
    expect("phone" in event).toBe(false)
    expect(event.dateOfBirth).toBe("2000-01-05")
    expect(event.dateAdded?.epochMillis).toBe(Date.parse("2026-11-20T10:00:00Z"))
    expect(event.customFields).toEqual([{ id: "size", value: 7 }])
    expect(event.dndSettings).toEqual({ SMS: { status: "active" } })
    expect(event["score"]).toEqual({ points: 7 })
  })

  it("has a tag for each documented type, and `Unknown` with its fields for any other type", () => {
    const types = ["ContactCreate", "ContactDelete", "ContactTagUpdate", "ContactDndUpdate", "NoteCreate", "TaskCreate"]
    for (const type of types) expect(decode({ type, id: "1" })._tag).toBe(type)
    for (const type of ["INSTALL", "UNINSTALL"]) expect(decode({ type, companyId: "agency" })._tag).toBe(type)
    const unknown = decode({ type: "OpportunityCreate", _tag: "INSTALL", amount: 7, timestamp: now })
    expect(unknown).toMatchObject({ _tag: "Unknown", type: "OpportunityCreate", amount: 7 })
    expect(decode({ type: "toString" })._tag).toBe("Unknown")
  })

  it("of a task has a `contactId` only if the vendor sends it", () => {
    const event = decode({ type: "TaskCreate", id: "t", contactId: null, dueDate: now, title: "Call" })
    if (event._tag !== "TaskCreate") throw new Error(event._tag)
    expect(event.contactId).toBeUndefined()
    expect(event.dueDate?.epochMillis).toBe(Date.parse(now))
  })
})

describe("a store of webhooks", () => {
  it.effect("in memory has a capacity, and forgets an id after its time to live", () =>
    Effect.gen(function* () {
      const { add } = yield* WebhookStore.makeMemory({ capacity: 2 })
      expect(yield* add("1", Duration.minutes(1))).toBe(true)
      expect(yield* add("1", Duration.minutes(1))).toBe(false)
      yield* TestClock.adjust("1 minute")
      expect(yield* add("1", Duration.minutes(9)), "after its time").toBe(true)
      for (const id of ["2", "3"]) expect(yield* add(id, Duration.minutes(9))).toBe(true)
      expect(yield* add("2", Duration.minutes(9))).toBe(false)
      expect(yield* add("1", Duration.minutes(9)), "the oldest one was dropped").toBe(true)
    })
  )

  const live = RedisServer.isThere ? it.scopedLive : it.scopedLive.skip

  live("in Redis accepts an id once for all processes, and expires it", () =>
    Effect.gen(function* () {
      const directory = yield* tempDirectory
      const { client } = yield* RedisServer.make(directory)
      const stores = [WebhookStoreRedis.make({ client }), WebhookStoreRedis.make({ client })]
      const added = yield* Effect.all(
        Array.from({ length: 20 }, (_, index) => stores[index % 2]!.add("event-1", Duration.minutes(1))),
        { concurrency: "unbounded" }
      )
      expect(added.filter((isNew) => isNew)).toHaveLength(1)
      const left = yield* Effect.promise(() => client.pttl("growthhub:webhook:{event-1}"))
      expect(left).toBeGreaterThan(50_000)
      expect(left).toBeLessThanOrEqual(60_000)
      yield* stores[1]!.remove("event-1")
      expect(yield* stores[0]!.add("event-1", Duration.minutes(1))).toBe(true)
      client.disconnect()
      const error = yield* Effect.flip(stores[0]!.add("event-2", Duration.minutes(1)))
      expect(error.message).toContain("Redis cannot be used")
    })
  )
})

describe("an Effect server", () => {
  const options = { keys: [pemOf(first.publicKey)], maxBodySize: 2000 }
  const live = () => ({ ...json, timestamp: new Date().toISOString() })

  const post = (target: string, { body, headers }: Webhooks.Request) =>
    Effect.flatMap(HttpClient.HttpClient, (http) =>
      Effect.map(
        http.execute(
          HttpClientRequest.post(target, { headers: headers as Record<string, string> }).pipe(
            HttpClientRequest.bodyText(body as string, "application/json")
          )
        ),
        ({ status }) => status
      )
    )

  it.scopedLive("passes each event to its handler once, and requests a redelivery if the handler fails", () => {
    const handled: Array<string> = []
    let isBroken = true
    const app = Webhooks.httpApp((event) =>
      Effect.suspend(() => {
        if (isBroken) return Effect.fail("no room")
        handled.push(event._tag)
        return Effect.void
      })
    )
    return Effect.gen(function* () {
      yield* HttpServer.serveEffect(app)
      const event = live()
      expect(yield* post("/", request(event))).toBe(429)
      isBroken = false
      expect(yield* post("/", request(event))).toBe(204)
      expect(yield* post("/", request(event))).toBe(200)
      expect(yield* post("/", request({ ...event, webhookId: "2" }, second.privateKey))).toBe(401)
      expect(yield* post("/", request({ ...event, webhookId: "3", timestamp: "2020-01-01T00:00:00Z" }))).toBe(400)
      expect(yield* post("/", request({ ...event, webhookId: "4", id: null }))).toBe(400)
      expect(yield* post("/", request({ ...event, webhookId: "5", more: "x".repeat(2000) }))).toBe(413)
      expect(handled).toEqual(["ContactUpdate"])
    }).pipe(Effect.provide(NodeHttpServer.layerTest), Effect.provide(Webhooks.layer(options)))
  })

  it.scopedLive("accepts an event again after an app has responded that it could not take it", () => {
    let status = 429
    const app = Webhooks.middleware(Effect.suspend(() => HttpServerResponse.empty({ status })))
    return Effect.gen(function* () {
      yield* HttpServer.serveEffect(app)
      const event = live()
      expect(yield* post("/", request(event))).toBe(429)
      status = 202
      expect(yield* post("/", request(event))).toBe(202)
      expect(yield* post("/", request(event))).toBe(200)
    }).pipe(Effect.provide(NodeHttpServer.layerTest), Effect.provide(Webhooks.layer(options)))
  })

  it.effect("stops reading a body that is larger than `maxBodySize` in a web handler", () =>
    Effect.gen(function* () {
      let pulled = 0
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          pulled += 1
          controller.enqueue(new Uint8Array(1000))
        }
      })
      const { handler, dispose } = HttpApp.toWebHandlerLayer(
        Webhooks.httpApp(() => Effect.void),
        Webhooks.layer(options)
      )
      const endless = new Request("http://localhost/", { method: "POST", body, duplex: "half" })
      const response = yield* Effect.promise(() => handler(endless))
      yield* Effect.promise(dispose)
      expect(response.status).toBe(413)
      expect(pulled).toBeLessThan(10)
    })
  )
})

describe("a server without Effect", () => {
  it("gets the event or an error with a tag", async () => {
    const { verify, forget } = await Webhooks.makePromise({ keys: [pemOf(first.publicKey)] })
    const fresh = request({ ...json, timestamp: new Date().toISOString() })
    const event = await verify(fresh)
    expect(event._tag).toBe("ContactUpdate")
    await expect(verify(fresh)).rejects.toMatchObject({ _tag: "ReplayedWebhook", webhookId: "event-1" })
    await forget(event)
    await expect(verify(fresh)).resolves.toMatchObject({ id: "jane" })
    await expect(Webhooks.makePromise({ keys: ["?"] })).rejects.toMatchObject({ _tag: "InvalidWebhookOptions" })
  })

  it("maps each error to a status, and requests a redelivery after an unknown error", async () => {
    const { verify } = await Webhooks.makePromise({ keys: [pemOf(first.publicKey)], maxBodySize: 1000 })
    const statusOf = (delivered: Webhooks.Request) =>
      verify(delivered).then(
        () => 204,
        (error: unknown) => Webhooks.statusOf(error)
      )
    const fresh = request({ ...json, timestamp: new Date().toISOString() })
    expect(await statusOf(fresh)).toBe(204)
    expect(await statusOf(fresh)).toBe(200)
    expect(await statusOf({ ...fresh, headers: {} })).toBe(401)
    expect(await statusOf(request({ ...json, timestamp: "2020-01-01T00:00:00.000Z" }))).toBe(400)
    expect(await statusOf(request({ ...json, more: "x".repeat(1000) }))).toBe(413)
    expect(Webhooks.statusOf(new Error("the database is away"))).toBe(429)
  })
})
