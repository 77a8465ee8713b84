// Tests the app with three different implementations of ContactsService.
import {
  FetchHttpClient,
  HttpApiBuilder,
  HttpApiClient,
  HttpClient,
  HttpClientRequest,
  HttpServer
} from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import { ContactsTest } from "effect-growthhub/ContactsTest"
import * as Errors from "effect-growthhub/Errors"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { Sandbox } from "effect-growthhub/Sandbox"
import { ContactId, LocationId } from "effect-growthhub/Schema"
import * as Webhooks from "effect-growthhub/Webhooks"
import { generateKeyPairSync, sign } from "node:crypto"
import * as LeadsApi from "./LeadsApi.js"
import * as Webhook from "./Webhook.js"

const locationId = LocationId.make("ve9EPM428h8vShlRW1KT")
const jane = { id: ContactId.make("jane"), name: "Jane", email: "jane@example.com" }

/** The app on a free port, with an HTTP client for it. */
const app = <E>(contacts: Layer.Layer<ContactsService, E>) =>
  HttpApiBuilder.serve().pipe(
    Layer.provide(LeadsApi.layer(locationId)),
    Layer.provide(contacts),
    Layer.provideMerge(NodeHttpServer.layerTest)
  )

const client = HttpApiClient.make(LeadsApi.LeadsApi)

// 1. In memory: no HTTP between the app and the CRM, but the same rules as the CRM.
describe("with contacts in memory", () => {
  it.scoped("a lead is added once, found, and missing where there is none", () =>
    Effect.gen(function* () {
      const { leads } = yield* client
      const added = yield* leads.addLead({ payload: { name: "Jane", email: "jane@example.com" } })
      const again = yield* leads.addLead({ payload: { name: "Jane", email: "jane@example.com" } })
      expect(again.id).toBe(added.id)
      expect((yield* leads.getLead({ path: { id: added.id } })).email).toBe("jane@example.com")
      const error = yield* Effect.flip(leads.getLead({ path: { id: "nobody" } }))
      expect(error._tag).toBe("LeadNotFound")
    }).pipe(Effect.provide(app(ContactsTest.layer({ locationId }))))
  )
})

// 2. A mock that fails with the error that the test chooses, so that each error can be tested directly.
describe("with a stand-in", () => {
  const failing = (error: Errors.ContactsError) =>
    app(
      Layer.mock(ContactsService, {
        getContact: () => Effect.fail(error),
        updateContact: () => Effect.fail(error),
        upsertContact: () => Effect.fail(error)
      })
    )
  const call = { operation: "getContact", attempts: 1 }

  it.scoped("a token that is refused is this app's trouble, and no 401 for its caller", () =>
    Effect.gen(function* () {
      const http = yield* HttpClient.HttpClient
      const { status } = yield* http.execute(HttpClientRequest.get("/leads/jane"))
      expect(status).toBe(503)
    }).pipe(Effect.provide(failing(new Errors.Unauthorized({ ...call, message: "Invalid JWT" }))))
  )

  it.scoped("a caller is told when to come back", () =>
    Effect.gen(function* () {
      const { leads } = yield* client
      const error = yield* Effect.flip(leads.getLead({ path: { id: "jane" } }))
      expect(error).toMatchObject({ _tag: "CrmUnavailable", retryAfterSeconds: 7 })
    }).pipe(
      Effect.provide(failing(new Errors.RateLimited({ ...call, message: "Later", retryAfter: Duration.seconds(7) })))
    )
  )
})

// 3. The sandbox: real HTTP requests, optionally with simulated faults.
describe("with the sandbox", () => {
  const contacts = Layer.unwrapEffect(
    Effect.map(Sandbox, ({ url, token }) => ContactsService.layer({ token, baseUrl: url }))
  ).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, RetryPolicy.make())),
    Layer.provide(Sandbox.layer({ contacts: [{ ...jane, locationId }] }))
  )

  it.scopedLive("a lead comes from the CRM", () =>
    Effect.gen(function* () {
      const { leads } = yield* client
      expect(yield* leads.getLead({ path: { id: "jane" } })).toMatchObject(jane)
    }).pipe(Effect.provide(app(contacts)))
  )
})

describe("the webhook", () => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519")
  const key = publicKey.export({ type: "spki", format: "der" }).toString("base64")

  it.scoped("takes an event once, if it is signed, and reads what it is about from the CRM", () => {
    const changed: Array<string> = []
    return Effect.gen(function* () {
      yield* HttpServer.serveEffect(Webhook.router(Webhook.handle))
      const http = yield* HttpClient.HttpClient
      const deliver = (event: object, signature = (body: string) => sign(null, Buffer.from(body), privateKey)) => {
        const body = JSON.stringify(event)
        return http
          .execute(
            HttpClientRequest.post("/webhooks/crm", {
              headers: { "x-ghl-signature": signature(body).toString("base64") }
            }).pipe(HttpClientRequest.bodyText(body, "application/json"))
          )
          .pipe(Effect.map(({ status }) => status))
      }
      const event = { webhookId: "1", type: "ContactUpdate", id: "jane", email: "not@to.be.trusted" }
      expect(yield* deliver(event)).toBe(204)
      expect(yield* deliver(event)).toBe(200)
      expect(yield* deliver({ ...event, webhookId: "2" }, () => Buffer.from("forged"))).toBe(401)
      expect(yield* deliver({ webhookId: "3", type: "OpportunityCreate" })).toBe(204)
      expect(yield* deliver({ ...event, webhookId: "4", id: "gone" })).toBe(204)
      expect(changed).toEqual(["jane"])
    }).pipe(
      Effect.provide(NodeHttpServer.layerTest),
      Effect.provide(Webhooks.layer({ keys: [key] })),
      Effect.provide(Webhook.inMemory(({ id }) => void changed.push(id))),
      Effect.provide(ContactsTest.layer({ contacts: [jane], locationId }))
    )
  })
})
